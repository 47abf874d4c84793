// SPDX-License-Identifier: GPL-2.0-only
/*
 * The border's functions, see netfs_core.h and what it includes.  What comes in from C
 * is checked here; everything behind takes it for valid.
 */
#include "netfs_core.h"

#include "collect.hpp"
#include "plan.hpp"
#include "range.hpp"
#include "retry.hpp"
#include "size.hpp"

namespace {

bool known(rl_kind kind) { return kind >= RL_READ && kind <= RL_DIRECT_WRITE; }

bool inside(int64_t pos, int64_t len)
{
	return pos >= 0 && len >= 0 && pos <= RL_SIZE_MAX - len;
}

/* A folio, or its first bytes.  Only its last one may be behind RL_SIZE_MAX. */
bool a_folio(int64_t pos, uint32_t size)
{
	return size <= RL_FOLIO_MAX && pos >= 0 && pos - 1 <= RL_SIZE_MAX - size;
}

/* From @sub on, the first one of which @look says that there is something to do. */
template <typename Look>
rl_sub *next_with(rl_sub *sub, rl_act *act, Look look)
{
	for (; sub; sub = sub->next) {
		*act = look(*sub);
		if (*act != RL_ACT_NONE)
			return sub;
	}
	*act = RL_ACT_NONE;
	return nullptr;
}

rl_sub *behind(rl_req *req, rl_sub *after) { return after ? after->next : req->first; }

} // namespace

struct rl_span rl_dirty(const struct rl_folio *folio)
{
	if (!rl::possible(*folio, { 0, 0 }) || !rl::sound(*folio))
		return { 1, 0 };
	return rl::dirty(*folio);
}

enum rl_write rl_plan_write(const struct rl_folio *folio, struct rl_span span, uint32_t flags,
			    struct rl_write_plan *plan)
{
	if (!rl::possible(*folio, span) || !rl::sound(*folio) || rl::empty(span) ||
	    flags & ~RL_WRITE_FLAGS)
		return RL_WRITE_INVALID;
	return rl::write_plan(*folio, span, flags, *plan);
}

uint32_t rl_write_copied(const struct rl_folio *folio, struct rl_span span, uint32_t copied,
			 uint32_t flags, struct rl_write_plan *plan)
{
	*plan = { folio->word, { 0, 0 }, folio->uptodate };
	if (!rl::possible(*folio, span) || copied > span.to - span.from || !copied ||
	    flags & ~RL_WRITE_FLAGS || !rl::sound(*folio))
		return 0;
	return rl::copied(*folio, span, copied, flags, *plan) ? copied : 0;
}

rl_word rl_word_clip(const struct rl_folio *folio, struct rl_span span)
{
	return rl::possible(*folio, span) ? rl::clip(*folio, span) : folio->word;
}

bool rl_may_undefine(const struct rl_folio *folio)
{
	return rl::possible(*folio, { 0, 0 }) && !rl::whole(*folio);
}

bool rl_size_init(struct rl_sizes *sizes, int64_t size)
{
	if (size < 0)
		return false;
	*sizes = rl_sizes {};
	sizes->i_size = sizes->server = size;
	sizes->doubt = sizes->hole = RL_SIZE_MAX;
	return true;
}

bool rl_size_stale(const struct rl_sizes *sizes) { return sizes->doubt != RL_SIZE_MAX; }

struct rl_sample rl_size_sample(const struct rl_sizes *sizes)
{
	return { sizes->generation, sizes->doubts };
}

enum rl_size_says rl_size_attributes(struct rl_sizes *sizes, struct rl_sample sample,
				     int64_t server, bool dirty, struct rl_size_change *change)
{
	if (server < 0)
		return RL_SIZE_INVALID;
	return rl::attributes(*sizes, sample, server, dirty, *change);
}

bool rl_size_grow(struct rl_sizes *sizes, const struct rl_size_change *change, bool dirty)
{
	return rl::grow(*sizes, *change, dirty);
}

struct rl_bytes rl_size_gap(struct rl_sizes *sizes, int64_t pos) { return rl::gap(*sizes, pos); }

void rl_size_extend(struct rl_sizes *sizes, int64_t end)
{
	if (end > sizes->i_size)
		sizes->i_size = end;
}

void rl_size_write_begin(struct rl_sizes *sizes) { sizes->writes++; }

bool rl_size_written(struct rl_sizes *sizes, const struct rl_result *result)
{
	return rl::written(*sizes, *result);
}

void rl_size_doubt(struct rl_sizes *sizes, int64_t from)
{
	if (from >= 0)
		rl::doubt_from(*sizes, from);
}

void rl_size_read(struct rl_sizes *sizes, const struct rl_result *result, bool dirty)
{
	rl::saw_bytes(*sizes, result->extent);
	if (result->eof >= 0)
		rl::saw_eof(*sizes, result->eof, dirty);
}

bool rl_size_resize_begin(struct rl_sizes *sizes)
{
	if (sizes->writes || sizes->resizes)
		return false;
	sizes->resizes++;
	sizes->resize_doubts = sizes->doubts;
	return true;
}

enum rl_size_says rl_size_resized(struct rl_sizes *sizes, int64_t size, bool well,
				  struct rl_size_change *change)
{
	return rl::resized(*sizes, size, well, *change);
}

bool rl_limits_set(struct rl_limits *limits, uint32_t rsize, uint32_t wsize, uint32_t page,
		   uint32_t flags)
{
	return rl::set_limits(*limits, rsize, wsize, page, flags);
}

void rl_plan_init(struct rl_plan *plan, const struct rl_limits *limits, enum rl_kind kind)
{
	*plan = rl_plan {};
	plan->limit = rl::writes(kind) ? limits->wsize : limits->rsize;
}

enum rl_added rl_plan_add(struct rl_plan *plan, int64_t pos, struct rl_span span, int64_t end,
			  struct rl_piece *piece)
{
	if (span.from > span.to || !a_folio(pos, span.to) || pos < plan->past - span.from)
		return RL_ADDED_INVALID;
	return rl::add(*plan, pos, span, end, *piece);
}

bool rl_plan_end(struct rl_plan *plan, struct rl_piece *piece) { return rl::end(*plan, *piece); }

struct rl_piece rl_plan_bytes(const struct rl_limits *limits, enum rl_kind kind, int64_t pos,
			      int64_t len)
{
	if (!known(kind) || !inside(pos, len) || !limits->page)
		return { pos, 0 };
	return rl::first_piece(*limits, rl::writes(kind), pos, len);
}

int rl_plan_around(const struct rl_folio *folio, int64_t pos, struct rl_piece pieces[2])
{
	if (!rl::possible(*folio, { 0, folio->size }) || !rl::sound(*folio) ||
	    !a_folio(pos, folio->size))
		return -1;
	return static_cast<int>(rl::around(*folio, pos, pieces));
}

void rl_credits_init(struct rl_credits *credits, uint32_t subs, uint32_t kept, uint64_t bytes)
{
	*credits = rl_credits {};
	credits->subs = subs ? subs : 1;
	credits->kept = kept < credits->subs ? kept : credits->subs - 1;
	credits->bytes = bytes;
}

bool rl_credit_take(struct rl_credits *credits, struct rl_place *place, bool write, uint32_t len)
{
	return rl::take(*credits, *place, write, len);
}

bool rl_credit_leave(struct rl_credits *credits, struct rl_place *place)
{
	return rl::leave(*credits, *place);
}

bool rl_credit_wanted(const struct rl_credits *credits)
{
	return credits->read_line.first || credits->write_line.first;
}

bool rl_credit_give(struct rl_credits *credits, bool write, uint32_t len)
{
	return rl::give(*credits, write, len);
}

bool rl_req_init(struct rl_req *req, enum rl_kind kind, const struct rl_retry *retry,
		 uint32_t limit_flags)
{
	if (!known(kind) || limit_flags & ~RL_LIMIT_FLAGS)
		return false;
	*req = rl_req {};
	req->retry = rl::policy(*retry);
	req->flags = limit_flags;
	req->kind = kind;
	req->issuer = true;
	req->pending = 1;
	return true;
}

bool rl_req_add(struct rl_req *req, struct rl_sub *sub, const struct rl_piece *piece)
{
	return rl::add(*req, *sub, *piece);
}

enum rl_act rl_sub_issue(struct rl_req *req, struct rl_sub *sub, uint64_t now)
{
	return rl::issue(*req, *sub, now);
}

enum rl_act rl_sub_done(struct rl_req *req, struct rl_sub *sub, const struct rl_answer *answer,
			uint64_t now)
{
	return rl::done(*req, *sub, *answer, now);
}

enum rl_left rl_sub_put(struct rl_req *req, struct rl_sub *sub) { return rl::put(*req, *sub); }

bool rl_req_hold(struct rl_req *req) { return rl::hold(*req); }

enum rl_left rl_req_release(struct rl_req *req) { return rl::release(*req); }

enum rl_left rl_req_issued(struct rl_req *req) { return rl::issued(*req); }

bool rl_req_cancel(struct rl_req *req, int32_t error)
{
	if (error >= 0)
		return false;
	if (req->cancelled)
		return true;
	req->cancelled = true;
	req->cancel_error = error;
	return true;
}

struct rl_sub *rl_req_next_cancel(struct rl_req *req, struct rl_sub *after, enum rl_act *act)
{
	*act = RL_ACT_NONE;
	if (!req->cancelled)
		return nullptr;
	return next_with(behind(req, after), act, [=](rl_sub &sub) {
		return rl::cancel(*req, sub, RL_WHY_CANCELLED);
	});
}

uint64_t rl_req_due(const struct rl_req *req)
{
	uint64_t first = RL_NEVER;

	for (const rl_sub *sub = req->first; sub; sub = sub->next)
		if (rl::due(*sub) < first)
			first = rl::due(*sub);
	return first;
}

struct rl_sub *rl_req_next_due(struct rl_req *req, struct rl_sub *after, uint64_t now,
			       enum rl_act *act)
{
	return next_with(behind(req, after), act, [=](rl_sub &sub) {
		rl_act what = rl::act_of(sub, now);

		return what == RL_ACT_CANCEL ? rl::cancel(*req, sub, RL_WHY_TIMEOUT) : what;
	});
}

void rl_req_hurry(struct rl_req *req, uint64_t now)
{
	for (rl_sub *sub = req->first; sub; sub = sub->next)
		if (sub->state == RL_WAIT && sub->due > now)
			sub->due = now;
}

struct rl_ending rl_folio_end(const struct rl_req *req, const struct rl_sub *sub, int64_t pos,
				 uint32_t size)
{
	if (!size || !a_folio(pos, size))
		return { RL_FATE_INVALID, RL_WELL, 0, { 0, 0 } };
	return rl::folio_end(*req, *sub, pos, size);
}

struct rl_result rl_req_result(const struct rl_req *req) { return rl::result(*req); }

enum rl_exit rl_req_exit(struct rl_req *req) { return rl::exit(*req); }

const char *rl_req_validate(const struct rl_req *req) { return rl::validate(*req); }

const char *rl_size_validate(const struct rl_sizes *sizes) { return rl::validate(*sizes); }
