// SPDX-License-Identifier: GPL-2.0-only
/*
 * A version of a file, and what its object is called: the key's eight words in hex digits,
 * each byte by byte, the lowest first, in small letters.  So a name says all of its key,
 * and a key has one name.  It is in one of 256 directories, by FNV-1a of what names the
 * file, so that the versions of one are in one.
 */
#include "cache.hpp"

namespace rc {

namespace {

constexpr char digits[] = "0123456789abcdef";

int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void put_hex(char *to, uint8_t byte)
{
	to[0] = digits[byte >> 4];
	to[1] = digits[byte & 15];
}

/* The two digits of a byte; -1: they are none. */
int get_hex(const char *from)
{
	int high = value_of(from[0]), low = value_of(from[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int compare_file(const rc_key &a, const rc_key &b)
{
	if (a.path != b.path)
		return a.path < b.path ? -1 : 1;
	for (int i = 0; i < 16; i++)
		if (a.identity[i] != b.identity[i])
			return a.identity[i] < b.identity[i] ? -1 : 1;
	return 0;
}

bool is_known(const uint8_t *identity)
{
	uint8_t any = 0;

	for (int i = 0; i < 16; i++)
		any |= identity[i];
	return any;
}

} // namespace

void encode(const rc_key &key, uint8_t *to)
{
	for (int i = 0; i < 16; i++)
		to[i] = key.identity[i];
	put(to + 16, key.path, 8);
	put(to + 24, key.generation, 8);
	put(to + 32, key.version, 8);
	put(to + 40, key.size, 8);
	put(to + 48, static_cast<uint64_t>(key.mtime_sec), 8);
	put(to + 56, key.mtime_nsec, 8);
}

void decode(const uint8_t *from, rc_key &key)
{
	for (int i = 0; i < 16; i++)
		key.identity[i] = from[i];
	key.path = get(from + 16, 8);
	key.generation = get(from + 24, 8);
	key.version = get(from + 32, 8);
	key.size = get(from + 40, 8);
	key.mtime_sec = static_cast<int64_t>(get(from + 48, 8));
	key.mtime_nsec = get(from + 56, 8);
}

int compare(const rc_key &a, const rc_key &b)
{
	if (int file = compare_file(a, b))
		return file;
	if (a.generation != b.generation)
		return a.generation < b.generation ? -1 : 1;
	if (a.version != b.version)
		return a.version < b.version ? -1 : 1;
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	if (a.mtime_sec != b.mtime_sec)
		return a.mtime_sec < b.mtime_sec ? -1 : 1;
	if (a.mtime_nsec != b.mtime_nsec)
		return a.mtime_nsec < b.mtime_nsec ? -1 : 1;
	return 0;
}

} // namespace rc

bool rc_key_valid(const struct rc_key *key)
{
	return rc::is_known(key->identity) && key->version && key->size &&
	       key->size <= RC_FILE_MAX && key->mtime_nsec < 1000000000;
}

bool rc_key_equal(const struct rc_key *a, const struct rc_key *b)
{
	return !rc::compare(*a, *b);
}

bool rc_key_same_file(const struct rc_key *a, const struct rc_key *b)
{
	return !rc::compare_file(*a, *b);
}

bool rc_name(const struct rc_key *key, char name[RC_NAME_LEN + 1])
{
	uint8_t bytes[rc::key_bytes];

	if (!rc_key_valid(key))
		return false;
	rc::encode(*key, bytes);
	for (unsigned int i = 0; i < rc::key_bytes; i++)
		rc::put_hex(name + 2 * i, bytes[i]);
	name[RC_NAME_LEN] = 0;
	return true;
}

uint8_t rc_bucket(const struct rc_key *key)
{
	uint8_t bytes[rc::key_bytes];
	uint32_t hash = 2166136261;

	rc::encode(*key, bytes);
	for (int i = 0; i < 24; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return static_cast<uint8_t>(hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24);
}

void rc_bucket_name(uint8_t bucket, char name[RC_BUCKET_LEN + 1])
{
	rc::put_hex(name, bucket);
	name[RC_BUCKET_LEN] = 0;
}

int rc_bucket_parse(const char *name, size_t len)
{
	return len == RC_BUCKET_LEN ? rc::get_hex(name) : -1;
}

bool rc_name_parse(uint8_t bucket, const char *name, size_t len, struct rc_key *key)
{
	uint8_t bytes[rc::key_bytes];
	rc_key found;

	if (len != RC_NAME_LEN)
		return false;
	for (unsigned int i = 0; i < rc::key_bytes; i++) {
		int byte = rc::get_hex(name + 2 * i);

		if (byte < 0)
			return false;
		bytes[i] = static_cast<uint8_t>(byte);
	}
	rc::decode(bytes, found);
	if (!rc_key_valid(&found) || rc_bucket(&found) != bucket)
		return false;
	*key = found;
	return true;
}
