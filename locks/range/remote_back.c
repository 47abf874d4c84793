// SPDX-License-Identifier: GPL-2.0-only
/* What is given up at the remote: by an unlock, and where it has granted too much. */
#include "remote.h"
#include "trace.h"

/* The remote has kept more than it should: until the file is closed. */
void hf_remote_note_kept(const struct hf_table *table, int err)
{
	if (err && err != -EIO)
		pr_warn_ratelimited("holdfast: device %u:%u inode %lu: a lock is not given up at the server (%d)\n",
				    MAJOR(table->dev), MINOR(table->dev), table->ino, err);
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

static void unlock_there(struct hf_ask *ask, s64 start, s64 end)
{
	struct file_lock fl = ask->waiter->ident;

	if (start > end)
		return;
	fl.fl_start = start;
	fl.fl_end = end;
	fl.c.flc_type = F_UNLCK;
	hf_remote_note_kept(ask->waiter->table, hf_remote_ops_of(ask)->unlock(&ask->remote, &fl));
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
	int err = hf_remote_ops_of(ask)->lock(&ask->remote, fl, false);

	if (err)
		return err;
	wait_for_completion(&ask->happened);
	return ask->answer;
}

/*
 * It is told what the owner holds here, which it has replaced there.  That is weaker, or
 * as strong, and cannot be refused: but where a lock for writing was to become one for
 * reading, and somebody reads already.  Then there is none.
 */
static void tell_what_is_held(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	s64 at = waiter->core.request.start, end = waiter->core.request.end;
	struct file_lock fl = waiter->ident;
	int err;

	while (find_held(waiter, at, &fl)) {
		unlock_there(ask, at, fl.fl_start - 1);
		if (lock_there(ask, &fl)) {
			err = unlock_here(waiter, fl.fl_start, fl.fl_end);
			/* Better more there than less. */
			if (err)
				hf_remote_note_kept(waiter->table, err);
			else
				unlock_there(ask, fl.fl_start, fl.fl_end);
		}
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

/* Does the owner hold anything there? */
static bool has_some(struct hf_table *table, struct lk_table *space,
		     const struct lk_request *request)
{
	bool has;

	spin_lock(&table->lock);
	has = lk_find_own(space, request->owner, request->start, request->end);
	spin_unlock(&table->lock);
	return has;
}

static void await_turn(struct hf_table *table, struct hf_step *step)
{
	bool ready;

	spin_lock(&table->lock);
	ready = hf_step_enter(table, step);
	spin_unlock(&table->lock);
	if (!ready)
		wait_for_completion(step->turn);
}

/**
 * hf_remote_unlock - hf_set() of an unlock: here, then there
 * @table: the file's table
 * @space: the half of it
 * @request: what
 * @fl: the VFS's own
 *
 * Needs no memory but what ->begin() does, and is not to be interrupted; it ends with the connection at the
 * latest.  Who holds nothing here holds nothing there.
 *
 * Return: as hf_lock().
 */
int hf_remote_unlock(struct hf_table *table, struct lk_table *space,
		     struct lk_request *request, struct file_lock *fl)
{
	const struct hf_remote_ops *ops = table->domain->remote;
	DECLARE_COMPLETION_ONSTACK(turn);
	struct hf_step step = {
		.space = space, .owner = request->owner,
		.start = request->start, .end = request->end, .turn = &turn,
	};
	struct hf_remote remote = {};
	int ret;

	request->flags &= ~LK_REMOTE;
	if (!has_some(table, space, request))
		return hf_set_here(table, space, request, fl, HF_TOLD_WAKE, false);
	ret = ops->begin(&remote, fl->c.flc_file, true);
	if (ret)
		return ret;
	await_turn(table, &step);
	ret = hf_set_here(table, space, request, fl, HF_TOLD_WAKE, false);
	if (!ret)
		hf_remote_note_kept(table, ops->unlock(&remote, fl));
	spin_lock(&table->lock);
	hf_step_leave(table, &step);
	spin_unlock(&table->lock);
	ops->end(&remote);
	return ret;
}
