// SPDX-License-Identifier: GPL-2.0-only
/* Space: fallocate(2), and the holes that madvise(2) makes through a mapping. */

#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/fsnotify.h>

#include "export.h"

/* Whose blocks a call of fallocate(2) moves or frees; false: it only adds. */
static bool moves_blocks(const struct inode *lower, int mode, loff_t len,
			 loff_t *start, loff_t *end)
{
	loff_t mask = i_blocksize(lower) - 1;

	*end = *start + (len - 1);
	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		*end = OFFSET_MAX;
	/* A block of which a part is to be unshared moves as a whole. */
	if (mode & FALLOC_FL_UNSHARE_RANGE) {
		*start &= ~mask;
		*end |= mask;
	}
	return mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE |
		       FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_COLLAPSE_RANGE |
		       FALLOC_FL_INSERT_RANGE);
}

/* What vfs_fallocate() would do, but that it would ask hf_fallocate_mapped(). */
static long fallocate(struct file *lower, int mode, loff_t offset, loff_t len)
{
	const struct file_operations *ops = hf_original_ops(lower);
	const struct inode *inode = file_inode(lower);
	long ret;

	if (IS_IMMUTABLE(inode) ||
	    (IS_APPEND(inode) && mode & ~FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	if (IS_SWAPFILE(inode))
		return -ETXTBSY;
	ret = rw_verify_area(WRITE, lower, &offset, len);
	if (ret)
		return ret;
	if (!ops->fallocate)
		return -EOPNOTSUPP;
	file_start_write(lower);
	ret = ops->fallocate(lower, mode, offset, len);
	if (!ret)
		fsnotify_modify(lower);
	file_end_write(lower);
	return ret;
}

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
	struct hf_change change;
	loff_t start = offset, end;
	bool moves;
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	moves = moves_blocks(file_inode(lower), mode, len, &start, &end);
	if (moves) {
		err = hf_change_begin(&hf_inode(file_inode(file))->lease,
				      &change, file, start, end, NULL);
		if (err)
			return err;
	}
	err = fallocate(lower, mode, offset, len);
	if (moves)
		hf_change_end(&change);
	hf_refresh(file_inode(file));
	return err;
}

/**
 * hf_fallocate_mapped - ->fallocate of a lower file, which a mapping has
 * @inode: the upper inode, or NULL: then nobody has a layout
 * @lower: the lower file
 * @mode: FALLOC_FL_*
 * @offset: first byte
 * @len: number of bytes
 *
 * A mapping is nobody's descriptor, so no layout is its own.
 *
 * Context: under sb_writers of the lower filesystem, which whoever freezes it
 * waits for: so it waits for no layout, and is told to come again.
 * Return: 0 or -errno: -ETXTBSY beside a pin, -EAGAIN beside a layout.
 */
long hf_fallocate_mapped(struct inode *inode, struct file *lower, int mode,
			 loff_t offset, loff_t len)
{
	const struct file_operations *ops = hf_original_ops(lower);
	struct hf_change change;
	loff_t start = offset, end;
	long ret;

	if (!inode || !moves_blocks(file_inode(lower), mode, len, &start, &end))
		return ops->fallocate(lower, mode, offset, len);
	ret = hf_change_try(&hf_inode(inode)->lease, &change, start, end);
	if (ret)
		return ret;
	ret = ops->fallocate(lower, mode, offset, len);
	hf_change_end(&change);
	hf_refresh(inode);
	return ret;
}
