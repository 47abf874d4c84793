// SPDX-License-Identifier: GPL-2.0-only
/* rename(2), in all its forms: flags are for the lower filesystem to judge. */

#include <linux/fs.h>
#include <linux/namei.h>

#include "export.h"

/* Is @lower still what the upper dentry says? */
static bool still(const struct dentry *dentry, const struct dentry *lower)
{
	const struct inode *inode = d_inode(dentry);

	return d_inode(lower) == (inode ? hf_lower_inode(inode) : NULL);
}

static struct inode *lower_of(const struct dentry *dentry)
{
	return d_inode(dentry) ? hf_lower_inode(d_inode(dentry)) : NULL;
}

/* Both lower directories are locked; @trap is lock_rename()'s answer. */
static int check(struct dentry *old, struct dentry *lower_old,
		 struct dentry *new, struct dentry *lower_new,
		 struct dentry *trap, unsigned int flags)
{
	if (!still(old, lower_old) || !still(new, lower_new))
		return hf_changed_below();
	if (lower_old == trap)
		return -EINVAL;
	if (lower_new == trap)
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/*
 * The VFS moves the upper dentries after we return, so their names are the old
 * ones here, and the stamps are made for the names to come.
 */
static void stamp(struct renamedata *rd, struct dentry *old,
		  struct dentry *new, int err)
{
	struct inode *old_inode = lower_of(old), *new_inode = lower_of(new);

	if (err) {
		hf_dentry_stamp(old, rd->old_dentry, rd->old_dir,
				&old->d_name, old_inode);
		hf_dentry_stamp(new, rd->new_dentry, rd->new_dir,
				&new->d_name, new_inode);
		return;
	}
	hf_dentry_stamp(old, rd->old_dentry, rd->new_dir, &new->d_name,
			old_inode);
	if (rd->flags & RENAME_EXCHANGE)
		hf_dentry_stamp(new, rd->new_dentry, rd->old_dir,
				&old->d_name, new_inode);
	else
		hf_dentry_clear(new);
}

static int rename_locked(struct renamedata *rd, struct dentry *old,
			 struct dentry *new)
{
	int err;

	hf_dentry_moving(old);
	hf_dentry_moving(new);
	err = vfs_rename(rd);
	stamp(rd, old, new, err);

	hf_refresh(d_inode(old));
	if (d_inode(new))
		hf_refresh(d_inode(new));
	return err;
}

static int rename_children(struct dentry *old_dir, struct dentry *old,
			   struct dentry *new_dir, struct dentry *new,
			   struct dentry *trap, unsigned int flags)
{
	struct mnt_idmap *idmap = hf_lower_idmap(old->d_sb);
	struct renamedata rd = {
		.old_mnt_idmap	= idmap,
		.old_dir	= d_inode(old_dir),
		.new_mnt_idmap	= idmap,
		.new_dir	= d_inode(new_dir),
		.flags		= flags,
	};
	int err;

	rd.old_dentry = hf_lower_child(old_dir, old);
	if (IS_ERR(rd.old_dentry))
		return PTR_ERR(rd.old_dentry);
	rd.new_dentry = hf_lower_child(new_dir, new);
	if (IS_ERR(rd.new_dentry))
		return PTR_ERR(rd.new_dentry);
	err = check(old, rd.old_dentry, new, rd.new_dentry, trap, flags);
	return err ?: rename_locked(&rd, old, new);
}

/**
 * hf_rename - ->rename
 * @idmap: unused
 * @old_dir: the upper directory that @old is in
 * @old: what is renamed
 * @new_dir: the upper directory that @new is in
 * @new: the name it gets, maybe negative
 * @flags: RENAME_*
 *
 * Context: the VFS's locks for a rename are held above.
 * Return: 0 or -errno; that of hf_changed_below() if a name means something else.
 */
int hf_rename(struct mnt_idmap *idmap, struct inode *old_dir,
	      struct dentry *old, struct inode *new_dir, struct dentry *new,
	      unsigned int flags)
{
	struct dentry *lower_old_dir = hf_lower_dir(old_dir);
	struct dentry *lower_new_dir = hf_lower_dir(new_dir);
	struct dentry *trap;
	int err;

	err = hf_want_write(old_dir->i_sb);
	if (err)
		return err;
	trap = lock_rename(lower_new_dir, lower_old_dir);
	if (IS_ERR(trap)) {
		err = PTR_ERR(trap);
		goto drop;
	}
	err = rename_children(lower_old_dir, old, lower_new_dir, new, trap,
			      flags);
	hf_refresh(old_dir);
	hf_refresh(new_dir);
	unlock_rename(lower_new_dir, lower_old_dir);
drop:
	hf_drop_write(old_dir->i_sb);
	err = hf_dir_changed(new_dir, err);
	return old_dir == new_dir ? err : hf_dir_changed(old_dir, err);
}
