// SPDX-License-Identifier: GPL-2.0-only
/*
 * A subrequest on its way out.  Each try takes a credit, which comes back with its
 * answer; who waits for one may hold folios, for answers need none.  They come in turn.
 * All that wait look whether it is theirs when a credit has come back, and when another has
 * taken one or has gone.  Of a subrequest that has ended no place stays: it leaves the
 * line in its end, and who asks looks afterwards whether that was before.
 */
#include "cache.h"
#include "netfs.h"
#include "stats.h"
#include "trace.h"

static bool take_credit(struct hf_netfs_sub *sub)
{
	struct hf_netfs_mount *mount = sub->req->ni->mount;
	bool taken, wanted;

	spin_lock(&mount->credit_lock);
	taken = rl_credit_take(&mount->credits, &sub->place, hf_netfs_writes(sub->req),
			       sub->credit);
	wanted = rl_credit_wanted(&mount->credits);
	spin_unlock(&mount->credit_lock);
	if (taken && wanted)
		wake_up(&mount->room);
	return taken;
}

/* It wants none any more.  With or without the request's lock. */
void hf_netfs_credit_leave(struct hf_netfs_sub *sub)
{
	struct hf_netfs_mount *mount = sub->req->ni->mount;
	bool left;

	spin_lock(&mount->credit_lock);
	left = rl_credit_leave(&mount->credits, &sub->place);
	spin_unlock(&mount->credit_lock);
	if (left)
		wake_up(&mount->room);
}

static bool has_ended(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	bool ended;

	spin_lock(&req->lock);
	ended = sub->core.state >= RL_DONE;
	spin_unlock(&req->lock);
	return ended;
}

/* A request that was cancelled needs none: nothing of it goes out any more. */
static bool credit_or_cancelled(struct hf_netfs_sub *sub, bool *taken)
{
	*taken = take_credit(sub);
	return *taken || READ_ONCE(sub->req->core.cancelled);
}

/*
 * Credits come back with answers.  A kill ends what the killed task waits for itself,
 * and so never write-back.  Whether one was taken; if not the request is cancelled.
 */
static bool wait_for_credit(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	wait_queue_head_t *room = &req->ni->mount->room;
	bool taken;

	if (credit_or_cancelled(sub, &taken))
		return taken;
	hf_netfs_count(credit_waits);
	if (req->kind == RL_WRITEPAGES)
		wait_event(*room, credit_or_cancelled(sub, &taken));
	else if (wait_event_killable(*room, credit_or_cancelled(sub, &taken)))
		hf_netfs_req_cancel(req, -EINTR);
	return taken;
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

/* What the cache on disk is to answer ends by itself, and soon. */
void hf_netfs_cancel_sub(struct hf_netfs_sub *sub)
{
	if (smp_load_acquire(&sub->cached))
		return;
	hf_netfs_count(cancels);
	trace_hf_netfs_sub(sub, "cancel");
	sub->req->ni->mount->ops->cancel(sub);
}

/* Whether the cache on disk answers it; once it can @sub may be gone. */
static bool by_cache(struct hf_netfs_sub *sub)
{
	if (!sub->cached)
		return false;
	if (hf_cache_issue(sub))
		return true;
	smp_store_release(&sub->cached, false);
	return false;
}

static void go_out(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	int ret;

	build_iter(sub);
	if (by_cache(sub))
		return;
	if (!sub->core.done)
		sub->asked = hf_netfs_now();
	hf_netfs_count(issued);
	trace_hf_netfs_sub(sub, "issue");
	ret = req->ni->mount->ops->issue(sub);
	if (ret)
		hf_netfs_sub_done(sub, 0, ret, 0);
	if (cancel_passed(sub))
		hf_netfs_cancel_sub(sub);
}

/*
 * One try.  The caller keeps the request, by something other than this subrequest:
 * its answer may come, and end it, before ->issue() returns.
 *
 * Return: false if it was not to wait, and there is no credit.
 */
bool hf_netfs_issue(struct hf_netfs_sub *sub, bool may_wait)
{
	struct hf_netfs_req *req = sub->req;
	enum rl_act act;
	bool taken;

	might_sleep();
	sub->credit = sub->core.len - sub->core.done;
	if (may_wait)
		taken = wait_for_credit(sub);
	else if (!credit_or_cancelled(sub, &taken) && !has_ended(sub))
		return false;
	if (!taken)
		hf_netfs_credit_leave(sub);
	spin_lock(&req->lock);
	act = rl_sub_issue(&req->core, &sub->core, hf_netfs_now());
	spin_unlock(&req->lock);
	if (act == RL_ACT_ISSUE && !WARN_ON_ONCE(!taken)) {
		go_out(sub);
		return true;
	}
	if (taken)
		hf_netfs_credit_back(sub);
	hf_netfs_act(sub, act);
	return true;
}

/* The issuer adds a subrequest, and sends it.  There is room.  @cached: hf_cache_has() it. */
void hf_netfs_send_by(struct hf_netfs_req *req, const struct rl_piece *piece, bool cached)
{
	struct hf_netfs_sub *sub = &req->subs[req->nr_subs];
	bool added;

	if (WARN_ON_ONCE(req->nr_subs == req->room))
		return;
	sub->req = req;
	sub->id = req->nr_subs;
	sub->cached = cached;
	spin_lock(&req->lock);
	added = rl_req_add(&req->core, &sub->core, piece);
	req->nr_subs += added;
	spin_unlock(&req->lock);
	if (!WARN_ON_ONCE(!added))
		hf_netfs_issue(sub, true);
}
