// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files.  private_data is the lower file, opened as the opener; I/O on it
 * is done with the credentials of whoever does it, as it would be without us.
 *
 * No upper i_rwsem is taken for a write: size, position, privileges and limits
 * are settled under the lower one, so writers meet there and only there.
 */

#include <linux/backing-file.h>
#include <linux/cred.h>
#include <linux/fadvise.h>
#include <linux/filelock.h>
#include <linux/file.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include <holdfast/compat.h>

#include "export.h"

/* What fcntl(F_SETFL) may change after the lower file was opened. */
#define SETFL_FLAGS	(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* Per-call flags that the lower file's own flags do not imply. */
#define IOCB_FLAGS	(IOCB_NOWAIT | IOCB_HIPRI | IOCB_DSYNC | IOCB_SYNC | \
			 IOCB_APPEND)

/* The access time is kept below: our mount's wish not to goes with the file. */
static unsigned int lower_flags(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	int mnt_flags = file->f_path.mnt->mnt_flags;

	if (mnt_flags & MNT_NOATIME || inode->i_sb->s_flags & SB_NOATIME ||
	    (S_ISDIR(inode->i_mode) && mnt_flags & MNT_NODIRATIME))
		return file->f_flags | O_NOATIME;
	return file->f_flags;
}

static struct file *open_lower(struct file *file)
{
	struct path path = { .mnt = hf_super(file_inode(file)->i_sb)->lower_mnt };
	unsigned int flags = lower_flags(file);
	struct file *lower;

	/* The creation and the truncation have been done above. */
	flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_TMPFILE);
	path.dentry = hf_lower_get(file->f_path.dentry);
	if (IS_ERR(path.dentry))
		return ERR_CAST(path.dentry);
	lower = hf_backing_file_open(file, flags, &path, file->f_cred);
	dput(path.dentry);
	return lower;
}

/*
 * What an open for writing holds below, whether or not it has opened the lower
 * file by then: no program runs from it, and its mount stays writable.
 */
static int get_write(const struct file *file)
{
	struct inode *lower = hf_lower_inode(file_inode(file));
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	err = get_write_access(lower);
	if (err)
		return err;
	err = mnt_get_write_access(hf_super(file_inode(file)->i_sb)->lower_mnt);
	if (err)
		put_write_access(lower);
	return err;
}

static void put_write(const struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE))
		return;
	mnt_put_write_access(hf_super(file_inode(file)->i_sb)->lower_mnt);
	put_write_access(hf_lower_inode(file_inode(file)));
}

/*
 * The open that may_wait() put off.  Of two at a time one is kept, and takes
 * over from get_write().
 */
static struct file *open_late(struct file *file)
{
	struct file *lower = open_lower(file);
	struct file *first;

	if (IS_ERR(lower))
		return lower;
	first = cmpxchg((struct file **)&file->private_data, NULL, lower);
	if (!first) {
		put_write(file);
		return lower;
	}
	fput(lower);
	return first;
}

/**
 * hf_lower_file - the lower file, with the flags that the upper one has now
 * @file: an upper file
 *
 * Return: the lower file, without a reference, or an ERR_PTR if it could not be
 * opened.  Never that for directories.
 */
struct file *hf_lower_file(struct file *file)
{
	struct file *lower = READ_ONCE(file->private_data);
	unsigned int flags = lower_flags(file);

	if (unlikely(!lower)) {
		lower = open_late(file);
		if (IS_ERR(lower))
			return lower;
	}
	if (likely(!((flags ^ READ_ONCE(lower->f_flags)) & SETFL_FLAGS)))
		return lower;

	spin_lock(&lower->f_lock);
	lower->f_flags = (lower->f_flags & ~SETFL_FLAGS) |
			 (flags & SETFL_FLAGS);
	lower->f_iocb_flags = iocb_flags(lower);
	spin_unlock(&lower->f_lock);
	return lower;
}

/*
 * May the lower file be opened at the first use?  Half of all opens are for a
 * look at the attributes, for a lock, or of files that nobody reads then.  Only
 * where the lower open could not fail for a reason of its own (a key, a
 * signature, a listener's answer) and nobody waits to be told of it, and once
 * it is known what such files can do.  An unlinked file might then be without
 * a dentry.
 */
static bool may_wait(struct inode *lower, const struct file *file,
		     fmode_t known)
{
	return S_ISREG(lower->i_mode) && known & HF_MODES_KNOWN &&
	       !(file->f_flags & O_DIRECT) && lower->i_nlink &&
	       !IS_ENCRYPTED(lower) && !IS_VERITY(lower) &&
	       !lower->i_sb->s_stack_depth &&
	       !fsnotify_sb_has_watchers(lower->i_sb);
}

/* What the lower open would do for others. */
static int open_waiting(struct inode *inode, struct file *file, fmode_t known)
{
	int err;

	err = generic_file_open(inode, file);
	if (err)
		return err;
	err = get_write(file);
	if (err)
		return err;
	err = break_lease(hf_lower_inode(inode), file->f_flags);
	if (err)
		put_write(file);
	else
		file->f_mode |= known & HF_LEARNED_MODES;
	return err;
}

/**
 * hf_open - ->open
 * @inode: the upper inode
 * @file: the upper file
 *
 * Checks no permission: the VFS has, or nfsd has decided that its own rules
 * (the owner of a 0444 file may write) are the ones that count.
 *
 * Return: 0 or -errno.
 */
int hf_open(struct inode *inode, struct file *file)
{
	struct hf_super *hs = hf_super(inode->i_sb);
	fmode_t known = READ_ONCE(hs->file_mode);
	struct file *lower;

	hf_refresh(inode);
	if (may_wait(hf_lower_inode(inode), file, known))
		return open_waiting(inode, file, known);

	lower = open_lower(file);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	file->private_data = lower;
	if (S_ISREG(inode->i_mode)) {
		known = lower->f_mode & HF_LEARNED_MODES;
		file->f_mode |= known;
		WRITE_ONCE(hs->file_mode, known | HF_MODES_KNOWN);
	}
	return 0;
}

/**
 * hf_release - ->release
 * @inode: the upper inode
 * @file: the upper file
 *
 * Synchronously, so that when a server has closed its last file and our mount
 * is gone, the lower mount can go as well.
 *
 * Return: 0.
 */
int hf_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		__fput_sync(file->private_data);
	else
		put_write(file);
	return 0;
}

static void accessed(struct file *file)
{
	hf_refresh(file_inode(file));
}

static void end_write(struct file *file, loff_t pos, ssize_t ret)
{
	hf_refresh(file_inode(file));
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

static ssize_t read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct backing_file_ctx ctx = context(iocb->ki_filp);
	struct file *lower = hf_lower_file(iocb->ki_filp);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return backing_file_read_iter(lower, iter, iocb, iocb->ki_flags, &ctx);
}

static ssize_t write_sync(struct kiocb *iocb, struct iov_iter *iter)
{
	struct file *lower = hf_lower_file(iocb->ki_filp);
	rwf_t flags = (__force rwf_t)(iocb->ki_flags & IOCB_FLAGS);
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	/* O_APPEND is a flag of the lower file too: RWF_NOAPPEND undoes both. */
	if (!(iocb->ki_flags & IOCB_APPEND) && lower->f_flags & O_APPEND)
		flags |= RWF_NOAPPEND;
	ret = vfs_iter_write(lower, iter, &iocb->ki_pos, flags);
	hf_refresh(file_inode(iocb->ki_filp));
	return ret;
}

/* backing_file_write_iter() wants the inode lock; it is held to submit only. */
static ssize_t write_async(struct kiocb *iocb, struct iov_iter *iter)
{
	struct backing_file_ctx ctx = context(iocb->ki_filp);
	struct file *lower = hf_lower_file(iocb->ki_filp);
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (iocb->ki_flags & IOCB_NOWAIT) {
		if (!inode_trylock(inode))
			return -EAGAIN;
	} else {
		inode_lock(inode);
	}
	ret = backing_file_write_iter(lower, iter, iocb, iocb->ki_flags, &ctx);
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
	hf_refresh(file_inode(out));
	return ret;
}

/* The mapping belongs to the lower file from here on: one page cache. */
static int mmap(struct file *file, struct vm_area_struct *vma)
{
	struct backing_file_ctx ctx = context(file);
	struct file *lower = hf_lower_file(file);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return backing_file_mmap(lower, vma, &ctx);
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

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return vfs_fsync_range(lower, start, end, datasync);
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
	.fsync			= hf_fsync,
	.fallocate		= hf_fallocate,
	.fadvise		= fadvise,
	.copy_file_range	= hf_copy_file_range,
	.remap_file_range	= hf_remap_file_range,
	.lock			= hf_file_lock,
	.flock			= hf_file_flock,
	.setlease		= hf_file_setlease,
};
