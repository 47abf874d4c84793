// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a grant back: its nodes.
 *
 * A LK_REVOCABLE waiter carries five.  Its grant saves whole records as they
 * are, and what it clips from a record that reaches out of the range on
 *	one side, or two records on one each:	a piece each, and the new
 *						record: 3
 *	both sides: the piece; the rest of the
 *	record if it has another type, and the
 *	new record:				3
 * Nothing else takes a node from it until it is taken back.  Then its range is
 * cleared: the owner holds all of it, so at most one record reaches out on both
 * sides: 1.  What was saved comes back as it is, or melts into a neighbour.
 * Where it takes part of what another grant of the owner has, at most one record that
 * the other saved reaches out of that part, on one side: 1.  If the other one is not
 * wanted while this one covers all of it, there is nothing to be cleared, and at most
 * one record that this one saved reaches out on both sides: 1, of the other's.
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

/* What of a list of saved records is outside of the range goes. */
void clip(work &work, lk_list &saved, range left)
{
	lk_list all = saved;

	saved = {};
	while (lk_record *record = lk_list_pop(&all)) {
		if (!left.overlaps(range_of(*record))) {
			lk_list_push(&work.batch.freed, record);
			continue;
		}
		range kept = left.common(range_of(*record));

		record->start = kept.start;
		record->end = kept.end;
		lk_list_push(&saved, record);
	}
}

/*
 * Takes what was saved of a range, to taken, or to be freed.  A record that reaches
 * out on both sides needs a node, and with taken on either side another one.
 */
void take_saved(work &work, lk_list &saved, range what, lk_list &nodes, lk_list *taken)
{
	lk_list all = saved;

	saved = {};
	while (lk_record *record = lk_list_pop(&all)) {
		range was = range_of(*record);

		if (what.contains(was)) {
			lk_list_push(taken ? taken : &work.batch.freed, record);
			continue;
		}
		lk_list_push(&saved, record);
		if (!was.overlaps(what))
			continue;
		if (taken)
			lk_list_push(taken, make_piece(work, nodes, *record, was.common(what)));
		if (was.start < what.start && was.end > what.end)
			lk_list_push(&saved,
				     make_piece(work, nodes, *record, { what.end + 1, was.end }));
		if (was.start < what.start)
			record->end = what.start - 1;
		else
			record->start = what.end + 1;
	}
}

void free_all(work &work, lk_list &list)
{
	while (lk_record *record = lk_list_pop(&list))
		lk_list_push(&work.batch.freed, record);
}

/* It is over nobody any more. */
void part(work &work, lk_waiter &over)
{
	free_all(work, over.below);
	if (over.over)
		over.over->under = nullptr;
	over.over = nullptr;
}

/* What it is over is no more than what can be taken back of it. */
void clip_over(work &work, lk_waiter &waiter, range left)
{
	range over = { waiter.over_start, waiter.over_end };

	if (!waiter.over)
		return;
	if (!over.overlaps(left))
		return part(work, waiter);
	waiter.over_start = over.common(left).start;
	waiter.over_end = over.common(left).end;
	clip(work, waiter.below, over.common(left));
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
	clip(work, waiter.saved, { waiter.undo_start, waiter.undo_end });
	clip_over(work, waiter, { waiter.undo_start, waiter.undo_end });
}

/* The one below has what was taken from it again, if that is one piece with the rest. */
void give_back(work &work, lk_waiter &over)
{
	lk_waiter *to = over.over;
	range back = { over.over_start, over.over_end };

	if (!to)
		return;
	if (!to->revocable) {
		to->undo_start = back.start;
		to->undo_end = back.end;
		enter_tree(*to);
	} else if (to->undo_end < back.start && to->undo_end == back.start - 1) {
		to->undo_end = back.end;
	} else if (back.end < to->undo_start && back.end == to->undo_start - 1) {
		to->undo_start = back.start;
	} else {
		return part(work, over);
	}
	while (lk_record *record = lk_list_pop(&over.below))
		lk_list_push(&to->saved, record);
	part(work, over);
}

void take_back(work &work, lk_waiter &waiter)
{
	range undo = { waiter.undo_start, waiter.undo_end };

	leave_tree(waiter);
	release(work, undo, own_in(work.table, waiter.request.owner, undo), waiter.nodes);
	while (lk_record *record = lk_list_pop(&waiter.saved))
		restore(work, *record);
	give_back(work, waiter);
}

/* The server does not want what this one's grant was made over. */
void lower(work &work, lk_waiter &over, lk_list &nodes)
{
	range taken = { over.over_start, over.over_end };

	take_saved(work, over.saved, taken, nodes, nullptr);
	while (lk_record *record = lk_list_pop(&over.below))
		lk_list_push(&over.saved, record);
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

void lay_over(work &work, lk_waiter &waiter)
{
	const lk_request &request = waiter.request;
	lk_waiter *other = first_revocable_of(work.table, request.owner, request.start);
	lk_waiter *next = other ? revocable_after(*other) : nullptr;
	auto meets = [&](const lk_waiter *w) {
		return w && w->request.owner == request.owner && w->undo_start <= request.end;
	};

	if (!meets(other) || meets(next) || other->over || other->under)
		return;
	range had = { other->undo_start, other->undo_end };
	range both = had.common(range_of(request));

	/* A hole makes it final. */
	if (both.start > had.start && both.end < had.end)
		return;
	waiter.over = other;
	waiter.over_start = both.start;
	waiter.over_end = both.end;
	take_saved(work, other->saved, both, waiter.nodes, &waiter.below);
	/* A downgrade gives up what was before the other one, too. */
	for (lk_record *at = waiter.below.first; at; at = at->next)
		at->type &= request.op;
	other->under = &waiter;
}

void confirm(work &work, lk_waiter &waiter)
{
	part(work, waiter);
	leave_tree(waiter);
	free_all(work, waiter.saved);
}

void confirm_all(work &work)
{
	while (lk_waiter *waiter = first_revocable(work.table))
		confirm(work, *waiter);
}

void end_grant(work &work, lk_waiter &waiter, bool unwanted)
{
	lk_waiter *over = waiter.under;

	if (waiter.revocable && unwanted)
		take_back(work, waiter);
	else if (waiter.revocable)
		confirm(work, waiter);
	if (!over)
		return;
	if (unwanted)
		lower(work, *over, waiter.nodes);
	part(work, *over);
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
