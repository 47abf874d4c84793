// SPDX-License-Identifier: GPL-2.0-only
/* Answers, and the end of the folios that a subrequest carries. */
#include <linux/sched/mm.h>

#include "cache.h"
#include "netfs.h"
#include "stats.h"
#include "trace.h"

/* What a program is told of enum rl_why. */
int hf_netfs_errno(enum rl_why why, int error)
{
	switch (why) {
	case RL_WELL:
		return 0;
	case RL_WHY_SERVER:
	case RL_WHY_CANCELLED:
		return error < 0 && error >= -MAX_ERRNO ? error : -EIO;
	case RL_WHY_TIMEOUT:
		return -ETIMEDOUT;
	default:
		return -EIO;
	}
}

/* S1: zeroes where this answer has proved the end of the file to be before. */
static void end_read(struct folio *folio, const struct rl_ending *ending)
{
	if (ending->fate == RL_FATE_GOOD && ending->zero.from < ending->zero.to)
		folio_zero_segment(folio, ending->zero.from, ending->zero.to);
	folio_end_read(folio, ending->fate == RL_FATE_GOOD);
}

/* The error first: an fsync that waits for the folio looks for it at once. */
static void end_write(struct folio *folio, const struct rl_ending *ending)
{
	if (ending->fate == RL_FATE_BAD)
		mapping_set_error(folio->mapping, hf_netfs_errno(ending->why, ending->error));
	folio_end_writeback(folio);
}

static void end_folio(struct hf_netfs_sub *sub, struct folio *folio)
{
	struct rl_ending ending = rl_folio_end(&sub->req->core, &sub->core, folio_pos(folio),
					       folio_size(folio));

	if (WARN_ON_ONCE(ending.fate == RL_FATE_INVALID))
		ending.fate = RL_FATE_BAD;
	if (sub->req->kind == RL_READ)
		end_read(folio, &ending);
	else
		end_write(folio, &ending);
}

/*
 * Each folio of it.  They are where the page cache has them until their lock or
 * write-back ends, so none is looked at after its own end.
 */
static void end_folios(struct hf_netfs_sub *sub)
{
	pgoff_t index = sub->core.pos >> PAGE_SHIFT;
	pgoff_t last = (sub->core.pos + sub->core.len - 1) >> PAGE_SHIFT;
	struct folio *folio;

	while (index <= last) {
		rcu_read_lock();
		folio = xa_load(&sub->req->ni->vfs.i_mapping->i_pages, index);
		rcu_read_unlock();
		if (WARN_ONCE(!folio || xa_is_value(folio),
			      "holdfast_netfs: a folio of a request is not in the cache\n"))
			return;
		index = folio_next_index(folio);
		end_folio(sub, folio);
	}
}

static void note_bad(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;

	if (req->kind != RL_WRITEPAGES || sub->core.why == RL_WELL)
		return;
	set_bit(HF_NETFS_FAILING, &req->ni->flags);
	atomic64_add(sub->core.len - sub->core.done, &req->ni->lost);
	req->bad = true;
	hf_netfs_count(writes_lost);
}

/* With the request's lock: no subrequest keeps it. */
static bool all_put(const struct hf_netfs_req *req)
{
	return req->core.pending == req->core.holds + req->core.issuer;
}

/* Whole folios that the server has sent: the cache on disk may want them. */
static bool is_news(const struct hf_netfs_sub *sub)
{
	return sub->req->kind == RL_READ && !sub->req->issuer_ends && !sub->cached &&
	       sub->core.why == RL_WELL && sub->core.done;
}

/* It has ended: its folios end, then it lets go of the request. */
static void end_sub(struct hf_netfs_sub *sub)
{
	struct hf_netfs_req *req = sub->req;
	enum rl_left left;

	trace_hf_netfs_sub(sub, "end");
	hf_netfs_credit_leave(sub);
	note_bad(sub);
	/* Who attaches an object from here on may find no page dirty any more. */
	if (hf_netfs_writes(req))
		hf_cache_kill(req->ni);
	if (!hf_netfs_is_direct(req) && !req->issuer_ends)
		end_folios(sub);
	if (is_news(sub))
		hf_cache_came(sub);
	spin_lock(&req->lock);
	left = rl_sub_put(&req->core, &sub->core);
	trace_hf_netfs_ref(req, "sub");
	/* What the work item was to wait for will not come. */
	if (req->working && all_put(req))
		hf_netfs_kick(req, 0);
	if (left == RL_LEFT_ISSUER)
		wake_up(&req->alone);
	spin_unlock(&req->lock);
	hf_netfs_req_left(req, left);
}

/* What the core has said, by who keeps the request. */
void hf_netfs_act(struct hf_netfs_sub *sub, enum rl_act act)
{
	switch (act) {
	case RL_ACT_CANCEL:
		hf_netfs_cancel_sub(sub);
		return;
	case RL_ACT_END:
		end_sub(sub);
		return;
	default:
		WARN_ONCE(act == RL_ACT_INVALID, "holdfast_netfs: an act out of turn\n");
		return;
	}
}

void hf_netfs_sub_done(struct hf_netfs_sub *sub, u32 bytes, int error, unsigned int flags)
{
	struct hf_netfs_req *req = sub->req;
	const struct hf_netfs_ops *ops = req->ni->mount->ops;
	struct rl_answer answer = {
		.bytes = bytes,
		.error = error,
		.transient = error && ops->transient && ops->transient(error),
		.eof = flags & HF_NETFS_EOF,
		.not_asked = flags & HF_NETFS_NOT_ASKED,
	};
	unsigned int nofs = memalloc_nofs_save();
	u64 now = hf_netfs_now();
	enum rl_act act;

	WARN_ON_ONCE(flags & ~(HF_NETFS_EOF | HF_NETFS_NOT_ASKED));
	if (error == -EAGAIN || error == -EINTR || error == -ENOMEM)
		answer.transient = true;
	spin_lock(&req->lock);
	act = rl_sub_done(&req->core, &sub->core, &answer, now);
	if (act != RL_ACT_INVALID)
		hf_netfs_credit_back(sub);
	trace_hf_netfs_answer(sub, &answer, act);
	/* Another try is the work item's: it waits for a credit, which comes by who is here. */
	if (act == RL_ACT_ISSUE)
		hf_netfs_kick(req, now);
	else if (act == RL_ACT_WAIT)
		hf_netfs_arm(req);
	spin_unlock(&req->lock);
	if (act == RL_ACT_END)
		end_sub(sub);
	WARN_ONCE(act == RL_ACT_INVALID, "holdfast_netfs: an answer to nothing\n");
	memalloc_nofs_restore(nofs);
}
EXPORT_SYMBOL_GPL(hf_netfs_sub_done);

static void done_later(struct work_struct *work)
{
	struct hf_netfs_sub *sub = container_of(work, struct hf_netfs_sub, work);

	hf_netfs_sub_done(sub, sub->answer.bytes, sub->answer.error,
			  sub->answer.eof ? HF_NETFS_EOF : 0);
}

void hf_netfs_sub_done_atomic(struct hf_netfs_sub *sub, u32 bytes, int error,
			      unsigned int flags)
{
	sub->answer = (struct rl_answer) {
		.bytes = bytes, .error = error, .eof = flags & HF_NETFS_EOF,
	};
	INIT_WORK(&sub->work, done_later);
	queue_work(hf_netfs_answers, &sub->work);
}
EXPORT_SYMBOL_GPL(hf_netfs_sub_done_atomic);
