// SPDX-License-Identifier: GPL-2.0-only
/*
 * create-race LOWERDIR MOUNT ROUNDS: open(O_CREAT) through the mount while the
 * same name is made directly below. Neither may be told that it exists; with
 * O_EXCL one of them has to be. Nor may it be a way around permissions: what is
 * made below has mode 0, and a user opens it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
	atomic_int turn, done;
	atomic_int made;	/* by the one below, who asked for exclusion */
};

static struct shared *shared;
static char above[4096], below[4096];

static void make_below(int rounds, mode_t mode)
{
	for (int i = 1; i <= rounds; i++) {
		while (atomic_load(&shared->turn) < i)
			;
		int fd = open(below, O_RDWR | O_CREAT | O_EXCL, mode);

		atomic_store(&shared->made, fd >= 0);
		if (fd >= 0)
			close(fd);
		atomic_store(&shared->done, i);
	}
	_exit(0);
}

/* How many answers were wrong; the first of them goes to *@wrong. */
static int race(int rounds, int flags, mode_t mode, int *wrong)
{
	int failures = 0, both = 0;
	pid_t child;

	atomic_store(&shared->turn, 0);
	atomic_store(&shared->done, 0);
	child = fork();
	if (!child)
		make_below(rounds, mode);
	if (!mode && seteuid(1000))
		exit(2);
	for (int i = 1; i <= rounds; i++) {
		unlink(below);
		access(above, F_OK);	/* it is known above that there is none */
		atomic_store(&shared->turn, i);
		for (volatile int spin = i % 400; spin > 0; spin--)
			;
		int fd = open(above, O_RDWR | O_CREAT | flags, 0600), error = errno, made;

		if (fd >= 0)
			close(fd);
		while (atomic_load(&shared->done) < i)
			sched_yield();
		made = atomic_load(&shared->made);
		both += made && fd < 0;
		if (flags & O_EXCL || !mode ? made == (fd >= 0) : fd < 0) {
			*wrong = fd < 0 ? error : 0;
			failures++;
		} else if (fd < 0 && error != (flags & O_EXCL ? EEXIST : EACCES)) {
			*wrong = error;
			failures++;
		}
	}
	if (seteuid(0))
		exit(2);
	waitpid(child, NULL, 0);
	unlink(below);
	printf("# %d rounds, flags %#o: below first in %d\n", rounds, flags, both);
	return failures;
}

static void report(const char *name, int failures, int error)
{
	if (failures)
		printf("not ok %s: %d wrong answers, %s\n", name, failures,
		       error ? strerror(error) : "an open that succeeded");
	else
		printf("ok %s\n", name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int rounds, error = 0;

	if (argc != 4)
		return 2;
	rounds = atoi(argv[3]);
	snprintf(below, sizeof(below), "%s/race", argv[1]);
	snprintf(above, sizeof(above), "%s/race", argv[2]);
	chmod(argv[1], 0777);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	report("create-race", race(rounds, 0, 0600, &error), error);
	report("create-race-exclusive", race(rounds, O_EXCL, 0600, &error), error);
	report("create-race-permission", race(rounds, 0, 0, &error), error);
	return 0;
}
