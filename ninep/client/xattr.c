// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes: user.*, and what POSIX ACLs are to the server (acl.c).
 *
 * A value is a fid of its own.  One that is written is set when that is clunked, and
 * what is wrong with it is told then.  (trusted.* and security.* are not asked for: what
 * guards them are capabilities, which a server should not take a client's word for.)
 */
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "client.h"
#include "fid.h"
#include "remote.h"

static int read_all(struct hf9c_fid *fid, void *value, u64 size)
{
	u64 at = 0;
	u32 bytes;
	int err;

	while (at < size) {
		bytes = min_t(u64, size - at, fid->hs->rsize);
		err = hf9c_remote_read(fid, at, value + at, &bytes);
		if (err)
			return err;
		if (!bytes)
			return -EIO;
		at += bytes;
	}
	return 0;
}

/**
 * hf9c_xattr_read - a value, or the list of names
 * @from: whose
 * @name: which; "": the list
 * @value: where to
 * @size: room there; 0: how much is it?
 *
 * Return: bytes; -ERANGE if there is not the room; what the server says.
 */
ssize_t hf9c_xattr_read(struct hf9c_fid *from, const char *name, void *value, size_t size)
{
	struct hf9c_fid *fid = hf9c_fid_new_like(from);
	u64 bytes;
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_xattrwalk(from, fid, name, &bytes);
	if (!err && bytes > XATTR_SIZE_MAX)
		err = -E2BIG;
	if (!err && size) {
		if (bytes > size)
			err = -ERANGE;
		else
			err = read_all(fid, value, bytes);
	}
	hf9c_fid_put(fid);
	return err ?: bytes;
}

static int write_all(struct hf9c_fid *fid, const void *value, size_t size)
{
	size_t at = 0;
	void *copy;
	u32 bytes;
	int err;

	while (at < size) {
		bytes = min_t(size_t, size - at, fid->hs->wsize);
		/* It outlives who is killed. */
		copy = kvmemdup(value + at, bytes, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
		err = hf9c_remote_write(fid, at, copy, &bytes);
		if (err)
			return err;
		if (!bytes)
			return -EIO;
		at += bytes;
	}
	return 0;
}

/**
 * hf9c_xattr_write - set or remove one
 * @from: whose
 * @name: which
 * @value: what
 * @size: bytes of it; none, with XATTR_REPLACE: it is removed
 * @flags: XATTR_*
 *
 * Return: 0 or -errno.
 */
int hf9c_xattr_write(struct hf9c_fid *from, const char *name, const void *value, size_t size,
		     int flags)
{
	struct hf9c_fid *fid = hf9c_fid_new_like(from);
	const struct np_names none = {};
	struct np_qid qid;
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_walk(from, fid, &none, &qid);
	if (!err)
		err = hf9c_remote_xattrcreate(fid, name, size, flags);
	if (!err)
		err = write_all(fid, value, size);
	if (!err)
		return hf9c_remote_clunk(fid);
	hf9c_fid_put(fid);
	return err;
}

static int get(const struct xattr_handler *handler, struct dentry *dentry,
	       struct inode *inode, const char *name, void *value, size_t size)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	ssize_t ret;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	ret = hf9c_xattr_read(fid, xattr_full_name(handler, name), value, size);
	hf9c_fid_put(fid);
	return ret;
}

/*
 * An empty value and XATTR_REPLACE are on the wire what removes one: whether it is there
 * is asked for first then.  (Another may remove it in between, and has it set again.)
 */
static int write_value(struct hf9c_fid *fid, const char *name, const void *value,
		       size_t size, int flags)
{
	ssize_t ret;

	if (!value)
		return hf9c_xattr_write(fid, name, NULL, 0, XATTR_REPLACE);
	if (!size && flags & XATTR_REPLACE) {
		ret = hf9c_xattr_read(fid, name, NULL, 0);
		if (ret < 0)
			return ret;
		flags &= ~XATTR_REPLACE;
	}
	return hf9c_xattr_write(fid, name, value, size, flags);
}

static int set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
	       struct dentry *dentry, struct inode *inode, const char *name,
	       const void *value, size_t size, int flags)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = write_value(fid, xattr_full_name(handler, name), value, size, flags);
	hf9c_fid_put(fid);
	hf9c_changed(inode);
	return err;
}

static const struct xattr_handler user_handler = {
	.prefix	= XATTR_USER_PREFIX,
	.get	= get,
	.set	= set,
};

const struct xattr_handler * const hf9c_xattr_handlers[] = {
	&user_handler,
	NULL
};

/**
 * hf9c_listxattr - ->listxattr
 * @dentry: of what
 * @list: where to
 * @size: room there; 0: how much is it?
 *
 * Return: bytes or -errno.
 */
ssize_t hf9c_listxattr(struct dentry *dentry, char *list, size_t size)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	ssize_t ret;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	ret = hf9c_xattr_read(fid, "", list, size);
	hf9c_fid_put(fid);
	return ret;
}
