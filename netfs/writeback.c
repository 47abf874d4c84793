// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write-back.  One at a time of an inode: two would wait for each other's folios that
 * are under write-back and not sent yet.
 *
 * What a subrequest needs is in hand before a folio's dirty mark is taken, and from
 * there on nothing is given up: another's fsync, which finds the folio clean and waits
 * for its write-back, would say yes to what was never sent.  What a run waits for
 * with folios under write-back are credits; they come with answers, which take no
 * folio's lock.
 */
#include <linux/sched/mm.h>
#include <linux/writeback.h>

#include "netfs.h"
#include "stats.h"

struct run {
	struct hf_netfs_inode *ni;
	struct hf_netfs_req *req;
	struct rl_plan plan;
};

static void send_rest(struct run *run)
{
	struct rl_piece piece;

	if (rl_plan_end(&run->plan, &piece))
		hf_netfs_send(run->req, &piece);
}

/*
 * A folio adds a piece at the most, and the last one is to come: with less room another
 * request begins, before a folio of it loses its dirty mark, so that there is no moment
 * in which nothing speaks for the sizes.  This one is let go of before that, for the
 * reserve may be all the memory that there is.
 */
static void make_room(struct run *run)
{
	if (run->req && run->req->nr_subs + 2 <= run->req->room)
		return;
	if (run->req) {
		send_rest(run);
		hf_netfs_req_issued(run->req);
	}
	run->req = hf_netfs_req_begin(run->ni, NULL, RL_WRITEPAGES, HF_NETFS_WRITE_SUBS);
}

/* A word that was lost: nobody knows what is to be sent. */
static void lose(struct folio *folio)
{
	WARN_ONCE(1, "holdfast_netfs: a folio is dirty, and nobody knows where\n");
	mapping_set_error(folio->mapping, -EIO);
}

/*
 * A folio whose dirty mark has been taken; i_size is read under its lock.  It is
 * unlocked, and ends with its answer.
 */
static void take(struct run *run, struct folio *folio)
{
	struct rl_folio taken = {
		.word = hf_netfs_word_take(folio),
		.size = folio_size(folio),
		.dirty = true,
		.uptodate = folio_test_uptodate(folio),
	};
	struct rl_span span = rl_dirty(&taken);
	enum rl_added added = RL_ADDED_INVALID;
	struct rl_piece piece;

	folio_start_writeback(folio);
	if (span.from <= span.to)
		added = rl_plan_add(&run->plan, folio_pos(folio), span,
				    i_size_read(&run->ni->vfs), &piece);
	if (added == RL_ADDED_INVALID)
		lose(folio);
	folio_unlock(folio);
	if (added == RL_ADDED_CUT)
		hf_netfs_send(run->req, &piece);
	else if (added != RL_ADDED)
		folio_end_writeback(folio);
}

static int write_run(struct run *run, struct address_space *mapping,
		     struct writeback_control *wbc)
{
	struct folio *folio = NULL;
	int error = 0;

	lockdep_assert_held(&run->ni->wb_lock);
	do {
		make_room(run);
		folio = writeback_iter(mapping, wbc, folio, &error);
		if (!folio)
			break;
		wbc_account_cgroup_owner(wbc, folio, folio_size(folio));
		take(run, folio);
	} while (true);
	send_rest(run);
	hf_netfs_req_issued(run->req);
	return error;
}

/* ->writepages */
int hf_netfs_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	struct run run = { .ni = hf_netfs_inode(mapping->host) };
	unsigned int nofs;
	int ret;

	if (!mapping_tagged(mapping, PAGECACHE_TAG_DIRTY))
		return 0;
	if (wbc->sync_mode != WB_SYNC_NONE)
		mutex_lock(&run.ni->wb_lock);
	else if (!mutex_trylock(&run.ni->wb_lock))
		return 0;
	nofs = memalloc_nofs_save();
	hf_netfs_count(writebacks);
	rl_plan_init(&run.plan, &run.ni->mount->limits, RL_WRITEPAGES);
	ret = write_run(&run, mapping, wbc);
	memalloc_nofs_restore(nofs);
	mutex_unlock(&run.ni->wb_lock);
	return ret;
}

/*
 * Write back and wait, without taking note of what failed before, which is for fsync
 * to tell.
 *
 * Return: 0, or an error if bytes of this file were lost meanwhile.
 */
int hf_netfs_flush(struct inode *inode, loff_t from, loff_t last)
{
	struct address_space *mapping = inode->i_mapping;
	atomic64_t *lost = &hf_netfs_inode(inode)->lost;
	s64 before = atomic64_read(lost);

	filemap_fdatawrite_range(mapping, from, last);
	filemap_fdatawait_range_keep_errors(mapping, from, last);
	if (atomic64_read(lost) == before)
		return 0;
	return errseq_check(&mapping->wb_err, 0) ?: -EIO;
}

int hf_netfs_fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	return file_write_and_wait_range(file, start, last);
}
EXPORT_SYMBOL_GPL(hf_netfs_fsync);
