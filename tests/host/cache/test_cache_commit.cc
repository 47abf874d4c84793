// SPDX-License-Identifier: GPL-2.0-only
/* An object of the cache, rule by rule: its header. */
#include "one_object.hpp"

namespace {

using CacheCommit = one_object;

} // namespace

/* A header has what was here when its fsync began. */
TEST_F(CacheCommit, FilledMeanwhile)
{
	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	came(G, 2 * G);
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(rc_commit_begin(&o, now, wall)) << "one at a time";
	filled(G, 2 * G);
	ASSERT_TRUE(sync());
	have(2 * G, 3 * G);
	EXPECT_EQ(slot[128], 1);
	EXPECT_TRUE(rc_commit_written(&o, RC_DONE, now));
	EXPECT_TRUE(rc_read_plan(&o, 0, G).vouched);
	EXPECT_FALSE(rc_read_plan(&o, 0, 2 * G).vouched);
	EXPECT_EQ(o.loose, 2u * G);
	EXPECT_EQ(rc_commit_when(&o), now + RC_COMMIT_MS);
	now += RC_COMMIT_MS;
	commit();
	EXPECT_EQ(place, 0u) << "in turn";
	EXPECT_EQ(slot[128], 7) << "what was vouched for stays";
}

TEST_F(CacheCommit, WhenItIsDue)
{
	key.size = 2000 * G;
	ready();
	EXPECT_EQ(rc_commit_when(&o), RL_NEVER);
	have(0, G);
	EXPECT_FALSE(rc_commit_due(&o, now + RC_COMMIT_MS - 1, wall));
	EXPECT_TRUE(rc_commit_due(&o, now + RC_COMMIT_MS, wall));
	EXPECT_EQ(rc_commit_when(&o), now + RC_COMMIT_MS);
	for (int64_t g = 16; g < 1024; g += 16)
		have(g * G, (g + 16) * G);
	EXPECT_EQ(o.loose, 1009u * G);
	EXPECT_FALSE(rc_commit_due(&o, now, wall)) << "15 granules less than 64 MiB";
	have(1024 * G, 1040 * G);
	EXPECT_TRUE(rc_commit_due(&o, now, wall));
	EXPECT_LE(rc_commit_when(&o), now);
}

/* An fsync that fails has lost it: the page cache may say what the disk does not. */
TEST_F(CacheCommit, SyncFails)
{
	for (rc_outcome outcome : { RC_ERROR, RC_FULL, RC_READ_ONLY }) {
		ready();
		have(0, G);
		now += RC_COMMIT_MS;
		ASSERT_TRUE(rc_commit_begin(&o, now, wall));
		EXPECT_FALSE(sync(outcome));
		EXPECT_EQ(committed, RC_COMMIT_STOP);
		EXPECT_EQ(o.why, RC_WHY_SYNC);
		EXPECT_FALSE(rc_read_plan(&o, 0, G).cache);
		EXPECT_EQ(o.errors, 1u);
	}
}

/* Who reads meanwhile what is lost by it is not told that it is good. */
TEST_F(CacheCommit, SyncFailsUnderARead)
{
	rc_run run;

	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	commit();
	have(G, 2 * G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	rc_run safe, loose;
	ASSERT_TRUE(rc_read_begin(&o, 0, G, &safe));
	ASSERT_TRUE(rc_read_begin(&o, G, G, &loose));
	EXPECT_TRUE(rc_read_stands(&o, &safe) && rc_read_stands(&o, &loose));
	EXPECT_FALSE(sync(RC_ERROR));
	EXPECT_TRUE(rc_read_stands(&o, &safe));
	EXPECT_FALSE(rc_read_stands(&o, &loose));
	ready();
	have(0, G);
	ASSERT_TRUE(rc_read_begin(&o, 0, G, &run));
	rc_kill(&o, RC_WHY_WRITTEN);
	EXPECT_TRUE(rc_read_stands(&o, &run)) << "it is of the version that was valid";
}

TEST_F(CacheCommit, SlotFails)
{
	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	ASSERT_TRUE(sync());
	EXPECT_TRUE(rc_commit_written(&o, RC_FULL, now));
	EXPECT_EQ(o.why, RC_WHY_SLOT);
	EXPECT_EQ(o.sequence, 0u);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_REMOVE);
}

/* It may be newer than the version: the server has to say that it is not. */
TEST_F(CacheCommit, NotConfirmed)
{
	ready();
	EXPECT_FALSE(rc_commit_confirm(&o)) << "of what was filled by when?";
	have(0, G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(sync(RC_DONE, false));
	EXPECT_EQ(committed, RC_COMMIT_STOP);
	EXPECT_EQ(o.state, RC_READY);
	EXPECT_FALSE(rc_read_plan(&o, 0, G).vouched);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	ASSERT_TRUE(sync());
	EXPECT_FALSE(rc_commit_confirm(&o)) << "the slot is made";
	EXPECT_TRUE(rc_commit_written(&o, RC_DONE, now));
	have(G, 2 * G);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_COMMIT);
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(sync(RC_DONE, false)) << "that was another header's";
	EXPECT_EQ(end(), RC_END_KEEP) << "what is confirmed is kept, the rest is lost";
}

/* A header that vouches for no more than the one before needs nobody's word. */
TEST_F(CacheCommit, LastUseNeedsNone)
{
	ready();
	have(0, G);
	EXPECT_TRUE(rc_unuse(&o));
	commit();
	wall += RC_TOUCH;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_TRUE(sync(RC_DONE, false));
	EXPECT_TRUE(rc_commit_written(&o, RC_DONE, now));
}

/* Frozen: not now, and not again at once. */
TEST_F(CacheCommit, NotNow)
{
	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	ASSERT_TRUE(sync());
	EXPECT_TRUE(rc_commit_written(&o, RC_FROZEN, now));
	EXPECT_EQ(o.state, RC_READY);
	EXPECT_TRUE(rc_read_plan(&o, 0, G).cache);
	EXPECT_EQ(rc_commit_when(&o), now + RC_COMMIT_MS);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(sync(RC_FROZEN));
	/* The last one to use it does not wait, but tries. */
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_COMMIT);
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(sync(RC_FROZEN));
	EXPECT_EQ(end(), RC_END_REMOVE) << "there is no header";
}

/* With users it is tried again by the time, and much that is filled does not hurry it. */
TEST_F(CacheCommit, NotAgainAtOnce)
{
	key.size = 2000 * G;
	ready();
	for (int64_t g = 0; g < 1024; g += 16)
		have(g * G, (g + 16) * G);
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_FALSE(sync(RC_MISSED));
	EXPECT_FALSE(rc_commit_due(&o, now + RC_COMMIT_AGAIN - 1, wall));
	EXPECT_EQ(rc_commit_when(&o), now + RC_COMMIT_AGAIN);
	EXPECT_TRUE(rc_commit_due(&o, now + RC_COMMIT_AGAIN, wall));
}

TEST_F(CacheCommit, KilledInACommit)
{
	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	rc_kill(&o, RC_WHY_WRITTEN);
	EXPECT_FALSE(sync());
	EXPECT_EQ(committed, RC_COMMIT_STOP);
	ready();
	have(0, G);
	now += RC_COMMIT_MS;
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	ASSERT_TRUE(sync());
	rc_kill(&o, RC_WHY_WRITTEN);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_BUSY);
	EXPECT_TRUE(rc_commit_written(&o, RC_DONE, now));
	EXPECT_EQ(end(), RC_END_REMOVE);
}

/* What is only read keeps its place in the order of ages, over a restart too. */
TEST_F(CacheCommit, LastUse)
{
	ready();
	have(0, G);
	EXPECT_TRUE(rc_unuse(&o));
	commit();
	EXPECT_EQ(o.last_use, wall);
	EXPECT_TRUE(rc_use(&o));
	wall += RC_TOUCH;
	EXPECT_FALSE(rc_commit_due(&o, now + RC_COMMIT_MS, wall)) << "not while it is used";
	EXPECT_TRUE(rc_unuse(&o));
	wall--;
	EXPECT_FALSE(rc_commit_due(&o, now, wall));
	wall++;
	EXPECT_EQ(end(), RC_END_COMMIT);
	commit();
	EXPECT_EQ(o.sequence, 2u);
	EXPECT_EQ(o.last_use, wall);
	wall = 5;
	EXPECT_EQ(end(), RC_END_KEEP) << "the clock has gone back";
}

/* No header comes after the last one; what is on disk stays as it is. */
TEST_F(CacheCommit, NoMoreSequences)
{
	ready();
	o.sequence = RC_SEQUENCE_MAX;
	have(0, G);
	EXPECT_EQ(rc_commit_when(&o), RL_NEVER);
	EXPECT_FALSE(rc_commit_begin(&o, now + RC_COMMIT_MS, wall));
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_KEEP);
}

TEST_F(CacheCommit, NothingWasFilled)
{
	ready();
	EXPECT_EQ(end(), RC_END_USED);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_FALSE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_REMOVE);
}

/* Used again before it was put away. */
TEST_F(CacheCommit, Revived)
{
	ready();
	have(0, G);
	EXPECT_TRUE(rc_unuse(&o));
	EXPECT_EQ(end(), RC_END_COMMIT);
	ASSERT_TRUE(rc_commit_begin(&o, now, wall));
	EXPECT_TRUE(rc_use(&o));
	ASSERT_TRUE(sync());
	EXPECT_TRUE(rc_commit_written(&o, RC_DONE, now));
	EXPECT_EQ(end(), RC_END_USED);
	EXPECT_TRUE(rc_read_plan(&o, 0, 1).vouched);
}
