/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF_LOCKS_STATS_H
#define HF_LOCKS_STATS_H

#include <linux/percpu.h>

#define HF_STATS(X)							\
	X(requests,	"requests to set or unlock")			\
	X(grants,	"granted at once")				\
	X(unlocks,	"unlocked")					\
	X(conflicts,	"refused for a conflict")			\
	X(blocks,	"queued")					\
	X(handovers,	"granted by a release")				\
	X(notifies,	"clients told to ask again")			\
	X(polls,	"asked again while queued")			\
	X(cancels,	"waiters that gave up")				\
	X(taken_back,	"grants taken back")				\
	X(deadlocks,	"refused or failed for a deadlock")		\
	X(lapsed,	"waiters dropped: their client was not heard of") \
	X(no_memory,	"failed for want of memory")

enum hf_stat {
#define X(name, text) HF_STAT_##name,
	HF_STATS(X)
#undef X
	HF_STAT_COUNT,
};

struct hf_stats {
	unsigned long count[HF_STAT_COUNT];
};

DECLARE_PER_CPU(struct hf_stats, hf_stats);

#define hf_count(name) this_cpu_inc(hf_stats.count[HF_STAT_##name])

const char *hf_stat_name(enum hf_stat stat);
unsigned long hf_stat_sum(enum hf_stat stat);

#endif /* HF_LOCKS_STATS_H */
