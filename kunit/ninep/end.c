// SPDX-License-Identifier: GPL-2.0-only
/* See end.h. */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "end.h"

/* A guest that emulates its processor is slow; nothing that passes waits so long. */
#define LONG	(60 * HZ)

static const u32 sizes[] = { 4096, 0, 1, 2047, 2048, 9000, 100000, 65536, 4095, 12 };

u8 payload_byte(unsigned int number, u32 at)
{
	return number * 7 + at + (at >> 8);
}

void payload_fill(u8 *bytes, unsigned int number, u32 count)
{
	u32 at;

	for (at = 0; at < count; at++)
		bytes[at] = payload_byte(number, at);
}

/* A clunk or its reply, a getattr, a write, a read's reply. */
void message_make(struct message *message, enum np_side side, unsigned int number)
{
	bool server = side == NP_SERVER, payload = number % 3 == 2;
	u8 type = payload ? server ? NP_TWRITE : NP_RREAD :
		  server  ? number % 3 ? NP_TGETATTR : NP_TCLUNK : NP_RCLUNK;
	u32 head = payload ? np_head_size(type, NP_DOTL) :
		   type == NP_TGETATTR ? 19 : type == NP_TCLUNK ? 11 : 7;
	u32 count = payload ? sizes[number / 3 % ARRAY_SIZE(sizes)] : 0;

	memset(message->head, number, sizeof(message->head));
	put_unaligned_le32(head + count, message->head);
	message->head[4] = type;
	put_unaligned_le16(number, message->head + 5);
	if (payload)
		put_unaligned_le32(count, message->head + head - 4);
	message->head_bytes = head;
	message->payload_bytes = count;
}

u8 *stream_make(struct kunit *test)
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

static struct end *end_of(struct hf_link *link)
{
	return container_of(link, struct end, link);
}

static void ready(struct hf_link *link)
{
	struct end *end = end_of(link), *peer = READ_ONCE(end->peer);

	atomic_inc(&end->ready);
	wake_up(&end->wait);
	if (peer)
		wake_up(&peer->wait);
}

static unsigned int expected(const struct end *end)
{
	return end->same ?: end->got;
}

/* Its number is its tag, as far as that goes. */
static void judge(struct end *end, const void *head, u32 bytes, u32 count)
{
	struct message wanted;

	message_make(&wanted, end->side, expected(end));
	if (bytes != wanted.head_bytes || memcmp(head, wanted.head, bytes) ||
	    count != wanted.payload_bytes)
		end->wrong++;
}

static void got_one(struct end *end)
{
	WRITE_ONCE(end->got, end->got + 1);
	wake_up(&end->wait);
}

static enum hf_link_verdict message(struct hf_link *link, const void *frame, u32 bytes)
{
	struct end *end = end_of(link);

	end->asked++;
	if (end->verdict != HF_LINK_TAKEN)
		return end->verdict;
	judge(end, frame, bytes, 0);
	if (end->agree)
		hf_link_agree(link, NP_DOTL, end->agree);
	got_one(end);
	return HF_LINK_TAKEN;
}

static enum hf_link_verdict place(struct hf_link *link, const void *head, u32 bytes,
				  u32 count, struct iov_iter *to)
{
	struct end *end = end_of(link);

	end->asked++;
	if (end->verdict != HF_LINK_TAKEN)
		return end->verdict;
	judge(end, head, bytes, count);
	memset(page_address(end->pages), 0xa5, PAGES_BYTES);
	end->count = count;
	bvec_set_page(&end->vec, end->pages, end->room, 0);
	iov_iter_bvec(to, ITER_DEST, &end->vec, 1, end->room);
	if (end->cache)
		iov_iter_xarray(to, ITER_DEST, end->cache, CACHE_START, count);
	return HF_LINK_TAKEN;
}

/* Nothing before its end is missing, nothing behind it was written to. */
static void placed(struct hf_link *link)
{
	struct end *end = end_of(link);
	u8 *bytes = page_address(end->pages);
	struct iov_iter from;
	u32 at;

	if (end->cache) {
		iov_iter_xarray(&from, ITER_SOURCE, end->cache, CACHE_START, end->count);
		at = copy_from_iter(bytes, end->count, &from);
	}
	for (at = 0; at < end->count; at++)
		if (bytes[at] != payload_byte(expected(end), at))
			break;
	if (at != end->count || memchr_inv(bytes + at, 0xa5, PAGES_BYTES - at))
		end->wrong++;
	got_one(end);
}

static const struct hf_link_ops ops = {
	.ready		= ready,
	.message	= message,
	.place		= place,
	.placed		= placed,
};

static void release(void *data)
{
	struct end *end = data;

	end_release(end);
	__free_pages(end->pages, PAGES_ORDER);
}

struct end *end_open(struct kunit *test, struct socket *sock, enum np_side side)
{
	struct end *end = kunit_kzalloc(test, sizeof(*end), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, end);
	end->test = test;
	end->side = side;
	end->room = PAGES_BYTES;
	init_waitqueue_head(&end->wait);
	end->pages = alloc_pages(GFP_KERNEL | __GFP_COMP, PAGES_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, end->pages);
	KUNIT_ASSERT_EQ(test, hf_link_open(&end->link, sock, side, MSIZE, &ops), 0);
	end->open = true;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release, end), 0);
	return end;
}

void end_pair(struct kunit *test, int family, struct end **client, struct end **server)
{
	struct socket *ends[2];

	connect_pair(test, &init_net, family, ends);
	*client = end_open(test, ends[0], NP_CLIENT);
	*server = end_open(test, ends[1], NP_SERVER);
}

struct end *end_against_raw(struct kunit *test, int family, enum np_side side,
			    struct socket **raw)
{
	struct socket *ends[2];

	connect_pair(test, &init_net, family, ends);
	*raw = ends[0];
	return end_open(test, ends[1], side);
}

void end_release(struct end *end)
{
	if (end->open)
		hf_link_release(&end->link);
	end->open = false;
}

void end_is_well(const struct end *end, unsigned int got)
{
	KUNIT_EXPECT_EQ(end->test, end->got, got);
	KUNIT_EXPECT_EQ(end->test, end->wrong, 0);
	KUNIT_EXPECT_EQ(end->test, end->error, 0);
	KUNIT_EXPECT_EQ(end->test, hf_link_error(&end->link), 0);
}

bool end_wait(struct end *end)
{
	if (!wait_event_timeout(end->wait, atomic_read(&end->ready), LONG))
		return false;
	atomic_set(&end->ready, 0);
	return true;
}

enum hf_link_status end_receive(struct end *end, unsigned int got)
{
	enum hf_link_status status;

	for (;;) {
		status = hf_link_receive(&end->link, 3);
		if (status == HF_LINK_ENDED || status == HF_LINK_HELD)
			return status;
		if (end->got >= got)
			return status;
		if (status == HF_LINK_EMPTY && !end_wait(end)) {
			KUNIT_FAIL(end->test, "%u of %u messages came", end->got, got);
			return status;
		}
	}
}

enum hf_link_status end_receive_all(struct end *end)
{
	return end_receive(end, UINT_MAX);
}

/* The messages may be another thread's, which has sent them. */
static bool has_sent(struct end *end, unsigned int count)
{
	return atomic_read(&end->sent) >= count;
}

void end_push(struct end *end, unsigned int count)
{
	for (;;) {
		atomic_set(&end->ready, 0);
		hf_link_push(&end->link);
		if (!wait_event_timeout(end->wait, atomic_read(&end->ready) ||
					has_sent(end, count), LONG)) {
			KUNIT_FAIL(end->test, "%d of %u messages sent",
				   atomic_read(&end->sent), count);
			return;
		}
		if (has_sent(end, count))
			return;
	}
}

static bool any_ready(struct end *from, struct end *to)
{
	return atomic_read(&from->ready) || atomic_read(&to->ready);
}

static bool ended(const struct end *from, const struct end *to)
{
	return hf_link_error(&from->link) || hf_link_error(&to->link);
}

/* Each is called for its own sake only, so that no call stands in for a missing one. */
void ends_carry(struct end *from, struct end *to, unsigned int count)
{
	enum hf_link_status status = HF_LINK_AGAIN;

	WRITE_ONCE(from->peer, to);
	while (to->got < count && !ended(from, to)) {
		if (status != HF_LINK_AGAIN &&
		    !wait_event_timeout(to->wait, any_ready(from, to), LONG)) {
			KUNIT_FAIL(to->test, "%u of %u messages came", to->got, count);
			break;
		}
		if (atomic_xchg(&from->ready, 0))
			hf_link_push(&from->link);
		if (atomic_xchg(&to->ready, 0) || status == HF_LINK_AGAIN)
			status = hf_link_receive(&to->link, 3);
	}
	WRITE_ONCE(from->peer, NULL);
}

static void sent(struct hf_link *link, struct hf_link_out *out, int error)
{
	struct parcel *parcel = container_of(out, struct parcel, out);
	struct end *end = end_of(link);

	if (error)
		end->error = error;
	if (parcel->pages)
		__free_pages(parcel->pages, get_order(parcel->message.payload_bytes));
	kfree(parcel);
	atomic_inc(&end->sent);
	wake_up(&end->wait);
}

static void payload_to_cache(struct end *end, struct parcel *parcel, u32 count)
{
	struct iov_iter to;

	iov_iter_xarray(&to, ITER_DEST, end->cache, CACHE_START, count);
	WARN_ON(copy_to_iter(page_address(parcel->pages), count, &to) != count);
	iov_iter_xarray(&parcel->out.payload, ITER_SOURCE, end->cache, CACHE_START, count);
}

static struct parcel *make_parcel(struct end *end, unsigned int number)
{
	enum np_side peer = end->side == NP_SERVER ? NP_CLIENT : NP_SERVER;
	struct parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL);
	u32 count;

	if (WARN_ON(!parcel))
		return NULL;
	message_make(&parcel->message, peer, number);
	count = parcel->message.payload_bytes;
	parcel->out.head = parcel->message.head;
	parcel->out.head_bytes = parcel->message.head_bytes;
	parcel->out.sent = sent;
	if (count) {
		parcel->pages = alloc_pages(GFP_KERNEL | __GFP_COMP, get_order(count));
		if (WARN_ON(!parcel->pages)) {
			kfree(parcel);
			return NULL;
		}
		payload_fill(page_address(parcel->pages), number, count);
		bvec_set_page(&parcel->vec, parcel->pages, count, 0);
	}
	iov_iter_bvec(&parcel->out.payload, ITER_SOURCE, &parcel->vec, 1, count);
	if (end->cache)
		payload_to_cache(end, parcel, count);
	return parcel;
}

void end_send(struct end *end, unsigned int number)
{
	struct parcel *parcel = make_parcel(end, number);

	if (parcel)
		hf_link_send(&end->link, &parcel->out);
}

void end_queue(struct end *end, unsigned int number)
{
	struct parcel *parcel = make_parcel(end, number);

	if (parcel)
		hf_link_queue(&end->link, &parcel->out);
}

static int limited_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct end *end = container_of(READ_ONCE(sock->ops), struct end, ops);

	if (atomic_dec_if_positive(&end->failures) >= 0) {
		if (end->room_comes)
			sock->sk->sk_write_space(sock->sk);
		return end->failure;
	}
	iov_iter_truncate(&msg->msg_iter, end->most);
	return end->real_ops->sendmsg(sock, msg, msg_data_left(msg));
}

void limit_sends(struct end *end, u32 most, unsigned int failures, int failure)
{
	struct socket *sock = end->link.socket.sock;

	end->most = most;
	end->failure = failure;
	atomic_set(&end->failures, failures);
	if (end->real_ops)
		return;
	end->real_ops = sock->ops;
	end->ops = *sock->ops;
	end->ops.sendmsg = limited_sendmsg;
	WRITE_ONCE(sock->ops, &end->ops);
}
