// SPDX-License-Identifier: GPL-2.0-only
/* The counters of this module. */
#include "stats.h"

DEFINE_PER_CPU(struct hf9c_stats, hf9c_stats);

static const char * const names[HF9C_STAT_COUNT] = {
#define X(name, text) [HF9C_STAT_##name] = "ninep_client_" #name,
	HF9C_STATS(X)
#undef X
};

struct hf_counters hf9c_counters = {
	.names	= names,
	.values	= hf9c_stats.count,
	.count	= HF9C_STAT_COUNT,
};
