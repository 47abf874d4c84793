// SPDX-License-Identifier: GPL-2.0-only
/* /proc/fs/holdfast, and in it stats: everybody's counters. */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include <holdfast/proc.h>

#include "lease/leases.h"
#include "proc_lines.h"
#include "range/locks.h"
#include "stats.h"

static struct proc_dir_entry *dir;
static LIST_HEAD(all_counters);		/* in the order in which they are shown */
static DEFINE_MUTEX(counters_lock);	/* of the list; held while they are read */

void hf_counters_add(struct hf_counters *counters)
{
	mutex_lock(&counters_lock);
	list_add_tail(&counters->all, &all_counters);
	mutex_unlock(&counters_lock);
}
EXPORT_SYMBOL_GPL(hf_counters_add);

void hf_counters_remove(struct hf_counters *counters)
{
	mutex_lock(&counters_lock);
	list_del(&counters->all);
	mutex_unlock(&counters_lock);
}
EXPORT_SYMBOL_GPL(hf_counters_remove);

struct proc_dir_entry *hf_proc_dir(void)
{
	return dir;
}
EXPORT_SYMBOL_GPL(hf_proc_dir);

unsigned long hf_counters_sum(const struct hf_counters *counters, unsigned int i)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(counters->values, cpu)[i];
	return sum;
}
EXPORT_SYMBOL_GPL(hf_counters_sum);

static int show_stats(struct seq_file *m, void *v)
{
	struct hf_counters *counters;
	unsigned int i;

	mutex_lock(&counters_lock);
	list_for_each_entry(counters, &all_counters, all) {
		for (i = 0; i < counters->count; i++)
			seq_printf(m, "%s %lu\n", counters->names[i],
				   hf_counters_sum(counters, i));
		if (counters->show)
			counters->show(m);
	}
	mutex_unlock(&counters_lock);
	return 0;
}

int hf_proc_init(void)
{
	dir = proc_mkdir("fs/holdfast", NULL);
	if (!dir)
		return -ENOMEM;
	hf_counters_add(&hf_locks_counters);
	if (!hf_lock_proc_init(dir) &&
	    !hf_lease_proc_init(dir) &&
	    proc_create_single("stats", 0444, dir, show_stats))
		return 0;
	hf_proc_exit();
	return -ENOMEM;
}

void hf_proc_exit(void)
{
	remove_proc_subtree("fs/holdfast", NULL);
	hf_counters_remove(&hf_locks_counters);
}
