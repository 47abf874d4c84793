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

/* To the wire's order, and back. */
template <typename type>
inline type little(type value)
{
	if constexpr (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return value;
	else if constexpr (sizeof(type) == 8)
		return __builtin_bswap64(value);
	else if constexpr (sizeof(type) == 4)
		return __builtin_bswap32(value);
	else if constexpr (sizeof(type) == 2)
		return __builtin_bswap16(value);
	else
		return value;
}

template <typename type>
inline type load(const uint8_t *at)
{
	type value;

	__builtin_memcpy(&value, at, sizeof(value));
	return little(value);
}

template <typename type>
inline uint8_t *store(uint8_t *at, type value)
{
	value = little(value);
	__builtin_memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

inline uint8_t *copy(uint8_t *to, const void *from, uint32_t bytes)
{
	if (bytes)
		__builtin_memcpy(to, from, bytes);
	return to + bytes;
}

} // namespace np

#endif /* HF_NINEP_BYTES_HPP */
