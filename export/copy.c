// SPDX-License-Identifier: GPL-2.0-only
/* Copies that the lower filesystem can make without reading. */

#include <linux/fs.h>

#include "export.h"

static int change_begin(struct hf_change *change, struct file *file,
			loff_t start, loff_t end)
{
	return hf_change_begin(&hf_inode(file_inode(file))->lease, change, file,
			       start, end, NULL);
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
	struct hf_change change;
	bool may_share;
	ssize_t ret;

	if (IS_ERR(lower_in))
		return PTR_ERR(lower_in);
	if (IS_ERR(lower_out))
		return PTR_ERR(lower_out);
	if (!len)
		return 0;
	/* A filesystem with reflinks may copy by putting blocks in place. */
	may_share = lower_out->f_op->remap_file_range;
	if (may_share) {
		ret = change_begin(&change, out, pos_out, pos_out + (len - 1));
		if (ret)
			return ret;
	}
	ret = vfs_copy_file_range(lower_in, pos_in, lower_out, pos_out, len,
				  flags);
	if (may_share)
		hf_change_end(&change);
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
	struct hf_change change;
	loff_t ret;

	if (flags & ~(REMAP_FILE_DEDUP | REMAP_FILE_ADVISORY))
		return -EINVAL;
	if (IS_ERR(lower_in))
		return PTR_ERR(lower_in);
	if (IS_ERR(lower_out))
		return PTR_ERR(lower_out);
	ret = change_begin(&change, out, pos_out,
			   len ? pos_out + (len - 1) : OFFSET_MAX);
	/* FIDEDUPERANGE shows it as it is, and begins nothing anew. */
	if (ret == -ERESTARTSYS && flags & REMAP_FILE_DEDUP)
		return -EINTR;
	if (ret)
		return ret;

	if (flags & REMAP_FILE_DEDUP)
		ret = vfs_dedupe_file_range_one(lower_in, pos_in, lower_out,
						pos_out, len, flags);
	else
		ret = vfs_clone_file_range(lower_in, pos_in, lower_out,
					   pos_out, len, flags);
	hf_change_end(&change);
	hf_refresh(file_inode(in));
	hf_refresh(file_inode(out));
	return ret;
}
