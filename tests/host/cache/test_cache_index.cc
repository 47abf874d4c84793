// SPDX-License-Identifier: GPL-2.0-only
/* The index of the cache's objects, rule by rule. */
#include <gtest/gtest.h>

#include "netfs_core.h"

namespace {

rc_key key_of(uint64_t path, uint64_t version)
{
	return { { 1 }, path, 0, version, 100, 0, 0 };
}

/* Bytes are told in these: RC_FILL_MAX is 32. */
constexpr uint64_t U = 32768;

struct CacheIndex : testing::Test {
	rc_index index;
	rc_entry entries[16] = {};
	int object = 0, next = 0;
	uint64_t wall = 1000;

	CacheIndex()
	{
		rc_limits limits = { { 50 * U, 100 * U, 150 * U }, { 4, 8, 10 } };

		EXPECT_TRUE(rc_index_init(&index, &limits));
	}

	~CacheIndex()
	{
		const char *why = rc_index_validate(&index);

		EXPECT_EQ(why, nullptr) << why;
	}

	rc_found open(uint64_t path, uint64_t version, rc_entry **entry)
	{
		rc_key key = key_of(path, version);

		return rc_index_open(&index, &key, &entries[next++], &object, entry);
	}

	/* One that is there, and idle, so large. */
	rc_entry *made(uint64_t path, uint64_t bytes, uint64_t version = 1)
	{
		rc_entry *entry;

		EXPECT_LE(open(path, version, &entry), RC_FOUND_MAYBE);
		EXPECT_TRUE(rc_index_close(&index, entry, bytes * U, ++wall));
		return entry;
	}
};

} // namespace

TEST_F(CacheIndex, Limits)
{
	rc_mark good = { 1, 2, 2 + RC_FILL_MAX }, few = { 1, 2, 3 };
	rc_limits limits = { good, few };

	EXPECT_TRUE(rc_limits_valid(&limits));
	for (rc_mark bad : { rc_mark { 0, 1, 1 << 30 }, { 2, 1, 1 << 30 }, { 1, 3, 2 }, { 0, 0, 0 },
			     { 1, 1, 1 << 30 }, { 1, 2, 2 } }) {
		limits = { bad, few };
		rc_limits other = { good, bad };

		EXPECT_FALSE(rc_limits_valid(&limits));
		EXPECT_FALSE(rc_index_limit(&index, &other));
		EXPECT_FALSE(rc_index_init(&index, &limits));
	}
	good.stop--;
	limits = { good, few };
	EXPECT_FALSE(rc_limits_valid(&limits)) << "a fill is refused, and nothing is culled";
	EXPECT_EQ(index.limits.bytes.stop, 150 * U);
}

/* What was refused is welcome when the victims have left. */
TEST_F(CacheIndex, NotForEver)
{
	rc_entry *entry, *other;

	for (int i = 0; i < 2; i++)
		made(i, 50);
	open(9, 1, &entry);
	EXPECT_TRUE(rc_index_take(&index, entry, 19 * U));
	EXPECT_FALSE(rc_index_take(&index, entry, RC_FILL_MAX));
	while ((other = rc_index_victim(&index)))
		EXPECT_TRUE(rc_index_left(&index, other, true));
	EXPECT_TRUE(rc_index_take(&index, entry, RC_FILL_MAX));
}

/* A refusal wants room, however little that is above the mark. */
TEST_F(CacheIndex, ARefusalBeginsIt)
{
	rc_entry *old = made(1, 60), *entry;

	open(9, 1, &entry);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_FALSE(rc_index_take(&index, entry, 91 * U)) << "of no use to anybody, but asked for";
	EXPECT_EQ(rc_index_victim(&index), old);
}

TEST_F(CacheIndex, OpenCloseOpen)
{
	rc_entry *entry, *again;

	EXPECT_EQ(open(1, 1, &entry), RC_FOUND_MAYBE) << "nobody has looked yet";
	rc_index_scanned(&index);
	EXPECT_EQ(open(2, 1, &again), RC_FOUND_NEW);
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_SHARED);
	EXPECT_EQ(again, entry);
	EXPECT_EQ(again->object, &object);
	EXPECT_TRUE(rc_index_close(&index, entry, 10 * U, wall));
	EXPECT_FALSE(rc_index_close(&index, entry, 10 * U, wall)) << "twice";
	EXPECT_EQ(open(1, 1, &again), RC_FOUND);
	EXPECT_EQ(again, entry);
	EXPECT_EQ(index.bytes, 10 * U);
	EXPECT_EQ(index.used, 2u);
}

TEST_F(CacheIndex, NoSuchKey)
{
	rc_key key = key_of(1, 0);
	rc_entry *entry = entries;

	EXPECT_EQ(rc_index_open(&index, &key, entries, &object, &entry), RC_FOUND_INVALID);
	EXPECT_EQ(entry, nullptr);
	EXPECT_FALSE(rc_index_scan(&index, entries, &key, true, 1, 1, 1));
	key = key_of(1, 1);
	EXPECT_EQ(rc_index_open(&index, &key, entries, nullptr, &entry), RC_FOUND_INVALID);
}

TEST_F(CacheIndex, TheOldestGoes)
{
	rc_entry *a = made(1, 40), *b = made(2, 40), *c = made(3, 40), *again;

	EXPECT_EQ(open(1, 1, &again), RC_FOUND);
	EXPECT_TRUE(rc_index_close(&index, a, 40 * U, ++wall)) << "it is the youngest now";
	EXPECT_EQ(rc_index_victim(&index), b) << "120 are more than 100";
	EXPECT_EQ(rc_index_victim(&index), c) << "80 are more than 50";
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "40 are not; these two are leaving";
	EXPECT_EQ(open(2, 1, &again), RC_FOUND_BUSY);
	EXPECT_TRUE(rc_index_left(&index, b, true));
	EXPECT_FALSE(rc_index_left(&index, b, true)) << "twice";
	EXPECT_TRUE(rc_index_left(&index, c, true));
	EXPECT_EQ(index.bytes, 40 * U);
	EXPECT_LE(open(2, 1, &again), RC_FOUND_MAYBE);
}

/* What is between the marks stays until it is too much again. */
TEST_F(CacheIndex, Hysteresis)
{
	rc_entry *a;

	for (int i = 0; i < 5; i++)
		made(i, 19);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	made(9, 19);
	for (int i = 0; i < 4; i++) {
		a = rc_index_victim(&index);
		ASSERT_NE(a, nullptr) << i;
		EXPECT_TRUE(rc_index_left(&index, a, true));
	}
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_EQ(index.bytes, 38 * U);
	made(10, 50);
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "88";
}

TEST_F(CacheIndex, TooManyObjects)
{
	rc_entry *entry;

	for (int i = 0; i < 9; i++)
		made(i, 1);
	EXPECT_NE(entry = rc_index_victim(&index), nullptr);
	EXPECT_EQ(entry->key.path, 0u);
	made(9, 1);
	EXPECT_EQ(open(10, 1, &entry), RC_FOUND_STOP) << "what leaves is there still";
	EXPECT_EQ(entry, nullptr);
	EXPECT_EQ(open(9, 1, &entry), RC_FOUND) << "what is there may be read";
}

/* Who uses all of it is not even looked at. */
TEST_F(CacheIndex, InUse)
{
	rc_entry *a, *b;

	open(1, 1, &a);
	open(2, 1, &b);
	EXPECT_TRUE(rc_index_take(&index, a, 70 * U));
	EXPECT_TRUE(rc_index_take(&index, b, 70 * U));
	EXPECT_FALSE(rc_index_take(&index, b, 11 * U)) << "150 is the end";
	EXPECT_TRUE(rc_index_take(&index, b, 10 * U));
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_TRUE(rc_index_give(&index, b, 80 * U, true));
	EXPECT_TRUE(rc_index_bytes(&index, b, 20 * U));
	EXPECT_EQ(index.bytes, 90 * U);
	EXPECT_TRUE(rc_index_close(&index, a, 70 * U, wall));
	EXPECT_EQ(rc_index_victim(&index), a) << "it was culling before";
	EXPECT_FALSE(rc_index_take(&index, a, 1 * U)) << "not in use";
	EXPECT_FALSE(rc_index_bytes(&index, a, 1 * U));
}

/* A fill that has missed leaves nothing behind. */
TEST_F(CacheIndex, GivenBack)
{
	rc_entry *a, *again;

	open(1, 1, &a);
	for (int i = 0; i < 100; i++) {
		ASSERT_TRUE(rc_index_take(&index, a, 100 * U));
		ASSERT_TRUE(rc_index_give(&index, a, 100 * U, false));
	}
	EXPECT_EQ(index.bytes, 0u);
	EXPECT_TRUE(rc_index_take(&index, a, 100 * U));
	EXPECT_TRUE(rc_index_take(&index, a, 40 * U));
	EXPECT_TRUE(rc_index_give(&index, a, 100 * U, true));
	EXPECT_TRUE(rc_index_bytes(&index, a, 90 * U)) << "stat knows nothing of the other fill";
	EXPECT_FALSE(rc_index_take(&index, a, 32 * U));
	EXPECT_FALSE(rc_index_give(&index, a, 41 * U, false)) << "it was not taken";
	EXPECT_TRUE(rc_index_give(&index, a, 40 * U, false));
	EXPECT_EQ(index.bytes, 90 * U);
	EXPECT_TRUE(rc_index_take(&index, a, 1));
	EXPECT_TRUE(rc_index_close(&index, a, 90 * U, wall));
	EXPECT_FALSE(rc_index_give(&index, a, 1, false));
	EXPECT_EQ(index.bytes, 90 * U);
	EXPECT_EQ(open(1, 1, &again), RC_FOUND);
	EXPECT_TRUE(rc_index_take(&index, a, 1));
	EXPECT_TRUE(rc_index_drop(&index, a));
	EXPECT_EQ(index.bytes, 0u);
}

TEST_F(CacheIndex, OutdatedGoesAtOnce)
{
	rc_entry *old = made(1, 10, 7), *other = made(2, 10), *now;

	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_EQ(open(1, 8, &now), RC_FOUND_MAYBE);
	EXPECT_TRUE(old->outdated);
	EXPECT_EQ(rc_index_victim(&index), old);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_FALSE(other->outdated);
}

/* In use it stays; then it goes. */
TEST_F(CacheIndex, OutdatedInUse)
{
	rc_entry *old, *now;

	open(1, 7, &old);
	open(1, 8, &now);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_TRUE(rc_index_close(&index, old, 10 * U, wall));
	EXPECT_EQ(rc_index_victim(&index), old);
	EXPECT_TRUE(rc_index_left(&index, old, true));
	EXPECT_EQ(open(1, 8, &now), RC_FOUND_SHARED);
}

/* The version came back: then the other one is outdated. */
TEST_F(CacheIndex, ComesBack)
{
	rc_entry *old = made(1, 10, 7), *now, *again;

	open(1, 8, &now);
	EXPECT_EQ(open(1, 7, &again), RC_FOUND);
	EXPECT_EQ(again, old);
	EXPECT_FALSE(old->outdated);
	EXPECT_TRUE(now->outdated);
	EXPECT_EQ(open(1, 8, &again), RC_FOUND_SHARED);
	EXPECT_TRUE(old->outdated);
	EXPECT_FALSE(now->outdated);
}

TEST_F(CacheIndex, Doomed)
{
	rc_entry *entry, *again;

	open(1, 1, &entry);
	EXPECT_TRUE(rc_index_doom(&index, entry));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY);
	EXPECT_TRUE(rc_index_close(&index, entry, 10 * U, wall));
	EXPECT_FALSE(rc_index_doom(&index, entry)) << "not in use";
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY);
	EXPECT_EQ(rc_index_victim(&index), entry);
	EXPECT_TRUE(rc_index_left(&index, entry, true));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_MAYBE);
}

TEST_F(CacheIndex, CouldNotBeRemoved)
{
	rc_entry *a = made(1, 60), *b = made(2, 60), *again;

	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(rc_index_victim(&index), b) << "another one first";
	EXPECT_TRUE(rc_index_left(&index, b, false));
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "not the same two again and again";
	EXPECT_EQ(open(1, 1, &again), RC_FOUND) << "its data are good";
	EXPECT_EQ(index.stuck, 1u);
	EXPECT_TRUE(rc_index_doom(&index, a));
	EXPECT_TRUE(rc_index_close(&index, a, 60 * U, wall));
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY) << "it is doomed still";
	rc_index_retry(&index);
	EXPECT_EQ(rc_index_victim(&index), a) << "60 are more than 50, and it is waste";
	EXPECT_EQ(rc_index_victim(&index), b);
	EXPECT_TRUE(rc_index_left(&index, b, true));
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "once";
}

/* With room enough it is tried again all the same: nobody can open that version before. */
TEST_F(CacheIndex, StuckAndDoomed)
{
	rc_entry *a, *other = made(2, 10), *again;

	open(1, 1, &a);
	EXPECT_TRUE(rc_index_doom(&index, a));
	EXPECT_TRUE(rc_index_close(&index, a, 10 * U, wall));
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	rc_index_retry(&index);
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, true));
	EXPECT_EQ(index.stuck, 0u);
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_MAYBE);
	EXPECT_FALSE(other->outdated);
}

/* What cannot be removed stands in the way of no other. */
TEST_F(CacheIndex, StuckIsTheLast)
{
	rc_entry *a, *b, *c;

	open(1, 1, &a);
	EXPECT_TRUE(rc_index_doom(&index, a));
	EXPECT_TRUE(rc_index_close(&index, a, 10 * U, wall));
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	rc_index_retry(&index);
	b = made(2, 60), c = made(3, 60);
	EXPECT_EQ(rc_index_victim(&index), b);
	EXPECT_EQ(rc_index_victim(&index), c) << "70 are more than 50";
	EXPECT_EQ(rc_index_victim(&index), a);
}

/* A scan finds them in any order; their headers know how old they are. */
TEST_F(CacheIndex, Scan)
{
	rc_key keys[] = { key_of(1, 1), key_of(2, 1), key_of(3, 1), key_of(1, 2) };
	uint64_t used[] = { 30, 20, 5000, 25 };
	rc_entry *again;

	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(rc_index_scan(&index, &entries[i], &keys[i], true, 40 * U, used[i], 900));
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &keys[0], true, 40, 1, 900)) << "it is there";
	EXPECT_EQ(entries[2].last_use, 900u) << "nothing was used tomorrow";
	rc_index_scanned(&index);
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &keys[0], true, 40, 1, 900)) << "it is over";
	EXPECT_EQ(rc_index_victim(&index), &entries[3]) << "the older version of a file";
	EXPECT_EQ(rc_index_victim(&index), &entries[1]);
	EXPECT_EQ(rc_index_victim(&index), &entries[0]);
	next = 10;
	EXPECT_EQ(open(3, 1, &again), RC_FOUND);
}

/* A header that is not believed: a victim removes it, and no other version is touched. */
TEST_F(CacheIndex, ScanDoesNotBelieve)
{
	rc_key good = key_of(1, 7), bad = key_of(1, 8);
	rc_entry *entry;

	EXPECT_TRUE(rc_index_scan(&index, &entries[9], &good, true, 10, 20, 900));
	EXPECT_TRUE(rc_index_scan(&index, &entries[10], &bad, false, 10, 30, 900));
	EXPECT_EQ(open(1, 8, &entry), RC_FOUND_BUSY) << "it is to be unlinked";
	EXPECT_EQ(rc_index_victim(&index), &entries[10]);
	EXPECT_EQ(open(1, 8, &entry), RC_FOUND_BUSY);
	EXPECT_TRUE(rc_index_left(&index, &entries[10], true));
	EXPECT_FALSE(entries[9].outdated);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_EQ(open(1, 8, &entry), RC_FOUND_MAYBE);
	EXPECT_FALSE(rc_index_scan(&index, &entries[12], &bad, false, 10, 30, 900))
		<< "it was made since its header was read";
	EXPECT_FALSE(entry->doomed);
}

/* What is opened before the scan comes to it. */
TEST_F(CacheIndex, ScanMeetsWhatIsUsed)
{
	rc_key key = key_of(1, 7), older = key_of(1, 6);
	rc_entry *entry;

	EXPECT_EQ(open(1, 7, &entry), RC_FOUND_MAYBE);
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &key, true, 10, 1, 900));
	EXPECT_TRUE(rc_index_scan(&index, &entries[9], &older, true, 10, 899, 900));
	EXPECT_EQ(rc_index_victim(&index), &entries[9]);
	EXPECT_FALSE(entry->outdated);
}

/* The clock goes back: what was closed last is the youngest all the same. */
TEST_F(CacheIndex, TheClockGoesBack)
{
	rc_entry *a = made(1, 60), *b;

	wall = 10;
	b = made(2, 60);
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_EQ(rc_index_victim(&index), b);
}

TEST_F(CacheIndex, DropAndPop)
{
	rc_entry *entry, *other = made(2, 10);

	open(1, 1, &entry);
	EXPECT_TRUE(rc_index_drop(&index, entry));
	EXPECT_FALSE(rc_index_drop(&index, entry));
	EXPECT_EQ(index.objects, 1u);
	EXPECT_EQ(rc_index_pop(&index), other);
	EXPECT_EQ(rc_index_pop(&index), nullptr);
	EXPECT_EQ(index.objects, 0u);
	EXPECT_EQ(index.bytes, 0 * U);
}
