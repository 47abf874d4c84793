// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls of open files: our own for layouts and pins, and the lower filesystem's
 * that look at a file or at the filesystem and move no block of a file.  (Those
 * for attributes and for fiemap are inode operations.)
 */

#include <linux/fs.h>

#include "../include/uapi/holdfast/layout.h"
#include "export.h"

/* The lower filesystem checks whether the caller may. */
static long below(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct file *lower = hf_lower_file(file);

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	return vfs_ioctl(lower, cmd, arg);
}

/*
 * No promise about blocks can be kept where LOWERDIR is stacked itself: an
 * overlay's mappings are of a file that is not ours.
 */
static bool may_promise(const struct super_block *sb)
{
	return !hf_super(sb)->lower_root->d_sb->s_stack_depth;
}

/**
 * hf_file_ioctl - ->unlocked_ioctl
 * @file: the upper file
 * @cmd: HF_IOC_*, or one that is passed on
 * @arg: its argument
 *
 * Return: 0 or -errno; -ENOTTY for any other command; -EOPNOTSUPP for a layout
 * or a pin where LOWERDIR is on an overlay.
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
	case HF_IOC_SETLAYOUT:
	case HF_IOC_PIN:
		if (!may_promise(file_inode(file)->i_sb))
			return -EOPNOTSUPP;
	}
	return hf_layout_ioctl(&hf_inode(file_inode(file))->lease, file, cmd,
			       arg);
}
