// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files.
 *
 * Each has a fid of its own, which is open for reading and writing as the file is, and
 * never for more: APPEND, TRUNC, CREAT, EXCL and DIRECT would change what write-back by
 * it means.
 *
 * cache=none: I/O goes past the cache.  What is mapped is cached nevertheless; reads and
 * writes treat it as O_DIRECT does, and it is dropped when a file is opened to be mapped
 * and when one is closed.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/splice.h>

#include "cache.h"
#include "client.h"
#include "fid.h"
#include "file.h"
#include "localio.h"
#include "range.h"
#include "remote.h"

/**
 * hf9c_file_opened - a regular file has a fid
 * @inode: what
 * @file: the file
 * @fid: open; the caller's reference, which is the file's if this succeeds
 *
 * Return: 0.
 */
int hf9c_file_opened(struct inode *inode, struct file *file, struct hf9c_fid *fid)
{
	fid->mode = file->f_mode & (FMODE_READ | FMODE_WRITE);
	file->private_data = fid;
	file->f_mode |= FMODE_CAN_ODIRECT;
	hf9c_fid_opened(inode, fid);
	if (file->f_mode & FMODE_WRITE)
		hf9c_writer_opened(inode);
	hf9c_cache_open(inode);
	return 0;
}

/**
 * hf9c_file_fid - the fid of an open file
 * @file: a regular file of ours; or NULL
 * @mode: FMODE_READ, FMODE_WRITE: that it has to be open for
 *
 * Return: to be put; or NULL.
 */
struct hf9c_fid *hf9c_file_fid(struct file *file, fmode_t mode)
{
	struct hf9c_fid *fid = file ? file->private_data : NULL;

	return fid && (fid->mode & mode) == mode ? hf9c_fid_get(fid) : NULL;
}

/* ------------------------------------------------------------------- open and close */

/* What the answer says of the file; or ask, where an open has to see others' writes. */
static int see(struct inode *inode, struct hf9c_fid *fid, const struct np_attr *attr,
	       const struct hf9c_sample *sample)
{
	if (!attr->valid)
		return hf9c_is_alone(inode) ? 0 : hf9c_refresh(inode, fid);
	if (!hf9c_is(inode, attr))
		return -ESTALE;
	hf9c_adopt(inode, attr, sample);
	return 0;
}

static int open_by(struct inode *inode, struct hf9c_fid *from, struct hf9c_fid *fid, u32 flags)
{
	struct hf9c_sample sample = hf9c_sample(inode->i_sb, inode);
	struct np_attr attr;

	return hf9c_remote_open(from, fid, flags, &attr) ?:
	       see(inode, fid, &attr, &sample);
}

static struct hf9c_fid *open_from(struct inode *inode, struct hf9c_fid *from, u32 flags)
{
	struct hf9c_fid *fid = hf9c_fid_new_like(from);
	int err;

	if (IS_ERR(fid))
		return fid;
	err = open_by(inode, from, fid, flags);
	if (!err)
		return fid;
	hf9c_fid_put(fid);
	return ERR_PTR(err);
}

/**
 * hf9c_open_fid - an open fid of what a path leads to
 * @dentry: where
 * @flags: NP_O_*
 *
 * Return: to be put; or -errno.
 */
struct hf9c_fid *hf9c_open_fid(struct dentry *dentry, u32 flags)
{
	struct hf9c_fid *from = hf9c_fid_of(dentry), *fid;

	if (IS_ERR(from))
		return from;
	fid = open_from(d_inode(dentry), from, flags);
	hf9c_fid_put(from);
	return fid;
}

/**
 * hf9c_open_again - another open fid of an open file, for its user
 * @inode: the file
 * @fid: its fid
 * @flags: NP_O_*
 *
 * Return: to be put; or -errno.
 */
struct hf9c_fid *hf9c_open_again(struct inode *inode, struct hf9c_fid *fid, u32 flags)
{
	struct hf9c_fid *from = hf9c_find_path(inode, fid->uid) ?: hf9c_fid_get(fid);
	struct hf9c_fid *again = open_from(inode, from, flags);

	hf9c_fid_put(from);
	return again;
}

/*
 * Where nobody else changes anything, and the VFS has judged who opens by what is known,
 * to open a file for reading once more is nothing to ask the server about.
 */
static struct hf9c_fid *open_to_read(struct inode *inode, struct file *file)
{
	struct hf9c_fid *fid = NULL;

	if (!hf9c_is_loose(inode->i_sb))
		return hf9c_open_fid(file->f_path.dentry, NP_O_LARGEFILE);
	if (hf9c_is_fresh(inode))
		fid = hf9c_fid_again(inode);
	if (!fid)
		fid = hf9c_open_fid(file->f_path.dentry, NP_O_LARGEFILE);
	if (!IS_ERR(fid))
		fid->again = true;
	return fid;
}

static int open(struct inode *inode, struct file *file)
{
	u32 flags = (file->f_flags & O_ACCMODE) | NP_O_LARGEFILE;
	struct hf9c_fid *fid;

	if ((file->f_flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (file->f_flags & O_NOATIME)
		flags |= NP_O_NOATIME;
	if (flags == NP_O_LARGEFILE)
		fid = open_to_read(inode, file);
	else
		fid = hf9c_open_fid(file->f_path.dentry, flags);
	if (IS_ERR(fid))
		return PTR_ERR(fid);
	return hf9c_file_opened(inode, file, fid);
}

static int release(struct inode *inode, struct file *file)
{
	hf9c_cache_close(inode);
	hf9c_fid_closed(inode, file->private_data);
	if (file->f_mode & FMODE_WRITE)
		hf9c_writer_closed(inode);
	return 0;
}

static int release_uncached(struct inode *inode, struct file *file)
{
	struct address_space *mapping = inode->i_mapping;

	if (mapping->nrpages) {
		filemap_fdatawrite(mapping);
		filemap_fdatawait_keep_errors(mapping);
		hf_netfs_drop(inode, 0);
	}
	return release(inode, file);
}

/* What was written is there for who opens it next, anywhere; and so are errors here. */
static int flush(struct file *file, fl_owner_t id)
{
	struct inode *inode = file_inode(file);
	bool dirty;
	int err;

	if (!(file->f_mode & FMODE_WRITE) || hf9c_is_loose(inode->i_sb))
		return 0;
	dirty = hf_netfs_dirty(inode);
	if (dirty) {
		filemap_fdatawrite(inode->i_mapping);
		filemap_fdatawait_keep_errors(inode->i_mapping);
	}
	/*
	 * A close tells, but it is an fsync's to settle.  Of a write-back that ended
	 * before, too: what it could not write is not dirty any more.
	 */
	err = filemap_check_wb_err(inode->i_mapping, file->f_wb_err);
	/* So that what our writes have changed is not taken for others'. */
	if (!err && dirty)
		hf9c_refresh(inode, file->private_data);
	return err;
}

/* Of what was written; others say that this fsync was not done, to its caller alone. */
static bool is_loss(int err)
{
	return err == -EIO || err == -ENOSPC || err == -EDQUOT;
}

static int fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	struct inode *inode = file_inode(file);
	int err, remote;

	err = hf_netfs_fsync(file, start, last, datasync);
	if (err)
		return err;
	if (!hf9c_bypass_fsync(file, start, last, datasync, &remote))
		remote = hf9c_remote_fsync(file->private_data, datasync);
	if (!is_loss(remote))
		return remote;
	mapping_set_error(inode->i_mapping, remote);
	return file_check_and_advance_wb_err(file);
}

/* ------------------------------------------------------------------------------ I/O */

static int refresh_size(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (hf9c_is_alone(inode))
		return 0;
	return hf9c_refresh(inode, file->private_data);
}

static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);
	int err = 0;

	if ((whence == SEEK_DATA || whence == SEEK_HOLE) && hf9c_can_seek(inode))
		return hf9c_seek(file, offset, whence);
	if (whence != SEEK_SET && whence != SEEK_CUR && !hf9c_is_fresh(inode))
		err = hf9c_refresh(inode, file->private_data);
	return err ?: generic_file_llseek(file, offset, whence);
}

/* What was done past the network, and then by the wire. */
static ssize_t together(ssize_t done, ssize_t ret)
{
	return ret > 0 ? done + ret : done ?: ret;
}

static ssize_t read_cached(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t done;

	if (hf9c_bypass_read(iocb, to, &done))
		return done;
	hf9c_after_aside(file_inode(iocb->ki_filp));
	return together(done, hf_netfs_read_iter(iocb, to));
}

static ssize_t read_uncached(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t done;

	if (hf9c_bypass_read(iocb, to, &done))
		return done;
	return together(done, hf_netfs_direct_read(iocb, to));
}

static ssize_t splice_cached(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			     size_t len, unsigned int flags)
{
	ssize_t ret;

	if (hf9c_bypass_splice(in, pos, pipe, len, flags, &ret))
		return ret;
	hf9c_after_aside(file_inode(in));
	return hf_netfs_splice_read(in, pos, pipe, len, flags);
}

static ssize_t splice_uncached(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			       size_t len, unsigned int flags)
{
	ssize_t ret;

	return hf9c_bypass_splice(in, pos, pipe, len, flags, &ret) ? ret :
	       copy_splice_read(in, pos, pipe, len, flags);
}

static bool is_append(const struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_APPEND && !hf9c_is_loose(file_inode(iocb->ki_filp)->i_sb);
}

/* Where it cannot be appended to, the end is asked for, and then written to. */
static ssize_t wire_cached(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t ret = is_append(iocb) ? hf9c_append(iocb, from) : -EOPNOTSUPP;

	if (ret != -EOPNOTSUPP)
		return ret;
	ret = iocb->ki_flags & IOCB_APPEND ? refresh_size(iocb->ki_filp) : 0;
	return ret ?: hf_netfs_write_iter(iocb, from);
}

static ssize_t write_cached(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t done;

	if (hf9c_bypass_write(iocb, from, &done))
		return done;
	return together(done, wire_cached(iocb, from));
}

static ssize_t wire_uncached(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret = is_append(iocb) ? hf9c_append(iocb, from) : -EOPNOTSUPP;

	if (ret != -EOPNOTSUPP)
		return ret;
	ret = 0;
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	inode_lock(inode);
	if (iocb->ki_flags & IOCB_APPEND)
		ret = refresh_size(iocb->ki_filp);
	if (!ret)
		ret = generic_write_checks(iocb, from);
	if (ret > 0)
		ret = hf_netfs_direct_write(iocb, from);
	inode_unlock(inode);
	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
}

static ssize_t write_uncached(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t done;

	if (hf9c_bypass_write(iocb, from, &done))
		return done;
	return together(done, wire_uncached(iocb, from));
}

static int mmap_cached(struct file *file, struct vm_area_struct *vma)
{
	hf9c_after_aside(file_inode(file));
	return hf_netfs_file_mmap(file, vma);
}

/* What others have written since the pages were read is seen from here on. */
static int mmap_uncached(struct file *file, struct vm_area_struct *vma)
{
	hf_netfs_drop(file_inode(file), 0);
	return hf_netfs_file_mmap(file, vma);
}

const struct file_operations hf9c_file_operations = {
	.llseek		= llseek,
	.read_iter	= read_cached,
	.write_iter	= write_cached,
	.mmap		= mmap_cached,
	.open		= open,
	.flush		= flush,
	.release	= release,
	.fsync		= fsync,
	.splice_read	= splice_cached,
	.splice_write	= iter_file_splice_write,
	.fallocate	= hf9c_fallocate,
	.copy_file_range = hf9c_copy_file_range,
	.remap_file_range = hf9c_remap_file_range,
	.lock		= hf9c_lock,
	.flock		= hf9c_flock,
	.setlease	= simple_nosetlease,
};

const struct file_operations hf9c_uncached_file_operations = {
	.llseek		= llseek,
	.read_iter	= read_uncached,
	.write_iter	= write_uncached,
	.mmap		= mmap_uncached,
	.open		= open,
	.flush		= flush,
	.release	= release_uncached,
	.fsync		= fsync,
	.splice_read	= splice_uncached,
	.splice_write	= iter_file_splice_write,
	.fallocate	= hf9c_fallocate,
	.copy_file_range = hf9c_copy_file_range,
	.remap_file_range = hf9c_remap_file_range,
	.lock		= hf9c_lock,
	.flock		= hf9c_flock,
	.setlease	= simple_nosetlease,
};

/* Of devices, pipes and sockets, too. */
const struct inode_operations hf9c_file_inode_operations = {
	.permission	= hf9c_permission,
	.getattr	= hf9c_getattr,
	.setattr	= hf9c_setattr,
	.listxattr	= hf9c_listxattr,
	.get_inode_acl	= hf9c_get_inode_acl,
	.set_acl	= hf9c_set_acl,
};
