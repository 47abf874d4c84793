// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of I/O past the network by memory that is pinned.
 *
 * Who holds what of an asynchronous one:
 * 1. Its memory, in which the server's kiocb is, goes with the last of two: its submitter,
 *    until the server's ->read_iter or ->write_iter has returned, which may look at the
 *    kiocb after it was completed; and its completion.
 * 2. Each has a reference to the link, for just as long: the submitter may be in the text
 *    of the server's filesystem when the other's is put.
 * 3. The completion puts its own before it waits for anything of the client's: its cache,
 *    a page of the program's.
 * 4. inode_dio_begin() keeps a truncate away until the end.
 *
 * In an interrupt reads are completed of which nothing has to be waited for; all else is
 * the workers'.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "bypass_pinned.h"

/* Apart from those who do I/O: the filesystem that keeps all of these may be one that hangs. */
static struct workqueue_struct *done_wq;

void hf9c_pinned_put(struct hf9c_pinned_io *io)
{
	if (refcount_dec_and_test(&io->refs))
		kfree(io);
}

static bool is_dirty_still(const struct hf_netfs_pinned *pinned)
{
	u32 i;

	for (i = 0; i < pinned->nr; i++)
		if (!folio_test_dirty(page_folio(pinned->vecs[i].bv_page)))
			return false;
	return true;
}

/* There is no more of the server's file than what was read. */
static bool is_end(const struct hf9c_pinned_io *io)
{
	return io->got >= 0 && io->got < io->len &&
	       io->pos + io->got >= i_size_read(file_inode(io->by.file->file));
}

/* Nothing of the server's is touched afterwards.  In any context. */
static void leave_server(struct hf9c_pinned_io *io)
{
	if (io->write) {
		kiocb_end_write(&io->kiocb);
		if (io->got > 0)
			io->pos = io->kiocb.ki_pos - io->got;
	}
	if (io->got > 0)
		hf_localio_count(io->by.link, io->write, io->got);
	hf9c_give_back(&io->by);
}

void hf9c_pinned_settle(struct hf9c_pinned_io *io)
{
	struct inode *inode = hf9c_inode_of(io);
	bool eof = !io->write && is_end(io);

	leave_server(io);
	hf9c_went_aside(inode);
	if (io->write) {
		hf9c_wrote(inode);
		hf_netfs_aside_written(inode, io->pos, io->len, io->got);
	} else if (io->got >= 0) {
		hf_netfs_aside_was_read(inode, io->pos, io->got, eof);
	}
	hf_netfs_unpin(&io->pinned, !io->write);
	if (io->async)
		inode_dio_end(inode);
}

/* Nothing of the inode is touched after ki_complete(): it may have been closed. */
static void complete_async(struct hf9c_pinned_io *io)
{
	struct kiocb *iocb = io->iocb;
	ssize_t got = io->got;

	if (got > 0)
		iocb->ki_pos = io->pos + got;
	hf9c_pinned_put(io);
	iocb->ki_complete(iocb, got);
}

void hf9c_pinned_complete(struct work_struct *work)
{
	struct hf9c_pinned_io *io = container_of(work, struct hf9c_pinned_io, work);

	hf9c_pinned_settle(io);
	complete_async(io);
}

/*
 * A read, of which all has come and nothing is news, and whose pages need not be locked.
 * (What kvmalloc() gave cannot be freed in an interrupt if it is large.)
 */
static bool is_simple(const struct hf9c_pinned_io *io)
{
	return !io->write && io->got == io->len && is_dirty_still(&io->pinned) &&
	       io->pos + io->got <= i_size_read(hf9c_inode_of(io)) &&
	       !is_vmalloc_addr(io->pinned.vecs);
}

static void settle_simple(struct hf9c_pinned_io *io)
{
	u32 i;

	leave_server(io);
	hf9c_went_aside(hf9c_inode_of(io));
	for (i = 0; i < io->pinned.nr; i++)
		unpin_user_page(io->pinned.vecs[i].bv_page);
	kfree(io->pinned.vecs);
	inode_dio_end(hf9c_inode_of(io));
}

void hf9c_pinned_completed(struct kiocb *kiocb, long ret)
{
	struct hf9c_pinned_io *io = container_of(kiocb, struct hf9c_pinned_io, kiocb);

	io->got = ret;
	if (is_simple(io)) {
		settle_simple(io);
		complete_async(io);
		return;
	}
	INIT_WORK(&io->work, hf9c_pinned_complete);
	queue_work(done_wq, &io->work);
}

int hf9c_done_init(void)
{
	done_wq = alloc_workqueue("hf_9p_local_done", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return done_wq ? 0 : -ENOMEM;
}

void hf9c_done_exit(void)
{
	destroy_workqueue(done_wq);
}
