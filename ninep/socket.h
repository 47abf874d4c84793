/* SPDX-License-Identifier: GPL-2.0-only */
/* Of a socket (<holdfast/ninep_socket.h>): what only the link needs, and the module. */
#ifndef HF_NINEP_SOCKET_H
#define HF_NINEP_SOCKET_H

#include <linux/poll.h>

#include <holdfast/ninep_socket.h>

/* Bits of hf_socket.flags: nobody uses it any more; a send waits for room. */
enum { HF_SOCKET_SHUT, HF_SOCKET_BLOCKED };

/* Lockdep's class of what is held while it is read from, as hf_socket_reclassify(). */
void hf_socket_reclassify_reading(struct sock *sk);

/* It is @socket's, which is told of nothing yet; -EBUSY if it is somebody's. */
int hf_socket_claim(struct hf_socket *socket);
/* The callbacks are ours from here on, and find @socket. */
void hf_socket_attach(struct hf_socket *socket);
/* Whether they are. */
bool hf_socket_is_attached(const struct sock *sk);
/* They are again what they were, and none that runs uses @socket.  Safe twice. */
void hf_socket_detach(struct hf_socket *socket, struct sock *sk);
/* @sk was accepted from @listener: its callbacks are those of any. */
void hf_socket_forget_listener(const struct hf_socket *listener, struct sock *sk);
/* Calls ->ready of the one that @sk is attached to, if any, who is not blocked now. */
void hf_socket_wake(struct sock *sk);

/*
 * The socket, which stays until hf_socket_unuse(), or NULL once it was shut down;
 * then there is nothing to unuse.  May sleep.
 */
struct socket *hf_socket_use(struct hf_socket *socket);
void hf_socket_unuse(struct hf_socket *socket);

/*
 * A send has found no room: ->ready is called once there is some.  The caller tries
 * again after it: room may have come before.
 */
void hf_socket_block(struct hf_socket *socket);
/* It need not be, or was. */
void hf_socket_unblock(struct hf_socket *socket);
bool hf_socket_is_blocked(const struct hf_socket *socket);

/* Calls ->ready, if that is still called.  The caller uses the socket. */
void hf_socket_tell(struct hf_socket *socket);

/* What poll(2) would say now.  The caller uses the socket. */
__poll_t hf_socket_events(struct hf_socket *socket);

int hf_sockets_init(void);
void hf_sockets_exit(void);

#endif /* HF_NINEP_SOCKET_H */
