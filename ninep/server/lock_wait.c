// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request for a lock, from when it is asked for until it has it or goes without.
 *
 * A lock that has to be waited for is waited for by nobody: its request is parked, and
 * run again when it may be had (lock_ask.c has how one hears of that), when its time
 * is up, or to ask again.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "lock.h"

#define FIRST_POLL	(HZ / 50)
#define SLOWEST_POLL	(HZ / 5)

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

/* Also after a grant; holdfast's only as long as it is in its hands. */
static void take_back(struct hf9_request *request)
{
	struct hf9_lock *lock = request->lock;

	request->lock = NULL;
	end_mark(lock, hf9_lock_undo(lock));
	lock_free(lock);
}

/*
 * Of a request that was answered with success.  The lock's file may go with it, when
 * its fid and marks have gone meanwhile: then this is a close(2).
 */
void hf9_lock_free(struct hf9_lock *lock)
{
	hf9_lock_unqueue(lock);
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
		ret = hf9_lock_ask_again(lock);
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
	lock->way = hf9_lock_way(lock->file->file, &wish->key);
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
	ret = hf9_lock_ask(lock);
	/* No filesystem defers what does not wait; if one did it would be one of ours. */
	if (WARN_ONCE(ret == FILE_LOCK_DEFERRED, "holdfast: deferred unasked\n"))
		ret = -EIO;
	hf9_lock_unqueue(lock);
	end_mark(lock, !ret);
	lock_free(lock);
	if (ret == -EAGAIN)
		return hf9_lock_answer(request, NP_LOCK_BLOCKED);
	return ret ?: hf9_lock_answer(request, NP_LOCK_SUCCESS);
}
