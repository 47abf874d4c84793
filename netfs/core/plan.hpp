/* SPDX-License-Identifier: GPL-2.0-only */
/* A range, cut into subrequests; and what of them may be in flight. */
#ifndef HF_NETFS_PLAN_HPP
#define HF_NETFS_PLAN_HPP

#include <holdfast/core/std.hpp>

#include <holdfast/netfs_types.h>

namespace rl {

using hf::int64_t;
using hf::uint32_t;
using hf::uint64_t;

/* Where @len bytes from @pos on end, in a file: its largest has no byte at RL_SIZE_MAX. */
[[nodiscard]] constexpr int64_t end_of(int64_t pos, uint32_t len)
{
	return pos > RL_SIZE_MAX - len ? RL_SIZE_MAX : pos + len;
}

[[nodiscard]] bool set_limits(rl_limits &limits, uint32_t rsize, uint32_t wsize, uint32_t page,
			      uint32_t flags);
[[nodiscard]] rl_added add(rl_plan &plan, int64_t pos, rl_span span, int64_t limit_end,
			   rl_piece &piece);
[[nodiscard]] bool end(rl_plan &plan, rl_piece &piece);
[[nodiscard]] rl_piece first_piece(const rl_limits &limits, bool write, int64_t pos, int64_t len);
[[nodiscard]] unsigned int around(const rl_folio &folio, int64_t pos, rl_piece *pieces);

[[nodiscard]] bool take(rl_credits &credits, rl_place &place, bool write, uint32_t len);
bool leave(rl_credits &credits, rl_place &place);
[[nodiscard]] bool give(rl_credits &credits, bool write, uint32_t len);

} // namespace rl

#endif /* HF_NETFS_PLAN_HPP */
