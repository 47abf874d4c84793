// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes that must work: a million locks on one file, ten thousand waiters on
 * one range.  Nothing here measures time: what is not O(log n) is caught by
 * counting steps, or by the time limit of the test.
 */
#include <numeric>
#include <random>

#include "scale.hpp"

namespace {

constexpr unsigned int many = 1000000, crowd = 10000;

using Scale = scale::fixture;

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
	EXPECT_EQ(take_all_winners(), crowd);
	EXPECT_EQ(table.nr_records, crowd);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* Linked to one lock, and none of them to another: all go on when it goes. */
TEST_F(Scale, ACrowdWithDifferentRanges)
{
	provide(2 * crowd + 4);
	set(make(1, 0, LK_END, LK_WRITE));
	queue(crowd, LK_WRITE, 2, 2);
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_LE(take_winners(), LK_CROWD);
	/* Those that have not been looked at may go as well. */
	for (lk_waiter &w : waiters)
		if (w.state == LK_WAITING && w.seq % 3 == 0)
			lk_end_waiter(&table, &w, false, 0, &batch);
	take_all_winners();
	EXPECT_EQ(table.nr_waiters, 0u);
	EXPECT_EQ(lk_validate(&table), nullptr);
	collect();
	for (lk_waiter &w : waiters)
		lk_end_waiter(&table, &w, false, 0, &batch);
	EXPECT_GE(table.nr_records, crowd / 2);
}

/* It shrinks from under all of them, byte by byte. */
TEST_F(Scale, ALockShrinksUnderACrowd)
{
	provide(2 * crowd + 4);
	set(make(1, 0, LK_END, LK_WRITE));
	queue(crowd, LK_WRITE, 2, 2);
	for (int64_t byte = 0; byte < 40; byte++) {
		ASSERT_EQ(set(make(1, byte, byte, LK_UNLOCK)), LK_GRANTED);
		ASSERT_EQ(take_all_winners(), byte % 2 ? 0u : 1u);
	}
	ASSERT_EQ(set(make(1, 40, LK_END, LK_READ)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), 0u);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* A writer in front of a crowd of readers: they wait for what it got, untouched. */
TEST_F(Scale, ACrowdBehindOne)
{
	lk_waiter first = {};
	lk_request r = make(2, 0, 99, LK_WRITE);

	provide(2 * crowd + 8);
	set(make(1, 0, 99, LK_WRITE));
	r.flags |= LK_WAIT;
	while (first.nodes.count < 2)
		lk_list_push(&first.nodes, lk_list_pop(&spares));
	ASSERT_EQ(lk_enqueue(&table, &r, &first, &batch), LK_QUEUED);
	queue(crowd, LK_READ, 3);
	graph.longest_section = 0;
	ASSERT_EQ(set(make(1, 0, 99, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_winners(), 1u);
	EXPECT_LT(graph.longest_section, 8u);
	EXPECT_EQ(lk_blocker_of(&waiters[0]).record, lk_first_record(&table));
	ASSERT_EQ(set(make(2, 0, 99, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), crowd);
	EXPECT_EQ(lk_validate(&table), nullptr);
	lk_end_waiter(&table, &first, false, 0, &batch);
}

/* Who comes before whom is not worth a look at everybody: order is a courtesy. */
TEST_F(Scale, ACrowdOfOneOwnerInTheWay)
{
	lk_waiter other = {};
	lk_request r = make(8, 0, 99, LK_WRITE);

	provide(2 * crowd + 8);
	set(make(1, 0, 99, LK_WRITE));
	r.flags |= LK_WAIT;
	while (other.nodes.count < 2)
		lk_list_push(&other.nodes, lk_list_pop(&spares));
	queue(crowd, LK_WRITE, 9, 0, 0);
	ASSERT_EQ(lk_enqueue(&table, &r, &other, &batch), LK_QUEUED);
	graph.longest_section = 0;
	ASSERT_EQ(set(make(1, 0, 99, LK_UNLOCK)), LK_GRANTED);
	EXPECT_GE(take_all_winners(), crowd);
	lk_end_waiter(&table, &other, false, 0, &batch);
}

/* As many clients wait for different ranges; so many of them are told at once. */
TEST_F(Scale, ACrowdOfClients)
{
	unsigned int told = 0;

	provide(2 * crowd + 4);
	set(make(1, 0, LK_END, LK_WRITE));
	kind = LK_NOTIFY;
	queue(crowd, LK_WRITE, 2, 2);
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	for (uint64_t now = 0; told < crowd; now += 2000) {
		unsigned int more = take_all_winners(now);

		ASSERT_GT(more, 0u);
		ASSERT_LE(table.nr_reservations, static_cast<uint64_t>(LK_TURNS));
		told += more;
		ASSERT_LT(now, 200000u);
	}
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

/* A circle: who waits for the next one, and the last for the first. */
static void make_circle(Scale &s, unsigned int length, lk_outcome last)
{
	s.provide(3 * length + 4);
	s.waiters = std::vector<lk_waiter>(length);
	for (unsigned int i = 0; i < length; i++)
		ASSERT_EQ(s.set(Scale::make(1 + i, i, i, LK_WRITE)), LK_GRANTED);
	for (unsigned int i = 0; i < length; i++) {
		unsigned int wants = (i + 1) % length;
		lk_request r = Scale::make(1 + i, wants, wants, LK_WRITE);

		r.flags |= LK_WAIT;
		while (s.waiters[i].nodes.count < 2)
			lk_list_push(&s.waiters[i].nodes, lk_list_pop(&s.spares));
		/* From the far end, so that only the last one closes it. */
		ASSERT_EQ(lk_enqueue(&s.table, &r, &s.waiters[i], &s.batch),
			  i == length - 1 ? last : LK_QUEUED);
	}
}

/* Each owner on the way is two steps: its waiter, and what that waits for. */
TEST_F(Scale, ALongCycleIsFound)
{
	make_circle(*this, LK_SEARCH_STEPS / 2 - 8, LK_DEADLOCK);
	EXPECT_EQ(graph.cycles, 1u);
	EXPECT_EQ(graph.searches_cut, 0u);
}

/* One that is longer than a search may be is not, and that is counted. */
TEST_F(Scale, ASearchEnds)
{
	uint64_t before;

	make_circle(*this, crowd, LK_QUEUED);
	EXPECT_EQ(graph.cycles, 0u);
	EXPECT_GT(graph.searches_cut, 0u);
	before = graph.search_steps;
	lk_end_waiter(&table, &waiters[crowd - 1], false, 0, &batch);
	EXPECT_LE(graph.search_steps - before, LK_SEARCH_STEPS);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* Many who wait for all of what has a million records: what a search may cost. */
TEST_F(Scale, ASearchAmongAMillion)
{
	constexpr unsigned int threads = 200;
	lk_table other;
	uint64_t before;

	lk_table_init(&other, &graph, nullptr, nullptr);
	provide(many + 3 * threads + 16);
	for (unsigned int i = 0; i < many; i++)
		ASSERT_EQ(set(make(1, 2 * i, 2 * i, LK_WRITE)), LK_GRANTED);
	waiters = std::vector<lk_waiter>(threads + 2);
	std::swap(table, other);
	ASSERT_EQ(set(make(2, 0, 0, LK_WRITE)), LK_GRANTED);
	ASSERT_EQ(set(make(3, 9, 9, LK_WRITE)), LK_GRANTED);
	std::swap(table, other);
	for (unsigned int i = 0; i < threads + 2; i++) {
		lk_table &in = i < threads ? table : other;
		lk_request r = i < threads ? make(2, 0, LK_END, LK_WRITE)
			     : i == threads ? make(4, 9, 9, LK_WRITE) : make(3, 0, 0, LK_WRITE);

		r.flags |= LK_WAIT;
		while (waiters[i].nodes.count < 2)
			lk_list_push(&waiters[i].nodes, lk_list_pop(&spares));
		before = graph.search_steps;
		ASSERT_EQ(lk_enqueue(&in, &r, &waiters[i], &batch), LK_QUEUED);
		ASSERT_LE(graph.search_steps - before, LK_SEARCH_STEPS);
	}
	EXPECT_GT(graph.searches_cut, 0u);
	for (lk_waiter &w : waiters)
		lk_end_waiter(w.table, &w, false, 0, &batch);
	batch = {};
	lk_detach(&other, &batch);
}

/* An unlock of a million takes no more away in one call than it may. */
TEST_F(Scale, AnUnlockInPortions)
{
	provide(many + 4);
	for (unsigned int i = 0; i < many; i++)
		ASSERT_EQ(set(make(1 + i % 2, 2 * i, 2 * i, LK_WRITE)), LK_GRANTED);
	largest = 0;
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(table.nr_records, many / 2);
	EXPECT_LE(largest, static_cast<unsigned int>(LK_PORTION));
	EXPECT_EQ(table.unlocks, nullptr);
	EXPECT_EQ(lk_validate(&table), nullptr);
	ASSERT_EQ(set(make(2, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_TRUE(lk_idle(&table));
}

/* Tables with a deadline are found by it, however many are contended. */
TEST_F(Scale, TheFirstOfManyDeadlines)
{
	constexpr unsigned int files = 10000;
	std::vector<lk_table> tables(files);
	uint64_t next;

	provide(3 * files);
	waiters = std::vector<lk_waiter>(files);
	for (unsigned int i = 0; i < files; i++) {
		lk_request r = make(2, 0, 9, LK_WRITE);

		lk_table_init(&tables[i], &graph, nullptr, nullptr);
		std::swap(table, tables[i]);
		ASSERT_EQ(set(make(1, 0, 9, LK_WRITE)), LK_GRANTED);
		std::swap(table, tables[i]);
		r.flags = LK_WAIT;
		r.kind = i % 2 ? LK_NOTIFY : LK_LOCAL;
		r.now = files + 7 * i % files;
		while (waiters[i].nodes.count < 2)
			lk_list_push(&waiters[i].nodes, lk_list_pop(&spares));
		ASSERT_EQ(lk_enqueue(&tables[i], &r, &waiters[i], &batch), LK_QUEUED);
	}
	ASSERT_EQ(lk_due(&graph, files, &next), nullptr);
	EXPECT_EQ(next, files + 1 + LK_POLL_LIMIT_MS);
	for (unsigned int served = 0; served < files / 2; served++) {
		lk_table *due = lk_due(&graph, 3 * files + LK_POLL_LIMIT_MS, &next);

		ASSERT_NE(due, nullptr);
		lk_expire(due, 3 * files + LK_POLL_LIMIT_MS, &batch);
		ASSERT_EQ(take_winners(), 1u);
	}
	ASSERT_EQ(lk_due(&graph, 3 * files + LK_POLL_LIMIT_MS, &next), nullptr);
	EXPECT_EQ(next, UINT64_MAX);
	for (unsigned int i = 0; i < files; i++) {
		lk_end_waiter(&tables[i], &waiters[i], false, 0, &batch);
		lk_detach(&tables[i], &batch);
	}
}
