// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of grants and pins, and of what lists them in an inode.
 *
 * A grant or pin is in its inode's table from its making to its return, or to
 * the last close of its open file, whichever comes first; the table is empty
 * when the inode goes.  An inode is on the list for /proc while it has one.
 */
#include <linux/file.h>
#include <linux/pid.h>
#include <linux/slab.h>

#include "../stats.h"
#include "leases.h"
#include "trace.h"

struct rb_root hf_leased = RB_ROOT;
DEFINE_SPINLOCK(hf_leased_lock);

static u64 last_number;			/* hf_leased_lock */

static struct kmem_cache *grant_cache;
static struct kmem_cache *pin_cache;

void hf_lease_inode_init(struct hf_lease_inode *li)
{
	spin_lock_init(&li->lock);
	memset(li->core, 0, sizeof(li->core));
	RB_CLEAR_NODE(&li->all);
	li->inode = NULL;
	li->dev = 0;
	li->number = 0;
	li->last = 0;
	li->pins = 0;
	li->layouts = 0;
	li->rounds = 0;
	li->refuse = NULL;
}
EXPORT_SYMBOL_GPL(hf_lease_inode_init);

/**
 * hf_leased_use - something is about to be granted on a file
 * @li: what the inode embeds
 * @inode: the inode, of which the caller has a file open
 */
void hf_leased_use(struct hf_lease_inode *li, struct inode *inode)
{
	/* Always the same one: what is read under li->lock is it, or unused. */
	WRITE_ONCE(li->inode, inode);
}

static bool before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct hf_lease_inode, all)->number <
	       rb_entry(b, struct hf_lease_inode, all)->number;
}

static void forget(struct hf_lease_inode *li)
{
	lockdep_assert_held(&hf_leased_lock);
	if (RB_EMPTY_NODE(&li->all))
		return;
	rb_erase(&li->all, &hf_leased);
	RB_CLEAR_NODE(&li->all);
}

/**
 * hf_leased_join - something has been granted, and may be gone again by now
 * @li: what the inode embeds
 *
 * Context: no lock held.
 */
void hf_leased_join(struct hf_lease_inode *li)
{
	if (!RB_EMPTY_NODE(&li->all))
		return;
	spin_lock(&hf_leased_lock);
	spin_lock(&li->lock);
	if (RB_EMPTY_NODE(&li->all) && hf_lease_used(li)) {
		li->number = ++last_number;
		rb_add(&li->all, &hf_leased, before);
	}
	spin_unlock(&li->lock);
	spin_unlock(&hf_leased_lock);
}

/**
 * hf_leased_leave - something has gone
 * @li: what the inode embeds
 *
 * Context: no lock held.
 */
void hf_leased_leave(struct hf_lease_inode *li)
{
	if (hf_lease_used(li) || RB_EMPTY_NODE(&li->all))
		return;
	spin_lock(&hf_leased_lock);
	spin_lock(&li->lock);
	if (!hf_lease_used(li))
		forget(li);
	spin_unlock(&li->lock);
	spin_unlock(&hf_leased_lock);
}

/**
 * hf_grant_alloc - memory for a lease, delegation or layout
 * @li: what the inode embeds
 * @kind: which
 * @file: the open file that holds it
 * @owner: tells two of one file apart
 *
 * Return: an idle grant, for hf_grant_free(), or NULL.
 */
struct hf_grant *hf_grant_alloc(struct hf_lease_inode *li, enum ls_kind kind,
				struct file *file, const void *owner)
{
	struct hf_grant *grant = kmem_cache_zalloc(grant_cache, GFP_KERNEL);

	if (!grant)
		return NULL;
	grant->core.kind = kind;
	grant->core.holder = hf_holder(file);
	grant->core.owner = (unsigned long)owner;
	grant->core.end = LS_END;
	grant->core.deadline = LS_NEVER;
	grant->li = li;
	grant->pid = get_pid(task_tgid(current));
	INIT_HLIST_NODE(&grant->by_file);
	return grant;
}

/**
 * hf_grant_free - the end of a grant that is in no table
 * @grant: the grant, or NULL
 *
 * Context: may sleep; no lock held.
 */
void hf_grant_free(struct hf_grant *grant)
{
	if (!grant)
		return;
	hf_grant_unhash(grant);
	hf_signal_end(grant);
	put_pid(grant->pid);
	kmem_cache_free(grant_cache, grant);
}

struct hf_pin *hf_pin_alloc(struct hf_lease_inode *li)
{
	struct hf_pin *pin = kmem_cache_zalloc(pin_cache, GFP_KERNEL);

	if (!pin)
		return NULL;
	pin->li = li;
	pin->pid = get_pid(task_tgid(current));
	return pin;
}

void hf_pin_free(struct hf_pin *pin)
{
	if (!pin)
		return;
	if (pin->file)
		__fput_sync(pin->file);
	put_pid(pin->pid);
	kmem_cache_free(pin_cache, pin);
}

/* By what happened to it, enum ls_event. */
static void trace_grant(const struct hf_lease_inode *li,
			const struct hf_grant *grant)
{
	switch (grant->core.event) {
	case LS_GRANTED:
		return trace_hf_lease_grant(li, grant);
	case LS_CHANGED:
		return trace_hf_lease_change(li, grant);
	case LS_BREAK:
		return trace_hf_lease_break(li, grant);
	case LS_BREAK_TO_READ:
		return trace_hf_lease_break_to_read(li, grant);
	case LS_DOWNGRADED:
		return trace_hf_lease_downgrade(li, grant);
	case LS_RETURNED:
		return trace_hf_lease_return(li, grant);
	case LS_RAN_OUT:
		return trace_hf_lease_revoke(li, grant);
	}
}

/* Whoever waits for layouts of this file is to look again. */
static void wake_changes(struct hf_lease_inode *li)
{
	struct ls_change *core;

	for (core = hf_leases(li)->changes; core; core = core->next) {
		WRITE_ONCE(hf_change(core)->woken, true);
		wake_up(&hf_change(core)->wait);
	}
}

/**
 * hf_leases_tell - say what a call of the core has brought about
 * @li: what the inode embeds
 * @batch: what it answered
 *
 * Context: li->lock held since that call.
 */
void hf_leases_tell(struct hf_lease_inode *li, const struct ls_batch *batch)
{
	struct ls_grant *core;
	bool gone = false;

	lockdep_assert_held(&li->lock);
	for (core = batch->first; core; core = core->told_next) {
		hf_count_grant(core->kind, core->event);
		trace_grant(li, hf_grant(core));
		if (core->kind != LS_LAYOUT)
			continue;
		if (core->event == LS_BREAK)
			hf_signal_send(hf_grant(core));
		else if (core->event != LS_GRANTED)
			gone = true;
	}
	if (gone)
		wake_changes(li);
}

/**
 * hf_pins_free - the end of pins that have left their table
 * @li: of the inode in whose table they were
 * @pins: a list of them
 *
 * Context: may sleep; no lock held.
 */
void hf_pins_free(struct hf_lease_inode *li, struct ls_pin *pins)
{
	struct ls_pin *pin;

	while ((pin = pins)) {
		pins = pin->next;
		hf_count(pins_ended);
		trace_hf_pin(li, pin, true);
		hf_pin_free(hf_pin(pin));
		cond_resched();
	}
}

static void free_leavings(struct hf_lease_inode *li,
			  struct ls_leavings *left)
{
	struct ls_grant *grant;

	while ((grant = left->grants)) {
		left->grants = grant->next;
		hf_grant_free(hf_grant(grant));
	}
	hf_pins_free(li, left->pins);
}

/* Those of its leases whose time ran out before it closed, and others. */
static void look_at_own(struct hf_lease_inode *li, const struct file *file)
{
	struct ls_grant *core;

	for (core = hf_leases(li)->leases; core; core = core->next)
		if (core->holder == hf_holder(file) && core->state != LS_REVOKED)
			hf_lease_note(li, core, NULL);
}

static void count_out(struct hf_lease_inode *li,
		      const struct ls_leavings *left)
{
	const struct ls_grant *grant;
	const struct ls_pin *pin;

	for (grant = left->grants; grant; grant = grant->next)
		li->layouts -= grant->kind == LS_LAYOUT;
	for (pin = left->pins; pin; pin = pin->next)
		li->pins--;
}

/*
 * The VFS has taken the leases of this file away by now.  A server's last
 * thread may close it late, but nobody else has it.
 */
void hf_lease_release_slow(struct hf_lease_inode *li, struct file *file)
{
	struct ls_leavings left;
	struct ls_batch batch;

	spin_lock(&li->lock);
	look_at_own(li, file);
	left = ls_release(hf_leases(li), hf_holder(file), &batch);
	hf_leases_tell(li, &batch);
	count_out(li, &left);
	spin_unlock(&li->lock);
	hf_leased_leave(li);
	free_leavings(li, &left);
}
EXPORT_SYMBOL_GPL(hf_lease_release_slow);

/*
 * Why nothing can reach the inode through its table after this:
 * 1. No descriptor is open, so none of ours runs with it, and each last close
 *    has emptied the table of what was its own.
 * 2. Readers of /proc come through the tree, under its lock, which we take to
 *    leave it.
 */
void hf_lease_evict(struct hf_lease_inode *li)
{
	if (!RB_EMPTY_NODE(&li->all)) {
		spin_lock(&hf_leased_lock);
		forget(li);
		spin_unlock(&hf_leased_lock);
	}
	if (WARN_ONCE(!ls_idle(hf_leases(li)),
		      "holdfast: inode %lu evicted with leases, layouts or pins\n",
		      li->inode ? li->inode->i_ino : 0))
		memset(li->core, 0, sizeof(li->core));
	li->pins = 0;
	li->layouts = 0;
	li->rounds = 0;
	li->inode = NULL;
}
EXPORT_SYMBOL_GPL(hf_lease_evict);

int hf_leases_init(void)
{
	int err = -ENOMEM;

	grant_cache = kmem_cache_create("hf_lease_grant",
					sizeof(struct hf_grant), 0,
					SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	pin_cache = kmem_cache_create("hf_lease_pin", sizeof(struct hf_pin), 0,
				      SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	if (grant_cache && pin_cache)
		err = hf_by_file_init();
	if (!err)
		err = hf_break_time_init();
	if (!err)
		return 0;
	hf_by_file_exit();
	kmem_cache_destroy(pin_cache);
	kmem_cache_destroy(grant_cache);
	return err;
}

void hf_leases_exit(void)
{
	hf_break_time_exit();
	hf_by_file_exit();
	kmem_cache_destroy(pin_cache);
	kmem_cache_destroy(grant_cache);
}
