// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers: the server is asked whether it has the version still; its answer, or that there
 * is none to ask, queues the rest.  No worker waits for the server.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cache.h"

/* @ni: by whom; it stays, by its count of requests. */
struct hf_netfs_asked {
	struct hf_cache_object *object;
	struct hf_netfs_inode *ni;
};

/* --------------------------------------------------------------------------- the question */

static bool is_same(const struct rc_key *key, const struct hf_netfs_version *version)
{
	return key->path == version->path && key->generation == version->generation &&
	       key->version == version->version && key->size == version->size &&
	       key->mtime_sec == version->mtime_sec &&
	       key->mtime_nsec == version->mtime_nsec &&
	       !memcmp(key->identity, version->identity, sizeof(key->identity));
}

void hf_netfs_cache_answer(struct hf_netfs_asked *asked, const struct hf_netfs_version *version)
{
	struct hf_cache_object *object = asked->object;
	struct hf_netfs_inode *ni = asked->ni;
	bool lived = hf_cache_lock(object);

	if (version && is_same(&object->core.key, version))
		rc_commit_confirm(&object->core);
	hf_cache_unlock(object, lived);
	kfree(asked);
	queue_work(hf_cache_first, &object->commit);
	hf_netfs_io_end(ni);
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_answer);

/* Return: whether the answer queues the rest. */
static bool ask(struct hf_netfs_asked *asked)
{
	struct hf_netfs_inode *ni = asked->ni;

	if (!ni->mount->ops->version(&ni->vfs, asked))
		return true;
	hf_netfs_io_end(ni);
	return false;
}

/*
 * The first step of a header, if one is due.
 *
 * Context: process; the caller has a reference.
 */
void hf_cache_commit(struct hf_cache_object *object)
{
	struct hf_netfs_asked *asked = kmalloc(sizeof(*asked), GFP_NOFS | __GFP_NOWARN);
	bool begun = false, lived = hf_cache_lock(object);
	struct hf_netfs_inode *ni = NULL;

	if (object->entry)
		begun = rc_commit_begin(&object->core, hf_netfs_now(), hf_cache_wall());
	if (begun)
		refcount_inc(&object->refs);
	/* hf_cache_leave() takes it away before requests are waited for. */
	if (begun && asked && object->ni) {
		ni = object->ni;
		atomic_inc(&ni->io_count);
		*asked = (struct hf_netfs_asked) { .object = object, .ni = ni };
	}
	hf_cache_unlock(object, lived);
	if (ni && ask(asked))
		return;
	kfree(asked);
	if (begun)
		queue_work(hf_cache_first, &object->commit);
}

void hf_cache_commit_if_due(struct hf_cache_object *object)
{
	bool due;

	spin_lock(&object->lock);
	due = object->entry && rc_commit_due(&object->core, hf_netfs_now(), hf_cache_wall());
	spin_unlock(&object->lock);
	if (due)
		hf_cache_commit(object);
}

/* -------------------------------------------------------------------------------- the rest */

static enum rc_outcome sync(struct hf_cache_object *object, bool started)
{
	int err;

	hf_cache_assert_worker();
	if (!started)
		return RC_FROZEN;
	err = vfs_fsync(object->file, 0);
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
	bool lived = hf_cache_lock(object);

	WARN_ON_ONCE(!rc_commit_written(&object->core, outcome, hf_netfs_now()));
	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_bytes(&dir->index, object->entry,
				     (u64)file_inode(object->file)->i_blocks << SECTOR_SHIFT));
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
	bool started = sb_start_write_trylock(sb);
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
	struct hf_cache_dir *dir = object->dir;
	unsigned int nofs = memalloc_nofs_save();
	u8 *slot = kmalloc(RC_SLOT, GFP_KERNEL | __GFP_NOWARN);
	u32 place;

	/* When the commit has ended the object may be put away, and with it the filesystem. */
	hf_cache_dir_get(dir);
	if (slot) {
		hf_cache_note(dir, commit(object, slot));
		kfree(slot);
	} else {
		synced(object, RC_MISSED, NULL, &place);
	}
	hf_cache_try_end(object);
	hf_cache_put(object);
	hf_cache_dir_put(dir);
	memalloc_nofs_restore(nofs);
}
