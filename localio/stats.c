// SPDX-License-Identifier: GPL-2.0-only
/* The counters of this module. */
#include "stats.h"

DEFINE_PER_CPU(struct hf_localio_stats, hf_localio_stats);

static const char * const names[HF_LOCALIO_STAT_COUNT] = {
#define X(name, text) [HF_LOCALIO_STAT_##name] = "localio_" #name,
	HF_LOCALIO_STATS(X)
#undef X
};

struct hf_counters hf_localio_counters = {
	.names	= names,
	.values	= hf_localio_stats.count,
	.count	= HF_LOCALIO_STAT_COUNT,
};
