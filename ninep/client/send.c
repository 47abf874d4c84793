// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is sent: requests and Tflushes, from their slots.  All that is not the caller's
 * own pages is copied there, so that a call may end when nothing but its head is still
 * in the link's queue.
 */
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "session_private.h"
#include "stats.h"
#include "trace.h"

static struct hf9c_slot *slot_of(struct hf9c_session *session, u16 tag)
{
	return &session->slots[tag];
}

/* Context: the link's ->sent, in any thread that sends; so the receiver goes on. */
static void request_sent(struct hf_link *link, struct hf_link_out *out, int error)
{
	struct hf9c_session *session = hf9c_session_of(link);
	struct hf9c_slot *slot = container_of(out, struct hf9c_slot, out);
	struct tc_call *over;
	void *big;
	bool more;

	spin_lock(&session->lock);
	big = slot->big;
	slot->big = NULL;
	WARN_ON_ONCE(!tc_sent(&session->table, slot - session->slots, &over));
	if (over)
		hf9c_add_finished(session, hf9c_call_of(over));
	more = hf9c_promote(session);
	spin_unlock(&session->lock);
	kfree(big);
	if (over || more)
		hf9c_kick(session);
}

static void flush_sent(struct hf_link *link, struct hf_link_out *out, int error)
{
	struct hf9c_session *session = hf9c_session_of(link);
	struct hf9c_slot *slot = container_of(out, struct hf9c_slot, flush_out);
	bool more;

	spin_lock(&session->lock);
	WARN_ON_ONCE(!tc_flush_sent(&session->table, HF9C_SLOTS + (slot - session->slots)));
	more = hf9c_promote(session);
	spin_unlock(&session->lock);
	if (more)
		hf9c_kick(session);
}

static void *take_head(struct hf9c_slot *slot, struct hf9c_call *call)
{
	if (!call->big)
		return memcpy(slot->head, call->head, call->head_bytes);
	slot->big = call->big;
	call->big = NULL;
	return slot->big;
}

void hf9c_queue_request(struct hf9c_session *session, struct hf9c_call *call)
{
	u16 tag = call->core.tag;
	struct hf9c_slot *slot = slot_of(session, tag);
	void *head = take_head(slot, call);

	lockdep_assert_held(&session->lock);
	put_unaligned_le16(tag, head + 5);
	slot->asked = tc_asked(&call->ask);
	slot->out = (struct hf_link_out) {
		.head = head,
		.head_bytes = call->head_bytes,
		.sent = request_sent,
	};
	if (call->ask.type == NP_TWRITE) {
		slot->out.payload = call->payload;
		iov_iter_truncate(&slot->out.payload, call->ask.payload.count);
	}
	trace_hf9c_sent(session->id, tag, call->ask.type);
	hf_link_queue(&session->link, &slot->out);
}

void hf9c_queue_flush(struct hf9c_session *session, u16 tag)
{
	struct hf9c_slot *slot = slot_of(session, tag);

	lockdep_assert_held(&session->lock);
	slot->flush_out = (struct hf_link_out) {
		.head = slot->flush,
		.head_bytes = HF9C_TFLUSH,
		.sent = flush_sent,
	};
	hf9c_count(flushes);
	trace_hf9c_flush(session->id, tag, session->core_slots[tag].type);
	hf_link_queue(&session->link, &slot->flush_out);
}

bool hf9c_promote(struct hf9c_session *session)
{
	bool any = false;
	struct tc_call *core;

	lockdep_assert_held(&session->lock);
	while ((core = tc_next(&session->table))) {
		hf9c_queue_request(session, hf9c_call_of(core));
		any = true;
	}
	return any;
}

/* A Tflush is the same each time. */
static void init_flush(u8 *frame, u16 tag)
{
	put_unaligned_le32(HF9C_TFLUSH, frame);
	frame[4] = NP_TFLUSH;
	put_unaligned_le16(HF9C_SLOTS + tag, frame + 5);
	put_unaligned_le16(tag, frame + NP_HEADER);
}

void hf9c_slots_init(struct hf9c_session *session)
{
	u16 tag;

	for (tag = 0; tag < HF9C_SLOTS; tag++)
		init_flush(session->slots[tag].flush, tag);
}
