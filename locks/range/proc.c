// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/fs/holdfast/locks: a line for each lock, waiter and kept turn, in the
 * columns of /proc/locks, then its state, its age in ms, and for a waiter what
 * it waits for.
 *
 * Lines are copied out of a table in batches, each under T (and G for waiters),
 * whose number does not grow with the table.  What stays as it is has exactly
 * one line.  Who may read /proc/locks may read this: it tells no more
 * of others than that does, and leaves out whom that leaves out.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "../proc_lines.h"
#include "locks.h"

/* What is shown of a lock or a waiter. */
struct line {
	s64 start, end;
	u64 born;		/* ms */
	s64 by_start, by_end;	/* waiter: what it waits for */
	pid_t pid, by_pid;
	unsigned int flags, by_flags;	/* FL_* */
	u8 type;		/* LK_* */
	char state;		/* 'h'eld, 'w'aiting, 't'urn kept, 'p'ending */
	char by;		/* of the blocker, or 0 */
};

/* A table is shown in four parts. */
enum part { POSIX_HELD, POSIX_WAITING, FLOCK_HELD, FLOCK_WAITING, PARTS };

struct cursor {
	struct hf_lines lines;		/* of struct line */
	struct hf_table *table;		/* counted, or NULL */
	enum part part;
	s64 start;			/* the last line's place in the order */
	u64 mark;			/* ... of lk_record_behind(), _waiter_ */
	bool part_done;
};

/* The table after @after in the list, counted; ends the count of @after. */
static struct hf_table *next_table(struct hf_table *after)
{
	struct hf_table *table = after;

	spin_lock(&hf_tables_lock);
	table = list_prepare_entry(table, &hf_tables, all);
	list_for_each_entry_continue(table, &hf_tables, all)
		if (refcount_inc_not_zero(&table->ref))
			goto found;
	table = NULL;
found:
	spin_unlock(&hf_tables_lock);
	if (after)
		hf_table_put(after);
	return table;
}

/* In hf_now_ms()'s time. */
static u64 born_ms(const struct lk_record *core)
{
	return hf_now_ms() - jiffies64_to_msecs(jiffies - hf_record_born(core));
}

static struct line line_of_record(const struct lk_record *core)
{
	const struct file_lock *mirror = &hf_record(core)->mirror;
	bool turn = core->flags & LK_RESERVATION;

	return (struct line) {
		.start = core->start,
		.end = core->end,
		.born = turn ? 0 : born_ms(core),
		.pid = turn ? 0 : mirror->c.flc_pid,
		.flags = turn ? FL_POSIX : mirror->c.flc_flags,
		.type = core->type,
		.state = turn ? 't' : 'h',
	};
}

static struct line line_of_request(const struct lk_waiter *core)
{
	const struct file_lock *ident = &hf_waiter(core)->ident;

	return (struct line) {
		.start = core->request.start,
		.end = core->request.end,
		.born = core->request.now,
		.pid = ident->c.flc_pid,
		.flags = ident->c.flc_flags,
		.type = core->request.op,
		.state = 'w',
	};
}

/* It is the remote's to decide. */
static struct line line_of_pending(const struct lk_record *core)
{
	struct line line = line_of_request(core->holder->promised);

	line.state = 'p';
	return line;
}

static struct line line_of_waiter(const struct lk_waiter *core)
{
	struct lk_blocker blocker = lk_blocker_of(core);
	struct line line = line_of_request(core);
	struct line by = {};

	if (blocker.record && blocker.record->flags & LK_PENDING)
		by = line_of_pending(blocker.record);
	else if (blocker.record)
		by = line_of_record(blocker.record);
	else if (blocker.waiter)
		by = line_of_request(blocker.waiter);
	line.by = by.state;
	line.by_pid = by.pid;
	line.by_flags = by.flags;
	line.by_start = by.start;
	line.by_end = by.end;
	return line;
}

static struct lk_table *space_of(struct cursor *cursor)
{
	return cursor->part < FLOCK_HELD ? &cursor->table->posix
					 : &cursor->table->flock;
}

static void take_records(struct cursor *cursor)
{
	const struct lk_record *core = lk_record_behind(space_of(cursor),
							cursor->start,
							cursor->mark);
	struct line *line = cursor->lines.line;
	unsigned int n = 0;

	for (; core && n < HF_LINES_BATCH; core = lk_next_record(core)) {
		line[n++] = core->flags & LK_PENDING ? line_of_pending(core) :
						       line_of_record(core);
		cursor->start = core->start;
		cursor->mark = (unsigned long)core;
	}
	cursor->part_done = !core;
	cursor->lines.count = n;
}

static void take_waiters(struct cursor *cursor)
{
	const struct lk_waiter *core = lk_waiter_behind(space_of(cursor),
							cursor->start,
							cursor->mark);
	struct line *line = cursor->lines.line;
	unsigned int n = 0;

	for (; core && n < HF_LINES_BATCH; core = lk_next_waiter(core)) {
		line[n++] = line_of_waiter(core);
		cursor->start = core->request.start;
		cursor->mark = core->seq;
	}
	cursor->part_done = !core;
	cursor->lines.count = n;
}

/*
 * Waiters and what they wait for change under G as well as T, and only their
 * part is read through pointers between them.  Where there are none it is not
 * worth taking G, which others need.
 */
static void take(struct cursor *cursor)
{
	bool graph = cursor->part == POSIX_WAITING ||
		     cursor->part == FLOCK_WAITING;

	if (graph && !READ_ONCE(space_of(cursor)->waiters)) {
		cursor->part_done = true;
		return;
	}
	hf_enter(cursor->table, graph);
	if (graph)
		take_waiters(cursor);
	else
		take_records(cursor);
	hf_leave(cursor->table, graph);
}

static void begin_part(struct cursor *cursor, enum part part)
{
	cursor->part = part;
	cursor->part_done = false;
	cursor->start = -1;
	cursor->mark = 0;
}

static void more(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);

	while (cursor->table) {
		if (!cursor->part_done) {
			take(cursor);
			if (lines->count)
				return;
			continue;
		}
		begin_part(cursor, cursor->part + 1);
		if (cursor->part == PARTS) {
			begin_part(cursor, POSIX_HELD);
			cursor->table = next_table(cursor->table);
			cond_resched();
		}
	}
}

static void begin(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);

	if (cursor->table)
		hf_table_put(cursor->table);
	begin_part(cursor, POSIX_HELD);
	cursor->table = next_table(NULL);
}

static void end(struct hf_lines *lines)
{
	struct cursor *cursor = container_of(lines, struct cursor, lines);

	if (cursor->table)
		hf_table_put(cursor->table);
}

/* As /proc/locks: -1 for OFD locks. */
static pid_t pid_of(const struct hf_lines *lines, unsigned int flags, pid_t pid)
{
	return flags & FL_OFDLCK ? -1 : hf_lines_pid(lines, pid);
}

/*
 * As /proc/locks: nothing of a process that the reader's pid namespace does not
 * know, nor of a turn, which is nobody's.
 */
static bool visible(const struct hf_lines *lines, const struct line *line)
{
	return hf_lines_all(lines) || pid_of(lines, line->flags, line->pid);
}

static const char *class_of(unsigned int flags)
{
	if (flags & FL_FLOCK)
		return "FLOCK";
	return flags & FL_OFDLCK ? "OFDLCK" : "POSIX";
}

static void show(struct seq_file *m, const struct hf_lines *lines,
		 const void *shown)
{
	const struct hf_table *table =
		container_of(lines, struct cursor, lines)->table;
	const struct line *line = shown;
	u64 now = hf_now_ms();

	if (!visible(lines, line))
		return;
	seq_printf(m, "%lld:%s %-6s ADVISORY  %-5s %d %02x:%02x:%lu",
		   lines->pos + 1, line->state == 'w' ? " ->" : "",
		   class_of(line->flags),
		   line->type == LK_WRITE ? "WRITE" : "READ",
		   pid_of(lines, line->flags, line->pid),
		   MAJOR(table->dev), MINOR(table->dev), table->ino);
	hf_lines_range(m, line->start, line->end);
	if (line->state == 't') {
		seq_puts(m, " reserved 0 -\n");
		return;
	}
	seq_printf(m, " %s %llu", line->state == 'w' ? "waiting" :
		   line->state == 'p' ? "pending" : "held",
		   now > line->born ? now - line->born : 0);
	if (!line->by) {
		seq_puts(m, " -\n");
		return;
	}
	seq_printf(m, " %s %d", line->by == 'w' ? "behind" :
		   line->by == 't' ? "reservation" :
		   line->by == 'p' ? "pending" : "holder",
		   pid_of(lines, line->by_flags, line->by_pid));
	hf_lines_range(m, line->by_start, line->by_end);
	seq_putc(m, '\n');
}

static const struct hf_lines_kind locks_kind = {
	.reader_size	= sizeof(struct cursor),
	.line_size	= sizeof(struct line),
	.begin		= begin,
	.more		= more,
	.show		= show,
	.end		= end,
};

static int open_locks(struct inode *inode, struct file *file)
{
	return hf_lines_open(inode, file, &locks_kind);
}

static const struct proc_ops locks_proc_ops = {
	.proc_open = open_locks,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = hf_lines_release,
};

/**
 * hf_lock_proc_init - make /proc/fs/holdfast/locks
 * @dir: /proc/fs/holdfast, with which it goes
 *
 * Return: 0 or -ENOMEM.
 */
int hf_lock_proc_init(struct proc_dir_entry *dir)
{
	return proc_create("locks", 0444, dir, &locks_proc_ops) ? 0 : -ENOMEM;
}
