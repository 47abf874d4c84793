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

/* Whom it conflicts with, or comes after; filled in the plan. */
[[nodiscard]] lk_outcome judge(const lk_table &table, const lk_request &request, plan_t &plan);

} // namespace lk

#endif /* HF_RANGE_JUDGE_HPP */
