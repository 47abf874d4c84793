// SPDX-License-Identifier: GPL-2.0-only
/* holdfast_locks: load, unload, parameters. */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "lease/leases.h"
#include "proc_lines.h"
#include "range/charge.h"
#include "range/locks.h"

static unsigned int reserve_ms = 2000;
static unsigned int courtesy_ms = LK_COURTESY_MS;

static int set_ms(const char *text, const struct kernel_param *param)
{
	int ret = param_set_uint_minmax(text, param, 1, 3600 * 1000);

	if (ret)
		return ret;
	mutex_lock(&hf_graph_lock);
	hf_graph.reserve_ms = reserve_ms;
	hf_graph.courtesy_ms = courtesy_ms;
	mutex_unlock(&hf_graph_lock);
	return 0;
}

static const struct kernel_param_ops ms_ops = {
	.set = set_ms,
	.get = param_get_uint,
};

module_param_cb(courtesy_ms, &ms_ops, &courtesy_ms, 0644);
MODULE_PARM_DESC(courtesy_ms,
		 "how long the order of arrival alone keeps a request waiting, but for fairness=fifo, in ms (1 to 3600000, default 1000)");
module_param_cb(reserve_ms, &ms_ops, &reserve_ms, 0644);
MODULE_PARM_DESC(reserve_ms,
		 "how long a lock is kept for an NFSv4 client that was told to come for it, in ms (1 to 3600000, default 2000)");

static int __init hf_locks_init(void)
{
	int ret;

	lk_graph_init(&hf_graph, reserve_ms);
	hf_graph.courtesy_ms = courtesy_ms;
	hf_accounts_init();
	ret = hf_tables_init();
	if (ret)
		return ret;
	ret = hf_records_init();
	if (ret)
		goto out_tables;
	ret = hf_waiters_init();
	if (ret)
		goto out_records;
	ret = hf_remote_init();
	if (ret)
		goto out_waiters;
	ret = hf_leases_init();
	if (ret)
		goto out_remote;
	ret = hf_proc_init();
	if (ret)
		goto out_leases;
	return 0;

out_leases:
	hf_leases_exit();
out_remote:
	hf_remote_exit();
out_waiters:
	hf_waiters_exit();
out_records:
	hf_records_exit();
out_tables:
	hf_tables_exit();
	return ret;
}

/*
 * Why nothing of ours is in use here:
 * 1. No filesystem uses us: each holds a module reference through its symbols.
 * 2. No asynchronous waiter is left: each holds one (async.c).
 * 3. The last of those references may have been dropped from our own text, by
 *    a task that has not returned from it: synchronize_rcu_tasks() waits until
 *    every task has scheduled voluntarily, outside of it.
 * 4. No table is left (1, 2), so nothing arms the expiry work again; one that
 *    is queued is waited for.
 * 5. Readers of /proc hold table references: removing the entries waits for
 *    them, so that comes before the caches go.  Nobody else's counters are
 *    shown any more: their modules use our symbols (1).
 */
static void __exit hf_locks_exit(void)
{
	synchronize_rcu_tasks();
	hf_proc_exit();
	hf_expire_stop();
	hf_leases_exit();
	hf_remote_exit();
	hf_waiters_exit();
	hf_records_exit();
	hf_accounts_exit();
	hf_tables_exit();
}

module_init(hf_locks_init);
module_exit(hf_locks_exit);
MODULE_DESCRIPTION("holdfast lock manager");
MODULE_LICENSE("GPL");
