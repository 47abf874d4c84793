// SPDX-License-Identifier: GPL-2.0-only
/*
 * Past the network, with memory that is pinned first: O_DIRECT, whose bytes a device may
 * fetch; appends, which are one call; and asynchronous reads of what the server has to
 * fetch, whose buffer is used when their submitter has gone on.
 *
 * O_DIRECT stays that if position, length and each part of the memory are aligned as the
 * server's filesystem wants it; or else all of it goes by way of the server's cache: never
 * a part, and never an error where the wire has none.  Here asynchronous I/O by
 * way of that cache is a worker's, so that it stays asynchronous; that one needs nothing of
 * its submitter's memory.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "bypass_pinned.h"
#include "fid.h"

/* Larger ones are several, one after another. */
#define MOST	(8u << 20)

/* It waits for filesystems, and so may not be waited for by who frees memory. */
static struct workqueue_struct *io_wq;

/* ------------------------------------------------------------------------ its buffer */

/* So that an interrupt need not: it is rare that a page is cleaned meanwhile. */
static void dirty_before(const struct hf_netfs_pinned *pinned)
{
	u32 i;

	for (i = 0; i < pinned->nr; i++)
		set_page_dirty_lock(pinned->vecs[i].bv_page);
}

/* Return: 0; or -errno, and there is nothing to be freed but @io. */
static int take_buffer(struct hf9c_pinned_io *io, struct iov_iter *buffer)
{
	size_t len = min_t(size_t, iov_iter_count(buffer), MOST);
	ssize_t got;

	if (!user_backed_iter(buffer)) {
		io->iter = *buffer;
		iov_iter_truncate(&io->iter, len);
		iov_iter_advance(buffer, len);
		io->len = len;
		return 0;
	}
	got = hf_netfs_pin(&io->pinned, buffer, len, &io->iter);
	if (got <= 0) {
		hf_netfs_unpin(&io->pinned, false);
		return got ?: -EFAULT;
	}
	if (!io->write && io->async)
		dirty_before(&io->pinned);
	io->len = got;
	return 0;
}

/* ------------------------------------------------------------------------ submission */

static bool may_be_direct(const struct hf9c_pinned_io *io)
{
	u32 offset_mask = io->by.file->dio_offset_align - 1;
	u32 flags = io->iocb->ki_flags;

	/* Where an append begins is not known. */
	return flags & IOCB_DIRECT && !(flags & IOCB_APPEND) && io->by.file->dio_offset_align &&
	       !((io->iocb->ki_pos | io->len) & offset_mask) &&
	       iov_iter_is_aligned(&io->iter, io->by.file->dio_mem_align - 1, offset_mask);
}

static ssize_t call(struct hf9c_pinned_io *io, struct iov_iter *iter)
{
	return io->write ? hf9c_call_write(io->by.file, &io->kiocb, iter) :
			   hf9c_call_read(io->by.file, &io->kiocb, iter);
}

static void io_work(struct work_struct *work)
{
	struct hf9c_pinned_io *io = container_of(work, struct hf9c_pinned_io, work);

	io->got = call(io, &io->iter);
	hf9c_pinned_complete(work);
}

/* An append is its submitter's: whose limits count when the server's file says where it goes. */
static ssize_t submit_cached(struct hf9c_pinned_io *io)
{
	if (io->iocb->ki_flags & IOCB_APPEND)
		return call(io, &io->iter);
	INIT_WORK(&io->work, io_work);
	queue_work(io_wq, &io->work);
	return -EIOCBQUEUED;
}

static ssize_t submit(struct hf9c_pinned_io *io)
{
	hf9c_kiocb_init(&io->kiocb, io->by.file, io->iocb, io->write);
	if (may_be_direct(io)) {
		io->kiocb.ki_flags |= IOCB_DIRECT;
		if (io->async)
			io->kiocb.ki_complete = hf9c_pinned_completed;
		return call(io, &io->iter);
	}
	return io->async ? submit_cached(io) : call(io, &io->iter);
}

/* With a reference to the link until the call has returned. */
static ssize_t submit_async(struct hf9c_pinned_io *io)
{
	struct hf9c_borrowed by = io->by;
	ssize_t ret;

	inode_dio_begin(hf9c_inode_of(io));
	hf_localio_get(by.link);
	ret = submit(io);
	hf9c_give_back(&by);
	return ret;
}

/* Return: false: by the wire. */
static bool borrow(struct hf9c_pinned_io *io)
{
	if (!hf9c_borrow(io->iocb->ki_filp->private_data, &io->by))
		return false;
	if (!io->write || hf9c_start_write(io->by.file))
		return true;
	hf9c_give_back(&io->by);
	hf9c_by_wire(hf9c_super(hf9c_inode_of(io)->i_sb), "frozen");
	return false;
}

/* The mount's cache.  Return: 0, or why it has to be read or written by way of that. */
static int prepare(struct hf9c_pinned_io *io)
{
	bool append = io->write && io->iocb->ki_flags & IOCB_APPEND;
	int err;

	io->pos = io->iocb->ki_pos;
	if (!io->write)
		return hf_netfs_aside_read(hf9c_inode_of(io), io->pos, io->len);
	hf9c_assert_write(io->iocb);
	err = hf_netfs_aside_write(hf9c_inode_of(io), append ? -1 : io->pos, io->len);
	if (err == -EBUSY)
		hf9c_by_wire(hf9c_super(hf9c_inode_of(io)->i_sb), "stored to");
	return err;
}

enum begun { OVER, QUEUED, WIRE };

/* With i_rwsem, shared. */
static enum begun begin(struct hf9c_pinned_io *io)
{
	ssize_t ret;

	if (prepare(io))
		return WIRE;
	if (!borrow(io)) {
		if (io->write)
			hf_netfs_aside_written(hf9c_inode_of(io), io->pos, io->len, 0);
		return WIRE;
	}
	ret = io->async ? submit_async(io) : submit(io);
	if (ret == -EIOCBQUEUED)
		return QUEUED;
	io->got = ret;
	hf9c_pinned_settle(io);
	return hf9c_is_for_the_wire(ret) ? WIRE : OVER;
}

static enum begun begin_locked(struct hf9c_pinned_io *io)
{
	struct inode *inode = hf9c_inode_of(io);
	enum begun begun;
	bool alone = false;

	if (io->write)
		alone = hf9c_lock_write(io->iocb);
	else
		inode_lock_shared(inode);
	begun = begin(io);
	hf9c_unlock_write(inode, alone);
	return begun;
}

/* What has become of it, to its caller; and its end. */
static ssize_t finish(struct hf9c_pinned_io *io, struct iov_iter *buffer, enum begun begun)
{
	ssize_t got = begun == OVER ? io->got : 0;

	if (got > 0)
		io->iocb->ki_pos = io->pos + got;
	iov_iter_revert(buffer, io->len - max_t(ssize_t, got, 0));
	hf_netfs_unpin(&io->pinned, false);
	kfree(io);
	return got;
}

/* One of several, or all.  *@got is what there was of it, or an error. */
static enum begun one(struct kiocb *iocb, struct iov_iter *buffer, bool write, bool async,
		      ssize_t *got)
{
	struct hf9c_pinned_io *io = kzalloc(sizeof(*io), GFP_KERNEL);
	enum begun begun;

	*got = 0;
	if (!io)
		return WIRE;
	refcount_set(&io->refs, async ? 2 : 1);
	io->iocb = iocb;
	io->write = write;
	io->async = async;
	/* The wire may be able to, or has the same to say. */
	if (take_buffer(io, buffer)) {
		kfree(io);
		return WIRE;
	}
	begun = begin_locked(io);
	if (begun == QUEUED)
		hf9c_pinned_put(io);
	else
		*got = finish(io, buffer, begun);
	return begun;
}

/**
 * hf9c_pinned - past the network, by a buffer that is pinned
 * @iocb: of a file of the mount
 * @buffer: from or to
 * @write: to the server
 * @done: bytes; or, if this returns true, what ->read_iter or ->write_iter is to return
 *
 * Context: may sleep; takes i_rwsem.
 * Return: false: the rest by the wire.
 */
bool hf9c_pinned(struct kiocb *iocb, struct iov_iter *buffer, bool write, ssize_t *done)
{
	bool async = !is_sync_kiocb(iocb) && iov_iter_count(buffer) <= MOST;
	enum begun begun;
	size_t wanted;
	ssize_t got;

	*done = 0;
	do {
		wanted = min_t(size_t, iov_iter_count(buffer), MOST);
		begun = one(iocb, buffer, write, async, &got);
		if (got > 0)
			*done += got;
	} while (got > 0 && (size_t)got == wanted && iov_iter_count(buffer));
	if (begun == QUEUED)
		*done = -EIOCBQUEUED;
	else if (!*done)
		*done = got;
	/* (What is asynchronous and done in part has been short.) */
	return begun != WIRE || (*done && !is_sync_kiocb(iocb));
}

int hf9c_pinned_init(void)
{
	io_wq = alloc_workqueue("hf_9p_local", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!io_wq)
		return -ENOMEM;
	if (!hf9c_done_init())
		return 0;
	destroy_workqueue(io_wq);
	return -ENOMEM;
}

/* What is done by the one goes on in the other. */
void hf9c_pinned_exit(void)
{
	destroy_workqueue(io_wq);
	hf9c_done_exit();
}
