// SPDX-License-Identifier: GPL-2.0-only
/*
 * courtesy REFERENCE HOLDFAST: a second shared lock, by who holds one already or by
 * a child that it waits for, behind a writer that waits for the first one.  Every
 * filesystem of Linux lets these through: whoever waited would wait for ever.
 */
#include "agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A waiter has been passed long enough after this. */
#define AGED_MS 300
#define COURTESY "/sys/module/holdfast_locks/parameters/courtesy_ms"

static struct agent reader, writer;

/* How long order alone keeps anybody out, in ms. */
static void set_courtesy(const char *ms)
{
	int fd = open(COURTESY, O_WRONLY);

	if (fd < 0 || write(fd, ms, strlen(ms)) < 0)
		t_die("courtesy_ms cannot be set");
	close(fd);
}

static void restart(const char *dir)
{
	struct agent *agents[] = { &reader, &writer };
	char path[200];

	snprintf(path, sizeof(path), "%s/courtesy", dir);
	for (int i = 0; i < 2; i++) {
		agent_stop(agents[i]);
		agent_start(agents[i]);
		for (int slot = 0; slot < 2; slot++)
			if (a_open(agents[i], slot, path, O_RDWR | O_CREAT))
				t_die("%s cannot be opened", path);
	}
}

/* So old that no newcomer passes it out of mere tolerance. */
static void age_writer(const char *name)
{
	struct timespec ts = { .tv_nsec = AGED_MS * 1000000 };

	if (!agent_settle(&writer))
		t_die("%s: the writer does not wait: %d", name, writer.last.ret);
	nanosleep(&ts, NULL);
}

/* The agent waits for its child, which takes the lock that the call says. */
static int call_in_child(struct call *call)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(-call_lock(call));
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* An agent that does not answer within the patience of a test ends it by name. */
static void granted(const char *where, const char *what)
{
	uint64_t end = now_ns() + 20 * 1000000000ull;
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", what, where);
	while (!agent_poll(&reader) && now_ns() < end)
		pause_briefly();
	if (reader.state == AGENT_BUSY) {
		t_check(false, name, "still waits");
		return;
	}
	t_check(!reader.last.ret, name, "%s", strerror(-reader.last.ret));
}

static void second_flock(const char *dir, const char *where)
{
	restart(dir);
	if (a_flock(&reader, 0, LOCK_SH | LOCK_NB))
		t_die("flock: %d", reader.last.ret);
	agent_send(&writer, &(struct call){ .fn = call_flock, .slot = 0, .cmd = LOCK_EX });
	age_writer("flock");
	agent_send(&reader, &(struct call){ .fn = call_flock, .slot = 1, .cmd = LOCK_SH });
	granted(where, "second-flock");
}

static void second_ofd(const char *dir, const char *where)
{
	restart(dir);
	if (a_lock(&reader, 0, F_OFD_SETLK, F_RDLCK, 0, 10))
		t_die("OFD: %d", reader.last.ret);
	a_lock_send(&writer, 0, F_OFD_SETLKW, F_WRLCK, 0, 10);
	age_writer("OFD");
	a_lock_send(&reader, 1, F_OFD_SETLKW, F_RDLCK, 5, 10);
	granted(where, "second-ofd");
}

static void ofd_beside_posix(const char *dir, const char *where)
{
	restart(dir);
	if (a_lock(&reader, 0, F_SETLK, F_RDLCK, 0, 10))
		t_die("POSIX: %d", reader.last.ret);
	a_lock_send(&writer, 0, F_SETLKW, F_WRLCK, 0, 10);
	age_writer("POSIX");
	a_lock_send(&reader, 1, F_OFD_SETLKW, F_RDLCK, 5, 10);
	granted(where, "ofd-beside-posix");
}

static void posix_of_child(const char *dir, const char *where)
{
	restart(dir);
	if (a_lock(&reader, 0, F_SETLK, F_RDLCK, 0, 10))
		t_die("POSIX: %d", reader.last.ret);
	a_lock_send(&writer, 0, F_SETLKW, F_WRLCK, 0, 10);
	age_writer("POSIX");
	agent_send(&reader, &(struct call){ .fn = call_in_child, .slot = 1, .cmd = F_SETLKW,
					    .type = F_RDLCK, .start = 5, .len = 10 });
	granted(where, "posix-of-child");
}

/* Somebody else's courtesy ends as well: a stream of readers may pass the writer. */
static void reader_of_another(const char *dir, const char *where)
{
	static struct agent other;
	char path[200];

	restart(dir);
	snprintf(path, sizeof(path), "%s/courtesy", dir);
	agent_start(&other);
	if (a_open(&other, 0, path, O_RDWR) || a_lock(&other, 0, F_SETLK, F_RDLCK, 0, 10))
		t_die("another reader: %d", other.last.ret);
	a_lock_send(&writer, 0, F_SETLKW, F_WRLCK, 0, 10);
	age_writer("POSIX");
	a_lock_send(&reader, 0, F_SETLKW, F_RDLCK, 5, 10);
	granted(where, "reader-of-another");
	agent_stop(&other);
}

int main(int argc, char **argv)
{
	static const char *const where[] = { "ext4", "holdfast" };

	if (argc != 3)
		t_die("usage: courtesy REFERENCE HOLDFAST");
	agents_init();
	for (int i = 0; i < 2; i++) {
		/* A process that holds one already is not kept out at all. */
		set_courtesy("3600000");
		second_flock(argv[1 + i], where[i]);
		second_ofd(argv[1 + i], where[i]);
		ofd_beside_posix(argv[1 + i], where[i]);
		set_courtesy("1000");
		posix_of_child(argv[1 + i], where[i]);
		reader_of_another(argv[1 + i], where[i]);
	}
	agent_stop(&reader);
	agent_stop(&writer);
	return t_done();
}
