// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/fs/holdfast/leases: a line for each lease, delegation, layout and pin,
 * and behind each a line for everybody who waits for it.
 *
 *	N: KIND TYPE PID MAJOR:MINOR:INODE START END STATE LEFT
 *
 * LEFT is how many ms are left until it is revoked, "never" if it will not be
 * by us (nfsd revokes its delegations itself), "-" if nothing is asked of it.
 * PID is that of the process that took it, 0 once that is gone.
 * Whom the reader's pid namespace does not know, it does not see.
 *
 * Under one hold of the locks as many lines are made as a batch has.  The next
 * batch goes on behind the last line: by the numbers of files, and of what they
 * have, which rise or fall along each list; so what stays is shown once, whatever
 * comes and goes.  (Who waits for a lease is counted: another may take his place.)
 * The way to there is a step for each grant of the file that was shown, as the
 * VFS's own way through its leases is for each call.
 */
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "../proc_lines.h"
#include "leases.h"

static const char * const kind_names[] = {
	[LS_LEASE]	= "LEASE",
	[LS_DELEGATION]	= "DELEG",
	[LS_LAYOUT]	= "LAYOUT",
};

static const char * const state_names[] = {
	[LS_IDLE]		= "waiting",
	[LS_HELD]		= "held",
	[LS_BREAKING_TO_READ]	= "breaking-to-read",
	[LS_BREAKING]		= "breaking",
	[LS_REVOKED]		= "revoked",
};

struct line {
	const char *kind;
	dev_t dev;
	unsigned long ino;
	s64 start, end;
	u64 deadline;		/* ms, or LS_NEVER */
	pid_t pid;
	u8 type;		/* LS_READ, LS_WRITE */
	u8 state;		/* enum ls_state; LS_IDLE for a waiter */
};

/* What a file has, in the order in which it is shown. */
enum stage { LEASES, REVOKED, LAYOUTS, PINS, CHANGES, STAGES };

struct cursor {
	struct hf_lines lines;		/* of struct line */
	u64 number;			/* of the inode to go on with */
	enum stage stage;		/* in it */
	u64 after;			/* in that: the last that was shown, or 0 */
	u64 holder, owner;		/* LEASES: its */
	unsigned int waiters;		/* LEASES: of it, that were shown */
};

/* Return: false if there is no place for it in this batch. */
static bool put(struct cursor *cursor, const struct hf_lease_inode *li,
		struct line line)
{
	struct hf_lines *lines = &cursor->lines;
	struct line *to = lines->line;

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

static bool put_grant(struct cursor *cursor, const struct hf_lease_inode *li,
		      const struct ls_grant *core)
{
	bool late = core->state != LS_REVOKED && hf_now_ms() >= core->deadline;

	return put(cursor, li, (struct line) {
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

static bool put_breakers(struct cursor *cursor,
			 const struct hf_lease_inode *li,
			 struct file_lease *entry, u64 deadline)
{
	struct file_lock_core *at = &entry->c;
	unsigned int seen = 0;

	while ((at = next_waiter(&entry->c, at))) {
		if (seen++ < cursor->waiters)
			continue;
		if (!put(cursor, li, (struct line) {
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
static struct file_lease *entry_to_go_on(struct cursor *cursor,
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
static bool put_leases(struct cursor *cursor, struct hf_lease_inode *li,
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
static bool is_behind(const struct cursor *cursor, u64 number)
{
	return cursor->after && number >= cursor->after;
}

/* Those that are revoked, or all layouts. */
static bool put_grants(struct cursor *cursor, struct hf_lease_inode *li,
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

static bool put_pins(struct cursor *cursor, struct hf_lease_inode *li)
{
	struct ls_pin *pin;

	for (pin = hf_leases(li)->pins; pin; pin = pin->next) {
		if (is_behind(cursor, hf_pin(pin)->number))
			continue;
		if (!put(cursor, li, (struct line) {
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

static bool put_changes(struct cursor *cursor, struct hf_lease_inode *li)
{
	struct ls_change *core;

	for (core = hf_leases(li)->changes; core; core = core->next) {
		const struct hf_change *change = hf_change(core);

		if (is_behind(cursor, change->number) ||
		    !READ_ONCE(change->waits))
			continue;
		if (!put(cursor, li, (struct line) {
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

static bool put_stage(struct cursor *cursor, struct hf_lease_inode *li,
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

static bool put_locked(struct cursor *cursor, struct hf_lease_inode *li,
		       struct file_lock_context *ctx)
{
	bool all;

	spin_lock(&li->lock);
	all = put_stage(cursor, li, ctx);
	spin_unlock(&li->lock);
	return all;
}

static bool put_entries(struct cursor *cursor, struct hf_lease_inode *li,
			struct file_lock_context *ctx)
{
	bool all;

	spin_lock(&ctx->flc_lock);
	all = put_locked(cursor, li, ctx);
	spin_unlock(&ctx->flc_lock);
	return all;
}

static bool put_inode(struct cursor *cursor, struct hf_lease_inode *li)
{
	struct file_lock_context *ctx = locks_inode_context(li->inode);
	bool all;

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

/* The first that is not done. */
static struct hf_lease_inode *inode_to_go_on(const struct cursor *cursor)
{
	struct rb_node *at = hf_leased.rb_node;
	struct hf_lease_inode *li, *first = NULL;

	lockdep_assert_held(&hf_leased_lock);
	while (at) {
		li = rb_entry(at, struct hf_lease_inode, all);
		if (li->number < cursor->number) {
			at = at->rb_right;
		} else {
			first = li;
			at = at->rb_left;
		}
	}
	return first;
}

static void go_to(struct cursor *cursor, u64 number)
{
	cursor->number = number;
	cursor->stage = LEASES;
	cursor->after = 0;
	cursor->waiters = 0;
}

/* A file in each hold of the lock, until the batch is full. */
static void more(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);
	struct hf_lease_inode *li;
	bool all;

	do {
		spin_lock(&hf_leased_lock);
		li = inode_to_go_on(cursor);
		if (li && li->number != cursor->number)
			go_to(cursor, li->number);
		all = li && put_inode(cursor, li);
		spin_unlock(&hf_leased_lock);
		if (all)
			go_to(cursor, cursor->number + 1);
		cond_resched();
	} while (all);
}

static void begin(struct hf_lines *lines)
{
	go_to(container_of(lines, struct cursor, lines), 0);
}

static void show_left(struct seq_file *m, const struct line *line)
{
	u64 now = hf_now_ms();

	if (line->state == LS_HELD || line->state == LS_REVOKED)
		seq_puts(m, " -\n");
	else if (line->deadline == LS_NEVER)
		seq_puts(m, " never\n");
	else
		seq_printf(m, " %llu\n",
			   line->deadline > now ? line->deadline - now : 0);
}

static void show(struct seq_file *m, const struct hf_lines *lines,
		 const void *shown)
{
	const struct line *line = shown;
	pid_t pid = hf_lines_pid(lines, line->pid);

	if (!pid && !hf_lines_all(lines))
		return;
	seq_printf(m, "%lld: %-6s %-5s %d %02x:%02x:%lu", lines->pos + 1,
		   line->kind, line->type == LS_WRITE ? "WRITE" : "READ", pid,
		   MAJOR(line->dev), MINOR(line->dev), line->ino);
	hf_lines_range(m, line->start, line->end);
	seq_printf(m, " %s", state_names[line->state]);
	show_left(m, line);
}

static const struct hf_lines_kind leases_kind = {
	.reader_size	= sizeof(struct cursor),
	.line_size	= sizeof(struct line),
	.begin		= begin,
	.more		= more,
	.show		= show,
};

static int open_leases(struct inode *inode, struct file *file)
{
	return hf_lines_open(inode, file, &leases_kind);
}

static const struct proc_ops leases_proc_ops = {
	.proc_open = open_leases,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = hf_lines_release,
};

/**
 * hf_lease_proc_init - make /proc/fs/holdfast/leases
 * @dir: /proc/fs/holdfast, with which it goes
 *
 * Return: 0 or -ENOMEM.
 */
int hf_lease_proc_init(struct proc_dir_entry *dir)
{
	return proc_create("leases", 0444, dir, &leases_proc_ops) ? 0 : -ENOMEM;
}
