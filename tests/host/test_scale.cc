// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes that must work: a million locks on one file, ten thousand waiters on
 * one range.  Nothing here measures time: what is not O(log n) is caught by
 * counting steps, or by the time limit of the test.
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "shell.hpp"

namespace {

constexpr unsigned int many = 1000000, crowd = 10000;

struct Scale : testing::Test {
	lk_graph graph;
	lk_table table;
	lk_list spares = {};
	lk_batch batch = {};
	std::vector<shell::memory> memory;
	std::vector<lk_waiter> waiters;

	Scale()
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
		lk_outcome outcome = lk_plan(&table, &r, true, &plan);

		if (outcome == LK_GRANTED) {
			lk_commit(&table, &r, &plan, &spares, &batch);
			collect();
		}
		return outcome;
	}

	void queue(unsigned int count, int op, uint64_t first_owner = 2)
	{
		waiters = std::vector<lk_waiter>(count);
		for (unsigned int i = 0; i < count; i++) {
			lk_request r = make(first_owner + i, 0, 99, op);

			r.flags |= LK_WAIT;
			while (waiters[i].nodes.count < 2)
				lk_list_push(&waiters[i].nodes, lk_list_pop(&spares));
			ASSERT_EQ(set(r), LK_MUST_WAIT);
			ASSERT_EQ(lk_enqueue(&table, &r, &waiters[i], &batch), LK_QUEUED);
		}
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
};

} // namespace

TEST_F(Scale, AMillionLocks)
{
	std::vector<int64_t> places(many);

	provide(many + 4);
	std::iota(places.begin(), places.end(), 0);
	std::shuffle(places.begin(), places.end(), std::mt19937(1));
	for (int64_t p : places)
		ASSERT_EQ(set(make(1 + p % 1000, p * 2, p * 2, LK_WRITE)), LK_GRANTED);
	EXPECT_EQ(table.nr_records, many);
	EXPECT_EQ(lk_validate(&table), nullptr);
	for (int i = 0; i < 100000; i++) {
		int64_t at = places[i] * 2 + 1;

		ASSERT_EQ(set(make(5000, at, at, LK_WRITE)), LK_GRANTED);
		ASSERT_EQ(set(make(5000, at, at, LK_UNLOCK)), LK_GRANTED);
		ASSERT_EQ(set(make(5000, at - 1, at, LK_READ)), LK_CONFLICT);
	}
	/* One owner's close touches its own. */
	ASSERT_EQ(set(make(7, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(table.nr_records, many - many / 1000);
	EXPECT_EQ(lk_detach(&table, &batch), many - many / 1000);
}

TEST_F(Scale, ACrowdOfWritersDrains)
{
	provide(2 * crowd + 4);
	set(make(1, 0, 99, LK_WRITE));
	queue(crowd, LK_WRITE);
	EXPECT_EQ(graph.searches, 0u) << "nobody waits for them";
	for (unsigned int i = 0; i < crowd; i++) {
		ASSERT_EQ(set(make(1 + i, 0, 99, LK_UNLOCK)), LK_GRANTED);
		ASSERT_EQ(waiters[i].state, LK_WON);
		ASSERT_EQ(take_winners(), 1u);
		lk_end_waiter(&table, &waiters[i], false, 0, &batch);
	}
	EXPECT_EQ(table.nr_waiters, 0u);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

TEST_F(Scale, ACrowdOfReadersWinsAtOnce)
{
	provide(2 * crowd + 4);
	set(make(1, 0, 99, LK_WRITE));
	queue(crowd, LK_READ);
	ASSERT_EQ(set(make(1, 0, 99, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_winners(), crowd);
	EXPECT_EQ(table.nr_records, crowd);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

TEST_F(Scale, ACrowdCancelsFromTheMiddle)
{
	provide(2 * crowd + 4);
	set(make(1, 0, 99, LK_WRITE));
	queue(crowd, LK_WRITE);
	for (unsigned int i = 0; i < crowd; i++) {
		unsigned int at = i % 2 ? crowd / 2 - 1 - i / 2 : crowd / 2 + i / 2;

		lk_end_waiter(&table, &waiters[at], false, 0, &batch);
		ASSERT_EQ(take_winners(), 0u);
	}
	EXPECT_EQ(table.nr_waiters, 0u);
	EXPECT_EQ(graph.nr_contended, 0u);
}

/* Each of them holds a lock that somebody might wait for. */
TEST_F(Scale, ACrowdOfHoldersQueues)
{
	provide(3 * crowd + 4);
	set(make(1, 0, 99, LK_WRITE));
	for (unsigned int i = 0; i < crowd; i++)
		set(make(2 + i, 1000 + i * 2, 1000 + i * 2, LK_WRITE));
	queue(crowd, LK_WRITE);
	EXPECT_EQ(graph.searches, 0u) << "nobody does";
	EXPECT_EQ(lk_detach(&table, &batch), crowd + 1);
}

/* A deadlock as long as the crowd. */
TEST_F(Scale, ACycleOfTenThousand)
{
	provide(3 * crowd + 4);
	waiters = std::vector<lk_waiter>(crowd);
	for (unsigned int i = 0; i < crowd; i++)
		ASSERT_EQ(set(make(1 + i, i, i, LK_WRITE)), LK_GRANTED);
	for (unsigned int i = 0; i < crowd; i++) {
		unsigned int wants = (i + 1) % crowd;
		lk_request r = make(1 + i, wants, wants, LK_WRITE);

		r.flags |= LK_WAIT;
		while (waiters[i].nodes.count < 2)
			lk_list_push(&waiters[i].nodes, lk_list_pop(&spares));
		/* From the far end, so that only the last one closes it. */
		ASSERT_EQ(lk_enqueue(&table, &r, &waiters[i], &batch),
			  i == crowd - 1 ? LK_DEADLOCK : LK_QUEUED);
	}
	EXPECT_EQ(graph.cycles, 1u);
}
