// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write access to the lower filesystem, and what waits while that is frozen.
 *
 * The VFS waits for a frozen filesystem before it takes a lock of it: of ours,
 * which is not frozen.  When we are called it holds i_rwsem of a directory, and
 * whoever lists that, or looks a name up in it, would wait behind a wait below.
 * So nobody waits here: the call is undone, which costs nothing since nothing has
 * been done, and is made again later.
 *
 *	a program	its system call is restarted when it has waited, on its
 *			way back to user space, where no lock is held
 *	a server	-EAGAIN: it tells its client to come again
 *	others		(io_uring's workers, a core dump) wait here: there is
 *			no system call to restart
 */

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "export.h"

/* In a task's work before it returns to user space. */
static int wait_for_thaw(struct inode *inode, struct file *file)
{
	struct vfsmount *mnt = file->private_data;

	sb_start_write(mnt->mnt_sb);
	sb_end_write(mnt->mnt_sb);
	mntput(mnt);
	return 0;
}

static const struct file_operations thaw_operations = {
	.owner		= THIS_MODULE,
	.release	= wait_for_thaw,
};

/* The end of a file that nobody knows is work that any module may leave. */
static int restart_after_thaw(struct vfsmount *mnt)
{
	struct file *file = anon_inode_getfile("[holdfast]", &thaw_operations,
					       mnt, O_RDONLY);

	if (IS_ERR(file))
		return PTR_ERR(file);
	mntget(mnt);
	fput(file);
	/* There is no signal; but the way of signals is that of restarts. */
	set_thread_flag(TIF_NOTIFY_SIGNAL);
	return -ERESTARTNOINTR;
}

static int start_write(struct vfsmount *mnt)
{
	if (likely(sb_start_write_trylock(mnt->mnt_sb)))
		return 0;
	if (current->flags & PF_KTHREAD)
		return -EAGAIN;
	if (!(current->flags & (PF_USER_WORKER | PF_EXITING | PF_DUMPCORE)))
		return restart_after_thaw(mnt);
	sb_start_write(mnt->mnt_sb);
	return 0;
}

/**
 * hf_want_write - something is to be changed below
 * @sb: the upper superblock
 *
 * Context: locks of the upper filesystem may be held, none of the lower one.
 * Return: 0, for hf_drop_write(); -EROFS; while the lower filesystem is frozen
 * -EAGAIN or -ERESTARTNOINTR, which the caller hands on; or another -errno.
 */
int hf_want_write(const struct super_block *sb)
{
	struct vfsmount *mnt = hf_super(sb)->lower_mnt;
	int err;

	err = start_write(mnt);
	if (err)
		return err;
	err = mnt_get_write_access(mnt);
	if (err)
		sb_end_write(mnt->mnt_sb);
	return err;
}
