// SPDX-License-Identifier: GPL-2.0-only
/* Locks and leases of open files. */

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

/**
 * hf_file_setlease - ->setlease: the VFS's, unless somebody writes below
 * @file: the upper file
 * @arg: F_RDLCK, F_WRLCK or F_UNLCK
 * @lease: the lease
 * @priv: its owner
 *
 * The VFS sees who has the upper inode open for writing.  It does not see a
 * shared writable mapping, which belongs to the lower file and outlives the
 * descriptor, nor a writer that opened the file below.
 *
 * Return: 0 or -errno.
 */
int hf_file_setlease(struct file *file, int arg, struct file_lease **lease,
		     void **priv)
{
	struct inode *lower = hf_lower_inode(file_inode(file));

	if (arg == F_RDLCK && inode_is_open_for_write(lower))
		return -EAGAIN;
	/* Each writer above counts once below. */
	if (arg == F_WRLCK && atomic_read(&lower->i_writecount) >
			      atomic_read(&file_inode(file)->i_writecount))
		return -EAGAIN;
	return generic_setlease(file, arg, lease, priv);
}
