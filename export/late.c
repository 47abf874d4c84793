// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are open above and not yet below: what they count for there until
 * then, their first use, and the end of one that was never used.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mmap_lock.h>
#include <linux/mount.h>
#include <linux/wait_bit.h>

#include <holdfast/compat.h>

#include "export.h"

/**
 * hf_opens_late - may files of a filesystem be opened by mmap(2)?
 * @lower: its superblock
 *
 * Its ->open is called under mmap_lock then, as no filesystem has to expect:
 * f2fs takes i_rwsem, under which others of its files' users fault pages in;
 * fuse asks a process, which may look at ours; gfs2 and ocfs2 ask other machines.
 * Of those here (6.12's) it takes no lock but the journal's and the quota's, which
 * their ->page_mkwrite takes under mmap_lock as well, and none that is held
 * over a page fault; and it waits for no thaw: ext4 only tries.
 *
 * Return: whether it is one of them.
 */
bool hf_opens_late(const struct super_block *lower)
{
	switch (lower->s_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	}
	return false;
}

/**
 * hf_hold_below - what an open counts for below until the file is opened there
 * @file: the upper file
 *
 * For writing: no program runs from it, and its mount stays writable.  For
 * reading: nobody gets a write lease.
 *
 * Return: 0, -ETXTBSY or -EROFS.
 */
int hf_hold_below(const struct file *file)
{
	struct inode *lower = hf_lower_inode(file_inode(file));
	int err;

	if (!(file->f_mode & FMODE_WRITE)) {
		if (file->f_mode & FMODE_READ)
			i_readcount_inc(lower);
		return 0;
	}
	err = get_write_access(lower);
	if (err)
		return err;
	err = mnt_get_write_access(hf_super(file_inode(file)->i_sb)->lower_mnt);
	if (err)
		put_write_access(lower);
	return err;
}

/**
 * hf_let_go_below - the end of hf_hold_below()
 * @file: the upper file
 */
void hf_let_go_below(const struct file *file)
{
	struct inode *lower = hf_lower_inode(file_inode(file));

	if (file->f_mode & FMODE_WRITE) {
		mnt_put_write_access(hf_super(file_inode(file)->i_sb)->lower_mnt);
		put_write_access(lower);
	} else if (file->f_mode & FMODE_READ) {
		i_readcount_dec(lower);
	}
}

/**
 * hf_put_unused - close a lower file that nobody has used
 * @lower: the file
 *
 * A program's thread closes it on its way
 * out of the system call, with no lock held; a server's at once, for the reason
 * that hf_release() has.
 */
void hf_put_unused(struct file *lower)
{
	if (current->flags & PF_KTHREAD)
		__fput_sync(lower);
	else
		fput(lower);
}

/*
 * The open that may_wait() put off.  Of two at a time one is kept, and takes
 * over from hf_hold_below(); until then the file counts twice below.
 *
 * The first use may be mmap(2), which holds mmap_lock: whoever faults in this
 * process, or looks at it in /proc, waits meanwhile.  Why nothing is waited for
 * there that could take longer than a page fault does, or could need mmap_lock:
 * 1. Leases: from the open on the file counts below, for reading or for writing,
 *    and the open has broken those that conflict with it.  So there are none, and
 *    none are granted.  (An overlay's files are not opened late.)  A server of
 *    LOWERDIR gets a write delegation beside a reader all the same: so @to_map
 *    the open does not block, and mmap(2) says EAGAIN until it is recalled.
 * 2. Listeners: whoever listens since the open would not be asked of it without
 *    us, nor is he now: hf_file_notify().
 * 3. Writers of a program, a mount that becomes read-only: hf_hold_below() keeps
 *    them away, so that the access is had at once.
 * 4. The filesystem's ->open: hf_opens_late().
 * 5. Memory, as in every mmap(2).  And the security modules of the kernel itself,
 *    which ask nobody about a file that the kernel opens.
 * 6. A file that is not kept is closed later: hf_put_unused().
 * No other use is under mmap_lock: a mapping's own file is the lower one, and a
 * program's is opened at once.
 */
static struct file *open_late(struct file *file, bool to_map)
{
	struct file *lower, *first;

	if (to_map)
		mmap_assert_write_locked(current->mm);
	else if (current->mm)
		lockdep_assert_not_held(&current->mm->mmap_lock);
	lower = hf_open_lower(file, __FMODE_NONOTIFY | (to_map ? O_NONBLOCK : 0));
	/* A wait for a lease: io_uring restarts nothing, and shows it as it is. */
	if (lower == ERR_PTR(-ERESTARTSYS) && current->flags & PF_USER_WORKER)
		return ERR_PTR(-EINTR);
	if (IS_ERR(lower))
		return lower;
	hf_file_notify(lower);
	lower->f_wb_err = file->f_wb_err;
	if (file->f_mode & FMODE_WRITE)
		WRITE_ONCE(hf_inode(file_inode(file))->written, true);
	first = cmpxchg((struct file **)&file->private_data, NULL, lower);
	if (!first) {
		hf_let_go_below(file);
		return lower;
	}
	if (to_map)
		hf_put_unused(lower);
	else
		__fput_sync(lower);
	return first;
}

/**
 * hf_late_open - the first use of a file
 * @file: the upper file
 * @to_map: by mmap(2), which holds mmap_lock
 *
 * Return: the lower file, without a reference, or an ERR_PTR.
 */
struct file *hf_late_open(struct file *file, bool to_map)
{
	struct hf_inode *hi = hf_inode(file_inode(file));
	struct file *lower;

	atomic_inc_return(&hi->late_begun);
	lower = open_late(file, to_map);
	atomic_inc_return(&hi->late_ended);
	wake_up_var(&hi->late_ended);
	return lower;
}

/**
 * hf_late_wait - until no open file of an inode counts twice below
 * @inode: the upper inode
 * @begun: for hf_late_begun()
 *
 * Context: may sleep, for as long as the lower filesystem takes to open a file.
 * Return: 0, or -ERESTARTSYS if the caller was killed.
 */
int hf_late_wait(struct inode *inode, int *begun)
{
	struct hf_inode *hi = hf_inode(inode);
	int err;

	do {
		*begun = atomic_read(&hi->late_begun);
		err = wait_var_event_killable(&hi->late_ended,
			atomic_read_acquire(&hi->late_ended) - *begun >= 0);
		if (err)
			return err;
	} while (hf_late_begun(inode, *begun));
	return 0;
}

/**
 * hf_late_begun - did one that does count twice since?
 * @inode: the upper inode
 * @begun: what hf_late_wait() filled
 *
 * Context: what was counted meanwhile has been read.
 * Return: whether it did.
 */
bool hf_late_begun(struct inode *inode, int begun)
{
	smp_rmb();
	return atomic_read(&hf_inode(inode)->late_begun) != begun;
}

/**
 * hf_close_unused - the end of an open that has not used the file
 * @file: the upper file
 *
 * What filesystems,
 * and IMA, do when the last writer of a file is closed, whoever wrote (ext4 gives
 * back what it had set aside for more), is not done by hf_let_go_below(), and was
 * not done before, while this one counted.  So the file is opened below once
 * more, for its ->release; that costs nobody but who is the last after a writer.
 */
void hf_close_unused(struct file *file)
{
	struct hf_inode *hi = hf_inode(file_inode(file));
	struct file *lower = NULL;

	if (file->f_mode & FMODE_WRITE && READ_ONCE(hi->written) &&
	    atomic_read(&hi->lower_inode->i_writecount) == 1) {
		WRITE_ONCE(hi->written, false);
		lower = hf_open_lower(file, __FMODE_NONOTIFY | O_NONBLOCK);
	}
	hf_let_go_below(file);
	if (IS_ERR(lower))
		WRITE_ONCE(hi->written, true);
	else if (lower)
		__fput_sync(lower);
}
