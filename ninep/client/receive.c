// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes: whose it is, where it goes, and the end of calls.  Nothing is allocated.
 *
 * A reply of a tag that nothing has, of a type that is not its request's, or that is
 * no message at all: neither framing nor trust is left, and the connection ends.  One
 * that is well framed, but says what no server may say, is EIO for that call alone.
 */
#include <linux/slab.h>

#include "session_private.h"
#include "stats.h"
#include "trace.h"

static void ready(struct hf_link *link)
{
	hf9c_kick(hf9c_session_of(link));
}

/* ------------------------------------------------------------- the end of calls */

void hf9c_add_finished(struct hf9c_session *session, struct hf9c_call *call)
{
	lockdep_assert_held(&session->lock);
	list_add_tail(&call->finished, &session->finished);
}

static struct hf9c_call *next_finished(struct hf9c_session *session)
{
	struct hf9c_call *call;

	spin_lock(&session->lock);
	call = list_first_entry_or_null(&session->finished, struct hf9c_call, finished);
	if (call)
		list_del(&call->finished);
	spin_unlock(&session->lock);
	return call;
}

static void count(int error)
{
	hf9c_count(calls);
	if (error)
		hf9c_count(errors);
}

/* Of the call nothing is touched once it was told.  What was never sent has its head. */
static void finish(struct hf9c_session *session, struct hf9c_call *call)
{
	call->error = call->core.error;
	kfree(call->big);
	call->big = NULL;
	count(call->error);
	trace_hf9c_over(session->id, call->core.tag, call->ask.type, call->error);
	if (call->async)
		call->done(call);
	else if (call->deserted)
		call->left(call);
	else
		complete(&call->over);
	hf9c_leave(session);
}

void hf9c_finish_all(struct hf9c_session *session)
{
	struct hf9c_call *call;

	while ((call = next_finished(session)))
		finish(session, call);
}

/* -------------------------------------------------------------------- replies */

/* Something that ends the connection. */
static enum hf_link_verdict refuse(struct hf9c_session *session, const struct np_msg *reply,
				   const char *why)
{
	hf9c_count(malformed);
	pr_warn_ratelimited("holdfast: 9P session %u: message of type %u, tag %u, %u bytes: %s\n",
			    session->id, reply->type, reply->tag, reply->size, why);
	return HF_LINK_REFUSED;
}

static enum hf_link_verdict refuse_whose(struct hf9c_session *session, enum tc_reply whose)
{
	return refuse(session, &session->reply, whose == TC_NO_TAG ? "nothing has that tag" :
		      "not the reply to its request");
}

/* Its strings are to stay. */
static int keep_strings(struct hf9c_session *session, struct hf9c_call *call,
			const void *frame, u32 bytes)
{
	if (bytes > call->strings_bytes)
		return -EIO;
	memcpy(call->strings, frame, bytes);
	if (WARN_ON_ONCE(np_decode(call->strings, bytes, session->dialect, &call->reply)))
		return -EIO;
	return 0;
}

/* Under the lock: the call is there until it is answered. */
static int give(struct hf9c_session *session, struct hf9c_call *call,
		enum np_status status, const void *frame, u32 bytes)
{
	const struct np_msg *reply = &session->reply;

	lockdep_assert_held(&session->lock);
	if (status != NP_OK)
		return -EIO;
	if (reply->type == NP_RLERROR)
		return -(int)reply->rlerror.ecode;
	if (!tc_makes_sense(&call->ask, reply))
		return -EIO;
	if (tc_room_for(call->ask.type) == TC_STRINGS)
		return keep_strings(session, call, frame, bytes);
	call->reply = *reply;
	return 0;
}

/* Return: whose it was. */
static enum tc_reply answer(struct hf9c_session *session, enum np_status status,
			    const void *frame, u32 bytes)
{
	const struct np_msg *reply = &session->reply;
	enum tc_answered what;
	struct tc_call *core;
	enum tc_reply whose;
	int error = 0;

	lockdep_assert_held(&session->lock);
	whose = tc_whose(&session->table, reply->tag, reply->type, &core);
	if (whose == TC_NO_TAG || whose == TC_WRONG_TYPE)
		return whose;
	if (whose == TC_WANTED)
		error = give(session, hf9c_call_of(core), status, frame, bytes);
	else if (whose == TC_UNWANTED)
		hf9c_count(unwanted);
	what = tc_answer(&session->table, reply->tag, reply->type, error, hf9c_now(), &core);
	if (what == TC_OVER)
		hf9c_add_finished(session, hf9c_call_of(core));
	else if (what == TC_NOT_YET)
		hf9c_arm(session);
	hf9c_promote(session);
	return whose;
}

static enum hf_link_verdict message(struct hf_link *link, const void *frame, u32 bytes)
{
	struct hf9c_session *session = hf9c_session_of(link);
	enum np_status status;
	enum tc_reply whose;

	if (hf9c_is_greeting(session))
		return hf9c_greeted(session, frame, bytes);
	status = np_decode(frame, bytes, session->dialect, &session->reply);
	if (!np_is_sound(status))
		return refuse(session, &session->reply, "its fields do not fit");
	spin_lock(&session->lock);
	whose = answer(session, status, frame, bytes);
	spin_unlock(&session->lock);
	if (whose == TC_NO_TAG || whose == TC_WRONG_TYPE)
		return refuse_whose(session, whose);
	return HF_LINK_TAKEN;
}

/* ------------------------------------------------------------------- payloads */

/* More than was asked for finds no room: that ends the link. */
static void point(struct hf9c_session *session, struct tc_call *core, struct iov_iter *to)
{
	u32 asked = session->slots[session->reply.tag].asked;

	lockdep_assert_held(&session->lock);
	if (!core) {
		iov_iter_discard(to, ITER_DEST, asked);
		return;
	}
	*to = hf9c_call_of(core)->payload;
	iov_iter_truncate(to, asked);
}

/*
 * Under hf_link.placing: whoever takes a payload back has said so under our lock first,
 * or waits for that mutex then.
 */
static enum hf_link_verdict place(struct hf_link *link, const void *head, u32 bytes,
				  u32 count, struct iov_iter *to)
{
	struct hf9c_session *session = hf9c_session_of(link);
	struct np_msg *reply = &session->reply;
	struct tc_call *core;
	enum tc_reply whose;

	if (np_decode(head, bytes, session->dialect, reply) != NP_OK ||
	    hf9c_is_greeting(session))
		return refuse(session, reply, "no payload can come");
	spin_lock(&session->lock);
	whose = tc_whose(&session->table, reply->tag, reply->type, &core);
	if (whose == TC_WANTED || whose == TC_UNWANTED)
		point(session, core, to);
	spin_unlock(&session->lock);
	if (whose != TC_WANTED && whose != TC_UNWANTED)
		return refuse_whose(session, whose);
	return HF_LINK_TAKEN;
}

/* It was expected when its head came, and nothing else has come since. */
static void placed(struct hf_link *link)
{
	struct hf9c_session *session = hf9c_session_of(link);
	enum tc_reply whose;

	spin_lock(&session->lock);
	whose = answer(session, NP_OK, NULL, 0);
	spin_unlock(&session->lock);
	WARN_ON_ONCE(whose != TC_WANTED && whose != TC_UNWANTED);
}

const struct hf_link_ops hf9c_link_ops = {
	.ready		= ready,
	.message	= message,
	.place		= place,
	.placed		= placed,
};
