// SPDX-License-Identifier: GPL-2.0-only
/* The memory that the link's user gives it: who reads and writes it, until when. */
#include <linux/iopoll.h>
#include <linux/mm.h>

#include "end.h"

/* The caller was killed in the midst of a payload: its memory is its own again. */
static void discard(struct kunit *test)
{
	const u8 *stream = stream_make(test);
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);
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
	end_pair(test, family->family, &client, &server);
	client->cache = &from;
	server->cache = &to;
	/* Of 9000 bytes, and of 2048. */
	for (number = 17; number >= 14; number -= 3) {
		server->same = number;
		end_send(client, number);
		ends_carry(client, server, server->got + 1);
	}
	end_is_well(server, 2);
	empty_cache(&from);
	empty_cache(&to);
}

/* The test's own, so that it can look at it afterwards. */
struct loan {
	struct hf_link_out out;
	struct message message;
	struct bio_vec vec;
	struct page *page;
	unsigned int sent;
};

static void given_back(struct hf_link *link, struct hf_link_out *out, int error)
{
	container_of(out, struct loan, out)->sent++;
}

/* Message @number, whose payload has room in one page. */
static struct loan *lend(struct kunit *test, struct end *end, unsigned int number)
{
	struct loan *loan = kunit_kzalloc(test, sizeof(*loan), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, loan);
	message_make(&loan->message, NP_SERVER, number);
	loan->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, loan->page);
	payload_fill(page_address(loan->page), number, loan->message.payload_bytes);
	bvec_set_page(&loan->vec, loan->page, loan->message.payload_bytes, 0);
	iov_iter_bvec(&loan->out.payload, ITER_SOURCE, &loan->vec, 1,
		      loan->message.payload_bytes);
	loan->out.head = loan->message.head;
	loan->out.head_bytes = loan->message.head_bytes;
	loan->out.sent = given_back;
	hf_link_send(&end->link, &loan->out);
	KUNIT_EXPECT_EQ(test, loan->sent, 1);
	return loan;
}

static bool referred_to(const struct loan *loan)
{
	return page_count(loan->page) > 1;
}

/* TCP's acknowledgement has to come first; nobody tells. */
static bool let_go(const struct loan *loan)
{
	bool others;

	return !read_poll_timeout(referred_to, others, !others, 1000,
				  60 * USEC_PER_SEC, false, loan);
}

/* Large payloads are not copied, but by vsock; and the network gives them back. */
static void referred(struct kunit *test)
{
	const struct family *family = test->param_value;
	/* Of 4096 bytes, 2047, and 2048. */
	static const unsigned int numbers[] = { 2, 11, 14 };
	struct end *client, *server;
	unsigned int i;

	end_pair(test, family->family, &client, &server);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct loan *loan = lend(test, client, numbers[i]);
		bool large = loan->message.payload_bytes >= 2048;

		/* Nobody has received it. */
		if (family->family == AF_UNIX)
			KUNIT_EXPECT_EQ(test, referred_to(loan), large);
		if (family->family == AF_VSOCK || !large)
			KUNIT_EXPECT_FALSE(test, referred_to(loan));
		server->same = numbers[i];
		end_receive(server, i + 1);
		KUNIT_EXPECT_TRUE(test, let_go(loan));
		put_page(loan->page);
	}
	end_is_well(server, ARRAY_SIZE(numbers));
}

/* A socket that looks at who calls it: memory that does I/O may wait for who sends. */
static struct {
	struct proto_ops ops;
	const struct proto_ops *real;
	unsigned int calls, io;
} watched;

static const struct proto_ops *watch(void)
{
	watched.calls++;
	if (!(current->flags & PF_MEMALLOC_NOIO))
		watched.io++;
	return watched.real;
}

static int watched_sendmsg(struct socket *sock, struct msghdr *msg, size_t bytes)
{
	return watch()->sendmsg(sock, msg, bytes);
}

static int watched_shutdown(struct socket *sock, int how)
{
	return watch()->shutdown(sock, how);
}

static int watched_release(struct socket *sock)
{
	return watch()->release(sock);
}

/* Families that do not look at sk_allocation (vsock) allocate under the socket's lock. */
static void no_io(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;
	struct socket *sock;

	end_pair(test, family->family, &client, &server);
	sock = client->link.socket.sock;
	watched.calls = 0;
	watched.io = 0;
	watched.real = sock->ops;
	watched.ops = *sock->ops;
	watched.ops.sendmsg = watched_sendmsg;
	watched.ops.shutdown = watched_shutdown;
	watched.ops.release = watched_release;
	WRITE_ONCE(sock->ops, &watched.ops);
	end_send(client, 0);
	KUNIT_EXPECT_EQ(test, watched.calls, 1);
	hf_link_shutdown(&client->link);
	KUNIT_EXPECT_EQ(test, watched.calls, 2);
	end_release(client);
	KUNIT_EXPECT_GE(test, watched.calls, 3);
	KUNIT_EXPECT_EQ(test, watched.io, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(discard),
	KUNIT_CASE_PARAM(page_cache, next_family),
	KUNIT_CASE_PARAM(referred, next_family),
	KUNIT_CASE_PARAM(no_io, next_family),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link_memory",
	.test_cases = cases,
};

kunit_test_suite(suite);
