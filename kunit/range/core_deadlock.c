// SPDX-License-Identifier: GPL-2.0-only
/* Deadlocks over several tables, and orders that must not become one. */
#include "core.h"

static enum lk_outcome hold(struct core *core, unsigned int table, u64 owner,
			    u8 op)
{
	return core_ask(core, table, owner, op, 0, 9, 0);
}

static enum lk_outcome want(struct core *core, unsigned int slot,
			    unsigned int table, u64 owner, u8 op)
{
	return core_wait(core, slot, table, owner, op, 0, 9, LK_LOCAL);
}

static void two_tables(struct kunit *test)
{
	struct core *core = test->priv;

	hold(core, 0, A, LK_WRITE);
	hold(core, 1, B, LK_WRITE);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 0, 1, A, LK_WRITE));
	KUNIT_EXPECT_EQ(test, LK_DEADLOCK, want(core, 1, 0, B, LK_WRITE));
	hold(core, 1, B, LK_UNLOCK);
	core_expect_told(core, "A");
	core_expect_held(core, 1, "aW0-9");
}

static void three_tables(struct kunit *test)
{
	struct core *core = test->priv;

	hold(core, 0, A, LK_WRITE);
	hold(core, 1, B, LK_WRITE);
	hold(core, 2, C, LK_WRITE);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 0, 1, A, LK_READ));
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 1, 2, B, LK_READ));
	KUNIT_EXPECT_EQ(test, LK_DEADLOCK, want(core, 2, 0, C, LK_READ));
	core_end(core, 0, false);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 2, 0, C, LK_READ));
}

static void two_upgrades(struct kunit *test)
{
	struct core *core = test->priv;

	hold(core, 0, A, LK_READ);
	hold(core, 0, B, LK_READ);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 0, 0, A, LK_WRITE));
	KUNIT_EXPECT_EQ(test, LK_DEADLOCK, want(core, 1, 0, B, LK_WRITE));
	core_expect_held(core, 0, "aR0-9 bR0-9");
}

/* C is behind B by order alone, and yields rather than fail A. */
static void order_yields(struct kunit *test)
{
	struct core *core = test->priv;

	hold(core, 0, A, LK_READ);
	want(core, 0, 0, B, LK_WRITE);
	hold(core, 1, C, LK_WRITE);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 1, 0, C, LK_READ));
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 2, 1, A, LK_WRITE));
	core_pass_time(core, 0);
	core_expect_told(core, "B");
	core_expect_held(core, 0, "aR0-9 cR0-9");
}

/* Two threads of A; one is granted what B waits for, the other waits for B. */
static void grant_closes_cycle(struct kunit *test)
{
	struct core *core = test->priv;

	hold(core, 1, B, LK_WRITE);
	hold(core, 0, C, LK_WRITE);
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 0, 1, A, LK_WRITE));
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 1, 0, A, LK_WRITE));
	KUNIT_EXPECT_EQ(test, LK_QUEUED, want(core, 2, 0, B, LK_WRITE));
	hold(core, 0, C, LK_UNLOCK);
	core_pass_time(core, 0);
	KUNIT_EXPECT_EQ(test, (u8)LK_WON, core->waiter[1].state);
	KUNIT_EXPECT_EQ(test, (u8)LK_LOST_DEADLOCK, core->waiter[0].state);
	core_expect_held(core, 0, "aW0-9");
	core_expect_held(core, 1, "bW0-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(two_tables),
	KUNIT_CASE(three_tables),
	KUNIT_CASE(two_upgrades),
	KUNIT_CASE(order_yields),
	KUNIT_CASE(grant_closes_cycle),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_deadlock",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
