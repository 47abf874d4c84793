// SPDX-License-Identifier: GPL-2.0-only
/* What another table is asked for: pending, then yes or no. */
#include "named.hpp"

namespace {

struct Pending : named::stage {
	lk_outcome ask(uint64_t owner, int op, int a, int b, int flags = 0, int kind = LK_LOCAL)
	{
		lk_request r = w.request(op, owner, { a, b });

		r.kind = kind;
		r.flags |= LK_REMOTE | flags;
		r.fairness = LK_FAIR_FIFO;
		return w.ask(0, r);
	}
};

} // namespace

TEST_F(Pending, BlocksOthersAndIsNobodys)
{
	EXPECT_EQ(ask(1, LK_WRITE, 0, 9), LK_ASK);
	EXPECT_EQ(set(2, LK_READ, 9, 9), LK_CONFLICT);
	EXPECT_EQ(ask(2, LK_READ, 5, 20), LK_CONFLICT);
	EXPECT_TRUE(holds(1, 0, 9, model::none));
	EXPECT_EQ(table().nr_records, 0u);
	EXPECT_FALSE(lk_idle(&table()));
	lk_request r = w.request(LK_READ, 2, { 0, 9 });
	EXPECT_EQ(lk_test(&table(), &r), nullptr);
}

TEST_F(Pending, YesIsALock)
{
	ask(1, LK_WRITE, 0, 9);
	EXPECT_TRUE(w.confirm(0));
	EXPECT_EQ(state(0), LK_IDLE);
	EXPECT_TRUE(holds(1, 0, 9, LK_WRITE));
}

TEST_F(Pending, NoLeavesNothing)
{
	ask(1, LK_WRITE, 0, 9);
	w.refuse(0);
	EXPECT_EQ(set(2, LK_WRITE, 0, 9), LK_GRANTED);
}

TEST_F(Pending, AnUpgradeThatIsRefusedKeepsTheOldLock)
{
	set(1, LK_READ, 0, 9);
	EXPECT_EQ(ask(1, LK_WRITE, 3, 5), LK_ASK);
	EXPECT_TRUE(holds(1, 0, 9, LK_READ));
	EXPECT_EQ(set(2, LK_READ, 4, 4), LK_CONFLICT);
	w.refuse(0);
	EXPECT_TRUE(holds(1, 0, 9, LK_READ));
	EXPECT_EQ(table().nr_records, 1u);
	EXPECT_EQ(set(2, LK_READ, 4, 4), LK_GRANTED);
}

/* Until the other table has agreed it excludes as before. */
TEST_F(Pending, ADowngradeIsNoneBeforeYes)
{
	set(1, LK_WRITE, 0, 9);
	ask(1, LK_READ, 3, 5);
	EXPECT_EQ(set(2, LK_READ, 4, 4), LK_CONFLICT);
	w.refuse(0);
	EXPECT_TRUE(holds(1, 0, 9, LK_WRITE));
	EXPECT_EQ(table().nr_records, 1u);
	ask(1, LK_READ, 3, 5);
	EXPECT_TRUE(w.confirm(1));
	EXPECT_EQ(table().nr_records, 3u);
	EXPECT_EQ(set(2, LK_READ, 4, 4), LK_GRANTED);
}

TEST_F(Pending, ThoseWhoWaitForItWaitForTheLock)
{
	ask(1, LK_WRITE, 0, 9);
	EXPECT_EQ(wait(2, LK_WRITE, 5, 5), LK_QUEUED);
	EXPECT_TRUE(w.confirm(0));
	EXPECT_EQ(state(1), LK_WAITING);
	unlock(1, 0, 9);
	EXPECT_EQ(state(1), LK_WON);
}

TEST_F(Pending, ThoseWhoWaitForItGoOnAtNo)
{
	ask(1, LK_WRITE, 0, 9);
	EXPECT_EQ(ask(2, LK_WRITE, 5, 5, LK_WAIT), LK_QUEUED);
	w.refuse(0);
	EXPECT_EQ(state(1), LK_ASKING);
	EXPECT_TRUE(w.confirm(1));
	EXPECT_TRUE(holds(2, 5, 5, LK_WRITE));
}

/* It is its owner's own: his other threads' requests are not kept out. */
TEST_F(Pending, OneOwnerAsksTwice)
{
	EXPECT_EQ(ask(1, LK_WRITE, 0, 9), LK_ASK);
	EXPECT_EQ(ask(1, LK_READ, 5, 20), LK_ASK);
	EXPECT_TRUE(w.confirm(0));
	EXPECT_TRUE(w.confirm(1));
	EXPECT_TRUE(holds(1, 0, 4, LK_WRITE) && holds(1, 5, 20, LK_READ));
}

/* What the other table has let wait, and grants now, is had past what is pending. */
TEST_F(Pending, ALateYesPassesWhatIsPending)
{
	ask(1, LK_WRITE, 0, 9, LK_WAIT);
	w.refuse(0);
	ask(2, LK_READ, 0, 9);
	w.confirm_late(0);
	EXPECT_TRUE(holds(1, 0, 9, LK_WRITE));
	/* The other table lies if it says yes to this, too. */
	EXPECT_FALSE(w.confirm(1));
	w.refuse(1);
}

/* Of two answers that pass one another: the lock is weaker at the other table already. */
TEST_F(Pending, ALateYesWaitsForADowngrade)
{
	set(1, LK_WRITE, 0, 9);
	lk_request r = w.request(LK_READ, 2, { 0, 9 });

	r.flags |= LK_WAIT | LK_CONFIRMED;
	EXPECT_EQ(w.ask(0, r), LK_QUEUED);
	ask(1, LK_READ, 0, 9);
	EXPECT_TRUE(w.confirm(1));
	EXPECT_EQ(state(0), LK_WON);
	EXPECT_TRUE(holds(2, 0, 9, LK_READ));
}

TEST_F(Pending, IsNoEdgeOfADeadlock)
{
	set(1, LK_WRITE, 0, 0);
	ask(2, LK_WRITE, 5, 5);
	EXPECT_EQ(wait(2, LK_WRITE, 0, 0), LK_QUEUED);
	EXPECT_EQ(wait(1, LK_WRITE, 5, 5), LK_QUEUED);
	/* The lock that it becomes is: whoever can be told is. */
	EXPECT_TRUE(w.confirm(0));
	EXPECT_TRUE(state(1) == LK_LOST_DEADLOCK || state(2) == LK_LOST_DEADLOCK);
}

TEST_F(Pending, AServersCanBeTakenBack)
{
	set(2, LK_READ, 0, 3);
	ask(2, LK_WRITE, 0, 9, LK_WAIT, LK_REVOCABLE);
	EXPECT_TRUE(w.confirm(0));
	EXPECT_EQ(state(0), LK_WON);
	w.end(0, true);
	EXPECT_TRUE(holds(2, 0, 3, LK_READ) && holds(2, 4, 9, model::none));
}

TEST_F(Pending, GoesWithItsTable)
{
	ask(1, LK_WRITE, 0, 9);
	wait(2, LK_READ, 0, 9);
	w.detach_all();
	EXPECT_EQ(state(0), LK_LAPSED);
}

/* Only who waits or asks has a record that is pending. */
TEST_F(Pending, IsForTwoKinds)
{
	lk_request r = w.request(LK_WRITE, 1, { 0, 9 });
	struct lk_plan plan;

	r.kind = LK_NOTIFY;
	r.flags |= LK_REMOTE;
	EXPECT_EQ(lk_plan(&table(), &r, true, &plan), LK_INVALID);
	lk_waiter waiter = {};
	lk_batch batch = {};

	EXPECT_EQ(lk_confirm(&w.slots[0]->core, &waiter, 0, &batch), LK_INVALID);
}
