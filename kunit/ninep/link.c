// SPDX-License-Identifier: GPL-2.0-only
/* The link with a peer that keeps the rules: what arrives, in what order, and when not. */
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../threads.h"
#include "end.h"

#define COUNT 60

/* A link, and a raw socket that sends to it. */
static struct end *against_raw(struct kunit *test, int family, struct socket **raw)
{
	struct socket *ends[2];

	connect_pair(test, &init_net, family, ends);
	*raw = ends[0];
	return end_open(test, ends[1], NP_SERVER);
}

static void pair_of_links(struct kunit *test, int family, struct end **client,
			  struct end **server)
{
	struct socket *ends[2];

	connect_pair(test, &init_net, family, ends);
	*client = end_open(test, ends[0], NP_CLIENT);
	*server = end_open(test, ends[1], NP_SERVER);
}

static void all_is_well(struct kunit *test, const struct end *end, unsigned int got)
{
	KUNIT_EXPECT_EQ(test, end->got, got);
	KUNIT_EXPECT_EQ(test, end->wrong, 0);
	KUNIT_EXPECT_EQ(test, end->error, 0);
	KUNIT_EXPECT_EQ(test, hf_link_error(&end->link), 0);
}

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
	all_is_well(test, to, COUNT);
	KUNIT_EXPECT_EQ(test, atomic_read(&from->sent), COUNT);
	KUNIT_EXPECT_EQ(test, from->error, 0);
}

/* Payloads are referred to, or copied where they are small. */
static void both_ways(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;

	pair_of_links(test, family->family, &client, &server);
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
		pair_of_links(test, family->family, &client, &server);
		one_way(test, client, server, most[i]);
		end_release(client);
		end_release(server);
	}
}

/* Messages 0 to 3, of which 2 has a payload of 4096 bytes; in one piece. */
#define STREAM (11 + 19 + 23 + 4096 + 11)

static u8 *make_stream(struct kunit *test)
{
	u8 *stream = kunit_kmalloc(test, STREAM, GFP_KERNEL), *at = stream;
	unsigned int number;

	KUNIT_ASSERT_NOT_NULL(test, stream);
	for (number = 0; number < 4; number++) {
		struct message message;

		message_make(&message, NP_SERVER, number);
		memcpy(at, message.head, message.head_bytes);
		at += message.head_bytes;
		payload_fill(at, number, message.payload_bytes);
		at += message.payload_bytes;
	}
	KUNIT_ASSERT_PTR_EQ(test, at, stream + STREAM);
	return stream;
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
	all_is_well(test, end, 4);
	end->got = 0;
}

static void small_pieces(struct kunit *test)
{
	const struct family *family = test->param_value;
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, family->family, &raw);

	in_pieces(test, end, raw, stream, STREAM);
	in_pieces(test, end, raw, stream, 1);
	in_pieces(test, end, raw, stream, 7);
	in_pieces(test, end, raw, stream, 4096);
	sock_release(raw);
}

/* In two, at each byte of the heads and at some of the payload. */
static void split(struct kunit *test)
{
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, AF_UNIX, &raw);
	u32 at;

	for (at = 1; at < STREAM; at += at > 64 && at < STREAM - 64 ? 31 : 1) {
		raw_send(test, raw, stream, at);
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1000), HF_LINK_EMPTY);
		raw_send(test, raw, stream + at, STREAM - at);
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1000), HF_LINK_EMPTY);
		all_is_well(test, end, 4);
		end->got = 0;
	}
	sock_release(raw);
}

static void budget(struct kunit *test)
{
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, AF_UNIX, &raw);
	unsigned int got;

	raw_send(test, raw, stream, STREAM);
	for (got = 1; got <= 4; got++) {
		KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_AGAIN);
		KUNIT_EXPECT_EQ(test, end->got, got);
	}
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 1), HF_LINK_EMPTY);
	all_is_well(test, end, 4);
	sock_release(raw);
}

/* Each message is offered until it is taken, and the next not before. */
static void not_now(struct kunit *test)
{
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, AF_UNIX, &raw);
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
	all_is_well(test, end, 4);
	sock_release(raw);
}

/* Who takes nothing is told all the same that the peer has gone. */
static void held_and_gone(struct kunit *test)
{
	const struct family *family = test->param_value;
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, family->family, &raw);
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

	pair_of_links(test, family->family, &client, &server);
	small_buffers(client);
	small_buffers(server);
	for (number = 0; number < 600; number++)
		end_send(client, number);
	KUNIT_EXPECT_LT(test, atomic_read(&client->sent), 600);
	ends_carry(client, server, 600);
	all_is_well(test, server, 600);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 600);
	KUNIT_EXPECT_EQ(test, client->error, 0);
}

/* What the sender lacks is memory, and nobody tells when there is some. */
static void no_memory(struct kunit *test)
{
	static const int errors[] = { -ENOBUFS, -ENOMEM, -EAGAIN };
	struct end *client, *server;
	unsigned int i;

	pair_of_links(test, AF_UNIX, &client, &server);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		limit_sends(client, U32_MAX, 5, errors[i]);
		atomic_set(&client->ready, 0);
		end_send(client, i);
		KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), i);
		end_push(client, i + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&client->failures), 0);
	}
	end_receive(server, i);
	all_is_well(test, server, i);
	KUNIT_EXPECT_EQ(test, client->error, 0);
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

	pair_of_links(test, family->family, &client, &server);
	server->same = SAME;
	crew.private = client;
	crew_start(&crew, THREADS);
	ends_carry(client, server, 100 * THREADS);
	crew_wait(&crew, THREADS);
	all_is_well(test, server, 100 * THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 100 * THREADS);
	KUNIT_EXPECT_EQ(test, client->error, 0);
}

/* The caller was killed in the midst of a payload: its memory is its own again. */
static void discard(struct kunit *test)
{
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, AF_UNIX, &raw);
	u8 *bytes = page_address(end->pages);
	u32 half = 11 + 19 + 23 + 1000, at;

	raw_send(test, raw, stream, half);
	hf_link_receive(&end->link, 9);
	KUNIT_EXPECT_EQ(test, end->got, 2);
	KUNIT_EXPECT_EQ(test, end->count, 4096);
	KUNIT_EXPECT_EQ(test, bytes[999], payload_byte(2, 999));
	/* Another's. */
	hf_link_discard(&end->link, 3);
	raw_send(test, raw, stream + half, 1000);
	hf_link_receive(&end->link, 9);
	KUNIT_EXPECT_EQ(test, bytes[1999], payload_byte(2, 1999));
	hf_link_discard(&end->link, 2);
	memset(bytes, 0x5a, PAGES_BYTES);
	raw_send(test, raw, stream + half + 1000, STREAM - half - 1000);
	hf_link_receive(&end->link, 9);
	for (at = 0; at < PAGES_BYTES && bytes[at] == 0x5a; at++)
		;
	KUNIT_EXPECT_EQ(test, at, PAGES_BYTES);
	/* Handed over all the same; and the next is right. */
	KUNIT_EXPECT_EQ(test, end->got, 4);
	KUNIT_EXPECT_EQ(test, end->wrong, 1);
	sock_release(raw);
}

#define CACHE_PAGES 8

static void fill_cache(struct kunit *test, struct xarray *cache)
{
	unsigned int i;

	xa_init(cache);
	for (i = 3; i < 3 + CACHE_PAGES; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_EQ(test, xa_err(xa_store(cache, i, page, GFP_KERNEL)), 0);
	}
}

static void empty_cache(struct xarray *cache)
{
	struct page *page;
	unsigned long i;

	xa_for_each(cache, i, page)
		put_page(page);
	xa_destroy(cache);
}

/* From one page cache to another, as a client has them: they begin within a page. */
static void page_cache(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;
	struct xarray from, to;
	unsigned int number;

	fill_cache(test, &from);
	fill_cache(test, &to);
	pair_of_links(test, family->family, &client, &server);
	client->cache = &from;
	server->cache = &to;
	/* Of 9000 bytes, and of 2048. */
	for (number = 17; number >= 14; number -= 3) {
		server->same = number;
		end_send(client, number);
		ends_carry(client, server, server->got + 1);
	}
	all_is_well(test, server, 2);
	empty_cache(&from);
	empty_cache(&to);
}

static void agree(struct kunit *test)
{
	const u8 *stream = make_stream(test);
	struct socket *raw;
	struct end *end = against_raw(test, AF_UNIX, &raw);

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
	KUNIT_CASE_PARAM(small_pieces, next_family),
	KUNIT_CASE(split),
	KUNIT_CASE(budget),
	KUNIT_CASE(not_now),
	KUNIT_CASE_PARAM(held_and_gone, next_family),
	KUNIT_CASE_PARAM(slow_reader, next_family),
	KUNIT_CASE(no_memory),
	KUNIT_CASE_PARAM(several_senders, next_family),
	KUNIT_CASE(discard),
	KUNIT_CASE_PARAM(page_cache, next_family),
	KUNIT_CASE(agree),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link",
	.test_cases = cases,
};

kunit_test_suite(suite);
