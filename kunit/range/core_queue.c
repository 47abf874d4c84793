// SPDX-License-Identifier: GPL-2.0-only
/* Who waits, who is served, and in which order. */
#include "core.h"

/* Slots of waiters are told as letters: slot 0 is "A". */
static void wait_write(struct core *core, unsigned int slot, u64 owner, s64 start,
		       s64 end)
{
	KUNIT_EXPECT_EQ(core->test, LK_QUEUED,
			core_wait(core, slot, 0, owner, LK_WRITE, start, end,
				  LK_LOCAL));
}

static void unlock(struct core *core, u64 owner, s64 start, s64 end)
{
	core_set(core, owner, LK_UNLOCK, start, end);
}

static void fifo(struct kunit *test)
{
	struct core *core = test->priv;
	u64 owner;

	core_set(core, A, LK_WRITE, 0, 9);
	for (owner = B; owner < 10; owner++)
		wait_write(core, owner - B, owner, 0, 9);
	for (owner = A; owner < 9; owner++)
		unlock(core, owner, 0, 9);
	core_expect_told(core, "ABCDEFGH");
	core_expect_held(core, 0, "iW0-9");
}

static void readers_together(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, 9);
	core_wait(core, 0, 0, B, LK_READ, 0, 4, LK_LOCAL);
	core_wait(core, 1, 0, C, LK_READ, 3, 9, LK_LOCAL);
	wait_write(core, 2, D, 4, 4);
	unlock(core, A, 0, 9);
	core_expect_told(core, "AB");
	core_expect_held(core, 0, "bR0-4 cR3-9");
	unlock(core, B, 0, 9);
	core_expect_told(core, "");
	unlock(core, C, 4, 4);
	core_expect_told(core, "C");
	core_expect_held(core, 0, "cR3-3 dW4-4 cR5-9");
}

static void downgrade_serves(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, 9);
	core_wait(core, 0, 0, B, LK_READ, 0, 9, LK_LOCAL);
	core_set(core, A, LK_READ, 5, 9);
	core_expect_told(core, "");
	core_set(core, A, LK_READ, 0, 9);
	core_expect_told(core, "A");
	core_expect_held(core, 0, "aR0-9 bR0-9");
}

static void part_serves(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, LK_END);
	wait_write(core, 0, B, 0, 3);
	wait_write(core, 1, C, 4, LK_END);
	unlock(core, A, 4, LK_END);
	core_expect_told(core, "B");
	unlock(core, A, 0, 3);
	core_expect_told(core, "A");
	core_expect_held(core, 0, "bW0-3 cW4-end");
}

static void cancel(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, 9);
	wait_write(core, 0, B, 0, 4);
	wait_write(core, 1, C, 0, 9);
	wait_write(core, 2, D, 5, 9);
	wait_write(core, 3, 5, 0, 9);
	core_end(core, 1, false);
	core_end(core, 3, false);
	core_expect_told(core, "");
	unlock(core, A, 0, 9);
	core_expect_told(core, "AC");
	core_expect_held(core, 0, "bW0-4 dW5-9");
}

/* One whose blocker gives up is served at once. */
static void cancel_serves(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_READ, 0, 9);
	wait_write(core, 0, B, 0, 9);
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 1, 0, C, LK_READ, 0, 9, LK_LOCAL));
	core_end(core, 0, false);
	core_expect_told(core, "B");
	core_expect_held(core, 0, "aR0-9 cR0-9");
}

static void fairness(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_READ, 0, 9);
	wait_write(core, 0, B, 0, 9);
	core->fairness = LK_FAIR_BOUNDED;
	core->now += LK_PATIENCE_MS - 1;
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			core_wait(core, 1, 0, C, LK_READ, 0, 9, LK_LOCAL));
	core->now += 1;
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 1, 0, D, LK_READ, 0, 9, LK_LOCAL));
	core_end(core, 1, false);
	core->fairness = LK_FAIR_NONE;
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			core_wait(core, 1, 0, D, LK_READ, 0, 9, LK_LOCAL));
	core->fairness = LK_FAIR_FIFO;
	/* Who does not wait is refused by locks only. */
	KUNIT_EXPECT_EQ(test, LK_GRANTED, core_ask(core, 0, 6, LK_READ, 0, 9, 0));
	/* Nor is one kept out of what it holds in part. */
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			core_wait(core, 1, 0, 6, LK_READ, 5, 15, LK_LOCAL));
}

static void detach(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, 9);
	wait_write(core, 0, B, 0, 9);
	core_wait(core, 1, 0, C, LK_WRITE, 0, 9, LK_REVOCABLE);
	KUNIT_EXPECT_EQ(test, 1ULL,
			lk_detach(&core->table[0], &core->batch));
	KUNIT_EXPECT_EQ(test, (u8)LK_LAPSED, core->waiter[0].state);
	KUNIT_EXPECT_EQ(test, (u8)LK_LAPSED, core->waiter[1].state);
	KUNIT_EXPECT_TRUE(test, lk_idle(&core->table[0]));
	core_end(core, 0, false);
	core_end(core, 1, true);
	core_expect_told(core, "");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fifo),
	KUNIT_CASE(readers_together),
	KUNIT_CASE(downgrade_serves),
	KUNIT_CASE(part_serves),
	KUNIT_CASE(cancel),
	KUNIT_CASE(cancel_serves),
	KUNIT_CASE(fairness),
	KUNIT_CASE(detach),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_queue",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
