// SPDX-License-Identifier: GPL-2.0-only
/*
 * io NAME OURS PEER: 4 KiB random and 1 MiB sequential reads and writes,
 * buffered and through mappings, of one file in each directory in turns.
 * NAME (of the lower filesystem) goes into the cases: "ACCESS, NAME".
 *
 * A turn lasts a few milliseconds: fio's turns are long against the drift of
 * an emulated machine, and told differences of 30 % between two equal
 * directories.  The page cache is warm: what is compared is the path through
 * the kernel, not a disk.  A mapping's pages are dropped at the beginning of
 * each turn, so that it has its faults again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 201
#define TURN_NS 3000000
/* Who waits for whom differs from turn to turn: longer ones, and more. */
#define ROUNDS_BESIDE 401
#define TURN_BESIDE_NS 8000000
#define FILE_SIZE (32 << 20)
#define SMALL 4096
#define LARGE (1 << 20)
#define WRITERS 4

struct subject {
	int fd;
	char *map;
	uint64_t random;
	off_t next;
	struct samples samples;
};

struct access {
	const char *name;
	size_t size;
	unsigned int batch;		/* operations of a turn, both sides */
	unsigned int writers;
	int random, write, mapped;
};

static struct access accesses[] = {
	{ "4 KiB random read, buffered", SMALL, 1, 1, 1, 0, 0 },
	{ "4 KiB random write, buffered", SMALL, 1, 1, 1, 1, 0 },
	{ "1 MiB sequential read, buffered", LARGE, 1, 1, 0, 0, 0 },
	{ "1 MiB sequential write, buffered", LARGE, 1, 1, 0, 1, 0 },
	{ "4 KiB random read, mmap", SMALL, 1, 1, 1, 0, 1 },
	{ "4 KiB random write, mmap", SMALL, 1, 1, 1, 1, 1 },
	{ "1 MiB sequential read, mmap", LARGE, 1, 1, 0, 0, 1 },
	{ "1 MiB sequential write, mmap", LARGE, 1, 1, 0, 1, 1 },
	{ "4 KiB random write, 4 writers", SMALL, 1, WRITERS, 1, 1, 0 },
};
#define ACCESSES (sizeof(accesses) / sizeof(accesses[0]))

static struct subject subjects[SIDES];
static char buffers[WRITERS][LARGE];

static void prepare(struct subject *subject, const char *directory)
{
	off_t at;

	memset(buffers, 'x', sizeof(buffers));
	subject->random = 88172645463325252ULL;
	subject->fd = open_at(directory, "io", O_RDWR | O_CREAT | O_TRUNC);
	for (at = 0; at < FILE_SIZE; at += LARGE)
		if (pwrite(subject->fd, buffers[0], LARGE, at) != LARGE)
			die("cannot fill a file");
	/* or its write-back falls into some turns */
	if (fsync(subject->fd))
		die("fsync");
	subject->map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    subject->fd, 0);
	if (subject->map == MAP_FAILED)
		die("mmap");
}

static off_t place(const struct access *access, uint64_t *random, off_t *next)
{
	if (access->random)
		return next_random(random) % (FILE_SIZE / access->size) *
		       access->size;
	*next = (*next + access->size) % FILE_SIZE;
	return *next;
}

static void transfer(const struct access *access, struct subject *subject,
		     char *buffer, uint64_t *random, off_t *next)
{
	off_t at = place(access, random, next);
	ssize_t done = access->size;

	if (access->mapped && access->write)
		memcpy(subject->map + at, buffer, access->size);
	else if (access->mapped)
		memcpy(buffer, subject->map + at, access->size);
	else if (access->write)
		done = pwrite(subject->fd, buffer, access->size, at);
	else
		done = pread(subject->fd, buffer, access->size, at);
	if (done != (ssize_t)access->size)
		die("%s failed", access->name);
}

/* One of several writers, which begin together. */
struct writer {
	const struct access *access;
	struct subject *subject;
	char *buffer;
	uint64_t random;
};

static void write_batch(void *argument)
{
	struct writer *writer = argument;
	off_t next = 0;
	unsigned int i;

	for (i = 0; i < writer->access->batch; i++)
		transfer(writer->access, writer->subject, writer->buffer,
			 &writer->random, &next);
}

/* @access->batch operations of each writer. */
static double run_writers(const struct access *access, struct subject *subject)
{
	struct writer writers[WRITERS];
	unsigned int i;

	for (i = 0; i < access->writers; i++)
		writers[i] = (struct writer){ access, subject, buffers[i],
					      next_random(&subject->random) };
	return run_beside(access->writers, write_batch, writers, sizeof(writers[0]));
}

static double run(const struct access *access, struct subject *subject)
{
	uint64_t start;
	unsigned int i;

	if (access->writers > 1)
		return run_writers(access, subject);
	if (access->mapped && madvise(subject->map, FILE_SIZE, MADV_DONTNEED))
		die("madvise");
	start = now_ns();
	for (i = 0; i < access->batch; i++)
		transfer(access, subject, buffers[0], &subject->random,
			 &subject->next);
	return now_ns() - start;
}

static void measure(struct access *access, const char *name)
{
	unsigned int rounds = access->writers > 1 ? ROUNDS_BESIDE : ROUNDS;
	double turn_ns = access->writers > 1 ? TURN_BESIDE_NS : TURN_NS;
	unsigned int round, step;
	char label[96];

	/* twice as long as needed once, since the first runs are slow ones */
	while (run(access, &subjects[PEER]) + run(access, &subjects[OURS]) <
	       2 * turn_ns || run(access, &subjects[PEER]) < turn_ns)
		access->batch *= 2;
	for (step = 0; step < SIDES; step++)
		subjects[step].samples.count = 0;
	for (round = 0; round < rounds; round++)
		for (step = 0; step < SIDES; step++) {
			struct subject *subject = &subjects[turn(round, step)];
			double bytes = (double)access->size * access->batch *
				       access->writers;

			add_sample(&subject->samples,
				   bytes * 1e9 / run(access, subject));
		}
	snprintf(label, sizeof(label), "%s, %s", access->name, name);
	for (step = 0; step < SIDES; step++)
		print_samples("io", label, step, "bytes/s",
			      &subjects[step].samples, "");
}

int main(int argc, char **argv)
{
	unsigned int step;
	size_t i;

	if (argc != 4)
		die("usage: io NAME OURS PEER");
	for (step = 0; step < SIDES; step++)
		prepare(&subjects[step], argv[2 + step]);
	for (i = 0; i < ACCESSES; i++)
		measure(&accesses[i], argv[1]);
	return 0;
}
