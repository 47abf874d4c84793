/* SPDX-License-Identifier: GPL-2.0-only */
/* The sizes of an inode. */
#ifndef HF_NETFS_SIZE_HPP
#define HF_NETFS_SIZE_HPP

#include <holdfast/core/std.hpp>

#include <holdfast/netfs_types.h>

namespace rl {

using hf::int64_t;
using hf::uint32_t;
using hf::uint64_t;

[[nodiscard]] constexpr int64_t lower(int64_t a, int64_t b) { return a < b ? a : b; }
[[nodiscard]] constexpr int64_t higher(int64_t a, int64_t b) { return a > b ? a : b; }

[[nodiscard]] rl_size_says attributes(rl_sizes &sizes, rl_sample sample, int64_t server,
				      bool dirty, rl_size_change &change);
[[nodiscard]] bool grow(rl_sizes &sizes, const rl_size_change &change, bool dirty);
[[nodiscard]] rl_bytes gap(rl_sizes &sizes, int64_t pos);
[[nodiscard]] bool written(rl_sizes &sizes, const rl_result &result);
void doubt_from(rl_sizes &sizes, int64_t end);
void saw_bytes(rl_sizes &sizes, int64_t end);
void saw_eof(rl_sizes &sizes, int64_t eof, bool dirty);
[[nodiscard]] rl_size_says resized(rl_sizes &sizes, int64_t size, bool well,
				   rl_size_change &change);
[[nodiscard]] const char *validate(const rl_sizes &sizes);

} // namespace rl

#endif /* HF_NETFS_SIZE_HPP */
