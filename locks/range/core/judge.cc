// SPDX-License-Identifier: GPL-2.0-only
/* A request before it is queued: who stands in its way. */
#include "judge.hpp"
#include "queue.hpp"
#include "reserve.hpp"

namespace lk {

namespace {

/* Whether another of its process's open files holds something in the range. */
bool process_holds(const lk_table &table, const lk_request &request)
{
	unsigned int looks = LK_LOOKS;
	view all(request);

	if (!table.observer || !table.observer->same_process || request.kind != LK_LOCAL)
		return false;
	all.owner = UINT64_MAX;	/* nobody's: owners are addresses */
	all.write = true;
	all.past_reservations = true;
	all.past_pending = true;
	for (lk_record *at = next_conflict(table, all, nullptr); at && looks--;
	     at = next_conflict(table, all, at))
		if (table.observer->same_process(table.context, at, request.cookie))
			return true;
	return false;
}

/* Whom a newcomer that no record keeps out must not pass. */
const lk_waiter *fair_behind(const lk_table &table, const lk_request &request)
{
	if (!table.waiters || request.fairness == LK_FAIR_NONE || !(request.flags & LK_WAIT))
		return nullptr;
	unsigned int looks = 4 * LK_LOOKS;
	const lk_waiter *oldest = oldest_conflict(table, request, looks);

	if (!oldest || may_pass(table, request))
		return nullptr;
	/* A clock may be read before the lock: the waiter's can be the later. */
	if (request.fairness == LK_FAIR_BOUNDED &&
	    (request.now < oldest->request.now ||
	     request.now - oldest->request.now < LK_PATIENCE_MS))
		return nullptr;
	return oldest;
}

} // namespace

view view_of(const lk_table &table, const lk_request &request)
{
	view seen(request);

	if (table.reservations && find_turn(table, request))
		seen.past_reservations = true;
	return seen;
}

bool may_pass(const lk_table &table, const lk_request &request)
{
	return (request.flags & (LK_RECLAIM | LK_CONFIRMED)) ||
	       own_in(table, request.owner, range_of(request)) ||
	       (request.fairness != LK_FAIR_FIFO && process_holds(table, request));
}

lk_outcome judge_contended(const lk_table &table, const lk_request &request, plan_t &plan)
{
	view seen(request);

	if (table.reservations) {
		plan.reservation = find_turn(table, request);
		seen.past_reservations |= !!plan.reservation;
	}
	plan.blocker = find_conflict(table, seen, plan.place);
	if (plan.blocker)
		return request.flags & LK_WAIT ? LK_MUST_WAIT : LK_CONFLICT;
	if (!plan.reservation)
		plan.behind = fair_behind(table, request);
	return plan.behind ? LK_MUST_WAIT : LK_GRANTED;
}

} // namespace lk
