// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm DIR COUNT SEED [layouts]: so many storms of breaks on one file, with a
 * seed each, from SEED on. In each some take leases (and layouts, and pins) and
 * others break them at the same moment, with and without O_NONBLOCK; holders
 * answer with a return, a downgrade, a close, or not at all; both are killed,
 * interrupted and stopped at random.
 *
 * No call answers what it must not, none outlasts the bound of a break, and at
 * the end no lease is left.
 */
#include "play.h"

#include <holdfast/layout.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HOLDERS 3
#define BREAKERS 3
#define ALL (HOLDERS + BREAKERS)
#define BREAK_S 1

/* In shared->spare. */
enum { READY, OVER, TOLD, SILENT, REFUSED, INTERRUPTED };

static unsigned long long state;
static struct agent agents[ALL];
static char path[180];
static bool layouts;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static void count(int what)
{
	__atomic_add_fetch(&shared->spare[what], 1, __ATOMIC_SEQ_CST);
}

static bool is_over(void)
{
	return __atomic_load_n(&shared->spare[OVER], __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------- in the agents */

/* Waits for the signal of a break, or for the end of the storm. */
static bool told(void)
{
	struct timespec ms20 = { .tv_nsec = 20000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	while (!is_over())
		if (sigtimedwait(&set, NULL, &ms20) == SIGIO)
			return true;
	return false;
}

/* The lease of fd is being broken. */
static int answer_break(int fd)
{
	switch (pick(100)) {
	case 0:
		/* Not at all: it is revoked, or downgraded. */
		count(SILENT);
		while (!is_over())
			pause_briefly();
		return 0;
	case 1 ... 30:
		return 0;	/* by the close that follows */
	case 31 ... 50:
		/* No reader's break, or it ran out, or a writer is there now. */
		if (fcntl(fd, F_SETLEASE, F_RDLCK) && errno != EAGAIN)
			return -errno;
	}
	if (fcntl(fd, F_SETLEASE, F_UNLCK) && errno != EAGAIN)
		return -errno;
	return 0;
}

static int set_layout(int fd, int type)
{
	struct hf_ioc_layout layout = { .type = type };

	if (type) {
		layout.start = pick(8192);
		layout.length = pick(8192);
	}
	return ioctl(fd, HF_IOC_SETLAYOUT, &layout) ? -errno : 0;
}

/* A layout, now and then a pin in it; 0, or what no holder is answered. */
static int hold_layout(int fd)
{
	struct hf_ioc_pin pin = { .type = HF_LAYOUT_READ, .start = pick(8192), .length = 1 };
	bool pinned;
	int ret = set_layout(fd, 1 + pick(2));

	count(READY);
	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	pinned = pick(4) == 0 && ioctl(fd, HF_IOC_PIN, &pin) == 0;
	if (pinned && pick(2) && ioctl(fd, HF_IOC_UNPIN, &pin))
		return -errno;
	/* With a pin nothing is broken that touches it; the close ends it. */
	if (!pinned && !told())
		return 0;
	count(TOLD);
	switch (pick(50)) {
	case 0:
		count(SILENT);
		while (!is_over())
			pause_briefly();
		return 0;
	case 1 ... 15:
		return 0;
	}
	return set_layout(fd, HF_LAYOUT_NONE);
}

static int call_hold(struct call *call)
{
	struct timespec none = {};
	sigset_t set;
	int fd, ret = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	state = call->arg;
	if (layouts && pick(2)) {
		fd = open(path, O_RDWR | O_NONBLOCK);
		if (fd < 0)
			count(READY);
		ret = fd >= 0 ? hold_layout(fd) : errno == EAGAIN ? 0 : -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	fd = open(path, (pick(3) ? O_RDONLY : O_RDWR) | O_NONBLOCK);
	if (fd >= 0 && fcntl(fd, F_SETLEASE, pick(2) ? F_RDLCK : F_WRLCK) == 0) {
		count(READY);
		if (told()) {
			count(TOLD);
			ret = answer_break(fd);
		}
	} else {
		ret = errno == EAGAIN ? 0 : -errno;
		count(READY);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Of a layout; leases are none of its business, but of the open before it. */
static int punch(bool patient)
{
	int fd = open(path, O_RDWR | O_NONBLOCK), ret, error;

	if (fd < 0)
		return -1;
	if (patient)
		fcntl(fd, F_SETFL, 0);
	ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pick(8192),
			1 + pick(8192));
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

static int call_break(struct call *call)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC,
		O_WRONLY | O_NONBLOCK, O_RDONLY | O_NONBLOCK,
	};
	unsigned int what;
	int fd;

	state = call->arg;
	what = pick(layouts ? 9 : 7);
	if (what == 6) {
		fd = truncate(path, pick(10000));
	} else if (what > 6) {
		fd = punch(what == 8);
	} else {
		fd = open(path, flags[what]);
		if (fd >= 0)
			close(fd);
	}
	if (fd >= 0)
		return 0;
	if ((errno == EAGAIN && (what > 6 || (what < 6 && flags[what] & O_NONBLOCK))) ||
	    (errno == ETXTBSY && layouts)) {
		count(REFUSED);
		return 0;
	}
	if (errno == EINTR) {
		count(INTERRUPTED);
		return 0;
	}
	return -errno;
}

/* ------------------------------------------------------- a storm */

static void restart(struct agent *agent)
{
	agent_kill(agent);
	agent_start(agent);
}

static void disturb(bool *stopped)
{
	int who = pick(ALL);

	switch (pick(20)) {
	case 0 ... 5:
		/* (A stopped one dies as well.) */
		restart(&agents[who]);
		stopped[who] = false;
		break;
	case 6 ... 13:
		/* A holder's calls do not wait, and told() goes on. */
		agent_interrupt(&agents[HOLDERS + who % BREAKERS], SIGUSR1);
		break;
	case 14:
		if (pick(4) == 0 && who < HOLDERS) {
			agent_interrupt(&agents[who], SIGSTOP);
			stopped[who] = true;
		}
		break;
	}
}

static void begin(int first, int nr, int (*fn)(struct call *call))
{
	for (int i = first; i < first + nr; i++)
		agent_send(&agents[i], &(struct call){ .fn = fn, .arg = pick(1u << 31) });
}

/* Their wrong answers; one that was killed has none. */
static int end(int first, int nr)
{
	int wrong = 0;

	for (int i = first; i < first + nr; i++) {
		if (agents[i].state == AGENT_BUSY &&
		    agent_wait(&agents[i], "storm")) {
			t_note("%s: %s", i < HOLDERS ? "holder" : "breaker",
			       strerrorname_np(-agents[i].last.ret));
			wrong++;
		}
	}
	return wrong;
}

/* The name of a result. */
static const char *result(const char *what)
{
	static char text[64];

	snprintf(text, sizeof(text), "%sstorm-%s", layouts ? "layout-" : "", what);
	return text;
}

static int storm(unsigned long long seed)
{
	bool stopped[ALL] = {};
	int wrong;

	state = seed;
	shared->spare[READY] = 0;
	shared->spare[OVER] = 0;
	begin(0, HOLDERS, call_hold);
	if (pick(4))
		while (__atomic_load_n(&shared->spare[READY], __ATOMIC_SEQ_CST) < HOLDERS)
			pause_briefly();
	begin(HOLDERS, BREAKERS, call_break);
	for (int i = pick(4); i > 0; i--) {
		if (pick(2))
			pause_briefly();
		disturb(stopped);
	}
	wrong = end(HOLDERS, BREAKERS);
	if (wrong)
		t_note("seed %llu", seed);
	for (int i = 0; i < HOLDERS; i++)
		if (stopped[i])
			agent_interrupt(&agents[i], SIGCONT);
	__atomic_store_n(&shared->spare[OVER], 1, __ATOMIC_SEQ_CST);
	return wrong + end(0, HOLDERS);
}

int main(int argc, char **argv)
{
	unsigned long long seed;
	uint64_t longest = 0;
	int storms, wrong = 0;
	bool happened;
	char lines[200];
	struct stat st;

	if (argc != 4 && argc != 5)
		t_die("usage: storm DIR COUNT SEED [layouts]");
	layouts = argc == 5;
	play_init();
	path_in(path, sizeof(path), argv[1], "storm");
	storms = atoi(argv[2]);
	seed = strtoull(argv[3], NULL, 10);
	t_note("seed %s", argv[3]);
	close(open(path, O_RDWR | O_CREAT, 0644));
	sysctl_fs("lease-break-time", BREAK_S);
	for (int i = 0; i < ALL; i++)
		agent_start(&agents[i]);
	for (int i = 0; i < storms; i++) {
		uint64_t began = now_ns(), took;

		wrong += storm(seed + i);
		took = (now_ns() - began) / 1000000;
		longest = took > longest ? took : longest;
	}
	for (int i = 0; i < ALL; i++)
		agent_stop(&agents[i]);
	t_note("%d storms, the longest %lu ms: %ld told, %ld did not answer, %ld refused, %ld interrupted",
	       storms, (unsigned long)longest, shared->spare[TOLD],
	       shared->spare[SILENT], shared->spare[REFUSED],
	       shared->spare[INTERRUPTED]);
	t_check(!wrong, result("answers"), "%d wrong", wrong);
	t_check(longest < (BREAKERS * BREAK_S + SLACK_S) * 1000, result("in-time"),
		"one lasted %lu ms", (unsigned long)longest);
	/* Few storms need not have all of it. */
	happened = shared->spare[TOLD] && shared->spare[SILENT] &&
		   shared->spare[REFUSED] && shared->spare[INTERRUPTED];
	t_check(happened || storms < 500, result("happened"), "not everything did");
	if (stat(path, &st))
		t_die("%s: %m", path);
	lease_lines(NULL, &st, lines, sizeof(lines));
	if (layouts && !strcmp(lines, "none"))
		holdfast_lines(NULL, &st, lines, sizeof(lines));
	t_check(!strcmp(lines, "none"), result("leaves-nothing"), "%s", lines);
	return t_done();
}
