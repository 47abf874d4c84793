// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request for a lock, from when it is asked for until it has it or goes without.
 *
 * A lock that has to be waited for is waited for by nobody: its request is parked,
 * and run again when it may be had.  How one hears of that is the filesystem's:
 *
 *	holdfast	FL_SLEEP and lm_grant(): the table queues the request, commits the
 *			lock in its turn and says so
 *	no ->lock	FL_SLEEP and lm_notify(): fs/locks.c queues it, and says when to
 *			ask again
 *	another ->lock	it is asked again from time to time.  (With lm_grant() some
 *			defer even what does not wait, and some grant errors.)  So is
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
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "lock.h"

#define FIRST_POLL	(HZ / 50)
#define SLOWEST_POLL	(HZ / 5)

/* How one hears that a lock may be had. */
enum way { WAY_GRANT, WAY_NOTIFY, WAY_POLL };

/* A request that waits for a lock, or has waited. */
struct hf9_lock {
	struct file_lock fl;
	struct hf9_request *request;
	struct hf9_lock_file *file;	/* used */
	struct hf9_mark *mark;		/* busy; NULL once it is granted */
	struct hf9_owner *owner;	/* counted */
	struct hf9_wish wish;		/* its strings are the request's */
	enum way way;
	bool queued;			/* @fl is the table's, or fs/locks.c's */
	bool waits;			/* one of hf9_locks.waiting */
	bool told;			/* A: @result is there */
	int result;
	unsigned long begun;		/* jiffies */
	unsigned long delay;		/* of the next poll */
};

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
	[WAY_GRANT] = {
		.lm_mod_owner	= THIS_MODULE,
		.lm_get_owner	= hf9_owner_hold,
		.lm_put_owner	= hf9_owner_release,
		.lm_grant	= grant,
	},
	[WAY_NOTIFY] = {
		.lm_mod_owner	= THIS_MODULE,
		.lm_get_owner	= hf9_owner_hold,
		.lm_put_owner	= hf9_owner_release,
		.lm_notify	= notify,
	},
	[WAY_POLL] = {
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

static enum way way_of(const struct file *file, const struct hf9_owner_key *key)
{
	if (key->kind == NP_FLOCK)
		return WAY_POLL;
	if (!file->f_op->lock)
		return WAY_NOTIFY;
	return hf9_is_on_holdfast(file) ? WAY_GRANT : WAY_POLL;
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
	if (wish->block && lock->way != WAY_POLL)
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

/* It is in no queue any more, and nobody is about to call for it. */
static void unqueue(struct hf9_lock *lock)
{
	if (!lock->queued)
		return;
	lock->queued = false;
	if (lock->way == WAY_NOTIFY)
		locks_delete_block(&lock->fl);
	locks_release_private(&lock->fl);
}

static int ask(struct hf9_lock *lock)
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

/*
 * Return: 0: it has the lock; -EAGAIN: ask again some time; FILE_LOCK_DEFERRED: one
 * will hear; else -errno.
 */
static int ask_again(struct hf9_lock *lock)
{
	if (!lock->queued)
		return ask(lock);
	if (lock->way == WAY_GRANT)
		return smp_load_acquire(&lock->told) ? lock->result :
						       FILE_LOCK_DEFERRED;
	unqueue(lock);
	return ask(lock);
}

static void lock_free(struct hf9_lock *lock)
{
	hf9_lock_file_put(lock->file);
	hf9_owner_put(lock->owner);
	kfree(lock);
}

/* It has the lock, or it has not and does not wait any more. */
static void end_mark(struct hf9_lock *lock, bool granted)
{
	if (!lock->mark)
		return;
	if (lock->waits)
		atomic_dec(&lock->owner->locks->waiting);
	lock->waits = false;
	hf9_lock_file_put(hf9_mark_end(lock->mark, granted));
	lock->mark = NULL;
}

/*
 * It waits from here on, and counts for that until end_mark().  What waits for
 * something else has a limit of its own, so that no lock makes a write fail.
 */
static bool may_wait(struct hf9_lock *lock)
{
	atomic_t *waiting = &lock->owner->locks->waiting;

	if (lock->waits)
		return true;
	lock->waits = atomic_inc_return(waiting) <=
		      lock->request->connection->export->limits.waiting_locks;
	if (!lock->waits)
		atomic_dec(waiting);
	return lock->waits;
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

/* Also after a grant; holdfast's only as long as it is in its hands. */
static void take_back(struct hf9_request *request)
{
	struct hf9_lock *lock = request->lock;
	bool granted = false;

	request->lock = NULL;
	if (lock->queued && lock->way == WAY_GRANT)
		granted = cancel(lock);
	else if (!lock->mark)
		unlock_range(lock);
	unqueue(lock);
	end_mark(lock, granted);
	lock_free(lock);
}

/*
 * Of a request that was answered with success.  The lock's file may go with it, when
 * its fid and marks have gone meanwhile: then this is a close(2).
 */
void hf9_lock_free(struct hf9_lock *lock)
{
	unqueue(lock);
	end_mark(lock, true);
	lock_free(lock);
}

static void give_up(struct hf9_request *request)
{
	request->take_back = NULL;
	take_back(request);
}

/* Jiffies that it may still wait, lock_hold_ms; 0: for ever.  False: none. */
static bool time_left(const struct hf9_lock *lock, unsigned long *left)
{
	u32 hold = lock->request->connection->export->lock_hold_ms;
	unsigned long waited = jiffies - lock->begun;

	*left = 0;
	if (!hold)
		return true;
	*left = msecs_to_jiffies(hold);
	if (waited >= *left)
		return false;
	*left -= waited;
	return true;
}

/* Jiffies until it is to be run again by itself; 0: not. */
static unsigned long delay_of(struct hf9_lock *lock, bool polls, unsigned long left)
{
	unsigned long delay;

	if (!polls)
		return left;
	delay = clamp_t(unsigned long, lock->delay, 1, SLOWEST_POLL);
	lock->delay = delay * 2;
	return left ? min(delay, left) : delay;
}

/* Not now, and not later: what a client hears that asks again by itself. */
static int answer_blocked(struct hf9_request *request)
{
	give_up(request);
	return hf9_lock_answer(request, NP_LOCK_BLOCKED);
}

/*
 * Until it has the lock, or has to go without.  It can be taken back from its first
 * turn in a queue on, and so also when it is granted.
 */
int hf9_lock_go_on(struct hf9_request *request)
{
	struct hf9_lock *lock = request->lock;
	unsigned long left;
	int ret;

	for (;;) {
		ret = ask_again(lock);
		if (!ret) {
			end_mark(lock, true);
			return hf9_lock_answer(request, NP_LOCK_SUCCESS);
		}
		if (ret != -EAGAIN && ret != FILE_LOCK_DEFERRED)
			return ret;
		if (!time_left(lock, &left))
			return answer_blocked(request);
		request->take_back = take_back;
		if (!may_wait(lock))
			return answer_blocked(request);
		switch (hf9_park(request, request->fid[0],
				 delay_of(lock, ret == -EAGAIN, left))) {
		case NS_NOW_PARKED:
			return HF9_PARKED;
		case NS_WOKEN:
			break;
		case NS_TOO_MANY_PARKED:
			return answer_blocked(request);
		case NS_FID_WENT:
			return -EBADF;
		default:
			return -EINTR;
		}
	}
}

static struct hf9_lock *lock_new(struct hf9_request *request, const struct hf9_wish *wish,
				 struct hf9_owner *owner)
{
	struct hf9_lock *lock = kzalloc(sizeof(*lock), GFP_KERNEL);
	struct hf9_mark *mark;

	if (!lock)
		return ERR_PTR(-ENOLCK);
	mark = hf9_mark_begin(owner, request->fid[0]);
	if (IS_ERR(mark)) {
		kfree(lock);
		return ERR_CAST(mark);
	}
	lock->request = request;
	lock->mark = mark;
	lock->file = hf9_lock_file_find(owner->locks, mark->file->inode, owner);
	lock->owner = hf9_owner_get(owner);
	lock->wish = *wish;
	lock->way = way_of(lock->file->file, &wish->key);
	lock->begun = jiffies;
	lock->delay = FIRST_POLL;
	return lock;
}

/* One that was never queued is done when it is answered. */
static void forget_unqueued(struct hf9_request *request, int ret)
{
	struct hf9_lock *lock = request->lock;

	if (!lock || request->take_back)
		return;
	request->lock = NULL;
	end_mark(lock, !ret && request->r.rlock.status == NP_LOCK_SUCCESS);
	lock_free(lock);
}

int hf9_lock_blocking(struct hf9_request *request, const struct hf9_wish *wish,
		      struct hf9_owner *owner)
{
	struct hf9_lock *lock = lock_new(request, wish, owner);
	int ret;

	if (IS_ERR(lock))
		return PTR_ERR(lock);
	request->lock = lock;
	ret = hf9_lock_go_on(request);
	if (ret == HF9_PARKED)
		return ret;
	forget_unqueued(request, ret);
	return ret;
}

int hf9_lock_now(struct hf9_request *request, const struct hf9_wish *wish,
		 struct hf9_owner *owner)
{
	struct hf9_lock *lock = lock_new(request, wish, owner);
	int ret;

	if (IS_ERR(lock))
		return PTR_ERR(lock);
	ret = ask(lock);
	/* No filesystem defers what does not wait; if one did it would be one of ours. */
	if (WARN_ONCE(ret == FILE_LOCK_DEFERRED, "holdfast: deferred unasked\n"))
		ret = -EIO;
	unqueue(lock);
	end_mark(lock, !ret);
	lock_free(lock);
	if (ret == -EAGAIN)
		return hf9_lock_answer(request, NP_LOCK_BLOCKED);
	return ret ?: hf9_lock_answer(request, NP_LOCK_SUCCESS);
}
