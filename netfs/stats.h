/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF_NETFS_STATS_H
#define HF_NETFS_STATS_H

#include <linux/percpu.h>

#include <holdfast/proc.h>

#define HF_NETFS_STATS(X)						\
	X(requests,	"begun")					\
	X(issued,	"tries of subrequests")				\
	X(credit_waits,	"tries that waited for others' answers")	\
	X(cancels,	"of what was in flight")			\
	X(aborts,	"of mounts")					\
	X(read_folios,	"folios that were read alone")			\
	X(written_back_first, "writes that another's gap made wait")	\
	X(writebacks,	"runs of write-back")				\
	X(writes_lost,	"subrequests of write-back that failed")	\
	X(direct,	"calls past the cache")				\
	X(stale_left,	"folios that could not be dropped after a direct write") \
	X(drops,	"of a cache, or its end")			\
	X(attributes_late, "that were older than what was known")

enum hf_netfs_stat {
#define X(name, text) HF_NETFS_STAT_##name,
	HF_NETFS_STATS(X)
#undef X
	HF_NETFS_STAT_COUNT,
};

struct hf_netfs_stats {
	unsigned long count[HF_NETFS_STAT_COUNT];
};

DECLARE_PER_CPU(struct hf_netfs_stats, hf_netfs_stats);

#define hf_netfs_count(name) this_cpu_inc(hf_netfs_stats.count[HF_NETFS_STAT_##name])

extern struct hf_counters hf_netfs_counters;

#endif /* HF_NETFS_STATS_H */
