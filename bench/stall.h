/* SPDX-License-Identifier: GPL-2.0-only */
/* What stall.c measures, and the inputs of stall_inputs.c that it measures it beside. */
#ifndef HF_BENCH_STALL_H
#define HF_BENCH_STALL_H

#include <sys/types.h>

#include "bench.h"

enum call { NONE, GETLK, OTHER, LEASE, CALLS };

/* In files of one directory, with names of one letter. */
struct input {
	const char *name;
	const char *files[2];		/* that of F_GETLK, in turns */
	void (*prepare)(void);		/* once */
	void (*arm)(void);		/* before each window */
	void (*run)(void);		/* in the window */
	int calls;			/* those before this one are measured */
};

extern const struct input inputs[];
extern const size_t nr_inputs;
extern const char *directory;

/* A child, which does not outlive its parent. */
pid_t start(void (*body)(void));
/* Until this thread of a process sleeps in fcntl(). */
void until_waits(pid_t process, pid_t thread);
/* Waits for the first byte, by an open file of its own. */
void want_first_byte(const char *name);
void do_nothing(void);

#endif /* HF_BENCH_STALL_H */
