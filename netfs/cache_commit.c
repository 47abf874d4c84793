// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers: the server is asked whether it has the version still; its answer, or that there
 * is none to ask, queues the rest.  No worker waits for the server, and no reader for a header.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cache.h"

/* One question. */
struct hf_netfs_asked {
	struct hf_cache_object *object;
};

/* --------------------------------------------------------------------------- the question */

/* The header under way has its reference, and keeps it from being put away. */
void hf_netfs_cache_answer(struct hf_netfs_asked *asked, const struct hf_netfs_version *version)
{
	struct hf_cache_object *object = asked->object;
	struct rc_key key;
	bool lived;

	if (version)
		key = hf_cache_key_of(version);
	lived = hf_cache_lock(object);
	if (version && rc_key_equal(&object->core.key, &key))
		rc_commit_confirm(&object->core);
	else if (version)
		rc_kill(&object->core, RC_WHY_VERSION);
	hf_cache_unlock(object, lived);
	kfree(asked);
	queue_work(hf_cache_headers, &object->commit);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_answer);

/*
 * By whom it is asked, kept by its count of requests: hf_cache_leave() comes before that is
 * waited for.
 */
static struct hf_netfs_inode *asker(struct hf_cache_object *object)
{
	struct hf_netfs_inode *ni;

	spin_lock(&object->lock);
	ni = object->ni;
	if (ni)
		atomic_inc(&ni->io_count);
	spin_unlock(&object->lock);
	return ni;
}

/* Return: whether the answer queues the rest. */
static bool ask(struct hf_cache_object *object)
{
	struct hf_netfs_asked *asked = kmalloc(sizeof(*asked), GFP_NOFS);
	struct hf_netfs_inode *ni = asked ? asker(object) : NULL;
	bool sent = false;

	if (ni) {
		asked->object = object;
		sent = !ni->mount->ops->version(&ni->vfs, asked);
		hf_netfs_io_end(ni);
	}
	if (!sent)
		kfree(asked);
	return sent;
}

void hf_cache_ask_work(struct work_struct *work)
{
	struct hf_cache_object *object = container_of(work, struct hf_cache_object, ask);
	unsigned int nofs = memalloc_nofs_save();

	if (!ask(object))
		queue_work(hf_cache_headers, &object->commit);
	memalloc_nofs_restore(nofs);
}

/*
 * The first step of a header, if one is due.  The question is a work item's: who is here may
 * be the one who receives its answer.
 *
 * Context: any but interrupts; the caller has a reference.
 * Return: whether one has begun.
 */
bool hf_cache_commit(struct hf_cache_object *object)
{
	bool begun = false;

	spin_lock(&object->lock);
	if (object->entry)
		begun = rc_commit_begin(&object->core, hf_netfs_now(), hf_cache_wall());
	if (begun) {
		object->working++;
		refcount_inc(&object->refs);
	}
	spin_unlock(&object->lock);
	if (begun)
		queue_work(hf_cache_headers, &object->ask);
	return begun;
}

/* With its lock.  put_away() waits for the timer, once @entry is NULL. */
static void arm(struct hf_cache_object *object, u64 now)
{
	u64 when = rc_commit_when(&object->core);

	lockdep_assert_held(&object->lock);
	if (when == RL_NEVER)
		return;
	when = when > now ? min_t(u64, when - now, INT_MAX) : 0;
	queue_delayed_work(hf_cache_headers, &object->timer, msecs_to_jiffies(when) + 1);
}

/* One that is due begins; else the timer is for it. */
void hf_cache_commit_if_due(struct hf_cache_object *object)
{
	u64 now = hf_netfs_now();
	bool due = false;

	spin_lock(&object->lock);
	if (object->entry) {
		due = rc_commit_due(&object->core, now, hf_cache_wall());
		if (!due)
			arm(object, now);
	}
	spin_unlock(&object->lock);
	if (due)
		hf_cache_commit(object);
}

/* put_away() waits for it, and the object stays until then. */
void hf_cache_timer(struct work_struct *work)
{
	hf_cache_commit_if_due(container_of(to_delayed_work(work), struct hf_cache_object, timer));
}

/* -------------------------------------------------------------------------------- the rest */

static enum rc_outcome sync(struct hf_cache_object *object, bool started)
{
	int err;

	hf_cache_assert_worker();
	/* One that was opened while it was frozen has nothing that was filled. */
	if (object->read_only)
		return RC_MISSED;
	if (!started)
		return RC_FROZEN;
	err = vfs_fsync(object->file, 0);
	/* Whatever it was, what was to be written may be lost: for another time is no answer. */
	if (err == -ENOSPC || err == -EDQUOT)
		return RC_FULL;
	return err ? RC_ERROR : RC_DONE;
}

static enum rc_outcome write_slot(struct hf_cache_object *object, u8 *slot, loff_t place)
{
	struct kvec vec = { .iov_base = slot, .iov_len = RC_SLOT };
	struct file *file = object->file;
	struct iov_iter from;
	struct kiocb iocb;
	ssize_t ret;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, RC_SLOT);
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = place;
	iocb.ki_flags |= IOCB_WRITE;
	ret = file->f_op->write_iter(&iocb, &from);
	if (ret < 0)
		return ret == -EINTR ? RC_ERROR : hf_cache_outcome(ret);
	return ret == RC_SLOT ? RC_DONE : RC_FULL;
}

static void written(struct hf_cache_object *object, enum rc_outcome outcome)
{
	struct hf_cache_dir *dir = object->dir;
	u64 bytes = hf_cache_allocated(object->file);
	bool lived = hf_cache_lock(object);

	WARN_ON_ONCE(!rc_commit_written(&object->core, outcome, hf_netfs_now()));
	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_bytes(&dir->index, object->entry, bytes));
	spin_unlock(&dir->lock);
	hf_cache_unlock(object, lived);
}

static enum rc_commit synced(struct hf_cache_object *object, enum rc_outcome outcome, u8 *slot,
			     u32 *place)
{
	enum rc_commit what;
	bool lived = hf_cache_lock(object);

	what = rc_commit_synced(&object->core, outcome, hf_netfs_now(), slot, place);
	hf_cache_unlock(object, lived);
	WARN_ON_ONCE(what == RC_COMMIT_INVALID);
	return what;
}

/* fsync may begin a transaction, which waits for a freezer: so it is tried first. */
static enum rc_outcome commit(struct hf_cache_object *object, u8 *slot)
{
	struct super_block *sb = file_inode(object->file)->i_sb;
	bool started = !object->read_only && sb_start_write_trylock(sb);
	enum rc_outcome outcome = sync(object, started);
	u32 place;

	if (synced(object, outcome, slot, &place) == RC_COMMIT_WRITE) {
		rc_header_seal(slot);
		outcome = write_slot(object, slot, place);
		written(object, outcome);
		if (outcome == RC_DONE)
			hf_netfs_count(cache_commits);
	} else {
		hf_netfs_count(cache_commits_put_off);
	}
	if (started)
		sb_end_write(sb);
	return outcome;
}

void hf_cache_commit_work(struct work_struct *work)
{
	struct hf_cache_object *object = container_of(work, struct hf_cache_object, commit);
	unsigned int nofs = memalloc_nofs_save();
	u8 *slot = kmalloc(RC_SLOT, GFP_KERNEL | __GFP_NOWARN);
	u32 place;

	if (slot)
		hf_cache_note(object->dir, commit(object, slot));
	else
		synced(object, RC_MISSED, NULL, &place);
	kfree(slot);
	hf_cache_commit_if_due(object);
	hf_cache_worked(object);
	memalloc_nofs_restore(nofs);
}
