/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/fs/holdfast, which holdfast_locks owns, for the modules that add to it:
 * files of their own in the directory, and lines in stats.
 */
#ifndef HF_PROC_H
#define HF_PROC_H

#include <linux/list.h>
#include <linux/percpu.h>

struct proc_dir_entry;
struct seq_file;

/**
 * struct hf_counters - what a module adds to /proc/fs/holdfast/stats
 * @names: of the counters, one word each, that nobody else uses
 * @values: an array of @count for each CPU; NULL if there are none
 * @count: how many
 * @show: prints what is no counter of that kind, in lines of the same form
 *	("name value"); may sleep; or NULL
 * @all: holdfast_locks' own
 */
struct hf_counters {
	const char *const *names;
	unsigned long __percpu *values;
	unsigned int count;
	void (*show)(struct seq_file *m);
	struct list_head all;
};

/**
 * hf_counters_add - show counters in /proc/fs/holdfast/stats, after the others
 * @counters: the caller's, until hf_counters_remove()
 *
 * Context: may sleep.
 */
void hf_counters_add(struct hf_counters *counters);

/**
 * hf_counters_remove - the end of hf_counters_add()
 * @counters: what was added
 *
 * Nobody reads them any more when it returns.
 *
 * Context: may sleep; not from within ->show().
 */
void hf_counters_remove(struct hf_counters *counters);

/**
 * hf_counters_sum - a counter, over all CPUs
 * @counters: whose
 * @i: which, below their count
 *
 * Return: the sum, of values that may change meanwhile.
 */
unsigned long hf_counters_sum(const struct hf_counters *counters, unsigned int i);

/**
 * hf_proc_dir - /proc/fs/holdfast
 *
 * For proc_create() and the like.  What a module makes there it removes, before
 * what it shows is gone; the directory stays for as long as the caller's module
 * uses this one.
 *
 * Return: the directory, never NULL.
 */
struct proc_dir_entry *hf_proc_dir(void);

#endif /* HF_PROC_H */
