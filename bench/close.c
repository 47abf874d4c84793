// SPDX-License-Identifier: GPL-2.0-only
/*
 * close OURS PEER: what one who leaves a file pays for the locks of others.
 *
 * close: the last close of a descriptor that holds nothing, while another
 *	owner holds N locks.
 * unlock: a whole-file unlock by an owner with one lock among those.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 51

static const unsigned long sizes[] = { 0, 100, 1000, 10000, 100000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct subject {
	const char *directory;
	char name[32];
	int holder, fd;
	unsigned long held;
	struct samples close, unlock;
};

static struct subject subjects[SIZES][SIDES];

static void prepare(struct subject *subject, const char *directory,
		    unsigned long held)
{
	snprintf(subject->name, sizeof(subject->name), "close.%lu", held);
	subject->directory = directory;
	subject->held = held;
	subject->holder = open_at(directory, subject->name, O_RDWR | O_CREAT);
	subject->fd = open_at(directory, subject->name, O_RDWR);
	hold_many(subject->holder, held);
}

static uint64_t timed_close(const struct subject *subject)
{
	int fd = open_at(subject->directory, subject->name, O_RDWR);
	uint64_t start = now_ns();

	if (close(fd))
		die("close");
	return now_ns() - start;
}

static uint64_t timed_unlock(const struct subject *subject)
{
	uint64_t start;

	/* in the middle of the others' locks */
	must_lock(subject->fd, F_OFD_SETLK, F_WRLCK, subject->held | 1, 1);
	start = now_ns();
	must_lock(subject->fd, F_OFD_SETLK, F_UNLCK, 0, 0);
	return now_ns() - start;
}

/* Each is done twice: who comes after 100,000 locks has cold caches. */
static void run(struct subject *subject)
{
	timed_close(subject);
	add_sample(&subject->close, timed_close(subject));
	timed_unlock(subject);
	add_sample(&subject->unlock, timed_unlock(subject));
}

int main(int argc, char **argv)
{
	unsigned int round, step;
	size_t i;

	if (argc != 3)
		die("usage: close OURS PEER");
	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++)
			prepare(&subjects[i][step], argv[1 + step], sizes[i]);

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < SIZES; i++)
			for (step = 0; step < SIDES; step++)
				run(&subjects[i][turn(round, step)]);

	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++) {
			struct subject *subject = &subjects[i][step];
			char name[32];

			snprintf(name, sizeof(name), "%lu", sizes[i]);
			print_samples("close", name, step, "ns",
				      &subject->close, "");
			print_samples("unlock", name, step, "ns",
				      &subject->unlock, "");
		}
	return 0;
}
