/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream socket (holdfast_ninep), of any family, that the kernel or a program has
 * made: its callbacks, its network namespace, its end.  A listener is one; so is a connection, which
 * has a struct hf_link around it (<holdfast/ninep_link.h>).
 *
 * The socket does not hold its network namespace.  When that ends, the socket is
 * shut down and released under the feet of its user, who is told (->ready) and
 * from then on finds it shut.  (One that a program has made does hold its namespace.
 * One that was accepted holds one, too, if it is of AF_UNIX its peer's, if of vsock
 * its listener's: the kernel makes it so.)
 */
#ifndef HOLDFAST_NINEP_SOCKET_H
#define HOLDFAST_NINEP_SOCKET_H

#include <linux/list.h>
#include <linux/rwsem.h>

struct net;
struct sock;
struct socket;

/**
 * struct hf_socket - a socket and its callbacks; embedded by its user
 * @sock: the socket.  NULL once it is released.  Whoever uses it holds @use for
 *	reading; it is taken away under @use for writing
 * @ready: I: the user's, see hf_socket_open()
 * @use: see @sock.  Never held for the network: nothing here blocks on it
 * @of_all: in the list of all sockets, under its mutex
 * @net: I: the namespace, which may be gone: only to be compared, unless it is held
 * @flags: A: bits, private
 * @data_ready: I: what the socket had before
 * @state_change: I: likewise
 * @write_space: I: likewise
 * @error_report: I: likewise
 *
 * I: set by hf_socket_open() and then only read; A: atomic.
 */
struct hf_socket {
	struct socket *sock;
	void (*ready)(struct hf_socket *socket);
	struct rw_semaphore use;
	struct list_head of_all;
	struct net *net;
	unsigned long flags;
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

/**
 * hf_socket_reclassify - lockdep classes of holdfast's own
 * @sock: a socket that was just made: neither bound nor connected nor listening
 *
 * So that its lock is not taken for one that is held while a page is faulted in
 * through a filesystem of ours.  Accepted sockets cannot have it: the lock is in
 * use already.  Nothing without lockdep; with it the socket holds this module until
 * it is freed, a listener for a grace period after its release.
 *
 * Context: any.
 */
void hf_socket_reclassify(struct socket *sock);

/**
 * hf_socket_open - take a socket over
 * @socket: filled
 * @sock: a stream socket that listens or is connected, made by the kernel; or one that
 *	a program has made, with a reference to its file, and nobody else uses.
 *	@socket's from here on, unless this fails
 * @ready: called when there may be data, room to send after a send that found none,
 *	a connection to accept, or the end.  It may be called at any time, for no
 *	reason, and by several CPUs at once, from here on until hf_socket_shutdown()
 *	has returned.  Context: softirq, or a task with bottom halves off, under
 *	sk_callback_lock and sometimes the socket's own lock.  It queues some work;
 *	it calls nothing of this header.
 *
 * What came before is not told: the user looks once by itself afterwards.
 *
 * What a program has set of SO_LINGER, SO_RCVLOWAT and TCP_CORK is forgotten.  A TCP
 * socket gets TCP_NODELAY, and keepalive and TCP_USER_TIMEOUT such that a peer
 * that is silent, or acknowledges nothing, or has kept its window shut, for two
 * minutes is gone.  Sending, shutdown and close allocate without I/O, whatever the
 * family: the user may be one that write-back waits for.
 *
 * Context: may sleep.
 * Return: 0; -ESOCKTNOSUPPORT if it is not a stream; -EBUSY if somebody else has
 * callbacks in it; -ESHUTDOWN if its network namespace is ending.
 */
int hf_socket_open(struct hf_socket *socket, struct socket *sock,
		   void (*ready)(struct hf_socket *socket));

/**
 * hf_socket_accept_begin - the next connection of a listener, without waiting
 * @socket: a listener
 * @accepted: the connection's socket, to be opened with hf_socket_open() or
 *	hf_link_open()
 *
 * The namespace is held until hf_socket_accept_end(): between a listener and the
 * list of sockets its end would not find the new one.
 *
 * Context: may sleep, but not until somebody connects.
 * Return: 0, and hf_socket_accept_end() has to follow; -EAGAIN if there is none;
 * -ESHUTDOWN once the listener is shut; what else accept(2) says.
 */
int hf_socket_accept_begin(struct hf_socket *socket, struct socket **accepted);

/**
 * hf_socket_accept_end - it has been opened, or not
 * @socket: the listener, not released meanwhile
 * @refused: NULL, or the socket, if it was not opened: it is released
 *
 * Context: may sleep, but not for the peer.
 */
void hf_socket_accept_end(struct hf_socket *socket, struct socket *refused);

/**
 * hf_socket_shutdown - the end of both directions
 * @socket: the socket
 *
 * When this has returned ->ready is not called any more, nor is it running.  What
 * was sent is still delivered.  Safe twice, and beside everything but
 * hf_socket_release().
 *
 * Context: may sleep, but not for the peer.
 */
void hf_socket_shutdown(struct hf_socket *socket);

/**
 * hf_socket_release - give the socket up
 * @socket: the socket; its memory is the caller's again
 *
 * Shuts it down first.  No other call on @socket may run, or begin.  What was sent
 * is still delivered, unless the peer has sent something that nobody received: TCP
 * answers that with a reset, and forgets what it has not sent yet.
 *
 * Context: may sleep, but not for the peer.
 */
void hf_socket_release(struct hf_socket *socket);

#endif /* HOLDFAST_NINEP_SOCKET_H */
