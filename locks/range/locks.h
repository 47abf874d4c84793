/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shell of the lock manager: what its files share.
 *
 * Locks, outermost first (Documentation/lock-order.md):
 *	hf_graph_lock	G: mutex; the waits-for graph, and every change to a
 *			contended table.  Nothing is allocated under it, so
 *			it may be taken from reclaim (eviction).
 *	table->lock	T: spinlock; one table.  lm_grant() and lm_notify() are
 *			called under it, which orders them against the release
 *			of the file_lock that they are about.
 *	flc_lock	the mirror in i_flctx, around every call of the core
 *			that may change records.
 * Owners are put (lm_put_owner) under none of them: it takes nfsd's cl_lock,
 * outside which nfsd takes flc_lock.
 */
#ifndef HF_RANGE_LOCKS_H
#define HF_RANGE_LOCKS_H

#include <linux/completion.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include <holdfast/lock.h>
#include "../clock.h"
#include "../stats.h"
#include "core/lock_core.h"
#include "record.h"

struct hf_lock_domain {
	refcount_t ref;		/* A: the mount, each table */
	u8 fairness;		/* enum hf_fairness; READ_ONCE/WRITE_ONCE */
	const struct hf_remote_ops *remote; /* I: or NULL */
	atomic_t asking;	/* A: struct hf_ask */
	atomic_t late;		/* A: unlocks that their processes have not waited for */
};

/*
 * The locks of one file.  One reference is the inode's, one each
 * asynchronous waiter's, so a server's waiter may outlive the inode.
 */
struct hf_table {
	spinlock_t lock;		/* T */
	refcount_t ref;			/* A */
	struct lk_table posix;		/* L: T, and G when contended */
	struct lk_table flock;		/* L: likewise */
	struct inode *inode;		/* L: T; NULL once evicted */
	struct file_lock_context *flctx; /* I: valid while inode is set */
	struct hf_lock_domain *domain;	/* I */
	struct list_head all;		/* hf_tables_lock */
	struct list_head line;		/* L: T; at the remote, or about to be: order.c */
	struct list_head held_back;	/* L: T; likewise, until the remote can grant it */
	dev_t dev;			/* I: to show */
	unsigned long ino;		/* I: to show */
};

/* How the one who waits is told. */
enum hf_told {
	HF_TOLD_WAKE,		/* a process sleeps in hf_wait_local() */
	HF_TOLD_GRANT,		/* lm_grant() */
	HF_TOLD_NOTIFY,		/* lm_notify() */
	HF_TOLD_BLOCKER,	/* flc_blocker is cleared, flc_wait woken (ksmbd) */
};

/* A request that waits. */
struct hf_waiter {
	struct lk_waiter core;		/* L: T and G */
	struct hf_table *table;		/* I: counted */
	struct lk_table *space;		/* I: table->posix or table->flock */
	struct file_lock *fl;		/* I: whom to tell; ident is what is read */
	struct file_lock ident;		/* I: copied at queueing */
	struct completion done;		/* HF_TOLD_WAKE */
	enum hf_told told;		/* I */
	struct hf_ask *ask;		/* I: the remote decides, too; or NULL */
};

static inline struct hf_waiter *hf_waiter(const struct lk_waiter *waiter)
{
	return container_of(waiter, struct hf_waiter, core);
}

/*
 * For a variable that the first call fills: a kernel with INIT_STACK_ALL_ZERO,
 * as Debian's, clears it beforehand with a loop of stores, four times a lock.
 */
#if !defined(__CHECKER__) && __has_attribute(uninitialized)
#define hf_filled_by_callee __attribute__((uninitialized))
#else
#define hf_filled_by_callee
#endif

/*
 * A file_lock has no private pointer; its union is free for the filesystem
 * that sets fl_ops.  This is the one place that says which word we take.
 */
static_assert(sizeof_field(struct file_lock, fl_u) >= sizeof(void *));

static inline void *hf_slot(const struct file_lock *fl)
{
	return fl->fl_u.ceph.inode;
}

static inline void hf_set_slot(struct file_lock *fl, void *value)
{
	fl->fl_u.ceph.inode = value;
}

/* ---- table.c: lifetime of tables and domains */
extern struct list_head hf_tables;
extern spinlock_t hf_tables_lock;
extern struct mutex hf_graph_lock;
extern struct lk_graph hf_graph;

struct hf_table *hf_table_of(struct hf_lock_domain *domain,
			     struct hf_lock_inode *li, struct inode *inode);
void hf_table_get(struct hf_table *table);
void hf_table_put(struct hf_table *table);
int hf_tables_init(void);
void hf_tables_exit(void);

/* ---- record.c: memory of records, the mirror */
extern const struct lk_observer hf_observer;
int hf_records_alloc(struct lk_list *list, unsigned int count,
		     const struct file_lock *fl);
void hf_records_free_slow(struct lk_list *list);
int hf_records_init(void);
void hf_records_exit(void);

/* ---- courtesy.c: locks that a server keeps as long as nobody wants them */
struct hf_courtesy {
	struct module *server;	/* counted: to call lm_expire_lock() */
	void (*expire)(void);	/* NULL: there is none */
};

bool hf_ask_courtesy(struct file_lock *mirror);
bool hf_find_courtesy(struct hf_courtesy *courtesy,
		      const struct lk_record *blocker);
void hf_expire_courtesy(struct hf_courtesy *courtesy);

/* ---- request.c: from the VFS's words to the core's */
int hf_request_init(struct lk_request *request,
		    const struct hf_lock_domain *domain,
		    const struct file_lock *fl, bool flock);

/* ---- errno.c: what a caller understands; the rest is in limits.h */
int hf_out_of_memory(const struct file_lock *fl);

/* ---- set.c: one request against one table */
int hf_set(struct hf_table *table, struct lk_table *space,
	   struct lk_request *request, struct file_lock *fl,
	   enum hf_told told, bool may_wait);
int hf_set_here(struct hf_table *table, struct lk_table *space,
		struct lk_request *request, struct file_lock *fl,
		enum hf_told told, bool may_wait);

/* ---- test.c: F_GETLK */
int hf_test(struct hf_table *table, struct lk_request *request,
	    struct file_lock *fl);

/* ---- wait.c: processes that sleep, and the memory of waiters */
struct hf_waiter *hf_waiter_alloc(struct hf_table *table,
				  struct lk_table *space, struct file_lock *fl,
				  enum hf_told told,
				  const struct lk_request *request);
void hf_waiter_free(struct hf_waiter *waiter);
int hf_wait_local(struct hf_waiter *waiter);
int hf_waiters_init(void);
void hf_waiters_exit(void);

/* ---- remote*.c: another table that decides, too */
struct hf_ask *hf_ask_new(struct hf_waiter *waiter, struct file *file,
			  const struct lk_request *request);
void hf_ask_free(struct hf_ask *ask);
void hf_remote_happened(struct hf_ask *ask);
void hf_remote_told(struct hf_ask *ask);
/* What hf_remote_run() says if the request is to be made anew. */
#define HF_REMOTE_ANEW	(-ERESTARTNOINTR)
int hf_remote_run(struct hf_waiter *waiter);
void hf_remote_end(struct hf_waiter *waiter, bool take_back);
bool hf_remote_waits(const struct hf_waiter *waiter);
int hf_remote_unlock(struct hf_table *table, struct lk_table *space,
		     struct lk_request *request, struct file_lock *fl);
extern unsigned long hf_remote_patience;
int hf_remote_init(void);
void hf_remote_flush(void);
void hf_remote_exit(void);

/* ---- async.c: servers that do not sleep */
extern const struct file_lock_operations hf_async_ops;
void hf_async_attach(struct hf_waiter *waiter);
bool hf_async_again(struct hf_table *table, struct file_lock *fl, int *ret);
int hf_async_cancel(struct file_lock *fl);

/* ---- deliver.c: telling the winners */
void hf_deliver(struct hf_table *table, struct lk_batch *batch);
void hf_tell_won(struct hf_table *table, struct hf_waiter *waiter,
		 struct lk_batch *batch);
void hf_tell_failure(struct hf_waiter *waiter, int error);

/* ---- expire.c: turns that were not taken */
void hf_expire(u64 ahead);
void hf_expire_soon(void);
void hf_expire_stop(void);

/* ---- nfsd.c: whose request is this? */
struct svc_rqst;
const struct svc_rqst *hf_server_request(const struct file_lock *fl);
bool hf_may_notify(const struct file_lock *fl);
#if IS_ENABLED(CONFIG_KUNIT)
/* KUnit's fake managers are no nfsd; only their own suites set this. */
extern bool (*hf_may_notify_for_test)(const struct file_lock *fl);
struct hf_account_key;
extern bool (*hf_account_for_test)(struct hf_account_key *key,
				   const struct file_lock *fl);
int hf_module_users(void);
#endif

/* ---- proc.c */
struct proc_dir_entry;
int hf_lock_proc_init(struct proc_dir_entry *dir);

/* Has this file_lock a waiter of ours, from an earlier request? */
static inline bool hf_is_async(const struct file_lock *fl)
{
	return fl->fl_ops == &hf_async_ops;
}

/*
 * Frees records that are in no table, and puts the owners of those that had
 * an identity.  No lock is held: see the head.
 */
static inline void hf_records_free(struct lk_list *list)
{
	if (list->first)
		hf_records_free_slow(list);
}

/**
 * hf_enter - take a table's lock, and the graph's first if @graph
 * @table: the table
 * @graph: the table is, or is about to become, contended
 */
static inline void hf_enter(struct hf_table *table, bool graph)
	__acquires(&table->lock)
{
	if (graph)
		mutex_lock(&hf_graph_lock);
	spin_lock(&table->lock);
}

static inline void hf_leave(struct hf_table *table, bool graph)
	__releases(&table->lock)
{
	spin_unlock(&table->lock);
	if (!graph)
		return;
	hf_expire_soon();
	mutex_unlock(&hf_graph_lock);
}

/* Around every call of the core that may change records.  T is held. */
static inline void hf_mirror_lock(struct hf_table *table)
	__acquires(&table->flctx->flc_lock)
{
	lockdep_assert_held(&table->lock);
	if (table->inode)
		spin_lock(&table->flctx->flc_lock);
	else
		__acquire(&table->flctx->flc_lock);
}

static inline void hf_mirror_unlock(struct hf_table *table)
	__releases(&table->flctx->flc_lock)
{
	lockdep_assert_held(&table->lock);
	if (table->inode)
		spin_unlock(&table->flctx->flc_lock);
	else
		__release(&table->flctx->flc_lock);
}

#endif /* HF_RANGE_LOCKS_H */
