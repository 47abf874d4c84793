// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects by name.  To look one up and open it waits for no sb_writers: lookups lock
 * directories, and an open for writing tries for them.  Whatever changes a directory waits
 * for a freeze first, before it has any lock.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "cache.h"

struct names {
	char bucket[RC_BUCKET_LEN + 1];
	char name[RC_NAME_LEN + 1];
};

static int names_of(const struct rc_key *key, struct names *names)
{
	hf_cache_assert_worker();
	if (WARN_ON_ONCE(!rc_name(key, names->name)))
		return -EINVAL;
	rc_bucket_name(rc_bucket(key), names->bucket);
	return 0;
}

/* -ENOENT: it is not there.  To be put. */
static struct dentry *find_bucket(struct hf_cache_dir *dir, const struct names *names)
{
	struct dentry *bucket;

	bucket = lookup_positive_unlocked(names->bucket, dir->path.dentry, RC_BUCKET_LEN);
	if (IS_ERR(bucket) || d_is_dir(bucket))
		return bucket;
	dput(bucket);
	return ERR_PTR(-ENOTDIR);
}

/* With write access, or in the hold of a trylock: an open may begin a transaction (quota). */
static struct file *open_at(struct hf_cache_dir *dir, struct dentry *dentry, int flags)
{
	struct path path = { .mnt = dir->path.mnt, .dentry = dentry };

	if (!d_is_reg(dentry))
		return ERR_PTR(-EISDIR);
	return dentry_open(&path, flags | O_NOATIME | O_LARGEFILE, current_cred());
}

/* For writing, too, if that is possible now. */
static struct file *open_there(struct hf_cache_dir *dir, struct dentry *dentry)
{
	struct super_block *sb = dir->path.mnt->mnt_sb;
	struct file *file;

	if (!sb_start_write_trylock(sb))
		return open_at(dir, dentry, O_RDONLY);
	file = open_at(dir, dentry, O_RDWR);
	sb_end_write(sb);
	return file == ERR_PTR(-EROFS) ? open_at(dir, dentry, O_RDONLY) : file;
}

/*
 * Return: its file, open, for reading alone where it cannot be written to now; -ENOENT: it
 * is not there.  Context: waits for no freeze.
 */
struct file *hf_cache_find(struct hf_cache_dir *dir, const struct rc_key *key)
{
	struct dentry *bucket, *dentry;
	struct names names;
	struct file *file;
	int err = names_of(key, &names);

	if (err)
		return ERR_PTR(err);
	bucket = find_bucket(dir, &names);
	if (IS_ERR(bucket))
		return ERR_CAST(bucket);
	dentry = lookup_positive_unlocked(names.name, bucket, RC_NAME_LEN);
	dput(bucket);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);
	file = open_there(dir, dentry);
	dput(dentry);
	return file;
}

/* With write access to the mount, and the directory's lock. */
static int make_dir(struct inode *inode, struct dentry *dentry)
{
	if (d_is_positive(dentry))
		return d_is_dir(dentry) ? 0 : -ENOTDIR;
	return vfs_mkdir(&nop_mnt_idmap, inode, dentry, 0700);
}

/* Likewise. */
static int make_file(struct inode *inode, struct dentry *dentry)
{
	if (d_is_positive(dentry))
		return -EEXIST;
	return vfs_create(&nop_mnt_idmap, inode, dentry, 0600, true);
}

/* With write access.  Return: what is there now, to be put. */
static struct dentry *make_at(struct dentry *parent, const char *name, int len,
			      int (*make)(struct inode *, struct dentry *))
{
	struct inode *inode = d_inode(parent);
	struct dentry *dentry;
	int err;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	dentry = lookup_one_len(name, parent, len);
	if (!IS_ERR(dentry)) {
		err = make(inode, dentry);
		/* (A filesystem may have made it by another dentry.) */
		if (!err && d_is_negative(dentry))
			err = -ESTALE;
		if (err) {
			dput(dentry);
			dentry = ERR_PTR(err);
		}
	}
	inode_unlock(inode);
	return dentry;
}

/* With write access.  What goes with the last reference to the inode is not under the lock. */
static int unlink_in(struct dentry *bucket, const char *name)
{
	struct inode *inode = d_inode(bucket), *gone = NULL;
	struct dentry *dentry;
	int err;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	dentry = lookup_one_len(name, bucket, RC_NAME_LEN);
	err = PTR_ERR_OR_ZERO(dentry);
	if (!err) {
		if (d_is_negative(dentry))
			err = -ENOENT;
		else if (!d_is_reg(dentry))
			err = -EISDIR;
		if (!err) {
			gone = d_inode(dentry);
			ihold(gone);
			err = vfs_unlink(&nop_mnt_idmap, inode, dentry, NULL);
		}
		dput(dentry);
	}
	inode_unlock(inode);
	iput(gone);
	return err;
}

static struct file *make_there(struct hf_cache_dir *dir, const struct names *names)
{
	struct dentry *bucket, *dentry;
	struct file *file;

	bucket = make_at(dir->path.dentry, names->bucket, RC_BUCKET_LEN, make_dir);
	if (IS_ERR(bucket))
		return ERR_CAST(bucket);
	dentry = make_at(bucket, names->name, RC_NAME_LEN, make_file);
	if (IS_ERR(dentry)) {
		dput(bucket);
		return ERR_CAST(dentry);
	}
	file = open_at(dir, dentry, O_RDWR);
	dput(dentry);
	if (IS_ERR(file))
		unlink_in(bucket, names->name);
	dput(bucket);
	return file;
}

/* That a header needs no room.  Where that cannot be had it may be refused later. */
static int keep_room(struct file *file)
{
	int err = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, 0, RC_DATA);

	return err == -EOPNOTSUPP ? 0 : err;
}

/* Return: a new file, open; -EEXIST: it is there.  Context: waits for a freeze. */
struct file *hf_cache_make(struct hf_cache_dir *dir, const struct rc_key *key)
{
	struct names names;
	struct file *file;
	int err = names_of(key, &names);

	if (!err)
		err = mnt_want_write(dir->path.mnt);
	if (err)
		return ERR_PTR(err);
	file = make_there(dir, &names);
	mnt_drop_write(dir->path.mnt);
	if (IS_ERR(file))
		return file;
	err = keep_room(file);
	if (!err)
		return file;
	__fput_sync(file);
	hf_cache_unlink(dir, key);
	return ERR_PTR(err);
}

/* Return: 0; -ENOENT: it was not there.  Context: waits for a freeze. */
int hf_cache_unlink(struct hf_cache_dir *dir, const struct rc_key *key)
{
	struct dentry *bucket;
	struct names names;
	int err = names_of(key, &names);

	if (!err)
		err = mnt_want_write(dir->path.mnt);
	if (err)
		return err;
	bucket = find_bucket(dir, &names);
	err = PTR_ERR_OR_ZERO(bucket);
	if (!err) {
		err = unlink_in(bucket, names.name);
		dput(bucket);
	}
	mnt_drop_write(dir->path.mnt);
	return err;
}

/*
 * @slots: RC_SLOTS bytes, which @header refers to.
 *
 * Return: 0: it is believed; 1: it is not; or -errno: it could not be read.
 */
int hf_cache_read_header(struct file *file, const struct rc_key *key, u8 *slots,
			 struct rc_header *header)
{
	loff_t pos = 0;
	ssize_t got = kernel_read(file, slots, RC_SLOTS, &pos);

	if (got < 0)
		return got;
	/* Nothing has ever been written to it, or it was cut. */
	if (got < RC_SLOTS)
		return 1;
	return rc_header_read(slots, key, i_size_read(file_inode(file)), header) !=
	       RC_HEADER_GOOD;
}
