// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fills: what the server has sent goes from the folios of the page cache, by reference and
 * without their locks, to the object's file.  Who changes a folio kills the object before,
 * and then nothing of what was written counts.
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cache.h"

#define VECS	(RC_FILL_MAX >> PAGE_SHIFT)
/* Of all objects of a directory: what they hold of the page cache has a bound. */
#define FILLS_MAX	64

/* One in flight. */
struct fill {
	struct work_struct work;
	struct hf_cache_object *object;
	struct rc_fill core;
	size_t len;
	u32 nr;
	struct bio_vec vecs[VECS];
};

/* ------------------------------------------------------------------------------ folios */

static bool is_good(struct folio *folio)
{
	return folio_test_uptodate(folio) && !folio_test_dirty(folio) &&
	       !folio_test_writeback(folio);
}

/* Of the page cache, with a reference.  Return: bytes up to its end, or @end; 0: not there. */
static size_t add_folio(struct fill *fill, struct address_space *mapping, loff_t pos, loff_t end)
{
	struct folio *folio = filemap_get_folio(mapping, pos >> PAGE_SHIFT);
	size_t from, len;

	if (IS_ERR(folio))
		return 0;
	if (!is_good(folio) || fill->nr == VECS) {
		folio_put(folio);
		return 0;
	}
	from = offset_in_folio(folio, pos);
	len = min_t(loff_t, folio_size(folio) - from, end - pos);
	bvec_set_folio(&fill->vecs[fill->nr++], folio, len, from);
	return len;
}

/*
 * All of a fill's, in the hold of the object's lock in which it has begun: who changes one
 * has killed the object before, or does so after.  Past the cache of the object's file the
 * end is a page's, which has zeroes behind the file's.
 */
static bool add_folios(struct fill *fill, struct address_space *mapping)
{
	loff_t pos = fill->core.from, end = fill->core.to;
	size_t added = 1;

	lockdep_assert_held(&fill->object->lock);
	if (fill->object->direct)
		end = round_up(end, PAGE_SIZE);
	fill->len = end - pos;
	while (added && pos < end) {
		added = add_folio(fill, mapping, pos, end);
		pos += added;
	}
	return added;
}

static void put_folios(struct fill *fill)
{
	u32 i;

	for (i = 0; i < fill->nr; i++)
		folio_put(page_folio(fill->vecs[i].bv_page));
	fill->nr = 0;
}

/* ------------------------------------------------------------------------------- begin */

static bool take_room(struct fill *fill)
{
	struct hf_cache_dir *dir = fill->object->dir;
	bool room, busy;

	spin_lock(&dir->lock);
	busy = dir->fills >= FILLS_MAX;
	room = !busy && rc_index_take(&dir->index, fill->object->entry,
				      fill->core.to - fill->core.from);
	dir->fills += room;
	spin_unlock(&dir->lock);
	if (!room && !busy)
		queue_work(hf_cache_second, &dir->reap);
	return room;
}

static void give_room(struct fill *fill, bool written)
{
	struct hf_cache_dir *dir = fill->object->dir;

	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_give(&dir->index, fill->object->entry,
				    fill->core.to - fill->core.from, written));
	dir->fills--;
	spin_unlock(&dir->lock);
}

static bool may_fill(struct hf_cache_dir *dir)
{
	bool may;

	spin_lock(&dir->lock);
	may = rc_may_fill(&dir->health, hf_netfs_now());
	spin_unlock(&dir->lock);
	return may;
}

/* What has begun either has all that it needs, or has been missed. */
static bool get_ready(struct fill *fill, struct hf_netfs_inode *ni)
{
	struct hf_cache_object *object = fill->object;
	bool room = take_room(fill);

	if (room && add_folios(fill, ni->vfs.i_mapping))
		return true;
	if (room)
		give_room(fill, false);
	put_folios(fill);
	hf_netfs_count(cache_fills_missed);
	WARN_ON_ONCE(!rc_fill_end(&object->core, &fill->core, RC_MISSED, hf_netfs_now()));
	return false;
}

enum begun { NONE, MISSED, READY };

/* @came: NULL: what is owed. */
static enum begun begin(struct fill *fill, struct hf_netfs_inode *ni, struct rl_bytes *came,
			u64 asked)
{
	struct hf_cache_object *object = fill->object;
	bool begun;

	lockdep_assert_held(&object->lock);
	begun = came ? rc_fill_begin(&object->core, ni, came, asked, &fill->core) :
		       rc_fill_owed(&object->core, ni, &fill->core);
	if (!begun)
		return NONE;
	if (!get_ready(fill, ni))
		return MISSED;
	object->working++;
	return READY;
}

static void fill_work(struct work_struct *work);

static struct fill *alloc_fill(struct hf_cache_object *object)
{
	struct fill *fill = kmalloc(sizeof(*fill), GFP_NOFS | __GFP_NOWARN | __GFP_NORETRY);

	if (!fill)
		return NULL;
	fill->object = object;
	fill->nr = 0;
	INIT_WORK(&fill->work, fill_work);
	return fill;
}

/* After begin() has counted it. */
static void send(struct fill *fill)
{
	refcount_inc(&fill->object->refs);
	queue_work(hf_cache_first, &fill->work);
}

/* Whether it may have anything to fill: it is not put away, nor dead. */
static bool takes(const struct hf_cache_object *object)
{
	return READ_ONCE(object->core.state) <= RC_READY;
}

/*
 * A read of the server has ended well; its folios are in the page cache, and may be
 * anybody's by now.
 */
void hf_cache_came(struct hf_netfs_sub *sub)
{
	struct hf_netfs_inode *ni = sub->req->ni;
	struct hf_cache_object *object = hf_cache_of(ni);
	struct rl_bytes came = { sub->core.pos, sub->core.pos + sub->core.done };
	enum begun begun = READY;
	struct fill *fill;
	bool lived;

	if (!object)
		return;
	hf_netfs_add(cache_miss_bytes, sub->core.done);
	while (begun != NONE && takes(object) && may_fill(object->dir)) {
		fill = alloc_fill(object);
		if (!fill)
			break;
		lived = hf_cache_lock(object);
		/*
		 * The one whose folios come is the one to look for more in, if it stays, and
		 * if retire() has not killed what it had.
		 */
		if (object->entry && takes(object) && !test_bit(HF_NETFS_EVICTING, &ni->flags))
			object->ni = ni;
		begun = object->entry ? begin(fill, ni, &came, sub->asked) : NONE;
		hf_cache_unlock(object, lived);
		if (begun == READY)
			send(fill);
		else
			kfree(fill);
	}
	hf_cache_commit_if_due(object);
	hf_cache_try_end(object);
	hf_cache_put(object);
}

/* Nobody will fill what is owed: there is no memory, or its inode is not at hand. */
static void give_up_owed(struct hf_cache_object *object)
{
	spin_lock(&object->lock);
	if (object->entry && !object->core.fills && object->core.inode)
		rc_fill_forget(&object->core, object->core.inode);
	spin_unlock(&object->lock);
}

/* What came when it could not be filled, and is in the page cache still. */
void hf_cache_fill_owed(struct hf_cache_object *object)
{
	enum begun begun = READY;
	struct fill *fill;
	bool lived;

	while (begun != NONE && takes(object)) {
		fill = alloc_fill(object);
		if (!fill) {
			give_up_owed(object);
			break;
		}
		lived = hf_cache_lock(object);
		begun = object->entry && object->ni ? begin(fill, object->ni, NULL, 0) : NONE;
		hf_cache_unlock(object, lived);
		if (begun == READY)
			send(fill);
		else
			kfree(fill);
	}
}

/* --------------------------------------------------------------------------------- end */

static ssize_t write_file(struct fill *fill)
{
	struct file *file = fill->object->file;
	struct iov_iter from;
	struct kiocb iocb;

	hf_cache_assert_worker();
	iov_iter_bvec(&from, ITER_SOURCE, fill->vecs, fill->nr, fill->len);
	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = RC_DATA + fill->core.from;
	iocb.ki_flags |= IOCB_WRITE;
	if (fill->object->direct)
		iocb.ki_flags |= IOCB_DIRECT;
	return file->f_op->write_iter(&iocb, &from);
}

static enum rc_outcome opened_frozen(struct super_block *sb)
{
	if (!sb_start_write_trylock(sb))
		return RC_FROZEN;
	sb_end_write(sb);
	return RC_MISSED;
}

/* vfs_iocb_iter_write() would wait for a freeze, and take what is taken here again. */
static enum rc_outcome write(struct fill *fill, bool *written)
{
	struct super_block *sb = file_inode(fill->object->file)->i_sb;
	ssize_t ret;

	*written = false;
	if (!takes(fill->object))
		return RC_MISSED;
	/* It was opened so: then it was frozen, or read-only, which it need not be any more. */
	if (fill->object->read_only)
		return sb_rdonly(sb) ? RC_READ_ONLY : opened_frozen(sb);
	if (!sb_start_write_trylock(sb))
		return RC_FROZEN;
	ret = write_file(fill);
	sb_end_write(sb);
	*written = ret > 0;
	if (ret < 0)
		return hf_cache_outcome(ret);
	return ret == fill->len ? RC_DONE : RC_FULL;
}

static void fill_work(struct work_struct *work)
{
	struct fill *fill = container_of(work, struct fill, work);
	struct hf_cache_object *object = fill->object;
	unsigned int nofs = memalloc_nofs_save();
	enum rc_outcome outcome;
	bool written, lived;

	outcome = write(fill, &written);
	put_folios(fill);
	if (outcome == RC_DONE) {
		hf_netfs_count(cache_fills);
		hf_netfs_add(cache_fill_bytes, fill->core.to - fill->core.from);
	} else {
		hf_netfs_count(cache_fills_missed);
	}
	lived = hf_cache_lock(object);
	give_room(fill, written);
	WARN_ON_ONCE(!rc_fill_end(&object->core, &fill->core, outcome, hf_netfs_now()));
	hf_cache_unlock(object, lived);
	if (outcome != RC_MISSED)
		hf_cache_note(object->dir, outcome);
	kfree(fill);
	hf_cache_fill_owed(object);
	hf_cache_commit_if_due(object);
	hf_cache_worked(object);
	memalloc_nofs_restore(nofs);
}
