// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tried again is what was short, what wrote nothing, and what failed with an error
 * that the filesystem names transient; never what was not answered: two writes of the
 * same bytes may not be in flight.  So the only thing to do about silence is to cancel.
 *
 *	short, with progress	at once
 *	transient error		after a delay: hard for as long as the session lives, soft
 *				until the deadline
 *	a write of nothing	after a delay, @stuck times in a row; hard as soft
 *
 * The delay doubles up to the cap.  Progress begins all of it anew, and there can be
 * no more of that than bytes: nothing goes on for ever but a hard wait for a server
 * that says EAGAIN, which rl_req_cancel() ends.
 */
#include "later.hpp"
#include "retry.hpp"

namespace rl {

namespace {

bool too_late(const rl_sub &sub, uint64_t now)
{
	return sub.deadline != RL_NEVER && now >= sub.deadline;
}

} // namespace

rl_retry policy(const rl_retry &asked)
{
	rl_retry retry = asked;

	if (!retry.first)
		retry.first = 1;
	if (retry.cap < retry.first)
		retry.cap = retry.first;
	if (!retry.stuck)
		retry.stuck = 1;
	return retry;
}

uint32_t delay(const rl_retry &retry, uint32_t tries)
{
	uint32_t ms = retry.first;

	while (--tries && ms < retry.cap)
		ms = ms <= retry.cap / 2 ? ms * 2 : retry.cap;
	return ms;
}

void started(const rl_retry &retry, rl_sub &sub, uint64_t now)
{
	if (retry.timeo && sub.deadline == RL_NEVER)
		sub.deadline = later(now, retry.timeo);
}

void progressed(rl_sub &sub)
{
	sub.tries = 0;
	sub.stuck = 0;
	sub.deadline = RL_NEVER;
}

bool may_wait(const rl_retry &retry, rl_sub &sub, bool error, uint64_t now, uint8_t &why)
{
	if (!error && ++sub.stuck >= retry.stuck) {
		why = RL_WHY_STUCK;
		return false;
	}
	if (too_late(sub, now)) {
		why = RL_WHY_TIMEOUT;
		return false;
	}
	if (sub.tries < 255)
		sub.tries++;
	sub.due = later(now, delay(retry, sub.tries));
	/* Then it ends: a try in that moment would be cancelled in it. */
	if (sub.due > sub.deadline)
		sub.due = sub.deadline;
	return true;
}

uint64_t due(const rl_sub &sub)
{
	if (sub.state == RL_WAIT)
		return sub.due;
	return sub.state == RL_ISSUED && sub.cancel == RL_WELL ? sub.deadline : RL_NEVER;
}

rl_act act_of(const rl_sub &sub, uint64_t now)
{
	uint64_t when = due(sub);

	if (when == RL_NEVER || when > now)
		return RL_ACT_NONE;
	return sub.state == RL_WAIT && !too_late(sub, now) ? RL_ACT_ISSUE : RL_ACT_CANCEL;
}

} // namespace rl
