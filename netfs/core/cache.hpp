/* SPDX-License-Identifier: GPL-2.0-only */
/* The cache on disk: keys, granules, and bits of them. */
#ifndef HF_NETFS_CACHE_HPP
#define HF_NETFS_CACHE_HPP

#include <holdfast/core/std.hpp>

#include "later.hpp"
#include "netfs_cache.h"
#include "netfs_cache_health.h"

namespace rc {

using hf::int64_t;
using hf::size_t;
using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;
using rl::later;

/* The key on disk: eight words, the lowest byte first. */
enum : unsigned int { key_bytes = 64 };

[[nodiscard]] inline uint64_t get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

inline void put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		*at++ = static_cast<uint8_t>(value);
}

/* cache_key.cc */
void encode(const rc_key &key, uint8_t *to);
void decode(const uint8_t *from, rc_key &key);
/* Below, at or above 0; versions of one file are next to each other. */
[[nodiscard]] int compare(const rc_key &a, const rc_key &b);

/* cache_crc.cc: CRC32C (RFC 3720, B.4). */
[[nodiscard]] uint32_t crc32c(const uint8_t *data, size_t len);

[[nodiscard]] constexpr bool known(rc_outcome outcome)
{
	return outcome >= RC_DONE && outcome < RC_NR_OUTCOMES;
}

[[nodiscard]] constexpr uint32_t words_of(uint32_t granules) { return (granules + 63) / 64; }

[[nodiscard]] inline bool test(const uint64_t *map, uint32_t bit)
{
	return map[bit / 64] >> bit % 64 & 1;
}

inline void set(uint64_t *map, uint32_t bit) { map[bit / 64] |= uint64_t { 1 } << bit % 64; }

inline void clear(uint64_t *map, uint32_t bit)
{
	map[bit / 64] &= ~(uint64_t { 1 } << bit % 64);
}

} // namespace rc

#endif /* HF_NETFS_CACHE_HPP */
