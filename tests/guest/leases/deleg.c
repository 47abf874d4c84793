// SPDX-License-Identifier: GPL-2.0-only
#include "deleg.h"

#include <string.h>
#include <unistd.h>

#define TRIES 40

const char *local;
static unsigned int nr_files;

int call_read(struct call *call)
{
	ssize_t n = pread(fds[call->slot], call->path, sizeof(call->path) - 1, 0);

	call->path[n > 0 ? n : 0] = 0;
	return n < 0 ? -errno : 0;
}

int call_write(struct call *call)
{
	ssize_t n = strlen(call->path);

	return pwrite(fds[call->slot], call->path, n, 0) == n ? 0 : -errno;
}

static void make_file(struct file *file)
{
	int fd;

	snprintf(file->name, sizeof(file->name), "file-%u", nr_files++);
	path_in(file->path, sizeof(file->path), local, file->name);
	fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || write(fd, OLD, strlen(OLD)) < 0 || fchmod(fd, 0666) ||
	    fstat(fd, &file->st) || close(fd))
		t_die("%s: %m", file->path);
}

int open_at(struct agent *agent, int slot, const char *dir, const struct file *file,
	    int flags)
{
	char path[180];

	path_in(path, sizeof(path), dir, file->name);
	return a_open(agent, slot, path, flags);
}

bool shows(const struct file *file, const char *want)
{
	char lines[200];

	lease_lines(NULL, &file->st, lines, sizeof(lines));
	return !strcmp(lines, want);
}

bool delegated(struct agent *agent, int slot, const char *dir, bool write,
	       struct file *file)
{
	for (int i = 0; i < TRIES; i++) {
		make_file(file);
		if (open_at(agent, slot, dir, file, write ? O_RDWR : O_RDONLY))
			t_die("%s/%s: %s", dir, file->name,
			      strerrorname_np(-agent->last.ret));
		if (shows(file, write ? WRITE_LINE : READ_LINE))
			return true;
		a_close(agent, slot);
		/* At first the server has yet to try how to call back. */
		usleep(100000);
	}
	return false;
}
