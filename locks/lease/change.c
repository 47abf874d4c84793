// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that move or free blocks, and their wait for layouts.
 *
 * The rule that keeps a promise: from its first look at the layouts until
 * its end a change is in the table, and while it is, no layout and no pin can be
 * made that touches it.
 *
 * The wait has a bound that nobody can move: the layout's deadline was set when
 * the first change broke it, and the holder cannot take it anew meanwhile.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "../stats.h"
#include "leases.h"
#include "trace.h"

/* One look: breaks what is in the way, revokes what was too late. */
static enum ls_answer ask(struct hf_change *change, u64 break_ms)
{
	struct hf_lease_inode *li = change->li;
	struct ls_batch batch;
	enum ls_answer answer;

	spin_lock(&li->lock);
	WRITE_ONCE(change->woken, false);
	answer = ls_change_break(hf_leases(li), hf_core_change(change),
				 hf_now_ms(), break_ms, &batch);
	hf_leases_tell(li, &batch);
	spin_unlock(&li->lock);
	return answer;
}

static long time_left(const struct ls_change *core)
{
	u64 now = hf_now_ms();

	if (core->deadline == LS_NEVER)
		return MAX_SCHEDULE_TIMEOUT;
	if (core->deadline <= now)
		return 1;
	return msecs_to_jiffies(min_t(u64, core->deadline - now, INT_MAX)) + 1;
}

static int wait(struct hf_change *change, u64 break_ms)
{
	long left;

	while (ask(change, break_ms) == LS_WAIT) {
		left = time_left(hf_core_change(change));
		left = wait_event_interruptible_timeout(change->wait,
							READ_ONCE(change->woken),
							left);
		/* io_uring restarts nothing, and shows it as it is. */
		if (left < 0)
			return current->flags & PF_USER_WORKER ? -EINTR : left;
	}
	return 0;
}

#if IS_ENABLED(CONFIG_KUNIT)
bool hf_kthreads_wait_for_test;
EXPORT_SYMBOL_NS_GPL(hf_kthreads_wait_for_test, HOLDFAST_KUNIT);
#endif

static bool is_patient(const struct file *file)
{
	if (file && file->f_flags & O_NONBLOCK)
		return false;
	return !(current->flags & PF_KTHREAD) || hf_kthreads_wait_for_test;
}

/* Something is to be broken; whether that may be waited for. */
static int break_layouts(struct hf_change *change, bool patient,
			 struct inode *locked)
{
	u64 break_ms;
	int err;

	err = hf_break_time(&break_ms);
	if (err)
		return err;
	if (ask(change, break_ms) == LS_OK)
		return 0;
	if (!patient)
		return -EWOULDBLOCK;

	hf_count(changes_waited);
	trace_hf_change(change->li, hf_core_change(change), false);
	WRITE_ONCE(change->waits, true);
	if (locked)
		inode_unlock(locked);
	err = wait(change, break_ms);
	WRITE_ONCE(change->waits, false);
	if (!locked)
		return err;
	inode_lock(locked);
	return err ?: 1;
}

static int begin(struct hf_lease_inode *li, struct hf_change *change,
		 u64 holder, loff_t start, loff_t end, bool patient,
		 struct inode *locked)
{
	struct ls_change *core = hf_core_change(change);
	enum ls_answer answer;
	int err;

	*core = (struct ls_change) {
		.holder = holder,
		.start = start,
		.end = end,
		.deadline = LS_NEVER,
	};
	change->li = li;
	change->pid = current->tgid;
	change->woken = false;
	change->waits = false;
	init_waitqueue_head(&change->wait);

	spin_lock(&li->lock);
	answer = ls_change_begin(hf_leases(li), core);
	change->number = hf_next_number(li);
	spin_unlock(&li->lock);
	if (likely(answer == LS_OK))
		return 0;
	if (answer == LS_PINNED) {
		hf_count(changes_refused);
		trace_hf_change(li, core, true);
	}
	if (answer != LS_WAIT)
		return hf_lease_errno(answer);

	err = break_layouts(change, patient, locked);
	if (err < 0)
		hf_change_end(change);
	return err;
}

int hf_change_begin(struct hf_lease_inode *li, struct hf_change *change,
		    struct file *file, loff_t start, loff_t end,
		    struct inode *locked)
{
	return begin(li, change, file ? hf_holder(file) : 0, start, end,
		     is_patient(file), locked);
}
EXPORT_SYMBOL_GPL(hf_change_begin);

int hf_change_try(struct hf_lease_inode *li, struct hf_change *change,
		  loff_t start, loff_t end)
{
	return begin(li, change, 0, start, end, false, NULL);
}
EXPORT_SYMBOL_GPL(hf_change_try);

void hf_change_end(struct hf_change *change)
{
	struct hf_lease_inode *li = change->li;

	spin_lock(&li->lock);
	ls_change_end(hf_leases(li), hf_core_change(change));
	spin_unlock(&li->lock);
}
EXPORT_SYMBOL_GPL(hf_change_end);
