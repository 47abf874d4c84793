// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of grants and pins, and of the parts of inodes that list them.
 *
 * A grant or pin is in its part's table from its making to its return, or to
 * the last close of its open file, whichever comes first; the table is empty
 * when the inode goes.  A part is on the list for /proc while it has one.
 */
#include <linux/file.h>
#include <linux/pid.h>
#include <linux/slab.h>

#include "leases.h"
#include "lease_trace.h"
#include "stats.h"

struct rb_root hf_parts = RB_ROOT;
DEFINE_SPINLOCK(hf_parts_lock);

static u64 last_number;			/* hf_parts_lock */

static struct kmem_cache *grant_cache;
static struct kmem_cache *pin_cache;

void hf_lease_inode_init(struct hf_lease_inode *part)
{
	spin_lock_init(&part->lock);
	memset(part->core, 0, sizeof(part->core));
	RB_CLEAR_NODE(&part->all);
	part->inode = NULL;
	part->dev = 0;
	part->number = 0;
	part->last = 0;
	part->pins = 0;
	part->rounds = 0;
	part->refuse = NULL;
}
EXPORT_SYMBOL_GPL(hf_lease_inode_init);

/**
 * hf_part_use - something is about to be granted on a file
 * @part: what the inode embeds
 * @inode: the inode, of which the caller has a file open
 */
void hf_part_use(struct hf_lease_inode *part, struct inode *inode)
{
	/* Always the same one: what is read under part->lock is it, or unused. */
	WRITE_ONCE(part->inode, inode);
}

static bool before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct hf_lease_inode, all)->number <
	       rb_entry(b, struct hf_lease_inode, all)->number;
}

static void forget(struct hf_lease_inode *part)
{
	lockdep_assert_held(&hf_parts_lock);
	if (RB_EMPTY_NODE(&part->all))
		return;
	rb_erase(&part->all, &hf_parts);
	RB_CLEAR_NODE(&part->all);
}

/**
 * hf_part_join - something has been granted, and may be gone again by now
 * @part: what the inode embeds
 *
 * Context: no lock held.
 */
void hf_part_join(struct hf_lease_inode *part)
{
	if (!RB_EMPTY_NODE(&part->all))
		return;
	spin_lock(&hf_parts_lock);
	spin_lock(&part->lock);
	if (RB_EMPTY_NODE(&part->all) && hf_lease_used(part)) {
		part->number = ++last_number;
		rb_add(&part->all, &hf_parts, before);
	}
	spin_unlock(&part->lock);
	spin_unlock(&hf_parts_lock);
}

/**
 * hf_part_leave - something has gone
 * @part: what the inode embeds
 *
 * Context: no lock held.
 */
void hf_part_leave(struct hf_lease_inode *part)
{
	if (hf_lease_used(part) || RB_EMPTY_NODE(&part->all))
		return;
	spin_lock(&hf_parts_lock);
	spin_lock(&part->lock);
	if (!hf_lease_used(part))
		forget(part);
	spin_unlock(&part->lock);
	spin_unlock(&hf_parts_lock);
}

/**
 * hf_grant_alloc - memory for a lease, delegation or layout
 * @part: whose
 * @kind: which
 * @file: the open file that holds it
 * @owner: tells two of one file apart
 *
 * Return: an idle grant, for hf_grant_free(), or NULL.
 */
struct hf_grant *hf_grant_alloc(struct hf_lease_inode *part, enum ls_kind kind,
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
	grant->part = part;
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
	hf_notice_end(grant);
	put_pid(grant->pid);
	kmem_cache_free(grant_cache, grant);
}

struct hf_pin *hf_pin_alloc(struct hf_lease_inode *part)
{
	struct hf_pin *pin = kmem_cache_zalloc(pin_cache, GFP_KERNEL);

	if (!pin)
		return NULL;
	pin->part = part;
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
static void trace_grant(const struct hf_lease_inode *part,
			const struct hf_grant *grant)
{
	switch (grant->core.event) {
	case LS_GRANTED:
		return trace_hf_lease_grant(part, grant);
	case LS_CHANGED:
		return trace_hf_lease_change(part, grant);
	case LS_BREAK:
		return trace_hf_lease_break(part, grant);
	case LS_BREAK_TO_READ:
		return trace_hf_lease_break_to_read(part, grant);
	case LS_DOWNGRADED:
		return trace_hf_lease_downgrade(part, grant);
	case LS_RETURNED:
		return trace_hf_lease_return(part, grant);
	case LS_RAN_OUT:
		return trace_hf_lease_revoke(part, grant);
	}
}

/* Whoever waits for layouts of this file is to look again. */
static void wake_changes(struct hf_lease_inode *part)
{
	struct ls_change *core;

	for (core = hf_leases(part)->changes; core; core = core->next) {
		WRITE_ONCE(hf_change(core)->woken, true);
		wake_up(&hf_change(core)->wait);
	}
}

/**
 * hf_leases_tell - say what a call of the core has brought about
 * @part: the part
 * @batch: what it answered
 *
 * Context: part->lock held since that call.
 */
void hf_leases_tell(struct hf_lease_inode *part, const struct ls_batch *batch)
{
	struct ls_grant *core;
	bool gone = false;

	lockdep_assert_held(&part->lock);
	for (core = batch->first; core; core = core->told_next) {
		hf_count_grant(core->kind, core->event);
		trace_grant(part, hf_grant(core));
		if (core->kind != LS_LAYOUT)
			continue;
		if (core->event == LS_BREAK)
			hf_notice_send(hf_grant(core));
		else if (core->event != LS_GRANTED)
			gone = true;
	}
	if (gone)
		wake_changes(part);
}

/**
 * hf_pins_free - the end of pins that have left their table
 * @part: the part in whose table they were
 * @pins: a list of them
 *
 * Context: may sleep; no lock held.
 */
void hf_pins_free(struct hf_lease_inode *part, struct ls_pin *pins)
{
	struct ls_pin *pin;

	while ((pin = pins)) {
		pins = pin->next;
		hf_count(pins_ended);
		trace_hf_pin(part, pin, true);
		hf_pin_free(hf_pin(pin));
		cond_resched();
	}
}

static void free_leavings(struct hf_lease_inode *part,
			  struct ls_leavings *left)
{
	struct ls_grant *grant;

	while ((grant = left->grants)) {
		left->grants = grant->next;
		hf_grant_free(hf_grant(grant));
	}
	hf_pins_free(part, left->pins);
}

/* Those of its leases whose time ran out before it closed, and others. */
static void look_at_own(struct hf_lease_inode *part, const struct file *file)
{
	struct ls_grant *core;

	for (core = hf_leases(part)->leases; core; core = core->next)
		if (core->holder == hf_holder(file) && core->state != LS_REVOKED)
			hf_lease_note(part, core, NULL);
}

static void forget_pins(struct hf_lease_inode *part, const struct ls_pin *pin)
{
	for (; pin; pin = pin->next)
		part->pins--;
}

/*
 * The VFS has taken the leases of this file away by now.  A server's last
 * thread may close it late, but nobody else has it.
 */
void hf_lease_release_slow(struct hf_lease_inode *part, struct file *file)
{
	struct ls_leavings left;
	struct ls_batch batch;

	spin_lock(&part->lock);
	look_at_own(part, file);
	left = ls_release(hf_leases(part), hf_holder(file), &batch);
	hf_leases_tell(part, &batch);
	forget_pins(part, left.pins);
	spin_unlock(&part->lock);
	hf_part_leave(part);
	free_leavings(part, &left);
}
EXPORT_SYMBOL_GPL(hf_lease_release_slow);

/*
 * Why nothing can reach the inode through its part after this:
 * 1. No descriptor is open, so none of ours runs with it, and each last close
 *    has emptied the table of what was its own.
 * 2. Readers of /proc come through the tree, under its lock, which we take to
 *    leave it.
 */
void hf_lease_evict(struct hf_lease_inode *part)
{
	if (!RB_EMPTY_NODE(&part->all)) {
		spin_lock(&hf_parts_lock);
		forget(part);
		spin_unlock(&hf_parts_lock);
	}
	if (WARN_ONCE(!ls_idle(hf_leases(part)),
		      "holdfast: inode %lu evicted with leases, layouts or pins\n",
		      part->inode ? part->inode->i_ino : 0))
		memset(part->core, 0, sizeof(part->core));
	part->pins = 0;
	part->rounds = 0;
	part->inode = NULL;
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
