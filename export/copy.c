// SPDX-License-Identifier: GPL-2.0-only
/* Space and copies that the lower filesystem can make without reading. */

#include <linux/fs.h>

#include "export.h"

/**
 * hf_fallocate - ->fallocate
 * @file: the upper file
 * @mode: FALLOC_FL_*
 * @offset: first byte
 * @len: number of bytes
 *
 * Return: 0 or -errno.
 */
long hf_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct file *lower = hf_lower_file(file);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = vfs_fallocate(lower, mode, offset, len);
	hf_refresh(file_inode(file));
	return err;
}

/**
 * hf_copy_file_range - ->copy_file_range
 * @in: an upper file, maybe of another holdfast mount
 * @pos_in: where to read
 * @out: an upper file
 * @pos_out: where to write
 * @len: number of bytes
 * @flags: none
 *
 * Return: number of bytes, or -errno (-EXDEV if the lower filesystems differ).
 */
ssize_t hf_copy_file_range(struct file *in, loff_t pos_in, struct file *out,
			   loff_t pos_out, size_t len, unsigned int flags)
{
	struct file *lower_in = hf_lower_file(in);
	struct file *lower_out = hf_lower_file(out);
	ssize_t ret;

	if (IS_ERR(lower_in))
		return PTR_ERR(lower_in);
	if (IS_ERR(lower_out))
		return PTR_ERR(lower_out);
	ret = vfs_copy_file_range(lower_in, pos_in, lower_out, pos_out, len,
				  flags);
	hf_refresh(file_inode(in));
	hf_refresh(file_inode(out));
	return ret;
}

/**
 * hf_remap_file_range - ->remap_file_range (FICLONE, FIDEDUPERANGE)
 * @in: an upper file
 * @pos_in: where the blocks are
 * @out: an upper file
 * @pos_out: where they shall be as well
 * @len: number of bytes, 0 for all
 * @flags: REMAP_FILE_*
 *
 * Return: number of bytes, or -errno.
 */
loff_t hf_remap_file_range(struct file *in, loff_t pos_in, struct file *out,
			   loff_t pos_out, loff_t len, unsigned int flags)
{
	struct file *lower_in = hf_lower_file(in);
	struct file *lower_out = hf_lower_file(out);
	loff_t ret;

	if (flags & ~(REMAP_FILE_DEDUP | REMAP_FILE_ADVISORY))
		return -EINVAL;
	if (IS_ERR(lower_in))
		return PTR_ERR(lower_in);
	if (IS_ERR(lower_out))
		return PTR_ERR(lower_out);

	if (flags & REMAP_FILE_DEDUP)
		ret = vfs_dedupe_file_range_one(lower_in, pos_in, lower_out,
						pos_out, len, flags);
	else
		ret = vfs_clone_file_range(lower_in, pos_in, lower_out,
					   pos_out, len, flags);
	hf_refresh(file_inode(in));
	hf_refresh(file_inode(out));
	return ret;
}
