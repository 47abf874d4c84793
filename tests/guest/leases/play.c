// SPDX-License-Identifier: GPL-2.0-only
#include "play.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 65536		/* of the file at the start of a play */

void path_in(char *path, size_t size, const char *dir, const char *name)
{
	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size)
		t_die("%s/%s: too long", dir, name);
}

void sysctl_fs(const char *name, long value)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/fs/%s", name);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%ld\n", value) < 0 || fclose(f))
		t_die("%s: %m", path);
}

static void restore_sysctls(void)
{
	sysctl_fs("lease-break-time", 45);
	sysctl_fs("leases-enable", 1);
}

/* The agents inherit that these stay pending. */
void play_init(void)
{
	sigset_t set;

	agents_init();
	atexit(restore_sysctls);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	for (int sig = SIGRTMIN; sig < SIGRTMIN + 8; sig++)
		sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void make_file(struct stage *stage)
{
	char path[180], other[180];
	int fd;

	path_in(other, sizeof(other), stage->dir, "file-other");
	unlink(other);
	path_in(other, sizeof(other), stage->dir, "name");
	unlink(other);
	path_in(path, sizeof(path), stage->dir, "file");
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || ftruncate(fd, SIZE) || close(fd) || link(path, other))
		t_die("%s: %m", path);
	path_in(path, sizeof(path), stage->dir, "other");
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || pwrite(fd, path, sizeof(path), SIZE - sizeof(path)) < 0 || close(fd))
		t_die("%s: %m", path);
	path_in(path, sizeof(path), stage->dir, "dir");
	if (mkdir(path, 0755) && errno != EEXIST)
		t_die("%s: %m", path);
	path_in(path, sizeof(path), stage->dir, "fifo");
	if (mkfifo(path, 0644) && errno != EEXIST)
		t_die("%s: %m", path);
}

/*
 * The agents stay for the next play, as new: to start some for each costs more
 * than all the rest. (After a failure one may be stopped.)
 */
static void reset_agents(struct stage *stage)
{
	struct call reset = { .fn = call_reset };

	for (int i = 0; i < AGENTS; i++) {
		struct agent *agent = &stage->agents[i];

		if (!stage->there[i])
			continue;
		if (!stage->wrong[0] && agent_poll(agent) && !agent_do(agent, &reset))
			continue;
		agent_stop(agent);
		stage->there[i] = false;
	}
}

static void wrong(struct stage *stage, const char *word, const char *answer,
		  const char *want)
{
	if (!stage->wrong[0])
		snprintf(stage->wrong, sizeof(stage->wrong),
			 "%s: '%s' answered '%s', not '%s'", stage->dir, word,
			 answer, want);
}

/* The answer of the last call as text. */
static void answer_of(struct agent *agent, char *text, size_t size)
{
	const struct call *last = &agent->last;

	if (last->ret < 0)
		snprintf(text, size, "%s", strerrorname_np(-last->ret) ?: "unknown");
	else if (last->fn == call_signals || last->fn == call_getlayout)
		snprintf(text, size, "%s", last->path);
	else if (last->cmd == F_GETLEASE &&
		 (last->fn == call_lease || last->fn == call_lease_of_child))
		snprintf(text, size, "%c", "rwu"[last->ret % 3]);
	else
		snprintf(text, size, "%d", last->ret);
}

/* It lasted the break time: not less, and not for ever. */
static bool in_time(struct stage *stage, struct agent *agent, char *text, size_t size)
{
	uint64_t ms = (agent->last.ended_ns - agent->last.began_ns) / 1000000;
	uint64_t limit = stage->break_time * 1000;

	/* A break begins a moment after its call, and ticks are rough. */
	if (ms + 50 >= limit && ms <= limit + SLACK_S * 1000)
		return true;
	snprintf(text, size, "after %lu ms", (unsigned long)ms);
	return false;
}

static void settle(struct agent *agent, char *text, size_t size)
{
	if (agent_settle(agent))
		snprintf(text, size, "waits");
	else
		answer_of(agent, text, size);
}

/* Words that are no call; false if it is one. */
static bool direct(struct stage *stage, const struct word *word, char *text, size_t size)
{
	struct agent *agent = &stage->agents[word->agent];
	static const char calls[] = "!*zg";
	static const int sigs[] = { SIGUSR1, SIGUSR2, SIGSTOP, SIGCONT };
	const char *found = strchr(calls, word->call);

	snprintf(text, size, "0");
	if (found) {
		agent_interrupt(agent, sigs[found - calls]);
		return true;
	}
	switch (word->call) {
	case '~':
		agent_kill(agent);
		stage->there[word->agent] = false;
		return true;
	case '.':
	case '<':
		agent_wait(agent, "an answer in a play");
		if (word->call == '.' || in_time(stage, agent, text, size))
			answer_of(agent, text, size);
		return true;
	case '-':
		settle(agent, text, size);
		return true;
	}
	return false;
}

static void say(struct stage *stage, const char *text, const struct word *word)
{
	struct agent *agent = &stage->agents[word->agent];
	char answer[200] = "?";
	const char *want = word->want;
	struct call call;

	if (!stage->there[word->agent]) {
		agent_start(agent);
		stage->there[word->agent] = true;
	}
	if (word->call == '-' && !word->wants)
		want = "waits";
	if (!direct(stage, word, answer, sizeof(answer))) {
		if (!make_call(stage, word, &call)) {
			wrong(stage, text, "no such word", want);
			return;
		}
		if (agent->state == AGENT_BUSY && !agent_poll(agent)) {
			wrong(stage, text, "still waiting", want);
			return;
		}
		agent_send(agent, &call);
		settle(agent, answer, sizeof(answer));
	}
	fprintf(stage->log, "%s %s\n", text, answer);
	if (strcmp(answer, want))
		wrong(stage, text, answer, want);
}

static void say_seen(struct stage *stage, const char *text)
{
	char lines[1000], path[180];
	struct stat st;

	path_in(path, sizeof(path), stage->dir, "name");
	if (stat(path, &st))
		t_die("%s: %m", path);
	if (text[0] == '=')
		lease_lines(stage, &st, lines, sizeof(lines));
	else
		holdfast_lines(stage, &st, lines, sizeof(lines));
	fprintf(stage->log, "%.2s %s\n", text, lines);
	if (text[2] == '=' && strcmp(lines, text + 3))
		wrong(stage, "what is seen", lines, text + 3);
}

/* Words about the whole machine. */
static bool machine(struct stage *stage, const char *text)
{
	long value = atol(text + 1);

	if (!isdigit(text[1]))
		return false;
	switch (text[0]) {
	case 'T':
		stage->break_time = value;
		sysctl_fs("lease-break-time", value);
		return true;
	case 'L':
		sysctl_fs("leases-enable", value);
		return true;
	case 'W':
		sleep(value);
		return true;
	}
	return false;
}

bool play(struct stage *stage, const char *script)
{
	char copy[2000], *text, *save;
	struct word word;

	stage->wrong[0] = 0;
	stage->log = open_memstream(&stage->text, &stage->size);
	machine(stage, "T600");
	make_file(stage);
	snprintf(copy, sizeof(copy), "%s", script);
	for (text = strtok_r(copy, " ", &save); text && !stage->wrong[0];
	     text = strtok_r(NULL, " ", &save)) {
		if (!strncmp(text, "==", 2) || !strncmp(text, "%%", 2))
			say_seen(stage, text);
		else if (!machine(stage, text)) {
			if (parse_word(text, &word))
				say(stage, text, &word);
			else
				wrong(stage, text, "no such word", "one");
		}
	}
	if (stage->wrong[0])
		sysctl_fs("leases-enable", 1);
	reset_agents(stage);
	fclose(stage->log);
	return !stage->wrong[0];
}

void play_compare(struct stage *stages, int nr, const struct play *play_)
{
	const char *why = "";
	bool good = true;

	for (int i = 0; i < nr; i++) {
		if (!play(&stages[i], play_->script)) {
			why = good ? stages[i].wrong : why;
			good = false;
		}
	}
	for (int i = 1; i < nr && good; i++)
		if (strcmp(stages[0].text, stages[i].text)) {
			good = false;
			why = "the records differ";
		}
	t_check(good, play_->name, "%s", why);
	for (int i = 0; i < nr; i++) {
		if (!good)
			printf("# in %s:\n%s", stages[i].dir, stages[i].text);
		free(stages[i].text);
	}
}
