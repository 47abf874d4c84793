// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link: owner of its life.  (link_receive.c and link_send.c have its two ways,
 * socket.c its socket.)
 *
 * Locks, each taken before those below it:
 *
 *	hf_link.placing		mutex	where a payload goes
 *	hf_socket.use		rwsem	see socket.c
 *
 *	hf_link.queue_lock	spin	what is to be sent; no other is taken under it
 *
 * Why nothing runs any more when hf_link_release() frees the stage:
 * 1. @error is set first: whoever receives or sends from now on hands over nothing,
 *    and puts nothing into the socket.
 * 2. hf_socket_shutdown() ends the callbacks (its own argument is in socket.c).
 * 3. The timer is shut down after it: nobody can start it again, and one that was
 *    running is waited for.  With 2: no ->ready.
 * 4. Whoever sends empties the queue, telling @error; if nobody did, this does.
 * 5. Threads in here are the user's own, who has seen them leave.
 */
#include <linux/export.h>
#include <linux/net.h>
#include <linux/slab.h>

#include "link.h"
#include "socket.h"

void hf_link_end(struct hf_link *link, int error)
{
	cmpxchg(&link->error, 0, error);
}

static void ready(struct hf_socket *socket)
{
	struct hf_link *link = container_of(socket, struct hf_link, socket);

	link->ops->ready(link);
}

/* Memory may be there again. */
static void retry(struct timer_list *timer)
{
	struct hf_link *link = from_timer(link, timer, retry);

	hf_socket_unblock(&link->socket);
	link->ops->ready(link);
}

static int begin(struct hf_link *link, enum np_side side, u32 msize)
{
	if (msize < NP_HEADER)
		return -EINVAL;
	link->stage = kmalloc(NP_STAGE, GFP_KERNEL);
	if (!link->stage)
		return -ENOMEM;
	if (!np_frame_init(&link->frame, side, link->stage, NP_STAGE, msize)) {
		kfree(link->stage);
		return -EINVAL;
	}
	return 0;
}

int hf_link_open(struct hf_link *link, struct socket *sock, enum np_side side,
		 u32 msize, const struct hf_link_ops *ops)
{
	int ret;

	memset(link, 0, sizeof(*link));
	link->ops = ops;
	mutex_init(&link->placing);
	spin_lock_init(&link->queue_lock);
	INIT_LIST_HEAD(&link->queue);
	timer_setup(&link->retry, retry, 0);
	ret = begin(link, side, msize);
	if (ret)
		return ret;
	ret = hf_socket_open(&link->socket, sock, ready);
	if (ret)
		kfree(link->stage);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_link_open);

void hf_link_shutdown(struct hf_link *link)
{
	hf_link_end(link, -ESHUTDOWN);
	hf_socket_shutdown(&link->socket);
	timer_shutdown_sync(&link->retry);
	hf_link_push(link);
}
EXPORT_SYMBOL_GPL(hf_link_shutdown);

void hf_link_release(struct hf_link *link)
{
	hf_link_shutdown(link);
	WARN_ON_ONCE(link->sending || !list_empty(&link->queue));
	WARN_ON_ONCE(test_bit(HF_LINK_RECEIVING, &link->flags));
	hf_socket_release(&link->socket);
	if (link->heads.page)
		put_page(link->heads.page);
	mutex_destroy(&link->placing);
	kfree(link->stage);
}
EXPORT_SYMBOL_GPL(hf_link_release);
