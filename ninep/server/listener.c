// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listeners: owner of their life.
 *
 * A listener is made when it is enabled and ends when it is disabled.  It is held by
 * configfs until it has stopped, by the work that stops it, and by each of its
 * connections.
 */
#define pr_fmt(fmt) "holdfast: 9P: " fmt

#include <linux/net.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "address.h"
#include "connection.h"
#include "export.h"
#include "listener.h"
#include "pool.h"
#include "registry.h"
#include "stats.h"

/* One to read a Tversion while another one is about to hand a connection over. */
#define THREADS	4
#define LATER	(HZ / 10)

struct hf9_listener *hf9_listener_get(struct hf9_listener *listener)
{
	kref_get(&listener->ref);
	return listener;
}

static void release(struct kref *ref)
{
	struct hf9_listener *listener = container_of(ref, struct hf9_listener, ref);

	WARN_ON_ONCE(!list_empty(&listener->connections));
	kfree(listener->name);
	kfree(listener->address);
	kfree(listener);
}

void hf9_listener_put(struct hf9_listener *listener)
{
	kref_put(&listener->ref, release);
}

static void ready(struct hf_socket *socket)
{
	struct hf9_listener *listener = container_of(socket, struct hf9_listener, socket);

	mod_delayed_work(hf9_wq, &listener->accept, 0);
}

static const char *reason(int error)
{
	switch (error) {
	case -EBUSY:
		return "there are max_connections already, or an eighth that no export lists";
	case -ENOMEM:
		return "no memory";
	case -ESHUTDOWN:
		return "the listener stops";
	default:
		return "it has gone";
	}
}

static void refused(const struct hf9_listener *listener, int error)
{
	hf9_count(connections_refused);
	pr_notice_ratelimited("listener %s: a connection is refused: %s\n",
			      listener->name, reason(error));
}

/* Its namespace cannot end before the connection is one of those that its end meets. */
static void take(struct hf9_listener *listener, struct socket *sock)
{
	int ret = hf9_connection_new(listener, sock);

	if (ret)
		refused(listener, ret);
	hf_socket_accept_end(&listener->socket, ret ? sock : NULL);
}

/* Return: whether there may be another one. */
static bool accept_one(struct hf9_listener *listener)
{
	struct socket *sock;

	switch (hf_socket_accept_begin(&listener->socket, &sock)) {
	case 0:
		take(listener, sock);
		return true;
	case -EAGAIN:
	case -ESHUTDOWN:
	case -EINVAL:
		return false;
	case -ECONNABORTED:
	case -EINTR:
		return true;
	default:
		mod_delayed_work(hf9_wq, &listener->accept, LATER);
		return false;
	}
}

static void accept(struct work_struct *work)
{
	struct hf9_listener *listener =
		container_of(to_delayed_work(work), struct hf9_listener, accept);

	while (accept_one(listener))
		cond_resched();
}

static struct hf9_listener *make(const char *name, const struct hf9_listener_wish *wish)
{
	struct hf9_listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL);

	if (!listener)
		return NULL;
	kref_init(&listener->ref);
	INIT_LIST_HEAD(&listener->of_all);
	INIT_LIST_HEAD(&listener->connections);
	init_waitqueue_head(&listener->idle);
	INIT_DELAYED_WORK(&listener->accept, accept);
	INIT_WORK(&listener->stop, hf9_stop_work_listener);
	init_completion(&listener->stopped);
	listener->msize = wish->msize;
	listener->max_connections = wish->max_connections;
	listener->name = kstrdup(name, GFP_KERNEL);
	listener->address = kstrdup(wish->address, GFP_KERNEL);
	if (listener->name && listener->address)
		return listener;
	hf9_listener_put(listener);
	return NULL;
}

static int listen(struct hf9_listener *listener, const char **why)
{
	struct socket *sock;
	int ret;

	sock = hf9_address_listen(listener->address, &listener->file, why);
	if (IS_ERR(sock))
		return PTR_ERR(sock);
	hf9_registry_add_listener(listener);
	ret = hf_socket_open(&listener->socket, sock, ready);
	if (!ret)
		return 0;
	*why = "the network namespace ends";
	hf9_registry_remove(&listener->of_all);
	sock_release(sock);
	hf9_address_unlink(&listener->file);
	return ret;
}

static int open(struct hf9_listener *listener, const char **why)
{
	struct hf9_pool *pool = hf9_pool_new("9p-listener", THREADS);
	int ret;

	if (IS_ERR(pool)) {
		*why = "there is no thread for it";
		return PTR_ERR(pool);
	}
	listener->pool = pool;
	ret = listen(listener, why);
	if (ret)
		hf9_pool_free(pool);
	return ret;
}

struct hf9_listener *hf9_listener_start(const char *name,
					const struct hf9_listener_wish *wish,
					const char **why)
{
	struct hf9_listener *listener = make(name, wish);
	int ret;

	*why = "no memory";
	if (!listener)
		return ERR_PTR(-ENOMEM);
	ret = open(listener, why);
	if (ret) {
		hf9_listener_put(listener);
		return ERR_PTR(ret);
	}
	mod_delayed_work(hf9_wq, &listener->accept, 0);
	return listener;
}

/* The work is cancelled when nobody queues it any more, itself included. */
void hf9_listener_close(struct hf9_listener *listener)
{
	hf_socket_shutdown(&listener->socket);
	cancel_delayed_work_sync(&listener->accept);
	hf_socket_release(&listener->socket);
}
