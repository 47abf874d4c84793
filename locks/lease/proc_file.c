// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines that /proc/fs/holdfast/leases has of one file, in stages: leases and
 * delegations, what was revoked, layouts, pins, and who waits to change it.
 * proc.c says how a reader finds his place again.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "proc.h"

static const char * const kind_names[] = {
	[LS_LEASE]	= "LEASE",
	[LS_DELEGATION]	= "DELEG",
	[LS_LAYOUT]	= "LAYOUT",
};

/* Return: false if there is no place for it in this batch. */
static bool put(struct hf_lease_cursor *cursor,
		const struct hf_lease_inode *li, struct hf_lease_line line)
{
	struct hf_lines *lines = &cursor->lines;
	struct hf_lease_line *to = lines->line;

	if (lines->count == HF_LINES_BATCH)
		return false;
	line.dev = hf_leased_dev(li);
	line.ino = li->inode->i_ino;
	to[lines->count++] = line;
	return true;
}

/*
 * Descriptors outlive processes, in another one or on their way to one; the
 * number may be somebody else's by then.
 */
static pid_t pid_of(struct pid *pid)
{
	struct task_struct *leader;
	pid_t nr = 0;

	rcu_read_lock();
	leader = pid_task(pid, PIDTYPE_TGID);
	if (leader && atomic_read(&leader->signal->live))
		nr = pid_nr(pid);
	rcu_read_unlock();
	return nr;
}

static bool put_grant(struct hf_lease_cursor *cursor,
		      const struct hf_lease_inode *li,
		      const struct ls_grant *core)
{
	bool late = core->state != LS_REVOKED && hf_now_ms() >= core->deadline;

	return put(cursor, li, (struct hf_lease_line) {
		.kind = kind_names[core->kind],
		.start = core->start,
		.end = core->end,
		.deadline = core->deadline,
		.pid = pid_of(hf_grant((struct ls_grant *)core)->pid),
		.type = core->type,
		/* As the next who asks will find it. */
		.state = late && core->kind == LS_LAYOUT ? LS_REVOKED
							 : core->state,
	});
}

/* In the tree of those who wait for an entry, all of which flc_lock protects. */
static struct file_lock_core *next_waiter(struct file_lock_core *root,
					  struct file_lock_core *at)
{
	if (!list_empty(&at->flc_blocked_requests))
		return list_first_entry(&at->flc_blocked_requests,
					struct file_lock_core,
					flc_blocked_member);
	for (; at != root; at = at->flc_blocker)
		if (!list_is_last(&at->flc_blocked_member,
				  &at->flc_blocker->flc_blocked_requests))
			return list_next_entry(at, flc_blocked_member);
	return NULL;
}

static bool put_breakers(struct hf_lease_cursor *cursor,
			 const struct hf_lease_inode *li,
			 struct file_lease *entry, u64 deadline)
{
	struct file_lock_core *at = &entry->c;
	unsigned int seen = 0;

	while ((at = next_waiter(&entry->c, at))) {
		if (seen++ < cursor->waiters)
			continue;
		if (!put(cursor, li, (struct hf_lease_line) {
			.kind = "-> BREAK",
			.end = LS_END,
			.deadline = deadline,
			.pid = at->flc_pid,
			.type = at->flc_type == F_WRLCK ? LS_WRITE : LS_READ,
			.state = LS_IDLE,
		}))
			return false;
		cursor->waiters = seen;
	}
	return true;
}

/*
 * Where to go on in the VFS's list: with the entry that was the last, which may
 * have more waiters, or if that is gone behind its place.
 * Return: an entry, or the head of the list.
 */
static struct file_lease *entry_to_go_on(struct hf_lease_cursor *cursor,
					 struct hf_lease_inode *li,
					 struct file_lock_context *ctx)
{
	struct file_lease *entry;
	struct hf_grant *grant;

	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
		if (!cursor->after)
			return entry;
		if (hf_holder(entry->c.flc_file) != cursor->holder ||
		    (unsigned long)entry->c.flc_owner != cursor->owner)
			continue;
		grant = hf_lease_of(li, entry);
		/* It may be another one, at another place. */
		if (grant && grant->place == cursor->after)
			return entry;
		break;
	}
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
		grant = hf_lease_of(li, entry);
		if (grant && grant->place > cursor->after)
			break;
	}
	return entry;
}

/* Those that the VFS has, in its order. */
static bool put_leases(struct hf_lease_cursor *cursor, struct hf_lease_inode *li,
		       struct file_lock_context *ctx)
{
	struct file_lease *entry = entry_to_go_on(cursor, li, ctx);
	struct hf_grant *grant;

	list_for_each_entry_from(entry, &ctx->flc_lease, c.flc_list) {
		grant = hf_lease_of(li, entry);
		if (!grant)
			continue;
		if (grant->place != cursor->after) {
			hf_lease_note(li, &grant->core, entry);
			if (!put_grant(cursor, li, &grant->core))
				return false;
			cursor->after = grant->place;
			cursor->holder = grant->core.holder;
			cursor->owner = grant->core.owner;
			cursor->waiters = 0;
		}
		if (!put_breakers(cursor, li, entry, grant->core.deadline))
			return false;
	}
	return true;
}

/* Was it shown?  The core's lists begin with the newest. */
static bool is_behind(const struct hf_lease_cursor *cursor, u64 number)
{
	return cursor->after && number >= cursor->after;
}

/* Those that are revoked, or all layouts. */
static bool put_grants(struct hf_lease_cursor *cursor, struct hf_lease_inode *li,
		       const struct ls_grant *core, bool revoked)
{
	u64 number;

	for (; core; core = core->next) {
		number = hf_grant((struct ls_grant *)core)->number;
		if (is_behind(cursor, number) ||
		    (revoked && core->state != LS_REVOKED))
			continue;
		if (!put_grant(cursor, li, core))
			return false;
		cursor->after = number;
	}
	return true;
}

static bool put_pins(struct hf_lease_cursor *cursor, struct hf_lease_inode *li)
{
	struct ls_pin *pin;

	for (pin = hf_leases(li)->pins; pin; pin = pin->next) {
		if (is_behind(cursor, hf_pin(pin)->number))
			continue;
		if (!put(cursor, li, (struct hf_lease_line) {
			.kind = "PIN",
			.start = pin->start,
			.end = pin->end,
			.deadline = LS_NEVER,
			.pid = pid_of(hf_pin(pin)->pid),
			.type = pin->type,
			.state = LS_HELD,
		}))
			return false;
		cursor->after = hf_pin(pin)->number;
	}
	return true;
}

static bool put_changes(struct hf_lease_cursor *cursor, struct hf_lease_inode *li)
{
	struct ls_change *core;

	for (core = hf_leases(li)->changes; core; core = core->next) {
		const struct hf_change *change = hf_change(core);

		if (is_behind(cursor, change->number) ||
		    !READ_ONCE(change->waits))
			continue;
		if (!put(cursor, li, (struct hf_lease_line) {
			.kind = "-> BREAK",
			.start = core->start,
			.end = core->end,
			.deadline = core->deadline,
			.pid = change->pid,
			.type = LS_WRITE,
			.state = LS_IDLE,
		}))
			return false;
		cursor->after = change->number;
	}
	return true;
}

static bool put_stage(struct hf_lease_cursor *cursor, struct hf_lease_inode *li,
		      struct file_lock_context *ctx)
{
	const struct ls_table *table = hf_leases(li);

	switch (cursor->stage) {
	case LEASES:
		/* Without it there never was a lease. */
		return !ctx || !table->leases || put_leases(cursor, li, ctx);
	case REVOKED:
		return put_grants(cursor, li, table->leases, true);
	case LAYOUTS:
		return put_grants(cursor, li, table->layouts, false);
	case PINS:
		return put_pins(cursor, li);
	case CHANGES:
		return put_changes(cursor, li);
	case STAGES:
		break;
	}
	return true;
}

static bool put_locked(struct hf_lease_cursor *cursor, struct hf_lease_inode *li,
		       struct file_lock_context *ctx)
{
	bool all;

	spin_lock(&li->lock);
	all = put_stage(cursor, li, ctx);
	spin_unlock(&li->lock);
	return all;
}

static bool put_entries(struct hf_lease_cursor *cursor, struct hf_lease_inode *li,
			struct file_lock_context *ctx)
{
	bool all;

	spin_lock(&ctx->flc_lock);
	all = put_locked(cursor, li, ctx);
	spin_unlock(&ctx->flc_lock);
	return all;
}

/**
 * hf_lease_put_file - go on with the lines of a file
 * @cursor: in which they are put, and how far they are; it is left behind the
 *	last
 * @li: the file
 *
 * Context: hf_leased_lock is held; takes flc_lock and @li's lock.
 * Return: true if there are no more of it, false if the batch is full.
 */
bool hf_lease_put_file(struct hf_lease_cursor *cursor,
		       struct hf_lease_inode *li)
{
	struct file_lock_context *ctx = locks_inode_context(li->inode);
	bool all;

	lockdep_assert_held(&hf_leased_lock);
	if (cursor->stage == LEASES && !cursor->after)
		hf_lease_expire(li);
	while (cursor->stage != STAGES) {
		all = cursor->stage == LEASES && ctx ?
		      put_entries(cursor, li, ctx) :
		      put_locked(cursor, li, ctx);
		if (!all)
			return false;
		cursor->stage++;
		cursor->after = 0;
	}
	return true;
}
