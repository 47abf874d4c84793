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
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "proc.h"

static const char * const state_names[] = {
	[LS_IDLE]		= "waiting",
	[LS_HELD]		= "held",
	[LS_BREAKING_TO_READ]	= "breaking-to-read",
	[LS_BREAKING]		= "breaking",
	[LS_REVOKED]		= "revoked",
};

/* The first that is not done. */
static struct hf_lease_inode *inode_to_go_on(const struct hf_lease_cursor *cursor)
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

static void go_to(struct hf_lease_cursor *cursor, u64 number)
{
	cursor->number = number;
	cursor->stage = LEASES;
	cursor->after = 0;
	cursor->waiters = 0;
}

/* A file in each hold of the lock, until the batch is full. */
static void more(struct hf_lines *lines)
{
	struct hf_lease_cursor *cursor =
		container_of(lines, struct hf_lease_cursor, lines);
	struct hf_lease_inode *li;
	bool all;

	do {
		spin_lock(&hf_leased_lock);
		li = inode_to_go_on(cursor);
		if (li && li->number != cursor->number)
			go_to(cursor, li->number);
		all = li && hf_lease_put_file(cursor, li);
		spin_unlock(&hf_leased_lock);
		if (all)
			go_to(cursor, cursor->number + 1);
		cond_resched();
	} while (all);
}

static void begin(struct hf_lines *lines)
{
	go_to(container_of(lines, struct hf_lease_cursor, lines), 0);
}

static void show_left(struct seq_file *m, const struct hf_lease_line *line)
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
	const struct hf_lease_line *line = shown;
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
	.reader_size	= sizeof(struct hf_lease_cursor),
	.line_size	= sizeof(struct hf_lease_line),
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
