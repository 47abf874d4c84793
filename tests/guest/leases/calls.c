// SPDX-License-Identifier: GPL-2.0-only
/* The calls of plays, which run in the agents. */
#include "play.h"

#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void *maps[SLOTS];
static pid_t child;

int call_lease(struct call *call)
{
	int ret = fcntl(fds[call->slot], call->cmd, call->arg);

	return ret < 0 ? -errno : ret;
}

int call_lease_of_child(struct call *call)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		int ret = call_lease(call);

		_exit(ret < 0 ? -ret : 200 + ret);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	status = WEXITSTATUS(status);
	return status >= 200 ? status - 200 : -status;
}

int call_fcntl(struct call *call)
{
	return fcntl(fds[call->slot], call->cmd, call->arg) < 0 ? -errno : 0;
}

static int slot_of(int fd)
{
	for (int i = 0; i < SLOTS; i++)
		if (fds[i] == fd && fd >= 0)
			return i;
	return -1;
}

/* Those that are pending, in the order in which the kernel gives them. */
int call_signals(struct call *call)
{
	struct timespec none = {};
	siginfo_t info;
	sigset_t set;
	char *at = call->path, *end = at + sizeof(call->path);
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	for (sig = SIGRTMIN; sig < SIGRTMIN + 8; sig++)
		sigaddset(&set, sig);
	strcpy(call->path, "none");
	while ((sig = sigtimedwait(&set, &info, &none)) > 0) {
		if (at != call->path)
			at += snprintf(at, end - at, "+");
		if (sig == SIGIO && info.si_code == SI_KERNEL)
			at += snprintf(at, end - at, "IO");
		else if (info.si_code == POLL_MSG)
			at += snprintf(at, end - at, "%s%d:%d",
				       sig == SIGIO ? "IO" : "RT",
				       sig == SIGIO ? 0 : sig - SIGRTMIN,
				       slot_of(info.si_fd));
		else
			at += snprintf(at, end - at, "%d(code %d)", sig, info.si_code);
	}
	return 0;
}

int call_map(struct call *call)
{
	int fd = fds[call->slot];
	int writes = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	void *map = mmap(NULL, 4096, PROT_READ | (writes ? PROT_WRITE : 0),
			 MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	maps[call->slot] = map;
	return 0;
}

int call_unmap(struct call *call)
{
	int ret = munmap(maps[call->slot], 4096);

	maps[call->slot] = NULL;
	return ret ? -errno : 0;
}

int call_remove(struct call *call)
{
	return madvise((char *)maps[call->slot] + call->start, call->len,
		       MADV_REMOVE) ? -errno : 0;
}

int call_truncate(struct call *call)
{
	return truncate(call->path, call->arg) ? -errno : 0;
}

int call_ftruncate(struct call *call)
{
	return ftruncate(fds[call->slot], call->arg) ? -errno : 0;
}

/* What breaks no lease: cmd says which. */
int call_path(struct call *call)
{
	char other[sizeof(call->path) + 8];
	struct stat st;
	int ret = -1;

	snprintf(other, sizeof(other), "%s-other", call->path);
	switch (call->cmd) {
	case 's':
		ret = stat(call->path, &st);
		break;
	case 'c':
		ret = chmod(call->path, 0640);
		break;
	case 'o':
		ret = chown(call->path, call->arg, -1);
		break;
	case 'u':
		ret = unlink(call->path);
		break;
	case 'n':
		ret = rename(call->path, other) ?: rename(other, call->path);
		break;
	case 'l':
		ret = link(call->path, other) ?: unlink(other);
		break;
	case 't':
		ret = utimensat(AT_FDCWD, call->path, NULL, 0);
		break;
	case 'x':
		ret = setxattr(call->path, "user.play", "x", 1, 0);
		break;
	}
	return ret ? -errno : 0;
}

int call_id(struct call *call)
{
	if (call->cmd == 'e')
		return seteuid(call->arg) ? -errno : 0;
	setfsuid(call->arg);
	return setfsuid(-1) == call->arg ? 0 : -EPERM;
}

int call_fork(struct call *call)
{
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return 0;
}

int call_kill_child(struct call *call)
{
	if (kill(child, SIGKILL) || waitpid(child, NULL, 0) != child)
		return -errno;
	child = 0;
	return 0;
}

int call_reset(struct call *call)
{
	int ret = child ? call_kill_child(call) : 0;

	for (int i = 0; i < SLOTS; i++) {
		if (maps[i])
			munmap(maps[i], 4096);
		if (fds[i] >= 0)
			close(fds[i]);
		maps[i] = NULL;
		fds[i] = -1;
	}
	call_signals(call);
	ret = seteuid(0) ? -errno : ret;
	setfsuid(0);
	return ret;
}
