// SPDX-License-Identifier: GPL-2.0-only
/*
 * The waiters of one table: links, hand-over.  One examination costs O(log n)
 * for the record, and what the place in the order costs (order.cc).
 */
#include "graph.hpp"
#include "reserve.hpp"
#include "undo.hpp"
#include "waiters.hpp"

namespace lk {

namespace {

void tell_blocks(work &work, lk_record &record, bool blocks)
{
	const lk_observer *observer = work.table.observer;

	if (observer && observer->blocks && !is_reservation(record))
		observer->blocks(work.table.context, &record, blocks);
}

void link_at(lk_waiter &waiter, lk_waiter *&head)
{
	waiter.sibling = head;
	waiter.sibling_at = &head;
	if (head)
		head->sibling_at = &waiter.sibling;
	head = &waiter;
}

void set_order_due(lk_waiter &waiter, uint64_t due)
{
	if (waiter.order_due == due)
		return;
	waiter.order_due = due;
	queue_tree::updated(waiter);
}

uint64_t courtesy_from(const work &work)
{
	uint64_t due = work.now + work.table.graph->courtesy_ms;

	return due < work.now ? UINT64_MAX : due;
}

void link(work &work, lk_waiter &waiter, lk_waiter &behind)
{
	/* Order blockers only go: from the first look on. */
	if (waiter.order_due == UINT64_MAX && waiter.request.fairness != LK_FAIR_FIFO)
		set_order_due(waiter, courtesy_from(work));
	waiter.on_record = nullptr;
	waiter.on_waiter = &behind;
	link_at(waiter, behind.waiters);
}

void link(work &work, lk_waiter &waiter, lk_record &blocker)
{
	const lk_observer *observer = work.table.observer;
	bool first = !blocker.holder->waiters;

	set_order_due(waiter, UINT64_MAX);
	waiter.on_waiter = nullptr;
	waiter.on_record = &blocker;
	link_at(waiter, blocker.holder->waiters);
	if (first)
		tell_blocks(work, blocker, true);
	if (observer && observer->linked && !is_reservation(blocker))
		observer->linked(work.table.context, &blocker, &waiter);
}

void unlink(work &work, lk_waiter &waiter)
{
	lk_record *record = waiter.on_record;

	*waiter.sibling_at = waiter.sibling;
	if (waiter.sibling)
		waiter.sibling->sibling_at = waiter.sibling_at;
	waiter.on_record = nullptr;
	waiter.on_waiter = nullptr;
	waiter.sibling = nullptr;
	waiter.sibling_at = nullptr;
	if (record && !record->holder->waiters)
		tell_blocks(work, *record, false);
}

/* The heap of loose waiters: a pairing heap by seq, next_winner is the child. */
lk_waiter *meld(lk_waiter *a, lk_waiter *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->seq < a->seq) {
		lk_waiter *swap = a;

		a = b;
		b = swap;
	}
	b->sibling = a->next_winner;
	a->next_winner = b;
	return a;
}

lk_waiter *pop_loose(work &work)
{
	lk_waiter *oldest = work.loose;
	lk_waiter *rest = oldest->next_winner;
	lk_waiter *pairs = nullptr;

	while (rest) {
		lk_waiter *a = rest;
		lk_waiter *b = a->sibling;

		rest = b ? b->sibling : nullptr;
		a->sibling = nullptr;
		if (b)
			b->sibling = nullptr;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	work.loose = nullptr;
	while (pairs) {
		lk_waiter *next = pairs->sibling;

		pairs->sibling = nullptr;
		work.loose = meld(work.loose, pairs);
		pairs = next;
	}
	oldest->next_winner = nullptr;
	oldest->sibling = nullptr;
	return oldest;
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

/* Those behind it wait for what it got now. */
void hand_over_followers(work &work, lk_waiter *follower, lk_record &record)
{
	lk_waiter *next;

	for (; follower; follower = next) {
		next = follower->sibling;
		link(work, *follower, record);
	}
}

void grant(work &work, lk_waiter &waiter)
{
	lk_waiter *followers = waiter.waiters;
	bool revocable = waiter.request.kind == LK_REVOCABLE;
	place place = {};
	lk_record *record;

	waiter.waiters = nullptr;
	leave_trees(work, waiter);
	finish_unlocks(work, waiter.request.owner);
	trim_undo(work, waiter.request.owner, range_of(waiter.request));
	find_touched(work.table, waiter.request, place);
	record = revocable ? hold_revocably(work, waiter, place)
			   : hold(work, waiter.request, place, waiter.nodes, nullptr);
	hand_over_followers(work, followers, *record);
	if (waiter.request.flags & LK_RECLAIM)
		use_turns(work, waiter.request, nullptr);
	if (&waiter != work.requester) {
		waiter.state = LK_WON;
		win(work, waiter);
		return;
	}
	waiter.state = revocable ? LK_WON : LK_IDLE;
	work.requester_won = true;
}

void examine(work &work, lk_waiter &waiter)
{
	if (waiter.doomed)
		return fail(work, waiter);
	if (lk_waiter *behind = latest_before(waiter))
		return link(work, waiter, *behind);

	lk_record *blocker = next_conflict(work.table, view(waiter.request), nullptr);

	if (!blocker) {
		if (waiter.request.kind != LK_NOTIFY || &waiter == work.requester)
			return grant(work, waiter);
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
	uint64_t steps = work.steps + LK_SEARCH_STEPS - graph.steps_left;

	if (steps > graph.longest_section)
		graph.longest_section = steps;
}

/* If a lock or a turn keeps it out as well, it is looked at again later. */
void end_courtesy(work &work, lk_waiter &waiter)
{
	if (next_conflict(work.table, view(waiter.request), nullptr))
		return set_order_due(waiter, courtesy_from(work));
	set_order_due(waiter, UINT64_MAX);
	waiter.may_pass = 1;
	work.table.graph->courtesies++;
}

} // namespace

void loosen(work &work, lk_waiter &waiter)
{
	unlink(work, waiter);
	work.loose = meld(work.loose, &waiter);
}

void loosen(work &work, lk_record &record)
{
	while (record.holder->waiters)
		loosen(work, *record.holder->waiters);
}

void loosen_some(work &work, lk_record &record)
{
	lk_waiter *next;

	for (lk_waiter *at = record.holder->waiters; at; at = next) {
		next = at->sibling;
		if (!conflicts(record, view(at->request)))
			loosen(work, *at);
	}
}

void enter_queue(work &work, lk_waiter &waiter)
{
	waiter.state = LK_WAITING;
	/* The heap's; a waiter may have won before. */
	waiter.next_winner = nullptr;
	waiter.sibling = nullptr;
	queue_tree::insert(work.table.waiters, waiter);
	work.table.nr_waiters++;
	enter_graph(waiter);
	work.loose = meld(work.loose, &waiter);
}

void leave_queue(work &work, lk_waiter &waiter)
{
	if (waiter.sibling_at)
		unlink(work, waiter);
	while (waiter.waiters)
		loosen(work, *waiter.waiters);
	leave_trees(work, waiter);
	waiter.state = LK_IDLE;
}

void give_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags)
{
	lk_waiter *followers = waiter.waiters;
	lk_record *record;

	waiter.waiters = nullptr;
	leave_trees(work, waiter);
	record = keep_turn(work, waiter, deadline, flags);
	hand_over_followers(work, followers, *record);
	waiter.state = LK_NOTIFIED;
	win(work, waiter);
	/* Others may be told beside it. */
	if (flags & LK_OVERDUE)
		loosen(work, *record);
}

void drain(work &work)
{
	for (; work.loose; work.steps++)
		examine(work, *pop_loose(work));
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
	/* All of them are out: nobody is left to be examined. */
	while (work.loose)
		(void)pop_loose(work);
}

void refresh(lk_waiter &waiter, uint64_t now)
{
	waiter.refreshed = now;
	queue_tree::updated(waiter);
}

void look_at_due(work &work)
{
	uint64_t now = work.now;
	unsigned int left = work.table.graph->portion;
	auto enter = [=](lk_waiter *, lk_waiter *down) { return down->min_due <= now; };

	for (lk_waiter *at = queue_tree::first_within(work.table.waiters, enter); at && left;
	     at = queue_tree::next_within(at, enter)) {
		if (due_of(*at) > now)
			continue;
		left--;
		if (lapse_of(*at) <= now)
			at->doomed = static_cast<uint8_t>(doom::lapse);
		else
			end_courtesy(work, *at);
		if ((at->doomed || at->may_pass) && at->sibling_at)
			loosen(work, *at);
	}
}

void loosen_marked(work &work)
{
	for (lk_waiter *at = first_waiter(work.table); at; at = waiter_after(*at))
		if (at->sibling_at && (at->doomed || (at->may_pass && at->on_waiter)))
			loosen(work, *at);
}

} // namespace lk
