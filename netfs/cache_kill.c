// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes a version another one: a write here, an answer of the server's, a connection
 * that is lost.  Nothing of its object is believed from then on.  cache_inode.c has how that
 * and an attach beside it find each other.
 */
#include "cache.h"

struct rc_key hf_cache_key_of(const struct hf_netfs_version *version)
{
	struct rc_key key = {
		.path = version->path,
		.generation = version->generation,
		.version = version->version,
		.size = version->size,
		.mtime_sec = version->mtime_sec,
		.mtime_nsec = version->mtime_nsec,
	};

	static_assert(sizeof(key.identity) == sizeof(version->identity));
	memcpy(key.identity, version->identity, sizeof(key.identity));
	return key;
}

/* With a reference: who has none left ends it. */
static void kill_object(struct hf_cache_object *object, enum rc_why why, const struct rc_key *unless)
{
	bool lived = hf_cache_lock(object), died;

	if (!unless || !rc_key_equal(&object->core.key, unless))
		rc_kill(&object->core, why);
	died = lived && object->core.state >= RC_DEAD;
	hf_cache_unlock(object, lived);
	if (died)
		hf_cache_try_end(object);
}

void hf_cache_kill_by(struct hf_netfs_inode *ni, enum rc_why why, const struct rc_key *unless)
{
	struct hf_cache_object *object;

	/*
	 * Counted first: who attaches publishes first, and then looks whether it was.  Of
	 * @unless, too: he has looked his version up before this one was seen.
	 */
	atomic_inc(&ni->changes);
	smp_mb();	/* pairs with confirm() */
	object = hf_cache_of(ni);
	if (!object)
		return;
	kill_object(object, why, unless);
	hf_cache_put(object);
}

/* Its content is about to change here.  Context: any but interrupts; folios may be locked. */
void hf_cache_kill(struct hf_netfs_inode *ni)
{
	if (ni->mount->cache)
		hf_cache_kill_by(ni, RC_WHY_WRITTEN, NULL);
}

u32 hf_netfs_cache_sample(const struct inode *inode)
{
	const struct hf_netfs_inode *ni = container_of_const(inode, struct hf_netfs_inode, vfs);

	return atomic_read_acquire(&ni->changes) +
	       (ni->mount->cache ? READ_ONCE(ni->mount->cache->losses) : 0);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_sample);

void hf_netfs_cache_seen(struct inode *inode, const struct hf_netfs_version *version)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	struct rc_key key;

	if (!ni->mount->cache)
		return;
	if (version)
		key = hf_cache_key_of(version);
	hf_cache_kill_by(ni, RC_WHY_VERSION, version ? &key : NULL);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_seen);

/* Of those that are in use, any one that this loss has not killed; with a reference. */
static struct hf_cache_object *next_lost(struct hf_cache_dir *dir)
{
	struct hf_cache_object *object, *found = NULL;

	spin_lock(&dir->lock);
	list_for_each_entry(object, &dir->objects, of_dir) {
		if (object->losses == dir->losses)
			continue;
		object->losses = dir->losses;
		if (!refcount_inc_not_zero(&object->refs))
			continue;
		list_move_tail(&object->of_dir, &dir->objects);
		found = object;
		break;
	}
	spin_unlock(&dir->lock);
	return found;
}

void hf_netfs_cache_lost(struct hf_netfs_mount *mount)
{
	struct hf_cache_dir *dir = mount->cache;
	struct hf_cache_object *object;

	if (!dir)
		return;
	spin_lock(&dir->lock);
	WRITE_ONCE(dir->losses, dir->losses + 1);
	spin_unlock(&dir->lock);
	smp_mb();	/* pairs with confirm() */
	while ((object = next_lost(dir))) {
		kill_object(object, RC_WHY_VERSION, NULL);
		hf_cache_put(object);
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_lost);
