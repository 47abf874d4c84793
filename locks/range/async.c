// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers' requests, which wait while no thread does.
 *
 * A server's file_lock and our waiter point at each other from queueing until
 * the server releases the file_lock (fl_release_private) or makes another
 * request with it.  That is how we hear of every end: nfsd and lockd free a
 * file_lock without a word to ->lock when a client goes away, and nfsd does so
 * as soon as it has passed a notification on.
 *
 * Since the release takes T, and lm_grant() and lm_notify() are called under
 * T, neither is ever given a file_lock that is being freed.  We do not read the
 * file_lock after queueing, but waiter->ident: nfsd rewrites it, and its
 * flc_file dangles.  lockd's lm_grant() reads its own, whose file it pins.
 *
 * Why no file_lock can be left that points at a waiter of ours after rmmod:
 * 1. Each attached waiter holds a module reference (attach).
 * 2. It is dropped only when the file_lock's fl_ops and slot are cleared
 *    (detach), so nothing can call in here through it any more.
 * 3. The last instructions after that module_put() are our own text: module
 *    exit waits for every task to have left it, synchronize_rcu_tasks().
 */
#include <linux/module.h>

#include "locks.h"
#include "trace.h"

static void release(struct file_lock *fl);

/* Two file_locks must not share one waiter. */
static void copy(struct file_lock *new, struct file_lock *fl)
{
	new->fl_ops = NULL;
	hf_set_slot(new, NULL);
}

const struct file_lock_operations hf_async_ops = {
	.fl_copy_lock = copy,
	.fl_release_private = release,
};

/**
 * hf_async_attach - tie a queued waiter to its file_lock
 * @waiter: just queued
 *
 * ksmbd sleeps until flc_blocker is NULL, so it must not be: any value does,
 * since nobody follows it.
 *
 * Context: T, under which it was queued.
 */
void hf_async_attach(struct hf_waiter *waiter)
{
	struct file_lock *fl = waiter->fl;

	lockdep_assert_held(&waiter->table->lock);
	__module_get(THIS_MODULE);
	hf_set_slot(fl, waiter);
	fl->fl_ops = &hf_async_ops;
	if (waiter->told == HF_TOLD_BLOCKER)
		fl->c.flc_blocker = &fl->c;
}

static void end_locked(struct hf_waiter *waiter, bool take_back,
		       struct lk_batch *batch)
{
	struct hf_table *table = waiter->table;
	bool waits = waiter->core.state == LK_WAITING;
	bool reverts = take_back &&
		       lk_revocable_left(&waiter->core) != LK_LEFT_NONE;

	lockdep_assert_held(&hf_graph_lock);
	lockdep_assert_held(&table->lock);
	hf_mirror_lock(table);
	lk_end_waiter(waiter->space, &waiter->core, take_back, hf_now_ms(),
		      batch);
	hf_mirror_unlock(table);
	hf_deliver(table, batch);

	if (waits)
		hf_count(cancels);
	if (reverts)
		hf_count(taken_back);
	if (waits || reverts)
		trace_hf_lock_cancel(table, &waiter->core.request);
}

/* Nothing in the core points at @waiter any more, and no lock is held. */
static void detach(struct hf_waiter *waiter, struct file_lock *fl)
{
	fl->fl_ops = NULL;
	hf_set_slot(fl, NULL);
	hf_waiter_free(waiter);
	module_put(THIS_MODULE);
}

/* The same, of what the remote decides, too. */
static void end_ask(struct hf_waiter *waiter, struct file_lock *fl, bool take_back)
{
	hf_remote_end(waiter, take_back);
	fl->fl_ops = NULL;
	hf_set_slot(fl, NULL);
	module_put(THIS_MODULE);
}

static bool ask_again(struct hf_waiter *waiter, bool same, struct file_lock *fl, int *ret)
{
	bool waits;

	spin_lock(&waiter->table->lock);
	waits = same && hf_remote_waits(waiter);
	if (waits && waiter->told == HF_TOLD_BLOCKER)
		fl->c.flc_blocker = &fl->c;
	spin_unlock(&waiter->table->lock);
	*ret = FILE_LOCK_DEFERRED;
	if (waits)
		hf_count(polls);
	else
		end_ask(waiter, fl, !same);
	return waits;
}

/* The same request by the same server; owners compare by address. */
static bool same_request(const struct hf_waiter *waiter,
			 const struct hf_table *table,
			 const struct file_lock *fl)
{
	const struct file_lock *ident = &waiter->ident;

	return waiter->table == table && (fl->c.flc_flags & FL_SLEEP) &&
	       ident->c.flc_owner == fl->c.flc_owner &&
	       ident->c.flc_type == fl->c.flc_type &&
	       ident->fl_start == fl->fl_start && ident->fl_end == fl->fl_end;
}

/*
 * lockd's nlmsvc_grant_reply(), when the client answered "denied": to take the
 * grant back is all.  Unless its owner (a process with threads) has changed
 * part of the range since: then the rest of what was granted is in no one
 * piece, and the unlock that lockd asks for is made, as on any filesystem.
 */
static bool refuses_grant(const struct hf_waiter *waiter,
			  const struct hf_table *table,
			  const struct file_lock *fl)
{
	return waiter->table == table && waiter->told == HF_TOLD_GRANT &&
	       fl->c.flc_type == F_UNLCK &&
	       lk_revocable_left(&waiter->core) == LK_LEFT_ALL;
}

/**
 * hf_async_again - a file_lock that has a waiter comes through ->lock again
 * @table: the table of the new request
 * @fl: the file_lock
 * @ret: the answer, if this returns true
 *
 * A poll keeps its turn.  ksmbd comes back for a lock that it was told of: the
 * grant stands.  lockd unlocks with it what its client, told of the grant, does
 * not want any more: see refuses_grant().  Anything else is a new request, and
 * the old one ends.
 *
 * Return: whether that was all; else the new request is still to be made.
 */
bool hf_async_again(struct hf_table *table, struct file_lock *fl, int *ret)
{
	struct hf_waiter *waiter = hf_slot(fl);
	bool same = same_request(waiter, table, fl);
	bool polled = false, refused = false;
	struct lk_batch batch = {};

	if (waiter->ask)
		return ask_again(waiter, same, fl, ret);
	hf_enter(waiter->table, true);
	if (same && waiter->core.state == LK_WAITING) {
		lk_refresh(&waiter->core, hf_now_ms());
		if (waiter->told == HF_TOLD_BLOCKER)
			fl->c.flc_blocker = &fl->c;
		hf_count(polls);
		polled = true;
	} else {
		refused = refuses_grant(waiter, table, fl);
		end_locked(waiter, !same, &batch);
	}
	hf_leave(waiter->table, true);
	hf_records_free(&batch.freed);
	*ret = polled ? FILE_LOCK_DEFERRED : 0;
	if (!polled)
		detach(waiter, fl);
	return polled || refused;
}

/**
 * hf_async_cancel - F_CANCELLK
 * @fl: the file_lock that was given to ->lock
 *
 * A cancel overrides a grant that was first: what it added is taken back,
 * since no server sends an unlock for it.
 *
 * Return: 0, also when nothing waited.
 */
int hf_async_cancel(struct file_lock *fl)
{
	struct lk_batch batch = {};
	struct hf_waiter *waiter;

	if (!hf_is_async(fl))
		return 0;
	waiter = hf_slot(fl);
	if (waiter->ask) {
		end_ask(waiter, fl, true);
		return 0;
	}
	hf_enter(waiter->table, true);
	end_locked(waiter, true, &batch);
	hf_leave(waiter->table, true);
	hf_records_free(&batch.freed);
	return 0;
}

/*
 * fl_release_private.  A lock that lockd was granted is the client's from now
 * on.  ksmbd comes back for its own (hf_async_again): one that it frees
 * instead was cancelled.
 */
static void release(struct file_lock *fl)
{
	struct hf_waiter *waiter = hf_slot(fl);
	struct lk_batch batch = {};

	if (waiter->ask) {
		end_ask(waiter, fl, waiter->told == HF_TOLD_BLOCKER);
		return;
	}
	hf_enter(waiter->table, true);
	end_locked(waiter, waiter->told == HF_TOLD_BLOCKER, &batch);
	hf_leave(waiter->table, true);
	hf_records_free(&batch.freed);
	detach(waiter, fl);
}
