// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which way a lock that may have to be waited for is asked for, how one hears that it
 * may be had, and how it is taken back.  That is the filesystem's:
 *
 *	holdfast,	FL_SLEEP and lm_grant(): the table queues the request, commits the
 *	holdfast9p	lock in its turn and says so, or why it does not
 *	no ->lock	FL_SLEEP and lm_notify(): fs/locks.c queues it, and says when to
 *			ask again
 *	another ->lock	it is asked again from time to time.  (With lm_grant() some
 *			defer even what does not wait, or know no failure.)  So is
 *			flock's, of which no filesystem tells anybody
 *
 * Both callbacks come under spinlocks, maybe before the call that queued has returned,
 * and maybe when the client wants it no more.  Which, the session decides under the
 * connection's lock: hf9_wake() is refused from the moment on that somebody has the
 * request to take it back.  So of a grant and a Tflush one is first.
 *
 * What is taken back by a Tflush, also after it was granted, is exactly what a grant
 * of holdfast's added (F_CANCELLK).  Elsewhere it is the range: the client has let go
 * of all of it in its own table.
 */
#include <linux/exportfs.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <net/net_namespace.h>

#include "lock.h"

static int grant(struct file_lock *fl, int result)
{
	struct hf9_lock *lock = container_of(fl, struct hf9_lock, fl);

	lock->result = result;
	smp_store_release(&lock->told, true);
	return hf9_wake(lock->request) ? 0 : -ENOENT;
}

static void notify(struct file_lock *fl)
{
	struct hf9_lock *lock = container_of(fl, struct hf9_lock, fl);

	hf9_wake(lock->request);
}

static const struct lock_manager_operations manager_ops[] = {
	[HF9_WAY_GRANT] = {
		.lm_mod_owner	= THIS_MODULE,
		.lm_get_owner	= hf9_owner_hold,
		.lm_put_owner	= hf9_owner_release,
		.lm_grant	= grant,
	},
	[HF9_WAY_NOTIFY] = {
		.lm_mod_owner	= THIS_MODULE,
		.lm_get_owner	= hf9_owner_hold,
		.lm_put_owner	= hf9_owner_release,
		.lm_notify	= notify,
	},
	[HF9_WAY_POLL] = {
		.lm_mod_owner	= THIS_MODULE,
		.lm_get_owner	= hf9_owner_hold,
		.lm_put_owner	= hf9_owner_release,
	},
};

/**
 * hf9_is_our_lock - whose lock is it?
 * @fl: a lock, or a copy of one
 *
 * Return: whether it is a client's of this server's; its owner is then a struct
 * hf9_owner.
 */
bool hf9_is_our_lock(const struct file_lock *fl)
{
	return fl->fl_lmops >= manager_ops &&
	       fl->fl_lmops < manager_ops + ARRAY_SIZE(manager_ops);
}

/* Its locks are a lock table's of holdfast_locks. */
bool hf9_is_on_holdfast(const struct file *file)
{
	return !strcmp(file_inode(file)->i_sb->s_type->name, "holdfast");
}

/* So are those of a mount of our own client's, if others are asked for them. */
static bool waits_for_us(const struct file *file)
{
	const struct super_block *sb = file_inode(file)->i_sb;

	return sb->s_export_op && sb->s_export_op->flags & EXPORT_OP_ASYNC_LOCK &&
	       (hf9_is_on_holdfast(file) || !strcmp(sb->s_type->name, "holdfast9p"));
}

enum hf9_lock_way hf9_lock_way(const struct file *file, const struct hf9_owner_key *key)
{
	if (key->kind == NP_FLOCK)
		return HF9_WAY_POLL;
	if (!file->f_op->lock)
		return HF9_WAY_NOTIFY;
	return waits_for_us(file) ? HF9_WAY_GRANT : HF9_WAY_POLL;
}

/* Anew for each call: it changes what it is given. */
static void fill(struct hf9_lock *lock)
{
	const struct hf9_wish *wish = &lock->wish;
	struct file_lock *fl = &lock->fl;

	hf9_lock_fill(fl, &wish->key, lock->owner, lock->file->file, wish->type);
	fl->fl_start = wish->first;
	fl->fl_end = wish->last;
	fl->fl_lmops = &manager_ops[lock->way];
	hf9_owner_hold(lock->owner);
	if (wish->block && lock->way != HF9_WAY_POLL)
		fl->c.flc_flags |= FL_SLEEP;
}

/*
 * While NFS clients take back what they had before nfsd was restarted nobody else is
 * given anything.  (That of the first network namespace; nfsd's of others do not say
 * which filesystems they serve.)
 */
static bool is_in_grace(void)
{
	return IS_ENABLED(CONFIG_GRACE_PERIOD) && locks_in_grace(&init_net);
}

void hf9_lock_unqueue(struct hf9_lock *lock)
{
	if (!lock->queued)
		return;
	lock->queued = false;
	if (lock->way == HF9_WAY_NOTIFY)
		locks_delete_block(&lock->fl);
	locks_release_private(&lock->fl);
}

int hf9_lock_ask(struct hf9_lock *lock)
{
	int ret;

	if (is_in_grace())
		return -EAGAIN;
	fill(lock);
	ret = hf9_lock_call(lock->file, &lock->fl);
	if (ret == FILE_LOCK_DEFERRED)
		lock->queued = true;
	else
		locks_release_private(&lock->fl);
	return ret;
}

int hf9_lock_ask_again(struct hf9_lock *lock)
{
	if (!lock->queued)
		return hf9_lock_ask(lock);
	if (lock->way == HF9_WAY_GRANT)
		return smp_load_acquire(&lock->told) ? lock->result :
						       FILE_LOCK_DEFERRED;
	hf9_lock_unqueue(lock);
	return hf9_lock_ask(lock);
}

/* Of the range: what it has replaced is gone. */
static void unlock_range(struct hf9_lock *lock)
{
	struct file_lock fl;
	int err;

	hf9_lock_fill(&fl, &lock->wish.key, lock->owner, lock->file->file, F_UNLCK);
	fl.fl_start = lock->wish.first;
	fl.fl_end = lock->wish.last;
	err = hf9_lock_call(lock->file, &fl);
	locks_release_private(&fl);
	/* It stays until the fid goes. */
	if (err)
		pr_warn_ratelimited("holdfast: a lock of a 9P client cannot be taken back: %d\n",
				    err);
}

/*
 * Of holdfast's that were granted: a record may be there that cannot be taken back any
 * more, since other locks of the owner's have changed it.  It goes with the mark.
 */
static bool cancel(struct hf9_lock *lock)
{
	vfs_cancel_lock(lock->file->file, &lock->fl);
	/* Under the table's lock: no grant comes after that. */
	return smp_load_acquire(&lock->told) && !lock->result;
}

bool hf9_lock_undo(struct hf9_lock *lock)
{
	bool granted = false;

	if (lock->queued && lock->way == HF9_WAY_GRANT)
		granted = cancel(lock);
	else if (!lock->mark)
		unlock_range(lock);
	hf9_lock_unqueue(lock);
	return granted;
}
