// SPDX-License-Identifier: GPL-2.0-only
/* The counters of this module. */
#include "stats.h"

DEFINE_PER_CPU(struct hf9_stats, hf9_stats);

static const char * const names[HF9_STAT_COUNT] = {
#define X(name, text) [HF9_STAT_##name] = "ninep_" #name,
	HF9_STATS(X)
#undef X
};

struct hf_counters hf9_counters = {
	.names	= names,
	.values	= hf9_stats.count,
	.count	= HF9_STAT_COUNT,
};
