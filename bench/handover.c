// SPDX-License-Identifier: GPL-2.0-only
/*
 * handover [-p] [-n SAMPLES] [-s SETTLE_MS] [-t LIMIT_S] CASE:SIDE:HOLD:WAIT...
 *
 * The time from a holder's unlock to the return of F_SETLKW of one that waits
 * for it, on a file that the holder reaches in the directory HOLD and the
 * waiter in WAIT.  Several subjects take turns.  With -p all samples of all
 * subjects are taken at once, each on a file of its own: for waiters that do
 * nothing but sleep 30 s between two polls.
 *
 * A process of SCHED_IDLE keeps each CPU awake meanwhile.  What a virtual CPU takes
 * to come back from sleep is its host's affair, a millisecond and more where the
 * host's own CPUs sleep, and a hand-over over a network wakes several.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SUBJECTS 16

struct subject {
	const char *name, *hold, *wait;
	enum side side;
	struct samples samples;
	char failure[96];		/* the last one; or empty */
	unsigned int failed;
};

/* What one sample came to, sent through a pipe in one write. */
struct result {
	unsigned int subject;
	uint64_t ns;
	char failure[96];
};

static unsigned int samples_wanted = 10;
static long settle_ms = 500, limit_ms = 45000;

static struct subject subjects[SUBJECTS];
static unsigned int nr_subjects;

static void parse(char *text)
{
	struct subject *subject = &subjects[nr_subjects];
	char *side;

	if (nr_subjects == SUBJECTS)
		die("more than %d subjects", SUBJECTS);
	subject->name = strsep(&text, ":");
	side = strsep(&text, ":");
	subject->hold = strsep(&text, ":");
	subject->wait = strsep(&text, ":");
	if (!subject->wait || text)
		die("a subject is CASE:SIDE:HOLD:WAIT");
	if (!strcmp(side, side_names[OURS]))
		subject->side = OURS;
	else if (!strcmp(side, side_names[PEER]))
		subject->side = PEER;
	else
		die("no such side: %s", side);
	nr_subjects++;
}

/* The one that waits: says "g" before, and the time after. */
static void waiter(const char *directory, const char *name, int out)
{
	uint64_t granted;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open_at(directory, name, O_RDWR);
	if (write(out, "g", 1) != 1)
		die("pipe");
	must_lock(fd, F_SETLKW, F_WRLCK, 0, 0);
	granted = now_ns();
	if (write(out, &granted, sizeof(granted)) != sizeof(granted))
		die("pipe");
	must_lock(fd, F_SETLK, F_UNLCK, 0, 0);
	_exit(0);
}

/* 1 when there is something to read, 0 after @ms without. */
static int readable(int fd, long ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, ms) > 0;
}

static const char *measure(int held, int in, uint64_t *ns)
{
	uint64_t released, granted;
	char go;

	if (!readable(in, 30000) || read(in, &go, 1) != 1)
		return "the waiter could not open the file";
	/* nothing tells from outside that a request is queued at the server */
	pause_ms(settle_ms);
	if (readable(in, 0))
		return "granted, or failed, while the lock was held";
	released = now_ns();
	must_lock(held, F_SETLK, F_UNLCK, 0, 0);
	if (!readable(in, limit_ms))
		return "not granted within the limit";
	if (read(in, &granted, sizeof(granted)) != sizeof(granted))
		return "the waiter failed";
	*ns = granted - released;
	return NULL;
}

/* Runs in a process of its own, which holds the lock. */
static void sample(unsigned int index, unsigned int number, int out)
{
	const struct subject *subject = &subjects[index];
	struct result result = { .subject = index };
	const char *failure;
	int held, pipes[2];
	char name[64];
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "handover.%s.%u", subject->name, number);
	held = open_at(subject->hold, name, O_RDWR | O_CREAT);
	must_lock(held, F_SETLK, F_WRLCK, 0, 0);
	if (pipe(pipes))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		close(pipes[0]);
		waiter(subject->wait, name, pipes[1]);
	}
	close(pipes[1]);
	failure = measure(held, pipes[0], &result.ns);
	if (failure) {
		snprintf(result.failure, sizeof(result.failure), "%s", failure);
		kill(child, SIGKILL);
	}
	if (write(out, &result, sizeof(result)) != sizeof(result))
		die("pipe");
	waitpid(child, NULL, 0);
	_exit(0);
}

static void start(unsigned int index, unsigned int number, int out)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		sample(index, number, out);
}

static void collect(int in)
{
	struct result result;
	struct subject *subject;

	if (!readable(in, limit_ms + settle_ms + 60000) ||
	    read(in, &result, sizeof(result)) != sizeof(result))
		die("a measurement did not end");
	subject = &subjects[result.subject];
	if (!result.failure[0]) {
		add_sample(&subject->samples, result.ns);
		fprintf(stderr, "  %s, %s: %.1f ms\n", subject->name,
			side_names[subject->side], result.ns / 1e6);
		return;
	}
	memcpy(subject->failure, result.failure, sizeof(result.failure));
	subject->failed++;
	fprintf(stderr, "  %s, %s: %s\n", subject->name,
		side_names[subject->side], result.failure);
}

static void keep_awake(int cpu)
{
	const struct sched_param none = { 0 };
	volatile unsigned long turns = 0;
	cpu_set_t here;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	if (sched_setaffinity(0, sizeof(here), &here) ||
	    sched_setscheduler(0, SCHED_IDLE, &none))
		die("cannot keep CPU %d awake", cpu);
	for (;;)
		turns++;
}

static void keep_all_awake(void)
{
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			keep_awake(cpu);
		}
}

static void run(int parallel)
{
	unsigned int round, i;
	int pipes[2];

	if (pipe(pipes))
		die("pipe");
	for (round = 0; round < samples_wanted; round++)
		for (i = 0; i < nr_subjects; i++) {
			start(round % 2 ? nr_subjects - 1 - i : i, round,
			      pipes[1]);
			if (!parallel) {
				collect(pipes[0]);
				wait(NULL);
			}
		}
	for (i = 0; parallel && i < samples_wanted * nr_subjects; i++)
		collect(pipes[0]);
}

static void report(const struct subject *subject, int parallel)
{
	char more[64];

	/* a hand-over that went wrong once is not a matter of medians */
	if (subject->failed) {
		print_failure("handover", subject->name,
			      side_names[subject->side], "%u of %u: %s",
			      subject->failed, samples_wanted,
			      subject->failure);
		return;
	}
	snprintf(more, sizeof(more), ", \"at_once\": %s",
		 parallel ? "true" : "false");
	print_samples("handover", subject->name, subject->side, "ns",
		      &subject->samples, more);
}

int main(int argc, char **argv)
{
	int option, parallel = 0;
	unsigned int i;

	while ((option = getopt(argc, argv, "pn:s:t:")) != -1)
		switch (option) {
		case 'p':
			parallel = 1;
			break;
		case 'n':
			samples_wanted = number(optarg);
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
	for (; optind < argc; optind++)
		parse(argv[optind]);
	if (!nr_subjects || !samples_wanted)
		die("nothing to do");
	keep_all_awake();
	run(parallel);
	for (i = 0; i < nr_subjects; i++)
		report(&subjects[i], parallel);
	return 0;
}
