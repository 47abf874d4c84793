// SPDX-License-Identifier: GPL-2.0-only
/*
 * posix-cases REFERENCE BOUNDED FIFO NONE (a directory of fs/locks.c's, and of
 * holdfast mounts with each fairness): scripts (world.h) that must give the
 * same answers on fs/locks.c and on holdfast, and some where ours is better.
 */
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name, *script;
} cases[] = {
	{ "split", "A0w0,30 A0u10,10 == B0?w0,0 B0?w10,10 B0?w15,10 A0u5,1 A0u25,1 == A0u0,0 ==" },
	{ "split-other-type", "A0w0,30 A0r10,10 == B0r10,10 B0r9,2 B0?r0,0 A0w0,0 A0w0,10 B0u0,0 A0w0,0 ==" },
	{ "merge", "A0w0,10 A0w20,10 A0w10,10 == A0r30,5 A0r25,5 == A0w0,0 == A0r0,5 A0r5,5 A0r4,2 ==" },
	{ "merge-neighbours", "A0r5,5 A0r10,5 A0r0,5 == A0w15,1 A0w4,1 == A0r4,1 ==" },
	{ "upgrade", "A0r0,10 B0r5,10 A0w0,5 A0w0,10 A0w0,0 == B0u0,0 A0w0,10 ==" },
	{ "upgrade-waits", "A0r0,10 B0r5,10 A0W0,10 == B0u0,0 == A0u0,0" },
	{ "downgrade", "A0w0,20 B0R5,5 A0r0,10 == B0?w0,0 A0r0,0 C0r0,0 ==" },
	{ "unlock-part", "A0w0,100 B0W50,10 A0u0,50 A0u55,100 == A0u50,5 ==" },
	{ "offset-max", "A0w0,0 == A0u1,0 == A0wM,1 A0wM,0 == B0?wM,1 B0wM,1 B0w1,M A0u0,0 A0w1,M == A0wM,2 A0w2,M" },
	{ "to-end", "A0w100,0 B0w99,1 B0w100,1 B0w99,0 == A0u200,0 == B0w200,0 B0u0,0 A0u0,0 ==" },
	{ "negative-length", "A0w20,-10 == B0?w0,0 A0w10,-10 A0w5,-6 A0w0,-1 A0w20,-20 == A0uM,-10 ==" },
	{ "whence", "A0w-10,5,e A0r3,4,c A0w-50,5,e A0w0,0,e == A0u0,-5,e == B0?w0,0,e B0?w-40,0,e A0r-41,1,e" },
	{ "read-only", "A2pr A2w0,1 A2r0,1 A2ow0,1 A2or0,1 A3pw A3r0,1 A3w0,1 A3or0,1 A2?w0,1 A2fx A2fu A3fs" },
	{ "conflicts", "A0r0,10 B0r0,10 C0w5,1 B0u0,0 C0w5,1 A0u5,1 C0w5,1 == B0r0,10 B0r6,4 B0?w0,0 C0?w5,1" },
	{ "wait-read", "A0w0,10 B0R0,5 A0u0,10 == C0r0,10 C0W5,5 C0u0,0" },
	{ "wait-write", "A0r0,10 B0r5,10 C0W0,20 A0u0,0 == B0u0,0 == C0u0,0" },
	{ "interrupted", "A0w0,10 B0W5,10 B0! == B0w10,1 A0u0,0 == B0W5,10 ==" },
	{ "restarted", "A0w0,10 B0W5,10 B0* == A0u0,0 ==" },
	{ "interrupted-flock", "A0fx B0FX B0! B0FS B0* A0fu == B0fu" },
	{ "killed-waiter", "A0w0,10 B0W5,10 B0~ == A0u0,0 C0w0,0 ==" },
	{ "killed-holder", "A0w0,10 A0fx B0W5,10 C0FS A0~ ==" },
	{ "close-releases", "A0w0,10 A4w0,1 B0W0,5 A0c == A1?w0,0 B0u0,0 A4c ==" },
	{ "close-of-another-descriptor", "A0w0,10 A0ow20,5 A1c == A0u0,0 ==" },
	{ "close-of-a-duplicate", "A0w0,10 A0ow20,5 A0fx A2p A2c == A0d A1c == A0c ==" },
	{ "duplicate", "A2p A2d A2fx A2ow5,5 A3fs A3ou5,1 == A2c == A3fu A3c ==" },
	{ "close-keeps-others", "A0w0,10 B0w10,10 A1c C0w10,1 C0w0,1 ==" },
	{ "ofd", "A0ow0,10 A1ow5,5 A1or10,10 A0or10,5 == A0?w0,1 A1?w0,1 A1o?w0,1 A0o?w0,10 A0o?u0,100 A1o?u0,0" },
	{ "ofd-and-posix", "A0w0,10 A0ow5,5 A0ow10,5 A0w12,1 B0w10,1 B0?w0,0 B0?w10,1 A0or0,0 A0c ==" },
	{ "ofd-waits", "A0ow0,10 B1oW5,5 A0ou0,7 A0ou7,1 A0ou0,0 == B1c" },
	{ "ofd-interrupted", "A0ow0,10 B1oW5,5 B1! A0c B1oW5,5 ==" },
	{ "ofd-split", "A0ow0,100 A0ou10,10 A0or30,10 A0or40,10 == A0c ==" },
	{ "posix-waits-for-ofd", "A0ow0,10 B0W0,1 A0ou0,1 == C1oR0,1 B0u0,1" },
	{ "flock", "A0fs B0fs B0fx A0fx B0fu A0fx B0fs == A0fs B0fs == A0fu A0fu B0fx" },
	{ "flock-and-posix", "A0fx A0w0,0 B0w0,1 B0fs == A0u0,0 B0w0,0 B0fx" },
	{ "flock-descriptors", "A0fx A1fs A1fx A0fu A1fx A0d" },
	{ "flock-conversion-drops", "A0fs B0fs A0fx == C0fx B0fu C0fx" },
	{ "flock-conversion-serves", "A0fx B0FS A0fs == C0fs A0fx ==" },
	{ "flock-upgrade-waits", "A0fs B0fs A0FX == B0fu == A0fu" },
	{ "deadlock-2", "A0w0,1 B0w1,1 A0W1,1 B0W0,1 == B0u0,0 ==" },
	{ "deadlock-3", "A0w0,1 B0w1,1 C0w2,1 A0W1,1 B0W2,1 C0W0,1 == C0u0,0 == B0u0,0 ==" },
	{ "deadlock-2-files", "A0w0,1 B4w0,1 A4W0,1 B0W0,1 == B4c ==" },
	{ "deadlock-3-files", "A0w0,1 B4w0,1 C0w9,1 A4W0,1 B0W9,1 C0W0,1 == C0u0,0" },
	{ "deadlock-upgrade", "A0r0,1 B0r0,1 A0W0,1 B0W0,1 == B0u0,0 ==" },
	{ "deadlock-ofd-none", "A0ow0,1 B0ow1,1 A0oW1,1 B0oW0,1 == B0! B0ou0,0 ==" },
	/* A process that asks, and an open file that waits for it. */
	{ "deadlock-ofd-between", "A0r17,3 B1or2,8 B1oW19,3 A0W9,2 == A0u0,0 ==" },
	{ "deadlock-ofd-own-blocker", "A0w0,1 B1ow1,1 C0w2,1 A0W2,1 B1oW0,1 C0W1,1 == C0u0,0 A0u0,0 ==" },
	{ "deadlock-ofd-2-files", "A4w0,1 B4ow1,1 C0w2,1 A0W2,1 B4oW0,1 C4W1,1 == C0u0,0 A4u0,0 ==" },
	/* The first of its two holders is the process. */
	{ "deadlock-beside-ofd", "A0r0,1 B1or0,1 C0w5,1 C0W0,1 A0W5,1 == A0u0,0 B1ou0,0 ==" },
	{ "deadlock-when-ofd-has-gone", "B1ow0,1 C0w1,1 A0w5,1 A0W0,2 B1ou0,0 C0W5,1 == C0u0,0 ==" },
	/* An open file is never failed: these two wait. */
	{ "deadlock-ofd-asks", "A0w0,1 B1ow1,1 A0W1,1 B1oW0,1 == B1! B1c ==" },
	/* Any thread may unlock an open file's lock: who waits for one ends the chain. */
	{ "deadlock-ofd-ends-chain", "A0w0,1 B1ow1,1 C0w2,1 A0W1,1 B1oW2,1 C0W0,1 == C0! C0u0,0 B1ou0,0 ==" },
	{ "deadlock-ofd-ends-chain-2-files", "A4w0,1 B1ow1,1 C0w2,1 A0W1,1 B1oW2,1 C4W0,1 == C0! C0u0,0 B1ou0,0 ==" },
	/* A process and its open file are two owners. */
	{ "deadlock-ofd-of-waiting-process", "A0w0,1 B1ow1,1 B0W0,1 A0W1,1 == B0! B1c ==" },
	{ "deadlock-process-of-waiting-ofd", "A0w0,1 B0w1,1 B1oW0,1 A0W1,1 == B1! B0u0,0 ==" },
	{ "deadlock-flock-none", "A0fx B0w0,1 B0FX A0W0,1 == A0! A0fu B0u0,0 ==" },
	{ "deadlock-flock-of-ofd", "B0fx A0ow0,1 A0FX B0W0,1 == B0! B0fu A0ou0,0 ==" },
	{ "deadlock-none-when-free", "A0w0,1 B0w1,1 A0W1,1 B0W2,1 B0u1,1 ==" },
	{ "fdinfo", "A0w0,10 A0ow20,10 A0fx A0r100,0 A1w50,1 A0i A1i A0u0,20 A0i A0fs A0i B0i" },
	/* Whose a lock is that several descriptors had a part in. */
	{ "descriptor-same-again", "A0w0,10 A1w0,10 A0i A1i A1w2,3 A0i A1i" },
	{ "descriptor-extended", "A0w0,10 A1w5,10 A1w20,5 A0i A1i A0w15,5 A0i A1i" },
	{ "descriptor-extended-downwards", "A0w10,10 A1w0,10 A0i A1i" },
	{ "descriptor-upgraded", "A0r0,10 A1w0,10 A0i A1i" },
	{ "descriptor-downgraded", "A0w0,10 A1r0,10 A0i A1i" },
	{ "descriptor-swallowed", "A0r5,5 A0r15,5 A1w0,30 A0i A1i" },
	{ "descriptor-upgraded-part", "A0r0,20 A1w5,5 A0i A1i == A1w0,5 A0i A1i A1w10,10 A0i A1i ==" },
	{ "descriptor-swallows-two", "A2p A0r0,5 A1w5,5 A2w0,10 A0i A1i A2i" },
	{ "descriptor-grows-over-another", "A2p A0w0,5 A1r5,5 A2w0,10 A0i A1i A2i" },
	{ "descriptor-between-two", "A2p A0r0,10 A1w10,10 A2w5,10 A0i A1i A2i" },
	{ "descriptor-swallows-beside", "A2p A0r0,5 A1w5,5 A2w0,5 A0i A1i A2i" },
	{ "descriptor-cut", "A0w0,30 A1u10,5 A0i A1i A1r20,5 A0i A1i" },
	{ "descriptor-waited", "A0r0,10 B0r0,10 A1W0,10 B0u0,0 A0i A1i" },
	{ "descriptor-of-upgraded-is-closed", "A0r0,10 A1w0,10 A0c A1i B0w0,10" },
	{ "sharer-same-again", "A0w0,10 A0&w0,10 A0i B0?w0,1" },
	{ "sharer-was-first", "A0&w0,10 A0w0,10 A0i B0?w0,1 A0w10,5 A0i" },
	{ "sharer-extends", "A0w0,10 A0&w5,10 A0i B0?w12,1" },
	{ "sharer-upgrades", "A0r0,10 A0&w0,10 A0i B0?r0,1 A0w0,10 A0r0,10 A0i B0?w0,1" },
	{ "sharer-splits", "A0w0,30 A0&u10,5 A0i A0&r20,5 A0i A0&u0,0 A0i" },
	{ "sharer-flock", "A0fs A0&fx A0i A0fx A0i A0&fs A0i A0&fs A0fs A0i A0&fu A0i" },
	{ "sharer-ofd", "A0or0,10 A0&ow0,10 A0i B0?r0,1" },
	{ "getlk-own", "A0w0,10 A0?w0,0 A0?r5,1 A0?u0,1 B0?u0,1 B0?r0,5 B0?w10,0" },
};

static void compare(struct world *ref, struct world *ours, const char *name)
{
	if (t_check(!strcmp(world_log(ref), world_log(ours)), name,
		    "the answers differ"))
		return;
	printf("# reference:\n%s\n# holdfast:\n%s\n", world_log(ref),
	       world_log(ours));
}

/* ------------------------------- what scripts cannot say: a table of calls */

static const struct {
	int cmd;
	short type, whence;
	long long start, len;
} raw[] = {
	{ F_SETLK, 7, 0, 0, 1 },
	{ F_SETLK, -1, 0, 0, 1 },
	{ F_SETLK, F_WRLCK, 9, 0, 1 },
	{ F_SETLK, F_WRLCK, SEEK_SET, -1, 1 },
	{ F_SETLK, F_WRLCK, SEEK_SET, 0, -1 },
	{ F_SETLK, F_WRLCK, SEEK_CUR, -1, 1 },
	{ F_SETLK, F_WRLCK, SEEK_END, -100, 1 },
	{ F_SETLK, F_WRLCK, SEEK_END, OFFSET_LAST, 1 },
	{ F_SETLK, F_WRLCK, SEEK_END, OFFSET_LAST - 40, 1 },
	{ F_SETLK, F_WRLCK, SEEK_END, OFFSET_LAST - 40, 2 },
	{ F_SETLK, F_WRLCK, SEEK_SET, OFFSET_LAST, 1 },
	{ F_SETLK, F_WRLCK, SEEK_SET, OFFSET_LAST, 2 },
	{ F_SETLK, F_WRLCK, SEEK_SET, OFFSET_LAST, OFFSET_LAST },
	{ F_SETLK, F_WRLCK, SEEK_SET, 1, OFFSET_LAST },
	{ F_SETLK, F_WRLCK, SEEK_SET, 2, OFFSET_LAST },
	{ F_SETLK, F_WRLCK, SEEK_SET, OFFSET_LAST, -OFFSET_LAST },
	{ F_SETLK, F_WRLCK, SEEK_SET, OFFSET_LAST, -OFFSET_LAST - 1 },
	{ F_SETLK, F_UNLCK, SEEK_SET, 0, OFFSET_LAST },
	{ F_SETLK, F_UNLCK, SEEK_SET, 0, 0 },
	{ F_SETLKW, F_UNLCK, SEEK_SET, 5, 5 },
	{ F_GETLK, F_WRLCK, SEEK_SET, 0, -1 },
	{ F_GETLK, F_UNLCK, SEEK_SET, 0, 1 },
	{ F_GETLK, 7, SEEK_SET, 0, 1 },
	{ F_OFD_GETLK, F_UNLCK, SEEK_SET, 0, 1 },
	{ F_OFD_GETLK, 7, SEEK_SET, 0, 1 },
	{ F_OFD_SETLK, F_WRLCK, SEEK_SET, 0, 1 },
	{ F_OFD_SETLKW, F_RDLCK, SEEK_SET, 0, 0 },
	{ F_OFD_SETLKW, 7, SEEK_SET, 0, 0 },
	{ F_OFD_SETLKW, F_UNLCK, SEEK_SET, 0, 0 },
	{ 5000, F_WRLCK, SEEK_SET, 0, 1 },
};

/* OFD commands with a pid, and a descriptor that is none. */
static int call_odd(struct call *call)
{
	struct flock fl = { .l_type = F_WRLCK, .l_pid = 1 };
	int pid = fcntl(fds[0], F_OFD_SETLK, &fl) ? errno : 0;
	int bad;

	fl.l_pid = 0;
	bad = fcntl(99, F_SETLK, &fl) ? errno : 0;
	call->fl.l_start = lseek(fds[0], 7, SEEK_SET);
	return -(pid * 1000 + bad);
}

static void run_raw(struct world *w)
{
	struct agent *a = &w->agents[0];

	fprintf(w->log, "odd %d\n", agent_do(a, &(struct call){ .fn = call_odd }));
	for (unsigned int i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		struct call call = {
			.fn = call_lock, .cmd = raw[i].cmd, .type = raw[i].type,
			.whence = raw[i].whence, .start = raw[i].start,
			.len = raw[i].len,
		};

		agent_do(a, &call);
		fprintf(w->log, "%u %s type %d ", i, err_name(a->last.ret),
			a->last.fl.l_type);
		world_show(w);
	}
}

/* ------------------------------------------------- fork, exec and threads */

static int try_set(int fd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, F_SETLK, &fl) ? errno : 0;
}

/* A child inherits no POSIX lock, but shares OFD and flock locks. */
static int call_fork(struct call *call)
{
	struct flock ofd = { .l_type = F_UNLCK, .l_start = 20, .l_len = 1 };
	int status;
	pid_t child = fork();

	(void)call;
	if (!child) {
		int err = try_set(fds[0], F_WRLCK, 0, 1);

		if (fcntl(fds[0], F_OFD_SETLK, &ofd))
			err = 99;
		_exit(err);
	}
	waitpid(child, &status, 0);
	return -status;
}

/* Its exit closes the descriptor: the parent's POSIX locks stay. */
static int call_fork_exit(struct call *call)
{
	pid_t child = fork();
	int status;

	(void)call;
	if (!child)
		_exit(0);
	waitpid(child, &status, 0);
	return -status;
}

/* exec keeps POSIX locks of descriptors that stay open, and drops others. */
static int call_exec(struct call *call)
{
	pid_t child = fork();
	char number[16];
	int status;

	(void)call;
	if (!child) {
		try_set(fds[0], F_WRLCK, 30, 5);
		try_set(fds[4], F_WRLCK, 30, 5);
		fcntl(fds[4], F_SETFD, FD_CLOEXEC);
		snprintf(number, sizeof(number), "%d", fds[0]);
		execl("/proc/self/exe", "posix-cases", "--held", number, NULL);
		_exit(98);
	}
	waitpid(child, &status, 0);
	return -status;
}

/* After the exec: do I still hold 30 to 34 of file a? Another process asks. */
static int held_after_exec(int fd)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct flock fl = { .l_type = F_WRLCK, .l_start = 30, .l_len = 5 };

		if (fcntl(fd, F_GETLK, &fl))
			_exit(97);
		_exit(fl.l_type == F_WRLCK && fl.l_pid == getppid() ? 3 : 4);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void *wait_in_thread(void *arg)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = 50, .l_len = 5 };

	*(int *)arg = fcntl(fds[0], F_SETLKW, &fl) ? errno : 0;
	return NULL;
}

/* Threads share the owner: one waits, the other's unlock ends it for both. */
static int call_thread(struct call *call)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = 50, .l_len = 5 };
	pthread_t thread;
	int err = -1;

	(void)call;
	if (fcntl(fds[0], F_SETLK, &fl))
		return -errno;
	if (pthread_create(&thread, NULL, wait_in_thread, &err))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return -err;
}

/* close() in one thread while another waits for the lock on it. */
static void *close_in_thread(void *arg)
{
	(void)arg;
	close(fds[1]);
	fds[1] = -1;
	return NULL;
}

static int call_close_race(struct call *call)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = 60, .l_len = 5 };
	pthread_t thread;
	int ret;

	(void)call;
	if (pthread_create(&thread, NULL, close_in_thread, NULL))
		return -EAGAIN;
	ret = fcntl(fds[1], F_SETLKW, &fl) ? errno : 0;
	pthread_join(thread, NULL);
	/* Either order is right, but no lock may be left: the caller looks. */
	return ret == EBADF ? 0 : -ret;
}

static void run_processes(struct world *w)
{
	struct agent *a = &w->agents[0];

	world_run(w, "A0w0,10 A0ow20,10");
	fprintf(w->log, "fork %d\n", agent_do(a, &(struct call){ .fn = call_fork }));
	world_show(w);
	fprintf(w->log, "exit %d\n", agent_do(a, &(struct call){ .fn = call_fork_exit }));
	world_show(w);
	fprintf(w->log, "exec %d\n", agent_do(a, &(struct call){ .fn = call_exec }));
	world_show(w);
	fprintf(w->log, "thread %d\n", agent_do(a, &(struct call){ .fn = call_thread }));
	world_show(w);
	world_run(w, "A0u0,0");
	for (int i = 0; i < 20; i++) {
		fprintf(w->log, "race %d\n",
			agent_do(a, &(struct call){ .fn = call_close_race }));
		world_show(w);
		world_run(w, "A1p");
	}
}

/* ----------------------------------------------- where holdfast does better */

/* Which agents wait, and what the last one was answered. */
static void expect(struct world *w, const char *name, const char *script,
		   char last, const char *answer)
{
	char want[32];
	const char *log, *line;

	world_reset(w);
	world_run(w, script);
	log = world_log(w);
	snprintf(want, sizeof(want), "%c%s", last, answer);
	line = strrchr(log, ':');
	if (!t_check(line && strstr(line, want), name, "no '%s'", want))
		printf("%s\n", log);
}

static void better(struct world *w)
{
	/* Longer than the ten steps that fs/locks.c follows. */
	expect(w, "deadlock-13", "A0w0,1 B0w1,1 C0w2,1 D0w3,1 E0w4,1 F0w5,1 G0w6,1 "
	       "H0w7,1 I0w8,1 J0w9,1 K0w10,1 L0w11,1 M0w12,1 A0W1,1 B0W2,1 C0W3,1 "
	       "D0W4,1 E0W5,1 F0W6,1 G0W7,1 H0W8,1 I0W9,1 J0W10,1 K0W11,1 L0W12,1 "
	       "M0W0,1", 'M', "=EDEADLK");
	/* The cycle is through the second of two holders. */
	expect(w, "deadlock-second-holder",
	       "A0r0,1 B0r0,1 C0w5,1 B0W5,1 C0W0,1", 'C', "=EDEADLK");
	expect(w, "deadlock-second-range",
	       "A0w0,1 B0w9,1 C0w20,1 C0W0,10 B0W20,1", 'B', "=EDEADLK");
	expect(w, "deadlock-other-file-second-holder",
	       "A0r0,1 B0r0,1 C4w5,1 B4W5,1 C0W0,1", 'C', "=EDEADLK");
	/* Of two open files that keep it out, the second waits for it. */
	expect(w, "deadlock-second-ofd",
	       "A0w9,1 B1or0,1 C1or0,1 C1oW9,1 A0W0,1", 'A', "=EDEADLK");
	/* C waits for an open file, and for A besides. */
	expect(w, "deadlock-beside-first-ofd",
	       "B1or0,1 A0r0,1 C0w5,1 C0W0,1 A0W5,1", 'A', "=EDEADLK");
}

/*
 * Where fs/locks.c refuses by the accident of what a waiter is linked to, which is
 * not followed (lock-table.md, Deadlock).
 */
static void accidents(struct world *ref, struct world *ours)
{
	/* A is linked to C. When that goes it asks anew, of B's open file. */
	const char *late = "C0w0,1 B1ow1,1 A0w5,1 A0W0,2 B1oW5,1 C0u0,1";
	/* The same, but the open file was first: what C lets go is not heard of. */
	const char *early = "B1ow1,1 C0w0,1 A0w5,1 A0W0,2 B1oW5,1 C0u0,1 A0!";
	/* C is queued behind A, a process, and so its wait for B's open file counts. */
	const char *beneath = "B1ow0,1 D0w9,1 C0w5,1 A0W0,1 C0W0,1 B1oW9,1 D0W5,1";
	/* Without A it does not. */
	const char *alone = "B1ow0,1 D0w9,1 C0w5,1 C0W0,1 B1oW9,1 D0W5,1";

	/* Of two holders the first in the list decides; all of them here. */
	const char *process = "A0w0,1 B1ow5,1 C0w20,1 B1oW20,1 C0W0,10";
	const char *open_file = "B1ow5,1 A0w0,1 C0w20,1 B1oW20,1 C0W0,10";

	expect(ref, "first-holder-no-deadlock-in-linux", process, 'C', " waits");
	expect(ref, "first-holder-deadlock-in-linux", open_file, 'C', "=EDEADLK");
	expect(ours, "first-holder-deadlock", process, 'C', "=EDEADLK");
	expect(ref, "late-deadlock-in-linux", late, 'A', "=EDEADLK");
	expect(ref, "late-no-deadlock-in-linux", early, 'A', "=EINTR");
	expect(ours, "late-deadlock-waits", "C0w0,1 B1ow1,1 A0w5,1 A0W0,2 B1oW5,1 C0u0,1 A0!",
	       'A', "=EINTR");
	expect(ref, "beneath-deadlock-in-linux", beneath, 'D', "=EDEADLK");
	expect(ref, "beneath-no-deadlock-in-linux", alone, 'D', " waits");
	expect(ours, "beneath-deadlock-waits", beneath, 'D', " waits");
}

/* What newcomers owe to those who wait. */
static void fairness(const char *fifo, const char *none)
{
	static struct world w;

	world_open(&w, fifo, true, 4);
	expect(&w, "fifo-newcomer-waits", "A0r0,10 B0W0,10 C0R5,1", 'C', " waits");
	expect(&w, "fifo-order", "A0r0,10 B0W0,10 C0R5,1 D0W0,0 A0u0,0 B0u0,0 C0u0,0",
	       'D', "=0");
	expect(&w, "fifo-trying-may-pass", "A0r0,10 B0W0,10 C0r5,1", 'C', "=0");
	expect(&w, "fifo-owner-may-pass", "A0r0,10 B0W0,10 A0R5,10", 'A', "=0");
	/* C waits by order alone; when A waits for C, order has to give way. */
	expect(&w, "order-is-no-deadlock",
	       "A0r0,10 B0W0,10 C0w50,1 C0R5,1 A0W50,1", 'C', "=0");
	world_close(&w);
	world_open(&w, none, true, 4);
	expect(&w, "none-newcomer-passes", "A0r0,10 B0W0,10 C0R5,1", 'C', "=0");
	world_close(&w);
}

/* A grant closes a cycle: somebody is told, and nobody hangs. */
static int two_waits(struct call *call);
static void *wait_b(void *arg)
{
	struct flock fl = { .l_type = F_WRLCK, .l_len = 1 };

	*(int *)arg = fcntl(fds[4], F_SETLKW, &fl) ? errno : 0;
	return NULL;
}

static int two_waits(struct call *call)
{
	struct flock fl = { .l_type = F_WRLCK, .l_len = 1 };
	pthread_t thread;
	int a, b = -1;

	if (pthread_create(&thread, NULL, wait_b, &b))
		return -EAGAIN;
	a = fcntl(fds[0], F_SETLKW, &fl) ? errno : 0;
	if (a == EDEADLK)
		a = 0;
	pthread_join(thread, NULL);
	/* Let go of whatever was had. */
	fl.l_type = F_UNLCK;
	fcntl(fds[0], F_SETLK, &fl);
	fcntl(fds[4], F_SETLK, &fl);
	call->arg = b;
	return b == 0 || b == EDEADLK ? -a : -EPROTO;
}

static void grant_closes_cycle(struct world *w)
{
	struct agent *x = &w->agents[0], *y = &w->agents[1], *z = &w->agents[2];
	int ret;

	world_reset(w);
	a_lock(z, 0, F_SETLK, F_WRLCK, 0, 1);
	a_lock(y, 4, F_SETLK, F_WRLCK, 0, 1);
	agent_send(x, &(struct call){ .fn = two_waits });
	hf_wait_lines("waiting", "POSIX", 2);
	a_lock_send(y, 0, F_SETLKW, F_WRLCK, 0, 1);
	agent_settle(y);
	a_lock(z, 0, F_SETLK, F_UNLCK, 0, 0);
	/* Y: had it, or was told of the deadlock; then it lets go of both. */
	ret = agent_wait(y, "grant-closes-cycle");
	a_lock(y, 0, F_SETLK, F_UNLCK, 0, 0);
	a_lock(y, 4, F_SETLK, F_UNLCK, 0, 0);
	t_check((ret == 0 || ret == -EDEADLK) &&
		agent_wait(x, "grant-closes-cycle") == 0,
		"grant-closes-cycle", "Y %d, X %d", ret, x->last.ret);
	t_check(hf_lines("POSIX", "") == 0, "grant-closes-cycle-leaves-nothing",
		"%d locks are left", hf_lines("POSIX", ""));
}

static struct world ref, ours;

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--held"))
		return held_after_exec(atoi(argv[2]));
	if (argc != 5)
		t_die("usage: posix-cases REFERENCE BOUNDED FIFO NONE (directories)");
	agents_init();
	world_open(&ref, argv[1], false, AGENTS - 1);
	/* HF_SELF: both are fs/locks.c, to test the scripts themselves. */
	world_open(&ours, argv[2], !getenv("HF_SELF"), AGENTS - 1);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_reset(&ref);
		world_reset(&ours);
		world_run(&ref, cases[i].script);
		world_run(&ours, cases[i].script);
		compare(&ref, &ours, cases[i].name);
	}
	world_reset(&ref);
	world_reset(&ours);
	run_raw(&ref);
	run_raw(&ours);
	compare(&ref, &ours, "bad-and-extreme-arguments");
	world_reset(&ref);
	world_reset(&ours);
	run_processes(&ref);
	run_processes(&ours);
	compare(&ref, &ours, "fork-exec-threads");
	if (!ours.ours)
		return t_done();
	better(&ours);
	accidents(&ref, &ours);
	fairness(argv[3], argv[4]);
	grant_closes_cycle(&ours);
	world_close(&ref);
	world_close(&ours);
	t_check(hf_lines("", "") == 0, "cases-leave-nothing", "%d lines are left",
		hf_lines("", ""));
	return t_done();
}
