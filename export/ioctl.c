// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls of open files: our own for layouts and pins, and the lower filesystem's
 * that look at a file or at the filesystem and move no block of a file.  (Those
 * for attributes and for fiemap are inode operations.)
 */

#include <linux/fs.h>

#include "export.h"

/* The lower filesystem checks whether the caller may. */
static long below(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct file *lower = hf_lower_file(file);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return vfs_ioctl(lower, cmd, arg);
}

/**
 * hf_file_ioctl - ->unlocked_ioctl
 * @file: the upper file
 * @cmd: HF_IOC_*, or one that is passed on
 * @arg: its argument
 *
 * Return: 0 or -errno; -ENOTTY for any other command.
 */
long hf_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case FS_IOC32_GETVERSION:	/* that of a 32-bit program */
		cmd = FS_IOC_GETVERSION;
		fallthrough;
	case FS_IOC_GETVERSION:
	case FS_IOC_GETFSLABEL:
	case FITRIM:
		return below(file, cmd, arg);
	}
	return hf_layout_ioctl(&hf_inode(file_inode(file))->lease, file, cmd,
			       arg);
}
