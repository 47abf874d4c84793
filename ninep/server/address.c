// SPDX-License-Identifier: GPL-2.0-only
/* A listener's socket, from what was written. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/un.h>
#include <linux/vm_sockets.h>
#include <net/af_unix.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include <holdfast/ninep_socket.h>

#include "address.h"
#include "core/config_core.h"

#define BACKLOG	128

struct sockaddr_of {
	struct sockaddr_storage storage;
	int length;
};

static void fill_inet(struct sockaddr_of *to, const struct ns_address *from)
{
	struct sockaddr_in *addr = (struct sockaddr_in *)&to->storage;

	addr->sin_family = AF_INET;
	memcpy(&addr->sin_addr, from->ip.bytes, 4);
	addr->sin_port = htons(from->port);
	to->length = sizeof(*addr);
}

static void fill_inet6(struct sockaddr_of *to, const struct ns_address *from)
{
	struct sockaddr_in6 *addr = (struct sockaddr_in6 *)&to->storage;

	addr->sin6_family = AF_INET6;
	memcpy(&addr->sin6_addr, from->ip.bytes, 16);
	addr->sin6_port = htons(from->port);
	to->length = sizeof(*addr);
}

static void fill_vsock(struct sockaddr_of *to, const struct ns_address *from)
{
	struct sockaddr_vm *addr = (struct sockaddr_vm *)&to->storage;

	addr->svm_family = AF_VSOCK;
	addr->svm_cid = VMADDR_CID_ANY;
	addr->svm_port = from->port;
	to->length = sizeof(*addr);
}

static void fill_unix(struct sockaddr_of *to, const struct ns_address *from)
{
	struct sockaddr_un *addr = (struct sockaddr_un *)&to->storage;

	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path, from->path.at, from->path.length);
	to->length = offsetof(struct sockaddr_un, sun_path) + from->path.length + 1;
}

static void fill(struct sockaddr_of *to, const struct ns_address *from)
{
	memset(to, 0, sizeof(*to));
	switch (from->ip.family) {
	case NS_INET:
		fill_inet(to, from);
		break;
	case NS_INET6:
		fill_inet6(to, from);
		break;
	case NS_VSOCK:
		fill_vsock(to, from);
		break;
	default:
		fill_unix(to, from);
	}
}

/* A restarted server need not wait; and IPv4 is another listener's. */
static void prepare(struct socket *sock)
{
	hf_socket_reclassify(sock);
	if (sock->sk->sk_family == AF_INET || sock->sk->sk_family == AF_INET6)
		sock_set_reuseaddr(sock->sk);
	if (sock->sk->sk_family == AF_INET6) {
		lock_sock(sock->sk);
		sock->sk->sk_ipv6only = true;
		release_sock(sock->sk);
	}
}

static int listen(struct socket *sock, struct sockaddr_of *addr, const char **why)
{
	int ret;

	prepare(sock);
	ret = kernel_bind(sock, (struct sockaddr *)&addr->storage, addr->length);
	if (ret) {
		*why = "nothing can be bound to the address";
		return ret;
	}
	ret = kernel_listen(sock, BACKLOG);
	if (ret)
		*why = "the socket cannot listen";
	return ret;
}

/* It is the socket's for as long as that is open, as here. */
static void keep_file(struct socket *sock, struct path *file)
{
	if (sock->sk->sk_family != AF_UNIX || !unix_sk(sock->sk)->path.dentry)
		return;
	*file = unix_sk(sock->sk)->path;
	path_get(file);
}

struct socket *hf9_address_listen(const char *address, struct path *file,
				  const char **why)
{
	struct ns_text text = { .at = address, .length = strlen(address) };
	struct ns_address parsed;
	struct sockaddr_of addr;
	struct socket *sock;
	int ret;

	if (ns_parse_address(text, &parsed)) {
		*why = "there is no address";
		return ERR_PTR(-EINVAL);
	}
	fill(&addr, &parsed);
	ret = sock_create_kern(current->nsproxy->net_ns, addr.storage.ss_family,
			       SOCK_STREAM, 0, &sock);
	if (ret) {
		*why = "there is no socket of that family";
		return ERR_PTR(ret);
	}
	ret = listen(sock, &addr, why);
	keep_file(sock, file);
	if (!ret)
		return sock;
	sock_release(sock);
	hf9_address_unlink(file);
	return ERR_PTR(ret);
}

static int unlink_in(struct dentry *dir, struct path *file)
{
	int ret = -ESTALE;

	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	if (file->dentry->d_parent == dir && !d_unhashed(file->dentry) &&
	    d_is_positive(file->dentry))
		ret = vfs_unlink(mnt_idmap(file->mnt), d_inode(dir), file->dentry, NULL);
	inode_unlock(d_inode(dir));
	return ret;
}

void hf9_address_unlink(struct path *file)
{
	struct dentry *dir;

	if (!file->dentry)
		return;
	dir = dget_parent(file->dentry);
	if (!mnt_want_write(file->mnt)) {
		unlink_in(dir, file);
		mnt_drop_write(file->mnt);
	}
	dput(dir);
	path_put(file);
	*file = (struct path) {};
}
