/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that holdfast supports, each difference
 * under the name of the capability.  No version test stands anywhere else.
 */
#ifndef HOLDFAST_COMPAT_H
#define HOLDFAST_COMPAT_H

#include <linux/types.h>
#include <linux/version.h>

/*
 * 6.12 is the first kernel whose struct file_lock has a struct file_lock_core
 * and whose export operations name EXPORT_OP_ASYNC_LOCK; later series have not
 * been tried.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "holdfast supports Linux 6.12.y"
#endif

struct svc_rqst;
struct xdr_stream;

/*
 * The beginning of nfsd's decoded NFSv4 compound (struct nfsd4_compoundargs,
 * private to nfsd).  locks/range/nfsd.c checks the two pointers before it
 * believes minorversion, so a kernel that moves a field makes clients poll, no
 * more.
 */
struct hf_compound_prefix {
	struct xdr_stream *xdr;
	void *to_free;
	struct svc_rqst *rqstp;
	char *tag;
	u32 taglen;
	u32 minorversion;
};

/*
 * export/: backing_file_open() took the path of the upper file in the first
 * 6.12.y, and takes the file itself since a fix that vendors carried back each
 * at a time of their own.  No version tells, so its type does; a third
 * signature fails to compile.
 */
#include <linux/backing-file.h>

static inline struct file *hf_backing_file_open(struct file *upper, int flags,
						const struct path *lower,
						const struct cred *cred)
{
	return backing_file_open(
		_Generic(&backing_file_open,
			 struct file *(*)(const struct file *, int,
					  const struct path *,
					  const struct cred *):
			 (const struct file *)upper,
			 struct file *(*)(const struct path *, int,
					  const struct path *,
					  const struct cred *):
			 (const struct path *)&upper->f_path),
		flags, lower, cred);
}

/*
 * export/: a file that was opened with __FMODE_NONOTIFY, so that nobody was
 * asked, is from here on as one that was opened before anybody asked to be.
 * Kernels that look for such listeners once, at the open, keep their answer in
 * the file; it stands.
 */
static inline void hf_file_notify(struct file *file)
{
	file->f_flags &= ~__FMODE_NONOTIFY;
	file->f_mode &= ~FMODE_NONOTIFY;
#ifdef FMODE_NONOTIFY_PERM
	file->f_mode |= FMODE_NONOTIFY_PERM;
#endif
}

/*
 * ninep/: a socket of the kernel's own is to hold its network namespace from here
 * on.  The first 6.12.y left that to each caller; ninep/Kbuild looks which it is.
 * The caller has the socket's lock.
 */
#include <net/sock.h>

static inline void hf_sk_hold_net(struct sock *sk)
{
#ifdef HF_SK_NET_REFCNT_UPGRADE
	sk_net_refcnt_upgrade(sk);
#else
	struct net *net = sock_net(sk);

	__netns_tracker_free(net, &sk->ns_tracker, false);
	sk->sk_net_refcnt = 1;
	get_net_track(net, &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(net, 1);
#endif
}

#endif /* HOLDFAST_COMPAT_H */
