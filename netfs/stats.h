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
	X(attributes_late, "that were older than what was known")	\
	X(cache_hits,	"subrequests that the cache on disk answered")	\
	X(cache_hit_bytes, "of the file")				\
	X(cache_misses,	"that it was to answer, and the server did")	\
	X(cache_miss_bytes, "from the server, of files that have an object")	\
	X(cache_fills,	"that were written")				\
	X(cache_fill_bytes, "of the file")				\
	X(cache_fills_missed, "for want of room, memory, folios, or frozen")	\
	X(cache_commits, "headers")					\
	X(cache_commits_put_off, "that could not be written, or not yet")	\
	X(cache_created, "files of objects")				\
	X(cache_opened,	"that were there, and are believed")		\
	X(cache_not_believed, "that were there, and are not")		\
	X(cache_killed_written, "a write here")				\
	X(cache_killed_version, "another version at the server, or a lost connection")	\
	X(cache_killed_error, "of the cache's filesystem")		\
	X(cache_culled,	"for room, or dead")				\
	X(cache_outdated, "removed, since there was another version")

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
#define hf_netfs_add(name, count_of) \
	this_cpu_add(hf_netfs_stats.count[HF_NETFS_STAT_##name], count_of)

extern struct hf_counters hf_netfs_counters;

#endif /* HF_NETFS_STATS_H */
