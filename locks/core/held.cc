// SPDX-License-Identifier: GPL-2.0-only
/*
 * The records of one table: search, set, unlock.
 *
 * A set or unlock touches the owner's records in and beside the range, k of
 * them, and nobody else's: O(log n + k log n).  Existing records are reused:
 * grown on a merge, cut in place, given the other type when the range swallows
 * them.  So a set needs one node when it has nothing to reuse, and one more
 * when it splits a record, which then is the only one in the range: two at
 * most.  An unlock needs one when it splits.
 */
#include "held.hpp"
#include "queue.hpp"

namespace lk {

namespace {

struct by_range {
	using node = lk_node;
	using item = lk_record;

	static lk_record *to_item(lk_node *n) { return reinterpret_cast<lk_record *>(n); }
	static lk_node *to_node(lk_record &r) { return &r.by_range; }

	static bool before(const lk_record &a, const lk_record &b) { return a.start < b.start; }

	static void add(int64_t &end, uint8_t &writes, const lk_node *child)
	{
		const lk_record &below = *reinterpret_cast<const lk_record *>(child);

		end = below.max_end > end ? below.max_end : end;
		writes |= below.subtree_writes;
	}

	static bool refresh(lk_record &r)
	{
		int64_t end = r.end;
		uint8_t writes = r.type == LK_WRITE;

		if (const lk_node *left = r.by_range.left)
			add(end, writes, left);
		if (const lk_node *right = r.by_range.right)
			add(end, writes, right);
		if (r.max_end == end && r.subtree_writes == writes)
			return false;
		r.max_end = end;
		r.subtree_writes = writes;
		return true;
	}

	static void inherit(lk_record &to, const lk_record &from)
	{
		to.max_end = from.max_end;
		to.subtree_writes = from.subtree_writes;
	}
};

static_assert(offsetof(lk_record, by_range) == 0);

struct by_owner {
	using node = lk_node;
	using item = lk_record;

	static lk_record *to_item(lk_node *n)
	{
		return reinterpret_cast<lk_record *>(reinterpret_cast<uintptr_t>(n) -
						     offsetof(lk_record, by_owner));
	}

	static lk_node *to_node(lk_record &r) { return &r.by_owner; }

	static bool before(const lk_record &a, const lk_record &b)
	{
		return a.owner != b.owner ? a.owner < b.owner : a.start < b.start;
	}

	static bool refresh(lk_record &) { return false; }
	static void inherit(lk_record &, const lk_record &) {}
};

using range_tree = hf::tree<by_range>;
using owner_tree = hf::tree<by_owner>;

/* Which subtrees may have something in the range that a request minds. */
struct in_range {
	range where;
	bool write;

	bool operator()(const lk_record *up, const lk_record *down) const
	{
		if (down->max_end < where.start || !(write || down->subtree_writes))
			return false;
		return !up || &down->by_range != up->by_range.right || up->start <= where.end;
	}
};

/* Into both trees, next is its owner's next if known; the observer hears of it. */
void insert(work &work, lk_record &record, lk_record *next)
{
	lk_table &table = work.table;

	range_tree::insert(table.by_range, record);
	if (next)
		owner_tree::insert_before(table.by_owner, *next, record);
	else
		owner_tree::insert(table.by_owner, record);
	table.nr_records++;
	if (table.observer && table.observer->link)
		table.observer->link(table.context, &record);
}

void remove(work &work, lk_record &record, lk_list &to)
{
	lk_table &table = work.table;

	loosen(work, record);
	range_tree::erase(table.by_range, record);
	owner_tree::erase(table.by_owner, record);
	table.nr_records--;
	if (table.observer && table.observer->unlink)
		table.observer->unlink(table.context, &record);
	lk_list_push(&to, &record);
}

/* Its place among its owner's records must stay the same. */
void change(work &work, lk_record &record, range where, uint8_t type)
{
	lk_table &table = work.table;

	if (range_of(record) == where && record.type == type)
		return;
	if (record.start != where.start) {
		range_tree::erase(table.by_range, record);
		record.start = where.start;
		record.end = where.end;
		record.type = type;
		range_tree::insert(table.by_range, record);
	} else {
		record.end = where.end;
		record.type = type;
		range_tree::updated(record);
	}
	if (table.observer && table.observer->change)
		table.observer->change(table.context, &record);
	loosen_if_free(work, record);
}

/* A node becomes a record with the identity of origin, or else of cookie. */
lk_record *make(work &work, lk_list &nodes, const lk_request &what, const lk_record *origin)
{
	lk_record *record = lk_list_pop(&nodes);
	const lk_observer *observer = work.table.observer;

	*record = lk_record{};
	record->start = what.start;
	record->end = what.end;
	record->owner = what.owner;
	record->type = what.op;
	if (observer && observer->adopt)
		observer->adopt(work.table.context, record, origin, origin ? nullptr : what.cookie);
	return record;
}

/* A node becomes a piece of a record. */
lk_record *make_piece(work &work, lk_list &nodes, const lk_record &of, range where)
{
	lk_request what = {};

	what.owner = of.owner;
	what.start = where.start;
	what.end = where.end;
	what.op = of.type;
	return make(work, nodes, what, &of);
}

/* Takes where from a record that overlaps it and is not inside it. */
void cut(work &work, lk_record &record, range where, lk_list &nodes)
{
	range old = range_of(record);

	if (old.start >= where.start) {
		change(work, record, { where.end + 1, old.end }, record.type);
		return;
	}
	lk_record *rest = old.end > where.end
		? make_piece(work, nodes, record, { where.end + 1, old.end }) : nullptr;

	change(work, record, { old.start, where.start - 1 }, record.type);
	if (rest)
		insert(work, *rest, nullptr);
}

/*
 * Keeps what a record held of the range.  A lock that the grant weakened (a
 * downgrade) was given up, and others may share it by now: it is not kept.
 */
void save(work &work, lk_record &record, const lk_request &grant, lk_list &nodes, lk_list &saved)
{
	range where = range_of(grant);

	if (where.contains(range_of(record))) {
		remove(work, record, saved);
		saved.first->type &= grant.op;
		return;
	}
	lk_record *piece = make_piece(work, nodes, record, range_of(record).common(where));

	piece->type &= grant.op;
	lk_list_push(&saved, piece);
}

} // namespace

static_assert(LK_READ == 0 && LK_WRITE == 1, "types are combined with &");

bool conflicts(const lk_record &record, const view &view)
{
	if (!(view.write || record.type == LK_WRITE) || !view.where.overlaps(range_of(record)))
		return false;
	if (!is_reservation(record))
		return record.owner != view.owner;
	return !view.past_reservations && !(view.past_overdue && (record.flags & LK_OVERDUE));
}

lk_record *next_conflict(const lk_table &table, const view &view, lk_record *after)
{
	in_range enter = { view.where, view.write };
	lk_record *at = after ? range_tree::next_within(after, enter)
			      : range_tree::first_within(table.by_range, enter);

	/* Nothing that starts behind the range matters, nor what follows it. */
	while (at && at->start <= view.where.end) {
		if (conflicts(*at, view))
			return at;
		at = range_tree::next_within(at, enter);
	}
	return nullptr;
}

lk_record *own_from(const lk_table &table, uint64_t owner, int64_t from)
{
	/* Ends ascend with the starts: one owner's records share no byte. */
	lk_record *found = owner_tree::first_not(table.by_owner, [=](const lk_record &r) {
		return r.owner != owner ? r.owner < owner : r.end < from;
	});

	return found && found->owner == owner ? found : nullptr;
}

lk_record *own_after(lk_record &record)
{
	lk_record *next = owner_tree::next(&record);

	return next && next->owner == record.owner ? next : nullptr;
}

lk_record *own_in(const lk_table &table, uint64_t owner, range where)
{
	lk_record *found = own_from(table, owner, where.start);

	return found && found->start <= where.end ? found : nullptr;
}

lk_record *first_touched(const lk_table &table, const lk_request &request)
{
	range where = range_of(request);

	if (request.op != LK_UNLOCK)
		where = where.widened();
	return own_from(table, request.owner, where.start);
}

void plan_records(const lk_table &table, const lk_request &request, plan_t &plan)
{
	range where = range_of(request);
	lk_record *at = first_touched(table, request);
	bool unlock = request.op == LK_UNLOCK;

	plan.own = at;
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

lk_record *hold(work &work, const lk_request &request, lk_record *first, lk_list &nodes,
		lk_list *saved)
{
	range where = range_of(request);
	range grown = where;
	lk_record *mine = nullptr, *at = first, *next;

	for (; at && where.touches(range_of(*at)); at = next) {
		range held = range_of(*at);
		bool inside = where.contains(held);

		next = own_after(*at);
		if (saved && held.overlaps(where))
			save(work, *at, request, nodes, *saved);
		if (saved && inside)
			continue;
		if (at->type == request.op || inside) {
			grown = grown.hull(held);
			if (mine)
				remove(work, *at, work.batch.freed);
			else
				mine = at;
		} else if (held.overlaps(where)) {
			cut(work, *at, where, nodes);
		}
	}
	if (mine) {
		change(work, *mine, grown, request.op);
		return mine;
	}
	mine = make(work, nodes, request, nullptr);
	/* If nothing was in reach, the one out of reach is the next. */
	insert(work, *mine, at == first ? at : nullptr);
	return mine;
}

void release(work &work, range where, lk_record *at, lk_list &nodes)
{
	lk_record *next;

	for (; at && at->start <= where.end; at = next) {
		/* The most frequent unlock is of one record, and ends here. */
		next = at->end < where.end ? own_after(*at) : nullptr;
		if (where.contains(range_of(*at)))
			remove(work, *at, work.batch.freed);
		else
			cut(work, *at, where, nodes);
	}
}

void restore(work &work, lk_record &record)
{
	range where = range_of(record);
	lk_record *mine = nullptr, *next;
	lk_record *at = own_from(work.table, record.owner, where.widened().start);

	for (; at && where.touches(range_of(*at)); at = next) {
		next = own_after(*at);
		if (at->type != record.type)
			continue;
		where = where.hull(range_of(*at));
		if (mine)
			remove(work, *at, work.batch.freed);
		else
			mine = at;
	}
	if (mine) {
		change(work, *mine, where, mine->type);
		lk_list_push(&work.batch.freed, &record);
	} else {
		record.waiters = nullptr;
		insert(work, record, nullptr);
	}
}

void enter_by_range(lk_table &table, lk_record &record)
{
	range_tree::insert(table.by_range, record);
}

void leave_by_range(work &work, lk_record &record)
{
	loosen(work, record);
	range_tree::erase(work.table.by_range, record);
}

uint64_t drop_all(work &work)
{
	lk_table &table = work.table;
	uint64_t held = table.nr_records;
	lk_record *next;

	/* by_owner stays whole while the list runs through by_range's node. */
	for (lk_record *at = first_by_owner(table); at; at = next) {
		next = next_by_owner(*at);
		if (table.observer && table.observer->unlink)
			table.observer->unlink(table.context, at);
		lk_list_push(&work.batch.freed, at);
	}
	table.by_range = nullptr;
	table.by_owner = nullptr;
	table.nr_records = 0;
	return held;
}

lk_record *first_record(const lk_table &table) { return range_tree::first(table.by_range); }
lk_record *record_after(lk_record &record) { return range_tree::next(&record); }
lk_record *first_by_owner(const lk_table &table) { return owner_tree::first(table.by_owner); }
lk_record *next_by_owner(lk_record &record) { return owner_tree::next(&record); }

const char *validate_trees(const lk_table &table)
{
	const char *wrong = range_tree::validate(table.by_range);

	return wrong ? wrong : owner_tree::validate(table.by_owner);
}

} // namespace lk
