// SPDX-License-Identifier: GPL-2.0-only
/*
 * The remote's part of a waiter: its memory, its work, and whom what happens wakes.
 *
 * Who goes on from one stage to the next (remote.c) is the process that has asked, or for
 * a server, and for who was killed, the work.  It changes the stage, and where nobody is at
 * it (T) who ends it or has told it; what happens meanwhile (an answer, a turn, a lock
 * here) is noted under T, and each stage waits for one thing.
 *
 * A waiter is its process's, or its file_lock's, until it is deserted (under T): then it
 * is the work's, which frees it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "remote.h"

static struct workqueue_struct *queue;

/* T.  Nothing else may be to come for it. */
void hf_remote_queue(struct hf_ask *ask)
{
	queue_work(queue, &ask->work);
}

/* T. */
void hf_remote_happened(struct hf_ask *ask)
{
	lockdep_assert_held(&ask->waiter->table->lock);
	ask->due = true;
	if (ask->inside || (ask->waiter->told == HF_TOLD_WAKE && !ask->deserted))
		complete(&ask->happened);
	else
		hf_remote_queue(ask);
}

void hf_remote_answer(struct hf_remote *remote, int result)
{
	struct hf_ask *ask = container_of(remote, struct hf_ask, remote);
	struct hf_table *table = ask->waiter->table;

	spin_lock(&table->lock);
	ask->answer = result;
	hf_remote_happened(ask);
	spin_unlock(&table->lock);
}
EXPORT_SYMBOL_GPL(hf_remote_answer);

static void work(struct work_struct *item)
{
	struct hf_ask *ask = container_of(item, struct hf_ask, work);
	struct hf_table *table = ask->waiter->table;
	bool free;

	spin_lock(&table->lock);
	ask->running = true;
	spin_unlock(&table->lock);
	hf_remote_go_on(ask);
	spin_lock(&table->lock);
	ask->running = false;
	free = ask->deserted && ask->stage == HF_OVER;
	spin_unlock(&table->lock);
	if (free)
		hf_waiter_free(ask->waiter);
}

/**
 * hf_ask_new - the remote's part of a waiter
 * @waiter: whose
 * @file: by which it asks
 * @request: what; an unlock does not fail for want of memory
 *
 * Return: it, or what ->begin() says, or -ENOMEM.
 */
struct hf_ask *hf_ask_new(struct hf_waiter *waiter, struct file *file,
			  const struct lk_request *request)
{
	struct hf_lock_domain *domain = waiter->table->domain;
	bool unlocks = request->op == LK_UNLOCK;
	struct hf_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL | (unlocks ? __GFP_NOFAIL : 0));
	int err;

	if (!ask)
		return ERR_PTR(-ENOMEM);
	err = domain->remote->begin(&ask->remote, file, unlocks);
	if (err) {
		kfree(ask);
		return ERR_PTR(err);
	}
	ask->waiter = waiter;
	ask->waits = request->flags & LK_WAIT;
	INIT_LIST_HEAD(&ask->line);
	INIT_WORK(&ask->work, work);
	init_completion(&ask->happened);
	atomic_inc(&domain->asking);
	return ask;
}

/* By the process that it was, or the work: ->end() may sleep. */
void hf_ask_free(struct hf_ask *ask)
{
	struct hf_lock_domain *domain = ask->waiter->table->domain;

	WARN_ONCE(!list_empty(&ask->line), "holdfast: a request ends at the remote\n");
	domain->remote->end(&ask->remote);
	if (ask->late)
		atomic_dec(&domain->late);
	kfree(ask);
	/* Whoever settles has a reference. */
	if (atomic_dec_and_test(&domain->asking))
		wake_up_var(&domain->asking);
}

bool hf_lock_domain_settle(struct hf_lock_domain *domain, long timeout)
{
	return !domain || wait_var_event_timeout(&domain->asking,
						 !atomic_read(&domain->asking), timeout);
}
EXPORT_SYMBOL_GPL(hf_lock_domain_settle);

int hf_remote_init(void)
{
	queue = alloc_workqueue("hf_lock_remote", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return queue ? 0 : -ENOMEM;
}

void hf_remote_flush(void)
{
	flush_workqueue(queue);
}

void hf_remote_exit(void)
{
	destroy_workqueue(queue);
}
