/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plays: scripts about the leases and layouts of one file, for agents A to H.
 * The same script is played in a directory of ext4 and in one of a holdfast
 * mount; each word has the answer that fcntl(2) demands, and the two records,
 * which are without pids, must be equal.
 *
 * A word is AGENT SLOT CALL =ANSWER. The slot may be left out (0), and so may
 * the answer, which then is 0.
 *
 *	A0orn	open: r w + (O_RDWR), with n O_NONBLOCK, t O_TRUNC, c O_CREAT,
 *		x O_EXCL, p O_PATH; D the directory, F the FIFO, H another name of
 *		the file, O another file, L the file in the lower directory
 *	A0c A0d	close; dup to the next free slot
 *	A0lr	F_SETLEASE: r w u, or a number; A0l? F_GETLEASE, answers r w u
 *	A0klr	the same by a child of the agent, which then ends
 *	A0s2	F_SETSIG: SIGRTMIN + 2;  A0OB  F_SETOWN: to agent B
 *	A?	takes its signals: none, or IO, or RT2:1 (si_fd is slot 1), with +
 *	A0m A0M	mmap shared: writable if the descriptor is; munmap
 *	At5 A0f5	truncate(2), ftruncate(2)
 *	Axs	stat; xc chmod, xo1000 chown, xu unlink, xn rename and back, xl
 *		link, xt utimes, xx setxattr
 *	Ae1000	seteuid; Ai1000  setfsuid
 *	A0yr0,8192	HF_IOC_SETLAYOUT: r w n, start, length, and a signal (SIGRTMIN +)
 *	A0y?	HF_IOC_GETLAYOUT: none, or r:held:0,8192 (breaking, revoked)
 *	A0p1r0,1	HF_IOC_PIN: the agent's pin 1, r w, start, length; A0P1 unpins it
 *	A0h0,4096	punches a hole; Z zero range, C collapse, I insert, E allocate
 *	A0V0,4096	the same through the mapping of the slot (MADV_REMOVE)
 *	A0R0,4096,8192	reflinks from slot 9: from 0, length, to 8192
 *	AF AK	fork a child that has the descriptors too; kill it
 *	A! A* A~	SIGUSR1; SIGUSR2 (SA_RESTART); SIGKILL
 *	Az Ag	SIGSTOP; SIGCONT
 *	A.	its answer, for which the play waits
 *	A<	the same; it came in the break time (and not before it)
 *	A-	it waits (still)
 *	===TEXT	the lines of the file in /proc/locks; %%=TEXT in
 *		/proc/fs/holdfast/leases
 *	T2 L0 W2	lease-break-time; leases-enable; two seconds go by
 *
 * A call that waits (in the kernel, interruptibly) answers "waits".
 */
#ifndef PLAY_H
#define PLAY_H

#include <stdio.h>
#include <sys/stat.h>

#include "agent.h"

#define AGENTS 8
#define LONG_BREAK 600		/* s: nothing runs out by itself */
#define SLACK_S 60		/* how late a slow guest may be */

struct stage {
	const char *dir, *below;	/* below: the lower directory */
	struct agent agents[AGENTS];
	bool there[AGENTS];
	long break_time;		/* as set last, s */
	char wrong[300];		/* what went wrong first, or "" */
	FILE *log;
	char *text;
	size_t size;
};

struct play {
	const char *name, *script;
};

/* Calls: on slot, path, with cmd and arg. */
int call_lease(struct call *call);	/* fcntl: cmd, arg; its value */
int call_lease_of_child(struct call *call);	/* likewise */
int call_fcntl(struct call *call);	/* cmd, arg; 0 */
int call_signals(struct call *call);	/* those pending, as text in path */
int call_map(struct call *call);
int call_unmap(struct call *call);
int call_remove(struct call *call);	/* of the mapping: start, len */
int call_truncate(struct call *call);	/* path, arg */
int call_ftruncate(struct call *call);	/* slot, arg */
int call_path(struct call *call);	/* cmd: see x above; arg */
int call_id(struct call *call);		/* cmd e or i, arg */
int call_fork(struct call *call);
int call_kill_child(struct call *call);
int call_reset(struct call *call);	/* nothing open, mapped, pending; root */
int call_setlayout(struct call *call);	/* type, start, len, arg: signal */
int call_getlayout(struct call *call);	/* as text in path */
int call_pin(struct call *call);	/* cmd: which; type, start, len */
int call_unpin(struct call *call);	/* cmd */
int call_fallocate(struct call *call);	/* cmd: see h above; start, len */
int call_reflink(struct call *call);	/* from start, len, to arg */

struct word {
	int agent, slot;
	char call, arg[40], want[120];
	bool wants;			/* want was given */
};
bool parse_word(const char *text, struct word *word);
bool make_call(struct stage *stage, const struct word *word, struct call *call);

void play_init(void);
/* Plays one script from a clean start; false, and wrong[] set, if it fails. */
bool play(struct stage *stage, const char *script);
/* A result: the play is right on all stages, with equal records. */
void play_compare(struct stage *stages, int nr, const struct play *play);
void path_in(char *path, size_t size, const char *dir, const char *name);
/*
 * Lines of the file in /proc/locks, sorted, joined with +, without pids; stage
 * may be NULL.
 */
void lease_lines(const struct stage *stage, const struct stat *st, char *text,
		 size_t size);
/* The same of /proc/fs/holdfast/leases. */
void holdfast_lines(const struct stage *stage, const struct stat *st, char *text,
		    size_t size);
void sysctl_fs(const char *name, long value);

#endif /* PLAY_H */
