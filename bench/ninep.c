// SPDX-License-Identifier: GPL-2.0-only
/*
 * ninep CACHE OURS PEER [FLOOR]: the kernel's 9P client on each of two or three
 * mounts, in turns; CACHE is how they are mounted, and goes into the cases.
 *
 * Each has a file "data" of DATA bytes, which is open from beginning to end, and two
 * like it, "file" and "dir/dir/dir/dir/file", which are not: the client finds a name
 * that is in use by itself.  With OURS' samples comes which messages one operation
 * has sent there (by the server's tracepoint), when the caches are as in a turn.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 41
#define SECONDS 25
#define DATA (16 << 20)
#define SMALL 4096
#define LARGE (1 << 20)
#define MESSAGES 96

#define TRACING "/sys/kernel/tracing/"
#define EVENT TRACING "events/holdfast/hf9_message/enable"

struct mount {
	enum side side;
	int directory, data;
	uint64_t random;
	off_t next;
};

/*
 * @perform: the @index-th operation of a turn of @count
 * @bytes: of one operation, where its rate is what is of interest
 * @reads: what the client has of the file is dropped before a turn
 * @writes: what it has is written at the turn's end, without a Tfsync
 */
struct row {
	const char *name;
	void (*perform)(struct mount *mount, unsigned int index);
	unsigned int count;
	size_t bytes;
	int reads, writes;
	struct samples samples[ALL_SIDES];
	unsigned int messages[MESSAGES], nr_messages;
};

static char buffer[LARGE];

static void getattr(struct mount *mount, unsigned int index)
{
	struct stat st;

	(void)index;
	if (fstat(mount->data, &st) || st.st_size != DATA)
		die("fstat");
}

static void stat_of(struct mount *mount, const char *name)
{
	struct stat st;

	if (fstatat(mount->directory, name, &st, 0) || st.st_size != DATA)
		die("cannot stat %s", name);
}

static void stat_one(struct mount *mount, unsigned int index)
{
	(void)index;
	stat_of(mount, "file");
}

static void stat_deep(struct mount *mount, unsigned int index)
{
	(void)index;
	stat_of(mount, "dir/dir/dir/dir/file");
}

static void walk(struct mount *mount, unsigned int index)
{
	(void)index;
	if (!faccessat(mount->directory, "missing", F_OK, 0))
		die("there is a file that should not be");
}

static void create(struct mount *mount, unsigned int index)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "made.%u", index);
	fd = openat(mount->directory, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || close(fd))
		die("cannot create %s", name);
}

static void unlink_one(struct mount *mount, unsigned int index)
{
	char name[32];

	snprintf(name, sizeof(name), "made.%u", index);
	if (unlinkat(mount->directory, name, 0))
		die("cannot unlink %s", name);
}

static off_t anywhere(struct mount *mount)
{
	return next_random(&mount->random) % (DATA / SMALL) * SMALL;
}

static off_t behind(struct mount *mount)
{
	mount->next = (mount->next + LARGE) % DATA;
	return mount->next;
}

static void read_small(struct mount *mount, unsigned int index)
{
	(void)index;
	if (pread(mount->data, buffer, SMALL, anywhere(mount)) != SMALL)
		die("read");
}

static void write_small(struct mount *mount, unsigned int index)
{
	(void)index;
	if (pwrite(mount->data, buffer, SMALL, anywhere(mount)) != SMALL)
		die("write");
}

static void read_large(struct mount *mount, unsigned int index)
{
	(void)index;
	if (pread(mount->data, buffer, LARGE, behind(mount)) != LARGE)
		die("read");
}

static void write_large(struct mount *mount, unsigned int index)
{
	(void)index;
	if (pwrite(mount->data, buffer, LARGE, behind(mount)) != LARGE)
		die("write");
}

/* create's are what unlink takes away. */
static struct row rows[] = {
	{ .name = "getattr", .perform = getattr, .count = 64 },
	{ .name = "stat", .perform = stat_one, .count = 16 },
	{ .name = "stat, 5 names", .perform = stat_deep, .count = 4 },
	{ .name = "walk", .perform = walk, .count = 64 },
	{ .name = "create", .perform = create, .count = 16 },
	{ .name = "unlink", .perform = unlink_one, .count = 16 },
	{ .name = "4 KiB random read", .perform = read_small, .count = 64,
	  .reads = 1 },
	{ .name = "4 KiB random write", .perform = write_small, .count = 64,
	  .writes = 1 },
	{ .name = "1 MiB sequential read", .perform = read_large, .count = 2,
	  .bytes = LARGE, .reads = 1 },
	{ .name = "1 MiB sequential write", .perform = write_large, .count = 2,
	  .bytes = LARGE, .writes = 1 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct mount mounts[ALL_SIDES];
static unsigned int nr_mounts;

static void must_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd))
		die("cannot write to %s", path);
}

static void begin(const struct row *row, const struct mount *mount)
{
	if (row->reads &&
	    posix_fadvise(mount->data, 0, 0, POSIX_FADV_DONTNEED))
		die("cannot drop the file's pages");
}

static void end(const struct row *row, const struct mount *mount)
{
	if (row->writes &&
	    sync_file_range(mount->data, 0, 0, SYNC_FILE_RANGE_WRITE_AND_WAIT))
		die("cannot write the file's pages");
}

/* Nanoseconds of one operation. */
static double run(const struct row *row, struct mount *mount)
{
	unsigned int i;
	uint64_t start;

	begin(row, mount);
	start = now_ns();
	for (i = 0; i < row->count; i++)
		row->perform(mount, i);
	end(row, mount);
	return (double)(now_ns() - start) / row->count;
}

static void collect(struct row *row)
{
	FILE *trace = fopen(TRACING "trace", "re");
	char line[512], *type;

	if (!trace)
		die("no trace");
	while (fgets(line, sizeof(line), trace)) {
		type = strstr(line, "hf9_message:") ?
			       strstr(line, " type ") : NULL;
		if (!type)
			continue;
		if (row->nr_messages == MESSAGES)
			die("more than %d messages for %s", MESSAGES, row->name);
		row->messages[row->nr_messages++] = atoi(type + 6);
	}
	fclose(trace);
}

/* What one operation sends.  Once they have all been made, the mount is warm. */
static void trace(struct row *row, struct mount *mount)
{
	begin(row, mount);
	must_write(TRACING "trace", "");
	must_write(EVENT, "1");
	row->perform(mount, 0);
	end(row, mount);
	must_write(EVENT, "0");
	collect(row);
}

static void report(const struct row *row, const char *cache)
{
	char name[96], more[16 + 8 * MESSAGES];
	unsigned int i;
	int at;

	snprintf(name, sizeof(name), "%s, %s", row->name, cache);
	at = snprintf(more, sizeof(more), ", \"messages\": [");
	for (i = 0; i < row->nr_messages; i++)
		at += snprintf(more + at, sizeof(more) - at, "%s%u",
			       i ? ", " : "", row->messages[i]);
	snprintf(more + at, sizeof(more) - at, "]");
	for (i = 0; i < nr_mounts; i++)
		print_samples("ninep", name, mounts[i].side,
			      row->bytes ? "bytes/s" : "ns",
			      &row->samples[mounts[i].side], i ? "" : more);
}

static void measure(unsigned int round)
{
	unsigned int row, step;

	for (row = 0; row < ROWS; row++)
		for (step = 0; step < nr_mounts; step++) {
			struct row *r = &rows[row];
			struct mount *mount = &mounts[(round + step) % nr_mounts];
			double ns = run(r, mount);

			/* the first round warms up */
			if (round)
				add_sample(&r->samples[mount->side],
					   r->bytes ? r->bytes * 1e9 / ns : ns);
		}
}

int main(int argc, char **argv)
{
	uint64_t start = now_ns();
	unsigned int i, round;

	if (argc != 4 && argc != 5)
		die("usage: ninep CACHE OURS PEER [FLOOR]");
	nr_mounts = argc - 2;
	for (i = 0; i < nr_mounts; i++)
		mounts[i] = (struct mount){
			.side = i,
			.directory = open_at(argv[2 + i], ".",
					     O_RDONLY | O_DIRECTORY),
			.data = open_at(argv[2 + i], "data", O_RDWR),
			.random = 88172645463325252ULL,
		};
	for (round = 0; another(round, ROUNDS, start, SECONDS); round++)
		measure(round);
	for (i = 0; i < ROWS; i++)
		trace(&rows[i], &mounts[OURS]);
	for (i = 0; i < ROWS; i++)
		report(&rows[i], argv[1]);
	return 0;
}
