// SPDX-License-Identifier: GPL-2.0-only
/*
 * File handles: the lower filesystem's own, wrapped and signed.
 *
 * A lower handle can name any inode of the lower filesystem, so two things are
 * asked before one is followed, and ESTALE is the answer if either fails:
 *
 * 1. The signature, made with LOWERDIR's key, which no copy of it shares
 *    (key.c), shows that we gave the handle out, hence that its object was
 *    inside LOWERDIR then.
 * 2. It is inside now.  For a directory this can be told for certain: its
 *    lower dentry is connected to the root, and LOWERDIR has to be on the way.
 *    For a file with one name it can be told while that name is cached.  A
 *    file with more names, or with none in the cache, has the first proof
 *    only: no local filesystem finds the names of an inode.
 */

#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/unaligned.h>
#include <linux/writeback.h>

#include "export.h"

#define FILEID_HOLDFAST	0x48
#define HANDLE_VERSION	1

/* What NFSv4 allows, in 32-bit words. */
#define MAX_WORDS	(MAX_HANDLE_SZ / 4)

/*
 * What a client keeps.  The words of @lower are the lower filesystem's, in
 * whatever order it likes; the rest is little-endian.
 */
struct handle {
	u8 version;
	u8 lower_type;
	u8 lower_words;
	u8 parent;		/* @lower names the parent directory too */
	__le32 mac[2];		/* of the four bytes before it and @lower */
	u32 lower[];
} __packed;

#define HEAD_WORDS	(sizeof(struct handle) / 4)
static_assert(sizeof(struct handle) == 12);

/* What is signed, in one piece. */
struct message {
	u8 head[4];
	u32 lower[MAX_WORDS];
} __packed;

static u64 sign(const struct hf_super *hs, const struct handle *handle)
{
	size_t len = handle->lower_words * 4;
	struct message message;

	memcpy(message.head, handle, sizeof(message.head));
	memcpy(message.lower, handle->lower, len);
	return hf_key_sign(hs, &message, sizeof(message.head) + len);
}

static int encode_fh(struct inode *inode, u32 *fh, int *max_len,
		     struct inode *parent)
{
	struct handle *handle = (struct handle *)fh;
	struct fid *lower = (struct fid *)handle->lower;
	int room = min_t(int, *max_len, MAX_WORDS) - (int)HEAD_WORDS;
	int words = max(room, 0), type;
	u64 mac;

	type = exportfs_encode_inode_fh(hf_lower_inode(inode), lower, &words,
					parent ? hf_lower_inode(parent) : NULL,
					0);
	*max_len = HEAD_WORDS + words;
	if (type < 0 || type == FILEID_INVALID || words > room)
		return FILEID_INVALID;

	handle->version = HANDLE_VERSION;
	handle->lower_type = type;
	handle->lower_words = words;
	handle->parent = !!parent;
	mac = sign(hf_super(inode->i_sb), handle);
	put_unaligned_le64(mac, handle->mac);
	return FILEID_HOLDFAST;
}

/* The handle if it is one of ours, else NULL. */
static struct handle *verify(struct super_block *sb, struct fid *fid, int len,
			     int type)
{
	struct handle *handle = (struct handle *)fid->raw;

	if (type != FILEID_HOLDFAST || len < (int)HEAD_WORDS ||
	    len > (int)MAX_WORDS)
		return NULL;
	if (handle->version != HANDLE_VERSION || handle->parent > 1 ||
	    handle->lower_words != len - HEAD_WORDS)
		return NULL;
	/* One comparison of 64 bits tells nothing by the time it takes. */
	if (get_unaligned_le64(handle->mac) != sign(hf_super(sb), handle))
		return NULL;
	return handle;
}

/* Condition 2 of the head comment. */
static int is_inside(void *root, struct dentry *lower)
{
	if (is_subdir(lower, root))
		return 1;
	if (d_is_dir(lower) || d_inode(lower)->i_nlink > 1)
		return !d_is_dir(lower);
	/* No name, or none that the cache knows. */
	return d_unhashed(lower) || lower->d_flags & DCACHE_DISCONNECTED;
}

static struct dentry *upper_alias(struct super_block *sb, struct dentry *lower)
{
	return d_obtain_alias(hf_iget(sb, lower));
}

static struct dentry *fh_to_dentry(struct super_block *sb, struct fid *fid,
				   int len, int type)
{
	struct hf_super *hs = hf_super(sb);
	struct handle *handle = verify(sb, fid, len, type);
	struct dentry *lower, *dentry;

	if (!handle)
		return ERR_PTR(-ESTALE);
	lower = exportfs_decode_fh(hs->lower_mnt, (struct fid *)handle->lower,
				   handle->lower_words, handle->lower_type,
				   is_inside, hs->lower_root);
	if (IS_ERR_OR_NULL(lower))
		return lower ?: ERR_PTR(-ESTALE);
	dentry = upper_alias(sb, lower);
	dput(lower);
	return dentry;
}

/*
 * Of a filesystem whose handles name no parent: tmpfs, which has the names of
 * all its files in the cache.
 */
static struct dentry *cached_parent(struct hf_super *hs, struct handle *handle)
{
	struct dentry *lower, *parent;

	lower = exportfs_decode_fh(hs->lower_mnt, (struct fid *)handle->lower,
				   handle->lower_words, handle->lower_type,
				   is_inside, hs->lower_root);
	if (IS_ERR_OR_NULL(lower))
		return lower ?: ERR_PTR(-ESTALE);
	parent = dget_parent(lower);
	if (parent == lower || !is_subdir(parent, hs->lower_root)) {
		dput(parent);
		parent = ERR_PTR(-ESTALE);
	}
	dput(lower);
	return parent;
}

/*
 * The parent as the lower filesystem decodes it may be disconnected; its own
 * handle, decoded in the usual way, connects it and checks where it is.
 */
static struct dentry *lower_parent(struct hf_super *hs, struct handle *handle)
{
	struct super_block *lower_sb = hs->lower_root->d_sb;
	const struct export_operations *ops = lower_sb->s_export_op;
	u32 words[MAX_WORDS];
	struct fid *fid = (struct fid *)words;
	struct dentry *found;
	int len = MAX_WORDS, type;

	if (!ops->fh_to_parent)
		return cached_parent(hs, handle);
	found = ops->fh_to_parent(lower_sb, (struct fid *)handle->lower,
				  handle->lower_words, handle->lower_type);
	if (IS_ERR_OR_NULL(found))
		return found ?: ERR_PTR(-ESTALE);
	type = exportfs_encode_inode_fh(d_inode(found), fid, &len, NULL, 0);
	dput(found);
	if (type < 0 || type == FILEID_INVALID)
		return ERR_PTR(-ESTALE);
	return exportfs_decode_fh(hs->lower_mnt, fid, len, type, is_inside,
				  hs->lower_root);
}

static struct dentry *fh_to_parent(struct super_block *sb, struct fid *fid,
				   int len, int type)
{
	struct hf_super *hs = hf_super(sb);
	struct handle *handle = verify(sb, fid, len, type);
	struct dentry *lower, *dentry;

	if (!handle || !handle->parent)
		return ERR_PTR(-ESTALE);
	lower = lower_parent(hs, handle);
	if (IS_ERR_OR_NULL(lower))
		return lower ?: ERR_PTR(-ESTALE);
	dentry = upper_alias(sb, lower);
	dput(lower);
	return dentry;
}

/*
 * @child is a directory that came from a handle, so its lower dentry is
 * connected; the parent's is inside unless the child is LOWERDIR itself.
 */
static struct dentry *get_parent(struct dentry *child)
{
	struct hf_super *hs = hf_super(child->d_sb);
	struct dentry *lower = hf_lower_dir(d_inode(child));
	struct dentry *parent, *dentry = ERR_PTR(-ESTALE);

	if (lower == hs->lower_root)
		return dentry;
	parent = dget_parent(lower);
	if (is_subdir(parent, hs->lower_root))
		dentry = upper_alias(child->d_sb, parent);
	dput(parent);
	return dentry;
}

/**
 * hf_commit_metadata - ->commit_metadata
 * @inode: the upper inode
 *
 * What a server has to have on disk before it answers a change of a name.
 *
 * Return: 0 or -errno.
 */
int hf_commit_metadata(struct inode *inode)
{
	struct inode *lower = hf_lower_inode(inode);
	const struct export_operations *ops = lower->i_sb->s_export_op;

	if (ops && ops->commit_metadata)
		return ops->commit_metadata(lower);
	return sync_inode_metadata(lower, 1);
}

const struct export_operations hf_export_operations = {
	.encode_fh		= encode_fh,
	.fh_to_dentry		= fh_to_dentry,
	.fh_to_parent		= fh_to_parent,
	.get_parent		= get_parent,
	.commit_metadata	= hf_commit_metadata,
	.flags			= EXPORT_OP_ASYNC_LOCK,
};
