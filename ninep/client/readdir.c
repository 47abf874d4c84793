// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a directory, a message's worth of entries at a time.
 *
 * With hf1 entries come with their attributes, and what they are is known then: the
 * names need not be looked up.  That costs the server a lookup for each, so after the
 * first message it is asked only where somebody has looked at what the one before had.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/slab.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "listing.h"
#include "remote.h"

#define BYTES_MOST	(64 << 10)

/**
 * struct hf9c_dir - an open directory
 * @lock: of what follows; outside of the directory's i_rwsem
 * @listing: what is told; NULL: it is asked for
 * @told: how much of that was
 * @told_pos: and where that was in the directory
 * @begun: it has been read from
 * @building: what was read from the beginning on, to be kept
 * @built_pos: where that ends
 * @fid: open; NULL as long as nothing was asked.  Set once, under @lock
 * @buf: entries as they came
 * @bytes: how many of them
 * @at: those that were told
 * @pos: where what is at @at is in the directory
 * @end: where its end was found; 0: not known
 * @attrs: they have attributes
 * @version: of the directory, before they were asked for
 * @sample: when
 * @walks: of hf9c_inode, when they came
 */
struct hf9c_dir {
	struct mutex lock;
	struct hf9c_listing *listing;
	u32 told;
	u64 told_pos;
	bool begun;
	struct hf9c_listing *building;
	u64 built_pos;
	struct hf9c_fid *fid;
	void *buf;
	u32 bytes, at;
	u64 pos, end;
	bool attrs;
	void *version;
	struct hf9c_sample sample;
	int walks;
};

static int open_fid(struct file *file, struct hf9c_dir *dir)
{
	/* Whoever reads: as who has opened it. */
	const struct cred *old = override_creds(file->f_cred);
	struct hf9c_fid *fid = hf9c_open_fid(file->f_path.dentry,
					     NP_O_LARGEFILE | NP_O_DIRECTORY);

	revert_creds(old);
	if (IS_ERR(fid))
		return PTR_ERR(fid);
	hf9c_fid_opened(file_inode(file), fid);
	smp_store_release(&dir->fid, fid);
	return 0;
}

static struct hf9c_listing *known_to_me(struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct hf9c_fid *fid;
	int err;

	if (!hf9c_listing_is_there(inode))
		return NULL;
	if (hf9c_is_fresh(inode))
		return hf9c_listing_of(inode);
	fid = hf9c_fid_of(dentry);
	if (IS_ERR(fid))
		return NULL;
	err = hf9c_refresh(inode, fid);
	hf9c_fid_put(fid);
	return err ? NULL : hf9c_listing_of(inode);
}

/*
 * What can be told without being asked for, but for whether it has changed: to who has
 * opened it, whoever reads.
 */
static struct hf9c_listing *known(struct file *file)
{
	const struct cred *old = override_creds(file->f_cred);
	struct hf9c_listing *listing = known_to_me(file->f_path.dentry);

	revert_creds(old);
	return listing;
}

static int open(struct inode *inode, struct file *file)
{
	struct hf9c_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err = 0;

	if (!dir)
		return -ENOMEM;
	mutex_init(&dir->lock);
	dir->listing = known(file);
	if (!dir->listing)
		err = open_fid(file, dir);
	if (err)
		kfree(dir);
	else
		file->private_data = dir;
	return err;
}

static int release(struct inode *inode, struct file *file)
{
	struct hf9c_dir *dir = file->private_data;

	if (dir->fid)
		hf9c_fid_closed(inode, dir->fid);
	hf9c_listing_put(dir->listing);
	hf9c_listing_put(dir->building);
	kvfree(dir->buf);
	kfree(dir);
	return 0;
}

/* To be put; or NULL, if it has none yet. */
struct hf9c_fid *hf9c_dir_fid_known(struct file *file)
{
	struct hf9c_dir *dir = file->private_data;
	/* Whoever unlocks by it finds it, and waits for nobody. */
	struct hf9c_fid *fid = smp_load_acquire(&dir->fid);

	return fid ? hf9c_fid_get(fid) : NULL;
}

/**
 * hf9c_dir_fid - the fid of an open directory
 * @file: of ours
 *
 * Context: may sleep.
 * Return: to be put; or -errno, if it had none and cannot be opened.
 */
struct hf9c_fid *hf9c_dir_fid(struct file *file)
{
	struct hf9c_dir *dir = file->private_data;
	struct hf9c_fid *fid = hf9c_dir_fid_known(file);
	int err;

	if (fid)
		return fid;
	err = mutex_lock_killable(&dir->lock);
	if (err)
		return ERR_PTR(err);
	if (!dir->fid)
		err = open_fid(file, dir);
	mutex_unlock(&dir->lock);
	return err ? ERR_PTR(err) : hf9c_fid_get(dir->fid);
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

/* What has come is kept, if it goes on where what is kept ends. */
static void build(struct inode *inode, struct hf9c_dir *dir)
{
	struct np_entry_attr entry;
	u32 used;

	if (dir->built_pos != dir->pos) {
		hf9c_listing_put(dir->building);
		dir->building = NULL;
	} else if (dir->building && !dir->bytes) {
		hf9c_listing_end(inode, dir->building);
		dir->building = NULL;
	}
	for (; dir->building && dir->at < dir->bytes; dir->at += used) {
		/* (Behind 0 is the beginning.) */
		if (next_entry(dir, &entry, &used) || !entry.offset) {
			hf9c_listing_put(dir->building);
			dir->building = NULL;
			break;
		}
		dir->building = hf9c_listing_add(dir->building, &entry.name,
						 entry.attr.qid.path, entry.offset, entry.type);
		dir->built_pos = entry.offset;
	}
	dir->at = 0;
}

/* From @pos on; no bytes: that is the end. */
static int fill(struct file *file, struct hf9c_dir *dir, u64 pos)
{
	struct inode *inode = file_inode(file);
	u32 bytes = min_t(u32, hf9c_super(inode->i_sb)->rsize, BYTES_MOST);
	int err;

	lockdep_assert_held(&dir->lock);
	err = dir->fid ? 0 : open_fid(file, dir);
	if (err)
		return err;
	if (!dir->buf)
		dir->buf = kvmalloc(bytes, GFP_KERNEL);
	if (!dir->buf)
		return -ENOMEM;
	dir->bytes = dir->at = 0;
	dir->attrs = wants_attrs(inode, dir, pos);
	dir->version = hf9c_dir_version(inode);
	dir->sample = hf9c_sample(inode->i_sb, NULL);
	if (!pos) {
		hf9c_listing_put(dir->building);
		dir->building = hf9c_listing_begin(inode, dir->fid, dir->sample.number);
		dir->built_pos = 0;
	}
	err = hf9c_remote_readdir(dir->fid, dir->attrs, pos, dir->buf, &bytes);
	if (err)
		return err;
	dir->walks = atomic_read(&hf9c_inode(inode)->walks);
	dir->bytes = bytes;
	dir->pos = pos;
	dir->end = bytes ? 0 : pos;
	build(inode, dir);
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
		if (dir->attrs)
			hf9c_prime(file->f_path.dentry, &entry, dir->version, &dir->sample);
		dir->at += used;
		dir->pos = ctx->pos = entry.offset;
	}
	return 1;
}

/* Return: 1 if there are entries of @pos and behind, 0 if it is the end, or -errno. */
static int find(struct file *file, struct hf9c_dir *dir, u64 pos)
{
	int ret;

	if (dir->at < dir->bytes && dir->pos == pos)
		return 1;
	/* Rewinding asks anew. */
	if (pos && dir->end == pos)
		return 0;
	ret = fill(file, dir, pos);
	return ret ?: dir->bytes != 0;
}

/* Whether that was so; then the directory's lock is there again. */
static bool tell_known(struct file *file, struct hf9c_dir *dir, struct dir_context *ctx,
		       int *ret)
{
	struct inode *inode = file_inode(file);

	lockdep_assert_held(&dir->lock);
	if (!ctx->pos && dir->begun) {
		hf9c_listing_put(dir->listing);
		dir->listing = known(file);
		dir->told = dir->told_pos = 0;
	}
	dir->begun = true;
	if (!dir->listing)
		return false;
	inode_lock_shared(inode);
	*ret = IS_DEADDIR(inode) ? -ENOENT : 0;
	if (*ret || hf9c_listing_tell(dir->listing, ctx, &dir->told, &dir->told_pos))
		return true;
	inode_unlock_shared(inode);
	/* Who has found it elsewhere goes on there. */
	hf9c_listing_put(dir->listing);
	dir->listing = NULL;
	return false;
}

/* With the directory's lock, and back with it. */
static int iterate_in_turn(struct file *file, struct hf9c_dir *dir, struct dir_context *ctx)
{
	struct inode *inode = file_inode(file);
	int ret;

	if (tell_known(file, dir, ctx, &ret))
		return ret;
	for (;;) {
		ret = find(file, dir, ctx->pos);
		inode_lock_shared(inode);
		/* One that is gone has no entries, which is another thing than none. */
		if (ret >= 0 && IS_DEADDIR(inode))
			ret = -ENOENT;
		if (ret > 0)
			ret = tell(file, dir, ctx);
		if (ret <= 0)
			return ret;
		inode_unlock_shared(inode);
	}
}

/*
 * The server is not waited for with the directory's lock: whoever wants that cannot be
 * killed while he waits for it.  So it is taken anew to tell, inside of ours.
 */
static int iterate(struct file *file, struct dir_context *ctx)
{
	struct inode *inode = file_inode(file);
	struct hf9c_dir *dir = file->private_data;
	int ret;

	inode_unlock_shared(inode);
	ret = mutex_lock_killable(&dir->lock);
	if (ret) {
		inode_lock_shared(inode);
		return ret;
	}
	ret = iterate_in_turn(file, dir, ctx);
	mutex_unlock(&dir->lock);
	return ret;
}

static int fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	struct hf9c_fid *fid = hf9c_dir_fid(file);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_fsync(fid, datasync);
	hf9c_fid_put(fid);
	return err;
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
