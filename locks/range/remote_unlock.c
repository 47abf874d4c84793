// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unlocks: here, then at the remote, one after the other with whatever else their owner
 * does there.
 *
 * A process waits until the remote has answered: what follows finds the lock free, unless
 * nobody knows what the answer means, and the lock is given up once more.  Who is killed,
 * or ends, waits so long for its turn, and for the answer, and while one that was waited
 * for is not answered not at all: then the work does what is left.  If that is all of it
 * (the turn has not come), the owner may have been granted something meanwhile: so the
 * remote is told what is held then.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>

#include "remote.h"
#include "trace.h"

/* In jiffies; for KUnit to be changed. */
unsigned long hf_remote_patience = 10 * HZ;

/* Does the owner hold anything there? */
static bool has_some(struct hf_table *table, struct lk_table *space,
		     const struct lk_request *request)
{
	bool has;

	spin_lock(&table->lock);
	has = lk_find_own(space, request->owner, request->start, request->end);
	spin_unlock(&table->lock);
	return has;
}

/* A turn, or an answer.  False: it has not come, to one who cannot wait for it. */
static bool await(struct hf_ask *ask)
{
	struct hf_lock_domain *domain = ask->waiter->table->domain;
	unsigned long patience = atomic_read(&domain->late) ? 0 : hf_remote_patience;

	if (!(current->flags & PF_EXITING) && !wait_for_completion_killable(&ask->happened))
		return true;
	ask->patient = patience;
	return wait_for_completion_timeout(&ask->happened, patience);
}

/* T: the work sees to the rest. */
static void leave_behind(struct hf_ask *ask)
{
	lockdep_assert_held(&ask->waiter->table->lock);
	ask->deserted = true;
	/* Of one that nobody has waited for nothing is known. */
	if (!ask->patient)
		return;
	ask->late = true;
	atomic_inc(&ask->waiter->table->domain->late);
}

static int desert_unlock(struct hf_ask *ask)
{
	spin_lock(&ask->waiter->table->lock);
	leave_behind(ask);
	hf_remote_begin_back(ask, 0);
	spin_unlock(&ask->waiter->table->lock);
	return 0;
}

/* Return: false if the answer has come in the last moment. */
static bool desert_answer(struct hf_ask *ask)
{
	bool left;

	spin_lock(&ask->waiter->table->lock);
	left = !ask->due;
	if (left)
		leave_behind(ask);
	spin_unlock(&ask->waiter->table->lock);
	return left;
}

static int end_unlock(struct hf_ask *ask, int ret)
{
	hf_remote_leave(ask);
	hf_waiter_free(ask->waiter);
	return ret;
}

/* In its turn, and done here. */
static int unlock_there(struct hf_ask *ask)
{
	int err;

	spin_lock(&ask->waiter->table->lock);
	ask->due = false;
	ask->stage = HF_UNLOCKING;
	spin_unlock(&ask->waiter->table->lock);
	err = hf_remote_ops_of(ask)->unlock(&ask->remote, &ask->waiter->ident);
	if (!err) {
		if (!await(ask) && desert_answer(ask))
			return 0;
		err = ask->answer;
	}
	if (hf_remote_is_unknown(err)) {
		hf_remote_desert(ask, 0);
		return 0;
	}
	hf_remote_note_kept(ask->waiter->table, err);
	return end_unlock(ask, 0);
}

/* In the work. */
int hf_remote_unlocked(struct hf_ask *ask)
{
	if (hf_remote_is_unknown(ask->answer))
		hf_remote_give_back(ask);
	else
		hf_remote_note_kept(ask->waiter->table, ask->answer);
	hf_remote_leave(ask);
	return hf_remote_over(ask, 0);
}

static int unlock(struct hf_ask *ask, struct lk_request *request, struct file_lock *fl)
{
	struct hf_waiter *waiter = ask->waiter;
	bool first;
	int ret;

	spin_lock(&waiter->table->lock);
	ask->stage = HF_TURN;
	first = hf_line_enter(ask);
	spin_unlock(&waiter->table->lock);
	first = first || await(ask);
	ret = hf_set_here(waiter->table, waiter->space, request, fl, HF_TOLD_WAKE, false);
	if (ret)
		return end_unlock(ask, ret);
	return first ? unlock_there(ask) : desert_unlock(ask);
}

/**
 * hf_remote_unlock - hf_set() of an unlock
 * @table: the file's table
 * @space: the half of it
 * @request: what
 * @fl: the VFS's own
 *
 * Needs no memory that it would not wait for, but for the half of a lock that it splits;
 * is not to be interrupted, and ends with the connection at the latest.  Who holds
 * nothing here holds nothing there.
 *
 * Return: as hf_lock().
 */
int hf_remote_unlock(struct hf_table *table, struct lk_table *space,
		     struct lk_request *request, struct file_lock *fl)
{
	struct hf_waiter *waiter;
	int ret;

	request->flags &= ~LK_REMOTE;
	if (!has_some(table, space, request))
		return hf_set_here(table, space, request, fl, HF_TOLD_WAKE, false);
	waiter = hf_waiter_alloc(table, space, fl, HF_TOLD_WAKE, request);
	if (!IS_ERR(waiter)) {
		/* What is refused of flock's is an unlock in the end, not in its file_lock. */
		waiter->ident.c.flc_type = F_UNLCK;
		return unlock(waiter->ask, request, fl);
	}
	/* Nobody can be asked: more is there than here. */
	ret = hf_set_here(table, space, request, fl, HF_TOLD_WAKE, false);
	if (!ret)
		hf_remote_note_kept(table, PTR_ERR(waiter));
	return ret;
}
