// SPDX-License-Identifier: GPL-2.0-only
/* The superblock: from LOWERDIR to a root dentry, and back to nothing. */

#include <linux/cred.h>
#include <linux/exportfs.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/xattr.h>

#include "export.h"

/*
 * s_fs_info of a superblock that dies, against sget_fc(): whether that compares
 * with dead ones too differs between kernels.
 */
static DEFINE_SPINLOCK(supers_lock);

static const char * const fairness_name[] = {
	[HF_FAIR_BOUNDED]	= "bounded",
	[HF_FAIR_FIFO]		= "fifo",
	[HF_FAIR_NONE]		= "none",
};

static const char * const delegations_name[] = {
	[HF_DELEGATE_READ]	= "read",
	[HF_DELEGATE_ALL]	= "all",
	[HF_DELEGATE_NONE]	= "none",
};

/**
 * hf_fairness_name - the mount option's value
 * @fairness: one of enum hf_fairness
 *
 * Return: its name.
 */
const char *hf_fairness_name(enum hf_fairness fairness)
{
	return fairness_name[fairness];
}

/**
 * hf_delegations_name - the mount option's value
 * @delegations: one of enum hf_delegations
 *
 * Return: its name.
 */
const char *hf_delegations_name(enum hf_delegations delegations)
{
	return delegations_name[delegations];
}

/**
 * hf_super_alloc - take hold of a directory
 * @lower: LOWERDIR
 *
 * The clone of the mount keeps the lower superblock alive, and nothing else:
 * the mount that @lower was found on may go before ours.
 *
 * Return: what hf_super_free() ends, or an ERR_PTR.
 */
struct hf_super *hf_super_alloc(const struct path *lower)
{
	struct hf_super *hs;
	struct vfsmount *mnt;

	hs = kzalloc(sizeof(*hs), GFP_KERNEL);
	if (!hs)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&hs->keys);
	hs->cred = prepare_kernel_cred(&init_task);
	mnt = hs->cred ? clone_private_mount(lower) : ERR_PTR(-ENOMEM);
	if (IS_ERR(mnt)) {
		put_cred(hs->cred);
		kfree(hs);
		return ERR_CAST(mnt);
	}
	hs->lower_mnt = mnt;
	hs->opens_late = hf_opens_late(mnt->mnt_sb);
	hs->lower_root = dget(lower->dentry);
	hs->in_memory = d_inode(hs->lower_root)->i_op->lookup == simple_lookup;
	xa_init(&hs->devices);
	return hs;
}

/**
 * hf_super_free - let go of LOWERDIR
 * @hs: what hf_super_alloc() returned, or NULL
 *
 * Context: may sleep; no inode of the mount is left.
 */
void hf_super_free(struct hf_super *hs)
{
	if (!hs)
		return;
	hf_lock_domain_put(hs->domain);
	hf_devices_free(hs);
	dput(hs->lower_root);
	hf_lower_ops_free(hs);
	kern_unmount(hs->lower_mnt);
	put_cred(hs->cred);
	kfree(hs);
}

/**
 * hf_super_same - does a superblock stand for the wanted LOWERDIR?
 * @sb: a superblock of ours, alive or not
 * @wanted: the LOWERDIR that is to be mounted
 * @overlap: set if @sb is alive and one directory is inside the other
 *
 * Context: under sb_lock.
 * Return: whether it is the very same directory.
 */
bool hf_super_same(struct super_block *sb, const struct hf_super *wanted,
		   bool *overlap)
{
	struct dentry *theirs, *ours = wanted->lower_root;
	bool same = false;

	spin_lock(&supers_lock);
	if (!hf_super(sb))
		goto out;
	theirs = hf_super(sb)->lower_root;
	same = theirs == ours;
	if (!same && theirs->d_sb == ours->d_sb && !(sb->s_flags & SB_DYING) &&
	    (is_subdir(theirs, ours) || is_subdir(ours, theirs)))
		*overlap = true;
out:
	spin_unlock(&supers_lock);
	return same;
}

static int statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct hf_super *hs = hf_super(dentry->d_sb);
	struct path path = { .mnt = hs->lower_mnt };
	int err;

	/* A directory with a quota of its own is as large as that. */
	path.dentry = hf_lower_get(dentry);
	if (IS_ERR(path.dentry))
		return PTR_ERR(path.dentry);
	err = vfs_statfs(&path, buf);
	dput(path.dentry);
	if (err)
		return err;
	buf->f_type = HF_SUPER_MAGIC;
	buf->f_fsid = u64_to_fsid(hs->fsid);
	return 0;
}

static int show_options(struct seq_file *m, struct dentry *root)
{
	const struct hf_super *hs = hf_super(root->d_sb);

	seq_printf(m, ",fairness=%s,delegations=%s",
		   hf_fairness_name(READ_ONCE(hs->fairness)),
		   hf_delegations_name(READ_ONCE(hs->delegations)));
	return 0;
}

/*
 * syncfs(2) on the mount.  An error of write-back below is noticed there, so
 * it is carried over to the superblock whose descriptors ask for it.
 */
static int sync_fs(struct super_block *sb, int wait)
{
	struct hf_super *hs = hf_super(sb);
	struct super_block *lower = hs->lower_root->d_sb;
	int err, wb_err;

	if (!wait)
		return 0;
	down_read(&lower->s_umount);
	err = sync_filesystem(lower);
	up_read(&lower->s_umount);

	wb_err = errseq_check_and_advance(&lower->s_wb_err, &hs->wb_err);
	if (wb_err)
		errseq_set(&sb->s_wb_err, wb_err);
	return err ?: wb_err;
}

/*
 * An inode whose last name is gone must not keep the lower one's blocks.  (If
 * that name went directly below, ours keeps them until it is looked up again or
 * memory is wanted.)
 */
static int drop_inode(struct inode *inode)
{
	const struct inode *lower = hf_lower_inode(inode);

	return !lower || !lower->i_nlink || generic_drop_inode(inode);
}

/* (There are no pages to truncate.) */
static void evict_inode(struct inode *inode)
{
	clear_inode(inode);
	hf_lock_evict(&hf_inode(inode)->lock);
	hf_lease_evict(&hf_inode(inode)->lease);
}

static const struct super_operations super_operations = {
	.alloc_inode	= hf_inode_alloc,
	.free_inode	= hf_inode_free,
	.destroy_inode	= hf_inode_destroy,
	.drop_inode	= drop_inode,
	.evict_inode	= evict_inode,
	.statfs		= statfs,
	.sync_fs	= sync_fs,
	.show_options	= show_options,
};

/* Its own, stable for as long as LOWERDIR keeps its key. */
static int make_fsid(struct hf_super *hs)
{
	struct path path = { .mnt = hs->lower_mnt, .dentry = hs->lower_root };
	struct kstatfs buf;
	u64 words[2];
	int err;

	err = vfs_statfs(&path, &buf);
	if (err)
		return err;
	words[0] = (u32)buf.f_fsid.val[0] | (u64)(u32)buf.f_fsid.val[1] << 32;
	words[1] = d_inode(hs->lower_root)->i_ino;
	hs->fsid = hf_key_sign(hs, words, sizeof(words));
	return 0;
}

/* What the VFS reads from the superblock itself is the lower filesystem's. */
static void inherit(struct super_block *sb, const struct super_block *lower)
{
	sb->s_stack_depth = lower->s_stack_depth + 1;
	sb->s_maxbytes = lower->s_maxbytes;
	sb->s_blocksize = lower->s_blocksize;
	sb->s_blocksize_bits = lower->s_blocksize_bits;
	sb->s_time_gran = lower->s_time_gran;
	sb->s_time_min = lower->s_time_min;
	sb->s_time_max = lower->s_time_max;
	super_set_uuid(sb, lower->s_uuid.b, lower->s_uuid_len);
	/* With it the umask is left to the lower filesystem, which has ACLs. */
	sb->s_flags |= lower->s_flags & SB_POSIXACL;
	sb->s_iflags |= lower->s_iflags & (SB_I_NOEXEC | SB_I_NODEV);
	/* What is left of its mount's flags is in flags.c and open.c. */
	if (hf_super(sb)->lower_mnt->mnt_flags & MNT_NOEXEC)
		sb->s_iflags |= SB_I_NOEXEC;
	if (hf_super(sb)->lower_mnt->mnt_flags & MNT_NODEV)
		sb->s_iflags |= SB_I_NODEV;
}

/* As for the inodes, see inode.c.  Of these s_umount is held. */
static void set_lock_classes(struct super_block *sb)
{
	static struct lock_class_key umount[FILESYSTEM_MAX_STACK_DEPTH];
	static struct lock_class_key rename[FILESYSTEM_MAX_STACK_DEPTH];
	static struct lock_class_key
		writers[FILESYSTEM_MAX_STACK_DEPTH][SB_FREEZE_LEVELS];
	int depth = sb->s_stack_depth - 1, level;

	lock_set_class(&sb->s_umount.dep_map, "&sb->s_umount", &umount[depth],
		       0, _THIS_IP_);
	lockdep_set_class(&sb->s_vfs_rename_mutex, &rename[depth]);
	for (level = 0; level < SB_FREEZE_LEVELS; level++)
		lockdep_set_class(&sb->s_writers.rw_sem[level],
				  &writers[depth][level]);
}

/**
 * hf_fill_super - complete a new superblock
 * @sb: the superblock, whose s_fs_info came from hf_super_alloc()
 * @fairness: see enum hf_fairness
 *
 * Context: s_umount held.  After an error hf_kill_sb() cleans up.
 * Return: 0 or -errno.
 */
int hf_fill_super(struct super_block *sb, enum hf_fairness fairness)
{
	struct hf_super *hs = hf_super(sb);
	struct super_block *lower = hs->lower_root->d_sb;
	struct hf_lock_domain *domain;
	struct inode *root;
	int err;

	domain = hf_lock_domain_create(fairness, NULL);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	hs->domain = domain;
	hs->fairness = fairness;
	hs->wb_err = errseq_sample(&lower->s_wb_err);

	inherit(sb, lower);
	set_lock_classes(sb);
	sb->s_magic = HF_SUPER_MAGIC;
	sb->s_op = &super_operations;
	sb->s_d_op = &hf_dentry_operations;
	sb->s_xattr = hf_xattr_handlers;
	/* sync(2) visits the lower filesystem by itself. */
	sb->s_iflags |= SB_I_SKIP_SYNC;

	err = hf_key_load(sb);
	if (!err)
		err = make_fsid(hs);
	if (!err)
		err = hf_devices_init(hs);
	if (err)
		return err;
	/* No handles below: nothing to export, but a mount all the same. */
	if (lower->s_export_op && lower->s_export_op->fh_to_dentry)
		sb->s_export_op = &hf_export_operations;

	root = hf_iget(sb, hs->lower_root);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

/**
 * hf_kill_sb - end a superblock, complete or half built
 * @sb: the superblock
 *
 * 1. kill_anon_super() drops every dentry, then every inode: no reference to a
 *    lower dentry and no lock table with a lock in it is left.
 * 2. s_fs_info is cleared under the lock that hf_super_same() takes: nobody
 *    finds it any more.  LOWERDIR can be mounted anew from here on, so its key
 *    is nobody's by then.
 * 3. So it can go, and with it the lower mount.
 */
void hf_kill_sb(struct super_block *sb)
{
	struct hf_super *hs = hf_super(sb);

	kill_anon_super(sb);
	if (hs)
		hf_key_drop(hs);

	spin_lock(&supers_lock);
	sb->s_fs_info = NULL;
	spin_unlock(&supers_lock);

	hf_super_free(hs);
}
