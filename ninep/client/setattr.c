// SPDX-License-Identifier: GPL-2.0-only
/*
 * ->setattr: a size by itself, through the request layer, then whatever else.
 *
 * What an owner, a size or a write takes away from the mode, the server takes away.
 */
#include <linux/cred.h>
#include <linux/pagemap.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "remote.h"

/* What hf9c_resize() is given. */
struct resizing {
	struct hf9c_fid *fid;
	u32 valid;
};

/**
 * hf9c_resize - hf_netfs_ops.resize
 * @inode: what
 * @size: how large
 * @data: a struct resizing
 *
 * Return: 0 or -errno.
 */
int hf9c_resize(struct inode *inode, loff_t size, void *data)
{
	const struct resizing *resizing = data;
	struct np_tsetattr set = { .valid = resizing->valid | NP_SET_SIZE, .size = size };
	int err;

	err = hf9c_remote_setattr(resizing->fid, &set);
	/* Also if it is not known whether it was done. */
	hf9c_changed(inode);
	hf9c_wrote(inode);
	return err;
}

static int set_size(struct inode *inode, struct hf9c_fid *fid, const struct iattr *attr)
{
	struct resizing resizing = { .fid = fid };

	if (!S_ISREG(inode->i_mode))
		return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
	/* ftruncate(2) changes the times also if the size is the same. */
	if (attr->ia_valid & ATTR_MTIME)
		resizing.valid |= NP_SET_MTIME;
	if (attr->ia_valid & ATTR_CTIME)
		resizing.valid |= NP_SET_CTIME;
	return hf_netfs_resize(inode, attr->ia_size, &resizing);
}

static void add_times(struct np_tsetattr *set, const struct iattr *attr)
{
	if (attr->ia_valid & ATTR_ATIME)
		set->valid |= NP_SET_ATIME;
	if (attr->ia_valid & ATTR_MTIME)
		set->valid |= NP_SET_MTIME;
	if (attr->ia_valid & ATTR_ATIME_SET) {
		set->valid |= NP_SET_ATIME_SET;
		set->atime_sec = attr->ia_atime.tv_sec;
		set->atime_nsec = attr->ia_atime.tv_nsec;
	}
	if (attr->ia_valid & ATTR_MTIME_SET) {
		set->valid |= NP_SET_MTIME_SET;
		set->mtime_sec = attr->ia_mtime.tv_sec;
		set->mtime_nsec = attr->ia_mtime.tv_nsec;
	}
}

static void add_owner(struct np_tsetattr *set, const struct iattr *attr)
{
	/* Beside ATTR_KILL_*, it is the VFS's guess of what the server does. */
	if (attr->ia_valid & ATTR_MODE &&
	    !(attr->ia_valid & (ATTR_KILL_SUID | ATTR_KILL_SGID))) {
		set->valid |= NP_SET_MODE;
		set->mode = attr->ia_mode & S_IALLUGO;
	}
	if (attr->ia_valid & ATTR_UID) {
		set->valid |= NP_SET_UID;
		set->uid = from_kuid(&init_user_ns, attr->ia_uid);
	}
	if (attr->ia_valid & ATTR_GID) {
		set->valid |= NP_SET_GID;
		set->gid = from_kgid(&init_user_ns, attr->ia_gid);
	}
}

static int set_others(struct inode *inode, struct hf9c_fid *fid, const struct iattr *attr)
{
	struct np_tsetattr set = {};
	int err;

	add_owner(&set, attr);
	/* With a size its times went along. */
	if (!(attr->ia_valid & ATTR_SIZE) || attr->ia_valid & (ATTR_ATIME_SET | ATTR_MTIME_SET))
		add_times(&set, attr);
	/* chown(2) of nobody to nobody changes the ctime. */
	if (!set.valid && !(attr->ia_valid & ATTR_SIZE) && attr->ia_valid & ATTR_CTIME)
		set.valid = NP_SET_CTIME;
	if (!set.valid)
		return 0;
	/* A write that comes later would give the file another time. */
	if (S_ISREG(inode->i_mode) && set.valid & (NP_SET_MTIME_SET | NP_SET_MTIME)) {
		filemap_fdatawrite(inode->i_mapping);
		filemap_fdatawait_keep_errors(inode->i_mapping);
	}
	err = hf9c_remote_setattr(fid, &set);
	hf9c_changed(inode);
	return err;
}

/* The mode decides who may, here too. */
static int see(struct inode *inode, struct hf9c_fid *fid, const struct iattr *attr)
{
	if (!(attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID)))
		return 0;
	return hf9c_refresh(inode, fid);
}

/**
 * hf9c_setattr - ->setattr
 * @idmap: of the mount
 * @dentry: of what
 * @attr: what
 *
 * Context: i_rwsem.
 * Return: 0 or -errno.
 */
int hf9c_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct hf9c_fid *fid = NULL;
	int err;

	err = setattr_prepare(idmap, dentry, attr);
	if (err)
		return err;
	if (attr->ia_valid & ATTR_FILE)
		fid = hf9c_file_fid(attr->ia_file, attr->ia_valid & ATTR_SIZE ?
				    FMODE_WRITE : 0);
	if (!fid)
		fid = hf9c_fid_of(dentry);
	if (IS_ERR(fid))
		return PTR_ERR(fid);
	if (attr->ia_valid & ATTR_SIZE)
		err = set_size(inode, fid, attr);
	if (!err)
		err = set_others(inode, fid, attr);
	if (!err)
		err = see(inode, fid, attr);
	hf9c_fid_put(fid);
	return err;
}
