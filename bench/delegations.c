// SPDX-License-Identifier: GPL-2.0-only
/*
 * delegations MOUNT OURS PEER: small files over NFSv4.2, with each value of the
 * mount option delegations= of MOUNT, which is exported; OURS is where a client's
 * mount of it is seen, PEER that of the same lower filesystem alone.
 *
 * "create": made, written (4 KiB) and closed.  "again": opened, read and closed,
 * each of them AGAIN times, by the client that has made them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 9
#define FILES 32
#define AGAIN 4
#define SIZE 4096

enum op { CREATE, REOPEN, OPS };

static const char *const op_names[OPS] = {
	[CREATE] = "create", [REOPEN] = "again",
};
static const char *const modes[] = { "read", "all", "none" };
#define MODES (sizeof(modes) / sizeof(modes[0]))

static struct samples samples[OPS][MODES][SIDES];
static char names[FILES][32], data[SIZE];

static void create_all(int directory)
{
	for (unsigned int i = 0; i < FILES; i++) {
		int fd = openat(directory, names[i],
				O_RDWR | O_CREAT | O_EXCL, 0644);

		if (fd < 0 || write(fd, data, SIZE) != SIZE || close(fd))
			die("cannot make %s", names[i]);
	}
}

static void reopen_all(int directory)
{
	for (unsigned int i = 0; i < FILES * AGAIN; i++) {
		int fd = openat(directory, names[i % FILES], O_RDONLY);

		if (fd < 0 || read(fd, data, SIZE) != SIZE || close(fd))
			die("cannot read %s", names[i % FILES]);
	}
}

static void unlink_all(int directory)
{
	for (unsigned int i = 0; i < FILES; i++)
		if (unlinkat(directory, names[i], 0))
			die("cannot unlink %s", names[i]);
}

static double time_of(void (*body)(int), int directory, unsigned int count)
{
	uint64_t start = now_ns();

	body(directory);
	return (double)(now_ns() - start) / count;
}

static void set_mode(const char *mount_point, const char *mode)
{
	char options[64];

	snprintf(options, sizeof(options), "delegations=%s", mode);
	if (mount(NULL, mount_point, NULL, MS_REMOUNT, options))
		die("cannot remount %s with %s", mount_point, options);
}

static void measure(unsigned int round, unsigned int mode, enum side side,
		    int directory)
{
	double create = time_of(create_all, directory, FILES);
	double reopen = time_of(reopen_all, directory, FILES * AGAIN);

	unlink_all(directory);
	/* the first round warms up */
	if (!round)
		return;
	add_sample(&samples[CREATE][mode][side], create);
	add_sample(&samples[REOPEN][mode][side], reopen);
}

int main(int argc, char **argv)
{
	int directory[SIDES];
	unsigned int round, mode, step, op;

	if (argc != 4)
		die("usage: delegations MOUNT OURS PEER");
	for (op = 0; op < FILES; op++)
		snprintf(names[op], sizeof(names[op]), "delegations.%u", op);
	for (step = 0; step < SIDES; step++)
		directory[step] = open_at(argv[2 + step], ".",
					  O_RDONLY | O_DIRECTORY);

	for (round = 0; round <= ROUNDS; round++)
		for (mode = 0; mode < MODES; mode++) {
			set_mode(argv[1], modes[mode]);
			for (step = 0; step < SIDES; step++)
				measure(round, mode, turn(round, step),
					directory[turn(round, step)]);
		}
	set_mode(argv[1], modes[0]);

	for (op = 0; op < OPS; op++)
		for (mode = 0; mode < MODES; mode++)
			for (step = 0; step < SIDES; step++) {
				char name[64];

				snprintf(name, sizeof(name), "%s, %s",
					 op_names[op], modes[mode]);
				print_samples("delegations", name, step, "ns",
					      &samples[op][mode][step], "");
			}
	return 0;
}
