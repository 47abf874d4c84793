// SPDX-License-Identifier: GPL-2.0-only
/* Threads that break leases and layouts, and wait. */
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "lease.h"

int lease_breaks(struct lease_waiter *waiter)
{
	return lease_break(waiter->file, waiter->mode);
}

int change_waits(struct lease_waiter *waiter)
{
	struct hf_change change;
	int ret = hf_change_begin(&waiter->file->li, &change, NULL,
				  waiter->start, waiter->end, waiter->locked);

	if (ret >= 0)
		hf_change_end(&change);
	return ret;
}

/* The task ends by itself after it, in the kernel's own text. */
static int waiter_main(void *data)
{
	struct lease_waiter *waiter = data;

	allow_signal(SIGUSR1);
	if (waiter->locked)
		inode_lock(waiter->locked);
	waiter->ret = waiter->work(waiter);
	if (waiter->locked)
		inode_unlock(waiter->locked);
	kthread_complete_and_exit(&waiter->done, 0);
}

void waiter_start(struct lease_waiter *waiter)
{
	init_completion(&waiter->done);
	waiter->task = kthread_create(waiter_main, waiter, "hf_kunit");
	if (IS_ERR(waiter->task)) {
		KUNIT_FAIL(waiter->file->test, "no thread");
		waiter->task = NULL;
		complete(&waiter->done);
		return;
	}
	get_task_struct(waiter->task);
	wake_up_process(waiter->task);
}

void waiter_interrupt(struct lease_waiter *waiter)
{
	if (waiter->task)
		send_sig(SIGUSR1, waiter->task, 1);
}

int waiter_end(struct lease_waiter *waiter)
{
	wait_for_completion(&waiter->done);
	if (waiter->task)
		put_task_struct(waiter->task);
	return waiter->ret;
}
