// SPDX-License-Identifier: GPL-2.0-only
/* A range, cut into subrequests; and credits. */
#include <gtest/gtest.h>

#include <vector>

#include "netfs_core.h"
#include "../random.hpp"

namespace {

struct NetfsPlan : testing::Test {
	rl_limits limits;
	rl_plan plan;
	rl_piece piece = {};

	NetfsPlan() { set(65536, 65536); }

	void set(uint32_t rsize, uint32_t wsize, uint32_t flags = 0)
	{
		ASSERT_TRUE(rl_limits_set(&limits, rsize, wsize, 4096, flags));
		rl_plan_init(&plan, &limits, RL_WRITEPAGES);
	}

	rl_added add(int64_t pos, uint32_t from, uint32_t to, int64_t end = RL_SIZE_MAX)
	{
		return rl_plan_add(&plan, pos, { from, to }, end, &piece);
	}

	void expect(int64_t pos, uint32_t len)
	{
		EXPECT_EQ(piece.pos, pos);
		EXPECT_EQ(piece.len, len);
	}

	void expect_last(int64_t pos, uint32_t len)
	{
		ASSERT_TRUE(rl_plan_end(&plan, &piece));
		expect(pos, len);
		EXPECT_FALSE(rl_plan_end(&plan, &piece));
	}
};

} // namespace

TEST_F(NetfsPlan, Limits)
{
	set(131072 + 100, 70000);
	EXPECT_EQ(limits.rsize, 131072u);
	EXPECT_EQ(limits.wsize, 69632u);
	EXPECT_EQ(limits.folio, 65536u);
	set(0xffffffff, 0xffffffff);
	EXPECT_EQ(limits.folio, RL_FOLIO_MAX);
	EXPECT_FALSE(rl_limits_set(&limits, 4095, 65536, 4096, 0)) << "no room for a page";
	EXPECT_FALSE(rl_limits_set(&limits, 65536, 4095, 4096, 0));
	EXPECT_FALSE(rl_limits_set(&limits, 65536, 65536, 4095, 0));
	EXPECT_FALSE(rl_limits_set(&limits, 65536, 65536, 0, 0));
	EXPECT_FALSE(rl_limits_set(&limits, 65536, 65536, 4096, 2));
}

TEST_F(NetfsPlan, ARunIsOnePiece)
{
	EXPECT_EQ(add(0, 10, 4096), RL_ADDED);
	EXPECT_EQ(add(4096, 0, 8192), RL_ADDED);
	EXPECT_EQ(add(12288, 0, 5), RL_ADDED);
	expect_last(10, 12283);
}

TEST_F(NetfsPlan, CleanBytesCut)
{
	EXPECT_EQ(add(0, 0, 4095), RL_ADDED);
	EXPECT_EQ(add(4096, 0, 10), RL_ADDED_CUT);
	expect(0, 4095);
	expect_last(4096, 10);
}

/* I2: what does not fit goes into the next one, all of it. */
TEST_F(NetfsPlan, AFolioIsInOne)
{
	EXPECT_EQ(add(0, 0, 32768), RL_ADDED);
	EXPECT_EQ(add(32768, 0, 65536), RL_ADDED_CUT);
	expect(0, 32768);
	expect_last(32768, 65536);
}

TEST_F(NetfsPlan, ExactlyTheLimit)
{
	EXPECT_EQ(add(0, 0, 32768), RL_ADDED);
	EXPECT_EQ(add(32768, 0, 32768), RL_ADDED);
	EXPECT_EQ(add(65536, 0, 1), RL_ADDED_CUT);
	expect(0, 65536);
	expect_last(65536, 1);
}

TEST_F(NetfsPlan, NothingBehindTheEnd)
{
	EXPECT_EQ(add(0, 0, 4096, 100), RL_ADDED);
	EXPECT_EQ(add(4096, 0, 4096, 100), RL_ADDED_NOTHING);
	EXPECT_EQ(add(8192, 7, 7), RL_ADDED_NOTHING);
	expect_last(0, 100);
}

TEST_F(NetfsPlan, Refused)
{
	EXPECT_EQ(add(-4096, 0, 4096), RL_ADDED_INVALID);
	EXPECT_EQ(add(0, 8, 7), RL_ADDED_INVALID);
	EXPECT_EQ(add(RL_SIZE_MAX - 10, 0, 4096), RL_ADDED_INVALID);
	EXPECT_EQ(add(0, 0, 65537), RL_ADDED_INVALID);
	EXPECT_EQ(add(4096, 0, 4096), RL_ADDED);
	EXPECT_EQ(add(0, 0, 4096), RL_ADDED_INVALID) << "before the last one";
	EXPECT_EQ(add(4096, 100, 4096), RL_ADDED_INVALID) << "twice";
	expect_last(4096, 4096);
}

/* Any folios: each byte in one piece, no other byte, no folio in two. */
TEST_F(NetfsPlan, AnyRun)
{
	rnd::seeds(2000, [&](rnd::generator &from, uint64_t) {
		std::vector<std::pair<int64_t, int64_t>> wanted, folios, pieces;
		int64_t pos = 4096 * from.pick(4), end = pos + from.pick(400000);

		rl_plan_init(&plan, &limits, RL_READ);
		for (int i = 0; i < 30; i++) {
			uint32_t size = 4096u << from.pick(5);
			uint32_t a = from.pick(3) ? 0 : from.pick(size);
			uint32_t b = from.pick(3) ? size : a + from.pick(size - a);
			rl_added said = add(pos, a, b, end);

			ASSERT_NE(said, RL_ADDED_INVALID);
			if (said == RL_ADDED_CUT)
				pieces.push_back({ piece.pos, piece.pos + piece.len });
			if (said != RL_ADDED_NOTHING)
				folios.push_back({ pos + a, std::min<int64_t>(pos + b, end) });
			pos += size + (from.pick(8) ? 0 : 4096);
		}
		if (rl_plan_end(&plan, &piece))
			pieces.push_back({ piece.pos, piece.pos + piece.len });
		auto at = pieces.begin();
		for (auto &folio : folios) {
			if (folio.first >= at->second)
				at++;
			ASSERT_NE(at, pieces.end());
			EXPECT_TRUE(at->first <= folio.first && folio.second <= at->second);
			wanted.push_back(folio);
		}
		int64_t sum = 0;
		for (auto &each : wanted)
			sum += each.second - each.first;
		for (auto &each : pieces) {
			EXPECT_LE(each.second - each.first, limits.rsize);
			sum -= each.second - each.first;
		}
		EXPECT_EQ(sum, 0);
	});
}

TEST_F(NetfsPlan, DirectPiecesEndBetweenPages)
{
	rl_piece first = rl_plan_bytes(&limits, RL_DIRECT_WRITE, 100, 200000);

	EXPECT_EQ(first.pos, 100);
	EXPECT_EQ(first.len, 65536u - 100);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, 65536, 200000).len, 65536u);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, 100, 65536).len, 65536u);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, 100, 0).len, 0u);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, -1, 10).len, 0u);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, RL_SIZE_MAX - 5, 10).len, 0u);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_READ, RL_SIZE_MAX - 5, 5).len, 5u);
	first = rl_plan_bytes(&limits, RL_DIRECT_READ, RL_SIZE_MAX - 70000, 70000);
	EXPECT_EQ((first.pos + first.len) % 4096, 0);
	EXPECT_GT(first.len, 65536u - 4096);
	set(4096, 4096);
	EXPECT_EQ(rl_plan_bytes(&limits, RL_DIRECT_WRITE, 4095, 5000).len, 1u);
}

TEST_F(NetfsPlan, AroundWhatIsDirty)
{
	rl_folio folio = { 0, 4096, true, false };
	rl_write_plan written;
	rl_piece pieces[2];
	auto count = [&](uint32_t from, uint32_t to) {
		rl_folio clean = { 0, 4096, false, false };

		EXPECT_EQ(rl_plan_write(&clean, { from, to }, 0, &written), RL_WRITE_NOW);
		folio.word = written.word;
		return rl_plan_around(&folio, 8192, pieces);
	};

	ASSERT_EQ(count(100, 200), 2);
	EXPECT_EQ(pieces[0].pos, 8192);
	EXPECT_EQ(pieces[0].len, 100u);
	EXPECT_EQ(pieces[1].pos, 8392);
	EXPECT_EQ(pieces[1].len, 3896u);
	ASSERT_EQ(count(0, 200), 1);
	EXPECT_EQ(pieces[0].pos, 8392);
	ASSERT_EQ(count(200, 4096), 1);
	EXPECT_EQ(pieces[0].len, 200u);
	ASSERT_EQ(count(0, 4095), 1);
	EXPECT_EQ(pieces[0].len, 1u);
	EXPECT_EQ(count(0, 4096), 0);
	folio.word = RL_WORD_HERE;
	ASSERT_EQ(rl_plan_around(&folio, 8192, pieces), 1);
	EXPECT_EQ(pieces[0].len, 4096u);
}

/* Refused is not nothing to read, of which a folio would be uptodate. */
TEST_F(NetfsPlan, AroundNoFolio)
{
	rl_folio none = { 0, 0, true, false }, large = { 0, RL_FOLIO_MAX + 1, true, false };
	rl_folio folio = { 0, 4096, false, false };
	rl_piece pieces[2];

	EXPECT_LT(rl_plan_around(&none, 0, pieces), 0);
	EXPECT_LT(rl_plan_around(&large, 0, pieces), 0);
	EXPECT_LT(rl_plan_around(&folio, -4096, pieces), 0);
	EXPECT_LT(rl_plan_around(&folio, RL_SIZE_MAX - 4094, pieces), 0);
}

/* Its last byte is none of the file's: no size reaches it. */
TEST_F(NetfsPlan, TheLastFolioOfTheLargestFile)
{
	const int64_t last = RL_SIZE_MAX - 4095;
	rl_folio clean = { 0, 4096, false, false }, folio = { 0, 4096, true, false };
	rl_write_plan written;
	rl_piece pieces[2];

	ASSERT_EQ(rl_plan_write(&clean, { 10, 20 }, 0, &written), RL_WRITE_NOW);
	folio.word = written.word;
	ASSERT_EQ(rl_plan_around(&folio, last, pieces), 2);
	EXPECT_EQ(pieces[0].len, 10u);
	EXPECT_EQ(pieces[1].pos, last + 20);
	EXPECT_EQ(pieces[1].len, 4075u);
	EXPECT_EQ(add(last, 0, 4096), RL_ADDED);
	expect_last(last, 4095);
	EXPECT_EQ(add(last + 1, 0, 4096), RL_ADDED_INVALID);
}

TEST_F(NetfsPlan, LimitsThatWereNotSet)
{
	rl_limits unset = {};

	EXPECT_EQ(rl_plan_bytes(&unset, RL_DIRECT_READ, 0, 10).len, 0u);
	EXPECT_EQ(rl_plan_bytes(&limits, static_cast<rl_kind>(9), 0, 10).len, 0u);
}

/* Those who ask for credits, each with a place of its own. */
class NetfsCredits : public testing::Test {
protected:
	rl_credits credits;
	rl_place places[8] = {};

	bool take(int who, bool write, uint32_t len)
	{
		return rl_credit_take(&credits, &places[who], write, len);
	}

	/* Who does not wait, if it is not at once. */
	bool once(bool write, uint32_t len)
	{
		rl_place place = {};
		bool taken = rl_credit_take(&credits, &place, write, len);

		EXPECT_EQ(rl_credit_leave(&credits, &place), !taken);
		return taken;
	}
};

/* Reads leave some for writes, and what is larger than all of it goes alone. */
TEST_F(NetfsCredits, Kept)
{
	rl_credits_init(&credits, 4, 1, 100);
	EXPECT_TRUE(once(false, 200));
	EXPECT_FALSE(once(false, 1));
	EXPECT_TRUE(once(true, 1)) << "kept for it, its bytes as well";
	EXPECT_FALSE(once(true, 1));
	EXPECT_TRUE(rl_credit_give(&credits, true, 1));
	EXPECT_TRUE(rl_credit_give(&credits, false, 200));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(once(false, 10));
	EXPECT_FALSE(once(false, 10));
	EXPECT_TRUE(once(true, 71));
	EXPECT_TRUE(rl_credit_give(&credits, true, 71));
	EXPECT_TRUE(once(true, 70));
	EXPECT_FALSE(once(true, 0)) << "no place";
	EXPECT_TRUE(rl_credit_give(&credits, true, 70));
	EXPECT_FALSE(rl_credit_give(&credits, true, 0)) << "none was taken";
	EXPECT_FALSE(rl_credit_give(&credits, false, 31));
	rl_credits_init(&credits, 0, 5, 0);
	EXPECT_TRUE(once(false, 10));
}

/* A large one waits for no small one that comes after it. */
TEST_F(NetfsCredits, InTurn)
{
	rl_credits_init(&credits, 8, 0, 100);
	EXPECT_TRUE(take(0, false, 60));
	EXPECT_FALSE(take(1, false, 50));
	EXPECT_FALSE(take(2, false, 10)) << "there is room, but not for the first";
	EXPECT_FALSE(take(3, true, 10));
	EXPECT_TRUE(rl_credit_wanted(&credits));
	EXPECT_TRUE(rl_credit_give(&credits, false, 60));
	EXPECT_FALSE(take(3, true, 10));
	EXPECT_FALSE(take(2, false, 10));
	EXPECT_TRUE(take(1, false, 50));
	EXPECT_FALSE(take(3, true, 10)) << "asked again, it is where it was";
	EXPECT_TRUE(take(2, false, 10));
	EXPECT_TRUE(take(3, true, 10));
	EXPECT_FALSE(rl_credit_wanted(&credits));
	EXPECT_TRUE(take(4, false, 30));
}

/* Who leaves keeps nobody, from wherever in the line. */
TEST_F(NetfsCredits, Left)
{
	rl_credits_init(&credits, 8, 0, 100);
	EXPECT_TRUE(take(0, false, 60));
	for (int who = 1; who < 5; who++)
		EXPECT_FALSE(take(who, false, who == 3 ? 10 : 70));
	EXPECT_TRUE(rl_credit_leave(&credits, &places[2]));
	EXPECT_FALSE(rl_credit_leave(&credits, &places[2]));
	EXPECT_FALSE(take(3, false, 10));
	EXPECT_TRUE(rl_credit_leave(&credits, &places[1]));
	EXPECT_TRUE(take(3, false, 10));
	EXPECT_TRUE(rl_credit_leave(&credits, &places[4]));
	EXPECT_FALSE(rl_credit_wanted(&credits));
	EXPECT_FALSE(take(1, false, 70)) << "a new place, at the end";
}

/* What is kept for writes is had past the reads, but in turn among writes. */
TEST_F(NetfsCredits, WritesPassReads)
{
	rl_credits_init(&credits, 4, 2, 100);
	EXPECT_TRUE(take(0, false, 100));
	EXPECT_FALSE(take(1, false, 10));
	EXPECT_TRUE(take(2, true, 50));
	EXPECT_TRUE(take(3, true, 50));
	EXPECT_FALSE(take(4, true, 5)) << "the next has none that is kept";
	EXPECT_TRUE(rl_credit_give(&credits, true, 50));
	EXPECT_FALSE(take(5, true, 5)) << "that is another write's";
	EXPECT_TRUE(take(4, true, 5));
	EXPECT_TRUE(rl_credit_give(&credits, false, 100));
	EXPECT_FALSE(take(5, true, 5)) << "a read came before";
	EXPECT_TRUE(take(1, false, 10));
	EXPECT_TRUE(take(5, true, 5));
}
