// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks: through which fids an owner has locked an inode, and so what goes with a
 * fid, and with the connection.  Owner of their life.
 *
 * The invariant: an owner that holds a record on an inode has a mark there that is
 * granted, or busy.  A mark is made before the lock is asked for, and goes
 *
 *	when its request has failed, and none before has succeeded;
 *	when its owner has unlocked the whole file, unless a request to lock began or
 *	ended since that began, or has not ended: then what it was granted may be there
 *	still (of one that ended before, the record was there before, and is gone);
 *	with its fid, whose owners lose all that they hold on its inode;
 *	with the connection.
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "lock.h"

struct mark_key {
	const struct hf9_owner *owner;
	const struct hf9_fid *fid;
};

static int compare_mark(const void *key, const struct rb_node *node)
{
	const struct hf9_mark *mark = rb_entry(node, struct hf9_mark, node);
	const struct mark_key *at = key;

	return hf9_compare(at->owner, mark->owner) ?: hf9_compare(at->fid, mark->fid);
}

static int compare_marks(struct rb_node *node, const struct rb_node *other)
{
	const struct hf9_mark *mark = rb_entry(node, struct hf9_mark, node);
	struct mark_key key = { .owner = mark->owner, .fid = mark->fid };

	return compare_mark(&key, other);
}

static int compare_owner(const void *key, const struct rb_node *node)
{
	return hf9_compare(key, rb_entry(node, struct hf9_mark, node)->owner);
}

static void begin_locked(struct hf9_mark *mark)
{
	lockdep_assert_held(&mark->file->locks->lock);
	mark->busy++;
	mark->stamp = ++mark->file->stamp;
}

static struct hf9_mark *find_and_begin(struct hf9_lock_file *file,
				       const struct hf9_owner *owner,
				       const struct hf9_fid *fid)
{
	struct mark_key key = { .owner = owner, .fid = fid };
	struct hf9_mark *mark = NULL;
	struct rb_node *node;

	spin_lock(&file->locks->lock);
	node = rb_find(&key, &file->marks, compare_mark);
	if (node) {
		mark = rb_entry(node, struct hf9_mark, node);
		begin_locked(mark);
	}
	spin_unlock(&file->locks->lock);
	return mark;
}

static struct hf9_mark *mark_new(struct hf9_lock_file *file, struct hf9_owner *owner,
				 struct hf9_fid *fid)
{
	struct hf9_mark *mark = kzalloc(sizeof(*mark), GFP_KERNEL);

	if (!mark)
		return NULL;
	mark->file = file;
	mark->owner = hf9_owner_hold(owner);
	mark->fid = fid;
	return mark;
}

static void mark_free(struct hf9_mark *mark)
{
	hf9_owner_release(mark->owner);
	kfree(mark);
}

/* Of one @file: what was there when another request added it is used. */
static struct hf9_mark *add_and_begin(struct hf9_mark *mark)
{
	struct hf9_lock_file *file = mark->file;
	struct rb_node *node;

	spin_lock(&file->locks->lock);
	node = rb_find_add(&mark->node, &file->marks, compare_marks);
	if (!node) {
		list_add_tail(&mark->of_fid, &mark->fid->locks);
		file->users++;
		begin_locked(mark);
	} else {
		begin_locked(rb_entry(node, struct hf9_mark, node));
	}
	spin_unlock(&file->locks->lock);
	if (!node)
		return mark;
	mark_free(mark);
	return rb_entry(node, struct hf9_mark, node);
}

/**
 * hf9_mark_begin - an owner is about to ask for a lock
 * @owner: the owner
 * @fid: through which; open; the caller has a use of it
 *
 * Context: may sleep.
 * Return: a mark, busy until hf9_mark_end(); -errno.
 */
struct hf9_mark *hf9_mark_begin(struct hf9_owner *owner, struct hf9_fid *fid)
{
	struct hf9_lock_file *file = hf9_lock_file_of(owner, hf9_fid_file(fid));
	struct hf9_mark *mark;

	if (IS_ERR(file))
		return ERR_CAST(file);
	/* Of one connection there is one, as long as the fid is there. */
	if (!READ_ONCE(fid->locks_of) &&
	    !cmpxchg(&fid->locks_of, NULL, owner->locks))
		hf9_locks_get(owner->locks);
	mark = find_and_begin(file, owner, fid);
	if (!mark) {
		mark = mark_new(file, owner, fid);
		if (mark)
			mark = add_and_begin(mark);
	}
	hf9_lock_file_put(file);
	return mark ?: ERR_PTR(-ENOMEM);
}

/* Onto @gone, by its of_fid, which its fid's list has no more. */
static void drop_locked(struct hf9_mark *mark, struct list_head *gone)
{
	lockdep_assert_held(&mark->file->locks->lock);
	rb_erase(&mark->node, &mark->file->marks);
	list_move(&mark->of_fid, gone);
}

/* The caller uses the file, too: so these are not its last users. */
static void free_all(struct hf9_lock_file *file, struct list_head *gone)
{
	struct hf9_mark *mark, *next;

	list_for_each_entry_safe(mark, next, gone, of_fid) {
		hf9_lock_file_put(file);
		mark_free(mark);
	}
}

/**
 * hf9_mark_end - the request has been answered by the lock table
 * @mark: busy for it
 * @granted: it has the lock
 *
 * The stamp tells of its end, too: an unlock of the whole file that is under way may
 * have passed before the grant, and so does not take the mark along.
 *
 * Return: the mark's lock file, to be put.
 */
struct hf9_lock_file *hf9_mark_end(struct hf9_mark *mark, bool granted)
{
	struct hf9_lock_file *file = mark->file;
	LIST_HEAD(gone);

	spin_lock(&file->locks->lock);
	file->users++;
	mark->granted |= granted;
	mark->stamp = ++file->stamp;
	if (!--mark->busy && !mark->granted)
		drop_locked(mark, &gone);
	spin_unlock(&file->locks->lock);
	free_all(file, &gone);
	return file;
}

/* Those of one owner that no request is busy with, nor began or ended after @stamp. */
static void drop_marks_locked(struct hf9_lock_file *file, const struct hf9_owner *owner,
			      u64 stamp, struct list_head *gone)
{
	struct rb_node *node, *next;

	lockdep_assert_held(&file->locks->lock);
	for (node = rb_find_first(owner, &file->marks, compare_owner); node;
	     node = next) {
		struct hf9_mark *mark = rb_entry(node, struct hf9_mark, node);

		if (mark->owner != owner)
			break;
		next = rb_next(node);
		if (!mark->busy && mark->stamp <= stamp)
			drop_locked(mark, gone);
	}
}

/* -------------------------------------------------------------------- unlock */

/**
 * hf9_unlock_whole - an owner lets go of all that it holds on an inode
 * @file: the lock file
 * @owner: the owner
 *
 * Context: may sleep.
 * Return: 0; on filesystems that have locks of their own, -errno.
 */
int hf9_unlock_whole(struct hf9_lock_file *file, struct hf9_owner *owner)
{
	struct file_lock fl;
	LIST_HEAD(gone);
	u64 stamp;
	int err;

	spin_lock(&file->locks->lock);
	stamp = file->stamp;
	spin_unlock(&file->locks->lock);

	hf9_lock_fill(&fl, &owner->key, owner, file->file, F_UNLCK);
	err = hf9_lock_call(file, &fl);
	locks_release_private(&fl);
	if (err)
		return err;

	spin_lock(&file->locks->lock);
	drop_marks_locked(file, owner, stamp, &gone);
	spin_unlock(&file->locks->lock);
	free_all(file, &gone);
	return 0;
}

/* One that no request is busy with. */
static struct hf9_mark *first_idle_locked(struct list_head *marks)
{
	struct hf9_mark *mark;

	list_for_each_entry(mark, marks, of_fid)
		if (!mark->busy)
			return mark;
	return NULL;
}

/* What cannot be unlocked goes with its file; the marks go in any case. */
static void unlock_or_warn(struct hf9_lock_file *file, struct hf9_owner *owner)
{
	LIST_HEAD(gone);
	int err;

	err = hf9_unlock_whole(file, owner);
	if (!err)
		return;
	pr_warn_ratelimited("holdfast: locks of a 9P client stay on a filesystem of type %s: %d\n",
			    file->inode->i_sb->s_type->name, err);
	spin_lock(&file->locks->lock);
	drop_marks_locked(file, owner, U64_MAX, &gone);
	spin_unlock(&file->locks->lock);
	free_all(file, &gone);
}

/* Any mark of any file. */
static struct hf9_mark *any_mark_locked(struct hf9_locks *locks)
{
	struct rb_node *node;

	lockdep_assert_held(&locks->lock);
	for (node = rb_first(&locks->files); node; node = rb_next(node)) {
		struct hf9_lock_file *file;

		file = rb_entry(node, struct hf9_lock_file, node);
		if (!RB_EMPTY_ROOT(&file->marks))
			return rb_entry(rb_first(&file->marks), struct hf9_mark, node);
	}
	return NULL;
}

/*
 * The owner of one mark of the fid's, or of any without a fid, loses all that it has
 * there.  Return: false if there is none.
 */
static bool end_one(struct hf9_locks *locks, struct hf9_fid *fid)
{
	struct hf9_lock_file *file = NULL;
	struct hf9_owner *owner = NULL;
	struct hf9_mark *mark;

	spin_lock(&locks->lock);
	mark = fid ? first_idle_locked(&fid->locks) : any_mark_locked(locks);
	if (mark && !WARN_ONCE(mark->busy, "holdfast: a connection ends beside a Tlock\n")) {
		file = mark->file;
		file->users++;
		owner = hf9_owner_get(mark->owner);
	}
	spin_unlock(&locks->lock);
	if (!file)
		return false;
	unlock_or_warn(file, owner);
	hf9_lock_file_put(file);
	hf9_owner_put(owner);
	return true;
}

/**
 * hf9_locks_leave - nobody uses a fid any more, or it was clunked
 * @fid: the fid
 *
 * Whoever locked through it since he last unlocked the whole file loses all that he
 * holds on its inode, as close(2) has it.  Twice: a Tlock that ran when the fid was
 * clunked ends with the fid's last use.
 *
 * Context: may sleep.
 */
void hf9_locks_leave(struct hf9_fid *fid)
{
	struct hf9_locks *locks = READ_ONCE(fid->locks_of);

	while (locks && end_one(locks, fid))
		cond_resched();
}

void hf9_locks_clunked(struct hf9_connection *connection, struct hf9_fid *fid)
{
	hf9_locks_leave(fid);
}

/*
 * No request runs or waits, so no mark is busy; a file that is left is a reply's that
 * was not sent yet.
 */
void hf9_locks_end(struct hf9_connection *connection)
{
	struct hf9_locks *locks = connection->locks;

	if (!locks)
		return;
	while (end_one(locks, NULL))
		cond_resched();
	WRITE_ONCE(connection->locks, NULL);
	hf9_locks_put(locks);
}
