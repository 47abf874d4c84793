// SPDX-License-Identifier: GPL-2.0-only
/* The invariants of table.hpp, checked. */
#include "table.hpp"

namespace {

/* What holds of one list of calls; counts them, and gives up if there are too many. */
template <typename Next>
const char *check_calls(const tc_table &table, const tc_queue &queue, Next next, uint32_t &count)
{
	const tc_call *last = nullptr;

	count = 0;
	for (const tc_call *call = queue.first; call; call = next(*call)) {
		if (++count > table.nr_calls)
			return "a list has more calls than there are";
		last = call;
	}
	return last == queue.last ? nullptr : "a list does not end with its last call";
}

const char *check_queues(const tc_table &table, uint32_t &queued)
{
	queued = 0;
	for (uint32_t group = 0; group < TC_CLASSES; group++) {
		const tc_queue &queue = table.queued[group];
		uint32_t count;

		if (const char *why = check_calls(table, queue,
				[](const tc_call &call) { return call.next; }, count))
			return why;
		for (const tc_call *call = queue.first; call; call = call->next)
			if (call->state != TC_QUEUED || call->group != group)
				return "a call waits in a queue that is not its own";
		queued += count;
	}
	return nullptr;
}

const char *check_timed(const tc_table &table, uint32_t expected)
{
	uint64_t due = 0;
	uint32_t count;

	if (const char *why = check_calls(table, table.timed,
			[](const tc_call &call) { return call.due_next; }, count))
		return why;
	for (const tc_call *call = table.timed.first; call; call = call->due_next) {
		if (!tc::is_timed(table, *call))
			return "a call is timed that is not to be";
		if (call->due < due)
			return "calls are not in the order of their deadlines";
		due = call->due;
	}
	return count == expected ? nullptr : "a call is not timed";
}

/* How many are in a list of slots, of which each has one of @open. */
const char *check_slots(const tc_table &table, const tc_slots &list, uint8_t open, uint32_t &count)
{
	const tc_slot *last = nullptr;

	count = 0;
	for (const tc_slot *slot = list.first; slot; slot = slot->next) {
		if (++count > table.nr_slots)
			return "a list has more slots than there are";
		if ((open && !(slot->open & open)) || (!open && (slot->open || slot->call)))
			return "a slot is in a list that is not its own";
		last = slot;
	}
	return last == list.last ? nullptr : "a list does not end with its last slot";
}

const char *check_call(const tc_slot &slot, const tc_call &call, uint32_t number)
{
	if (call.tag != number || call.type != slot.type)
		return "a call has another's slot";
	if (slot.open & TC_DISCARDING)
		return "a payload is taken back of a call that is there";
	switch (call.state) {
	case TC_SENT:
		if (!(slot.open & TC_ANSWER) || slot.open & TC_RFLUSH)
			return "a call is sent, but expects something else than a reply";
		return nullptr;
	case TC_FLUSHED:
		if (!(slot.open & TC_ANSWER) || !(slot.open & TC_RFLUSH))
			return "a call is flushed, but does not expect both replies";
		return nullptr;
	case TC_ANSWERED:
		if (slot.open & TC_ANSWER || !(slot.open & TC_UNSENT) || slot.type != NP_TWRITE)
			return "a call is answered and sent, but not over";
		if (!(slot.open & TC_HELD))
			return "a call is held for as long as it likes";
		return nullptr;
	default:
		return "a slot has a call that was not sent";
	}
}

/* What all slots say together. */
struct sums {
	uint32_t calls, timed, awaited, free;
};

const char *check_all_slots(const tc_table &table, sums &sum)
{
	for (uint32_t i = 0; i < table.nr_slots; i++) {
		const tc_slot &slot = table.slots[i];

		if (slot.call) {
			/* Between tc_die() and tc_reap() they are on their way out. */
			const char *why = table.dead ? nullptr : check_call(slot, *slot.call, i);

			if (why)
				return why;
			sum.calls++;
			sum.timed += tc::is_timed(table, *slot.call);
		}
		if (table.dead && slot.open & (TC_ANSWER | TC_RFLUSH))
			return "a reply is expected of a dead connection";
		if (slot.open & TC_HELD && (!slot.call || !(slot.open & TC_UNSENT)))
			return "nothing is held, but its end is awaited";
		sum.awaited += !!(slot.open & (TC_RFLUSH | TC_HELD));
		sum.free += !slot.call && !slot.open;
	}
	return nullptr;
}

const char *check_waiting(const tc_table &table)
{
	for (uint32_t group = 0; group < TC_CLASSES && !table.dead; group++)
		if (table.queued[group].first &&
		    table.nr_free > tc::left_by(table.nr_slots, group))
			return "a call waits, though there is a tag for it";
	return nullptr;
}

} // namespace

/* check_waiting() holds between a change and the tc_next() that are due after it only. */
const char *tc_validate(const struct tc_table *table)
{
	uint32_t queued, timed = 0, free, awaited;
	sums sum {};
	const char *why = check_queues(*table, queued) ?: check_all_slots(*table, sum) ?:
			  check_slots(*table, table->free, 0, free) ?:
			  check_slots(*table, table->awaited, TC_RFLUSH | TC_HELD, awaited) ?:
			  check_waiting(*table);

	if (why)
		return why;
	if (free != table->nr_free || free != sum.free)
		return "the free slots are not counted right";
	if (awaited != sum.awaited)
		return "a slot is awaited, but not listed";
	if (queued + sum.calls != table->nr_calls)
		return "the calls are not counted right";
	for (uint32_t group = 0; group < TC_WAITING; group++)
		for (const tc_call *call = table->queued[group].first; call; call = call->next)
			timed += tc::is_timed(*table, *call);
	return check_timed(*table, timed + sum.timed);
}
