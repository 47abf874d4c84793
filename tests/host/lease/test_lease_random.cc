// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lease core against its model, at random; and without memory.  The core
 * allocates nothing: what can fail is the caller, before it asks, for a layout,
 * a pin, a change or a lease's record; of these only a layout is decided
 * without it.
 */
#include <gtest/gtest.h>

#include "lease_world.hpp"
#include "../random.hpp"

namespace {

using lease_world::options;

struct sums {
	std::map<int, uint64_t> answers, events;

	void add(const lease_world::world &w)
	{
		for (auto [answer, count] : w.answers)
			answers[answer] += count;
		for (auto [event, count] : w.events)
			events[event] += count;
	}
};

/* A run in which nothing of the kind happens would prove nothing. */
void expect_all(sums &s, uint64_t often)
{
	if (rnd::repeating())
		return;
	for (int answer = LS_OK; answer <= LS_INVALID; answer++)
		EXPECT_GT(s.answers[answer], often) << "answer " << answer;
	for (int event = LS_GRANTED; event <= LS_RAN_OUT; event++)
		EXPECT_GT(s.events[event], often) << "event " << event;
}

sums run(unsigned int count, options o, bool any = false)
{
	sums total;

	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		options mine = o;

		if (any) {
			mine.holders = 1 + from.pick(6);
			mine.start = from.pick(2) ? from.pick(2000) : LS_NEVER - from.pick(3000);
			mine.break_ms = from.pick(2) ? 0 : 1 + from.pick(60);
		}
		lease_world::world w(mine);

		for (int i = 0; i < 600; i++)
			w.step(from);
		w.let_everybody_go();
		total.add(w);
	});
	return total;
}

} // namespace

TEST(LeaseRandom, Everything)
{
	sums s = run(100, {});

	expect_all(s, 50);
}

TEST(LeaseRandom, EveryBreakIsBounded)
{
	sums s = run(100, { .holders = 5, .break_ms = 40, .leases = false });

	EXPECT_TRUE(rnd::repeating() || s.answers[LS_WAIT] > 1000);
}

TEST(LeaseRandom, TheClockStops)
{
	run(50, { .holders = 3, .start = LS_NEVER - 200 });
}

/* Its options change as well. */
TEST(LeaseRandom, AnyWorld)
{
	run(100, {}, true);
}

/* Each allocation that a step needs is failed, wherever the world has got to. */
TEST(LeaseMemory, NothingChangesWithoutIt)
{
	uint64_t failed = 0, pinned = 0;

	rnd::seeds(40, [&](rnd::generator &from, uint64_t) {
		lease_world::world w({});

		for (int i = 0; i < 300; i++) {
			uint64_t holder = 1 + from.pick(4);
			lease_world::span at = w.some_span(from);
			std::string before = w.snapshot();
			bool knows = w.model.layout(holder);
			ls_answer says = w.set(holder, at, 1 + from.pick(2), false);

			/* Rows 7 to 9 come first: an own layout needs no memory. */
			ASSERT_EQ(says == LS_NEED_SPARE, !knows && !w.model.changing(at));
			if (says == LS_NEED_SPARE) {
				ASSERT_EQ(w.snapshot(), before);
				failed++;
				/* And with it, it goes. */
				ASSERT_EQ(w.set(holder, at, LS_WRITE, true), LS_OK);
				pinned += w.pin(holder, at, LS_WRITE) == LS_OK;
			}
			w.step(from);
		}
		w.let_everybody_go();
	});
	if (rnd::repeating())
		return;
	EXPECT_GT(failed, 300u);
	EXPECT_GT(pinned, 300u);
}
