// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which object an inode has.  It has its last one until that is another's turn, or it is
 * evicted: what was read into its folios may be on its way to the object still, and a write
 * to them has to find it.
 *
 * Whatever makes a version another one (a write here, an answer of the server's) is counted,
 * and then looks for the pointer.  Who attaches publishes the pointer, and then looks whether
 * anything was counted since the version was looked up, or somebody has the file open for
 * writing; only after that anything is read by it.  So one of the two finds the other.
 */
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "cache.h"

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
		INIT_WORK(&object->ask, hf_cache_ask_work);
		INIT_WORK(&object->commit, hf_cache_commit_work);
		INIT_DELAYED_WORK(&object->timer, hf_cache_timer);
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

static bool is_new(enum rc_found found)
{
	return found == RC_FOUND || found == RC_FOUND_NEW || found == RC_FOUND_MAYBE;
}

/* With the new object's lock: who finds it in the index waits until it is one. */
static enum rc_found enter(struct hf_cache_dir *dir, const struct rc_key *key,
			   const struct hf_netfs_version *version, struct rc_entry *spare,
			   struct hf_cache_object *object, struct hf_cache_object **there)
{
	u64 now = hf_netfs_now();
	struct rc_entry *entry;
	enum rc_found found;

	spin_lock(&dir->lock);
	found = rc_index_open(&dir->index, key, spare, object, &entry);
	if (found == RC_FOUND_SHARED) {
		*there = entry->object;
		if (!refcount_inc_not_zero(&(*there)->refs))
			found = RC_FOUND_BUSY;
	}
	if (is_new(found)) {
		object->losses = dir->losses;
		list_add_tail(&object->of_dir, &dir->objects);
	}
	spin_unlock(&dir->lock);
	if (!is_new(found))
		return found;
	object->dir = dir;
	object->entry = entry;
	hf_cache_dir_get(dir);
	WARN_ON_ONCE(!rc_object_init(&object->core, key, version->changed,
				     min(version->known, now), object->bits,
				     found != RC_FOUND_NEW, now, hf_cache_wall()));
	return found;
}

/* With a reference, and a use, of the caller's; or NULL. */
static struct hf_cache_object *find(struct hf_cache_dir *dir, const struct rc_key *key,
				    const struct hf_netfs_version *version)
{
	struct hf_cache_object *object, *there;
	struct rc_entry *spare;
	enum rc_found found;

	object = alloc(key, &spare);
	if (!object)
		return NULL;
	spin_lock(&object->lock);
	found = enter(dir, key, version, spare, object, &there);
	spin_unlock(&object->lock);
	if (is_new(found)) {
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
	if (fine)
		object->ni = ni;
	hf_cache_unlock(object, lived);
	ni->uses |= fine;
	return fine;
}

/* What the inode had is not to be written to from its folios any more. */
static void retire(struct hf_netfs_inode *ni, struct hf_cache_object *old)
{
	bool lived = hf_cache_lock(old);

	rc_kill(&old->core, RC_WHY_VERSION);
	if (old->entry)
		rc_fill_forget(&old->core, ni);
	if (old->ni == ni)
		old->ni = NULL;
	hf_cache_unlock(old, lived);
}

/*
 * The inode's from now on, but not to be read.  Return: what it had, with its reference;
 * @used: and its use.
 */
static struct hf_cache_object *publish(struct hf_netfs_inode *ni,
				       struct hf_cache_object *object, bool *used)
{
	struct hf_cache_object *old;
	bool lived;

	lockdep_assert_held(&ni->vfs.i_lock);
	old = rcu_dereference_protected(ni->cache, lockdep_is_held(&ni->vfs.i_lock));
	if (old && old != object)
		retire(ni, old);
	*used = ni->uses;
	WRITE_ONCE(ni->readable, false);
	rcu_assign_pointer(ni->cache, object);
	ni->uses = true;
	lived = hf_cache_lock(object);
	if (object->entry)
		object->ni = ni;
	hf_cache_unlock(object, lived);
	return old;
}

/* Whether it is the inode's now; what it is not, or what that had, is let go of. */
static bool install(struct hf_netfs_inode *ni, struct hf_cache_object *object,
		    const struct rc_key *key)
{
	struct hf_cache_object *old = object;
	bool used = true, mine;

	spin_lock(&ni->vfs.i_lock);
	/* Another open may have been as far. */
	mine = ni->opens && !has(ni, key);
	if (mine)
		old = publish(ni, object, &used);
	spin_unlock(&ni->vfs.i_lock);
	if (!old)
		return mine;
	if (used)
		unuse(old);
	else
		hf_cache_try_end(old);
	hf_cache_put(old);
	return mine;
}

static bool may_change(struct hf_netfs_inode *ni)
{
	return inode_is_open_for_write(&ni->vfs) || hf_netfs_dirty(&ni->vfs);
}

/*
 * It is published: whoever makes its version another one from here on finds it.  Who has
 * done so since the version was looked up has made the sample old; who is about to has the
 * file open for writing.
 */
static void confirm(struct hf_netfs_inode *ni, const struct hf_cache_object *object, u32 sample)
{
	smp_mb();	/* pairs with hf_cache_kill_by(), and with who opens for writing */
	if (hf_netfs_cache_sample(&ni->vfs) != sample || may_change(ni)) {
		hf_cache_kill_by(ni, RC_WHY_VERSION, NULL);
		return;
	}
	spin_lock(&ni->vfs.i_lock);
	/* (Another open may have put another one in its place.) */
	if (rcu_access_pointer(ni->cache) == object)
		WRITE_ONCE(ni->readable, true);
	spin_unlock(&ni->vfs.i_lock);
}

static void attach(struct hf_netfs_inode *ni, const struct rc_key *key,
		   const struct hf_netfs_version *version, u32 sample)
{
	struct hf_cache_object *object;

	if (may_change(ni))
		return;
	object = find(ni->mount->cache, key, version);
	if (!object)
		return;
	/* Over confirm(): its address is not another one's meanwhile. */
	refcount_inc(&object->refs);
	if (install(ni, object, key))
		confirm(ni, object, sample);
	hf_cache_put(object);
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

void hf_netfs_cache_open(struct inode *inode, const struct hf_netfs_version *version, u32 sample)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	struct rc_key key;
	bool wanted = version;

	if (!ni->mount->cache)
		return;
	if (wanted)
		key = hf_cache_key_of(version);
	spin_lock(&inode->i_lock);
	ni->opens++;
	if (wanted)
		wanted = rc_key_valid(&key) && !has(ni, &key);
	spin_unlock(&inode->i_lock);
	if (wanted)
		attach(ni, &key, version, sample);
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

/*
 * Nobody asks by it, or looks into its folios, any more.  Before its requests are waited for:
 * hf_cache_came() looks at the bit in its hold of the lock.
 */
void hf_cache_leave(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = hf_cache_of(ni);

	set_bit(HF_NETFS_EVICTING, &ni->flags);
	if (!object)
		return;
	spin_lock(&object->lock);
	if (object->ni == ni)
		object->ni = NULL;
	spin_unlock(&object->lock);
	hf_cache_put(object);
}

/* When no request of it is left. */
void hf_cache_forget(struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = rcu_dereference_protected(ni->cache, true);

	if (!object)
		return;
	WARN_ON_ONCE(ni->uses);
	RCU_INIT_POINTER(ni->cache, NULL);
	ni->readable = false;
	spin_lock(&object->lock);
	WARN_ON_ONCE(object->ni == ni);
	if (object->entry)
		rc_fill_forget(&object->core, ni);
	spin_unlock(&object->lock);
	hf_cache_try_end(object);
	hf_cache_put(object);
}
