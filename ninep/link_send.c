// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link's way out: a queue, which is sent in its order by one thread at a time,
 * whichever comes first (@sending).
 *
 * A message is the first of the queue until all of it is in the socket's hands: none
 * is ever between another's bytes.  The queue comes to rest when it is empty, or
 * when the socket is blocked (socket.c); and then write_space() or the timer clears
 * that and calls ->ready, after which somebody pushes.  If it is cleared while the
 * thread is about to leave, that sees it under @queue_lock and stays.
 */
#include <linux/export.h>
#include <linux/net.h>
#include <linux/sched/mm.h>
#include <net/sock.h>

#include "link.h"
#include "socket.h"

/* Less is cheaper to copy than to refer to. */
#define SPLICE_BYTES	2048
/* So many parts of pages may go out with their head, if that is no longer. */
#define PARTS		2
#define HEAD_BYTES	256
#define RETRY		(HZ / 50)

static bool no_room(ssize_t sent)
{
	return sent == -EAGAIN || sent == -ENOBUFS || sent == -ENOMEM;
}

static ssize_t send(struct socket *sock, const struct iov_iter *from, int flags)
{
	struct msghdr msg = {
		.msg_iter = *from,
		.msg_flags = flags | MSG_DONTWAIT | MSG_NOSIGNAL,
	};
	ssize_t sent = sock_sendmsg(sock, &msg);

	/* There was something to send. */
	return sent ?: -EIO;
}

/*
 * The second attempt closes the gap between the first and the bit.  If poll sees
 * room where that still has found none, it was memory that lacked, of which nobody
 * tells.
 */
static ssize_t send_or_block(struct hf_link *link, struct socket *sock,
			     const struct iov_iter *from, int flags)
{
	ssize_t sent = send(sock, from, flags);

	if (!no_room(sent))
		return sent;
	hf_socket_block(&link->socket);
	sent = send(sock, from, flags);
	if (!no_room(sent)) {
		hf_socket_unblock(&link->socket);
		return sent;
	}
	if (hf_socket_events(&link->socket) & EPOLLOUT)
		mod_timer(&link->retry, jiffies + RETRY);
	return -EAGAIN;
}

static int send_head(struct hf_link *link, struct socket *sock,
		     struct hf_link_out *out)
{
	int more = iov_iter_count(&out->payload) ? MSG_MORE : 0;

	while (out->head_sent < out->head_bytes) {
		struct kvec vec = {
			.iov_base = (void *)out->head + out->head_sent,
			.iov_len = out->head_bytes - out->head_sent,
		};
		struct iov_iter from;
		ssize_t sent;

		iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, vec.iov_len);
		sent = send_or_block(link, sock, &from, more);
		if (sent < 0)
			return sent;
		out->head_sent += sent;
	}
	return 0;
}

static int splice_flag(const struct iov_iter *from)
{
	bool pages = iov_iter_is_bvec(from) || iov_iter_is_xarray(from);

	return pages && iov_iter_count(from) >= SPLICE_BYTES ? MSG_SPLICE_PAGES : 0;
}

/*
 * A copy of the head in memory that the network may keep.  Not the thread's own
 * fragment: see tune() in socket.c.
 */
static bool copy_head(struct hf_link *link, const struct sock *sk,
		      const struct hf_link_out *out, struct bio_vec *vec)
{
	struct page_frag *frag = &link->heads;

	if (WARN_ON_ONCE(!READ_ONCE(link->sending)))
		return false;
	if (out->head_bytes > HEAD_BYTES ||
	    !skb_page_frag_refill(out->head_bytes, frag, sk->sk_allocation))
		return false;
	bvec_set_page(vec, frag->page, out->head_bytes, frag->offset);
	memcpy(bvec_virt(vec), out->head, out->head_bytes);
	return true;
}

/*
 * At one go, the payload's parts behind the head, if both can be referred to.  What
 * did not fit is sent as usual.
 */
static int send_together(struct hf_link *link, struct socket *sock,
			 struct hf_link_out *out)
{
	struct iov_iter *payload = &out->payload, from;
	struct bio_vec vec[1 + PARTS];
	ssize_t sent;

	if (!iov_iter_is_bvec(payload) || !splice_flag(payload) || out->head_sent ||
	    payload->iov_offset || payload->nr_segs > PARTS ||
	    !copy_head(link, sock->sk, out, vec))
		return 0;
	memcpy(vec + 1, payload->bvec, payload->nr_segs * sizeof(*vec));
	iov_iter_bvec(&from, ITER_SOURCE, vec, 1 + payload->nr_segs,
		      out->head_bytes + iov_iter_count(payload));
	sent = send_or_block(link, sock, &from, MSG_SPLICE_PAGES);
	if (sent < 0)
		return sent;
	link->heads.offset += out->head_bytes;
	out->head_sent = min_t(size_t, sent, out->head_bytes);
	iov_iter_advance(payload, sent - out->head_sent);
	return 0;
}

/* A family that cannot refer to pages copies them. */
static int send_payload(struct hf_link *link, struct socket *sock,
			struct hf_link_out *out)
{
	while (iov_iter_count(&out->payload)) {
		ssize_t sent = send_or_block(link, sock, &out->payload,
					     splice_flag(&out->payload));
		if (sent < 0)
			return sent;
		iov_iter_advance(&out->payload, sent);
	}
	return 0;
}

/* Nobody else may notice: the socket itself may be well. */
static int failed(struct hf_link *link, int error)
{
	hf_link_end(link, error);
	hf_socket_tell(&link->socket);
	return hf_link_error(link);
}

/* Return: 0; -EAGAIN: blocked; else why the link has ended. */
static int send_message(struct hf_link *link, struct hf_link_out *out)
{
	struct socket *sock;
	int ret = hf_link_error(link);

	if (ret)
		return ret;
	sock = hf_socket_use(&link->socket);
	if (!sock) {
		hf_link_end(link, -ESHUTDOWN);
		return hf_link_error(link);
	}
	ret = send_together(link, sock, out) ?: send_head(link, sock, out) ?:
	      send_payload(link, sock, out);
	if (ret && ret != -EAGAIN)
		ret = failed(link, ret);
	hf_socket_unuse(&link->socket);
	return ret;
}

/* Whether somebody has to send now. */
static bool has_work(const struct hf_link *link)
{
	lockdep_assert_held(&link->queue_lock);
	if (list_empty(&link->queue))
		return false;
	return hf_link_error(link) || !hf_socket_is_blocked(&link->socket);
}

/* The caller is the one who sends if it gets a message, and only then. */
static struct hf_link_out *first(struct hf_link *link)
{
	lockdep_assert_held(&link->queue_lock);
	link->sending = has_work(link);
	return link->sending ? list_first_entry(&link->queue, struct hf_link_out,
						queued) : NULL;
}

static struct hf_link_out *begin(struct hf_link *link)
{
	struct hf_link_out *out = NULL;

	spin_lock(&link->queue_lock);
	if (!link->sending)
		out = first(link);
	spin_unlock(&link->queue_lock);
	return out;
}

/* @done: all of it is sent, or none of it ever will be; NULL: not yet. */
static struct hf_link_out *next(struct hf_link *link, struct hf_link_out *done)
{
	struct hf_link_out *out;

	spin_lock(&link->queue_lock);
	if (done)
		list_del(&done->queued);
	out = first(link);
	spin_unlock(&link->queue_lock);
	return out;
}

/* Until the queue is empty, or the socket is blocked. */
static void push(struct hf_link *link)
{
	struct hf_link_out *out = begin(link), *done;
	int ret;

	while (out) {
		ret = send_message(link, out);
		done = ret == -EAGAIN ? NULL : out;
		out = next(link, done);
		if (done)
			done->sent(link, done, ret);
		cond_resched();
	}
}

/*
 * vsock allocates as it likes, whatever sk_allocation says, under the socket's lock.
 * Memory whose reclaim waited for what this link is to receive would never come: who
 * receives needs that lock.
 */
void hf_link_push(struct hf_link *link)
{
	unsigned int noio = memalloc_noio_save();

	push(link);
	memalloc_noio_restore(noio);
}
EXPORT_SYMBOL_GPL(hf_link_push);

void hf_link_queue(struct hf_link *link, struct hf_link_out *out)
{
	out->head_sent = 0;
	spin_lock(&link->queue_lock);
	list_add_tail(&out->queued, &link->queue);
	spin_unlock(&link->queue_lock);
}
EXPORT_SYMBOL_GPL(hf_link_queue);

void hf_link_send(struct hf_link *link, struct hf_link_out *out)
{
	hf_link_queue(link, out);
	hf_link_push(link);
}
EXPORT_SYMBOL_GPL(hf_link_send);
