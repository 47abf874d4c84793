// SPDX-License-Identifier: GPL-2.0-only
/* Deadlocks that are, and orders that must not become one. */
#include "named.hpp"

using Graph = named::stage;

TEST_F(Graph, TwoFiles)
{
	set(1, LK_WRITE, 0, 0, 0);
	set(2, LK_WRITE, 0, 0, 1);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 0, 1), LK_QUEUED);
	EXPECT_EQ(wait(2, LK_WRITE, 0, 0, 0), LK_DEADLOCK);
}

struct Ofd : named::stage {
	Ofd() : stage({ .tables = 3, .owners = 9 }) {}	/* 4 and 8 are open files */
};

TEST_F(Ofd, OpenFilesWaitOn)
{
	set(4, LK_WRITE, 0, 0, 0);
	set(8, LK_WRITE, 0, 0, 1);
	EXPECT_EQ(wait(4, LK_WRITE, 0, 0, 1, LK_LOCAL, 0), LK_QUEUED);
	EXPECT_EQ(wait(8, LK_WRITE, 0, 0, 0, LK_LOCAL, 0), LK_QUEUED);
}

/* The requester's own blocker may be an open file, which waits for its lock. */
TEST_F(Ofd, AProcessFailsWhoseBlockerIsAnOpenFile)
{
	set(1, LK_READ, 17, 19);
	set(4, LK_READ, 2, 9);
	ASSERT_EQ(wait(4, LK_WRITE, 19, 21, 0, LK_LOCAL, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 9, 10), LK_DEADLOCK);
}

/* The same the other way round: an open file is never failed. */
TEST_F(Ofd, AnOpenFileThatClosesACycleWaits)
{
	set(1, LK_READ, 17, 19);
	set(4, LK_READ, 2, 9);
	ASSERT_EQ(wait(1, LK_WRITE, 9, 10), LK_QUEUED);
	EXPECT_EQ(wait(4, LK_WRITE, 19, 21, 0, LK_LOCAL, 0), LK_QUEUED);
}

/* 1 -> 4 -> 2 -> 1: through an open file that waits for a process. */
TEST_F(Ofd, ALongerCycleThroughAnOpenFile)
{
	set(1, LK_WRITE, 0, 0);
	set(2, LK_WRITE, 1, 1);
	set(4, LK_WRITE, 2, 2);
	ASSERT_EQ(wait(4, LK_WRITE, 1, 1, 0, LK_LOCAL, 0), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 2, 2), LK_DEADLOCK);
}

/* 1 -> 2 -> 4 -> 1: whoever waits for an open file ends the chain. */
TEST_F(Ofd, AWaitForAnOpenFileEndsTheChain)
{
	set(1, LK_WRITE, 0, 0);
	set(2, LK_WRITE, 1, 1);
	set(4, LK_WRITE, 2, 2);
	ASSERT_EQ(wait(4, LK_WRITE, 0, 0, 0, LK_LOCAL, 0), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_WRITE, 2, 2), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 1, 1), LK_QUEUED);
}

/* What an unlock of everything finds while it goes on is not its own. */
TEST_F(Graph, AnUnlockInPortionsLeavesWhatCameSince)
{
	lk_table &core = w.slots[0]->core;
	lk_request all = w.request(LK_UNLOCK, 1, { 0, 60 }), anew = w.request(LK_WRITE, 1, { 19, 21 });
	lk_list spares = {};
	lk_batch batch = {};
	struct lk_plan plan;

	for (int i = 0; i < 20; i++)
		set(1, LK_WRITE, 2 * i, 2 * i);
	ASSERT_EQ(lk_plan(&core, &all, true, &plan), LK_GRANTED);
	ASSERT_EQ(lk_commit(&core, &all, &plan, &spares, &all, &batch), LK_MORE);
	EXPECT_FALSE(lk_idle(&core));
	/* In the midst of what is still to go, over and beside its records. */
	ASSERT_EQ(lk_plan(&core, &anew, true, &plan), LK_GRANTED);
	shell::give(spares, plan.nodes);
	ASSERT_EQ(lk_commit(&core, &anew, &plan, &spares, &anew, &batch), LK_DONE);
	EXPECT_EQ(lk_validate(&core), nullptr);
	do {
		ASSERT_EQ(lk_plan(&core, &all, true, &plan), LK_GRANTED);
		ASSERT_EQ(plan.nodes, 0u);
	} while (lk_commit(&core, &all, &plan, &spares, &all, &batch) == LK_MORE);
	const lk_record *left = lk_first_record(&core);

	ASSERT_NE(left, nullptr);
	EXPECT_EQ(left->start, 19);
	EXPECT_EQ(left->end, 21);
	EXPECT_EQ(lk_next_record(left), nullptr);
	EXPECT_EQ(lk_validate(&core), nullptr);
	w.slots[0]->model.of(1).fill(model::none);
	w.slots[0]->model.set(anew, { 19, 21 });
	w.finish_batch(*w.slots[0], batch);
}

TEST_F(Graph, AnyLength)
{
	constexpr int length = 60;

	for (int i = 0; i < length; i++)
		set(10 + i, LK_WRITE, i, i);
	for (int i = 0; i < length - 1; i++)
		ASSERT_EQ(wait(10 + i, LK_WRITE, i + 1, i + 1), LK_QUEUED);
	EXPECT_EQ(wait(10 + length - 1, LK_WRITE, 0, 0), LK_DEADLOCK);
	EXPECT_EQ(wait(5, LK_WRITE, 0, length), LK_QUEUED);
}

/* Through one of several readers that a writer waits for. */
TEST_F(Graph, ThroughAnyHolder)
{
	for (int owner = 1; owner < 6; owner++)
		set(owner, LK_READ, 0, 0);
	set(6, LK_WRITE, 1, 1);
	EXPECT_EQ(wait(6, LK_WRITE, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(4, LK_READ, 1, 1), LK_DEADLOCK);
}

/* 3 queues behind 2 by order alone; 2 waits for 1, and 1 asks what 3 holds. */
TEST_F(Graph, TheOrderYields)
{
	set(1, LK_READ, 0, 9);
	wait(2, LK_WRITE, 0, 9);
	set(3, LK_WRITE, 20, 20);
	ASSERT_EQ(wait(3, LK_READ, 0, 9), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 20, 20), LK_QUEUED);
	EXPECT_EQ(state(1), LK_WON) << "3 passes 2";
	unlock(3, 20, 20);
	EXPECT_TRUE(holds(1, 20, 20, LK_WRITE));
}

/* The same, but the one who has to pass waits in another table. */
TEST_F(Graph, TheOrderYieldsElsewhere)
{
	set(1, LK_READ, 0, 9, 0);
	wait(2, LK_WRITE, 0, 9, 0);
	set(3, LK_WRITE, 0, 0, 1);
	ASSERT_EQ(wait(3, LK_READ, 0, 9, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 0, 1), LK_QUEUED);
	EXPECT_TRUE(holds(3, 0, 9, LK_READ, 0));
	EXPECT_EQ(w.graph.passes, 1u);
}

/* The requester itself passes, and does not wait at all. */
TEST_F(Graph, TheRequesterPasses)
{
	set(1, LK_READ, 0, 9, 0);
	set(3, LK_WRITE, 0, 0, 1);
	wait(2, LK_WRITE, 0, 9, 0);
	wait(1, LK_WRITE, 0, 0, 1);
	EXPECT_EQ(wait(3, LK_READ, 0, 9, 0), LK_GRANTED);
	EXPECT_TRUE(holds(3, 0, 9, LK_READ, 0));
}

/* Two threads of 1: what one is granted, the other's blocker waits for. */
TEST_F(Graph, AGrantClosesACycle)
{
	set(2, LK_WRITE, 0, 0, 1);
	set(3, LK_WRITE, 0, 0, 0);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 1), LK_QUEUED);	/* 1 waits for 2 */
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 0), LK_QUEUED);	/* and for 3 */
	ASSERT_EQ(wait(2, LK_WRITE, 0, 0, 0), LK_QUEUED);	/* 2 for 3 */
	unlock(3, 0, 0, 0);					/* 1 has it, 2 waits for 1 */
	EXPECT_EQ(state(1), LK_WON);
	EXPECT_EQ(state(0), LK_LOST_DEADLOCK);
}

/* Nobody local is on the cycle: a client is told, and finds out by asking. */
TEST_F(Graph, AGrantClosesACycleOfClients)
{
	set(2, LK_WRITE, 0, 0, 1);
	set(3, LK_WRITE, 0, 0, 0);
	wait(1, LK_WRITE, 0, 0, 1, LK_NOTIFY);
	wait(1, LK_WRITE, 0, 0, 0);
	wait(2, LK_WRITE, 0, 0, 0, LK_NOTIFY);
	unlock(3, 0, 0, 0);
	EXPECT_EQ(state(1), LK_WON);
	EXPECT_TRUE(state(0) == LK_NOTIFIED || state(2) == LK_NOTIFIED);
	EXPECT_EQ(table(0).nr_reservations + table(1).nr_reservations, 0u);
	/* 2 comes again: 1 may have given up, and is asked; it has not, and is refused. */
	ASSERT_EQ(state(2), LK_NOTIFIED);
	EXPECT_EQ(wait(2, LK_WRITE, 0, 0, 0, LK_NOTIFY), LK_QUEUED);
	EXPECT_EQ(state(0), LK_NOTIFIED);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 0, 1, LK_NOTIFY), LK_DEADLOCK);
}

/* A client that gave up its wait is not heard of: nobody fails for what it wanted. */
TEST_F(Graph, AClientThatGaveUpFailsNobody)
{
	set(1, LK_WRITE, 0, 0, 0);
	set(2, LK_WRITE, 0, 0, 1);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 1, LK_NOTIFY), LK_QUEUED);
	w.advance(5000);
	EXPECT_EQ(wait(2, LK_WRITE, 0, 0, 0), LK_QUEUED);
	EXPECT_EQ(state(0), LK_NOTIFIED) << "it is asked";
	EXPECT_EQ(w.graph.probes, 1u);
	unlock(1, 0, 0, 0);
	EXPECT_EQ(state(1), LK_WON);
}

/* One that has not given up comes again at once, and finds the deadlock. */
TEST_F(Graph, AClientThatStillWaitsIsRefused)
{
	set(1, LK_WRITE, 0, 0, 0);
	set(2, LK_WRITE, 0, 0, 1);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 1, LK_NOTIFY), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 0, 1, LK_NOTIFY), LK_DEADLOCK);
}

/* Three clients: whoever asks is believed for a while, so the asking ends. */
TEST_F(Graph, ACycleOfClientsEnds)
{
	for (int i = 0; i < 3; i++)
		set(1 + i, LK_WRITE, 0, 0, i);
	unsigned int rounds = 0;
	int answer = LK_QUEUED;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(wait(1 + i, LK_WRITE, 0, 0, i + 1, LK_NOTIFY), LK_QUEUED);
	for (int i = 2; answer == LK_QUEUED && rounds < 9; rounds++) {
		answer = wait(1 + i, LK_WRITE, 0, 0, (i + 1) % 3, LK_NOTIFY);
		/* Whoever was told comes again. */
		for (auto &waiter : w.waiters)
			if (waiter->core.state == LK_NOTIFIED)
				i = waiter->identity - 1;
		for (size_t at = 0; at < w.waiters.size(); at++)
			if (waiter(at).state == LK_NOTIFIED)
				w.end(at--, false);
	}
	EXPECT_EQ(answer, LK_DEADLOCK);
	EXPECT_LE(rounds, 4u);
}

/* A turn that is kept ends by itself: no edge. */
TEST_F(Graph, ReservationsAreNoEdges)
{
	set(1, LK_WRITE, 0, 0, 0);
	wait(2, LK_WRITE, 0, 0, 0, LK_NOTIFY);
	set(2, LK_WRITE, 0, 0, 1);
	unlock(1, 0, 0, 0);
	ASSERT_EQ(table(0).nr_reservations, 1u);
	set(3, LK_WRITE, 5, 5, 1);
	ASSERT_EQ(wait(3, LK_WRITE, 0, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(2, LK_WRITE, 5, 5, 1), LK_QUEUED);
}

TEST_F(Graph, MoreTablesThanAreLookedThrough)
{
	world::world many({ .tables = 80, .owners = 200, .blind = false });
	auto ask = [&](uint64_t owner, int table) {
		lk_request r = many.request(LK_WRITE, owner, { 0, 0 });

		r.flags = LK_WAIT | LK_DETECT;
		return many.ask(table, r);
	};

	for (int i = 0; i < 80; i++)
		ask(10 + i, i);
	for (int i = 0; i < 79; i++)
		ASSERT_EQ(ask(10 + i, i + 1), LK_QUEUED);
	EXPECT_EQ(many.graph.nr_contended, 79u);
	EXPECT_EQ(ask(10 + 79, 0), LK_DEADLOCK);
	EXPECT_EQ(ask(500, 0), LK_QUEUED);
}
