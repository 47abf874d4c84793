// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: owner of their life.
 *
 * References: one until it is ended; one of each request; one of each link of a client in
 * this kernel; one while it stands in a pool's line, or a thread of the pool serves it.  The pools, of its listener and of
 * its export, stay for as long as it is among theirs.
 *
 * Why nothing of it is used any more when release() frees it:
 * 1. hf9_connection_end() shuts the link and the timer down before it drops the first
 *    reference: no callback queues it from outside.
 * 2. The session is dead: no message begins, what was parked is cancelled, a grant
 *    that comes now is refused.  What runs ends by itself, and is dropped.
 * 3. What only the reader may touch (a payload that has not come in full, a Tversion
 *    that waits) is dropped by the reader, which is queued for that after 2.
 * 4. Each request held a reference, and each link until its I/O was over (localio.c); so
 *    the last one is dropped by whoever has ended the last of these, or served it.  No
 *    thread is in here, none stands in line.
 * 5. Now nothing runs: locks are released, then fids, then the socket.
 * 6. Then it leaves its export and its listener, whose end may have waited for it.
 */
#include <linux/cred.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/vm_sockets.h>
#include <net/sock.h>

#include "connection.h"
#include "listener.h"
#include "localio.h"
#include "registry.h"
#include "stats.h"
#include "trace.h"

/* Until an export says how many: one Tversion, one Tattach. */
static const struct ns_limits first_limits = {
	.max_requests	= 8,
	.max_parked	= 4,
	.max_fids	= 8,
};

static atomic_t last_id;

static void release(struct kref *ref)
{
	struct hf9_connection *connection = container_of(ref, struct hf9_connection, ref);

	WARN_ON_ONCE(!ns_quiet(&connection->session));
	WARN_ON_ONCE(connection->nr_counted || connection->bytes || !list_empty(&connection->runnable));
	hf9_fids_end(connection);
	hf_link_release(&connection->link);
	put_cred(connection->peer_cred);
	hf9_registry_leave(connection);
	kfree(connection);
}

void hf9_connection_put(struct hf9_connection *connection)
{
	kref_put(&connection->ref, release);
}

void hf9_connection_end(struct hf9_connection *connection, const char *why)
{
	if (test_and_set_bit(HF9_DEAD, &connection->flags))
		return;
	trace_hf9_connection(connection, why);
	hf_link_shutdown(&connection->link);
	timer_shutdown_sync(&connection->timer);
	spin_lock(&connection->lock);
	ns_die(&connection->session);
	spin_unlock(&connection->lock);
	hf9_localio_end(connection);
	hf9_cancel_all(connection);
	hf9_connection_readable(connection);
	hf9_connection_put(connection);
}

static void look_again(struct timer_list *timer)
{
	struct hf9_connection *connection = from_timer(connection, timer, timer);

	hf9_connection_readable(connection);
}

static void know_inet(struct hf9_connection *connection, const struct sockaddr_in *addr)
{
	connection->peer.ip.family = NS_INET;
	memcpy(connection->peer.ip.bytes, &addr->sin_addr, 4);
	connection->reserved_port = ntohs(addr->sin_port) < 1024;
	snprintf(connection->name, sizeof(connection->name), "%pISpc", addr);
}

static void know_inet6(struct hf9_connection *connection, const struct sockaddr_in6 *addr)
{
	connection->peer.ip.family = NS_INET6;
	memcpy(connection->peer.ip.bytes, &addr->sin6_addr, 16);
	connection->reserved_port = ntohs(addr->sin6_port) < 1024;
	snprintf(connection->name, sizeof(connection->name), "%pISpc", addr);
}

static void know_vsock(struct hf9_connection *connection, const struct sockaddr_vm *addr)
{
	connection->peer.ip.family = NS_VSOCK;
	connection->peer.cid = addr->svm_cid;
	connection->reserved_port = addr->svm_port <= 1023;
	snprintf(connection->name, sizeof(connection->name), "vsock:%u:%u",
		 addr->svm_cid, addr->svm_port);
}

/* Who it was that connected; he may have given the socket to others since. */
static void know_unix(struct hf9_connection *connection, struct sock *sk)
{
	connection->peer.ip.family = NS_UNIX;
	/* Whoever may open the listener's file. */
	connection->reserved_port = true;
	spin_lock(&sk->sk_peer_lock);
	connection->peer_cred = get_cred(sk->sk_peer_cred);
	spin_unlock(&sk->sk_peer_lock);
	connection->unix_root = connection->peer_cred &&
				uid_eq(connection->peer_cred->euid, GLOBAL_ROOT_UID);
	snprintf(connection->name, sizeof(connection->name), "unix:uid=%u",
		 connection->peer_cred ?
		 from_kuid_munged(&init_user_ns, connection->peer_cred->euid) : -1);
}

static int know_peer(struct hf9_connection *connection, struct socket *sock)
{
	struct sockaddr_storage addr = {};
	int ret = kernel_getpeername(sock, (struct sockaddr *)&addr);

	if (ret < 0)
		return ret;
	switch (sock->sk->sk_family) {
	case AF_INET:
		know_inet(connection, (struct sockaddr_in *)&addr);
		return 0;
	case AF_INET6:
		know_inet6(connection, (struct sockaddr_in6 *)&addr);
		return 0;
	case AF_VSOCK:
		know_vsock(connection, (struct sockaddr_vm *)&addr);
		return 0;
	case AF_UNIX:
		know_unix(connection, sock->sk);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

static struct hf9_connection *make(struct hf9_listener *listener)
{
	struct hf9_connection *connection = kzalloc(sizeof(*connection), GFP_KERNEL);

	if (!connection)
		return NULL;
	kref_init(&connection->ref);
	connection->id = atomic_inc_return(&last_id);
	connection->begun = jiffies;
	connection->msize = HF9_FIRST_MSIZE;
	connection->listener = listener;
	connection->pool = listener->pool;
	spin_lock_init(&connection->lock);
	spin_lock_init(&connection->work_lock);
	INIT_LIST_HEAD(&connection->runnable);
	INIT_LIST_HEAD(&connection->in_pool);
	INIT_LIST_HEAD(&connection->of_listener);
	INIT_LIST_HEAD(&connection->of_export);
	timer_setup(&connection->timer, look_again, 0);
	ns_init(&connection->session, &first_limits);
	return connection;
}

/* Not opened yet: nobody but the listener's list knows it. */
static void unmake(struct hf9_connection *connection)
{
	put_cred(connection->peer_cred);
	kfree(connection);
}

/* From hf_link_open() on it may be served. */
static int open(struct hf9_connection *connection, struct socket *sock)
{
	int ret = know_peer(connection, sock);

	if (ret)
		return ret;
	ret = hf9_registry_join_listener(connection);
	if (ret)
		return ret;
	ret = hf_link_open(&connection->link, sock, NP_SERVER, HF9_FIRST_MSIZE,
			   &hf9_link_ops);
	if (ret)
		hf9_registry_leave(connection);
	return ret;
}

int hf9_connection_new(struct hf9_listener *listener, struct socket *sock)
{
	struct hf9_connection *connection = make(listener);
	int ret;

	if (!connection)
		return -ENOMEM;
	/* It may have ended before this returns. */
	hf9_connection_get(connection);
	ret = open(connection, sock);
	if (ret) {
		unmake(connection);
		return ret;
	}
	hf9_count(connections);
	trace_hf9_connection(connection, "accepted");
	hf9_connection_readable(connection);
	hf9_connection_put(connection);
	return 0;
}
