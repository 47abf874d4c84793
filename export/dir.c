// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: lookup, creation, removal.
 *
 * Each change has the same shape: write access to the lower mount, the lower
 * directory's i_rwsem, the lower dentry of the name, the VFS's own function on
 * it with the caller's credentials, then the upper objects are brought up to
 * date before the lower lock is dropped.
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>

#include "export.h"

static struct dentry *look_up(struct dentry *lower_dir, struct dentry *dentry)
{
	return lookup_one(hf_lower_idmap(dentry->d_sb), dentry->d_name.name,
			  lower_dir, dentry->d_name.len);
}

/**
 * hf_lower_child - the lower dentry of a name
 * @lower_dir: the lower directory
 * @dentry: the upper dentry of that name
 *
 * Context: i_rwsem of @lower_dir and of the upper directory held for writing.
 * Return: a dentry, maybe negative, or an ERR_PTR.  @dentry has the reference.
 */
struct dentry *hf_lower_child(struct dentry *lower_dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct dentry *lower;

	lower = hf_dentry_lower(dentry);
	if (lower)
		return lower;
	lower = look_up(lower_dir, dentry);
	if (!IS_ERR(lower))
		hf_dentry_give(dentry, lower, d_inode(lower_dir),
			       &dentry->d_name,
			       inode ? hf_lower_inode(inode) : NULL);
	return lower;
}

static int lock_dir(struct inode *dir)
{
	int err;

	err = hf_want_write(dir->i_sb);
	if (!err)
		inode_lock_nested(hf_lower_inode(dir), I_MUTEX_PARENT);
	return err;
}

static void unlock_dir(struct inode *dir)
{
	hf_refresh(dir);
	inode_unlock(hf_lower_inode(dir));
	hf_drop_write(dir->i_sb);
}

/* The lower directory locked for a change, and the child; see unlock_dir(). */
static struct dentry *lock_child(struct inode *dir, struct dentry *dentry)
{
	struct dentry *lower;
	int err;

	err = lock_dir(dir);
	if (err)
		return ERR_PTR(err);
	lower = hf_lower_child(hf_lower_dir(dir), dentry);
	if (IS_ERR(lower))
		unlock_dir(dir);
	return lower;
}

/**
 * hf_changed_below - a name means something else below than the VFS has found
 *
 * A system call looks again.  Of a server's thread -ESTALE would tell the client
 * that its directory is gone, so that one has the client come again.
 *
 * Return: the -errno that says so.
 */
int hf_changed_below(void)
{
	return current->flags & PF_KTHREAD ? -EAGAIN : -ESTALE;
}

/*
 * Let @dentry, which is not hashed, stand for @lower: what ->lookup returns.  A
 * directory that is known by another name, or by none, is moved here.
 */
static struct dentry *splice(struct inode *dir, struct dentry *dentry,
			     struct dentry *lower)
{
	/* A negative one may turn positive meanwhile: look once. */
	struct inode *lower_inode = d_inode_rcu(lower), *inode = NULL;
	struct dentry *alias;

	if (lower_inode)
		inode = hf_iget(dir->i_sb, lower);
	hf_dentry_stamp(dentry, lower, hf_lower_inode(dir), &dentry->d_name,
			lower_inode);
	alias = d_splice_alias(inode, dentry);
	if (!IS_ERR_OR_NULL(alias))
		hf_dentry_stamp(alias, lower, hf_lower_inode(dir),
				&dentry->d_name, lower_inode);
	return alias;
}

static struct dentry *lookup(struct inode *dir, struct dentry *dentry,
			     unsigned int flags)
{
	struct dentry *lower, *alias;

	lower = lookup_one_unlocked(hf_lower_idmap(dir->i_sb),
				    dentry->d_name.name, hf_lower_dir(dir),
				    dentry->d_name.len);
	if (IS_ERR(lower))
		return lower;
	alias = splice(dir, dentry, lower);
	dput(lower);
	return alias;
}

/* After a creation below: make @dentry positive. */
static int instantiate(struct inode *dir, struct dentry *dentry,
		       struct dentry *lower)
{
	struct inode *lower_inode = d_inode(lower);
	struct dentry *alias;
	struct inode *inode;

	/* Some filesystems leave it to a lookup; the upper one will do it. */
	if (!lower_inode || d_unhashed(lower)) {
		d_drop(dentry);
		return 0;
	}
	/* It may have been met by a file handle already: one alias only. */
	if (S_ISDIR(lower_inode->i_mode)) {
		d_drop(dentry);
		alias = splice(dir, dentry, lower);
		if (IS_ERR(alias))
			return PTR_ERR(alias);
		dput(alias);
		return 0;
	}
	inode = hf_iget_new(dir->i_sb, lower);
	if (IS_ERR(inode)) {
		d_drop(dentry);
		return PTR_ERR(inode);
	}
	hf_dentry_stamp(dentry, lower, hf_lower_inode(dir), &dentry->d_name,
			lower_inode);
	d_instantiate(dentry, inode);
	return 0;
}

/* What mknod(2) and its relatives make; a symbolic link has a @target. */
static int make(struct inode *dir, struct dentry *dentry, umode_t mode,
		dev_t rdev, const char *target)
{
	struct mnt_idmap *idmap = hf_lower_idmap(dir->i_sb);
	struct inode *lower_dir = hf_lower_inode(dir);
	struct dentry *lower;
	int err;

	lower = lock_child(dir, dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	switch (mode & S_IFMT) {
	case S_IFREG:
		err = vfs_create(idmap, lower_dir, lower, mode, true);
		break;
	case S_IFDIR:
		err = vfs_mkdir(idmap, lower_dir, lower, mode & ~S_IFMT);
		break;
	case S_IFLNK:
		err = vfs_symlink(idmap, lower_dir, lower, target);
		break;
	default:
		err = vfs_mknod(idmap, lower_dir, lower, mode, rdev);
	}
	if (!err)
		err = instantiate(dir, dentry, lower);
	unlock_dir(dir);
	return hf_dir_changed(dir, err);
}

/*
 * For mknod(2), which wants a file that is new, and for servers, which have looked
 * for the name under the lock and do not expect to find one.
 */
static int create(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode, bool excl)
{
	int err = make(dir, dentry, (mode & ~S_IFMT) | S_IFREG, 0, NULL);

	return err == -EEXIST && current->flags & PF_KTHREAD ? -EAGAIN : err;
}

/* Of open(2), with O_CREAT: makes @dentry, or finds what somebody made below. */
static int open_new(struct inode *dir, struct dentry *dentry,
		    struct file *file, unsigned int flags, umode_t mode)
{
	struct dentry *lower, *alias = NULL;
	int err;

	lower = lock_child(dir, dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (d_is_positive(lower)) {
		err = flags & O_EXCL ? -EEXIST : 0;
		if (!err) {
			d_drop(dentry);
			alias = splice(dir, dentry, lower);
			err = PTR_ERR_OR_ZERO(alias);
		}
	} else {
		err = vfs_create(hf_lower_idmap(dir->i_sb),
				 hf_lower_inode(dir), lower, mode, true);
		if (!err)
			err = instantiate(dir, dentry, lower);
		if (!err)
			file->f_mode |= FMODE_CREATED;
	}
	unlock_dir(dir);
	if (file->f_mode & FMODE_CREATED)
		err = hf_dir_changed(dir, err);
	return err ?: finish_no_open(file, alias);
}

/*
 * Finds or makes the file, and leaves the open to the VFS, with its checks; only
 * of a file that was made here it makes none.  ->create could not say that there
 * is one already.
 */
static int atomic_open(struct inode *dir, struct dentry *dentry,
		       struct file *file, unsigned int flags, umode_t mode)
{
	struct dentry *found = NULL;

	if (d_in_lookup(dentry)) {
		found = lookup(dir, dentry, 0);
		if (IS_ERR(found))
			return PTR_ERR(found);
	}
	if (found || d_really_is_positive(dentry) || !(flags & O_CREAT))
		return finish_no_open(file, found);
	return open_new(dir, dentry, file, flags, mode);
}

static int mkdir(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode)
{
	return make(dir, dentry, (mode & ~S_IFMT) | S_IFDIR, 0, NULL);
}

static int mknod(struct mnt_idmap *idmap, struct inode *dir,
		 struct dentry *dentry, umode_t mode, dev_t rdev)
{
	return make(dir, dentry, mode, rdev, NULL);
}

static int symlink(struct mnt_idmap *idmap, struct inode *dir,
		   struct dentry *dentry, const char *target)
{
	return make(dir, dentry, S_IFLNK, 0, target);
}

static int link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct dentry *lower_old = hf_lower_get(old);
	struct inode *inode = d_inode(old);
	struct dentry *lower;
	int err;

	if (IS_ERR(lower_old))
		return PTR_ERR(lower_old);
	lower = lock_child(dir, dentry);
	if (IS_ERR(lower)) {
		err = PTR_ERR(lower);
		goto put;
	}
	err = vfs_link(lower_old, hf_lower_idmap(dir->i_sb),
		       hf_lower_inode(dir), lower, NULL);
	if (!err) {
		hf_refresh(inode);
		hf_dentry_stamp(dentry, lower, hf_lower_inode(dir),
				&dentry->d_name, hf_lower_inode(inode));
		ihold(inode);
		d_instantiate(dentry, inode);
	}
	unlock_dir(dir);
	err = hf_dir_changed(dir, err);
put:
	dput(lower_old);
	return err;
}

/*
 * With no reference but ours, the lower dentry turns negative and stays in the
 * cache, and so may the upper one: a name that is used again and again costs
 * no search of the directory.  (But not where the cache is the directory:
 * set_kept() of dentry.c.)
 */
static int unlink_locked(struct inode *dir, struct dentry *dentry)
{
	struct inode *lower_dir = hf_lower_inode(dir);
	struct dentry *lower;
	int err = hf_changed_below();	/* another file has the name by now */

	lower = hf_dentry_take(dentry);
	if (!lower)
		lower = look_up(hf_lower_dir(dir), dentry);
	if (IS_ERR(lower)) {
		hf_dentry_clear(dentry);
		return PTR_ERR(lower);
	}
	if (d_inode(lower) == hf_lower_inode(d_inode(dentry)))
		err = vfs_unlink(hf_lower_idmap(dir->i_sb), lower_dir, lower,
				 NULL);
	if (err || d_is_negative(lower)) {
		hf_dentry_give(dentry, lower, lower_dir, &dentry->d_name,
			       err ? hf_lower_inode(d_inode(dentry)) : NULL);
	} else {	/* somebody else looks at it: it has lost its name */
		hf_dentry_clear(dentry);
		dput(lower);
	}
	return err;
}

static int unlink(struct inode *dir, struct dentry *dentry)
{
	int err;

	err = lock_dir(dir);
	if (err)
		return err;
	err = unlink_locked(dir, dentry);
	hf_refresh(d_inode(dentry));
	unlock_dir(dir);
	return hf_dir_changed(dir, err);
}

static int rmdir(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct dentry *lower;
	int err;

	lower = lock_child(dir, dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (d_inode(lower) == hf_lower_inode(inode))
		err = vfs_rmdir(hf_lower_idmap(dir->i_sb), hf_lower_inode(dir),
				lower);
	else
		err = hf_changed_below();	/* another directory has it by now */
	if (!err)
		hf_dentry_clear(dentry);
	hf_refresh(inode);
	unlock_dir(dir);
	return hf_dir_changed(dir, err);
}

const struct inode_operations hf_dir_inode_operations = {
	.lookup		= lookup,
	.create		= create,
	.atomic_open	= atomic_open,
	.mkdir		= mkdir,
	.mknod		= mknod,
	.symlink	= symlink,
	.link		= link,
	.unlink		= unlink,
	.rmdir		= rmdir,
	.rename		= hf_rename,
	.tmpfile	= hf_tmpfile,
	.permission	= hf_permission,
	.getattr	= hf_getattr,
	.setattr	= hf_setattr,
	.listxattr	= hf_listxattr,
	.get_inode_acl	= hf_get_inode_acl,
	.get_acl	= hf_get_acl,
	.set_acl	= hf_set_acl,
	.fileattr_get	= hf_fileattr_get,
	.fileattr_set	= hf_fileattr_set,
};
