// SPDX-License-Identifier: GPL-2.0-only
/*
 * An inode's part, and its end.  A request keeps no reference to its inode: the last
 * one would evict it under itself.  Instead eviction waits:
 *
 *  1. Nobody can begin a request any more: the inode has no file, no mapping, no
 *     dirty folio, and read-ahead is refused by HF_NETFS_EVICTING.
 *  2. What waits for a better time is tried now.
 *  3. io_count falls to 0, as the last thing that a request does of the inode.  On a
 *     superblock that goes away a fatal signal aborts the mount, and then each request
 *     ends by itself.
 *  4. Only then the pages go.
 */
#include <linux/types.h>
#include <linux/blk_types.h>
#include <linux/errseq.h>
#include <linux/sched/signal.h>

#include "cache.h"
#include "netfs.h"

const struct address_space_operations hf_netfs_aops = {
	.read_folio = hf_netfs_read_folio,
	.readahead = hf_netfs_readahead,
	.writepages = hf_netfs_writepages,
	.write_begin = hf_netfs_write_begin,
	.write_end = hf_netfs_write_end,
	.dirty_folio = hf_netfs_dirty_folio,
	.release_folio = hf_netfs_release_folio,
	.invalidate_folio = hf_netfs_invalidate_folio,
	.is_partially_uptodate = hf_netfs_partly_uptodate,
	.migrate_folio = hf_netfs_migrate_folio,
	.error_remove_folio = generic_error_remove_folio,
};
EXPORT_SYMBOL_GPL(hf_netfs_aops);

void hf_netfs_inode_init_once(struct hf_netfs_inode *ni)
{
	inode_init_once(&ni->vfs);
	ni->mount = NULL;
	RCU_INIT_POINTER(ni->cache, NULL);
	mutex_init(&ni->wb_lock);
}
EXPORT_SYMBOL_GPL(hf_netfs_inode_init_once);

int hf_netfs_inode_init(struct hf_netfs_inode *ni, struct hf_netfs_mount *mount, loff_t size)
{
	struct address_space *mapping = ni->vfs.i_mapping;

	ni->mount = mount;
	ni->flags = 0;
	ni->opens = 0;
	ni->uses = false;
	ni->readable = false;
	atomic_set(&ni->changes, 0);
	atomic_set(&ni->io_count, 0);
	atomic64_set(&ni->lost, 0);
	if (!rl_size_init(&ni->sizes, size))
		return -EIO;
	i_size_write(&ni->vfs, size);
	if (!S_ISREG(ni->vfs.i_mode))
		return 0;
	mapping->a_ops = &hf_netfs_aops;
	/* Less than a page: ->is_partially_uptodate is asked of what is larger than a block. */
	ni->vfs.i_blkbits = SECTOR_SHIFT;
	/* I2: no folio is larger than a subrequest. */
	mapping_set_folio_order_range(mapping, 0, ilog2(mount->limits.folio >> PAGE_SHIFT));
	return 0;
}
EXPORT_SYMBOL_GPL(hf_netfs_inode_init);

static void hurry(struct hf_netfs_inode *ni, bool report)
{
	struct hf_netfs_mount *mount = ni->mount;
	struct hf_netfs_req *req;

	spin_lock(&mount->lock);
	list_for_each_entry(req, &mount->requests, on_mount) {
		if (req->ni != ni)
			continue;
		if (report)
			pr_warn("holdfast_netfs: %s: inode %lu waits for request %llu, %u s old\n",
				mount->sb->s_id, ni->vfs.i_ino, req->id,
				jiffies_to_msecs(jiffies - req->since) / 1000);
		else
			hf_netfs_hurry(req);
	}
	spin_unlock(&mount->lock);
}

static bool is_done(struct hf_netfs_inode *ni)
{
	return !atomic_read(&ni->io_count);
}

void hf_netfs_wait_for_outstanding_io(struct hf_netfs_inode *ni)
{
	struct super_block *sb = ni->vfs.i_sb;
	unsigned int seconds = 0;

	set_bit(HF_NETFS_EVICTING, &ni->flags);
	smp_mb__after_atomic();
	while (!is_done(ni)) {
		hurry(ni, seconds == 10 || (seconds && seconds % 60 == 0));
		if (wait_var_event_timeout(&ni->io_count, is_done(ni), HZ))
			return;
		seconds++;
		if (!(sb->s_flags & SB_ACTIVE) && fatal_signal_pending(current))
			hf_netfs_abort(ni->mount, -EINTR);
	}
}
EXPORT_SYMBOL_GPL(hf_netfs_wait_for_outstanding_io);

/* An error that no file was told of goes with the inode. */
static void tell_what_was_lost(struct hf_netfs_inode *ni)
{
	errseq_t *error = &ni->vfs.i_mapping->wb_err;
	s64 lost = atomic64_read(&ni->lost);

	if (!lost || !ni->vfs.i_nlink || errseq_sample(error) || !errseq_check(error, 0))
		return;
	pr_warn_ratelimited("holdfast_netfs: %s: %lld bytes of inode %lu could not be written (%d), and nobody was told\n",
			    ni->vfs.i_sb->s_id, lost, ni->vfs.i_ino, errseq_check(error, 0));
}

void hf_netfs_evict(struct inode *inode)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);

	if (S_ISREG(inode->i_mode) && ni->mount) {
		hf_cache_leave(ni);
		hf_netfs_wait_for_outstanding_io(ni);
		hf_cache_forget(ni);
		tell_what_was_lost(ni);
	}
	truncate_inode_pages_final(&inode->i_data);
	ni->mount = NULL;
}
EXPORT_SYMBOL_GPL(hf_netfs_evict);
