// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls, as their callers see them: how they begin, and how one goes away from them.
 *
 * A call that is not idle is the session's.  It comes back when the receiver says so
 * (receive.c), or here, to one who waits and is killed: then nothing of it was sent,
 * or its payload was taken back.
 */
#include <linux/slab.h>

#include "session_private.h"
#include "stats.h"

/* --------------------------------------------------------------------- memory */

void hf9c_call_init(struct hf9c_call *call, u8 type)
{
	memset(call, 0, sizeof(*call));
	call->ask.type = type;
}

struct hf9c_call *hf9c_call_new(u8 type)
{
	struct hf9c_call *call = kmalloc(sizeof(*call), GFP_NOFS);

	if (!call)
		return NULL;
	hf9c_call_init(call, type);
	call->left = hf9c_call_free;
	return call;
}

void hf9c_call_release(struct hf9c_call *call)
{
	kfree(call->strings);
	call->strings = NULL;
	call->strings_bytes = 0;
}

void hf9c_call_free(struct hf9c_call *call)
{
	if (!call)
		return;
	hf9c_call_release(call);
	kfree(call);
}

struct hf9c_call *hf9c_io_get(struct hf9c_session *session, u8 type)
{
	struct hf9c_call *call;

	spin_lock(&session->lock);
	call = list_first_entry_or_null(&session->pool, struct hf9c_call, pooled);
	if (call)
		list_del(&call->pooled);
	spin_unlock(&session->lock);
	if (call)
		hf9c_call_init(call, type);
	return call;
}

void hf9c_io_put(struct hf9c_session *session, struct hf9c_call *call)
{
	hf9c_call_release(call);
	spin_lock(&session->lock);
	list_add(&call->pooled, &session->pool);
	spin_unlock(&session->lock);
}

/* ----------------------------------------------------------------- how it begins */

static int errno_of(enum np_status status)
{
	switch (status) {
	case NP_OK:
		return 0;
	case NP_LONG_NAME:
		return -ENAMETOOLONG;
	case NP_BAD_NAME:
		return -ENOENT;
	case NP_TOO_LARGE:
		return -EMSGSIZE;
	case NP_UNKNOWN_TYPE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* Longer than HF9C_HEAD. */
static enum np_status encode_big(struct hf9c_session *session, struct hf9c_call *call,
				 struct np_built *built)
{
	u32 room = min(np_size_most(call->ask.type, session->dialect), session->msize);
	enum np_status status;

	call->big = kmalloc(room, GFP_NOFS);
	if (!call->big)
		return NP_NO_ROOM;
	status = np_encode(&call->ask, session->dialect, call->big, room, built);
	if (!status)
		return NP_OK;
	kfree(call->big);
	call->big = NULL;
	return status == NP_NO_ROOM ? NP_TOO_LARGE : status;
}

/* The tag is put in when there is one. */
static int encode(struct hf9c_session *session, struct hf9c_call *call)
{
	struct np_built built;
	enum np_status status;

	call->big = NULL;
	status = np_encode(&call->ask, session->dialect, call->head, HF9C_HEAD, &built);
	if (status == NP_NO_ROOM) {
		status = encode_big(session, call, &built);
		if (status == NP_NO_ROOM)
			return -ENOMEM;
	}
	if (status)
		return errno_of(status);
	call->head_bytes = built.head;
	if (built.size <= session->msize)
		return 0;
	kfree(call->big);
	call->big = NULL;
	return -EMSGSIZE;
}

static bool is_usable(const struct iov_iter *iter, bool source, u32 bytes)
{
	return !bytes || (!user_backed_iter(iter) && iov_iter_count(iter) >= bytes &&
			  iter->data_source == source);
}

/* What is wrong here is the caller's fault. */
static int check_payload(struct hf9c_session *session, const struct hf9c_call *call)
{
	u32 asked = tc_asked(&call->ask);

	if (!hf9c_has_payload(call))
		return 0;
	if (call->ask.type == NP_TWRITE)
		return WARN_ON_ONCE(!is_usable(&call->payload, ITER_SOURCE,
					       call->ask.payload.count)) ? -EINVAL : 0;
	if (asked > session->msize - NP_RREAD_HEAD)
		return -EMSGSIZE;
	return WARN_ON_ONCE(!is_usable(&call->payload, ITER_DEST, asked)) ? -EINVAL : 0;
}

/* The longest that the link hands over, if it is a path; else all that it may be. */
static int make_room(struct hf9c_session *session, struct hf9c_call *call)
{
	u32 most;

	if (tc_room_for(call->ask.type) != TC_STRINGS || call->strings)
		return 0;
	most = np_size_most(call->ask.type + 1, session->dialect);
	most = min3(most, session->msize, (u32)NP_STAGE);
	call->strings = kmalloc(most, GFP_NOFS);
	if (!call->strings)
		return -ENOMEM;
	call->strings_bytes = most;
	return 0;
}

/* All that it needs is in hand. */
static int enter(struct hf9c_session *session, struct hf9c_call *call)
{
	enum tc_begun begun;

	spin_lock(&session->lock);
	begun = tc_begin(&session->table, &call->core, call->ask.type,
			 tc_class_of(&call->ask), hf9c_now());
	switch (begun) {
	case TC_SEND:
		hf9c_queue_request(session, call);
		break;
	case TC_WAIT:
		hf9c_count(waited);
		break;
	default:
		break;
	}
	if (begun == TC_SEND || begun == TC_WAIT) {
		hf9c_enter(session);
		hf9c_arm(session);
	}
	spin_unlock(&session->lock);
	if (begun == TC_SEND || begun == TC_WAIT)
		return 0;
	kfree(call->big);
	call->big = NULL;
	return WARN_ON_ONCE(begun != TC_DEAD) ? -EINVAL : -EIO;
}

static int begin(struct hf9c_session *session, struct hf9c_call *call, bool async)
{
	int ret;

	if (WARN_ON_ONCE(call->core.state != TC_IDLE))
		return -EINVAL;
	call->async = async;
	call->deserted = false;
	call->error = 0;
	init_completion(&call->over);
	ret = check_payload(session, call);
	if (!ret)
		ret = make_room(session, call);
	if (!ret)
		ret = encode(session, call);
	if (!ret)
		ret = enter(session, call);
	return ret;
}

/* --------------------------------------------------------------- how one goes away */

/* After TC_TAKE_BACK: when this returns nobody writes to the pages any more. */
static void take_back(struct hf9c_session *session, u16 tag)
{
	hf_link_discard(&session->link, tag);
	hf9c_count(discards);
	spin_lock(&session->lock);
	if (tc_discarded(&session->table, tag, hf9c_now())) {
		hf9c_queue_flush(session, tag);
		hf9c_arm(session);
	}
	hf9c_promote(session);
	spin_unlock(&session->lock);
	hf9c_push(session);
}

static enum tc_left leave(struct hf9c_session *session, struct hf9c_call *call)
{
	bool discard = call->may_discard && tc_room_for(call->ask.type) == TC_PAYLOAD;
	enum tc_left how = tc_leave(&session->table, &call->core, discard, -EINTR, hf9c_now());

	lockdep_assert_held(&session->lock);
	if (how == TC_SEND_FLUSH) {
		hf9c_queue_flush(session, call->core.tag);
		hf9c_arm(session);
	}
	return how;
}

/* The call has ended here, and nobody else will say so. */
static int ended_here(struct hf9c_session *session, struct hf9c_call *call)
{
	kfree(call->big);
	call->big = NULL;
	hf9c_count(calls);
	hf9c_count(errors);
	hf9c_leave(session);
	return call->core.error;
}

static bool is_over(const struct hf9c_call *call)
{
	return call->core.state == TC_IDLE;
}

/* Return: what hf9c_call_wait() does; or 0: go on to wait. */
static int go_away(struct hf9c_session *session, struct hf9c_call *call)
{
	bool left;
	u16 tag;

	spin_lock(&session->lock);
	if (is_over(call)) {
		spin_unlock(&session->lock);
		return 0;
	}
	tag = call->core.tag;
	switch (leave(session, call)) {
	case TC_NEVER_SENT:
		spin_unlock(&session->lock);
		return ended_here(session, call);
	case TC_TAKE_BACK:
		spin_unlock(&session->lock);
		take_back(session, tag);
		return ended_here(session, call);
	default:
		break;
	}
	left = call->left && (call->keeps_payload || !hf9c_has_payload(call));
	call->deserted = left;
	spin_unlock(&session->lock);
	hf9c_push(session);
	return left ? HF9C_LEFT : 0;
}

static int wait(struct hf9c_session *session, struct hf9c_call *call)
{
	int ret = call->interruptible ? wait_for_completion_interruptible(&call->over) :
					wait_for_completion_killable(&call->over);

	if (!ret)
		return call->error;
	ret = go_away(session, call);
	if (ret)
		return ret;
	wait_for_completion(&call->over);
	return call->error;
}

int hf9c_call_wait(struct hf9c_session *session, struct hf9c_call *call)
{
	int ret;

	hf9c_enter(session);
	ret = begin(session, call, false);
	if (!ret) {
		hf9c_push(session);
		ret = wait(session, call);
	}
	hf9c_leave(session);
	if (ret < 0)
		call->error = ret;
	return ret;
}

int hf9c_call_start(struct hf9c_session *session, struct hf9c_call *call)
{
	int ret;

	hf9c_enter(session);
	ret = begin(session, call, true);
	if (!ret)
		hf9c_push(session);
	hf9c_leave(session);
	return ret;
}

/* By this the receiver says that it is over. */
static void finish_later(struct hf9c_session *session, struct hf9c_call *call)
{
	lockdep_assert_held(&session->lock);
	hf9c_add_finished(session, call);
	hf9c_kick(session);
}

static void cancel(struct hf9c_session *session, struct hf9c_call *call, void *priv)
{
	u16 tag;

	spin_lock(&session->lock);
	if (is_over(call) || !call->async || call->priv != priv) {
		spin_unlock(&session->lock);
		return;
	}
	tag = call->core.tag;
	switch (leave(session, call)) {
	case TC_NEVER_SENT:
		finish_later(session, call);
		break;
	case TC_TAKE_BACK:
		spin_unlock(&session->lock);
		take_back(session, tag);
		spin_lock(&session->lock);
		finish_later(session, call);
		break;
	default:
		break;
	}
	spin_unlock(&session->lock);
	hf9c_push(session);
}

void hf9c_call_cancel(struct hf9c_session *session, struct hf9c_call *call, void *priv)
{
	hf9c_enter(session);
	cancel(session, call, priv);
	hf9c_leave(session);
}
