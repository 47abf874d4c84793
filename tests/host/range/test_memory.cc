// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that fails.  The core allocates nothing: what can fail is the caller,
 * between a plan and its commit, for each record that the plan asks for and
 * for the waiter.  At random, each of these is failed in turn: the table is
 * byte for byte what it was.  That the commit takes exactly what was planned
 * is checked in every test (world.hpp), and that four nodes do for taking back.
 */
#include <gtest/gtest.h>

#include <cstring>

#include "../random.hpp"
#include "world.hpp"

namespace {

/* All bytes of the table, its graph, its records and its waiters. */
std::string snapshot(world::world &w)
{
	std::string bytes(reinterpret_cast<char *>(&w.graph), sizeof(w.graph));
	auto add = [&](const auto *what) {
		bytes.append(reinterpret_cast<const char *>(what), sizeof(*what));
	};

	for (auto &s : w.slots) {
		add(&s->core);
		for (auto *r = lk_first_record(&s->core); r; r = lk_next_record(r))
			add(r);
		for (auto *q = lk_first_waiter(&s->core); q; q = lk_next_waiter(q))
			add(q);
	}
	return bytes;
}

} // namespace

TEST(Memory, BackingOutAtEachAllocation)
{
	unsigned int failed[3] = {}, waiters = 0;

	rnd::seeds(40, [&](rnd::generator &from, uint64_t) {
		world::world w({ .tables = 2, .owners = 4, .blind = false });

		for (int i = 0; i < 200; i++) {
			lk_request r = w.request(from.pick(3), 1 + from.pick(4), w.some_span(from));
			lk_table &table = w.slots[from.pick(2)]->core;
			std::string before = snapshot(w);
			struct lk_unlock rest;
			struct lk_plan plan;

			r.flags |= LK_WAIT;
			lk_outcome outcome = lk_plan(&table, &r, true, &plan);

			ASSERT_EQ(snapshot(w), before) << "a plan changes nothing";
			/* The n-th of plan.nodes fails: too few for the commit. */
			for (unsigned int n = 0; outcome == LK_GRANTED && n < plan.nodes; n++) {
				lk_list spares = {};
				lk_batch batch = {};

				shell::give(spares, n);
				lk_commit(&table, &r, &plan, &spares, &rest, &batch);
				ASSERT_EQ(spares.count, n);
				ASSERT_EQ(snapshot(w), before);
				shell::free_all(spares);
				failed[n]++;
			}
			for (unsigned int n = 0; outcome == LK_MUST_WAIT && n < lk_waiter_nodes(r.kind); n++) {
				lk_waiter waiter = {};
				lk_batch batch = {};

				shell::give(waiter.nodes, n);
				ASSERT_EQ(lk_enqueue(&table, &r, &waiter, &batch), LK_INVALID);
				ASSERT_EQ(snapshot(w), before);
				shell::free_all(waiter.nodes);
				waiters++;
			}
			w.step(from);
		}
	});
	if (rnd::repeating())
		return;
	EXPECT_GT(failed[0], 100u);
	EXPECT_GT(failed[1], 10u);
	EXPECT_GT(waiters, 100u);
}

/* Spares that are offered and not needed are left alone. */
TEST(Memory, MoreThanEnough)
{
	world::world w({ .tables = 1, .owners = 1 });
	lk_request r = w.request(LK_WRITE, 1, { 0, 9 });
	lk_list spares = {};
	lk_batch batch = {};
	struct lk_unlock rest;
	struct lk_plan plan;

	shell::give(spares, 5);
	ASSERT_EQ(lk_plan(&w.slots[0]->core, &r, false, &plan), LK_GRANTED);
	lk_commit(&w.slots[0]->core, &r, &plan, &spares, &rest, &batch);
	EXPECT_EQ(spares.count, 4u);
	shell::free_all(spares);
}
