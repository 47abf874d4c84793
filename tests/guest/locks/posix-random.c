// SPDX-License-Identifier: GPL-2.0-only
/*
 * posix-random REFERENCE_DIR HOLDFAST_DIR NAME SEED COUNT STEPS: random locks of
 * six processes on two files, on fs/locks.c and on holdfast at once; every answer
 * every list of locks and what fdinfo shows are compared.  COUNT runs, from SEED on; the first that
 * differs is the last.  NAME is that of the result.
 *
 * Both kernels wake waiters, but fs/locks.c lets them race. So that there is
 * one right answer, no two waiters of one file ever want the same byte.
 */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES 6
#define UNITS 24			/* the last reaches to OFFSET_MAX */

static struct world ref, ours;
static unsigned long long state;

/* What each process waits for, or asked for last. */
static struct {
	bool waits, flock;
	int file, first, last;
	struct call call;
} waiting[PROCESSES];

/* An owner of byte ranges: a process, or one of the three files it has open. */
#define OWNERS (PROCESSES * 4)
/* The type of what it holds of each byte, -1 for nothing. */
static signed char held[OWNERS][2][UNITS];

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static bool overlaps_waiter(bool flock, int file, int first, int last)
{
	for (int i = 0; i < PROCESSES; i++)
		if (waiting[i].waits && waiting[i].flock == flock &&
		    waiting[i].file == file && waiting[i].first <= last &&
		    waiting[i].last >= first)
			return true;
	return false;
}

static int owner_of_file(int who, int slot)
{
	return PROCESSES + who * 3 + (slot == 4 ? 2 : slot);
}

static int owner_of_call(int who)
{
	const struct call *call = &waiting[who].call;

	if (call->cmd == F_OFD_SETLK || call->cmd == F_OFD_SETLKW)
		return owner_of_file(who, call->slot);
	return who;
}

/* What @who asked for was had. */
static void note_held(int who)
{
	const struct call *call = &waiting[who].call;

	if (waiting[who].flock || call->cmd == F_GETLK || call->cmd == F_OFD_GETLK)
		return;
	for (int i = waiting[who].first; i <= waiting[who].last; i++)
		held[owner_of_call(who)][waiting[who].file][i] =
			call->type == F_UNLCK ? -1 : call->type;
}

/* A close drops what the process holds of the file, and the open file itself. */
static void note_closed(int who, int slot)
{
	memset(held[who][slot / 4], -1, UNITS);
	memset(held[owner_of_file(who, slot)][slot / 4], -1, UNITS);
}

/* Does @owner hold something that @who asks for in vain? */
static bool keeps_out(int owner, int who)
{
	const signed char *bytes = held[owner][waiting[who].file];

	if (owner == owner_of_call(who))
		return false;
	for (int i = waiting[who].first; i <= waiting[who].last; i++)
		if (bytes[i] == F_WRLCK ||
		    (bytes[i] == F_RDLCK && waiting[who].call.type == F_WRLCK))
			return true;
	return false;
}

/*
 * Is the request of @who a deadlock? Only a process is told. What keeps it out
 * itself may be anybody's; of all others those waits count that are for a
 * process, since any thread may unlock an open file's lock.
 */
static bool in_cycle(int who)
{
	bool reached[OWNERS], more = true;

	if (waiting[who].flock || waiting[who].call.cmd != F_SETLKW)
		return false;
	for (int i = 0; i < OWNERS; i++)
		reached[i] = keeps_out(i, who);
	while (more) {
		more = false;
		for (int i = 0; i < PROCESSES; i++) {
			if (i == who || !waiting[i].waits || waiting[i].flock ||
			    !reached[owner_of_call(i)])
				continue;
			for (int j = 0; j < PROCESSES; j++)
				if (!reached[j] && keeps_out(j, i))
					more = reached[j] = true;
		}
	}
	return reached[who];
}

static bool give_up(struct agent *agent)
{
	agent_interrupt(agent, SIGUSR1);
	return agent_wait(agent, "EINTR") == -EINTR;
}

static void forget_answered(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		if (!waiting[i].waits || !agent_poll(&ref.agents[i]))
			continue;
		waiting[i].waits = false;
		if (!ref.agents[i].last.ret)
			note_held(i);
	}
}

static bool lists_equal(void)
{
	struct shown a[500], b[500];
	int n = world_shown(&ref, a, 500), m = world_shown(&ours, b, 500);

	for (int i = 0; i < n && i < m; i++)
		if (strcmp(a[i].class, b[i].class) || strcmp(a[i].type, b[i].type) ||
		    a[i].agent != b[i].agent || a[i].file != b[i].file ||
		    a[i].waits != b[i].waits || a[i].start != b[i].start ||
		    a[i].end != b[i].end)
			return false;
	return n == m;
}

/* Which of its descriptors each process has which lock by. */
static bool descriptors_equal(void)
{
	static const int slots[] = { 0, 1, 4 };

	for (int i = 0; i < PROCESSES * 3; i++) {
		struct call call = { .fn = call_fdinfo, .slot = slots[i % 3] };
		struct agent *a = &ref.agents[i / 3], *b = &ours.agents[i / 3];

		if (waiting[i / 3].waits)
			continue;
		agent_do(a, &call);
		agent_do(b, &call);
		if (a->last.ret || b->last.ret || strcmp(a->last.path, b->last.path)) {
			t_note("%c slot %d: %s and %s", 'A' + i / 3, call.slot,
			       a->last.path, b->last.path);
			return false;
		}
	}
	return true;
}

/* With several conflicts either kernel may name any of them. */
static bool is_shown(const struct call *last)
{
	struct shown all[500];
	int n = world_shown(&ref, all, 500);
	const struct flock *fl = &last->fl;
	long long end = fl->l_len ? fl->l_start + fl->l_len - 1 : OFFSET_LAST;

	for (int i = 0; i < n; i++)
		if (!all[i].waits && all[i].start == fl->l_start &&
		    all[i].end == end && strcmp(all[i].class, "FLOCK") &&
		    (all[i].type[0] == 'W') == (fl->l_type == F_WRLCK))
			return true;
	return false;
}

static bool same_answer(struct agent *a, struct agent *b, bool a_waits,
			bool b_waits, int who)
{
	const struct call *x = &a->last, *y = &b->last;

	/* fs/locks.c looks at one holder for each waiter, and misses some. */
	if (!b_waits && y->ret == -EDEADLK && a_waits)
		return in_cycle(who) && give_up(&ref.agents[who]);
	if (a_waits || b_waits)
		return a_waits == b_waits;
	if (x->ret != y->ret || (x->ret == -EDEADLK && !in_cycle(who)))
		return false;
	if (x->fn != call_lock || x->ret ||
	    (x->cmd != F_GETLK && x->cmd != F_OFD_GETLK))
		return true;
	if (x->fl.l_type == F_UNLCK || y->fl.l_type == F_UNLCK)
		return x->fl.l_type == y->fl.l_type;
	return is_shown(y);
}

/* A random call for process @who. */
static struct call random_call(int who)
{
	static const int cmds[] = {
		F_SETLK, F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW,
		F_GETLK, F_OFD_GETLK,
	};
	int file = pick(2), first = pick(UNITS), last = first + pick(6);
	struct call call = { .fn = call_lock, .slot = file * 4 };

	if (!file && pick(3) == 0)
		call.slot = 1;
	if (pick(8) == 0) {
		call.fn = call_flock;
		call.cmd = (int[]){ 1, 2, 8 }[pick(3)];
		if (call.cmd != 8 && (overlaps_waiter(true, file, 0, 0) || pick(2)))
			call.cmd |= 4;
		waiting[who].flock = true;
		waiting[who].first = waiting[who].last = 0;
		waiting[who].file = file;
		return call;
	}
	if (last >= UNITS - 1 || pick(30) == 0)
		last = UNITS - 1;
	call.cmd = cmds[pick(7)];
	call.type = (short[]){ F_RDLCK, F_WRLCK, F_UNLCK, F_UNLCK }[pick(4)];
	call.start = first;
	call.len = last == UNITS - 1 ? 0 : last - first + 1;
	if (overlaps_waiter(false, file, first, last)) {
		if (call.cmd == F_SETLKW)
			call.cmd = F_SETLK;
		if (call.cmd == F_OFD_SETLKW)
			call.cmd = F_OFD_SETLK;
	}
	if (call.type == F_UNLCK && call.cmd == F_GETLK)
		call.type = F_WRLCK;
	waiting[who].flock = false;
	waiting[who].file = file;
	waiting[who].first = first;
	waiting[who].last = last;
	return call;
}

/*
 * fs/locks.c looks again when the one lock goes that a waiter is linked to, by
 * then perhaps for an open file that waits itself.  Nothing was granted, so that
 * is no new deadlock for us.
 */
static bool found_late(int who)
{
	return ref.agents[who].last.ret == -EDEADLK && in_cycle(who) &&
	       give_up(&ours.agents[who]);
}

/* Those that waited before: both went on, or neither, with the same answer. */
static bool others_equal(int except)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct agent *a = &ref.agents[i], *b = &ours.agents[i];
		bool x, y;

		if (i == except || !waiting[i].waits)
			continue;
		x = agent_settle(a);
		y = agent_settle(b);
		if (!x && y && found_late(i))
			continue;
		if (x != y || (!x && a->last.ret != b->last.ret)) {
			t_note("%c: %s and %s", 'A' + i,
			       x ? "waits" : err_name(a->last.ret),
			       y ? "waits" : err_name(b->last.ret));
			return false;
		}
	}
	return true;
}

static bool interrupt(int who)
{
	bool same = give_up(&ref.agents[who]);

	same = give_up(&ours.agents[who]) && same;
	waiting[who].waits = false;
	return same;
}

static bool step(int who)
{
	struct agent *a = &ref.agents[who], *b = &ours.agents[who];
	bool x, y;

	if (waiting[who].waits)
		return pick(4) || (interrupt(who) && others_equal(who));
	if (pick(60) == 0) {
		int slot = (int[]){ 0, 1, 4 }[pick(3)];
		char path[200];

		a_close(a, slot);
		a_close(b, slot);
		note_closed(who, slot);
		world_path(&ref, slot, path, sizeof(path));
		a_open(a, slot, path, O_RDWR);
		world_path(&ours, slot, path, sizeof(path));
		a_open(b, slot, path, O_RDWR);
	} else {
		struct call call = random_call(who);

		waiting[who].call = call;
		agent_send(a, &call);
		x = agent_settle(a);
		agent_send(b, &call);
		y = agent_settle(b);
		if (!same_answer(a, b, x, y, who)) {
			t_note("%c slot %d cmd %d type %d %lld+%lld: %s and %s",
			       'A' + who, call.slot, call.cmd, call.type,
			       (long long)call.start, (long long)call.len,
			       x ? "waits" : err_name(a->last.ret),
			       y ? "waits" : err_name(b->last.ret));
			return false;
		}
		waiting[who].waits = a->state == AGENT_BUSY;
		if (!waiting[who].waits && !a->last.ret)
			note_held(who);
	}
	return others_equal(who);
}

/* One run. */
static bool run(unsigned long long seed, unsigned int steps, const char *name)
{
	bool good = true;
	unsigned int i;

	t_note("seed %llu, %u steps", seed, steps);
	state = seed;
	memset(waiting, 0, sizeof(waiting));
	memset(held, -1, sizeof(held));
	world_reset(&ref);
	world_reset(&ours);
	for (i = 0; i < steps && good; i++) {
		good = step(pick(PROCESSES));
		forget_answered();
		if (good && i % 8 == 7)
			good = lists_equal();
		if (good && i % 64 == 63)
			good = descriptors_equal();
	}
	if (good)
		return true;
	t_check(false, name, "seed %llu step %u differs", seed, i - 1);
	world_show(&ref);
	world_show(&ours);
	printf("%s%s", world_log(&ref), world_log(&ours));
	return false;
}

int main(int argc, char **argv)
{
	unsigned long long seed;
	unsigned int left;
	char name[64];

	if (argc != 7)
		t_die("usage: posix-random REFERENCE HOLDFAST NAME SEED COUNT STEPS");
	seed = strtoull(argv[4], NULL, 10);
	agents_init();
	world_open(&ref, argv[1], false, PROCESSES);
	world_open(&ours, argv[2], !getenv("HF_SELF"), PROCESSES);
	for (left = atoi(argv[5]); left && run(seed, atoi(argv[6]), argv[3]); left--)
		seed++;
	if (!left)
		t_check(true, argv[3], " ");
	world_close(&ref);
	world_close(&ours);
	if (ours.ours) {
		snprintf(name, sizeof(name), "%s-leaves-nothing", argv[3]);
		t_check(hf_lines("", "") == 0, name, "%d lines are left",
			hf_lines("", ""));
	}
	return t_done();
}
