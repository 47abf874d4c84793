// SPDX-License-Identifier: GPL-2.0-only
/* Upper inodes: one per lower inode, found by it. */

#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>

#include "export.h"

static struct kmem_cache *inode_cache;

static void init_once(void *object)
{
	struct hf_inode *hi = object;

	inode_init_once(&hi->vfs);
	hf_lease_inode_init(&hi->lease);
	hi->lease.refuse = hf_refuse_lease;
}

/**
 * hf_inode_init - make the cache of inodes
 *
 * Return: 0 or -ENOMEM.
 */
int hf_inode_init(void)
{
	inode_cache = kmem_cache_create("hf_inode",
					sizeof(struct hf_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					init_once);
	return inode_cache ? 0 : -ENOMEM;
}

/**
 * hf_inode_exit - remove the cache of inodes
 */
void hf_inode_exit(void)
{
	/* hf_inode_free() runs after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(inode_cache);
}

/**
 * hf_inode_alloc - ->alloc_inode
 * @sb: the superblock
 *
 * Return: an inode without a lower one, or NULL.
 */
struct inode *hf_inode_alloc(struct super_block *sb)
{
	struct hf_inode *hi = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	if (!hi)
		return NULL;
	hi->lower_dir = NULL;
	hi->lower_inode = NULL;
	memset(&hi->lock, 0, sizeof(hi->lock));
	atomic_set(&hi->late_begun, 0);
	atomic_set(&hi->late_ended, 0);
	hi->written = false;
	return &hi->vfs;
}

/**
 * hf_inode_free - ->free_inode, after a grace period
 * @inode: the inode
 */
void hf_inode_free(struct inode *inode)
{
	kmem_cache_free(inode_cache, hf_inode(inode));
}

/**
 * hf_inode_destroy - ->destroy_inode: let the lower inode go
 * @inode: the inode, which nobody can find any more
 *
 * A path walk under RCU may still look at ->lower_inode; its memory lasts for
 * a grace period from here, as that of the upper inode does.
 */
void hf_inode_destroy(struct inode *inode)
{
	struct hf_inode *hi = hf_inode(inode);

	if (hi->lower_dir)
		dput(hi->lower_dir);
	else
		iput(hi->lower_inode);
}

/* FIFOs, sockets and devices: their I/O happens here, not below. */
static const struct inode_operations special_inode_operations = {
	.permission	= hf_permission,
	.getattr	= hf_getattr,
	.setattr	= hf_setattr,
	.listxattr	= hf_listxattr,
	.get_inode_acl	= hf_get_inode_acl,
	.get_acl	= hf_get_acl,
	.set_acl	= hf_set_acl,
	.update_time	= hf_update_time,
};

static void set_operations(struct inode *inode, const struct inode *lower)
{
	switch (lower->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &hf_file_inode_operations;
		inode->i_fop = &hf_file_operations;
		break;
	case S_IFDIR:
		inode->i_op = &hf_dir_inode_operations;
		inode->i_fop = &hf_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &hf_symlink_inode_operations;
		break;
	default:
		inode->i_op = &special_inode_operations;
		init_special_inode(inode, lower->i_mode, lower->i_rdev);
	}
}

/*
 * holdfast under an overlay and holdfast over one take the same locks in
 * opposite orders, on different superblocks: lockdep tells them by depth.
 */
static void set_lock_class(struct inode *inode)
{
	static struct lock_class_key dir[FILESYSTEM_MAX_STACK_DEPTH];
	static struct lock_class_key other[FILESYSTEM_MAX_STACK_DEPTH];
	int depth = inode->i_sb->s_stack_depth - 1;

	if (S_ISDIR(inode->i_mode))
		lockdep_set_class(&inode->i_rwsem, &dir[depth]);
	else
		lockdep_set_class(&inode->i_rwsem, &other[depth]);
}

static int test(struct inode *inode, void *lower)
{
	return hf_lower_inode(inode) == d_inode(lower);
}

static int set(struct inode *inode, void *lower)
{
	struct hf_inode *hi = hf_inode(inode);

	hi->lower_inode = d_inode(lower);
	if (d_is_dir(lower))
		hi->lower_dir = dget(lower);
	else
		ihold(hi->lower_inode);
	return 0;
}

static void fill(struct inode *inode, const struct inode *lower)
{
	inode->i_ino = lower->i_ino;
	inode->i_generation = lower->i_generation;
	inode->i_blkbits = lower->i_blkbits;
	hf_inode(inode)->hidden = 0;
	if (S_ISREG(lower->i_mode) && hf_nosuid(inode->i_sb))
		hf_inode(inode)->hidden = S_ISUID | S_ISGID;
	inode->i_mode = hf_mode(inode);
	inode->i_rdev = lower->i_rdev;
	/* From here on it is set through our inode, for both. */
	inode->i_write_hint = lower->i_write_hint;
	/* The lower inode caches them, and is asked each time. */
	inode->i_acl = ACL_DONT_CACHE;
	inode->i_default_acl = ACL_DONT_CACHE;
	set_operations(inode, lower);
	/* The others are read above, see hf_update_time(). */
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		inode->i_flags |= S_NOATIME;
	set_lock_class(inode);
}

static struct inode *fill_new(struct inode *inode, struct dentry *lower)
{
	int err;

	fill(inode, d_inode(lower));
	err = hf_dev_learn(inode, lower);
	if (err) {
		iget_failed(inode);
		return ERR_PTR(err);
	}
	hf_refresh(inode);
	unlock_new_inode(inode);
	return inode;
}

/**
 * hf_iget - the upper inode of a lower object
 * @sb: the upper superblock
 * @lower: a positive lower dentry, held by the caller
 *
 * Context: may sleep.
 * Return: a referenced, fresh inode, or an ERR_PTR: -ENOMEM, or what the lower
 * filesystem says when it is asked for the device.
 */
struct inode *hf_iget(struct super_block *sb, struct dentry *lower)
{
	struct inode *lower_inode = d_inode(lower);
	struct inode *inode;

	inode = iget5_locked(sb, (unsigned long)lower_inode, test, set, lower);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (inode->i_state & I_NEW)
		return fill_new(inode, lower);
	hf_refresh(inode);
	return inode;
}

/**
 * hf_iget_new - hf_iget() of an object that was made a moment ago
 * @sb: the upper superblock
 * @lower: a positive lower dentry, held by the caller
 *
 * Nearly always there is no upper inode yet, so none is looked for first.
 *
 * Context: may sleep.
 * Return: a referenced, fresh inode, or an ERR_PTR: -ENOMEM, or what the lower
 * filesystem says when it is asked for the device.
 */
struct inode *hf_iget_new(struct super_block *sb, struct dentry *lower)
{
	struct inode *lower_inode = d_inode(lower);
	struct inode *new, *inode;

	new = new_inode(sb);
	if (!new)
		return ERR_PTR(-ENOMEM);
	inode = inode_insert5(new, (unsigned long)lower_inode, test, set, lower);
	if (likely(inode == new))
		return fill_new(inode, lower);
	iput(new);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	/* It was met by another way already. */
	hf_refresh(inode);
	return inode;
}

static int test_inode(struct inode *inode, void *lower)
{
	return hf_lower_inode(inode) == lower;
}

/**
 * hf_ilookup - the upper inode of a lower one, if there is one
 * @sb: the upper superblock
 * @lower: the lower inode
 *
 * Return: a referenced inode, or NULL.
 */
struct inode *hf_ilookup(struct super_block *sb, const struct inode *lower)
{
	return ilookup5(sb, (unsigned long)lower, test_inode, (void *)lower);
}
