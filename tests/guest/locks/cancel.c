// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancel LOCAL C1V3 C1V4 C2V3 C2V4 CLIENT1 ROUNDS: waiters that give up, by a
 * signal, by a timer and by their death, on each protocol; before the grant,
 * after it, and at its very moment. NFSv4 has no cancel: there a turn is kept
 * for reserve_ms, which this program sets. CLIENT1 is the first client's
 * address.
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
enum { LOCAL, V3, V42 };
static const char *other[3];		/* on client 2: local, v3, v4 */
static struct agent others[3];		/* one on each, all the time */
static const char *client1;
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
		uint64_t begin = now_ns();
		int ret = a_lock(&others[i], 0, F_SETLKW, F_WRLCK, 0, 0) ?:
			  a_lock(&others[i], 0, F_SETLK, F_UNLCK, 0, 0);

		if (ret || ms_since(begin) > 20000) {
			t_note("%s: %d after %.0f ms", other[i], ret, ms_since(begin));
			hf_show();
			return false;
		}
	}
	return true;
}

/* Another process on the server is refused. */
static bool is_held(void)
{
	return a_lock(&others[LOCAL], 0, F_SETLK, F_WRLCK, 0, 0) == -EAGAIN;
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

/* What the server sends client 1 is lost; what that sends arrives. */
static void deafen(bool deaf)
{
	char line[100];

	snprintf(line, sizeof(line), "ip route %s blackhole %s",
		 deaf ? "add" : "del", client1);
	if (system(line))
		t_die("'%s' failed", line);
}

static bool wait_stat(const char *name, long value)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;

	while (hf_stat(name) < value) {
		if (now_ns() > end) {
			t_note("%s: %ld, not %ld", name, hf_stat(name), value);
			return false;
		}
		pause_briefly();
	}
	return true;
}

/* The server knows that the waiter gave up before the lock is free. */
static void cancel_first(int place)
{
	long handovers = hf_stat("handovers"), notifies = hf_stat("notifies");
	struct agent holder, waiter;
	char name[64];
	bool good;

	start_on(&holder, other[0], "cancel");
	start_on(&waiter, places[place].dir, "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	good = end_waiter(&waiter, BY_SIGNAL) == -EINTR;
	/* NFSv4: it does not know, and notifies once, in vain. */
	good = good && (place == V42 || hf_wait_lines(" waiting ", "POSIX", 0));
	a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
	good = good && hf_stat("handovers") == handovers &&
	       hf_stat("notifies") == notifies + (place == V42);
	good = good && free_for_others();
	snprintf(name, sizeof(name), "cancel-before-grant-%s", places[place].name);
	t_check(good, name, "answered %d", waiter.last.ret);
	agent_stop(&holder);
	agent_stop(&waiter);
	hf_wait_lines("", "", 0);
}

/*
 * The server has granted (NFSv4: notified) before the waiter gives up. A local
 * one then has the lock. A client hears of it too late: it is deaf until it has
 * given up; NFSv3's cancel takes the grant back, NFSv4's turn lapses.
 */
static void grant_first(int place)
{
	const char *given = place == V42 ? "notifies" : "handovers";
	long before = hf_stat(given), taken_back = hf_stat("taken_back");
	struct agent holder, waiter;
	char name[64];
	bool good;
	int ret;

	start_on(&holder, other[0], "cancel");
	start_on(&waiter, places[place].dir, "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	a_lock_send(&waiter, 0, F_SETLKW, F_WRLCK, 0, 0);
	good = waits(&waiter);
	if (place != LOCAL)
		deafen(true);
	a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
	good = good && wait_stat(given, before + 1);
	agent_interrupt(&waiter, SIGUSR1);
	if (place == V3)
		good = good && wait_stat("taken_back", taken_back + 1);
	if (place == V42)
		good = good && agent_wait(&waiter, "grant-first") == -EINTR;
	if (place != LOCAL)
		deafen(false);
	ret = agent_wait(&waiter, "grant-first");
	good = good && ret == (place == LOCAL ? 0 : -EINTR);
	if (place == LOCAL)
		good = good && is_held() &&
		       !a_lock(&waiter, 0, F_SETLK, F_UNLCK, 0, 0);
	good = good && free_for_others();
	snprintf(name, sizeof(name), "grant-before-cancel-%s", places[place].name);
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
		/* What it was told is true. */
		if (!ret)
			wrong += !is_held() +
				 (a_lock(&waiter, 0, F_SETLK, F_UNLCK, 0, 0) != 0);
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

/*
 * SIGKILL of a holder on @place: all waiters, on all places, get their turn, in order: a
 * client that is slow, as all are on a machine with other work, is to lose none.
 */
static void killed_holder(int place)
{
	struct agent holder, waiters[KILLED];
	struct call take = { .fn = call_take, .cmd = F_SETLKW, .type = F_WRLCK };
	bool good = true, order = true;
	unsigned int before = shared->turns;
	char name[64];

	set_reserve_ms(60000);
	start_on(&holder, places[place].dir, "cancel");
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	for (int i = 0; i < KILLED; i++) {
		/*
		 * Local, and on both clients; not beside the holder, where
		 * its own client keeps the request back.
		 */
		const char *const dirs[] = {
			other[0], other[1], other[2], places[place == 1 ? 2 : 1].dir,
		};

		start_on(&waiters[i], dirs[i % 4], "cancel");
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
	set_reserve_ms(2000);
}

int main(int argc, char **argv)
{
	int rounds;

	if (argc != 8)
		t_die("usage: cancel LOCAL C1V3 C1V4 C2V3 C2V4 CLIENT1 ROUNDS");
	for (int i = 0; i < 3; i++)
		places[i].dir = argv[1 + i];
	other[0] = argv[1];
	other[1] = argv[4];
	other[2] = argv[5];
	client1 = argv[6];
	rounds = atoi(argv[7]);
	agents_init();
	for (int i = 0; i < 3; i++)
		start_on(&others[i], other[i], "cancel");
	for (int i = 0; i < 3; i++) {
		give_up(i, BY_SIGNAL);
		give_up(i, BY_TIMER);
		give_up(i, BY_KILL);
	}
	for (int i = 0; i < 3; i++)
		race(i, rounds, 200);
	/* Both orders by construction, for the race may come out as it likes. */
	for (int i = 0; i < 3; i++) {
		cancel_first(i);
		grant_first(i);
	}
	for (int i = 0; i < 3; i++)
		killed_holder(i);
	killed_run();
	for (int i = 0; i < 3; i++)
		agent_stop(&others[i]);
	t_check(hf_lines("", "") == 0, "cancel-leaves-nothing", "%d lines are left",
		hf_lines("", ""));
	return t_done();
}
