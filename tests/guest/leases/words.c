// SPDX-License-Identifier: GPL-2.0-only
/* From the words of a play to calls. */
#include "play.h"

#include <ctype.h>
#include <holdfast/layout.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

bool parse_word(const char *text, struct word *word)
{
	const char *at = text, *want;
	size_t len;

	memset(word, 0, sizeof(*word));
	if (!isupper(at[0]) || at[0] >= 'A' + AGENTS)
		return false;
	word->agent = *at++ - 'A';
	if (isdigit(*at))
		word->slot = *at++ - '0';
	word->call = *at++;
	want = strchr(at, '=');
	len = want ? (size_t)(want - at) : strlen(at);
	if (!word->call || len >= sizeof(word->arg))
		return false;
	memcpy(word->arg, at, len);
	word->wants = want;
	snprintf(word->want, sizeof(word->want), "%s", want ? want + 1 : "0");
	return true;
}

static int lease_type(const char *arg)
{
	return *arg == 'r' ? F_RDLCK : *arg == 'w' ? F_WRLCK :
	       *arg == 'u' ? F_UNLCK : atoi(arg);
}

static int open_flags(const char *arg)
{
	int flags = O_CLOEXEC;

	for (; *arg; arg++)
		flags |= *arg == 'w' ? O_WRONLY : *arg == '+' ? O_RDWR :
			 *arg == 'n' ? O_NONBLOCK : *arg == 't' ? O_TRUNC :
			 *arg == 'c' ? O_CREAT : *arg == 'x' ? O_EXCL :
			 *arg == 'p' ? O_PATH : 0;
	return flags;
}

static void path_of(struct stage *stage, const char *arg, struct call *call)
{
	const char *below = strchr(arg, 'L');
	const char *name = strchr(arg, 'D') ? "dir" : strchr(arg, 'F') ? "fifo" :
			   strchr(arg, 'H') ? "name" : strchr(arg, 'O') ? "other" : "file";

	path_in(call->path, sizeof(call->path), below ? stage->below : stage->dir,
		name);
}

static bool lease_call(const char *arg, struct call *call)
{
	call->cmd = *arg == '?' ? F_GETLEASE : F_SETLEASE;
	call->arg = *arg == '?' ? 0 : lease_type(arg);
	return true;
}

static bool file_call(struct stage *stage, const struct word *word, struct call *call)
{
	path_of(stage, word->arg, call);
	switch (word->call) {
	case 'o':
		call->fn = call_open;
		call->cmd = open_flags(word->arg);
		return true;
	case 'c':
		call->fn = call_close;
		return true;
	case 'd':
		call->fn = call_dup;
		return true;
	case 'm':
		call->fn = call_map;
		return true;
	case 'M':
		call->fn = call_unmap;
		return true;
	case 't':
		call->fn = call_truncate;
		call->arg = atol(word->arg);
		return true;
	case 'f':
		call->fn = call_ftruncate;
		call->arg = atol(word->arg);
		return true;
	case 'x':
		call->fn = call_path;
		call->cmd = word->arg[0];
		call->arg = atol(word->arg + 1);
		return true;
	}
	return false;
}

/*
 * r0,4096,3: a type, where, how long, a signal or the source of a reflink; a
 * pin's has its number before it.
 */
static bool layout_call(const struct word *word, struct call *call)
{
	const char *arg = word->arg;
	long long start = 0, length = 0, third = 0;

	if (isdigit(*arg) && (word->call == 'p' || word->call == 'P'))
		call->cmd = *arg++ - '0';
	call->type = *arg == 'r' ? HF_LAYOUT_READ : *arg == 'w' ? HF_LAYOUT_WRITE :
		     HF_LAYOUT_NONE;
	sscanf(arg + !!isalpha(*arg), "%lld,%lld,%lld", &start, &length, &third);
	call->start = start;
	call->len = length;
	call->arg = third;
	switch (word->call) {
	case 'y':
		call->fn = *arg == '?' ? call_getlayout : call_setlayout;
		return true;
	case 'p':
		call->fn = call_pin;
		return true;
	case 'P':
		call->fn = call_unpin;
		return true;
	case 'h': case 'Z': case 'C': case 'I': case 'E':
		call->fn = call_fallocate;
		call->cmd = word->call;
		return true;
	case 'V':
		call->fn = call_remove;
		return true;
	case 'R':
		call->fn = call_reflink;
		return true;
	}
	return false;
}

bool make_call(struct stage *stage, const struct word *word, struct call *call)
{
	memset(call, 0, sizeof(*call));
	call->slot = word->slot;
	switch (word->call) {
	case 'l':
		call->fn = call_lease;
		return lease_call(word->arg, call);
	case 'k':
		call->fn = call_lease_of_child;
		return word->arg[0] == 'l' && lease_call(word->arg + 1, call);
	case 's':
		call->fn = call_fcntl;
		call->cmd = F_SETSIG;
		call->arg = SIGRTMIN + atoi(word->arg);
		return true;
	case 'O':
		call->fn = call_fcntl;
		call->cmd = F_SETOWN;
		call->arg = stage->agents[word->arg[0] - 'A'].pid;
		return true;
	case '?':
		call->fn = call_signals;
		return true;
	case 'e':
	case 'i':
		call->fn = call_id;
		call->cmd = word->call;
		call->arg = atol(word->arg);
		return true;
	case 'F':
		call->fn = call_fork;
		return true;
	case 'K':
		call->fn = call_kill_child;
		return true;
	}
	return file_call(stage, word, call) || layout_call(word, call);
}
