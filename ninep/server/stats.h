/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF9_STATS_H
#define HF9_STATS_H

#include <linux/percpu.h>

#include <holdfast/proc.h>

#define HF9_STATS(X)							\
	X(connections,	"accepted")					\
	X(connections_refused, "too many, or no memory")		\
	X(messages,	"that were whole")				\
	X(malformed,	"that ended their connection")			\
	X(answers,	"replies made, errors among them")		\
	X(errors,	"replies that were Rlerror")			\
	X(dropped,	"requests without a reply: flushed, or the end") \
	X(flushes,	"Tflush")					\
	X(parked,	"times that a request came to wait")		\
	X(attaches,	"to an export")					\
	X(attaches_refused, "no such export, not listed, too many")

enum hf9_stat {
#define X(name, text) HF9_STAT_##name,
	HF9_STATS(X)
#undef X
	HF9_STAT_COUNT,
};

struct hf9_stats {
	unsigned long count[HF9_STAT_COUNT];
};

DECLARE_PER_CPU(struct hf9_stats, hf9_stats);

#define hf9_count(name) this_cpu_inc(hf9_stats.count[HF9_STAT_##name])

extern struct hf_counters hf9_counters;

#endif /* HF9_STATS_H */
