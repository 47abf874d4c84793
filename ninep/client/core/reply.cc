// SPDX-License-Identifier: GPL-2.0-only
/* Whose a reply is, and what it ends; see table.hpp. */
#include "table.hpp"

namespace {

tc_reply judge(uint8_t open, uint8_t expected, bool type_fits, tc_reply says)
{
	if (!(open & expected))
		return TC_NO_TAG;
	return type_fits ? says : TC_WRONG_TYPE;
}

/* The slot that a tag is of, its request's or its Tflush's; or nullptr. */
tc_slot *slot_of(const tc_table &table, uint32_t tag)
{
	if (tag < table.nr_slots)
		return &table.slots[tag];
	return tag - table.nr_slots < table.nr_slots ? &table.slots[tag - table.nr_slots] :
						       nullptr;
}

/* The link has what is the caller's. */
bool is_held(const tc_slot &slot)
{
	return slot.open & TC_UNSENT && slot.type == NP_TWRITE;
}

/* Over now, or with tc_sent(). */
tc_answered finish(tc_table &table, tc_slot &slot, int32_t error, uint64_t now, tc_call *&who)
{
	tc_call *call = slot.call;

	if (!call)
		return TC_NOBODY;
	who = call;
	if (!is_held(slot)) {
		tc::end(table, *call, error);
		return TC_OVER;
	}
	tc::untime(table, *call);
	call->state = TC_ANSWERED;
	call->error = error;
	tc::await(table, slot, TC_HELD, now);
	return TC_NOT_YET;
}

tc_answered take_reply(tc_table &table, tc_slot &slot, int32_t error, uint64_t now,
		       tc_call *&who)
{
	slot.open &= ~TC_ANSWER;
	return finish(table, slot, error, now, who);
}

/* Of one that is answered, but unsent, the reply counts. */
tc_answered take_rflush(tc_table &table, tc_slot &slot, uint64_t now, tc_call *&who)
{
	bool answered = !(slot.open & TC_ANSWER);
	tc_answered what = TC_NOBODY;

	slot.open &= ~TC_ANSWER;
	if (!answered && slot.call)
		what = finish(table, slot, slot.call->error, now, who);
	/* What is held keeps its deadline. */
	tc::await_no_more(table, slot, TC_RFLUSH);
	return what;
}

} // namespace

enum tc_reply tc_whose(const struct tc_table *table, uint16_t tag, uint8_t type,
		       struct tc_call **call)
{
	const tc_slot *slot = slot_of(*table, tag);
	tc_reply says;

	*call = nullptr;
	if (!slot)
		return TC_NO_TAG;
	if (tag >= table->nr_slots)
		return judge(slot->open, TC_RFLUSH, type == NP_RFLUSH, TC_IS_RFLUSH);
	says = judge(slot->open, TC_ANSWER, type == slot->type + 1 || type == NP_RLERROR,
		     slot->call ? TC_WANTED : TC_UNWANTED);
	if (says == TC_WANTED)
		*call = slot->call;
	return says;
}

enum tc_answered tc_answer(struct tc_table *table, uint16_t tag, uint8_t type,
			     int32_t error, uint64_t now, struct tc_call **call)
{
	tc_reply says = tc_whose(table, tag, type, call);
	tc_answered what;

	*call = nullptr;
	if (says == TC_NO_TAG || says == TC_WRONG_TYPE)
		return TC_ANSWER_INVALID;
	tc_slot &slot = *slot_of(*table, tag);

	what = says == TC_IS_RFLUSH ? take_rflush(*table, slot, now, *call) :
				      take_reply(*table, slot, error, now, *call);
	tc::settle(*table, slot);
	return what;
}
