// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases and delegations: entries of the VFS, with a record of ours beside
 * each.
 *
 * The VFS decides alone who may have one and when it breaks, and it takes an
 * entry away without a word when its time has run out or its file is closed.
 * What it does tell, it tells through the entry's operations.  nfsd's are left
 * alone, since nfsd knows its own entries by them.  Those of fcntl are replaced
 * by ours, which pass everything on.
 */
#include <linux/export.h>
#include <linux/filelock.h>
#include <linux/slab.h>

#include "leases.h"

/* fcntl's operations, all of whose leases have the same. */
static const struct lease_manager_operations *fcntl_operations;

/**
 * hf_lease_deadline - when an entry is taken away
 * @entry: an entry that is breaking
 *
 * Context: flc_lock held.
 * Return: ms, or LS_NEVER.
 */
u64 hf_lease_deadline(const struct file_lease *entry)
{
	unsigned long when = entry->c.flc_flags & FL_UNLOCK_PENDING ?
			     entry->fl_break_time : entry->fl_downgrade_time;
	/* First: who finds the entry gone is not to be too early for ours. */
	u64 now = hf_lease_now();
	long left = when - jiffies;

	if (!when)
		return LS_NEVER;
	return left > 0 ? now + jiffies_to_msecs(left) : now;
}

/**
 * hf_lease_entry - the VFS's entry of a lease
 * @ctx: the inode's, with flc_lock held
 * @grant: our record of it
 *
 * Return: the entry, or NULL if there is none (any more).
 */
struct file_lease *hf_lease_entry(struct file_lock_context *ctx,
				  const struct ls_grant *grant)
{
	struct file_lease *entry;

	lockdep_assert_held(&ctx->flc_lock);
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list)
		if (hf_holder(entry->c.flc_file) == grant->holder &&
		    (unsigned long)entry->c.flc_owner == grant->owner)
			return entry;
	return NULL;
}

/**
 * hf_lease_see - bring our record of a lease up to date
 * @part: its part
 * @grant: the record
 * @entry: the VFS's, or NULL
 * @batch: what has happened since
 *
 * Context: flc_lock and part->lock held.
 */
void hf_lease_see(struct hf_lease_inode *part, struct ls_grant *grant,
		  const struct file_lease *entry, struct ls_batch *batch)
{
	enum ls_state state = LS_HELD;
	u64 deadline = LS_NEVER;

	lockdep_assert_held(&part->lock);
	if (!entry) {
		ls_lease_missing(hf_leases(part), grant, batch);
		return;
	}
	if (entry->c.flc_flags & FL_UNLOCK_PENDING)
		state = LS_BREAKING;
	else if (entry->c.flc_flags & FL_DOWNGRADE_PENDING)
		state = LS_BREAKING_TO_READ;
	if (state != LS_HELD)
		deadline = hf_lease_deadline(entry);
	ls_lease_seen(hf_leases(part), grant,
		      entry->c.flc_type == F_WRLCK ? LS_WRITE : LS_READ,
		      state, deadline, batch);
}

/* Looks for the entry of one, or of those whose time has come. */
static void look(struct hf_lease_inode *part, const struct file *file)
{
	struct file_lock_context *ctx = locks_inode_context(part->inode);
	u64 now = hf_lease_now();
	struct ls_batch batch = {};
	struct ls_grant *grant;

	if (!ctx)
		return;
	spin_lock(&ctx->flc_lock);
	spin_lock(&part->lock);
	for (grant = hf_leases(part)->leases; grant; grant = grant->next)
		if (file ? grant->holder == hf_holder(file) :
			   grant->state != LS_REVOKED && now >= grant->deadline)
			hf_lease_see(part, grant, hf_lease_entry(ctx, grant),
				     &batch);
	hf_leases_tell(part, &batch);
	spin_unlock(&part->lock);
	spin_unlock(&ctx->flc_lock);
}

/**
 * hf_lease_look - notice which leases the VFS has revoked
 * @part: the part, on the list
 *
 * Looks only for those whose time has come: once more for each, not each time
 * for all.
 */
void hf_lease_look(struct hf_lease_inode *part)
{
	look(part, NULL);
}
EXPORT_SYMBOL_GPL(hf_lease_look);

/* Called under flc_lock.  fcntl's own answer is never to drop it at once. */
static bool user_break(struct file_lease *entry)
{
	struct hf_lease_inode *part = hf_part_of(entry->c.flc_file, LS_LEASE);
	struct ls_batch batch = {};
	struct ls_grant *grant;

	/* Too early for ours: hf_setlease() looks again when it has made it. */
	if (part) {
		spin_lock(&part->lock);
		grant = ls_lease_find(hf_leases(part),
				      hf_holder(entry->c.flc_file),
				      (unsigned long)entry->c.flc_owner);
		if (grant)
			hf_lease_see(part, grant, entry, &batch);
		hf_leases_tell(part, &batch);
		spin_unlock(&part->lock);
	}
	return fcntl_operations->lm_break(entry);
}

static int user_change(struct file_lease *entry, int type,
		       struct list_head *dispose)
{
	return fcntl_operations->lm_change(entry, type, dispose);
}

static void user_setup(struct file_lease *entry, void **priv)
{
	fcntl_operations->lm_setup(entry, priv);
}

static const struct lease_manager_operations user_operations = {
	.lm_break	= user_break,
	.lm_change	= user_change,
	.lm_setup	= user_setup,
};

/* What the entry is, and ours instead of fcntl's operations. */
static enum ls_kind adopt(struct file_lease *lease, void **priv)
{
	const struct lease_manager_operations *known;

	if (lease->c.flc_flags & FL_DELEG)
		return LS_DELEGATION;
	/* Only fcntl has something to set up; a kernel's lease stays as it is. */
	if (!priv || !lease->fl_lmops->lm_setup)
		return LS_LEASE;
	known = cmpxchg(&fcntl_operations, NULL, lease->fl_lmops);
	if (!known || known == lease->fl_lmops)
		lease->fl_lmops = &user_operations;
	return LS_LEASE;
}

/*
 * The VFS has it: our record follows.  Return: whether @spare was needed, which
 * then another thread may have freed already.
 */
static bool granted(struct hf_lease_inode *part, struct hf_grant *spare,
		    int type)
{
	struct ls_table *table = hf_leases(part);
	struct ls_batch batch = {};
	struct ls_grant *grant;

	spin_lock(&part->lock);
	grant = ls_lease_find(table, spare->core.holder, spare->core.owner);
	ls_lease_granted(table, grant ?: &spare->core,
			 type == F_WRLCK ? LS_WRITE : LS_READ, &batch);
	if (!grant)
		hf_grant_hash(spare);
	hf_leases_tell(part, &batch);
	spin_unlock(&part->lock);
	return !grant;
}

static int unlock(struct hf_lease_inode *part, struct file *file,
		  const void *owner, int ret)
{
	struct ls_batch batch = {};
	struct ls_grant *grant;

	spin_lock(&part->lock);
	grant = ls_lease_find(hf_leases(part), hf_holder(file),
			      (unsigned long)owner);
	/* The VFS had none: it was revoked, which shows until it is unlocked. */
	if (grant && !ret)
		ls_lease_returned(hf_leases(part), grant, &batch);
	else
		grant = NULL;
	hf_leases_tell(part, &batch);
	spin_unlock(&part->lock);
	if (grant)
		hf_grant_free(hf_grant(grant));
	return ret;
}

int hf_setlease(struct hf_lease_inode *part, struct file *file, int arg,
		struct file_lease **lease, void **priv)
{
	struct hf_grant *spare;
	enum ls_kind kind;
	int err;

	if (arg == F_UNLCK) {
		const void *owner = *priv;

		return unlock(part, file, owner,
			      generic_setlease(file, arg, lease, priv));
	}
	/* Layouts of nfsd's pNFS server are entries as well, and no leases. */
	if ((*lease)->c.flc_flags & FL_LAYOUT)
		return generic_setlease(file, arg, lease, priv);

	kind = adopt(*lease, priv);
	spare = hf_grant_alloc(part, kind, file, (*lease)->c.flc_owner);
	if (!spare)
		return -ENOMEM;
	hf_part_join(part, file_inode(file));
	err = generic_setlease(file, arg, lease, priv);
	if (err || !granted(part, spare, arg))
		hf_grant_free(spare);
	/* It may be breaking already. */
	if (!err)
		look(part, file);
	return err;
}
EXPORT_SYMBOL_GPL(hf_setlease);
