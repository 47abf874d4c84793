// SPDX-License-Identifier: GPL-2.0-only
/*
 * deleg-locks LOCAL CLIENT V3: locks of an NFSv4.2 client that alone has a file
 * of LOCAL open; its mount is seen at CLIENT, another's, by NFSv3, at V3.
 *
 * A client that has a write delegation keeps its locks to itself: of its own
 * waiters those who lose a race poll, up to 30 s apart, and those of others
 * cannot ask before it was recalled.  So the locks have to be the server's, where
 * all can be seen.
 */
#include "deleg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITERS 16
/* Well under the client's own poll, and what a slow guest may need. */
#define LATE_S 20

static const char *dir, *dir3;
static struct agent holder, waiters[WAITERS];

static void hold(const char *name)
{
	char path[256];

	path_in(path, sizeof(path), dir, name);
	agent_start(&holder);
	if (a_open(&holder, 0, path, O_RDWR | O_CREAT) ||
	    a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0))
		t_die("%s: not locked: %s", path, strerrorname_np(-holder.last.ret));
}

static void ask(struct agent *agent, const char *where, const char *name)
{
	char path[256];

	path_in(path, sizeof(path), where, name);
	agent_start(agent);
	if (a_open(agent, 0, path, O_RDWR))
		t_die("%s: %s", path, strerrorname_np(-agent->last.ret));
	a_lock_send(agent, 0, F_SETLKW, F_WRLCK, 0, 0);
}

static bool at_server(void)
{
	return hf_lines(" held ", "POSIX") == 1;
}

/* Who of those that asked has it now; NULL after PATIENCE_S. */
static struct agent *winner(int count)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;

	do {
		for (int i = 0; i < count; i++)
			if (waiters[i].state == AGENT_BUSY && agent_poll(&waiters[i]))
				return &waiters[i];
		pause_briefly();
	} while (now_ns() < end);
	return NULL;
}

/* It is @who's; how many get it after him, none as late as if it had polled. */
static int hand_on(struct agent *who, int count)
{
	int good = 0;

	while (who) {
		uint64_t freed = now_ns();

		if (who->last.ret || a_lock(who, 0, F_SETLK, F_UNLCK, 0, 0))
			break;
		if (good == count)
			break;
		who = winner(WAITERS);
		if (!who || who->last.ended_ns > freed + LATE_S * 1000000000ull)
			break;
		good++;
	}
	return good;
}

static void stop(int count)
{
	for (int i = 0; i < count; i++)
		agent_stop(&waiters[i]);
	agent_stop(&holder);
}

/* Sixteen of the same client, whose holder is killed. */
static void killed(void)
{
	struct agent *first;
	int had;

	hold("sixteen");
	t_check(at_server(), "killed-held-at-server", "the client keeps it to itself");
	for (int i = 0; i < WAITERS; i++)
		ask(&waiters[i], dir, "sixteen");
	/* They wait in the client, and race for it at the server then. */
	for (int i = 0; i < WAITERS; i++)
		if (!agent_settle(&waiters[i]))
			t_die("has it while it is held");
	agent_kill(&holder);
	first = winner(WAITERS);
	had = hand_on(first, WAITERS - 1);
	t_check(had == WAITERS - 1, "killed-handed-over", "%d times in time", had);
	stop(WAITERS);
}

/* The first hand-over on a file that only the other client has opened. */
static void to_v3(void)
{
	hold("first");
	t_check(at_server(), "v3-held-at-server", "the client keeps it to itself");
	ask(&waiters[0], dir3, "first");
	t_check(hf_wait_lines(" waiting ", "POSIX", 1), "v3-waits-at-server",
		"it does not");
	t_check(hand_on(&holder, 1) == 1, "v3-handed-over", "late, or not");
	stop(1);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		t_die("usage: deleg-locks LOCAL CLIENT V3 (directories)");
	local = argv[1];
	dir = argv[2];
	dir3 = argv[3];
	play_init();
	killed();
	to_v3();
	return t_done();
}
