/* SPDX-License-Identifier: GPL-2.0-only */
/* The dirty bytes of a folio, as one word. */
#ifndef HF_NETFS_RANGE_HPP
#define HF_NETFS_RANGE_HPP

#include <holdfast/core/std.hpp>

#include <holdfast/netfs_types.h>

namespace rl {

using hf::uint32_t;

[[nodiscard]] constexpr bool empty(rl_span span) { return span.from == span.to; }

[[nodiscard]] constexpr rl_span hull(rl_span a, rl_span b)
{
	return { a.from < b.from ? a.from : b.from, a.to > b.to ? a.to : b.to };
}

/* Overlaps, or leaves no byte between the two. */
[[nodiscard]] constexpr bool touches(rl_span a, rl_span b)
{
	return a.from <= b.to && b.from <= a.to;
}

/* Whether what came from outside are bytes of a folio that a word can speak of. */
[[nodiscard]] constexpr bool possible(const rl_folio &folio, rl_span span)
{
	return folio.size && folio.size <= RL_FOLIO_MAX && span.from <= span.to &&
	       span.to <= folio.size;
}

/* Mapped, or its word was lost. */
[[nodiscard]] constexpr bool whole(const rl_folio &folio)
{
	return (folio.word & RL_WORD_WHOLE) || (folio.dirty && !folio.word);
}

/* To send what is not defined is worse than to warn: whoever maps has read all of it. */
[[nodiscard]] constexpr bool sound(const rl_folio &folio)
{
	return folio.uptodate || !whole(folio);
}

[[nodiscard]] rl_word word_of(rl_span span);
[[nodiscard]] rl_span dirty(const rl_folio &folio);
[[nodiscard]] rl_write write_plan(const rl_folio &folio, rl_span span, uint32_t flags,
				  rl_write_plan &plan);
[[nodiscard]] bool copied(const rl_folio &folio, rl_span span, uint32_t bytes, uint32_t flags,
			  rl_write_plan &plan);
[[nodiscard]] rl_word clip(const rl_folio &folio, rl_span span);

} // namespace rl

#endif /* HF_NETFS_RANGE_HPP */
