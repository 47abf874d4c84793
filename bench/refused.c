// SPDX-License-Identifier: GPL-2.0-only
/*
 * refused OURS PEER: what a request costs that cannot be had, beside N one-byte
 * locks of one other owner: it asks for all of the file.
 *
 * setlk: F_OFD_SETLK, which is refused.
 * getlk: F_OFD_GETLK.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 21
#define CALLS 50

static const unsigned long sizes[] = { 10, 1000, 100000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct subject {
	int holder, fd;
	struct samples setlk, getlk;
};

static struct subject subjects[SIZES][SIDES];

static void prepare(struct subject *subject, const char *directory, unsigned long held)
{
	char name[32];

	snprintf(name, sizeof(name), "refused.%lu", held);
	subject->holder = open_at(directory, name, O_RDWR | O_CREAT);
	subject->fd = open_at(directory, name, O_RDWR);
	hold_many(subject->holder, held);
}

static void ask(int fd, int cmd)
{
	int refused = lock_range(fd, cmd, F_WRLCK, 0, 0);

	if (cmd == F_OFD_SETLK ? !refused || errno != EAGAIN : refused)
		die("a request for all of the file");
}

static double timed(int fd, int cmd)
{
	uint64_t began;
	int i;

	/* who comes after 100,000 locks has cold caches */
	ask(fd, cmd);
	began = now_ns();
	for (i = 0; i < CALLS; i++)
		ask(fd, cmd);
	return (double)(now_ns() - began) / CALLS;
}

int main(int argc, char **argv)
{
	unsigned int round, step;
	size_t i;

	if (argc != 3)
		die("usage: refused OURS PEER");
	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++)
			prepare(&subjects[i][step], argv[1 + step], sizes[i]);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < SIZES; i++)
			for (step = 0; step < SIDES; step++) {
				struct subject *subject = &subjects[i][turn(round, step)];

				add_sample(&subject->setlk, timed(subject->fd, F_OFD_SETLK));
				add_sample(&subject->getlk, timed(subject->fd, F_OFD_GETLK));
			}
	for (i = 0; i < SIZES; i++)
		for (step = 0; step < SIDES; step++) {
			char name[32];

			snprintf(name, sizeof(name), "setlk, %lu", sizes[i]);
			print_samples("refused", name, step, "ns", &subjects[i][step].setlk, "");
			snprintf(name, sizeof(name), "getlk, %lu", sizes[i]);
			print_samples("refused", name, step, "ns", &subjects[i][step].getlk, "");
		}
	return 0;
}
