// SPDX-License-Identifier: GPL-2.0-only
/*
 * The records of one table: set and unlock.
 *
 * A set or unlock touches the owner's records in and beside the range, k of
 * them, and nobody else's: O(log n + k log n).  Existing records are reused:
 * grown on a merge, cut in place, given the other type when the range swallows
 * them.  So a set needs one node when it has nothing to reuse, and one more
 * when it splits a record, which then is the only one in the range: two at
 * most.  An unlock needs one when it splits.
 */
#include <holdfast/core/tree.hpp>

#include "queue.hpp"
#include "records.hpp"
#include "tally.hpp"

namespace lk {

namespace {

struct by_owner : hf::plain_node<::lk_unlock, lk_node, offsetof(::lk_unlock, by_owner)> {
	static bool before(const ::lk_unlock &a, const ::lk_unlock &b) { return a.owner < b.owner; }
};

using unlock_tree = hf::tree<by_owner>;

/* It is in both trees: the observer hears of it. */
void entered(work &work, lk_record &record)
{
	lk_table &table = work.table;

	table.nr_records++;
	table.recent = &record;
	if (table.observer && table.observer->link)
		table.observer->link(table.context, &record);
}

void insert(work &work, lk_record &record)
{
	range_tree::insert(work.table.by_range, record);
	owner_tree::insert(work.table.by_owner, *record.holder);
	count_in(work.table, record, owner_tree::prev(record.holder),
		 owner_tree::next(record.holder));
	entered(work, record);
}

/* The same where nothing of its owner is touched. */
void insert_at(work &work, lk_record &record, const place &place)
{
	auto &owner = place.by_owner;
	auto &range = place.by_range;

	if (place.knows_range)
		range_tree::insert_between(work.table.by_range, { range.before, range.after }, record);
	else
		range_tree::insert(work.table.by_range, record);
	owner_tree::insert_between(work.table.by_owner, { owner.before, owner.after },
				   *record.holder);
	count_in(work.table, record, owner.before, owner.after);
	entered(work, record);
}

/* Return: whether it is in that list: else those who wait for it are still to be looked at. */
bool remove(work &work, lk_record &record, lk_list &to)
{
	lk_table &table = work.table;
	bool free = let_go(work, record);

	range_tree::erase(table.by_range, record);
	count_out(table, record);
	owner_tree::erase(table.by_owner, *record.holder);
	table.nr_records--;
	if (table.recent == &record)
		table.recent = nullptr;
	if (table.observer && table.observer->unlink)
		table.observer->unlink(table.context, &record);
	if (free)
		lk_list_push(&to, &record);
	return free;
}

/*
 * As fs/locks.c has it: what a request replaces with another type is its own from
 * then on; what it only extends, or takes a part of, stays whose it was.
 */
void renew(work &work, lk_record &record, const lk_request &by)
{
	const lk_observer *observer = work.table.observer;

	if (record.type != by.op && observer && observer->renew)
		observer->renew(work.table.context, &record, by.cookie);
}

/* Its place among its owner's records must stay the same. */
void change(work &work, lk_record &record, range where, uint8_t type)
{
	lk_table &table = work.table;
	bool less = type < record.type || !where.contains(range_of(record));

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
	table.recent = &record;
	if (table.observer && table.observer->change)
		table.observer->change(table.context, &record);
	if (less)
		loosen_if_free(work, record);
}

/* A node becomes a record with the identity of origin, or else of cookie. */
lk_record *make(work &work, lk_record *record, const lk_request &what, const lk_record *origin)
{
	const lk_observer *observer = work.table.observer;

	/* The nodes are the trees' to fill. */
	record->start = what.start;
	record->end = what.end;
	record->holder->owner = what.owner;
	record->owner_bits = bits_of(what.owner);
	record->type = what.op;
	record->flags = what.flags & LK_DETECT ? LK_PROCESS : 0;
	record->turns = 0;
	if (observer && observer->adopt)
		observer->adopt(work.table.context, record, origin, origin ? nullptr : what.cookie);
	return record;
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
		insert(work, *rest);
}

/*
 * Keeps what a record held of the range.  A lock that the grant weakened (a
 * downgrade) was given up, and others may share it by now: it is not kept.
 */
void save(work &work, lk_record &record, const lk_request &grant, lk_list &nodes, saving &saved)
{
	range where = range_of(grant);

	if (where.contains(range_of(record))) {
		if (remove(work, record, saved.records))
			saved.records.first->type &= grant.op;
		else
			saved.lost = true;
		return;
	}
	lk_record *piece = make_piece(work, nodes, record, range_of(record).common(where));

	piece->type &= grant.op;
	lk_list_push(&saved.records, piece);
}

} // namespace

lk_record *make_piece(work &work, lk_list &nodes, const lk_record &of, range where)
{
	lk_request what = {};

	what.owner = of.holder->owner;
	what.start = where.start;
	what.end = where.end;
	what.op = of.type;
	what.flags = of.flags & LK_PROCESS ? LK_DETECT : 0;
	return make(work, lk_list_pop(&nodes), what, &of);
}

static_assert(LK_READ == 0 && LK_WRITE == 1, "types are combined with &");

lk_record *hold(work &work, const lk_request &request, const place &place, lk_list &nodes,
		lk_record *promise, saving *saved)
{
	range where = range_of(request);
	range grown = where;
	lk_record *mine = nullptr, *at = own_at(place, request.owner), *next;
	bool alone = !at || !where.touches(range_of(*at));

	for (; at && where.touches(range_of(*at)); at = next) {
		range held = range_of(*at);
		bool inside = where.contains(held);

		work.steps++;
		next = own_after(*at);
		if (saved && held.overlaps(where))
			save(work, *at, request, nodes, *saved);
		if (saved && inside)
			continue;
		if (at->type == request.op || inside) {
			grown = grown.hull(held);
			if (mine)
				(void)remove(work, *at, work.batch.freed);
			else
				mine = at;
		} else if (held.overlaps(where)) {
			cut(work, *at, where, nodes);
		}
	}
	if (mine) {
		renew(work, *mine, request);
		change(work, *mine, grown, request.op);
		return mine;
	}
	mine = make(work, promise ? promise : lk_list_pop(&nodes), request, nullptr);
	if (alone)
		insert_at(work, *mine, place);
	else
		insert(work, *mine);
	if (promise)
		take_over(work, *mine);
	return mine;
}

void release(work &work, range where, lk_record *at, lk_list &nodes)
{
	(void)release_portion(work, where, at, nodes, numeric_limits<unsigned int>::max());
}

int64_t release_portion(work &work, range where, lk_record *at, lk_list &nodes,
			unsigned int portion)
{
	lk_record *next;

	for (; at && at->start <= where.end; at = next) {
		if (!portion--)
			return at->start > where.start ? at->start : where.start;
		work.steps++;
		/* The most frequent unlock is of one record, and ends here. */
		next = at->end < where.end ? own_after(*at) : nullptr;
		if (where.contains(range_of(*at)))
			(void)remove(work, *at, work.batch.freed);
		else
			cut(work, *at, where, nodes);
	}
	return -1;
}

void enter_unlock(lk_table &table, struct lk_unlock &rest)
{
	rest.going = true;
	unlock_tree::insert(table.unlocks, rest);
}

struct lk_unlock *unlock_of(const lk_table &table, uint64_t owner)
{
	if (!table.unlocks)
		return nullptr;
	struct lk_unlock *found = unlock_tree::first_not(table.unlocks, [=](const ::lk_unlock &u) {
		return u.owner < owner;
	});

	return found && found->owner == owner ? found : nullptr;
}

bool unlock_more(work &work, struct lk_unlock &rest, unsigned int portion)
{
	range where = { rest.start, rest.end };
	lk_list none = {};
	int64_t left = release_portion(work, where, own_in(work.table, rest.owner, where), none,
				       portion);

	if (left >= 0) {
		rest.start = left;
		return false;
	}
	rest.going = false;
	unlock_tree::erase(work.table.unlocks, rest);
	return true;
}

bool is_going(const lk_table &table, const lk_record &record, range where)
{
	const struct lk_unlock *at = unlock_of(table, record.holder->owner);

	return at && range { at->start, at->end }.contains(range_of(record).common(where));
}

void finish_unlocks(work &work, uint64_t owner)
{
	if (struct lk_unlock *rest = unlock_of(work.table, owner))
		(void)unlock_more(work, *rest, numeric_limits<unsigned int>::max());
}

void end_unlocks(work &work)
{
	while (struct lk_unlock *rest = unlock_tree::first(work.table.unlocks))
		(void)unlock_more(work, *rest, numeric_limits<unsigned int>::max());
}

void restore(work &work, lk_record &record)
{
	range where = range_of(record);
	lk_record *mine = nullptr, *next;
	lk_record *at = own_from(work.table, record.holder->owner, where.widened().start);

	for (; at && where.touches(range_of(*at)); at = next) {
		next = own_after(*at);
		if (at->type != record.type)
			continue;
		where = where.hull(range_of(*at));
		if (mine)
			(void)remove(work, *at, work.batch.freed);
		else
			mine = at;
	}
	if (mine) {
		change(work, *mine, where, mine->type);
		lk_list_push(&work.batch.freed, &record);
	} else {
		insert(work, record);
	}
}

void enter_by_range(lk_table &table, lk_record &record)
{
	range_tree::insert(table.by_range, record);
}

void take_from_range(lk_table &table, lk_record &record)
{
	range_tree::erase(table.by_range, record);
}

void leave_by_range(work &work, lk_record &record)
{
	bool free = let_go(work, record);

	range_tree::erase(work.table.by_range, record);
	if (free)
		lk_list_push(&work.batch.freed, &record);
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
	table.recent = nullptr;
	table.nr_records = 0;
	return held;
}

} // namespace lk
