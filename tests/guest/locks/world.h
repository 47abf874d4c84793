/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world: two files in one directory and the agents A, B, ... that lock them.
 * The same script runs in a world on fs/locks.c and in one on holdfast; what
 * happened is written down without pids, so the two records must be equal.
 *
 * A script is a list of words, each for one agent:
 *
 *	A0w10,5		agent A, slot 0: F_SETLK F_WRLCK, start 10, length 5
 *	A0R0,0,e	F_SETLKW F_RDLCK from the end of the file (c: position)
 *	r w u		F_SETLK; R W U F_SETLKW; an o before it: the OFD form
 *	?r ?w ?u	F_GETLK (o?w: F_OFD_GETLK)
 *	fs fx fu	flock LOCK_SH, LOCK_EX, LOCK_UN, not blocking
 *	FS FX		the same, blocking
 *	& before a lock	by a process that shares the descriptors, and is gone then
 *	p c d		open, close, dup to the next free slot
 *	i		the lock lines of fdinfo
 *	! * ~		SIGUSR1; SIGUSR2 (SA_RESTART); SIGKILL
 *	==		all locks of both files, as /proc shows them
 *
 * Slots 0 to 3 are file a, 4 to 7 file b. M stands for OFFSET_MAX. After each
 * word every agent answers or waits, and both are recorded.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdio.h>

#include "agent.h"

#define AGENTS 14
#define OFFSET_LAST 0x7fffffffffffffffLL

struct world {
	const char *dir;
	bool ours;			/* holdfast */
	unsigned int nr;		/* agents started */
	struct agent agents[AGENTS];
	ino_t ino[2];
	FILE *log;
	char *text;
	size_t size;
};

/* What /proc shows of a lock or a waiter. */
struct shown {
	char class[8], type[8];
	int agent;			/* index, -1: an OFD lock, -2: unknown */
	int file;			/* 0 or 1 */
	bool waits;
	long long start, end;		/* OFFSET_LAST for EOF */
};

void world_open(struct world *w, const char *dir, bool ours, unsigned int nr);
void world_close(struct world *w);
/* Everything let go and all descriptors opened anew; the log is emptied. */
void world_reset(struct world *w);
void world_run(struct world *w, const char *script);
/* Settles all agents, and records each that answered, but for @except. */
void world_settle(struct world *w, const struct agent *except);
const char *world_log(struct world *w);
/* In an agent: the lock lines of the slot's descriptor, in path. */
int call_fdinfo(struct call *call);
int world_shown(struct world *w, struct shown *shown, int max);
void world_show(struct world *w);
void world_path(const struct world *w, int slot, char *path, size_t size);
const char *err_name(int ret);

#endif /* WORLD_H */
