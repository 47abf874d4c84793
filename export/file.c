// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files: I/O on the lower file is done with the credentials of whoever
 * does it, as it would be without us.
 *
 * No upper i_rwsem is held during a write: size, position, privileges and
 * limits are settled under the lower one, so writers meet there and only there.
 */

#include <linux/backing-file.h>
#include <linux/cred.h>
#include <linux/fadvise.h>
#include <linux/fiemap.h>
#include <linux/fsnotify.h>
#include <linux/pagemap.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched/mm.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "export.h"

/* Per-call flags that the lower file's own flags do not imply. */
#define IOCB_FLAGS	(IOCB_NOWAIT | IOCB_HIPRI | IOCB_DSYNC | IOCB_SYNC | \
			 IOCB_APPEND)

/*
 * An error of write-back that the lower file has told of is no news above: nfsd
 * asks the upper file after each write, and would find it there for ever.  Only
 * what is the last one is taken over, since the upper file may be ahead, having
 * told of it by sync_file_range(2).
 */
static void told(struct file *file, const struct file *lower)
{
	struct address_space *mapping = lower->f_mapping;
	errseq_t cursor;

	if (likely(READ_ONCE(file->f_wb_err) == READ_ONCE(lower->f_wb_err)))
		return;
	if (file->f_mapping != mapping)
		return;
	spin_lock(&file->f_lock);
	cursor = READ_ONCE(lower->f_wb_err);
	if (!filemap_check_wb_err(mapping, cursor))
		WRITE_ONCE(file->f_wb_err, cursor);
	spin_unlock(&file->f_lock);
}

static void accessed(struct file *file)
{
	hf_refresh_size(file_inode(file));
}

/* Of an asynchronous write; it has opened the lower file. */
static void end_write(struct file *file, loff_t pos, ssize_t ret)
{
	told(file, READ_ONCE(file->private_data));
	hf_refresh_size(file_inode(file));
}

static struct backing_file_ctx context(struct file *file)
{
	return (struct backing_file_ctx) {
		.cred		= current_cred(),
		.user_file	= file,
		.accessed	= accessed,
		.end_write	= end_write,
	};
}

static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	struct file *lower;
	loff_t ret;

	/* The position is ours; where holes and the end are, is not. */
	if (whence == SEEK_CUR) {
		if (!offset)
			return file->f_pos;
		if (check_add_overflow(file->f_pos, offset, &offset))
			return -EINVAL;
		whence = SEEK_SET;
	}
	lower = hf_lower_file(file);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	ret = vfs_llseek(lower, offset, whence);
	if (ret < 0)
		return ret;
	hf_refresh(file_inode(file));
	return vfs_setpos(file, ret, file_inode(file)->i_sb->s_maxbytes);
}

/* The lower file; its late open is a wait. */
static struct file *lower_now(const struct kiocb *iocb)
{
	struct file *file = iocb->ki_filp;

	if (unlikely(iocb->ki_flags & IOCB_NOWAIT &&
		     !READ_ONCE(file->private_data)))
		return ERR_PTR(-EAGAIN);
	return hf_lower_file(file);
}

/* What vfs_iter_read() and vfs_iter_write() would prepare. */
static void init_below(struct kiocb *below, const struct kiocb *iocb,
		       struct file *lower)
{
	init_sync_kiocb(below, lower);
	/* O_APPEND is a flag of the lower file too: RWF_NOAPPEND undoes both. */
	below->ki_flags &= ~IOCB_APPEND;
	below->ki_flags |= iocb->ki_flags & IOCB_FLAGS;
	below->ki_pos = iocb->ki_pos;
}

/*
 * Their checks are left out where they could only repeat what has just been
 * found above, of the range, and at the open, of the permission.  A listener
 * below is asked about every read.
 */
static ssize_t read_sync(struct kiocb *iocb, struct iov_iter *iter)
{
	struct file *lower = lower_now(iocb);
	struct kiocb below;
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (unlikely(!lower->f_op->read_iter))
		return -EINVAL;
	if (unlikely(fsnotify_sb_has_watchers(file_inode(lower)->i_sb))) {
		ret = rw_verify_area(READ, lower, &iocb->ki_pos,
				     iov_iter_count(iter));
		if (ret)
			return ret;
	}
	init_below(&below, iocb, lower);
	ret = lower->f_op->read_iter(&below, iter);
	if (ret > 0)
		fsnotify_access(lower);
	iocb->ki_pos = below.ki_pos;
	hf_refresh_size(file_inode(iocb->ki_filp));
	return ret;
}

static ssize_t write_sync(struct kiocb *iocb, struct iov_iter *iter)
{
	struct file *lower = lower_now(iocb);
	struct kiocb below;
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (unlikely(!lower->f_op->write_iter))
		return -EINVAL;
	init_below(&below, iocb, lower);
	file_start_write(lower);
	ret = lower->f_op->write_iter(&below, iter);
	if (ret > 0)
		fsnotify_modify(lower);
	file_end_write(lower);
	told(iocb->ki_filp, lower);
	iocb->ki_pos = below.ki_pos;
	hf_refresh_size(file_inode(iocb->ki_filp));
	return ret;
}

static ssize_t read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct backing_file_ctx ctx;
	struct file *lower;

	if (is_sync_kiocb(iocb))
		return read_sync(iocb, iter);
	lower = lower_now(iocb);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	ctx = context(iocb->ki_filp);
	return backing_file_read_iter(lower, iter, iocb, iocb->ki_flags, &ctx);
}

/* backing_file_write_iter() wants the inode lock; it is held to submit only. */
static ssize_t write_async(struct kiocb *iocb, struct iov_iter *iter)
{
	struct backing_file_ctx ctx = context(iocb->ki_filp);
	struct file *lower = lower_now(iocb);
	struct inode *inode = file_inode(iocb->ki_filp);
	int flags = iocb->ki_flags | (hf_is_sync(inode) ? IOCB_DSYNC : 0);
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (iocb->ki_flags & IOCB_NOWAIT) {
		if (!inode_trylock(inode))
			return -EAGAIN;
	} else {
		inode_lock(inode);
	}
	ret = backing_file_write_iter(lower, iter, iocb, flags, &ctx);
	inode_unlock(inode);
	return ret;
}

static ssize_t write_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return is_sync_kiocb(iocb) ? write_sync(iocb, iter) :
				     write_async(iocb, iter);
}

static ssize_t splice_read(struct file *in, loff_t *ppos,
			   struct pipe_inode_info *pipe, size_t len,
			   unsigned int flags)
{
	struct backing_file_ctx ctx = context(in);
	struct file *lower = hf_lower_file(in);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return backing_file_splice_read(lower, ppos, pipe, len, flags, &ctx);
}

static ssize_t splice_write(struct pipe_inode_info *pipe, struct file *out,
			    loff_t *ppos, size_t len, unsigned int flags)
{
	struct file *lower = hf_lower_file(out);
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (!lower->f_op->splice_write)
		return -EINVAL;
	file_start_write(lower);
	ret = lower->f_op->splice_write(pipe, lower, ppos, len, flags);
	file_end_write(lower);
	told(out, lower);
	hf_refresh(file_inode(out));
	return ret;
}

/* The mapping belongs to the lower file from here on: one page cache. */
static int mmap(struct file *file, struct vm_area_struct *vma)
{
	struct backing_file_ctx ctx = context(file);
	struct file *lower = hf_lower_file_to_map(file);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return backing_file_mmap(lower, vma, &ctx);
}

/* The place is the VFS's choice; what it looks at next is the copy. */
static unsigned long place(struct file *file, unsigned long addr,
			   unsigned long len, unsigned long pgoff,
			   unsigned long flags)
{
	hf_refresh_access(file_inode(file));
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
}

/**
 * hf_fsync - ->fsync of files and directories
 * @file: the upper file
 * @start: first byte
 * @end: last byte
 * @datasync: only what is needed to read the data back
 *
 * Return: 0 or -errno.
 */
int hf_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct file *lower = hf_lower_file(file);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = vfs_fsync_range(lower, start, end, datasync);
	told(file, lower);
	return err;
}

static int flush(struct file *file, fl_owner_t id)
{
	struct file *lower = READ_ONCE(file->private_data);

	return lower && lower->f_op->flush ? lower->f_op->flush(lower, id) : 0;
}

static int fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct file *lower = hf_lower_file(file);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return vfs_fadvise(lower, offset, len, advice);
}

const struct file_operations hf_file_operations = {
	.open			= hf_open,
	.release		= hf_release,
	.flush			= flush,
	.llseek			= llseek,
	.read_iter		= read_iter,
	.write_iter		= write_iter,
	.splice_read		= splice_read,
	.splice_write		= splice_write,
	.mmap			= mmap,
	.get_unmapped_area	= place,
	.fsync			= hf_fsync,
	.fallocate		= hf_fallocate,
	.fadvise		= fadvise,
	.copy_file_range	= hf_copy_file_range,
	.remap_file_range	= hf_remap_file_range,
	.lock			= hf_file_lock,
	.flock			= hf_file_flock,
	.setlease		= hf_file_setlease,
	.unlocked_ioctl		= hf_file_ioctl,
	.compat_ioctl		= compat_ptr_ioctl,
};

static int fiemap(struct inode *inode, struct fiemap_extent_info *info,
		  u64 start, u64 len)
{
	struct inode *lower = hf_lower_inode(inode);

	if (!lower->i_op->fiemap)
		return -EOPNOTSUPP;
	return lower->i_op->fiemap(lower, info, start, len);
}

const struct inode_operations hf_file_inode_operations = {
	.permission	= hf_permission,
	.getattr	= hf_getattr,
	.setattr	= hf_setattr,
	.listxattr	= hf_listxattr,
	.get_inode_acl	= hf_get_inode_acl,
	.get_acl	= hf_get_acl,
	.set_acl	= hf_set_acl,
	.fiemap		= fiemap,
	.fileattr_get	= hf_fileattr_get,
	.fileattr_set	= hf_fileattr_set,
};
