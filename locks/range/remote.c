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
 *	  yes:		taken past what is pending of others, whom the remote refuses;
 *	LATE		  unless somebody here has yet to hear that his lock is weaker
 *			now, who is waited for, in its turn
 *	  crossed:	given back, and asked for anew
 *	BACK		the remote may have granted what nobody wants any more
 *	OVER
 *
 * An answer of which nobody knows whether it was a yes is one, that nobody wants.
 */
#include <linux/sched/signal.h>

#include "remote.h"
#include "trace.h"

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

/* It ends without a lock, or its process knows that it has one. */
int hf_remote_over(struct hf_ask *ask, int error)
{
	struct hf_table *table = ask->waiter->table;

	spin_lock(&table->lock);
	ask->stage = HF_OVER;
	ask->answer = error;
	if (!ask->deserted && !ask->unwanted && !ask->heard && ask->waiter->told != HF_TOLD_WAKE)
		hf_tell_failure(ask->waiter, error);
	ask->heard = true;
	spin_unlock(&table->lock);
	return HF_ENDED;
}

static int hold_back(struct hf_ask *ask);

static bool is_process(struct hf_ask *ask)
{
	return ask->waiter->told == HF_TOLD_WAKE && !hf_remote_is_deserted(ask);
}

/*
 * In its turn: the remote has granted it, or may have, and it is not wanted, or not so.
 * A process leaves that to the work, and is told.
 */
static int undo(struct hf_ask *ask, int error)
{
	if (is_process(ask)) {
		hf_remote_desert(ask, error);
		return error;
	}
	hf_remote_give_back(ask);
	hf_remote_leave(ask);
	if (error == HF_REMOTE_ANEW && !hf_remote_is_deserted(ask))
		return hold_back(ask);
	return hf_remote_over(ask, error);
}

/* The same, once it is its turn. */
static int undo_later(struct hf_ask *ask, int error)
{
	if (is_process(ask)) {
		hf_remote_desert(ask, error);
		return error;
	}
	spin_lock(&ask->waiter->table->lock);
	hf_remote_begin_back(ask, error);
	spin_unlock(&ask->waiter->table->lock);
	return HF_MORE;
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
	if (hf_remote_ops_of(ask)->granted && !hf_remote_is_deserted(ask))
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

/* The remote has said yes, and this is its turn: until it is held here, or given back. */
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
	if (wanted)
		hf_line_leave(ask);
	hf_leave(table, true);
	hf_records_free(&batch.freed);
	if (outcome == LK_QUEUED)
		return HF_MORE;
	if (wanted)
		return HF_ENDED;
	if (outcome == LK_GRANTED) {
		/* The server was told, and has said no: it expects no other word. */
		hf_remote_give_back(ask);
		hf_remote_leave(ask);
		return HF_ENDED;
	}
	if (!late)
		refuse(waiter);
	return undo(ask, outcome == LK_DEADLOCK ? -EDEADLK : -EIO);
}

/* The remote has not done it, or not that anybody knew of. */
static int refused(struct hf_ask *ask, int err)
{
	refuse(ask->waiter);
	if (hf_remote_is_unknown(err))
		return undo(ask, err);
	hf_remote_leave(ask);
	if (err != -EAGAIN || !ask->waits || hf_remote_is_deserted(ask))
		return hf_remote_over(ask, err);
	if (ask->waiter->told == HF_TOLD_WAKE && signal_pending(current))
		return hf_remote_over(ask, -ERESTARTSYS);
	return hold_back(ask);
}

static int answered(struct hf_ask *ask)
{
	if (!ask->answer)
		return take(ask, false);
	hf_count(remote_noes);
	return refused(ask, ask->answer);
}

static int ask_now(struct hf_ask *ask)
{
	int err = -EINTR;

	if (!hf_remote_is_deserted(ask)) {
		spin_lock(&ask->waiter->table->lock);
		ask->stage = HF_ASKED;
		spin_unlock(&ask->waiter->table->lock);
		hf_count(remote_asks);
		err = hf_remote_ops_of(ask)->lock(&ask->remote, &ask->waiter->ident, false);
		if (!err)
			return HF_MORE;
	}
	/* It has not heard of it. */
	refuse(ask->waiter);
	hf_remote_leave(ask);
	return hf_remote_over(ask, err);
}

static bool is_unwanted(struct hf_ask *ask)
{
	bool unwanted;

	spin_lock(&ask->waiter->table->lock);
	unwanted = ask->unwanted;
	spin_unlock(&ask->waiter->table->lock);
	return unwanted;
}

/* Return: false if nobody wants it. */
static bool begin_to_hold(struct hf_ask *ask)
{
	bool wanted;

	spin_lock(&ask->waiter->table->lock);
	wanted = !ask->unwanted;
	if (wanted) {
		ask->stage = HF_HELD;
		hf_line_hold_back(ask);
	}
	spin_unlock(&ask->waiter->table->lock);
	return wanted;
}

/* The remote has said when: with the memory for that in hand. */
static int hold_back(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	int err = hf_records_alloc(&waiter->core.nodes,
				   lk_waiter_nodes(waiter->core.request.kind),
				   &waiter->ident);

	if (err)
		return hf_remote_over(ask, hf_out_of_memory(&waiter->ident));
	if (!begin_to_hold(ask))
		return hf_remote_over(ask, -EINTR);
	hf_count(remote_waits);
	err = hf_remote_ops_of(ask)->lock(&ask->remote, &waiter->ident, true);
	if (!err) {
		/* Its server's cancel may have come before there was anything to cancel. */
		if (is_unwanted(ask))
			hf_remote_ops_of(ask)->cancel(&ask->remote);
		return HF_MORE;
	}
	spin_lock(&waiter->table->lock);
	list_del_init(&ask->line);
	spin_unlock(&waiter->table->lock);
	return hf_remote_over(ask, err);
}

static int answered_late(struct hf_ask *ask)
{
	int err = ask->answer;
	bool first = false;

	spin_lock(&ask->waiter->table->lock);
	list_del_init(&ask->line);
	if (!err && ask->crossed)
		err = HF_REMOTE_ANEW;
	else if (!err)
		first = hf_line_enter(ask);
	spin_unlock(&ask->waiter->table->lock);
	if (!err)
		return WARN_ONCE(!first, "holdfast: a lock that nobody has crossed\n") ?
		       HF_MORE : take(ask, true);
	if (err == HF_REMOTE_ANEW || hf_remote_is_unknown(err))
		return undo_later(ask, err == -EINTR ? -ERESTARTSYS : err);
	return hf_remote_over(ask, err);
}

/* Of a process: nobody here is in the way any more, or it was failed. */
static int waited_here(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	bool first;

	if (waiter->core.state != LK_ASKING)
		return hf_remote_over(ask, waiter->core.state == LK_LOST_DEADLOCK ?
					   -EDEADLK : -EIO);
	spin_lock(&waiter->table->lock);
	ask->stage = HF_TURN;
	first = hf_line_enter(ask);
	spin_unlock(&waiter->table->lock);
	return first ? ask_now(ask) : HF_MORE;
}

/* T: its server was told of the grant, and may have answered that it does not want it. */
void hf_remote_told(struct hf_ask *ask)
{
	ask->heard = true;
	ask->stage = HF_OVER;
	if (ask->waiter->core.state == LK_WON)
		hf_line_leave(ask);
	else
		hf_remote_begin_back(ask, -EINTR);
}

static int waited_late(struct hf_ask *ask)
{
	if (ask->waiter->core.state != LK_WON)
		return undo(ask, -EDEADLK);
	hf_remote_leave(ask);
	return hf_remote_over(ask, 0);
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
	case HF_LATE:
		return waited_late(ask);
	case HF_BACK:
		return undo(ask, ask->answer);
	case HF_UNLOCKING:
		return hf_remote_unlocked(ask);
	case HF_OVER:
		break;
	}
	return HF_ENDED;
}
