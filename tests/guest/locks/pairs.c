// SPDX-License-Identifier: GPL-2.0-only
/*
 * pairs REFERENCE OURS: which locks exclude which others, for POSIX, OFD and
 * flock locks of local processes, NFSv3 and NFSv4.2 clients. Each argument is
 * five folders of one exported filesystem, separated by commas: the local one,
 * client 1 by v3 and v4, client 2 by v3 and v4. Prints the table of ours.
 */
#include "agent.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>

enum { LOCAL, C1V3, C1V4, C2V3, C2V4, PLACES };
enum { POSIX, OFD, FLOCK, KINDS };

static const char *const kinds[] = { "posix", "ofd", "flock" };
static const char *const places[] = { "local", "v3", "v4.2" };
static const int holders[] = { LOCAL, C1V3, C1V4 };
static const int tryers[] = { LOCAL, C2V3, C2V4 };

struct table {
	char excludes[3][KINDS][3][KINDS];	/* of holder and of tryer */
};

static int set(struct agent *a, int kind, int type)
{
	if (kind == FLOCK)
		return a_flock(a, 0, LOCK_NB | (type == F_UNLCK ? LOCK_UN : LOCK_EX));
	return a_lock(a, 0, kind == OFD ? F_OFD_SETLK : F_SETLK, type, 0, 0);
}

static void start_on(struct agent *a, const char *dir)
{
	char path[256];

	agent_start(a);
	snprintf(path, sizeof(path), "%s/pairs", dir);
	if (a_open(a, 0, path, O_RDWR | O_CREAT))
		t_die("%s cannot be opened", path);
}

static char try_pair(struct agent *holder, int hk, struct agent *tryer, int tk)
{
	int h = set(holder, hk, F_WRLCK), t = set(tryer, tk, F_WRLCK);

	if (set(tryer, tk, F_UNLCK) || set(holder, hk, F_UNLCK) || h)
		return '!';
	return t == -EAGAIN ? 'x' : t ? '?' : '-';
}

static void fill(char *list, struct table *table)
{
	struct agent holding[3], trying[3];
	const char *dirs[PLACES];
	int n = 0;

	for (char *dir = strtok(list, ","); dir && n < PLACES; dir = strtok(NULL, ","))
		dirs[n++] = dir;
	if (n != PLACES)
		t_die("five folders are needed");
	for (int i = 0; i < 3; i++) {
		start_on(&holding[i], dirs[holders[i]]);
		start_on(&trying[i], dirs[tryers[i]]);
	}
	for (int hp = 0; hp < 3; hp++)
		for (int hk = 0; hk < KINDS; hk++)
			for (int tp = 0; tp < 3; tp++)
				for (int tk = 0; tk < KINDS; tk++)
					table->excludes[hp][hk][tp][tk] =
						try_pair(&holding[hp], hk,
							 &trying[tp], tk);
	for (int i = 0; i < 3; i++) {
		agent_stop(&holding[i]);
		agent_stop(&trying[i]);
	}
}

static void print(const struct table *table)
{
	printf("# %-12s", "holder");
	for (int tp = 0; tp < 3; tp++)
		for (int tk = 0; tk < KINDS; tk++)
			printf(" %5s/%-5s", places[tp], kinds[tk]);
	putchar('\n');
	for (int hp = 0; hp < 3; hp++)
		for (int hk = 0; hk < KINDS; hk++) {
			printf("# %5s/%-6s", places[hp], kinds[hk]);
			for (int tp = 0; tp < 3; tp++)
				for (int tk = 0; tk < KINDS; tk++)
					printf(" %6c     ",
					       table->excludes[hp][hk][tp][tk]);
			putchar('\n');
		}
}

int main(int argc, char **argv)
{
	static struct table ref, ours;

	if (argc != 3)
		t_die("usage: pairs REFERENCE OURS");
	agents_init();
	fill(argv[1], &ref);
	fill(argv[2], &ours);
	t_note("x: excludes, -: does not");
	print(&ours);
	if (memcmp(&ref, &ours, sizeof(ref))) {
		t_note("ext4:");
		print(&ref);
	}
	for (int hp = 0; hp < 3; hp++)
		for (int tp = 0; tp < 3; tp++) {
			char name[64];

			snprintf(name, sizeof(name), "pairs-%s-%s", places[hp], places[tp]);
			t_check(!memcmp(ref.excludes[hp][0][tp], ours.excludes[hp][0][tp], KINDS) &&
				!memcmp(ref.excludes[hp][1][tp], ours.excludes[hp][1][tp], KINDS) &&
				!memcmp(ref.excludes[hp][2][tp], ours.excludes[hp][2][tp], KINDS) &&
				ours.excludes[hp][POSIX][tp][POSIX] == 'x',
				name, "not as on ext4");
		}
	return t_done();
}
