// SPDX-License-Identifier: GPL-2.0-only
/* CRC32C, reflected, a byte at a time; RFC 3720, B.4. */
#include "cache.hpp"

namespace rc {

namespace {

constexpr uint32_t polynomial = 0x82f63b78;

struct table {
	uint32_t of[256];
};

constexpr table make()
{
	table t {};

	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;

		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? polynomial : 0);
		t.of[byte] = value;
	}
	return t;
}

constexpr table remainders = make();

} // namespace

uint32_t crc32c(const uint8_t *data, size_t len)
{
	uint32_t value = 0xffffffff;

	while (len--)
		value = value >> 8 ^ remainders.of[(value ^ *data++) & 0xff];
	return ~value;
}

} // namespace rc
