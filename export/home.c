// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a key is at home.  Whoever copies LOWERDIR with its attributes copies
 * the key; so beside the key is written which directory it was made for: the
 * lower filesystem's own handle of LOWERDIR, and the filesystem's UUID, since the
 * roots of two filesystems have equal handles.
 *
 * A copy of all blocks (a snapshot, dd) is the same directory by both: as long
 * as it keeps the UUID no attribute can tell it from its original.
 */

#include <linux/exportfs.h>
#include <linux/mount.h>
#include <linux/uuid.h>
#include <linux/xattr.h>

#include "export.h"

#define HOME_VERSION	1
#define MAX_WORDS	(MAX_HANDLE_SZ / 4)

/* The value.  The words of @handle are in whatever order their owner likes. */
struct home {
	u8 version;
	u8 type;		/* of @handle */
	u8 words;
	u8 zero;
	uuid_t fs;		/* zeroes: it has none */
	u32 handle[MAX_WORDS];	/* as many as @words says */
} __packed;

#define HEAD		offsetof(struct home, handle)
static_assert(HEAD == 20);

static size_t length(const struct home *home)
{
	return HEAD + home->words * 4;
}

static bool has_handles(const struct super_block *lower)
{
	return lower->s_export_op && lower->s_export_op->fh_to_dentry;
}

/* Of LOWERDIR as it is now. */
static int make(const struct hf_super *hs, struct home *home)
{
	int words = MAX_WORDS, type;

	type = exportfs_encode_fh(hs->lower_root, (struct fid *)home->handle,
				  &words, 0);
	if (type < 0)
		return type;
	if (type == FILEID_INVALID || type > U8_MAX)
		return -EOVERFLOW;
	home->version = HOME_VERSION;
	home->type = type;
	home->words = words;
	home->zero = 0;
	home->fs = hs->lower_root->d_sb->s_uuid;
	return 0;
}

/* The attribute, if there is one; -ENODATA if not. */
static int read(struct super_block *sb, struct home *home)
{
	ssize_t len;

	len = vfs_getxattr(hf_lower_idmap(sb), hf_super(sb)->lower_root,
			   HF_HOME_XATTR, home, sizeof(*home));
	if (len < 0 && len != -ERANGE)
		return len;
	if (len < (ssize_t)HEAD || home->version != HOME_VERSION ||
	    home->zero || home->words > MAX_WORDS || len != length(home))
		return -EUCLEAN;
	return 0;
}

static int is_root(void *root, struct dentry *found)
{
	return found == root;
}

/*
 * A directory may have several handles, as xfs's has with and without the mount
 * option inode32: one that is not equal is followed.
 */
static int leads_here(const struct hf_super *hs, struct home *home)
{
	struct dentry *found;

	found = exportfs_decode_fh(hs->lower_mnt, (struct fid *)home->handle,
				   home->words, home->type, is_root,
				   hs->lower_root);
	if (found == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (IS_ERR_OR_NULL(found))
		return 0;
	dput(found);
	return 1;
}

static bool same_fs(const uuid_t *was, const uuid_t *is)
{
	return uuid_is_null(was) || uuid_is_null(is) || uuid_equal(was, is);
}

static int compare(const struct hf_super *hs, struct home *home)
{
	struct home now;
	int err;

	if (!same_fs(&home->fs, &hs->lower_root->d_sb->s_uuid))
		return 0;
	err = make(hs, &now);
	if (err)
		return err;
	if (now.type == home->type && now.words == home->words &&
	    !memcmp(now.handle, home->handle, now.words * 4))
		return 1;
	return leads_here(hs, home);
}

/**
 * hf_home_of - is the key that is kept with LOWERDIR made for it?
 * @sb: the upper superblock
 * @home: the answer
 *
 * Context: while mounting, as the administrator.
 * Return: 0; -EUCLEAN for an attribute that is not to be understood, or
 * another -errno.
 */
int hf_home_of(struct super_block *sb, enum hf_home *home)
{
	const struct hf_super *hs = hf_super(sb);
	struct home kept;
	int ret;

	*home = HF_HOME_NEVER;
	if (!has_handles(hs->lower_root->d_sb))
		return 0;
	*home = HF_HOME_NONE;
	ret = read(sb, &kept);
	if (ret)
		return ret == -ENODATA ? 0 : ret;
	ret = compare(hs, &kept);
	if (ret >= 0)
		*home = ret ? HF_HOME_HERE : HF_HOME_ELSEWHERE;
	return min(ret, 0);
}

/**
 * hf_home_write - LOWERDIR is the key's home from now on
 * @sb: the upper superblock
 *
 * Context: while mounting, as the administrator; the lower mount is writable.
 * Return: 0, also where there are no file handles; or -errno.
 */
int hf_home_write(struct super_block *sb)
{
	const struct hf_super *hs = hf_super(sb);
	struct home home;
	int err;

	if (!has_handles(hs->lower_root->d_sb))
		return 0;
	err = make(hs, &home);
	if (err)
		return err;
	return vfs_setxattr(hf_lower_idmap(sb), hs->lower_root, HF_HOME_XATTR,
			    &home, length(&home), 0);
}
