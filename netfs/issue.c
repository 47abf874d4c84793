// SPDX-License-Identifier: GPL-2.0-only
/*
 * A subrequest on its way out.  Each try takes a credit, which comes back with its
 * answer; who waits for one may hold folios, for answers need none.
 */
#include "netfs.h"
#include "stats.h"
#include "trace.h"

static bool take_credit(struct hf_netfs_sub *sub)
{
	struct hf_netfs_mount *mount = sub->req->ni->mount;
	bool taken;

	spin_lock(&mount->credit_lock);
	taken = rl_credit_take(&mount->credits, hf_netfs_writes(sub->req), sub->credit);
	spin_unlock(&mount->credit_lock);
	return taken;
}

/*
 * Nobody waits in vain: credits come back with answers, and an abort brings all of
 * them.
 */
static void wait_for_credit(struct hf_netfs_sub *sub)
{
	sub->credit = sub->core.len - sub->core.done;
	if (take_credit(sub))
		return;
	hf_netfs_count(credit_waits);
	wait_event(sub->req->ni->mount->room, take_credit(sub));
}

/* With or without the request's lock; it is kept. */
void hf_netfs_credit_back(struct hf_netfs_sub *sub)
{
	struct hf_netfs_mount *mount = sub->req->ni->mount;

	spin_lock(&mount->credit_lock);
	WARN_ON_ONCE(!rl_credit_give(&mount->credits, hf_netfs_writes(sub->req),
				     sub->credit));
	spin_unlock(&mount->credit_lock);
	wake_up(&mount->room);
}

/* I1: buffers by position.  The folios stay: they are locked, or under write-back. */
static void build_iter(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	unsigned int direction = hf_netfs_writes(req) ? ITER_SOURCE : ITER_DEST;
	u32 len = sub->core.len - sub->core.done;

	if (!hf_netfs_is_direct(req)) {
		iov_iter_xarray(&sub->iter, direction, &req->ni->vfs.i_mapping->i_pages,
				hf_netfs_sub_pos(sub), len);
		return;
	}
	sub->iter = req->iter;
	iov_iter_advance(&sub->iter, hf_netfs_sub_pos(sub) - req->pos);
	iov_iter_truncate(&sub->iter, len);
}

/* Whether a cancel has passed ->issue() by, and has found nothing to cancel. */
static bool cancel_passed(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	bool passed;

	spin_lock(&req->lock);
	passed = sub->core.state == RL_ISSUED && sub->core.cancel;
	hf_netfs_arm(req);
	spin_unlock(&req->lock);
	return passed;
}

void hf_netfs_cancel_sub(struct hf_netfs_sub *sub)
{
	hf_netfs_count(cancels);
	trace_hf_netfs_sub(sub, "cancel");
	sub->req->ni->mount->ops->cancel(sub);
}

/*
 * One try.  The caller keeps the request, by something other than this subrequest:
 * its answer may come, and end it, before ->issue() returns.
 */
void hf_netfs_issue(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	enum rl_act act;
	int ret;

	might_sleep();
	wait_for_credit(sub);
	spin_lock(&req->lock);
	act = rl_sub_issue(&req->core, &sub->core, hf_netfs_now());
	spin_unlock(&req->lock);
	if (act != RL_ACT_ISSUE) {
		hf_netfs_credit_back(sub);
		hf_netfs_act(sub, act);
		return;
	}
	build_iter(sub);
	hf_netfs_count(issued);
	trace_hf_netfs_sub(sub, "issue");
	ret = req->ni->mount->ops->issue(sub);
	if (ret)
		hf_netfs_sub_done(sub, 0, ret, 0);
	if (cancel_passed(sub))
		hf_netfs_cancel_sub(sub);
}

/* The issuer adds a subrequest, and sends it.  There is room. */
void hf_netfs_send(struct hf_netfs_req *req, const struct rl_piece *piece)
{
	struct hf_netfs_sub *sub = &req->subs[req->nr_subs];
	bool added;

	if (WARN_ON_ONCE(req->nr_subs == req->room))
		return;
	sub->req = req;
	sub->id = req->nr_subs;
	spin_lock(&req->lock);
	added = rl_req_add(&req->core, &sub->core, piece);
	req->nr_subs += added;
	spin_unlock(&req->lock);
	if (!WARN_ON_ONCE(!added))
		hf_netfs_issue(sub);
}
