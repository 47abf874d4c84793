/* SPDX-License-Identifier: GPL-2.0-only */
/* When a subrequest is tried again, and when no more. */
#ifndef HF_NETFS_RETRY_HPP
#define HF_NETFS_RETRY_HPP

#include <holdfast/core/std.hpp>

#include <holdfast/netfs_types.h>

namespace rl {

using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;

/* Made possible. */
[[nodiscard]] rl_retry policy(const rl_retry &asked);

/* The delay before try @tries, from 1 on. */
[[nodiscard]] uint32_t delay(const rl_retry &retry, uint32_t tries);

/* It was given to the filesystem, or has moved on. */
void started(const rl_retry &retry, rl_sub &sub, uint64_t now);
void progressed(rl_sub &sub);

/*
 * After an answer that brought nothing: whether it may wait for another try, which
 * sets @sub.due; else @why says what it fails of.
 */
[[nodiscard]] bool may_wait(const rl_retry &retry, rl_sub &sub, bool error, uint64_t now,
			    uint8_t &why);

/* When something has to be done about it, or RL_NEVER; and what, if that is now. */
[[nodiscard]] uint64_t due(const rl_sub &sub);
[[nodiscard]] rl_act act_of(const rl_sub &sub, uint64_t now);

} // namespace rl

#endif /* HF_NETFS_RETRY_HPP */
