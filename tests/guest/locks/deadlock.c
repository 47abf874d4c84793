// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock LOCAL C1V4 C2V4: cycles that lead through NFSv4.2 clients.  NFSv4 has
 * no cancel, so a client that gave up its wait seems to wait on: such a cycle
 * fails nobody.  A true one is refused at one of its ends, and the other end gets
 * its lock.
 */
#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Two ranges of one file. */
enum { X = 0, Y = 10 };
#define PATIENT_NS (60 * 1000000000ull)

static struct agent one, two;

static void start_on(struct agent *agent, const char *dir)
{
	char path[256];

	agent_start(agent);
	snprintf(path, sizeof(path), "%s/deadlock", dir);
	if (a_open(agent, 0, path, O_RDWR | O_CREAT))
		t_die("%s cannot be opened: %s", path, strerror(-agent->last.ret));
}

/* One has X, two has Y. */
static bool begin(const char *dir, const char *other)
{
	start_on(&one, dir);
	start_on(&two, other);
	return !a_lock(&one, 0, F_SETLK, F_WRLCK, X, 1) &&
	       !a_lock(&two, 0, F_SETLK, F_WRLCK, Y, 1);
}

static void end(void)
{
	agent_stop(&one);
	agent_stop(&two);
	hf_wait_lines("", "", 0);
}

static void ask(struct agent *agent, off_t start)
{
	a_lock_send(agent, 0, F_SETLKW, F_WRLCK, start, 1);
}

static int let_go(struct agent *agent)
{
	return a_lock(agent, 0, F_SETLK, F_UNLCK, 0, 0);
}

/* The one of both that answers first, or NULL: they are patient, but not for ever. */
static struct agent *first_answer(struct agent *a, struct agent *b)
{
	uint64_t until = now_ns() + PATIENT_NS;

	for (; now_ns() < until; pause_briefly()) {
		if (agent_poll(a))
			return a;
		if (agent_poll(b))
			return b;
	}
	return NULL;
}

static int answer(struct agent *agent)
{
	return first_answer(agent, agent) ? agent->last.ret : -EBUSY;
}

/* The client asks for Y, gives up, and still has X; the other asks for X. */
static void gave_up(const char *client, const char *other, const char *name)
{
	long probes = hf_stat("probes"), deadlocks = hf_stat("deadlocks");
	bool good, rumour, waits;
	int ret = -EBUSY;

	good = begin(client, other);
	ask(&one, Y);
	good = agent_settle(&one) && hf_wait_lines(" waiting ", "POSIX", 1) && good;
	agent_interrupt(&one, SIGUSR1);
	good = agent_wait(&one, name) == -EINTR && good;
	rumour = hf_lines(" waiting ", "POSIX") == 1;
	ask(&two, X);
	waits = agent_settle(&two);
	/* That it waits at the server, and not in its client. */
	good = good && rumour && waits && hf_wait_lines(" waiting ", "POSIX", 1);
	if (waits) {
		good = !let_go(&one) && good;
		ret = answer(&two);
	}
	t_check(good && !ret && hf_stat("probes") == probes + 1 &&
		hf_stat("deadlocks") == deadlocks, name,
		"%s, %s, then %d; %ld probes, %ld deadlocks",
		rumour ? "was believed to wait" : "was known to have gone",
		waits ? "the other waited" : "the other did not wait",
		waits ? ret : two.last.ret, hf_stat("probes") - probes,
		hf_stat("deadlocks") - deadlocks);
	end();
}

/* Both ask for what the other has: one is refused, and then lets go. */
static void both_wait(const char *dir, const char *other, const char *name)
{
	struct agent *refused = NULL, *gets;
	bool good = begin(dir, other);
	int ret = -EBUSY;

	ask(&one, Y);
	good = agent_settle(&one) && good;
	ask(&two, X);
	if (good)
		refused = first_answer(&one, &two);
	if (!refused || refused->last.ret != -EDEADLK) {
		t_check(false, name, "%s, %d", refused ? "answered" : "both wait",
			refused ? refused->last.ret : 0);
		return end();
	}
	gets = refused == &one ? &two : &one;
	good = !agent_poll(gets) && !let_go(refused);
	ret = answer(gets);
	t_check(good && !ret, name, "the other was not let wait, or answered %d", ret);
	end();
}

int main(int argc, char **argv)
{
	if (argc != 4)
		t_die("usage: deadlock LOCAL C1V4 C2V4");
	agents_init();
	gave_up(argv[2], argv[1], "gave-up-no-deadlock-local");
	gave_up(argv[2], argv[3], "gave-up-no-deadlock-two-clients");
	both_wait(argv[2], argv[1], "deadlock-client-and-local");
	both_wait(argv[1], argv[2], "deadlock-local-and-client");
	both_wait(argv[2], argv[3], "deadlock-two-clients");
	both_wait(argv[2], argv[2], "deadlock-in-one-client");
	return t_done();
}
