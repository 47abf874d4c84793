// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a directory, a message's worth of entries at a time.
 *
 * With hf1 entries come with their attributes, and what they are is known then: the
 * names need not be looked up.  That costs the server a lookup for each, so after the
 * first message it is asked only where somebody has looked at what the one before had.
 */
#include <linux/dcache.h>
#include <linux/slab.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "remote.h"

#define BYTES_MOST	(64 << 10)

/**
 * struct hf9c_dir - an open directory
 * @fid: I: open
 * @lock: of what follows
 * @buf: entries as they came
 * @bytes: how many of them
 * @at: those that were told
 * @pos: where what is at @at is in the directory
 * @attrs: they have attributes
 * @version: of the directory, before they were asked for
 * @sample: when
 * @walks: of hf9c_inode, when they came
 */
struct hf9c_dir {
	struct hf9c_fid *fid;
	struct mutex lock;
	void *buf;
	u32 bytes, at;
	u64 pos;
	bool attrs;
	void *version;
	struct hf9c_sample sample;
	int walks;
};

static int open(struct inode *inode, struct file *file)
{
	struct hf9c_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return -ENOMEM;
	mutex_init(&dir->lock);
	dir->fid = hf9c_open_fid(file->f_path.dentry, NP_O_LARGEFILE | NP_O_DIRECTORY);
	err = PTR_ERR_OR_ZERO(dir->fid);
	if (err) {
		kfree(dir);
		return err;
	}
	file->private_data = dir;
	hf9c_fid_opened(inode, dir->fid);
	return 0;
}

static int release(struct inode *inode, struct file *file)
{
	struct hf9c_dir *dir = file->private_data;

	hf9c_fid_closed(inode, dir->fid);
	kvfree(dir->buf);
	kfree(dir);
	return 0;
}

/**
 * hf9c_dir_fid - the fid of an open directory
 * @file: of ours
 *
 * Return: the file's.
 */
struct hf9c_fid *hf9c_dir_fid(struct file *file)
{
	const struct hf9c_dir *dir = file->private_data;

	return dir->fid;
}

/* ---------------------------------------------------------- what names lead to */

static bool is_dots(const struct np_str *name)
{
	return name->at[0] == '.' &&
	       (name->len == 1 || (name->len == 2 && name->at[1] == '.'));
}

/*
 * Entries may be told long after they came.  If we have changed names meanwhile they would
 * bring back what is gone.  The directory is locked, so none change now.
 */
static bool is_of_before(struct inode *inode, const struct hf9c_dir *dir)
{
	bool before;

	spin_lock(&inode->i_lock);
	before = hf9c_inode(inode)->changed > dir->sample.number;
	spin_unlock(&inode->i_lock);
	return before;
}

/* Return: the dentry of a name, perhaps in lookup; or -errno. */
static struct dentry *name_in(struct dentry *parent, struct qstr *name,
			      wait_queue_head_t *wq)
{
	struct dentry *dentry;

	name->hash = full_name_hash(parent, name->name, name->len);
	dentry = d_lookup(parent, name);
	return dentry ?: d_alloc_parallel(parent, name, wq);
}

static void splice(struct dentry *dentry, const struct np_attr *attr,
		   const struct hf9c_dir *dir)
{
	struct inode *inode = hf9c_iget(dentry->d_sb, attr, &dir->sample);
	struct dentry *found;

	hf9c_dentry_seen(dentry, dir->version, dir->sample.since);
	found = d_splice_alias(inode, dentry);
	if (IS_ERR_OR_NULL(found))
		return;
	hf9c_dentry_seen(found, dir->version, dir->sample.since);
	dput(found);
}

/* It tells what a lookup would have; nobody has to know that it could not be kept. */
static void prime(struct dentry *parent, const struct np_entry_attr *entry,
		  const struct hf9c_dir *dir)
{
	struct qstr name = QSTR_INIT(entry->name.at, entry->name.len);
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(wq);
	struct dentry *dentry;

	if (!entry->attr.valid || is_dots(&entry->name) || hf9c_check_attr(&entry->attr))
		return;
	dentry = name_in(parent, &name, &wq);
	if (IS_ERR(dentry))
		return;
	if (d_in_lookup(dentry)) {
		splice(dentry, &entry->attr, dir);
		d_lookup_done(dentry);
	} else if (d_really_is_positive(dentry) && hf9c_is(d_inode(dentry), &entry->attr)) {
		hf9c_adopt(d_inode(dentry), &entry->attr, &dir->sample);
		hf9c_dentry_seen(dentry, dir->version, dir->sample.since);
	}
	dput(dentry);
}

/* ----------------------------------------------------------------------- reading */

/* Return: 0, or -EIO for what is no entry. */
static int next_entry(const struct hf9c_dir *dir, struct np_entry_attr *entry, u32 *used)
{
	const void *data = dir->buf + dir->at;
	u32 have = dir->bytes - dir->at;
	struct np_entry plain;
	enum np_status status;

	if (dir->attrs) {
		status = np_entry_attr_decode(data, have, entry, used);
		return status == NP_OK ? 0 : -EIO;
	}
	status = np_entry_decode(data, have, &plain, used);
	*entry = (struct np_entry_attr) {
		.attr.qid = plain.qid, .offset = plain.offset, .name = plain.name,
		.type = plain.type,
	};
	return status == NP_OK ? 0 : -EIO;
}

static bool wants_attrs(struct inode *inode, const struct hf9c_dir *dir, u64 pos)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);

	if (!hf9c_knows(hs, NP_TREADDIRATTR))
		return false;
	/* They would be of no use as soon as they are here. */
	if (!READ_ONCE(hs->ac) && !hf9c_is_loose(inode->i_sb))
		return false;
	return !pos || atomic_read(&hf9c_inode(inode)->walks) != dir->walks;
}

/* From @pos on; no bytes: that is the end. */
static int fill(struct inode *inode, struct hf9c_dir *dir, u64 pos)
{
	u32 bytes = min_t(u32, dir->fid->hs->rsize, BYTES_MOST);
	int err;

	if (!dir->buf)
		dir->buf = kvmalloc(bytes, GFP_KERNEL);
	if (!dir->buf)
		return -ENOMEM;
	dir->bytes = dir->at = 0;
	dir->attrs = wants_attrs(inode, dir, pos);
	dir->version = hf9c_dir_version(inode);
	dir->sample = hf9c_sample(inode->i_sb, NULL);
	err = hf9c_remote_readdir(dir->fid, dir->attrs, pos, dir->buf, &bytes);
	if (err)
		return err;
	dir->walks = atomic_read(&hf9c_inode(inode)->walks);
	dir->bytes = bytes;
	dir->pos = pos;
	return 0;
}

/* Return: 1 if the caller has room for more, 0 if not, or -errno. */
static int tell(struct file *file, struct hf9c_dir *dir, struct dir_context *ctx)
{
	struct np_entry_attr entry;
	u32 used;

	while (dir->at < dir->bytes) {
		if (next_entry(dir, &entry, &used))
			return -EIO;
		if (!dir_emit(ctx, entry.name.at, entry.name.len, entry.attr.qid.path,
			      entry.type))
			return 0;
		if (dir->attrs && !is_of_before(file_inode(file), dir))
			prime(file->f_path.dentry, &entry, dir);
		dir->at += used;
		dir->pos = ctx->pos = entry.offset;
	}
	return 1;
}

static int iterate_locked(struct file *file, struct hf9c_dir *dir, struct dir_context *ctx)
{
	int ret;

	for (;;) {
		if (dir->at == dir->bytes || dir->pos != ctx->pos) {
			ret = fill(file_inode(file), dir, ctx->pos);
			if (ret)
				return ret;
			if (!dir->bytes)
				return 0;
		}
		ret = tell(file, dir, ctx);
		if (ret <= 0)
			return ret;
	}
}

static int iterate(struct file *file, struct dir_context *ctx)
{
	struct hf9c_dir *dir = file->private_data;
	int ret;

	ret = mutex_lock_killable(&dir->lock);
	if (ret)
		return ret;
	ret = iterate_locked(file, dir, ctx);
	mutex_unlock(&dir->lock);
	return ret;
}

static int fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	struct hf9c_dir *dir = file->private_data;

	return hf9c_remote_fsync(dir->fid, datasync);
}

const struct file_operations hf9c_dir_operations = {
	.llseek		= generic_file_llseek,
	.read		= generic_read_dir,
	.iterate_shared	= iterate,
	.open		= open,
	.release	= release,
	.fsync		= fsync,
	.lock		= hf9c_lock,
	.flock		= hf9c_flock,
	.setlease	= simple_nosetlease,
};
