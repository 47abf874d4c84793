// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that a remote decides, too: another machine with a table of its own, which
 * has whatever is in ours and never less.
 *
 *	HERE		somebody here is in the way
 *	TURN, ASKED	a pending record; the remote is asked without waiting
 *	  yes:		it becomes a lock, and is told
 *	  no:		it goes, and what its owner held is as it was; who may wait is
 *	HELD		asked for with waiting, and nothing is here.  The remote finds
 *			the deadlocks then
 *	LATE_TURN	  yes: taken past what is pending of others, whom the remote
 *	LATE		refuses; unless somebody here has yet to hear that his lock is
 *			weaker now, who is waited for
 *	BACK		the remote has granted what nobody wants any more
 *	OVER
 *
 * Who goes on from one to the next is the process that has asked, or for a server, and
 * for who was killed, the work.  It alone changes the stage; what happens meanwhile (an
 * answer, a turn, a lock here) is noted under T, and each stage waits for one thing.
 *
 * A waiter is its process's, or its file_lock's, until it is deserted (under T, and only
 * while something is to come): then it is the work's.  What the remote grants to it is
 * given back by telling it what its owner holds here.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "remote.h"
#include "trace.h"

static struct workqueue_struct *queue;

/* T. */
void hf_remote_happened(struct hf_ask *ask)
{
	lockdep_assert_held(&ask->waiter->table->lock);
	ask->due = true;
	if (ask->inside || (ask->waiter->told == HF_TOLD_WAKE && !ask->deserted))
		complete(&ask->happened);
	else
		queue_work(queue, &ask->work);
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

static bool is_deserted(struct hf_ask *ask)
{
	bool deserted;

	spin_lock(&ask->waiter->table->lock);
	deserted = ask->deserted;
	spin_unlock(&ask->waiter->table->lock);
	return deserted;
}

/* T. */
static bool enter_turn(struct hf_ask *ask, enum hf_stage stage)
{
	struct hf_waiter *waiter = ask->waiter;

	lockdep_assert_held(&waiter->table->lock);
	ask->stage = stage;
	ask->step.space = waiter->space;
	ask->step.owner = waiter->core.request.owner;
	ask->step.start = waiter->core.request.start;
	ask->step.end = waiter->core.request.end;
	ask->step.ask = ask;
	return hf_step_enter(waiter->table, &ask->step);
}

static void leave_turn(struct hf_ask *ask)
{
	spin_lock(&ask->waiter->table->lock);
	hf_step_leave(ask->waiter->table, &ask->step);
	spin_unlock(&ask->waiter->table->lock);
}

/* The pending record goes. */
static void refuse(struct hf_waiter *waiter)
{
	struct hf_table *table = waiter->table;
	struct lk_batch batch = {};

	hf_enter(table, true);
	hf_mirror_lock(table);
	lk_end_waiter(waiter->space, &waiter->core, false, hf_now_ms(), &batch);
	hf_mirror_unlock(table);
	hf_deliver(table, &batch);
	hf_leave(table, true);
	hf_records_free(&batch.freed);
}

/* It goes without. */
static int fail(struct hf_ask *ask, int error)
{
	struct hf_table *table = ask->waiter->table;

	spin_lock(&table->lock);
	ask->stage = HF_OVER;
	ask->answer = error;
	if (!ask->deserted && !ask->heard && ask->waiter->told != HF_TOLD_WAKE)
		hf_tell_failure(ask->waiter, error);
	ask->heard = true;
	spin_unlock(&table->lock);
	return HF_ENDED;
}

/*
 * The remote has granted it, in its turn, and it is not wanted.  A process leaves that to
 * the work, and is told.
 */
static int undo(struct hf_ask *ask, int error)
{
	struct hf_table *table = ask->waiter->table;

	spin_lock(&table->lock);
	if (ask->waiter->told == HF_TOLD_WAKE && !ask->deserted) {
		ask->deserted = true;
		ask->stage = HF_BACK;
		queue_work(queue, &ask->work);
		spin_unlock(&table->lock);
		return error;
	}
	spin_unlock(&table->lock);
	hf_remote_give_back(ask);
	leave_turn(ask);
	return fail(ask, error);
}

/* G and T: it is held.  Return: whether it is wanted. */
static bool tell(struct hf_ask *ask, struct lk_batch *batch)
{
	struct hf_waiter *waiter = ask->waiter;
	struct hf_table *table = waiter->table;

	ask->stage = HF_OVER;
	ask->answer = 0;
	hf_deliver(table, batch);
	if (waiter->told == HF_TOLD_WAKE) {
		hf_count(grants);
		trace_hf_lock_grant(table, &waiter->core.request);
		return true;
	}
	ask->heard = true;
	hf_tell_won(table, waiter, batch);
	hf_deliver(table, batch);
	return waiter->core.state == LK_WON;
}

static void look_at_file(struct hf_ask *ask)
{
	if (hf_remote_ops_of(ask)->granted && !is_deserted(ask))
		hf_remote_ops_of(ask)->granted(&ask->remote);
}

/* With G and T: it becomes a lock.  Of one that was held back, past what is pending. */
static enum lk_outcome take_locked(struct hf_waiter *waiter, bool late,
				   struct lk_batch *batch)
{
	struct lk_request request = waiter->core.request;

	if (!late)
		return lk_confirm(waiter->space, &waiter->core, hf_now_ms(), batch);
	request.flags &= ~LK_REMOTE;
	request.flags |= LK_CONFIRMED | LK_WAIT;
	request.now = hf_now_ms();
	return lk_enqueue(waiter->space, &request, &waiter->core, batch);
}

/* The remote has said yes, and this is its turn. */
static int take(struct hf_ask *ask, bool late)
{
	struct hf_waiter *waiter = ask->waiter;
	struct hf_table *table = waiter->table;
	enum lk_outcome outcome = LK_INVALID;
	struct lk_batch batch = {};
	bool wanted = false;

	look_at_file(ask);
	hf_enter(table, true);
	if (!ask->deserted && table->inode) {
		hf_mirror_lock(table);
		outcome = take_locked(waiter, late, &batch);
		hf_mirror_unlock(table);
	}
	if (outcome == LK_GRANTED)
		wanted = tell(ask, &batch);
	else if (outcome == LK_QUEUED)
		ask->stage = HF_LATE;
	hf_deliver(table, &batch);
	if (wanted || outcome == LK_QUEUED)
		hf_step_leave(table, &ask->step);
	hf_leave(table, true);
	hf_records_free(&batch.freed);
	if (outcome == LK_QUEUED)
		return HF_MORE;
	if (wanted)
		return HF_ENDED;
	if (outcome == LK_GRANTED) {
		/* The server was told, and has said no: it expects no other word. */
		hf_remote_give_back(ask);
		leave_turn(ask);
		return HF_ENDED;
	}
	if (!late)
		refuse(waiter);
	return undo(ask, outcome == LK_DEADLOCK ? -EDEADLK : -EIO);
}

static int hold_back(struct hf_ask *ask);

static bool may_hold(struct hf_ask *ask)
{
	return ask->waits && !is_deserted(ask);
}

static int answered(struct hf_ask *ask)
{
	int err = ask->answer;

	if (!err)
		return take(ask, false);
	hf_count(remote_noes);
	refuse(ask->waiter);
	leave_turn(ask);
	if (err != -EAGAIN || !may_hold(ask))
		return fail(ask, err);
	if (ask->waiter->told == HF_TOLD_WAKE && signal_pending(current))
		return fail(ask, -ERESTARTSYS);
	return hold_back(ask);
}

static int ask_now(struct hf_ask *ask)
{
	int err = -EINTR;

	if (!is_deserted(ask)) {
		spin_lock(&ask->waiter->table->lock);
		ask->stage = HF_ASKED;
		spin_unlock(&ask->waiter->table->lock);
		hf_count(remote_asks);
		err = hf_remote_ops_of(ask)->lock(&ask->remote, &ask->waiter->ident, false);
		if (!err)
			return HF_MORE;
	}
	ask->answer = err;
	return answered(ask);
}

/* The remote has said when: with the memory for that in hand. */
static int hold_back(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	int err = hf_records_alloc(&waiter->core.nodes,
				   lk_waiter_nodes(waiter->core.request.kind),
				   &waiter->ident);

	if (err)
		return fail(ask, hf_out_of_memory(&waiter->ident));
	spin_lock(&waiter->table->lock);
	ask->stage = HF_HELD;
	spin_unlock(&waiter->table->lock);
	hf_count(remote_waits);
	err = hf_remote_ops_of(ask)->lock(&ask->remote, &waiter->ident, true);
	return err ? fail(ask, err) : HF_MORE;
}

static int answered_late(struct hf_ask *ask)
{
	bool ready;

	if (ask->answer)
		return fail(ask, ask->answer == -EINTR ? -ERESTARTSYS : ask->answer);
	spin_lock(&ask->waiter->table->lock);
	ready = enter_turn(ask, HF_LATE_TURN);
	spin_unlock(&ask->waiter->table->lock);
	return ready ? take(ask, true) : HF_MORE;
}

/* Of a process: nobody here is in the way any more, or it was failed. */
static int waited_here(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	bool ready;

	if (waiter->core.state != LK_ASKING)
		return fail(ask, waiter->core.state == LK_LOST_DEADLOCK ? -EDEADLK : -EIO);
	spin_lock(&waiter->table->lock);
	ready = enter_turn(ask, HF_TURN);
	spin_unlock(&waiter->table->lock);
	return ready ? ask_now(ask) : HF_MORE;
}

/* T: it is not wanted, and the remote has granted it. */
void hf_remote_begin_back(struct hf_ask *ask, int error)
{
	ask->answer = error;
	if (enter_turn(ask, HF_BACK))
		queue_work(queue, &ask->work);
}

/* T: its server was told of the grant, and may have answered that it does not want it. */
void hf_remote_told(struct hf_ask *ask)
{
	ask->heard = true;
	ask->stage = HF_OVER;
	if (ask->waiter->core.state != LK_WON)
		hf_remote_begin_back(ask, -EINTR);
}

static int waited_late(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	bool process = waiter->told == HF_TOLD_WAKE;

	if (waiter->core.state == LK_WON)
		return fail(ask, 0);
	spin_lock(&waiter->table->lock);
	ask->deserted |= process;
	hf_remote_begin_back(ask, -EDEADLK);
	spin_unlock(&waiter->table->lock);
	return process ? -EDEADLK : HF_MORE;
}

int hf_remote_go_on(struct hf_ask *ask)
{
	spin_lock(&ask->waiter->table->lock);
	ask->due = false;
	spin_unlock(&ask->waiter->table->lock);
	switch (ask->stage) {
	case HF_HERE:
		return waited_here(ask);
	case HF_TURN:
		return ask_now(ask);
	case HF_ASKED:
		return answered(ask);
	case HF_HELD:
		return answered_late(ask);
	case HF_LATE_TURN:
		return take(ask, true);
	case HF_LATE:
		return waited_late(ask);
	case HF_BACK:
		return undo(ask, ask->answer);
	case HF_OVER:
		break;
	}
	return HF_ENDED;
}

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

/* ------------------------------------------------------------------------- memory */

/**
 * hf_ask_new - the remote's part of a waiter
 * @waiter: whose
 * @file: by which it asks
 * @waits: the remote may let it wait
 *
 * Return: it, or what ->begin() says, or -ENOMEM.
 */
struct hf_ask *hf_ask_new(struct hf_waiter *waiter, struct file *file, bool waits)
{
	struct hf_lock_domain *domain = waiter->table->domain;
	struct hf_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL);
	int err;

	if (!ask)
		return ERR_PTR(-ENOMEM);
	err = domain->remote->begin(&ask->remote, file, false);
	if (err) {
		kfree(ask);
		return ERR_PTR(err);
	}
	ask->waiter = waiter;
	ask->waits = waits;
	INIT_WORK(&ask->work, work);
	init_completion(&ask->happened);
	atomic_inc(&domain->asking);
	return ask;
}

void hf_ask_free(struct hf_ask *ask)
{
	struct hf_lock_domain *domain = ask->waiter->table->domain;

	domain->remote->end(&ask->remote);
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
