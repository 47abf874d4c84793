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

/* A server has nothing to say to that: there is no lock to refuse. */
static void tell_deadlock(struct hf_waiter *waiter)
{
	if (waiter->told == HF_TOLD_GRANT)
		waiter->ident.fl_lmops->lm_grant(waiter->fl, -EDEADLK);
	else
		complete(&waiter->done);
}

static void tell_won(struct hf_table *table, struct hf_waiter *waiter,
		     struct lk_batch *batch)
{
	hf_count(handovers);
	trace_hf_lock_handover(table, &waiter->core.request);
	switch (waiter->told) {
	case HF_TOLD_WAKE:
		complete(&waiter->done);
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

static void tell(struct hf_table *table, struct hf_waiter *waiter,
		 struct lk_batch *batch)
{
	switch (waiter->core.state) {
	case LK_WON:
		tell_won(table, waiter, batch);
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
