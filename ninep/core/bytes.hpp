/* SPDX-License-Identifier: GPL-2.0-only */
/* Little-endian numbers, and fields by their place. */
#ifndef HF_NINEP_BYTES_HPP
#define HF_NINEP_BYTES_HPP

#include <holdfast/core/std.hpp>

namespace np {

/* type[1] version[4] path[8] */
inline constexpr uint32_t qid_size = 13;

/* A field of what @base is. */
template <typename type>
type &in(void *base, uint16_t at)
{
	return *reinterpret_cast<type *>(static_cast<uint8_t *>(base) + at);
}

template <typename type>
const type &in(const void *base, uint16_t at)
{
	return *reinterpret_cast<const type *>(static_cast<const uint8_t *>(base) + at);
}

inline uint64_t load(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= uint64_t { at[i] } << 8 * i;
	return value;
}

inline uint8_t *store(uint8_t *at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		*at++ = static_cast<uint8_t>(value >> 8 * i);
	return at;
}

inline uint8_t *copy(uint8_t *to, const void *from, uint32_t bytes)
{
	if (bytes)
		__builtin_memcpy(to, from, bytes);
	return to + bytes;
}

} // namespace np

#endif /* HF_NINEP_BYTES_HPP */
