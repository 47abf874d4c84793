// SPDX-License-Identifier: GPL-2.0-only
/*
 * lk: agents for shell scripts (locks/run.sh: lk_start, lk). One line in, one
 * line out:
 *
 *	A open PATH		opens it as slot 0 of agent A, made if new
 *	A set r|w|u [START LEN]	F_SETLK, all of the file by default
 *	A wait r|w		F_SETLKW: the answer when it comes, at most
 *				PATIENCE_S later
 *	A ask r|w		F_SETLKW: "waits", or the answer
 *	A answer		of an earlier ask
 *	A state			of an earlier ask: "waits", or the answer
 *	A interrupt		SIGUSR1: the answer of its ask, EINTR
 *	A kill			SIGKILL
 *
 * Answers are "0" or an errno's name.
 */
#include "world.h"

#include <signal.h>
#include <string.h>

static struct agent agents[26];

static const char *lock(struct agent *a, int cmd, const char *args, bool wait)
{
	struct call call = { .fn = call_lock, .cmd = cmd };
	long long start = 0, len = 0;
	char type = 0;

	sscanf(args, " %c %lld %lld", &type, &start, &len);
	call.type = type == 'r' ? F_RDLCK : type == 'w' ? F_WRLCK : F_UNLCK;
	call.start = start;
	call.len = len;
	agent_send(a, &call);
	if (wait)
		return err_name(agent_wait(a, "fcntl"));
	return agent_settle(a) ? "waits" : err_name(a->last.ret);
}

static const char *serve(char *line)
{
	char name, what[16], args[200] = "";
	struct agent *a;

	if (sscanf(line, " %c %15s %199[^\n]", &name, what, args) < 2 ||
	    name < 'A' || name > 'Z')
		return "what?";
	a = &agents[name - 'A'];
	if (!a->pid)
		agent_start(a);
	if (!strcmp(what, "open"))
		return err_name(a_open(a, 0, args, O_RDWR | O_CREAT));
	if (!strcmp(what, "set"))
		return lock(a, F_SETLK, args, true);
	if (!strcmp(what, "wait"))
		return lock(a, F_SETLKW, args, true);
	if (!strcmp(what, "ask"))
		return lock(a, F_SETLKW, args, false);
	if (!strcmp(what, "answer"))
		return err_name(agent_wait(a, line));
	if (!strcmp(what, "state"))
		return agent_settle(a) ? "waits" : err_name(a->last.ret);
	if (!strcmp(what, "interrupt")) {
		agent_interrupt(a, SIGUSR1);
		return err_name(agent_wait(a, line));
	}
	if (!strcmp(what, "kill")) {
		agent_kill(a);
		memset(a, 0, sizeof(*a));
		return "0";
	}
	return "what?";
}

int main(void)
{
	char line[256];

	agents_init();
	while (fgets(line, sizeof(line), stdin)) {
		printf("%s\n", serve(line));
		fflush(stdout);
	}
	for (int i = 0; i < 26; i++)
		agent_stop(&agents[i]);
	return 0;
}
