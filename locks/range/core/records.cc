// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who holds what: the questions to a table's records, which change nothing.
 */
#include "records.hpp"

namespace lk {

namespace {

/*
 * What settles most requests in one look at each level: the place among the
 * starts.  Where a writer is the last to start no later than the range ends,
 * nothing before it reaches past it; so if it ends before the range, all do.
 * Turns and pending records may lie over a writer, so with them this says nothing.
 */
bool clearly_free(const lk_table &table, const view &view, place &place)
{
	auto gap = range_tree::gap_after(table.by_range, [&](const lk_record &r) {
		return r.start <= view.where.end;
	});

	place.by_range = { gap.before, gap.after };
	place.knows_range = true;
	return !gap.before ||
	       (gap.before->type == LK_WRITE && gap.before->end < view.where.start);
}

lk_record *record_of(lk_holder *holder) { return holder ? holder->record : nullptr; }

/* Who unlocks what was locked last needs no search. */
bool is_recent(const lk_table &table, uint64_t owner, int64_t from)
{
	const lk_record *recent = table.recent;

	return recent && recent->holder->owner == owner && recent->start <= from && from <= recent->end;
}

/* In by_owner, before the owner's first that ends at from or later. */
owner_tree::gap gap_before(const lk_table &table, uint64_t owner, int64_t from)
{
	/* Ends ascend with the starts: one owner's records share no byte. */
	return owner_tree::gap_after(table.by_owner, [=](const lk_holder &h) {
		return h.owner != owner ? h.owner < owner : h.record->end < from;
	});
}

/* The last to start no later than the range ends is the owner's own, and does not touch it. */
bool alone_behind(const place &place, uint64_t owner, range where)
{
	const lk_record *before = place.by_range.before;

	return place.knows_range && before && before->owner_bits == bits_of(owner) &&
	       before->end < where.start && before->holder->owner == owner;
}

} // namespace

bool conflicts(const lk_record &record, const view &view)
{
	if (!(view.write || record.type == LK_WRITE) || !view.where.overlaps(range_of(record)))
		return false;
	if (is_reservation(record))
		return !view.past_reservations;
	if (is_pending(record) && view.past_pending)
		return false;
	return record.holder->owner != view.owner;
}

lk_record *next_conflict(const lk_table &table, const view &view, lk_record *after)
{
	in_range enter = { view.where, view.write };
	lk_record *at = after ? range_tree::next_within(after, enter)
			      : range_tree::first_within(table.by_range, enter);

	/* Nothing that starts behind the range matters, nor what follows it. */
	for (; at && at->start <= view.where.end; at = range_tree::next_within(at, enter))
		if (conflicts(*at, view))
			return at;
	return nullptr;
}

lk_record *find_conflict(const lk_table &table, const view &view, place &place)
{
	if (!table.reservations && !table.asking && clearly_free(table, view, place))
		return nullptr;
	place.knows_range = false;
	return next_conflict(table, view, nullptr);
}

lk_record *own_from(const lk_table &table, uint64_t owner, int64_t from)
{
	if (is_recent(table, owner, from))
		return table.recent;
	lk_holder *found = gap_before(table, owner, from).after;

	return found && found->owner == owner ? found->record : nullptr;
}

lk_record *own_after(lk_record &record)
{
	lk_holder *next = owner_tree::next(record.holder);

	return next && next->owner == record.holder->owner ? next->record : nullptr;
}

lk_record *own_in(const lk_table &table, uint64_t owner, range where)
{
	lk_record *found = own_from(table, owner, where.start);

	return found && found->start <= where.end ? found : nullptr;
}

void find_touched(const lk_table &table, const lk_request &request, place &place)
{
	range where = range_of(request);

	if (request.op != LK_UNLOCK)
		where = where.widened();
	if (is_recent(table, request.owner, where.start)) {
		place.by_owner.after = table.recent->holder;
		return;
	}
	lk_record *before = place.by_range.before;
	auto gap = alone_behind(place, request.owner, where)
			? owner_tree::gap { before->holder, owner_tree::next(before->holder) }
			: gap_before(table, request.owner, where.start);

	place.by_owner = { gap.before, gap.after };
}

void plan_records(const lk_table &table, const lk_request &request, plan_t &plan)
{
	range where = range_of(request);
	bool unlock = request.op == LK_UNLOCK;

	find_touched(table, request, plan.place);
	lk_record *at = own_at(plan.place, request.owner);

	plan.nodes = unlock ? 0 : 1;
	plan.changes = !unlock;
	for (; at && where.touches(range_of(*at)); at = own_after(*at)) {
		range held = range_of(*at);

		if (!unlock && at->type == request.op) {
			plan.changes = !held.contains(where);
			plan.nodes = 0;
			return;
		}
		if (!held.overlaps(where))
			continue;
		plan.changes = true;
		if (held.start < where.start && held.end > where.end)
			plan.nodes++;
		else if (!unlock && where.contains(held))
			plan.nodes = 0;
		if (unlock || !plan.nodes)
			return;
	}
}

lk_record *first_record(const lk_table &table) { return range_tree::first(table.by_range); }
lk_record *record_after(lk_record &record) { return range_tree::next(&record); }

lk_record *record_behind(const lk_table &table, int64_t start, uintptr_t address)
{
	return range_tree::first_not(table.by_range, [=](const lk_record &r) {
		return r.start != start ? r.start < start : address_of(r) <= address;
	});
}

lk_record *first_by_owner(const lk_table &table)
{
	return record_of(owner_tree::first(table.by_owner));
}

lk_record *next_by_owner(lk_record &record) { return record_of(owner_tree::next(record.holder)); }

const char *validate_trees(const lk_table &table)
{
	const char *wrong = range_tree::validate(table.by_range);

	return wrong ? wrong : owner_tree::validate(table.by_owner);
}

} // namespace lk
