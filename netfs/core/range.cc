// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty bytes of a folio.  Invariant (I3): what a folio's word says is what was
 * written here and is not at the server, and no byte more, unless the file is ours
 * alone or the folio was mapped.  Nothing is allocated for it.  A word changes by
 *
 *	write		the hull with what touches it; with a gap only if it may widen
 *	dirty_folio	RL_WORD_WHOLE, without the folio's lock
 *	clip		an edge moves in, to nothing at last
 *	taken		0, when write-back begins; the folio loses its dirty mark
 *
 * Each is O(1).  NFS keeps to the same rule (nfs_try_to_update_request()): who writes
 * apart from what is dirty sends that first.
 */
#include "range.hpp"

namespace rl {

namespace {

constexpr rl_word field = (static_cast<rl_word>(1) << RL_WORD_BITS) - 1;

constexpr rl_span all(const rl_folio &folio) { return { 0, folio.size }; }

/* Between two that do not touch. */
constexpr rl_span gap(rl_span a, rl_span b)
{
	return a.to < b.from ? rl_span { a.to, b.from } : rl_span { b.to, a.from };
}

/* A word that was corrupted names no byte that is not there. */
rl_span bounded(rl_span span, uint32_t size)
{
	if (span.to > size)
		span.to = size;
	if (span.from > span.to)
		span.from = span.to;
	return span;
}

rl_write now(const rl_folio &folio, rl_span dirty, rl_write_plan &plan)
{
	plan.word = word_of(dirty);
	plan.uptodate = folio.uptodate || (!dirty.from && dirty.to == folio.size);
	return RL_WRITE_NOW;
}

rl_write apart(const rl_folio &folio, rl_span old, rl_span span, uint32_t flags,
	       rl_write_plan &plan)
{
	if (!(flags & RL_MAY_WIDEN))
		return RL_WRITE_BACK;
	if (!folio.uptodate && !(flags & RL_MAY_READ))
		return RL_WRITE_BACK;
	(void)now(folio, hull(old, span), plan);
	if (folio.uptodate)
		return RL_WRITE_NOW;
	plan.fill = gap(old, span);
	return RL_WRITE_FILL;
}

} // namespace

rl_word word_of(rl_span span)
{
	return RL_WORD_HERE | static_cast<rl_word>(span.to) << RL_WORD_BITS | span.from;
}

rl_span dirty(const rl_folio &folio)
{
	if (whole(folio))
		return all(folio);
	if (!(folio.word & RL_WORD_HERE))
		return { 0, 0 };
	return bounded({ static_cast<uint32_t>(folio.word & field),
			 static_cast<uint32_t>(folio.word >> RL_WORD_BITS & field) },
		       folio.size);
}

rl_write write_plan(const rl_folio &folio, rl_span span, uint32_t flags, rl_write_plan &plan)
{
	rl_span old = dirty(folio);

	plan = {};
	if (whole(folio)) {
		/* It stays a word that no explicit span can take the place of. */
		plan.word = RL_WORD_WHOLE;
		plan.uptodate = true;
		return RL_WRITE_NOW;
	}
	if (empty(old))
		return now(folio, span, plan);
	if (touches(old, span))
		return now(folio, hull(old, span), plan);
	return apart(folio, old, span, flags, plan);
}

/*
 * All of @span touched what is dirty, or a gap in between was filled and may be sent.  Of
 * less, what is behind it up to the dirty bytes may be neither defined nor ours.
 */
bool copied(const rl_folio &folio, rl_span span, uint32_t bytes, uint32_t flags,
	    rl_write_plan &plan)
{
	bool part = bytes < span.to - span.from;
	rl_span old = dirty(folio);

	span.to = span.from + bytes;
	if (whole(folio)) {
		plan.word = RL_WORD_WHOLE;
		return true;
	}
	if (part && !empty(old) && span.to < old.from &&
	    (!folio.uptodate || !(flags & RL_MAY_WIDEN))) {
		plan.uptodate = false;
		return false;
	}
	(void)now(folio, empty(old) ? span : hull(old, span), plan);
	return true;
}

rl_word clip(const rl_folio &folio, rl_span span)
{
	rl_span left = dirty(folio);

	if (empty(left))
		return folio.word;
	if (span.from <= left.from && span.to > left.from)
		left.from = span.to < left.to ? span.to : left.to;
	else if (span.from < left.to && span.to >= left.to)
		left.to = span.from;
	else
		return folio.word;
	return empty(left) ? RL_WORD_HERE : word_of(left);
}

} // namespace rl
