// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>

#include "stats.h"

DEFINE_PER_CPU(struct hf_stats, hf_stats);

static const char * const names[HF_STAT_COUNT] = {
#define X(name, text) [HF_STAT_##name] = #name,
	HF_STATS(X)
#undef X
};

const char *hf_stat_name(enum hf_stat stat)
{
	return names[stat];
}

unsigned long hf_stat_sum(enum hf_stat stat)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(hf_stats, cpu).count[stat];
	return sum;
}
