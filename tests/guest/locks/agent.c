// SPDX-License-Identifier: GPL-2.0-only
#include "agent.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int fds[SLOTS];
struct shared *shared;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void pause_briefly(void)
{
	struct timespec ts = { .tv_nsec = 500000 };

	nanosleep(&ts, NULL);
}

static void on_signal(int sig)
{
	(void)sig;
}

void agents_init(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &sa, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		t_die("mmap: %m");
}

static void serve(int from, int to)
{
	struct call call;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(fds, -1, sizeof(fds));
	for (;;) {
		ssize_t n = read(from, &call, sizeof(call));

		/* A signal may come late, when its call is over. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(call))
			break;
		call.began_ns = now_ns();
		call.ret = call.fn(&call);
		call.ended_ns = now_ns();
		if (write(to, &call, sizeof(call)) != sizeof(call))
			break;
	}
	_exit(0);
}

void agent_start(struct agent *agent)
{
	int to[2], from[2];

	memset(agent, 0, sizeof(*agent));
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		t_die("pipe: %m");
	agent->pid = fork();
	if (agent->pid < 0)
		t_die("fork: %m");
	if (!agent->pid) {
		close(to[1]);
		close(from[0]);
		serve(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	agent->to = to[1];
	agent->from = from[0];
}

static void bury(struct agent *agent)
{
	close(agent->to);
	close(agent->from);
	waitpid(agent->pid, NULL, 0);
	agent->pid = 0;
}

void agent_kill(struct agent *agent)
{
	kill(agent->pid, SIGKILL);
	bury(agent);
}

void agent_stop(struct agent *agent)
{
	if (!agent->pid)
		return;
	/* The ends of its pipes live on in agents that were started later. */
	agent_kill(agent);
}

void agent_send(struct agent *agent, const struct call *call)
{
	if (agent->state != AGENT_IDLE)
		t_die("a call for an agent that is busy");
	if (write(agent->to, call, sizeof(*call)) != sizeof(*call))
		t_die("an agent is gone: %m");
	agent->state = AGENT_BUSY;
	agent->used = true;
}

bool agent_poll(struct agent *agent)
{
	struct pollfd pfd = { .fd = agent->from, .events = POLLIN };

	if (agent->state == AGENT_IDLE)
		return true;
	if (poll(&pfd, 1, 0) != 1)
		return false;
	if (read(agent->from, &agent->last, sizeof(agent->last)) !=
	    sizeof(agent->last))
		t_die("agent %d died", agent->pid);
	agent->state = AGENT_IDLE;
	return true;
}

static bool read_proc(pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* The calls that wait for a lock, a lease or a layout. */
static bool may_wait(long nr)
{
	switch (nr) {
	case SYS_fcntl: case SYS_flock: case SYS_ioctl:
	case SYS_open: case SYS_openat: case SYS_creat:
	case SYS_truncate: case SYS_ftruncate: case SYS_fallocate:
	case SYS_copy_file_range:
	case SYS_unlink: case SYS_rename: case SYS_link: case SYS_chmod:
	case SYS_fchmodat: case SYS_chown: case SYS_setxattr: case SYS_utimensat:
		return true;
	}
	return false;
}

/* Whether it is the client of 9P that waits: for nothing but a reply, be it late or not. */
static bool asks_for_lock(pid_t pid)
{
	char buf[512];

	return read_proc(pid, "stack", buf, sizeof(buf)) &&
	       strstr(buf, "p9_client_lock_dotl");
}

/*
 * First the system call, then the state: one that has left the call since is
 * found by its answer, which the caller looks for next.
 */
static bool sleeps_for_lock(pid_t pid)
{
	char buf[512], *state;
	long nr = -1;

	if (!read_proc(pid, "syscall", buf, sizeof(buf)))
		return false;
	if (sscanf(buf, "%ld", &nr) != 1 || !may_wait(nr))
		return false;
	if (!read_proc(pid, "stat", buf, sizeof(buf)))
		return false;
	state = strrchr(buf, ')');
	return state && (state[2] == 'S' || (state[2] == 'D' && asks_for_lock(pid)));
}

bool agent_settle(struct agent *agent)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	char buf[512] = "?";

	for (;;) {
		if (agent_poll(agent))
			return false;
		if (sleeps_for_lock(agent->pid))
			return !agent_poll(agent);
		if (now_ns() > end)
			break;
		pause_briefly();
	}
	read_proc(agent->pid, "stack", buf, sizeof(buf));
	t_die("agent %d neither answers nor waits for a lock: %s", agent->pid,
	      buf);
}

bool agent_polls_9p(const struct agent *agent)
{
	char buf[512];

	return read_proc(agent->pid, "stack", buf, sizeof(buf)) &&
	       strstr(buf, "v9fs_file_do_lock") && !strstr(buf, "p9_client_");
}

int agent_wait(struct agent *agent, const char *what)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	struct pollfd pfd = { .fd = agent->from, .events = POLLIN };

	while (!agent_poll(agent)) {
		if (now_ns() > end) {
			hf_show();
			t_die("%s: no answer in %d s", what, PATIENCE_S);
		}
		poll(&pfd, 1, 1000);
	}
	return agent->last.ret;
}

void agent_interrupt(struct agent *agent, int sig)
{
	kill(agent->pid, sig);
}

int agent_do(struct agent *agent, const struct call *call)
{
	agent_send(agent, call);
	return agent_wait(agent, "call");
}

/* ------------------------------------------------------------ calls */

int call_open(struct call *call)
{
	int fd = open(call->path, call->cmd, 0666);

	if (fd < 0)
		return -errno;
	fds[call->slot] = fd;
	return 0;
}

int call_close(struct call *call)
{
	int fd = fds[call->slot];

	fds[call->slot] = -1;
	return close(fd) ? -errno : 0;
}

int call_dup(struct call *call)
{
	int fd = dup(fds[call->slot]);

	int slot = call->slot;

	if (fd < 0)
		return -errno;
	while (fds[slot] >= 0)
		slot++;
	fds[slot] = fd;
	return 0;
}

int call_lock(struct call *call)
{
	struct flock fl = {
		.l_type = call->type, .l_whence = call->whence,
		.l_start = call->start, .l_len = call->len,
	};
	int ret = fcntl(fds[call->slot], call->cmd, &fl) ? -errno : 0;

	call->fl = fl;
	call->turn = __atomic_load_n(&shared->turns, __ATOMIC_SEQ_CST);
	return ret;
}

int call_flock(struct call *call)
{
	return flock(fds[call->slot], call->cmd) ? -errno : 0;
}

int call_alarm(struct call *call)
{
	/* Again and again: the first may come before the call. */
	struct itimerval timer = {
		.it_value.tv_sec = call->arg / 1000000,
		.it_value.tv_usec = call->arg % 1000000,
		.it_interval.tv_usec = 200000,
	};
	struct itimerval off = {};
	int ret;

	setitimer(ITIMER_REAL, &timer, NULL);
	ret = call_lock(call);
	setitimer(ITIMER_REAL, &off, NULL);
	return ret;
}

int enter_section(int who)
{
	int nobody = 0;

	if (__atomic_compare_exchange_n(&shared->inside, &nobody, who, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return 0;
	__atomic_add_fetch(&shared->violations, 1, __ATOMIC_SEQ_CST);
	return -EBUSY;
}

void leave_section(void)
{
	__atomic_store_n(&shared->inside, 0, __ATOMIC_SEQ_CST);
}

int call_take(struct call *call)
{
	int ret = call_lock(call);

	if (ret)
		return ret;
	call->ended_ns = now_ns();
	ret = enter_section(getpid());
	call->turn = __atomic_fetch_add(&shared->turns, 1, __ATOMIC_SEQ_CST);
	call->arg = now_ns();
	if (!ret)
		leave_section();
	call->type = F_UNLCK;
	return call_lock(&(struct call){ .slot = call->slot, .cmd = F_SETLK,
		.type = F_UNLCK, .whence = call->whence, .start = call->start,
		.len = call->len }) ?: ret;
}

int a_open(struct agent *a, int slot, const char *path, int flags)
{
	struct call call = { .fn = call_open, .slot = slot, .cmd = flags };

	snprintf(call.path, sizeof(call.path), "%s", path);
	return agent_do(a, &call);
}

int a_close(struct agent *a, int slot)
{
	return agent_do(a, &(struct call){ .fn = call_close, .slot = slot });
}

void a_lock_send(struct agent *a, int slot, int cmd, int type, off_t start,
		 off_t len)
{
	agent_send(a, &(struct call){ .fn = call_lock, .slot = slot, .cmd = cmd,
				      .type = type, .start = start, .len = len });
}

int a_lock(struct agent *a, int slot, int cmd, int type, off_t start, off_t len)
{
	a_lock_send(a, slot, cmd, type, start, len);
	return agent_wait(a, "fcntl");
}

int a_flock(struct agent *a, int slot, int op)
{
	return agent_do(a, &(struct call){ .fn = call_flock, .slot = slot,
					   .cmd = op });
}
