/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shell of leases, layouts and pins: what its files share.
 *
 * Locks, outermost first (Documentation/lock-order.md):
 *	hf_leased_lock	spinlock; the tree of all that have any, for /proc
 *	flc_lock	the VFS's leases
 *	li->lock	spinlock; leases, layouts, pins and changes of an inode.
 *			Holders of layouts are signalled under it.
 *	by_file_lock	spinlock; whose grant is whose (by_file.c)
 */
#ifndef HF_LEASE_LEASES_H
#define HF_LEASE_LEASES_H

#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include <holdfast/lease.h>
#include "../clock.h"
#include "core/lease_core.h"

struct proc_dir_entry;

/*
 * A lease, a delegation or a layout.  ->core.holder is the open file, which
 * outlives it: its last close ends it.
 */
struct hf_grant {
	struct ls_grant core;		/* L: li->lock */
	struct hf_lease_inode *li;	/* I */
	struct hlist_node by_file;	/* by_file_lock */
	struct file *fown;		/* L: of a layout, see signal.c */
	struct fasync_struct *fasync;	/* L */
	u32 signal;			/* L */
	u32 round;			/* L: the last that found its entry */
	u64 number;			/* L: falls along the core's list */
	u64 place;			/* L: rises along the VFS's list */
	struct pid *pid;		/* L: who took it; a reference */
};

/* Each close of a file walks through all of its pins, each change through all layouts. */
#define HF_PINS_MAX 16384
#define HF_LAYOUTS_MAX 4096

/* A range that a device uses. */
struct hf_pin {
	struct ls_pin core;		/* L: li->lock */
	struct hf_lease_inode *li;	/* I */
	u64 number;			/* L: falls along the core's list */
	struct file *file;		/* I: a driver's, with a reference; or NULL */
	struct pid *pid;		/* I: who made it; a reference */
};

static inline struct ls_table *hf_leases(struct hf_lease_inode *li)
{
	static_assert(sizeof(li->core) == sizeof(struct ls_table));
	return (struct ls_table *)li->core;
}

static inline struct ls_change *hf_core_change(struct hf_change *change)
{
	static_assert(sizeof(change->core) >= sizeof(struct ls_change));
	return (struct ls_change *)change->core;
}

static inline struct hf_change *hf_change(struct ls_change *core)
{
	return container_of((void *)core, struct hf_change, core);
}

/* By which a reader of /proc finds the place again where he was. */
static inline u64 hf_next_number(struct hf_lease_inode *li)
{
	lockdep_assert_held(&li->lock);
	return ++li->last;
}

static inline struct hf_grant *hf_grant(struct ls_grant *core)
{
	return container_of(core, struct hf_grant, core);
}

static inline struct hf_pin *hf_pin(struct ls_pin *core)
{
	return container_of(core, struct hf_pin, core);
}

static inline u64 hf_holder(const struct file *file)
{
	return (unsigned long)file;
}

/* What the core has answered, to who asked through the VFS. */
static inline int hf_lease_errno(enum ls_answer answer)
{
	switch (answer) {
	case LS_OK:
		return 0;
	case LS_AGAIN:
		return -EAGAIN;
	case LS_DENIED:
		return -EPERM;
	case LS_PINNED:
		return -ETXTBSY;
	default:
		return -EINVAL;
	}
}

/* ---- grant.c: lifetime of grants and pins, and of what lists them */
extern struct rb_root hf_leased;
extern spinlock_t hf_leased_lock;

void hf_leased_use(struct hf_lease_inode *li, struct inode *inode);

/* What is shown of one that is in use. */
static inline dev_t hf_leased_dev(const struct hf_lease_inode *li)
{
	return li->dev ?: li->inode->i_sb->s_dev;
}

void hf_leased_join(struct hf_lease_inode *li);
void hf_leased_leave(struct hf_lease_inode *li);
struct hf_grant *hf_grant_alloc(struct hf_lease_inode *li, enum ls_kind kind,
				struct file *file, const void *owner);
void hf_grant_free(struct hf_grant *grant);
struct hf_pin *hf_pin_alloc(struct hf_lease_inode *li);
void hf_pin_free(struct hf_pin *pin);
void hf_pins_free(struct hf_lease_inode *li, struct ls_pin *pins);
void hf_leases_tell(struct hf_lease_inode *li, const struct ls_batch *batch);
int hf_leases_init(void);
void hf_leases_exit(void);

/* ---- by_file.c: whose grant is whose */
void hf_grant_hash(struct hf_grant *grant);
void hf_grant_unhash(struct hf_grant *grant);
struct hf_grant *hf_grant_find(struct hf_lease_inode *li,
			       const struct file *file, enum ls_kind kind,
			       const void *owner);
struct hf_lease_inode *hf_leased_of(const struct file *file, enum ls_kind kind);
int hf_by_file_init(void);
void hf_by_file_exit(void);

/* ---- signal.c: how the holder of a layout is told */
int hf_signal_make(struct hf_grant *layout, struct file *file, u32 signal);
void hf_signal_swap(struct hf_grant *layout, struct hf_grant *other);
void hf_signal_end(struct hf_grant *layout);
void hf_signal_send(struct hf_grant *layout);

/* ---- lease.c: the VFS's entries */

/* Of the entry's inode: an entry is looked at, and called back, under it. */
static inline void hf_assert_flc_lock(const struct file_lease *entry)
{
	lockdep_assert_held(&locks_inode_context(file_inode(entry->c.flc_file))->flc_lock);
}

static inline enum ls_type hf_lease_type(const struct file_lease *entry)
{
	return entry->c.flc_type == F_WRLCK ? LS_WRITE : LS_READ;
}

void hf_lease_missing(struct hf_lease_inode *li, struct ls_grant *grant);
struct hf_grant *hf_lease_of(struct hf_lease_inode *li,
			     const struct file_lease *entry);
void hf_lease_note(struct hf_lease_inode *li, struct ls_grant *grant,
		  const struct file_lease *entry);

/* ---- pin.c */
struct hf_pin *hf_pin_make(struct hf_lease_inode *li, struct file *file,
			   const struct ls_wish *wish, u64 *id);
int hf_pin_end(struct hf_lease_inode *li, struct file *file, u64 id,
	       const struct ls_wish *wish);
void hf_pin_end_all(struct hf_lease_inode *li, u32 *ended, u32 *left);

/* ---- change.c, for KUnit, whose threads are the kernel's: they wait, too */
#if IS_ENABLED(CONFIG_KUNIT)
extern bool hf_kthreads_wait_for_test;
#else
#define hf_kthreads_wait_for_test false
#endif

/* ---- break_time.c */
int hf_break_time_init(void);
void hf_break_time_exit(void);
int hf_break_time(u64 *ms);

/* ---- proc.c */
int hf_lease_proc_init(struct proc_dir_entry *dir);

#endif /* HF_LEASE_LEASES_H */
