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

/* When an entry that is breaking is taken away: ms, or LS_NEVER. */
static u64 deadline_of(const struct file_lease *entry)
{
	unsigned long when = entry->c.flc_flags & FL_UNLOCK_PENDING ?
			     entry->fl_break_time : entry->fl_downgrade_time;
	/* First: who finds the entry gone is not to be too early for ours. */
	u64 now = hf_lease_now();
	long left = when - jiffies;

	if (!when)
		return LS_NEVER;
	return left > 0 ? now + jiffies64_to_msecs(left) : now;
}

/* Of the entry's inode: an entry is looked at, and called back, under it. */
static void assert_flc_lock(const struct file_lease *entry)
{
	lockdep_assert_held(&locks_inode_context(file_inode(entry->c.flc_file))->flc_lock);
}

/* The VFS's entry of one; O(n) in them, as everything of the VFS's is. */
static struct file_lease *entry_of(struct file_lock_context *ctx,
				   const struct file *file, const void *owner)
{
	struct file_lease *entry;

	lockdep_assert_held(&ctx->flc_lock);
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list)
		if (entry->c.flc_file == file && entry->c.flc_owner == owner)
			return entry;
	return NULL;
}

/**
 * hf_lease_of - our record of an entry
 * @part: the part of its inode
 * @entry: the VFS's
 *
 * Context: flc_lock and part->lock held.
 * Return: the record, or NULL if it is not made yet, or not ours to keep.
 */
struct hf_grant *hf_lease_of(struct hf_lease_inode *part,
			     const struct file_lease *entry)
{
	assert_flc_lock(entry);
	return hf_grant_find(part, entry->c.flc_file,
			     entry->c.flc_flags & FL_DELEG ? LS_DELEGATION
							   : LS_LEASE,
			     entry->c.flc_owner);
}

static enum ls_type type_of(const struct file_lease *entry)
{
	return entry->c.flc_type == F_WRLCK ? LS_WRITE : LS_READ;
}

static void missing(struct hf_lease_inode *part, struct ls_grant *grant)
{
	struct ls_batch batch;

	ls_lease_missing(hf_leases(part), grant, &batch);
	hf_leases_tell(part, &batch);
}

/**
 * hf_lease_see - bring our record of a lease up to date
 * @part: its part
 * @grant: the record
 * @entry: the VFS's, or NULL
 *
 * Says what has happened since.  Without an entry and before its time has run out it is being returned, or
 * closed, and whoever does that is about to say so.
 *
 * Context: part->lock held, and flc_lock if there is an entry.
 */
void hf_lease_see(struct hf_lease_inode *part, struct ls_grant *grant,
		  const struct file_lease *entry)
{
	enum ls_state state = LS_HELD;
	u64 deadline = LS_NEVER;
	enum ls_type type;
	struct ls_batch batch;

	lockdep_assert_held(&part->lock);
	if (!entry) {
		if (hf_lease_now() >= grant->deadline)
			missing(part, grant);
		return;
	}
	assert_flc_lock(entry);
	type = type_of(entry);
	/* It was taken anew, and whoever did that has not said so yet. */
	if (grant->state == LS_REVOKED) {
		ls_lease_granted(hf_leases(part), grant, type, &batch);
		hf_leases_tell(part, &batch);
	}
	if (entry->c.flc_flags & FL_UNLOCK_PENDING)
		state = LS_BREAKING;
	else if (entry->c.flc_flags & FL_DOWNGRADE_PENDING)
		state = LS_BREAKING_TO_READ;
	if (state != LS_HELD)
		deadline = deadline_of(entry);
	ls_lease_seen(hf_leases(part), grant, type, state, deadline, &batch);
	hf_leases_tell(part, &batch);
}

static bool is_due(const struct ls_grant *core, u64 now)
{
	return core->state != LS_REVOKED && now >= core->deadline;
}

static bool any_due(struct hf_lease_inode *part, u64 now)
{
	const struct ls_grant *core = hf_leases(part)->leases;

	while (core && !is_due(core, now))
		core = core->next;
	return core;
}

/* Those that are there first, so that nothing has to be looked for. */
static void look(struct hf_lease_inode *part, struct file_lock_context *ctx,
		 u64 now)
{
	struct file_lease *entry;
	struct hf_grant *grant;
	struct ls_grant *core;

	/* 0 is that of a grant which none has found yet. */
	if (!++part->looks)
		part->looks = 1;
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
		grant = hf_lease_of(part, entry);
		if (!grant)
			continue;
		grant->look = part->looks;
		if (is_due(&grant->core, now))
			hf_lease_see(part, &grant->core, entry);
	}
	for (core = hf_leases(part)->leases; core; core = core->next)
		if (is_due(core, now) && hf_grant(core)->look != part->looks)
			hf_lease_see(part, core, NULL);
}

/**
 * hf_lease_look - notice which leases the VFS has revoked
 * @part: the part
 *
 * Once the time of one has come it has, or does at the next break.
 */
void hf_lease_look(struct hf_lease_inode *part)
{
	struct file_lock_context *ctx;
	u64 now = hf_lease_now();

	ctx = locks_inode_context(READ_ONCE(part->inode));
	if (!ctx)
		return;
	spin_lock(&ctx->flc_lock);
	spin_lock(&part->lock);
	if (any_due(part, now))
		look(part, ctx, now);
	spin_unlock(&part->lock);
	spin_unlock(&ctx->flc_lock);
}
EXPORT_SYMBOL_GPL(hf_lease_look);

/* Called under flc_lock.  fcntl's own answer is never to drop it at once. */
static bool user_break(struct file_lease *entry)
{
	struct hf_lease_inode *part = hf_part_of(entry->c.flc_file, LS_LEASE);
	struct hf_grant *grant;

	/* Too early for ours: hf_setlease() looks again when it makes it. */
	if (part) {
		spin_lock(&part->lock);
		grant = hf_lease_of(part, entry);
		if (grant)
			hf_lease_see(part, &grant->core, entry);
		spin_unlock(&part->lock);
	}
	return fcntl_operations->lm_break(entry);
}

/* Called under flc_lock. */
static int user_change(struct file_lease *entry, int type,
		       struct list_head *dispose)
{
	const struct file *file = entry->c.flc_file;
	struct hf_lease_inode *part;

	assert_flc_lock(entry);
	if (type == F_WRLCK) {
		part = hf_part_of(file, LS_LEASE);
		if (part && part->refuse && part->refuse(file))
			return -EAGAIN;
	}
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
	/* fcntl is the only one that has something to set up. */
	if (!priv || !lease->fl_lmops->lm_setup)
		return LS_LEASE;
	known = cmpxchg(&fcntl_operations, NULL, lease->fl_lmops);
	if (!known || known == lease->fl_lmops)
		lease->fl_lmops = &user_operations;
	return LS_LEASE;
}

/*
 * The VFS has it, unless another thread has returned it already: our record
 * follows.  @anew: not in place of one that it had.
 * Return: whether @spare was needed, which then may be gone.
 */
static bool granted(struct hf_lease_inode *part, struct hf_grant *spare,
		    struct file *file, const void *owner, bool anew)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct hf_grant *grant = NULL;
	struct file_lease *entry;
	struct ls_batch batch;
	bool used = false;

	spin_lock(&ctx->flc_lock);
	spin_lock(&part->lock);
	entry = entry_of(ctx, file, owner);
	if (entry) {
		grant = hf_lease_of(part, entry);
		used = !grant;
		if (used)
			grant = spare;
		else if (anew)
			missing(part, &grant->core);
		ls_lease_granted(hf_leases(part), &grant->core, type_of(entry),
				 &batch);
		if (used)
			hf_grant_hash(spare);
		hf_leases_tell(part, &batch);
		/* It may be breaking by now. */
		hf_lease_see(part, &grant->core, entry);
	}
	spin_unlock(&part->lock);
	spin_unlock(&ctx->flc_lock);
	hf_part_join(part);
	return used;
}

static struct hf_grant *record_of(struct hf_lease_inode *part,
				  const struct file *file, const void *owner)
{
	return hf_grant_find(part, file, LS_LEASE, owner) ?:
	       hf_grant_find(part, file, LS_DELEGATION, owner);
}

/* What is about to be returned: was that asked for?  nfsd's ops are its own. */
static void before_return(struct hf_lease_inode *part, struct file *file,
			  const void *owner)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct file_lease *entry;
	struct hf_grant *grant;

	if (!ctx)
		return;
	spin_lock(&ctx->flc_lock);
	spin_lock(&part->lock);
	entry = entry_of(ctx, file, owner);
	grant = entry ? hf_lease_of(part, entry) : NULL;
	if (grant)
		hf_lease_see(part, &grant->core, entry);
	spin_unlock(&part->lock);
	spin_unlock(&ctx->flc_lock);
}

/* It was: the record goes, unless another thread has taken it anew. */
static void returned(struct hf_lease_inode *part, struct file *file,
		     const void *owner)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct hf_grant *grant = NULL;
	struct ls_batch batch;

	spin_lock(&ctx->flc_lock);
	spin_lock(&part->lock);
	if (!entry_of(ctx, file, owner))
		grant = record_of(part, file, owner);
	if (grant) {
		ls_lease_returned(hf_leases(part), &grant->core, &batch);
		hf_leases_tell(part, &batch);
	}
	spin_unlock(&part->lock);
	spin_unlock(&ctx->flc_lock);
	if (grant)
		hf_part_leave(part);
	hf_grant_free(grant);
}

static int unlock(struct hf_lease_inode *part, struct file *file,
		  struct file_lease **lease, void **priv)
{
	const void *owner = *priv;
	int err;

	before_return(part, file, owner);
	err = generic_setlease(file, F_UNLCK, lease, priv);
	/* One that was revoked the VFS has not: it shows until the close. */
	if (!err)
		returned(part, file, owner);
	return err;
}

int hf_setlease(struct hf_lease_inode *part, struct file *file, int arg,
		struct file_lease **lease, void **priv)
{
	struct hf_grant *spare;
	enum ls_kind kind;
	const void *owner;
	int err;

	if (arg == F_UNLCK)
		return unlock(part, file, lease, priv);
	/* Layouts of nfsd's pNFS server are entries as well, and no leases. */
	if ((*lease)->c.flc_flags & FL_LAYOUT)
		return generic_setlease(file, arg, lease, priv);

	owner = (*lease)->c.flc_owner;
	kind = adopt(*lease, priv);
	spare = hf_grant_alloc(part, kind, file, owner);
	if (!spare)
		return -ENOMEM;
	hf_part_use(part, file_inode(file));
	err = generic_setlease(file, arg, lease, priv);
	if (err || !granted(part, spare, file, owner, !*lease))
		hf_grant_free(spare);
	return err;
}
EXPORT_SYMBOL_GPL(hf_setlease);
