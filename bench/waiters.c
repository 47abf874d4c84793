// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiters [-b BENCH] [-n WAITERS] [-r ROUNDS] [-s SETTLE_MS] [-t LIMIT_S]
 *	SIDE HOLD CLIENT...
 *
 * A process holds a lock in HOLD, others wait for it, shared out over the
 * CLIENT directories, and the holder is killed.  Each waiter gives the lock on
 * as soon as it has it.  Measured: for each, the time from the kill to its
 * grant.  Case "K" of the output, which is BENCH's ("waiters"), is the K-th to
 * get it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MOST 64

static const char *bench = "waiters";
static unsigned int waiters = 16, rounds = 3;
static long settle_ms = 3000, limit_ms = 30000;

static void hold(const char *directory, const char *name, int out)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open_at(directory, name, O_RDWR | O_CREAT);
	must_lock(fd, F_SETLK, F_WRLCK, 0, 0);
	if (write(out, "h", 1) != 1)
		die("pipe");
	for (;;)
		pause();
}

static void wait_for_lock(const char *directory, const char *name, int out)
{
	uint64_t granted;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open_at(directory, name, O_RDWR);
	must_lock(fd, F_SETLKW, F_WRLCK, 0, 0);
	granted = now_ns();
	must_lock(fd, F_SETLK, F_UNLCK, 0, 0);
	if (write(out, &granted, sizeof(granted)) != sizeof(granted))
		die("pipe");
	_exit(0);
}

static int readable(int fd, long ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, ms) > 0;
}

static pid_t spawn(void (*body)(const char *, const char *, int),
		   const char *directory, const char *name, int out)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		body(directory, name, out);
	return child;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Reads grants until all have it or the time is over; returns how many. */
static unsigned int collect(int in, uint64_t killed, uint64_t *granted)
{
	unsigned int count = 0;
	long left = limit_ms;

	while (count < waiters && left > 0 && readable(in, left)) {
		if (read(in, &granted[count], sizeof(*granted)) !=
		    sizeof(*granted))
			die("pipe");
		count++;
		left = limit_ms - (long)((now_ns() - killed) / 1000000);
	}
	qsort(granted, count, sizeof(*granted), compare);
	return count;
}

/* Returns how many got it; their times since the kill are in @granted. */
static unsigned int run(const char *side, unsigned int round, char **clients,
			int nr_clients, const char *directory,
			uint64_t *granted)
{
	unsigned int i, count;
	pid_t holder, waiter[MOST];
	uint64_t killed;
	int pipes[2];
	char name[64], held;

	snprintf(name, sizeof(name), "%s.%s.%u", bench, side, round);
	if (pipe(pipes))
		die("pipe");
	holder = spawn(hold, directory, name, pipes[1]);
	if (!readable(pipes[0], 10000) || read(pipes[0], &held, 1) != 1)
		die("the holder did not get the lock");
	for (i = 0; i < waiters; i++)
		waiter[i] = spawn(wait_for_lock, clients[i % nr_clients], name,
				  pipes[1]);
	/* nothing tells from outside that requests are queued at a server */
	pause_ms(settle_ms);
	if (readable(pipes[0], 0))
		die("granted while the lock was held");

	killed = now_ns();
	kill(holder, SIGKILL);
	count = collect(pipes[0], killed, granted);
	for (i = 0; i < count; i++)
		granted[i] -= killed;
	for (i = 0; i < waiters; i++)
		kill(waiter[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	close(pipes[0]);
	close(pipes[1]);
	return count;
}

static void measure(enum side side, const char *directory, char **clients,
		    int nr_clients)
{
	static struct samples samples[MOST];
	unsigned int round, i, count, least = waiters;
	uint64_t granted[MOST];
	char name[32], more[64];

	for (round = 0; round < rounds; round++) {
		count = run(side_names[side], round, clients, nr_clients,
			    directory, granted);
		for (i = 0; i < count; i++)
			add_sample(&samples[i], granted[i]);
		if (count < least)
			least = count;
		fprintf(stderr, "  %s: %u of %u have had it%s%.0f ms\n",
			side_names[side], count, waiters,
			count ? ", the last after " : " within ",
			count ? granted[count - 1] / 1e6 : (double)limit_ms);
	}
	snprintf(more, sizeof(more), ", \"limit_ns\": %ld000000", limit_ms);
	for (i = 0; i < waiters; i++) {
		snprintf(name, sizeof(name), "%u", i + 1);
		if (i < least)
			print_samples(bench, name, side, "ns", &samples[i],
				      more);
		else
			print_failure(bench, name, side_names[side],
				      "not all had it within %ld s",
				      limit_ms / 1000);
	}
}

int main(int argc, char **argv)
{
	enum side side;
	int option;

	while ((option = getopt(argc, argv, "b:n:r:s:t:")) != -1)
		switch (option) {
		case 'b':
			bench = optarg;
			break;
		case 'n':
			waiters = number(optarg);
			break;
		case 'r':
			rounds = number(optarg);
			break;
		case 's':
			settle_ms = number(optarg);
			break;
		case 't':
			limit_ms = 1000 * number(optarg);
			break;
		default:
			return 2;
		}
	if (argc - optind < 3 || !waiters || waiters > MOST)
		die("usage: waiters [options] holdfast|peer HOLD CLIENT...");
	side = strcmp(argv[optind], side_names[OURS]) ? PEER : OURS;
	measure(side, argv[optind + 1], argv + optind + 2, argc - optind - 2);
	return 0;
}
