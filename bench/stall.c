// SPDX-License-Identifier: GPL-2.0-only
/*
 * stall OURS [INPUT]: how long one call of a bystander took while others made the lock
 * table work; each is the slowest call of a window.
 *
 * getlk: F_OFD_GETLK of the file that the others work in.
 * other: setting and unlocking a byte of another file, that somebody waits for.
 * lease: taking and returning a lease of another file (input "leases" only).
 *
 * The bystander has processor 1, everybody else processor 0.  Side "peer" of the
 * output is the same call with nothing going on, in a window as long.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stall.h"

#define ROUNDS 5
#define LEAST_MS 200

static const char *const call_names[CALLS] = { "", "getlk", "other", "lease" };
const char *directory;

/* What the bystander is told, and what it found. */
static struct shared {
	int call, running;
	char files[2][32];		/* of GETLK, in turns */
	uint64_t slowest, calls;
} *shared;

static int get(const int *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
static void put(int *word, int value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot have processor %d", cpu);
}

pid_t start(void (*body)(void))
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	body();
	for (;;)
		pause();
}

static int waits(pid_t process, pid_t thread)
{
	char path[64], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", process, thread);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(line, sizeof(line), file))
			*line = 0;
		fclose(file);
	}
	return atoi(line) == SYS_fcntl;
}

void until_waits(pid_t process, pid_t thread)
{
	while (!waits(process, thread))
		pause_ms(1);
}

void want_first_byte(const char *name)
{
	must_lock(open_at(directory, name, O_RDWR), F_OFD_SETLKW, F_WRLCK, 0, 1);
}

/* ----------------------------------------------------------- the bystander */

static void wait_in_other(void) { want_first_byte("other"); }

static int look_at[2], other, leased;

static void one_call(enum call call, unsigned int turn)
{
	struct flock request = { .l_type = F_WRLCK, .l_start = 1, .l_len = 1 };

	switch (call) {
	case GETLK:
		if (fcntl(look_at[turn % 2], F_OFD_GETLK, &request))
			die("F_OFD_GETLK");
		return;
	case OTHER:
		must_lock(other, F_OFD_SETLK, F_WRLCK, 100, 1);
		must_lock(other, F_OFD_SETLK, F_UNLCK, 100, 1);
		return;
	default:
		if (fcntl(leased, F_SETLEASE, F_RDLCK) ||
		    fcntl(leased, F_SETLEASE, F_UNLCK))
			die("F_SETLEASE");
	}
}

static void sample(enum call call)
{
	unsigned int i;

	/* O_RDONLY: it breaks no lease */
	for (i = 0; i < 2; i++)
		look_at[i] = open_at(directory, shared->files[i], O_RDONLY);
	for (i = 0; get(&shared->call); i++) {
		uint64_t began = now_ns(), took;

		one_call(call, i);
		took = now_ns() - began;
		shared->slowest = took > shared->slowest ? took : shared->slowest;
		__atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
		usleep(100);
	}
	close(look_at[0]);
	close(look_at[1]);
}

static void bystander(void)
{
	pid_t waiter;

	pin(1);
	other = open_at(directory, "other", O_RDWR);
	leased = open_at(directory, "leased", O_RDONLY);
	must_lock(other, F_OFD_SETLK, F_WRLCK, 0, 1);
	waiter = start(wait_in_other);
	until_waits(waiter, waiter);
	for (;;) {
		enum call call = get(&shared->call);

		put(&shared->running, !!call);
		if (call)
			sample(call);
		else
			usleep(200);
	}
}

void do_nothing(void)
{
}

/* The slowest call while body runs, and for @ms at least. */
static double window(enum call call, const char *const *files, void (*body)(void), long *ms)
{
	uint64_t began = now_ns();
	int i;

	for (i = 0; i < 2; i++)
		snprintf(shared->files[i], sizeof(shared->files[i]), "%s", files[i]);
	shared->slowest = shared->calls = 0;
	put(&shared->call, call);
	while (__atomic_load_n(&shared->calls, __ATOMIC_SEQ_CST) < 5)
		pause_ms(1);
	body();
	while ((long)((now_ns() - began) / 1000000) < *ms)
		pause_ms(1);
	*ms = (now_ns() - began) / 1000000;
	put(&shared->call, NONE);
	while (get(&shared->running))
		pause_ms(1);
	return shared->slowest;
}

static void measure(const struct input *input)
{
	static const char *const idle_files[2] = { "idle", "idle" };
	static struct samples busy[CALLS], idle[CALLS];
	unsigned int round;
	char name[64];
	int call;

	input->prepare();
	for (round = 0; round < ROUNDS; round++)
		for (call = GETLK; call < input->calls; call++) {
			long ms = LEAST_MS;

			input->arm();
			add_sample(&busy[call], window(call, input->files, input->run, &ms));
			add_sample(&idle[call], window(call, idle_files, do_nothing, &ms));
		}
	for (call = GETLK; call < input->calls; call++) {
		snprintf(name, sizeof(name), "%s, %s", input->name, call_names[call]);
		print_samples("stall", name, OURS, "ns", &busy[call], "");
		print_samples("stall", name, PEER, "ns", &idle[call], "");
	}
}

/* In a process of its own, which takes everything with it. */
static void run(const struct input *input)
{
	uint64_t began = now_ns();
	pid_t child = fork();
	int status;

	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		measure(input);
		_exit(0);
	}
	waitpid(child, &status, 0);
	put(&shared->call, NONE);
	fprintf(stderr, "  %s: %.1f s%s\n", input->name, (now_ns() - began) / 1e9,
		status ? ", FAILED" : "");
	/* What it started is ours now. */
	kill(-child, SIGKILL);
	while (waitpid(-child, NULL, 0) > 0)
		;
}

int main(int argc, char **argv)
{
	static const char *const files[] = { "a", "b", "c", "d", "other", "leased", "idle" };
	struct rlimit most = { 65536, 65536 };
	size_t i;

	if (argc != 2 && argc != 3)
		die("usage: stall OURS [INPUT]");
	directory = argv[1];
	if (setrlimit(RLIMIT_NOFILE, &most))
		die("RLIMIT_NOFILE");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		close(open_at(directory, files[i], O_RDWR | O_CREAT));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("PR_SET_CHILD_SUBREAPER");
	start(bystander);
	pin(0);
	for (i = 0; i < nr_inputs; i++)
		if (argc == 2 || !strcmp(argv[2], inputs[i].name))
			run(&inputs[i]);
	return 0;
}
