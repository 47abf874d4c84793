// SPDX-License-Identifier: GPL-2.0-only
/* Which request has which tag, and how it begins; see table.hpp. */
#include "table.hpp"

namespace {

bool may_take(const tc_table &table, uint8_t group)
{
	return table.nr_free > tc::left_by(table.nr_slots, group);
}

void take(tc_table &table, tc_call &call)
{
	tc_slot &slot = *table.free.first;

	tc::slots::remove(table.free, slot);
	table.nr_free--;
	slot.call = &call;
	slot.type = call.type;
	slot.open = TC_ANSWER | TC_UNSENT;
	call.tag = tc::number_of(table, slot);
	call.state = TC_SENT;
}

/* Counted from here on, whether it is sent at once or not. */
void enter(tc_table &table, tc_call &call, uint8_t type, uint8_t group, uint64_t now)
{
	call = tc_call {};
	call.type = type;
	call.group = group;
	call.state = TC_QUEUED;
	table.nr_calls++;
	if (!tc::is_timed(table, call))
		return;
	call.due = now + table.times.answer;
	tc::timed::append(table.timed, call);
}

} // namespace

void tc::untime(tc_table &table, tc_call &call)
{
	if (is_timed(table, call))
		timed::remove(table.timed, call);
}

void tc::end(tc_table &table, tc_call &call, int32_t error)
{
	untime(table, call);
	if (call.state == TC_QUEUED)
		queued::remove(table.queued[call.group], call);
	else
		table.slots[call.tag].call = nullptr;
	table.nr_calls--;
	call.state = TC_IDLE;
	call.error = error;
}

void tc::settle(tc_table &table, tc_slot &slot)
{
	if (slot.call || slot.open)
		return;
	slots::append(table.free, slot);
	table.nr_free++;
}

void tc::flush(tc_table &table, tc_slot &slot, uint64_t now)
{
	slot.open |= TC_FLUSH_UNSENT;
	await(table, slot, TC_RFLUSH, now);
}

void tc::await(tc_table &table, tc_slot &slot, uint8_t what, uint64_t now)
{
	bool awaited = slot.open & (TC_RFLUSH | TC_HELD);

	slot.open |= what;
	if (awaited)
		return;
	slot.due = now + table.times.flush;
	slots::append(table.awaited, slot);
}

void tc::await_no_more(tc_table &table, tc_slot &slot, uint8_t what)
{
	bool awaited = slot.open & (TC_RFLUSH | TC_HELD);

	slot.open &= ~what;
	if (awaited && !(slot.open & (TC_RFLUSH | TC_HELD)))
		slots::remove(table.awaited, slot);
}

bool tc_init(struct tc_table *table, struct tc_slot *slots, uint32_t nr_slots,
	     const struct tc_times *times)
{
	if (nr_slots < TC_SLOTS_LEAST || nr_slots > TC_SLOTS_MOST)
		return false;
	*table = tc_table {};
	table->slots = slots;
	table->nr_slots = nr_slots;
	table->times = *times;
	for (uint32_t i = 0; i < nr_slots; i++) {
		slots[i] = tc_slot {};
		tc::settle(*table, slots[i]);
	}
	return true;
}

uint32_t tc_most(uint32_t nr_slots, enum tc_class group)
{
	return nr_slots - tc::left_by(nr_slots, group);
}

enum tc_begun tc_begin(struct tc_table *table, struct tc_call *call, uint8_t type,
		       enum tc_class group, uint64_t now)
{
	if (call->state != TC_IDLE || static_cast<uint32_t>(group) >= TC_CLASSES)
		return TC_BEGUN_INVALID;
	if (table->dead)
		return TC_DEAD;
	enter(*table, *call, type, group, now);
	if (!table->queued[group].first && may_take(*table, group)) {
		take(*table, *call);
		return TC_SEND;
	}
	tc::queued::append(table->queued[group], *call);
	return TC_WAIT;
}

struct tc_call *tc_next(struct tc_table *table)
{
	if (table->dead)
		return nullptr;
	for (uint8_t group = 0; group < TC_CLASSES; group++) {
		tc_call *call = table->queued[group].first;

		if (!may_take(*table, group))
			return nullptr;
		if (!call)
			continue;
		tc::queued::remove(table->queued[group], *call);
		take(*table, *call);
		return call;
	}
	return nullptr;
}

bool tc_sent(struct tc_table *table, uint16_t tag, struct tc_call **over)
{
	*over = nullptr;
	if (tag >= table->nr_slots || !(table->slots[tag].open & TC_UNSENT))
		return false;
	tc_slot &slot = table->slots[tag];

	slot.open &= ~TC_UNSENT;
	tc::await_no_more(*table, slot, TC_HELD);
	if (slot.call && slot.call->state == TC_ANSWERED) {
		*over = slot.call;
		tc::end(*table, *slot.call, slot.call->error);
	}
	tc::settle(*table, slot);
	return true;
}

bool tc_flush_sent(struct tc_table *table, uint16_t tag)
{
	uint32_t of = static_cast<uint32_t>(tag) - table->nr_slots;

	if (of >= table->nr_slots || !(table->slots[of].open & TC_FLUSH_UNSENT))
		return false;
	table->slots[of].open &= ~TC_FLUSH_UNSENT;
	tc::settle(*table, table->slots[of]);
	return true;
}
