/* SPDX-License-Identifier: GPL-2.0-only */
/* Subrequests and their request, from the first event to the last. */
#ifndef HF_NETFS_COLLECT_HPP
#define HF_NETFS_COLLECT_HPP

#include <holdfast/core/std.hpp>

#include <holdfast/netfs_types.h>

namespace rl {

using hf::int64_t;
using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;

[[nodiscard]] constexpr bool ended(const rl_sub &sub) { return sub.state >= RL_DONE; }
[[nodiscard]] constexpr bool writes(uint8_t kind)
{
	return kind == RL_WRITEPAGES || kind == RL_DIRECT_WRITE;
}
[[nodiscard]] constexpr bool direct(uint8_t kind) { return kind >= RL_DIRECT_READ; }

/* Up to where what it carried is where it should be. */
[[nodiscard]] constexpr int64_t good_to(const rl_sub &sub)
{
	return sub.pos + (sub.state == RL_DONE ? sub.len : sub.done);
}

[[nodiscard]] bool add(rl_req &req, rl_sub &sub, rl_piece piece);
[[nodiscard]] rl_act issue(rl_req &req, rl_sub &sub, uint64_t now);
[[nodiscard]] rl_act done(rl_req &req, rl_sub &sub, const rl_answer &answer, uint64_t now);
[[nodiscard]] rl_act cancel(const rl_req &req, rl_sub &sub, rl_why why);
[[nodiscard]] rl_left put(rl_req &req, rl_sub &sub);
[[nodiscard]] rl_left issued(rl_req &req);
[[nodiscard]] bool hold(rl_req &req);
[[nodiscard]] rl_left release(rl_req &req);

/* end.cc: what follows once it has ended. */
[[nodiscard]] rl_ending folio_end(const rl_req &req, const rl_sub &sub, int64_t pos,
				     uint32_t size);
[[nodiscard]] rl_result result(const rl_req &req);
[[nodiscard]] rl_exit exit(rl_req &req);
[[nodiscard]] const char *validate(const rl_req &req);

} // namespace rl

#endif /* HF_NETFS_COLLECT_HPP */
