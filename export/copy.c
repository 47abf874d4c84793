// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies that the lower filesystem can make without reading: two files then
 * share blocks, which nobody but the filesystem may write to from then on, and
 * which the next write through either file moves.  So this is a change of both:
 * a device that writes to blocks of the source would write to the copy, too.
 */

#include <linux/fs.h>

#include "export.h"

/* Both ends of a copy that shares blocks.  No change waits for another. */
struct sharing {
	struct hf_change to, from;
};

static int change_begin(struct hf_change *change, struct file *file,
			loff_t start, loff_t len)
{
	return hf_change_begin(&hf_inode(file_inode(file))->lease, change, file,
			       start, len ? start + (len - 1) : OFFSET_MAX,
			       NULL);
}

static int share_begin(struct sharing *sharing, struct file *in, loff_t pos_in,
		       struct file *out, loff_t pos_out, loff_t len)
{
	int err;

	err = change_begin(&sharing->to, out, pos_out, len);
	if (err)
		return err;
	err = change_begin(&sharing->from, in, pos_in, len);
	if (err)
		hf_change_end(&sharing->to);
	return err;
}

static void share_end(struct sharing *sharing)
{
	hf_change_end(&sharing->from);
	hf_change_end(&sharing->to);
}

/* Where the filesystem may copy by sharing.  Both files are open below. */
static ssize_t copy_sharing(struct file *in, loff_t pos_in, struct file *out,
			    loff_t pos_out, size_t len, unsigned int flags)
{
	struct file *lower_in = in->private_data;
	struct file *lower_out = out->private_data;
	struct sharing sharing;
	ssize_t ret;

	ret = change_begin(&sharing.to, out, pos_out, len);
	if (ret)
		return ret;
	ret = change_begin(&sharing.from, in, pos_in, len);
	/* What may not be shared can be read. */
	if (ret == -ETXTBSY || ret == -EWOULDBLOCK) {
		ret = vfs_copy_file_range(lower_in, pos_in, lower_out, pos_out,
					  len, flags | COPY_FILE_SPLICE);
	} else if (!ret) {
		ret = vfs_copy_file_range(lower_in, pos_in, lower_out, pos_out,
					  len, flags);
		hf_change_end(&sharing.from);
	}
	hf_change_end(&sharing.to);
	return ret;
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
	if (!len)
		return 0;
	if (lower_out->f_op->remap_file_range)
		ret = copy_sharing(in, pos_in, out, pos_out, len, flags);
	else
		ret = vfs_copy_file_range(lower_in, pos_in, lower_out, pos_out,
					  len, flags);
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
	struct sharing sharing;
	loff_t ret;

	if (flags & ~(REMAP_FILE_DEDUP | REMAP_FILE_ADVISORY))
		return -EINVAL;
	if (IS_ERR(lower_in))
		return PTR_ERR(lower_in);
	if (IS_ERR(lower_out))
		return PTR_ERR(lower_out);
	ret = share_begin(&sharing, in, pos_in, out, pos_out, len);
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
	share_end(&sharing);
	hf_refresh(file_inode(in));
	hf_refresh(file_inode(out));
	return ret;
}
