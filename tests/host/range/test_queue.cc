// SPDX-License-Identifier: GPL-2.0-only
/* Who waits, who wins, and in what order. */
#include "named.hpp"

using Queue = named::stage;

TEST_F(Queue, APileIsAChain)
{
	set(1, LK_WRITE, 0, 9);
	for (int owner = 2; owner < 9; owner++)
		ASSERT_EQ(wait(owner, LK_WRITE, 0, 9), LK_QUEUED);
	EXPECT_NE(lk_blocker_of(&waiter(0)).record, nullptr);
	for (int i = 1; i < 7; i++)
		EXPECT_EQ(lk_blocker_of(&waiter(i)).waiter, &waiter(i - 1)) << i;
	for (int owner = 1; owner < 8; owner++) {
		unlock(owner, 0, 9);
		EXPECT_TRUE(holds(owner + 1, 0, 9, LK_WRITE));
	}
}

TEST_F(Queue, CancelInTheMiddleMendsTheChain)
{
	set(1, LK_WRITE, 0, 9);
	for (int owner = 2; owner < 6; owner++)
		wait(owner, LK_WRITE, 0, 9);
	w.end(1, false);
	EXPECT_EQ(lk_blocker_of(&waiter(1)).waiter, &waiter(0));
	unlock(1, 0, 9);
	EXPECT_TRUE(holds(2, 0, 9, LK_WRITE));
	unlock(2, 0, 9);
	EXPECT_TRUE(holds(4, 0, 9, LK_WRITE));
}

TEST_F(Queue, ReadersWinTogetherInOrder)
{
	set(1, LK_WRITE, 0, 9);
	for (int owner = 2; owner < 7; owner++)
		wait(owner, LK_READ, owner, 9);
	unlock(1, 0, 9);
	for (int owner = 2; owner < 7; owner++)
		EXPECT_TRUE(holds(owner, owner, 9, LK_READ));
}

/* Whose a record is, is up to who asked: fs/locks.c is the model. */
TEST_F(Queue, WhatIsReplacedIsTheRequests)
{
	uint64_t &renewed = w.slots[0]->mirror.renewed;

	set(1, LK_READ, 5, 9);
	set(1, LK_READ, 5, 12);		/* extended: as it was */
	set(1, LK_WRITE, 7, 8);		/* split: a record of its own */
	set(1, LK_WRITE, 9, 10);	/* extended */
	EXPECT_EQ(renewed, 0u);
	set(1, LK_WRITE, 5, 6);		/* the first it meets is replaced */
	EXPECT_EQ(renewed, 1u);
	set(1, LK_WRITE, 3, 20);	/* grown over the rest */
	EXPECT_EQ(renewed, 1u);
	set(1, LK_READ, 3, 20);
	EXPECT_EQ(renewed, 2u);
	EXPECT_EQ(table().nr_records, 1u);
}

TEST_F(Queue, ADowngradeLetsReadersIn)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_READ, 0, 9);
	wait(3, LK_WRITE, 0, 9);
	set(1, LK_READ, 0, 9);
	EXPECT_EQ(state(0), LK_WON);
	EXPECT_EQ(state(1), LK_WAITING);
}

TEST_F(Queue, APartialUnlockServesWhomItFrees)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 3);
	wait(3, LK_WRITE, 4, 6);
	unlock(1, 4, 6);
	EXPECT_EQ(state(0), LK_WAITING);
	EXPECT_EQ(state(1), LK_WON);
}

TEST_F(Queue, FifoKeepsNewcomersBehind)
{
	set(1, LK_READ, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	EXPECT_EQ(wait(3, LK_READ, 0, 9), LK_QUEUED);
	/* Who does not wait is refused by locks only. */
	EXPECT_EQ(set(4, LK_READ, 0, 9), LK_GRANTED);
}

TEST_F(Queue, BoundedLetsThemPassForAWhile)
{
	set(1, LK_READ, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	EXPECT_EQ(wait(3, LK_READ, 0, 9, 0, LK_LOCAL, 0, LK_FAIR_BOUNDED), LK_GRANTED);
	w.advance(LK_PATIENCE_MS - 1);
	EXPECT_EQ(wait(4, LK_READ, 0, 9, 0, LK_LOCAL, 0, LK_FAIR_BOUNDED), LK_GRANTED);
	w.advance(1);
	EXPECT_EQ(wait(5, LK_READ, 0, 9, 0, LK_LOCAL, 0, LK_FAIR_BOUNDED), LK_QUEUED);
	EXPECT_EQ(wait(6, LK_READ, 0, 9, 0, LK_LOCAL, 0, LK_FAIR_NONE), LK_GRANTED);
}

TEST_F(Queue, AHolderPassesThoseWhoWaitForIt)
{
	set(1, LK_READ, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	EXPECT_EQ(wait(1, LK_READ, 5, 14), LK_GRANTED);
}

TEST_F(Queue, AReclaimPassesEveryone)
{
	set(1, LK_READ, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	EXPECT_EQ(wait(3, LK_READ, 0, 9, 0, LK_LOCAL, LK_RECLAIM), LK_GRANTED);
}

TEST_F(Queue, UpgradeWaitsForTheOtherReader)
{
	set(1, LK_READ, 0, 9);
	set(2, LK_READ, 0, 9);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 9), LK_QUEUED);
	EXPECT_EQ(wait(2, LK_WRITE, 0, 9), LK_DEADLOCK);
	unlock(2, 0, 9);
	EXPECT_TRUE(holds(1, 0, 9, LK_WRITE));
}

TEST_F(Queue, TheLastByteIsWaitedFor)
{
	set(1, LK_WRITE, model::cells - 1, model::cells - 1);
	wait(2, LK_READ, 0, model::cells - 1);
	unlock(1, model::cells - 2, model::cells - 1);
	EXPECT_EQ(state(0), LK_WON);
}

TEST_F(Queue, DetachTellsNobody)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	wait(3, LK_WRITE, 0, 9, 0, LK_REVOCABLE);
	w.detach_all();
	EXPECT_EQ(state(0), LK_LAPSED);
	EXPECT_EQ(state(1), LK_LAPSED);
}

TEST_F(Queue, OneThatIsNotRefreshedLapses)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	wait(3, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	w.advance(LK_POLL_LIMIT_MS - 1);
	w.refresh(1);
	w.advance(1);
	EXPECT_EQ(state(0), LK_LAPSED);
	EXPECT_EQ(state(1), LK_WAITING);
	unlock(1, 0, 9);
	EXPECT_EQ(state(1), LK_NOTIFIED);
}

/*
 * 1 reads; 2 waits to write; 3 came later, and nothing but the order keeps it
 * out.  1 may need 3 to go on, which nobody here can see.
 */
TEST_F(Queue, OrderAloneKeepsNobodyOutForLong)
{
	for (int fairness : { LK_FAIR_BOUNDED, LK_FAIR_FIFO, LK_FAIR_NONE }) {
		struct : named::stage {
			void TestBody() override {}
		} s;

		s.set(1, LK_READ, 0, 9);
		ASSERT_EQ(s.wait(2, LK_WRITE, 0, 9, 0, LK_LOCAL, LK_DETECT, fairness), LK_QUEUED);
		s.w.advance(LK_PATIENCE_MS);
		lk_outcome third = s.wait(3, LK_READ, 0, 9, 0, LK_LOCAL, LK_DETECT, fairness);

		if (fairness == LK_FAIR_NONE) {
			EXPECT_EQ(third, LK_GRANTED);
			continue;
		}
		ASSERT_EQ(third, LK_QUEUED);
		s.w.advance(LK_COURTESY_MS - 1);
		EXPECT_EQ(s.state(1), LK_WAITING);
		s.w.advance(1);
		EXPECT_EQ(s.state(1), fairness == LK_FAIR_FIFO ? LK_WAITING : LK_WON);
		EXPECT_EQ(s.w.graph.courtesies, fairness == LK_FAIR_FIFO ? 0u : 1u);
	}
}

/* Process 1 by another of its open files: at once, but for the mode that promises the order. */
TEST_F(Queue, AProcessThatHoldsItIsNotKeptOut)
{
	for (int fairness : { LK_FAIR_BOUNDED, LK_FAIR_FIFO }) {
		struct : named::stage {
			void TestBody() override {}
		} s;

		s.set(1, LK_READ, 0, 9);
		ASSERT_EQ(s.wait(2, LK_WRITE, 0, 9, 0, LK_LOCAL, LK_DETECT, fairness), LK_QUEUED);
		s.w.advance(LK_PATIENCE_MS);
		EXPECT_EQ(s.wait(1001, LK_READ, 5, 9, 0, LK_LOCAL, 0, fairness),
			  fairness == LK_FAIR_FIFO ? LK_QUEUED : LK_GRANTED);
		EXPECT_EQ(s.wait(1003, LK_READ, 5, 9, 0, LK_LOCAL, 0, fairness), LK_QUEUED);
	}
}

/* So many in its way are looked at, in order of their first bytes: the next may be its own. */
TEST_F(Queue, SoManyLocksAreLookedAtForItsProcess)
{
	auto planned = [this] {
		lk_request r = w.request(LK_READ, 1001, { 5, 9 });
		struct lk_plan plan;

		r.flags |= LK_WAIT;
		r.fairness = LK_FAIR_BOUNDED;
		return lk_plan(&w.slots[0]->core, &r, true, &plan);
	};

	set(1, LK_READ, 5, 9);
	for (int i = 0; i < LK_LOOKS - 1; i++)
		set(10 + i, LK_READ, 0, 9);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 9, 0, LK_LOCAL, LK_DETECT, LK_FAIR_BOUNDED), LK_QUEUED);
	w.advance(LK_PATIENCE_MS);
	EXPECT_EQ(planned(), LK_GRANTED);
	set(10 + LK_LOOKS, LK_READ, 0, 9);
	EXPECT_EQ(planned(), LK_MUST_WAIT);
	unlock(10, 0, 9);
	EXPECT_EQ(planned(), LK_GRANTED);
}

/* The time is that in which nothing but the order kept it out. */
TEST_F(Queue, ALockThatKeepsOneOutIsNoCourtesy)
{
	set(1, LK_READ, 0, 9);
	set(5, LK_WRITE, 20, 20);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 9, 0, LK_LOCAL, LK_DETECT, LK_FAIR_BOUNDED), LK_QUEUED);
	ASSERT_EQ(wait(3, LK_READ, 0, 20, 0, LK_LOCAL, LK_DETECT, LK_FAIR_BOUNDED), LK_QUEUED);
	w.advance(3 * LK_COURTESY_MS);
	EXPECT_EQ(state(1), LK_WAITING);
	unlock(5, 20, 20);
	EXPECT_EQ(state(1), LK_WAITING);
	w.advance(LK_COURTESY_MS);
	EXPECT_EQ(state(1), LK_WON);
}
