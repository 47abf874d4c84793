// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which object an inode has.  It has its last one until that is another's turn, or it is
 * evicted: what was read into its folios may be on its way to the object still, and a write
 * to them has to find it.
 *
 * An inode of which somebody may write has none attached: the pointer is published first,
 * and who opens for writing is looked for after; he counts himself first, and looks for the
 * pointer when he changes something.  So one of the two sees the other.
 */
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "cache.h"

static struct rc_key key_of(const struct hf_netfs_version *version)
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

/* --------------------------------------------------------------------------- kills */

static void kill(struct hf_netfs_inode *ni, enum rc_why why,
		 const struct hf_netfs_version *unless)
{
	struct hf_cache_object *object;
	struct rc_key key;
	bool lived;

	if (!rcu_access_pointer(ni->cache))
		return;
	if (unless)
		key = key_of(unless);
	rcu_read_lock();
	object = rcu_dereference(ni->cache);
	if (object) {
		lived = hf_cache_lock(object);
		if (!unless || !rc_key_equal(&object->core.key, &key))
			rc_kill(&object->core, why);
		hf_cache_unlock(object, lived);
	}
	rcu_read_unlock();
}

/* Its content is about to change here.  Context: any but interrupts; folios may be locked. */
void hf_cache_kill(struct hf_netfs_inode *ni)
{
	if (!ni->mount->cache)
		return;
	/* After whatever shows that somebody writes; see above. */
	smp_mb();
	kill(ni, RC_WHY_WRITTEN, NULL);
}

void hf_netfs_cache_seen(struct inode *inode, const struct hf_netfs_version *version)
{
	kill(hf_netfs_inode(inode), RC_WHY_VERSION, version);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_seen);

void hf_netfs_cache_lost(struct hf_netfs_mount *mount)
{
	struct super_block *sb = mount->sb;
	struct inode *inode;

	if (!mount->cache)
		return;
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		if (S_ISREG(inode->i_mode))
			kill(hf_netfs_inode(inode), RC_WHY_VERSION, NULL);
	spin_unlock(&sb->s_inode_list_lock);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_lost);

/* -------------------------------------------------------------------------- attach */

/* A user less.  The caller has a reference, which it keeps. */
static void unuse(struct hf_cache_object *object)
{
	bool lived = hf_cache_lock(object);

	WARN_ON_ONCE(!rc_unuse(&object->core));
	hf_cache_unlock(object, lived);
	hf_cache_try_end(object);
}

static struct hf_cache_object *alloc(const struct rc_key *key, struct rc_entry **spare)
{
	u32 words = rc_object_words(key);
	struct hf_cache_object *object;

	object = kvzalloc(struct_size(object, bits, words), GFP_KERNEL);
	*spare = kzalloc(sizeof(**spare), GFP_KERNEL);
	if (object && *spare) {
		spin_lock_init(&object->lock);
		refcount_set(&object->refs, 1);
		INIT_WORK(&object->commit, hf_cache_commit_work);
		return object;
	}
	kvfree(object);
	kfree(*spare);
	*spare = NULL;
	return NULL;
}

/* With a reference of the caller's, and a use; or NULL. */
static struct hf_cache_object *share(struct hf_cache_object *object)
{
	bool lived = hf_cache_lock(object);
	bool used = rc_use(&object->core);

	hf_cache_unlock(object, lived);
	if (used)
		return object;
	hf_cache_put(object);
	return NULL;
}

/* With the new object's lock: who finds it in the index waits until it is one. */
static enum rc_found enter(struct hf_cache_dir *dir, const struct rc_key *key, s64 changed,
			   struct rc_entry *spare, struct hf_cache_object *object,
			   struct hf_cache_object **there)
{
	struct rc_entry *entry;
	enum rc_found found;

	spin_lock(&dir->lock);
	found = rc_index_open(&dir->index, key, spare, object, &entry);
	if (found == RC_FOUND_SHARED) {
		*there = entry->object;
		if (!refcount_inc_not_zero(&(*there)->refs))
			found = RC_FOUND_BUSY;
	}
	spin_unlock(&dir->lock);
	if (found != RC_FOUND && found != RC_FOUND_NEW && found != RC_FOUND_MAYBE)
		return found;
	object->dir = dir;
	object->entry = entry;
	hf_cache_dir_get(dir);
	WARN_ON_ONCE(!rc_object_init(&object->core, key, changed, object->bits,
				     found != RC_FOUND_NEW, hf_netfs_now(), hf_cache_wall()));
	return found;
}

/* With a reference, and a use, of the caller's; or NULL. */
static struct hf_cache_object *find(struct hf_cache_dir *dir, const struct rc_key *key,
				    s64 changed)
{
	struct hf_cache_object *object, *there;
	struct rc_entry *spare;
	enum rc_found found;

	object = alloc(key, &spare);
	if (!object)
		return NULL;
	spin_lock(&object->lock);
	found = enter(dir, key, changed, spare, object, &there);
	spin_unlock(&object->lock);
	if (found == RC_FOUND || found == RC_FOUND_NEW || found == RC_FOUND_MAYBE) {
		if (found == RC_FOUND)
			kfree(spare);
		/* The caller's, and the look's. */
		refcount_add(2, &object->refs);
		hf_cache_look(object, found);
		return object;
	}
	kvfree(object);
	kfree(spare);
	if (found == RC_FOUND_SHARED)
		return share(there);
	if (found == RC_FOUND_STOP)
		queue_work(hf_cache_second, &dir->reap);
	return NULL;
}

/* Whether its object is that version's, alive, and has the inode as a user now. */
static bool has(struct hf_netfs_inode *ni, const struct rc_key *key)
{
	struct hf_cache_object *object;
	bool lived, fine;

	lockdep_assert_held(&ni->vfs.i_lock);
	object = rcu_dereference_protected(ni->cache, lockdep_is_held(&ni->vfs.i_lock));
	if (!object)
		return false;
	lived = hf_cache_lock(object);
	fine = object->core.state < RC_DEAD && rc_key_equal(&object->core.key, key) &&
	       (ni->uses || rc_use(&object->core));
	if (fine && !object->ni)
		object->ni = ni;
	hf_cache_unlock(object, lived);
	ni->uses |= fine;
	return fine;
}

/* The inode's from now on.  Return: what it had, with its reference; @used: and its use. */
static struct hf_cache_object *publish(struct hf_netfs_inode *ni,
				       struct hf_cache_object *object, bool *used)
{
	struct hf_cache_object *old;
	bool lived;

	lockdep_assert_held(&ni->vfs.i_lock);
	old = rcu_dereference_protected(ni->cache, lockdep_is_held(&ni->vfs.i_lock));
	*used = ni->uses;
	rcu_assign_pointer(ni->cache, object);
	ni->uses = true;
	lived = hf_cache_lock(object);
	if (object->entry && !object->ni)
		object->ni = ni;
	hf_cache_unlock(object, lived);
	return old;
}

static void install(struct hf_netfs_inode *ni, struct hf_cache_object *object,
		    const struct rc_key *key)
{
	struct hf_cache_object *old = object;
	bool used = true;

	spin_lock(&ni->vfs.i_lock);
	/* Another open may have been as far. */
	if (ni->opens && !has(ni, key))
		old = publish(ni, object, &used);
	spin_unlock(&ni->vfs.i_lock);
	if (!old)
		return;
	if (used)
		unuse(old);
	hf_cache_put(old);
}

static bool may_change(struct hf_netfs_inode *ni)
{
	return inode_is_open_for_write(&ni->vfs) || hf_netfs_dirty(&ni->vfs);
}

static void attach(struct hf_netfs_inode *ni, const struct rc_key *key, s64 changed)
{
	struct hf_cache_object *object;

	if (may_change(ni))
		return;
	object = find(ni->mount->cache, key, changed);
	if (!object)
		return;
	install(ni, object, key);
	smp_mb();	/* pairs with hf_cache_kill() */
	if (may_change(ni))
		hf_cache_kill(ni);
}

static u32 may_wait(struct hf_cache_object *object)
{
	u32 most;

	spin_lock(&object->lock);
	most = rc_look_wait(&object->core, hf_netfs_now());
	spin_unlock(&object->lock);
	return most;
}

/* Of what is on disk already: its first bytes would be read from the server otherwise. */
static void wait_for_look(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = hf_cache_of(ni);
	u32 most;

	if (!object)
		return;
	most = may_wait(object);
	if (most)
		wait_var_event_timeout(object, !may_wait(object), msecs_to_jiffies(most));
	hf_cache_put(object);
}

void hf_netfs_cache_open(struct inode *inode, const struct hf_netfs_version *version)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	struct rc_key key;
	bool wanted = version;

	if (!ni->mount->cache)
		return;
	if (wanted)
		key = key_of(version);
	spin_lock(&inode->i_lock);
	ni->opens++;
	if (wanted)
		wanted = rc_key_valid(&key) && !has(ni, &key);
	spin_unlock(&inode->i_lock);
	if (wanted)
		attach(ni, &key, version->changed);
	wait_for_look(ni);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_open);

/* What it uses, with a reference; or NULL. */
static struct hf_cache_object *closed(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = NULL;

	spin_lock(&ni->vfs.i_lock);
	if (!WARN_ON_ONCE(!ni->opens) && !--ni->opens && ni->uses) {
		object = rcu_dereference_protected(ni->cache,
						   lockdep_is_held(&ni->vfs.i_lock));
		refcount_inc(&object->refs);
		ni->uses = false;
	}
	spin_unlock(&ni->vfs.i_lock);
	return object;
}

void hf_netfs_cache_close(struct inode *inode)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	struct hf_cache_object *object;

	if (!ni->mount->cache)
		return;
	object = closed(ni);
	if (!object)
		return;
	unuse(object);
	hf_cache_put(object);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_close);

/* -------------------------------------------------------------------------- eviction */

/* Nobody asks by it, or looks into its folios, any more.  Before its requests are waited for. */
void hf_cache_leave(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = hf_cache_of(ni);
	bool lived;

	if (!object)
		return;
	lived = hf_cache_lock(object);
	if (object->ni == ni)
		object->ni = NULL;
	hf_cache_unlock(object, lived);
	hf_cache_put(object);
}

/* When no request of it is left. */
void hf_cache_forget(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = rcu_dereference_protected(ni->cache, true);
	bool lived;

	if (!object)
		return;
	WARN_ON_ONCE(ni->uses);
	RCU_INIT_POINTER(ni->cache, NULL);
	lived = hf_cache_lock(object);
	if (object->entry)
		rc_fill_forget(&object->core, ni);
	hf_cache_unlock(object, lived);
	hf_cache_try_end(object);
	hf_cache_put(object);
}
