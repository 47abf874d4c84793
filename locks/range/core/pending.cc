// SPDX-License-Identifier: GPL-2.0-only
/* Pending records: into and out of the table.  O(log n) each. */
#include <holdfast/core/list.hpp>

#include "pending.hpp"

namespace lk {

namespace {

using asking_list = hf::list<&lk_waiter::sibling, &lk_waiter::sibling_at>;

} // namespace

void begin_asking(work &work, lk_waiter &waiter)
{
	const lk_request &request = waiter.request;
	lk_record *record = waiter.promise;

	record->start = request.start;
	record->end = request.end;
	record->type = request.op;
	record->flags = LK_PENDING;
	record->holder->owner = request.owner;
	record->owner_bits = bits_of(request.owner);
	enter_by_range(work.table, *record);
	asking_list::link(work.table.asking, waiter);
	waiter.state = LK_ASKING;
}

void leave_asking(work &work, lk_waiter &waiter)
{
	lk_record *record = waiter.promise;

	take_from_range(work.table, *record);
	record->flags = LK_PROMISE;
	asking_list::unlink(waiter);
}

void lapse_asking(work &work)
{
	while (lk_waiter *waiter = work.table.asking) {
		leave_asking(work, *waiter);
		lk_list_push(&waiter->nodes, waiter->promise);
		waiter->promise = nullptr;
		waiter->state = LK_LAPSED;
	}
}

const char *validate_pending(const lk_table &table)
{
	uint64_t asking = 0, pending = 0;

	for (const lk_waiter *at = table.asking; at; at = at->sibling, asking++) {
		const lk_record *record = at->promise;

		if (at->state != LK_ASKING || at->table != &table || !record)
			return "one that asks is not asking";
		if (record->flags != LK_PENDING || record->holder->promised != at ||
		    record->holder->owner != at->request.owner ||
		    range_of(*record) != range_of(at->request) || record->type != at->request.op)
			return "a pending record is another's";
	}
	for (lk_record *at = first_record(table); at; at = record_after(*at))
		pending += is_pending(*at);
	return asking == pending ? nullptr : "nobody asks for a pending record";
}

} // namespace lk
