// SPDX-License-Identifier: GPL-2.0-only
/* Whoever does not wait any more: by himself, by the clock, by the end of it all. */
#include "table.hpp"

namespace {

/* What it ends with if no reply comes, is kept in its error. */
void follow(tc_table &table, tc_slot &slot, int32_t error, uint64_t now)
{
	tc_call &call = *slot.call;

	tc::untime(table, call);
	call.state = TC_FLUSHED;
	call.error = error;
	tc::flush(table, slot, now);
}

void forget_replies(tc_table &table, tc_slot &slot)
{
	tc::await_no_more(table, slot, TC_RFLUSH);
	if (!(slot.open & TC_ANSWER))
		return;
	slot.open &= ~TC_ANSWER;
	if (slot.call) {
		tc::untime(table, *slot.call);
		slot.call->state = TC_ANSWERED;
		slot.call->error = table.dead;
	}
}

} // namespace

enum tc_left tc_leave(struct tc_table *table, struct tc_call *call, bool discard,
		      int32_t error, uint64_t now)
{
	switch (call->state) {
	case TC_QUEUED:
		tc::end(*table, *call, error);
		return TC_NEVER_SENT;
	case TC_SENT:
		if (discard)
			break;
		follow(*table, table->slots[call->tag], error, now);
		return TC_SEND_FLUSH;
	case TC_FLUSHED:
		if (discard)
			break;
		return TC_TOO_LATE;
	default:
		return TC_TOO_LATE;
	}
	table->slots[call->tag].open |= TC_DISCARDING;
	tc::end(*table, *call, error);
	return TC_TAKE_BACK;
}

bool tc_discarded(struct tc_table *table, uint16_t tag, uint64_t now)
{
	if (tag >= table->nr_slots || !(table->slots[tag].open & TC_DISCARDING))
		return false;
	tc_slot &slot = table->slots[tag];
	bool to_flush = (slot.open & TC_ANSWER) && !(slot.open & TC_RFLUSH);

	slot.open &= ~TC_DISCARDING;
	if (to_flush)
		tc::flush(*table, slot, now);
	tc::settle(*table, slot);
	return to_flush;
}

enum tc_expired tc_expire(struct tc_table *table, int32_t error, uint64_t now,
			  struct tc_call **call)
{
	tc_call *late = table->timed.first;
	const tc_slot *awaited = table->awaited.first;

	*call = nullptr;
	if (table->dead)
		return TC_NOTHING;
	if (table->times.flush && awaited && awaited->due <= now)
		return TC_HOPELESS;
	if (!late || late->due > now)
		return TC_NOTHING;
	*call = late;
	if (late->state == TC_QUEUED) {
		tc::end(*table, *late, error);
		return TC_EXPIRED_UNSENT;
	}
	follow(*table, table->slots[late->tag], error, now);
	return TC_EXPIRED_FLUSH;
}

uint64_t tc_due(const struct tc_table *table)
{
	uint64_t due = UINT64_MAX;

	if (table->dead)
		return due;
	if (table->timed.first)
		due = table->timed.first->due;
	if (table->times.flush && table->awaited.first && table->awaited.first->due < due)
		due = table->awaited.first->due;
	return due;
}

void tc_die(struct tc_table *table, int32_t error)
{
	if (table->dead)
		return;
	table->dead = error;
	for (uint32_t i = 0; i < table->nr_slots; i++) {
		tc_slot &slot = table->slots[i];

		if (!slot.open)
			continue;
		forget_replies(*table, slot);
		tc::settle(*table, slot);
	}
}

/* Those who are being sent are over with tc_sent(). */
struct tc_call *tc_reap(struct tc_table *table)
{
	if (!table->dead)
		return nullptr;
	for (tc_queue &queue : table->queued)
		if (tc_call *call = queue.first) {
			tc::end(*table, *call, table->dead);
			return call;
		}
	for (uint32_t i = 0; i < table->nr_slots; i++) {
		tc_slot &slot = table->slots[i];
		tc_call *call = slot.call;

		if (!call || slot.open & TC_UNSENT)
			continue;
		tc::end(*table, *call, call->error);
		tc::settle(*table, slot);
		return call;
	}
	return nullptr;
}

bool tc_quiet(const struct tc_table *table)
{
	return table->dead && !table->nr_calls && table->nr_free == table->nr_slots;
}
