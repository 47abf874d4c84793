// SPDX-License-Identifier: GPL-2.0-only
/*
 * Appends, where others may append, too: the server says where the end is.
 *
 * By a second fid of the open file, which is open with APPEND; the first one is
 * write-back's as well, which says itself where its bytes go.  What a message carries is
 * written at once: no byte of another append is in between.  It goes past the cache: what
 * is dirty is written first, and afterwards the file is as large as the server says.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uio.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "range.h"
#include "remote.h"

/* Of the request layer's, in ms. */
#define FIRST_DELAY	20u
#define LONGEST_DELAY	2000u

struct append {
	struct hf9c_change change;
	struct hf9c_fid *fid;
	void *data;
	u32 bytes;
};

/*
 * Its user may not open it once more, or the server lets none be opened by what there is:
 * it is appended to as well as can be.
 */
static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM || err == -EINVAL || err == -EOPNOTSUPP ||
	       err == -EBADF;
}

/* Return: the open file's, which keeps it; NULL: there can be none; or -errno. */
static struct hf9c_fid *fid_to_append(struct inode *inode, struct hf9c_fid *fid)
{
	struct hf9c_fid *append;

	lockdep_assert_held_write(&inode->i_rwsem);
	if (fid->append)
		return fid->append;
	append = hf9c_open_again(inode, fid, O_WRONLY | NP_O_APPEND | NP_O_LARGEFILE);
	if (IS_ERR(append))
		return is_refusal(PTR_ERR(append)) ? NULL : append;
	fid->append = append;
	return append;
}

static int ask(struct hf9c_change *change)
{
	struct append *append = container_of(change, struct append, change);
	void *data = append->data;

	append->data = NULL;
	/* Where to is not looked at. */
	return hf9c_remote_write(append->fid, 0, data, &append->bytes);
}

/* A program's memory may be a mapping of this file: it is read before the locks are taken. */
static int take(struct append *append, struct iov_iter *from)
{
	size_t bytes = min_t(size_t, iov_iter_count(from), append->fid->hs->wsize);

	append->bytes = 0;
	append->data = kvmalloc(bytes, GFP_KERNEL);
	if (!append->data)
		return -ENOMEM;
	append->bytes = copy_from_iter(append->data, bytes, from);
	return append->bytes ? 0 : -EFAULT;
}

/* A message's worth.  Return: bytes, or -errno. */
static ssize_t append_some(struct kiocb *iocb, struct append *append, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	int err = take(append, from);
	u32 taken = append->bytes;

	if (!err)
		err = hf9c_change(inode, LLONG_MAX, 0, &append->change);
	kvfree(append->data);
	append->data = NULL;
	if (err) {
		iov_iter_revert(from, taken);
		return err;
	}
	iov_iter_revert(from, taken - append->bytes);
	/* Behind it, unless another one was quick. */
	iocb->ki_pos = append->change.seen ? i_size_read(inode) : iocb->ki_pos + append->bytes;
	return append->bytes;
}

/*
 * What fails in passing is asked for again, as the request layer does it: the server has
 * said that it was not done.  @ms: since there was progress.
 */
static bool wait_again(const struct hf9c_super *hs, int err, u32 *ms)
{
	u32 delay = clamp(*ms, FIRST_DELAY, LONGEST_DELAY);

	if (err != -EAGAIN && err != -EINTR && err != -ENOMEM)
		return false;
	if (hs->opts->soft && *ms >= hs->opts->timeo * MSEC_PER_SEC)
		return false;
	*ms += delay;
	schedule_timeout_killable(msecs_to_jiffies(delay));
	return !fatal_signal_pending(current);
}

static ssize_t append_all(struct kiocb *iocb, struct hf9c_fid *fid, struct iov_iter *from)
{
	struct append append = {
		.change = { .fid = iocb->ki_filp->private_data, .ask = ask }, .fid = fid,
	};
	ssize_t done = 0, ret;
	u32 ms = 0;

	do {
		ret = append_some(iocb, &append, from);
		if (ret > 0) {
			done += ret;
			ms = 0;
		}
	} while (ret > 0 ? iov_iter_count(from) : wait_again(fid->hs, ret, &ms));
	return done ?: ret;
}

/**
 * hf9c_append - write at the end of a file that others may write, too
 * @iocb: where; with IOCB_APPEND
 * @from: what
 *
 * Context: takes i_rwsem.
 * Return: bytes or -errno; -EOPNOTSUPP: it is to be done in another way.
 */
ssize_t hf9c_append(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct hf9c_fid *fid;
	ssize_t ret;

	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	inode_lock(inode);
	ret = generic_write_checks(iocb, from);
	if (ret > 0) {
		fid = fid_to_append(inode, iocb->ki_filp->private_data);
		if (!fid)
			ret = -EOPNOTSUPP;
		else
			ret = IS_ERR(fid) ? PTR_ERR(fid) : append_all(iocb, fid, from);
	}
	inode_unlock(inode);
	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
}
