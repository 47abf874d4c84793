// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object's life: who has it, that it has died, that it is put away.
 *
 * Its memory is kept by references, and an inode's pointer to it is read under RCU.  Its
 * directory and its entry are there until it is put away: so neither is touched but under
 * its lock, while @entry is not NULL, or by who keeps it from being put away: who is counted
 * in @working, a look, and a read up to its end, of which the reader's mount has both.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "cache.h"

/* Return: whether it lived, for hf_cache_unlock(). */
bool hf_cache_lock(struct hf_cache_object *object) __acquires(&object->lock)
{
	spin_lock(&object->lock);
	return object->core.state < RC_DEAD;
}

static void count_death(const struct hf_cache_object *object)
{
	switch (object->core.why) {
	case RC_WHY_WRITTEN:
		hf_netfs_count(cache_killed_written);
		return;
	case RC_WHY_VERSION:
		hf_netfs_count(cache_killed_version);
		return;
	case RC_WHY_HEADER:
		hf_netfs_count(cache_not_believed);
		return;
	default:
		hf_netfs_count(cache_killed_error);
	}
}

/* What has died in this hold of the lock is doomed in it as well. */
void hf_cache_unlock(struct hf_cache_object *object, bool lived) __releases(&object->lock)
{
	struct hf_cache_dir *dir = object->dir;

	lockdep_assert_held(&object->lock);
	if (lived && object->core.state == RC_DEAD && !WARN_ON_ONCE(!object->entry)) {
		spin_lock(&dir->lock);
		WARN_ON_ONCE(!rc_index_doom(&dir->index, object->entry));
		spin_unlock(&dir->lock);
		count_death(object);
	}
	spin_unlock(&object->lock);
}

/* With a reference; or NULL. */
struct hf_cache_object *hf_cache_of(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object;

	if (!rcu_access_pointer(ni->cache))
		return NULL;
	rcu_read_lock();
	object = rcu_dereference(ni->cache);
	if (object && !refcount_inc_not_zero(&object->refs))
		object = NULL;
	rcu_read_unlock();
	return object;
}

void hf_cache_put(struct hf_cache_object *object)
{
	if (refcount_dec_and_test(&object->refs))
		kvfree_rcu(object, rcu);
}

/* ----------------------------------------------------------------------------- its end */

/*
 * In the second queue: a close may free blocks, and wait for a freeze.  (Its entry is idle
 * before, and may be opened again, or removed, meanwhile: it is another struct file then.)
 */
static void put_away(struct work_struct *work)
{
	struct hf_cache_object *object = container_of(work, struct hf_cache_object, work);
	struct hf_cache_dir *dir = object->dir;

	cancel_delayed_work_sync(&object->timer);
	if (object->file)
		__fput_sync(object->file);
	object->file = NULL;
	queue_work(hf_cache_second, &dir->reap);
	hf_cache_put(object);
	hf_cache_dir_put(dir);
}

/* With both locks.  Return: an entry that is nobody's any more; or NULL. */
static struct rc_entry *leave_index(struct hf_cache_object *object, enum rc_end end)
{
	struct rc_index *index = &object->dir->index;
	struct rc_entry *entry = object->entry;

	lockdep_assert_held(&object->dir->lock);
	list_del(&object->of_dir);
	if (end == RC_END_NOTHING) {
		WARN_ON_ONCE(!rc_index_drop(index, entry));
		return entry;
	}
	if (end == RC_END_REMOVE)
		WARN_ON_ONCE(!rc_index_doom(index, entry));
	WARN_ON_ONCE(!rc_index_close(index, entry, entry->bytes, hf_cache_wall()));
	return NULL;
}

/* With its lock, which is let go of. */
static void is_over(struct hf_cache_object *object, enum rc_end end) __releases(&object->lock)
{
	struct rc_entry *entry;

	spin_lock(&object->dir->lock);
	entry = leave_index(object, end);
	spin_unlock(&object->dir->lock);
	object->entry = NULL;
	object->ni = NULL;
	spin_unlock(&object->lock);
	kfree(entry);
	INIT_WORK(&object->work, put_away);
	queue_work(hf_cache_second, &object->work);
}

/* Return: whether to ask once more: a header was due, and has not begun. */
static bool try_end(struct hf_cache_object *object)
{
	bool lived = hf_cache_lock(object);
	enum rc_end end = RC_END_USED;

	if (object->entry && !object->working)
		end = rc_object_end(&object->core, hf_netfs_now(), hf_cache_wall());
	switch (end) {
	case RC_END_KEEP:
	case RC_END_REMOVE:
	case RC_END_NOTHING:
		is_over(object, end);
		return false;
	case RC_END_COMMIT:
		hf_cache_unlock(object, lived);
		return !hf_cache_commit(object);
	default:
		WARN_ON_ONCE(end == RC_END_INVALID);
		hf_cache_unlock(object, lived);
		return false;
	}
}

/*
 * After a use, a kill, or anything in flight has ended.  The caller has a reference.  Who
 * kills it between the two steps may have found it busy.
 *
 * Context: any but interrupts.
 */
void hf_cache_try_end(struct hf_cache_object *object)
{
	if (try_end(object))
		try_end(object);
}

/* The end of what was counted in @working, with its reference. */
void hf_cache_worked(struct hf_cache_object *object)
{
	spin_lock(&object->lock);
	WARN_ON_ONCE(!object->working--);
	spin_unlock(&object->lock);
	hf_cache_try_end(object);
	hf_cache_put(object);
}

/* Bytes of its file.  Context: may sleep; a file that does not say has none. */
u64 hf_cache_allocated(struct file *file)
{
	struct kstat stat;

	if (vfs_getattr_nosec(&file->f_path, &stat, STATX_BLOCKS, AT_STATX_DONT_SYNC))
		return 0;
	return (u64)stat.blocks << SECTOR_SHIFT;
}
