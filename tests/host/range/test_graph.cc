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

/* Open files, by their process. */
constexpr uint64_t ofd = world::first_open_file;

TEST_F(Graph, OpenFilesWaitOn)
{
	set(ofd + 1, LK_WRITE, 0, 0, 0);
	set(ofd + 2, LK_WRITE, 0, 0, 1);
	EXPECT_EQ(wait(ofd + 1, LK_WRITE, 0, 0, 1), LK_QUEUED);
	EXPECT_EQ(wait(ofd + 2, LK_WRITE, 0, 0, 0), LK_QUEUED);
}

/* Whoever holds what the process asks for, an open file here, waits for it. */
TEST_F(Graph, ThroughAnOpenFile)
{
	set(1, LK_READ, 17, 19);
	set(ofd + 2, LK_READ, 2, 9);
	ASSERT_EQ(wait(ofd + 2, LK_WRITE, 19, 21), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 9, 10), LK_DEADLOCK);
	unlock(1, 17, 19);
	EXPECT_EQ(state(0), LK_WON);
}

TEST_F(Graph, ThroughAnOpenFileAndAProcess)
{
	set(1, LK_WRITE, 0, 0, 0);
	set(ofd + 2, LK_WRITE, 0, 0, 1);
	set(3, LK_WRITE, 0, 0, 2);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 2), LK_QUEUED);
	ASSERT_EQ(wait(ofd + 2, LK_WRITE, 0, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(3, LK_WRITE, 0, 0, 1), LK_DEADLOCK);
}

TEST_F(Graph, AnOpenFileIsNotFailed)
{
	set(1, LK_WRITE, 0, 0);
	set(ofd + 2, LK_WRITE, 1, 1);
	ASSERT_EQ(wait(1, LK_WRITE, 1, 1), LK_QUEUED);
	EXPECT_EQ(wait(ofd + 2, LK_WRITE, 0, 0), LK_QUEUED);
	unlock(ofd + 2, 1, 1);
	EXPECT_EQ(state(0), LK_WON);
}

/* Any thread may unlock what 2's open file holds, and so let 1 go on. */
TEST_F(Graph, WhoWaitsForAnOpenFileEndsTheChain)
{
	set(1, LK_WRITE, 0, 0);
	set(ofd + 2, LK_WRITE, 1, 1);
	set(3, LK_WRITE, 2, 2);
	ASSERT_EQ(wait(1, LK_WRITE, 1, 1), LK_QUEUED);
	ASSERT_EQ(wait(ofd + 2, LK_WRITE, 2, 2), LK_QUEUED);
	EXPECT_EQ(wait(3, LK_WRITE, 0, 0), LK_QUEUED);
}

/* Two keep 3 out, an open file and the process that then asks for 3's. */
TEST_F(Graph, BesideAnOpenFile)
{
	set(1, LK_READ, 0, 0);
	set(ofd + 2, LK_READ, 0, 0);
	set(3, LK_WRITE, 5, 5);
	ASSERT_EQ(wait(3, LK_WRITE, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 5, 5), LK_DEADLOCK);
	EXPECT_EQ(wait(ofd + 2, LK_WRITE, 5, 5), LK_QUEUED);
}

/* The one blocker of the requester that leads back is the last of many. */
TEST_F(Graph, ThroughOneOfManyOpenFiles)
{
	set(1, LK_WRITE, 50, 50);
	for (int i = 2; i < 8; i++)
		set(ofd + i, LK_READ, 0, i);
	ASSERT_EQ(wait(ofd + 7, LK_WRITE, 50, 50), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 0, 60), LK_DEADLOCK);
}

/* A process's own open file is another owner. */
TEST_F(Graph, AProcessAndItsOpenFileAreTwo)
{
	set(1, LK_WRITE, 0, 0);
	set(2, LK_WRITE, 1, 1);
	ASSERT_EQ(wait(ofd + 2, LK_WRITE, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 1, 1), LK_QUEUED);
}

/* What the open file is granted, the process waits for that it waits for elsewhere. */
TEST_F(Graph, AGrantToAnOpenFileFailsNoOpenFile)
{
	set(2, LK_WRITE, 0, 0, 1);
	set(3, LK_WRITE, 0, 0, 0);
	ASSERT_EQ(wait(ofd + 1, LK_WRITE, 0, 0, 1), LK_QUEUED);
	ASSERT_EQ(wait(ofd + 1, LK_WRITE, 0, 0, 0), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 0, 0), LK_QUEUED);
	unlock(3, 0, 0, 0);
	EXPECT_EQ(state(1), LK_WON);
	EXPECT_EQ(state(0), LK_WAITING);
}

/*
 * A thread waits for a lock while another one of its process unlocks everything
 * in portions: it is granted in the midst of that, and what it got stays.
 */
TEST_F(Graph, AnUnlockInPortionsLeavesWhatIsGrantedMeanwhile)
{
	lk_table &core = w.slots[0]->core;
	lk_request all = w.request(LK_UNLOCK, 1, { 0, 60 });
	lk_request other = w.request(LK_UNLOCK, 2, { 50, 50 });
	lk_list spares = {};
	lk_batch batch = {};
	struct lk_plan plan;
	struct lk_unlock rest, none;

	for (int i = 0; i < 20; i++)
		set(1, LK_WRITE, 2 * i, 2 * i);
	set(2, LK_WRITE, 50, 50);
	ASSERT_EQ(wait(1, LK_WRITE, 33, 50), LK_QUEUED);
	ASSERT_EQ(lk_plan(&core, &all, true, &plan), LK_GRANTED);
	ASSERT_EQ(lk_commit(&core, &all, &plan, &spares, &rest, &batch), LK_MORE);
	ASSERT_EQ(lk_plan(&core, &other, true, &plan), LK_GRANTED);
	ASSERT_EQ(lk_commit(&core, &other, &plan, &spares, &none, &batch), LK_DONE);
	EXPECT_EQ(state(0), LK_WON);
	EXPECT_EQ(lk_unlock_more(&core, &rest, w.now, &batch), LK_DONE);
	const lk_record *left = lk_first_record(&core);

	ASSERT_NE(left, nullptr);
	EXPECT_EQ(left->start, 33);
	EXPECT_EQ(left->end, 50);
	EXPECT_EQ(lk_next_record(left), nullptr);
	EXPECT_EQ(lk_validate(&core), nullptr);
	w.slots[0]->model.of(1).fill(model::none);
	w.slots[0]->model.of(2).fill(model::none);
	w.slots[0]->model.erase(&waiter(0));
	w.slots[0]->model.set(w.request(LK_WRITE, 1, { 33, 50 }), { 33, 50 });
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

/* A server's requests that can be told; one that cannot is passed over. */
TEST_F(Graph, AGrantClosesACycleOfAServer)
{
	set(2, LK_WRITE, 0, 0, 1);
	set(3, LK_WRITE, 0, 0, 0);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 1, LK_REVOCABLE), LK_QUEUED);
	ASSERT_EQ(wait(1, LK_WRITE, 0, 0, 0, LK_REVOCABLE), LK_QUEUED);
	ASSERT_EQ(wait(2, LK_WRITE, 0, 0, 0, LK_REVOCABLE, LK_MAY_FAIL), LK_QUEUED);
	unlock(3, 0, 0, 0);
	EXPECT_EQ(state(1), LK_WON);
	EXPECT_EQ(state(0), LK_WAITING);
	EXPECT_EQ(state(2), LK_LOST_DEADLOCK);
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
