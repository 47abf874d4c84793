/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Agents: processes that a test drives, one call at a time.
 *
 * Whether an agent waits for a lock, or for a lease to be returned, is read from
 * the kernel (it sleeps, interruptibly, inside a call that may wait for one), so
 * no test has to guess by sleeping: agent_settle() returns when the call has
 * answered or waits. That holds for local files, NLM and NFSv4: their other
 * sleeps are not interruptible.
 */
#ifndef AGENT_H
#define AGENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SLOTS 16		/* descriptors of an agent */
#define PATIENCE_S 180		/* a hang is called a hang after this */

struct call {
	int (*fn)(struct call *call);	/* runs in the agent; 0 or -errno */
	int slot;
	int cmd;
	short type, whence;
	bool flock;			/* for a call that makes one of two */
	off_t start, len;
	long arg;
	char path[200];
	struct flock fl;		/* answer of F_GETLK */
	uint64_t began_ns, ended_ns;
	unsigned int turn;		/* agents that got a lock before */
	int ret;
};

enum agent_state { AGENT_IDLE, AGENT_BUSY };

struct agent {
	pid_t pid;
	int to, from;
	enum agent_state state;
	bool used;			/* sent a call; the test clears it */
	struct call last;		/* with its answer once idle */
};

/* What all agents of one test share, whichever mount they use. */
struct shared {
	int inside;			/* who holds the lock now, or 0 */
	unsigned int turns;
	unsigned int violations;
	long counter;
	long stop;
	long spare[8];
};
extern struct shared *shared;

/* In the agent: its descriptors. */
extern int fds[SLOTS];

void agents_init(void);			/* once, before the first */
void agent_start(struct agent *agent);
void agent_kill(struct agent *agent);	/* SIGKILL, and waits for its end */
void agent_stop(struct agent *agent);	/* the same, if it was started */

/* Sends a call; answers come with agent_settle() or agent_wait(). */
void agent_send(struct agent *agent, const struct call *call);
/* True: it waits for a lock. False: it has answered, in agent->last. */
bool agent_settle(struct agent *agent);
/* A client of 9P's that was told to wait, and sleeps until it asks again. */
bool agent_polls_9p(const struct agent *agent);
/* Its answer; a test that waits longer than PATIENCE_S fails by the name. */
int agent_wait(struct agent *agent, const char *what);
/* Has it answered by now? */
bool agent_poll(struct agent *agent);
void agent_interrupt(struct agent *agent, int sig);
/* send, then wait for the answer. */
int agent_do(struct agent *agent, const struct call *call);

/* Calls. */
int call_open(struct call *call);	/* path, cmd = flags, slot */
int call_close(struct call *call);	/* slot */
int call_dup(struct call *call);	/* slot, to the next one free */
int call_lock(struct call *call);	/* fcntl: cmd, type, whence, start, len */
int call_flock(struct call *call);	/* cmd = LOCK_* */
int call_alarm(struct call *call);	/* as call_lock, SIGALRM after arg us */
int call_take(struct call *call);	/* F_SETLKW, take a turn, unlock */

int a_open(struct agent *a, int slot, const char *path, int flags);
int a_close(struct agent *a, int slot);
int a_lock(struct agent *a, int slot, int cmd, int type, off_t start, off_t len);
void a_lock_send(struct agent *a, int slot, int cmd, int type, off_t start,
		 off_t len);
int a_flock(struct agent *a, int slot, int op);

uint64_t now_ns(void);
void pause_briefly(void);		/* between two looks at a condition */
int enter_section(int who);		/* 0, or -EBUSY when another is inside */
void leave_section(void);

/* Results: one line each, read by the shell (locks/run.sh). */
bool t_check(bool good, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void t_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void t_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int t_done(void);			/* the exit status of main() */

/* /proc/fs/holdfast/locks: how many lines contain all of these. */
int hf_lines(const char *one, const char *two);
/* Waits until that many wait on the file; false after PATIENCE_S. */
bool hf_wait_lines(const char *one, const char *two, int count);
void hf_show(void);			/* all of it, as notes */
long hf_stat(const char *name);

#endif /* AGENT_H */
