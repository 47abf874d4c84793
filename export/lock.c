// SPDX-License-Identifier: GPL-2.0-only
/* Locks of open files. */

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
