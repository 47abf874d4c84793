// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes: the lower inode has them, the upper one a copy for the code that
 * reads struct inode directly (the VFS, nfsd's end-of-file).
 */

#include <linux/fs.h>
#include <linux/fileattr.h>
#include <linux/stat.h>

#include <holdfast/written.h>

#include "export.h"

/* 0 if they are equal; so are the other differences, to be or'ed together. */
static u64 time_differs(struct timespec64 a, struct timespec64 b)
{
	return (a.tv_sec ^ b.tv_sec) | (a.tv_nsec ^ b.tv_nsec);
}

/*
 * Without a lock: a change that is missed here is one that has not ended.  And
 * without branches, since nearly always everything has to be looked at.
 */
static bool is_fresh(const struct inode *inode, const struct inode *lower)
{
	u64 differs = hf_access_differs(inode, lower);

	differs |= i_size_read(inode) ^ i_size_read(lower);
	differs |= inode->i_blocks ^ lower->i_blocks;
	differs |= inode->i_bytes ^ lower->i_bytes;
	differs |= time_differs(inode_get_ctime(inode), inode_get_ctime(lower));
	differs |= time_differs(inode_get_mtime(inode), inode_get_mtime(lower));
	differs |= time_differs(inode_get_atime(inode), inode_get_atime(lower));
	return !differs;
}

/**
 * hf_refresh - bring an upper inode's copy of the attributes up to date
 * @inode: the upper inode
 *
 * Called at lookup (a file handle is one), at open and at the end of each
 * change; reads and writes ask hf_refresh_size(), path walks
 * hf_refresh_access(), a look at the attributes both.
 *
 * An attribute is copied here and compared in is_fresh(), or in
 * hf_access_differs() if it is one of those.
 *
 * Context: any but under i_lock; also in a path walk under RCU.
 */
void hf_refresh(struct inode *inode)
{
	struct inode *lower = hf_lower_inode(inode);

	if (likely(is_fresh(inode, lower)))
		return;

	/* Two copies at a time could leave a mixture, which would then last. */
	spin_lock(&inode->i_lock);
	/* A walk under RCU may come late: the link count is settled by then. */
	if (inode->i_state & (I_FREEING | I_WILL_FREE | I_CLEAR)) {
		spin_unlock(&inode->i_lock);
		return;
	}
	inode->i_mode = (inode->i_mode & S_IFMT) | (hf_mode(inode) & ~S_IFMT);
	inode->i_uid = lower->i_uid;
	inode->i_gid = lower->i_gid;
	set_nlink(inode, lower->i_nlink);
	i_size_write(inode, i_size_read(lower));
	inode->i_blocks = lower->i_blocks;
	inode->i_bytes = lower->i_bytes;
	inode_set_flags(inode, lower->i_flags & HF_COPIED_FLAGS,
			HF_COPIED_FLAGS);
	inode_set_ctime_to_ts(inode, inode_get_ctime(lower));
	inode_set_mtime_to_ts(inode, inode_get_mtime(lower));
	inode_set_atime_to_ts(inode, inode_get_atime(lower));
	spin_unlock(&inode->i_lock);
}

/**
 * hf_lower_get_write - the lower object, of which something is to be changed
 * @dentry: the upper one
 *
 * Return: its dentry, for hf_lower_put_write(), its mount kept writable until
 * then; or an ERR_PTR.
 */
struct dentry *hf_lower_get_write(struct dentry *dentry)
{
	struct dentry *lower;
	int err;

	err = hf_want_write(dentry->d_sb);
	if (err)
		return ERR_PTR(err);
	lower = hf_lower_get(dentry);
	if (IS_ERR(lower))
		hf_drop_write(dentry->d_sb);
	return lower;
}

/**
 * hf_lower_put_write - it has been changed, or not
 * @dentry: the upper object
 * @lower: what hf_lower_get_write() returned
 */
void hf_lower_put_write(struct dentry *dentry, struct dentry *lower)
{
	dput(lower);
	hf_drop_write(dentry->d_sb);
	hf_refresh(d_inode(dentry));
}

/**
 * hf_permission - ->permission: the lower filesystem's answer
 * @idmap: unused, there are no idmapped mounts of holdfast
 * @inode: the upper inode
 * @mask: MAY_*, with MAY_NOT_BLOCK in a path walk under RCU
 *
 * With the caller's credentials.  A check of the upper copy could only repeat
 * this one, or be wrong.
 *
 * Return: 0, -EACCES, -EPERM, -EROFS, or -ECHILD under RCU.
 */
int hf_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	/* The VFS's own checks that follow (sticky, append-only) read the copy. */
	if (mask & MAY_WRITE)
		hf_refresh_access(inode);
	/*
	 * LOWERDIR is on no idmapped mount (context.c), and s_fs_info may not be
	 * looked at under RCU: the superblock may be on its way out.
	 */
	return inode_permission(&nop_mnt_idmap, hf_lower_inode(inode), mask);
}

/* What vfs_getattr_nosec() asks, once @stat has been prepared for the upper. */
static int fill_stat(const struct path *lower, struct kstat *stat,
		     u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(lower->dentry);

	if (!inode->i_op->getattr || IS_DAX(inode) ||
	    inode->i_sb->s_flags & SB_NOATIME)
		return vfs_getattr_nosec(lower, stat, request_mask, flags);
	return inode->i_op->getattr(mnt_idmap(lower->mnt), lower, stat,
				    request_mask, flags);
}

/**
 * hf_getattr - ->getattr: the lower attributes under our device numbers
 * @idmap: unused
 * @path: the upper object
 * @stat: the answer, as vfs_getattr_nosec() prepared it
 * @request_mask: STATX_*, HF_STATX_WRITTEN
 * @flags: AT_STATX_*
 *
 * Return: 0 or -errno.
 */
int hf_getattr(struct mnt_idmap *idmap, const struct path *path,
	       struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct super_block *sb = path->dentry->d_sb;
	struct path lower = { .mnt = hf_super(sb)->lower_mnt };
	int err;

	lower.dentry = hf_lower_get(path->dentry);
	if (IS_ERR(lower.dentry))
		return PTR_ERR(lower.dentry);
	/* The VFS has asked the security modules, or knows why not. */
	err = fill_stat(&lower, stat, request_mask, flags);
	/* A mapping is the lower file's, and so is who writes in LOWERDIR. */
	if (!err && request_mask & HF_STATX_WRITTEN && d_is_reg(lower.dentry) &&
	    hf_is_written(lower.dentry))
		stat->result_mask |= HF_STATX_WRITTEN;
	dput(lower.dentry);
	/* What the caller is about to see counts for his next call, too. */
	hf_refresh_access(d_inode(path->dentry));
	hf_refresh_size(d_inode(path->dentry));
	return err ?: hf_dev_of(sb, stat->dev, &stat->dev);
}

/*
 * Whether blocks go, as the file is now.  At an equal size ext4 and xfs free
 * what is allocated behind the end.
 */
static bool shrinks(const struct dentry *dentry, const struct iattr *attr)
{
	return attr->ia_valid & ATTR_SIZE &&
	       attr->ia_size <= i_size_read(hf_lower_inode(d_inode(dentry)));
}

/*
 * What the VFS derives from the mode before it calls us, by a descriptor or after
 * a wait from an old copy of it: which set-id bits have to go with a new owner
 * or a new size.  (A new mode says itself what is left of them.)
 */
static void drop_set_id(struct inode *lower, struct iattr *attr)
{
	int kill = 0;

	if (attr->ia_valid & ATTR_MODE)
		return;
	if (attr->ia_valid & ATTR_SIZE)
		kill = setattr_should_drop_suidgid(&nop_mnt_idmap, lower);
	/* That of a change of owner, who asks for the other bit always. */
	else if (attr->ia_valid & ATTR_KILL_SUID)
		kill = setattr_should_drop_sgid(&nop_mnt_idmap, lower);
	attr->ia_valid |= kill;
	if (kill && attr->ia_valid & ATTR_SIZE)
		attr->ia_valid |= ATTR_FORCE;
}

/* Under the lower i_rwsem, under which files grow. */
static int change_locked(struct dentry *dentry, struct dentry *lower,
			 struct iattr *attr, bool may_shrink)
{
	int err;

	if (!may_shrink && shrinks(dentry, attr))
		return -EXDEV;
	drop_set_id(d_inode(lower), attr);
	if (!(attr->ia_valid & ATTR_SIZE))
		return notify_change(hf_lower_idmap(dentry->d_sb), lower, attr,
				     NULL);
	if (IS_APPEND(d_inode(lower)))
		return -EPERM;
	/* A program that runs from below may not be cut short. */
	err = get_write_access(d_inode(lower));
	if (err)
		return err;
	err = notify_change(hf_lower_idmap(dentry->d_sb), lower, attr, NULL);
	put_write_access(d_inode(lower));
	return err;
}

/* @may_shrink: nobody's layout is in the way; else it fails with -EXDEV. */
static int change_lower(struct dentry *dentry, struct iattr *attr,
			bool may_shrink)
{
	struct dentry *lower = hf_lower_get_write(dentry);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	inode_lock(d_inode(lower));
	err = change_locked(dentry, lower, attr, may_shrink);
	inode_unlock(d_inode(lower));
	hf_lower_put_write(dentry, lower);
	return err;
}

/* What truncate(2) has checked, and a wait without the lock made old. */
static int look_again(struct inode *inode, const struct file *file,
		      struct iattr *attr)
{
	struct inode *lower = hf_lower_inode(inode);

	/* Capabilities, if it has any then. */
	attr->ia_valid |= ATTR_KILL_PRIV;
	return file ? 0 : inode_permission(&nop_mnt_idmap, lower, MAY_WRITE);
}

/*
 * A size that is not larger: layouts of what goes are broken first.  The wait
 * for them is without i_rwsem, which their holders may need.
 */
static int shrink(struct dentry *dentry, struct iattr *attr, struct file *file)
{
	struct inode *inode = d_inode(dentry);
	struct hf_change change;
	int ret;

	ret = hf_change_begin(&hf_inode(inode)->lease, &change, file,
			      attr->ia_size, OFFSET_MAX, inode);
	if (ret < 0)
		return ret;
	if (ret)
		ret = look_again(inode, file, attr);
	if (!ret)
		ret = change_lower(dentry, attr, true);
	hf_change_end(&change);
	return ret;
}

static int change_size(struct dentry *dentry, struct iattr *attr,
		       struct file *file)
{
	int err = -EXDEV;

	if (!shrinks(dentry, attr))
		err = change_lower(dentry, attr, false);
	return err == -EXDEV ? shrink(dentry, attr, file) : err;
}

/**
 * hf_setattr - ->setattr, with the caller's credentials below
 * @idmap: unused
 * @dentry: the upper object
 * @attr: the change, as notify_change() left it
 *
 * Context: i_rwsem of the upper inode held; let go of while a truncate waits
 * for a layout.
 * Return: 0 or -errno.
 */
int hf_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct iattr *attr)
{
	struct iattr change = *attr;
	struct file *file = NULL;
	int err;

	if (attr->ia_valid & ATTR_FILE)
		file = attr->ia_file;
	/* ia_file is an upper file, and the lower one was not opened O_TRUNC. */
	change.ia_valid &= ~(ATTR_FILE | ATTR_OPEN);
	/* The mode that was derived from them above is derived again below. */
	if (change.ia_valid & (ATTR_KILL_SUID | ATTR_KILL_SGID))
		change.ia_valid &= ~ATTR_MODE;

	/* truncate(2) has got past the leases, as an open has. */
	hf_lease_opened(&hf_inode(d_inode(dentry))->lease);
	if (change.ia_valid & ATTR_SIZE)
		err = change_size(dentry, &change, file);
	else
		err = change_lower(dentry, &change, true);
	return hf_inode_changed(d_inode(dentry), err);
}

/**
 * hf_update_time - ->update_time of FIFOs, sockets, devices and symbolic links
 * @inode: the upper inode
 * @flags: S_ATIME, S_MTIME, S_CTIME, S_VERSION
 *
 * A frozen or read-only filesystem keeps its times: what goes through a FIFO
 * neither waits for them nor fails for them.
 *
 * Return: 0 or -errno.
 */
int hf_update_time(struct inode *inode, int flags)
{
	struct vfsmount *mnt = hf_super(inode->i_sb)->lower_mnt;
	int err;

	/* Of our mount, and relatime, the VFS has seen to. */
	if (mnt->mnt_flags & MNT_NOATIME || IS_NOATIME(hf_lower_inode(inode)))
		flags &= ~S_ATIME;
	if (!flags)
		return 0;
	if (!sb_start_write_trylock(mnt->mnt_sb))
		return 0;
	err = mnt_get_write_access(mnt);
	if (!err) {
		err = inode_update_time(hf_lower_inode(inode), flags);
		mnt_put_write_access(mnt);
	}
	sb_end_write(mnt->mnt_sb);
	hf_refresh(inode);
	return err == -EROFS ? 0 : err;
}

/**
 * hf_fileattr_get - ->fileattr_get (FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR)
 * @dentry: the upper object
 * @fa: the answer
 *
 * Return: 0 or -errno.
 */
int hf_fileattr_get(struct dentry *dentry, struct fileattr *fa)
{
	struct dentry *lower = hf_lower_get(dentry);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = vfs_fileattr_get(lower, fa);
	dput(lower);
	return err;
}

/**
 * hf_fileattr_set - ->fileattr_set (FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR)
 * @idmap: unused
 * @dentry: the upper object
 * @fa: the change
 *
 * Context: i_rwsem of the upper inode held.
 * Return: 0 or -errno.
 */
int hf_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct fileattr *fa)
{
	struct dentry *lower = hf_lower_get_write(dentry);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = vfs_fileattr_set(hf_lower_idmap(dentry->d_sb), lower, fa);
	hf_lower_put_write(dentry, lower);
	return hf_inode_changed(d_inode(dentry), err);
}
