// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of a file that the server allocates, punches, copies and shares by itself, and
 * where there is data: with hf1.  Plain 9P2000.L has no such messages; there the kernel
 * copies, all is data, and nothing is allocated.
 *
 * What is dirty is written back first, of the file that is read from, too.  Of the one
 * that changes nothing is cached, or in flight, until it has; and its attributes come in
 * the same breath, for its size.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/pagemap.h>
#include <linux/splice.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "range.h"
#include "remote.h"
#include "stats.h"

/* ------------------------------------------------------------------------ changing */

static int ask_and_see(struct inode *inode, void *data, loff_t *size)
{
	struct hf9c_change *change = data;
	int err = change->ask(change);

	/* What is not known to have been done leaves a doubt, see ask.c. */
	if (err)
		return err;
	hf9c_changed(inode);
	hf9c_wrote(inode);
	change->sample = hf9c_sample(inode->i_sb, NULL);
	/* Without them the size is asked for when it is wanted. */
	change->seen = !hf9c_remote_getattr(change->fid, &change->attr) &&
		       hf9c_is(inode, &change->attr);
	if (change->seen)
		*size = change->attr.size;
	return 0;
}

/**
 * hf9c_change - have the server change a file, and see how it is then
 * @inode: the file, with i_rwsem
 * @from: the first byte that changes
 * @last: the last one; before @from: none but what is behind the end
 * @change: how
 *
 * Return: 0; or what the server says, then nothing has changed; -EBUSY, -EINTR.
 */
int hf9c_change(struct inode *inode, loff_t from, loff_t last, struct hf9c_change *change)
{
	const struct hf_netfs_change how = {
		.from = from, .last = last, .ask = ask_and_see, .data = change,
	};
	int err = hf_netfs_change(inode, &how);

	/* The size is taken over; a write that came later makes these late. */
	if (!err && change->seen)
		hf9c_adopt(inode, &change->attr, &change->sample);
	return err;
}

/* Errors are for who has written. */
static void write_back(struct inode *inode)
{
	filemap_fdatawrite(inode->i_mapping);
	filemap_fdatawait_keep_errors(inode->i_mapping);
}

static bool server_knows(const struct inode *inode, u8 type)
{
	return hf9c_knows(hf9c_super(inode->i_sb), type);
}

static loff_t last_of(loff_t pos, u64 len)
{
	return !len || len > (u64)(LLONG_MAX - pos) ? LLONG_MAX : pos + (loff_t)len - 1;
}

/* ----------------------------------------------------------------------- fallocate */

struct falloc {
	struct hf9c_change change;
	int mode;
	loff_t offset, len;
};

static int ask_falloc(struct hf9c_change *change)
{
	const struct falloc *falloc = container_of(change, struct falloc, change);

	return hf9c_remote_fallocate(change->fid, falloc->mode, falloc->offset, falloc->len);
}

/* How large it may become. */
static int check_size(const struct inode *inode, const struct falloc *falloc)
{
	loff_t size = i_size_read(inode);

	if (falloc->mode & FALLOC_FL_INSERT_RANGE)
		return falloc->len > inode->i_sb->s_maxbytes - size ? -EFBIG :
			inode_newsize_ok(inode, size + falloc->len);
	if (falloc->mode & (FALLOC_FL_KEEP_SIZE | FALLOC_FL_COLLAPSE_RANGE))
		return 0;
	return inode_newsize_ok(inode, max(size, falloc->offset + falloc->len));
}

static int change_by(struct inode *inode, struct falloc *falloc)
{
	loff_t from = falloc->offset, last = last_of(from, falloc->len);

	if (falloc->mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		last = LLONG_MAX;
	else if (!(falloc->mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
		last = from - 1;
	return hf9c_change(inode, from, last, &falloc->change);
}

/**
 * hf9c_fallocate - ->fallocate
 * @file: of what
 * @mode: FALLOC_FL_*
 * @offset: from where
 * @len: how much
 *
 * Return: 0 or -errno; -EOPNOTSUPP also of a server that has no message for it.
 */
long hf9c_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);
	struct falloc falloc = {
		.change = { .fid = file->private_data, .ask = ask_falloc },
		.mode = mode, .offset = offset, .len = len,
	};
	int err;

	if (mode & ~NP_FALLOC_ALL || !server_knows(inode, NP_TFALLOCATE))
		return -EOPNOTSUPP;
	inode_lock(inode);
	err = check_size(inode, &falloc);
	if (!err)
		err = change_by(inode, &falloc);
	inode_unlock(inode);
	return err;
}

/* ---------------------------------------------------------------------------- seek */

/**
 * hf9c_can_seek - does the server know where data and holes are?
 * @inode: of what
 */
bool hf9c_can_seek(const struct inode *inode)
{
	return server_knows(inode, NP_TSEEK);
}

static int ask_where(struct file *file, u8 what, u64 from, u64 *at)
{
	*at = from;
	return hf9c_remote_seek(file->private_data, what, at);
}

/* At the end there is a hole, too. */
static bool is_within(const struct inode *inode, u8 what, u64 at)
{
	u64 size = i_size_read(inode);

	return what == NP_SEEK_HOLE ? at <= size : at < size;
}

/*
 * What is beyond the end as it is known here may be within a file that others have made
 * larger, or smaller since: the size is asked for, and then the question is asked again.
 * Twice, for a file whose size never rests.
 */
static int find_where(struct file *file, u8 what, u64 from, u64 *at)
{
	struct inode *inode = file_inode(file);
	unsigned int tries;
	int err;

	for (tries = 0; tries < 3; tries++) {
		err = ask_where(file, what, from, at);
		if (err || is_within(inode, what, *at))
			return err;
		err = hf9c_refresh(inode, file->private_data);
		if (err || is_within(inode, what, *at))
			return err;
	}
	return 0;
}

static int nonsense(struct inode *inode, u8 what, u64 from, u64 at)
{
	hf9c_count(malformed);
	pr_warn_ratelimited("holdfast: 9P session %u: %s from %llu on is said to be at %llu, in a file of %lld bytes\n",
			    hf9c_session_id(hf9c_super(inode->i_sb)->session),
			    what == NP_SEEK_HOLE ? "a hole" : "data", from, at,
			    i_size_read(inode));
	return -EIO;
}

/**
 * hf9c_seek - SEEK_DATA, SEEK_HOLE
 * @file: of what
 * @offset: from where
 * @whence: which of them
 *
 * Return: where it is; or -errno, -ENXIO behind the last, -EIO for what cannot be.
 */
loff_t hf9c_seek(struct file *file, loff_t offset, int whence)
{
	u8 what = whence == SEEK_HOLE ? NP_SEEK_HOLE : NP_SEEK_DATA;
	struct inode *inode = file_inode(file);
	u64 at;
	int err;

	if (offset < 0)
		return -ENXIO;
	write_back(inode);
	err = find_where(file, what, offset, &at);
	if (err)
		return err;
	if (at < (u64)offset || !is_within(inode, what, at))
		return nonsense(inode, what, offset, at);
	return vfs_setpos(file, at, MAX_LFS_FILESIZE);
}

/* ---------------------------------------------------------------------------- copy */

struct copy {
	struct hf9c_change change;
	struct hf9c_fid *from;
	loff_t pos_in, pos_out;
	u64 len;
	u32 done;
};

/* One message: others who want the file have it between two. */
static int ask_copy(struct hf9c_change *change)
{
	struct copy *copy = container_of(change, struct copy, change);
	u32 bytes = copy->len;
	int err = hf9c_remote_copy(copy->from, copy->pos_in, change->fid, copy->pos_out, &bytes);

	copy->done = err ? 0 : bytes;
	return err;
}

/* As a write there would be. */
static int check_limits(struct file *out, struct copy *copy)
{
	loff_t count = copy->len;
	struct kiocb iocb;
	int err;

	init_sync_kiocb(&iocb, out);
	iocb.ki_pos = copy->pos_out;
	err = generic_write_checks_count(&iocb, &count);
	copy->len = count;
	return err;
}

static ssize_t copy_piece(struct file *in, struct file *out, struct copy *copy)
{
	struct inode *inode = file_inode(out);
	int err;

	write_back(file_inode(in));
	inode_lock(inode);
	err = check_limits(out, copy);
	if (!err && copy->len)
		err = hf9c_change(inode, copy->pos_out, last_of(copy->pos_out, copy->len),
				  &copy->change);
	inode_unlock(inode);
	/* (Of "err ?: done" the type would be that of done: no error is less than 0 then.) */
	return err ? (ssize_t)err : copy->done;
}

/* Until it is short: an error behind what was copied is the next call's. */
static ssize_t copy_there(struct file *in, loff_t pos_in, struct file *out, loff_t pos_out,
			  size_t len)
{
	struct copy copy = {
		.change = { .fid = out->private_data, .ask = ask_copy },
		.from = in->private_data,
	};
	size_t done = 0, wanted;
	ssize_t ret;

	do {
		copy.pos_in = pos_in + done;
		copy.pos_out = pos_out + done;
		copy.len = wanted = min_t(size_t, len - done, NP_COPY_MAX);
		copy.done = 0;
		ret = copy_piece(in, out, &copy);
		if (ret <= 0)
			break;
		done += ret;
	} while ((size_t)ret == wanted && done < len && !signal_pending(current));
	return done ?: ret;
}

/**
 * hf9c_copy_file_range - ->copy_file_range
 * @in: from which file, perhaps of another mount
 * @pos_in: where
 * @out: to which
 * @pos_out: where
 * @len: how much
 * @flags: none
 *
 * Return: bytes, or -errno.
 */
ssize_t hf9c_copy_file_range(struct file *in, loff_t pos_in, struct file *out,
			     loff_t pos_out, size_t len, unsigned int flags)
{
	ssize_t ret = -EOPNOTSUPP;

	if (file_inode(in)->i_sb != file_inode(out)->i_sb)
		return -EXDEV;
	if (server_knows(file_inode(out), NP_TCOPY))
		ret = copy_there(in, pos_in, out, pos_out, len);
	if (ret == -EOPNOTSUPP || ret == -EXDEV)
		ret = splice_copy_file_range(in, pos_in, out, pos_out, len);
	return ret;
}

/* --------------------------------------------------------------------------- clone */

static int ask_clone(struct hf9c_change *change)
{
	struct copy *copy = container_of(change, struct copy, change);

	return hf9c_remote_clone(copy->from, copy->pos_in, change->fid, copy->pos_out,
				 copy->len);
}

static loff_t clone(struct inode *from, struct inode *to, struct copy *copy)
{
	loff_t rest;
	int err;

	write_back(from);
	err = copy->len ? inode_newsize_ok(to, max_t(loff_t, i_size_read(to),
						     copy->pos_out + copy->len)) : 0;
	if (!err)
		err = hf9c_change(to, copy->pos_out, last_of(copy->pos_out, copy->len),
				  &copy->change);
	if (err)
		return err;
	rest = max_t(loff_t, i_size_read(from) - copy->pos_in, 0);
	return copy->len ?: rest;
}

/**
 * hf9c_remap_file_range - ->remap_file_range
 * @in: from which file
 * @pos_in: where
 * @out: to which
 * @pos_out: where
 * @len: how much; 0: to the end
 * @flags: REMAP_FILE_*
 *
 * Return: bytes, or -errno; -EOPNOTSUPP to compare and share.
 */
loff_t hf9c_remap_file_range(struct file *in, loff_t pos_in, struct file *out,
			     loff_t pos_out, loff_t len, unsigned int flags)
{
	struct inode *from = file_inode(in), *to = file_inode(out);
	struct copy copy = {
		.change = { .fid = out->private_data, .ask = ask_clone },
		.from = in->private_data, .pos_in = pos_in, .pos_out = pos_out, .len = len,
	};
	loff_t ret;

	if (flags & ~(REMAP_FILE_ADVISORY | REMAP_FILE_DEDUP))
		return -EINVAL;
	if (flags & REMAP_FILE_DEDUP || !server_knows(to, NP_TCLONE))
		return -EOPNOTSUPP;
	lock_two_nondirectories(from, to);
	ret = clone(from, to, &copy);
	unlock_two_nondirectories(from, to);
	return ret;
}
