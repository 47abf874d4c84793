/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte-range locks of a connection's clients, for lock*.c.
 *
 *	owner	who locks: of Tlock (client_id, proc_id), of Tlockx (kind, number), within
 *		its connection: nodes share names, and processes numbers
 *	lock file	the open file that all locks on one inode are made by, since
 *		records of one owner become one, and keep the first one's file
 *	mark	an owner has locked a lock file's inode through a fid, and may hold
 *		something there: whenever it does, it has a mark
 */
#ifndef HF9_LOCK_H
#define HF9_LOCK_H

#include <linux/filelock.h>
#include <linux/kref.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>

#include "ops.h"

/* For a reply of 4 KiB, which is what v9fs has room for. */
#define HF9_CLIENT_ID_MOST 255

/*
 * The locks of one connection.  Held by it, by each owner, and by each lock file, so
 * that it is there for the last of them.  L: under @lock, under which nothing else is
 * called.
 */
struct hf9_locks {
	struct kref ref;
	spinlock_t lock;
	struct rb_root owners;		/* L: by key */
	struct rb_root files;		/* L: by inode, and owner of flock's */
	atomic_t held;			/* references that records and marks have */
	atomic_t waiting;		/* requests, lock_wait.c */
	struct rcu_head rcu;
};

/* What an owner is known by, and shown as. */
struct hf9_owner_key {
	bool hf1;			/* of Tlockx */
	u8 kind;			/* enum np_lock_kind */
	u32 proc_id;
	u64 number;			/* of Tlockx */
	struct np_str client_id;
};

struct hf9_owner {
	struct rb_node node;		/* L */
	refcount_t ref;
	struct hf9_locks *locks;	/* I: counted */
	struct hf9_owner_key key;	/* I: client_id points to @client_id */
	char client_id[];		/* I */
};

/* What a message asks for. */
struct hf9_wish {
	struct hf9_owner_key key;
	u8 type;			/* F_RDLCK, F_WRLCK, F_UNLCK */
	bool block;
	loff_t first, last;
};

struct hf9_lock_file {
	struct rb_node node;		/* L */
	struct hf9_locks *locks;	/* I: counted */
	const struct inode *inode;	/* I: @file's */
	struct hf9_owner *flock;	/* I: of flock's: whose it is, counted; else NULL */
	struct file *file;		/* I: counted */
	unsigned int users;		/* L: requests, marks */
	u64 stamp;			/* L: of the last request to lock that began or ended */
	struct rb_root marks;		/* L: by owner, fid */
};

struct hf9_mark {
	struct rb_node node;		/* L: of the file's */
	struct list_head of_fid;	/* L */
	struct hf9_lock_file *file;	/* I: counted among its users */
	struct hf9_owner *owner;	/* I: counted, and among the held */
	struct hf9_fid *fid;		/* I */
	unsigned int busy;		/* L: requests to lock that have not ended */
	bool granted;			/* L: one has succeeded */
	u64 stamp;			/* L: of the last that began or ended */
};

/* How one hears that a lock may be had. */
enum hf9_lock_way { HF9_WAY_GRANT, HF9_WAY_NOTIFY, HF9_WAY_POLL };

/* A request that waits for a lock, or has waited. */
struct hf9_lock {
	struct file_lock fl;
	struct hf9_request *request;
	struct hf9_lock_file *file;	/* used */
	struct hf9_mark *mark;		/* busy; NULL once it is granted */
	struct hf9_owner *owner;	/* counted */
	struct hf9_wish wish;		/* its strings are the request's */
	enum hf9_lock_way way;
	bool queued;			/* @fl is the table's, or fs/locks.c's */
	bool waits;			/* one of hf9_locks.waiting */
	bool told;			/* A: @result is there */
	int result;
	unsigned long begun;		/* jiffies */
	unsigned long delay;		/* of the next poll */
};

/* ----------------------------------------------------------- lock_owner.c */

struct hf9_locks *hf9_locks_of(struct hf9_connection *connection);
struct hf9_locks *hf9_locks_get(struct hf9_locks *locks);
struct hf9_owner *hf9_owner_of(struct hf9_locks *locks, const struct hf9_owner_key *key);
struct hf9_owner *hf9_owner_find(struct hf9_locks *locks,
				 const struct hf9_owner_key *key);
struct hf9_owner *hf9_owner_get(struct hf9_owner *owner);
void hf9_owner_put(struct hf9_owner *owner);

/* As lock managers' operations: a reference, and one of the held. */
fl_owner_t hf9_owner_hold(fl_owner_t owner);
void hf9_owner_release(fl_owner_t owner);

/* ------------------------------------------------------------ lock_file.c */

struct hf9_lock_file *hf9_lock_file_find(struct hf9_locks *locks,
					 const struct inode *inode,
					 const struct hf9_owner *owner);
struct hf9_lock_file *hf9_lock_file_of(struct hf9_owner *owner, struct file *from);
void hf9_lock_file_put(struct hf9_lock_file *file);
void hf9_lock_fill(struct file_lock *fl, const struct hf9_owner_key *key, void *owner,
		   struct file *file, u8 type);
int hf9_lock_call(struct hf9_lock_file *file, struct file_lock *fl);

/* Trees by address. */
static inline int hf9_compare(const void *a, const void *b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

/* ------------------------------------------------------------ lock_mark.c */

struct hf9_mark *hf9_mark_begin(struct hf9_owner *owner, struct hf9_fid *fid);
struct hf9_lock_file *hf9_mark_end(struct hf9_mark *mark, bool granted);
int hf9_unlock_whole(struct hf9_lock_file *file, struct hf9_owner *owner);

/* ------------------------------------------------------------- lock_ask.c */

bool hf9_is_our_lock(const struct file_lock *fl);
bool hf9_is_on_holdfast(const struct file *file);
enum hf9_lock_way hf9_lock_way(const struct file *file, const struct hf9_owner_key *key);

/*
 * 0: it has the lock; -EAGAIN: ask again some time; FILE_LOCK_DEFERRED: it is queued,
 * and one will hear; else -errno.  ..._again(): of one that was asked for before.
 */
int hf9_lock_ask(struct hf9_lock *lock);
int hf9_lock_ask_again(struct hf9_lock *lock);

/* It is in no queue any more, and nobody is about to call for it. */
void hf9_lock_unqueue(struct hf9_lock *lock);

/*
 * Nobody wants it any more: out of its queue, and what it was granted is taken back;
 * holdfast's only as long as it is in its hands.  Return: whether there may be a
 * record all the same, which goes with the mark.
 */
bool hf9_lock_undo(struct hf9_lock *lock);

/* ------------------------------------------------------------ lock_wait.c */

/* As an operation's run(): with Rlock's status, parked, or -errno. */
int hf9_lock_now(struct hf9_request *request, const struct hf9_wish *wish,
		 struct hf9_owner *owner);
int hf9_lock_blocking(struct hf9_request *request, const struct hf9_wish *wish,
		      struct hf9_owner *owner);
/* Of one that has been parked. */
int hf9_lock_go_on(struct hf9_request *request);

static inline int hf9_lock_answer(struct hf9_request *request, u8 status)
{
	request->r.rlock.status = status;
	return 0;
}

#endif /* HF9_LOCK_H */
