/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF9C_STATS_H
#define HF9C_STATS_H

#include <linux/percpu.h>

#include <holdfast/proc.h>

#define HF9C_STATS(X)							\
	X(sessions,	"begun")					\
	X(deaths,	"of sessions that were not closed")		\
	X(calls,	"that are over")				\
	X(errors,	"of them without the reply that was asked for")	\
	X(waited,	"calls for which there was no tag at once")	\
	X(flushes,	"Tflush")					\
	X(timeouts,	"calls that had no answer in time")		\
	X(discards,	"payloads that were taken back")		\
	X(unwanted,	"replies that nobody waited for any more")	\
	X(malformed,	"messages that ended their session")

enum hf9c_stat {
#define X(name, text) HF9C_STAT_##name,
	HF9C_STATS(X)
#undef X
	HF9C_STAT_COUNT,
};

struct hf9c_stats {
	unsigned long count[HF9C_STAT_COUNT];
};

DECLARE_PER_CPU(struct hf9c_stats, hf9c_stats);

#define hf9c_count(name) this_cpu_inc(hf9c_stats.count[HF9C_STAT_##name])

extern struct hf_counters hf9c_counters;

#endif /* HF9C_STATS_H */
