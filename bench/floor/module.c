// SPDX-License-Identifier: GPL-2.0-only
/*
 * ninep_floor: for the benchmarks.  On 127.0.0.1, port 5650, a server of 9P2000.L
 * that gives canned answers: what any server costs its client at the least.  On port
 * 5651 not even that: a client says how many bytes it will send and wants back each
 * time (two little-endian numbers of 32 bits), and gets them.
 *
 * A thread for each connection, which blocks in its socket.  All of them stay until
 * the module goes, which shuts the sockets down first; then nothing else runs in here.
 */
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "floor.h"

#define FLOOR_PORT	5650
#define ECHO_PORT	5651
#define HEADER		7
/* More, and somebody forgets to close them. */
#define CONNECTIONS	32

struct connection {
	struct list_head of_all;
	struct socket *sock;
	struct task_struct *task;
	void (*serve)(struct connection *connection);
	struct floor_tree tree;
	u8 in[FLOOR_MSIZE], out[FLOOR_MSIZE];
};

struct listener {
	u16 port;
	void (*serve)(struct connection *connection);
	struct socket *sock;
	struct task_struct *task;
};

static DEFINE_MUTEX(lock);		/* of the list and its length */
static LIST_HEAD(connections);
static unsigned int nr_connections;
static DECLARE_WAIT_QUEUE_HEAD(end);
static u8 zeroes[FLOOR_MSIZE];

/* Bytes, of which there are some; or an error. */
static int receive(struct connection *connection, u32 at, u32 bytes, int flags)
{
	struct kvec vec = { connection->in + at, bytes };
	struct msghdr msg = { .msg_flags = flags };
	int got = kernel_recvmsg(connection->sock, &msg, &vec, 1, bytes, flags);

	return got ?: -EPIPE;
}

static bool send(struct connection *connection, u32 head, u32 payload)
{
	struct kvec vec[] = { { connection->out, head }, { zeroes, payload } };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	return kernel_sendmsg(connection->sock, &msg, vec, payload ? 2 : 1,
			      head + payload) == head + payload;
}

/* Bytes of those at @at that were used; 0 if it is not all here; or an error. */
static int one(struct connection *connection, u32 at, u32 have)
{
	struct np_built built;
	u32 size;

	if (have < HEADER)
		return 0;
	size = get_unaligned_le32(connection->in + at);
	if (size < HEADER || size > FLOOR_MSIZE)
		return -EPROTO;
	if (size > have)
		return 0;
	if (!floor_answer(&connection->tree, connection->in + at, size, connection->out,
			  &built))
		return -EPROTO;
	return send(connection, built.head, built.size - built.head) ? size : -EPIPE;
}

static void serve_floor(struct connection *connection)
{
	u32 have = 0;

	for (;;) {
		int got = receive(connection, have, FLOOR_MSIZE - have, 0), used;
		u32 at = 0;

		if (got < 0)
			return;
		have += got;
		while ((used = one(connection, at, have)) > 0) {
			at += used;
			have -= used;
		}
		if (used < 0)
			return;
		memmove(connection->in, connection->in + at, have);
	}
}

static void serve_echo(struct connection *connection)
{
	u32 in, out;

	if (receive(connection, 0, 8, MSG_WAITALL) != 8)
		return;
	in = get_unaligned_le32(connection->in);
	out = get_unaligned_le32(connection->in + 4);
	if (!in || in > FLOOR_MSIZE || !out || out > FLOOR_MSIZE)
		return;
	while (receive(connection, 0, in, MSG_WAITALL) == in &&
	       send(connection, out, 0))
		;
}

static struct listener listeners[] = {
	{ .port = FLOOR_PORT, .serve = serve_floor },
	{ .port = ECHO_PORT, .serve = serve_echo },
};

static int serve(void *argument)
{
	struct connection *connection = argument;

	connection->serve(connection);
	kernel_sock_shutdown(connection->sock, SHUT_RDWR);
	wait_event_idle(end, kthread_should_stop());
	return 0;
}

/* It is in the list, or its socket is released. */
static void welcome(struct listener *listener, struct socket *sock)
{
	struct connection *connection = kvzalloc(sizeof(*connection), GFP_KERNEL);

	mutex_lock(&lock);
	if (!connection || nr_connections == CONNECTIONS)
		goto refuse;
	connection->sock = sock;
	connection->serve = listener->serve;
	tcp_sock_set_nodelay(sock->sk);
	connection->task = kthread_run(serve, connection, "ninep_floor");
	if (IS_ERR(connection->task))
		goto refuse;
	list_add(&connection->of_all, &connections);
	nr_connections++;
	mutex_unlock(&lock);
	return;
refuse:
	mutex_unlock(&lock);
	pr_warn("ninep_floor: a connection is refused\n");
	kvfree(connection);
	sock_release(sock);
}

static int listen(void *argument)
{
	struct listener *listener = argument;
	struct socket *sock;

	while (!kernel_accept(listener->sock, &sock, 0))
		welcome(listener, sock);
	wait_event_idle(end, kthread_should_stop());
	return 0;
}

static int open(struct listener *listener)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(listener->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int ret = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP,
				   &listener->sock);

	if (ret)
		return ret;
	sock_set_reuseaddr(listener->sock->sk);
	ret = kernel_bind(listener->sock, (struct sockaddr *)&address, sizeof(address)) ?:
	      kernel_listen(listener->sock, CONNECTIONS);
	if (!ret) {
		listener->task = kthread_run(listen, listener, "ninep_floor");
		ret = PTR_ERR_OR_ZERO(listener->task);
	}
	if (ret) {
		sock_release(listener->sock);
		listener->sock = NULL;
	}
	return ret;
}

/* No connection comes after it. */
static void close(struct listener *listener)
{
	if (!listener->sock)
		return;
	kernel_sock_shutdown(listener->sock, SHUT_RDWR);
	kthread_stop(listener->task);
	sock_release(listener->sock);
}

static void hang_up(struct connection *connection)
{
	kernel_sock_shutdown(connection->sock, SHUT_RDWR);
	kthread_stop(connection->task);
	sock_release(connection->sock);
	kvfree(connection);
}

static void stop(void)
{
	struct connection *connection, *next;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		close(&listeners[i]);
	list_for_each_entry_safe(connection, next, &connections, of_all)
		hang_up(connection);
}

static int __init floor_init(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(listeners); i++) {
		ret = open(&listeners[i]);
		if (ret) {
			stop();
			return ret;
		}
	}
	return 0;
}

static void __exit floor_exit(void)
{
	stop();
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("holdfast: canned answers of 9P, for the benchmarks");
MODULE_LICENSE("GPL");
