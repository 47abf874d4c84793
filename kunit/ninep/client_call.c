// SPDX-License-Identifier: GPL-2.0-only
/* Calls of the 9P client's session, and the replies to them. */
#include <linux/slab.h>

#include "client.h"

/* ---------------------------------------------------------------------- replies */

static void answered(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct np_msg *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct hf9c_call *call = make_call(test, NP_TGETATTR);
	struct caller caller;

	call->ask.tgetattr.fid = 7;
	call->ask.tgetattr.request_mask = NP_ATTR_SIZE;
	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TGETATTR);
	KUNIT_EXPECT_EQ(test, peer->t.tgetattr.fid, 7);
	KUNIT_EXPECT_EQ(test, peer->t.tgetattr.request_mask, NP_ATTR_SIZE);
	r->type = NP_RGETATTR;
	r->rgetattr.attr.size = 12943;
	peer_reply(peer, peer->t.tag, r);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), 0);
	KUNIT_EXPECT_EQ(test, call->reply.type, NP_RGETATTR);
	KUNIT_EXPECT_EQ(test, call->reply.rgetattr.attr.size, 12943);
}

/* A number that no program is told, and none at all, are not repeated. */
static void error(struct kunit *test)
{
	static const struct { u32 said; int got; } errors[] = {
		{ ENOENT, -ENOENT }, { 511, -511 }, { 512, -EIO }, { 0, -EIO }, { U32_MAX, -EIO },
	};
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TCLUNK);
	struct caller caller;
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TCLUNK);
		peer_fails(peer, peer->t.tag, errors[i].said);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), errors[i].got);
		KUNIT_EXPECT_EQ(test, call->error, errors[i].got);
	}
	KUNIT_EXPECT_EQ(test, hf9c_session_error(peer->session), 0);
}

/* The string is in the call's own memory, and stays until it is released. */
static void strings(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *link = make_call(test, NP_TREADLINK);
	struct np_msg *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct caller caller;

	caller_start(&caller, peer, link);
	peer_gets(peer, NP_TREADLINK);
	r->type = NP_RREADLINK;
	r->rreadlink.target.at = "../else/where";
	r->rreadlink.target.len = 13;
	peer_reply(peer, peer->t.tag, r);
	KUNIT_ASSERT_EQ(test, caller_wait(&caller), 0);
	KUNIT_EXPECT_EQ(test, link->reply.rreadlink.target.len, 13);
	KUNIT_EXPECT_EQ(test, memcmp(link->reply.rreadlink.target.at, "../else/where", 13), 0);
	hf9c_call_release(link);
	hf9c_call_release(link);
}

static void out_of_order(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer[3];
	struct hf9c_call *call[3];
	struct caller caller[3];
	u16 tag[3];
	int i;

	for (i = 0; i < 3; i++) {
		buffer[i] = kunit_kzalloc(test, 5000, GFP_KERNEL);
		call[i] = make_io(test, NP_TREAD, buffer[i], 5000);
		caller_start(&caller[i], peer, call[i]);
		peer_gets(peer, NP_TREAD);
		KUNIT_EXPECT_EQ(test, peer->t.tread.count, 5000);
		tag[i] = peer->t.tag;
	}
	for (i = 2; i >= 0; i--) {
		peer_reads(peer, tag[i], 5000 - i, 5000 - i);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller[i]), 0);
		KUNIT_EXPECT_EQ(test, call[i]->reply.payload.count, 5000 - i);
		KUNIT_EXPECT_TRUE(test, bytes_are(buffer[i], tag[i], 5000 - i));
	}
}

static void writes(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct np_msg *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u8 *buffer = kunit_kmalloc(test, 9000, GFP_KERNEL);
	struct hf9c_call *call = make_io(test, NP_TWRITE, buffer, 9000);
	struct caller caller;
	u32 count;

	payload_fill(buffer, 3, 9000);
	for (count = 9000; count <= 9001; count++) {
		caller_start(&caller, peer, call);
		peer_gets(peer, NP_TWRITE);
		KUNIT_EXPECT_EQ(test, peer->t.payload.count, 9000);
		KUNIT_EXPECT_EQ(test, memcmp(peer->frame + peer->t.payload.at, buffer, 9000), 0);
		r->type = NP_RWRITE;
		r->rwrite.count = count;
		peer_reply(peer, peer->t.tag, r);
		/* No server has written more than it was sent. */
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), count == 9000 ? 0 : -EIO);
	}
	KUNIT_EXPECT_EQ(test, hf9c_session_error(peer->session), 0);
}

/* Nothing is sent, and the session goes on. */
static void cannot_be_sent(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *name = make_call(test, NP_TMKDIR), *read;
	char *letters = kunit_kmalloc(test, 300, GFP_KERNEL);

	memset(letters, 'x', 300);
	name->ask.tmkdir.name.at = letters;
	name->ask.tmkdir.name.len = 256;
	KUNIT_EXPECT_EQ(test, hf9c_call_wait(peer->session, name), -ENAMETOOLONG);
	name->ask.tmkdir.name.len = 0;
	KUNIT_EXPECT_EQ(test, hf9c_call_wait(peer->session, name), -ENOENT);
	hf9c_call_init(name, NP_TCAPS);
	KUNIT_EXPECT_EQ(test, hf9c_call_wait(peer->session, name), -EOPNOTSUPP);
	read = make_io(test, NP_TREAD, letters, 300);
	read->ask.tread.count = CLIENT_MSIZE - NP_RREAD_HEAD + 1;
	KUNIT_EXPECT_EQ(test, hf9c_call_wait(peer->session, read), -EMSGSIZE);
	/* A name that is as long as it may be has memory of its own. */
	hf9c_call_init(name, NP_TMKDIR);
	name->ask.tmkdir.name.at = letters;
	name->ask.tmkdir.name.len = 255;
	{
		struct caller caller;

		caller_start(&caller, peer, name);
		peer_gets(peer, NP_TMKDIR);
		KUNIT_EXPECT_EQ(test, peer->t.tmkdir.name.len, 255);
		peer_reply_type(peer, peer->t.tag, NP_RMKDIR);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), 0);
	}
}

/* ---------------------------------------------------------------------- the table */

struct many {
	struct peer *peer;
	unsigned int count;
	struct hf9c_call **call;
	struct async *async;
	u16 *tag;
	u8 *buffer;
};

/* As many reads as may be in flight, and one more. */
static void fill_table(struct kunit *test, struct many *many)
{
	struct peer *peer = peer_open(test, &client_options);
	unsigned int i, credits = hf9c_session_credits(peer->session);

	many->peer = peer;
	many->count = credits + 1;
	many->call = kunit_kcalloc(test, many->count, sizeof(*many->call), GFP_KERNEL);
	many->async = kunit_kcalloc(test, many->count, sizeof(*many->async), GFP_KERNEL);
	many->tag = kunit_kcalloc(test, many->count, sizeof(*many->tag), GFP_KERNEL);
	many->buffer = kunit_kzalloc(test, many->count, GFP_KERNEL);
	for (i = 0; i < many->count; i++) {
		many->call[i] = make_io(test, NP_TREAD, many->buffer + i, 1);
		many->call[i]->ask.tread.offset = i;
		async_start(peer, many->call[i], &many->async[i]);
		if (i == credits)
			break;
		peer_gets(peer, NP_TREAD);
		KUNIT_ASSERT_EQ(test, peer->t.tread.offset, i);
		many->tag[i] = peer->t.tag;
	}
}

static void drain_table(struct kunit *test, struct many *many, unsigned int from)
{
	unsigned int i;

	for (i = from; i < many->count; i++) {
		peer_reads(many->peer, many->tag[i], 1, 1);
		KUNIT_EXPECT_EQ(test, async_wait(test, &many->async[i]), 0);
	}
}

static void table_full(struct kunit *test)
{
	unsigned int last;
	struct many many;

	fill_table(test, &many);
	last = many.count - 1;
	peer_reads(many.peer, many.tag[0], 1, 1);
	KUNIT_EXPECT_EQ(test, async_wait(test, &many.async[0]), 0);
	peer_gets(many.peer, NP_TREAD);
	KUNIT_EXPECT_EQ(test, many.peer->t.tread.offset, last);
	many.tag[last] = many.peer->t.tag;
	drain_table(test, &many, 1);
}

/* Reads keep neither metadata nor a Tclunk nor a Tflush from going out. */
static void reserve(struct kunit *test)
{
	struct async async[2];
	struct many many;
	u16 flush, tag;

	fill_table(test, &many);
	async_start(many.peer, make_call(test, NP_TGETATTR), &async[0]);
	peer_gets(many.peer, NP_TGETATTR);
	tag = many.peer->t.tag;
	async_start(many.peer, make_call(test, NP_TCLUNK), &async[1]);
	peer_gets(many.peer, NP_TCLUNK);
	peer_reply_type(many.peer, many.peer->t.tag, NP_RCLUNK);
	KUNIT_EXPECT_EQ(test, async_wait(test, &async[1]), 0);
	peer_reply_type(many.peer, tag, NP_RGETATTR);
	KUNIT_EXPECT_EQ(test, async_wait(test, &async[0]), 0);
	hf9c_call_cancel(many.peer->session, many.call[0], &many.async[0]);
	flush = peer_gets_flush(many.peer, many.tag[0]);
	peer_reply_type(many.peer, flush, NP_RFLUSH);
	KUNIT_EXPECT_EQ(test, async_wait(test, &many.async[0]), -EINTR);
	peer_gets(many.peer, NP_TREAD);
	many.tag[many.count - 1] = many.peer->t.tag;
	drain_table(test, &many, 1);
}

/* One that waits for a tag is cancelled, or meets the end. */
static void waits_for_a_tag(struct kunit *test)
{
	unsigned int last;
	struct many many;

	fill_table(test, &many);
	last = many.count - 1;
	hf9c_call_cancel(many.peer->session, many.call[last], &many.async[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&many.async[last].times), 0);
	hf9c_call_cancel(many.peer->session, many.call[last], &many.async[last]);
	KUNIT_EXPECT_EQ(test, async_wait(test, &many.async[last]), -EINTR);
	async_start(many.peer, many.call[last], &many.async[last]);
	hf9c_abort(many.peer->session);
	for (last = 0; last < many.count; last++) {
		KUNIT_EXPECT_EQ(test, async_wait(test, &many.async[last]), -EIO);
		KUNIT_EXPECT_EQ(test, atomic_read(&many.async[last].times), 1);
	}
}

/* As many as can be in flight are there from the beginning. */
static void pool(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	unsigned int i, credits = hf9c_session_credits(peer->session);
	struct hf9c_call **calls = kunit_kcalloc(test, credits, sizeof(*calls), GFP_KERNEL);

	for (i = 0; i < credits; i++) {
		calls[i] = hf9c_io_get(peer->session, NP_TWRITE);
		KUNIT_ASSERT_NOT_NULL(test, calls[i]);
	}
	KUNIT_EXPECT_NULL(test, hf9c_io_get(peer->session, NP_TREAD));
	hf9c_io_put(peer->session, calls[0]);
	calls[0] = hf9c_io_get(peer->session, NP_TREAD);
	KUNIT_ASSERT_NOT_NULL(test, calls[0]);
	KUNIT_EXPECT_EQ(test, calls[0]->ask.type, NP_TREAD);
	for (i = 0; i < credits; i++)
		hf9c_io_put(peer->session, calls[i]);
}

/* Of no bytes, and as hf9c_call_init() leaves it. */
static void empty_payload(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct async async;
	u8 type;

	for (type = NP_TREAD; type <= NP_TWRITE; type += NP_TWRITE - NP_TREAD) {
		async_start(peer, make_call(test, type), &async);
		peer_gets(peer, type);
		if (type == NP_TREAD)
			peer_reads(peer, peer->t.tag, 0, 0);
		else
			peer_reply_type(peer, peer->t.tag, NP_RWRITE);
		KUNIT_EXPECT_EQ(test, async_wait(test, &async), 0);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(answered),
	KUNIT_CASE(error),
	KUNIT_CASE(strings),
	KUNIT_CASE(out_of_order),
	KUNIT_CASE(writes),
	KUNIT_CASE(cannot_be_sent),
	KUNIT_CASE(empty_payload),
	KUNIT_CASE(table_full),
	KUNIT_CASE(reserve),
	KUNIT_CASE(waits_for_a_tag),
	KUNIT_CASE(pool),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_call",
	.test_cases = cases,
};

kunit_test_suite(suite);
