// SPDX-License-Identifier: GPL-2.0-only
/*
 * The header of an object: what its file vouches for.  Two slots, written in turn, the one
 * of sequence n at n % 2; a header that is torn leaves the one before.  In a slot, numbers
 * with the lowest byte first, what is not named zero:
 *
 *	0	8	magic
 *	8	4	format
 *	12	4	log2 of a granule's bytes
 *	16	64	the key
 *	80	4	granules
 *	88	8	sequence
 *	96	8	last use, s
 *	128	3960	a bit for each granule
 *	4092	4	CRC32C of all before it
 *
 * A slot is valid if it is, byte for byte, one that the encoder makes for this key: there is
 * one encoding of a header, and nothing that is not looked at.  O(4096).
 */
#include "cache.hpp"

namespace rc {

namespace {

enum field : uint32_t {
	MAGIC = 0, FORMAT = 8, SHIFT = 12, KEY = 16, GRANULES = 80, PAD = 84, SEQUENCE = 88,
	LAST_USE = 96, PAD2 = 104, BITS = 128, BITS_END = 4088, CRC = 4092,
};

static_assert((BITS_END - BITS) * 8 == RC_GRANULES_MAX && CRC + 4 == RC_SLOT);

constexpr uint64_t magic = 0x0065686361636668;	/* "hfcache" */
constexpr uint32_t format = 1;

bool is_zero(const uint8_t *from, const uint8_t *to)
{
	while (from != to)
		if (*from++)
			return false;
	return true;
}

bool has_key(const uint8_t *slot, const rc_key &key)
{
	uint8_t bytes[key_bytes];

	encode(key, bytes);
	for (unsigned int i = 0; i < key_bytes; i++)
		if (slot[KEY + i] != bytes[i])
			return false;
	return true;
}

/* The last bits of the last byte, and all behind it. */
bool has_no_bits_behind(const uint8_t *slot, uint32_t granules)
{
	const uint8_t *last = slot + BITS + granules / 8;

	if (granules % 8 && *last++ >> granules % 8)
		return false;
	return is_zero(last, slot + CRC);
}

bool is_valid(const uint8_t *slot, uint32_t number, const rc_key &key)
{
	uint64_t sequence = get(slot + SEQUENCE, 8);

	return get(slot + MAGIC, 8) == magic && get(slot + FORMAT, 4) == format &&
	       get(slot + SHIFT, 4) == rc_shift(key.size) && has_key(slot, key) &&
	       get(slot + GRANULES, 4) == rc_granules(key.size) && sequence &&
	       sequence <= RC_SEQUENCE_MAX && sequence % 2 == number && is_zero(slot + PAD, slot + SEQUENCE) &&
	       is_zero(slot + PAD2, slot + BITS) &&
	       has_no_bits_behind(slot, rc_granules(key.size)) &&
	       get(slot + CRC, 4) == crc32c(slot, CRC);
}

/* Where the data of the last granule that it vouches for end, in the object's file. */
uint64_t end_of(const uint8_t *bits, const rc_key &key)
{
	uint32_t byte = (rc_granules(key.size) + 7) / 8, bit = 7;
	uint64_t end;

	while (byte && !bits[byte - 1])
		byte--;
	if (!byte)
		return 0;
	while (!(bits[byte - 1] >> bit))
		bit--;
	end = static_cast<uint64_t>((byte - 1) * 8 + bit + 1) << rc_shift(key.size);
	return RC_DATA + (end < key.size ? end : key.size);
}

const uint8_t *newest(const uint8_t *slots, const rc_key &key)
{
	const uint8_t *found = nullptr;

	for (uint32_t number = 0; number < 2; number++) {
		const uint8_t *slot = slots + number * RC_SLOT;

		if (is_valid(slot, number, key) &&
		    (!found || get(slot + SEQUENCE, 8) > get(found + SEQUENCE, 8)))
			found = slot;
	}
	return found;
}

} // namespace

} // namespace rc

uint32_t rc_shift(uint64_t size)
{
	uint32_t shift = RC_SHIFT_MIN;

	if (!size || size > RC_FILE_MAX)
		return 0;
	while ((size - 1) >> shift >= RC_GRANULES_MAX)
		shift++;
	return shift;
}

uint32_t rc_granules(uint64_t size)
{
	uint32_t shift = rc_shift(size);

	return shift ? static_cast<uint32_t>((size - 1) >> shift) + 1 : 0;
}

void rc_header_write(uint8_t slot[RC_SLOT], const struct rc_key *key, uint64_t sequence,
		     uint64_t last_use, const uint64_t *bits)
{
	uint32_t words = rc::words_of(rc_granules(key->size));

	for (uint32_t i = 0; i < RC_SLOT; i++)
		slot[i] = 0;
	rc::put(slot + rc::MAGIC, rc::magic, 8);
	rc::put(slot + rc::FORMAT, rc::format, 4);
	rc::put(slot + rc::SHIFT, rc_shift(key->size), 4);
	rc::encode(*key, slot + rc::KEY);
	rc::put(slot + rc::GRANULES, rc_granules(key->size), 4);
	rc::put(slot + rc::SEQUENCE, sequence, 8);
	rc::put(slot + rc::LAST_USE, last_use, 8);
	for (uint32_t word = 0; word < words; word++)
		rc::put(slot + rc::BITS + 8 * word, bits[word], 8);
}

void rc_header_seal(uint8_t slot[RC_SLOT])
{
	rc::put(slot + rc::CRC, rc::crc32c(slot, rc::CRC), 4);
}

enum rc_header_says rc_header_read(const uint8_t slots[RC_SLOTS], const struct rc_key *key,
				   uint64_t length, struct rc_header *header)
{
	const uint8_t *slot;

	if (!rc_key_valid(key))
		return RC_HEADER_NONE;
	slot = rc::newest(slots, *key);
	if (!slot)
		return RC_HEADER_NONE;
	if (rc::end_of(slot + rc::BITS, *key) > length)
		return RC_HEADER_BEHIND;
	*header = { rc::get(slot + rc::SEQUENCE, 8), rc::get(slot + rc::LAST_USE, 8),
		    slot + rc::BITS };
	return RC_HEADER_GOOD;
}
