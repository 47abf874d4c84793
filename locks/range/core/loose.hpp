/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Those that are loose: a pairing heap by arrival, in a call's struct work.  It uses
 * two fields that mean something else at other times: in the heap next_winner is
 * the first child, and sibling the next child of the same parent.
 */
#ifndef HF_RANGE_LOOSE_HPP
#define HF_RANGE_LOOSE_HPP

#include "lock_core.h"

namespace lk {

/* One heap of two; either may be NULL. */
inline lk_waiter *meld(lk_waiter *a, lk_waiter *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->seq < a->seq) {
		lk_waiter *swap = a;

		a = b;
		b = swap;
	}
	b->sibling = a->next_winner;
	a->next_winner = b;
	return a;
}

/* Takes the oldest off; there is one. */
inline lk_waiter *pop_oldest(lk_waiter *&heap)
{
	lk_waiter *oldest = heap;
	lk_waiter *rest = oldest->next_winner;
	lk_waiter *pairs = nullptr;

	while (rest) {
		lk_waiter *a = rest;
		lk_waiter *b = a->sibling;

		rest = b ? b->sibling : nullptr;
		a->sibling = nullptr;
		if (b)
			b->sibling = nullptr;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	heap = nullptr;
	while (pairs) {
		lk_waiter *next = pairs->sibling;

		pairs->sibling = nullptr;
		heap = meld(heap, pairs);
		pairs = next;
	}
	oldest->next_winner = nullptr;
	oldest->sibling = nullptr;
	return oldest;
}

} // namespace lk

#endif /* HF_RANGE_LOOSE_HPP */
