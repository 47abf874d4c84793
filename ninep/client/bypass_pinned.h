/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O past the network by memory that is pinned: it begins in bypass_pinned.c, and ends in
 * bypass_done.c.
 */
#ifndef HF9C_BYPASS_PINNED_H
#define HF9C_BYPASS_PINNED_H

#include <linux/refcount.h>

#include "localio.h"

/**
 * struct hf9c_pinned_io - one
 * @refs: see bypass_done.c
 * @kiocb: of the server's file
 * @iocb: of the mount's, which the submitter waits for, or not
 * @by: from the start until completion
 * @iter: what is to be transferred
 * @pinned: what it is over, if that is a program's
 * @pos: where, once that is known
 * @len: how much
 * @write: to the server
 * @async: its submitter does not wait
 * @got: how much was, or an error
 * @work: does it, or what is left to do
 */
struct hf9c_pinned_io {
	refcount_t refs;
	struct kiocb kiocb;
	struct kiocb *iocb;
	struct hf9c_borrowed by;
	struct iov_iter iter;
	struct hf_netfs_pinned pinned;
	loff_t pos;
	size_t len;
	bool write, async;
	ssize_t got;
	struct work_struct work;
};

static inline struct inode *hf9c_inode_of(const struct hf9c_pinned_io *io)
{
	return file_inode(io->iocb->ki_filp);
}

/* bypass_done.c.  Its submitter's: the server's file has done it. */
void hf9c_pinned_settle(struct hf9c_pinned_io *io);
/* A worker's: likewise, of an asynchronous one. */
void hf9c_pinned_complete(struct work_struct *work);
/* ->ki_complete of the server's file.  In any context. */
void hf9c_pinned_completed(struct kiocb *kiocb, long ret);
/* Its submitter's, of what completes by itself. */
void hf9c_pinned_put(struct hf9c_pinned_io *io);

int hf9c_done_init(void);
void hf9c_done_exit(void);

#endif /* HF9C_BYPASS_PINNED_H */
