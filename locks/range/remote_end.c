// SPDX-License-Identifier: GPL-2.0-only
/* How a process waits for what the remote decides, and how it is not wanted any more. */
#include "remote.h"
#include "trace.h"

static bool is_here(const struct hf_ask *ask)
{
	return ask->stage == HF_HERE || ask->stage == HF_LATE;
}

/* Out of the table, if nothing has happened there; with G and T. */
static bool leave_table(struct hf_waiter *waiter, bool take_back, struct lk_batch *batch)
{
	struct hf_table *table = waiter->table;

	if (waiter->core.state != LK_WAITING && waiter->core.state != LK_WON)
		return false;
	hf_mirror_lock(table);
	lk_end_waiter(waiter->space, &waiter->core, take_back, hf_now_ms(), batch);
	hf_mirror_unlock(table);
	hf_deliver(table, batch);
	return true;
}

static void note_cancel(struct hf_waiter *waiter)
{
	hf_count(cancels);
	trace_hf_lock_cancel(waiter->table, &waiter->core.request);
}

/* The signal is first, unless something has happened. */
static int stop_here(struct hf_ask *ask)
{
	struct hf_waiter *waiter = ask->waiter;
	struct hf_table *table = waiter->table;
	struct lk_batch batch = {};
	int ret = HF_MORE;

	hf_enter(table, true);
	if (!ask->due && leave_table(waiter, false, &batch)) {
		note_cancel(waiter);
		if (ask->stage == HF_LATE) {
			ask->deserted = true;
			hf_remote_begin_back(ask, -EINTR);
			ret = -ERESTARTSYS;
		} else {
			ask->stage = HF_OVER;
			ask->answer = -ERESTARTSYS;
			ret = HF_ENDED;
		}
	}
	hf_leave(table, true);
	hf_records_free(&batch.freed);
	return ret;
}

/* It is killed while something is to come: that is the work's. */
static int desert(struct hf_ask *ask)
{
	struct hf_table *table = ask->waiter->table;
	int ret = HF_MORE;

	spin_lock(&table->lock);
	if (!ask->due) {
		ask->deserted = true;
		ret = -ERESTARTSYS;
		note_cancel(ask->waiter);
	}
	spin_unlock(&table->lock);
	return ret;
}

static int interrupted(struct hf_ask *ask, bool *cancelled)
{
	if (is_here(ask))
		return stop_here(ask);
	if (ask->stage != HF_HELD || *cancelled)
		return desert(ask);
	*cancelled = true;
	hf_remote_ops_of(ask)->cancel(&ask->remote);
	return HF_MORE;
}

/* A round trip is waited for; but not by who is killed. */
static int await(struct hf_ask *ask, bool cancelled)
{
	if (is_here(ask) || (ask->stage == HF_HELD && !cancelled))
		return wait_for_completion_interruptible(&ask->happened);
	return wait_for_completion_killable(&ask->happened);
}

/**
 * hf_remote_run - a process's request, until it is answered
 * @waiter: HF_TOLD_WAKE, with @ask; the caller's no more
 *
 * Return: 0, -EAGAIN, -EDEADLK, -ERESTARTSYS, HF_REMOTE_ANEW, or what the remote says.
 */
int hf_remote_run(struct hf_waiter *waiter)
{
	struct hf_ask *ask = waiter->ask;
	bool cancelled = false;
	int ret;

	do {
		ret = await(ask, cancelled) ? interrupted(ask, &cancelled)
					    : hf_remote_go_on(ask);
	} while (ret == HF_MORE);
	if (ret < 0)
		return ret;
	ret = ask->answer;
	hf_waiter_free(waiter);
	return ret;
}

/* Nothing is to come, and nobody is at it. */
static bool is_quiet(const struct hf_ask *ask)
{
	if (ask->running || ask->due)
		return false;
	return ask->stage == HF_OVER ||
	       (ask->stage == HF_HERE && ask->waiter->core.state != LK_ASKING);
}

/* What is held back later sees that it is not wanted. */
static void hurry(struct hf_ask *ask)
{
	bool held;

	spin_lock(&ask->waiter->table->lock);
	ask->unwanted = true;
	held = ask->stage == HF_HELD;
	spin_unlock(&ask->waiter->table->lock);
	if (held)
		hf_remote_ops_of(ask)->cancel(&ask->remote);
}

/**
 * hf_remote_end - a server wants it no more
 * @waiter: whose file_lock is about to be released, or used anew
 * @take_back: also if it was granted
 *
 * It is the work's from here on, and freed there: what that needs of the filesystem
 * (an iput(), say) may wait for things that a server's thread must not.
 */
void hf_remote_end(struct hf_waiter *waiter, bool take_back)
{
	struct hf_table *table = waiter->table;
	struct hf_ask *ask = waiter->ask;
	struct lk_batch batch = {};
	bool waits, reverts, left, quiet;

	hurry(ask);
	hf_enter(table, true);
	waits = hf_remote_waits(waiter);
	reverts = take_back && lk_revocable_left(&waiter->core) != LK_LEFT_NONE;
	left = leave_table(waiter, take_back, &batch);
	quiet = is_quiet(ask);
	ask->deserted = true;
	ask->heard = true;
	/* (One that had lost by itself goes back in the work, which has been queued.) */
	if (reverts || (left && waits && ask->stage == HF_LATE)) {
		hf_remote_begin_back(ask, -EINTR);
	} else if (quiet) {
		ask->stage = HF_OVER;
		hf_remote_queue(ask);
	}
	if (reverts)
		hf_count(taken_back);
	if (waits || reverts)
		note_cancel(waiter);
	hf_leave(table, true);
	hf_records_free(&batch.freed);
}

/* Its server has not heard of it yet.  T. */
bool hf_remote_waits(const struct hf_waiter *waiter)
{
	return !waiter->ask->heard && waiter->ask->stage != HF_OVER;
}
