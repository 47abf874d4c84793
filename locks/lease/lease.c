// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases and delegations: entries of the VFS, and what our records of them can
 * tell: the VFS takes an entry away without a word when its time has run out or
 * its file is closed.
 */
#include <linux/export.h>
#include <linux/filelock.h>

#include "leases.h"

/* When an entry that is breaking is taken away: ms, or LS_NEVER. */
static u64 deadline_of(const struct file_lease *entry)
{
	unsigned long when = entry->c.flc_flags & FL_UNLOCK_PENDING ?
			     entry->fl_break_time : entry->fl_downgrade_time;
	/* First: who finds the entry gone is not to be too early for ours. */
	u64 now = hf_now_ms();
	long left = when - jiffies;

	if (!when)
		return LS_NEVER;
	return left > 0 ? now + jiffies64_to_msecs(left) : now;
}

/**
 * hf_lease_of - our record of an entry
 * @li: what its inode embeds
 * @entry: the VFS's
 *
 * Context: flc_lock and li->lock held.
 * Return: the record, or NULL if it is not made yet, or not ours to keep.
 */
struct hf_grant *hf_lease_of(struct hf_lease_inode *li,
			     const struct file_lease *entry)
{
	hf_assert_flc_lock(entry);
	return hf_grant_find(li, entry->c.flc_file,
			     entry->c.flc_flags & FL_DELEG ? LS_DELEGATION
							   : LS_LEASE,
			     entry->c.flc_owner);
}

/**
 * hf_lease_missing - the VFS has taken a lease away
 * @li: what the inode embeds
 * @grant: the record
 *
 * Context: li->lock held.
 */
void hf_lease_missing(struct hf_lease_inode *li, struct ls_grant *grant)
{
	struct ls_batch batch;

	ls_lease_missing(hf_leases(li), grant, &batch);
	hf_leases_tell(li, &batch);
}

/**
 * hf_lease_note - bring our record of a lease up to date
 * @li: what the inode embeds
 * @grant: the record
 * @entry: the VFS's, or NULL
 *
 * Says what has happened since.  Without an entry and before its time has run
 * out it is being returned, or closed, and whoever does that is about to say so.
 *
 * Context: li->lock held, and flc_lock if there is an entry.
 */
void hf_lease_note(struct hf_lease_inode *li, struct ls_grant *grant,
		  const struct file_lease *entry)
{
	enum ls_state state = LS_HELD;
	u64 deadline = LS_NEVER;
	enum ls_type type;
	struct ls_batch batch;

	lockdep_assert_held(&li->lock);
	if (!entry) {
		if (hf_now_ms() >= grant->deadline)
			hf_lease_missing(li, grant);
		return;
	}
	hf_assert_flc_lock(entry);
	type = hf_lease_type(entry);
	/* It was taken anew by a server, who has not got to say so yet. */
	if (grant->state == LS_REVOKED) {
		ls_lease_granted(hf_leases(li), grant, type, &batch);
		hf_leases_tell(li, &batch);
	}
	if (entry->c.flc_flags & FL_UNLOCK_PENDING)
		state = LS_BREAKING;
	else if (entry->c.flc_flags & FL_DOWNGRADE_PENDING)
		state = LS_BREAKING_TO_READ;
	if (state != LS_HELD)
		deadline = deadline_of(entry);
	ls_lease_seen(hf_leases(li), grant, type, state, deadline, &batch);
	hf_leases_tell(li, &batch);
}

static bool is_due(const struct ls_grant *core, u64 now)
{
	return core->state != LS_REVOKED && now >= core->deadline;
}

static bool any_due(struct hf_lease_inode *li, u64 now)
{
	const struct ls_grant *core = hf_leases(li)->leases;

	while (core && !is_due(core, now))
		core = core->next;
	return core;
}

/* Those that are there first, so that nothing has to be looked for. */
static void expire(struct hf_lease_inode *li, struct file_lock_context *ctx,
		   u64 now)
{
	struct file_lease *entry;
	struct hf_grant *grant;
	struct ls_grant *core;

	/* 0 is that of a grant which none has found yet. */
	if (!++li->rounds)
		li->rounds = 1;
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
		grant = hf_lease_of(li, entry);
		if (!grant)
			continue;
		grant->round = li->rounds;
		if (is_due(&grant->core, now))
			hf_lease_note(li, &grant->core, entry);
	}
	for (core = hf_leases(li)->leases; core; core = core->next)
		if (is_due(core, now) && hf_grant(core)->round != li->rounds)
			hf_lease_note(li, core, NULL);
}

/**
 * hf_lease_expire - notice which leases the VFS has revoked
 * @li: what the inode embeds
 *
 * Once the time of one has come it has, or does at the next break.
 */
void hf_lease_expire(struct hf_lease_inode *li)
{
	struct file_lock_context *ctx;
	u64 now = hf_now_ms();

	ctx = locks_inode_context(READ_ONCE(li->inode));
	if (!ctx)
		return;
	spin_lock(&ctx->flc_lock);
	spin_lock(&li->lock);
	if (any_due(li, now))
		expire(li, ctx, now);
	spin_unlock(&li->lock);
	spin_unlock(&ctx->flc_lock);
}
EXPORT_SYMBOL_GPL(hf_lease_expire);
