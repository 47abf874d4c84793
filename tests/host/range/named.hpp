/* SPDX-License-Identifier: GPL-2.0-only */
/* Short words for cases with a name; each step is compared with the model. */
#ifndef HF_TESTS_RANGE_NAMED_HPP
#define HF_TESTS_RANGE_NAMED_HPP

#include <gtest/gtest.h>
#include <algorithm>

#include "world.hpp"

namespace named {

struct stage : testing::Test {
	world::world w;

	explicit stage(world::options o = { .tables = 3, .owners = 9, .blind = false }) : w(o) {}

	lk_outcome set(uint64_t owner, int op, int a, int b, int table = 0)
	{
		return w.ask(table, w.request(op, owner, { a, b }));
	}

	lk_outcome unlock(uint64_t owner, int a, int b, int table = 0)
	{
		return set(owner, LK_UNLOCK, a, b, table);
	}

	lk_outcome wait(uint64_t owner, int op, int a, int b, int table = 0, int kind = LK_LOCAL,
			int flags = 0, int fairness = LK_FAIR_FIFO)
	{
		lk_request r = w.request(op, owner, { a, b });

		r.kind = kind;
		r.flags |= LK_WAIT | flags;
		r.fairness = fairness;
		return w.ask(table, r);
	}

	/* The waiters in order of their queueing, ended ones left out. */
	const lk_waiter &waiter(size_t i) { return w.waiters.at(i)->core; }
	int state(size_t i) { return waiter(i).state; }

	bool holds(uint64_t owner, int a, int b, int op, int table = 0)
	{
		model::map &m = w.slots[table]->model.of(owner);

		return std::all_of(m.begin() + a, m.begin() + b + 1, [=](int8_t t) { return t == op; });
	}

	const lk_table &table(int i = 0) { return w.slots[i]->core; }
};

} // namespace named

#endif /* HF_TESTS_RANGE_NAMED_HPP */
