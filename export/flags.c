// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the flags of LOWERDIR's mount, and of ours, mean for files and names.
 *
 * noexec and nodev of LOWERDIR's mount are flags of our superblock (super.c).
 * There is none for nosuid, and a filesystem cannot make its mounts nosuid.  So:
 *
 * 1. The copy of the mode that the VFS reads above has no set-id bits, and the
 *    start of a program reads no capabilities: whatever happens between its
 *    open and its start, it gets no privilege from the file.
 * 2. To run it without them would surprise, so the open of a file that has some
 *    says EACCES, unless our mount is nosuid too: then all this is as usual.
 *
 * For everybody else they are there: stat(2), getxattr(2), chmod(2) and the like
 * mean the lower inode.
 */

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/xattr.h>

#include "export.h"

/**
 * hf_nosuid - do programs get no privilege from the files of a LOWERDIR?
 * @sb: the upper superblock
 *
 * Context: not in a path walk under RCU.
 * Return: whether it is so.
 */
bool hf_nosuid(const struct super_block *sb)
{
	const struct vfsmount *lower = hf_super(sb)->lower_mnt;

	/* The second is the VFS's rule for a filesystem of a container's. */
	return lower->mnt_flags & MNT_NOSUID ||
	       lower->mnt_sb->s_user_ns != &init_user_ns;
}

static bool is_setid(const struct inode *inode)
{
	umode_t mode = READ_ONCE(inode->i_mode);

	/* Without the x for the group the bit means something else. */
	return mode & S_ISUID ||
	       (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

/* 0, -EACCES, or why it is not known. */
static int check_caps(struct dentry *lower)
{
	int len = __vfs_getxattr(lower, d_inode(lower), XATTR_NAME_CAPS, NULL,
				 0);

	if (len >= 0)
		return -EACCES;
	return len == -ENODATA || len == -EOPNOTSUPP ? 0 : len;
}

/**
 * hf_may_execute - may what is being opened be executed?
 * @file: the upper file, maybe opened for something else
 *
 * Rule 2 of the head comment.  An overlay above loses the nosuid of our mount,
 * so its files are never excepted.
 *
 * Context: ->open.
 * Return: 0, -EACCES, or -errno if the lower filesystem cannot tell.
 */
int hf_may_execute(const struct file *file)
{
	struct inode *inode = file_inode(file);
	struct dentry *lower;
	int err;

	if (likely(!(file->f_flags & __FMODE_EXEC)) || !hf_nosuid(inode->i_sb))
		return 0;
	if (file->f_path.mnt->mnt_flags & MNT_NOSUID &&
	    !(file->f_mode & FMODE_BACKING))
		return 0;
	if (is_setid(hf_lower_inode(inode)))
		return -EACCES;
	lower = hf_lower_get(file->f_path.dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = check_caps(lower);
	dput(lower);
	return err;
}

/**
 * hf_hides_caps - does the start of a program ask for capabilities?
 * @sb: the upper superblock
 * @name: of the extended attribute that is read
 *
 * Rule 1 of the head comment.
 *
 * Return: whether they are not to be had.
 */
bool hf_hides_caps(const struct super_block *sb, const char *name)
{
	return current->in_execve && hf_nosuid(sb) &&
	       !strcmp(name, XATTR_NAME_CAPS);
}

/* By its file: only so does every filesystem write what fsync(2) promises. */
static int sync_dir(struct inode *dir)
{
	const struct hf_super *hs = hf_super(dir->i_sb);
	struct path path = {
		.mnt = hs->lower_mnt,
		.dentry = hf_lower_dir(dir),
	};
	const struct cred *caller;
	struct file *file;
	int err;

	/* Whoever may change a directory need not be allowed to open it. */
	caller = override_creds(hs->cred);
	file = dentry_open(&path, O_RDONLY | O_DIRECTORY, hs->cred);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
	} else {
		err = vfs_fsync(file, 0);
		__fput_sync(file);
	}
	revert_creds(caller);
	return err;
}

/**
 * hf_dir_changed - a change of names has ended: sync and dirsync
 * @dir: the upper directory
 * @err: how it ended
 *
 * Context: no lower lock held, since some filesystems' fsync takes i_rwsem.
 * Return: @err, or why the change may not be on disk.
 */
int hf_dir_changed(struct inode *dir, int err)
{
	if (likely(err || !hf_is_dirsync(dir)))
		return err;
	return sync_dir(dir);
}

/**
 * hf_inode_changed - a change of attributes has ended: sync
 * @inode: the upper inode
 * @err: how it ended
 *
 * Context: no lower lock held.
 * Return: @err, or why the change may not be on disk.
 */
int hf_inode_changed(struct inode *inode, int err)
{
	if (likely(err || !hf_is_sync(inode)))
		return err;
	if (S_ISDIR(inode->i_mode))
		return sync_dir(inode);
	return hf_commit_metadata(inode);
}
