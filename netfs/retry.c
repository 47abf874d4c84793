// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's work item: the next try of what was short or has waited, and the end of
 * what a soft mount has waited for long enough.  It keeps the request from the moment
 * that it is queued.  When there is nothing to do it is not queued.
 */
#include "netfs.h"
#include "trace.h"

/* With the request's lock: its work item runs at @due or earlier. */
void hf_netfs_kick(struct hf_netfs_req *req, u64 due)
{
	u64 now = hf_netfs_now();
	u64 delay = due > now ? min_t(u64, due - now, U32_MAX) : 0;

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
	mod_delayed_work(hf_netfs_wq, &req->work, msecs_to_jiffies(delay));
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

/* What was short is gone on with at once; with the lock, dropped and taken again. */
static void go_on(struct hf_netfs_req *req)
{
	u32 i;

	for (i = 0; i < req->nr_subs; i++) {
		if (req->subs[i].core.state != RL_SHORT)
			continue;
		spin_unlock(&req->lock);
		hf_netfs_issue(&req->subs[i]);
		spin_lock(&req->lock);
	}
}

/* Likewise, of what the time has come for. */
static void what_is_due(struct hf_netfs_req *req)
{
	u64 now = hf_netfs_now();
	struct rl_sub *sub = NULL;
	enum rl_act act;

	while ((sub = rl_req_next_due(&req->core, sub, now, &act))) {
		spin_unlock(&req->lock);
		hf_netfs_act(container_of(sub, struct hf_netfs_sub, core), act);
		spin_lock(&req->lock);
	}
}

void hf_netfs_work(struct work_struct *work)
{
	struct hf_netfs_req *req = container_of(work, struct hf_netfs_req, work.work);
	unsigned int nofs = memalloc_nofs_save();
	enum rl_left left;

	spin_lock(&req->lock);
	req->work_at = U64_MAX;
	go_on(req);
	what_is_due(req);
	if (req->work_at == U64_MAX)
		hf_netfs_arm(req);
	left = RL_LEFT_SUBS;
	if (req->work_at == U64_MAX) {
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
