// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads, writes and syncs past the network: by the server's own file of an open fid
 * (localio.c), as who opened that.  What may not go that way goes by the wire, all or the
 * rest of it, and it is said why: in reclaim or within a transaction, with little stack
 * left, on a filesystem that is frozen; what is mapped, and write-back, are not here at all.
 *
 * Nothing that a program decides about, and no answer of the wire, is waited for with a
 * reference to the link or under the server's locks: a buffer is faulted in between two
 * rounds (bypass_inline.c: what ends in the server's cache, or comes from there), or pinned
 * before (bypass_pinned.c: all else); the mount's cache is seen to before and after.
 *
 * To that cache it is direct I/O, <holdfast/netfs_aside.h>, under i_rwsem, shared: a truncate
 * waits.  But a plain write of a mount that caches is to go well with stores through a
 * mapping to other bytes of its pages: it keeps faults out, by invalidate_lock.
 */
#include <linux/fsnotify.h>
#include <linux/pagemap.h>
#include <linux/sched/task_stack.h>
#include <linux/splice.h>

#include "fid.h"
#include "localio.h"

/* Of a filesystem below, and of a stacked one above that. */
#define STACK_LEAST	8192

/* ----------------------------------------------------------------- may it, and how */

static bool is_little_stack(void)
{
	return current_stack_pointer - (unsigned long)task_stack_page(current) < STACK_LEAST;
}

/* May the caller be made to wait for a filesystem?  NULL, or why he may not. */
static const char *why_not(const struct hf9c_super *hs)
{
	if (READ_ONCE(hs->gone))
		return "aborted";
	if (current->flags & (PF_MEMALLOC | PF_MEMALLOC_NOFS | PF_MEMALLOC_NOIO))
		return "reclaim";
	if (current->journal_info)
		return "in a transaction";
	return is_little_stack() ? "little stack" : NULL;
}

static bool may_bypass(const struct file *file)
{
	struct hf9c_super *hs = hf9c_super(file_inode(file)->i_sb);
	const char *why;

	if (!hs->local)
		return false;
	why = why_not(hs);
	if (why)
		hf9c_by_wire(hs, why);
	return !why;
}

/*
 * Has a write to go well with what is stored through mappings?  Then it is under
 * invalidate_lock, exclusive, from before the cache is seen to until that is done again.
 */
static bool keeps_faults_out(const struct kiocb *iocb)
{
	const struct hf9c_super *hs = hf9c_super(file_inode(iocb->ki_filp)->i_sb);

	return hs->opts->cache != HF9C_NONE && !(iocb->ki_flags & IOCB_DIRECT);
}

/**
 * hf9c_lock_write - the locks of a write, from before the cache is seen to
 * @iocb: of a file of the mount
 *
 * Context: may sleep, for the wire too; no reference to the link is held.
 * Return: for hf9c_unlock_write(), when @iocb may be gone.
 */
bool hf9c_lock_write(const struct kiocb *iocb)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	bool alone = keeps_faults_out(iocb);

	inode_lock_shared(inode);
	if (alone)
		filemap_invalidate_lock(inode->i_mapping);
	return alone;
}

/**
 * hf9c_unlock_write - they go, when the cache was seen to once more
 * @inode: of the file
 * @alone: hf9c_lock_write()'s
 */
void hf9c_unlock_write(struct inode *inode, bool alone)
{
	if (alone)
		filemap_invalidate_unlock(inode->i_mapping);
	inode_unlock_shared(inode);
}

/**
 * hf9c_assert_write - are they held?
 * @iocb: as for hf9c_lock_write()
 */
void hf9c_assert_write(const struct kiocb *iocb)
{
	struct inode *inode = file_inode(iocb->ki_filp);

	lockdep_assert_held(&inode->i_rwsem);
	if (keeps_faults_out(iocb))
		lockdep_assert_held_write(&inode->i_mapping->invalidate_lock);
}

/**
 * hf9c_kiocb_init - what the server's file is asked for
 * @kiocb: filled; synchronous
 * @lf: its file
 * @iocb: what the mount's is asked for
 * @write: to write: a stacked filesystem (fs/backing-file.c: overlayfs) hands that bit down,
 *	and ends the write of the filesystem below, which else could not be frozen any more,
 *	by it when it completes
 */
void hf9c_kiocb_init(struct kiocb *kiocb, const struct hf_localio_file *lf,
		     const struct kiocb *iocb, bool write)
{
	init_sync_kiocb(kiocb, lf->file);
	kiocb->ki_pos = iocb->ki_pos;
	kiocb->ki_ioprio = iocb->ki_ioprio;
	kiocb->ki_flags |= iocb->ki_flags & (IOCB_APPEND | IOCB_DSYNC | IOCB_SYNC);
	if (write)
		kiocb->ki_flags |= IOCB_WRITE;
}

/*
 * Its filesystem, or, of a holdfast mount, whose files have the mapping of the lower one,
 * that below.  (Of what other stacks are made nothing tells.)  It may be frozen right
 * after: then who writes waits for the thaw, as the server's thread would.
 */
static bool is_frozen(const struct file *file)
{
	return file_inode(file)->i_sb->s_writers.frozen != SB_UNFROZEN ||
	       file->f_mapping->host->i_sb->s_writers.frozen != SB_UNFROZEN;
}

/**
 * hf9c_start_write - kiocb_start_write(), of the server's filesystem, without waiting
 * @lf: its file
 *
 * Return: whether it may be written; kiocb_end_write() follows.
 */
bool hf9c_start_write(const struct hf_localio_file *lf)
{
	struct super_block *sb = file_inode(lf->file)->i_sb;

	if (is_frozen(lf->file) || !sb_start_write_trylock(sb))
		return false;
	/* As there: lockdep is not to see it held until the end. */
	__sb_writers_release(sb, SB_FREEZE_WRITE);
	return true;
}

/**
 * hf9c_call_read - the server's file reads
 * @lf: it
 * @kiocb: of it
 * @to: to
 *
 * Return: as ->read_iter.
 */
ssize_t hf9c_call_read(const struct hf_localio_file *lf, struct kiocb *kiocb,
		       struct iov_iter *to)
{
	const struct cred *old = override_creds(lf->file->f_cred);
	ssize_t ret = vfs_iocb_iter_read(lf->file, kiocb, to);

	revert_creds(old);
	return ret;
}

/**
 * hf9c_call_write - the server's file writes
 * @lf: it
 * @kiocb: of it, after hf9c_start_write()
 * @from: from
 *
 * (vfs_iocb_iter_write() would wait for a thaw.)
 *
 * Return: as ->write_iter.
 */
ssize_t hf9c_call_write(const struct hf_localio_file *lf, struct kiocb *kiocb,
			struct iov_iter *from)
{
	const struct cred *old = override_creds(lf->file->f_cred);
	ssize_t ret = rw_verify_area(WRITE, lf->file, &kiocb->ki_pos, iov_iter_count(from));

	if (!ret)
		ret = lf->file->f_op->write_iter(kiocb, from);
	if (ret > 0)
		fsnotify_modify(lf->file);
	revert_creds(old);
	return ret;
}

/* ------------------------------------------------------------------------ the calls */

/* At once, or so that others of its submitter's are beside it. */
static bool async_read(struct kiocb *iocb, struct iov_iter *to, ssize_t *done)
{
	int ret = hf9c_inline_cached(iocb, to, done);

	if (ret == -EAGAIN)
		return hf9c_pinned(iocb, to, false, done);
	return !ret;
}

/**
 * hf9c_bypass_read - ->read_iter past the network
 * @iocb: of a file of the mount
 * @to: to
 * @done: bytes that went so; or, if this returns true, what ->read_iter is to return
 *
 * Context: may sleep.
 * Return: false: the rest by the wire.
 */
bool hf9c_bypass_read(struct kiocb *iocb, struct iov_iter *to, ssize_t *done)
{
	*done = 0;
	if (iocb->ki_flags & IOCB_NOWAIT || !iov_iter_count(to) || !may_bypass(iocb->ki_filp))
		return false;
	if (iocb->ki_flags & IOCB_DIRECT)
		return hf9c_pinned(iocb, to, false, done);
	return is_sync_kiocb(iocb) ? hf9c_inline(iocb, to, false, done) : async_read(iocb, to, done);
}

/* Where the server's file ends; -1 if it is not lent. */
static loff_t server_size(struct kiocb *iocb)
{
	struct hf9c_borrowed by;
	loff_t size = -1;

	if (hf9c_borrow(iocb->ki_filp->private_data, &by)) {
		size = i_size_read(file_inode(by.file->file));
		hf9c_give_back(&by);
	}
	return size;
}

/*
 * The caller's and the file's limits, once: what is beyond them goes from the iterator, as
 * a file that is written at once has it.  An append's by where the file ends now.
 */
static ssize_t check_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct kiocb where = *iocb;
	ssize_t ret;

	if (iocb->ki_flags & IOCB_APPEND) {
		where.ki_flags &= ~IOCB_APPEND;
		where.ki_pos = server_size(iocb);
		if (where.ki_pos < 0)
			return -EAGAIN;
	}
	inode_lock_shared(inode);
	ret = generic_write_checks(&where, from);
	inode_unlock_shared(inode);
	return ret;
}

/*
 * An append is one call of the server's file, for what is in between is another's.  (What
 * ends in a cache is its submitter's to put there, asynchronous or not, as on the server's
 * own filesystem: a worker's hop takes longer.)
 */
static bool is_to_be_pinned(const struct kiocb *iocb)
{
	return iocb->ki_flags & (IOCB_DIRECT | IOCB_APPEND);
}

/**
 * hf9c_bypass_write - ->write_iter past the network
 * @iocb: of a file of the mount
 * @from: from
 * @done: bytes that went so; or, if this returns true, what ->write_iter is to return
 *
 * Context: may sleep; takes i_rwsem.
 * Return: false: the rest by the wire.
 */
bool hf9c_bypass_write(struct kiocb *iocb, struct iov_iter *from, ssize_t *done)
{
	*done = 0;
	if (iocb->ki_flags & IOCB_NOWAIT || !iov_iter_count(from) || !may_bypass(iocb->ki_filp))
		return false;
	*done = check_write(iocb, from);
	if (*done <= 0) {
		if (*done != -EAGAIN)
			return true;
		*done = 0;
		return false;
	}
	if (is_to_be_pinned(iocb))
		return hf9c_pinned(iocb, from, true, done);
	return hf9c_inline(iocb, from, true, done);
}

static ssize_t splice_by(const struct hf9c_borrowed *by, loff_t *pos,
			 struct pipe_inode_info *pipe, size_t len, unsigned int flags)
{
	struct file *file = by->file->file;
	const struct cred *old;
	ssize_t ret;

	if (!file->f_op->splice_read)
		return -EAGAIN;
	old = override_creds(file->f_cred);
	ret = vfs_splice_read(file, pos, pipe, len, flags);
	if (ret > 0)
		fsnotify_access(file);
	revert_creds(old);
	if (ret > 0)
		hf_localio_count(by->link, false, ret);
	return ret;
}

static bool borrow_and_splice(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			      size_t len, unsigned int flags, ssize_t *ret)
{
	struct inode *inode = file_inode(in);
	struct hf9c_borrowed by;
	loff_t from = *pos;

	if (!hf9c_borrow(in->private_data, &by))
		return false;
	*ret = splice_by(&by, pos, pipe, len, flags);
	hf9c_give_back(&by);
	if (*ret > 0) {
		hf9c_went_aside(inode);
		hf_netfs_aside_was_read(inode, from, *ret, false);
	}
	return *ret != -EAGAIN;
}

/**
 * hf9c_bypass_splice - ->splice_read past the network
 * @in: a file of the mount
 * @pos: where
 * @pipe: to
 * @len: bytes
 * @flags: SPLICE_F_*
 * @ret: what ->splice_read is to return, if this returns true
 *
 * Pages of the server's cache that a pipe has keep nothing but themselves.
 *
 * Context: may sleep, the pipe is locked.
 * Return: false: by the wire.
 */
bool hf9c_bypass_splice(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			size_t len, unsigned int flags, ssize_t *ret)
{
	struct inode *inode = file_inode(in);
	bool done = false;

	if (!may_bypass(in))
		return false;
	inode_lock_shared(inode);
	if (!hf_netfs_aside_read(inode, *pos, len))
		done = borrow_and_splice(in, pos, pipe, len, flags, ret);
	inode_unlock_shared(inode);
	return done;
}

static int fsync_by(const struct hf9c_borrowed *by, loff_t start, loff_t last, int datasync)
{
	const struct cred *old = override_creds(by->file->file->f_cred);
	int ret = vfs_fsync_range(by->file->file, start, last, datasync);

	revert_creds(old);
	return ret;
}

/**
 * hf9c_bypass_fsync - what the server has is on its disk
 * @file: a file of the mount, of which nothing is dirty
 * @start: the first byte
 * @last: the last one
 * @datasync: as ->fsync has it
 * @ret: what the server's file says, if this returns true
 *
 * Context: may sleep.
 * Return: false: by the wire.
 */
bool hf9c_bypass_fsync(struct file *file, loff_t start, loff_t last, int datasync, int *ret)
{
	struct hf9c_borrowed by;
	bool frozen;

	if (!may_bypass(file) || !hf9c_borrow(file->private_data, &by))
		return false;
	frozen = is_frozen(by.file->file);
	if (!frozen)
		*ret = fsync_by(&by, start, last, datasync);
	hf9c_give_back(&by);
	if (frozen)
		hf9c_by_wire(hf9c_super(file_inode(file)->i_sb), "frozen");
	return !frozen;
}
