// SPDX-License-Identifier: GPL-2.0-only
/* The sockets of end.h, of each family, and bytes between them. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/un.h>
#include <linux/vm_sockets.h>
#include <net/sock.h>

#include "end.h"

const struct family families[] = {
	{ "unix", AF_UNIX },
	{ "tcp", AF_INET },
	{ "tcp6", AF_INET6 },
	{ "vsock", AF_VSOCK },
};

const void *next_family(const void *previous, char *name)
{
	const struct family *next = previous ? (const struct family *)previous + 1 :
					       families;

	if (next == families + FAMILIES)
		return NULL;
	strscpy(name, next->name, KUNIT_PARAM_DESC_SIZE);
	return next;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_vm vm;
};

/* One that the kernel completes. */
static int address_init(union address *address, int family)
{
	memset(address, 0, sizeof(*address));
	address->any.sa_family = family;
	switch (family) {
	case AF_INET:
		address->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(address->in);
	case AF_INET6:
		address->in6.sin6_addr = in6addr_loopback;
		return sizeof(address->in6);
	case AF_VSOCK:
		address->vm.svm_cid = VMADDR_CID_LOCAL;
		address->vm.svm_port = VMADDR_PORT_ANY;
		return sizeof(address->vm);
	}
	return sizeof(address->un.sun_family);
}

static struct socket *make(struct kunit *test, struct net *net, int family)
{
	struct socket *sock = NULL;

	KUNIT_ASSERT_EQ(test, sock_create_kern(net, family, SOCK_STREAM, 0, &sock), 0);
	hf_socket_reclassify(sock);
	return sock;
}

struct socket *make_listener(struct kunit *test, struct net *net, int family)
{
	struct socket *listener = make(test, net, family);
	union address address;
	int bytes = address_init(&address, family);

	KUNIT_ASSERT_EQ(test, kernel_bind(listener, &address.any, bytes), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(listener, 4), 0);
	return listener;
}

struct socket *connect_to(struct kunit *test, struct net *net, struct socket *listener)
{
	struct socket *sock = make(test, net, listener->sk->sk_family);
	union address address;
	int bytes = kernel_getsockname(listener, &address.any);

	KUNIT_ASSERT_GT(test, bytes, 0);
	KUNIT_ASSERT_EQ(test, kernel_connect(sock, &address.any, bytes, 0), 0);
	if (sk_is_tcp(sock->sk))
		tcp_sock_set_nodelay(sock->sk);
	return sock;
}

void connect_pair(struct kunit *test, struct net *net, int family,
		  struct socket *ends[2])
{
	struct socket *listener = make_listener(test, net, family);

	ends[0] = connect_to(test, net, listener);
	KUNIT_ASSERT_EQ(test, kernel_accept(listener, &ends[1], 0), 0);
	sock_release(listener);
}

void raw_send(struct kunit *test, struct socket *sock, const void *bytes, size_t count)
{
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = count };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	KUNIT_EXPECT_EQ(test, kernel_sendmsg(sock, &msg, &vec, 1, count), (int)count);
}

int raw_receive(struct socket *sock)
{
	u8 byte;
	struct kvec vec = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {};

	return kernel_recvmsg(sock, &msg, &vec, 1, 1, 0);
}

void raw_send_message(struct kunit *test, struct socket *sock,
		      const struct message *message, unsigned int number)
{
	u8 *payload = kunit_kmalloc(test, message->payload_bytes + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, payload);
	payload_fill(payload, number, message->payload_bytes);
	raw_send(test, sock, message->head, message->head_bytes);
	raw_send(test, sock, payload, message->payload_bytes);
	kunit_kfree(test, payload);
}
