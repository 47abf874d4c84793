// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast_localio: the registry.  Servers and clients hold it through its symbols; when
 * it goes there is none of either, so no link that is not ended.  What is left of links
 * that were is in a work item after it has counted its server down, or with RCU.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "localio.h"
#include "stats.h"

static int __init hf_localio_init(void)
{
	/*
	 * Unbound, for files are closed: those that take long, of a disk that hangs, hold up
	 * no other link's, as long as fewer than WQ_MAX_ACTIVE do.
	 */
	hf_localio_wq = alloc_workqueue("hf_localio", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!hf_localio_wq)
		return -ENOMEM;
	if (!proc_create_single("localio", 0400, hf_proc_dir(), hf_localio_show)) {
		destroy_workqueue(hf_localio_wq);
		return -ENOMEM;
	}
	hf_counters_add(&hf_localio_counters);
	return 0;
}

static void __exit hf_localio_exit(void)
{
	hf_counters_remove(&hf_localio_counters);
	remove_proc_entry("localio", hf_proc_dir());
	WARN_ON(!list_empty(&hf_localio_servers) || !list_empty(&hf_localio_links));
	destroy_workqueue(hf_localio_wq);
	/* The count's own callback may still be on its way back from last_put(). */
	rcu_barrier();
}

module_init(hf_localio_init);
module_exit(hf_localio_exit);
MODULE_DESCRIPTION("holdfast: clients on their server's own host go round the network");
MODULE_AUTHOR("The holdfast authors");
MODULE_LICENSE("GPL");
