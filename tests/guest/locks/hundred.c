// SPDX-License-Identifier: GPL-2.0-only
/*
 * hundred LOCAL C1V4 C2V3 COMMAND: a holder on the server, 100 waiters on two
 * clients; while they wait COMMAND has to succeed; then all get their turn.
 */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>

#define WAITERS 100

static struct agent waiters[WAITERS];

static void start_on(struct agent *a, const char *dir)
{
	char path[256];

	agent_start(a);
	snprintf(path, sizeof(path), "%s/hundred", dir);
	if (a_open(a, 0, path, O_RDWR | O_CREAT))
		t_die("%s cannot be opened", path);
}

int main(int argc, char **argv)
{
	struct call take = { .fn = call_take, .cmd = F_SETLKW, .type = F_WRLCK };
	struct agent holder;
	int failed = 0;

	if (argc != 5)
		t_die("usage: hundred LOCAL C1V4 C2V3 COMMAND");
	agents_init();
	start_on(&holder, argv[1]);
	a_lock(&holder, 0, F_SETLKW, F_WRLCK, 0, 0);
	for (int i = 0; i < WAITERS; i++) {
		start_on(&waiters[i], i % 5 < 3 ? argv[2] : argv[3]);
		agent_send(&waiters[i], &take);
	}
	t_check(hf_wait_lines(" waiting ", "POSIX", WAITERS), "hundred-wait",
		"not all are queued");
	t_check(system(argv[4]) == 0, "served-meanwhile", "'%s' failed", argv[4]);
	t_check(hf_lines(" waiting ", "POSIX") == WAITERS, "hundred-still-wait",
		"%d do", hf_lines(" waiting ", "POSIX"));
	a_lock(&holder, 0, F_SETLK, F_UNLCK, 0, 0);
	for (int i = 0; i < WAITERS; i++)
		failed += agent_wait(&waiters[i], "hundred") != 0;
	t_check(!failed && shared->turns == WAITERS && !shared->violations,
		"hundred-turns", "%d failed, %u turns, %u violations", failed,
		shared->turns, shared->violations);
	for (int i = 0; i < WAITERS; i++)
		agent_stop(&waiters[i]);
	agent_stop(&holder);
	return t_done();
}
