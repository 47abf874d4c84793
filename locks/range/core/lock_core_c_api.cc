// SPDX-License-Identifier: GPL-2.0-only
/*
 * The border's functions, see lock_core.h.  What comes in from C is checked
 * here; everything behind takes it for valid.
 */
#include "lock_core.h"

#include "graph.hpp"
#include "held.hpp"
#include "judge.hpp"
#include "pending.hpp"
#include "queue.hpp"
#include "reserve.hpp"
#include "tally.hpp"
#include "undo.hpp"
#include "validate.hpp"

using lk::range_of;
using lk::view;
using lk::work;

namespace {

bool valid(const lk_request &request)
{
	return lk::range::possible(request.start, request.end) && request.op <= LK_UNLOCK &&
	       request.kind <= LK_NOTIFY && request.fairness <= LK_FAIR_NONE &&
	       !(request.flags & ~LK_FLAGS) &&
	       !(request.kind == LK_NOTIFY && request.flags & (LK_REMOTE | LK_CONFIRMED));
}

bool asks_for_lock(const lk_request &request)
{
	return valid(request) && request.op != LK_UNLOCK;
}

lk_progress unlock(work &work, const lk_request &request, const lk::place &place, lk_list &spares,
		   struct lk_unlock &rest)
{
	int64_t left = lk::release_portion(work, range_of(request),
					   lk::own_at(place, request.owner), spares,
					   work.table.graph->portion);

	if (left < 0)
		return LK_DONE;
	rest.owner = request.owner;
	rest.start = left;
	rest.end = request.end;
	/* Before anybody is granted anything. */
	lk::enter_unlock(work.table, rest);
	return LK_MORE;
}

lk_progress commit_records(work &work, const lk_request &request, const lk::place &place,
			   lk_list &spares, struct lk_unlock &rest)
{
	if (request.op == LK_UNLOCK)
		return unlock(work, request, place, spares, rest);
	lk::hold(work, request, place, spares, nullptr, nullptr);
	return LK_DONE;
}

lk_progress commit_contended(work &work, const lk_request &request, const lk::plan_t &plan,
			     lk_list &spares, struct lk_unlock &rest)
{
	lk::allow_steps(work);
	lk::trim_undo(work, request.owner, range_of(request));
	lk_progress progress = commit_records(work, request, plan.place, spares, rest);

	if (plan.reservation || (request.flags & LK_RECLAIM))
		lk::use_turns(work, request, plan.reservation);
	lk::drain(work);
	if (request.op != LK_UNLOCK)
		lk::open_cycles_of(work, request.owner);
	lk::settle(work);
	return progress;
}

/* What remains of a waiter that is in no table any more. */
void give_nodes_back(lk_waiter &waiter, lk_batch &batch)
{
	while (lk_record *record = lk_list_pop(&waiter.nodes))
		lk_list_push(&batch.freed, record);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		lk_list_push(&batch.freed, record);
}

} // namespace

void lk_graph_init(struct lk_graph *graph, uint64_t reserve_ms)
{
	constexpr uint64_t hour = 3600000;

	*graph = lk_graph {};
	graph->portion = LK_PORTION;
	graph->crowd = LK_CROWD;
	graph->courtesy_ms = LK_COURTESY_MS;
	graph->steps_left = LK_SEARCH_STEPS;
	graph->glances_left = LK_GLANCES;
	graph->reserve_ms = reserve_ms < 1 ? 1 : reserve_ms > hour ? hour : reserve_ms;
}

void lk_table_init(struct lk_table *table, struct lk_graph *graph,
		   const struct lk_observer *observer, void *context)
{
	*table = lk_table {};
	table->graph = graph;
	table->observer = observer;
	table->context = context;
	table->due = UINT64_MAX;
	table->turn_due = UINT64_MAX;
}

bool lk_contended(const struct lk_table *table)
{
	return lk::is_contended(*table);
}

bool lk_idle(const struct lk_table *table)
{
	return !table->by_range && !table->unlocks && !lk_contended(table);
}

uint64_t lk_detach(struct lk_table *table, struct lk_batch *batch)
{
	work work(*table, *batch, 0);
	uint64_t held;

	lk::confirm_all(work);
	lk::lapse_all(work);
	lk::lapse_asking(work);
	lk::drop_turns(work);
	held = lk::drop_all(work);
	/* None is left where an open file pins the inode; else its caller is told. */
	lk::end_unlocks(work);
	lk::note_contended(*table);
	return held;
}

enum lk_outcome lk_plan(const struct lk_table *table, const struct lk_request *request,
			bool graph_held, struct lk_plan *plan)
{
	lk_outcome outcome = LK_GRANTED;

	lk::clear(*plan);
	if (!valid(*request))
		return LK_INVALID;
	if (lk::unlock_of(*table, request->owner))
		return LK_UNLOCKING;
	if (request->op != LK_UNLOCK)
		outcome = lk::judge(*table, *request, *plan);
	if (outcome != LK_GRANTED)
		return outcome;
	lk::plan_records(*table, *request, *plan);
	/* What it holds already may yet use a turn, or make a grant final. */
	if (request->op != LK_UNLOCK && (table->reservations || table->revocable))
		plan->changes = true;
	if (plan->changes && !graph_held && lk_contended(table))
		return LK_NEED_GRAPH;
	return LK_GRANTED;
}

enum lk_progress lk_commit(struct lk_table *table, const struct lk_request *request,
			   const struct lk_plan *plan, struct lk_list *spares,
			   struct lk_unlock *rest, struct lk_batch *batch)
{
	work work(*table, *batch, request->now);

	/* Fewer spares than planned would be an oops further down. */
	if (!plan->changes || spares->count < plan->nodes)
		return LK_DONE;
	/* The point of no return. */
	if (lk_contended(table))
		return commit_contended(work, *request, *plan, *spares, *rest);
	return commit_records(work, *request, plan->place, *spares, *rest);
}

struct lk_unlock *lk_unlocking(const struct lk_table *table, uint64_t owner)
{
	return lk::unlock_of(*table, owner);
}

enum lk_progress lk_unlock_more(struct lk_table *table, struct lk_unlock *rest, uint64_t now,
				struct lk_batch *batch)
{
	work work(*table, *batch, now);
	bool ended;

	if (!rest->going)
		return LK_DONE;
	if (!lk_contended(table))
		return lk::unlock_more(work, *rest, table->graph->portion) ? LK_DONE : LK_MORE;
	lk::allow_steps(work);
	ended = lk::unlock_more(work, *rest, table->graph->portion);
	lk::settle(work);
	return ended ? LK_DONE : LK_MORE;
}

unsigned int lk_waiter_nodes(uint8_t kind)
{
	/* A record and a split; undo.cc counts the rest. */
	return kind == LK_REVOCABLE ? 5 : 2;
}

enum lk_outcome lk_enqueue(struct lk_table *table, const struct lk_request *request,
			   struct lk_waiter *waiter, struct lk_batch *batch)
{
	work work(*table, *batch, request->now);
	lk_graph &graph = *table->graph;

	if (!asks_for_lock(*request) || waiter->state != LK_IDLE || waiter->revocable ||
	    waiter->nodes.count < lk_waiter_nodes(request->kind))
		return LK_INVALID;
	lk::allow_steps(work);
	waiter->request = *request;
	waiter->table = table;
	waiter->seq = ++graph.seq;
	waiter->refreshed = request->now;
	waiter->order_due = UINT64_MAX;
	waiter->doomed = 0;
	waiter->probing = 0;
	/* One that may not wait owes no order. */
	waiter->may_pass = !(request->flags & LK_WAIT) || lk::may_pass(*table, *request);
	if (lk::would_deadlock(work, *waiter)) {
		lk::settle(work);
		give_nodes_back(*waiter, *batch);
		return LK_DEADLOCK;
	}
	work.requester = waiter;
	lk::enter_queue(work, *waiter);
	lk::note_contended(*table);
	lk::drain(work);
	if (waiter->state == LK_WAITING)
		lk::open_cycles_through(work, *waiter);
	if (work.requester_won)
		lk::open_cycles_of(work, request->owner);
	lk::settle(work);
	if (waiter->state == LK_IDLE)
		give_nodes_back(*waiter, *batch);
	if (work.requester_won)
		return LK_GRANTED;
	if (waiter->state == LK_ASKING)
		return LK_ASK;
	return work.requester_lost ? LK_DEADLOCK : LK_QUEUED;
}

enum lk_outcome lk_confirm(struct lk_table *table, struct lk_waiter *waiter, uint64_t now,
			   struct lk_batch *batch)
{
	work work(*table, *batch, now);

	if (waiter->state != LK_ASKING || waiter->table != table)
		return LK_INVALID;
	lk::allow_steps(work);
	lk_outcome outcome = lk::confirm_asking(work, *waiter);

	if (outcome != LK_GRANTED)
		return outcome;
	lk::drain(work);
	lk::open_cycles_of(work, waiter->request.owner);
	lk::settle(work);
	if (waiter->state == LK_IDLE)
		give_nodes_back(*waiter, *batch);
	return LK_GRANTED;
}

void lk_refresh(struct lk_waiter *waiter, uint64_t now)
{
	if (waiter->state != LK_WAITING)
		return;
	lk::refresh(*waiter, now);
	lk::note_due(*waiter->table);
}

void lk_end_waiter(struct lk_table *table, struct lk_waiter *waiter, bool take_back, uint64_t now,
		   struct lk_batch *batch)
{
	work work(*table, *batch, now);

	lk::allow_steps(work);
	if (waiter->state == LK_WAITING)
		lk::leave_queue(work, *waiter);
	else if (waiter->state == LK_WON)
		lk::end_grant(work, *waiter, take_back);
	else if (waiter->state == LK_ASKING)
		lk::refuse_asking(work, *waiter);
	waiter->state = LK_IDLE;
	give_nodes_back(*waiter, *batch);
	lk::settle(work);
}

enum lk_left lk_revocable_left(const struct lk_waiter *waiter)
{
	lk::range undo = { waiter->undo_start, waiter->undo_end };

	if (!lk::is_revocable(*waiter))
		return LK_LEFT_NONE;
	return undo == range_of(waiter->request) ? LK_LEFT_ALL : LK_LEFT_PART;
}

const struct lk_record *lk_test(const struct lk_table *table, const struct lk_request *request)
{
	const lk_record *at = lk_next_conflict(table, request, nullptr);

	/* Whoever asks for it does not know yet. */
	while (at && lk::is_pending(*at))
		at = lk_next_conflict(table, request, at);
	return at;
}

const struct lk_record *lk_next_conflict(const struct lk_table *table,
					 const struct lk_request *request,
					 const struct lk_record *after)
{
	if (!asks_for_lock(*request))
		return nullptr;
	return lk::next_conflict(*table, lk::view_of(*table, *request), const_cast<lk_record *>(after));
}

const struct lk_record *lk_find_own(const struct lk_table *table, uint64_t owner, int64_t start,
				    int64_t end)
{
	if (!lk::range::possible(start, end))
		return nullptr;
	return lk::own_in(*table, owner, { start, end });
}

uint32_t lk_own_count(const struct lk_table *table, uint64_t owner)
{
	return lk::own_count(*table, owner);
}

struct lk_table *lk_due(struct lk_graph *graph, uint64_t now, uint64_t *next)
{
	lk_table *table = lk::first_due(*graph);

	*next = table ? table->due : UINT64_MAX;
	return table && table->due <= now ? table : nullptr;
}

void lk_expire(struct lk_table *table, uint64_t now, struct lk_batch *batch)
{
	work work(*table, *batch, now);

	lk::allow_steps(work);
	if (table->attention) {
		lk::sweep(work);
		lk::drain(work);
	}
	lk::look_at_due(work);
	lk::expire_turns(work);
	lk::settle(work);
}

const struct lk_record *lk_first_record(const struct lk_table *table)
{
	return lk::first_record(*table);
}

const struct lk_record *lk_next_record(const struct lk_record *record)
{
	return lk::record_after(*const_cast<lk_record *>(record));
}

const struct lk_waiter *lk_first_waiter(const struct lk_table *table)
{
	return lk::first_waiter(*table);
}

const struct lk_waiter *lk_next_waiter(const struct lk_waiter *waiter)
{
	return lk::waiter_after(*const_cast<lk_waiter *>(waiter));
}

struct lk_blocker lk_blocker_of(const struct lk_waiter *waiter)
{
	const lk_record *on = waiter->on;

	if (!on || (on->flags & LK_GONE))
		return {};
	if (on->flags & LK_PROMISE)
		return { nullptr, on->holder->promised };
	return { on, nullptr };
}

const struct lk_record *lk_record_behind(const struct lk_table *table, int64_t start,
					 uintptr_t address)
{
	return lk::record_behind(*table, start, address);
}

const struct lk_waiter *lk_waiter_behind(const struct lk_table *table, int64_t start,
					 uint64_t seq)
{
	return lk::waiter_behind(*table, start, seq);
}

const char *lk_validate(const struct lk_table *table)
{
	return lk::validate(*table);
}
