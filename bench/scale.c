// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale OURS PEER: the time of one lock and unlock at a random place among N
 * locks that another owner holds, on a file in each directory.
 *
 * All sizes on both sides take turns in every round, so that a cost at one
 * size may be compared with that at another.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 101
/* Long against a clock tick's work, short against the drift of the machine. */
#define BATCH_NS 4000000

static const unsigned long sizes[] = { 0, 10, 100, 1000, 10000, 100000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct subject {
	int holder, fd;
	unsigned long held;
	unsigned long batch;		/* pairs in a round */
	uint64_t random;
	struct samples samples;
};

static struct subject subjects[SIZES][SIDES];

static void prepare(struct subject *subject, const char *directory,
		    unsigned long held)
{
	char name[64];

	snprintf(name, sizeof(name), "scale.%lu", held);
	subject->holder = open_at(directory, name, O_RDWR | O_CREAT);
	subject->fd = open_at(directory, name, O_RDWR);
	subject->held = held;
	subject->batch = 1;
	subject->random = 88172645463325252ULL;
	hold_many(subject->holder, held);
}

static double run(struct subject *subject)
{
	unsigned long i, places = subject->held ? subject->held : 1;
	uint64_t start = now_ns();

	for (i = 0; i < subject->batch; i++) {
		off_t place = next_random(&subject->random) % places * 2 + 1;

		must_lock(subject->fd, F_OFD_SETLK, F_WRLCK, place, 1);
		must_lock(subject->fd, F_OFD_SETLK, F_UNLCK, place, 1);
	}
	return (double)(now_ns() - start) / subject->batch;
}

/*
 * Doubles the batch until it is long enough.  Twice, since the first runs of
 * any code are slow: an emulator translates it, and caches are cold.
 */
static void calibrate(struct subject *subject)
{
	unsigned int warm = 0;

	while (warm < 2) {
		if (run(subject) * subject->batch >= BATCH_NS) {
			warm++;
		} else {
			subject->batch *= 2;
			warm = 0;
		}
	}
}

/* That the locks are there: the other owner must be refused one of them. */
static void check(struct subject *subject)
{
	if (subject->held && !lock_range(subject->fd, F_OFD_SETLK, F_WRLCK,
					 2 * (subject->held - 1), 1))
		die("a held byte was locked twice");
}

int main(int argc, char **argv)
{
	unsigned int round, step;
	size_t i;

	if (argc != 3)
		die("usage: scale OURS PEER");
	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++) {
			prepare(&subjects[i][step], argv[1 + step], sizes[i]);
			check(&subjects[i][step]);
			calibrate(&subjects[i][step]);
		}

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < SIZES; i++)
			for (step = 0; step < SIDES; step++) {
				struct subject *subject =
					&subjects[i][turn(round, step)];

				add_sample(&subject->samples, run(subject));
			}

	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++) {
			char name[32];

			snprintf(name, sizeof(name), "%lu", sizes[i]);
			print_samples("scale", name, step, "ns",
				      &subjects[i][step].samples, "");
		}
	return 0;
}
