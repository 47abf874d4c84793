// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hand-over: the core has granted, the winners are told.
 *
 * Under T, which keeps every server's file_lock alive until it was told; a
 * process that is woken frees its waiter at once, so a waiter is not touched
 * after complete().
 */
#include "locks.h"
#include "trace.h"

/*
 * lockd may answer that it does not want the lock any more (it gave the block
 * up): then what can be taken back of the grant goes, and others may win.  What
 * cannot is its owner's, who held a lock there before, or has changed it since.
 */
static void tell_grant(struct hf_table *table, struct hf_waiter *waiter,
		       struct lk_batch *batch)
{
	if (!waiter->ident.fl_lmops->lm_grant(waiter->fl, 0))
		return;
	hf_mirror_lock(table);
	lk_end_waiter(waiter->space, &waiter->core, true, hf_now_ms(), batch);
	hf_mirror_unlock(table);
	hf_count(taken_back);
	trace_hf_lock_cancel(table, &waiter->core.request);
}

static void tell_blocker(struct hf_waiter *waiter)
{
	smp_store_release(&waiter->fl->c.flc_blocker, NULL);
	wake_up(&waiter->fl->c.flc_wait);
}

static void wake(struct hf_waiter *waiter)
{
	if (waiter->ask)
		hf_remote_happened(waiter->ask);
	else
		complete(&waiter->done);
}

/**
 * hf_tell_failure - a server's request that waited fails
 * @waiter: whose; its process otherwise
 * @error: why
 *
 * There is no lock that it could refuse.  nfsd's and lockd's know no failure, and go on
 * to wait; ksmbd asks again, and hears it then.
 *
 * Context: T.
 */
void hf_tell_failure(struct hf_waiter *waiter, int error)
{
	const struct lock_manager_operations *ops = waiter->ident.fl_lmops;

	if (waiter->told == HF_TOLD_WAKE)
		wake(waiter);
	else if (waiter->told == HF_TOLD_BLOCKER)
		tell_blocker(waiter);
	else if (waiter->told == HF_TOLD_GRANT && !ops->lm_notify)
		ops->lm_grant(waiter->fl, error);
}

/* What the remote has granted already is given back before its server hears of it. */
static void tell_deadlock(struct hf_waiter *waiter)
{
	if (waiter->ask)
		hf_remote_happened(waiter->ask);
	else
		hf_tell_failure(waiter, -EDEADLK);
}

/**
 * hf_tell_won - a request that waited is granted
 * @table: the table
 * @waiter: whose
 * @batch: as hf_deliver()
 *
 * Context: G and T.
 */
void hf_tell_won(struct hf_table *table, struct hf_waiter *waiter,
		     struct lk_batch *batch)
{
	hf_count(handovers);
	trace_hf_lock_handover(table, &waiter->core.request);
	switch (waiter->told) {
	case HF_TOLD_WAKE:
		wake(waiter);
		break;
	case HF_TOLD_GRANT:
		tell_grant(table, waiter, batch);
		break;
	case HF_TOLD_BLOCKER:
		tell_blocker(waiter);
		break;
	case HF_TOLD_NOTIFY:
		WARN_ONCE(1, "holdfast: a notified waiter cannot win\n");
		break;
	}
}

/* Granted here, and by the remote before that. */
static void tell_late(struct hf_table *table, struct hf_waiter *waiter,
		      struct lk_batch *batch)
{
	/* A process has its waiter freed by the time that it was told. */
	struct hf_ask *ask = waiter->told == HF_TOLD_WAKE ? NULL : waiter->ask;

	hf_tell_won(table, waiter, batch);
	if (ask)
		hf_remote_told(ask);
}

static void tell(struct hf_table *table, struct hf_waiter *waiter,
		 struct lk_batch *batch)
{
	switch (waiter->core.state) {
	case LK_WON:
		tell_late(table, waiter, batch);
		break;
	case LK_ASKING:
		hf_remote_happened(waiter->ask);
		break;
	case LK_NOTIFIED:
		hf_count(notifies);
		trace_hf_lock_notify(table, &waiter->core.request);
		waiter->ident.fl_lmops->lm_notify(waiter->fl);
		break;
	case LK_LOST_DEADLOCK:
		hf_count(deadlocks);
		trace_hf_lock_deadlock(table, &waiter->core.request);
		tell_deadlock(waiter);
		break;
	case LK_LAPSED:
		hf_count(lapsed);
		trace_hf_lock_expire(table, &waiter->core.request);
		break;
	default:
		WARN_ONCE(1, "holdfast: winner in state %u\n",
			  waiter->core.state);
	}
}

/**
 * hf_deliver - tell those that a commit lets go on
 * @table: the table
 * @batch: what the core left; its winners are taken off, records may be added
 *	to its freed ones
 *
 * Context: T; G too if there are any.  Sleeps not.
 */
void hf_deliver(struct hf_table *table, struct lk_batch *batch)
{
	struct lk_waiter *core;

	lockdep_assert_held(&table->lock);
	while ((core = batch->winners)) {
		lockdep_assert_held(&hf_graph_lock);
		batch->winners = core->next_winner;
		if (!batch->winners)
			batch->last_winner = NULL;
		core->next_winner = NULL;
		tell(table, hf_waiter(core), batch);
	}
}
