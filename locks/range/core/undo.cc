// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a grant back: its nodes.
 *
 * A LK_REVOCABLE waiter carries four.  Its grant saves whole records as they
 * are, and what it clips from a record that reaches out of the range on
 *	one side, or two records on one each:	a piece each, and the new
 *						record: 3
 *	both sides: the piece; the rest of the
 *	record if it has another type, and the
 *	new record:				3
 * Nothing else takes a node from it until it is taken back.  Then its range is
 * cleared: the owner holds all of it, so at most one record reaches out on both
 * sides: 1.  What was saved comes back as it is, or melts into a neighbour.
 */
#include <holdfast/core/list.hpp>

#include "undo.hpp"
#include "graph.hpp"

namespace lk {

namespace {

using revocable_list = hf::list<&lk_waiter::revocable_next, &lk_waiter::revocable_at>;

void leave_list(lk_waiter &waiter)
{
	revocable_list::unlink(waiter);
	leave_graph(waiter);
}

/* What was saved outside of its range, is not its own any more. */
void clip_saved(work &work, lk_waiter &waiter)
{
	range left = { waiter.undo_start, waiter.undo_end };
	lk_list saved = waiter.saved;

	waiter.saved = {};
	while (lk_record *record = lk_list_pop(&saved)) {
		if (!left.overlaps(range_of(*record))) {
			lk_list_push(&work.batch.freed, record);
			continue;
		}
		range kept = left.common(range_of(*record));

		record->start = kept.start;
		record->end = kept.end;
		lk_list_push(&waiter.saved, record);
	}
}

void trim(work &work, lk_waiter &waiter, range changed)
{
	range undo = { waiter.undo_start, waiter.undo_end };

	if (!undo.overlaps(changed))
		return;
	bool head = undo.start < changed.start;
	bool tail = undo.end > changed.end;

	if (head == tail)
		return confirm(work, waiter);
	if (head)
		waiter.undo_end = changed.start - 1;
	else
		waiter.undo_start = changed.end + 1;
	clip_saved(work, waiter);
}

} // namespace

lk_record *hold_revocably(work &work, lk_waiter &waiter, const place &place)
{
	lk_table &table = work.table;
	saving saved = {};
	lk_record *record = hold(work, waiter.request, place, waiter.nodes, waiter.promise, &saved);

	waiter.saved = saved.records;
	waiter.undo_start = waiter.request.start;
	waiter.undo_end = waiter.request.end;
	revocable_list::link(table.revocable, waiter);
	/* By its owner, so that what the owner does next finds it. */
	enter_graph(waiter);
	if (saved.lost)
		confirm(work, waiter);
	return record;
}

void confirm(work &work, lk_waiter &waiter)
{
	leave_list(waiter);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		lk_list_push(&work.batch.freed, record);
}

void confirm_all(work &work)
{
	while (work.table.revocable)
		confirm(work, *work.table.revocable);
}

void take_back(work &work, lk_waiter &waiter)
{
	range undo = { waiter.undo_start, waiter.undo_end };

	leave_list(waiter);
	release(work, undo, own_in(work.table, waiter.request.owner, undo), waiter.nodes);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		restore(work, *record);
}

void trim_undo(work &work, uint64_t owner, range where)
{
	lk_waiter *next;

	if (!work.table.revocable)
		return;
	for (lk_waiter *at = first_of(*work.table.graph, owner); at; at = next) {
		next = next_of(*at);
		if (is_revocable(*at) && at->table == &work.table)
			trim(work, *at, where);
	}
}

} // namespace lk
