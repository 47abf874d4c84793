// SPDX-License-Identifier: GPL-2.0-only
/* The sizes of an inode: rules S1 to S3, and answers that pass one another. */
#include <gtest/gtest.h>

#include "netfs_core.h"

extern "C" const char *netfs_from_c(void);

namespace {

struct NetfsSize : testing::Test {
	rl_sizes sizes;
	rl_size_change change = {};

	NetfsSize() { EXPECT_TRUE(rl_size_init(&sizes, 100)); }

	~NetfsSize() override { EXPECT_STREQ(rl_size_validate(&sizes), nullptr); }

	rl_sample sample() { return rl_size_sample(&sizes); }

	rl_size_says attributes(rl_sample asked, int64_t server, bool dirty = false)
	{
		return rl_size_attributes(&sizes, asked, server, dirty, &change);
	}

	bool grow(bool dirty = false) { return rl_size_grow(&sizes, &change, dirty); }

	void written(int64_t extent, uint8_t why = RL_WELL)
	{
		rl_result result = { 0, extent, RL_SIZE_MAX, 0, why };

		ASSERT_TRUE(rl_size_written(&sizes, &result));
	}

	void read(int64_t extent, int64_t eof = RL_SIZE_MAX, bool dirty = false)
	{
		rl_result result = { 0, extent, eof, 0, RL_WELL };

		rl_size_read(&sizes, &result, dirty);
	}

	void saw_eof(int64_t eof, bool dirty) { read(0, eof, dirty); }

	void expect(int64_t i_size, bool stale)
	{
		EXPECT_EQ(sizes.i_size, i_size);
		EXPECT_EQ(rl_size_stale(&sizes), stale);
	}
};

} // namespace

TEST_F(NetfsSize, FromC) { EXPECT_STREQ(netfs_from_c(), nullptr); }

TEST_F(NetfsSize, Same)
{
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_SAME);
	expect(100, false);
}

TEST_F(NetfsSize, ShrinkingIsSetThenDropped)
{
	EXPECT_EQ(attributes(sample(), 60), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 60);
	expect(60, false);
}

TEST_F(NetfsSize, GrowingIsDroppedThenSet)
{
	EXPECT_EQ(attributes(sample(), 160), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(change.drop_from, 100);
	expect(100, true);
	EXPECT_TRUE(grow());
	expect(160, false);
	EXPECT_EQ(sizes.server, 160);
}

/* A write that began and ended between the question and its answer. */
TEST_F(NetfsSize, LateAfterAWrite)
{
	rl_sample asked = sample();

	rl_size_extend(&sizes, 200);
	rl_size_write_begin(&sizes);
	written(200);
	EXPECT_EQ(attributes(asked, 100), RL_SIZE_LATE);
	expect(200, true);
}

TEST_F(NetfsSize, BusyWithAWrite)
{
	rl_size_extend(&sizes, 200);
	EXPECT_EQ(attributes(sample(), 100, true), RL_SIZE_BUSY);
	rl_size_write_begin(&sizes);
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_BUSY);
	written(200);
	EXPECT_EQ(attributes(sample(), 200), RL_SIZE_SAME);
	expect(200, false);
}

/* Of two that were under way together, who came first is believed; then it is asked anew. */
TEST_F(NetfsSize, TwoThatPassOneAnother)
{
	rl_sample first = sample(), second = sample();

	EXPECT_EQ(attributes(second, 60), RL_SIZE_DROP);
	EXPECT_EQ(attributes(first, 100), RL_SIZE_LATE);
	expect(60, true);
	EXPECT_EQ(attributes(sample(), 60), RL_SIZE_SAME);
	expect(60, false);
}

TEST_F(NetfsSize, SomethingCameBeforeItGrew)
{
	ASSERT_EQ(attributes(sample(), 160), RL_SIZE_DROP_FIRST);
	EXPECT_FALSE(grow(true));
	expect(100, true);
	ASSERT_EQ(attributes(sample(), 160), RL_SIZE_DROP_FIRST);
	rl_size_extend(&sizes, 130);
	rl_size_write_begin(&sizes);
	written(130);
	EXPECT_FALSE(grow());
	expect(130, true);
	/* What was zeroed, or read, from the old end on goes. */
	ASSERT_EQ(attributes(sample(), 160), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(change.drop_from, 100);
}

/* The zeroes of a gap where the server has data by now. */
TEST_F(NetfsSize, AGapAmidGrowth)
{
	ASSERT_EQ(attributes(sample(), 160), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(rl_size_gap(&sizes, 100).from, rl_size_gap(&sizes, 100).to);
	EXPECT_EQ(rl_size_gap(&sizes, 150).from, 100);
	EXPECT_EQ(rl_size_gap(&sizes, 150).to, 150);
	EXPECT_FALSE(grow());
	expect(100, true);
}

/* Our resize is no answer to what was heard while it was under way. */
TEST_F(NetfsSize, ADoubtAmidAResize)
{
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_EQ(attributes(sample(), 150), RL_SIZE_BUSY);
	EXPECT_EQ(rl_size_resized(&sizes, 100, true, &change), RL_SIZE_SAME);
	expect(100, true);
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_SAME);
	expect(100, false);
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_EQ(attributes(sample(), 150), RL_SIZE_BUSY);
	ASSERT_EQ(rl_size_resized(&sizes, 200, true, &change), RL_SIZE_DROP_FIRST);
	EXPECT_TRUE(grow());
	expect(200, true);
}

/* Another's data are where we put zeroes, whatever the sizes are by the time we hear it. */
TEST_F(NetfsSize, AGapIsRemembered)
{
	rl_sample asked;

	for (int64_t answer : { 8192, 12298 }) {
		ASSERT_TRUE(rl_size_init(&sizes, 100));
		asked = sample();
		EXPECT_EQ(rl_size_gap(&sizes, 12288).from, 100);
		rl_size_extend(&sizes, 12298);
		rl_size_write_begin(&sizes);
		written(12298);
		EXPECT_EQ(attributes(asked, answer), RL_SIZE_LATE);
		expect(12298, true);
		ASSERT_EQ(attributes(sample(), 12298), RL_SIZE_DROP);
		EXPECT_EQ(change.drop_from, 100);
		/* It is settled. */
		asked = sample();
		ASSERT_EQ(attributes(sample(), 12298), RL_SIZE_SAME);
		EXPECT_EQ(attributes(asked, 12298), RL_SIZE_LATE);
		expect(12298, false);
	}
}

/* Until the cache is dropped from there on: who was asked first may answer last. */
TEST_F(NetfsSize, AGapOutlivesWhatIsTaken)
{
	for (bool resize : { false, true }) {
		ASSERT_TRUE(rl_size_init(&sizes, 100));
		rl_sample asked = sample();

		EXPECT_EQ(rl_size_gap(&sizes, 12288).from, 100);
		rl_size_extend(&sizes, 12298);
		rl_size_write_begin(&sizes);
		written(12298);
		if (resize) {
			ASSERT_TRUE(rl_size_resize_begin(&sizes));
			EXPECT_EQ(rl_size_resized(&sizes, 12290, true, &change), RL_SIZE_DROP);
		} else {
			EXPECT_EQ(attributes(sample(), 12298), RL_SIZE_SAME);
		}
		EXPECT_FALSE(rl_size_stale(&sizes));
		EXPECT_EQ(attributes(asked, 8192), RL_SIZE_LATE);
		EXPECT_TRUE(rl_size_stale(&sizes));
		ASSERT_EQ(attributes(sample(), sizes.i_size), RL_SIZE_DROP);
		EXPECT_EQ(change.drop_from, 100);
	}
}

/* Clean folios go from the doubt on, dirty ones only from where the resize says. */
TEST_F(NetfsSize, AResizeAfterADoubt)
{
	saw_eof(40, false);
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	ASSERT_EQ(rl_size_resized(&sizes, 80, true, &change), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 40);
	EXPECT_EQ(change.truncate_from, 80);
	ASSERT_EQ(attributes(sample(), 70), RL_SIZE_DROP);
	EXPECT_EQ(change.truncate_from, RL_SIZE_MAX);
}

/* Sizes agree again, but what is cached is of before. */
TEST_F(NetfsSize, ADoubtOutlivesAgreement)
{
	rl_size_extend(&sizes, 200);
	EXPECT_EQ(attributes(sample(), 180, true), RL_SIZE_BUSY);
	rl_size_write_begin(&sizes);
	written(200);
	EXPECT_EQ(attributes(sample(), 200), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 100);
}

/* One that came up after the question is not settled by its answer. */
TEST_F(NetfsSize, ADoubtOfMeanwhile)
{
	rl_sample asked = sample();

	saw_eof(40, false);
	EXPECT_EQ(attributes(asked, 100), RL_SIZE_DROP);
	expect(100, true);
	EXPECT_EQ(attributes(sample(), 40), RL_SIZE_DROP);
	expect(40, false);
}

TEST_F(NetfsSize, AnEndBeforeOurs)
{
	saw_eof(100, false);
	expect(100, false);
	rl_size_extend(&sizes, 200);
	saw_eof(100, true);
	expect(200, false);
	rl_size_write_begin(&sizes);
	saw_eof(100, false);
	expect(200, false);
	written(200);
	saw_eof(100, false);
	expect(200, true);
}

/* No data of ours explain an end before what the server had. */
TEST_F(NetfsSize, AnEndBeforeTheServers)
{
	saw_eof(40, true);
	expect(100, true);
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 40);
	expect(100, false);
	rl_size_write_begin(&sizes);
	saw_eof(40, false);
	expect(100, true);
	written(100);
}

/* Bytes that came from behind the end: somebody has made it larger. */
TEST_F(NetfsSize, GrowthThatAReadSaw)
{
	read(100);
	expect(100, false);
	read(150);
	expect(100, true);
	ASSERT_EQ(attributes(sample(), 150), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(change.drop_from, 100);
	EXPECT_TRUE(grow());
	expect(150, false);
}

/* What is dirty is not at the server: it explains nothing there. */
TEST_F(NetfsSize, GrowthBeforeOurEnd)
{
	rl_size_extend(&sizes, 200);
	read(150, RL_SIZE_MAX, true);
	expect(200, true);
	rl_size_write_begin(&sizes);
	written(200);
	ASSERT_EQ(attributes(sample(), 200), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 100);
}

/* What is being written may have made it so large; but not from i_size on. */
TEST_F(NetfsSize, GrowthThatIsOurs)
{
	rl_size_extend(&sizes, 200);
	rl_size_write_begin(&sizes);
	read(150);
	expect(200, false);
	written(200);
	read(200);
	expect(200, false);
	rl_size_write_begin(&sizes);
	read(201);
	expect(200, true);
	written(200);
}

/* Nor if zeroes were put there before it was written. */
TEST_F(NetfsSize, GrowthOverAGap)
{
	EXPECT_EQ(rl_size_gap(&sizes, 12288).from, 100);
	rl_size_extend(&sizes, 12298);
	rl_size_write_begin(&sizes);
	read(8192);
	expect(12298, true);
	written(12298);
	ASSERT_EQ(attributes(sample(), 12298), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 100);

	EXPECT_EQ(rl_size_gap(&sizes, 20000).from, 12298);
	rl_size_extend(&sizes, 20010);
	rl_size_write_begin(&sizes);
	written(20010);
	read(20011);
	ASSERT_EQ(attributes(sample(), 20011), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(change.drop_from, 12298);
	EXPECT_TRUE(grow());
}

/* One read may see both, of different times. */
TEST_F(NetfsSize, GrowthAndAnEnd)
{
	read(150, 60);
	expect(100, true);
	ASSERT_EQ(attributes(sample(), 100), RL_SIZE_DROP);
	EXPECT_EQ(change.drop_from, 60);
}

TEST_F(NetfsSize, AFailedWriteCountsNoMore)
{
	rl_size_extend(&sizes, 200);
	rl_size_write_begin(&sizes);
	written(0, RL_WHY_SERVER);
	expect(200, true);
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_DROP);
	expect(100, false);
}

TEST_F(NetfsSize, ADirectWriteGrowsIt)
{
	rl_size_write_begin(&sizes);
	written(150);
	expect(150, false);
	EXPECT_EQ(sizes.server, 150);
}

TEST_F(NetfsSize, Resized)
{
	rl_sample asked = sample();

	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_EQ(attributes(asked, 60), RL_SIZE_BUSY);
	EXPECT_EQ(rl_size_resized(&sizes, 60, true, &change), RL_SIZE_DROP);
	EXPECT_EQ(change.truncate_from, 60);
	EXPECT_EQ(attributes(asked, 100), RL_SIZE_LATE);
	EXPECT_EQ(sizes.i_size, 60);
}

/* Nothing comes between a resize and its size, though the cache is dropped first. */
TEST_F(NetfsSize, ResizedLarger)
{
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	ASSERT_EQ(rl_size_resized(&sizes, 300, true, &change), RL_SIZE_DROP_FIRST);
	EXPECT_EQ(change.truncate_from, 100);
	EXPECT_EQ(sizes.i_size, 100);
	EXPECT_EQ(attributes(sample(), 100), RL_SIZE_BUSY);
	EXPECT_TRUE(grow(true));
	EXPECT_EQ(sizes.i_size, 300);
	EXPECT_FALSE(grow()) << "once";
}

/* A write whose folios have ended, but whose size is to come. */
TEST_F(NetfsSize, AResizeWaitsForWrites)
{
	rl_size_write_begin(&sizes);
	EXPECT_FALSE(rl_size_resize_begin(&sizes));
	written(150);
	EXPECT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_FALSE(rl_size_resize_begin(&sizes)) << "one at a time";
}

TEST_F(NetfsSize, AResizeThatFailed)
{
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_EQ(rl_size_resized(&sizes, 60, false, &change), RL_SIZE_SAME);
	expect(100, true);
	EXPECT_EQ(rl_size_resized(&sizes, 60, true, &change), RL_SIZE_INVALID);
}

/* It is over all the same: the next one does not wait for it. */
TEST_F(NetfsSize, AResizeToNoSize)
{
	ASSERT_TRUE(rl_size_resize_begin(&sizes));
	EXPECT_EQ(rl_size_resized(&sizes, -1, true, &change), RL_SIZE_INVALID);
	expect(100, true);
	EXPECT_TRUE(rl_size_resize_begin(&sizes));
}

TEST_F(NetfsSize, Refused)
{
	rl_result result = {};

	EXPECT_FALSE(rl_size_init(&sizes, -1));
	EXPECT_EQ(sizes.i_size, 100);
	EXPECT_EQ(attributes(sample(), -1), RL_SIZE_INVALID);
	EXPECT_FALSE(rl_size_written(&sizes, &result));
}

TEST_F(NetfsSize, TheLargestFile)
{
	EXPECT_EQ(attributes(sample(), RL_SIZE_MAX), RL_SIZE_DROP_FIRST);
	EXPECT_TRUE(grow());
	expect(RL_SIZE_MAX, false);
}
