// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device numbers: st_dev.
 *
 * The files of a lower filesystem may have several, so that they differ though
 * their inode numbers are equal: btrfs has one for each subvolume, an overlay one
 * for each filesystem that its layers are on.  What is on LOWERDIR's device is on
 * the mount's here.  Each other device gets a number of ours, when the first of
 * its files is met; it keeps it until the mount ends.  Numbers below are few, and
 * used again there, so what is kept is little.
 */

#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <linux/xarray.h>

#include "export.h"

static int lower_dev(const struct hf_super *hs, struct dentry *lower,
		     dev_t *dev)
{
	struct path path = { .mnt = hs->lower_mnt, .dentry = lower };
	struct kstat stat;
	int err;

	err = vfs_getattr_nosec(&path, &stat, STATX_TYPE, AT_STATX_DONT_SYNC);
	if (!err)
		*dev = stat.dev;
	return err;
}

/**
 * hf_devices_init - LOWERDIR's device is the mount's
 * @hs: what the mount knows
 *
 * Return: 0 or -errno.
 */
int hf_devices_init(struct hf_super *hs)
{
	return lower_dev(hs, hs->lower_root, &hs->lower_dev);
}

/**
 * hf_devices_free - give the numbers back
 * @hs: what the mount knew; there is no inode left
 */
void hf_devices_free(struct hf_super *hs)
{
	unsigned long lower;
	void *entry;

	xa_for_each(&hs->devices, lower, entry)
		free_anon_bdev(xa_to_value(entry));
	xa_destroy(&hs->devices);
}

/* Of two that meet a device at the same time one gives its number back. */
static int add(struct hf_super *hs, dev_t lower, dev_t *dev)
{
	void *entry;
	int err;

	err = get_anon_bdev(dev);
	if (err)
		return err;
	entry = xa_cmpxchg(&hs->devices, lower, NULL, xa_mk_value(*dev),
			   GFP_KERNEL);
	if (!entry)
		return 0;
	free_anon_bdev(*dev);
	if (xa_is_err(entry))
		return xa_err(entry);
	*dev = xa_to_value(entry);
	return 0;
}

/**
 * hf_dev_of_other - hf_dev_of() for what is not on LOWERDIR's device
 * @sb: the upper superblock
 * @lower: the lower st_dev
 * @dev: the answer; may be where @lower came from
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EMFILE if the kernel has no number left.
 */
int hf_dev_of_other(struct super_block *sb, dev_t lower, dev_t *dev)
{
	struct hf_super *hs = hf_super(sb);
	void *entry = xa_load(&hs->devices, lower);

	if (!entry)
		return add(hs, lower, dev);
	*dev = xa_to_value(entry);
	return 0;
}

/**
 * hf_dev_learn - give a new upper inode its device
 * @inode: the inode
 * @lower: its lower dentry
 *
 * Context: may sleep; nobody else sees the inode yet.
 * Return: 0, or -errno if the lower filesystem, or the kernel, has none for it.
 */
int hf_dev_learn(struct inode *inode, struct dentry *lower)
{
	struct super_block *sb = inode->i_sb;
	dev_t dev = d_inode(lower)->i_sb->s_dev;
	int err = 0;

	if (d_inode(lower)->i_op->getattr)
		err = lower_dev(hf_super(sb), lower, &dev);
	if (!err)
		err = hf_dev_of(sb, dev, &dev);
	if (err)
		return err;
	hf_inode(inode)->lock.dev = dev;
	hf_inode(inode)->lease.dev = dev;
	return 0;
}
