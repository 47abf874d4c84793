// SPDX-License-Identifier: GPL-2.0-only
/*
 * delegations LOCAL ONE TWO: what the real knfsd does with the files of LOCAL
 * for two NFSv4.2 clients, whose mounts are seen at ONE and TWO.
 *
 * Each case has a file of its own: nfsd gives no delegation of one that was
 * recalled a moment ago, nor of some others (it remembers by a hash), so a case
 * that gets none tries the next.
 */
#include "deleg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *one, *two;
static struct agent client, other, breaker;

/* ------------------------------------------------------- in the agents */

static int call_conflict(struct call *call)
{
	char other_name[sizeof(call->path) + 8];
	int ret = -1;

	snprintf(other_name, sizeof(other_name), "%s-other", call->path);
	switch (call->cmd) {
	case 'u':
		ret = unlink(call->path);
		break;
	case 'n':
		ret = rename(call->path, other_name);
		break;
	case 'o':
		ret = close(creat(other_name, 0644)) ?: rename(other_name, call->path);
		break;
	case 'l':
		ret = link(call->path, other_name);
		break;
	case 'c':
		ret = chmod(call->path, 0640);
		break;
	case 'C':
		ret = chown(call->path, 1000, 1000);
		break;
	case 'm':
		ret = utimensat(AT_FDCWD, call->path, NULL, 0);
		break;
	case 't':
		ret = truncate(call->path, 4);
		break;
	}
	return ret ? -errno : 0;
}

static bool holds_text(const char *path, const char *text)
{
	char buf[64] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	return n == (ssize_t)strlen(text) && !strcmp(buf, text);
}

/* ------------------------------------------------------- recalls */

enum { OPEN = 0, OF_OTHER = 1 };

static const struct {
	const char *name;
	char call;		/* OPEN, OF_OTHER (an open of client 2), or a call */
	int flags;
	bool reads;		/* conflicts with write delegations only */
} recalls[] = {
	{ "open-read", OPEN, O_RDONLY, true },
	{ "open-write", OPEN, O_WRONLY, false },
	{ "open-truncate", OPEN, O_RDWR | O_TRUNC, false },
	{ "other-open-read", OF_OTHER, O_RDONLY, true },
	{ "other-open-write", OF_OTHER, O_RDWR, false },
	{ "unlink", 'u', 0, false },
	{ "rename", 'n', 0, false },
	{ "rename-over", 'o', 0, false },
	{ "link", 'l', 0, false },
	{ "chmod", 'c', 0, false },
	{ "chown", 'C', 0, false },
	{ "times", 'm', 0, false },
	{ "truncate", 't', 0, false },
};

static const char *name_of(const char *what, bool write, const char *how)
{
	static char text[80];

	snprintf(text, sizeof(text), "%s-%s%s%s", what, write ? "write" : "read",
		 how ? "-" : "", how ?: "");
	return text;
}

/*
 * What the client wrote is what the file has (if it is there, and all of it).
 * Linux's client may give a delegation back before it has written; when it closes
 * the file afterwards it has.
 */
static bool has_data(unsigned int i, const struct file *file)
{
	char path[200];

	switch (recalls[i].call) {
	case 'u':
	case 'o':
	case 't':
		return true;
	}
	if (recalls[i].flags & O_TRUNC)
		return true;
	snprintf(path, sizeof(path), "%s%s", file->path,
		 recalls[i].call == 'n' ? "-other" : "");
	return holds_text(path, NEW);
}

/* Only a client that has read the file, and reads it with the other, gets one. */
static bool recalled(unsigned int i, const struct file *file)
{
	return shows(file, "none") ||
	       (recalls[i].call == OF_OTHER && recalls[i].reads &&
		shows(file, READ_LINE));
}

static int conflict(unsigned int i, const struct file *file)
{
	bool of_other = recalls[i].call == OF_OTHER;
	struct agent *agent = of_other ? &other : &breaker;
	struct call call = { .fn = call_conflict, .cmd = recalls[i].call };

	if (recalls[i].call == OPEN || of_other)
		return open_at(agent, 0, of_other ? two : local, file, recalls[i].flags);
	path_in(call.path, sizeof(call.path), local, file->name);
	return agent_do(agent, &call);
}

static void recall(unsigned int i, bool write)
{
	struct call new = { .fn = call_write, .path = NEW };
	const char *name = name_of("recall", write, recalls[i].name);
	struct file file;
	bool gone;
	int ret;

	if (!delegated(&client, 0, one, write, &file)) {
		t_check(false, name, "no delegation");
		return;
	}
	ret = write ? agent_do(&client, &new) : 0;
	ret = ret ?: conflict(i, &file);
	gone = recalled(i, &file);
	t_check(!ret && gone, name, "%s%s", ret ? strerrorname_np(-ret) : "done",
		gone ? "" : ", it is still there");
	a_close(&client, 0);
	if (write)
		t_check(has_data(i, &file), name_of("data", write, recalls[i].name),
			"what the client wrote is not there");
	a_close(&breaker, 0);
	a_close(&other, 0);
}

/* What conflicts with none, and what answers at once. */
static void without_recall(void)
{
	struct file file;
	bool good;

	good = delegated(&client, 0, one, false, &file);
	t_check(good && !open_at(&breaker, 0, local, &file, O_RDONLY) &&
		shows(&file, READ_LINE), "kept-read-open-read", "recalled");
	a_close(&breaker, 0);
	good = good && !open_at(&other, 0, two, &file, O_RDONLY);
	t_check(good && shows(&file, READ_LINE "+" READ_LINE), "two-clients-read",
		"not two delegations");
	t_check(good && open_at(&breaker, 0, local, &file, O_WRONLY | O_NONBLOCK) ==
		-EAGAIN, "nonblock-read", "answered %d", breaker.last.ret);
	t_check(good && !open_at(&breaker, 0, local, &file, O_WRONLY) &&
		shows(&file, "none"), "two-clients-recalled", "answered %d",
		breaker.last.ret);
	a_close(&breaker, 0);
	/* What is open stays so. */
	t_check(good && !agent_do(&client, &(struct call){ .fn = call_read }) &&
		!strcmp(client.last.path, OLD), "recalled-reads-on", "'%s'",
		client.last.path);
	a_close(&client, 0);
	a_close(&other, 0);

	good = delegated(&client, 0, one, true, &file);
	t_check(good && open_at(&breaker, 0, local, &file, O_RDONLY | O_NONBLOCK) ==
		-EAGAIN, "nonblock-write", "answered %d", breaker.last.ret);
	a_close(&client, 0);
}

/* F_SETLEASE of a local process beside a delegation. */
static void leases_beside(void)
{
	struct call lease = { .fn = call_lease, .cmd = F_SETLEASE, .arg = F_RDLCK };
	struct file file;
	bool good;
	int write;

	good = delegated(&client, 0, one, false, &file) &&
	       !open_at(&breaker, 0, local, &file, O_RDONLY);
	agent_do(&breaker, &lease);
	t_check(good && !breaker.last.ret, "read-lease-beside-delegation", "answered %d",
		breaker.last.ret);
	lease.arg = F_WRLCK;
	write = agent_do(&breaker, &lease);
	t_check(good && write == -EAGAIN, "write-lease-beside-delegation",
		"answered %d", write);
	a_close(&breaker, 0);
	a_close(&client, 0);
}

int main(int argc, char **argv)
{
	struct file file;

	if (argc != 4)
		t_die("usage: delegations LOCAL ONE TWO (directories)");
	local = argv[1];
	one = argv[2];
	two = argv[3];
	play_init();
	agent_start(&client);
	agent_start(&other);
	agent_start(&breaker);
	for (int write = 0; write < 2; write++) {
		t_check(delegated(&client, 0, one, write, &file),
			name_of("granted", write, NULL), "never");
		a_close(&client, 0);
	}
	for (int write = 0; write < 2; write++)
		for (unsigned int i = 0; i < sizeof(recalls) / sizeof(recalls[0]); i++)
			if (write || !recalls[i].reads)
				recall(i, write);
	without_recall();
	leases_beside();
	agent_stop(&client);
	agent_stop(&other);
	agent_stop(&breaker);
	return t_done();
}
