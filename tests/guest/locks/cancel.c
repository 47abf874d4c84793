// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancel LOCAL C1V3 C1V4 C2V3 C2V4 ROUNDS: waiters that give up, by a signal,
 * by a timer and by their death, on each protocol, also at the very moment of
 * the grant. NFSv4 has no cancel: there a turn is kept for reserve_ms, which
 * this program sets.
 */
#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *name, *dir;
} places[] = { { "local", 0 }, { "v3", 0 }, { "v4.2", 0 } };
static const char *other[3];		/* on client 2: local, v3, v4 */
static unsigned long long state = 1;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static void set_reserve_ms(int ms)
{
	FILE *f = fopen("/sys/module/holdfast_locks/parameters/reserve_ms", "w");

	if (!f || fprintf(f, "%d", ms) < 0 || fclose(f))
		t_die("reserve_ms: %m");
}

static void start_on(struct agent *a, const char *dir, const char *file)
{
	char path[256];

	agent_start(a);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (a_open(a, 0, path, O_RDWR | O_CREAT))
		t_die("%s cannot be opened: %s", path, strerror(-a->last.ret));
}

static double ms_since(uint64_t t)
{
	return (now_ns() - t) / 1e6;
}

static bool waits(struct agent *a)
{
	return agent_settle(a) && hf_wait_lines(" waiting ", "POSIX", 1);
}

/* Others get it as soon as it is free: all other places in turn. */
static bool free_for_others(void)
{
	for (int i = 0; i < 3; i++) {
		struct agent a;
		uint64_t begin = now_ns();
		int ret;

		start_on(&a, other[i], "cancel");
		ret = a_lock(&a, 0, F_SETLKW, F_WRLCK, 0, 0) ?:
		      a_lock(&a, 0, F_SETLK, F_UNLCK, 0, 0);
		agent_stop(&a);
		if (ret || ms_since(begin) > 20000) {
			t_note("%s: %d after %.0f ms", other[i], ret, ms_since(begin));
			hf_show();
			return false;
		}
	}
	return true;
}

enum how { BY_SIGNAL, BY_TIMER, BY_KILL };

/* The waiter is let wait and ended; what it answered, or -EINTR when killed. */
static int end_waiter(struct agent *waiter, enum how how)
{
	/* A timer that its own process has set. */
	struct call call = { .fn = call_alarm, .cmd = F_SETLKW,
			     .type = F_WRLCK, .arg = 300000 };

	if (how == BY_TIMER)
		return agent_do(waiter, &call);
	a_lock_send(waiter, 0, F_SETLKW, F_WRLCK, 0, 0);
	if (!waits(waiter))
		return -EBUSY;
	if (how == BY_KILL) {
		agent_kill(waiter);
		return -EINTR;
	}
	agent_interrupt(waiter, SIGUSR1);
	return agent_wait(waiter, "interrupt");
}

static void give_up(int place, enum how how)
{
	static const char *const hows[] = { "signal", "timer", "kill" };
	struct agent holder, waiter;
	char name[64];
	bool good;
	int ret;

	start_on(&holder, other[0], "cancel");
	start_on(&waiter, places[place].dir, "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	ret = end_waiter(&waiter, how);
	good = ret == -EINTR;
	/* It may ask again and again be refused. */
	if (how != BY_KILL)
		good = good && a_lock(&waiter, 0, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN;
	a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
	good = good && free_for_others();
	snprintf(name, sizeof(name), "cancel-by-%s-%s", hows[how],
		 places[place].name);
	t_check(good, name, "answered %d", ret);
	agent_stop(&holder);
	agent_stop(&waiter);
	hf_wait_lines("", "", 0);
}

static void spin(unsigned int us)
{
	uint64_t end = now_ns() + us * 1000ull;

	while (now_ns() < end)
		;
}

/*
 * The signal and the unlock at random distance, in both orders.  How far the
 * signal may come behind the unlock is learnt, so that on every protocol some
 * grants are in time and some are not.
 */
static void race(int place, int rounds, int reserve)
{
	unsigned int reach = 10000;	/* us */
	int won = 0, gave_up = 0, wrong = 0;
	struct agent holder, waiter;
	char name[64];

	set_reserve_ms(reserve);
	start_on(&holder, other[0], "cancel");
	start_on(&waiter, places[place].dir, "cancel");
	for (int i = 0; i < rounds && !wrong; i++) {
		int ret;

		a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
		a_lock_send(&waiter, 0, F_SETLKW, F_WRLCK, 0, 0);
		wrong += !waits(&waiter);
		if (i & 1) {
			agent_interrupt(&waiter, SIGUSR1);
			spin(pick(3000));
			a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
		} else {
			a_lock_send(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
			spin(pick(reach));
			agent_interrupt(&waiter, SIGUSR1);
			agent_wait(&holder, "unlock");
		}
		ret = agent_wait(&waiter, "race");
		if (!(i & 1))
			reach = !ret ? reach / 2 + 500 :
				reach < 200000 ? reach * 4 : reach;
		won += ret == 0;
		gave_up += ret == -EINTR;
		wrong += ret && ret != -EINTR;
		if (!ret) {
			struct agent third;

			/* What it was told is true. */
			start_on(&third, other[0], "cancel");
			wrong += a_lock(&third, 0, F_SETLK, F_WRLCK, 0, 0) != -EAGAIN;
			agent_stop(&third);
			wrong += a_lock(&waiter, 0, F_SETLK, F_UNLCK, 0, 0) != 0;
		}
		wrong += !free_for_others();
		/* NFSv4: what is queued for it is dropped with its turn. */
		wrong += !hf_wait_lines("", "", 0);
	}
	t_note("%s: %d won, %d gave up", places[place].name, won, gave_up);
	snprintf(name, sizeof(name), "cancel-against-grant-%s", places[place].name);
	t_check(!wrong, name, "%d wrong answers", wrong);
	agent_stop(&holder);
	agent_stop(&waiter);
	set_reserve_ms(2000);
}

#define KILLED 16

/* Clients that never come back cost one kept turn in all, not one each. */
static void killed_run(void)
{
	const int reserve = 1000;
	struct agent holder, last, waiters[KILLED];
	uint64_t begin;
	double ms;
	int ret;

	set_reserve_ms(reserve);
	start_on(&holder, other[0], "cancel");
	start_on(&last, other[0], "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	for (int i = 0; i < KILLED; i++) {
		start_on(&waiters[i], i & 1 ? other[2] : places[2].dir, "cancel");
		a_lock_send(&waiters[i], 0, F_SETLKW, F_WRLCK, 0, 0);
	}
	hf_wait_lines(" waiting ", "POSIX", KILLED);
	for (int i = 0; i < KILLED; i++)
		agent_kill(&waiters[i]);
	t_note("%d still queued", hf_lines(" waiting ", "POSIX"));
	a_lock_send(&last, 0, F_SETLKW, F_WRLCK, 0, 0);
	agent_settle(&last);
	a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
	begin = now_ns();
	ret = agent_wait(&last, "killed-run");
	ms = ms_since(begin);
	t_note("after %d killed NFSv4.2 waiters: %.0f ms (a turn is kept for %d ms)",
	       KILLED, ms, reserve);
	/* Half of what one turn each would take: load does not reach it. */
	t_check(!ret && ms < reserve * KILLED / 2, "killed-run", "%d after %.0f ms",
		ret, ms);
	agent_stop(&last);
	agent_stop(&holder);
	hf_wait_lines("", "", 0);
	set_reserve_ms(2000);
}

/* SIGKILL of a holder on @place: all waiters, on all places, get their turn. */
static void killed_holder(int place)
{
	struct agent holder, waiters[KILLED];
	struct call take = { .fn = call_take, .cmd = F_SETLKW, .type = F_WRLCK };
	bool good = true, order = true;
	unsigned int before = shared->turns;
	char name[64];

	start_on(&holder, places[place].dir, "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	for (int i = 0; i < KILLED; i++) {
		start_on(&waiters[i], i & 1 ? other[2] : i & 2 ? other[0] : other[1],
			 "cancel");
		agent_send(&waiters[i], &take);
		good = hf_wait_lines(" waiting ", "POSIX", i + 1) && good;
	}
	agent_kill(&holder);
	for (int i = 0; i < KILLED; i++)
		good = !agent_wait(&waiters[i], "killed-holder") && good;
	for (int i = 0; i < KILLED; i++)
		order = waiters[i].last.turn == before + i && order;
	snprintf(name, sizeof(name), "killed-holder-%s", places[place].name);
	t_check(good && order && !shared->violations, name,
		"answers %s, order %s, %u violations", good ? "good" : "bad",
		order ? "kept" : "broken", shared->violations);
	for (int i = 0; i < KILLED; i++)
		agent_stop(&waiters[i]);
	hf_wait_lines("", "", 0);
}

int main(int argc, char **argv)
{
	int rounds;

	if (argc != 7)
		t_die("usage: cancel LOCAL C1V3 C1V4 C2V3 C2V4 ROUNDS");
	for (int i = 0; i < 3; i++)
		places[i].dir = argv[1 + i];
	other[0] = argv[1];
	other[1] = argv[4];
	other[2] = argv[5];
	rounds = atoi(argv[6]);
	agents_init();
	for (int i = 0; i < 3; i++) {
		give_up(i, BY_SIGNAL);
		give_up(i, BY_TIMER);
		give_up(i, BY_KILL);
	}
	for (int i = 0; i < 3; i++)
		race(i, i == 2 ? rounds / 2 : rounds, 200);
	for (int i = 0; i < 3; i++)
		killed_holder(i);
	killed_run();
	t_check(hf_lines("", "") == 0, "cancel-leaves-nothing", "%d lines are left",
		hf_lines("", ""));
	return t_done();
}
