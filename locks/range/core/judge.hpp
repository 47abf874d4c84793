/* SPDX-License-Identifier: GPL-2.0-only */
/* A request before it is queued: who stands in its way. */
#ifndef HF_RANGE_JUDGE_HPP
#define HF_RANGE_JUDGE_HPP

#include "held.hpp"

namespace lk {

/* How the request sees the records: with its turn, past everyone's. */
[[nodiscard]] view view_of(const lk_table &table, const lk_request &request);

/*
 * Whether it keeps no order.  One that holds something in the range, by this open
 * file or another of its process, is wanted by those who wait there: were it to
 * queue behind them, nobody could go on.
 */
[[nodiscard]] bool may_pass(const lk_table &table, const lk_request &request);

/* One by one: an instruction for each, where gcc makes a loop of plan_t {}. */
inline void clear(plan_t &plan)
{
	plan.nodes = 0;
	plan.changes = false;
	plan.blocker = nullptr;
	plan.behind = nullptr;
	plan.reservation = nullptr;
	plan.place.by_owner.before = nullptr;
	plan.place.by_owner.after = nullptr;
	plan.place.by_range.before = nullptr;
	plan.place.by_range.after = nullptr;
	plan.place.knows_range = false;
}

/* The same where there are turns or waiters. */
[[nodiscard]] lk_outcome judge_contended(const lk_table &table, const lk_request &request,
					 plan_t &plan);

/* Whom it conflicts with, or comes after; filled in the plan. */
[[nodiscard]] inline lk_outcome judge(const lk_table &table, const lk_request &request,
				      plan_t &plan)
{
	if (table.reservations || table.waiters)
		return judge_contended(table, request, plan);
	plan.blocker = find_conflict(table, view(request), plan.place);
	if (plan.blocker)
		return request.flags & LK_WAIT ? LK_MUST_WAIT : LK_CONFLICT;
	return LK_GRANTED;
}

} // namespace lk

#endif /* HF_RANGE_JUDGE_HPP */
