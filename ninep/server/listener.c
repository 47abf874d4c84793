// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listeners: their start, whom they let in, and what is theirs of a service's end
 * (service.c).
 *
 * A listener is made when it is enabled and ends when it is disabled.
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
			      listener->service.name, reason(error));
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

static struct hf9_listener *listener_of(struct hf9_service *service)
{
	return container_of(service, struct hf9_listener, service);
}

static void release(struct hf9_service *service)
{
	struct hf9_listener *listener = listener_of(service);

	kfree(listener->address);
	kfree(listener);
}

/* No connection comes: the work is cancelled when nobody queues it, itself included. */
static void close(struct hf9_listener *listener)
{
	hf_socket_shutdown(&listener->socket);
	cancel_delayed_work_sync(&listener->accept);
	hf_socket_release(&listener->socket);
}

static void end(struct hf9_service *service)
{
	struct hf9_listener *listener = listener_of(service);

	close(listener);
	hf9_registry_cut_listener(listener);
	/* Only now: its filesystem may be frozen.  But not after disks. */
	hf9_address_unlink(&listener->file);
	hf9_registry_drain_listener(listener);
	hf9_pool_free(listener->pool);
}

static const struct hf9_service_ops service_ops = {
	.end		= end,
	.release	= release,
};

static struct hf9_listener *make(const char *name, const struct hf9_listener_wish *wish)
{
	struct hf9_listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL);
	bool named;

	if (!listener)
		return NULL;
	named = hf9_service_init(&listener->service, &service_ops, name);
	INIT_DELAYED_WORK(&listener->accept, accept);
	listener->msize = wish->msize;
	listener->max_connections = wish->max_connections;
	listener->address = kstrdup(wish->address, GFP_KERNEL);
	if (named && listener->address)
		return listener;
	hf9_service_put(&listener->service);
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
	hf9_service_withdraw(&listener->service);
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
		hf9_service_put(&listener->service);
		return ERR_PTR(ret);
	}
	mod_delayed_work(hf9_wq, &listener->accept, 0);
	return listener;
}
