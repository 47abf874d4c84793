// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names in a directory: looked for, made, removed.  (create.c opens what it makes,
 * rename.c moves.)
 *
 * Each is one request, and what was made is then looked for: 9P2000.L tells of it no more
 * than the qid.  What the VFS keeps of the others' attributes is not guessed: they are
 * asked for again when somebody wants them.  But for the number of links, of which 0
 * lets an inode go.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/namei.h>

#include "client.h"
#include "fid.h"
#include "remote.h"

/**
 * hf9c_look - ask for a name
 * @dir: in which directory
 * @name: the name
 * @attr: filled
 *
 * Context: may sleep.
 * Return: a fid of what it is, to be put; -ENOENT, and what else the server says.
 */
struct hf9c_fid *hf9c_look(struct dentry *dir, const struct qstr *name, struct np_attr *attr)
{
	struct hf9c_fid *from, *fid;
	int err;

	if (name->len > NP_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	from = hf9c_fid_of(dir);
	if (IS_ERR(from))
		return from;
	fid = hf9c_fid_new_like(from);
	if (!IS_ERR(fid)) {
		err = hf9c_remote_walkattr(from, fid, name, attr) ?:
		      hf9c_check_attr(attr);
		if (err) {
			hf9c_fid_put(fid);
			fid = ERR_PTR(err);
		}
	}
	hf9c_fid_put(from);
	return fid;
}

/**
 * hf9c_peek - hf9c_look() that makes no fid
 * @dir: in which directory
 * @name: the name
 * @attr: filled
 *
 * Context: may sleep; the server knows Twalkattr.
 * Return: 0 or -errno, as there.
 */
int hf9c_peek(struct dentry *dir, const struct qstr *name, struct np_attr *attr)
{
	struct hf9c_fid *from = hf9c_fid_of(dir);
	int err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	err = hf9c_remote_peek(from, name, attr) ?: hf9c_check_attr(attr);
	hf9c_fid_put(from);
	return err;
}

/* Of a name that is not known.  Return: NULL if there is none. */
static struct inode *find(struct dentry *dentry, unsigned long *since)
{
	struct hf9c_sample sample = hf9c_sample(dentry->d_sb, NULL);
	struct hf9c_fid *fid;
	struct np_attr attr;
	struct inode *inode;

	*since = sample.since;
	fid = hf9c_look(dentry->d_parent, &dentry->d_name, &attr);
	if (IS_ERR(fid))
		return fid == ERR_PTR(-ENOENT) ? NULL : ERR_CAST(fid);
	inode = hf9c_iget(dentry->d_sb, &attr, &sample);
	if (IS_ERR(inode))
		hf9c_fid_put(fid);
	else
		hf9c_fid_keep(inode, fid);
	return inode;
}

/**
 * hf9c_lookup - ->lookup
 * @dir: in which directory
 * @dentry: the name
 * @flags: LOOKUP_*
 *
 * Return: NULL, or what takes @dentry's place, or -errno.
 */
struct dentry *hf9c_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	void *version = hf9c_dir_version(dir);
	struct dentry *found;
	struct inode *inode;
	unsigned long since;

	inode = find(dentry, &since);
	hf9c_dentry_seen(dentry, version, since);
	found = d_splice_alias(inode, dentry);
	if (!IS_ERR_OR_NULL(found))
		hf9c_dentry_seen(found, version, since);
	return found;
}

/**
 * hf9c_instantiate - something was made
 * @dentry: its name, hashed or not, negative
 *
 * If it cannot be found the name is not known, and is looked for when it is wanted.
 *
 * Context: the directory is locked.
 * Return: 0 or -errno.
 */
int hf9c_instantiate(struct dentry *dentry)
{
	struct dentry *found;
	unsigned long since;
	struct inode *inode;

	hf9c_changed_names(d_inode(dentry->d_parent));
	d_drop(dentry);
	inode = find(dentry, &since);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	/* Somebody else was quick. */
	if (!inode)
		return -ENOENT;
	hf9c_dentry_seen(dentry, NULL, since);
	found = d_splice_alias(inode, dentry);
	if (IS_ERR(found))
		return PTR_ERR(found);
	dput(found);
	return 0;
}

/* ------------------------------------------------------------------------- making */

/* As whose group it is to be made. */
u32 hf9c_gid_to_send(const struct inode *dir)
{
	kgid_t gid = dir->i_mode & S_ISGID ? dir->i_gid : current_fsgid();

	return from_kgid_munged(&init_user_ns, gid);
}

/* What there is to be of, in one directory. */
static int make(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev,
		const char *target)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry->d_parent);
	u32 gid = hf9c_gid_to_send(dir);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	if (!S_ISLNK(mode))
		mode = hf9c_mode_to_send(dir, mode);
	if (S_ISDIR(mode))
		err = hf9c_remote_mkdir(fid, &dentry->d_name, mode & S_IALLUGO, gid);
	else if (S_ISLNK(mode))
		err = hf9c_remote_symlink(fid, &dentry->d_name, target, gid);
	else
		err = hf9c_remote_mknod(fid, &dentry->d_name, mode, dev, gid);
	hf9c_fid_put(fid);
	/* A name that nobody knew of is there. */
	if (err == -EEXIST)
		d_drop(dentry);
	return err ?: hf9c_instantiate(dentry);
}

int hf9c_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		umode_t mode, bool excl)
{
	return make(dir, dentry, S_IFREG | mode, 0, NULL);
}

static int mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		 umode_t mode)
{
	return make(dir, dentry, S_IFDIR | mode, 0, NULL);
}

static int mknod(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		 umode_t mode, dev_t dev)
{
	return make(dir, dentry, mode, dev, NULL);
}

static int symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		   const char *target)
{
	return make(dir, dentry, S_IFLNK | 0777, 0, target);
}

static int link_by(struct dentry *old, struct dentry *dentry)
{
	struct hf9c_fid *dir = hf9c_fid_of(dentry->d_parent), *fid;
	int err;

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	fid = hf9c_fid_of(old);
	err = PTR_ERR_OR_ZERO(fid);
	if (!err) {
		err = hf9c_remote_link(dir, fid, &dentry->d_name);
		hf9c_fid_put(fid);
	}
	hf9c_fid_put(dir);
	return err;
}

static int link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	int err;

	err = link_by(old, dentry);
	if (err == -EEXIST)
		d_drop(dentry);
	if (err)
		return err;
	spin_lock(&inode->i_lock);
	set_nlink(inode, inode->i_nlink + 1);
	spin_unlock(&inode->i_lock);
	hf9c_changed(inode);
	hf9c_changed_names(dir);
	ihold(inode);
	hf9c_dentry_seen(dentry, NULL, jiffies);
	d_instantiate(dentry, inode);
	return 0;
}

/* ----------------------------------------------------------------------- removing */

/**
 * hf9c_lost_name - something has a name less
 * @inode: what
 *
 * Fids that were walked to by it may be of no use, or keep what is gone from going.
 */
void hf9c_lost_name(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	if (S_ISDIR(inode->i_mode))
		clear_nlink(inode);
	else if (inode->i_nlink)
		drop_nlink(inode);
	spin_unlock(&inode->i_lock);
	hf9c_changed(inode);
	hf9c_fids_forget(inode);
}

/* For a server without Tunlinkat. */
static int remove_by_fid(struct dentry *dentry)
{
	struct np_attr attr;
	struct hf9c_fid *fid = hf9c_look(dentry->d_parent, &dentry->d_name, &attr);

	return IS_ERR(fid) ? PTR_ERR(fid) : hf9c_remote_remove(fid);
}

static int remove(struct inode *dir, struct dentry *dentry, u32 flags)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry->d_parent);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_unlinkat(fid, &dentry->d_name, flags);
	hf9c_fid_put(fid);
	if (err == -EOPNOTSUPP)
		err = remove_by_fid(dentry);
	if (err == -ENOENT)
		d_drop(dentry);
	if (err)
		return err;
	hf9c_lost_name(d_inode(dentry));
	hf9c_changed_names(dir);
	hf9c_dentry_seen(dentry, NULL, jiffies);
	return 0;
}

static int unlink(struct inode *dir, struct dentry *dentry)
{
	return remove(dir, dentry, 0);
}

static int rmdir(struct inode *dir, struct dentry *dentry)
{
	return remove(dir, dentry, NP_AT_REMOVEDIR);
}

const struct inode_operations hf9c_dir_inode_operations = {
	.lookup		= hf9c_lookup,
	.atomic_open	= hf9c_atomic_open,
	.create		= hf9c_create,
	.mkdir		= mkdir,
	.mknod		= mknod,
	.symlink	= symlink,
	.link		= link,
	.unlink		= unlink,
	.rmdir		= rmdir,
	.rename		= hf9c_rename,
	.permission	= hf9c_permission,
	.getattr	= hf9c_getattr,
	.setattr	= hf9c_setattr,
	.listxattr	= hf9c_listxattr,
	.get_inode_acl	= hf9c_get_inode_acl,
	.set_acl	= hf9c_set_acl,
};
