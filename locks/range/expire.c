// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns that were not taken: one work item for all tables.
 *
 * Delayed work and no timer, since flc_lock and the locks of nfsd and lockd are
 * taken without _bh.  It allocates nothing.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "locks.h"

/* G: what the work is armed for, in ms. */
static u64 armed = U64_MAX;

static void expire(struct work_struct *work);
static DECLARE_DELAYED_WORK(expire_work, expire);

static void arm(u64 now, u64 next)
{
	u64 wait = next > now ? min_t(u64, next - now, MSEC_PER_SEC * 3600) : 0;

	lockdep_assert_held(&hf_graph_lock);
	armed = next;
	if (next != U64_MAX)
		mod_delayed_work(system_wq, &expire_work,
				 msecs_to_jiffies(wait));
}

static void expire_table(struct lk_table *space, u64 now,
			 struct lk_batch *batch)
{
	struct hf_table *table = space->context;

	/* G keeps it: a table with a deadline has a reference until G. */
	spin_lock(&table->lock);
	hf_mirror_lock(table);
	lk_expire(space, now, batch);
	hf_mirror_unlock(table);
	hf_deliver(table, batch);
	spin_unlock(&table->lock);
}

/**
 * hf_expire - serve all tables with something that ran out
 * @ahead: 0, or in a test how much later it is, in ms
 *
 * Context: takes G, and T of each table in turn; sleeps.
 */
void hf_expire(u64 ahead)
{
	struct lk_batch batch = {};
	struct lk_table *space;
	u64 now, next = U64_MAX;

	mutex_lock(&hf_graph_lock);
	now = hf_now_ms() + ahead;
	while ((space = lk_due(&hf_graph, now, &next))) {
		expire_table(space, now, &batch);
		/* Portion by portion: others want G. */
		mutex_unlock(&hf_graph_lock);
		hf_records_free(&batch.freed);
		cond_resched();
		mutex_lock(&hf_graph_lock);
	}
	arm(now, next);
	mutex_unlock(&hf_graph_lock);
}

static void expire(struct work_struct *work)
{
	hf_expire(0);
}

/**
 * hf_expire_soon - a deadline may have come nearer, or a cycle may have been
 *	closed that is opened in another table
 *
 * Context: G.
 */
void hf_expire_soon(void)
{
	u64 next;

	lockdep_assert_held(&hf_graph_lock);
	lk_due(&hf_graph, 0, &next);
	if (next < armed)
		arm(hf_now_ms(), next);
}

/* Module exit: no table is left, so nothing arms it again. */
void hf_expire_stop(void)
{
	cancel_delayed_work_sync(&expire_work);
}
