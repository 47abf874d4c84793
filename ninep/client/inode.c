// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes: one for each thing of the server's, for as long as it is the same one.
 *
 * Its number may be used again once it is gone.  Then the generation differs, if the
 * server tells it; or else the type, or at least the content's version, with which what
 * is cached goes.  While a file is open here its fid keeps the number.
 */
#include <linux/slab.h>

#include "client.h"
#include "fid.h"
#include "listing.h"

static struct kmem_cache *cache;

static void init_once(void *object)
{
	struct hf9c_inode *hi = object;

	hf_netfs_inode_init_once(&hi->netfs);
	INIT_LIST_HEAD(&hi->paths);
	INIT_LIST_HEAD(&hi->open);
	INIT_LIST_HEAD(&hi->kept);
}

int hf9c_inodes_init(void)
{
	cache = kmem_cache_create("hf_9p_inode", sizeof(struct hf9c_inode), 0,
				  SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	return cache ? 0 : -ENOMEM;
}

void hf9c_inodes_exit(void)
{
	/* Inodes are freed by RCU. */
	rcu_barrier();
	kmem_cache_destroy(cache);
}

struct inode *hf9c_inode_alloc(struct super_block *sb)
{
	struct hf9c_inode *hi = alloc_inode_sb(sb, cache, GFP_KERNEL);

	if (!hi)
		return NULL;
	hi->path = 0;
	hi->gen = 0;
	hi->applied = hi->changed = hi->owned = hi->wrote = hi->versioned = hi->version = 0;
	hi->settled = hi->mtime_settled = hi->guessed = false;
	hi->told = (struct hf9c_told) {};
	hi->moves = 0;
	hi->since = hi->came = 0;
	hi->asker = NULL;
	hi->blocks = 0;
	hi->has_btime = false;
	atomic_set(&hi->walks, 0);
	hi->listing = NULL;
	hi->aside = false;
	hi->writer = NULL;
	hi->writers = 0;
	hi->netfs.mount = NULL;
	hi->locks = (struct hf_lock_inode) {};
	return &hi->netfs.vfs;
}

/* By RCU. */
void hf9c_inode_free(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	kmem_cache_free(cache, hf9c_inode(inode));
}

/* The last iput() of one that goes writes nothing back: dirty ones stay until they are clean. */
int hf9c_inode_drop(struct inode *inode)
{
	return generic_drop_inode(inode) &&
	       !(S_ISREG(inode->i_mode) && hf_netfs_dirty(inode));
}

/* What was asked for before a change of ours is not to be believed of a new inode, either. */
static void remember_change(struct inode *inode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);
	s64 change = max(hi->changed, hi->wrote), last = atomic64_read(&hs->evicted);

	while (last < change && !atomic64_try_cmpxchg(&hs->evicted, &last, change))
		;
}

void hf9c_inode_evict(struct inode *inode)
{
	if (hf9c_inode(inode)->netfs.mount && S_ISREG(inode->i_mode))
		hf_netfs_evict(inode);
	else
		truncate_inode_pages_final(&inode->i_data);
	hf_lock_evict(&hf9c_inode(inode)->locks);
	clear_inode(inode);
	remember_change(inode);
	hf9c_fids_forget(inode);
	hf9c_listing_drop(inode);
	hf9c_writer_drop(inode);
}

/* ------------------------------------------------------------------------ finding */

static u32 gen_of(const struct np_attr *attr)
{
	return attr->valid & NP_ATTR_GEN ? attr->gen : 0;
}

/**
 * hf9c_is - do attributes belong to an inode?
 * @inode: the inode
 * @attr: what the server says of something
 *
 * Return: whether they do.
 */
bool hf9c_is(const struct inode *inode, const struct np_attr *attr)
{
	const struct hf9c_inode *hi = hf9c_inode(inode);
	u32 gen = gen_of(attr);

	return hi->path == attr->qid.path && !((inode->i_mode ^ attr->mode) & S_IFMT) &&
	       (!gen || !hi->gen || gen == hi->gen);
}

static int test(struct inode *inode, void *data)
{
	return hf9c_is(inode, data);
}

static int set(struct inode *inode, void *data)
{
	const struct np_attr *attr = data;
	struct hf9c_inode *hi = hf9c_inode(inode);

	inode->i_ino = attr->qid.path;
	inode->i_mode = attr->mode & (S_IFMT | S_IALLUGO);
	inode->i_generation = gen_of(attr);
	hi->path = attr->qid.path;
	hi->gen = gen_of(attr);
	return 0;
}

static int set_operations(struct inode *inode, const struct np_attr *attr)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	int err;

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		err = hf_netfs_inode_init(&hf9c_inode(inode)->netfs, &hs->netfs,
					  attr->size);
		if (err)
			return err;
		inode->i_op = &hf9c_file_inode_operations;
		inode->i_fop = hs->opts->cache == HF9C_NONE ?
			&hf9c_uncached_file_operations : &hf9c_file_operations;
		return 0;
	case S_IFDIR:
		inode->i_op = &hf9c_dir_inode_operations;
		inode->i_fop = &hf9c_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &hf9c_symlink_inode_operations;
		break;
	default:
		inode->i_op = &hf9c_file_inode_operations;
		init_special_inode(inode, inode->i_mode, new_decode_dev(attr->rdev));
	}
	i_size_write(inode, attr->size);
	return 0;
}

/**
 * hf9c_iget - the inode that attributes belong to
 * @sb: of the mount
 * @attr: what the server says
 * @sample: from before it was asked
 *
 * Context: may sleep; no folio is locked.
 * Return: a reference; or -ENOMEM, -EIO.
 */
struct inode *hf9c_iget(struct super_block *sb, const struct np_attr *attr,
			const struct hf9c_sample *sample)
{
	struct inode *inode;
	int err;

	err = hf9c_check_attr(attr);
	if (err)
		return ERR_PTR(err);
	inode = iget5_locked(sb, attr->qid.path, test, set, (void *)attr);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW)) {
		hf9c_adopt(inode, attr, sample);
		return inode;
	}
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	err = set_operations(inode, attr);
	if (err) {
		iget_failed(inode);
		return ERR_PTR(err);
	}
	hf9c_first_attributes(inode, attr, sample);
	unlock_new_inode(inode);
	return inode;
}
