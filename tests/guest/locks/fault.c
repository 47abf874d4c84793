// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault NAME SEED STEPS DIR...: one agent for each folder, at random locks while
 * memory fails; NAME begins its results. Agents on a folder that starts with '+'
 * are to be failed themselves (make-it-fail); for others the caller has seen to
 * it.
 *
 * Answers other than those of a lock or of no memory are wrong; so is a lock
 * that two hold, and one that is left at the end.
 */
#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAX 8

static unsigned long long state;
static struct agent agents[MAX];
static const char *name;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static int call_make_it_fail(struct call *call)
{
	FILE *f = fopen("/proc/self/make-it-fail", "w");

	if (!f || fprintf(f, "%ld", call->arg) < 0 || fclose(f))
		return -errno;
	return 0;
}

static bool right(int ret)
{
	switch (-ret) {
	case 0: case EAGAIN: case EDEADLK: case EINTR: case ENOLCK: case ENOMEM:
		return true;
	}
	return false;
}

static void send_random(struct agent *a)
{
	static const int cmds[] = { F_SETLK, F_SETLK, F_SETLKW, F_OFD_SETLK,
				    F_OFD_SETLKW };
	static const short types[] = { F_RDLCK, F_WRLCK, F_WRLCK, F_UNLCK };
	struct call call = { .fn = call_lock, .cmd = cmds[pick(5)],
			     .type = types[pick(4)], .start = pick(20),
			     .len = pick(8) };

	if (pick(10) == 0) {
		call.fn = call_flock;
		call.cmd = (int[]){ LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB,
				    LOCK_UN, LOCK_EX }[pick(4)];
	}
	agent_send(a, &call);
}

/*
 * No two owners hold what excludes; and nobody waits who could have it is for
 * lk_validate().  From the list, which is exact for so few.
 */
static bool exclusive(void)
{
	struct { char class[8], type[8]; int pid; long long start, end; } all[200];
	FILE *f = fopen("/proc/fs/holdfast/locks", "r");
	char line[256], end[32];
	int n = 0;

	while (n < 200 && fgets(line, sizeof(line), f)) {
		if (!strstr(line, " held ") ||
		    sscanf(line, "%*d: %7s %*s %7s %d %*s %lld %31s", all[n].class,
			   all[n].type, &all[n].pid, &all[n].start, end) != 5)
			continue;
		all[n].end = strcmp(end, "EOF") ? atoll(end) : 0x7fffffffffffffffLL;
		n++;
	}
	fclose(f);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if ((all[i].class[0] == 'F') == (all[j].class[0] == 'F') &&
			    (all[i].type[0] == 'W' || all[j].type[0] == 'W') &&
			    all[i].start <= all[j].end && all[j].start <= all[i].end)
				return false;
	return true;
}

/*
 * A whole-file unlock needs no memory of ours, so it works now.  (fcntl() wants
 * some for the request, and answers ENOLCK before we have seen it.)
 */
static bool unlocks(struct agent *a)
{
	long failed = hf_stat("no_memory");
	int ret;

	do {
		ret = a_lock(a, 0, F_SETLK, F_UNLCK, 0, 0);
	} while (ret == -ENOLCK && hf_stat("no_memory") == failed);
	return !ret;
}

static const char *result(const char *what)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s-%s", name, what);
	return text;
}

int main(int argc, char **argv)
{
	int n = argc - 4, steps, answers[5] = {}, wrong = 0, shared_bytes = 0;

	if (n < 1 || n > MAX)
		t_die("usage: fault NAME SEED STEPS DIR...");
	name = argv[1];
	state = strtoull(argv[2], NULL, 10);
	steps = atoi(argv[3]);
	t_note("seed %s", argv[2]);
	agents_init();
	for (int i = 0; i < n; i++) {
		const char *dir = argv[4 + i];
		bool fail = *dir == '+';
		char path[256];
		int ret;

		agent_start(&agents[i]);
		snprintf(path, sizeof(path), "%s/fault", dir + fail);
		if (a_open(&agents[i], 0, path, O_RDWR | O_CREAT))
			t_die("%s cannot be opened", path);
		ret = fail ? agent_do(&agents[i], &(struct call){
			.fn = call_make_it_fail, .arg = 1 }) : 0;
		if (ret)
			t_die("make-it-fail: %d", ret);
	}
	for (int i = 0; i < steps; i++) {
		struct agent *a = &agents[pick(n)];

		if (a->state == AGENT_BUSY && !agent_poll(a)) {
			if (pick(3) == 0)
				agent_interrupt(a, SIGUSR1);
			agent_settle(a);
		} else {
			if (a->last.fn && !right(a->last.ret)) {
				t_note("wrong: %d for cmd %d type %d", a->last.ret,
				       a->last.cmd, a->last.type);
				wrong++;
			}
			answers[a->last.ret == 0 ? 0 : a->last.ret == -EAGAIN ? 1 :
				a->last.ret == -EINTR ? 2 :
				a->last.ret == -EDEADLK ? 3 : 4]++;
			send_random(a);
			agent_settle(a);
		}
		shared_bytes += !exclusive();
	}
	t_note("answers: %d granted, %d refused, %d interrupted, %d deadlocks, %d without memory",
	       answers[0], answers[1], answers[2], answers[3], answers[4]);
	t_check(!wrong, result("answers"), "%d were wrong", wrong);
	t_check(!shared_bytes, result("exclusion"), "%d times two had one byte",
		shared_bytes);
	t_check(answers[4] > 0, result("happened"), "no memory failed");
	for (int i = 0; i < n; i++) {
		while (!agent_poll(&agents[i])) {
			agent_interrupt(&agents[i], SIGUSR1);
			pause_briefly();
		}
		if (argv[4 + i][0] == '+')
			wrong += !unlocks(&agents[i]);
	}
	t_check(!wrong, result("unlock"), "an unlock failed");
	for (int i = 0; i < n; i++)
		agent_stop(&agents[i]);
	return t_done();
}
