// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from subrequests that have ended: how each folio is to be ended, what
 * the request's result is, and in which order the request is taken down.
 *
 * A folio is uptodate only once each byte of it is defined: read, or zeroed because
 * the answer to this very subrequest proved it to be behind the end (S1).  What of a
 * folio was not written fails all of it; why is told with it, for the mapping has to know
 * before write-back of the folio ends.
 *
 * The order of the end: whoever waits for a folio does not wait for anything else of
 * the request, so folios are first, and sizes are held by rl_sizes.writes until they
 * are in; ops->end() is the last call into the filesystem's text; after io_count has
 * fallen there may be no inode.  Results are O(n), n the subrequests.
 */
#include "collect.hpp"

#include "plan.hpp"
#include "size.hpp"

namespace rl {

namespace {

/* No answer brings the byte at RL_SIZE_MAX, and it is behind every end. */
rl_span zeroes(int64_t from, int64_t to, int64_t pos, uint32_t size)
{
	uint32_t past = to == RL_SIZE_MAX ? size : static_cast<uint32_t>(to - pos);
	uint32_t first = static_cast<uint32_t>(from - pos);

	return first < past ? rl_span { first, past } : rl_span { 0, 0 };
}

bool has(const rl_req &req, rl_exit step)
{
	switch (step) {
	case RL_EXIT_FOLIOS:
		return !direct(req.kind);
	case RL_EXIT_COMPLETE:
		return direct(req.kind);
	default:
		return true;
	}
}

/* Up to the first that did not come to its end, or that is at the end of the file. */
void read_result(const rl_sub *sub, rl_result &all)
{
	for (; sub && sub->done == sub->len && !sub->eof; sub = sub->next)
		all.bytes += sub->done;
	if (!sub)
		return;
	all.bytes += sub->done;
	all.why = sub->why;
	all.error = sub->error;
}

const char *check(const rl_req &req, const rl_sub &sub)
{
	if (!sub.len || sub.done > sub.len)
		return "more is done than was to be";
	if (sub.state == RL_DONE && sub.done != sub.len && !sub.eof)
		return "done, but for some bytes";
	if (sub.eof && (writes(req.kind) || sub.state != RL_DONE))
		return "an end of file where there cannot be one";
	if (sub.put && !ended(sub))
		return "put before its end";
	if (ended(sub) && (sub.why == RL_WELL) != (sub.state == RL_DONE))
		return "its end and the reason for it differ";
	if (sub.next && sub.next->pos < sub.pos + sub.len)
		return "two of them overlap";
	return nullptr;
}

} // namespace

rl_ending folio_end(const rl_req &req, const rl_sub &sub, int64_t pos, uint32_t size)
{
	int64_t from = higher(pos, sub.pos), to = lower(end_of(pos, size), sub.pos + sub.len);
	int64_t good = good_to(sub);

	if (!ended(sub) || from >= to)
		return { RL_FATE_INVALID, RL_WELL, 0, { 0, 0 } };
	if (to > good)
		return { RL_FATE_BAD, sub.why, sub.error, { 0, 0 } };
	if (writes(req.kind))
		return { RL_FATE_GOOD, RL_WELL, 0, { 0, 0 } };
	from = lower(to, higher(from, sub.pos + sub.done));
	return { RL_FATE_GOOD, RL_WELL, 0, zeroes(from, to, pos, size) };
}

rl_result result(const rl_req &req)
{
	rl_result all = { 0, 0, RL_SIZE_MAX, 0, RL_WELL };

	read_result(req.first, all);
	for (const rl_sub *sub = req.first; sub; sub = sub->next) {
		if (sub->eof)
			all.eof = lower(all.eof, sub->pos + sub->done);
		if (sub->done)
			all.extent = higher(all.extent, sub->pos + sub->done);
	}
	return all;
}

rl_exit exit(rl_req &req)
{
	if (req.pending)
		return RL_EXIT_INVALID;
	while (req.exit <= RL_EXIT_FREE) {
		rl_exit step = static_cast<rl_exit>(req.exit++);

		if (has(req, step))
			return step;
	}
	return RL_EXIT_INVALID;
}

const char *validate(const rl_req &req)
{
	uint32_t pending = req.issuer + req.holds;

	for (const rl_sub *sub = req.first; sub; sub = sub->next) {
		const char *wrong = check(req, *sub);

		if (wrong)
			return wrong;
		if (!sub->next && sub != req.last)
			return "the last one is not the last";
		pending += !sub->put;
	}
	if (pending != req.pending)
		return "it is kept by others than its issuer, subrequests and holds";
	if (req.exit && req.pending)
		return "it goes though somebody keeps it";
	return nullptr;
}

} // namespace rl
