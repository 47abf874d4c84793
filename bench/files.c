// SPDX-License-Identifier: GPL-2.0-only
/*
 * files NAME OURS PEER: the time to create, open, stat, list and unlink, in
 * two directories in turns.  NAME (of the lower filesystem) goes into the
 * cases: "create, NAME".
 *
 * Names and inodes are in the caches of both but for create and unlink: what
 * is compared is the path through the kernel, not a disk.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 101
#define FILES 200
#define LISTINGS 4

enum op { CREATE, OPEN, STAT, LIST, UNLINK, OPS };

static const char *const op_names[OPS] = {
	[CREATE] = "create", [OPEN] = "open", [STAT] = "stat",
	[LIST] = "readdir", [UNLINK] = "unlink",
};

static struct samples samples[OPS][SIDES];
static char names[FILES][32];

static void open_all(int directory, int flags)
{
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		int fd = openat(directory, names[i], flags, 0644);

		if (fd < 0 || close(fd))
			die("cannot open %s", names[i]);
	}
}

static void stat_all(int directory)
{
	struct stat st;
	unsigned int i;

	for (i = 0; i < FILES; i++)
		if (fstatat(directory, names[i], &st, 0))
			die("cannot stat %s", names[i]);
}

static void list(int directory)
{
	unsigned int seen, i;

	for (i = 0; i < LISTINGS; i++) {
		int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY);
		DIR *dir = fd < 0 ? NULL : fdopendir(fd);

		if (!dir)
			die("cannot list");
		for (seen = 0; readdir(dir); seen++)
			;
		closedir(dir);
		if (seen < FILES)
			die("%u of %d names listed", seen, FILES);
	}
}

static void unlink_all(int directory)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		if (unlinkat(directory, names[i], 0))
			die("cannot unlink %s", names[i]);
}

static void perform(enum op op, int directory)
{
	switch (op) {
	case CREATE:
		return open_all(directory, O_WRONLY | O_CREAT | O_EXCL);
	case OPEN:
		return open_all(directory, O_RDONLY);
	case STAT:
		return stat_all(directory);
	case LIST:
		return list(directory);
	case UNLINK:
		return unlink_all(directory);
	default:
		die("no such operation");
	}
}

int main(int argc, char **argv)
{
	int directory[SIDES];
	unsigned int round, step, op, i;

	if (argc != 4)
		die("usage: files NAME OURS PEER");
	for (i = 0; i < FILES; i++)
		snprintf(names[i], sizeof(names[i]), "files.%u", i);
	for (step = 0; step < SIDES; step++)
		directory[step] = open_at(argv[2 + step], ".",
					  O_RDONLY | O_DIRECTORY);

	for (round = 0; round <= ROUNDS; round++)
		for (op = 0; op < OPS; op++)
			for (step = 0; step < SIDES; step++) {
				enum side side = turn(round, step);
				uint64_t start = now_ns(), ns;

				perform(op, directory[side]);
				ns = now_ns() - start;
				/* the first round warms up */
				if (round)
					add_sample(&samples[op][side],
						   (double)ns /
						   (op == LIST ? LISTINGS :
							FILES));
			}

	for (op = 0; op < OPS; op++)
		for (step = 0; step < SIDES; step++) {
			char name[64];

			snprintf(name, sizeof(name), "%s, %s", op_names[op],
				 argv[1]);
			print_samples("files", name, step, "ns",
				      &samples[op][step], "");
		}
	return 0;
}
