// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <ctype.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *err_name(int ret)
{
	static char number[16];

	switch (-ret) {
	case 0: return "0";
	case EAGAIN: return "EAGAIN";
	case EDEADLK: return "EDEADLK";
	case EINTR: return "EINTR";
	case EBADF: return "EBADF";
	case EINVAL: return "EINVAL";
	case ENOLCK: return "ENOLCK";
	case ENOMEM: return "ENOMEM";
	case EOVERFLOW: return "EOVERFLOW";
	}
	snprintf(number, sizeof(number), "%d", ret);
	return number;
}

void world_path(const struct world *w, int slot, char *path, size_t size)
{
	snprintf(path, size, "%s/%c", w->dir, slot < 4 ? 'a' : 'b');
}

static void open_slots(struct world *w, struct agent *agent)
{
	static const int slots[] = { 0, 1, 4 };
	char path[200];

	for (unsigned int i = 0; i < 3; i++) {
		world_path(w, slots[i], path, sizeof(path));
		if (a_open(agent, slots[i], path, O_RDWR))
			t_die("%s: cannot be opened", path);
	}
	agent->used = false;
}

void world_open(struct world *w, const char *dir, bool ours, unsigned int nr)
{
	memset(w, 0, sizeof(*w));
	w->dir = dir;
	w->ours = ours;
	w->nr = nr;
	for (int i = 0; i < 2; i++) {
		struct stat st;
		char path[200];
		int fd;

		world_path(w, i * 4, path, sizeof(path));
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
		/* Not empty, so that SEEK_END is not SEEK_SET. */
		if (fd < 0 || ftruncate(fd, 40) || fstat(fd, &st))
			t_die("%s: %m", path);
		w->ino[i] = st.st_ino;
		close(fd);
	}
	w->log = open_memstream(&w->text, &w->size);
	for (unsigned int i = 0; i < nr; i++) {
		agent_start(&w->agents[i]);
		open_slots(w, &w->agents[i]);
	}
}

void world_close(struct world *w)
{
	for (unsigned int i = 0; i < w->nr; i++)
		agent_stop(&w->agents[i]);
	fclose(w->log);
	free(w->text);
}

static int call_close_all(struct call *call)
{
	(void)call;
	for (int i = 0; i < SLOTS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	return 0;
}

/* (An agent without a call since then is as it was.) */
void world_reset(struct world *w)
{
	for (unsigned int i = 0; i < w->nr; i++) {
		struct agent *agent = &w->agents[i];

		if (agent->pid && !agent->used)
			continue;
		while (agent->state == AGENT_BUSY && agent_settle(agent))
			agent_interrupt(agent, SIGUSR1);
		if (!agent->pid)
			agent_start(agent);
		agent_do(agent, &(struct call){ .fn = call_close_all });
	}
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->agents[i].used)
			open_slots(w, &w->agents[i]);
	fclose(w->log);
	free(w->text);
	w->log = open_memstream(&w->text, &w->size);
}

const char *world_log(struct world *w)
{
	fflush(w->log);
	return w->text;
}

static int agent_of(const struct world *w, pid_t pid)
{
	if (pid == -1)
		return -1;
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->agents[i].pid == pid)
			return i;
	return -2;
}

static bool parse(const struct world *w, char *line, struct shown *s)
{
	char *rest = strchr(line, ':'), end[32], what[16];
	unsigned int major, minor;
	unsigned long ino;
	int pid;

	if (!rest)
		return false;
	rest++;
	s->waits = strstr(rest, "->");
	if (s->waits)
		rest = strstr(rest, "->") + 2;
	if (sscanf(rest, "%7s %15s %7s %d %x:%x:%lu %lld %31s", s->class, what,
		   s->type, &pid, &major, &minor, &ino, &s->start, end) != 9)
		return false;
	s->end = strcmp(end, "EOF") ? atoll(end) : OFFSET_LAST;
	s->agent = agent_of(w, pid);
	s->file = ino == w->ino[0] ? 0 : ino == w->ino[1] ? 1 : -1;
	return s->file >= 0 && s->agent != -2;
}

static int in_order(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	int by;

	if ((by = strcmp(x->class, y->class)))
		return by;
	if (x->file != y->file)
		return x->file - y->file;
	if (x->waits != y->waits)
		return x->waits - y->waits;
	if (x->agent != y->agent)
		return x->agent - y->agent;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return strcmp(x->type, y->type);
}

int world_shown(struct world *w, struct shown *shown, int max)
{
	FILE *f = fopen(w->ours ? "/proc/fs/holdfast/locks" : "/proc/locks", "r");
	char line[256];
	int n = 0;

	if (!f)
		t_die("the list of locks: %m");
	while (n < max && fgets(line, sizeof(line), f))
		n += parse(w, line, &shown[n]);
	fclose(f);
	qsort(shown, n, sizeof(*shown), in_order);
	return n;
}

void world_show(struct world *w)
{
	struct shown shown[500];
	int n = world_shown(w, shown, 500);

	for (int i = 0; i < n; i++) {
		const struct shown *s = &shown[i];

		fprintf(w->log, "[%s%s %s %c %c %lld-%lld] ",
			s->waits ? "-> " : "", s->class, s->type,
			s->agent < 0 ? '-' : 'A' + s->agent, 'a' + s->file,
			s->start, s->end);
	}
	fputc('\n', w->log);
}

/* ------------------------------------------------------------- scripts */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static unsigned int hash(const char *text)
{
	unsigned int sum = 0;

	while (*text)
		sum = sum * 31 + (unsigned char)*text++;
	return sum;
}

/* In no particular order there, sorted here; a sum of it if it is long. */
int call_fdinfo(struct call *call)
{
	char path[64], line[200], found[64][128], all[sizeof(found)] = "";
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fds[call->slot]);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (n < 64 && fgets(line, sizeof(line), f)) {
		char class[16], what[16], type[16], id[64], start[32], end[32];
		int pid;

		if (sscanf(line, "lock: %*d: %15s %15s %15s %d %63s %31s %31s",
			   class, what, type, &pid, id, start, end) != 7)
			continue;
		snprintf(found[n++], sizeof(found[0]), "(%s %s %s %s %s)", class,
			 type, pid == getpid() ? "self" : pid == -1 ? "-1" : "?",
			 start, end);
	}
	qsort(found, n, sizeof(found[0]), by_text);
	for (int i = 0; i < n; i++)
		strcat(all, found[i]);
	if (snprintf(call->path, sizeof(call->path), "%s", all) >=
	    (int)sizeof(call->path))
		snprintf(call->path, sizeof(call->path), "(%d: %08x)", n, hash(all));
	fclose(f);
	return 0;
}

/* The call is made by a process that shares the agent's descriptors: one owner. */
static int call_by_sharer(struct call *call)
{
	pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	int status;

	if (child < 0)
		return -errno;
	if (!child)
		_exit(-(call->flock ? call_flock(call) : call_lock(call)));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static void record(struct world *w, struct agent *agent)
{
	const struct call *last = &agent->last;
	int index = agent - w->agents;

	fprintf(w->log, "%c=%s", 'A' + index, err_name(last->ret));
	if (last->fn == call_lock && !last->ret &&
	    (last->cmd == F_GETLK || last->cmd == F_OFD_GETLK)) {
		const struct flock *fl = &last->fl;

		if (fl->l_type == F_UNLCK)
			fputs("(free)", w->log);
		else
			fprintf(w->log, "(%s %d %lld %lld %d)",
				fl->l_type == F_RDLCK ? "read" : "write",
				fl->l_whence, (long long)fl->l_start,
				(long long)fl->l_len, agent_of(w, fl->l_pid));
	}
	if (last->fn == call_fdinfo)
		fputs(last->path, w->log);
	fputc(' ', w->log);
}

void world_settle(struct world *w, const struct agent *except)
{
	for (unsigned int i = 0; i < w->nr; i++) {
		struct agent *agent = &w->agents[i];

		if (agent == except || agent->state == AGENT_IDLE)
			continue;
		if (!agent_settle(agent))
			record(w, agent);
	}
}

static off_t number(const char **p)
{
	off_t n;

	if (**p == 'M') {
		(*p)++;
		return OFFSET_LAST;
	}
	n = strtoll(*p, (char **)p, 10);
	return n;
}

static void parse_range(const char *p, struct call *call)
{
	if (!*p)
		return;
	call->start = number(&p);
	if (*p == ',') {
		p++;
		call->len = number(&p);
	}
	if (*p == ',')
		call->whence = p[1] == 'c' ? SEEK_CUR : SEEK_END;
}

static int type_of(char c)
{
	switch (tolower(c)) {
	case 'r': return F_RDLCK;
	case 'w': return F_WRLCK;
	case 'u': return F_UNLCK;
	}
	t_die("unknown type '%c' in a script", c);
}

static void parse_lock(const char *p, struct call *call)
{
	bool ofd = *p == 'o';

	call->fn = call_lock;
	p += ofd;
	if (*p == '?') {
		call->cmd = ofd ? F_OFD_GETLK : F_GETLK;
		p++;
	} else if (isupper(*p)) {
		call->cmd = ofd ? F_OFD_SETLKW : F_SETLKW;
	} else {
		call->cmd = ofd ? F_OFD_SETLK : F_SETLK;
	}
	call->type = type_of(*p);
	parse_range(p + 1, call);
}

static void parse_flock(const char *p, struct call *call)
{
	char op = tolower(p[1]);

	call->fn = call_flock;
	call->cmd = op == 's' ? LOCK_SH : op == 'x' ? LOCK_EX : LOCK_UN;
	if (*p == 'f')
		call->cmd |= LOCK_NB;
}

static bool send_signal(struct agent *agent, char c)
{
	switch (c) {
	case '!':
		agent_interrupt(agent, SIGUSR1);
		return true;
	case '*':
		agent_interrupt(agent, SIGUSR2);
		return true;
	case '~':
		agent_kill(agent);
		agent->state = AGENT_IDLE;
		return true;
	}
	return false;
}

static void run_word(struct world *w, const char *word)
{
	struct agent *agent = &w->agents[word[0] - 'A'];
	struct call call = { .slot = word[1] - '0' };
	const char *p = word + 2;

	if (!strcmp(word, "==")) {
		world_show(w);
		return;
	}
	fprintf(w->log, "%s: ", word);
	/* It should have gone on: the rest of the script shows the others. */
	if (agent->state == AGENT_BUSY && !strchr("!*~", *p)) {
		fprintf(w->log, "%c still waits\n", word[0]);
		return;
	}
	if (!send_signal(agent, *p)) {
		bool shares = *p == '&';

		p += shares;
		switch (*p) {
		case 'f': case 'F':
			parse_flock(p, &call);
			break;
		case 'c':
			call.fn = call_close;
			break;
		case 'd':
			call.fn = call_dup;
			break;
		case 'i':
			call.fn = call_fdinfo;
			break;
		case 'p':
			call.fn = call_open;
			call.cmd = p[1] == 'r' ? O_RDONLY :
				   p[1] == 'w' ? O_WRONLY : O_RDWR;
			world_path(w, call.slot, call.path, sizeof(call.path));
			break;
		default:
			parse_lock(p, &call);
		}
		if (shares) {
			call.flock = call.fn == call_flock;
			call.fn = call_by_sharer;
		}
		agent_send(agent, &call);
		if (agent_settle(agent))
			fprintf(w->log, "%c waits ", word[0]);
		else
			record(w, agent);
	}
	world_settle(w, NULL);
	fputc('\n', w->log);
}

void world_run(struct world *w, const char *script)
{
	char *copy = strdup(script), *save, *word;

	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		run_word(w, word);
	free(copy);
}
