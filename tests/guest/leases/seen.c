// SPDX-License-Identifier: GPL-2.0-only
/* What /proc shows of leases, with agents for pids. */
#include "play.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static int agent_of_pid(const struct stage *stage, pid_t pid)
{
	for (int i = 0; i < AGENTS; i++)
		if (stage && stage->there[i] && stage->agents[i].pid == pid)
			return 'A' + i;
	return '?';
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The lines of @file that @parse makes texts of, sorted and joined. */
static void lines_of(const struct stage *stage, const char *file, const struct stat *st,
		     bool (*parse)(const struct stage *stage, const char *line,
				   char *text, size_t size),
		     char *text, size_t size)
{
	char lines[20][80], line[256], inode[64], *at;
	FILE *f = fopen(file, "r");
	int n = 0;

	if (!f)
		t_die("%s: %m", file);
	snprintf(inode, sizeof(inode), " %02x:%02x:%lu ", major(st->st_dev),
		 minor(st->st_dev), (unsigned long)st->st_ino);
	while (n < 20 && fgets(line, sizeof(line), f)) {
		at = strstr(line, ": ");
		if (!strstr(line, inode))
			continue;
		if (!at || !parse(stage, at + 2, lines[n++], sizeof(lines[0])))
			t_die("%s: %s", file, line);
	}
	fclose(f);
	qsort(lines, n, sizeof(lines[0]), by_text);
	snprintf(text, size, "%s", n ? "" : "none");
	for (int i = 0; i < n; i++)
		snprintf(text + strlen(text), size - strlen(text), "%s%s",
			 i ? "+" : "", lines[i]);
}

static bool parse_locks(const struct stage *stage, const char *line, char *text,
			size_t size)
{
	char kind[12], state[12], type[12];
	const char *waits = strstr(line, "-> ");
	int pid;

	if (sscanf(waits ? waits + 3 : line, "%11s %11s %11s %d", kind, state, type,
		   &pid) != 4)
		return false;
	snprintf(text, size, "%s%s-%s-%s-%c", waits ? "->" : "", kind, state, type,
		 agent_of_pid(stage, pid));
	return true;
}

static bool parse_leases(const struct stage *stage, const char *line, char *text,
			 size_t size)
{
	char kind[12], type[12], start[24], end[24], state[24], left[24];
	const char *waits = strstr(line, "-> ");
	int pid;

	if (sscanf(waits ? waits + 3 : line, "%11s %11s %d %*s %23s %23s %23s %23s", kind,
		   type, &pid, start, end, state, left) != 7)
		return false;
	snprintf(text, size, "%s%s-%s-%c-%s-%s-%s%s", waits ? "->" : "", kind, type,
		 agent_of_pid(stage, pid), start, end, state,
		 !strcmp(left, "-") ? "" : !strcmp(left, "never") ? "-never" : "-left");
	return true;
}

void lease_lines(const struct stage *stage, const struct stat *st, char *text,
		 size_t size)
{
	lines_of(stage, "/proc/locks", st, parse_locks, text, size);
}

void holdfast_lines(const struct stage *stage, const struct stat *st, char *text,
		    size_t size)
{
	lines_of(stage, "/proc/fs/holdfast/leases", st, parse_leases, text, size);
}
