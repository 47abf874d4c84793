// SPDX-License-Identifier: GPL-2.0-only
/* What one owner, and several, can hold: POSIX.1-2017 fcntl(). */
#include "core.h"

/* A table of steps; the text is what is held after each. */
struct step {
	u64 owner;
	u8 op;
	s64 start, end;
	enum lk_outcome outcome;
	const char *held;
};

#define R LK_READ
#define W LK_WRITE
#define U LK_UNLOCK

static void run_steps(struct core *core, const struct step *step,
		      unsigned int count)
{
	for (; count--; step++) {
		KUNIT_EXPECT_EQ(core->test, step->outcome,
				core_ask(core, 0, step->owner, step->op,
					 step->start, step->end, 0));
		core_expect_held(core, 0, step->held);
	}
}

#define RUN(...) do {							\
	static const struct step steps[] = { __VA_ARGS__ };		\
									\
	run_steps(test->priv, steps, ARRAY_SIZE(steps));		\
} while (0)

static void merge(struct kunit *test)
{
	RUN({ A, R, 0, 4, LK_GRANTED, "aR0-4" },
	    { A, R, 10, 14, LK_GRANTED, "aR0-4 aR10-14" },
	    { A, R, 5, 9, LK_GRANTED, "aR0-14" },
	    { A, R, 3, 8, LK_GRANTED, "aR0-14" },
	    { A, R, 13, 20, LK_GRANTED, "aR0-20" },
	    { B, R, 21, 25, LK_GRANTED, "aR0-20 bR21-25" });
}

static void split(struct kunit *test)
{
	RUN({ A, W, 0, 20, LK_GRANTED, "aW0-20" },
	    { A, U, 5, 9, LK_GRANTED, "aW0-4 aW10-20" },
	    { A, U, 0, 0, LK_GRANTED, "aW1-4 aW10-20" },
	    { A, U, 20, 30, LK_GRANTED, "aW1-4 aW10-19" },
	    { A, U, 4, 10, LK_GRANTED, "aW1-3 aW11-19" },
	    { A, U, 0, LK_END, LK_GRANTED, "" },
	    { A, U, 0, LK_END, LK_GRANTED, "" });
}

static void upgrade_downgrade(struct kunit *test)
{
	RUN({ A, R, 0, 9, LK_GRANTED, "aR0-9" },
	    { A, W, 3, 5, LK_GRANTED, "aR0-2 aW3-5 aR6-9" },
	    { A, W, 0, 9, LK_GRANTED, "aW0-9" },
	    { A, R, 7, 12, LK_GRANTED, "aW0-6 aR7-12" },
	    { A, R, 0, 9, LK_GRANTED, "aR0-12" });
}

static void conflict(struct kunit *test)
{
	RUN({ A, R, 0, 9, LK_GRANTED, "aR0-9" },
	    { B, R, 5, 14, LK_GRANTED, "aR0-9 bR5-14" },
	    { B, W, 9, 9, LK_CONFLICT, "aR0-9 bR5-14" },
	    { B, W, 10, 14, LK_GRANTED, "aR0-9 bR5-9 bW10-14" },
	    { A, R, 14, 14, LK_CONFLICT, "aR0-9 bR5-9 bW10-14" },
	    { B, U, 0, LK_END, LK_GRANTED, "aR0-9" },
	    { C, U, 0, 9, LK_GRANTED, "aR0-9" },
	    { A, W, 0, LK_END, LK_GRANTED, "aW0-end" });
}

static void last_byte(struct kunit *test)
{
	RUN({ A, W, LK_END, LK_END, LK_GRANTED, "aW9223372036854775807-end" },
	    { B, R, 0, LK_END, LK_CONFLICT, "aW9223372036854775807-end" },
	    { A, W, LK_END - 1, LK_END - 1, LK_GRANTED,
	      "aW9223372036854775806-end" },
	    { A, W, 0, LK_END, LK_GRANTED, "aW0-end" },
	    { A, U, 1, LK_END, LK_GRANTED, "aW0-0" },
	    { B, R, 1, LK_END, LK_GRANTED, "aW0-0 bR1-end" });
}

static void invalid(struct kunit *test)
{
	struct core *core = test->priv;

	RUN({ A, W, 5, 4, LK_INVALID, "" },
	    { A, W, -1, 4, LK_INVALID, "" },
	    { A, U, S64_MIN, LK_END, LK_INVALID, "" },
	    { A, 3, 0, 4, LK_INVALID, "" });
	KUNIT_EXPECT_EQ(test, LK_INVALID,
			core_ask(core, 0, A, W, 0, 4, 0x80));
}

/* An unlock of everything is promised to lockd to need no memory. */
static void unlock_needs_nothing(struct kunit *test)
{
	struct core *core = test->priv;
	struct lk_request request = {
		.owner = A, .end = LK_END, .op = LK_UNLOCK,
	};
	struct lk_plan plan;

	core_set(core, A, W, 0, 9);
	core_set(core, A, R, 20, 29);
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			lk_plan(&core->table[0], &request, false, &plan));
	KUNIT_EXPECT_EQ(test, plan.nodes, 0U);
	KUNIT_EXPECT_TRUE(test, plan.changes);
	request.owner = B;
	KUNIT_EXPECT_EQ(test, LK_GRANTED,
			lk_plan(&core->table[0], &request, false, &plan));
	KUNIT_EXPECT_EQ(test, plan.nodes, 0U);
	KUNIT_EXPECT_FALSE(test, plan.changes);
}

static void test_and_find(struct kunit *test)
{
	struct core *core = test->priv;
	struct lk_request request = {
		.owner = C, .start = 5, .end = 30, .op = LK_READ,
	};
	const struct lk_record *record;

	core_set(core, A, R, 0, 9);
	core_set(core, B, W, 20, 29);
	record = lk_test(&core->table[0], &request);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, record->holder->owner, (u64)B);
	request.op = LK_WRITE;
	record = lk_test(&core->table[0], &request);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, record->holder->owner, (u64)A);
	record = lk_next_conflict(&core->table[0], &request, record);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, record->holder->owner, (u64)B);
	KUNIT_EXPECT_NULL(test, lk_next_conflict(&core->table[0], &request, record));
	KUNIT_EXPECT_NULL(test, lk_find_own(&core->table[0], C, 0, LK_END));
	KUNIT_EXPECT_NULL(test, lk_find_own(&core->table[0], A, 10, LK_END));
	KUNIT_EXPECT_NOT_NULL(test, lk_find_own(&core->table[0], A, 9, LK_END));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(merge),
	KUNIT_CASE(split),
	KUNIT_CASE(upgrade_downgrade),
	KUNIT_CASE(conflict),
	KUNIT_CASE(last_byte),
	KUNIT_CASE(invalid),
	KUNIT_CASE(unlock_needs_nothing),
	KUNIT_CASE(test_and_find),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_records",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
