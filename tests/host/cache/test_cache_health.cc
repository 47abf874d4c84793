// SPDX-License-Identifier: GPL-2.0-only
/* How the cache's filesystem is. */
#include <gtest/gtest.h>

#include <cstring>

#include "netfs_core.h"
#include "../random.hpp"

namespace {

struct CacheHealth : testing::Test {
	rc_health h = {};
	uint64_t now = 5000;

	bool note(rc_outcome outcome)
	{
		bool say = rc_health_note(&h, outcome, now);
		const char *why = rc_health_validate(&h);

		EXPECT_EQ(why, nullptr) << why;
		return say;
	}

	/* How long nothing is asked for, from now on. */
	uint64_t pause()
	{
		uint64_t ms = 0;

		while (!rc_may_fill(&h, now + ms))
			ms++;
		return ms;
	}
};

} // namespace

TEST_F(CacheHealth, Well)
{
	for (int i = 0; i < 10; i++)
		EXPECT_FALSE(note(RC_DONE));
	EXPECT_FALSE(note(RC_MISSED));
	EXPECT_EQ(pause(), 0u);
	EXPECT_EQ(h.counts[RC_DONE], 10u);
	EXPECT_EQ(h.counts[RC_MISSED], 1u);
}

TEST_F(CacheHealth, FullIsSaidOnceAndPausesGrow)
{
	EXPECT_TRUE(note(RC_FULL));
	EXPECT_EQ(h.state, RC_FULL);
	for (uint64_t ms = RC_PAUSE_FULL; ms < RC_PAUSE_FULL_MAX; ms *= 2) {
		EXPECT_EQ(pause(), ms);
		now += ms;
		EXPECT_FALSE(note(RC_FULL));
	}
	now += pause();
	EXPECT_FALSE(note(RC_FULL));
	EXPECT_EQ(pause(), RC_PAUSE_FULL_MAX);
}

/* Of many that were in flight only the first one counts. */
TEST_F(CacheHealth, ThoseInFlight)
{
	EXPECT_TRUE(note(RC_FULL));
	for (int i = 0; i < 16; i++)
		EXPECT_FALSE(note(RC_FULL));
	EXPECT_EQ(pause(), RC_PAUSE_FULL);
	EXPECT_EQ(h.counts[RC_FULL], 17u);
	EXPECT_FALSE(note(RC_DONE)) << "begun before";
	EXPECT_EQ(h.state, RC_FULL);
}

TEST_F(CacheHealth, WellAgain)
{
	EXPECT_TRUE(note(RC_FULL));
	now += RC_PAUSE_FULL;
	EXPECT_FALSE(note(RC_DONE));
	now += RC_HEAL - 1;
	EXPECT_FALSE(note(RC_DONE));
	now++;
	EXPECT_TRUE(note(RC_DONE));
	EXPECT_EQ(h.state, RC_DONE);
	EXPECT_TRUE(note(RC_FULL)) << "and that is said again";
	EXPECT_EQ(pause(), RC_PAUSE_FULL);
}

/* A worker has read the clock before another one told of a success: that is no long time. */
TEST_F(CacheHealth, NotesOutOfOrder)
{
	EXPECT_TRUE(note(RC_FULL));
	now += RC_PAUSE_FULL + 10;
	EXPECT_FALSE(note(RC_DONE));
	now -= 5;
	EXPECT_FALSE(note(RC_DONE));
	EXPECT_EQ(h.state, RC_FULL);
	now += 5 + RC_HEAL;
	EXPECT_TRUE(note(RC_DONE));
}

/* Full now and then is full. */
TEST_F(CacheHealth, NowAndThen)
{
	int said = note(RC_FULL);

	for (int i = 0; i < 100; i++) {
		now += pause();
		said += note(RC_DONE);
		now += RC_HEAL / 2;
		said += note(RC_DONE);
		said += note(RC_FULL);
	}
	EXPECT_EQ(said, 1);
	EXPECT_EQ(pause(), RC_PAUSE_FULL_MAX);
}

TEST_F(CacheHealth, Frozen)
{
	EXPECT_TRUE(note(RC_FROZEN));
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(pause(), RC_PAUSE_FROZEN);
		now += RC_PAUSE_FROZEN;
		EXPECT_FALSE(note(RC_FROZEN));
	}
	EXPECT_TRUE(note(RC_READ_ONLY)) << "another trouble";
	EXPECT_EQ(pause(), RC_PAUSE_READ_ONLY);
}

TEST_F(CacheHealth, ErrorsInARow)
{
	for (int i = 0; i < 5; i++) {
		EXPECT_FALSE(note(RC_ERROR));
		EXPECT_FALSE(note(RC_ERROR));
		EXPECT_FALSE(note(RC_DONE));
	}
	EXPECT_EQ(pause(), 0u);
	EXPECT_FALSE(note(RC_ERROR));
	EXPECT_FALSE(note(RC_ERROR));
	EXPECT_FALSE(note(RC_MISSED)) << "says nothing";
	EXPECT_TRUE(note(RC_ERROR));
	EXPECT_EQ(pause(), RC_PAUSE_ERROR);
	now += RC_PAUSE_ERROR;
	EXPECT_FALSE(note(RC_ERROR)) << "one is enough now";
	EXPECT_EQ(pause(), 2 * RC_PAUSE_ERROR);
	for (int i = 0; i < 10; i++) {
		now += pause();
		EXPECT_FALSE(note(RC_ERROR));
	}
	EXPECT_EQ(pause(), RC_PAUSE_ERROR_MAX);
}

TEST_F(CacheHealth, Creations)
{
	for (uint32_t i = 0; i < RC_CREATES_MAX; i++)
		ASSERT_TRUE(rc_create_begin(&h, now));
	EXPECT_FALSE(rc_create_begin(&h, now)) << "they stand in a queue already";
	EXPECT_EQ(h.pauses, 1u);
	EXPECT_TRUE(rc_create_end(&h, RC_FROZEN, now));
	EXPECT_FALSE(rc_create_begin(&h, now)) << "in a pause";
	now += RC_PAUSE_FROZEN;
	EXPECT_TRUE(rc_create_begin(&h, now));
	for (uint32_t i = 0; i < RC_CREATES_MAX; i++)
		EXPECT_FALSE(rc_create_end(&h, RC_DONE, now));
	EXPECT_EQ(h.creates, 0u);
	rc_health before = h;
	EXPECT_FALSE(rc_create_end(&h, RC_DONE, now)) << "none is on its way";
	EXPECT_EQ(h.counts[RC_DONE], before.counts[RC_DONE]);
}

TEST_F(CacheHealth, NoSuchOutcome)
{
	rc_health before = h;

	EXPECT_FALSE(note(static_cast<rc_outcome>(RC_NR_OUTCOMES)));
	EXPECT_FALSE(note(static_cast<rc_outcome>(7)));
	EXPECT_EQ(std::memcmp(&before, &h, sizeof(h)), 0);
}

/* At the end of all time. */
TEST_F(CacheHealth, Late)
{
	now = RL_NEVER - 10;
	EXPECT_TRUE(note(RC_FULL));
	EXPECT_FALSE(rc_may_fill(&h, now));
	EXPECT_TRUE(rc_may_fill(&h, RL_NEVER - 1));
}

/* Whatever comes: nothing is asked in a pause, and no pause is longer than the longest. */
TEST_F(CacheHealth, Anything)
{
	rnd::seeds(300, [&](rnd::generator &from, uint64_t) {
		uint8_t state = RC_DONE;
		uint64_t trouble = 0;

		h = {};
		for (int i = 0; i < 200; i++) {
			rc_outcome outcome = static_cast<rc_outcome>(from.pick(RC_NR_OUTCOMES));
			bool bad = outcome != RC_DONE && outcome != RC_MISSED;

			now += from.pick(3) ? from.pick(2000) : from.pick(RC_HEAL * 3);
			bool said = note(outcome);

			ASSERT_EQ(said, h.state != state);
			ASSERT_LE(h.until, now + RC_PAUSE_ERROR_MAX);
			ASSERT_TRUE(h.state != RC_DONE || state == RC_DONE || now >= trouble + RC_HEAL);
			ASSERT_FALSE(bad && h.state == outcome && rc_may_fill(&h, now));
			if (bad && (outcome != RC_ERROR || h.state == RC_ERROR))
				trouble = now;
			state = h.state;
		}
	});
}
