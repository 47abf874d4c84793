// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fids that stand for an extended attribute: Txattrwalk, Txattrcreate, and what is
 * read and written by the fids that they make.
 *
 * A value is written by a fid of its own and set when that is clunked; so what is
 * wrong with it is told by Rclunk.
 */
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "xattr.h"

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

static int check_name(const struct np_str *name)
{
	return name->len <= XATTR_NAME_MAX ? 0 : -ERANGE;
}

/* ------------------------------------------------------------------- reading */

/* As much memory as the value has bytes is kept: there may be many such fids. */
static int keep_value(struct hf9_xattr *xattr, const void *value, ssize_t len)
{
	int err = len < 0 ? len : make_room(xattr, len);

	if (!err && len)
		memcpy(xattr->value, value, len);
	return err;
}

/*
 * No name at all is the list.  Refused without memory: v9fs asks for
 * security.capability before each write.
 */
static int read_xattr(const struct path *path, struct hf9_xattr *xattr)
{
	void *value;
	int err;

	if (*xattr->name && !hf9_xattr_is_clients(xattr->name))
		return -EOPNOTSUPP;
	value = kvmalloc(XATTR_SIZE_MAX, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	err = keep_value(xattr, value, hf9_xattr_get(path, xattr->name, value));
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
	err = hf9_xattr_is_clients(xattr->name) ? 0 : -EOPNOTSUPP;
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
	bool whole;

	/* With the bytes that it counts; and when all are there, none follows. */
	mutex_lock(&fid->position);
	whole = xattr->written == xattr->size;
	mutex_unlock(&fid->position);
	return whole ? hf9_xattr_set(&fid->path, xattr) : -EINVAL;
}
