// SPDX-License-Identifier: GPL-2.0-only
/* An object of the cache, rule by rule: how it begins and ends, fills, reads. */
#include "one_object.hpp"

extern "C" const char *cache_from_c(void);

namespace {

using CacheObject = one_object;

} // namespace

TEST_F(CacheObject, FromC)
{
	const char *why = cache_from_c();

	EXPECT_EQ(why, nullptr) << why;
}

TEST_F(CacheObject, Memory)
{
	EXPECT_EQ(rc_object_words(&key), 0u);
	key.size = 64 * G;
	EXPECT_EQ(rc_object_words(&key), 0u);
	key.size++;
	EXPECT_EQ(rc_object_words(&key), RC_MAPS * 2u);
	EXPECT_FALSE(rc_object_init(&o, &key, changed, now, nullptr, false, now, wall));
	key.size = RC_FILE_MAX;
	EXPECT_EQ(rc_object_words(&key), RC_MAPS * 495u);
	key.version = 0;
	EXPECT_FALSE(rc_object_init(&o, &key, changed, now, bits.data(), false, now, wall));
}

/* What is here is read from here, up to where it is not. */
TEST_F(CacheObject, AFile)
{
	ready();
	have(0, 2 * G);
	rc_run run = rc_read_plan(&o, 100, 10 * G);
	EXPECT_TRUE(run.cache && !run.vouched);
	EXPECT_EQ(run.len, 2 * G - 100);
	EXPECT_EQ(run.data, run.len);
	run = rc_read_plan(&o, 2 * G, 10 * G);
	EXPECT_FALSE(run.cache);
	EXPECT_EQ(run.len, 10 * G) << "all that is not there";
	EXPECT_EQ(run.data, 0);
}

TEST_F(CacheObject, TheTail)
{
	ready();
	have(4 * G, 5 * G + 1000);
	rc_run run = rc_read_plan(&o, 5 * G, 4096);
	EXPECT_TRUE(run.cache);
	EXPECT_EQ(run.len, 4096);
	EXPECT_EQ(run.data, 1000) << "behind the end of the file";
	EXPECT_FALSE(rc_read_plan(&o, 5 * G + 1000, 4096).cache) << "the server says whether it ends";
	EXPECT_FALSE(rc_read_plan(&o, -1, 4096).len);
	EXPECT_FALSE(rc_read_plan(&o, 0, -5).len);
	run = rc_read_plan(&o, 5 * G + 999, RL_SIZE_MAX - 5 * G - 999);
	EXPECT_TRUE(run.cache);
	EXPECT_EQ(run.data, 1);
	run = rc_read_plan(&o, 5 * G, RL_SIZE_MAX);
	EXPECT_EQ(run.len, RL_SIZE_MAX - 5 * G) << "no place is behind that";
	EXPECT_EQ(run.data, 1000);
	EXPECT_EQ(rc_read_plan(&o, 6 * G, RL_SIZE_MAX).len, RL_SIZE_MAX - 6 * G);
	EXPECT_FALSE(rc_read_begin(&o, 5 * G, RL_SIZE_MAX, &run));
}

/* Only whole granules; the file's last one is as long as it is. */
TEST_F(CacheObject, WholeGranules)
{
	ready();
	EXPECT_EQ(came(100, 2 * G), (bytes { G, 2 * G }));
	EXPECT_EQ(came(4 * G, RL_SIZE_MAX), (bytes { 4 * G, 5 * G + 1000 }));
	EXPECT_FALSE(fill.collected);
	EXPECT_EQ(came(5 * G, 5 * G + 500), bytes {}) << "it is being filled";
	EXPECT_EQ(came(0, 6 * G), (bytes { 0, G, 2 * G, 4 * G })) << "around what is";
}

/* Windows that know nothing of granules, in order or not, make all of it. */
TEST_F(CacheObject, Windows)
{
	ready();
	EXPECT_EQ(came(0, 16384), bytes {});
	EXPECT_EQ(came(16384, 80000), (bytes { 0, G }));
	EXPECT_TRUE(fill.collected);
	EXPECT_EQ(came(200000, 3 * G + 40000), (bytes {})) << "3.05 to 3.6";
	EXPECT_EQ(came(80000, 200000), (bytes { G, 4 * G - 65536 })) << "1 to 3";
	EXPECT_EQ(came(3 * G + 40000, 4 * G), (bytes { 3 * G, 4 * G }));
}

TEST_F(CacheObject, AGapIsNotCollected)
{
	ready();
	EXPECT_EQ(came(0, 10000), bytes {});
	EXPECT_EQ(came(20000, G), bytes {});
	EXPECT_EQ(came(10000, 15000), bytes {}) << "what came last is known";
	EXPECT_EQ(came(10000, 20000), bytes {});
	EXPECT_EQ(came(0, 20000), bytes {}) << "the end was forgotten";
	EXPECT_EQ(came(20000, G), (bytes { 0, G }));
}

/* What another inode has in its page cache may be older. */
TEST_F(CacheObject, OfOneInode)
{
	ready();
	EXPECT_EQ(came(0, 30000, &inode), bytes {});
	EXPECT_EQ(came(30000, G, &other), bytes {});
	EXPECT_EQ(came(G, 2 * G, &other), (bytes { G, 2 * G })) << "a whole one at once is well";
	rc_fill_forget(&o, &other);
	EXPECT_EQ(came(30000, G, &inode), (bytes { 0, G }));
	rc_fill_forget(&o, &inode);
	EXPECT_EQ(came(2 * G, 2 * G + 5000, &other), bytes {});
	EXPECT_EQ(came(2 * G + 5000, 3 * G, &other), (bytes { 2 * G, 3 * G }));
}

/* Before the file is open it is owed. */
TEST_F(CacheObject, OwedWhileLooking)
{
	begin();
	EXPECT_EQ(came(0, 2 * G), bytes {});
	EXPECT_EQ(came(4 * G, 4 * G + 10), bytes {});
	EXPECT_FALSE(rc_fill_owed(&o, &inode, &fill)) << "not yet";
	ASSERT_EQ(rc_object_opened(&o, RC_LOOK_CREATED, nullptr), RC_OPENED_READY);
	EXPECT_FALSE(rc_fill_owed(&o, &other, &fill)) << "it has not these folios";
	ASSERT_TRUE(rc_fill_owed(&o, &inode, &fill));
	EXPECT_EQ(fill.from, 0);
	EXPECT_EQ(fill.to, 2 * G);
	EXPECT_TRUE(fill.collected);
	EXPECT_FALSE(rc_fill_owed(&o, &inode, &fill));
	EXPECT_EQ(came(4 * G + 10, 5 * G), (bytes { 4 * G, 5 * G }));
}

/* More than may be in flight is owed; the memory of folios is not its to hold. */
TEST_F(CacheObject, OwedWhileBusy)
{
	key.size = 200 * G;
	ready();
	EXPECT_EQ(came(0, 200 * G).size(), 2u * 13) << "of 16 granules each";
	for (int64_t g = 0; g < 200; g += 16)
		filled(g * G, std::min<int64_t>(200, g + 16) * G, RC_MISSED);
	for (int64_t g = 0; g < 32; g += 2)
		EXPECT_EQ(came(g * G, (g + 1) * G).size(), 2u);
	EXPECT_EQ(o.fills, RC_FILLS_MAX);
	EXPECT_EQ(came(100 * G, 140 * G), bytes {});
	EXPECT_EQ(o.owed, 40u);
	EXPECT_FALSE(rc_fill_owed(&o, &inode, &fill));
	filled(0, G);
	ASSERT_TRUE(rc_fill_owed(&o, &inode, &fill));
	EXPECT_EQ(fill.from, 100 * G);
	EXPECT_EQ(fill.to, 116 * G);
	EXPECT_EQ(o.owed, 24u);
	rc_fill_forget(&o, &inode);
	filled(2 * G, 3 * G);
	EXPECT_FALSE(rc_fill_owed(&o, &inode, &fill));
}

/* Granules of 1 MiB. */
TEST_F(CacheObject, Large)
{
	key.size = RC_FILE_MAX;
	ready();
	EXPECT_EQ(came(0, 3 << 20).size(), 6u);
	EXPECT_EQ(came(RC_FILE_MAX - 100, RC_FILE_MAX), bytes {});
	EXPECT_EQ(came(RC_FILE_MAX - (1 << 20), RC_FILE_MAX - 100),
		  (bytes { static_cast<int64_t>(RC_FILE_MAX) - (1 << 20), static_cast<int64_t>(RC_FILE_MAX) }));
	filled(RC_FILE_MAX - (1 << 20), RC_FILE_MAX);
	EXPECT_TRUE(rc_read_plan(&o, RC_FILE_MAX - 1, 1).cache);
}

/* The write that made the version may be under way; or the clocks differ. */
TEST_F(CacheObject, Unsettled)
{
	changed = wall - RC_SETTLED_S + 1;
	ready();
	EXPECT_EQ(came(0, G), bytes {});
	now += RC_SETTLE_MS - 1;
	EXPECT_EQ(came(0, G), bytes {});
	now++;
	EXPECT_EQ(came(0, G), (bytes { 0, G }));
	for (int64_t time : { int64_t(wall) + 5000, RL_SIZE_MAX }) {
		changed = time;
		ready();
		EXPECT_EQ(came(0, G), bytes {}) << "of tomorrow";
	}
	for (int64_t time : { int64_t(wall) - int64_t(RC_SETTLED_S), int64_t(0), -RL_SIZE_MAX - 1 }) {
		changed = time;
		ready();
		EXPECT_EQ(came(0, G), (bytes { 0, G }));
		now--;
		EXPECT_EQ(came(G, 2 * G), bytes {}) << "asked for in the ms of the version, perhaps before it";
		now++;
		filled(0, G, RC_MISSED);
	}
}

/* Somebody has known the version since long, or knows that no two contents have it. */
TEST_F(CacheObject, KnownBefore)
{
	changed = wall;
	known = now - RC_SETTLE_MS;
	ready();
	EXPECT_EQ(came(0, G), (bytes { 0, G }));
	now--;
	EXPECT_EQ(came(G, 2 * G), bytes {}) << "asked for in the ms of the answer";
	now++;
	filled(0, G, RC_MISSED);
	known = now - RC_SETTLE_MS + 100;
	ready();
	now += 99;
	EXPECT_EQ(came(0, G), bytes {});
	now++;
	EXPECT_EQ(came(0, G), (bytes { 0, G }));
	filled(0, G, RC_MISSED);
	known = 0;
	ready();
	EXPECT_EQ(came(0, G), (bytes { 0, G }));
	filled(0, G, RC_MISSED);
	EXPECT_FALSE(rc_object_init(&o, &key, changed, now + 1, bits.empty() ? nullptr : bits.data(), false, now, wall));
	o.state = RC_GONE;
}

TEST_F(CacheObject, AFillThatFails)
{
	for (rc_outcome outcome : { RC_FULL, RC_FROZEN, RC_READ_ONLY, RC_MISSED }) {
		ready();
		came(0, G);
		filled(0, G, outcome);
		EXPECT_EQ(o.state, RC_READY);
		EXPECT_FALSE(rc_read_plan(&o, 0, G).cache);
		have(0, G);
	}
	ready();
	have(0, G);
	came(G, 2 * G);
	filled(G, 2 * G, RC_ERROR);
	EXPECT_EQ(o.state, RC_DEAD);
	EXPECT_EQ(o.why, RC_WHY_FILL);
	EXPECT_EQ(o.errors, 1u);
	EXPECT_FALSE(rc_read_plan(&o, 0, G).cache);
}

/* Killed at any moment: what is in flight sets no bit, and nothing new begins. */
TEST_F(CacheObject, Killed)
{
	rc_run run;

	ready();
	have(0, 2 * G);
	EXPECT_EQ(came(2 * G, 3 * G), (bytes { 2 * G, 3 * G }));
	ASSERT_TRUE(rc_read_begin(&o, 0, G, &run));
	EXPECT_TRUE(rc_kill(&o, RC_WHY_WRITTEN));
	EXPECT_FALSE(rc_kill(&o, RC_WHY_VERSION)) << "it is dead";
	EXPECT_EQ(o.why, RC_WHY_WRITTEN);
	filled(2 * G, 3 * G);
	EXPECT_EQ(o.loose, 2u * G) << "no bit";
	EXPECT_FALSE(rc_read_begin(&o, 0, G, &run));
	EXPECT_EQ(came(3 * G, 4 * G), bytes {});
	EXPECT_FALSE(rc_commit_begin(&o, now + RC_COMMIT_MS, wall));
	EXPECT_FALSE(rc_use(&o));
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_BUSY);
	EXPECT_TRUE(rc_read_end(&o, RC_DONE)) << "it is of the version that was valid";
	EXPECT_EQ(end(), RC_END_REMOVE);
	EXPECT_EQ(o.state, RC_GONE);
	EXPECT_EQ(end(), RC_END_INVALID);
	EXPECT_FALSE(rc_kill(&o, RC_WHY_READ));
	EXPECT_FALSE(rc_use(&o));
}

TEST_F(CacheObject, KilledWhileLooking)
{
	begin();
	EXPECT_TRUE(rc_kill(&o, RC_WHY_WRITTEN));
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_BUSY) << "the look is under way";
	EXPECT_EQ(rc_object_opened(&o, RC_LOOK_CREATED, nullptr), RC_OPENED_DEAD);
	EXPECT_EQ(end(), RC_END_REMOVE);
	begin();
	EXPECT_TRUE(rc_kill(&o, RC_WHY_WRITTEN));
	EXPECT_EQ(rc_object_opened(&o, RC_LOOK_ABSENT, nullptr), RC_OPENED_DEAD);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_NOTHING);
}

TEST_F(CacheObject, NoFile)
{
	for (rc_look look : { RC_LOOK_ABSENT, RC_LOOK_FAILED }) {
		begin();
		came(0, 2 * G);
		EXPECT_EQ(rc_object_opened(&o, look, nullptr), RC_OPENED_NONE);
		EXPECT_FALSE(rc_fill_owed(&o, &inode, &fill));
		EXPECT_EQ(came(0, G), bytes {});
		EXPECT_TRUE(rc_unuse(&o));
		EXPECT_EQ(end(), look == RC_LOOK_ABSENT ? RC_END_NOTHING : RC_END_KEEP);
	}
}

/* Nobody waits for what is to be made, nor for long. */
TEST_F(CacheObject, Waiting)
{
	begin(false);
	EXPECT_EQ(rc_look_wait(&o, now), 0u);
	begin(true);
	EXPECT_EQ(rc_look_wait(&o, now), RC_LOOK_MS);
	EXPECT_EQ(rc_look_wait(&o, now + RC_LOOK_MS - 1), 1u);
	EXPECT_EQ(rc_look_wait(&o, now + RC_LOOK_MS), 0u);
	EXPECT_TRUE(rc_object_make(&o));
	EXPECT_EQ(rc_look_wait(&o, now), 0u) << "it was not there";
	ASSERT_EQ(rc_object_opened(&o, RC_LOOK_CREATED, nullptr), RC_OPENED_READY);
	EXPECT_FALSE(rc_object_make(&o));
	begin(true);
	rc_kill(&o, RC_WHY_WRITTEN);
	EXPECT_EQ(rc_look_wait(&o, now), 0u);
	EXPECT_EQ(rc_object_opened(&o, RC_LOOK_ABSENT, nullptr), RC_OPENED_DEAD);
}

/* What is not believed is removed, never mended. */
TEST_F(CacheObject, HeaderNotBelieved)
{
	begin(true);
	EXPECT_EQ(looked(1 << 20), RC_OPENED_DEAD);
	EXPECT_EQ(o.why, RC_WHY_HEADER);
	EXPECT_EQ(o.errors, 0u);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_REMOVE);
	begin(true);
	EXPECT_EQ(rc_object_opened(&o, RC_LOOK_OPEN, nullptr), RC_OPENED_DEAD);
	begin(true);
	EXPECT_EQ(rc_object_opened(&o, RC_LOOK_BAD, nullptr), RC_OPENED_DEAD);
	EXPECT_EQ(o.errors, 1u);
}

TEST_F(CacheObject, CommitAndOpenAgain)
{
	ready();
	have(G, 3 * G);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_COMMIT);
	commit();
	EXPECT_EQ(place, RC_SLOT) << "sequence 1";
	EXPECT_TRUE(rc_read_plan(&o, G, G).vouched);
	EXPECT_EQ(end(), RC_END_KEEP);
	begin(true);
	came(0, 2 * G);
	EXPECT_EQ(o.owed, 2u);
	ASSERT_EQ(looked(RC_DATA + 3 * G), RC_OPENED_READY);
	EXPECT_EQ(o.owed, 1u) << "one of them is here";
	rc_run run = rc_read_plan(&o, G, 10 * G);
	EXPECT_TRUE(run.cache && run.vouched);
	EXPECT_EQ(run.len, 2 * G);
	EXPECT_EQ(came(G, 3 * G), bytes {}) << "what a header vouches for is never written again";
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_BUSY) << "something is owed";
	rc_fill_forget(&o, &inode);
	EXPECT_EQ(end(), RC_END_KEEP);
	begin(true);
	EXPECT_EQ(looked(RC_DATA + 3 * G - 1), RC_OPENED_DEAD)
		<< "somebody has cut it";
}

TEST_F(CacheObject, ReadFails)
{
	rc_run run;

	ready();
	have(0, 2 * G);
	EXPECT_FALSE(rc_read_begin(&o, 0, 2 * G + 1, &run)) << "not all of it";
	ASSERT_TRUE(rc_read_begin(&o, 0, 2 * G, &run));
	ASSERT_TRUE(rc_read_begin(&o, 5, 5, &run));
	EXPECT_FALSE(rc_read_end(&o, RC_FULL)) << "a read needs no room";
	EXPECT_TRUE(rc_read_end(&o, RC_MISSED));
	EXPECT_EQ(o.state, RC_READY);
	EXPECT_TRUE(rc_read_end(&o, RC_ERROR));
	EXPECT_EQ(o.why, RC_WHY_READ);
	EXPECT_FALSE(rc_read_end(&o, RC_DONE)) << "none is in flight";
}
