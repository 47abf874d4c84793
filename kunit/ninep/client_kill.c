// SPDX-License-Identifier: GPL-2.0-only
/* Who stops waiting for a call of the 9P client's session: killed, cancelled, too late. */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "client.h"

#define POISON	0xa5
#define BYTES	40000

/* Everything is as it was before: a call goes and comes back. */
static void goes_on(struct peer *peer)
{
	struct hf9c_call *call = make_call(peer->test, NP_TSTATFS);
	struct caller caller;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TSTATFS);
	peer_reply_type(peer, peer->t.tag, NP_RSTATFS);
	KUNIT_EXPECT_EQ(peer->test, caller_wait(&caller), 0);
	KUNIT_EXPECT_EQ(peer->test, hf9c_session_error(peer->session), 0);
}

static void killed(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TLOPEN);
	struct caller caller;
	u16 tag;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TLOPEN);
	tag = peer->t.tag;
	caller_kill(&caller);
	peer_reply_type(peer, peer_gets_flush(peer, tag), NP_RFLUSH);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EINTR);
	goes_on(peer);
}

/* It counts, even if the Rflush is yet to come: the tag stays taken until then. */
static void answered_first(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TLOPEN);
	struct caller caller;
	u16 tag, flush, next;
	int i;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TLOPEN);
	tag = peer->t.tag;
	caller_kill(&caller);
	flush = peer_gets_flush(peer, tag);
	peer_reply_type(peer, tag, NP_RLOPEN);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), 0);
	KUNIT_EXPECT_EQ(test, call->reply.type, NP_RLOPEN);
	/* Each tag in turn, but for that one. */
	for (i = 0; i < 300; i++) {
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TLOPEN);
		next = peer->t.tag;
		KUNIT_ASSERT_NE(test, next, tag);
		peer_reply_type(peer, next, NP_RLOPEN);
		KUNIT_ASSERT_EQ(test, caller_wait(&caller), 0);
	}
	peer_reply_type(peer, flush, NP_RFLUSH);
	goes_on(peer);
}

/* An answer behind the Rflush has a tag that is nobody's. */
static void answered_too_late(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TLOPEN);
	struct caller caller;
	u16 tag;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TLOPEN);
	tag = peer->t.tag;
	caller_kill(&caller);
	peer_reply_type(peer, peer_gets_flush(peer, tag), NP_RFLUSH);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EINTR);
	peer_reply_type(peer, tag, NP_RLOPEN);
	comes_to_be(test, hf9c_session_error(peer->session) == -EPROTO);
}

/* Half of it is there; the rest goes nowhere. */
static void taken_back(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer = kunit_kzalloc(test, BYTES, GFP_KERNEL);
	struct hf9c_call *call = make_io(test, NP_TREAD, buffer, BYTES);
	struct caller caller;
	u16 tag, flush;

	call->may_discard = true;
	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TREAD);
	tag = peer->t.tag;
	peer_reads(peer, tag, BYTES, BYTES / 2);
	comes_to_be(test, bytes_are(buffer, tag, BYTES / 2));
	caller_kill(&caller);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EINTR);
	memset(buffer, POISON, BYTES);
	flush = peer_gets_flush(peer, tag);
	peer_reads_on(peer, tag, BYTES / 2, BYTES);
	peer_reply_type(peer, flush, NP_RFLUSH);
	goes_on(peer);
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, POISON, BYTES));
}

/* None of it is there; and it is of one who does not wait. */
static void taken_back_before(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer = kunit_kmalloc(test, BYTES, GFP_KERNEL);
	struct hf9c_call *call = make_io(test, NP_TREAD, buffer, BYTES);
	struct async async;
	u16 tag, flush;

	memset(buffer, POISON, BYTES);
	call->may_discard = true;
	async_start(peer, call, &async);
	peer_gets(peer, NP_TREAD);
	tag = peer->t.tag;
	hf9c_call_cancel(peer->session, call, &async);
	hf9c_call_cancel(peer->session, call, &async);
	KUNIT_EXPECT_EQ(test, async_wait(test, &async), -EINTR);
	flush = peer_gets_flush(peer, tag);
	peer_reads(peer, tag, BYTES, BYTES);
	peer_reply_type(peer, flush, NP_RFLUSH);
	goes_on(peer);
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, POISON, BYTES));
	KUNIT_EXPECT_EQ(test, atomic_read(&async.times), 1);
}

/* More than was asked for is too much, whether anybody wants it or not. */
static void more_than_asked(struct kunit *test)
{
	int taken;

	for (taken = 0; taken < 2; taken++) {
		struct peer *peer = peer_open(test, &client_options);
		u8 *buffer = kunit_kzalloc(test, BYTES + 1, GFP_KERNEL);
		struct hf9c_call *call = make_io(test, NP_TREAD, buffer, BYTES);
		struct async async;

		call->may_discard = true;
		async_start(peer, call, &async);
		peer_gets(peer, NP_TREAD);
		if (taken)
			hf9c_call_cancel(peer->session, call, &async);
		peer_reads(peer, peer->t.tag, BYTES + 1, 0);
		comes_to_be(test, hf9c_session_error(peer->session) == -EPROTO);
		KUNIT_EXPECT_EQ(test, async_wait(test, &async), taken ? -EINTR : -EIO);
		KUNIT_EXPECT_EQ(test, buffer[BYTES], 0);
	}
}

struct left_call {
	struct completion over;
	int error;
	u8 type;
};

static void left(struct hf9c_call *call)
{
	struct left_call *to = call->priv;

	to->error = call->error;
	to->type = call->reply.type;
	hf9c_call_free(call);
	complete(&to->over);
}

/* He is gone at once; what came of it is known later. */
static void left_behind(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct left_call to;
	struct caller caller;
	int flushed;

	for (flushed = 0; flushed < 2; flushed++) {
		struct hf9c_call *call = hf9c_call_new(NP_TWALK);
		u16 tag, flush;

		KUNIT_ASSERT_NOT_NULL(test, call);
		init_completion(&to.over);
		call->left = left;
		call->priv = &to;
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TWALK);
		tag = peer->t.tag;
		caller_kill(&caller);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), HF9C_LEFT);
		flush = peer_gets_flush(peer, tag);
		if (!flushed)
			peer_reply_type(peer, tag, NP_RWALK);
		peer_reply_type(peer, flush, NP_RFLUSH);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&to.over, CLIENT_LONG), 0);
		KUNIT_EXPECT_EQ(test, to.error, flushed ? -EINTR : 0);
		if (!flushed)
			KUNIT_EXPECT_EQ(test, to.type, NP_RWALK);
	}
	goes_on(peer);
}

/* Of what it sends, too, if that is its own: it stays until the reply or the Rflush. */
static void left_behind_payload(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer = kunit_kzalloc(test, BYTES, GFP_KERNEL);
	struct kvec vec = { .iov_base = buffer, .iov_len = BYTES };
	struct left_call to;
	struct caller caller;
	int flushed;

	for (flushed = 0; flushed < 2; flushed++) {
		struct hf9c_call *call = hf9c_call_new(NP_TWRITE);
		u16 tag, flush;

		KUNIT_ASSERT_NOT_NULL(test, call);
		init_completion(&to.over);
		call->left = left;
		call->priv = &to;
		call->keeps_payload = true;
		call->ask.payload.count = BYTES;
		iov_iter_kvec(&call->payload, ITER_SOURCE, &vec, 1, BYTES);
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TWRITE);
		tag = peer->t.tag;
		caller_kill(&caller);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), HF9C_LEFT);
		flush = peer_gets_flush(peer, tag);
		KUNIT_EXPECT_FALSE(test, completion_done(&to.over));
		if (!flushed)
			peer_reply_type(peer, tag, NP_RWRITE);
		peer_reply_type(peer, flush, NP_RFLUSH);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&to.over, CLIENT_LONG), 0);
		KUNIT_EXPECT_EQ(test, to.error, flushed ? -EINTR : 0);
	}
	goes_on(peer);
}

/* Not so of another's: he has it back when the server has said that it has it, or will not. */
static void waits_for_payload(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer = kunit_kzalloc(test, BYTES, GFP_KERNEL);
	struct hf9c_call *call = make_io(test, NP_TWRITE, buffer, BYTES);
	struct caller caller;
	u16 tag;

	call->left = left;
	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TWRITE);
	tag = peer->t.tag;
	caller_kill(&caller);
	tag = peer_gets_flush(peer, tag);
	KUNIT_EXPECT_FALSE(test, completion_done(&caller.over));
	peer_reply_type(peer, tag, NP_RFLUSH);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EINTR);
	goes_on(peer);
}

/* A signal that kills nobody ends what is interruptible, and nothing else. */
static void signals(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TLOCK);
	struct caller caller;
	int interruptible;

	call->ask.tlock.flags = NP_LOCK_BLOCK;
	for (interruptible = 0; interruptible < 2; interruptible++) {
		call->interruptible = interruptible;
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TLOCK);
		send_sig(SIGUSR1, caller.task, 1);
		if (interruptible)
			peer_reply_type(peer, peer_gets_flush(peer, peer->t.tag), NP_RFLUSH);
		else
			peer_reply_type(peer, peer->t.tag, NP_RLOCK);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), interruptible ? -EINTR : 0);
	}
}

static struct hf9c_session_options soft(u32 timeo)
{
	struct hf9c_session_options options = client_options;

	options.soft = true;
	options.timeo = timeo;
	return options;
}

/* Tversion is given the same time, so that is not too short. */
static void soft_timeout(struct kunit *test)
{
	struct hf9c_session_options options = soft(3000);
	struct peer *peer = peer_open(test, &options);
	struct hf9c_call *call = make_call(test, NP_TGETATTR);
	struct caller caller;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TGETATTR);
	peer_reply_type(peer, peer_gets_flush(peer, peer->t.tag), NP_RFLUSH);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, hf9c_session_error(peer->session), 0);
}

static void flush_timeout(struct kunit *test)
{
	struct hf9c_session_options options = soft(3000);
	struct peer *peer = peer_open(test, &options);
	struct hf9c_call *call = make_call(test, NP_TGETATTR);
	struct caller caller;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TGETATTR);
	peer_gets_flush(peer, peer->t.tag);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EIO);
	KUNIT_EXPECT_EQ(test, hf9c_session_error(peer->session), -ETIMEDOUT);
	comes_to_be(test, atomic_read(&peer->died) == 1);
	KUNIT_EXPECT_EQ(test, peer->died_of, -ETIMEDOUT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(killed),
	KUNIT_CASE(answered_first),
	KUNIT_CASE(answered_too_late),
	KUNIT_CASE(taken_back),
	KUNIT_CASE(taken_back_before),
	KUNIT_CASE(more_than_asked),
	KUNIT_CASE(left_behind),
	KUNIT_CASE(left_behind_payload),
	KUNIT_CASE(waits_for_payload),
	KUNIT_CASE(signals),
	KUNIT_CASE_SLOW(soft_timeout),
	KUNIT_CASE_SLOW(flush_timeout),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_kill",
	.test_cases = cases,
};

kunit_test_suite(suite);
