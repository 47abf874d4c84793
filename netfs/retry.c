// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's work item: the next try of what was short or has waited, and the end of
 * what a soft mount has waited for long enough.  It keeps the request from the moment
 * that it is queued until it has nothing more to do.
 *
 * It waits for no credit, or it could not end what has had its time: it stands in the
 * mount's queue without a thread, and is queued by whoever gives one back.
 */
#include <linux/sched/mm.h>

#include "netfs.h"
#include "trace.h"

/* How often it looks at the time while it has no credit. */
#define HUNGRY_MS	100

/* With the request's lock: its work item runs at @due or earlier. */
void hf_netfs_kick(struct hf_netfs_req *req, u64 due)
{
	u64 now = hf_netfs_now();
	u64 delay = due > now ? min_t(u64, due - now, INT_MAX) : 0;

	lockdep_assert_held(&req->lock);
	if (!req->working) {
		if (WARN_ON_ONCE(!rl_req_hold(&req->core)))
			return;
		req->working = true;
		req->work_at = U64_MAX;
		trace_hf_netfs_ref(req, "work");
	}
	if (due >= req->work_at)
		return;
	req->work_at = due;
	mod_delayed_work(hf_netfs_tries, &req->work, msecs_to_jiffies(delay));
}

/* With the request's lock: for what waits for a time. */
void hf_netfs_arm(struct hf_netfs_req *req)
{
	u64 due = rl_req_due(&req->core);

	if (due != RL_NEVER)
		hf_netfs_kick(req, due);
}

/* The inode is evicted: nothing waits for a better time. */
void hf_netfs_hurry(struct hf_netfs_req *req)
{
	spin_lock(&req->lock);
	rl_req_hurry(&req->core, hf_netfs_now());
	hf_netfs_arm(req);
	spin_unlock(&req->lock);
}

/* A credit has come back, perhaps for us.  Under the queue's lock. */
static int fed(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct hf_netfs_req *req = container_of(entry, struct hf_netfs_req, hungry);

	mod_delayed_work(hf_netfs_tries, &req->work, 0);
	return 0;
}

/* With the request's lock. */
static void starve(struct hf_netfs_req *req, bool starving)
{
	wait_queue_head_t *room = &req->ni->mount->room;

	lockdep_assert_held(&req->lock);
	if (req->starving == starving)
		return;
	req->starving = starving;
	if (starving) {
		init_waitqueue_func_entry(&req->hungry, fed);
		add_wait_queue(room, &req->hungry);
	} else {
		remove_wait_queue(room, &req->hungry);
	}
}

/* One more try, with the lock, which is dropped and taken again.  False: no credit. */
static bool try(struct hf_netfs_req *req, struct hf_netfs_sub *sub)
{
	bool tried;

	spin_unlock(&req->lock);
	tried = hf_netfs_issue(sub, false);
	spin_lock(&req->lock);
	return tried;
}

/* What was short is gone on with at once. */
static bool go_on(struct hf_netfs_req *req)
{
	bool fine = true;
	u32 i;

	for (i = 0; i < req->nr_subs && fine; i++)
		if (req->subs[i].core.state == RL_SHORT)
			fine = try(req, &req->subs[i]);
	return fine;
}

/* What the time has come for; what it was too long for ends, whoever has the credits. */
static bool what_is_due(struct hf_netfs_req *req)
{
	u64 now = hf_netfs_now();
	struct rl_sub *sub = NULL;
	bool fine = true;
	enum rl_act act;

	while ((sub = rl_req_next_due(&req->core, sub, now, &act))) {
		struct hf_netfs_sub *due = container_of(sub, struct hf_netfs_sub, core);

		if (act == RL_ACT_ISSUE) {
			fine = try(req, due) && fine;
			continue;
		}
		spin_unlock(&req->lock);
		hf_netfs_act(due, act);
		spin_lock(&req->lock);
	}
	return fine;
}

/* Whether all that can be done now is done. */
static bool tend(struct hf_netfs_req *req)
{
	bool fine = what_is_due(req);

	return go_on(req) && fine;
}

void hf_netfs_work(struct work_struct *work)
{
	struct hf_netfs_req *req = container_of(work, struct hf_netfs_req, work.work);
	unsigned int nofs = memalloc_nofs_save();
	enum rl_left left = RL_LEFT_SUBS;

	spin_lock(&req->lock);
	req->work_at = U64_MAX;
	starve(req, false);
	if (!tend(req)) {
		/* Once more, in the queue: what comes back from here on is noticed. */
		starve(req, true);
		if (tend(req))
			starve(req, false);
	}
	if (req->starving)
		hf_netfs_kick(req, hf_netfs_now() + HUNGRY_MS);
	else if (req->work_at == U64_MAX)
		hf_netfs_arm(req);
	/* (Fed meanwhile it runs once more, and is kept for that.) */
	if (req->work_at == U64_MAX && !delayed_work_pending(&req->work)) {
		req->working = false;
		left = rl_req_release(&req->core);
		trace_hf_netfs_ref(req, "worked");
		if (left == RL_LEFT_ISSUER)
			wake_up(&req->alone);
	}
	spin_unlock(&req->lock);
	hf_netfs_req_left(req, left);
	memalloc_nofs_restore(nofs);
}
