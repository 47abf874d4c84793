// SPDX-License-Identifier: GPL-2.0-only
/*
 * absent LOCAL CLIENT LINK LEASE_TIME: a client, whose mount is seen at CLIENT
 * and whose network ends with LINK, does not answer to recalls.
 *
 * nfsd revokes what it has after LEASE_TIME seconds, when the laundromat comes
 * by (not later than after another LEASE_TIME); a breaker waits for that, unless
 * it is interrupted or killed.
 */
#include "deleg.h"

#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *dir, *device;
static long lease_time;
static struct agent client, breakers[4];

static void network(const char *state)
{
	char command[100];

	snprintf(command, sizeof(command), "ip link set %s %s", device, state);
	if (system(command))
		t_die("'%s' fails", command);
}

static bool waits(struct agent *agent, const struct file *file, int flags)
{
	struct call call = { .fn = call_open, .slot = 0, .cmd = flags };

	path_in(call.path, sizeof(call.path), local, file->name);
	agent_send(agent, &call);
	return agent_settle(agent);
}

static bool in_bound(struct agent *agent)
{
	uint64_t s = (agent->last.ended_ns - agent->last.began_ns) / 1000000000;

	t_note("went on after %lu s", (unsigned long)s);
	return s <= (uint64_t)(2 * lease_time + SLACK_S);
}

static bool killed(struct agent *agent)
{
	agent_kill(agent);
	return true;
}

/* One that renews its lease no more, while others want what it has. */
static void revoked(void)
{
	struct file read, written, third;
	bool good = delegated(&client, 0, dir, false, &read) &&
		    delegated(&client, 1, dir, true, &written) &&
		    delegated(&client, 2, dir, false, &third);
	struct call truncates = { .fn = call_truncate, .arg = 3 };
	int ret;

	t_check(good, "absent-has-delegations", "it has not");
	network("down");
	t_check(waits(&breakers[0], &read, O_WRONLY), "absent-open-waits", "answered %d",
		breakers[0].last.ret);
	t_check(waits(&breakers[1], &written, O_RDONLY), "absent-write-waits",
		"answered %d", breakers[1].last.ret);
	t_check(open_at(&breakers[3], 0, local, &read, O_WRONLY | O_NONBLOCK) == -EAGAIN,
		"absent-nonblock", "answered %d", breakers[3].last.ret);
	strcpy(truncates.path, third.path);
	agent_send(&breakers[2], &truncates);
	t_check(agent_settle(&breakers[2]), "absent-truncate-waits", "answered %d",
		breakers[2].last.ret);
	agent_interrupt(&breakers[2], SIGUSR1);
	ret = agent_wait(&breakers[2], "absent-interrupted");
	t_check(ret == -EINTR, "absent-interrupted", "answered %d", ret);
	agent_send(&breakers[2], &truncates);
	t_check(agent_settle(&breakers[2]) && killed(&breakers[2]), "absent-killed",
		"did not wait");
	ret = agent_wait(&breakers[0], "absent-revoked");
	t_check(!ret && in_bound(&breakers[0]) && shows(&read, "none"), "absent-revoked",
		"answered %d, or late, or it is still there", ret);
	ret = agent_wait(&breakers[1], "absent-write-revoked");
	t_check(!ret && in_bound(&breakers[1]) && shows(&written, "none"),
		"absent-write-revoked", "answered %d, or late, or it is still there", ret);
	a_close(&breakers[0], 0);
	a_close(&breakers[1], 0);
	network("up");
}

static bool comes_back(void)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	struct file file;

	agent_stop(&client);
	agent_start(&client);
	while (!delegated(&client, 0, dir, false, &file))
		if (now_ns() > end)
			return false;
	a_close(&client, 0);
	return true;
}

static bool is_courtesy(const char *info)
{
	FILE *file = fopen(info, "r");
	char line[200];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "status: courtesy", strlen("status: courtesy"));
	if (file)
		fclose(file);
	return found;
}

static bool one_is_courtesy(void)
{
	glob_t infos;
	bool found = false;

	if (glob("/proc/fs/nfsd/clients/*/info", 0, NULL, &infos))
		return false;
	for (size_t i = 0; i < infos.gl_pathc && !found; i++)
		found = is_courtesy(infos.gl_pathv[i]);
	globfree(&infos);
	return found;
}

/* nfsd has noticed its silence, and keeps what it has until somebody minds. */
static bool becomes_courtesy(void)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;

	while (!one_is_courtesy()) {
		if (now_ns() > end)
			return false;
		usleep(200000);
	}
	return true;
}

static void courtesy(void)
{
	struct file file;
	bool good = delegated(&client, 0, dir, false, &file);
	int ret;

	network("down");
	good = good && becomes_courtesy() && shows(&file, READ_LINE);
	ret = open_at(&breakers[0], 0, local, &file, O_WRONLY);
	t_check(good && !ret && in_bound(&breakers[0]) && shows(&file, "none"),
		"absent-courtesy", "answered %d, or late, or it is still there", ret);
	a_close(&breakers[0], 0);
	network("up");
}

int main(int argc, char **argv)
{
	if (argc != 5)
		t_die("usage: absent LOCAL CLIENT LINK LEASE_TIME");
	local = argv[1];
	dir = argv[2];
	device = argv[3];
	lease_time = atol(argv[4]);
	play_init();
	agent_start(&client);
	for (int i = 0; i < 4; i++)
		agent_start(&breakers[i]);
	revoked();
	t_check(comes_back(), "absent-comes-back", "it gets no delegation any more");
	courtesy();
	t_check(comes_back(), "absent-comes-back-again",
		"it gets no delegation any more");
	agent_stop(&client);
	for (int i = 0; i < 4; i++)
		agent_stop(&breakers[i]);
	return t_done();
}
