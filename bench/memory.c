// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory OURS PEER: bytes of kernel memory for each held lock.
 *
 * The pages of all slab caches together (/proc/slabinfo: slabs x pages of a
 * slab) before and after 100,000 locks, divided by them.  A sum over all
 * caches needs no name of one, sees caches that the kernel merged, and counts
 * what was allocated beside the lock.  The cache that grew most is named.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define LOCKS 100000
#define ROUNDS 5
#define CACHES 512

struct cache {
	char name[64];
	unsigned long objects, size, pages, slabs;
};

struct snapshot {
	struct cache cache[CACHES];
	unsigned int count;
	unsigned long pages;
};

static void take(struct snapshot *snapshot)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[512];

	if (!file)
		die("cannot open /proc/slabinfo");
	memset(snapshot, 0, sizeof(*snapshot));
	while (fgets(line, sizeof(line), file)) {
		struct cache *cache = &snapshot->cache[snapshot->count];

		if (sscanf(line, "%63s %*u %lu %lu %*u %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   cache->name, &cache->objects, &cache->size,
			   &cache->pages, &cache->slabs) != 5)
			continue;
		snapshot->pages += cache->pages * cache->slabs;
		if (++snapshot->count == CACHES)
			die("more than %d slab caches", CACHES);
	}
	fclose(file);
	if (!snapshot->count)
		die("nothing understood in /proc/slabinfo");
}

static const struct cache *grew_most(const struct snapshot *before,
				     const struct snapshot *after)
{
	const struct cache *best = &after->cache[0];
	long most = -1;
	unsigned int i, k;

	for (i = 0; i < after->count; i++)
		for (k = 0; k < before->count; k++) {
			const struct cache *new = &after->cache[i];
			const struct cache *old = &before->cache[k];
			long grown = (long)(new->slabs * new->pages) -
				     (long)(old->slabs * old->pages);

			if (strcmp(new->name, old->name) || grown <= most)
				continue;
			most = grown;
			best = new;
		}
	return best;
}

static double measure(const char *directory, char *more, size_t room)
{
	static struct snapshot before, after;
	int fd = open_at(directory, "memory", O_RDWR | O_CREAT);
	const struct cache *cache;

	/* the first lock brings what a file needs once */
	must_lock(fd, F_OFD_SETLK, F_WRLCK, 4 * LOCKS, 1);
	take(&before);
	hold_many(fd, LOCKS);
	take(&after);
	close(fd);
	cache = grew_most(&before, &after);
	snprintf(more, room, ", \"locks\": %d, \"cache\": \"%s\", \"object\": %lu",
		 LOCKS, cache->name, cache->size);
	return ((double)after.pages - (double)before.pages) *
	       sysconf(_SC_PAGESIZE) / LOCKS;
}

int main(int argc, char **argv)
{
	struct samples samples[SIDES] = {};
	char more[SIDES][256];
	unsigned int round, step;

	if (argc != 3)
		die("usage: memory OURS PEER");
	for (round = 0; round < ROUNDS; round++)
		for (step = 0; step < SIDES; step++) {
			enum side side = turn(round, step);

			add_sample(&samples[side],
				   measure(argv[1 + side], more[side],
					   sizeof(more[side])));
		}
	for (step = 0; step < SIDES; step++)
		print_samples("memory", "lock", step, "bytes", &samples[step],
			      more[step]);
	return 0;
}
