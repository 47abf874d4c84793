// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the cache's core: names, headers, and what happens to objects
 * (cache_world.hpp).  The first byte says which.  Whatever is believed has to be what the
 * encoder makes; the world's checks abort.
 */
#include "cache.hpp"
#include "cache_kinds.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

using world::then_any;

/* A name as it is, in the directory of the first byte. */
void names(const uint8_t *data, size_t size)
{
	const char *name = reinterpret_cast<const char *>(data + 1);
	char again[RC_NAME_LEN + 1];
	rc_key key;

	if (!size)
		return;
	bool ours = rc_name_parse(data[0], name, size - 1, &key);

	reach::met("name", ours);
	if (!ours)
		return;
	REQUIRE(rc_name(&key, again) && !std::memcmp(again, name, RC_NAME_LEN));
	REQUIRE(rc_bucket(&key) == data[0]);
}

/* Two slots that were right, and some bytes of them changed; perhaps with the sum as well. */
void headers(then_any &from)
{
	static uint8_t slots[RC_SLOTS], again[RC_SLOT];
	rc_key key = { { 1, 2 }, 3, 4, 5, 1 + from.pick(250) * 40000ull, 7, 8 };
	uint64_t bits[8] = {};
	uint64_t length = RC_DATA + from.pick(256) * 40000ull;
	rc_header header;

	for (uint32_t g = 0; g < rc_granules(key.size); g++)
		if (from.pick(2))
			bits[g / 64] |= 1ull << g % 64;
	for (uint64_t sequence = 1; sequence < 3; sequence++)
		{
		rc_header_write(&slots[sequence % 2 * RC_SLOT], &key, sequence, 9, bits);
		rc_header_seal(&slots[sequence % 2 * RC_SLOT]);
	}
	while (from.left()) {
		uint32_t at = from.pick(2) * RC_SLOT, byte = from.pick(4) ? from.pick(160) : 4080 + from.pick(16);

		slots[at + byte] = from.pick(256);
		if (from.pick(2))
			rc::put(&slots[at + 4092], rc::crc32c(&slots[at], 4092), 4);
	}
	rc_header_says says = rc_header_read(slots, &key, length, &header);

	reach::met("header", says);
	if (says != RC_HEADER_GOOD)
		return;
	std::memset(bits, 0, sizeof(bits));
	for (uint32_t g = 0; g < rc_granules(key.size); g++)
		if (header.bits[g / 8] >> g % 8 & 1) {
			REQUIRE(std::min<uint64_t>((g + 1) * 65536ull, key.size) + RC_DATA <= length);
			bits[g / 64] |= 1ull << g % 64;
		}
	rc_header_write(again, &key, header.sequence, header.last_use, bits);
	rc_header_seal(again);
	REQUIRE(!std::memcmp(again, header.bits - 128, RC_SLOT));
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ CACHE_REACH, { "name", 1 }, { "header", 2 } });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	then_any from(data, size);
	uint32_t kind = from.pick(cache_world::NR_KINDS + 2);

	if (kind == cache_world::NR_KINDS) {
		names(data + 1, size ? size - 1 : 0);
		return 0;
	}
	if (kind > cache_world::NR_KINDS) {
		headers(from);
		return 0;
	}
	cache_world::world w(cache_world::options_of(kind), from);

	for (int i = 0; i < 2000 && from.left(); i++)
		w.step();
	w.quiesce();
	return 0;
}
