// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout-nfs LOCAL NAME CLIENT [NAME CLIENT]...: what a client does to a file of
 * LOCAL of which a process has a layout. Its server has one thread, which nobody
 * may hold up: a truncate is put off, and all other work goes on.
 */
#include "play.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *local, *name, *dir;
static struct agent holder, client, other;

static const char *result(const char *what)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s-%s", name, what);
	return text;
}

static void send_truncate(long size)
{
	struct call call = { .fn = call_truncate, .arg = size };

	path_in(call.path, sizeof(call.path), dir, name);
	agent_send(&client, &call);
}

static long size_now(void)
{
	char path[180];
	struct stat st;

	path_in(path, sizeof(path), local, name);
	return stat(path, &st) ? -1 : st.st_size;
}

/* The truncate has come as far as the layout. */
static bool told(void)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;

	do {
		agent_do(&holder, &(struct call){ .fn = call_signals });
		if (!strcmp(holder.last.path, "IO0:0"))
			return true;
		pause_briefly();
	} while (now_ns() < end);
	return false;
}

/* Names, data and a truncate of another file, through the same thread. */
static int work(void)
{
	struct call call = { .fn = call_truncate, .arg = 7 };
	char path[180];
	int ret;

	path_in(path, sizeof(path), dir, "work");
	ret = a_open(&other, 0, path, O_RDWR | O_CREAT);
	strcpy(call.path, path);
	ret = ret ?: agent_do(&other, &call);
	ret = ret ?: a_close(&other, 0);
	call = (struct call){ .fn = call_path, .cmd = 'u' };
	strcpy(call.path, path);
	return ret ?: agent_do(&other, &call);
}

static int layout(int type)
{
	return agent_do(&holder, &(struct call){ .fn = call_setlayout, .type = type });
}

static void on_mount(void)
{
	char path[180];
	int ret;

	path_in(path, sizeof(path), local, name);
	ret = a_open(&holder, 0, path, O_RDWR | O_CREAT);
	if (ret || truncate(path, 100000) || layout(2))
		t_die("%s: no layout", path);

	send_truncate(5);
	t_check(told(), result("truncate-tells"), "no signal");
	ret = work();
	t_check(!ret, result("work-goes-on"), "answered %d", ret);
	t_check(!agent_poll(&client) && size_now() == 100000, result("truncate-is-put-off"),
		"answered %d, size %ld", client.last.ret, size_now());
	ret = layout(0);
	ret = ret ?: agent_wait(&client, "truncate over NFS");
	t_check(!ret && size_now() == 5, result("truncate-goes-on"),
		"answered %d, size %ld", ret, size_now());

	/* Not returned. */
	layout(1);
	sysctl_fs("lease-break-time", 1);
	send_truncate(4);
	ret = agent_wait(&client, "truncate over NFS");
	t_check(!ret && size_now() == 4, result("layout-is-revoked"),
		"answered %d, size %ld", ret, size_now());
	sysctl_fs("lease-break-time", LONG_BREAK);

	layout(1);
	ret = agent_do(&holder, &(struct call){ .fn = call_pin, .type = 1, .len = 1 });
	send_truncate(0);
	ret = ret ?: agent_wait(&client, "truncate over NFS of what is pinned");
	t_note("%s: of what is pinned it answers %s", name, strerrorname_np(-ret));
	t_check(ret && size_now() == 4, result("pin-stops-truncate"),
		"answered %d, size %ld", ret, size_now());
	a_close(&holder, 0);
	send_truncate(0);
	ret = agent_wait(&client, "truncate over NFS");
	t_check(!ret && size_now() == 0, result("truncates-again"),
		"answered %d, size %ld", ret, size_now());
}

int main(int argc, char **argv)
{
	if (argc < 4)
		t_die("usage: layout-nfs LOCAL NAME CLIENT...");
	local = argv[1];
	play_init();
	sysctl_fs("lease-break-time", LONG_BREAK);
	agent_start(&holder);
	agent_start(&client);
	agent_start(&other);
	for (int i = 2; i + 1 < argc; i += 2) {
		name = argv[i];
		dir = argv[i + 1];
		on_mount();
	}
	agent_stop(&holder);
	agent_stop(&client);
	agent_stop(&other);
	return t_done();
}
