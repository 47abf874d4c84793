// SPDX-License-Identifier: GPL-2.0-only
/*
 * deleg-modes LOCAL CLIENT all|read|none: what an NFSv4.2 client, whose mount is
 * seen at CLIENT, is given of files of LOCAL with that option delegations=, and
 * that leases of local processes are what they were.
 */
#include "deleg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* nfsd has reasons of its own to give none now and then: one file shows little. */
#define FILES 5

static const char *mode, *dir;
static struct agent client, other, here;
static unsigned int nr;

static const char *result(const char *what)
{
	static char text[80];

	snprintf(text, sizeof(text), "%s-%s", mode, what);
	return text;
}

static void new_file(struct file *file)
{
	snprintf(file->name, sizeof(file->name), "%s-%u", mode, nr++);
	path_in(file->path, sizeof(file->path), local, file->name);
	if (a_open(&here, 0, file->path, O_WRONLY | O_CREAT) ||
	    stat(file->path, &file->st))
		t_die("%s: %m", file->path);
	a_close(&here, 0);
}

/* The second open, of the client's, as @flags say, beside the first, of @who's. */
static bool given_none(struct agent *who, const char *where, int first, int flags)
{
	bool none = true;
	struct file file;

	for (int i = 0; i < FILES; i++) {
		new_file(&file);
		if (who && open_at(who, 1, where, &file, first))
			t_die("%s: %s", file.name, strerrorname_np(-who->last.ret));
		if (open_at(&client, 0, dir, &file, flags))
			t_die("%s: %s", file.name, strerrorname_np(-client.last.ret));
		none &= shows(&file, "none");
		a_close(&client, 0);
		if (who)
			a_close(who, 1);
	}
	return none;
}

static bool given(bool write)
{
	struct file file;
	bool good = delegated(&client, 0, dir, write, &file);

	a_close(&client, 0);
	return good;
}

static bool all(void)
{
	return !strcmp(mode, "all");
}

static bool nothing(void)
{
	return !strcmp(mode, "none");
}

static void opened_to_write(void)
{
	t_check(all() ? given(true) : given_none(NULL, NULL, 0, O_RDWR),
		result("open-to-write"), "is not what it is to be");
}

static void opened_to_read(void)
{
	t_check(nothing() ? given_none(NULL, NULL, 0, O_RDONLY) : given(false),
		result("open-to-read"), "is not what it is to be");
}

/* Whoever it is that writes. */
static void beside_writers(void)
{
	t_check(given_none(&here, local, O_WRONLY, O_RDONLY),
		result("beside-local-writer"), "delegated");
	if (!all())
		t_check(given_none(&other, dir, O_RDWR, O_RDONLY),
			result("beside-own-writer"), "delegated");
}

static void leases(void)
{
	struct call lease = { .fn = call_lease, .cmd = F_SETLEASE, .arg = F_WRLCK };
	struct file file;
	int write, read;

	new_file(&file);
	open_at(&here, 0, local, &file, O_RDWR);
	write = agent_do(&here, &lease);
	a_close(&here, 0);
	open_at(&here, 0, local, &file, O_RDONLY);
	lease.arg = F_RDLCK;
	read = agent_do(&here, &lease);
	a_close(&here, 0);
	t_check(!write && !read, result("local-leases"), "%d and %d", write, read);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		t_die("usage: deleg-modes LOCAL CLIENT all|read|none");
	local = argv[1];
	dir = argv[2];
	mode = argv[3];
	play_init();
	agent_start(&client);
	agent_start(&other);
	agent_start(&here);
	opened_to_read();
	opened_to_write();
	beside_writers();
	leases();
	agent_stop(&client);
	agent_stop(&other);
	agent_stop(&here);
	return t_done();
}
