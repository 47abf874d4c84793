// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range of a file, cut into pieces, each of which one subrequest carries.
 * Invariants: a piece has no byte that is not to be sent, is no longer than the limit,
 * and has all of a folio or none of it (I2), so that each subrequest ends its folios
 * by itself.  No folio is larger than the limit: rl_limits.folio sees to that.
 *
 * Folios come one at a time, as readahead_folio() and writeback_iter() give them; what
 * touches the bytes before and fits is gathered, anything else cuts.  O(1) for each.
 */
#include "plan.hpp"

#include "range.hpp"

namespace rl {

namespace {

bool room(const rl_credits &credits, uint32_t len)
{
	return credits.used <= credits.bytes && len <= credits.bytes - credits.used;
}

/* A place that is kept for writes. */
bool in_kept(const rl_credits &credits, bool write)
{
	return write && credits.writes < credits.kept;
}

bool fits(const rl_credits &credits, bool write, uint32_t len)
{
	uint32_t used = credits.reads + credits.writes;

	if (used && (used >= credits.subs || (!in_kept(credits, write) && !room(credits, len))))
		return false;
	return write || credits.reads < credits.subs - credits.kept;
}

rl_line &line_of(rl_credits &credits, bool write)
{
	return write ? credits.write_line : credits.read_line;
}

/* Whether somebody of a line came before. */
bool has_before(const rl_line &line, const rl_place &place)
{
	return line.first && line.first != &place &&
	       (!place.waits || line.first->number < place.number);
}

bool in_turn(rl_credits &credits, const rl_place &place, bool write)
{
	return !has_before(line_of(credits, write), place) &&
	       (in_kept(credits, write) || !has_before(line_of(credits, !write), place));
}

void stand(rl_credits &credits, rl_place &place, bool write)
{
	rl_line &line = line_of(credits, write);

	if (place.waits)
		return;
	place = { nullptr, line.last, ++credits.came, true, write };
	(line.last ? line.last->next : line.first) = &place;
	line.last = &place;
}

uint32_t whole_pages(uint32_t bytes, uint32_t page) { return bytes & ~(page - 1); }

/* The largest power of two, from a page on. */
uint32_t largest_folio(uint32_t room, uint32_t page)
{
	uint32_t size = page;

	while (size <= room / 2 && size < RL_FOLIO_MAX)
		size *= 2;
	return size;
}

bool gathered(const rl_plan &plan) { return plan.end != plan.pos; }

void begin(rl_plan &plan, int64_t pos, int64_t end)
{
	plan.pos = pos;
	plan.end = end;
}

bool fits(const rl_plan &plan, int64_t pos, int64_t end)
{
	return plan.end == pos && end - plan.pos <= plan.limit;
}

} // namespace

bool set_limits(rl_limits &limits, uint32_t rsize, uint32_t wsize, uint32_t page, uint32_t flags)
{
	if (!page || page & (page - 1) || page > RL_FOLIO_MAX || rsize < page || wsize < page ||
	    flags & ~RL_LIMIT_FLAGS)
		return false;
	limits.rsize = whole_pages(rsize, page);
	limits.wsize = whole_pages(wsize, page);
	limits.page = page;
	limits.folio = largest_folio(limits.rsize < limits.wsize ? limits.rsize : limits.wsize, page);
	limits.flags = flags;
	return true;
}

rl_added add(rl_plan &plan, int64_t pos, rl_span span, int64_t limit_end, rl_piece &piece)
{
	int64_t from = end_of(pos, span.from), to = end_of(pos, span.to);

	if (to - from > plan.limit)
		return RL_ADDED_INVALID;
	plan.past = to;
	if (to > limit_end)
		to = limit_end;
	if (from >= to)
		return RL_ADDED_NOTHING;
	if (!gathered(plan)) {
		begin(plan, from, to);
		return RL_ADDED;
	}
	if (fits(plan, from, to)) {
		plan.end = to;
		return RL_ADDED;
	}
	(void)end(plan, piece);
	begin(plan, from, to);
	return RL_ADDED_CUT;
}

bool end(rl_plan &plan, rl_piece &piece)
{
	if (!gathered(plan))
		return false;
	piece = { plan.pos, static_cast<uint32_t>(plan.end - plan.pos) };
	plan.pos = plan.end;
	return true;
}

rl_piece first_piece(const rl_limits &limits, bool write, int64_t pos, int64_t len)
{
	uint32_t limit = write ? limits.wsize : limits.rsize;
	uint32_t over;

	if (len <= limit)
		return { pos, static_cast<uint32_t>(len) };
	over = (pos + limit) & (limits.page - 1);
	return { pos, over < limit ? limit - over : limit };
}

unsigned int around(const rl_folio &folio, int64_t pos, rl_piece *pieces)
{
	uint32_t size = static_cast<uint32_t>(end_of(pos, folio.size) - pos);
	rl_span here = dirty(folio);
	unsigned int count = 0;

	if (empty(here))
		here = { size, size };
	if (here.from)
		pieces[count++] = { pos, here.from };
	if (here.to < size)
		pieces[count++] = { pos + here.to, size - here.to };
	return count;
}

/*
 * Of the places some are kept for writes, with all the bytes that these need, so that
 * reads never keep memory dirty.  But for these they come in turn: a large one is not
 * passed by small ones until there is room for it, which comes with the answers.  O(1).
 */
bool take(rl_credits &credits, rl_place &place, bool write, uint32_t len)
{
	if (!in_turn(credits, place, write) || !fits(credits, write, len)) {
		stand(credits, place, write);
		return false;
	}
	leave(credits, place);
	(write ? credits.writes : credits.reads)++;
	credits.used += len;
	return true;
}

bool leave(rl_credits &credits, rl_place &place)
{
	rl_line &line = line_of(credits, place.write);

	if (!place.waits)
		return false;
	(place.before ? place.before->next : line.first) = place.next;
	(place.next ? place.next->before : line.last) = place.before;
	place = {};
	return true;
}

bool give(rl_credits &credits, bool write, uint32_t len)
{
	uint32_t &count = write ? credits.writes : credits.reads;

	if (!count || credits.used < len)
		return false;
	count--;
	credits.used -= len;
	return true;
}

} // namespace rl
