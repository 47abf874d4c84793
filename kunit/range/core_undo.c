// SPDX-License-Identifier: GPL-2.0-only
/* Grants that are taken back: exactly what they added goes. */
#include "core.h"

/* B is granted 0 to 9 for writing once A, a reader of one byte, goes. */
static void grant(struct core *core)
{
	core_set(core, A, LK_READ, 6, 6);
	KUNIT_EXPECT_EQ(core->test, LK_QUEUED,
			core_wait(core, 0, 0, B, LK_WRITE, 0, 9, LK_REVOCABLE));
	core_set(core, A, LK_UNLOCK, 0, LK_END);
	core_expect_told(core, "A");
	KUNIT_EXPECT_EQ(core->test, (u8)LK_WON, core->waiter[0].state);
}

static void new_lock(struct kunit *test)
{
	struct core *core = test->priv;

	grant(core);
	core_expect_held(core, 0, "bW0-9");
	core_end(core, 0, true);
	core_expect_held(core, 0, "");
}

static void upgrade(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, B, LK_READ, 0, 9);
	grant(core);
	core_expect_held(core, 0, "bW0-9");
	core_end(core, 0, true);
	core_expect_held(core, 0, "bR0-9");
}

static void pieces(struct kunit *test)
{
	struct core *core = test->priv;

	core_set(core, B, LK_READ, 0, 20);
	core_set(core, B, LK_WRITE, 2, 3);
	core_set(core, B, LK_UNLOCK, 5, 5);
	core_set(core, B, LK_WRITE, 8, 12);
	core_expect_held(core, 0, "bR0-1 bW2-3 bR4-4 bR6-7 bW8-12 bR13-20");
	grant(core);
	core_expect_held(core, 0, "bW0-12 bR13-20");
	core_end(core, 0, true);
	core_expect_held(core, 0, "bR0-1 bW2-3 bR4-4 bR6-7 bW8-12 bR13-20");
}

static void confirmed(struct kunit *test)
{
	struct core *core = test->priv;

	grant(core);
	KUNIT_EXPECT_TRUE(test, lk_contended(&core->table[0]));
	core_end(core, 0, false);
	KUNIT_EXPECT_FALSE(test, lk_contended(&core->table[0]));
	core_expect_held(core, 0, "bW0-9");
}

static void later_lock_stays(struct kunit *test)
{
	struct core *core = test->priv;

	grant(core);
	core_set(core, B, LK_READ, 5, 14);
	core_end(core, 0, true);
	core_expect_held(core, 0, "bR5-14");
}

static void serves_others(struct kunit *test)
{
	struct core *core = test->priv;

	grant(core);
	KUNIT_EXPECT_EQ(test, LK_QUEUED,
			core_wait(core, 1, 0, C, LK_WRITE, 9, 9, LK_LOCAL));
	core_end(core, 0, true);
	core_expect_told(core, "B");
	core_expect_held(core, 0, "cW9-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(new_lock),
	KUNIT_CASE(upgrade),
	KUNIT_CASE(pieces),
	KUNIT_CASE(confirmed),
	KUNIT_CASE(later_lock_stays),
	KUNIT_CASE(serves_others),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_undo",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
