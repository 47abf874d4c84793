/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter for each outcome, shown in /proc/fs/holdfast/stats. */
#ifndef HF_LOCKS_STATS_H
#define HF_LOCKS_STATS_H

#include <linux/percpu.h>

#include <holdfast/proc.h>

/* In the order of enum ls_event: hf_count_grant() counts from the first. */
#define HF_STATS_GRANT(X, kind)						\
	X(kind##s_granted,	"held from then on")			\
	X(kind##s_changed,	"type or range changed by the holder")	\
	X(kind##s_broken,	"holders told to return them")		\
	X(kind##s_broken_to_read, "holders told to downgrade")		\
	X(kind##s_downgraded,	"from write to read, for a break")	\
	X(kind##s_returned,	"by their holder, asked or not")	\
	X(kind##s_revoked,	"not returned in time")

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
	X(remote_asks,	"asked for at the remote")		\
	X(remote_noes,	"refused there, or to be waited for")	\
	X(remote_waits,	"waited for there")			\
	X(remote_backs,	"granted there, and given back")	\
	X(no_memory,	"failed for want of memory")		\
	X(user_limits,	"refused: max_user_records")		\
	X(client_limits, "refused: max_client_records")		\
	X(file_limits,	"refused: max_file_records")		\
	X(owner_limits,	"refused: max_owner_records")		\
	HF_STATS_GRANT(X, lease)					\
	HF_STATS_GRANT(X, delegation)					\
	HF_STATS_GRANT(X, layout)					\
	X(pins,		"ranges that a device came to use")		\
	X(pins_refused,	"no layout that allows it, or not now")		\
	X(pins_ended,	"unpinned, or closed")				\
	X(changes_waited, "truncates and the like that waited for layouts") \
	X(changes_refused, "such that would have moved pinned blocks")

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

/* @kind: enum ls_kind; @event: enum ls_event */
static inline void hf_count_grant(unsigned int kind, unsigned int event)
{
	this_cpu_inc(hf_stats.count[HF_STAT_leases_granted + event + kind *
			(HF_STAT_delegations_granted - HF_STAT_leases_granted)]);
}

extern struct hf_counters hf_locks_counters;

static inline unsigned long hf_stat_sum(enum hf_stat stat)
{
	return hf_counters_sum(&hf_locks_counters, stat);
}

#endif /* HF_LOCKS_STATS_H */
