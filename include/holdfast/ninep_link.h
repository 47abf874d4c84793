/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The link (holdfast_ninep): 9P's messages over a stream socket of any family, for
 * either end.  Nothing here waits for the network.
 *
 * The user embeds a struct hf_link.  ->ready says that there may be something to do;
 * it queues the user's work, which calls, in this order,
 *
 *	hf_link_push()		sends what could not be sent before
 *	hf_link_receive()	hands over what has come
 *
 * Small messages are handed over where they were received.  For a payload (Twrite,
 * Rread, Rreaddir, Rreaddirattr) the user is asked where it goes when its head is
 * here, and all but its first bytes are received there: a server gives pages that
 * it has allocated, a client those of the one who waits for the tag.
 *
 * Who calls what:
 *
 *	hf_link_receive()	one thread at a time
 *	hf_link_has_more()	that one, from no callback
 *	hf_link_send()		any number of threads, also from within ->message
 *	hf_link_push()		and ->placed; never from ->place
 *	hf_link_queue()		any number of threads
 *	hf_link_discard()	any number of threads, from no callback
 *	hf_link_agree()		->message only
 *	hf_link_shutdown()	any thread, from no callback but ->message, ->placed
 *	hf_link_release()	when no other call runs or can begin
 *
 * Life: hf_link_open(); then hf_link_shutdown() as soon as the link is of no use, by
 * whoever finds out; then the user waits until none of its own threads is in here;
 * then hf_link_release().  The link ends by itself too, and says so (->ready, and
 * HF_LINK_ENDED from hf_link_receive()): when the peer ends it or breaks the rules,
 * when the connection fails, and when its network namespace ends, for which its
 * socket is released whether or not the user is ready for it.
 */
#ifndef HOLDFAST_NINEP_LINK_H
#define HOLDFAST_NINEP_LINK_H

#include <linux/mm_types_task.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <holdfast/ninep_frame.h>
#include <holdfast/ninep_socket.h>

struct hf_link;

/**
 * enum hf_link_verdict - what the user says of a message
 * @HF_LINK_TAKEN: it has it
 * @HF_LINK_NOT_NOW: it is over some limit: the same message is offered again by the
 *	next hf_link_receive(), and none behind it before
 * @HF_LINK_REFUSED: the peer has broken a rule: the link ends, -EPROTO
 */
enum hf_link_verdict {
	HF_LINK_TAKEN,
	HF_LINK_NOT_NOW,
	HF_LINK_REFUSED,
};

/**
 * enum hf_link_status - how hf_link_receive() left it
 * @HF_LINK_AGAIN: the budget is used up; there may be more.  ->ready is not called
 *	for it
 * @HF_LINK_EMPTY: ->ready will be called when there is more
 * @HF_LINK_HELD: the user said HF_LINK_NOT_NOW.  It calls hf_link_receive() again
 *	when it can take the message.  ->ready may be called earlier, and will be if
 *	the peer goes away
 * @HF_LINK_ENDED: for good, see hf_link_error()
 */
enum hf_link_status {
	HF_LINK_AGAIN,
	HF_LINK_EMPTY,
	HF_LINK_HELD,
	HF_LINK_ENDED,
};

/**
 * struct hf_link_ops - what the user does
 * @ready: there may be something to do, see hf_socket_open() for its context.  Not
 *	called any more when hf_link_shutdown() has returned
 * @message: a message without payload: @bytes bytes at @frame, there until this
 *	returns.  Framed right, and of the right direction; nothing else about it is
 *	known.  Context: hf_link_receive()'s caller, no lock held: it may sleep, and
 *	the link reads nothing meanwhile
 * @place: the head of a payload message, @bytes bytes at @head, there until this
 *	returns; @count bytes of payload follow, perhaps 0.  @to is to be filled
 *	(ITER_DEST: pages, an xarray, or nothing but ITER_DISCARD) with room for as
 *	many as the user allows; if that is fewer than @count the link ends.  What it
 *	points to is kept until @placed, until hf_link_discard() has returned, or
 *	until hf_link_release().  Context: as @message, but
 *	under a mutex that hf_link_discard() takes: to allocate is all right, to wait
 *	for anything is not
 * @placed: the payload of the message for which @place was called last is whole.
 *	Context: as @message
 */
struct hf_link_ops {
	void (*ready)(struct hf_link *link);
	enum hf_link_verdict (*message)(struct hf_link *link, const void *frame,
					u32 bytes);
	enum hf_link_verdict (*place)(struct hf_link *link, const void *head,
				      u32 bytes, u32 count, struct iov_iter *to);
	void (*placed)(struct hf_link *link);
};

/**
 * struct hf_link - one connection; all of it is private
 * @socket: its socket
 * @ops: I: the user's
 * @stage: I: where bytes are received that have no place of their own
 * @frame: R: how far the stream has come
 * @flags: A: bits
 * @placing: a payload is being placed.  Taken under no lock of the link's; held for
 *	->place and for copying, never for the network
 * @to: P: where the rest of it goes; of the last one there is nothing left
 * @tag: P: whose it is
 * @queue_lock: the queue's.  Nothing is called under it
 * @queue: Q: what is to be sent, the first may have been sent in part
 * @sending: Q: some thread sends, and nobody else does
 * @heads: of the thread that sends: where heads are that the network refers to
 * @error: A: 0, or why it has ended; set once
 * @fault: R: of enum np_frame_fault
 * @retry: calls ->ready after a send that found no memory
 *
 * I: set by hf_link_open(), then only read; A: atomic; R: of the one thread that is
 * in hf_link_receive(), which takes a bit in @flags for it; P: under @placing;
 * Q: under @queue_lock.
 */
struct hf_link {
	struct hf_socket socket;
	const struct hf_link_ops *ops;
	void *stage;
	struct np_frame frame;
	unsigned long flags;
	struct mutex placing;
	struct iov_iter to;
	u16 tag;
	spinlock_t queue_lock;
	struct list_head queue;
	bool sending;
	struct page_frag heads;
	int error;
	u8 fault;
	struct timer_list retry;
};

/**
 * struct hf_link_out - a message on its way
 * @head: the message up to its payload, or all of it; any memory of the kernel's
 * @head_bytes: bytes there, 1 at the least
 * @payload: what follows (ITER_SOURCE), or one of no bytes (zeroes).  From 2 KiB on the pages
 *	of an ITER_BVEC or ITER_XARRAY are not copied but referred to by the network,
 *	even after @sent, for as long as it likes: then they may not be slab memory
 *	(it would be refused, and end the link), and who writes to them before the
 *	peer has them all writes to the message
 * @sent: called once for each hf_link_send() or hf_link_queue(), perhaps before that
 *	returns.  @error:
 *	0 when all of it is in the socket's hands, else why the link ended.  The
 *	message is the user's again.  Context: whoever calls hf_link_send(),
 *	hf_link_push(), or hf_link_shutdown(); no lock held.  To be short: others'
 *	messages wait
 * @queued: private
 * @head_sent: private
 */
struct hf_link_out {
	const void *head;
	u32 head_bytes;
	struct iov_iter payload;
	void (*sent)(struct hf_link *link, struct hf_link_out *out, int error);
	struct list_head queued;
	u32 head_sent;
};

/**
 * hf_link_open - make a link of a connected socket
 * @link: filled
 * @sock: see hf_socket_open(); the link's from here on, unless this fails
 * @side: NP_SERVER if requests arrive, NP_CLIENT for replies
 * @msize: the longest frame until hf_link_agree(), NP_HEADER at the least
 * @ops: the user's, kept as long as the link
 *
 * Data may have come before: the user calls hf_link_receive() once by itself.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EINVAL for a @side or @msize that cannot be; what
 * hf_socket_open() says.
 */
int hf_link_open(struct hf_link *link, struct socket *sock, enum np_side side,
		 u32 msize, const struct hf_link_ops *ops);

/**
 * hf_link_receive - hand over what has come
 * @link: the link
 * @budget: how many messages at the most, 1 or more.  With 1 the caller may give the
 *	link to another thread before it runs a request that takes time
 *
 * While the user is over its limit the peer's end is still noticed: what it had sent
 * before is then not read any more.
 *
 * Context: may sleep, but not for the peer.  One thread at a time: a second one is
 * warned of, and told HF_LINK_HELD.
 * Return: see enum hf_link_status.
 */
enum hf_link_status hf_link_receive(struct hf_link *link, unsigned int budget);

/**
 * hf_link_has_more - is there anything for hf_link_receive() to do now?
 * @link: the link
 *
 * For who may give the link to another thread: that one need not be woken for
 * nothing.  What comes later is told by ->ready.
 *
 * Context: may sleep, but not for the peer.  The thread that receives, between two
 * calls.
 * Return: false if there is nothing; true if there may be.
 */
bool hf_link_has_more(struct hf_link *link);

/**
 * hf_link_agree - Tversion is answered, or Rversion has come
 * @link: the link
 * @dialect: what was agreed on
 * @msize: the longest frame from the next one on
 *
 * Two ends that do not go by the same rules cannot go on: if it is called for
 * anything but a message, that is warned of, and the link ends, -EPROTO.
 *
 * Context: ->message, for the version message that it is called with; before it
 * says HF_LINK_TAKEN, or as often as it is offered.
 */
void hf_link_agree(struct hf_link *link, enum np_dialect dialect, u32 msize);

/**
 * hf_link_discard - a payload is not wanted any more where it goes
 * @link: the link
 * @tag: the message's
 *
 * For a client whose caller has been killed, after it has seen to it that ->place
 * does not give the caller's memory for @tag again.  If it has, the rest goes
 * nowhere; ->placed is called all the same.
 *
 * When this has returned nothing writes to that memory.
 *
 * Context: may sleep, but not for the peer.
 */
void hf_link_discard(struct hf_link *link, u16 tag);

/**
 * hf_link_send - send a message, after those that were to be sent before
 * @link: the link
 * @out: head, payload and ->sent filled; the link's until ->sent is called
 *
 * Sends what the socket takes, also of other threads' messages if nobody else does;
 * the rest goes when there is room again (->ready, hf_link_push()).  The queue has
 * no limit of its own: its user counts what it has in flight.
 *
 * Context: may sleep, but not for the peer.
 */
void hf_link_send(struct hf_link *link, struct hf_link_out *out);

/**
 * hf_link_queue - hf_link_send() in two steps
 * @link: the link
 * @out: as there
 *
 * For who decides upon the order under a spinlock of its own.  The caller, or
 * somebody after it, calls hf_link_push(); a thread that is in there already may
 * send it before.
 *
 * Context: any but interrupts and softirqs; the caller's spinlocks may be held.
 */
void hf_link_queue(struct hf_link *link, struct hf_link_out *out);

/**
 * hf_link_push - send what waits
 * @link: the link
 *
 * Cheap if nothing waits, or if there is no room.
 *
 * Context: may sleep, but not for the peer.
 */
void hf_link_push(struct hf_link *link);

/**
 * hf_link_error - why the link has ended
 * @link: the link
 *
 * Return: 0 if it has not; -ENODATA: the peer has closed it between two messages;
 * -EPIPE: within one, or before all was sent; -EPROTO: it has broken the rules, see
 * hf_link_fault(); -ESHUTDOWN: hf_link_shutdown(), or the network namespace; else
 * what the socket said.
 */
static inline int hf_link_error(const struct hf_link *link)
{
	return READ_ONCE(link->error);
}

/**
 * hf_link_fault - which rule the peer has broken
 * @link: the link, when hf_link_receive() has said HF_LINK_ENDED
 *
 * Return: NP_FRAME_OK if none that the frames show, or else which.
 */
static inline enum np_frame_fault hf_link_fault(const struct hf_link *link)
{
	return link->fault;
}

/**
 * hf_link_shutdown - end it
 * @link: the link
 *
 * When this has returned ->ready is not called any more, nor is it running, and
 * every message that waited was told -ESHUTDOWN, or is about to be by a thread that
 * is in hf_link_send() or hf_link_push().  Both still work, and tell the same at
 * once.  What the socket has is still delivered.  Safe twice, and beside everything
 * but hf_link_release().
 *
 * Context: may sleep, but not for the peer.
 */
void hf_link_shutdown(struct hf_link *link);

/**
 * hf_link_release - give socket and memory back
 * @link: the link; its memory is the caller's again
 *
 * Shuts it down first.  No other call on @link may run, or begin.  What the socket
 * has is still delivered, but see hf_socket_release().
 *
 * Context: may sleep, but not for the peer.
 */
void hf_link_release(struct hf_link *link);

#endif /* HOLDFAST_NINEP_LINK_H */
