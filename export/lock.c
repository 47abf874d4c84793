// SPDX-License-Identifier: GPL-2.0-only
/* Locks, leases and layouts of open files. */

#include <linux/filelock.h>
#include <linux/fs.h>

#include "export.h"

/**
 * hf_file_lock - ->lock: the lock manager decides
 * @file: the upper file
 * @cmd: F_GETLK, F_SETLK, F_SETLKW, F_CANCELLK and their relatives
 * @fl: the request
 *
 * Return: see hf_lock().
 */
int hf_file_lock(struct file *file, int cmd, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);

	return hf_lock(hf_super(inode->i_sb)->domain, &hf_inode(inode)->lock,
		       file, cmd, fl);
}

/**
 * hf_file_flock - ->flock: likewise
 * @file: the upper file
 * @cmd: F_SETLK or F_SETLKW
 * @fl: the request
 *
 * Return: see hf_flock().
 */
int hf_file_flock(struct file *file, int cmd, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);

	return hf_flock(hf_super(inode->i_sb)->domain, &hf_inode(inode)->lock,
			file, cmd, fl);
}

/*
 * Does somebody write below who is not one of ours?  Each writer above counts
 * once below.  A shared writable mapping belongs to the lower file and outlives
 * the descriptor; others have opened the file in LOWERDIR.
 */
static bool written_below(const struct inode *inode)
{
	/* A negative count is that of programs that run from it. */
	return atomic_read(&hf_lower_inode(inode)->i_writecount) >
	       max(atomic_read(&inode->i_writecount), 0);
}

/*
 * Does somebody read below?  Only for who is alone above, or else the VFS
 * refuses a write lease anyway: what is left to subtract is the own lower file,
 * which is opened at the first use.
 */
static bool read_below(const struct file *file)
{
	int own = READ_ONCE(file->private_data) && !(file->f_mode & FMODE_WRITE);

	return atomic_read(&hf_lower_inode(file_inode(file))->i_readcount) > own;
}

/* For whom the VFS would refuse this lease; a server asks itself who reads. */
static bool used_below(const struct file *file, int arg, bool delegation)
{
	const struct inode *inode = file_inode(file);

	if (written_below(inode))
		return true;
	/* A mapping of a writer's who is counted above until he has closed. */
	if (arg == F_RDLCK)
		return mapping_writably_mapped(hf_lower_inode(inode)->i_mapping);
	return !delegation && read_below(file);
}

/**
 * hf_file_setlease - ->setlease: the VFS's, unless the file is used below
 * @file: the upper file
 * @arg: F_RDLCK, F_WRLCK or F_UNLCK
 * @lease: the lease
 * @priv: its owner
 *
 * Return: 0 or -errno.
 */
int hf_file_setlease(struct file *file, int arg, struct file_lease **lease,
		     void **priv)
{
	struct inode *inode = file_inode(file);
	struct hf_lease_inode *part = &hf_inode(inode)->lease;
	bool delegation;
	void *owner;
	int err;

	if (arg == F_UNLCK)
		return hf_setlease(part, file, arg, lease, priv);
	delegation = (*lease)->c.flc_flags & FL_DELEG;
	if (used_below(file, arg, delegation))
		return -EAGAIN;
	owner = (*lease)->c.flc_owner;
	err = hf_setlease(part, file, arg, lease, priv);
	/*
	 * Who was closed above meanwhile may have left a mapping: the VFS did
	 * not count him any more, and above it still balanced.  Where a lease
	 * was held before there was nobody such.
	 */
	if (!err && !*lease && used_below(file, arg, delegation)) {
		hf_setlease(part, file, F_UNLCK, NULL, &owner);
		err = -EAGAIN;
	}
	return err;
}

/**
 * hf_file_ioctl - ->unlocked_ioctl: layouts and pins
 * @file: the upper file
 * @cmd: HF_IOC_*
 * @arg: its argument
 *
 * Return: 0 or -errno; -ENOTTY for any other command.
 */
long hf_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return hf_layout_ioctl(&hf_inode(file_inode(file))->lease, file, cmd,
			       arg);
}
