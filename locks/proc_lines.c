// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines in batches, between what gathers them and seq_file.
 *
 * Within a batch the picture is exact; between two of them things may come and
 * go, and what is shown of those that stay is up to what gathers them.
 */
#include <linux/limits.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "proc_lines.h"

static void *current_line(const struct hf_lines *lines)
{
	return lines->line + lines->index * lines->kind->line_size;
}

/* The line at the place, with more of them if need be; NULL at the end. */
static void *line_here(struct hf_lines *lines)
{
	if (lines->index < lines->count)
		return current_line(lines);
	lines->index = 0;
	lines->count = 0;
	lines->kind->more(lines);
	return lines->count ? current_line(lines) : NULL;
}

static void *next_line(struct hf_lines *lines)
{
	lines->pos++;
	lines->index++;
	return line_here(lines);
}

static void *start(struct seq_file *m, loff_t *pos)
{
	struct hf_lines *lines = m->private;
	void *line;

	if (*pos && *pos == lines->pos)
		return line_here(lines);
	lines->pos = 0;
	lines->index = 0;
	lines->count = 0;
	lines->kind->begin(lines);
	for (line = line_here(lines); line && lines->pos < *pos;)
		line = next_line(lines);
	return line;
}

static void *next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return next_line(m->private);
}

static void stop(struct seq_file *m, void *v)
{
}

static int show(struct seq_file *m, void *v)
{
	const struct hf_lines *lines = m->private;

	lines->kind->show(m, lines, v);
	return 0;
}

static const struct seq_operations operations = {
	.start = start,
	.next = next,
	.stop = stop,
	.show = show,
};

/**
 * hf_lines_open - ->proc_open
 * @inode: of the file in /proc
 * @file: the open file
 * @kind: what it shows
 *
 * Return: 0 or -ENOMEM.
 */
int hf_lines_open(struct inode *inode, struct file *file,
		  const struct hf_lines_kind *kind)
{
	struct hf_lines *lines = __seq_open_private(file, &operations,
						    kind->reader_size);

	if (!lines)
		return -ENOMEM;
	lines->kind = kind;
	lines->ns = proc_pid_ns(inode->i_sb);
	lines->line = kvmalloc_array(HF_LINES_BATCH, kind->line_size,
				     GFP_KERNEL_ACCOUNT);
	if (lines->line)
		return 0;
	seq_release_private(inode, file);
	return -ENOMEM;
}

/**
 * hf_lines_release - ->proc_release
 * @inode: of the file in /proc
 * @file: the open file
 *
 * Return: 0.
 */
int hf_lines_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct hf_lines *lines = m->private;

	if (lines->kind->end)
		lines->kind->end(lines);
	kvfree(lines->line);
	return seq_release_private(inode, file);
}

/**
 * hf_lines_pid - a process as the reader knows it
 * @lines: the reader
 * @pid: its number in the first pid namespace; a remote one (<= 0) stays so
 *
 * Return: its number there, or 0 if it is not to be seen.
 */
pid_t hf_lines_pid(const struct hf_lines *lines, pid_t pid)
{
	pid_t nr;

	if (pid <= 0 || lines->ns == &init_pid_ns)
		return pid;
	rcu_read_lock();
	nr = pid_nr_ns(find_pid_ns(pid, &init_pid_ns), lines->ns);
	rcu_read_unlock();
	return nr;
}

/**
 * hf_lines_all - may the reader see what is nobody's?
 * @lines: the reader
 *
 * Return: whether it is in the first pid namespace.
 */
bool hf_lines_all(const struct hf_lines *lines)
{
	return lines->ns == &init_pid_ns;
}

/**
 * hf_lines_range - print a range as /proc/locks does
 * @m: where
 * @start: first byte
 * @end: last byte
 */
void hf_lines_range(struct seq_file *m, s64 start, s64 end)
{
	if (end == OFFSET_MAX)
		seq_printf(m, " %lld EOF", start);
	else
		seq_printf(m, " %lld %lld", start, end);
}
