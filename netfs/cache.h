/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the cache on disk share.  Documentation/netfs-cache.md has what each
 * moment asks for, and why nothing waits that others need.
 *
 * Locks, each taken before those below it; none of them is held across a call that sleeps:
 *
 *	i_lock			which object an inode has
 *	hf_cache_object.lock	one object
 *	hf_cache_dir.lock	the index, and how the filesystem is
 *
 * and dirs_lock (cache_dir.c), a mutex, before all of them.
 */
#ifndef HF_NETFS_CACHE_SHELL_H
#define HF_NETFS_CACHE_SHELL_H

#include <linux/fs.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include <holdfast/netfs_cache.h>

#include "netfs.h"
#include "stats.h"

enum hf_cache_dir_state { HF_CACHE_OPENING, HF_CACHE_OPEN, HF_CACHE_LEAVING };

/**
 * struct hf_cache_dir - a directory
 * @all: dirs_lock: all of them
 * @state: dirs_lock: enum hf_cache_dir_state
 * @inode: I: of which directory; only to be compared
 * @mounts: dirs_lock: that use it
 * @wished: dirs_lock: the limits that were asked for
 * @refs: a mount's each, an object's each until it is put away, and the scan's
 * @path: I: in a private mount
 * @guard: I: the file whose lock keeps other kernels out
 * @lock: of what is marked L
 * @index: L: all objects
 * @health: L: how the filesystem is
 * @fills: L: in flight, which hold folios
 * @objects: L: that are not put away
 * @losses: L: of connections
 * @scan: finds what is there; in the second queue, as the next three
 * @reap: removes
 * @retry: @reap once more, of what could not be removed
 * @close: its end
 */
struct hf_cache_dir {
	struct list_head all;
	u8 state;
	const struct inode *inode;
	u32 mounts;
	struct hf_netfs_cache_limits wished;
	refcount_t refs;
	struct path path;
	struct file *guard;
	spinlock_t lock;
	struct rc_index index;
	struct rc_health health;
	u32 fills;
	struct list_head objects;
	u32 losses;
	struct work_struct scan, reap, close;
	struct delayed_work retry;
};

/**
 * struct hf_cache_object - one version of one file
 * @lock: of what is marked L
 * @core: L
 * @refs: until it is put away one; each inode's pointer; who works at it
 * @dir: I: held until it is put away
 * @entry: L: its place in the index; NULL when it was put away
 * @of_dir: of the directory's list
 * @losses: the directory's lock: which loss it was killed by, or came after
 * @ni: L: an inode that has it, and is not evicted, whose folios are looked up and who asks the
 *	server; NULL
 * @working: L: fills, questions and headers on their way: it is not put away meanwhile
 * @file: L: its file, until it was put away
 * @direct: I: that is read and written past its cache; set with @file
 * @read_only: I: it could not be opened for writing; likewise
 * @since: I: errors of its write-back before it was opened; likewise
 * @work: the look, then the end
 * @ask: the server is asked whether it has the version still
 * @commit: a header
 * @timer: when one is due, if nothing else happens
 * @rcu: readers of an inode's pointer
 * @bits: the core's, of larger files
 */
struct hf_cache_object {
	spinlock_t lock;
	struct rc_object core;
	refcount_t refs;
	struct hf_cache_dir *dir;
	struct rc_entry *entry;
	struct list_head of_dir;
	u32 losses;
	struct hf_netfs_inode *ni;
	u32 working;
	struct file *file;
	bool direct, read_only;
	errseq_t since;
	struct work_struct work;
	struct work_struct ask, commit;
	struct delayed_work timer;
	struct rcu_head rcu;
	u64 bits[];
};

/*
 * The first: nothing in it waits for a freeze, nor for the server.  The second: nobody waits
 * for it.  The third has what headers take: questions to the server, which are not waited for,
 * fsyncs, which no reader waits behind, and timers.
 */
extern struct workqueue_struct *hf_cache_first, *hf_cache_second, *hf_cache_headers;

static inline u64 hf_cache_wall(void)
{
	return max_t(s64, ktime_get_real_seconds(), 0);
}

/*
 * But for attaching and its limits the cache's filesystem is called by workers alone: they
 * begin with no lock of the network filesystem's, and have no memory map.
 */
static inline void hf_cache_assert_worker(void)
{
	WARN_ON_ONCE(!(current->flags & PF_WQ_WORKER) || current->mm);
}

/* cache_object.c */
bool hf_cache_lock(struct hf_cache_object *object) __acquires(&object->lock);
void hf_cache_unlock(struct hf_cache_object *object, bool lived) __releases(&object->lock);
struct hf_cache_object *hf_cache_of(struct hf_netfs_inode *ni);
void hf_cache_put(struct hf_cache_object *object);
void hf_cache_try_end(struct hf_cache_object *object);
void hf_cache_worked(struct hf_cache_object *object);
u64 hf_cache_allocated(struct file *file);

/* cache_kill.c */
struct rc_key hf_cache_key_of(const struct hf_netfs_version *version);
void hf_cache_kill(struct hf_netfs_inode *ni);
void hf_cache_kill_by(struct hf_netfs_inode *ni, enum rc_why why, const struct rc_key *unless);

/* cache_inode.c */
void hf_cache_leave(struct hf_netfs_inode *ni);
void hf_cache_forget(struct hf_netfs_inode *ni);

/* cache_dir.c */
void hf_cache_detach(struct hf_netfs_mount *mount);
void hf_cache_dir_get(struct hf_cache_dir *dir);
void hf_cache_dir_put(struct hf_cache_dir *dir);
void hf_cache_show(struct seq_file *m);
int hf_cache_init(void);
void hf_cache_exit(void);

/* cache_room.c: how its filesystem is, how much it may have, what is removed */
int hf_cache_set_limits(struct hf_cache_dir *dir, const char **why);
void hf_cache_note(struct hf_cache_dir *dir, enum rc_outcome outcome);
void hf_cache_tell(struct hf_cache_dir *dir, bool changed, enum rc_outcome state);
enum rc_outcome hf_cache_outcome(ssize_t error);
void hf_cache_reap(struct work_struct *work);
void hf_cache_retry(struct work_struct *work);

/* cache_names.c: by name; what makes or unlinks in the second queue */
struct file *hf_cache_find(struct hf_cache_dir *dir, const struct rc_key *key);
struct file *hf_cache_make(struct hf_cache_dir *dir, const struct rc_key *key);
int hf_cache_unlink(struct hf_cache_dir *dir, const struct rc_key *key);
int hf_cache_read_header(struct file *file, const struct rc_key *key, u8 *slots,
			 struct rc_header *header);

/* cache_scan.c */
void hf_cache_scan(struct work_struct *work);

/* cache_look.c: its file is looked for, or made */
void hf_cache_look(struct hf_cache_object *object, enum rc_found found);

/* hf_netfs_sub_done(): the server was not asked, and is to be. */
#define HF_NETFS_NOT_ASKED	0x2

/* cache_read.c */
bool hf_cache_has(struct hf_netfs_inode *ni, loff_t pos, size_t len);
bool hf_cache_issue(struct hf_netfs_sub *sub);

/* cache_fill.c */
void hf_cache_came(struct hf_netfs_sub *sub);
void hf_cache_fill_owed(struct hf_cache_object *object);

/* cache_commit.c */
bool hf_cache_commit(struct hf_cache_object *object);
void hf_cache_ask_work(struct work_struct *work);
void hf_cache_commit_work(struct work_struct *work);
void hf_cache_timer(struct work_struct *work);
void hf_cache_commit_if_due(struct hf_cache_object *object);

#endif /* HF_NETFS_CACHE_SHELL_H */
