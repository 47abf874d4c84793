// SPDX-License-Identifier: GPL-2.0-only
/* Waiters: their memory, and the sleep of those that are processes. */
#include <linux/err.h>
#include <linux/slab.h>

#include "locks.h"
#include "trace.h"

static struct kmem_cache *waiter_cache;

/*
 * The identity that records granted to this waiter get.  It is copied while
 * the file_lock is ours to read: nfsd rewrites its own between two polls.  No
 * reference to the owner is taken: the file_lock has one, and a waiter grants nothing
 * after it (async.c): one that outlives it, since the remote has not answered, is
 * deserted, and its owner and file are numbers.
 */
static void copy_identity(struct file_lock *ident, const struct file_lock *fl)
{
	locks_init_lock(ident);
	ident->c.flc_owner = fl->c.flc_owner;
	ident->c.flc_pid = fl->c.flc_pid;
	ident->c.flc_file = fl->c.flc_file;
	ident->c.flc_flags = fl->c.flc_flags;
	ident->c.flc_type = fl->c.flc_type;
	ident->fl_start = fl->fl_start;
	ident->fl_end = fl->fl_end;
	ident->fl_lmops = fl->fl_lmops;
}

/**
 * hf_waiter_alloc - make a waiter with all that its grant may need
 * @table: the file's table; the waiter holds a reference
 * @space: the half of it
 * @fl: the request
 * @told: how it is told
 * @request: the core's; it sizes the spares by its kind.  An unlock has a waiter for
 *	the remote alone, which does not fail for want of memory
 *
 * Context: may sleep.
 * Return: the waiter, to be freed with hf_waiter_free() once the core has no
 * part in it any more; -ENOMEM; -EDQUOT as hf_records_alloc(); what the remote's
 * ->begin() says.
 */
struct hf_waiter *hf_waiter_alloc(struct hf_table *table,
				  struct lk_table *space, struct file_lock *fl,
				  enum hf_told told,
				  const struct lk_request *request)
{
	bool unlocks = request->op == LK_UNLOCK;
	struct hf_waiter *waiter = kmem_cache_zalloc(waiter_cache, GFP_KERNEL |
						     (unlocks ? __GFP_NOFAIL : 0));
	int err = 0;

	if (!waiter)
		return ERR_PTR(-ENOMEM);
	waiter->core.request = *request;
	waiter->core.request.cookie = &waiter->ident;
	if (!unlocks)
		err = hf_records_alloc(&waiter->core.nodes, lk_waiter_nodes(request->kind), fl);
	if (err) {
		hf_records_free(&waiter->core.nodes);
		kmem_cache_free(waiter_cache, waiter);
		return ERR_PTR(err);
	}
	hf_table_get(table);
	waiter->table = table;
	waiter->space = space;
	waiter->fl = fl;
	waiter->told = told;
	init_completion(&waiter->done);
	copy_identity(&waiter->ident, fl);
	if (unlocks || request->flags & LK_REMOTE) {
		struct hf_ask *ask = hf_ask_new(waiter, fl->c.flc_file, request);

		if (IS_ERR(ask)) {
			hf_waiter_free(waiter);
			return ERR_CAST(ask);
		}
		waiter->ask = ask;
	}
	return waiter;
}

void hf_waiter_free(struct hf_waiter *waiter)
{
	if (waiter->ask)
		hf_ask_free(waiter->ask);
	hf_records_free(&waiter->core.nodes);
	hf_table_put(waiter->table);
	kmem_cache_free(waiter_cache, waiter);
}

static int outcome(const struct hf_waiter *waiter)
{
	return waiter->core.state == LK_WON ? 0 : -EDEADLK;
}

/**
 * hf_wait_local - sleep until the lock is ours
 * @waiter: queued, HF_TOLD_WAKE; the caller frees it afterwards
 *
 * A grant that came before the signal stands: the lock is held and 0 is
 * returned, so nothing is left behind either way.
 *
 * Return: 0, -EDEADLK, -ERESTARTSYS.
 */
int hf_wait_local(struct hf_waiter *waiter)
{
	struct hf_table *table = waiter->table;
	struct lk_batch batch = {};
	int ret = wait_for_completion_interruptible(&waiter->done);

	if (!ret)
		return outcome(waiter);

	/* complete() runs under T: with T in hand it has ended, or never was. */
	hf_enter(table, true);
	if (waiter->core.state == LK_WAITING) {
		hf_mirror_lock(table);
		lk_end_waiter(waiter->space, &waiter->core, false, hf_now_ms(),
			      &batch);
		hf_mirror_unlock(table);
		hf_deliver(table, &batch);
		hf_count(cancels);
		trace_hf_lock_cancel(table, &waiter->core.request);
	} else {
		ret = outcome(waiter);
	}
	hf_leave(table, true);
	hf_records_free(&batch.freed);
	return ret;
}

int hf_waiters_init(void)
{
	waiter_cache = kmem_cache_create("hf_lock_waiter",
					 sizeof(struct hf_waiter), 0,
					 SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	return waiter_cache ? 0 : -ENOMEM;
}

void hf_waiters_exit(void)
{
	kmem_cache_destroy(waiter_cache);
}
