// SPDX-License-Identifier: GPL-2.0-only
/* Names of the cache's objects, and their headers. */
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "netfs_core.h"
#include "../random.hpp"

namespace {

const rc_key some = { { 0xf0, 1, 2 }, 0x1122334455667788, 9, 3, 200000, -1, 999999999 };

rc_key any_key(rnd::generator &from)
{
	rc_key key = some;

	key.identity[from.pick(16)] = from.pick(256);
	key.path = from.bits();
	key.generation = from.bits();
	key.version = from.bits() | 1;
	key.size = 1 + from.bits() % RC_FILE_MAX;
	key.mtime_sec = from.bits();
	key.mtime_nsec = from.pick(1000000000);
	return key;
}

std::string name_of(const rc_key &key)
{
	char name[RC_NAME_LEN + 1];

	return rc_name(&key, name) ? name : "";
}

bool parses(const rc_key &key, const std::string &name, rc_key &found)
{
	return rc_name_parse(rc_bucket(&key), name.data(), name.size(), &found);
}

/* CRC32C bit by bit, from the polynomial as RFC 3720 writes it. */
uint32_t naive_crc(const uint8_t *data, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len * 8; i++) {
		bool bit = (data[i / 8] >> i % 8 & 1) ^ (crc >> 31);

		crc = crc << 1 ^ (bit ? 0x1edc6f41 : 0);
	}
	uint32_t turned = 0;

	for (int i = 0; i < 32; i++)
		turned |= (crc >> i & 1) << (31 - i);
	return ~turned;
}

/* Both slots, and the length of a file that has all its data. */
struct disk {
	rc_key key = some;
	std::vector<uint8_t> slots = std::vector<uint8_t>(RC_SLOTS);
	std::vector<uint64_t> bits = std::vector<uint64_t>(496);
	uint64_t length = RC_DATA + 200000;
	rc_header header = {};

	void write(uint64_t sequence, uint64_t word, uint64_t last_use = 77)
	{
		bits[0] = word;
		rc_header_write(&slots[sequence % 2 * RC_SLOT], &key, sequence, last_use, bits.data());
		rc_header_seal(&slots[sequence % 2 * RC_SLOT]);
	}

	rc_header_says read()
	{
		header = {};
		return rc_header_read(slots.data(), &key, length, &header);
	}

	/* As an attacker or a later format would have it: the sum is right. */
	void seal(int slot)
	{
		uint8_t *at = &slots[slot * RC_SLOT];
		uint32_t crc = naive_crc(at, 4092);

		for (int i = 0; i < 4; i++)
			at[4092 + i] = crc >> 8 * i;
	}
};

} // namespace

TEST(CacheNames, AName)
{
	std::string name = name_of(some);

	EXPECT_EQ(name, "f0010200000000000000000000000000" "8877665544332211" "0900000000000000"
			"0300000000000000" "400d030000000000" "ffffffffffffffff" "ffc99a3b00000000");
	EXPECT_EQ(name.size(), RC_NAME_LEN);
}

TEST(CacheNames, BothWays)
{
	rnd::seeds(3000, [&](rnd::generator &from, uint64_t) {
		rc_key key = any_key(from), found;

		ASSERT_TRUE(parses(key, name_of(key), found));
		ASSERT_TRUE(rc_key_equal(&key, &found));
		ASSERT_TRUE(!std::memcmp(&key, &found, sizeof(key)));
	});
}

TEST(CacheNames, NotOurs)
{
	std::string name = name_of(some);
	rc_key found = {};

	for (size_t i = 0; i < name.size(); i++)
		for (char c : { 'g', 'A', 'F', '/', ':', '@', '`', '\0', '.', '-', ' ' }) {
			std::string other = name;

			other[i] = c;
			EXPECT_FALSE(parses(some, other, found)) << i << c;
		}
	EXPECT_FALSE(parses(some, name + "0", found));
	EXPECT_FALSE(parses(some, name.substr(1), found));
	EXPECT_FALSE(parses(some, "", found));
	EXPECT_FALSE(rc_name_parse(rc_bucket(&some) ^ 1, name.data(), name.size(), &found))
		<< "in another one's directory";
	EXPECT_EQ(found.version, 0u) << "it was touched";
	std::string zero(RC_NAME_LEN, '0');
	for (int bucket = 0; bucket < 256; bucket++)
		EXPECT_FALSE(rc_name_parse(bucket, zero.data(), zero.size(), &found));
}

/* What may not be cached has no name, and such a name is not ours. */
TEST(CacheNames, NoSuchKey)
{
	rc_key key = some, found;
	std::string name = name_of(some), no_identity = "00" "0000" + name.substr(6);

	memset(key.identity, 0, 16);
	EXPECT_EQ(name_of(key), "");
	EXPECT_FALSE(rc_name_parse(rc_bucket(&key), no_identity.data(), RC_NAME_LEN, &found));
	for (auto change : std::vector<void (*)(rc_key &)> {
		     [](rc_key &k) { k.version = 0; }, [](rc_key &k) { k.size = 0; },
		     [](rc_key &k) { k.size = RC_FILE_MAX + 1; },
		     [](rc_key &k) { k.mtime_nsec = 1000000000; } }) {
		key = some;
		change(key);
		EXPECT_FALSE(rc_key_valid(&key));
		EXPECT_EQ(name_of(key), "");
		EXPECT_EQ(rc_object_words(&key), 0u);
	}
	std::string version = name;
	version[64] = '0', version[65] = '0';
	EXPECT_FALSE(parses(some, version, found));
	std::string size = name;
	size.replace(80, 16, "0000000000000000");
	EXPECT_FALSE(parses(some, size, found));
	size.replace(80, 16, "00000000000000ff");
	EXPECT_FALSE(parses(some, size, found));
}

TEST(CacheNames, Buckets)
{
	std::set<int> met;
	char name[RC_BUCKET_LEN + 1];

	for (int i = 0; i < 256; i++) {
		rc_bucket_name(i, name);
		EXPECT_EQ(rc_bucket_parse(name, strlen(name)), i);
	}
	for (const char *other : { "", "0", "000", "0g", "A0", "..", "lock", "-1" })
		EXPECT_EQ(rc_bucket_parse(other, strlen(other)), -1) << other;
	rc_key key = some, other = some;
	for (key.path = 0; key.path < 4096; key.path++)
		met.insert(rc_bucket(&key));
	EXPECT_EQ(met.size(), 256u);
	other.version++, other.size++, other.generation++, other.mtime_sec++;
	EXPECT_EQ(rc_bucket(&some), rc_bucket(&other)) << "versions of a file are in one";
	EXPECT_TRUE(rc_key_same_file(&some, &other));
	EXPECT_FALSE(rc_key_equal(&some, &other));
	other.path++;
	EXPECT_FALSE(rc_key_same_file(&some, &other));
	other = some;
	other.identity[15] ^= 1;
	EXPECT_FALSE(rc_key_same_file(&some, &other));
}

TEST(CacheNames, EachFieldCounts)
{
	for (auto change : std::vector<void (*)(rc_key &)> {
		     [](rc_key &k) { k.identity[9]++; }, [](rc_key &k) { k.path++; },
		     [](rc_key &k) { k.generation++; }, [](rc_key &k) { k.version++; },
		     [](rc_key &k) { k.size++; }, [](rc_key &k) { k.mtime_sec++; },
		     [](rc_key &k) { k.mtime_nsec--; } }) {
		rc_key key = some;

		change(key);
		EXPECT_FALSE(rc_key_equal(&key, &some));
		EXPECT_NE(name_of(key), name_of(some));
	}
}

TEST(CacheHeader, Granules)
{
	uint64_t most = uint64_t(RC_GRANULES_MAX) << 16;

	EXPECT_EQ(rc_shift(0), 0u);
	EXPECT_EQ(rc_shift(1), 16u);
	EXPECT_EQ(rc_granules(1), 1u);
	EXPECT_EQ(rc_granules(65536), 1u);
	EXPECT_EQ(rc_granules(65537), 2u);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(rc_shift(most << i), 16u + i);
		EXPECT_EQ(rc_granules(most << i), RC_GRANULES_MAX);
		EXPECT_EQ(rc_shift((most << i) + 1), 17u + i);
		EXPECT_EQ(rc_granules((most << i) + 1), RC_GRANULES_MAX / 2 + 1);
	}
	EXPECT_EQ(rc_shift(RC_FILE_MAX), RC_SHIFT_MAX);
	EXPECT_EQ(rc_shift(RC_FILE_MAX + 1), 0u);
	EXPECT_EQ(rc_granules(RC_FILE_MAX + 1), 0u);
	EXPECT_EQ(rc_shift(~0ull), 0u);
}

/* The format is written down: what is on disk today is read tomorrow. */
TEST(CacheHeader, Golden)
{
	disk d;
	const uint8_t *s = d.slots.data();
	uint64_t word = 5;

	rc_header_write(d.slots.data(), &some, 0x0102030405060708, 0x1112131415161718, &word);
	rc_header_seal(d.slots.data());
	EXPECT_EQ(std::string(s, s + 8), std::string("hfcache\0", 8));
	EXPECT_EQ(std::string(s + 8, s + 16), std::string("\1\0\0\0\x10\0\0\0", 8));
	std::string name = name_of(some);
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(s[16 + i], std::stoi(name.substr(2 * i, 2), nullptr, 16)) << i;
	EXPECT_EQ(std::string(s + 80, s + 88), std::string("\4\0\0\0\0\0\0\0", 8));
	EXPECT_EQ(std::string(s + 88, s + 96), "\x08\7\6\5\4\3\2\1");
	EXPECT_EQ(std::string(s + 96, s + 104), "\x18\x17\x16\x15\x14\x13\x12\x11");
	EXPECT_EQ(s[128], 5);
	for (int i = 104; i < 4092; i++)
		EXPECT_TRUE(i == 128 || !s[i]) << i;
	uint32_t crc = s[4092] | s[4093] << 8 | s[4094] << 16 | uint32_t(s[4095]) << 24;
	EXPECT_EQ(crc, naive_crc(s, 4092));
	const uint8_t check[] = "123456789";
	EXPECT_EQ(naive_crc(check, 9), 0xe3069283u) << "RFC 3720's polynomial";
}

TEST(CacheHeader, TheNewerOne)
{
	disk d;

	EXPECT_EQ(d.read(), RC_HEADER_NONE);
	d.write(1, 1, 10);
	ASSERT_EQ(d.read(), RC_HEADER_GOOD);
	EXPECT_EQ(d.header.sequence, 1u);
	d.write(2, 3, 20);
	ASSERT_EQ(d.read(), RC_HEADER_GOOD);
	EXPECT_EQ(d.header.sequence, 2u);
	EXPECT_EQ(d.header.last_use, 20u);
	EXPECT_EQ(d.header.bits[0], 3);
	d.write(3, 7, 30);
	ASSERT_EQ(d.read(), RC_HEADER_GOOD);
	EXPECT_EQ(d.header.sequence, 3u);
	d.slots[RC_SLOT + 200] ^= 1;
	ASSERT_EQ(d.read(), RC_HEADER_GOOD);
	EXPECT_EQ(d.header.sequence, 2u) << "the other one was torn";
}

/* There is one after it always: none is the last. */
TEST(CacheHeader, TheLastSequence)
{
	disk d;

	d.write(RC_SEQUENCE_MAX + 1, 1);
	EXPECT_EQ(d.read(), RC_HEADER_NONE) << "what comes next would be no header's";
	d.write(RC_SEQUENCE_MAX, 1);
	EXPECT_EQ(d.read(), RC_HEADER_GOOD);
	EXPECT_EQ(d.header.sequence, RC_SEQUENCE_MAX);
}

TEST(CacheHeader, NotSealed)
{
	disk d;

	rc_header_write(&d.slots[RC_SLOT], &d.key, 1, 77, d.bits.data());
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
	rc_header_seal(&d.slots[RC_SLOT]);
	EXPECT_EQ(d.read(), RC_HEADER_GOOD);
}

/* Any bit that is wrong, whatever it means. */
TEST(CacheHeader, EachBitCounts)
{
	disk d;

	d.write(1, 15);
	for (size_t i = RC_SLOT; i < RC_SLOTS; i++)
		for (int bit = 0; bit < 8; bit += i % 3 ? 7 : 1) {
			d.slots[i] ^= 1 << bit;
			ASSERT_EQ(d.read(), RC_HEADER_NONE) << i;
			d.slots[i] ^= 1 << bit;
		}
	EXPECT_EQ(d.read(), RC_HEADER_GOOD);
}

/* And with the sum made right: there is one encoding, of this key. */
TEST(CacheHeader, SealedAnew)
{
	disk d;
	int believed = 0;

	d.write(1, 1);
	for (size_t i = 0; i < 4092; i++)
		for (int bit = 0; bit < 8; bit++) {
			d.slots[RC_SLOT + i] ^= 1 << bit;
			d.seal(1);
			if (d.read() == RC_HEADER_GOOD) {
				/* Its sequence, odd still; its last use; bits of four granules. */
				EXPECT_TRUE((i >= 88 && i < 104) || (i == 128 && bit < 4)) << i;
				EXPECT_EQ(d.header.sequence % 2, 1u);
				believed++;
			}
			d.slots[RC_SLOT + i] ^= 1 << bit;
		}
	EXPECT_EQ(believed, 63 + 64 + 4);
}

TEST(CacheHeader, AnotherKey)
{
	disk d;

	d.write(1, 15);
	d.key.version++;
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
	d.key = some;
	d.key.identity[0]++;
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
	d.key = some;
	d.key.mtime_nsec--;
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
	d.key.version = 0;
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
}

/* In the other slot it would be of another time. */
TEST(CacheHeader, InTheOtherSlot)
{
	disk d;

	d.write(1, 15);
	std::copy_n(d.slots.begin() + RC_SLOT, RC_SLOT, d.slots.begin());
	std::fill(d.slots.begin() + RC_SLOT, d.slots.end(), 0);
	EXPECT_EQ(d.read(), RC_HEADER_NONE);
}

/* 200,000 bytes are three granules and 3,392 bytes. */
TEST(CacheHeader, BehindTheEnd)
{
	disk d;

	for (uint64_t word = 0; word < 16; word++) {
		uint64_t need = word & 8 ? 200000 : word & 4 ? 3 * 65536 : word & 2 ? 2 * 65536 : word ? 65536 : 0;

		d.write(1, word);
		d.length = word ? RC_DATA + need : 0;
		EXPECT_EQ(d.read(), RC_HEADER_GOOD) << word;
		if (word) {
			d.length--;
			EXPECT_EQ(d.read(), RC_HEADER_BEHIND) << word;
		}
	}
	d.length = RC_DATA + 65536;
	d.write(1, 1);
	d.write(2, 3);
	EXPECT_EQ(d.read(), RC_HEADER_BEHIND) << "the older one is not believed instead";
}

/* Any bits, any size, up to the last granule there can be. */
TEST(CacheHeader, BothWays)
{
	rnd::seeds(300, [&](rnd::generator &from, uint64_t) {
		disk d;

		d.key = any_key(from);
		if (from.pick(3))
			d.key.size = 1 + from.bits() % (uint64_t(RC_GRANULES_MAX) << 16);
		uint32_t n = rc_granules(d.key.size), last = 0;
		std::vector<bool> set(n);
		uint64_t sequence = 1 + from.bits() / 2;

		for (uint32_t g = 0; g < n; g++)
			if (!from.pick(1 + n / 10)) {
				set[g] = true;
				last = g + 1;
				d.bits[g / 64] |= 1ull << g % 64;
			}
		rc_header_write(&d.slots[sequence % 2 * RC_SLOT], &d.key, sequence, 1, d.bits.data());
		rc_header_seal(&d.slots[sequence % 2 * RC_SLOT]);
		d.length = RC_DATA + std::min<uint64_t>(uint64_t(last) << rc_shift(d.key.size), d.key.size);
		ASSERT_EQ(d.read(), RC_HEADER_GOOD);
		ASSERT_EQ(d.header.sequence, sequence);
		for (uint32_t g = 0; g < n; g++)
			ASSERT_EQ(bool(d.header.bits[g / 8] >> g % 8 & 1), bool(set[g])) << g;
		if (last) {
			d.length--;
			ASSERT_EQ(d.read(), RC_HEADER_BEHIND);
			d.length++;
		}
		/* A bit behind the last granule, sealed. */
		if (n < RC_GRANULES_MAX) {
			d.slots[sequence % 2 * RC_SLOT + 128 + n / 8] |= 1 << n % 8;
			d.seal(sequence % 2);
			d.length = ~0ull;
			ASSERT_EQ(d.read(), RC_HEADER_NONE);
		}
	});
}
