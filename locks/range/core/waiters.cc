// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who comes before whom: the questions to a table's waiters, which change
 * nothing.  In a pile on one range each costs O(log n); where ranges differ, it
 * is branch and bound over what each subtree knows, and that can be made to look
 * at all of them: so each question says at how many it may.
 */
#include "waiters.hpp"

namespace lk {

namespace {

/* The root's parent, and a right child beyond where nothing can start. */
bool beyond(const lk_waiter *up, const lk_waiter *down, range where)
{
	return up && &down->by_range == up->by_range.right && up->request.start > where.end;
}

/* One more waiter is looked at, if that is still allowed. */
bool look(unsigned int &looks)
{
	if (!looks)
		return false;
	looks--;
	return true;
}

/* The newest that a request of this type minds. */
uint64_t newest(const lk_waiter &subtree, bool write)
{
	return write ? subtree.max_seq : subtree.max_seq_write;
}

bool minds(const lk_request &one, const lk_request &other)
{
	return one.owner != other.owner && (one.op == LK_WRITE || other.op == LK_WRITE) &&
	       range_of(one).overlaps(range_of(other));
}

} // namespace

bool in_order(const lk_waiter &later, const lk_waiter &earlier)
{
	return !later.may_pass && earlier.seq < later.seq && minds(later.request, earlier.request);
}

lk_waiter *latest_before(const lk_waiter &waiter, unsigned int &looks)
{
	range where = range_of(waiter.request);
	bool write = waiter.request.op == LK_WRITE;
	lk_waiter *best = nullptr;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       down->min_seq < waiter.seq &&
		       newest(*down, write) > (best ? best->seq : 0) && look(looks);
	};

	if (waiter.may_pass)
		return nullptr;
	for (lk_waiter *at = queue_tree::last_within(waiter.table->waiters, enter); at;
	     at = queue_tree::prev_within(at, enter))
		if ((!best || at->seq > best->seq) && in_order(waiter, *at))
			best = at;
	return best;
}

lk_waiter *next_before(const lk_waiter &waiter, lk_waiter *after, unsigned int &looks)
{
	range where = range_of(waiter.request);
	bool write = waiter.request.op == LK_WRITE;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       down->min_seq < waiter.seq && newest(*down, write) && look(looks);
	};
	lk_waiter *at = after ? queue_tree::next_within(after, enter)
			      : queue_tree::first_within(waiter.table->waiters, enter);

	while (at && !in_order(waiter, *at))
		at = queue_tree::next_within(at, enter);
	return at;
}

lk_waiter *oldest_conflict(const lk_table &table, const lk_request &request, unsigned int &looks)
{
	range where = range_of(request);
	bool write = request.op == LK_WRITE;
	lk_waiter *best = nullptr;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       newest(*down, write) && (!best || down->min_seq < best->seq) && look(looks);
	};

	for (lk_waiter *at = queue_tree::first_within(table.waiters, enter); at;
	     at = queue_tree::next_within(at, enter))
		if ((!best || at->seq < best->seq) && minds(request, at->request))
			best = at;
	return best;
}

bool is_waited_for(const lk_table &table, const lk_record &record, unsigned int &looks)
{
	lk_request held = {};

	held.owner = record.holder->owner;
	held.start = record.start;
	held.end = record.end;
	held.op = record.type;
	return oldest_conflict(table, held, looks) || !looks;
}

uint64_t next_look(const lk_table &table)
{
	return table.waiters ? waiter_by_start::to_item(table.waiters)->min_due : UINT64_MAX;
}

lk_waiter *first_waiter(const lk_table &table) { return queue_tree::first(table.waiters); }
lk_waiter *waiter_after(lk_waiter &waiter) { return queue_tree::next(&waiter); }

lk_waiter *waiter_behind(const lk_table &table, int64_t start, uint64_t seq)
{
	return queue_tree::first_not(table.waiters, [=](const lk_waiter &w) {
		return w.request.start != start ? w.request.start < start : w.seq <= seq;
	});
}

const char *validate_queue_tree(const lk_table &table)
{
	return queue_tree::validate(table.waiters);
}

} // namespace lk
