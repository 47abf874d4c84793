/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table without a mirror, for tests with many locks and waiters: none of its
 * calls may cost more than LK_SECTION steps.
 */
#ifndef HF_TESTS_RANGE_SCALE_HPP
#define HF_TESTS_RANGE_SCALE_HPP

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "shell.hpp"

namespace scale {

struct fixture : testing::Test {
	lk_graph graph;
	lk_table table, *at = &table;	/* and which one set() and wait() are about */
	lk_list spares = {};
	lk_batch batch = {};
	std::vector<shell::memory> memory;
	std::vector<lk_waiter> waiters;
	unsigned int largest = 0;	/* of what one call freed */
	uint8_t kind = LK_LOCAL;

	fixture()
	{
		lk_graph_init(&graph, 2000);
		lk_table_init(&table, &graph, nullptr, nullptr);
	}

	void provide(size_t records)
	{
		memory.resize(records);
		for (shell::memory &m : memory)
			lk_list_push(&spares, &m.record);
	}

	void collect()
	{
		while (lk_record *r = lk_list_pop(&batch.freed))
			lk_list_push(&spares, r);
	}

	static lk_request make(uint64_t owner, int64_t start, int64_t end, int op)
	{
		lk_request r = {};

		r.owner = owner;
		r.start = start;
		r.end = end;
		r.op = op;
		r.flags = LK_DETECT;
		return r;
	}

	lk_outcome set(const lk_request &r)
	{
		struct lk_plan plan;
		lk_outcome outcome = lk_plan(at, &r, true, &plan);

		struct lk_unlock rest;

		if (outcome != LK_GRANTED)
			return outcome;
		lk_progress progress = lk_commit(at, &r, &plan, &spares, &rest, &batch);

		for (;;) {
			largest = std::max(largest, batch.freed.count);
			collect();
			if (progress == LK_DONE)
				return outcome;
			progress = lk_unlock_more(at, &rest, 0, &batch);
		}
	}

	/* Each step bytes behind the one before, and by the next owner. */
	void queue(unsigned int count, int op, uint64_t first_owner = 2, int64_t step = 0,
		   unsigned int owners = 1)
	{
		waiters = std::vector<lk_waiter>(count);
		for (unsigned int i = 0; i < count; i++) {
			int64_t start = step * i;
			lk_request r = make(first_owner + owners * i, start, start + (step ? step - 2 : 99), op);

			r.flags |= LK_WAIT;
			r.kind = kind;
			while (waiters[i].nodes.count < 2)
				lk_list_push(&waiters[i].nodes, lk_list_pop(&spares));
			ASSERT_EQ(set(r), LK_MUST_WAIT);
			ASSERT_EQ(lk_enqueue(&table, &r, &waiters[i], &batch), LK_QUEUED);
		}
	}

	void wait(lk_waiter &waiter, lk_request r)
	{
		r.flags |= LK_WAIT;
		while (waiter.nodes.count < lk_waiter_nodes(r.kind))
			lk_list_push(&waiter.nodes, lk_list_pop(&spares));
		ASSERT_EQ(lk_enqueue(at, &r, &waiter, &batch), LK_QUEUED);
	}

	unsigned int take_winners()
	{
		unsigned int count = 0;

		for (lk_waiter *w = batch.winners; w; w = w->next_winner)
			count++;
		batch.winners = nullptr;
		batch.last_winner = nullptr;
		return count;
	}

	/* With what the table does by itself afterwards, at that time. */
	unsigned int take_all_winners(uint64_t now = 0)
	{
		unsigned int count = take_winners(), more;
		uint64_t next;

		while (lk_table *due = lk_due(&graph, now, &next)) {
			lk_expire(due, now, &batch);
			more = take_winners();
			/* A search lets some more pass. */
			EXPECT_LE(more, 2u * LK_CROWD);
			count += more;
		}
		return count;
	}

	/* No call cost more than it may. */
	void TearDown() override { EXPECT_LE(graph.longest_section, static_cast<uint64_t>(LK_SECTION)); }
};

} // namespace scale

#endif /* HF_TESTS_RANGE_SCALE_HPP */
