// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, all under i_lock; and what of the cache goes when they change. */
#include "cache.h"
#include "netfs.h"
#include "stats.h"
#include "trace.h"

bool hf_netfs_dirty(struct inode *inode)
{
	return mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY) ||
	       mapping_tagged(inode->i_mapping, PAGECACHE_TAG_WRITEBACK);
}
EXPORT_SYMBOL_GPL(hf_netfs_dirty);

/* With i_lock. */
static void publish(struct hf_netfs_inode *ni)
{
	lockdep_assert_held(&ni->vfs.i_lock);
	if (i_size_read(&ni->vfs) != ni->sizes.i_size) {
		trace_hf_netfs_size(ni);
		i_size_write(&ni->vfs, ni->sizes.i_size);
	}
}

struct rl_sample hf_netfs_sample(struct inode *inode)
{
	struct rl_sample sample;

	spin_lock(&inode->i_lock);
	sample = rl_size_sample(&hf_netfs_inode(inode)->sizes);
	spin_unlock(&inode->i_lock);
	return sample;
}
EXPORT_SYMBOL_GPL(hf_netfs_sample);

bool hf_netfs_stale(struct inode *inode)
{
	bool stale;

	spin_lock(&inode->i_lock);
	stale = rl_size_stale(&hf_netfs_inode(inode)->sizes);
	spin_unlock(&inode->i_lock);
	return stale;
}
EXPORT_SYMBOL_GPL(hf_netfs_stale);

static void doubt(struct inode *inode, loff_t from)
{
	spin_lock(&inode->i_lock);
	rl_size_doubt(&hf_netfs_inode(inode)->sizes, from);
	spin_unlock(&inode->i_lock);
}

int hf_netfs_drop(struct inode *inode, loff_t from)
{
	hf_netfs_count(drops);
	if (hf_netfs_forget(inode->i_mapping, from >> PAGE_SHIFT, -1))
		return 0;
	doubt(inode, from);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(hf_netfs_drop);

/* S3: the cache was dropped, now the size. */
static bool grow(struct inode *inode, const struct rl_size_change *change)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	bool grown;

	spin_lock(&inode->i_lock);
	grown = rl_size_grow(&ni->sizes, change, hf_netfs_dirty(inode));
	publish(ni);
	spin_unlock(&inode->i_lock);
	return grown;
}

bool hf_netfs_attributes(struct inode *inode, struct rl_sample sample, loff_t size)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	struct rl_size_change change;
	enum rl_size_says says;

	spin_lock(&inode->i_lock);
	says = rl_size_attributes(&ni->sizes, sample, size, hf_netfs_dirty(inode), &change);
	publish(ni);
	spin_unlock(&inode->i_lock);
	switch (says) {
	case RL_SIZE_SAME:
		return true;
	case RL_SIZE_DROP:
		hf_netfs_drop(inode, change.drop_from);
		return true;
	case RL_SIZE_DROP_FIRST:
		hf_netfs_drop(inode, change.drop_from);
		return grow(inode, &change);
	default:
		hf_netfs_count(attributes_late);
		return false;
	}
}
EXPORT_SYMBOL_GPL(hf_netfs_attributes);

/* A write into the cache ends at @end; its folio is locked, and dirty by now. */
void hf_netfs_extend(struct hf_netfs_inode *ni, loff_t end)
{
	if (end <= i_size_read(&ni->vfs))
		return;
	spin_lock(&ni->vfs.i_lock);
	rl_size_extend(&ni->sizes, end);
	publish(ni);
	spin_unlock(&ni->vfs.i_lock);
}

void hf_netfs_write_begins(struct hf_netfs_inode *ni)
{
	hf_cache_kill(ni);
	spin_lock(&ni->vfs.i_lock);
	rl_size_write_begin(&ni->sizes);
	spin_unlock(&ni->vfs.i_lock);
}

/* With i_lock. */
static void written(struct hf_netfs_inode *ni, const struct rl_result *result)
{
	WARN_ON_ONCE(!rl_size_written(&ni->sizes, result));
	if (!ni->sizes.writes)
		wake_up_var(&ni->sizes);
}

/* RL_EXIT_SIZES: what a request has shown of the server's size. */
void hf_netfs_sizes_in(struct hf_netfs_req *req)
{
	struct hf_netfs_inode *ni = req->ni;

	req->result = rl_req_result(&req->core);
	spin_lock(&ni->vfs.i_lock);
	if (hf_netfs_writes(req))
		written(ni, &req->result);
	else
		rl_size_read(&ni->sizes, &req->result, hf_netfs_dirty(&ni->vfs));
	publish(ni);
	spin_unlock(&ni->vfs.i_lock);
}

/* Likewise, of a write past the layer, after hf_netfs_write_begins(). */
void hf_netfs_sizes_written(struct hf_netfs_inode *ni, const struct rl_result *result)
{
	spin_lock(&ni->vfs.i_lock);
	written(ni, result);
	publish(ni);
	spin_unlock(&ni->vfs.i_lock);
}

/* ----------------------------------------------------------------- a write behind the end */

static struct rl_bytes ask_gap(struct hf_netfs_inode *ni, loff_t pos)
{
	struct rl_bytes gap;

	spin_lock(&ni->vfs.i_lock);
	gap = rl_size_gap(&ni->sizes, pos);
	spin_unlock(&ni->vfs.i_lock);
	return gap;
}

/* The folio at @pos, locked and not being sent; or NULL. */
static struct folio *lock_at(struct inode *inode, loff_t pos)
{
	struct folio *folio = filemap_lock_folio(inode->i_mapping, pos >> PAGE_SHIFT);

	if (IS_ERR(folio))
		return NULL;
	folio_wait_writeback(folio);
	return folio;
}

/* (No byte is at the end of what an offset can say.) */
static loff_t end_of(struct folio *folio)
{
	loff_t size = folio_size(folio);

	return folio_pos(folio) > LLONG_MAX - size ? LLONG_MAX : folio_pos(folio) + size;
}

/* What mmap left behind the end, in the folio that has it, is seen by nobody. */
static void zero_in(struct folio *folio, struct rl_bytes gap)
{
	loff_t end = min(gap.to, end_of(folio));

	if (!folio_test_uptodate(folio) || gap.from < folio_pos(folio) || gap.from >= end)
		return;
	hf_cache_kill(hf_netfs_inode(folio->mapping->host));
	folio_zero_segment(folio, gap.from - folio_pos(folio), end - folio_pos(folio));
}

/* In the folio at @size, which is the end unless that has moved.  Where it is. */
static struct rl_bytes zero_at(struct inode *inode, loff_t size, loff_t pos, loff_t *behind)
{
	struct folio *folio = lock_at(inode, size);
	struct rl_bytes gap = ask_gap(hf_netfs_inode(inode), pos);

	*behind = gap.from > LLONG_MAX - PAGE_SIZE ? LLONG_MAX : round_up(gap.from, PAGE_SIZE);
	if (!folio)
		return gap;
	zero_in(folio, gap);
	*behind = max(*behind, end_of(folio));
	folio_unlock(folio);
	folio_put(folio);
	return gap;
}

/*
 * Before a write at @pos: zeroes between the end of the file and there, in what is
 * cached.  Behind the folio at the end there may be what is left of a larger file.
 *
 * Context: i_rwsem.
 */
void hf_netfs_zero_gap(struct inode *inode, loff_t pos)
{
	loff_t size, behind;
	struct rl_bytes gap;

	lockdep_assert_held_write(&inode->i_rwsem);
	do {
		size = i_size_read(inode);
		if (pos <= size)
			return;
		gap = zero_at(inode, size, pos, &behind);
	} while (gap.from < gap.to && gap.from != size);
	if (behind < gap.to)
		truncate_pagecache_range(inode, behind, gap.to - 1);
}

/* -------------------------------------------------------------------------- resize */

static bool begin_resize(struct hf_netfs_inode *ni)
{
	bool begun;

	spin_lock(&ni->vfs.i_lock);
	begun = rl_size_resize_begin(&ni->sizes);
	spin_unlock(&ni->vfs.i_lock);
	return begun;
}

/* Clean, and with the write-back mutex, so that it stays so but for pages that are pinned. */
static int settle(struct hf_netfs_inode *ni)
{
	/* What cannot be written is no reason not to truncate; fsync tells of it. */
	for (;;) {
		hf_netfs_flush(&ni->vfs, 0, LLONG_MAX);
		mutex_lock(&ni->wb_lock);
		if (!hf_netfs_dirty(&ni->vfs))
			return 0;
		mutex_unlock(&ni->wb_lock);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static void after_resize(struct inode *inode, const struct rl_size_change *change,
			 enum rl_size_says says)
{
	if (change->truncate_from != RL_SIZE_MAX)
		truncate_pagecache(inode, change->truncate_from);
	if (says == RL_SIZE_DROP || says == RL_SIZE_DROP_FIRST)
		hf_netfs_drop(inode, change->drop_from);
	if (says == RL_SIZE_DROP_FIRST)
		WARN_ON_ONCE(!grow(inode, change));
}

/* With the write-back mutex. */
static int resize(struct hf_netfs_inode *ni, loff_t size, void *data)
{
	struct rl_size_change change = { .truncate_from = RL_SIZE_MAX };
	enum rl_size_says says;
	int ret;

	lockdep_assert_held(&ni->wb_lock);
	hf_cache_kill(ni);
	wait_var_event(&ni->sizes, begin_resize(ni));
	ret = ni->mount->ops->resize(&ni->vfs, size, data);
	spin_lock(&ni->vfs.i_lock);
	says = rl_size_resized(&ni->sizes, size, !ret, &change);
	publish(ni);
	spin_unlock(&ni->vfs.i_lock);
	if (!ret)
		after_resize(&ni->vfs, &change, says);
	return ret;
}

int hf_netfs_resize(struct inode *inode, loff_t size, void *data)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	int ret;

	lockdep_assert_held_write(&inode->i_rwsem);
	inode_dio_wait(inode);
	filemap_invalidate_lock(inode->i_mapping);
	ret = settle(ni);
	if (!ret) {
		ret = resize(ni, size, data);
		mutex_unlock(&ni->wb_lock);
	}
	filemap_invalidate_unlock(inode->i_mapping);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_resize);

/* ------------------------------------------------- what the server changes by itself */

/* Nothing is read into the cache, or dirtied, meanwhile. */
static int drop_range(struct inode *inode, loff_t from, loff_t last)
{
	if (from > last)
		return 0;
	hf_netfs_count(drops);
	return invalidate_inode_pages2_range(inode->i_mapping, from >> PAGE_SHIFT,
					     last >> PAGE_SHIFT);
}

/* With the write-back mutex. */
static int change(struct hf_netfs_inode *ni, const struct hf_netfs_change *how)
{
	struct rl_size_change change = { .truncate_from = RL_SIZE_MAX };
	struct inode *inode = &ni->vfs;
	enum rl_size_says says;
	loff_t size = -1;
	int ret;

	lockdep_assert_held(&ni->wb_lock);
	hf_cache_kill(ni);
	ret = drop_range(inode, how->from, how->last);
	if (ret)
		return ret;
	wait_var_event(&ni->sizes, begin_resize(ni));
	ret = how->ask(inode, how->data, &size);
	spin_lock(&inode->i_lock);
	says = rl_size_resized(&ni->sizes, size < 0 ? ni->sizes.server : size,
			       !ret && size >= 0, &change);
	publish(ni);
	spin_unlock(&inode->i_lock);
	if (!ret && size >= 0)
		after_resize(inode, &change, says);
	return ret;
}

int hf_netfs_change(struct inode *inode, const struct hf_netfs_change *how)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	int ret;

	lockdep_assert_held_write(&inode->i_rwsem);
	inode_dio_wait(inode);
	filemap_invalidate_lock(inode->i_mapping);
	ret = settle(ni);
	if (!ret) {
		ret = change(ni, how);
		mutex_unlock(&ni->wb_lock);
	}
	filemap_invalidate_unlock(inode->i_mapping);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_change);
