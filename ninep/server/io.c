// SPDX-License-Identifier: GPL-2.0-only
/* What is done with an open file: Tread, Twrite, and hf1's. */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/statfs.h>
#include <linux/uio.h>

#include "ops.h"

/* An unsigned offset, and how far from it, as the kernel has them. */
static int check_range(u64 offset, u64 bytes)
{
	if (offset > (u64)LLONG_MAX || bytes > (u64)LLONG_MAX - offset)
		return -EINVAL;
	return 0;
}

static u32 most_of(const struct hf9_request *request)
{
	return min(request->t.tread.count, request->connection->msize - NP_RREAD_HEAD);
}

/*
 * How many bytes there can be.  Not the file's end alone: a file that grows
 * meanwhile, or through a directory below, is to be read on.
 */
static u32 room_for(const struct hf9_request *request, const struct file *file)
{
	const struct np_tread *t = &request->t.tread;
	u32 most = most_of(request);
	loff_t size = i_size_read(file_inode(file));

	if (most <= PAGE_SIZE)
		return most;
	if ((loff_t)t->offset >= size)
		return PAGE_SIZE;
	return min_t(u64, most, round_up(size - (loff_t)t->offset, PAGE_SIZE));
}

/* Less is copied where the page cache has pages that are much larger. */
#define LARGE_READ	(64 << 10)

/*
 * Whether its pages can be sent.  Others' ->splice_read may find what ->read_iter
 * would have asked a server or a daemon for.  (Of a file of holdfast it is the lower
 * one's mapping.)
 */
static bool sends_pages(const struct file *file, u32 bytes)
{
	struct address_space *mapping = file->f_mapping;

	switch (mapping->host->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		break;
	default:
		return false;
	}
	if (bytes < LARGE_READ && mapping_large_folio_support(mapping))
		return false;
	return S_ISREG(file_inode(file)->i_mode) && file->f_op->splice_read;
}

static ssize_t read_copy(struct hf9_pages *pages, struct file *file, loff_t pos, u32 bytes)
{
	struct iov_iter iter;
	int ret;

	/* Nothing, unless it was tried in the other way. */
	hf9_pages_free(pages);
	ret = hf9_pages_alloc(pages, bytes);
	if (ret)
		return ret;
	hf9_pages_iter(pages, &iter, ITER_DEST, bytes);
	return vfs_iter_read(file, &iter, &pos, 0);
}

/* Is there more behind what was read, by what the file says of itself now? */
static bool ends_early(const struct hf9_request *request, struct file *file, ssize_t read)
{
	return read >= 0 && read < most_of(request) &&
	       (loff_t)request->t.tread.offset + read < i_size_read(file_inode(file));
}

/* Why it was not read: 0 if there is something, or the end, and no error. */
static int why_short(struct file *file, loff_t pos)
{
	u8 byte;
	struct kvec vec = { .iov_base = &byte, .iov_len = 1 };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, 1);
	return min_t(ssize_t, vfs_iter_read(file, &iter, &pos, 0), 0);
}

/*
 * A short answer is to be the end of the file, as hf1 has it; so what was cut short by
 * parts of pages, by a file that grew, or by an error that follows, is read once more.
 */
static ssize_t read_on(struct hf9_request *request, struct file *file)
{
	loff_t pos = request->t.tread.offset;
	ssize_t ret = read_copy(&request->out, file, pos, most_of(request));
	int err;

	if (!ends_early(request, file, ret))
		return ret;
	err = why_short(file, pos + ret);
	return err ?: ret;
}

static int read_file(struct hf9_request *request, struct file *file)
{
	loff_t pos = request->t.tread.offset;
	ssize_t ret;
	u32 room;

	if (S_ISDIR(file_inode(file)->i_mode))
		return -EISDIR;
	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	ret = check_range(request->t.tread.offset, request->t.tread.count);
	if (ret)
		return ret;
	room = room_for(request, file);
	if (!room)
		return 0;
	ret = -ENOMEM;
	if (sends_pages(file, room))
		ret = hf9_pages_of_file(&request->out, file, pos, room);
	if (ret == -ENOMEM)
		ret = read_copy(&request->out, file, pos, room);
	if (ends_early(request, file, ret))
		ret = read_on(request, file);
	if (ret < 0)
		return ret;
	request->r.payload.count = ret;
	return 0;
}

int hf9_run_read(struct hf9_request *request)
{
	const struct hf9_fid *fid = request->fid[0];
	struct file *file = hf9_fid_file(fid);
	struct hf9_xattr *xattr = hf9_fid_xattr(fid);

	if (file)
		return read_file(request, file);
	return xattr ? hf9_xattr_read(request, xattr) : -EBADF;
}

/*
 * A client on this machine writes back here what its memory is full of: only the
 * device that is written to may slow that down, not the dirty pages of all, among
 * which are the client's own.
 */
static ssize_t write_throttled(struct file *file, struct iov_iter *iter, loff_t *pos)
{
	unsigned int old = current->flags & PF_LOCAL_THROTTLE;
	ssize_t ret;

	current->flags |= PF_LOCAL_THROTTLE;
	ret = vfs_iter_write(file, iter, pos, 0);
	current_restore_flags(old, PF_LOCAL_THROTTLE);
	return ret;
}

static int write_file(struct hf9_request *request, struct file *file)
{
	const struct np_twrite *t = &request->t.twrite;
	loff_t pos = t->offset;
	struct iov_iter iter;
	ssize_t ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	ret = check_range(t->offset, request->in.bytes);
	if (ret)
		return ret;
	hf9_pages_iter(&request->in, &iter, ITER_SOURCE, request->in.bytes);
	ret = write_throttled(file, &iter, &pos);
	if (ret < 0)
		return ret;
	request->r.rwrite.count = ret;
	return 0;
}

int hf9_run_write(struct hf9_request *request)
{
	struct hf9_fid *fid = request->fid[0];
	struct file *file = hf9_fid_file(fid);
	struct hf9_xattr *xattr = hf9_fid_xattr(fid);

	if (file)
		return write_file(request, file);
	return xattr ? hf9_xattr_write(request, fid, xattr) : -EBADF;
}

int hf9_run_fsync(struct hf9_request *request)
{
	return vfs_fsync(hf9_fid_file(request->fid[0]),
			 request->t.tfsync.datasync != 0);
}

int hf9_run_statfs(struct hf9_request *request)
{
	struct np_rstatfs *reply = &request->r.rstatfs;
	struct kstatfs stat;
	int err;

	err = vfs_statfs(hf9_fid_path(request->fid[0]), &stat);
	if (err)
		return err;
	reply->type = stat.f_type;
	/* The unit of the numbers below; v9fs has but one size. */
	reply->bsize = stat.f_frsize ?: stat.f_bsize;
	reply->blocks = stat.f_blocks;
	reply->bfree = stat.f_bfree;
	reply->bavail = stat.f_bavail;
	reply->files = stat.f_files;
	reply->ffree = stat.f_ffree;
	reply->fsid = (u32)stat.f_fsid.val[0] | (u64)(u32)stat.f_fsid.val[1] << 32;
	reply->namelen = stat.f_namelen;
	return 0;
}

/* ------------------------------------------------------------------------ hf1 */

static_assert(NP_FALLOC_KEEP_SIZE == FALLOC_FL_KEEP_SIZE);
static_assert(NP_FALLOC_PUNCH_HOLE == FALLOC_FL_PUNCH_HOLE);
static_assert(NP_FALLOC_COLLAPSE == FALLOC_FL_COLLAPSE_RANGE);
static_assert(NP_FALLOC_ZERO == FALLOC_FL_ZERO_RANGE);
static_assert(NP_FALLOC_INSERT == FALLOC_FL_INSERT_RANGE);
static_assert(NP_FALLOC_UNSHARE == FALLOC_FL_UNSHARE_RANGE);

int hf9_run_fallocate(struct hf9_request *request)
{
	const struct np_tfallocate *t = &request->t.tfallocate;

	if (t->offset > (u64)LLONG_MAX || t->length > (u64)LLONG_MAX)
		return -EINVAL;
	return vfs_fallocate(hf9_fid_file(request->fid[0]), t->mode, t->offset,
			     t->length);
}

/* The file's position changes with it, which nobody of ours looks at. */
int hf9_run_seek(struct hf9_request *request)
{
	const struct np_tseek *t = &request->t.tseek;
	struct file *file = hf9_fid_file(request->fid[0]);
	loff_t ret;

	if (!S_ISREG(file_inode(file)->i_mode))
		return -EINVAL;
	if (t->offset > (u64)LLONG_MAX)
		return -ENXIO;
	ret = vfs_llseek(file, t->offset,
			 t->what == NP_SEEK_HOLE ? SEEK_HOLE : SEEK_DATA);
	if (ret < 0)
		return ret;
	request->r.rseek.offset = ret;
	return 0;
}

int hf9_run_copy(struct hf9_request *request)
{
	const struct np_tcopy *t = &request->t.tcopy;
	struct file *from = hf9_fid_file(request->fid[0]);
	struct file *to = hf9_fid_file(request->fid[1]);
	ssize_t ret;

	ret = check_range(t->offset, t->count);
	if (!ret)
		ret = check_range(t->dstoffset, t->count);
	if (ret)
		return ret;
	ret = vfs_copy_file_range(from, t->offset, to, t->dstoffset, t->count, 0);
	/* What the filesystem cannot, the page cache can. */
	if (ret == -EOPNOTSUPP || ret == -EXDEV)
		ret = vfs_copy_file_range(from, t->offset, to, t->dstoffset,
					  t->count, COPY_FILE_SPLICE);
	if (ret < 0)
		return ret;
	request->r.rcopy.count = ret;
	return 0;
}

int hf9_run_clone(struct hf9_request *request)
{
	const struct np_tclone *t = &request->t.tclone;
	loff_t ret;

	ret = check_range(t->offset, t->length);
	if (!ret)
		ret = check_range(t->dstoffset, t->length);
	if (ret)
		return ret;
	ret = vfs_clone_file_range(hf9_fid_file(request->fid[0]), t->offset,
				   hf9_fid_file(request->fid[1]), t->dstoffset,
				   t->length, 0);
	if (ret < 0)
		return ret;
	/* A part of it is no answer. */
	return t->length && (u64)ret != t->length ? -EINVAL : 0;
}
