// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads from the cache: a try of a subrequest that a worker of the first queue answers.
 * Of what could not be read it says that nobody was asked: the next try is the
 * server's, at once.
 *
 * The reader holds folios, and waits for a worker, which takes locks of the cache's
 * filesystem and none of these: Documentation/netfs-cache.md has why that ends.
 */
#include <linux/file.h>
#include <linux/sched/mm.h>

#include "cache.h"

/* Of an object that was found before: publish() writes them the other way round. */
static bool is_readable(const struct hf_netfs_inode *ni)
{
	smp_rmb();
	return READ_ONCE(ni->readable);
}

/*
 * Whether all of it can be read there now.  A hint: it is asked for once more when it goes
 * out.  Context: folios are locked.
 */
bool hf_cache_has(struct hf_netfs_inode *ni, loff_t pos, size_t len)
{
	struct hf_cache_object *object;
	struct rc_run run = {};

	if (!rcu_access_pointer(ni->cache))
		return false;
	rcu_read_lock();
	object = rcu_dereference(ni->cache);
	if (object && is_readable(ni)) {
		spin_lock(&object->lock);
		run = rc_read_plan(&object->core, pos, len);
		spin_unlock(&object->lock);
	}
	rcu_read_unlock();
	return run.cache && run.len == len;
}

static ssize_t read_file(const struct hf_cache_object *object, loff_t pos, struct iov_iter *to)
{
	struct file *file = object->file;
	struct kiocb iocb;

	hf_cache_assert_worker();
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = RC_DATA + pos;
	if (object->direct)
		iocb.ki_flags |= IOCB_DIRECT;
	return file->f_op->read_iter(&iocb, to);
}

/* Errors of write-back are looked for after the read: what failed before may have been lost. */
static enum rc_outcome outcome_of(const struct hf_cache_object *object, ssize_t got,
				  const struct rc_run *run)
{
	if (got == -ENOMEM)
		return RC_MISSED;
	if (got < run->data)
		return RC_ERROR;
	if (!run->vouched && filemap_check_wb_err(object->file->f_mapping, object->since))
		return RC_ERROR;
	return RC_DONE;
}

/* Return: whether the reader may have it. */
static bool end_read(struct hf_cache_object *object, enum rc_outcome outcome,
		     const struct rc_run *run)
{
	bool lived = hf_cache_lock(object);

	if (outcome == RC_DONE && !rc_read_stands(&object->core, run))
		outcome = RC_MISSED;
	WARN_ON_ONCE(!rc_read_end(&object->core, outcome));
	hf_cache_unlock(object, lived);
	if (outcome == RC_ERROR)
		hf_cache_note(object->dir, outcome);
	return outcome == RC_DONE;
}

/* The next try is the server's. */
static void missed(struct hf_netfs_sub *sub)
{
	hf_netfs_count(cache_misses);
	sub->priv = NULL;
	smp_store_release(&sub->cached, false);	/* pairs with hf_netfs_cancel_sub() */
	hf_netfs_sub_done(sub, 0, 0, HF_NETFS_NOT_ASKED);
}

static void read_work(struct work_struct *work)
{
	struct hf_netfs_sub *sub = container_of(work, struct hf_netfs_sub, work);
	struct hf_cache_object *object = sub->priv;
	unsigned int nofs = memalloc_nofs_save();
	struct rc_run run = {
		.len = iov_iter_count(&sub->iter), .data = sub->cached_data,
		.cache = true, .vouched = sub->cached_vouched,
	};
	struct iov_iter to = sub->iter;
	bool fine;

	fine = end_read(object, outcome_of(object, read_file(object, hf_netfs_sub_pos(sub), &to),
					   &run), &run);
	if (fine) {
		hf_netfs_count(cache_hits);
		hf_netfs_add(cache_hit_bytes, run.data);
		sub->priv = NULL;
		hf_netfs_sub_done(sub, run.data, 0, run.data < run.len ? HF_NETFS_EOF : 0);
	} else {
		missed(sub);
	}
	hf_cache_try_end(object);
	hf_cache_put(object);
	memalloc_nofs_restore(nofs);
}

/*
 * A try that was planned so goes to the first queue.
 *
 * Context: as hf_netfs_ops.issue.
 * Return: false: it is not there any more.
 */
bool hf_cache_issue(struct hf_netfs_sub *sub)
{
	struct hf_cache_object *object = hf_cache_of(sub->req->ni);
	struct rc_run run;
	bool begun;

	if (!object)
		return false;
	if (!is_readable(sub->req->ni)) {
		hf_cache_put(object);
		return false;
	}
	spin_lock(&object->lock);
	begun = rc_read_begin(&object->core, hf_netfs_sub_pos(sub), iov_iter_count(&sub->iter),
			      &run);
	spin_unlock(&object->lock);
	if (!begun) {
		hf_cache_put(object);
		return false;
	}
	sub->cached_data = run.data;
	sub->cached_vouched = run.vouched;
	sub->priv = object;
	INIT_WORK(&sub->work, read_work);
	queue_work(hf_cache_first, &sub->work);
	return true;
}
