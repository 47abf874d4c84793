// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tversion, until two ends agree.  What the answer means the core says, and it is
 * acted upon in ->message: the frames behind it are of the new dialect already.
 */
#include <linux/cleanup.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "session_private.h"
#include "trace.h"

static void sent(struct hf_link *link, struct hf_link_out *out, int error)
{
}

static int encode(struct hf9c_hello *hello)
{
	static const char * const names[] = {
		[NP_DOTL] = NP_VERSION_DOTL,
		[NP_HF1] = NP_VERSION_HF1,
	};
	const char *name = names[hello->asked.dialect];
	struct np_msg *msg __free(kfree) = kzalloc(sizeof(*msg), GFP_KERNEL);
	struct np_built built;

	if (!msg)
		return -ENOMEM;
	msg->type = NP_TVERSION;
	msg->tag = NP_NOTAG;
	msg->tversion.msize = hello->asked.msize;
	msg->tversion.version.at = name;
	msg->tversion.version.len = strlen(name);
	if (WARN_ON_ONCE(np_encode(msg, NP_DOTL, hello->bytes, sizeof(hello->bytes), &built)))
		return -EINVAL;
	hello->out = (struct hf_link_out) {
		.head = hello->bytes,
		.head_bytes = built.head,
		.sent = sent,
	};
	return 0;
}

static void expect(struct hf9c_session *session, struct hf9c_hello *hello)
{
	spin_lock(&session->lock);
	session->expected = hello;
	spin_unlock(&session->lock);
}

/* Whoever takes it completes it. */
static struct hf9c_hello *take_expected(struct hf9c_session *session)
{
	struct hf9c_hello *hello;

	spin_lock(&session->lock);
	hello = session->expected;
	session->expected = NULL;
	spin_unlock(&session->lock);
	return hello;
}

static int wait_for_answer(struct hf9c_session *session, struct hf9c_hello *hello)
{
	long left = wait_for_completion_killable_timeout(&hello->over,
							 msecs_to_jiffies(session->options.timeo));

	if (left <= 0) {
		if (take_expected(session))
			return left < 0 ? -EINTR : -ETIMEDOUT;
		/* It is here, or about to be. */
		wait_for_completion(&hello->over);
	}
	return hello->answered ? 0 : hf9c_session_error(session);
}

static int ask(struct hf9c_session *session, struct hf9c_hello *hello,
	       enum np_dialect dialect)
{
	int ret;

	hello->asked.msize = session->options.msize;
	hello->asked.dialect = dialect;
	init_completion(&hello->over);
	ret = encode(hello);
	if (ret)
		return ret;
	expect(session, hello);
	hf_link_queue(&session->link, &hello->out);
	hf9c_push(session);
	/* It may have ended before, or the answer have come. */
	hf9c_kick(session);
	ret = wait_for_answer(session, hello);
	if (ret)
		return ret;
	return hello->says == TC_AGREED || hello->says == TC_ASK_AGAIN ? 0 : -EPROTONOSUPPORT;
}

int hf9c_greet(struct hf9c_session *session)
{
	struct hf9c_hello *hello = session->hello;
	int ret = ask(session, hello, session->options.dialect);

	if (!ret && hello->says == TC_ASK_AGAIN) {
		hello++;
		ret = ask(session, hello, NP_DOTL);
		if (!ret && hello->says != TC_AGREED)
			ret = -EPROTONOSUPPORT;
	}
	return ret;
}

bool hf9c_is_greeting(struct hf9c_session *session)
{
	return !session->msize;
}

static enum hf_link_verdict agree(struct hf9c_session *session, struct hf9c_hello *hello,
				  const struct np_msg *reply)
{
	hello->says = tc_greet(&hello->asked, session->options.fall_back, reply,
			       HF9C_MSIZE_LEAST, &hello->agreed);
	if (hello->says == TC_AGREED) {
		session->dialect = hello->agreed.dialect;
		session->msize = hello->agreed.msize;
		hf_link_agree(&session->link, session->dialect, session->msize);
	}
	hello->answered = true;
	complete(&hello->over);
	return HF_LINK_TAKEN;
}

enum hf_link_verdict hf9c_greeted(struct hf9c_session *session, const void *frame, u32 bytes)
{
	struct np_msg *reply = &session->reply;
	enum np_status status = np_decode(frame, bytes, NP_DOTL, reply);
	struct hf9c_hello *hello;

	if (!np_is_sound(status) || reply->tag != NP_NOTAG ||
	    (reply->type != NP_RVERSION && reply->type != NP_RLERROR))
		return HF_LINK_REFUSED;
	hello = take_expected(session);
	if (!hello)
		return HF_LINK_REFUSED;
	return agree(session, hello, status == NP_OK ? reply : NULL);
}

void hf9c_no_greeting(struct hf9c_session *session)
{
	struct hf9c_hello *hello = take_expected(session);

	if (hello)
		complete(&hello->over);
}
