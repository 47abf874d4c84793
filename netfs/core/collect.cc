// SPDX-License-Identifier: GPL-2.0-only
/*
 * Subrequests and their request.  Invariants: a subrequest ends exactly once; one that
 * was issued only by its answer, for until then somebody may read or write its pages;
 * and a request is kept by its issuer, by each subrequest that was not put, and by whoever
 * acts on one without the lock.
 *
 *	NEW -> ISSUED			given to the filesystem
 *	ISSUED -> DONE			all bytes; of a read also the end of the file
 *	ISSUED -> SHORT -> ISSUED	some bytes: the rest at once
 *	ISSUED -> WAIT -> ISSUED	nothing, or a transient error: retry.cc says when
 *	ISSUED -> FAILED		another error, or no more tries
 *	ISSUED -> CANCELLED		its cancelling was asked for, and its answer is in
 *	NEW, SHORT, WAIT -> CANCELLED	at once
 *
 * An answer that brings the rest of the bytes wins over a cancel.  Each is O(1).
 */
#include "collect.hpp"

#include "retry.hpp"

namespace rl {

namespace {

rl_act end_as(rl_sub &sub, rl_state state, uint8_t why, int32_t error)
{
	sub.state = state;
	sub.why = why;
	sub.error = error;
	return RL_ACT_END;
}

rl_act cancelled(const rl_req &req, rl_sub &sub, uint8_t why)
{
	return end_as(sub, RL_CANCELLED, why, why == RL_WHY_CANCELLED ? req.cancel_error : 0);
}

/* Whether an answer says that the file ends behind its bytes, as one that is short may. */
bool says_eof(const rl_req &req, const rl_answer &answer, bool all)
{
	if (writes(req.kind) || answer.error)
		return false;
	return answer.eof || (!all && (!answer.bytes || (req.flags & RL_SHORT_IS_EOF)));
}

rl_act wait(const rl_req &req, rl_sub &sub, const rl_answer &answer, uint64_t now)
{
	uint8_t why = RL_WELL;

	if (!may_wait(req.retry, sub, answer.error, now, why))
		return end_as(sub, RL_FAILED, why, 0);
	sub.state = RL_WAIT;
	return RL_ACT_WAIT;
}

/* Nothing that ends it, so that it would be tried again. */
rl_act again(const rl_req &req, rl_sub &sub, const rl_answer &answer, uint64_t now)
{
	if (sub.cancel != RL_WELL)
		return cancelled(req, sub, sub.cancel);
	if (answer.error || !answer.bytes)
		return wait(req, sub, answer, now);
	sub.state = RL_SHORT;
	return RL_ACT_ISSUE;
}

/* What had it to answer had nothing to say: it goes out, at once, with all of its time. */
rl_act not_asked(const rl_req &req, rl_sub &sub)
{
	if (sub.cancel != RL_WELL)
		return cancelled(req, sub, sub.cancel);
	sub.state = RL_SHORT;
	sub.deadline = RL_NEVER;
	return RL_ACT_ISSUE;
}

rl_left left(const rl_req &req)
{
	if (!req.pending)
		return RL_LEFT_NONE;
	return req.pending == 1 && req.issuer ? RL_LEFT_ISSUER : RL_LEFT_SUBS;
}

} // namespace

bool add(rl_req &req, rl_sub &sub, rl_piece piece)
{
	if (!req.issuer || !piece.len || piece.pos < 0 || piece.pos > RL_SIZE_MAX - piece.len)
		return false;
	if (req.last && piece.pos < req.last->pos + req.last->len)
		return false;
	sub = {};
	sub.pos = piece.pos;
	sub.len = piece.len;
	sub.deadline = RL_NEVER;
	(req.last ? req.last->next : req.first) = &sub;
	req.last = &sub;
	req.pending++;
	return true;
}

rl_act issue(rl_req &req, rl_sub &sub, uint64_t now)
{
	/* Between the act and this call the lock was free: another timer, or a cancel. */
	if (sub.state == RL_ISSUED || ended(sub))
		return RL_ACT_NONE;
	if (req.cancelled)
		return cancelled(req, sub, RL_WHY_CANCELLED);
	started(req.retry, sub, now);
	sub.state = RL_ISSUED;
	return RL_ACT_ISSUE;
}

rl_act done(rl_req &req, rl_sub &sub, const rl_answer &answer, uint64_t now)
{
	if (sub.state != RL_ISSUED)
		return RL_ACT_INVALID;
	if (answer.bytes > sub.len - sub.done || answer.error > 0)
		return end_as(sub, RL_FAILED, RL_WHY_NONSENSE, 0);
	if (answer.not_asked && !answer.bytes && !answer.error)
		return not_asked(req, sub);
	sub.done += answer.bytes;
	if (answer.bytes)
		progressed(sub);
	sub.eof = says_eof(req, answer, sub.done == sub.len);
	if (sub.done == sub.len || sub.eof)
		return end_as(sub, RL_DONE, RL_WELL, 0);
	if (answer.error && !answer.transient && sub.cancel == RL_WELL)
		return end_as(sub, RL_FAILED, RL_WHY_SERVER, answer.error);
	return again(req, sub, answer, now);
}

rl_act cancel(const rl_req &req, rl_sub &sub, rl_why why)
{
	if (ended(sub) || (sub.state == RL_ISSUED && sub.cancel != RL_WELL))
		return RL_ACT_NONE;
	if (sub.state != RL_ISSUED)
		return cancelled(req, sub, why);
	sub.cancel = why;
	return RL_ACT_CANCEL;
}

rl_left put(rl_req &req, rl_sub &sub)
{
	if (!ended(sub) || sub.put)
		return RL_LEFT_INVALID;
	sub.put = true;
	req.pending--;
	return left(req);
}

rl_left issued(rl_req &req)
{
	if (!req.issuer)
		return RL_LEFT_INVALID;
	req.issuer = false;
	req.pending--;
	return left(req);
}

/* Over a call without the lock, in which all that keeps it may go. */
bool hold(rl_req &req)
{
	if (!req.pending)
		return false;
	req.holds++;
	req.pending++;
	return true;
}

rl_left release(rl_req &req)
{
	if (!req.holds)
		return RL_LEFT_INVALID;
	req.holds--;
	req.pending--;
	return left(req);
}

} // namespace rl
