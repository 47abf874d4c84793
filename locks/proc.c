// SPDX-License-Identifier: GPL-2.0-only
/* /proc/fs/holdfast, and in it stats: the counters. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "lease/leases.h"
#include "proc_lines.h"
#include "range/charge.h"
#include "range/locks.h"

static int show_stats(struct seq_file *m, void *v)
{
	unsigned long accounts;
	long records;
	int i;

	for (i = 0; i < HF_STAT_COUNT; i++)
		seq_printf(m, "%s %lu\n", hf_stat_name(i), hf_stat_sum(i));
	hf_accounts_sum(&accounts, &records);
	seq_printf(m, "accounts %lu\ncharged_records %ld\n", accounts,
		   records);
	mutex_lock(&hf_graph_lock);
	seq_printf(m, "contended %u\nsearches %llu\nsearch_steps %llu\nsearches_cut %llu\nlongest_section %llu\nprobes %llu\ncourtesies %llu\ncycles %llu\npasses %llu\nexpired %llu\n",
		   hf_graph.nr_contended, hf_graph.searches,
		   hf_graph.search_steps, hf_graph.searches_cut,
		   hf_graph.longest_section,
		   hf_graph.probes, hf_graph.courtesies,
		   hf_graph.cycles, hf_graph.passes,
		   hf_graph.expired);
	mutex_unlock(&hf_graph_lock);
	return 0;
}

int hf_proc_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("fs/holdfast", NULL);

	if (!dir)
		return -ENOMEM;
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
}
