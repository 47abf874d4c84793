// SPDX-License-Identifier: GPL-2.0-only
/*
 * bounds DIR: inputs that make the lock table work long.  Each is answered right,
 * and no section under a lock was longer than SECTION: that is what
 * "longest_section" of /proc/fs/holdfast/stats says, in steps of the core, since
 * the module was loaded.
 */
#include "agent.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTION 4096
#define SLACK 64			/* steps of one kind that are not divided */
#define RECORDS 20000
#define SEARCHERS 40
#define WAITERS 500

static const char *dir;
static struct agent h, m, r, w;
static struct agent *const agents[] = { &h, &m, &r, &w };

enum { A, B, C };			/* slots, and files */

static void restart(void)
{
	char path[200];

	for (int i = 0; i < 4; i++) {
		agent_stop(agents[i]);
		agent_start(agents[i]);
		for (int slot = A; slot <= C; slot++) {
			snprintf(path, sizeof(path), "%s/bounds.%d", dir, slot);
			if (a_open(agents[i], slot, path, O_RDWR | O_CREAT))
				t_die("%s: cannot be opened", path);
		}
	}
}

static void must(struct agent *agent, int slot, int cmd, int type, off_t start, off_t len)
{
	int ret = a_lock(agent, slot, cmd, type, start, len);

	if (ret)
		t_die("%lld+%lld: %s", (long long)start, (long long)len, strerror(-ret));
}

/* @arg single bytes of @slot, every second one from @start. */
static int call_many(struct call *call)
{
	struct call one = *call;

	for (long i = 0; i < call->arg; i++) {
		one.start = call->start + 2 * i;
		one.len = 1;
		if (call_lock(&one))
			return -errno;
	}
	return 0;
}

static void hold_many(struct agent *agent, int slot, int cmd, int type, off_t start, long count)
{
	int ret = agent_do(agent, &(struct call){ .fn = call_many, .slot = slot, .cmd = cmd,
						  .type = type, .start = start, .arg = count });

	if (ret)
		t_die("%ld locks: %s", count, strerror(-ret));
}

/* ------------------------------------------ threads of one agent that wait */

/* By its process, or by an open file of its own. */
static void *want(void *arg)
{
	static long next;
	struct call *call = arg;
	long i = __atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST);
	struct flock fl = { .l_type = F_WRLCK };
	int fd = fds[call->slot];
	char path[64];
	sigset_t all;

	/* Signals are for the agent. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (call->cmd == F_OFD_SETLKW) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		fd = open(path, O_RDWR);
		fl.l_start = 2 * i;
		fl.l_len = 1 + i % 50;
	}
	if (fcntl(fd, call->cmd, &fl))
		return NULL;
	if (call->cmd == F_OFD_SETLKW)
		close(fd);
	__atomic_add_fetch(&shared->counter, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int call_threads(struct call *call)
{
	static struct call kept;
	pthread_attr_t attr;
	pthread_t thread;

	kept = *call;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (long i = 0; i < call->arg; i++)
		if (pthread_create(&thread, &attr, want, &kept))
			return -EAGAIN;
	return 0;
}

static void start_waiters(struct agent *agent, int slot, int cmd, long count, const char *class)
{
	shared->counter = 0;
	if (agent_do(agent, &(struct call){ .fn = call_threads, .slot = slot, .cmd = cmd,
					    .arg = count }))
		t_die("threads cannot be started");
	if (!hf_wait_lines("waiting", class, count))
		t_die("not all wait");
}

static bool wait_counter(long count)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;

	while (__atomic_load_n(&shared->counter, __ATOMIC_SEQ_CST) != count) {
		if (now_ns() > end)
			return false;
		pause_briefly();
	}
	return true;
}

/* ------------------------------------------------------------- the inputs */

/* What the longest section was so far: the first that is too long is this input's. */
static void check_section(const char *name)
{
	long longest = hf_stat("longest_section");

	t_check(longest > 0 && longest <= SECTION + SLACK, name, "%ld steps", longest);
	t_note("%s: %ld steps", name, longest);
}

/* H holds many bytes of A, M holds B and its threads wait for all of A. */
static void prepare_search(void)
{
	restart();
	hold_many(&h, A, F_SETLK, F_WRLCK, 0, RECORDS);
	must(&m, B, F_SETLK, F_WRLCK, 0, 1);
	start_waiters(&m, A, F_SETLKW, SEARCHERS, "POSIX");
	/* R is searched for, since somebody wants what it has. */
	must(&r, C, F_SETLK, F_WRLCK, 0, 1);
}

/* R asks for B: through M and its threads to H, which waits for nobody. */
static void search_waits(void)
{
	prepare_search();
	a_lock_send(&w, C, F_SETLKW, F_WRLCK, 0, 1);
	agent_settle(&w);
	a_lock_send(&r, B, F_SETLKW, F_WRLCK, 0, 1);
	t_check(agent_settle(&r), "search-no-deadlock", "%s", strerror(-r.last.ret));
	must(&m, B, F_SETLK, F_UNLCK, 0, 0);
	t_check(agent_wait(&r, "B") == 0, "search-then-granted", "%s", strerror(-r.last.ret));
	check_section("search-section");
}

/* The same, and H waits for R: that is a deadlock, at the end of all of them. */
static void search_finds(void)
{
	prepare_search();
	a_lock_send(&h, C, F_SETLKW, F_WRLCK, 0, 1);
	agent_settle(&h);
	a_lock_send(&r, B, F_SETLKW, F_WRLCK, 0, 1);
	t_check(!agent_settle(&r) && r.last.ret == -EDEADLK, "search-deadlock", "not refused");
	agent_interrupt(&h, SIGUSR1);
	agent_wait(&h, "EINTR");
	check_section("search-deadlock-section");
}

static void refused(void)
{
	const struct flock *fl = &r.last.fl;

	restart();
	hold_many(&h, A, F_OFD_SETLK, F_WRLCK, 1, RECORDS);
	t_check(a_lock(&r, A, F_OFD_SETLK, F_WRLCK, 0, 0) == -EAGAIN, "refused-ofd", "%d",
		r.last.ret);
	t_check(a_lock(&r, A, F_SETLK, F_RDLCK, 0, 0) == -EAGAIN, "refused-posix", "%d",
		r.last.ret);
	a_lock(&r, A, F_GETLK, F_WRLCK, 0, 0);
	t_check(fl->l_type == F_WRLCK && fl->l_len == 1 && fl->l_start % 2 && fl->l_pid == -1,
		"refused-getlk", "type %d %lld+%lld", fl->l_type, (long long)fl->l_start,
		(long long)fl->l_len);
	must(&r, A, F_SETLK, F_WRLCK, 2 * RECORDS / 2, 1);
	check_section("refused-section");
}

/* Two owners by turns; one lets all go, and no byte of the other's. */
static void unlock(void)
{
	restart();
	hold_many(&h, A, F_OFD_SETLK, F_WRLCK, 0, RECORDS);
	hold_many(&m, A, F_OFD_SETLK, F_WRLCK, 1, RECORDS);
	must(&h, A, F_OFD_SETLK, F_UNLCK, 0, 0);
	t_check(hf_lines("held", "OFDLCK") == RECORDS, "unlock-own-only", "%d are held",
		hf_lines("held", "OFDLCK"));
	hold_many(&h, A, F_OFD_SETLK, F_RDLCK, 0, RECORDS);
	must(&m, A, F_OFD_SETLK, F_UNLCK, 0, 0);
	must(&h, A, F_OFD_SETLK, F_WRLCK, 0, 0);
	t_check(hf_lines("held", "OFDLCK") == 1, "replace-own", "%d are held",
		hf_lines("held", "OFDLCK"));
	must(&h, A, F_OFD_SETLK, F_UNLCK, 0, 0);
	check_section("unlock-section");
}

/* Somebody waits for all of it: it is granted once all is gone. */
static void contended_unlock(void)
{
	restart();
	hold_many(&h, A, F_OFD_SETLK, F_WRLCK, 0, RECORDS);
	a_lock_send(&w, A, F_SETLKW, F_WRLCK, 0, 0);
	agent_settle(&w);
	must(&h, A, F_OFD_SETLK, F_UNLCK, 0, 0);
	t_check(agent_wait(&w, "all of A") == 0 && hf_lines("held", "") == 1, "unlock-contended",
		"%d, %d are held", w.last.ret, hf_lines("held", ""));
	check_section("unlock-contended-section");
}

/* The holder dies: that is the last close, in the same portions. */
static void death(void)
{
	restart();
	hold_many(&h, A, F_SETLK, F_WRLCK, 0, RECORDS);
	a_lock_send(&w, A, F_SETLKW, F_WRLCK, 0, 0);
	agent_settle(&w);
	agent_kill(&h);
	t_check(agent_wait(&w, "all of A") == 0 && hf_lines("held", "") == 1, "death-contended",
		"%d, %d are held", w.last.ret, hf_lines("held", ""));
	check_section("death-section");
}

/* Many wait for ranges of their own, which overlap; all are let in. */
static void waiters(void)
{
	restart();
	hold_many(&h, A, F_OFD_SETLK, F_WRLCK, 0, WAITERS);
	start_waiters(&m, A, F_OFD_SETLKW, WAITERS, "OFDLCK");
	must(&h, A, F_OFD_SETLK, F_UNLCK, 0, 0);
	t_check(wait_counter(WAITERS), "waiters-all-in", "%ld of %d", shared->counter, WAITERS);
	t_check(hf_lines("", "") == 0, "waiters-leave-nothing", "%d lines", hf_lines("", ""));
	check_section("waiters-section");
}

int main(int argc, char **argv)
{
	struct rlimit most = { 4096, 4096 };

	if (argc != 2)
		t_die("usage: bounds DIR");
	dir = argv[1];
	if (setrlimit(RLIMIT_NOFILE, &most))
		t_die("RLIMIT_NOFILE: %m");
	agents_init();
	search_waits();
	search_finds();
	refused();
	unlock();
	contended_unlock();
	death();
	waiters();
	for (int i = 0; i < 4; i++)
		agent_stop(agents[i]);
	t_check(hf_lines("", "") == 0, "bounds-leave-nothing", "%d lines", hf_lines("", ""));
	return t_done();
}
