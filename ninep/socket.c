// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream socket with callbacks: owner of its life.  (socket_calls.c has the
 * callbacks, socket_class.c what lockdep is to think of it.)
 *
 * Locks, each taken before those below it:
 *
 *	sockets_lock		mutex	the list of all sockets
 *	hf_socket.use		rwsem	whether there is a socket: read by who uses it
 *	(the socket's own)
 *	sk_callback_lock		sk_user_data and the callbacks
 *
 * Why nothing comes any more when hf_socket_shutdown() has returned, and nothing
 * is used that is gone when hf_socket_release() has:
 * 1. HF_SOCKET_SHUT is set first: whoever asks for the socket from now on is
 *    told that there is none.
 * 2. A callback finds its struct hf_socket in sk_user_data under sk_callback_lock,
 *    and calls ->ready there.  hf_socket_detach() clears it under the same lock for
 *    writing: no ->ready runs after it.  A callback that has been called, but is not
 *    there yet, finds NULL and does nothing.
 * 3. The callbacks are ours for as long as the module is: 2 shows that a late one
 *    needs nothing but its text; hf_sockets_exit() waits for those.
 * 4. hf_socket_release() takes it off the list, so that the end of a namespace does
 *    not find it; if one has found it before, that holds sockets_lock until it is
 *    done with it.  From then on the namespace is held until the socket is closed.
 * 5. The socket is taken away under @use for writing: who uses it has left.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/tcp.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include <holdfast/compat.h>

#include "socket.h"

/* The peer is gone after IDLE + COUNT * INTERVAL s without a sign of it. */
#define KEEP_IDLE_S	60
#define KEEP_INTERVAL_S	10
#define KEEP_COUNT	6
#define SILENT_MS	(1000 * (KEEP_IDLE_S + KEEP_COUNT * KEEP_INTERVAL_S))

static DEFINE_MUTEX(sockets_lock);
static LIST_HEAD(sockets);

/*
 * What a program may have set: small replies would not be told, small messages not be
 * sent, and the close would wait for the peer.
 */
static void forget_settings(struct sock *sk)
{
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	WRITE_ONCE(sk->sk_rcvlowat, 1);
	release_sock(sk);
	if (sk_is_tcp(sk))
		tcp_sock_set_cork(sk, false);
}

/*
 * Whoever sends may be one that write-back waits for; and it may be in the midst of
 * a page fault, whose task_frag is in use.
 */
static void tune(struct sock *sk)
{
	/* Another thread would read from it by now, with the lock whose class is changed. */
	WARN_ON_ONCE(hf_socket_is_attached(sk));
	hf_socket_reclassify_reading(sk);
	sk->sk_allocation = GFP_NOIO;
	sk->sk_use_task_frag = false;
	forget_settings(sk);
	if (!sk_is_tcp(sk))
		return;
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, KEEP_IDLE_S);
	tcp_sock_set_keepintvl(sk, KEEP_INTERVAL_S);
	tcp_sock_set_keepcnt(sk, KEEP_COUNT);
	/* Keepalive is silent while something is not acknowledged. */
	tcp_sock_set_user_timeout(sk, SILENT_MS);
}

/* @net is held, so its end, which looks at the list, is yet to come. */
static int begin(struct hf_socket *socket, struct socket *sock,
		 void (*ready)(struct hf_socket *socket))
{
	int ret;

	socket->sock = sock;
	socket->ready = ready;
	socket->net = sock_net(sock->sk);
	socket->flags = 0;
	init_rwsem(&socket->use);
	ret = hf_socket_claim(socket);
	if (ret)
		return ret;
	tune(sock->sk);
	hf_socket_attach(socket);
	mutex_lock(&sockets_lock);
	list_add(&socket->of_all, &sockets);
	mutex_unlock(&sockets_lock);
	return 0;
}

int hf_socket_open(struct hf_socket *socket, struct socket *sock,
		   void (*ready)(struct hf_socket *socket))
{
	struct net *net;
	int ret;

	if (sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	net = maybe_get_net(sock_net(sock->sk));
	if (!net)
		return -ESHUTDOWN;
	ret = begin(socket, sock, ready);
	put_net(net);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_socket_open);

struct socket *hf_socket_use(struct hf_socket *socket)
{
	down_read(&socket->use);
	if (!test_bit(HF_SOCKET_SHUT, &socket->flags))
		return socket->sock;
	up_read(&socket->use);
	return NULL;
}

void hf_socket_unuse(struct hf_socket *socket)
{
	lockdep_assert_held_read(&socket->use);
	up_read(&socket->use);
}

void hf_socket_tell(struct hf_socket *socket)
{
	lockdep_assert_held_read(&socket->use);
	hf_socket_wake(socket->sock->sk);
}

/* Without a table nothing waits, and no file is looked at. */
__poll_t hf_socket_events(struct hf_socket *socket)
{
	struct socket *sock = socket->sock;

	lockdep_assert_held_read(&socket->use);
	return READ_ONCE(sock->ops)->poll(NULL, sock, NULL);
}

/* The families allocate for what they tell the peer, under the socket's lock. */
static void shut(struct socket *sock)
{
	unsigned int noio = memalloc_noio_save();

	kernel_sock_shutdown(sock, SHUT_RDWR);
	memalloc_noio_restore(noio);
}

void hf_socket_shutdown(struct hf_socket *socket)
{
	set_bit(HF_SOCKET_SHUT, &socket->flags);
	down_read(&socket->use);
	if (socket->sock) {
		hf_socket_detach(socket, socket->sock->sk);
		shut(socket->sock);
	}
	up_read(&socket->use);
}
EXPORT_SYMBOL_GPL(hf_socket_shutdown);

/* Nobody uses it any more. */
static struct socket *take(struct hf_socket *socket)
{
	struct socket *sock;

	down_write(&socket->use);
	sock = socket->sock;
	socket->sock = NULL;
	up_write(&socket->use);
	return sock;
}

/* One that a program has made is its file's. */
static void put_socket(struct socket *sock)
{
	unsigned int noio = memalloc_noio_save();

	if (sock->file)
		fput(sock->file);
	else
		sock_release(sock);
	memalloc_noio_restore(noio);
}

/*
 * An ordinary close, of which the namespace has not seen the end: what was sent is
 * still delivered, and the FIN.  For that TCP needs its timers, and keeps them only
 * if the socket holds its namespace.
 */
static void close_socket(struct socket *sock)
{
	struct sock *sk = sock->sk;

	lock_sock(sk);
	if (!sk->sk_net_refcnt)
		hf_sk_hold_net(sk);
	release_sock(sk);
	put_socket(sock);
}

/* While it is in use the namespace cannot be gone, though its end may have begun. */
static int accept_held(struct hf_socket *socket, struct socket *sock,
		       struct socket **accepted)
{
	int ret;

	if (!maybe_get_net(socket->net))
		return -ESHUTDOWN;
	ret = kernel_accept(sock, accepted, O_NONBLOCK);
	if (ret)
		put_net(socket->net);
	else
		hf_socket_forget_listener(socket, (*accepted)->sk);
	return ret;
}

int hf_socket_accept_begin(struct hf_socket *socket, struct socket **accepted)
{
	struct socket *sock = hf_socket_use(socket);
	int ret;

	if (!sock)
		return -ESHUTDOWN;
	ret = accept_held(socket, sock, accepted);
	hf_socket_unuse(socket);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_socket_accept_begin);

void hf_socket_accept_end(struct hf_socket *socket, struct socket *refused)
{
	if (refused)
		close_socket(refused);
	put_net(socket->net);
}
EXPORT_SYMBOL_GPL(hf_socket_accept_end);

/*
 * The namespace ends: nothing that its sockets have sent can be waited for.  The
 * interfaces are still there, so a reset reaches the peer.
 */
static void abort_socket(struct hf_socket *socket)
{
	struct socket *sock;

	lockdep_assert_held(&sockets_lock);
	list_del_init(&socket->of_all);
	set_bit(HF_SOCKET_SHUT, &socket->flags);
	/* It was on the list, so nobody else takes it away. */
	hf_socket_wake(socket->sock->sk);
	hf_socket_detach(socket, socket->sock->sk);
	sock = take(socket);
	sock_no_linger(sock->sk);
	put_socket(sock);
}

/*
 * Off the list.  The namespace that is returned is held, so that it cannot end
 * between this and the close.  NULL: it is ending, and the socket is gone.
 */
static struct net *leave_list(struct hf_socket *socket)
{
	struct net *net = NULL;

	mutex_lock(&sockets_lock);
	if (!list_empty(&socket->of_all)) {
		net = maybe_get_net(sock_net(socket->sock->sk));
		if (net)
			list_del_init(&socket->of_all);
		else
			abort_socket(socket);
	}
	mutex_unlock(&sockets_lock);
	return net;
}

void hf_socket_release(struct hf_socket *socket)
{
	struct net *net;

	hf_socket_shutdown(socket);
	net = leave_list(socket);
	if (!net)
		return;
	close_socket(take(socket));
	put_net(net);
}
EXPORT_SYMBOL_GPL(hf_socket_release);

/*
 * Before the ->exit of any: those of who uses us, listeners among them, come first,
 * and hf_socket_open() has refused what they may have accepted since.
 */
static void net_pre_exit(struct net *net)
{
	struct hf_socket *socket, *next;

	mutex_lock(&sockets_lock);
	list_for_each_entry_safe(socket, next, &sockets, of_all) {
		if (socket->net == net)
			abort_socket(socket);
	}
	mutex_unlock(&sockets_lock);
}

static struct pernet_operations net_ops = {
	.pre_exit = net_pre_exit,
};

int __init hf_sockets_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/*
 * No socket is left: each had a user, who holds the module through its symbols.  A
 * late callback may still be in our text (3 above): in a softirq, for which
 * synchronize_rcu() waits, or in a task, AF_UNIX's sender for one, which is not in
 * user space nor asleep before it has left.
 */
void hf_sockets_exit(void)
{
	unregister_pernet_subsys(&net_ops);
	synchronize_rcu();
	synchronize_rcu_tasks();
}
