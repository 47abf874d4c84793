// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fids: owner of their life.
 *
 * A fid is freed, and its number is another's, when nobody has it and the server has
 * answered its Tclunk.  Nobody waits for that: the last put may be that of a request
 * which ends, or of an inode that is evicted.
 *
 * At the end of a mount:
 * 1. kill_anon_super() has evicted every inode; a request's fid was put before that.
 *    So nobody has a fid but the users' list.
 * 2. The session is killed: whatever waits for a Rclunk is told.
 * 3. hf9c_users_free() puts the last ones; the work is flushed, and it cannot wait for
 *    anything any more.  Nothing queues it again.
 */
#include <linux/slab.h>

#include "fid.h"
#include "remote.h"

static struct kmem_cache *cache;

int hf9c_fids_init(void)
{
	cache = kmem_cache_create("hf_9p_fid", sizeof(struct hf9c_fid), 0, 0, NULL);
	return cache ? 0 : -ENOMEM;
}

void hf9c_fids_exit(void)
{
	kmem_cache_destroy(cache);
}

/**
 * hf9c_fid_new - a number that the server does not have yet
 * @hs: the mount
 * @uid: as whom it will be made
 *
 * Context: may sleep.
 * Return: to be put; or -ENOMEM.
 */
struct hf9c_fid *hf9c_fid_new(struct hf9c_super *hs, kuid_t uid)
{
	struct hf9c_fid *fid = kmem_cache_zalloc(cache, GFP_KERNEL);
	int number;

	if (!fid)
		return ERR_PTR(-ENOMEM);
	number = ida_alloc(&hs->numbers, GFP_KERNEL);
	if (number < 0) {
		kmem_cache_free(cache, fid);
		return ERR_PTR(-ENOMEM);
	}
	fid->hs = hs;
	fid->number = number;
	fid->uid = uid;
	refcount_set(&fid->ref, 1);
	INIT_LIST_HEAD(&fid->of_inode);
	INIT_LIST_HEAD(&fid->aged);
	return fid;
}

/**
 * hf9c_fid_new_like - one that will be another's descendant
 * @fid: the other
 *
 * Context: as hf9c_fid_new().
 * Return: as there.
 */
struct hf9c_fid *hf9c_fid_new_like(const struct hf9c_fid *fid)
{
	return hf9c_fid_new(fid->hs, fid->uid);
}

/**
 * hf9c_fid_free - the server does not have it, or not any more
 * @fid: nobody has it
 */
void hf9c_fid_free(struct hf9c_fid *fid)
{
	WARN_ON_ONCE(rcu_access_pointer(fid->local));
	ida_free(&fid->hs->numbers, fid->number);
	kmem_cache_free(cache, fid);
}

/* Somebody may wait for its end: a lease, a program that is to be run, a lock. */
static bool is_missed(const struct hf9c_fid *fid)
{
	return fid->mode & FMODE_WRITE || fid->value || READ_ONCE(fid->locker);
}

/* Not each by itself: a tick's are told of together. */
static void clunk(struct hf9c_super *hs, struct hf9c_fid *fid)
{
	bool missed = is_missed(fid);

	if (!llist_add(&fid->gone, &hs->clunking) && !missed)
		return;
	if (missed)
		mod_delayed_work(hf9c_clunk_wq(hs), &hs->clunk, 0);
	else
		queue_delayed_work(hf9c_clunk_wq(hs), &hs->clunk, 1);
}

/**
 * hf9c_fid_put - let go of one
 * @fid: the fid
 *
 * Context: any but interrupts; waits for nothing.
 */
void hf9c_fid_put(struct hf9c_fid *fid)
{
	struct hf9c_super *hs = fid->hs;

	if (!refcount_dec_and_test(&fid->ref))
		return;
	WARN_ON_ONCE(!list_empty(&fid->of_inode) || !list_empty(&fid->aged));
	/* That has none of its own. */
	if (fid->append)
		hf9c_fid_put(fid->append);
	if (!fid->there)
		hf9c_fid_free(fid);
	else
		clunk(hs, fid);
}
