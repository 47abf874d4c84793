// SPDX-License-Identifier: GPL-2.0-only
/* Turns of clients that were told: taken, late, lost. */
#include "named.hpp"

using Reserve = named::stage;

TEST_F(Reserve, TheRetryHasTheTurn)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	unlock(1, 0, 9);
	ASSERT_EQ(state(0), LK_NOTIFIED);
	EXPECT_EQ(set(3, LK_READ, 5, 5), LK_CONFLICT) << "like a lock to everybody else";
	EXPECT_EQ(set(2, LK_WRITE, 0, 9), LK_CONFLICT) << "no client asks here";
	EXPECT_EQ(wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY), LK_GRANTED);
	EXPECT_EQ(table().nr_reservations, 0u);
}

TEST_F(Reserve, ItEndsByItself)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	wait(3, LK_WRITE, 0, 9);
	unlock(1, 0, 9);
	w.advance(1999);
	EXPECT_EQ(state(1), LK_WAITING);
	w.advance(1);
	EXPECT_EQ(state(1), LK_WON);
	EXPECT_EQ(w.graph.expired, 1u);
}

TEST_F(Reserve, AReclaimTakesItAway)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	unlock(1, 0, 9);
	EXPECT_EQ(wait(3, LK_WRITE, 4, 4, 0, LK_LOCAL, LK_RECLAIM), LK_GRANTED);
	EXPECT_EQ(table().nr_reservations, 0u);
}

TEST_F(Reserve, ReadersShareARecordAndTakeOneTurnEach)
{
	set(1, LK_WRITE, 0, 9);
	for (int owner = 2; owner < 10; owner += 2)
		wait(owner, LK_READ, 0, 9, 0, LK_NOTIFY);
	unlock(1, 0, 9);
	EXPECT_EQ(table().nr_reservations, 1u);
	EXPECT_EQ(table().reservations->turns, 4u);
	for (int owner = 2; owner < 10; owner += 2) {
		EXPECT_EQ(set(11, LK_WRITE, 0, 9), LK_CONFLICT);
		EXPECT_EQ(wait(owner, LK_READ, 0, 9, 0, LK_NOTIFY), LK_GRANTED);
	}
	EXPECT_EQ(table().nr_reservations, 0u);
}

/* Processes on one client were all killed: NFSv4 has no cancel. */
TEST_F(Reserve, ARunOfDeadClientsCostsOneTime)
{
	w.graph.reserve_ms = 2000;
	set(1, LK_WRITE, 0, 9);
	for (uint64_t owner = 2; owner < 42; owner++)
		wait(owner, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	wait(500, LK_WRITE, 0, 9);
	unlock(1, 0, 9);
	for (int ms = 0; ms < 2000; ms += 50) {
		EXPECT_EQ(state(40), LK_WAITING) << ms;
		w.advance(50);
	}
	EXPECT_EQ(state(40), LK_WON) << "all turns were over at once";
}

/* One of those told late is alive, and has it. */
TEST_F(Reserve, TheFirstToComeBackHasIt)
{
	set(1, LK_WRITE, 0, 9);
	for (uint64_t owner = 2; owner < 8; owner++)
		wait(owner, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	unlock(1, 0, 9);
	w.advance(250);
	EXPECT_EQ(state(3), LK_NOTIFIED) << "three more";
	EXPECT_EQ(state(4), LK_WAITING);
	EXPECT_EQ(wait(4, LK_WRITE, 0, 9, 0, LK_NOTIFY), LK_GRANTED);
	EXPECT_EQ(table().nr_reservations, 0u) << "the others have lost theirs";
}

TEST_F(Reserve, ALateClientDoesNotLetALocalOneIn)
{
	set(1, LK_WRITE, 0, 9);
	wait(2, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	wait(3, LK_WRITE, 0, 9);
	wait(4, LK_WRITE, 0, 9, 0, LK_NOTIFY);
	unlock(1, 0, 9);
	w.advance(1000);
	EXPECT_EQ(state(1), LK_WAITING);
	EXPECT_EQ(state(2), LK_WAITING) << "behind a local one";
}

TEST_F(Reserve, AThousandDeadAreToldWithinTheTime)
{
	world::world many({ .tables = 1, .owners = 1 });
	lk_request r = many.request(LK_WRITE, 1, { 0, 0 });
	lk_batch batch = {};
	lk_list spares = {};
	struct lk_unlock rest;
	struct lk_plan plan;
	lk_table &table = many.slots[0]->core;
	std::vector<lk_waiter> waiters(3000);
	uint64_t identity = 1, next;

	/* Without the model, which takes its time. */
	lk_table_init(&table, &many.graph, nullptr, nullptr);
	shell::give(spares, 1);
	ASSERT_EQ(lk_plan(&table, &r, true, &plan), LK_GRANTED);
	lk_commit(&table, &r, &plan, &spares, &rest, &batch);
	for (lk_waiter &w : waiters) {
		shell::give(w.nodes, 2);
		r.owner++;
		r.cookie = &identity;
		r.kind = LK_NOTIFY;
		r.manager = 7;
		r.flags |= LK_WAIT;
		ASSERT_EQ(lk_enqueue(&table, &r, &w, &batch), LK_QUEUED);
	}
	r.owner = 1;
	r.op = LK_UNLOCK;
	ASSERT_EQ(lk_plan(&table, &r, true, &plan), LK_GRANTED);
	lk_commit(&table, &r, &plan, &spares, &rest, &batch);
	for (uint64_t now = r.now; now < r.now + 2000; now += 10)
		while (lk_due(&many.graph, now, &next))
			lk_expire(&table, now, &batch);
	EXPECT_EQ(table.nr_waiters, 0u);
	EXPECT_LE(table.nr_reservations, 10u);
	ASSERT_EQ(lk_due(&many.graph, r.now + 2000, &next), &table);
	lk_expire(&table, r.now + 2000, &batch);
	EXPECT_TRUE(lk_idle(&table));
	for (lk_waiter &w : waiters)
		lk_end_waiter(&table, &w, false, 0, &batch);
	shell::free_all(batch.freed);
	many.init(0);
}
