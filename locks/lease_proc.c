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
 * Whom the reader's pid namespace does not know, it does not see.  Where grants
 * of a file come and go between two batches of lines, one of that file may be
 * shown twice or not at all.
 */
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "leases.h"
#include "proc_lines.h"

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

struct cursor {
	struct hf_lines lines;		/* of struct line */
	u64 number;			/* of the part to go on with */
	unsigned int done;		/* its lines that were shown */
};

/* The lines of one part, of which the first @skip are left out. */
struct filler {
	struct hf_lines *lines;
	struct hf_lease_inode *part;
	unsigned int skip, seen;
	bool full;
};

static void put(struct filler *filler, struct line line)
{
	struct hf_lines *lines = filler->lines;
	struct line *to = lines->line;

	if (lines->count == HF_LINES_BATCH) {
		filler->full = true;
		return;
	}
	if (filler->seen++ < filler->skip)
		return;
	line.dev = hf_part_dev(filler->part);
	line.ino = filler->part->inode->i_ino;
	to[lines->count++] = line;
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

static void put_grant(struct filler *filler, const struct ls_grant *core)
{
	bool late = core->state != LS_REVOKED && hf_lease_now() >= core->deadline;

	put(filler, (struct line) {
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

static void put_breakers(struct filler *filler, struct file_lease *entry,
			 u64 deadline)
{
	struct file_lock_core *at = &entry->c;

	while ((at = next_waiter(&entry->c, at)) && !filler->full)
		put(filler, (struct line) {
			.kind = "-> BREAK",
			.end = LS_END,
			.deadline = deadline,
			.pid = at->flc_pid,
			.type = at->flc_type == F_WRLCK ? LS_WRITE : LS_READ,
			.state = LS_IDLE,
		});
}

/*
 * Those that the VFS has, in its order, and behind them the revoked.  None is
 * looked for in a list, since there may be as many as descriptors.
 */
static void put_leases(struct filler *filler, struct file_lock_context *ctx)
{
	struct hf_lease_inode *part = filler->part;
	struct file_lease *entry;
	const struct ls_grant *core;
	struct hf_grant *grant;

	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
		grant = hf_lease_of(part, entry);
		if (!grant)
			continue;
		hf_lease_note(part, &grant->core, entry);
		put_grant(filler, &grant->core);
		put_breakers(filler, entry, grant->core.deadline);
		if (filler->full)
			break;
	}
	for (core = hf_leases(part)->leases; core && !filler->full;
	     core = core->next)
		if (core->state == LS_REVOKED)
			put_grant(filler, core);
}

static void put_layouts(struct filler *filler)
{
	struct ls_table *table = hf_leases(filler->part);
	const struct ls_grant *layout;
	struct ls_change *change;
	struct ls_pin *pin;

	for (layout = table->layouts; layout && !filler->full;
	     layout = layout->next)
		put_grant(filler, layout);
	for (pin = table->pins; pin && !filler->full; pin = pin->next)
		put(filler, (struct line) {
			.kind = "PIN",
			.start = pin->start,
			.end = pin->end,
			.deadline = LS_NEVER,
			.pid = pid_of(hf_pin(pin)->pid),
			.type = pin->type,
			.state = LS_HELD,
		});
	for (change = table->changes; change && !filler->full;
	     change = change->next)
		if (READ_ONCE(hf_change(change)->waits))
			put(filler, (struct line) {
				.kind = "-> BREAK",
				.start = change->start,
				.end = change->end,
				.deadline = change->deadline,
				.pid = hf_change(change)->pid,
				.type = LS_WRITE,
				.state = LS_IDLE,
			});
}

static void put_part(struct filler *filler)
{
	struct hf_lease_inode *part = filler->part;
	struct file_lock_context *ctx = locks_inode_context(part->inode);

	/* Without it there never was a lease. */
	if (ctx && READ_ONCE(hf_leases(part)->leases)) {
		hf_lease_expire(part);
		spin_lock(&ctx->flc_lock);
		spin_lock(&part->lock);
		put_leases(filler, ctx);
		spin_unlock(&part->lock);
		spin_unlock(&ctx->flc_lock);
	}
	if (hf_lease_used(part)) {
		spin_lock(&part->lock);
		put_layouts(filler);
		spin_unlock(&part->lock);
	}
}

static void more(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);
	struct filler filler = { .lines = lines };
	struct hf_lease_inode *part;

	spin_lock(&hf_parts_lock);
	list_for_each_entry(part, &hf_parts, all) {
		if (part->number < cursor->number)
			continue;
		filler.part = part;
		filler.skip = part->number == cursor->number ? cursor->done : 0;
		filler.seen = 0;
		put_part(&filler);
		cursor->number = part->number;
		cursor->done = filler.seen;
		if (filler.full)
			break;
	}
	spin_unlock(&hf_parts_lock);
}

static void begin(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);

	cursor->number = 0;
	cursor->done = 0;
}

static void show_left(struct seq_file *m, const struct line *line)
{
	u64 now = hf_lease_now();

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
