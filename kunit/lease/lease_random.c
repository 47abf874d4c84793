// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps at random on one table of the lease core.  After each the table is
 * validated, every promise is looked at, and what was told so far has to add up
 * to what is there.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "../seed.h"
#include "lease.h"

#define HOLDERS 5
#define BYTES 32
#define PINS 24
#define STEPS 4000
#define BREAK_MS 100

struct world {
	struct kunit *test;
	struct rnd_state state;
	struct ls_table table;
	struct ls_grant layout[HOLDERS + 1];
	struct ls_pin pin[PINS];
	struct ls_change change[HOLDERS + 1];
	bool goes_on[HOLDERS + 1];	/* LS_OK was said to that change */
	u64 broken[HOLDERS + 1];	/* when; LS_NEVER: not since it was granted */
	unsigned int ran_out;
	u64 now, id;
};

static u32 pick(struct world *world, u32 below)
{
	return prandom_u32_state(&world->state) % below;
}

static bool touch(s64 start, s64 end, s64 other_start, s64 other_end)
{
	return start <= other_end && other_start <= end;
}

/* What was told is what is so, and came in its time. */
static void hear(struct world *world, const struct ls_batch *batch)
{
	const struct ls_grant *grant;

	for (grant = batch->first; grant; grant = grant->told_next) {
		u64 *broken = &world->broken[grant->holder];

		switch (grant->event) {
		case LS_BREAK:
			KUNIT_EXPECT_EQ(world->test, *broken, LS_NEVER);
			*broken = world->now;
			break;
		case LS_RAN_OUT:
			KUNIT_EXPECT_NE(world->test, *broken, LS_NEVER);
			KUNIT_EXPECT_GE(world->test, world->now,
					*broken + BREAK_MS);
			world->ran_out++;
			break;
		default:
			*broken = LS_NEVER;
		}
	}
}

/* What an operation that goes on was promised: nobody relies on its blocks. */
static void check_change(struct world *world, const struct ls_change *change)
{
	const struct ls_grant *layout;

	for (layout = world->table.layouts; layout; layout = layout->next)
		if (layout->holder != change->holder &&
		    layout->state != LS_REVOKED &&
		    touch(layout->start, layout->end, change->start, change->end))
			KUNIT_FAIL(world->test, "a layout is in its way");
}

static void check(struct world *world)
{
	const char *wrong = ls_validate(&world->table);
	const struct ls_grant *layout;
	unsigned int nr;

	if (wrong)
		KUNIT_FAIL(world->test, "%s", wrong);
	for (nr = 0; nr <= HOLDERS; nr++)
		if (world->goes_on[nr])
			check_change(world, &world->change[nr]);
	/* The deadline of the first break stays. */
	for (layout = world->table.layouts; layout; layout = layout->next)
		if (layout->state == LS_BREAKING)
			KUNIT_EXPECT_EQ(world->test, layout->deadline,
					world->broken[layout->holder] + BREAK_MS);
}

static struct ls_wish random_wish(struct world *world)
{
	u32 one = pick(world, BYTES), other = pick(world, BYTES);

	return (struct ls_wish) {
		.holder = 1 + pick(world, HOLDERS),
		.start = min(one, other), .end = max(one, other),
		.type = LS_READ + pick(world, 2),
		.now = world->now,
	};
}

static void set(struct world *world)
{
	struct ls_wish wish = random_wish(world);
	struct ls_grant *layout = &world->layout[wish.holder];
	struct ls_batch batch = {};
	enum ls_answer answer;

	answer = ls_layout_set(&world->table, &wish,
			       layout->state == LS_IDLE ? layout : NULL, &batch);
	hear(world, &batch);
	KUNIT_EXPECT_TRUE(world->test, answer == LS_OK || answer == LS_AGAIN);
	if (answer == LS_OK)
		KUNIT_EXPECT_EQ(world->test, (int)layout->state, (int)LS_HELD);
}

static void give_back(struct world *world)
{
	struct ls_batch batch = {};
	u64 holder = 1 + pick(world, HOLDERS);
	bool had = world->layout[holder].state != LS_IDLE;

	KUNIT_EXPECT_EQ(world->test, had,
			!!ls_layout_return(&world->table, holder, &batch));
	hear(world, &batch);
	KUNIT_EXPECT_EQ(world->test, (int)world->layout[holder].state, (int)LS_IDLE);
}

static void pin_or_unpin(struct world *world)
{
	struct ls_pin *pin = &world->pin[pick(world, PINS)];
	struct ls_wish wish = random_wish(world);
	const struct ls_grant *layout = &world->layout[wish.holder];
	struct ls_batch batch = {};

	if (pin->in_table) {
		KUNIT_EXPECT_PTR_EQ(world->test, pin,
				    ls_pin_find(&world->table, pin->holder,
						pin->id));
		ls_pin_remove(&world->table, pin);
		return;
	}
	pin->id = ++world->id;
	if (ls_pin_add(&world->table, &wish, pin, &batch) == LS_OK)
		KUNIT_EXPECT_TRUE(world->test, layout->state == LS_HELD &&
				  layout->start <= wish.start &&
				  wish.end <= layout->end &&
				  layout->type >= wish.type);
	hear(world, &batch);
}

static void begin_or_end(struct world *world, unsigned int nr)
{
	struct ls_change *change = &world->change[nr];
	struct ls_wish wish = random_wish(world);
	enum ls_answer answer;

	if (change->at) {
		ls_change_end(&world->table, change);
		world->goes_on[nr] = false;
		return;
	}
	*change = (struct ls_change) {
		.holder = nr, .start = wish.start, .end = wish.end,
	};
	answer = ls_change_begin(&world->table, change);
	world->goes_on[nr] = answer == LS_OK;
	KUNIT_EXPECT_EQ(world->test, answer == LS_OK || answer == LS_WAIT,
			!!change->at);
}

static void break_for(struct world *world, unsigned int nr)
{
	struct ls_change *change = &world->change[nr];
	struct ls_batch batch = {};

	if (!change->at)
		return;
	world->goes_on[nr] = ls_change_break(&world->table, change, world->now,
					     BREAK_MS, &batch) == LS_OK;
	hear(world, &batch);
	if (!world->goes_on[nr])
		KUNIT_EXPECT_GT(world->test, change->deadline, world->now);
}

static void release(struct world *world)
{
	u64 holder = 1 + pick(world, HOLDERS);
	struct ls_batch batch = {};
	struct ls_leavings left = ls_release(&world->table, holder, &batch);

	hear(world, &batch);
	KUNIT_EXPECT_TRUE(world->test, !left.grants || !left.grants->next);
	for (; left.pins; left.pins = left.pins->next)
		KUNIT_EXPECT_FALSE(world->test, left.pins->in_table);
	KUNIT_EXPECT_EQ(world->test, (int)world->layout[holder].state, (int)LS_IDLE);
}

static void step(struct world *world)
{
	unsigned int nr = pick(world, HOLDERS + 1);

	world->now += pick(world, 20);
	switch (pick(world, 12)) {
	case 0 ... 3:
		return set(world);
	case 4:
		return give_back(world);
	case 5 ... 6:
		return pin_or_unpin(world);
	case 7 ... 8:
		return begin_or_end(world, nr);
	case 9 ... 10:
		return break_for(world, nr);
	case 11:
		return release(world);
	}
}

/* With all that was lent. */
static void end(struct world *world)
{
	struct ls_batch batch = {};
	unsigned int nr;

	for (nr = 0; nr <= HOLDERS; nr++) {
		if (world->change[nr].at)
			ls_change_end(&world->table, &world->change[nr]);
		if (nr)
			ls_release(&world->table, nr, &batch);
	}
	KUNIT_EXPECT_TRUE(world->test, ls_idle(&world->table));
}

static void promises(struct kunit *test)
{
	struct world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);
	u32 seed = hf_test_seed ?: get_random_u32();
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, world);
	world->test = test;
	memset(world->broken, 0xff, sizeof(world->broken));
	for (nr = 0; nr <= HOLDERS; nr++) {
		world->layout[nr].kind = LS_LAYOUT;
		world->layout[nr].deadline = LS_NEVER;
	}
	prandom_seed_state(&world->state, seed);
	kunit_info(test, "seed %u", seed);
	for (nr = 0; nr < STEPS; nr++) {
		step(world);
		check(world);
		if (test->status == KUNIT_FAILURE) {
			kunit_err(test, "step %u of seed %u\n", nr, seed);
			return;
		}
	}
	/* It was no idle run. */
	KUNIT_EXPECT_GT(test, world->ran_out, 0U);
	kunit_info(test, "%u ran out", world->ran_out);
	end(world);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(promises),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_random",
	.test_cases = cases,
};
kunit_test_suite(suite);
