// SPDX-License-Identifier: GPL-2.0-only
/*
 * mount -t holdfast [-o OPTIONS] LOWERDIR MOUNTPOINT
 *
 *	fairness=bounded|fifo|none	what a newcomer owes to who waits
 *	delegations=read|all|none	what nfsd may give to its clients
 *
 * A second mount of a LOWERDIR gets the same superblock, since two superblocks
 * would be two lock tables for one file.  For the same reason a LOWERDIR inside
 * or around one that is mounted is refused.
 */

#include <linux/dcache.h>
#include <linux/gfs2_ondisk.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "export.h"

struct options {
	enum hf_fairness fairness;
	bool fairness_given;
	enum hf_delegations delegations;
	bool delegations_given;
	bool overlap;			/* with a LOWERDIR that is mounted */
};

enum { OPT_FAIRNESS, OPT_DELEGATIONS };

static const struct constant_table fairness_names[] = {
	{ "bounded",	HF_FAIR_BOUNDED },
	{ "fifo",	HF_FAIR_FIFO },
	{ "none",	HF_FAIR_NONE },
	{}
};

static const struct constant_table delegations_names[] = {
	{ "read",	HF_DELEGATE_READ },
	{ "all",	HF_DELEGATE_ALL },
	{ "none",	HF_DELEGATE_NONE },
	{}
};

const struct fs_parameter_spec hf_parameters[] = {
	fsparam_enum("fairness", OPT_FAIRNESS, fairness_names),
	fsparam_enum("delegations", OPT_DELEGATIONS, delegations_names),
	{}
};

static int parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct options *opts = fc->fs_private;
	struct fs_parse_result result;
	int opt;

	opt = fs_parse(fc, hf_parameters, param, &result);
	if (opt < 0)
		return opt;

	switch (opt) {
	case OPT_FAIRNESS:
		opts->fairness = result.uint_32;
		opts->fairness_given = true;
		return 0;
	case OPT_DELEGATIONS:
		opts->delegations = result.uint_32;
		opts->delegations_given = true;
		return 0;
	}
	return -EINVAL;
}

static int refuse(struct fs_context *fc, int err, const char *why)
{
	errorfc(fc, "LOWERDIR '%s': %s", fc->source, why);
	return err;
}

/*
 * Whoever asks for revalidation may change behind our back, without a trace in
 * the d_seq that dentry.c relies on.  Two ask for it at their root, where it
 * is never done, and inside only with a reason (dentry.c then passes it on):
 * an ext4 with fscrypt, and an overlay, which asks weakly too if a layer is
 * remote.
 */
static bool is_remote(const struct dentry *lower)
{
	const struct super_block *sb = lower->d_sb;

	/* These ask nowhere at their root, or in another way. */
	switch (sb->s_magic) {
	case FUSE_SUPER_MAGIC:
	case V9FS_MAGIC:
	case OCFS2_SUPER_MAGIC:
	case GFS2_MAGIC:
		return true;
	}
	if (lower->d_flags & DCACHE_OP_WEAK_REVALIDATE)
		return true;
	return lower->d_flags & DCACHE_OP_REVALIDATE &&
	       !(lower == sb->s_root &&
		 (sb->s_type->fs_flags & FS_REQUIRES_DEV ||
		  sb->s_magic == OVERLAYFS_SUPER_MAGIC));
}

/*
 * What the kernel shows of itself.  Some of these decide by the credentials that a
 * file was opened with, and ours are the kernel's.
 */
static bool is_kernel_interface(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case BPF_FS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case EFIVARFS_MAGIC:
	case PROC_SUPER_MAGIC:
	case PSTOREFS_MAGIC:
	case SECURITYFS_MAGIC:
	case SELINUX_MAGIC:
	case SMACK_MAGIC:
	case SYSFS_MAGIC:
	case TRACEFS_MAGIC:
		return true;
	}
	return sb->s_iflags & SB_I_USERNS_VISIBLE;
}

/* What cannot be stacked on, each with its reason in the user's hands. */
static int check_lower(struct fs_context *fc, const struct path *lower)
{
	struct super_block *sb = lower->dentry->d_sb;

	if (!d_is_dir(lower->dentry))
		return refuse(fc, -ENOTDIR, "not a directory");
	if (d_unlinked(lower->dentry))
		return refuse(fc, -ENOENT, "was removed");
	if (sb->s_type == &hf_fs_type)
		return refuse(fc, -EINVAL, "is on a holdfast mount already");
	if (sb->s_stack_depth + 1 > FILESYSTEM_MAX_STACK_DEPTH)
		return refuse(fc, -EINVAL, "too many filesystems are stacked");
	if (is_idmapped_mnt(lower->mnt))
		return refuse(fc, -EINVAL, "is on an idmapped mount");
	/* One upper name has to stand for one lower name, for good. */
	if (sb_has_encoding(sb) ||
	    lower->dentry->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE))
		return refuse(fc, -EINVAL, "its filesystem folds the case of names");
	if (is_remote(lower->dentry))
		return refuse(fc, -EINVAL, "is not on a local filesystem");
	if (is_kernel_interface(sb))
		return refuse(fc, -EINVAL, "holds nothing but what the kernel shows of itself");
	return 0;
}

static int test_super(struct super_block *sb, struct fs_context *fc)
{
	struct options *opts = fc->fs_private;

	return hf_super_same(sb, fc->s_fs_info, &opts->overlap);
}

/* What decides how LOWERDIR's mount is used: ours has a copy of it, for good. */
#define LOWER_MNT_FLAGS	(MNT_READONLY | MNT_NOSUID | MNT_NODEV | MNT_NOEXEC | \
			 MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)

/*
 * The VFS would show it, and nobody act on it: when a time is written is for
 * LOWERDIR's filesystem to decide.
 */
static int check_flags(struct fs_context *fc)
{
	if (fc->sb_flags & SB_LAZYTIME)
		return invalfc(fc, "lazytime is for the mount of LOWERDIR's filesystem");
	return 0;
}

/*
 * The superblock exists: the new mount may not ask for another one.  That has
 * the lower mount that fc->s_fs_info found now.
 */
static int check_shared(struct fs_context *fc, const struct super_block *sb)
{
	const struct hf_super *found = fc->s_fs_info;
	const struct options *opts = fc->fs_private;
	enum hf_fairness fairness = READ_ONCE(hf_super(sb)->fairness);
	enum hf_delegations delegations = READ_ONCE(hf_super(sb)->delegations);

	if (opts->fairness_given && opts->fairness != fairness) {
		errorfc(fc, "'%s' is mounted with fairness=%s; remount that to change it",
			fc->source, hf_fairness_name(fairness));
		return -EBUSY;
	}
	if (opts->delegations_given && opts->delegations != delegations) {
		errorfc(fc, "'%s' is mounted with delegations=%s; remount that to change it",
			fc->source, hf_delegations_name(delegations));
		return -EBUSY;
	}
	if ((fc->sb_flags ^ sb->s_flags) & SB_RDONLY)
		return refuse(fc, -EBUSY, sb_rdonly(sb) ?
			      "is mounted read-only" : "is mounted read-write");
	if ((fc->sb_flags ^ sb->s_flags) & SB_SYNCHRONOUS)
		return refuse(fc, -EBUSY, sb->s_flags & SB_SYNCHRONOUS ?
			      "is mounted with sync" : "is mounted without sync");
	if ((fc->sb_flags ^ sb->s_flags) & SB_DIRSYNC)
		return refuse(fc, -EBUSY, sb->s_flags & SB_DIRSYNC ?
			      "is mounted with dirsync" :
			      "is mounted without dirsync");
	if ((found->lower_mnt->mnt_flags ^ hf_super(sb)->lower_mnt->mnt_flags) &
	    LOWER_MNT_FLAGS)
		return refuse(fc, -EBUSY, "is mounted by a path whose mount has other flags (nosuid, nodev, noexec, ro, noatime, ...)");
	return 0;
}

static int get_super(struct fs_context *fc, const struct path *lower)
{
	struct options *opts = fc->fs_private;
	struct super_block *sb;
	struct hf_super *hs;
	int err;

	hs = hf_super_alloc(lower);
	if (IS_ERR(hs))
		return PTR_ERR(hs);
	if (__mnt_is_readonly(hs->lower_mnt))
		fc->sb_flags |= SB_RDONLY;

	hs->delegations = opts->delegations;
	fc->s_fs_info = hs;
	opts->overlap = false;
	/* A new superblock takes over s_fs_info; else free_context() ends it. */
	sb = sget_fc(fc, test_super, set_anon_super_fc);
	if (IS_ERR(sb))
		return PTR_ERR(sb);

	if (sb->s_root)
		err = check_shared(fc, sb);
	else if (opts->overlap)
		err = refuse(fc, -EBUSY, "is inside or around a mounted LOWERDIR");
	else
		err = hf_fill_super(sb, opts->fairness);
	if (err) {
		deactivate_locked_super(sb);
		return err;
	}
	sb->s_flags |= SB_ACTIVE;
	fc->root = dget(sb->s_root);
	return 0;
}

static int get_tree(struct fs_context *fc)
{
	struct path lower;
	int err;

	if (!fc->source)
		return invalfc(fc, "no LOWERDIR given");
	err = check_flags(fc);
	if (err)
		return err;
	err = kern_path(fc->source, LOOKUP_FOLLOW, &lower);
	if (err)
		return refuse(fc, err, "not found");

	err = check_lower(fc, &lower);
	if (!err)
		err = get_super(fc, &lower);
	path_put(&lower);
	return err;
}

static int reconfigure(struct fs_context *fc)
{
	const struct options *opts = fc->fs_private;
	struct super_block *sb = fc->root->d_sb;
	struct hf_super *hs = hf_super(sb);
	int err;

	err = check_flags(fc);
	if (err)
		return err;
	/* The VFS does not change it, and mount(2) would not say so. */
	if (fc->sb_flags & ~sb->s_flags & SB_DIRSYNC)
		return invalfc(fc, "dirsync is for a new mount only");
	if (fc->sb_flags_mask & ~fc->sb_flags & SB_RDONLY &&
	    __mnt_is_readonly(hs->lower_mnt)) {
		errorfc(fc, "the filesystem of LOWERDIR is read-only");
		return -EROFS;
	}
	if (opts->fairness_given) {
		err = hf_lock_domain_set_fairness(hs->domain, opts->fairness);
		if (err)
			return err;
		WRITE_ONCE(hs->fairness, opts->fairness);
	}
	if (opts->delegations_given)
		WRITE_ONCE(hs->delegations, opts->delegations);
	return 0;
}

static void free_context(struct fs_context *fc)
{
	hf_super_free(fc->s_fs_info);
	kfree(fc->fs_private);
}

static const struct fs_context_operations context_operations = {
	.free		= free_context,
	.parse_param	= parse_param,
	.get_tree	= get_tree,
	.reconfigure	= reconfigure,
};

/**
 * hf_init_fs_context - begin a mount or a remount
 * @fc: the context
 *
 * Return: 0 or -ENOMEM.
 */
int hf_init_fs_context(struct fs_context *fc)
{
	struct options *opts;

	opts = kzalloc(sizeof(*opts), GFP_KERNEL);
	if (!opts)
		return -ENOMEM;
	opts->fairness = HF_FAIR_BOUNDED;
	opts->delegations = HF_DELEGATE_READ;
	fc->fs_private = opts;
	fc->ops = &context_operations;
	return 0;
}
