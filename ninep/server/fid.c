// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fids: what each stands for, from its first message to its last use.
 *
 * What a fid stands for is set before others can find it, or by the one request that
 * has claimed it, and then only added to: a file when it is opened, an attribute when
 * one is created.  So who has a use may look without a lock, and what he has seen
 * stays until his use is put.  Only a walk to the same fid replaces its path, when
 * nobody else has a use (hf9_fid_move()).
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "ops.h"

static struct kmem_cache *fid_cache;

/**
 * hf9_fid_new - memory for a fid
 *
 * Context: may sleep.
 * Return: one that is idle and stands for nothing; NULL without memory.
 */
struct hf9_fid *hf9_fid_new(void)
{
	struct hf9_fid *fid = kmem_cache_zalloc(fid_cache, GFP_KERNEL);

	if (!fid)
		return NULL;
	mutex_init(&fid->position);
	INIT_LIST_HEAD(&fid->locks);
	return fid;
}

/**
 * hf9_close - close a file that a fid had
 * @file: with a reference of the caller's, maybe not the last
 *
 * At once: what a kernel thread puts in the ordinary way is closed later, and until
 * then the filesystem cannot be unmounted.
 *
 * Context: may sleep.
 */
void hf9_close(struct file *file)
{
	__fput_sync(file);
}

/**
 * hf9_fid_free - the last use is gone
 * @fid: idle, or never reserved
 *
 * Context: may sleep.
 */
void hf9_fid_free(struct hf9_fid *fid)
{
	const struct cred *caller = NULL;

	/* Of a Tlock that ran when it was clunked. */
	hf9_locks_leave(fid);
	hf9_locks_put(fid->locks_of);
	/* Whatever a close does, it does for him. */
	if (fid->who)
		caller = override_creds(fid->who->cred);
	if (fid->file)
		hf9_close(fid->file);
	if (caller)
		revert_creds(caller);
	path_put(&fid->path);
	hf9_xattr_free(fid->xattr);
	hf9_who_put(fid->who);
	mutex_destroy(&fid->position);
	kmem_cache_free(fid_cache, fid);
}

/**
 * hf9_fid_be - what a newfid stands for
 * @fid: the newfid, seen by nobody else
 * @from: the fid that it comes from, whose user it is
 * @path: what it stands for; a reference is taken
 */
void hf9_fid_be(struct hf9_fid *fid, const struct hf9_fid *from, const struct path *path)
{
	fid->who = hf9_who_get(from->who);
	fid->path = *path;
	path_get(&fid->path);
}

/**
 * hf9_fid_set_file - it is open
 * @fid: claimed by the caller, or a newfid
 * @file: the fid's from here on
 */
void hf9_fid_set_file(struct hf9_fid *fid, struct file *file)
{
	/* Others that have a use may look for it already: hf9_fid_file(). */
	smp_store_release(&fid->file, file);
}

/**
 * hf9_fid_set_xattr - it stands for an attribute
 * @fid: claimed by the caller, or a newfid
 * @xattr: the fid's from here on
 */
void hf9_fid_set_xattr(struct hf9_fid *fid, struct hf9_xattr *xattr)
{
	smp_store_release(&fid->xattr, xattr);
}

/**
 * hf9_fid_move - a fid was walked to where it is to be itself
 * @request: has claimed its fid
 * @to: where; a reference is taken
 *
 * Whoever finds the fid does so under the lock, and sees one or the other.
 *
 * Return: 0; -EBUSY if another request is using it.
 */
int hf9_fid_move(struct hf9_request *request, struct dentry *to)
{
	struct hf9_connection *connection = request->connection;
	struct hf9_fid *fid = request->fid[0];
	struct dentry *old = NULL;

	spin_lock(&connection->lock);
	if (fid->core.uses == 1) {
		old = fid->path.dentry;
		fid->path.dentry = dget(to);
	}
	spin_unlock(&connection->lock);
	dput(old);
	return old ? 0 : -EBUSY;
}

int hf9_fids_init(void)
{
	fid_cache = KMEM_CACHE(hf9_fid, 0);
	return fid_cache ? 0 : -ENOMEM;
}

void hf9_fids_exit(void)
{
	kmem_cache_destroy(fid_cache);
}
