// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale DIR LOCKS WAITERS: so many locks on one file, read in /proc while they
 * are held; then so many waiters on one range, half of which give up, the
 * others each getting it once.
 */
#include "agent.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *dir;
static int nr_waiters;
static unsigned int granted, interrupted, other, inside, violations, ready;

static int set(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &fl) ? -errno : 0;
}

static int open_file(const char *name)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT, 0666);
	if (fd < 0)
		t_die("%s: %m", path);
	return fd;
}

static void many_locks(int count)
{
	int fd = open_file("many"), other_fd = open_file("many"), failed = 0;
	uint64_t begin = now_ns();
	int lines;

	for (int i = 0; i < count; i++)
		failed += set(fd, F_OFD_SETLK, F_WRLCK, 2ll * i, 1) != 0;
	t_note("%d locks: %.1f us each", count, (now_ns() - begin) / 1e3 / count);
	t_check(!failed, "locks-set", "%d failed", failed);
	begin = now_ns();
	lines = hf_lines("OFDLCK", " held ");
	t_note("reading them: %.1f s", (now_ns() - begin) / 1e9);
	t_check(lines == count, "locks-shown", "%d lines", lines);
	for (int i = 0; i < 100; i++) {
		failed += set(other_fd, F_OFD_SETLK, F_WRLCK, 2ll * i * (count / 100), 1)
			  != -EAGAIN;
		failed += set(other_fd, F_OFD_SETLK, F_WRLCK, 2ll * i * (count / 100) + 1, 1);
	}
	t_check(!failed, "locks-exclude", "%d wrong answers", failed);
	t_check(!set(other_fd, F_OFD_SETLK, F_UNLCK, 0, 0), "other-unlocks", "no");
	begin = now_ns();
	for (int i = 0; i < count; i += 2)
		failed += set(fd, F_OFD_SETLK, F_UNLCK, 2ll * i, 1) != 0;
	failed += set(fd, F_OFD_SETLK, F_UNLCK, 0, 0) != 0;
	t_note("half of them one by one, the rest at once: %.1f s",
	       (now_ns() - begin) / 1e9);
	t_check(!failed && hf_lines("", "") == 0, "locks-unset", "%d failed", failed);
	close(fd);
	close(other_fd);
}

static void *wait_turn(void *arg)
{
	int fd = *(int *)arg, ret;

	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	ret = set(fd, F_OFD_SETLKW, F_WRLCK, 0, 10);
	if (ret == 0) {
		if (__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) != 1)
			__atomic_add_fetch(&violations, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&granted, 1, __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		set(fd, F_OFD_SETLK, F_UNLCK, 0, 10);
	} else if (ret == -EINTR) {
		__atomic_add_fetch(&interrupted, 1, __ATOMIC_SEQ_CST);
	} else {
		__atomic_add_fetch(&other, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void many_waiters(int count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));
	int *files = calloc(count, sizeof(*files)), holder = open_file("waited");
	pthread_attr_t attr;
	uint64_t begin = now_ns();

	nr_waiters = count;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 * 1024);
	set(holder, F_OFD_SETLK, F_WRLCK, 0, 10);
	for (int i = 0; i < count; i++) {
		files[i] = open_file("waited");
		if (pthread_create(&threads[i], &attr, wait_turn, &files[i]))
			t_die("thread %d: %m", i);
	}
	t_check(hf_wait_lines(" waiting ", "OFDLCK", count), "waiters-queued",
		"%d", hf_lines(" waiting ", "OFDLCK"));
	t_note("%d waiters queued in %.1f s", count, (now_ns() - begin) / 1e9);
	begin = now_ns();
	for (int i = 0; i < count; i += 2)
		pthread_kill(threads[i], SIGUSR1);
	t_check(hf_wait_lines(" waiting ", "OFDLCK", count - (count + 1) / 2),
		"waiters-give-up", "%d are left", hf_lines(" waiting ", "OFDLCK"));
	t_note("half of them gave up in %.1f s", (now_ns() - begin) / 1e9);
	begin = now_ns();
	set(holder, F_OFD_SETLK, F_UNLCK, 0, 10);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	t_note("the others had their turns in %.1f s", (now_ns() - begin) / 1e9);
	t_check(granted == (unsigned int)count / 2 && !violations && !other &&
		granted + interrupted == (unsigned int)count, "waiters-turns",
		"%u granted, %u interrupted, %u other, %u violations", granted,
		interrupted, other, violations);
	for (int i = 0; i < count; i++)
		close(files[i]);
	close(holder);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 17, 1 << 17 };

	if (argc != 4)
		t_die("usage: scale DIR LOCKS WAITERS");
	dir = argv[1];
	agents_init();
	if (setrlimit(RLIMIT_NOFILE, &files))
		t_die("setrlimit: %m");
	many_locks(atoi(argv[2]));
	many_waiters(atoi(argv[3]));
	return t_done();
}
