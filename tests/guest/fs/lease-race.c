// SPDX-License-Identifier: GPL-2.0-only
/*
 * lease-race DIR PREFIX ROUNDS: answers that depend on what other threads do at
 * the same time, and may not.
 *
 * PREFIX-own-first-use: a write lease is granted to who is alone, also while
 *	another thread reads by the same descriptor for the first time.
 * PREFIX-never-granted: a lease that somebody's mapping or descriptor always
 *	stands against is never granted, nor does an open ever meet it.
 * PREFIX-exec-or-write: of a program's start and an open for writing at the same
 *	time one gets on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *prefix;
static char path[4096];
static int rounds;

static atomic_int turn, done, over;
static int fd;

static void report(const char *name, int wrong, const char *what)
{
	if (wrong)
		printf("not ok %s-%s: %d times %s\n", prefix, name, wrong, what);
	else
		printf("ok %s-%s\n", prefix, name);
	fflush(stdout);
}

static int must(int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void fresh(mode_t mode)
{
	int new;

	unlink(path);
	new = must(open(path, O_RDWR | O_CREAT | O_EXCL, mode), "create");
	must(ftruncate(new, 4096), "ftruncate");
	must(fchmod(new, mode), "fchmod");
	must(close(new), "close");
}

/* All threads of a round, from as nearly the same moment as can be. */
static int next_turn(int i)
{
	while (atomic_load(&turn) < i)
		if (atomic_load(&over))
			return 0;
	return 1;
}

static void *reads(void *unused)
{
	char byte;

	for (int i = 1; next_turn(i); i++) {
		if (i % 2) {
			if (pread(fd, &byte, 1, 0) != 1)
				exit(2);
		} else {
			void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

			if (at == MAP_FAILED || munmap(at, 4096))
				exit(2);
		}
		atomic_store(&done, i);
	}
	return unused;
}

static void begin(pthread_t *thread, void *(*work)(void *))
{
	atomic_store(&turn, 0);
	atomic_store(&done, 0);
	atomic_store(&over, 0);
	must(-pthread_create(thread, NULL, work, NULL), "pthread_create");
}

static void end(pthread_t thread)
{
	atomic_store(&over, 1);
	pthread_join(thread, NULL);
}

static void own_first_use(void)
{
	pthread_t thread;
	int refused = 0;

	fresh(0600);
	begin(&thread, reads);
	for (int i = 1; i <= rounds; i++) {
		fd = must(open(path, O_RDONLY), "open");
		atomic_store(&turn, i);
		for (volatile int spin = i % 300; spin > 0; spin--)
			;
		if (fcntl(fd, F_SETLEASE, F_WRLCK))
			refused++;
		while (atomic_load(&done) < i)
			;
		close(fd);
	}
	end(thread);
	report("own-first-use", refused, "refused beside nobody");
}

/* By turns of a descriptor and a mapping, one of which there always is. */
static void *always_writes(void *unused)
{
	void *at = MAP_FAILED;

	while (!atomic_load(&over)) {
		int mine = must(open(path, O_RDWR), "open of a writer");

		if (at != MAP_FAILED)
			munmap(at, 4096);
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mine,
			  0);
		if (at == MAP_FAILED)
			exit(2);
		close(mine);
		atomic_store(&done, 1);
	}
	munmap(at, 4096);
	return unused;
}

static void *opens(void *met)
{
	while (!atomic_load(&over)) {
		int other = open(path, O_WRONLY | O_NONBLOCK);

		if (other >= 0)
			close(other);
		else
			++*(int *)met;
	}
	return NULL;
}

static void never_granted(void)
{
	pthread_t writer, other;
	int granted = 0, met = 0;

	fresh(0600);
	fd = must(open(path, O_RDONLY), "open");
	begin(&writer, always_writes);
	while (!atomic_load(&done))
		;
	must(-pthread_create(&other, NULL, opens, &met), "pthread_create");
	for (int i = 0; i < rounds * 50; i++) {
		if (fcntl(fd, F_SETLEASE, F_RDLCK))
			continue;
		granted++;
		fcntl(fd, F_SETLEASE, F_UNLCK);
	}
	end(writer);
	pthread_join(other, NULL);
	close(fd);
	report("never-granted", granted + met,
	       "granted beside a writer, or met by an open");
}

static void exec_or_write(void)
{
	struct { atomic_int turn, done; int busy; } *shared;
	char *argv[] = { path, NULL };
	int neither = 0, starts = 0, writes = 0;
	pid_t child;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fresh(0700);
	fd = must(open(path, O_WRONLY), "open");
	/* Of no format that there is: whoever starts it gets that far. */
	must(write(fd, "nonsense\n", 9), "write");
	must(close(fd), "close");
	child = fork();
	for (int i = 1; !child && i <= rounds; i++) {
		while (atomic_load(&shared->turn) < i)
			;
		execv(path, argv);
		shared->busy = errno == ETXTBSY ? 1 : errno == ENOEXEC ? 0 : -1;
		atomic_store(&shared->done, i);
	}
	if (!child)
		_exit(0);
	for (int i = 1; i <= rounds; i++) {
		int wrote;

		atomic_store(&shared->turn, i);
		for (volatile int spin = i % 700; spin > 0; spin--)
			;
		wrote = open(path, O_WRONLY);
		while (atomic_load(&shared->done) < i)
			;
		neither += shared->busy && wrote < 0;
		starts += !shared->busy;
		writes += wrote >= 0;
		if (wrote >= 0)
			close(wrote);
	}
	waitpid(child, NULL, 0);
	printf("# %s: %d starts, %d opens for writing of %d\n", prefix, starts,
	       writes, rounds);
	report("exec-or-write", neither, "neither got on");
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	prefix = argv[2];
	rounds = atoi(argv[3]);
	snprintf(path, sizeof(path), "%s/lease-race", argv[1]);
	own_first_use();
	never_granted();
	exec_or_write();
	unlink(path);
	return 0;
}
