// SPDX-License-Identifier: GPL-2.0-only
/*
 * matrix [-f] LOCAL C1V3 C1V4 C2V3 C2V4 C1V40 C2V41 C1P9 C2P9: who holds, who waits,
 * over each pair of protocols, the two sides of a pair being two clients or the
 * server.  A directory that is "-" is not there, nor are its pairs.
 *
 * Exclusion is proved by data: the file holds a number, and whoever has the
 * lock reads it and writes it back plus one. The holder of a pair read before
 * the other one waited and writes before it lets go, so a waiter that came too
 * early, or whose data is older than its lock, loses an increment.
 *
 * The time from the release to the grant is printed. What is judged is only
 * that it is no poll of the client's, which takes 30 s where it may be told.
 *
 * -f: of a foreign server, whose locks no table of holdfast's knows of: each pair
 * once, since who waits there may poll.
 */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS 20000		/* below the 30 s poll, above any load */
#define ROUNDS 3
#define COUNTS 20		/* increments of each in the contest */

enum { LOCAL, C1V3, C1V4, C2V3, C2V4, C1V40, C2V41, C1P9, C2P9, PLACES };
static const char *const names[] = { "local", "v3", "v4.2", "v3", "v4.2",
				     "v4.0", "v4.1", "9p", "9p" };
static const char *dirs[PLACES];
static bool foreign;

static bool is_there(int place)
{
	return strcmp(dirs[place], "-");
}

static void path_of(char *path, size_t size, int place, const char *file)
{
	if ((size_t)snprintf(path, size, "%s/%s", dirs[place], file) >= size)
		t_die("%s: too long", dirs[place]);
}

static void start_on(struct agent *a, int place, const char *file)
{
	char path[180];

	agent_start(a);
	path_of(path, sizeof(path), place, file);
	if (a_open(a, 0, path, O_RDWR))
		t_die("%s cannot be opened: %s", path, strerror(-a->last.ret));
}

/* Both directly in the server's mount, for no client to cache. */
static void put_number(const char *file, long number)
{
	char path[180], text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", number);
	int fd;

	path_of(path, sizeof(path), LOCAL, file);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || pwrite(fd, text, n, 0) != n || close(fd))
		t_die("%s: %m", path);
}

static long read_number(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atol(text) : -1;
}

static long get_number(const char *file)
{
	char path[180];
	long number;
	int fd;

	path_of(path, sizeof(path), LOCAL, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		t_die("%s: %m", path);
	number = read_number(fd);
	close(fd);
	return number;
}

static int set(int cmd, int type)
{
	return call_lock(&(struct call){ .cmd = cmd, .type = type });
}

/* The lock, and the number as it was then, in arg. */
static int call_hold(struct call *call)
{
	int ret = set(F_SETLKW, F_WRLCK);

	call->arg = ret ? -1 : read_number(fds[0]);
	return ret;
}

/* Number arg, written out before the release, whose beginning is in fl. */
static int call_release(struct call *call)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", call->arg);

	if (pwrite(fds[0], text, n, 0) != n || fdatasync(fds[0]))
		return -errno;
	call->fl.l_start = now_ns();
	return set(F_SETLK, F_UNLCK);
}

/* arg times: lock, one more, unlock.  The last one's turn; its time is in fl. */
static int call_count(struct call *call)
{
	for (long i = 0; i < call->arg; i++) {
		struct call number = {};
		uint64_t granted;
		int ret = call_hold(&number);

		granted = now_ns();
		number.arg++;
		call->turn = __atomic_fetch_add(&shared->turns, 1, __ATOMIC_SEQ_CST);
		ret = ret ?: call_release(&number);
		if (ret)
			return ret;
		call->fl.l_start = granted;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A foreign server answers at once, also those that are to wait. */
static bool settles(struct agent *agent, int place)
{
	bool by_9p = place == C1P9 || place == C2P9;

	while (agent_settle(agent)) {
		if (!foreign || !by_9p || agent_polls_9p(agent))
			return true;
		pause_briefly();
	}
	return false;
}

/* A foreign table cannot be asked. */
static bool table_has(const char *kind, const char *type, int lines)
{
	return foreign || hf_wait_lines(kind, type, lines);
}

/* One hand-over; its time in ms, or below 0 if it went wrong. */
static double hand_over(int from, int to, const char *file)
{
	struct call release = { .fn = call_release };
	struct agent holder, waiter;
	bool polls = to == C1V40, good, waits;
	uint64_t left;
	long number;

	put_number(file, 0);
	start_on(&holder, from, file);
	start_on(&waiter, to, file);
	good = !agent_do(&holder, &(struct call){ .fn = call_hold });
	release.arg = holder.last.arg + 1;
	agent_send(&waiter, &(struct call){ .fn = call_count, .arg = 1 });
	waits = settles(&waiter, to);
	good = good && waits && (polls || table_has(" waiting ", "POSIX", 1));
	if (!waits && !waiter.last.ret)
		t_note("%s to %s: both have the lock", names[from], names[to]);
	good = !agent_do(&holder, &release) && good;
	left = holder.last.fl.l_start;
	good = !agent_wait(&waiter, "hand-over") && good;
	number = get_number(file);
	agent_stop(&holder);
	agent_stop(&waiter);
	if (!good || number != 2 || !table_has("", "", 0)) {
		t_note("%s to %s: two additions made %ld", names[from], names[to], number);
		return -1;
	}
	return ((int64_t)waiter.last.fl.l_start - (int64_t)left) / 1e6;
}

static void pair(int from, int to, int rounds)
{
	bool good = true, polls = to == C1V40;
	double ms[ROUNDS];
	char file[64];

	if (!is_there(from) || !is_there(to))
		return;
	snprintf(file, sizeof(file), "hand-over-%s-to-%s", names[from], names[to]);
	for (int i = 0; i < rounds; i++) {
		ms[i] = hand_over(from, to, file);
		good = good && ms[i] >= 0 && (polls || ms[i] < POLL_MS);
	}
	qsort(ms, rounds, sizeof(*ms), compare);
	t_note("%s to %s: %.1f ms (%.1f to %.1f)", names[from], names[to],
	       ms[rounds / 2], ms[0], ms[rounds - 1]);
	t_check(good, file, "see above");
}

/* Those of @places that are there, into @there; how many. */
static int those_there(const int *places, int count, int *there)
{
	int n = 0;

	for (int i = 0; i < count; i++)
		if (is_there(places[i]))
			there[n++] = places[i];
	return n;
}

/* All at once.  (Not v4.0: it polls, so it might come last.) */
static void contest(void)
{
	static const int places[] = { LOCAL, C1V3, C1V4, C2V3, C2V4, C2V41,
				      C1P9, C2P9 };
	struct agent agents[PLACES];
	int failed = 0, count, there[PLACES];
	long number;

	count = those_there(places, sizeof(places) / sizeof(*places), there);
	put_number("counter", 0);
	for (int i = 0; i < count; i++)
		start_on(&agents[i], there[i], "counter");
	for (int i = 0; i < count; i++)
		agent_send(&agents[i], &(struct call){ .fn = call_count,
						       .arg = COUNTS });
	for (int i = 0; i < count; i++)
		failed += agent_wait(&agents[i], "counter") != 0;
	number = get_number("counter");
	t_check(!failed && number == count * COUNTS, "counter",
		"%d failed, counted %ld, not %d", failed, number, count * COUNTS);
	for (int i = 0; i < count; i++)
		agent_stop(&agents[i]);
}

/* In order of arrival, whoever waits. */
static void order(void)
{
	static const int places[] = { C1V4, C1P9, C2V3, LOCAL, C2V41, C1V3, C2P9, C2V4 };
	struct agent holder, agents[PLACES];
	unsigned int before = shared->turns;
	int wrong = 0, count, there[PLACES];

	count = those_there(places, sizeof(places) / sizeof(*places), there);
	put_number("order", 0);
	start_on(&holder, LOCAL, "order");
	agent_do(&holder, &(struct call){ .fn = call_hold });
	for (int i = 0; i < count; i++) {
		start_on(&agents[i], there[i], "order");
		agent_send(&agents[i], &(struct call){ .fn = call_count, .arg = 1 });
		wrong += !hf_wait_lines(" waiting ", "POSIX", i + 1);
	}
	agent_do(&holder, &(struct call){ .fn = call_release, .arg = 1 });
	for (int i = 0; i < count; i++) {
		wrong += agent_wait(&agents[i], "order") != 0;
		if (agents[i].last.turn != before + i)
			t_note("the %d. to wait (%s) was the %d. to have it", i + 1,
			       names[there[i]], agents[i].last.turn - before + 1);
		wrong += agents[i].last.turn != before + i;
	}
	t_check(!wrong && get_number("order") == count + 1, "order",
		"%d wrong, counted %ld", wrong, get_number("order"));
	for (int i = 0; i < count; i++)
		agent_stop(&agents[i]);
	agent_stop(&holder);
}

/* nfsd must not be asked to notify v4.0: it would BUG(). */
static void pairs(void)
{
	for (int from = 0; from < 4; from++)
		for (int to = 0; to < 4; to++)
			pair((int[]){ LOCAL, C2V3, C2V4, C2P9 }[from],
			     (int[]){ LOCAL, C1V3, C1V4, C1P9 }[to],
			     foreign ? 1 : ROUNDS);
	pair(C2V41, C1V40, 1);
	pair(C1V40, C2V41, ROUNDS);
	pair(C1V40, C2V4, 1);
	pair(LOCAL, C1V40, 1);
	pair(LOCAL, C2V41, ROUNDS);
}

int main(int argc, char **argv)
{
	foreign = argc > 1 && !strcmp(argv[1], "-f");
	argv += foreign;
	argc -= foreign;
	if (argc != 1 + PLACES)
		t_die("usage: matrix [-f] LOCAL C1V3 C1V4 C2V3 C2V4 C1V40 C2V41 C1P9 C2P9");
	for (int i = 0; i < PLACES; i++)
		dirs[i] = argv[1 + i];
	agents_init();
	pairs();
	if (!foreign) {
		contest();
		order();
	}
	return t_done();
}
