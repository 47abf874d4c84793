// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes of files: which of them are a client's, to list, get and set.
 * (What a client reads them by, and writes, is a fid: xattr_fid.c.)
 *
 * Only user.* and the two POSIX ACLs.  trusted.* and security.* are the server's own:
 * they hold, among others, the key of file handles and the capabilities of programs,
 * and what guards them here are capabilities that a client's word is not to give.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#include "xattr.h"

static_assert(NP_XATTR_CREATE == XATTR_CREATE);
static_assert(NP_XATTR_REPLACE == XATTR_REPLACE);
static_assert(XATTR_LIST_MAX <= XATTR_SIZE_MAX);

static bool is_acl(const char *name)
{
	return !strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
	       !strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT);
}

static int acl_type(const char *name)
{
	return strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ? ACL_TYPE_DEFAULT :
							   ACL_TYPE_ACCESS;
}

static bool is_user(const char *name)
{
	return str_has_prefix(name, XATTR_USER_PREFIX) &&
	       name[XATTR_USER_PREFIX_LEN];
}

bool hf9_xattr_is_clients(const char *name)
{
	return is_acl(name) || is_user(name);
}

/* ------------------------------------------------------------------- reading */

/* Out of a list as listxattr(2) has it what is no client's.  Return: its length. */
static size_t filter(char *list, size_t bytes)
{
	size_t at = 0, kept = 0, len;

	while (at < bytes) {
		len = strnlen(list + at, bytes - at - 1) + 1;
		if (hf9_xattr_is_clients(list + at)) {
			memmove(list + kept, list + at, len);
			kept += len;
		}
		at += len;
	}
	return kept;
}

static ssize_t read_list(struct dentry *dentry, void *value)
{
	ssize_t len = vfs_listxattr(dentry, value, XATTR_LIST_MAX);

	return len > 0 ? filter(value, len) : len;
}

static ssize_t read_acl(const struct path *path, const char *name, void *value)
{
	struct posix_acl *acl;
	ssize_t len;

	acl = vfs_get_acl(mnt_idmap(path->mnt), path->dentry, name);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	if (!acl)
		return -ENODATA;
	len = posix_acl_to_xattr(&init_user_ns, acl, value, XATTR_SIZE_MAX);
	posix_acl_release(acl);
	return len;
}

ssize_t hf9_xattr_get(const struct path *path, const char *name, void *value)
{
	if (!*name)
		return read_list(path->dentry, value);
	if (is_acl(name))
		return read_acl(path, name, value);
	return vfs_getxattr(mnt_idmap(path->mnt), path->dentry, name, value,
			    XATTR_SIZE_MAX);
}

/* ------------------------------------------------------------------- writing */

/*
 * vfs_set_acl(), but that it waits for no delegation, and that security modules are
 * not asked, nor told: their hooks are not there for modules.  (nfsd sets those of
 * NFSv3 and v4 in the same way.)
 */
static int set_acl_locked(const struct path *path, const char *name,
			  struct posix_acl *acl)
{
	struct dentry *dentry = path->dentry;
	struct inode *inode = d_inode(dentry);
	int err;

	if (IS_IMMUTABLE(inode) || IS_APPEND(inode) ||
	    HAS_UNMAPPED_ID(mnt_idmap(path->mnt), inode))
		return -EPERM;
	err = break_deleg(inode, O_WRONLY | O_NONBLOCK);
	if (err)
		return err;
	err = set_posix_acl(mnt_idmap(path->mnt), dentry, acl_type(name), acl);
	if (!err)
		fsnotify_xattr(dentry);
	return err;
}

static int set_acl(const struct path *path, const struct hf9_xattr *xattr)
{
	struct inode *inode = d_inode(path->dentry);
	struct posix_acl *acl = NULL;
	int err;

	if (xattr->size)
		acl = posix_acl_from_xattr(&init_user_ns, xattr->value, xattr->size);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	inode_lock(inode);
	err = set_acl_locked(path, xattr->name, acl);
	inode_unlock(inode);
	posix_acl_release(acl);
	return err;
}

/* What a removal looks like in 9P: nothing, in the place of something. */
static bool removes(const struct hf9_xattr *xattr)
{
	return !xattr->size && xattr->flags & XATTR_REPLACE;
}

static int set_user(const struct path *path, const struct hf9_xattr *xattr)
{
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct dentry *dentry = path->dentry;
	int err;

	inode_lock(d_inode(dentry));
	if (removes(xattr))
		err = __vfs_removexattr_locked(idmap, dentry, xattr->name, NULL);
	else	/* Of no bytes: but there has to be a pointer. */
		err = __vfs_setxattr_locked(idmap, dentry, xattr->name,
					    xattr->value ?: "", xattr->size,
					    xattr->flags, NULL);
	inode_unlock(d_inode(dentry));
	return err;
}

int hf9_xattr_set(const struct path *path, const struct hf9_xattr *xattr)
{
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	err = is_acl(xattr->name) ? set_acl(path, xattr) : set_user(path, xattr);
	mnt_drop_write(path->mnt);
	return err;
}
