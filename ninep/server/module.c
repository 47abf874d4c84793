// SPDX-License-Identifier: GPL-2.0-only
/* holdfast_ninep_server: load, unload. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "configfs.h"
#include "connection.h"
#include "export.h"
#include "localio.h"
#include "ops.h"
#include "proc.h"

struct workqueue_struct *hf9_wq;

static int __init init_memory(void)
{
	int ret = hf9_requests_init();

	if (ret)
		return ret;
	ret = hf9_fids_init();
	if (ret)
		hf9_requests_exit();
	return ret;
}

static void exit_memory(void)
{
	hf9_fids_exit();
	hf9_requests_exit();
}

static int __init init_work(void)
{
	int ret;

	hf9_wq = alloc_workqueue("holdfast_9p", WQ_UNBOUND, 0);
	if (!hf9_wq)
		return -ENOMEM;
	ret = hf9_services_init();
	if (ret)
		goto out_wq;
	ret = hf9_localio_init();
	if (!ret)
		return 0;
	hf9_services_exit();
out_wq:
	destroy_workqueue(hf9_wq);
	return ret;
}

/*
 * Why nothing of ours is in use here:
 * 1. No directory of configfs is left: each holds the module.
 * 2. What those had started was told to stop; hf9_services_exit() waits for all of it: no
 *    listener, export or connection is left, and no thread (service.c).
 * 3. So no link of a client in this kernel is left that has a connection; what its end
 *    still has to do here is waited for.
 * 4. So nothing queues work any more; what is queued is waited for.
 * 5. Owners of locks may be in the hands of who has asked for a conflict: waited for,
 *    too (lock_owner.c).
 */
static void exit_work(void)
{
	hf9_services_exit();
	hf9_localio_exit();
	destroy_workqueue(hf9_wq);
	hf9_locks_exit();
}

static int __init hf9_init(void)
{
	int ret = init_memory();

	if (ret)
		return ret;
	ret = init_work();
	if (ret)
		goto out_memory;
	ret = hf9_proc_init();
	if (ret)
		goto out_work;
	ret = hf9_configfs_init();
	if (ret)
		goto out_proc;
	return 0;

out_proc:
	hf9_proc_exit();
out_work:
	exit_work();
out_memory:
	exit_memory();
	return ret;
}

static void __exit hf9_exit(void)
{
	hf9_configfs_exit();
	exit_work();
	hf9_proc_exit();
	exit_memory();
}

module_init(hf9_init);
module_exit(hf9_exit);
MODULE_DESCRIPTION("holdfast 9P server");
MODULE_LICENSE("GPL");
