// SPDX-License-Identifier: GPL-2.0-only
/*
 * lease-fault DIR SEED STEPS: agents at random leases, layouts, opens and
 * truncates of one file, of whose allocations (failslab, make-it-fail) the caller has seen to
 * it that some fail.
 *
 * Answers other than those of a lease or of no memory are wrong; so is a lease
 * that is left at the end.
 */
#include "play.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 4

static unsigned long long state;
static struct agent agents[WORKERS];
static char path[180];

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

/* (EBADF: the slot is empty, since its open failed.) */
static bool right(int ret)
{
	switch (ret < 0 ? -ret : 0) {
	case 0: case EAGAIN: case EINTR: case ENOMEM: case EBADF:
	/* Pins. */
	case EPERM: case ENOENT: case ETXTBSY:
		return true;
	}
	return false;
}

/* Closed first: a descriptor is not to be lost.  Writers (arg: mostly) leave. */
static int call_reopen(struct call *call)
{
	int ret;

	if (fds[call->slot] >= 0)
		call_close(call);
	ret = call_open(call);
	if (!ret && call->arg)
		call_close(call);
	return ret;
}

static void send_random(struct agent *agent)
{
	static const int types[] = { F_RDLCK, F_RDLCK, F_WRLCK, F_UNLCK };
	static const int flags[] = { O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	struct call call = { .fn = call_lease, .slot = pick(2) };

	switch (pick(16)) {
	case 0 ... 4:
		call.cmd = F_SETLEASE;
		call.arg = types[pick(4)];
		break;
	case 5:
		call.cmd = F_GETLEASE;
		break;
	case 6:
		call.fn = call_truncate;
		call.arg = pick(10000);
		strcpy(call.path, path);
		break;
	case 7 ... 8:
		call.fn = call_setlayout;
		call.type = pick(3);
		call.start = call.type ? pick(4096) : 0;
		break;
	case 9:
		call.fn = call_pin;
		call.cmd = 1;
		call.type = 1;
		call.start = 4096;
		call.len = 1 + pick(4096);
		break;
	case 10:
		call.fn = call_unpin;
		call.cmd = 1;
		break;
	case 11:
		call.fn = call_fallocate;
		call.cmd = 'h';
		call.len = 1 + pick(10000);
		break;
	default:
		call.fn = call_reopen;
		call.cmd = flags[pick(5)];
		call.arg = call.cmd != O_RDONLY && pick(8);
		call.cmd |= pick(3) ? O_NONBLOCK : 0;
		strcpy(call.path, path);
	}
	agent_send(agent, &call);
}

int main(int argc, char **argv)
{
	int steps, no_memory = 0, granted = 0, layouts = 0, wrong = 0;
	char lines[200];
	struct stat st;

	if (argc != 4)
		t_die("usage: lease-fault DIR SEED STEPS");
	play_init();
	path_in(path, sizeof(path), argv[1], "fault");
	state = strtoull(argv[2], NULL, 10);
	steps = atoi(argv[3]);
	t_note("seed %s", argv[2]);
	close(open(path, O_RDWR | O_CREAT, 0644));
	sysctl_fs("lease-break-time", 1);
	for (int i = 0; i < WORKERS; i++) {
		agent_start(&agents[i]);
		if (agent_do(&agents[i], &(struct call){ .fn = call_make_it_fail,
							  .arg = 1 }))
			t_die("make-it-fail: %s",
			      strerrorname_np(-agents[i].last.ret));
	}
	for (int i = 0; i < steps; i++) {
		struct agent *agent = &agents[pick(WORKERS)];

		if (agent->state == AGENT_BUSY && !agent_poll(agent)) {
			if (pick(3) == 0)
				agent_interrupt(agent, SIGUSR1);
			agent_settle(agent);
			continue;
		}
		if (agent->last.fn && !right(agent->last.ret)) {
			t_note("wrong: %s, cmd %d", strerrorname_np(-agent->last.ret),
			       agent->last.cmd);
			wrong++;
		}
		no_memory += agent->last.ret == -ENOMEM;
		granted += agent->last.fn == call_lease && !agent->last.ret &&
			   agent->last.cmd == F_SETLEASE;
		layouts += agent->last.fn == call_setlayout && !agent->last.ret;
		send_random(agent);
		agent_settle(agent);
	}
	for (int i = 0; i < WORKERS; i++)
		agent_stop(&agents[i]);
	t_note("%d leases and %d layouts set, %d calls without memory", granted, layouts,
	       no_memory);
	t_check(!wrong, "fault-answers", "%d were wrong", wrong);
	t_check(no_memory && granted && layouts, "fault-happened", "not everything did");
	if (stat(path, &st))
		t_die("%s: %m", path);
	lease_lines(NULL, &st, lines, sizeof(lines));
	if (!strcmp(lines, "none"))
		holdfast_lines(NULL, &st, lines, sizeof(lines));
	t_check(!strcmp(lines, "none"), "fault-leaves-nothing", "%s", lines);
	return t_done();
}
