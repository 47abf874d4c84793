/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree that a table's waiters are in, for queue.cc and waiters.cc.
 */
#ifndef HF_RANGE_WAITERS_HPP
#define HF_RANGE_WAITERS_HPP

#include "queue.hpp"

namespace lk {

/* When its client is given up, UINT64_MAX for one that has none. */
inline uint64_t lapse_of(const lk_waiter &w)
{
	if (w.request.kind != LK_NOTIFY || w.refreshed > UINT64_MAX - LK_POLL_LIMIT_MS)
		return UINT64_MAX;
	return w.refreshed + LK_POLL_LIMIT_MS;
}

inline uint64_t due_of(const lk_waiter &w)
{
	uint64_t lapse = lapse_of(w);

	return lapse < w.order_due ? lapse : w.order_due;
}

/*
 * By start, then arrival; each subtree knows its greatest end, its first and
 * last arrival, its last arrival of a writer, and its first deadline.
 */
struct waiter_by_start {
	using node = lk_node;
	using item = lk_waiter;

	static lk_waiter *to_item(lk_node *n) { return reinterpret_cast<lk_waiter *>(n); }
	static lk_node *to_node(lk_waiter &w) { return &w.by_range; }

	struct sums {
		int64_t max_end;
		uint64_t min_seq, max_seq, max_seq_write, min_due;

		bool operator==(const sums &) const = default;
	};

	static sums sums_of(const lk_waiter &w)
	{
		return { w.max_end, w.min_seq, w.max_seq, w.max_seq_write, w.min_due };
	}

	static bool before(const lk_waiter &a, const lk_waiter &b)
	{
		return a.request.start != b.request.start ? a.request.start < b.request.start
							  : a.seq < b.seq;
	}

	static void add(lk_waiter &to, const lk_waiter &from)
	{
		to.max_end = from.max_end > to.max_end ? from.max_end : to.max_end;
		to.min_seq = from.min_seq < to.min_seq ? from.min_seq : to.min_seq;
		to.max_seq = from.max_seq > to.max_seq ? from.max_seq : to.max_seq;
		if (from.max_seq_write > to.max_seq_write)
			to.max_seq_write = from.max_seq_write;
		if (from.min_due < to.min_due)
			to.min_due = from.min_due;
	}

	static bool refresh(lk_waiter &w)
	{
		sums before = sums_of(w);

		w.max_end = w.request.end;
		w.min_seq = w.seq;
		w.max_seq = w.seq;
		w.max_seq_write = w.request.op == LK_WRITE ? w.seq : 0;
		w.min_due = due_of(w);
		if (w.by_range.left)
			add(w, *to_item(w.by_range.left));
		if (w.by_range.right)
			add(w, *to_item(w.by_range.right));
		return sums_of(w) != before;
	}

	static bool absorb(lk_waiter &w, const lk_waiter &leaf)
	{
		sums before = sums_of(w);

		add(w, leaf);
		return sums_of(w) != before;
	}

	static void inherit(lk_waiter &to, const lk_waiter &from)
	{
		to.max_end = from.max_end;
		to.min_seq = from.min_seq;
		to.max_seq = from.max_seq;
		to.max_seq_write = from.max_seq_write;
		to.min_due = from.min_due;
	}
};

static_assert(offsetof(lk_waiter, by_range) == 0);

using queue_tree = hf::tree<waiter_by_start>;

} // namespace lk

#endif /* HF_RANGE_WAITERS_HPP */
