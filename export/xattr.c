// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes and POSIX ACLs: the lower filesystem's, all but the key
 * of our file handles, which nobody reads or writes through the mount.
 */

#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "export.h"

static bool is_security(const char *name)
{
	return str_has_prefix(name, XATTR_SECURITY_PREFIX);
}

/*
 * For security.* the VFS has translated, or will translate, root IDs in the
 * value once above: below only the bytes move.
 */
static int get(const struct xattr_handler *handler, struct dentry *dentry,
	       struct inode *inode, const char *name, void *value, size_t size)
{
	struct dentry *lower;
	int ret;

	name = xattr_full_name(handler, name);
	if (!strcmp(name, HF_KEY_XATTR))
		return -EOPNOTSUPP;
	lower = hf_lower_get(dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (is_security(name))
		ret = __vfs_getxattr(lower, d_inode(lower), name, value, size);
	else
		ret = vfs_getxattr(hf_lower_idmap(inode->i_sb), lower, name,
				   value, size);
	dput(lower);
	return ret;
}

static int set_lower(struct mnt_idmap *idmap, struct dentry *lower,
		     const char *name, const void *value, size_t size,
		     int flags)
{
	int err;

	inode_lock(d_inode(lower));
	/* What xattr_permission() asked of the upper copy, by a descriptor. */
	if (IS_IMMUTABLE(d_inode(lower)) || IS_APPEND(d_inode(lower)))
		err = -EPERM;
	else if (value)
		err = __vfs_setxattr_locked(idmap, lower, name, value, size,
					    flags, NULL);
	else
		err = __vfs_removexattr_locked(idmap, lower, name, NULL);
	inode_unlock(d_inode(lower));
	return err;
}

static int set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
	       struct dentry *dentry, struct inode *inode, const char *name,
	       const void *value, size_t size, int flags)
{
	struct dentry *lower;
	int err;

	name = xattr_full_name(handler, name);
	if (!strcmp(name, HF_KEY_XATTR))
		return -EOPNOTSUPP;
	lower = hf_lower_get_write(dentry);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = set_lower(hf_lower_idmap(inode->i_sb), lower, name, value, size,
			flags);
	hf_lower_put_write(dentry, lower);
	return err;
}

/* By this one nfsd knows that there are user.* attributes. */
static const struct xattr_handler user_handler = {
	.prefix	= XATTR_USER_PREFIX,
	.get	= get,
	.set	= set,
};

static const struct xattr_handler any_handler = {
	.prefix	= "",
	.get	= get,
	.set	= set,
};

const struct xattr_handler * const hf_xattr_handlers[] = {
	&user_handler,
	&any_handler,
	NULL
};

/* Take our own name out of a list of @len bytes; the new length. */
static ssize_t hide_key(char *list, ssize_t len)
{
	ssize_t at, part;

	for (at = 0; at < len; at += part) {
		part = strnlen(list + at, len - at) + 1;
		if (!strcmp(list + at, HF_KEY_XATTR)) {
			memmove(list + at, list + at + part, len - at - part);
			return len - part;
		}
	}
	return len;
}

/* It did not fit with our own name in it; does it without? */
static ssize_t list_without_key(struct dentry *lower, char *list, size_t size)
{
	ssize_t len = vfs_listxattr(lower, NULL, 0);
	char *whole;

	if (len <= 0)
		return len;
	whole = kvmalloc(len, GFP_KERNEL);
	if (!whole)
		return -ENOMEM;
	len = vfs_listxattr(lower, whole, len);
	if (len > 0)
		len = hide_key(whole, len);
	if (len > (ssize_t)size)
		len = -ERANGE;
	if (len > 0)
		memcpy(list, whole, len);
	kvfree(whole);
	return len;
}

/**
 * hf_listxattr - ->listxattr
 * @dentry: the upper object
 * @list: where the names go, each with its NUL
 * @size: room there; 0 asks for the room that is needed
 *
 * Return: bytes, possibly more than needed if @size is 0, or -errno.
 */
ssize_t hf_listxattr(struct dentry *dentry, char *list, size_t size)
{
	struct dentry *lower = hf_lower_get(dentry);
	ssize_t len;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	len = vfs_listxattr(lower, list, size);
	if (len > 0 && size)
		len = hide_key(list, len);
	else if (len == -ERANGE)
		len = list_without_key(lower, list, size);
	dput(lower);
	return len;
}

/**
 * hf_get_inode_acl - ->get_inode_acl
 * @inode: the upper inode
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 * @rcu: in a path walk under RCU
 *
 * Return: the ACL, NULL or an ERR_PTR.
 */
struct posix_acl *hf_get_inode_acl(struct inode *inode, int type, bool rcu)
{
	struct inode *lower = hf_lower_inode(inode);

	return rcu ? get_cached_acl_rcu(lower, type) :
		     get_inode_acl(lower, type);
}

/**
 * hf_get_acl - ->get_acl
 * @idmap: unused
 * @dentry: the upper object
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * Return: the ACL, NULL or an ERR_PTR.
 */
struct posix_acl *hf_get_acl(struct mnt_idmap *idmap, struct dentry *dentry,
			     int type)
{
	struct dentry *lower = hf_lower_get(dentry);
	struct posix_acl *acl;

	if (IS_ERR(lower))
		return ERR_CAST(lower);
	acl = vfs_get_acl(hf_lower_idmap(dentry->d_sb), lower,
			  posix_acl_xattr_name(type));
	dput(lower);
	return acl == ERR_PTR(-ENODATA) ? NULL : acl;
}

/**
 * hf_set_acl - ->set_acl
 * @idmap: unused
 * @dentry: the upper object
 * @acl: the ACL, NULL to remove it
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * Context: i_rwsem of the upper inode held.
 * Return: 0 or -errno.
 */
int hf_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct posix_acl *acl, int type)
{
	struct mnt_idmap *lower_idmap = hf_lower_idmap(dentry->d_sb);
	const char *name = posix_acl_xattr_name(type);
	struct dentry *lower = hf_lower_get_write(dentry);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	if (acl)
		err = vfs_set_acl(lower_idmap, lower, name, acl);
	else
		err = vfs_remove_acl(lower_idmap, lower, name);
	hf_lower_put_write(dentry, lower);
	return err;
}
