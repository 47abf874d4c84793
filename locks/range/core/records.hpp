/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two trees that a table's records are in, for held.cc and records.cc.
 */
#ifndef HF_RANGE_RECORDS_HPP
#define HF_RANGE_RECORDS_HPP

#include "held.hpp"

namespace lk {

inline uintptr_t address_of(const lk_record &record)
{
	return reinterpret_cast<uintptr_t>(&record);
}

/* By start, then address; each subtree knows its greatest end and whether it has a writer. */
struct record_by_start {
	using node = lk_node;
	using item = lk_record;

	static lk_record *to_item(lk_node *n)
	{
		return reinterpret_cast<lk_record *>(reinterpret_cast<uintptr_t>(n) -
						     offsetof(lk_record, by_range));
	}

	static lk_node *to_node(lk_record &r) { return &r.by_range; }

	static bool before(const lk_record &a, const lk_record &b)
	{
		return a.start != b.start ? a.start < b.start : address_of(a) < address_of(b);
	}

	/* What r says of its subtree; whether it said otherwise. */
	static bool become(lk_record &r, int64_t end, uint8_t writes)
	{
		if (r.max_end == end && r.subtree_writes == writes)
			return false;
		r.max_end = end;
		r.subtree_writes = writes;
		return true;
	}

	static void add(int64_t &end, uint8_t &writes, const lk_record &below)
	{
		end = below.max_end > end ? below.max_end : end;
		writes |= below.subtree_writes;
	}

	static bool refresh(lk_record &r)
	{
		int64_t end = r.end;
		uint8_t writes = r.type == LK_WRITE;

		if (r.by_range.left)
			add(end, writes, *to_item(r.by_range.left));
		if (r.by_range.right)
			add(end, writes, *to_item(r.by_range.right));
		return become(r, end, writes);
	}

	static bool absorb(lk_record &r, const lk_record &leaf)
	{
		int64_t end = r.max_end;
		uint8_t writes = r.subtree_writes;

		add(end, writes, leaf);
		return become(r, end, writes);
	}

	static void inherit(lk_record &to, const lk_record &from)
	{
		to.max_end = from.max_end;
		to.subtree_writes = from.subtree_writes;
	}
};

/* By owner, then start. */
struct record_by_owner : hf::plain_node<lk_holder, lk_node, offsetof(lk_holder, by_owner)> {
	static bool before(const lk_holder &a, const lk_holder &b)
	{
		return a.owner != b.owner ? a.owner < b.owner : a.record->start < b.record->start;
	}
};

using range_tree = hf::tree<record_by_start>;
using owner_tree = hf::tree<record_by_owner>;

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

} // namespace lk

#endif /* HF_RANGE_RECORDS_HPP */
