/* SPDX-License-Identifier: GPL-2.0-only */
/* The search for a cycle through one waiter.  Its steps are graph.steps_left. */
#ifndef HF_RANGE_CYCLE_HPP
#define HF_RANGE_CYCLE_HPP

#include "held.hpp"

namespace lk {

/* It is in a queue, and not about to be failed. */
[[nodiscard]] inline bool waits(const lk_waiter &waiter)
{
	return waiter.state == LK_WAITING && !waiter.doomed;
}

/*
 * A cycle of held locks through the waiter.  asks: it is the one who is asking
 * now, and its own blocker may be anybody.
 * Return: its last waiter, from which visit_from leads back, or NULL.
 */
[[nodiscard]] lk_waiter *hard_cycle(lk_graph &graph, lk_waiter &start, bool asks);

/*
 * A cycle through the waiter with an order edge in it.
 * Return: the waiter whose edge that is, or NULL; the waiter itself when the
 * search was cut short, if it has an order edge to give up.
 */
[[nodiscard]] lk_waiter *order_cycle(lk_graph &graph, lk_waiter &start);

} // namespace lk

#endif /* HF_RANGE_CYCLE_HPP */
