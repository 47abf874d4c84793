// SPDX-License-Identifier: GPL-2.0-only
/* A connected socket, from what was written or from a program. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/un.h>
#include <linux/vm_sockets.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include <holdfast/ninep_socket.h>

#include "session.h"

struct sockaddr_of {
	struct sockaddr_storage storage;
	int length;
};

static int fill_inet(struct net *net, const char *address, u32 port, struct sockaddr_of *to)
{
	char text[8];
	int ret;

	if (!port || port > U16_MAX)
		return -EINVAL;
	snprintf(text, sizeof(text), "%u", port);
	ret = inet_pton_with_scope(net, AF_UNSPEC, address, text, &to->storage);
	to->length = to->storage.ss_family == AF_INET ? sizeof(struct sockaddr_in) :
							sizeof(struct sockaddr_in6);
	return ret;
}

/* An abstract name has a NUL before it, and none behind. */
static int fill_local(const char *address, struct sockaddr_of *to)
{
	struct sockaddr_un *addr = (struct sockaddr_un *)&to->storage;
	size_t length = strlen(address);
	bool abstract = address[0] == '@';

	if (length < 1 + abstract)
		return -EINVAL;
	if (length >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path, address, length);
	if (abstract)
		addr->sun_path[0] = '\0';
	to->length = offsetof(struct sockaddr_un, sun_path) + length + !abstract;
	return 0;
}

static int fill_vm(const char *address, u32 port, struct sockaddr_of *to)
{
	struct sockaddr_vm *addr = (struct sockaddr_vm *)&to->storage;

	if (kstrtouint(address, 10, &addr->svm_cid))
		return -EINVAL;
	addr->svm_family = AF_VSOCK;
	addr->svm_port = port;
	to->length = sizeof(*addr);
	return 0;
}

static int fill(struct net *net, enum hf9c_family family, const char *address, u32 port,
		struct sockaddr_of *to)
{
	memset(to, 0, sizeof(*to));
	switch (family) {
	case HF9C_INET:
		return fill_inet(net, address, port, to);
	case HF9C_LOCAL:
		return fill_local(address, to);
	case HF9C_VM:
		return fill_vm(address, port, to);
	}
	return -EINVAL;
}

/* vsock has a time of its own for it. */
static int set_vm_timeout(struct socket *sock, u32 timeo)
{
	struct __kernel_sock_timeval time = {
		.tv_sec = timeo / MSEC_PER_SEC,
		.tv_usec = timeo % MSEC_PER_SEC * USEC_PER_MSEC,
	};

	return READ_ONCE(sock->ops)->setsockopt(sock, AF_VSOCK,
						SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW,
						KERNEL_SOCKPTR(&time), sizeof(time));
}

/* What has not connected in its time says that it is still at it, or has found no room. */
static int connect_within(struct socket *sock, struct sockaddr_of *addr, u32 timeo)
{
	long before = sock->sk->sk_sndtimeo;
	int ret;

	if (sock->sk->sk_family == AF_VSOCK) {
		ret = set_vm_timeout(sock, timeo);
		if (ret)
			return ret;
	}
	sock->sk->sk_sndtimeo = msecs_to_jiffies(timeo);
	ret = kernel_connect(sock, (struct sockaddr *)&addr->storage, addr->length, 0);
	sock->sk->sk_sndtimeo = before;
	switch (ret) {
	case -EINPROGRESS:
	case -EAGAIN:
		return -ETIMEDOUT;
	case -ERESTARTSYS:
		return -EINTR;
	}
	return ret;
}

static void set_port(struct sockaddr_storage *addr, unsigned int port)
{
	switch (addr->ss_family) {
	case AF_INET:
		((struct sockaddr_in *)addr)->sin_port = htons(port);
		break;
	case AF_INET6:
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
		break;
	case AF_VSOCK:
		((struct sockaddr_vm *)addr)->svm_cid = VMADDR_CID_ANY;
		((struct sockaddr_vm *)addr)->svm_port = port;
		break;
	}
}

/*
 * To a port that is root's to bind, as servers want it who believe a client's kernel:
 * those from 1023 down that others leave.  If there is none, or the mounter may not, the
 * server is to judge that.
 */
static void bind_reserved(struct socket *sock, const struct sockaddr_of *to)
{
	struct sockaddr_storage addr = { .ss_family = to->storage.ss_family };
	unsigned int port;

	if (addr.ss_family == AF_UNIX)
		return;
	for (port = PROT_SOCK - 1; port >= PROT_SOCK / 2; port--) {
		set_port(&addr, port);
		if (kernel_bind(sock, (struct sockaddr *)&addr, to->length) != -EADDRINUSE)
			return;
	}
}

struct socket *hf9c_connect(struct net *net, enum hf9c_family family, const char *address,
			    u32 port, u32 timeo)
{
	struct sockaddr_of addr;
	struct socket *sock;
	int ret;

	ret = fill(net, family, address, port, &addr);
	if (ret)
		return ERR_PTR(ret);
	ret = sock_create_kern(net, addr.storage.ss_family, SOCK_STREAM, 0, &sock);
	if (ret)
		return ERR_PTR(ret);
	hf_socket_reclassify(sock);
	bind_reserved(sock, &addr);
	ret = connect_within(sock, &addr, timeo);
	if (!ret)
		return sock;
	sock_release(sock);
	return ERR_PTR(ret);
}

static bool is_stream(const struct socket *sock)
{
	if (sock->type != SOCK_STREAM)
		return false;
	switch (sock->sk->sk_family) {
	case AF_INET:
	case AF_INET6:
		return sk_is_tcp(sock->sk);
	case AF_UNIX:
	case AF_VSOCK:
		return true;
	}
	return false;
}

struct socket *hf9c_connect_file(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	if (!sock)
		return ERR_PTR(-ENOTSOCK);
	if (!is_stream(sock))
		return ERR_PTR(-ESOCKTNOSUPPORT);
	if (READ_ONCE(sock->sk->sk_state) != TCP_ESTABLISHED ||
	    READ_ONCE(sock->sk->sk_shutdown))
		return ERR_PTR(-ENOTCONN);
	get_file(file);
	return sock;
}

void hf9c_disconnect(struct socket *sock)
{
	if (sock->file)
		fput(sock->file);
	else
		sock_release(sock);
}
