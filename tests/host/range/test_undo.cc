// SPDX-License-Identifier: GPL-2.0-only
/* Grants that are taken back. */
#include "named.hpp"

namespace {

struct Undo : named::stage {
	/* Owner 2 gets [0,9] by hand-over from 1, so that it can be taken back. */
	void hand_over(int op, int a = 0, int b = 9, int blocked = 9)
	{
		set(1, LK_READ, 30, 30);
		set(1, op == LK_READ ? LK_WRITE : LK_READ, blocked, blocked);
		ASSERT_EQ(wait(2, op, a, b, 0, LK_REVOCABLE), LK_QUEUED);
		unlock(1, 0, model::cells - 1);
		ASSERT_EQ(state(0), LK_WON);
	}
};

} // namespace

TEST_F(Undo, WhatWasNewGoes)
{
	hand_over(LK_WRITE);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 9, model::none));
}

TEST_F(Undo, AnUpgradeGoesBack)
{
	set(2, LK_READ, 0, 9);
	hand_over(LK_WRITE);
	EXPECT_TRUE(holds(2, 0, 9, LK_WRITE));
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 9, LK_READ));
}

/* Every way in which records can lie in and across the range. */
TEST_F(Undo, PiecesComeBackAsTheyWere)
{
	set(2, LK_READ, 0, 20);		/* straddles both ends, in the end */
	set(2, LK_WRITE, 4, 5);
	set(2, LK_WRITE, 8, 12);
	unlock(2, 6, 6);
	hand_over(LK_WRITE, 3, 9, 6);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 3, LK_READ));
	EXPECT_TRUE(holds(2, 4, 5, LK_WRITE));
	EXPECT_TRUE(holds(2, 6, 6, model::none));
	EXPECT_TRUE(holds(2, 7, 7, LK_READ));
	EXPECT_TRUE(holds(2, 8, 12, LK_WRITE));
	EXPECT_TRUE(holds(2, 13, 20, LK_READ));
}

TEST_F(Undo, AMergeIsSplitAgain)
{
	set(2, LK_WRITE, 0, 2);
	set(2, LK_WRITE, 10, 12);
	hand_over(LK_WRITE, 3, 9);
	EXPECT_EQ(table().nr_records, 1u);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 3, 9, model::none));
	EXPECT_TRUE(holds(2, 0, 2, LK_WRITE) && holds(2, 10, 12, LK_WRITE));
}

/* A downgrade gave the write lock up: it does not come back. */
TEST_F(Undo, WhatWasGivenUpStaysGivenUp)
{
	set(2, LK_WRITE, 0, 4);
	hand_over(LK_READ);
	EXPECT_EQ(set(3, LK_READ, 0, 4), LK_GRANTED);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 4, LK_READ));
	EXPECT_TRUE(holds(2, 5, 9, model::none));
}

TEST_F(Undo, TakingBackServesOthers)
{
	hand_over(LK_WRITE);
	wait(3, LK_WRITE, 0, 9);
	w.end(0, true);
	EXPECT_TRUE(holds(3, 0, 9, LK_WRITE));
}

TEST_F(Undo, WhatTheOwnerDidLaterStays)
{
	hand_over(LK_WRITE);
	set(2, LK_READ, 6, 12);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 5, model::none));
	EXPECT_TRUE(holds(2, 6, 12, LK_READ));
}

TEST_F(Undo, AHoleMakesItFinal)
{
	hand_over(LK_WRITE);
	unlock(2, 4, 5);
	EXPECT_EQ(table().revocable, nullptr);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 3, LK_WRITE) && holds(2, 6, 9, LK_WRITE));
}

TEST_F(Undo, TheSameLockAgainMakesItFinal)
{
	hand_over(LK_WRITE);
	EXPECT_EQ(set(2, LK_WRITE, 0, 9), LK_GRANTED);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 9, LK_WRITE));
}

/* A server may have very many: what its owner does next is no search among all. */
TEST_F(Undo, WhoHasWonIsNotInTheGraph)
{
	hand_over(LK_WRITE);
	EXPECT_NE(table().revocable, nullptr);
	EXPECT_EQ(w.graph.waiters, nullptr);
}

TEST_F(Undo, AConfirmedOneStays)
{
	hand_over(LK_WRITE);
	w.end(0, false);
	EXPECT_TRUE(holds(2, 0, 9, LK_WRITE));
	EXPECT_FALSE(lk_contended(&table()));
}

TEST_F(Undo, AnImmediateGrantIsFinal)
{
	EXPECT_EQ(wait(2, LK_WRITE, 0, 9, 0, LK_REVOCABLE), LK_GRANTED);
	EXPECT_FALSE(lk_contended(&table()));
}

/* Two threads of one client wait for what overlaps, and have it from one unlock. */
namespace {

struct UndoOfTwo : Undo {
	void hand_over_both(int a, int b, int c, int d)
	{
		set(2, LK_READ, 30, 34);
		set(1, LK_WRITE, 0, 29);
		ASSERT_EQ(wait(2, LK_WRITE, a, b, 0, LK_REVOCABLE), LK_QUEUED);
		ASSERT_EQ(wait(2, LK_WRITE, c, d, 0, LK_REVOCABLE), LK_QUEUED);
		unlock(1, 0, model::cells - 1);
		ASSERT_EQ(state(0), LK_WON);
		ASSERT_EQ(state(1), LK_WON);
	}
};

} // namespace

TEST_F(UndoOfTwo, BothGo)
{
	const int ranges[][4] = {
		{ 0, 9, 0, 9 }, { 0, 9, 5, 14 }, { 5, 14, 0, 9 }, { 0, 9, 3, 5 }, { 3, 5, 0, 9 },
	};

	for (auto &r : ranges)
		for (bool first : { true, false }) {
			w.detach(0);
			hand_over_both(r[0], r[1], r[2], r[3]);
			w.end(first ? 0 : 1, true);
			w.end(0, true);
			if (r[2] > r[0] && r[3] < r[1])
				continue;	/* a hole made the first final */
			EXPECT_TRUE(holds(2, 0, 29, model::none)) << r[0] << ' ' << r[2] << first;
		}
}

TEST_F(UndoOfTwo, TheOtherKeepsItsOwn)
{
	hand_over_both(0, 9, 5, 14);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 4, model::none));
	EXPECT_TRUE(holds(2, 5, 14, LK_WRITE));
	w.end(0, false);
	EXPECT_TRUE(holds(2, 5, 14, LK_WRITE));
}

/* The second is a downgrade: others may read by now. */
TEST_F(UndoOfTwo, WhatWasGivenUpStaysGivenUp)
{
	set(2, LK_WRITE, 0, 4);
	set(1, LK_WRITE, 5, 29);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 9, 0, LK_REVOCABLE), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_READ, 0, 9, 0, LK_REVOCABLE), LK_QUEUED);
	unlock(1, 0, model::cells - 1);
	ASSERT_EQ(state(1), LK_WON);
	EXPECT_EQ(set(3, LK_READ, 0, 9), LK_GRANTED);
	w.end(0, true);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 4, LK_READ));
	EXPECT_TRUE(holds(2, 5, 9, model::none));
}

TEST_F(UndoOfTwo, WhatTheFirstKeptComesBack)
{
	hand_over_both(0, 9, 5, 14);
	w.end(0, false);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 9, LK_WRITE));
	EXPECT_TRUE(holds(2, 10, 14, model::none));
}
