// SPDX-License-Identifier: GPL-2.0-only
/* Lockdep's classes of holdfast's own sockets. */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/net.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "socket.h"

#ifdef CONFIG_LOCKDEP
enum { OF_UNIX, OF_INET, OF_INET6, OF_VSOCK, OF_OTHERS, FAMILIES };

static struct lock_class_key slock_keys[FAMILIES], lock_keys[FAMILIES], read_key;

static const char * const slock_names[FAMILIES] = {
	[OF_UNIX]	= "slock-AF_UNIX-HOLDFAST",
	[OF_INET]	= "slock-AF_INET-HOLDFAST",
	[OF_INET6]	= "slock-AF_INET6-HOLDFAST",
	[OF_VSOCK]	= "slock-AF_VSOCK-HOLDFAST",
	[OF_OTHERS]	= "slock-HOLDFAST",
};

static const char * const lock_names[FAMILIES] = {
	[OF_UNIX]	= "sk_lock-AF_UNIX-HOLDFAST",
	[OF_INET]	= "sk_lock-AF_INET-HOLDFAST",
	[OF_INET6]	= "sk_lock-AF_INET6-HOLDFAST",
	[OF_VSOCK]	= "sk_lock-AF_VSOCK-HOLDFAST",
	[OF_OTHERS]	= "sk_lock-HOLDFAST",
};

static unsigned int family_of(const struct sock *sk)
{
	switch (sk->sk_family) {
	case AF_UNIX:
		return OF_UNIX;
	case AF_INET:
		return OF_INET;
	case AF_INET6:
		return OF_INET6;
	case AF_VSOCK:
		return OF_VSOCK;
	}
	return OF_OTHERS;
}

void hf_socket_reclassify(struct socket *sock)
{
	struct sock *sk = sock->sk;
	unsigned int family = family_of(sk);

	if (WARN_ON_ONCE(!sock_allow_reclassification(sk)))
		return;
	sock_lock_init_class_and_name(sk, slock_names[family], &slock_keys[family],
				      lock_names[family], &lock_keys[family]);
}
/* Whose class a lock of a socket has stays until that is freed.  False: another stays. */
static bool stay_for(struct sock *sk)
{
#ifdef CONFIG_PROVE_LOCKING
	if (sk->sk_owner)
		return sk->sk_owner == THIS_MODULE;
#endif
	sk_owner_set(sk, THIS_MODULE);
	return true;
}

/*
 * Who reads from a socket of a program's has this mutex while he copies what has come,
 * which may fault in a page of a mount whose messages come by one of ours.
 */
void hf_socket_reclassify_reading(struct sock *sk)
{
	/* (A program that reads from what it has handed over has its splat.) */
	if (sk->sk_family != AF_UNIX || mutex_is_locked(&unix_sk(sk)->iolock))
		return;
	if (stay_for(sk))
		lockdep_set_class(&unix_sk(sk)->iolock, &read_key);
}
#else
void hf_socket_reclassify(struct socket *sock)
{
}

void hf_socket_reclassify_reading(struct sock *sk)
{
}
#endif
EXPORT_SYMBOL_GPL(hf_socket_reclassify);
