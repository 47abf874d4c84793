// SPDX-License-Identifier: GPL-2.0-only
/*
 * client files|stat|names SIDE:DIRECTORY...: network filesystems' clients, and what
 * they are served from, each in a directory of its own, in turns.
 *
 * files: sequential and random reads, cold to the client and warm to the server, and
 * writes, to the end of fsync.  stat: of a file that was looked at before.  names:
 * files are created and unlinked.  How many context switches the whole machine has
 * made for an operation stands beside the samples.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 31
#define SECONDS 100
#define DATA (16 << 20)
#define SMALL 4096
#define LARGE (1 << 20)
#define MOST_SIDES 12

struct mount {
	const char *name;
	int directory, data;
	uint64_t random;
};

/*
 * @perform: the @index-th operation of a turn of @count, by each of @threads
 * @bytes: of one operation, where its rate is what is of interest
 * @reads: what the client has of the file is dropped before a turn
 * @writes: the turn ends with an fsync
 */
struct row {
	const char *group, *name;
	void (*perform)(struct mount *mount, unsigned int index, uint64_t *random);
	unsigned int count, threads;
	size_t bytes;
	int reads, writes;
	struct samples samples[MOST_SIDES];
	double switches[MOST_SIDES];
};

static struct mount mounts[MOST_SIDES];
static unsigned int nr_mounts;
static char buffer[LARGE];

static void transfer(struct mount *mount, int writes, size_t bytes, off_t at)
{
	static __thread char mine[LARGE];
	ssize_t done = writes ? pwrite(mount->data, buffer, bytes, at) :
				pread(mount->data, mine, bytes, at);

	if (done != (ssize_t)bytes)
		die("%s: %s of %zu at %lld", mount->name, writes ? "write" : "read",
		    bytes, (long long)at);
}

static off_t anywhere(uint64_t *random)
{
	return next_random(random) % (DATA / SMALL) * SMALL;
}

static void read_small(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)random;
	transfer(mount, 0, SMALL, (off_t)index * SMALL);
}

static void read_large(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)random;
	transfer(mount, 0, LARGE, (off_t)index * LARGE);
}

static void write_small(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)random;
	transfer(mount, 1, SMALL, (off_t)index * SMALL);
}

static void write_large(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)random;
	transfer(mount, 1, LARGE, (off_t)index * LARGE);
}

static void read_anywhere(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)index;
	transfer(mount, 0, SMALL, anywhere(random));
}

static void write_anywhere(struct mount *mount, unsigned int index, uint64_t *random)
{
	(void)index;
	transfer(mount, 1, SMALL, anywhere(random));
}

static void stat_one(struct mount *mount, unsigned int index, uint64_t *random)
{
	struct stat st;

	(void)index, (void)random;
	if (fstatat(mount->directory, "data", &st, 0) || st.st_size != DATA)
		die("%s: stat", mount->name);
}

static void open_one(struct mount *mount, unsigned int index, uint64_t *random)
{
	int fd = openat(mount->directory, "data", O_RDONLY);

	(void)index, (void)random;
	if (fd < 0 || close(fd))
		die("%s: open", mount->name);
}

static void create(struct mount *mount, unsigned int index, uint64_t *random)
{
	char name[32];
	int fd;

	(void)random;
	snprintf(name, sizeof(name), "made.%u", index);
	fd = openat(mount->directory, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || close(fd))
		die("%s: cannot create %s", mount->name, name);
}

static void unlink_one(struct mount *mount, unsigned int index, uint64_t *random)
{
	char name[32];

	(void)random;
	snprintf(name, sizeof(name), "made.%u", index);
	if (unlinkat(mount->directory, name, 0))
		die("%s: cannot unlink %s", mount->name, name);
}

/* create's are what unlink takes away. */
static struct row rows[] = {
	{ .group = "files", .name = "4 KiB sequential read", .perform = read_small,
	  .count = DATA / SMALL, .bytes = SMALL, .reads = 1 },
	{ .group = "files", .name = "1 MiB sequential read", .perform = read_large,
	  .count = DATA / LARGE, .bytes = LARGE, .reads = 1 },
	{ .group = "files", .name = "4 KiB sequential write", .perform = write_small,
	  .count = 1024, .bytes = SMALL, .writes = 1 },
	{ .group = "files", .name = "1 MiB sequential write", .perform = write_large,
	  .count = DATA / LARGE, .bytes = LARGE, .writes = 1 },
	{ .group = "files", .name = "4 KiB random read", .perform = read_anywhere,
	  .count = 128, .reads = 1 },
	{ .group = "files", .name = "4 KiB random read, 16 at once",
	  .perform = read_anywhere, .count = 16, .threads = MOST_BESIDE, .reads = 1 },
	{ .group = "files", .name = "4 KiB random write", .perform = write_anywhere,
	  .count = 128, .writes = 1 },
	{ .group = "stat", .name = "stat", .perform = stat_one, .count = 64 },
	{ .group = "stat", .name = "open and close", .perform = open_one, .count = 64 },
	{ .group = "names", .name = "create", .perform = create, .count = 32 },
	{ .group = "names", .name = "unlink", .perform = unlink_one, .count = 32 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct worker {
	struct row *row;
	struct mount *mount;
	uint64_t random;
};

static void work(void *argument)
{
	struct worker *worker = argument;
	unsigned int i;

	for (i = 0; i < worker->row->count; i++)
		worker->row->perform(worker->mount, i, &worker->random);
}

static uint64_t run_workers(struct row *row, struct mount *mount)
{
	struct worker workers[MOST_BESIDE];
	unsigned int i;

	/* (Not the next state each: that is the same sequence, a step later.) */
	for (i = 0; i < row->threads; i++)
		workers[i] = (struct worker){ row, mount,
					      next_random(&mount->random) + (i << 20) };
	return run_beside(row->threads, work, workers, sizeof(workers[0]));
}

static double context_switches(void)
{
	FILE *file = fopen("/proc/stat", "re");
	double count = 0;
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "ctxt %lf", &count) == 1)
			break;
	if (!file || !count)
		die("no count of context switches");
	fclose(file);
	return count;
}

static uint64_t run_alone(struct row *row, struct mount *mount)
{
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < row->count; i++)
		row->perform(mount, i, &mount->random);
	if (row->writes && fsync(mount->data))
		die("%s: fsync", mount->name);
	return now_ns() - start;
}

/* Nanoseconds of one operation. */
static double run(struct row *row, unsigned int side)
{
	unsigned int operations = row->count * (row->threads ? row->threads : 1);
	struct mount *mount = &mounts[side];
	double before;
	uint64_t ns;

	if (row->reads && posix_fadvise(mount->data, 0, 0, POSIX_FADV_DONTNEED))
		die("%s: cannot drop the file's pages", mount->name);
	before = context_switches();
	ns = row->threads ? run_workers(row, mount) : run_alone(row, mount);
	row->switches[side] += (context_switches() - before) / operations;
	return (double)ns / operations;
}

static void measure(const char *group, unsigned int round)
{
	unsigned int row, step;

	for (row = 0; row < ROWS; row++)
		for (step = 0; step < nr_mounts && !strcmp(rows[row].group, group); step++) {
			unsigned int side = (round + step) % nr_mounts;
			struct row *r = &rows[row];
			double ns = run(r, side);

			/* the first round warms up */
			if (round)
				add_sample(&r->samples[side],
					   r->bytes ? r->bytes * 1e9 / ns : ns);
			else
				r->switches[side] = 0;
		}
}

static void report(struct row *row)
{
	unsigned int side;
	char more[64];

	for (side = 0; side < nr_mounts; side++) {
		snprintf(more, sizeof(more), ", \"switches\": %.2f",
			 row->switches[side] / row->samples[side].count);
		print_named("client", row->name, mounts[side].name,
			    row->bytes ? "bytes/s" : "ns", &row->samples[side], more);
	}
}

static void prepare(struct mount *mount, char *argument)
{
	char *directory = strchr(argument, ':');
	off_t at;

	if (!directory)
		die("not SIDE:DIRECTORY: %s", argument);
	*directory++ = '\0';
	mount->name = argument;
	mount->random = 88172645463325252ULL;
	mount->directory = open_at(directory, ".", O_RDONLY | O_DIRECTORY);
	mount->data = open_at(directory, "data", O_RDWR | O_CREAT);
	for (at = 0; at < DATA; at += LARGE)
		transfer(mount, 1, LARGE, at);
	if (fsync(mount->data))
		die("%s: fsync", mount->name);
}

int main(int argc, char **argv)
{
	uint64_t start;
	unsigned int i, round;

	if (argc < 4 || argc > 2 + MOST_SIDES)
		die("usage: client files|stat|names SIDE:DIRECTORY...");
	memset(buffer, 'x', sizeof(buffer));
	nr_mounts = argc - 2;
	for (i = 0; i < nr_mounts; i++)
		prepare(&mounts[i], argv[2 + i]);
	start = now_ns();
	for (round = 0; another(round, ROUNDS, start, SECONDS); round++)
		measure(argv[1], round);
	for (i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].group, argv[1]))
			report(&rows[i]);
	return 0;
}
