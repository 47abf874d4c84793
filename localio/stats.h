/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF_LOCALIO_STATS_H
#define HF_LOCALIO_STATS_H

#include <linux/percpu.h>

#include <holdfast/proc.h>

#define HF_LOCALIO_STATS(X)						\
	X(servers,	"started")					\
	X(asked,	"handshakes that clients have begun")		\
	X(unknown_ids,	"that were brought to a server")		\
	X(links,	"made")						\
	X(linked,	"of them, whose clients could use them")	\
	X(wrong_answers, "of servers that were not asked")		\
	X(ends,		"of links, whoever ended them")			\
	X(opens,	"of files")					\
	X(open_errors,	"of servers, or no memory")			\
	X(closed_by_end, "files that were open when their link ended")	\
	X(fall_backs,	"of clients to the wire")

enum hf_localio_stat {
#define X(name, text) HF_LOCALIO_STAT_##name,
	HF_LOCALIO_STATS(X)
#undef X
	HF_LOCALIO_STAT_COUNT,
};

struct hf_localio_stats {
	unsigned long count[HF_LOCALIO_STAT_COUNT];
};

DECLARE_PER_CPU(struct hf_localio_stats, hf_localio_stats);

#define hf_localio_count_event(name) \
	this_cpu_inc(hf_localio_stats.count[HF_LOCALIO_STAT_##name])

extern struct hf_counters hf_localio_counters;

#endif /* HF_LOCALIO_STATS_H */
