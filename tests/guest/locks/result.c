// SPDX-License-Identifier: GPL-2.0-only
/* Result lines, and what /proc/fs/holdfast shows. */
#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int failed;

bool t_check(bool good, const char *name, const char *fmt, ...)
{
	va_list args;

	if (good) {
		printf("ok %s\n", name);
		return true;
	}
	failed++;
	printf("not ok %s: ", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return false;
}

void t_note(const char *fmt, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void t_die(const char *fmt, ...)
{
	va_list args;

	fputs("not ok program: ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	exit(1);
}

int t_done(void)
{
	fflush(stdout);
	return failed ? 1 : 0;
}

int hf_lines(const char *one, const char *two)
{
	FILE *f = fopen("/proc/fs/holdfast/locks", "r");
	char line[256];
	int n = 0;

	if (!f)
		t_die("/proc/fs/holdfast/locks: %m");
	while (fgets(line, sizeof(line), f))
		n += strstr(line, one) && strstr(line, two);
	fclose(f);
	return n;
}

void hf_show(void)
{
	FILE *f = fopen("/proc/fs/holdfast/locks", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

bool hf_wait_lines(const char *one, const char *two, int count)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	int n;

	while ((n = hf_lines(one, two)) != count) {
		if (now_ns() > end) {
			t_note("%d lines with '%s' and '%s', not %d", n, one,
			       two, count);
			hf_show();
			return false;
		}
		pause_briefly();
	}
	return true;
}

long hf_stat(const char *name)
{
	FILE *f = fopen("/proc/fs/holdfast/stats", "r");
	char key[64];
	long value, found = -1;

	if (!f)
		t_die("/proc/fs/holdfast/stats: %m");
	while (fscanf(f, "%63s %ld", key, &value) == 2)
		if (!strcmp(key, name))
			found = value;
	fclose(f);
	return found;
}
