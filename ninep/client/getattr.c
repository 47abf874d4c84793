// SPDX-License-Identifier: GPL-2.0-only
/* ->getattr, ->permission: attributes are wanted that can be believed. */
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "client.h"
#include "fid.h"

/* With access=UID what is cached is his, too.  Does not sleep. */
static bool is_stranger(struct inode *inode)
{
	return !uid_valid(hf9c_user_of(hf9c_super(inode->i_sb)));
}

/* Of what is not written yet the server knows no time. */
static int settle_times(struct inode *inode, u32 request_mask)
{
	if (!S_ISREG(inode->i_mode) || !hf_netfs_dirty(inode) ||
	    !(request_mask & (STATX_MTIME | STATX_CTIME | STATX_BLOCKS)))
		return 0;
	return filemap_fdatawrite(inode->i_mapping) ?:
	       filemap_fdatawait_keep_errors(inode->i_mapping);
}

/*
 * Who has a file open may see its attributes, whoever opened it, and whatever has become
 * of the path.  Whether it is he who has it open nobody tells ->getattr.
 */
static struct hf9c_fid *fid_to_see(struct dentry *dentry)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry), *open;

	if (fid != ERR_PTR(-EACCES) && fid != ERR_PTR(-ESTALE))
		return fid;
	open = hf9c_find_open(d_inode(dentry), INVALID_UID, 0);
	return open ?: fid;
}

/*
 * @fid: put, or why there is none.  Of what has no name any more, and was opened without
 * the server being asked (a directory that is told from what is known of it, a working
 * directory, O_PATH), nobody can ask: what is known stays.
 */
static int refresh_by(struct inode *inode, struct hf9c_fid *fid)
{
	int err;

	if (fid == ERR_PTR(-ESTALE) && !inode->i_nlink)
		return 0;
	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_refresh(inode, fid);
	hf9c_fid_put(fid);
	return err;
}

/**
 * hf9c_getattr - ->getattr
 * @idmap: of the mount
 * @path: of what
 * @stat: filled
 * @request_mask: STATX_*
 * @flags: AT_STATX_*
 *
 * Return: 0 or -errno.
 */
int hf9c_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		 u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct hf9c_inode *hi = hf9c_inode(inode);
	int err = 0;

	if (is_stranger(inode))
		return -EACCES;
	if (!(flags & AT_STATX_DONT_SYNC)) {
		/* An error of write-back is for who has written. */
		settle_times(inode, request_mask);
		if (flags & AT_STATX_FORCE_SYNC || !hf9c_is_fresh(inode))
			err = refresh_by(inode, fid_to_see(path->dentry));
	}
	if (err)
		return err;
	generic_fillattr(idmap, request_mask, inode, stat);
	stat->ino = hi->path;
	stat->blksize = inode->i_sb->s_blocksize;
	spin_lock(&inode->i_lock);
	hi->asker = NULL;
	stat->blocks = hi->blocks;
	if (hi->has_btime) {
		stat->btime = hi->btime;
		stat->result_mask |= STATX_BTIME;
	}
	spin_unlock(&inode->i_lock);
	return 0;
}

/*
 * For ac=, and @ticks more: those of a walk came just now, with the names; not so where it
 * begins.
 */
static bool came_lately(struct inode *inode, unsigned int ticks)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool lately;

	spin_lock(&inode->i_lock);
	lately = hi->applied > hi->owned && !hf9c_is_doubted(hs, hi->applied) &&
		 (hf9c_is_loose(inode->i_sb) ||
		  time_before(jiffies, hi->came + READ_ONCE(hs->ac) + ticks));
	spin_unlock(&inode->i_lock);
	return lately;
}

/**
 * hf9c_permission - ->permission
 * @idmap: of the mount
 * @inode: of what
 * @mask: MAY_*
 *
 * The server judges whatever is asked of it.  Names that are known here are gone through
 * here, so of a directory attributes are wanted that can be believed; so they are for
 * access() and to execute, of which the server is not asked.  Of a file that it is asked
 * to open they are only before somebody is refused.  And nobody is refused for what was so
 * a moment ago: then it is asked again.
 *
 * Return: 0 or -errno.
 */
int hf9c_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	bool here = S_ISDIR(inode->i_mode) || mask & (MAY_EXEC | MAY_ACCESS);
	bool lately = came_lately(inode, 2);
	int err = here && !lately ? -EACCES : generic_permission(idmap, inode, mask);

	if (is_stranger(inode))
		return -EACCES;
	if (err != -EACCES || came_lately(inode, 0))
		return err;
	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	return refresh_by(inode, hf9c_fid_of_inode(inode)) ?:
	       generic_permission(idmap, inode, mask);
}
