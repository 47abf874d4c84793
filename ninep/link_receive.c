// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link's way in: does what the frame core says is next (<holdfast/ninep_frame.h>),
 * until there is nothing more, the user wants no more, or the link has ended.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/net.h>
#include <linux/unaligned.h>

#include "link.h"
#include "socket.h"

/*
 * At once, where fewer would do: many small messages come together, but what a
 * payload leaves here is copied twice.
 */
#define BULK	512

/* To go on, or not; HF_LINK_AGAIN is for the budget. */
enum next { ON, HANDED_OVER, STOP_EMPTY, STOP_HELD, STOP_ENDED };

static enum next end(struct hf_link *link, int error)
{
	hf_link_end(link, error);
	return STOP_ENDED;
}

static enum next broken(struct hf_link *link, enum np_frame_fault fault)
{
	link->fault = fault;
	return end(link, -EPROTO);
}

/* The core's steps are committed as it has said them, or not at all. */
static enum next committed(struct hf_link *link, bool done)
{
	return WARN_ONCE(!done, "another step of a frame was next") ?
		       end(link, -EPROTO) : ON;
}

/*
 * Descriptors that come beside the data (AF_UNIX) are dropped there: there is no
 * room for them.
 */
static int receive(struct hf_link *link, struct iov_iter *to)
{
	struct msghdr msg = { .msg_iter = *to };
	struct socket *sock = hf_socket_use(&link->socket);
	int got;

	if (!sock)
		return -ESHUTDOWN;
	got = sock_recvmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	hf_socket_unuse(&link->socket);
	return got;
}

/* @between: no byte of a message is here. */
static enum next received(struct hf_link *link, int got, bool between)
{
	if (got > 0)
		return committed(link, np_frame_received(&link->frame, got));
	if (got == -EAGAIN)
		return STOP_EMPTY;
	return end(link, got ?: between ? -ENODATA : -EPIPE);
}

/* The stage is used from its beginning unless a part of a message is in it. */
static enum next into_stage(struct hf_link *link, const struct np_step *step)
{
	struct kvec vec = {
		.iov_base = link->stage + step->at,
		.iov_len = min(step->bytes, max_t(u32, step->least, BULK)),
	};
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, vec.iov_len);
	return received(link, receive(link, &to), step->at == 0);
}

static enum next into_pages(struct hf_link *link)
{
	int got;

	guard(mutex)(&link->placing);
	got = receive(link, &link->to);
	if (got > 0)
		iov_iter_advance(&link->to, got);
	return received(link, got, false);
}

/*
 * Requests that wait for something may keep the user at its limit for as long as
 * the peer lives: its end is looked for behind what was not read.
 */
static enum next hold(struct hf_link *link)
{
	__poll_t events;

	if (!hf_socket_use(&link->socket))
		return end(link, -ESHUTDOWN);
	events = hf_socket_events(&link->socket);
	hf_socket_unuse(&link->socket);
	if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		return end(link, -EPIPE);
	return STOP_HELD;
}

static enum next message(struct hf_link *link, const struct np_step *step)
{
	switch (link->ops->message(link, link->stage + step->at, step->bytes)) {
	case HF_LINK_TAKEN:
		return committed(link, np_frame_taken(&link->frame)) ?: HANDED_OVER;
	case HF_LINK_NOT_NOW:
		return hold(link);
	default:
		return end(link, -EPROTO);
	}
}

/* The user has said where to; those of its bytes that are here already go there. */
static enum next accept(struct hf_link *link, const struct np_step *step)
{
	const u8 *head = link->stage + step->at;
	size_t room = min_t(size_t, iov_iter_count(&link->to), U32_MAX);
	enum next next = committed(link, np_frame_accept(&link->frame, room));

	lockdep_assert_held(&link->placing);
	/* If it is too much, the next step says so. */
	if (next != ON || step->count > room)
		return next;
	link->tag = get_unaligned_le16(head + 5);
	iov_iter_truncate(&link->to, step->count);
	if (copy_to_iter(head + step->head, step->bytes, &link->to) != step->bytes)
		return end(link, -EFAULT);
	return ON;
}

static enum hf_link_verdict place(struct hf_link *link, const struct np_step *step,
				  enum next *next)
{
	enum hf_link_verdict verdict;

	guard(mutex)(&link->placing);
	verdict = link->ops->place(link, link->stage + step->at, step->head,
				   step->count, &link->to);
	if (verdict == HF_LINK_TAKEN)
		*next = accept(link, step);
	return verdict;
}

static enum next payload(struct hf_link *link, const struct np_step *step)
{
	enum next next;

	switch (place(link, step, &next)) {
	case HF_LINK_TAKEN:
		return next;
	case HF_LINK_NOT_NOW:
		return hold(link);
	default:
		return end(link, -EPROTO);
	}
}

static enum next placed(struct hf_link *link)
{
	enum next next = committed(link, np_frame_taken(&link->frame));

	if (next != ON)
		return next;
	link->ops->placed(link);
	return HANDED_OVER;
}

static enum next step_once(struct hf_link *link)
{
	struct np_step step;

	if (hf_link_error(link))
		return STOP_ENDED;
	np_frame_next(&link->frame, &step);
	switch (step.kind) {
	case NP_STEP_RECEIVE:
		return into_stage(link, &step);
	case NP_STEP_MOVE:
		return committed(link, np_frame_move(&link->frame));
	case NP_STEP_MESSAGE:
		return message(link, &step);
	case NP_STEP_PAYLOAD:
		return payload(link, &step);
	case NP_STEP_PAGES:
		return into_pages(link);
	case NP_STEP_DONE:
		return placed(link);
	default:
		return broken(link, step.fault);
	}
}

static enum hf_link_status run(struct hf_link *link, unsigned int budget)
{
	for (;;) {
		switch (step_once(link)) {
		case ON:
			break;
		case HANDED_OVER:
			if (budget-- <= 1)
				return HF_LINK_AGAIN;
			break;
		case STOP_EMPTY:
			return HF_LINK_EMPTY;
		case STOP_HELD:
			return HF_LINK_HELD;
		case STOP_ENDED:
			return HF_LINK_ENDED;
		}
	}
}

/* The bit hands what the receiver owns from one thread to the next. */
enum hf_link_status hf_link_receive(struct hf_link *link, unsigned int budget)
{
	enum hf_link_status status;

	if (WARN_ONCE(test_and_set_bit_lock(HF_LINK_RECEIVING, &link->flags),
		      "two threads receive from one link"))
		return HF_LINK_HELD;
	status = run(link, budget);
	clear_bit_unlock(HF_LINK_RECEIVING, &link->flags);
	return status;
}
EXPORT_SYMBOL_GPL(hf_link_receive);

bool hf_link_has_more(struct hf_link *link)
{
	struct np_step step;
	__poll_t events;

	if (hf_link_error(link))
		return true;
	np_frame_next(&link->frame, &step);
	if (step.kind != NP_STEP_RECEIVE && step.kind != NP_STEP_PAGES)
		return true;
	if (!hf_socket_use(&link->socket))
		return true;
	events = hf_socket_events(&link->socket);
	hf_socket_unuse(&link->socket);
	return events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP);
}
EXPORT_SYMBOL_GPL(hf_link_has_more);

void hf_link_agree(struct hf_link *link, enum np_dialect dialect, u32 msize)
{
	if (WARN_ONCE(!test_bit(HF_LINK_RECEIVING, &link->flags),
		      "agreed on something when nothing is received"))
		return;
	if (WARN_ONCE(!np_frame_agree(&link->frame, dialect, msize),
		      "agreed on something, but not by a message"))
		hf_link_end(link, -EPROTO);
}
EXPORT_SYMBOL_GPL(hf_link_agree);

void hf_link_discard(struct hf_link *link, u16 tag)
{
	guard(mutex)(&link->placing);
	if (link->tag == tag)
		iov_iter_discard(&link->to, ITER_DEST, iov_iter_count(&link->to));
}
EXPORT_SYMBOL_GPL(hf_link_discard);
