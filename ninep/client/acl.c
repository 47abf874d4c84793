// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX ACLs, with access=client: they are extended attributes at the server, and judged
 * there, and here for what is cached.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "client.h"
#include "fid.h"

static struct posix_acl *read_acl(struct hf9c_fid *fid, int type)
{
	const char *name = posix_acl_xattr_name(type);
	struct posix_acl *acl;
	void *value;
	ssize_t len;

	value = kvmalloc(XATTR_SIZE_MAX, GFP_KERNEL);
	if (!value)
		return ERR_PTR(-ENOMEM);
	len = hf9c_xattr_read(fid, name, value, XATTR_SIZE_MAX);
	if (len == -ENODATA || len == -EOPNOTSUPP || !len)
		acl = NULL;
	else if (len < 0)
		acl = ERR_PTR(len);
	else
		acl = posix_acl_from_xattr(&init_user_ns, value, len);
	kvfree(value);
	return acl;
}

/**
 * hf9c_get_inode_acl - ->get_inode_acl
 * @inode: of what
 * @type: ACL_TYPE_*
 * @rcu: in a path walk under RCU
 *
 * Return: the ACL, NULL or an ERR_PTR.
 */
struct posix_acl *hf9c_get_inode_acl(struct inode *inode, int type, bool rcu)
{
	struct posix_acl *acl;
	struct hf9c_fid *fid;

	if (rcu)
		return ERR_PTR(-ECHILD);
	fid = hf9c_fid_of_inode(inode);
	if (IS_ERR(fid))
		return ERR_CAST(fid);
	acl = read_acl(fid, type);
	hf9c_fid_put(fid);
	return acl;
}

static int write_acl(struct hf9c_fid *fid, const struct posix_acl *acl, int type)
{
	const char *name = posix_acl_xattr_name(type);
	size_t size = posix_acl_xattr_size(acl->a_count);
	void *value = kmalloc(size, GFP_KERNEL);
	int err;

	if (!value)
		return -ENOMEM;
	err = posix_acl_to_xattr(&init_user_ns, acl, value, size);
	if (err >= 0)
		err = hf9c_xattr_write(fid, name, value, size, 0);
	kfree(value);
	return err;
}

/**
 * hf9c_set_acl - ->set_acl
 * @idmap: of the mount
 * @dentry: of what
 * @acl: what; NULL: none
 * @type: ACL_TYPE_*
 *
 * Return: 0 or -errno.
 */
int hf9c_set_acl(struct mnt_idmap *idmap, struct dentry *dentry, struct posix_acl *acl,
		 int type)
{
	struct inode *inode = d_inode(dentry);
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	if (acl)
		err = write_acl(fid, acl, type);
	else
		err = hf9c_xattr_write(fid, posix_acl_xattr_name(type), NULL, 0,
				       XATTR_REPLACE);
	forget_all_cached_acls(inode);
	hf9c_changed(inode);
	/* The mode is part of it. */
	if (!err)
		err = hf9c_refresh(inode, fid);
	hf9c_fid_put(fid);
	return err;
}

/**
 * hf9c_mode_to_send - of what is made
 * @dir: in which directory
 * @mode: as the VFS has it
 *
 * Where there are ACLs the VFS leaves the umask to the filesystem, for a default ACL
 * takes its place.  That is applied by the server.
 *
 * Return: the mode.
 */
umode_t hf9c_mode_to_send(struct inode *dir, umode_t mode)
{
	struct posix_acl *acl;

	if (!IS_POSIXACL(dir))
		return mode;
	acl = get_inode_acl(dir, ACL_TYPE_DEFAULT);
	if (IS_ERR_OR_NULL(acl))
		return mode & ~current_umask();
	posix_acl_release(acl);
	return mode;
}
