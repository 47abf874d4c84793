// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a directory's filesystem is, how much it may have, and what is removed there.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "cache.h"

#define LEAST_BYTES	(16ULL << 20)
#define LEAST_OBJECTS	16

/* ----------------------------------------------------------------- how its filesystem is */

enum rc_outcome hf_cache_outcome(ssize_t error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return RC_FULL;
	case -EROFS:
		return RC_READ_ONLY;
	case -ENOMEM:
	case -EINTR:
	case -ENOTDIR:	/* of somebody else's in the directory */
	case -ESTALE:
		return RC_MISSED;
	default:
		return error < 0 ? RC_ERROR : RC_DONE;
	}
}

static const char * const states[RC_NR_OUTCOMES] = {
	[RC_DONE] = "well again",
	[RC_FULL] = "full",
	[RC_FROZEN] = "frozen",
	[RC_READ_ONLY] = "read-only",
	[RC_ERROR] = "failing",
	[RC_MISSED] = "not asked",
};

/* Without a lock: @changed and @state are what the core has said under it. */
void hf_cache_tell(struct hf_cache_dir *dir, bool changed, enum rc_outcome state)
{
	if (!changed || WARN_ON_ONCE(state >= RC_NR_OUTCOMES))
		return;
	pr_notice("holdfast_netfs: the cache's filesystem %s is %s\n",
		  dir->path.mnt->mnt_sb->s_id, states[state]);
	/* What could not be removed is tried once more. */
	if (state != RC_DONE)
		return;
	spin_lock(&dir->lock);
	rc_index_retry(&dir->index);
	spin_unlock(&dir->lock);
	queue_work(hf_cache_second, &dir->reap);
}

static void note(struct hf_cache_dir *dir, enum rc_outcome outcome)
{
	enum rc_outcome state;
	bool changed;

	spin_lock(&dir->lock);
	changed = rc_health_note(&dir->health, outcome, hf_netfs_now());
	state = dir->health.state;
	spin_unlock(&dir->lock);
	hf_cache_tell(dir, changed, state);
}

/* What became of something.  Culling is worth a look where it is full. */
void hf_cache_note(struct hf_cache_dir *dir, enum rc_outcome outcome)
{
	note(dir, outcome);
	if (outcome == RC_FULL)
		queue_work(hf_cache_second, &dir->reap);
}

/* ----------------------------------------------------------------------------- removal */

static struct rc_entry *next_victim(struct hf_cache_dir *dir)
{
	struct rc_entry *entry;

	spin_lock(&dir->lock);
	entry = rc_index_victim(&dir->index);
	spin_unlock(&dir->lock);
	return entry;
}

/* Return: whether it is gone. */
static bool remove(struct hf_cache_dir *dir, struct rc_entry *entry)
{
	int err = hf_cache_unlink(dir, &entry->key);
	/* (What is no file is not ours, whatever it is called.) */
	bool removed = !err || err == -ENOENT || err == -EISDIR;

	if (removed && entry->outdated)
		hf_netfs_count(cache_outdated);
	else if (removed)
		hf_netfs_count(cache_culled);
	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_left(&dir->index, entry, removed));
	spin_unlock(&dir->lock);
	if (removed)
		kfree(entry);
	/* (A success is one of the memory's, and says nothing of the disk.) */
	if (!removed)
		note(dir, hf_cache_outcome(err));
	return removed;
}

void hf_cache_reap(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(work, struct hf_cache_dir, reap);
	unsigned int nofs = memalloc_nofs_save();
	struct rc_entry *entry;
	bool stuck;

	do {
		entry = next_victim(dir);
		cond_resched();
	} while (entry && remove(dir, entry));
	spin_lock(&dir->lock);
	stuck = dir->index.stuck;
	spin_unlock(&dir->lock);
	if (stuck)
		queue_delayed_work(hf_cache_second, &dir->retry, msecs_to_jiffies(RC_RETRY_MS));
	memalloc_nofs_restore(nofs);
}

void hf_cache_retry(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(to_delayed_work(work), struct hf_cache_dir, retry);

	spin_lock(&dir->lock);
	rc_index_retry(&dir->index);
	spin_unlock(&dir->lock);
	queue_work(hf_cache_second, &dir->reap);
}

/* ------------------------------------------------------------------------------ limits */

static struct rc_mark marks(u64 stop, u64 apart)
{
	u64 cull = stop - max(stop / 16, apart);

	return (struct rc_mark) { .run = cull - cull / 8, .cull = cull, .stop = stop };
}

/* Its first ones, or others. */
static bool take_limits(struct hf_cache_dir *dir, const struct rc_limits *limits)
{
	bool fine;

	if (dir->state == HF_CACHE_OPENING)
		return rc_index_init(&dir->index, limits);
	spin_lock(&dir->lock);
	fine = rc_index_limit(&dir->index, limits);
	spin_unlock(&dir->lock);
	return fine;
}

int hf_cache_set_limits(struct hf_cache_dir *dir, const char **why)
{
	const struct hf_netfs_cache_limits *wished = &dir->wished;
	struct rc_limits limits;
	struct kstatfs stat;
	u64 bytes = wished->bytes;
	int err;

	*why = "how large its filesystem is is not known";
	err = vfs_statfs(&dir->path, &stat);
	if (err)
		return err;
	if (!bytes)
		bytes = max_t(u64, (u64)stat.f_blocks * stat.f_bsize / 5, LEAST_BYTES);
	limits.bytes = marks(bytes, RC_FILL_MAX);
	limits.objects = marks(wished->objects ?: 100000, 1);
	*why = "limits of less than 16 MiB or 16 files";
	if (bytes < LEAST_BYTES || (wished->objects && wished->objects < LEAST_OBJECTS))
		return -EINVAL;
	*why = "limits that cannot be";
	return take_limits(dir, &limits) ? 0 : -EINVAL;
}
