// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the remote has, or may have, what is not in our table: it is told what the owner
 * holds here, piece by piece, which is what is to be there in any case.
 */
#include "remote.h"
#include "trace.h"

/* The remote has kept more than it should: until the file is closed. */
void hf_remote_note_kept(const struct hf_table *table, int err)
{
	if (err && err != -EIO)
		pr_warn_ratelimited("holdfast: device %u:%u inode %lu: a lock is not given up at the server (%d)\n",
				    MAJOR(table->dev), MINOR(table->dev), table->ino, err);
}

/*
 * T: it is the work's to tell the remote, in its turn, which it may have already.
 * @error: how the request ends then; HF_REMOTE_ANEW: a server's is asked for anew.
 */
void hf_remote_begin_back(struct hf_ask *ask, int error)
{
	bool first;

	lockdep_assert_held(&ask->waiter->table->lock);
	ask->answer = error;
	ask->stage = HF_BACK;
	first = list_empty(&ask->line) ? hf_line_enter(ask) : !ask->ahead;
	if (first)
		hf_remote_queue(ask);
}

/* The same, of a process, which has it no longer. */
void hf_remote_desert(struct hf_ask *ask, int error)
{
	spin_lock(&ask->waiter->table->lock);
	ask->deserted = true;
	hf_remote_begin_back(ask, error);
	spin_unlock(&ask->waiter->table->lock);
}

/* The first of what the owner holds in a range, cut to it.  False: nothing. */
static bool find_held(struct hf_waiter *waiter, s64 start, struct file_lock *fl)
{
	const struct lk_request *request = &waiter->core.request;
	const struct lk_record *own;

	spin_lock(&waiter->table->lock);
	own = lk_find_own(waiter->space, request->owner, start, request->end);
	if (own) {
		fl->fl_start = max(own->start, start);
		fl->fl_end = min(own->end, request->end);
		fl->c.flc_type = own->type == LK_WRITE ? F_WRLCK : F_RDLCK;
	}
	spin_unlock(&waiter->table->lock);
	return own;
}

static int await_answer(struct hf_ask *ask, int err)
{
	if (err)
		return err;
	wait_for_completion(&ask->happened);
	return ask->answer;
}

static void unlock_there(struct hf_ask *ask, s64 start, s64 end)
{
	struct file_lock fl = ask->waiter->ident;
	int err;

	if (start > end)
		return;
	fl.fl_start = start;
	fl.fl_end = end;
	fl.c.flc_type = F_UNLCK;
	err = hf_remote_ops_of(ask)->unlock(&ask->remote, &fl);
	hf_remote_note_kept(ask->waiter->table, await_answer(ask, err));
}

static int unlock_here(struct hf_waiter *waiter, s64 start, s64 end)
{
	struct lk_request request = waiter->core.request;

	request.op = LK_UNLOCK;
	request.start = start;
	request.end = end;
	request.kind = LK_LOCAL;
	request.flags = 0;
	request.cookie = &waiter->ident;
	return hf_set_here(waiter->table, waiter->space, &request, &waiter->ident,
			   HF_TOLD_WAKE, false);
}

static int lock_there(struct hf_ask *ask, const struct file_lock *fl)
{
	return await_answer(ask, hf_remote_ops_of(ask)->lock(&ask->remote, fl, false));
}

/* Not there any more: what was to become a lock for reading, while others read already. */
static bool is_lost(const struct hf_ask *ask, const struct file_lock *fl, int err)
{
	return err == -EAGAIN && fl->c.flc_type == F_WRLCK &&
	       ask->waiter->core.request.op == LK_READ;
}

/*
 * It is told what the owner holds here, which it has replaced there.  That is weaker, or
 * as strong, so a refusal is about something else (a grace period, say), and nothing is
 * given up for it; but for what is lost.
 */
static void tell_what_is_held(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	s64 at = waiter->core.request.start, end = waiter->core.request.end;
	struct file_lock fl = waiter->ident;
	bool lost;
	int err;

	while (find_held(waiter, at, &fl)) {
		unlock_there(ask, at, fl.fl_start - 1);
		err = lock_there(ask, &fl);
		lost = is_lost(ask, &fl, err);
		if (lost)
			err = unlock_here(waiter, fl.fl_start, fl.fl_end);
		/* Better more there than less. */
		if (err)
			hf_remote_note_kept(waiter->table, err);
		else if (lost)
			unlock_there(ask, fl.fl_start, fl.fl_end);
		if (fl.fl_end == end)
			return;
		at = fl.fl_end + 1;
	}
	unlock_there(ask, at, end);
}

/* In the work, and in its turn: others of the owner's would change what is told. */
void hf_remote_give_back(struct hf_ask *ask)
{
	struct hf_table *table = ask->waiter->table;

	hf_count(remote_backs);
	init_completion(&ask->happened);
	spin_lock(&table->lock);
	ask->inside = true;
	spin_unlock(&table->lock);
	tell_what_is_held(ask);
	/* The answers that have come were looked at. */
	spin_lock(&table->lock);
	ask->inside = ask->due = false;
	spin_unlock(&table->lock);
}
