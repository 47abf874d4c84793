// SPDX-License-Identifier: GPL-2.0-only
/*
 * The waiters of one table: links, hand-over.  One examination costs O(log n)
 * for the record, and what the place in the order costs (waiters.cc).
 */
#include <holdfast/core/list.hpp>

#include "graph.hpp"
#include "loose.hpp"
#include "pending.hpp"
#include "reserve.hpp"
#include "tally.hpp"
#include "undo.hpp"
#include "waiters.hpp"

namespace lk {

namespace {

/* Those linked to one record. */
using siblings = hf::list<&lk_waiter::sibling, &lk_waiter::sibling_at>;

/* Turns, promises, what is pending and what has gone are nobody's lock. */
bool is_lock(const lk_record &record)
{
	return !(record.flags & (LK_RESERVATION | LK_PROMISE | LK_PENDING | LK_GONE));
}

void tell_blocks(work &work, lk_record &record, bool blocks)
{
	const lk_observer *observer = work.table.observer;

	if (observer && observer->blocks && is_lock(record))
		observer->blocks(work.table.context, &record, blocks);
}

void tell_linked(work &work, lk_record &record)
{
	const lk_observer *observer = work.table.observer;

	if (observer && observer->linked && is_lock(record))
		observer->linked(work.table.context, &record);
}

void link(work &work, lk_waiter &waiter, lk_record &on)
{
	bool first = !on.holder->waiters;

	waiter.on = &on;
	siblings::link(on.holder->waiters, waiter);
	if (first)
		tell_blocks(work, on, true);
	tell_linked(work, on);
}

void link_behind(work &work, lk_waiter &waiter, lk_waiter &other)
{
	/* Order blockers only go: from the first look on. */
	if (waiter.order_due == UINT64_MAX && waiter.request.fairness != LK_FAIR_FIFO)
		set_order_due(waiter, courtesy_from(work));
	link(work, waiter, *other.promise);
}

void unlink(work &work, lk_waiter &waiter)
{
	lk_record &on = *waiter.on;

	siblings::unlink(waiter);
	waiter.on = nullptr;
	/* The promise may have been kept meanwhile: then its time was no more than that. */
	if (!(on.flags & LK_PROMISE))
		set_order_due(waiter, UINT64_MAX);
	if (on.holder->waiters)
		return;
	tell_blocks(work, on, false);
	if (on.flags & LK_GONE)
		lk_list_push(&work.batch.freed, &on);
}

void leave_trees(work &work, lk_waiter &waiter)
{
	queue_tree::erase(work.table.waiters, waiter);
	work.table.nr_waiters--;
	leave_graph(waiter);
}

void win(work &work, lk_waiter &waiter)
{
	lk_batch &batch = work.batch;

	waiter.next_winner = nullptr;
	*(batch.last_winner ? batch.last_winner : &batch.winners) = &waiter;
	batch.last_winner = &waiter.next_winner;
}

void fail(work &work, lk_waiter &waiter)
{
	doom why = doom { waiter.doomed };

	waiter.doomed = 0;
	leave_queue(work, waiter);
	if (&waiter == work.requester) {
		work.requester_lost = true;
		return;
	}
	if (why == doom::lapse)
		waiter.state = LK_LAPSED;
	else	/* A client that is told asks again, and is refused then. */
		waiter.state = waiter.request.kind == LK_NOTIFY ? LK_NOTIFIED : LK_LOST_DEADLOCK;
	win(work, waiter);
}

/* It was not needed, or will not be kept. */
void drop_promise(work &work, lk_waiter &waiter)
{
	lk_record *promise = waiter.promise;

	waiter.promise = nullptr;
	if (promise && let_go(work, *promise))
		lk_list_push(&waiter.nodes, promise);
}

/* It is in no tree any more; what waits for its promise is held up by the lock then. */
void take(work &work, lk_waiter &waiter)
{
	bool revocable = waiter.request.kind == LK_REVOCABLE;
	place place = {};
	lk_record *record;

	finish_unlocks(work, waiter.request.owner);
	if (revocable)
		lay_over(work, waiter);
	trim_undo(work, waiter.request.owner, range_of(waiter.request));
	find_touched(work.table, waiter.request, place);
	record = revocable ? hold_revocably(work, waiter, place)
			   : hold(work, waiter.request, place, waiter.nodes, waiter.promise,
				  nullptr);
	if (record == waiter.promise)
		waiter.promise = nullptr;
	drop_promise(work, waiter);
	if (waiter.request.flags & (LK_RECLAIM | LK_CONFIRMED))
		use_turns(work, waiter.request, nullptr);
	waiter.state = revocable ? LK_WON : LK_IDLE;
}

void grant(work &work, lk_waiter &waiter)
{
	leave_trees(work, waiter);
	if (waiter.request.flags & LK_REMOTE)
		begin_asking(work, waiter);
	else
		take(work, waiter);
	if (&waiter == work.requester) {
		work.requester_won = waiter.state != LK_ASKING;
		return;
	}
	if (waiter.state == LK_IDLE)
		waiter.state = LK_WON;
	win(work, waiter);
}

/*
 * Whom it comes after.  If that takes too many looks to find out it keeps no order,
 * which is a courtesy: a call's looks beyond LK_LOOKS each are steps of its searches.
 */
lk_waiter *whom_behind(work &work, lk_waiter &waiter)
{
	lk_graph &graph = *work.table.graph;
	unsigned int looks = LK_LOOKS + graph.steps_left;
	lk_waiter *latest = latest_before(waiter, looks);

	graph.steps_left = looks < graph.steps_left ? looks : graph.steps_left;
	if (looks)
		return latest;
	waiter.may_pass = 1;
	graph.passes++;
	graph.searches_cut++;
	return nullptr;
}

void examine(work &work, lk_waiter &waiter)
{
	if (waiter.doomed)
		return fail(work, waiter);
	if (lk_waiter *other = whom_behind(work, waiter))
		return link_behind(work, waiter, *other);

	lk_record *blocker = next_conflict(work.table, view(waiter.request), nullptr);

	if (!blocker) {
		if (waiter.request.kind != LK_NOTIFY || &waiter == work.requester)
			return grant(work, waiter);
		/* The oldest goes first. */
		if (work.table.nr_reservations >= LK_TURNS)
			return link(work, waiter, *work.table.reservations->holder->turn.next);
		return give_turn(work, waiter, work.now + work.table.graph->reserve_ms,
				 LK_RESERVATION);
	}
	if (!tell_early(work, waiter, *blocker))
		link(work, waiter, *blocker);
}

/* What G was held for; what an uncontended table costs is LK_PORTION at most. */
void note_section(const work &work)
{
	lk_graph &graph = *work.table.graph;
	uint64_t steps = work.steps + LK_SEARCH_STEPS - graph.steps_left +
			 LK_GLANCES - graph.glances_left;

	if (steps > graph.longest_section)
		graph.longest_section = steps;
}

} // namespace

/*
 * Its owner's own records are passed over when it is examined, or replaced by its
 * grant; and lockd walks through all that it has blocked for each that is told.
 */
void use_room(work &work, const lk_waiter &waiter)
{
	constexpr unsigned int told_by_server = 16;
	uint32_t more = own_count(work.table, waiter.request.owner);

	if (waiter.request.kind == LK_REVOCABLE)
		more += told_by_server;
	work.room = work.room > more ? work.room - more - 1 : 0;
}

void loosen(work &work, lk_waiter &waiter)
{
	unlink(work, waiter);
	work.loose = meld(work.loose, &waiter);
	use_room(work, waiter);
}

void loosen(work &work, lk_record &record)
{
	while (record.holder->waiters && work.room)
		loosen(work, *record.holder->waiters);
}

void loosen_some(work &work, lk_record &record)
{
	lk_waiter *next;

	for (lk_waiter *at = record.holder->waiters; at; at = next) {
		if (!work.looks || !work.room)
			return start_sweep(work.table);
		next = at->sibling;
		work.looks--;
		work.steps++;
		if (!conflicts(record, view(at->request)))
			loosen(work, *at);
	}
}

bool let_all_go(work &work, lk_record &record)
{
	loosen(work, record);
	if (!record.holder->waiters)
		return true;
	tell_blocks(work, record, false);
	record.flags = LK_GONE;
	start_sweep(work.table);
	return false;
}

void take_over(work &work, lk_record &record)
{
	if (!record.holder->waiters)
		return;
	tell_blocks(work, record, true);
	tell_linked(work, record);
}

void enter_queue(work &work, lk_waiter &waiter)
{
	waiter.state = LK_WAITING;
	/* The heap's; a waiter may have won before. */
	waiter.next_winner = nullptr;
	waiter.sibling = nullptr;
	waiter.promise = lk_list_pop(&waiter.nodes);
	waiter.promise->flags = LK_PROMISE;
	waiter.promise->holder->promised = &waiter;
	queue_tree::insert(work.table.waiters, waiter);
	work.table.nr_waiters++;
	enter_graph(waiter);
	work.loose = meld(work.loose, &waiter);
}

lk_outcome confirm_asking(work &work, lk_waiter &waiter)
{
	view others(waiter.request);

	others.past_reservations = true;
	others.past_pending = true;
	if (next_conflict(work.table, others, nullptr))
		return LK_CONFLICT;
	/* Those who wait for it wait for the lock from here on. */
	leave_asking(work, waiter);
	take(work, waiter);
	return LK_GRANTED;
}

void refuse_asking(work &work, lk_waiter &waiter)
{
	leave_asking(work, waiter);
	drop_promise(work, waiter);
	waiter.state = LK_IDLE;
}

void leave_queue(work &work, lk_waiter &waiter)
{
	if (waiter.sibling_at)
		unlink(work, waiter);
	drop_promise(work, waiter);
	leave_trees(work, waiter);
	waiter.state = LK_IDLE;
}

void give_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags)
{
	lk_record *record;

	leave_trees(work, waiter);
	record = keep_turn(work, waiter, deadline, flags);
	drop_promise(work, waiter);
	waiter.state = LK_NOTIFIED;
	win(work, waiter);
	/* Others may be told beside it. */
	if (flags & LK_OVERDUE)
		loosen(work, *record);
}

void drain(work &work)
{
	for (; work.loose; work.steps++)
		examine(work, *pop_oldest(work.loose));
}

void settle(work &work)
{
	drain(work);
	while (lk_waiter *winner = *work.unchecked) {
		work.unchecked = &winner->next_winner;
		if (winner->state == LK_WON)
			open_cycles_of(work, winner->request.owner);
	}
	note_contended(work.table);
	note_section(work);
}

void lapse_all(work &work)
{
	while (lk_waiter *waiter = first_waiter(work.table)) {
		leave_queue(work, *waiter);
		waiter->state = LK_LAPSED;
	}
}

void refresh(lk_waiter &waiter, uint64_t now)
{
	waiter.refreshed = now;
	queue_tree::updated(waiter);
}

} // namespace lk
