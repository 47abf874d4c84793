// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lk_expire() does with the waiters of a table: it looks at those that it is
 * time for, and sweeps through all of them when a call before could not look at
 * everybody whose blocker went, or a search from another table has marked some.
 */
#include "graph.hpp"
#include "waiters.hpp"

namespace lk {

namespace {

/* If a lock or a turn keeps it out as well, it is looked at again later. */
void end_courtesy(work &work, lk_waiter &waiter)
{
	bool by_order = waiter.on->flags & LK_PROMISE;

	if (by_order && next_conflict(work.table, view(waiter.request), nullptr))
		return set_order_due(waiter, courtesy_from(work));
	set_order_due(waiter, UINT64_MAX);
	if (!by_order)
		return;
	waiter.may_pass = 1;
	work.table.graph->courtesies++;
}

/* Whether it waits for something that keeps it out, and nobody has marked it. */
bool is_well_linked(const lk_waiter &waiter)
{
	const lk_record &on = *waiter.on;

	if (waiter.doomed || (on.flags & LK_GONE))
		return false;
	if (on.flags & LK_PROMISE)
		return !waiter.may_pass;
	return conflicts(on, view(waiter.request));
}

} // namespace

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

void look_at_due(work &work)
{
	uint64_t now = work.now;
	auto enter = [=](lk_waiter *, lk_waiter *down) { return down->min_due <= now; };

	for (lk_waiter *at = queue_tree::first_within(work.table.waiters, enter); at && work.room;
	     at = queue_tree::next_within(at, enter)) {
		if (due_of(*at) > now)
			continue;
		work.steps++;
		if (lapse_of(*at) <= now)
			at->doomed = static_cast<uint8_t>(doom::lapse);
		else
			end_courtesy(work, *at);
		if ((at->doomed || at->may_pass) && at->sibling_at)
			loosen(work, *at);
		else
			use_room(work, *at);
	}
}

void start_sweep(lk_table &table)
{
	/* Nobody may be waiting here any more. */
	if (!table.waiters)
		return;
	if (table.attention) {
		table.sweep_again = true;
		return;
	}
	table.graph->sweeps++;
	table.swept_start = -1;
	table.swept_seq = 0;
	note_attention(table, true);
}

void sweep(work &work)
{
	lk_table &table = work.table;
	lk_waiter *at = waiter_behind(table, table.swept_start, table.swept_seq), *next;

	for (unsigned int left = LK_PORTION; at && left && work.room; at = next, left--) {
		next = waiter_after(*at);
		table.swept_start = at->request.start;
		table.swept_seq = at->seq;
		work.steps++;
		if (at->sibling_at && !is_well_linked(*at))
			loosen(work, *at);
	}
	if (at)
		return;
	bool again = table.sweep_again;

	note_attention(table, false);
	if (again)
		start_sweep(table);
}

} // namespace lk
