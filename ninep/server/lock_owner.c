// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners of locks, and the locks of a connection: owner of their lives.
 *
 * A record of a lock table's refers to an owner, and so does a copy of one that
 * another server has asked for (F_GETLK): each by a reference of its own, got and put
 * by the operations in the record (hf9_owner_hold(), hf9_owner_release()).  They may
 * be called under a lock table's spinlocks, and after the connection has gone.
 *
 * Why no owner is left when this module goes:
 * 1. No connection is left, so no record is: each had a mark, and was unlocked with
 *    that (lock_mark.c, hf9_locks_end()).
 * 2. A copy is put by whoever asked for it; hf9_locks_exit() waits for the last.
 * 3. Whoever put it may still be in our text: synchronize_rcu_tasks().
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "lock.h"

static atomic_t nr_owners;
static DECLARE_WAIT_QUEUE_HEAD(no_owner);

static struct hf9_locks *locks_new(void)
{
	struct hf9_locks *locks = kzalloc(sizeof(*locks), GFP_KERNEL);

	if (!locks)
		return NULL;
	kref_init(&locks->ref);
	spin_lock_init(&locks->lock);
	locks->owners = RB_ROOT;
	locks->files = RB_ROOT;
	return locks;
}

/**
 * hf9_locks_of - the locks of a connection
 * @connection: of which a request runs
 *
 * Context: may sleep.
 * Return: NULL without memory.
 */
struct hf9_locks *hf9_locks_of(struct hf9_connection *connection)
{
	struct hf9_locks *locks = smp_load_acquire(&connection->locks), *other;

	if (locks)
		return locks;
	locks = locks_new();
	if (!locks)
		return NULL;
	other = cmpxchg(&connection->locks, NULL, locks);
	if (!other)
		return locks;
	kfree(locks);
	return other;
}

struct hf9_locks *hf9_locks_get(struct hf9_locks *locks)
{
	kref_get(&locks->ref);
	return locks;
}

static void release(struct kref *ref)
{
	struct hf9_locks *locks = container_of(ref, struct hf9_locks, ref);

	kfree_rcu(locks, rcu);
}

/* NULL is all right. */
void hf9_locks_put(struct hf9_locks *locks)
{
	if (locks)
		kref_put(&locks->ref, release);
}

unsigned int hf9_locks_held(struct hf9_connection *connection)
{
	const struct hf9_locks *locks;
	unsigned int held = 0;

	/* It may end meanwhile. */
	rcu_read_lock();
	locks = READ_ONCE(connection->locks);
	if (locks)
		held = atomic_read(&locks->held);
	rcu_read_unlock();
	return held;
}

static int compare_text(const struct np_str *a, const struct np_str *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->at, b->at, a->len);
}

/* What proc_id and client_id Tlockx has is for people. */
static int compare(const struct hf9_owner_key *a, const struct hf9_owner_key *b)
{
	if (a->hf1 != b->hf1)
		return a->hf1 ? 1 : -1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->hf1)
		return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
	if (a->proc_id != b->proc_id)
		return a->proc_id < b->proc_id ? -1 : 1;
	return compare_text(&a->client_id, &b->client_id);
}

static int compare_key(const void *key, const struct rb_node *node)
{
	return compare(key, &rb_entry(node, struct hf9_owner, node)->key);
}

static int compare_nodes(struct rb_node *node, const struct rb_node *other)
{
	return compare_key(&rb_entry(node, struct hf9_owner, node)->key, other);
}

/* One whose last reference is being put is not there any more. */
static struct hf9_owner *get_locked(struct hf9_locks *locks, struct rb_node *node)
{
	lockdep_assert_held(&locks->lock);
	return node ? hf9_owner_get(rb_entry(node, struct hf9_owner, node)) : NULL;
}

/**
 * hf9_owner_find - an owner that holds, or asks for, something
 * @locks: of its connection
 * @key: who it is
 *
 * Return: counted; NULL if there is none.
 */
struct hf9_owner *hf9_owner_find(struct hf9_locks *locks,
				 const struct hf9_owner_key *key)
{
	struct hf9_owner *owner;

	spin_lock(&locks->lock);
	owner = get_locked(locks, rb_find(key, &locks->owners, compare_key));
	spin_unlock(&locks->lock);
	return owner;
}

static struct hf9_owner *owner_new(struct hf9_locks *locks,
				   const struct hf9_owner_key *key)
{
	u16 len = min_t(u16, key->client_id.len, HF9_CLIENT_ID_MOST);
	struct hf9_owner *owner;

	owner = kmalloc(struct_size(owner, client_id, len), GFP_KERNEL);
	if (!owner)
		return NULL;
	refcount_set(&owner->ref, 1);
	owner->locks = hf9_locks_get(locks);
	owner->key = *key;
	memcpy(owner->client_id, key->client_id.at, len);
	owner->key.client_id.at = owner->client_id;
	owner->key.client_id.len = len;
	atomic_inc(&nr_owners);
	return owner;
}

static void owner_free(struct hf9_owner *owner)
{
	hf9_locks_put(owner->locks);
	kfree(owner);
	/* After which this text may go, see above. */
	if (atomic_dec_and_test(&nr_owners))
		wake_up_all(&no_owner);
}

/**
 * hf9_owner_of - an owner, a new one if need be
 * @locks: of its connection
 * @key: who it is
 *
 * Context: may sleep.
 * Return: counted; NULL without memory.
 */
struct hf9_owner *hf9_owner_of(struct hf9_locks *locks, const struct hf9_owner_key *key)
{
	struct hf9_owner *owner = hf9_owner_find(locks, key), *other;

	if (owner)
		return owner;
	owner = owner_new(locks, key);
	if (!owner)
		return NULL;
	spin_lock(&locks->lock);
	other = get_locked(locks, rb_find_add(&owner->node, &locks->owners,
					      compare_nodes));
	spin_unlock(&locks->lock);
	if (!other)
		return owner;
	owner_free(owner);
	return other;
}

struct hf9_owner *hf9_owner_get(struct hf9_owner *owner)
{
	refcount_inc(&owner->ref);
	return owner;
}

/* Context: any, also under a lock table's spinlocks. */
void hf9_owner_put(struct hf9_owner *owner)
{
	struct hf9_locks *locks = owner->locks;
	bool last;

	if (refcount_dec_not_one(&owner->ref))
		return;
	/* Who finds it does so under the lock, and so not between these two. */
	spin_lock(&locks->lock);
	last = refcount_dec_and_test(&owner->ref);
	if (last)
		rb_erase(&owner->node, &locks->owners);
	spin_unlock(&locks->lock);
	if (last)
		owner_free(owner);
}

fl_owner_t hf9_owner_hold(fl_owner_t at)
{
	struct hf9_owner *owner = at;

	atomic_inc(&owner->locks->held);
	hf9_owner_get(owner);
	return at;
}

void hf9_owner_release(fl_owner_t at)
{
	struct hf9_owner *owner = at;

	atomic_dec(&owner->locks->held);
	hf9_owner_put(owner);
}

/**
 * hf9_locks_exit - wait until no owner is left
 *
 * Context: module exit, when no connection is left.
 */
void hf9_locks_exit(void)
{
	wait_event(no_owner, !atomic_read(&nr_owners));
	synchronize_rcu_tasks();
}
