/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file in /proc of which a line is a struct: they are copied out in batches,
 * so that no lock is held for longer than one takes.
 */
#ifndef HF_PROC_LINES_H
#define HF_PROC_LINES_H

#include <linux/types.h>

struct file;
struct inode;
struct pid_namespace;
struct seq_file;

#define HF_LINES_BATCH 256

/* Where a reader is.  The first member of what else its file has to know. */
struct hf_lines {
	const struct hf_lines_kind *kind;
	void *line;			/* HF_LINES_BATCH of them */
	unsigned int count, index;
	loff_t pos;			/* of line[index] */
	struct pid_namespace *ns;	/* of the mount of /proc */
};

/**
 * struct hf_lines_kind - what is different in each file
 * @reader_size: of the struct that begins with a struct hf_lines
 * @line_size: of one line
 * @begin: go back to the beginning
 * @more: fill @line and @count with what follows; a @count of 0 is the end
 * @show: print one
 * @end: the reader goes; or NULL
 */
struct hf_lines_kind {
	size_t reader_size;
	size_t line_size;
	void (*begin)(struct hf_lines *lines);
	void (*more)(struct hf_lines *lines);
	void (*show)(struct seq_file *m, const struct hf_lines *lines,
		     const void *line);
	void (*end)(struct hf_lines *lines);
};

int hf_lines_open(struct inode *inode, struct file *file,
		  const struct hf_lines_kind *kind);
int hf_lines_release(struct inode *inode, struct file *file);
pid_t hf_lines_pid(const struct hf_lines *lines, pid_t pid);
bool hf_lines_all(const struct hf_lines *lines);
void hf_lines_range(struct seq_file *m, s64 start, s64 end);

/* ---- proc.c */
int hf_proc_init(void);
void hf_proc_exit(void);

#endif /* HF_PROC_LINES_H */
