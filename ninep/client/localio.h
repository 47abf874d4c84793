/* SPDX-License-Identifier: GPL-2.0-only */
/* The way past the network to a server in the same kernel: localio.c, bypass*.c. */
#ifndef HF9C_LOCALIO_H
#define HF9C_LOCALIO_H

#include <holdfast/localio.h>
#include <holdfast/netfs_aside.h>

#include "client.h"

struct hf9c_fid;

/**
 * struct hf9c_borrowed - the server's file of an open fid
 * @link: a reference
 * @file: good for as long as that is held
 */
struct hf9c_borrowed {
	struct hf_localio_link *link;
	const struct hf_localio_file *file;
};

/* localio.c */
int hf9c_local_begin(struct super_block *sb, struct hf9c_fid *root);
void hf9c_local_end(struct hf9c_super *hs);
void hf9c_local_fini(struct hf9c_super *hs);
void hf9c_local_again(struct work_struct *work);
bool hf9c_borrow(struct hf9c_fid *fid, struct hf9c_borrowed *borrowed);
void hf9c_give_back(const struct hf9c_borrowed *borrowed);
void hf9c_fid_give_back(struct hf9c_fid *fid);
void hf9c_after_aside(struct inode *inode);
void hf9c_by_wire(struct hf9c_super *hs, const char *why);

/* Bytes have come or gone past the cache: see hf9c_after_aside().  Any context. */
static inline void hf9c_went_aside(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);

	smp_rmb();	/* after what was read; pairs with hf9c_after_aside() */
	if (!READ_ONCE(hi->aside))
		WRITE_ONCE(hi->aside, true);
}

/* What a stacked filesystem says to who is to come again, or has no signals. */
static inline bool hf9c_is_for_the_wire(ssize_t ret)
{
	return ret == -EAGAIN || ret == -ERESTARTNOINTR;
}

/* What the files' operations ask first: false: the rest by the wire. */
bool hf9c_bypass_read(struct kiocb *iocb, struct iov_iter *to, ssize_t *done);
bool hf9c_bypass_write(struct kiocb *iocb, struct iov_iter *from, ssize_t *done);
bool hf9c_bypass_splice(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			size_t len, unsigned int flags, ssize_t *ret);
bool hf9c_bypass_fsync(struct file *file, loff_t start, loff_t last, int datasync, int *ret);

/* bypass.c, for the two below */
ssize_t hf9c_call_read(const struct hf_localio_file *lf, struct kiocb *kiocb,
		       struct iov_iter *to);
ssize_t hf9c_call_write(const struct hf_localio_file *lf, struct kiocb *kiocb,
			struct iov_iter *from);
bool hf9c_start_write(const struct hf_localio_file *lf);
void hf9c_kiocb_init(struct kiocb *kiocb, const struct hf_localio_file *lf,
		     const struct kiocb *iocb, bool write);
bool hf9c_lock_write(const struct kiocb *iocb);
void hf9c_unlock_write(struct inode *inode, bool alone);
void hf9c_assert_write(const struct kiocb *iocb);

/* bypass_inline.c: whose buffer is where it is. */
bool hf9c_inline(struct kiocb *iocb, struct iov_iter *iter, bool write, ssize_t *done);
int hf9c_inline_cached(struct kiocb *iocb, struct iov_iter *to, ssize_t *done);

/* bypass_pinned.c: whose buffer is to be there for longer than the call, or for a device. */
bool hf9c_pinned(struct kiocb *iocb, struct iov_iter *buffer, bool write, ssize_t *done);
int hf9c_pinned_init(void);
void hf9c_pinned_exit(void);

#endif /* HF9C_LOCALIO_H */
