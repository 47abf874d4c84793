// SPDX-License-Identifier: GPL-2.0-only
/*
 * leases OURS PEER: how long one waits for a lease or a layout whose holder
 * returns it as soon as it is told; in OURS also beside 10,000 others that are
 * held on files of their own.
 *
 * lease: a write lease, broken by open(2): from the call to its return.
 * layout: of the whole file, broken by truncate(2).  Only OURS has layouts.
 *
 * The holder is a process of its own that does what it reads from a pipe.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <holdfast/layout.h>

#include "bench.h"

#define OTHERS 10000
#define TARGETS 64			/* the files whose grants are broken */
#define FILES (OTHERS + TARGETS)
#define ROUNDS 4
#define BREAKS 30			/* of each kind in each round */
#define SETTLE_MS 2
#define SIZE (1LL << 30)		/* of each target: a hole */
#define SHRINK 4096
#define PATIENCE_S 20

enum kind { LEASE, LAYOUT };

static struct subject {
	const char *name;
	enum kind kind;
	enum side side;
	const char *failure;
	struct samples alone, beside;
	off_t size[TARGETS];
} subjects[] = {
	{ .name = "lease", .kind = LEASE, .side = OURS },
	{ .name = "lease", .kind = LEASE, .side = PEER },
	{ .name = "layout", .kind = LAYOUT, .side = OURS },
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static const char *directories[SIDES];

/* What the holder is to do; it answers with an errno when it has. */
struct order {
	enum { TAKE_OTHERS, RETURN_OTHERS, TAKE_ONE } what;
	unsigned int subject, file;
};

/* The holder's. */
static int held[SIDES][FILES];
/* Ours. */
static int orders, answers;

static void name_file(char *name, size_t room, unsigned int file)
{
	snprintf(name, room, "leases.%u", file);
}

static int take(const struct subject *subject, unsigned int file)
{
	struct hf_ioc_layout layout = {
		.type = HF_LAYOUT_WRITE,
		.signal = SIGRTMIN,
	};
	int fd = held[subject->side][file];

	/* who returns a lease is without a signal afterwards */
	if (subject->kind == LEASE)
		return fcntl(fd, F_SETSIG, SIGRTMIN) ||
		       fcntl(fd, F_SETLEASE, F_WRLCK) ? errno : 0;
	return ioctl(fd, HF_IOC_SETLAYOUT, &layout) ? errno : 0;
}

static int give_back(const struct subject *subject, int fd)
{
	struct hf_ioc_layout layout = { .type = HF_LAYOUT_NONE };

	if (subject->kind == LEASE)
		return fcntl(fd, F_SETLEASE, F_UNLCK) ? errno : 0;
	return ioctl(fd, HF_IOC_SETLAYOUT, &layout) ? errno : 0;
}

static int do_others(const struct order *order)
{
	const struct subject *subject = &subjects[order->subject];
	unsigned int i;
	int err;

	for (i = 0; i < OTHERS; i++) {
		err = order->what == TAKE_OTHERS ? take(subject, i) :
			give_back(subject, held[subject->side][i]);
		if (err)
			return err;
	}
	return 0;
}

/* The file is named by the signal, as it would be to a holder of many. */
static void wait_for_break(const struct order *order, const sigset_t *told)
{
	const struct timespec patience = { .tv_sec = PATIENCE_S };
	const struct subject *subject = &subjects[order->subject];
	siginfo_t info;

	if (sigtimedwait(told, &info, &patience) < 0)
		die("the holder of a %s was not told", subject->name);
	if (give_back(subject, info.si_fd))
		die("cannot return a %s", subject->name);
	if (info.si_fd != held[subject->side][order->file])
		die("told of another file");
}

static void create(enum side side)
{
	unsigned int i;
	char name[32];

	for (i = side == OURS ? 0 : OTHERS; i < FILES; i++) {
		int fd;

		name_file(name, sizeof(name), i);
		fd = open_at(directories[side], name, O_RDWR | O_CREAT);
		if (i >= OTHERS && ftruncate(fd, SIZE))
			die("cannot prepare %s", name);
		held[side][i] = fd;
	}
}

static void holder(int in, int out)
{
	const struct rlimit files = { SIDES * FILES + 64, SIDES * FILES + 64 };
	struct order order = { RETURN_OTHERS, 0, 0 };
	sigset_t told;
	int err = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&told);
	sigaddset(&told, SIGRTMIN);
	if (sigprocmask(SIG_BLOCK, &told, NULL) ||
	    setrlimit(RLIMIT_NOFILE, &files))
		die("cannot hold %u files", SIDES * FILES);
	create(OURS);
	create(PEER);
	/* or the write-back of so many falls into the first round */
	sync();
	do {
		if (write(out, &err, sizeof(err)) != sizeof(err))
			die("pipe");
		if (!err && order.what == TAKE_ONE)
			wait_for_break(&order, &told);
		if (read(in, &order, sizeof(order)) != sizeof(order))
			_exit(0);
		err = order.what == TAKE_ONE ?
			take(&subjects[order.subject], order.file) :
			do_others(&order);
	} while (1);
}

static int answer(void)
{
	int err;

	if (read(answers, &err, sizeof(err)) != sizeof(err))
		die("the holder is gone");
	return err;
}

static int tell(const struct order *order)
{
	if (write(orders, order, sizeof(*order)) != sizeof(*order))
		die("pipe");
	return answer();
}

static void start_holder(void)
{
	int down[2], up[2];
	pid_t pid;

	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		die("no pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(down[1]);
		holder(down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	orders = down[1];
	answers = up[0];
	answer();
}

static double timed_break(struct subject *subject, unsigned int file)
{
	const char *directory = directories[subject->side];
	char name[32], path[4096];
	uint64_t start, ns;

	name_file(name, sizeof(name), file);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (subject->kind == LEASE) {
		int fd;

		start = now_ns();
		fd = open(path, O_RDWR | O_CLOEXEC);
		ns = now_ns() - start;
		if (fd < 0 || close(fd))
			die("cannot open %s", path);
	} else {
		off_t *size = &subject->size[file - OTHERS];

		*size += SHRINK;
		start = now_ns();
		if (truncate(path, SIZE - *size))
			die("cannot truncate %s", path);
		ns = now_ns() - start;
	}
	return ns;
}

/* Each with a file that had its turn long ago. */
static void breaks(unsigned int index, struct samples *samples)
{
	static unsigned int next;
	struct subject *subject = &subjects[index];
	unsigned int i;

	for (i = 0; i < BREAKS && !subject->failure; i++) {
		struct order order = { TAKE_ONE, index,
				       OTHERS + next++ % TARGETS };
		int err = tell(&order);

		if (err) {
			subject->failure = strerrorname_np(err);
			break;
		}
		/* nothing tells from outside that the holder sleeps */
		pause_ms(SETTLE_MS);
		add_sample(samples, timed_break(subject, order.file));
	}
}

static void beside_others(unsigned int index)
{
	struct subject *subject = &subjects[index];
	struct order order = { TAKE_OTHERS, index, 0 };
	int err = tell(&order);

	if (!err) {
		breaks(index, &subject->beside);
		order.what = RETURN_OTHERS;
		err = tell(&order);
	}
	if (err)
		subject->failure = strerrorname_np(err);
}

/* To take and return 10,000 grants takes longer than all that is measured. */
static void run(unsigned int round, unsigned int index)
{
	bool others = subjects[index].side == OURS && !subjects[index].failure;

	if (others && round % 2)
		beside_others(index);
	breaks(index, &subjects[index].alone);
	if (others && !(round % 2))
		beside_others(index);
}

static void print(const struct subject *subject)
{
	char name[32];

	snprintf(name, sizeof(name), "%s, %u others", subject->name, OTHERS);
	if (subject->failure) {
		print_failure("leases", subject->name,
			      side_names[subject->side], "%s", subject->failure);
		return;
	}
	print_samples("leases", subject->name, subject->side, "ns",
		      &subject->alone, "");
	if (subject->beside.count)
		print_samples("leases", name, subject->side, "ns",
			      &subject->beside, "");
}

int main(int argc, char **argv)
{
	unsigned int round, i;

	if (argc != 3)
		die("usage: leases OURS PEER");
	directories[OURS] = argv[1];
	directories[PEER] = argv[2];
	start_holder();
	/* warms up */
	for (i = 0; i < SUBJECTS; i++) {
		breaks(i, &subjects[i].alone);
		subjects[i].alone.count = 0;
	}
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < SUBJECTS; i++)
			run(round, round % 2 ? SUBJECTS - 1 - i : i);
	for (i = 0; i < SUBJECTS; i++)
		print(&subjects[i]);
	return 0;
}
