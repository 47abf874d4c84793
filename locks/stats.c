// SPDX-License-Identifier: GPL-2.0-only
/* The counters of this module, and what else it shows in stats. */
#include <linux/seq_file.h>

#include <holdfast/proc.h>

#include "range/charge.h"
#include "range/locks.h"
#include "stats.h"

DEFINE_PER_CPU(struct hf_stats, hf_stats);

static const char * const names[HF_STAT_COUNT] = {
#define X(name, text) [HF_STAT_##name] = #name,
	HF_STATS(X)
#undef X
};

static void show_accounts(struct seq_file *m)
{
	unsigned long accounts;
	long records;

	hf_accounts_sum(&accounts, &records);
	seq_printf(m, "accounts %lu\ncharged_records %ld\n", accounts, records);
}

static void show_graph(struct seq_file *m)
{
	const struct lk_graph *graph = &hf_graph;

	mutex_lock(&hf_graph_lock);
	seq_printf(m, "contended %u\nsearches %llu\nsearch_steps %llu\nsearches_cut %llu\n",
		   graph->nr_contended, graph->searches, graph->search_steps,
		   graph->searches_cut);
	seq_printf(m, "sweeps %llu\nlongest_section %llu\nprobes %llu\ncourtesies %llu\ncycles %llu\npasses %llu\nexpired %llu\n",
		   graph->sweeps, graph->longest_section, graph->probes,
		   graph->courtesies, graph->cycles, graph->passes,
		   graph->expired);
	mutex_unlock(&hf_graph_lock);
}

static void show(struct seq_file *m)
{
	show_accounts(m);
	show_graph(m);
}

struct hf_counters hf_locks_counters = {
	.names	= names,
	.values	= hf_stats.count,
	.count	= HF_STAT_COUNT,
	.show	= show,
};
