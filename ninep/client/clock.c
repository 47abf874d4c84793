// SPDX-License-Identifier: GPL-2.0-only
/* What is overdue: a call without an answer is flushed, a Tflush without one is the end. */
#include "session_private.h"
#include "stats.h"

/* Return: true if the connection is to end. */
static bool expire(struct hf9c_session *session)
{
	u64 now = hf9c_now();
	enum tc_expired says;
	struct tc_call *core;

	lockdep_assert_held(&session->lock);
	for (;;) {
		says = tc_expire(&session->table, -ETIMEDOUT, now, &core);
		if (says == TC_NOTHING || says == TC_HOPELESS)
			return says == TC_HOPELESS;
		hf9c_count(timeouts);
		if (says == TC_EXPIRED_FLUSH)
			hf9c_queue_flush(session, core->tag);
		else
			hf9c_add_finished(session, hf9c_call_of(core));
	}
}

void hf9c_arm(struct hf9c_session *session)
{
	u64 due = tc_due(&session->table), now, wait;

	lockdep_assert_held(&session->lock);
	if (due >= session->armed)
		return;
	session->armed = due;
	now = hf9c_now();
	wait = due > now ? due - now : 0;
	mod_delayed_work(hf9c_session_wq, &session->clock,
			 msecs_to_jiffies(min_t(u64, wait, INT_MAX)) + 1);
}

void hf9c_clock(struct work_struct *work)
{
	struct hf9c_session *session = container_of(to_delayed_work(work),
						    struct hf9c_session, clock);
	bool hopeless;

	spin_lock(&session->lock);
	session->armed = U64_MAX;
	hopeless = expire(session);
	if (!hopeless)
		hf9c_arm(session);
	spin_unlock(&session->lock);
	if (hopeless)
		hf9c_end(session, -ETIMEDOUT);
	/* It pushes, too. */
	hf9c_kick(session);
}
