// SPDX-License-Identifier: GPL-2.0-only
/* Reservations: the turns of NFSv4 clients that were told to come back. */
#include "core.h"

static enum lk_outcome retry(struct core *core, unsigned int slot, u64 owner)
{
	return core_wait(core, slot, 0, owner, LK_WRITE, 0, 9, LK_NOTIFY);
}

/* B and, if wanted, C were queued behind A; B has been told. */
static void tell_first(struct core *core, bool second)
{
	core_set(core, A, LK_WRITE, 0, 9);
	KUNIT_EXPECT_EQ(core->test, LK_QUEUED, retry(core, 0, B));
	if (second)
		KUNIT_EXPECT_EQ(core->test, LK_QUEUED, retry(core, 1, C));
	core_set(core, A, LK_UNLOCK, 0, 9);
	core_expect_told(core, "A");
	core_expect_held(core, 0, "~W0-9");
}

static void consumed(struct kunit *test)
{
	struct core *core = test->priv;

	tell_first(core, false);
	KUNIT_EXPECT_EQ(test, (u8)LK_NOTIFIED, core->waiter[0].state);
	KUNIT_EXPECT_EQ(test, LK_CONFLICT, core_ask(core, 0, C, LK_READ, 5, 5, 0));
	/* The same client, by another owner: the key has none. */
	KUNIT_EXPECT_EQ(test, LK_GRANTED, retry(core, 1, D));
	core_expect_held(core, 0, "dW0-9");
}

static void other_range_is_no_retry(struct kunit *test)
{
	struct core *core = test->priv;

	tell_first(core, false);
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 1, 0, B, LK_WRITE, 0, 8, LK_NOTIFY));
	core_expect_held(core, 0, "~W0-9");
}

static void expires(struct kunit *test)
{
	struct core *core = test->priv;

	tell_first(core, false);
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 1, 0, C, LK_WRITE, 0, 9, LK_LOCAL));
	core_pass_time(core, CORE_RESERVE_MS - 1);
	core_expect_told(core, "");
	core_pass_time(core, 1);
	core_expect_told(core, "B");
	core_expect_held(core, 0, "cW0-9");
}

/* The next are told when the first is late, and the first to ask has it. */
static void late(struct kunit *test)
{
	struct core *core = test->priv;

	tell_first(core, true);
	core_pass_time(core, CORE_RESERVE_MS / 8);
	core_expect_told(core, "B");
	KUNIT_EXPECT_EQ(test, LK_GRANTED, retry(core, 2, C));
	core_expect_held(core, 0, "cW0-9");
}

static void dead_run_costs_once(struct kunit *test)
{
	struct core *core = test->priv;
	unsigned int slot, ms;

	core_set(core, A, LK_WRITE, 0, 9);
	for (slot = 0; slot < 20; slot++)
		KUNIT_EXPECT_EQ(test, LK_QUEUED, retry(core, slot, B + slot));
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 20, 0, 50, LK_WRITE, 0, 9, LK_LOCAL));
	core_set(core, A, LK_UNLOCK, 0, 9);
	for (ms = 0; ms < CORE_RESERVE_MS; ms += 10)
		core_pass_time(core, 10);
	core_expect_told(core, "ABCDEFGHIJKLMNOPQRSTU");
	KUNIT_EXPECT_EQ(test, core->table[0].nr_records +
			      core->table[0].nr_reservations, 1ULL);
}

static void reclaim(struct kunit *test)
{
	struct core *core = test->priv;

	tell_first(core, true);
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			core_ask(core, 0, D, LK_WRITE, 4, 5, LK_RECLAIM));
	core_expect_held(core, 0, "dW4-5");
	core_expect_told(core, "");
}

static void not_refreshed(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, A, LK_WRITE, 0, 9);
	retry(core, 0, B);
	retry(core, 1, C);
	core_pass_time(core, LK_POLL_LIMIT_MS - 1);
	lk_refresh(&core->waiter[1], core->now);
	core_expect_told(core, "");
	core_pass_time(core, 1);
	core_expect_told(core, "A");
	KUNIT_EXPECT_EQ(test, (u8)LK_LAPSED, core->waiter[0].state);
	core_set(core, A, LK_UNLOCK, 0, 9);
	core_expect_told(core, "B");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(consumed),
	KUNIT_CASE(other_range_is_no_retry),
	KUNIT_CASE(expires),
	KUNIT_CASE(late),
	KUNIT_CASE(dead_run_costs_once),
	KUNIT_CASE(reclaim),
	KUNIT_CASE(not_refreshed),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_turns",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
