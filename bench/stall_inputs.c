// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes the lock table, or that of leases, work; all of it is in the power
 * of one user.  Each input is a process of its own, and its children.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stall.h"

#define RECORDS 100000
#define SEARCHED 20000			/* records that each waiter conflicts with */
#define SEARCHERS 100
#define WAITERS 10000
#define LEASES 5000
#define ASK_MS 200

static int a_fd, held_fd;

static void wait_in_a(void) { want_first_byte("a"); _exit(0); }

static void on_alarm(int sig)
{
	(void)sig;
}

/* A request that waits, and is given up. */
static void ask(const char *name)
{
	struct itimerval timer = { .it_value = { .tv_usec = ASK_MS * 1000 } };
	int fd = open_at(directory, name, O_RDWR);

	setitimer(ITIMER_REAL, &timer, NULL);
	if (!lock_range(fd, F_SETLKW, F_WRLCK, 0, 0) || errno != EINTR)
		die("%s: not interrupted", name);
	close(fd);
}

static void ask_b(void) { ask("b"); }
static void ask_a(void) { ask("a"); }
static void wait_in_c(void) { want_first_byte("c"); }

/* Who holds nothing that is wanted can be in no deadlock, and is not searched for. */
static void hold_something_wanted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	pid_t child;

	sigaction(SIGALRM, &action, NULL);
	held_fd = open_at(directory, "c", O_RDWR);
	must_lock(held_fd, F_SETLK, F_WRLCK, 0, 1);
	child = start(wait_in_c);
	until_waits(child, child);
}

static void open_a(void) { a_fd = open_at(directory, "a", O_RDWR); }

static void hold_in_a(unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		must_lock(a_fd, F_OFD_SETLK, F_WRLCK, 2 * i, 1);
}

/* Threads that wait for an open file each, and once they had it again. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t again;
	unsigned int round, done;
	int own_files, posix;
	pid_t threads[WAITERS];
} crowd = { .lock = PTHREAD_MUTEX_INITIALIZER, .again = PTHREAD_COND_INITIALIZER };

static void next_round(unsigned int *round)
{
	pthread_mutex_lock(&crowd.lock);
	crowd.done++;
	while (crowd.round == *round)
		pthread_cond_wait(&crowd.again, &crowd.lock);
	*round = crowd.round;
	pthread_mutex_unlock(&crowd.lock);
}

static void *want(void *arg)
{
	unsigned long i = (unsigned long)arg;
	off_t start = crowd.own_files || crowd.posix ? 0 : 2 * i;
	off_t length = crowd.own_files ? 1 : crowd.posix ? 0 : 1 + i % 50;
	int cmd = crowd.posix ? F_SETLKW : F_OFD_SETLKW;
	unsigned int round = 0;
	char name[32] = "a";
	sigset_t alarms;
	int fd;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	if (crowd.own_files)
		snprintf(name, sizeof(name), "many.%lu", i);
	fd = open_at(directory, name, O_RDWR);
	for (;;) {
		__atomic_store_n(&crowd.threads[i], gettid(), __ATOMIC_SEQ_CST);
		must_lock(fd, cmd, F_WRLCK, start, length);
		must_lock(fd, cmd, F_UNLCK, start, length);
		next_round(&round);
	}
	return NULL;
}

static void until_all_wait(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		while (!__atomic_load_n(&crowd.threads[i], __ATOMIC_SEQ_CST))
			pause_ms(1);
		until_waits(getpid(), crowd.threads[i]);
	}
}

static void start_crowd(unsigned int count)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned long i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32768);
	for (i = 0; i < count; i++)
		if ((errno = pthread_create(&thread, &attr, want, (void *)i)))
			die("pthread_create");
	until_all_wait(count);
}

static int ready[2];

/* M holds b, and many threads of it wait for all of a. */
static void searchers(void)
{
	crowd.posix = 1;
	must_lock(open_at(directory, "b", O_RDWR), F_SETLK, F_WRLCK, 0, 1);
	start_crowd(SEARCHERS);
	if (write(ready[1], "r", 1) != 1)
		die("pipe");
}

static void prepare_search(void)
{
	char byte;

	open_a();
	hold_in_a(SEARCHED);
	if (pipe(ready))
		die("pipe");
	start(searchers);
	if (read(ready[0], &byte, 1) != 1)
		die("the waiters do not wait");
	hold_something_wanted();
}

static void prepare_refused(void)
{
	open_a();
	hold_in_a(RECORDS);
	held_fd = open_at(directory, "a", O_RDWR);
}

static void be_refused(void)
{
	struct flock request;
	int i;

	for (i = 0; i < 10; i++) {
		request = (struct flock) { .l_type = F_WRLCK };
		if (!lock_range(held_fd, F_OFD_SETLK, F_WRLCK, 0, 0))
			die("not refused");
		if (fcntl(held_fd, F_OFD_GETLK, &request))
			die("F_OFD_GETLK");
	}
}

static void arm_unlock(void) { hold_in_a(RECORDS); }

static void arm_contended_unlock(void)
{
	pid_t child;

	hold_in_a(RECORDS);
	child = start(wait_in_a);
	until_waits(child, child);
}

static void unlock_a(void) { must_lock(a_fd, F_OFD_SETLK, F_UNLCK, 0, 0); }

static void unlock_and_bury(void)
{
	unlock_a();
	wait(NULL);
}

static void prepare_waiters(void)
{
	open_a();
	hold_in_a(WAITERS);
	start_crowd(WAITERS);
	hold_something_wanted();
}

static void arm_release(void)
{
	static int started;

	hold_in_a(WAITERS);
	if (!started++) {
		start_crowd(WAITERS);
		return;
	}
	pthread_mutex_lock(&crowd.lock);
	memset(crowd.threads, 0, sizeof(crowd.threads));
	crowd.done = 0;
	crowd.round++;
	pthread_cond_broadcast(&crowd.again);
	pthread_mutex_unlock(&crowd.lock);
	until_all_wait(WAITERS);
}

static void release_all(void)
{
	unsigned int done = 0;

	unlock_a();
	while (done < WAITERS) {
		pause_ms(1);
		pthread_mutex_lock(&crowd.lock);
		done = crowd.done;
		pthread_mutex_unlock(&crowd.lock);
	}
}

static void prepare_many(void)
{
	unsigned int i;
	char name[32];

	for (i = 0; i < WAITERS; i++) {
		snprintf(name, sizeof(name), "many.%u", i);
		must_lock(open_at(directory, name, O_RDWR | O_CREAT), F_OFD_SETLK, F_WRLCK, 0, 1);
	}
	crowd.own_files = 1;
	start_crowd(WAITERS);
}

/*
 * The first of two readers of a asks for b of the second, who waits in a behind a
 * writer: the second is let past that writer, by a look at all contended files.
 */
static void reader_with_b(void)
{
	int b = open_at(directory, "b", O_RDWR), a = open_at(directory, "a", O_RDWR);

	must_lock(b, F_SETLK, F_WRLCK, 0, 1);
	/* until a newcomer may not pass the writer any more */
	pause_ms(150);
	must_lock(a, F_SETLKW, F_RDLCK, 0, 1);
	must_lock(b, F_SETLK, F_UNLCK, 0, 1);
}

static void yield_elsewhere(void)
{
	int a = open_at(directory, "a", O_RDWR), b = open_at(directory, "b", O_RDWR);
	pid_t writer, reader;

	must_lock(a, F_SETLK, F_RDLCK, 0, 1);
	writer = start(wait_in_a);
	until_waits(writer, writer);
	reader = start(reader_with_b);
	until_waits(reader, reader);
	must_lock(b, F_SETLKW, F_WRLCK, 0, 1);
	kill(writer, SIGKILL);
	kill(reader, SIGKILL);
	waitpid(writer, NULL, 0);
	waitpid(reader, NULL, 0);
	close(a);
	close(b);
}

static void prepare_leases(void)
{
	unsigned int i;

	for (i = 0; i < LEASES; i++)
		if (fcntl(open_at(directory, "d", O_RDONLY), F_SETLEASE, F_RDLCK))
			die("lease %u", i);
}

static void read_leases(void)
{
	static char text[65536];
	int i;

	for (i = 0; i < 3; i++) {
		int fd = open("/proc/fs/holdfast/leases", O_RDONLY);

		while (read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
}

const struct input inputs[] = {
	{ "search", { "a", "b" }, prepare_search, do_nothing, ask_b, LEASE },
	{ "refused", { "a", "a" }, prepare_refused, do_nothing, be_refused, LEASE },
	{ "unlock", { "a", "a" }, open_a, arm_unlock, unlock_a, LEASE },
	{ "contended unlock", { "a", "a" }, open_a, arm_contended_unlock, unlock_and_bury, LEASE },
	{ "waiters", { "a", "a" }, prepare_waiters, do_nothing, ask_a, LEASE },
	{ "release", { "a", "a" }, open_a, arm_release, release_all, LEASE },
	{ "files", { "a", "b" }, prepare_many, do_nothing, yield_elsewhere, LEASE },
	{ "leases", { "d", "d" }, prepare_leases, do_nothing, read_leases, CALLS },
};
const size_t nr_inputs = sizeof(inputs) / sizeof(inputs[0]);
