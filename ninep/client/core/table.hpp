/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the client core.
 *
 * A call, and what alone leads from one state to the next:
 *
 *	idle -> sent		tc_begin(), if its class may have a tag
 *	idle -> queued		tc_begin() otherwise
 *	queued -> sent		tc_next()
 *	queued -> idle		tc_leave(), tc_expire(), tc_reap()
 *	sent -> flushed		tc_leave(), tc_expire()
 *	sent, flushed -> idle	tc_answer() of its reply, or, flushed, of the Rflush;
 *				tc_leave() with @discard; tc_reap()
 *	sent, flushed -> answered	tc_answer(), if the link still has its payload;
 *				tc_die()
 *	answered -> idle	tc_sent(); tc_reap()
 *
 * While the link has pages of a caller's (a Twrite's, TC_UNSENT) the call does not end.
 * Of all others it has a head, which is the slot's: a reply ends them at once, and only
 * the tag waits.  (A reply may well be here before the link has told that all is
 * sent.)  A server that answers a write, but does not take it, is awaited as long as
 * one that does not answer a Tflush.
 *
 * A slot is free when nothing is open (TC_ANSWER, ...) and no call has it.  What
 * is open, and what closes it:
 *
 *	TC_ANSWER	the reply; or the Rflush: then none comes any more
 *	TC_RFLUSH	the Rflush
 *	TC_UNSENT	tc_sent()
 *	TC_FLUSH_UNSENT	tc_flush_sent()
 *	TC_DISCARDING	tc_discarded()
 *	TC_HELD		tc_sent()
 *
 * So a tag whose request was flushed and then answered is not used before its Rflush
 * has come, and the discarding of a payload never meets that of the tag's next user.
 * The death of the connection closes the first two.
 *
 * Who may have a tag: a class may take one if more are free than it has to leave
 * to those before it, and nobody of its own waits.  Free tags are used in turn: a reply
 * that comes twice finds nothing of that tag, unless no other was free meanwhile.
 *
 * All of one list wait equally long, so they are in the order of their deadlines.
 *
 * Costs: O(1) each, but for tc_die() and tc_reap(): O(n) in slots.
 */
#ifndef HF_NINEP_CLIENT_TABLE_HPP
#define HF_NINEP_CLIENT_TABLE_HPP

#include <holdfast/core/std.hpp>

#include "client_core.h"

namespace tc {

using hf::uint16_t;
using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;

/* A queue of nodes, whose links are two members of theirs; each is in one at the most. */
template <typename Queue, typename Node, Node *Node::*Next, Node *Node::*Prev>
struct fifo {
	static void append(Queue &queue, Node &node)
	{
		node.*Next = nullptr;
		node.*Prev = queue.last;
		if (queue.last)
			queue.last->*Next = &node;
		else
			queue.first = &node;
		queue.last = &node;
	}

	static void remove(Queue &queue, Node &node)
	{
		if (node.*Prev)
			(node.*Prev)->*Next = node.*Next;
		else
			queue.first = node.*Next;
		if (node.*Next)
			(node.*Next)->*Prev = node.*Prev;
		else
			queue.last = node.*Prev;
		node.*Next = nullptr;
		node.*Prev = nullptr;
	}
};

using queued = fifo<tc_queue, tc_call, &tc_call::next, &tc_call::prev>;
using timed = fifo<tc_queue, tc_call, &tc_call::due_next, &tc_call::due_prev>;
using slots = fifo<tc_slots, tc_slot, &tc_slot::next, &tc_slot::prev>;

inline uint32_t number_of(const tc_table &table, const tc_slot &slot)
{
	return &slot - table.slots;
}

inline bool is_timed(const tc_table &table, const tc_call &call)
{
	return table.times.answer && call.group != TC_WAITING &&
	       (call.state == TC_QUEUED || call.state == TC_SENT);
}

/* How many free tags a class leaves to those before it. */
inline uint32_t left_by(uint32_t nr_slots, uint8_t group)
{
	switch (group) {
	case TC_ENDING:
		return 0;
	case TC_META:
		return nr_slots / 16;
	case TC_DATA:
		return nr_slots / 4;
	default:
		return nr_slots / 2;
	}
}

/* table.cc: the call is the shell's again, with @error. */
void end(tc_table &table, tc_call &call, int32_t error);
/* Nothing more of the slot may be open. */
void settle(tc_table &table, tc_slot &slot);
/* A Tflush is to follow. */
void flush(tc_table &table, tc_slot &slot, uint64_t now);
/* Something of TC_RFLUSH, TC_HELD is awaited of a slot; the first deadline counts. */
void await(tc_table &table, tc_slot &slot, uint8_t what, uint64_t now);
void await_no_more(tc_table &table, tc_slot &slot, uint8_t what);
/* A call does not wait for a deadline of its own any more. */
void untime(tc_table &table, tc_call &call);

} // namespace tc

#endif /* HF_NINEP_CLIENT_TABLE_HPP */
