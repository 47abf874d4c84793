// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request against one table: to set or unlock.
 *
 * hf_set() is the one loop that every request to set or unlock goes through:
 * plan under the table's lock; if the plan lacks something (spare records, the
 * graph lock, a waiter), leave, fetch it, plan anew; when it lacks nothing,
 * commit.  Nothing was changed before that, so memory failure at any point
 * leaves the table as it was.
 */
#include <linux/err.h>
#include <linux/fcntl.h>

#include "limits.h"
#include "locks.h"
#include "trace.h"

/* What one pass of hf_set() works with. */
struct set {
	struct hf_table *table;
	struct lk_table *space;
	struct lk_request *request;
	struct file_lock *fl;
	enum hf_told told;
	bool graph;		/* G is taken with T */
	bool must_wait;		/* the last plan wants it queued */
	bool begun;		/* an unlock in portions, of which @rest is left */
	struct lk_unlock rest;	/* L: T while it is in the table */
	unsigned int nodes;	/* spares asked for by the last plan */
	enum hf_limit limit;	/* the one it is refused for, with -EDQUOT */
	struct lk_list spares;
	struct lk_batch batch;
	struct hf_waiter *waiter;
	struct hf_courtesy courtesy;	/* to be asked to go, with AGAIN */
};

/* What a pass ends with, when it is not the answer. */
enum { AGAIN = 2, WAIT = 3 };
static_assert(FILE_LOCK_DEFERRED < AGAIN);

static void begin(struct set *set, struct hf_table *table,
		  struct lk_table *space, struct lk_request *request,
		  struct file_lock *fl)
{
	set->table = table;
	set->space = space;
	set->request = request;
	set->fl = fl;
	set->told = HF_TOLD_WAKE;
	set->graph = false;
	set->must_wait = false;
	set->begun = false;
	set->nodes = 0;
	set->limit = HF_LIMIT_ACCOUNT;
	set->spares = (struct lk_list) {};
	set->batch = (struct lk_batch) {};
	set->waiter = NULL;
	set->courtesy = (struct hf_courtesy) {};
}

static void commit(struct set *set, const struct lk_plan *plan)
{
	hf_mirror_lock(set->table);
	set->begun = lk_commit(set->space, set->request, plan, &set->spares,
			       &set->rest, &set->batch) == LK_MORE;
	hf_mirror_unlock(set->table);
	if (set->batch.winners)
		hf_deliver(set->table, &set->batch);
}

/* A portion of an unlock.  Return: whether it has ended. */
static bool unlock_more(struct set *set, struct lk_unlock *rest)
{
	enum lk_progress progress = LK_MORE;

	lockdep_assert_held(&set->table->lock);
	if (lk_contended(set->space) && !set->graph) {
		set->graph = true;
		return false;
	}
	hf_mirror_lock(set->table);
	progress = lk_unlock_more(set->space, rest, hf_now_ms(), &set->batch);
	hf_mirror_unlock(set->table);
	if (set->batch.winners)
		hf_deliver(set->table, &set->batch);
	return progress == LK_DONE;
}

/* It was granted, and all of it is done. */
static int done(struct set *set)
{
	if (set->request->op == LK_UNLOCK)
		hf_count(unlocks);
	else
		hf_count(grants);
	trace_hf_lock_grant(set->table, set->request);
	return 0;
}

/* Queues the request.  G and T are held, everything it needs is in hand. */
static int enqueue(struct set *set)
{
	struct hf_waiter *waiter = set->waiter;
	enum lk_outcome outcome;

	lockdep_assert_held(&hf_graph_lock);
	lockdep_assert_held(&set->table->lock);
	set->request->cookie = &waiter->ident;
	hf_mirror_lock(set->table);
	outcome = lk_enqueue(set->space, set->request, &waiter->core,
			     &set->batch);
	/* An answer of 0 is final: there is nothing to take back. */
	if (outcome == LK_GRANTED)
		lk_end_waiter(set->space, &waiter->core, false,
			      set->request->now, &set->batch);
	hf_mirror_unlock(set->table);
	set->request->cookie = set->fl;

	if (outcome == LK_QUEUED || outcome == LK_ASK) {
		/* Before anybody can be told of it: T is still held. */
		if (waiter->told != HF_TOLD_WAKE)
			hf_async_attach(waiter);
		set->waiter = NULL;
	}
	if (outcome == LK_ASK)
		hf_remote_happened(waiter->ask);
	hf_deliver(set->table, &set->batch);
	if (outcome == LK_GRANTED) {
		hf_count(grants);
		trace_hf_lock_grant(set->table, set->request);
		return 0;
	}
	if (WARN_ONCE(outcome == LK_INVALID, "holdfast: waiter refused\n"))
		return -EINVAL;
	if (outcome == LK_DEADLOCK) {
		hf_count(deadlocks);
		trace_hf_lock_deadlock(set->table, set->request);
		return -EDEADLK;
	}
	if (outcome == LK_QUEUED) {
		hf_count(blocks);
		trace_hf_lock_block(set->table, set->request);
	}
	if (waiter->told == HF_TOLD_WAKE) {
		set->waiter = waiter;
		return WAIT;
	}
	return FILE_LOCK_DEFERRED;
}

static int refuse(struct set *set, const struct lk_record *blocker)
{
	if (hf_find_courtesy(&set->courtesy, blocker))
		return AGAIN;
	hf_count(conflicts);
	return -EAGAIN;
}

/* Whether the file, and the owner on it, may have so many records more.  T. */
static bool may_have(struct set *set, unsigned int nodes)
{
	enum hf_limit limit = hf_table_limit(set->table, set->space,
					     set->request, nodes);

	if (limit == HF_LIMIT_NONE)
		return true;
	set->limit = limit;
	return false;
}

/* It waits, here or for the remote. */
static int queue(struct set *set)
{
	if (!may_have(set, HF_WAITER_RECORDS))
		return -EDQUOT;
	if (set->graph && set->waiter)
		return enqueue(set);
	set->graph = true;
	set->must_wait = true;
	return AGAIN;
}

/* One look at the table.  T, and G if set->graph. */
static int pass(struct set *set)
{
	struct lk_plan plan hf_filled_by_callee;

	lockdep_assert_held(&set->table->lock);
	set->nodes = 0;
	set->must_wait = false;
	if (set->begun)
		return unlock_more(set, &set->rest) ? done(set) : AGAIN;
	/* Not that of the first pass: hf_expire_courtesy() may take long. */
	set->request->now = hf_now_ms();
	switch (lk_plan(set->space, set->request, set->graph, &plan)) {
	case LK_GRANTED:
		if (set->fl->c.flc_flags & FL_ACCESS)
			return 0;
		if (set->request->flags & LK_REMOTE && plan.changes)
			return queue(set);
		if (plan.nodes && !may_have(set, plan.nodes))
			return -EDQUOT;
		if (plan.nodes > set->spares.count) {
			set->nodes = plan.nodes;
			return AGAIN;
		}
		if (!plan.changes && set->request->op == LK_UNLOCK &&
		    (set->fl->c.flc_flags & FL_EXISTS))
			return -ENOENT;
		commit(set, &plan);
		return set->begun ? AGAIN : done(set);
	case LK_UNLOCKING:
		/* Another thread's of the same owner: this comes after it. */
		unlock_more(set, lk_unlocking(set->space, set->request->owner));
		return AGAIN;
	case LK_NEED_GRAPH:
		set->graph = true;
		return AGAIN;
	case LK_CONFLICT:
		return refuse(set, plan.blocker);
	case LK_MUST_WAIT:
		if (hf_find_courtesy(&set->courtesy, plan.blocker))
			return AGAIN;
		return queue(set);
	default:
		return -EINVAL;
	}
}

/* Fetches what the last pass lacked.  No lock is held. */
static int provide(struct set *set)
{
	struct hf_waiter *waiter;

	if (set->courtesy.expire) {
		hf_expire_courtesy(&set->courtesy);
		return 0;
	}
	if (set->nodes > set->spares.count)
		return hf_records_alloc(&set->spares, set->nodes, set->fl);
	if (set->must_wait && !set->waiter) {
		waiter = hf_waiter_alloc(set->table, set->space, set->fl,
					 set->told, set->request);
		if (IS_ERR(waiter))
			return PTR_ERR(waiter);
		set->waiter = waiter;
	}
	return 0;
}

/* Queued, and a process.  The remote's part of it has its waiter, and ends that, too. */
static int wait(struct set *set)
{
	struct hf_waiter *waiter = set->waiter;
	int ret;

	if (!waiter->ask)
		return hf_wait_local(waiter);
	set->waiter = NULL;
	ret = hf_remote_run(waiter);
	return ret == HF_REMOTE_ANEW ? AGAIN : ret;
}

/**
 * hf_set - set or unlock a range
 * @table: the file's table
 * @space: its posix or its flock half
 * @request: what; its kind and flags say how it may wait
 * @fl: the VFS's own, for the identity of the records
 * @told: how it is told when it waited
 * @may_wait: it may be queued
 *
 * Context: may sleep; no lock of ours held.
 * Return: as hf_lock().
 */
int hf_set(struct hf_table *table, struct lk_table *space,
	   struct lk_request *request, struct file_lock *fl,
	   enum hf_told told, bool may_wait)
{
	if (table->domain->remote && request->op == LK_UNLOCK &&
	    !(fl->c.flc_flags & FL_ACCESS))
		return hf_remote_unlock(table, space, request, fl);
	return hf_set_here(table, space, request, fl, told, may_wait);
}

/* The same, of which the remote hears if it is of LK_REMOTE. */
int hf_set_here(struct hf_table *table, struct lk_table *space,
		struct lk_request *request, struct file_lock *fl,
		enum hf_told told, bool may_wait)
{
	struct set set hf_filled_by_callee;
	bool waited = false;
	int ret = 0;

	begin(&set, table, space, request, fl);
	set.told = told;
	if (may_wait)
		request->flags |= LK_WAIT;
	/* One spare is what nearly every lock needs, and hardly any unlock. */
	if (request->op != LK_UNLOCK)
		ret = hf_records_alloc(&set.spares, 1, fl);
	/* It may be one that needs none. */
	if (ret == -EDQUOT)
		ret = 0;
	while (!ret) {
		bool graph = set.graph;

		hf_enter(table, graph);
		ret = pass(&set);
		hf_leave(table, graph);
		hf_records_free(&set.batch.freed);
		waited = ret == WAIT;
		if (waited)
			ret = wait(&set);
		if (ret != AGAIN)
			break;
		waited = false;
		/* After a portion of an unlock: others want T, and a turn. */
		cond_resched();
		ret = provide(&set);
	}
	/* What a wait ends with may be the remote's word. */
	if (!waited && ret == -ENOMEM)
		ret = hf_out_of_memory(fl);
	if (!waited && ret == -EDQUOT)
		ret = hf_over_limit(set.limit, table, request, fl);
	if (set.waiter)
		hf_waiter_free(set.waiter);
	hf_records_free(&set.spares);
	return ret;
}
