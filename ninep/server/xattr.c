// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes: Txattrwalk, Txattrcreate, and what is read and written by the
 * fids that they make.
 *
 * Only user.* and the two POSIX ACLs.  trusted.* and security.* are the server's own:
 * they hold, among others, the key of file handles and the capabilities of programs,
 * and what guards them here are capabilities that a client's word is not to give.
 *
 * A value is written by a fid of its own and set when that is clunked; so what is
 * wrong with it is told by Rclunk.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/xattr.h>

#include "ops.h"

static_assert(NP_XATTR_CREATE == XATTR_CREATE);
static_assert(NP_XATTR_REPLACE == XATTR_REPLACE);
static_assert(sizeof_field(struct hf9_xattr, name) > XATTR_NAME_MAX);

/* Bytes of values that the fids of one connection may keep. */
#define MOST_BYTES	(8 << 20)

static int charge(struct hf9_xattr *xattr, u32 bytes)
{
	atomic_t *all = &xattr->connection->xattr_bytes;

	if (atomic_add_return(bytes, all) > MOST_BYTES) {
		atomic_sub(bytes, all);
		return -ENOMEM;
	}
	xattr->charged = bytes;
	return 0;
}

/**
 * hf9_xattr_free - an attribute's fid goes
 * @xattr: what it stood for, or NULL
 */
void hf9_xattr_free(struct hf9_xattr *xattr)
{
	if (!xattr)
		return;
	atomic_sub(xattr->charged, &xattr->connection->xattr_bytes);
	kvfree(xattr->value);
	kfree(xattr);
}

static struct hf9_xattr *xattr_new(struct hf9_request *request,
				   const struct np_str *name)
{
	struct hf9_xattr *xattr = kzalloc(sizeof(*xattr), GFP_KERNEL);

	if (!xattr)
		return NULL;
	xattr->connection = request->connection;
	memcpy(xattr->name, name->at, name->len);
	return xattr;
}

/* Nobody is ever shown what was in the memory before. */
static int make_room(struct hf9_xattr *xattr, u32 size)
{
	int err;

	if (!size)
		return 0;
	err = charge(xattr, size);
	if (err)
		return err;
	xattr->value = kvzalloc(size, GFP_KERNEL);
	if (!xattr->value)
		return -ENOMEM;
	xattr->size = size;
	return 0;
}

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

/* No name at all is the list. */
static bool is_clients(const char *name)
{
	return !*name || is_acl(name) || is_user(name);
}

static int check_name(const struct np_str *name)
{
	return name->len <= XATTR_NAME_MAX ? 0 : -ERANGE;
}

/* ------------------------------------------------------------------- reading */

/* Out of a list as listxattr(2) has it what is no client's.  Return: its length. */
static size_t filter(char *list, size_t bytes)
{
	size_t at = 0, kept = 0, len;

	while (at < bytes) {
		len = strnlen(list + at, bytes - at - 1) + 1;
		if (is_user(list + at) || is_acl(list + at)) {
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

static_assert(XATTR_LIST_MAX <= XATTR_SIZE_MAX);

/* Up to XATTR_SIZE_MAX bytes into @value, of what is a client's. */
static ssize_t read_value(const struct path *path, const char *name, void *value)
{
	if (!*name)
		return read_list(path->dentry, value);
	if (is_acl(name))
		return read_acl(path, name, value);
	return vfs_getxattr(mnt_idmap(path->mnt), path->dentry, name, value,
			    XATTR_SIZE_MAX);
}

/* As much memory as the value has bytes is kept: there may be many such fids. */
static int keep_value(struct hf9_xattr *xattr, const void *value, ssize_t len)
{
	int err = len < 0 ? len : make_room(xattr, len);

	if (!err && len)
		memcpy(xattr->value, value, len);
	return err;
}

/* Refused without memory: v9fs asks for security.capability before each write. */
static int read_xattr(const struct path *path, struct hf9_xattr *xattr)
{
	void *value;
	int err;

	if (!is_clients(xattr->name))
		return -EOPNOTSUPP;
	value = kvmalloc(XATTR_SIZE_MAX, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	err = keep_value(xattr, value, read_value(path, xattr->name, value));
	kvfree(value);
	return err;
}

int hf9_run_xattrwalk(struct hf9_request *request)
{
	const struct np_txattrwalk *t = &request->t.txattrwalk;
	const struct path *path = hf9_fid_path(request->fid[0]);
	struct hf9_xattr *xattr;
	int err;

	/* One that stands for a file is not made one that stands for a value. */
	if (!request->newfid)
		return -EINVAL;
	err = check_name(&t->name);
	if (err)
		return err;
	xattr = xattr_new(request, &t->name);
	if (!xattr)
		return -ENOMEM;
	err = read_xattr(path, xattr);
	if (err) {
		hf9_xattr_free(xattr);
		return err;
	}
	hf9_fid_be(request->newfid, request->fid[0], path);
	hf9_fid_set_xattr(request->newfid, xattr);
	request->newfid_as = NS_FID_XATTR_READ;
	request->r.rxattrwalk.size = xattr->size;
	return 0;
}

/**
 * hf9_xattr_read - a Tread of a value
 * @request: the Tread
 * @xattr: what its fid stands for
 *
 * Return: 0; -EBADF if it is one that is written; -ENOMEM.
 */
int hf9_xattr_read(struct hf9_request *request, struct hf9_xattr *xattr)
{
	const struct np_tread *t = &request->t.tread;
	struct iov_iter to;
	u32 bytes;
	int err;

	if (request->fid[0]->core.state != NS_FID_XATTR_READ)
		return -EBADF;
	if (t->offset >= xattr->size)
		return 0;
	bytes = min3(xattr->size - (u32)t->offset, t->count,
		     request->connection->msize - NP_RREAD_HEAD);
	if (!bytes)
		return 0;
	err = hf9_pages_alloc(&request->out, bytes);
	if (err)
		return err;
	hf9_pages_iter(&request->out, &to, ITER_DEST, bytes);
	if (copy_to_iter(xattr->value + t->offset, bytes, &to) != bytes)
		return -EIO;
	request->r.payload.count = bytes;
	return 0;
}

/* ------------------------------------------------------------------- writing */

int hf9_run_xattrcreate(struct hf9_request *request)
{
	const struct np_txattrcreate *t = &request->t.txattrcreate;
	struct hf9_fid *fid = request->fid[0];
	struct hf9_xattr *xattr;
	int err;

	err = check_name(&t->name);
	if (err)
		return err;
	if (t->size > XATTR_SIZE_MAX)
		return -E2BIG;
	xattr = xattr_new(request, &t->name);
	if (!xattr)
		return -ENOMEM;
	xattr->flags = t->flags;
	err = is_user(xattr->name) || is_acl(xattr->name) ? 0 : -EOPNOTSUPP;
	if (!err)
		err = make_room(xattr, t->size);
	if (!err)
		err = hf9_fid_claim(request->connection, fid);
	if (err) {
		hf9_xattr_free(xattr);
		return err;
	}
	hf9_fid_set_xattr(fid, xattr);
	hf9_fid_become(request->connection, fid, NS_FID_XATTR_WRITE);
	return 0;
}

/* From the beginning to the end: so what was written is one number. */
static int write_locked(struct hf9_xattr *xattr, u64 offset, struct iov_iter *from)
{
	size_t bytes = iov_iter_count(from);

	if (offset != xattr->written)
		return -EINVAL;
	if (bytes > xattr->size - xattr->written)
		return -ENOSPC;
	if (!copy_from_iter_full(xattr->value + xattr->written, bytes, from))
		return -EIO;
	xattr->written += bytes;
	return 0;
}

/**
 * hf9_xattr_write - a Twrite of a value
 * @request: the Twrite
 * @fid: its fid
 * @xattr: what that stands for
 *
 * Return: 0; -EBADF if it is one that is read; -EINVAL out of order; -ENOSPC beyond
 * the size that Txattrcreate has said.
 */
int hf9_xattr_write(struct hf9_request *request, struct hf9_fid *fid,
		    struct hf9_xattr *xattr)
{
	struct iov_iter from;
	int err;

	if (fid->core.state != NS_FID_XATTR_WRITE)
		return -EBADF;
	hf9_pages_iter(&request->in, &from, ITER_SOURCE, request->in.bytes);
	mutex_lock(&fid->position);
	err = write_locked(xattr, request->t.twrite.offset, &from);
	mutex_unlock(&fid->position);
	if (!err)
		request->r.rwrite.count = request->in.bytes;
	return err;
}

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

/**
 * hf9_xattr_commit - set what was written by a fid
 * @fid: made by Txattrcreate, and clunked: a Twrite may still run beside it, and is in
 *	time or not
 *
 * Context: as the fid's user.  May sleep.
 * Return: 0; -EINVAL if less was written than was said; -EAGAIN beside a delegation;
 * what setxattr(2) and removexattr(2) say.
 */
int hf9_xattr_commit(struct hf9_fid *fid)
{
	struct hf9_xattr *xattr = hf9_fid_xattr(fid);
	const struct path *path = &fid->path;
	bool whole;
	int err;

	/* With the bytes that it counts; and when all are there, none follows. */
	mutex_lock(&fid->position);
	whole = xattr->written == xattr->size;
	mutex_unlock(&fid->position);
	if (!whole)
		return -EINVAL;
	err = mnt_want_write(path->mnt);
	if (err)
		return err;
	err = is_acl(xattr->name) ? set_acl(path, xattr) : set_user(path, xattr);
	mnt_drop_write(path->mnt);
	return err;
}
