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
#include <holdfast/core/tree.hpp>

#include "undo.hpp"

namespace lk {

namespace {

/* By owner, then what can be taken back, which does not overlap. */
struct by_owner : hf::plain_node<lk_waiter, lk_node, offsetof(lk_waiter, by_owner)> {
	static bool before(const lk_waiter &a, const lk_waiter &b)
	{
		return a.request.owner != b.request.owner ? a.request.owner < b.request.owner
							  : a.undo_start < b.undo_start;
	}
};

using revocable_tree = hf::tree<by_owner>;

void enter_tree(lk_waiter &waiter)
{
	waiter.revocable = 1;
	revocable_tree::insert(waiter.table->revocable, waiter);
}

void leave_tree(lk_waiter &waiter)
{
	waiter.revocable = 0;
	revocable_tree::erase(waiter.table->revocable, waiter);
}

/* The owner's first that reaches to from or behind it. */
lk_waiter *first_revocable_of(const lk_table &table, uint64_t owner, int64_t from)
{
	return revocable_tree::first_not(table.revocable, [=](const lk_waiter &w) {
		return w.request.owner != owner ? w.request.owner < owner : w.undo_end < from;
	});
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
	saving saved = {};
	lk_record *record = hold(work, waiter.request, place, waiter.nodes, waiter.promise, &saved);

	waiter.saved = saved.records;
	waiter.undo_start = waiter.request.start;
	waiter.undo_end = waiter.request.end;
	enter_tree(waiter);
	if (saved.lost)
		confirm(work, waiter);
	return record;
}

void confirm(work &work, lk_waiter &waiter)
{
	leave_tree(waiter);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		lk_list_push(&work.batch.freed, record);
}

void confirm_all(work &work)
{
	while (lk_waiter *waiter = first_revocable(work.table))
		confirm(work, *waiter);
}

void take_back(work &work, lk_waiter &waiter)
{
	range undo = { waiter.undo_start, waiter.undo_end };

	leave_tree(waiter);
	release(work, undo, own_in(work.table, waiter.request.owner, undo), waiter.nodes);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		restore(work, *record);
}

void trim_undo(work &work, uint64_t owner, range where)
{
	lk_waiter *next;

	for (lk_waiter *at = first_revocable_of(work.table, owner, where.start);
	     at && at->request.owner == owner && at->undo_start <= where.end; at = next) {
		next = revocable_after(*at);
		trim(work, *at, where);
	}
}

lk_waiter *first_revocable(const lk_table &table) { return revocable_tree::first(table.revocable); }
lk_waiter *revocable_after(lk_waiter &waiter) { return revocable_tree::next(&waiter); }

const char *validate_revocable_tree(const lk_table &table)
{
	return revocable_tree::validate(table.revocable);
}

} // namespace lk
