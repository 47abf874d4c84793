// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a socket calls when something happens to it, in place of what it called
 * before; and whether anybody waits for room in it.  (Why none of it comes too late:
 * socket.c.)
 */
#include <linux/export.h>
#include <linux/net.h>
#include <net/sock.h>

#include "socket.h"

static struct hf_socket *socket_of(const struct sock *sk)
{
	lockdep_assert_held(&sk->sk_callback_lock);
	return __locked_read_sk_user_data_with_flags(sk, SK_USER_DATA_NOCOPY);
}

/* Under the lock, so that hf_socket_detach() waits for it. */
static void data_ready(struct sock *sk)
{
	struct hf_socket *socket;

	read_lock_bh(&sk->sk_callback_lock);
	socket = socket_of(sk);
	if (socket)
		socket->ready(socket);
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * What it is a receive or a send finds out, even one that waits for room: sk_state
 * means something else in each family.
 */
void hf_socket_wake(struct sock *sk)
{
	struct hf_socket *socket;

	read_lock_bh(&sk->sk_callback_lock);
	socket = socket_of(sk);
	if (socket) {
		clear_bit(HF_SOCKET_BLOCKED, &socket->flags);
		socket->ready(socket);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void state_change(struct sock *sk)
{
	hf_socket_wake(sk);
}

static void error_report(struct sock *sk)
{
	hf_socket_wake(sk);
}

/* Of AF_UNIX's buffers only this count knows. */
static bool has_room(const struct sock *sk)
{
	return sk->sk_family == AF_UNIX ? sock_writeable(sk) :
					  sk_stream_is_writeable(sk);
}

/* TCP calls it for as long as SOCK_NOSPACE is set. */
static void write_space(struct sock *sk)
{
	struct hf_socket *socket;

	read_lock_bh(&sk->sk_callback_lock);
	socket = socket_of(sk);
	if (socket && has_room(sk)) {
		if (sk->sk_socket)
			clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		/* Room first, then the bit: see hf_socket_block(). */
		if (test_and_clear_bit(HF_SOCKET_BLOCKED, &socket->flags))
			socket->ready(socket);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

bool hf_socket_is_attached(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == data_ready;
}

/* Clones of a listener get no sk_user_data, but they do get the callbacks. */
int hf_socket_claim(struct hf_socket *socket)
{
	struct sock *sk = socket->sock->sk;
	int ret = -EBUSY;

	write_lock_bh(&sk->sk_callback_lock);
	if (!sk->sk_user_data && !hf_socket_is_attached(sk)) {
		socket->data_ready = sk->sk_data_ready;
		socket->state_change = sk->sk_state_change;
		socket->write_space = sk->sk_write_space;
		socket->error_report = sk->sk_error_report;
		__rcu_assign_sk_user_data_with_flags(sk, socket, SK_USER_DATA_NOCOPY);
		ret = 0;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	return ret;
}

void hf_socket_attach(struct hf_socket *socket)
{
	struct sock *sk = socket->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WARN_ON_ONCE(socket_of(sk) != socket);
	sk->sk_data_ready = data_ready;
	sk->sk_state_change = state_change;
	sk->sk_write_space = write_space;
	sk->sk_error_report = error_report;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void restore(const struct hf_socket *socket, struct sock *sk)
{
	lockdep_assert_held_write(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, socket->data_ready);
	WRITE_ONCE(sk->sk_state_change, socket->state_change);
	WRITE_ONCE(sk->sk_write_space, socket->write_space);
	WRITE_ONCE(sk->sk_error_report, socket->error_report);
}

/* Safe twice. */
void hf_socket_detach(struct hf_socket *socket, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	if (socket_of(sk) == socket) {
		restore(socket, sk);
		__rcu_assign_sk_user_data_with_flags(sk, NULL, 0);
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * A TCP listener's clone has its callbacks.  What the listener had before is what
 * any socket of its family has.
 */
void hf_socket_forget_listener(const struct hf_socket *listener, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	restore(listener, sk);
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * Who frees room does so, and then looks at the bit (a barrier is between).  Here it
 * is the other way round, so one of the two sees the other.
 */
void hf_socket_block(struct hf_socket *socket)
{
	set_bit(HF_SOCKET_BLOCKED, &socket->flags);
	smp_mb__after_atomic();
}

void hf_socket_unblock(struct hf_socket *socket)
{
	clear_bit(HF_SOCKET_BLOCKED, &socket->flags);
}

/*
 * Who was told of the end may have blocked it once more: what waits is to learn of
 * the end, too.  (Both bits are of one word: who sees the second sees the first.)
 */
bool hf_socket_is_blocked(const struct hf_socket *socket)
{
	unsigned long flags = READ_ONCE(socket->flags);

	return flags & BIT(HF_SOCKET_BLOCKED) && !(flags & BIT(HF_SOCKET_SHUT));
}

#if IS_ENABLED(CONFIG_KUNIT)
EXPORT_SYMBOL_NS_GPL(hf_socket_is_blocked, HOLDFAST_KUNIT);
#endif
