// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast_netfs: the request layer.  Its users hold it through its symbols; when it
 * goes no mount is left, and what is left of requests are work items that have nothing
 * more to do, and memory that is freed by RCU.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "cache.h"
#include "netfs.h"
#include "stats.h"

struct workqueue_struct *hf_netfs_answers, *hf_netfs_tries, *hf_netfs_ends;

DEFINE_PER_CPU(struct hf_netfs_stats, hf_netfs_stats);

static const char * const names[HF_NETFS_STAT_COUNT] = {
#define X(name, text) [HF_NETFS_STAT_##name] = "netfs_" #name,
	HF_NETFS_STATS(X)
#undef X
};

struct hf_counters hf_netfs_counters = {
	.names	= names,
	.values	= hf_netfs_stats.count,
	.count	= HF_NETFS_STAT_COUNT,
	.show	= hf_cache_show,
};

static int show_requests(struct seq_file *m, void *v)
{
	hf_netfs_show_requests(m);
	return 0;
}

static struct workqueue_struct *make_queue(const char *name)
{
	return alloc_workqueue("hf_netfs_%s", WQ_MEM_RECLAIM | WQ_UNBOUND, 0, name);
}

static int make_queues(void)
{
	hf_netfs_answers = make_queue("answers");
	hf_netfs_tries = make_queue("tries");
	hf_netfs_ends = make_queue("ends");
	return hf_netfs_answers && hf_netfs_tries && hf_netfs_ends ? hf_cache_init() : -ENOMEM;
}

/* In this order: the cache makes answers, an answer makes tries, and both make ends. */
static void destroy_queues(void)
{
	hf_cache_exit();
	if (hf_netfs_answers)
		destroy_workqueue(hf_netfs_answers);
	if (hf_netfs_tries)
		destroy_workqueue(hf_netfs_tries);
	if (hf_netfs_ends)
		destroy_workqueue(hf_netfs_ends);
}

static int __init hf_netfs_init(void)
{
	int ret = make_queues();

	if (!ret)
		ret = hf_netfs_mounts_init();
	if (ret)
		goto no_mounts;
	ret = -ENOMEM;
	if (!proc_create_single("requests", 0400, hf_proc_dir(), show_requests))
		goto no_proc;
	hf_counters_add(&hf_netfs_counters);
	return 0;

no_proc:
	hf_netfs_mounts_exit();
no_mounts:
	destroy_queues();
	return ret;
}

static void __exit hf_netfs_exit(void)
{
	hf_counters_remove(&hf_netfs_counters);
	remove_proc_entry("requests", hf_proc_dir());
	hf_netfs_mounts_exit();
	destroy_queues();
	rcu_barrier();
}

module_init(hf_netfs_init);
module_exit(hf_netfs_exit);
MODULE_DESCRIPTION("holdfast request layer for network filesystems");
MODULE_LICENSE("GPL");
