/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holdfast lock manager: byte-range locks (POSIX and open file description)
 * and flock locks for a filesystem that wants to decide its own.
 *
 * A filesystem embeds one struct hf_lock_inode in its inode, one
 * struct hf_lock_domain * in its superblock, and calls:
 *
 *	->lock		hf_lock()
 *	->flock		hf_flock()
 *	->evict_inode	hf_lock_evict()
 *
 * Every file_operations of a regular file and of a directory of that
 * filesystem must have both ->lock and ->flock or neither: a file locked half
 * here and half in fs/locks.c would have two owners for one range.  To let
 * NFS clients wait instead of poll, set EXPORT_OP_ASYNC_LOCK in the
 * export_operations as well.
 *
 * Documentation/filesystem-authors.md walks through a whole example.
 */
#ifndef HOLDFAST_LOCK_H
#define HOLDFAST_LOCK_H

#include <linux/types.h>

struct file;
struct file_lock;
struct inode;
struct hf_lock_domain;
struct hf_table;

/**
 * enum hf_fairness - what a newcomer owes to those who wait
 * @HF_FAIR_BOUNDED: a newcomer that conflicts with no holder may pass a waiter
 *	that has waited less than 100 ms; behind an older one it queues
 * @HF_FAIR_FIFO: it queues behind every waiter that it conflicts with
 * @HF_FAIR_NONE: it passes every waiter, as in fs/locks.c
 *
 * But for HF_FAIR_FIFO order alone keeps nobody out for longer than courtesy_ms.
 * Only requests that may wait are ever queued for fairness.
 */
enum hf_fairness {
	HF_FAIR_BOUNDED,
	HF_FAIR_FIFO,
	HF_FAIR_NONE,
};

/**
 * struct hf_lock_inode - what a filesystem's inode carries
 * @table: the lock table, allocated with the first lock; NULL before it.
 *	Set once, with cmpxchg; cleared only by hf_lock_evict().
 * @dev: the st_dev that the inode is shown with; 0: its superblock's.  Set by
 *	the filesystem before the first lock, where it has more than one
 *
 * All zeroes is a valid, empty one.
 */
struct hf_lock_inode {
	struct hf_table *table;
	dev_t dev;
};

/**
 * struct hf_remote - a request for a lock, as the remote's operations know it
 * @priv: the filesystem's, from ->begin() to ->end()
 */
struct hf_remote {
	void *priv;
};

/**
 * struct hf_remote_ops - how another machine is asked that has a table of its own
 * @begin: a request begins, by an open file; what the others need of it is to be held,
 *	the inode too: the file may be closed before it ends.  0 or -errno.  Of an unlock
 *	(@unlocks) it waits for no answer and fails for no want of memory: who closes a
 *	file cannot be told, and the remote would keep the lock.  May sleep
 * @end: nothing of it comes any more.  By a process that has the file open, or by our
 *	work: so it may let go of the last reference to an inode, but not wait for an
 *	answer to a lock
 * @lock: ask for the lock @fl.  Without @wait the remote is to answer at once, with it
 *	when the lock may be had.  Waits for no answer itself.  0: hf_remote_answer() is
 *	called, once, maybe before this returns; or -errno: it is not.  One @remote can
 *	be asked again once it was answered
 * @cancel: the answer to @lock with @wait is not wanted any more.  It still comes, soon:
 *	-EINTR, or 0 if the remote was first.  Beside or after the answer it does nothing.
 *	Waits for nothing
 * @unlock: give up @fl at the remote.  Answered as @lock is, with 0 or what is wrong,
 *	which nobody is told; may not fail for want of memory in a request that has begun
 *	with @unlocks
 * @granted: the remote has said yes, and nobody here knows: the moment to look at what
 *	others have changed.  May wait for the remote, killably.  Optional
 *
 * @fl has the owner, pid, flags (POSIX, OFD or FLOCK), type and range; nothing else of it
 * is to be looked at.  The owner is compared, never followed: it may be gone.
 *
 * Whatever was said yes to, in one file, is unlocked at the remote by one of these, or by
 * the filesystem when it forgets the file.
 */
struct hf_remote_ops {
	int (*begin)(struct hf_remote *remote, struct file *file, bool unlocks);
	void (*end)(struct hf_remote *remote);
	int (*lock)(struct hf_remote *remote, const struct file_lock *fl, bool wait);
	void (*cancel)(struct hf_remote *remote);
	int (*unlock)(struct hf_remote *remote, const struct file_lock *fl);
	void (*granted)(struct hf_remote *remote);
};

/**
 * hf_remote_answer - the answer to hf_remote_ops.lock()
 * @remote: of the call
 * @result: 0: the lock is held there, or given up; -EAGAIN: it cannot be had now (without
 *	@wait); -EINTR, -EIO, -ETIMEDOUT: nobody knows, so the remote is told what is to
 *	be there; -EDEADLK, or another negative number: it is not, and the request fails
 *	with it
 *
 * Context: process; waits for nothing.  @remote may be gone afterwards.
 */
void hf_remote_answer(struct hf_remote *remote, int result);

/**
 * hf_lock_domain_create - make what the files of one mount have in common
 * @fairness: see enum hf_fairness
 * @remote: how the remote is asked whose table decides, too; NULL: there is none
 *
 * Context: may sleep.
 * Return: the domain, which the caller ends with hf_lock_domain_put(), or
 * ERR_PTR(-ENOMEM), ERR_PTR(-EINVAL) for an unknown @fairness.
 */
struct hf_lock_domain *hf_lock_domain_create(enum hf_fairness fairness,
					     const struct hf_remote_ops *remote);

/**
 * hf_lock_domain_settle - wait for what was left behind at the remote
 * @domain: no file of it is open; or NULL
 * @timeout: jiffies to wait at the most, or MAX_SCHEDULE_TIMEOUT
 *
 * Who was killed or cancelled has left his request to be answered, and what was granted
 * to be given back.  That is soon, if the remote answers.
 *
 * Context: may sleep.
 * Return: whether all has ended: no operation of the domain's is called any more.
 */
bool hf_lock_domain_settle(struct hf_lock_domain *domain, long timeout);

/**
 * hf_lock_domain_set_fairness - change the rule for requests from now on
 * @domain: the domain
 * @fairness: see enum hf_fairness
 *
 * Waiters that are queued already keep their turn.
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int hf_lock_domain_set_fairness(struct hf_lock_domain *domain,
				enum hf_fairness fairness);

/**
 * hf_lock_domain_put - drop the filesystem's reference
 * @domain: the domain, or NULL
 *
 * To be called when every inode of the mount was evicted.  Waiters of a
 * server that outlive their inode hold references of their own.
 *
 * Context: may sleep.
 */
void hf_lock_domain_put(struct hf_lock_domain *domain);

/**
 * hf_lock - the ->lock operation (POSIX.1-2017 fcntl(), Linux OFD locks)
 * @domain: the mount's domain
 * @li: what the inode of @filp embeds
 * @filp: the open file that the VFS passed
 * @cmd: F_GETLK, F_SETLK, F_SETLKW, their 64-bit and OFD forms, or F_CANCELLK
 * @fl: the request; F_GETLK is answered in it
 *
 * With a remote, F_SETLK waits for its answer, F_SETLKW until it has the lock; what
 * has an asynchronous manager and FL_SLEEP for neither.  F_UNLCK unlocks here, then
 * there, and returns 0 whatever is said to that; a process that is killed, or ends, waits
 * ten seconds for its turn and ten for the answer, and the rest is done without it.
 * F_GETLK asks here alone.
 *
 * Context: may sleep, as ->lock may; takes neither i_rwsem nor sb_writers.  A
 * request with an asynchronous manager never waits for a lock.
 * Return: 0; FILE_LOCK_DEFERRED for a queued asynchronous request; -EAGAIN for
 * a conflict of one that does not wait; -EDEADLK, -ENOLCK, -ENOMEM, -EINVAL,
 * -ENOENT (F_UNLCK with FL_EXISTS), -ERESTARTSYS.
 */
int hf_lock(struct hf_lock_domain *domain, struct hf_lock_inode *li,
	    struct file *filp, int cmd, struct file_lock *fl);

/**
 * hf_flock - the ->flock operation (flock(2))
 * @domain: the mount's domain
 * @li: what the inode of @filp embeds
 * @filp: the open file that the VFS passed, which owns the lock
 * @cmd: F_SETLK or F_SETLKW
 * @fl: the request
 *
 * A conversion gives the old lock up before it asks for the new one, as
 * flock(2) says: on failure neither is held.
 *
 * Context and return: as hf_lock().
 */
int hf_flock(struct hf_lock_domain *domain, struct hf_lock_inode *li,
	     struct file *filp, int cmd, struct file_lock *fl);

/**
 * hf_lock_evict - end the inode's part in its lock table
 * @li: what the inode embeds
 *
 * No descriptor is open any more, so no lock is held; one that is found is
 * reported with a one-line warning and dropped.  Servers' waiters may live on.
 *
 * Context: ->evict_inode; may be called from reclaim, allocates nothing.
 */
void hf_lock_evict(struct hf_lock_inode *li);

#endif /* HOLDFAST_LOCK_H */
