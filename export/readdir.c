// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open directories.  Inode numbers are the lower ones above as well, so the
 * entries go to the reader as they are.
 */

#include <linux/fs.h>

#include "export.h"

/*
 * The position is kept in the upper file.  nfsd tells by a bit in f_mode how
 * wide its cookies are, and ext4 makes them accordingly.
 */
static struct file *lower_dir(struct file *file)
{
	struct file *lower = hf_lower_file(file);
	fmode_t width = file->f_mode & (FMODE_32BITHASH | FMODE_64BITHASH);

	if ((lower->f_mode & width) != width)
		lower->f_mode |= width;
	lower->f_pos = file->f_pos;
	return lower;
}

static int iterate(struct file *file, struct dir_context *ctx)
{
	struct file *lower = lower_dir(file);
	int err;

	lower->f_pos = ctx->pos;
	err = iterate_dir(lower, ctx);
	hf_refresh(file_inode(file));
	return err;
}

static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	loff_t ret;

	ret = vfs_llseek(lower_dir(file), offset, whence);
	if (ret >= 0)
		file->f_pos = ret;
	return ret;
}

const struct file_operations hf_dir_operations = {
	.open		= hf_open,
	.release	= hf_release,
	.read		= generic_read_dir,
	.iterate_shared	= iterate,
	.llseek		= llseek,
	.fsync		= hf_fsync,
	.lock		= hf_file_lock,
	.flock		= hf_file_flock,
	.setlease	= hf_file_setlease,
	.unlocked_ioctl	= hf_file_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
