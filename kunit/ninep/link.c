// SPDX-License-Identifier: GPL-2.0-only
/* The link with a peer that keeps the rules: what arrives, in what order, and when not. */
#include <net/sock.h>

#include "../threads.h"
#include "end.h"

#define COUNT 60

static void send_all(struct crew *crew, unsigned int nr)
{
	struct end *end = crew->private;
	unsigned int number;

	for (number = 0; number < COUNT; number++)
		end_send(end, number);
	end_push(end, COUNT);
}

/* One way, at most @most bytes a call. */
static void one_way(struct kunit *test, struct end *from, struct end *to, u32 most)
{
	struct crew crew = { .test = test, .work = send_all, .private = from };

	limit_sends(from, most, 0, 0);
	crew_start(&crew, 1);
	end_receive(to, COUNT);
	crew_wait(&crew, 1);
	end_is_well(to, COUNT);
	KUNIT_EXPECT_EQ(test, atomic_read(&from->sent), COUNT);
	KUNIT_EXPECT_EQ(test, from->error, 0);
}

/* Payloads are referred to, or copied where they are small. */
static void both_ways(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;

	end_pair(test, family->family, &client, &server);
	one_way(test, client, server, U32_MAX);
	one_way(test, server, client, U32_MAX);
}

/* The socket takes less than it is given. */
static void short_sends(struct kunit *test)
{
	const struct family *family = test->param_value;
	static const u32 most[] = { 1000, 4099 };
	struct end *client, *server;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(most); i++) {
		end_pair(test, family->family, &client, &server);
		one_way(test, client, server, most[i]);
		end_release(client);
		end_release(server);
	}
}

/* Not even a head at once. */
static void short_heads(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;
	unsigned int number;

	end_pair(test, family->family, &client, &server);
	limit_sends(client, 5, 0, 0);
	for (number = 0; number < 3; number++)
		end_send(client, number);
	ends_carry(client, server, 3);
	end_is_well(server, 3);
}

/* In pieces of @piece bytes, each received before the next is sent. */
static void in_pieces(struct kunit *test, struct end *end, struct socket *raw,
		      const u8 *stream, u32 piece)
{
	u32 at, bytes;

	for (at = 0; at < STREAM; at += bytes) {
		/* The midst of a payload need not be quite so slow. */
		bytes = piece < 7 && at > 64 && at < STREAM - 200 ? 101 : piece;
		bytes = min(bytes, STREAM - at);
		raw_send(test, raw, stream + at, bytes);
		hf_link_receive(&end->link, 1000);
	}
	end_receive(end, 4);
	end_is_well(end, 4);
	end->got = 0;
}

static void small_pieces(struct kunit *test)
{
	const struct family *family = test->param_value;
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, family->family, NP_SERVER, &raw);

	in_pieces(test, end, raw, stream, STREAM);
	in_pieces(test, end, raw, stream, 1);
	in_pieces(test, end, raw, stream, 7);
	in_pieces(test, end, raw, stream, 4096);
	sock_release(raw);
}

/* In two, at each byte of the heads and at some of the payload. */
static void split(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);
	u32 at;

	for (at = 1; at < STREAM; at += at > 64 && at < STREAM - 64 ? 31 : 1) {
		raw_send(test, raw, stream, at);
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1000), HF_LINK_EMPTY);
		raw_send(test, raw, stream + at, STREAM - at);
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1000), HF_LINK_EMPTY);
		end_is_well(end, 4);
		end->got = 0;
	}
	sock_release(raw);
}

static void budget(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);
	unsigned int got;

	raw_send(test, raw, stream, STREAM);
	for (got = 1; got <= 4; got++) {
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_AGAIN);
		KUNIT_EXPECT_EQ(test, end->got, got);
	}
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_EMPTY);
	end_is_well(end, 4);
	sock_release(raw);
}

/* Each message is offered until it is taken, and the next not before. */
static void not_now(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);
	unsigned int got;

	raw_send(test, raw, stream, STREAM);
	for (got = 0; got < 4; got++) {
		end->verdict = HF_LINK_NOT_NOW;
		end->asked = 0;
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_HELD);
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_HELD);
		KUNIT_EXPECT_EQ(test, end->asked, 2);
		KUNIT_EXPECT_EQ(test, end->got, got);
		end->verdict = HF_LINK_TAKEN;
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_AGAIN);
	}
	end_is_well(end, 4);
	sock_release(raw);
}

/* Who takes nothing is told all the same that the peer has gone. */
static void held_and_gone(struct kunit *test)
{
	const struct family *family = test->param_value;
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, family->family, NP_SERVER, &raw);
	enum hf_link_status status;

	raw_send(test, raw, stream, STREAM);
	end->verdict = HF_LINK_NOT_NOW;
	KUNIT_EXPECT_EQ(test, end_receive(end, 1), HF_LINK_HELD);
	KUNIT_EXPECT_EQ(test, hf_link_error(&end->link), 0);
	sock_release(raw);
	do
		status = hf_link_receive(&end->link, 1);
	while (status == HF_LINK_HELD && end_wait(end));
	KUNIT_EXPECT_EQ(test, status, HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&end->link), -EPIPE);
	KUNIT_EXPECT_EQ(test, end->got, 0);
}

/* What is on its way is far less than what is to be sent. */
static void small_buffers(struct end *end)
{
	struct sock *sk = end->link.socket.sock->sk;

	lock_sock(sk);
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK;
	WRITE_ONCE(sk->sk_sndbuf, 128 * 1024);
	WRITE_ONCE(sk->sk_rcvbuf, 128 * 1024);
	release_sock(sk);
}

/* A peer that does not read: nobody waits for it, and nothing is lost. */
static void slow_reader(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;
	unsigned int number;

	end_pair(test, family->family, &client, &server);
	small_buffers(client);
	small_buffers(server);
	for (number = 0; number < 600; number++)
		end_send(client, number);
	KUNIT_EXPECT_LT(test, atomic_read(&client->sent), 600);
	ends_carry(client, server, 600);
	end_is_well(server, 600);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 600);
	KUNIT_EXPECT_EQ(test, client->error, 0);
}

/* What the sender lacks is memory, and nobody tells when there is some. */
static void no_memory(struct kunit *test)
{
	static const int errors[] = { -ENOBUFS, -ENOMEM, -EAGAIN };
	struct end *client, *server;
	unsigned int i;

	end_pair(test, AF_UNIX, &client, &server);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		limit_sends(client, U32_MAX, 5, errors[i]);
		atomic_set(&client->ready, 0);
		end_send(client, i);
		KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), i);
		end_push(client, i + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&client->failures), 0);
	}
	end_receive(server, i);
	end_is_well(server, i);
	KUNIT_EXPECT_EQ(test, client->error, 0);
}

/* In the order in which they were queued; and by whoever sends. */
static void queued(struct kunit *test)
{
	struct end *client, *server;
	unsigned int number;

	end_pair(test, AF_UNIX, &client, &server);
	for (number = 0; number < 3; number++)
		end_queue(client, number);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 0);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&server->link, 9), HF_LINK_EMPTY);
	hf_link_push(&client->link);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 3);
	end_queue(client, 3);
	end_send(client, 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 5);
	end_receive(server, 5);
	end_is_well(server, 5);
}

/* Whether to come again: for what is here, or in the socket, or the end. */
static void has_more(struct kunit *test)
{
	const struct family *family = test->param_value;
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, family->family, NP_SERVER, &raw);

	KUNIT_EXPECT_FALSE(test, hf_link_has_more(&end->link));
	raw_send(test, raw, stream, 11 + 19 + 3);
	KUNIT_EXPECT_TRUE(test, end_wait(end));
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
	end_receive(end, 1);
	while (end->got < 2)
		end_receive(end, 2);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_EMPTY);
	KUNIT_EXPECT_FALSE(test, hf_link_has_more(&end->link));
	atomic_set(&end->ready, 0);
	sock_release(raw);
	KUNIT_EXPECT_TRUE(test, end_wait(end));
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
	KUNIT_EXPECT_EQ(test, end_receive_all(end), HF_LINK_ENDED);
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
	hf_link_shutdown(&end->link);
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
}

/* What waits in the stage is not in the socket any more. */
static void has_more_here(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);

	raw_send(test, raw, stream, 11 + 19);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_AGAIN);
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_AGAIN);
	KUNIT_EXPECT_FALSE(test, hf_link_has_more(&end->link));
	/* The socket is well, the link is not. */
	limit_sends(end, U32_MAX, 1, -EIO);
	end_send(end, 0);
	KUNIT_EXPECT_TRUE(test, hf_link_has_more(&end->link));
	sock_release(raw);
}

/* Room that comes while a send finds none is used by that send: nobody else pushes. */
static void room_comes(struct kunit *test)
{
	struct end *client, *server;
	unsigned int failures;

	end_pair(test, AF_UNIX, &client, &server);
	client->room_comes = true;
	for (failures = 1; failures <= 4; failures++) {
		limit_sends(client, U32_MAX, failures, -EAGAIN);
		end_send(client, failures - 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), failures);
	}
	end_receive(server, 4);
	end_is_well(server, 4);
}

/* Whose messages come first is open, so all are the same: of 100,000 bytes. */
#define SAME 20

static void send_some(struct crew *crew, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		end_send(crew->private, SAME);
}

/* No message is within another. */
static void several_senders(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct crew crew = { .test = test, .work = send_some };
	struct end *client, *server;

	end_pair(test, family->family, &client, &server);
	server->same = SAME;
	crew.private = client;
	crew_start(&crew, THREADS);
	ends_carry(client, server, 100 * THREADS);
	crew_wait(&crew, THREADS);
	end_is_well(server, 100 * THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 100 * THREADS);
	KUNIT_EXPECT_EQ(test, client->error, 0);
}

static void agree(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);

	end->agree = 23 + 4095;
	raw_send(test, raw, stream, STREAM);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_fault(&end->link), NP_FRAME_LONG);
	KUNIT_EXPECT_EQ(test, end->got, 2);
	sock_release(raw);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(both_ways, next_family),
	KUNIT_CASE_PARAM(short_sends, next_family),
	KUNIT_CASE_PARAM(short_heads, next_family),
	KUNIT_CASE_PARAM(small_pieces, next_family),
	KUNIT_CASE(split),
	KUNIT_CASE(budget),
	KUNIT_CASE(not_now),
	KUNIT_CASE_PARAM(held_and_gone, next_family),
	KUNIT_CASE_PARAM(slow_reader, next_family),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(room_comes),
	KUNIT_CASE_PARAM(several_senders, next_family),
	KUNIT_CASE(queued),
	KUNIT_CASE_PARAM(has_more, next_family),
	KUNIT_CASE(has_more_here),
	KUNIT_CASE(agree),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link",
	.test_cases = cases,
};

kunit_test_suite(suite);
