/* SPDX-License-Identifier: GPL-2.0-only */
/* Times of the request layer's core, in ms. */
#ifndef HF_NETFS_CORE_LATER_HPP
#define HF_NETFS_CORE_LATER_HPP

#include <holdfast/core/std.hpp>
#include <holdfast/netfs_types.h>

namespace rl {

/* Never RL_NEVER, which is no time. */
[[nodiscard]] constexpr hf::uint64_t later(hf::uint64_t now, hf::uint64_t ms)
{
	return now < RL_NEVER - 1 - ms ? now + ms : RL_NEVER - 1;
}

} // namespace rl

#endif /* HF_NETFS_CORE_LATER_HPP */
