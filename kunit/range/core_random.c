// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps at random against a map of bytes that knows who holds what.  Grants to
 * waiters enter the map in the order in which they were made; that nobody waits
 * who could have its lock is lk_validate()'s to say, after each step.
 */
#include <linux/prandom.h>
#include <linux/random.h>

#include "../seed.h"
#include "core.h"

#define BYTES 48
#define OWNERS 5
#define STEPS 3000

struct random {
	struct rnd_state state;
	/* 0: none, else 1 + type, for each owner's bytes in each table */
	u8 map[CORE_TABLES][OWNERS + 1][BYTES];
	/* Of this call; their requests stay in their slots. */
	unsigned int winners;
	struct lk_waiter *won[CORE_WAITERS];
};

static u32 pick(struct random *random, u32 below)
{
	return prandom_u32_state(&random->state) % below;
}

static void enter(struct core *core, unsigned int nr,
		  const struct lk_request *request)
{
	struct random *random = core->private;

	memset(&random->map[nr][request->owner][request->start],
	       request->op == LK_UNLOCK ? 0 : 1 + request->op,
	       request->end - request->start + 1);
}

static void note_winner(struct core *core, struct lk_waiter *waiter)
{
	struct random *random = core->private;

	if (waiter->state == LK_WON)
		random->won[random->winners++] = waiter;
}

static void enter_winners(struct core *core)
{
	struct random *random = core->private;
	unsigned int i;

	for (i = 0; i < random->winners; i++)
		enter(core, random->won[i]->table - core->table,
		      &random->won[i]->request);
	random->winners = 0;
}

static bool in_the_way(struct random *random, unsigned int nr,
		       const struct lk_request *request)
{
	unsigned int owner;
	s64 byte;

	for (owner = 1; owner <= OWNERS; owner++)
		for (byte = request->start; byte <= request->end; byte++) {
			u8 held = random->map[nr][owner][byte];

			if (owner != request->owner && held &&
			    (held == 1 + LK_WRITE || request->op == LK_WRITE))
				return true;
		}
	return false;
}

/* Both ways: each record's bytes are in the map, and the map has no others. */
static void compare(struct core *core, unsigned int nr)
{
	const struct lk_record *record = lk_first_record(&core->table[nr]);
	struct random *random = core->private;
	unsigned int held = 0, owner, byte, wrong = 0;
	s64 at;

	for (; record; record = lk_next_record(record))
		for (at = record->start; at <= record->end; at++, held++)
			wrong += random->map[nr][record->holder->owner][at] !=
				 1 + record->type;
	for (owner = 1; owner <= OWNERS; owner++)
		for (byte = 0; byte < BYTES; byte++)
			held -= !!random->map[nr][owner][byte];
	KUNIT_EXPECT_EQ(core->test, wrong, 0U);
	KUNIT_EXPECT_EQ(core->test, held, 0U);
}

static struct lk_request random_request(struct random *random)
{
	u32 one = pick(random, BYTES), other = pick(random, BYTES);

	return (struct lk_request) {
		.owner = 1 + pick(random, OWNERS),
		.start = min(one, other), .end = max(one, other),
		.op = pick(random, 3),
	};
}

static void ask(struct core *core, unsigned int nr)
{
	struct random *random = core->private;
	struct lk_request request = random_request(random);
	bool kept_out = request.op != LK_UNLOCK &&
			in_the_way(random, nr, &request);
	enum lk_outcome outcome;

	outcome = core_ask(core, nr, request.owner, request.op, request.start,
			   request.end, 0);
	/* What it gives up is given up before anyone wins by it. */
	if (!kept_out)
		enter(core, nr, &request);
	enter_winners(core);
	KUNIT_EXPECT_EQ(core->test, kept_out ? LK_CONFLICT : LK_GRANTED, outcome);
}

/*
 * The winner may be a thread of the one who asks.  A request that is granted at
 * once may be a downgrade that lets it win: it was first.  One that was queued and
 * passed gives nothing up; those whose order it passed may have won before it.
 */
static void wait_or_cancel(struct core *core, unsigned int nr)
{
	struct random *random = core->private;
	struct lk_request request = random_request(random);
	unsigned int slot = pick(random, CORE_WAITERS);
	enum lk_outcome outcome;

	if (core->waiter[slot].state == LK_WAITING) {
		core_end(core, slot, false);
		enter_winners(core);
		return;
	}
	if (request.op == LK_UNLOCK)
		return;
	outcome = core_wait(core, slot, nr, request.owner, request.op,
			    request.start, request.end, LK_LOCAL);
	if (core->queued)
		enter_winners(core);
	if (outcome == LK_GRANTED) {
		KUNIT_EXPECT_FALSE(core->test, in_the_way(random, nr, &request));
		enter(core, nr, &request);
	}
	enter_winners(core);
}

static void byte_map(struct kunit *test)
{
	u32 seed = hf_test_seed ?: get_random_u32();
	struct core *core = test->priv;
	struct random *random = kunit_kzalloc(test, sizeof(*random), GFP_KERNEL);
	unsigned int step, nr;

	KUNIT_ASSERT_NOT_NULL(test, random);
	prandom_seed_state(&random->state, seed);
	kunit_info(test, "seed %u", seed);
	core->private = random;
	core->on_winner = note_winner;
	for (step = 0; step < STEPS; step++) {
		core->told[0] = '\0';
		core->fairness = pick(random, 3);
		core->now += pick(random, 50);
		nr = pick(random, CORE_TABLES);
		if (pick(random, 2))
			ask(core, nr);
		else
			wait_or_cancel(core, nr);
		core_pass_time(core, 0);
		enter_winners(core);
		for (nr = 0; nr < CORE_TABLES; nr++)
			compare(core, nr);
		if (test->status == KUNIT_FAILURE) {
			kunit_err(test, "step %u of seed %u\n", step, seed);
			return;
		}
	}
	kunit_info(test, "%llu searches, %llu cycles, %llu passes",
		   core->graph.searches, core->graph.cycles,
		   core->graph.passes);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(byte_map),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_core_random",
	.init = core_init,
	.exit = core_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
