// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one call may do while others wait for the locks that it is made under: the
 * fixture counts its steps, and refuses more than LK_SECTION.
 */
#include "scale.hpp"

using Section = scale::fixture;

static constexpr int64_t crowd_of_glances = 3000;

/* Portion by portion: each hands over what it took, and leaves it to no sweep. */
TEST_F(Section, AnUnlockInPortionsHandsOver)
{
	constexpr unsigned int files = 2 * LK_PORTION;

	provide(4 * files);
	for (unsigned int i = 0; i < files; i++)
		ASSERT_EQ(set(make(1, 2 * i, 2 * i, LK_WRITE)), LK_GRANTED);
	queue(files, LK_WRITE, 2, 2);
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_winners(), files);
	EXPECT_EQ(graph.sweeps, 0u);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* One unlock lets in many, each of which cuts a lock of its own that a crowd waits for. */
TEST_F(Section, ManyLocksShrinkInOneCall)
{
	constexpr int64_t holders = 20, each = 600, apart = 2000;
	std::vector<lk_waiter> upgrades(holders);

	provide(3 * holders * (each + 4));
	for (int64_t i = 0; i < holders; i++) {
		ASSERT_EQ(set(make(1, i * apart + 1990, i * apart + 1990, LK_READ)), LK_GRANTED);
		ASSERT_EQ(set(make(2 + i, i * apart, i * apart + 1999, LK_READ)), LK_GRANTED);
	}
	for (int64_t i = 0; i < holders; i++)
		wait(upgrades[i], make(2 + i, i * apart + 1990, i * apart + 1990, LK_WRITE));
	waiters = std::vector<lk_waiter>(holders * each);
	for (int64_t i = 0; i < holders * each; i++) {
		int64_t at = i / each * apart + i % each * 2;

		wait(waiters[i], make(100 + i, at, at, LK_WRITE));
	}
	graph.longest_section = 0;
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), holders);
	EXPECT_EQ(lk_validate(&table), nullptr);
	for (lk_waiter &w : upgrades)
		lk_end_waiter(&table, &w, false, 0, &batch);
}

/* One unlock lets in many, each of which has a thousand locks that become one. */
TEST_F(Section, ManyMergesInOneCall)
{
	constexpr int64_t holders = 20, each = 1000, apart = 4000;

	provide(holders * (each + 4));
	waiters = std::vector<lk_waiter>(holders);
	for (int64_t i = 0; i < holders; i++) {
		ASSERT_EQ(set(make(1, i * apart + 3000, i * apart + 3000, LK_READ)), LK_GRANTED);
		for (int64_t at = 0; at < each; at++)
			set(make(2 + i, i * apart + at * 2, i * apart + at * 2, LK_WRITE));
		wait(waiters[i], make(2 + i, i * apart, i * apart + 3000, LK_WRITE));
	}
	graph.longest_section = 0;
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), holders);
	EXPECT_EQ(table.nr_records, static_cast<uint64_t>(holders));
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* Threads of one process that has many locks in the way: nearly each has a call of its own. */
TEST_F(Section, ManyPassOverTheirOwnersLocks)
{
	constexpr int64_t each = 1000, threads = 50;
	unsigned int calls = 0;
	uint64_t next;

	provide(each + 2 * threads + 4);
	waiters = std::vector<lk_waiter>(threads);
	for (int64_t at = 0; at < each; at++)
		ASSERT_EQ(set(make(2, at * 2, at * 2, LK_WRITE)), LK_GRANTED);
	ASSERT_EQ(set(make(1, each * 2, each * 2, LK_WRITE)), LK_GRANTED);
	ASSERT_EQ(set(make(3, each * 2 + 2, each * 2 + 2, LK_WRITE)), LK_GRANTED);
	for (lk_waiter &w : waiters)
		wait(w, make(2, 0, each * 2 + 2, LK_WRITE));
	/* To find what keeps each of them out now is to pass over the thousand. */
	ASSERT_EQ(set(make(1, each * 2, each * 2, LK_UNLOCK)), LK_GRANTED);
	while (lk_table *due = lk_due(&graph, 0, &next)) {
		lk_expire(due, 0, &batch);
		calls++;
	}
	EXPECT_GE(calls, threads - 1u);
	EXPECT_EQ(lk_validate(&table), nullptr);
}

/* Its searches are cut short, and there are too many in other files to mark them all. */
TEST_F(Section, ManyThatKeepNoOrder)
{
	constexpr unsigned int threads = 5000;
	lk_waiter first = {}, behind = {};
	lk_table other;

	provide(2 * threads + 16);
	waiters = std::vector<lk_waiter>(threads);
	lk_table_init(&other, &graph, nullptr, nullptr);
	ASSERT_EQ(set(make(1, 0, 0, LK_WRITE)), LK_GRANTED);
	wait(first, make(2, 0, 0, LK_WRITE));
	at = &other;
	ASSERT_EQ(set(make(2, 0, 0, LK_WRITE)), LK_GRANTED);
	ASSERT_EQ(set(make(3, 1, 1, LK_WRITE)), LK_GRANTED);
	wait(behind, make(4, 0, 0, LK_WRITE));
	for (lk_waiter &w : waiters)
		wait(w, make(2, 1, 1, LK_WRITE));
	at = &table;
	graph.passes = 0;
	ASSERT_EQ(set(make(1, 0, 0, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(first.state, LK_WON);
	EXPECT_LE(graph.passes, static_cast<uint64_t>(LK_CROWD));
	EXPECT_GT(graph.searches_cut, 0u);
	take_all_winners();
	EXPECT_EQ(lk_validate(&other), nullptr);
	lk_detach(&other, &batch);
}

/* Each of them holds locks in a crowd of waiters whose ranges lead a glance astray. */
TEST_F(Section, ManyGlancesInOneCall)
{
	constexpr int64_t holders = 250, each = 60, far = 100000;
	std::vector<lk_waiter> others(holders);
	lk_table second;

	lk_table_init(&second, &graph, nullptr, nullptr);
	provide(4 * holders * each + 4 * crowd_of_glances + 8 * holders);
	/* In the second file all of them hold what nobody waits for, among others' waiters. */
	at = &second;
	ASSERT_EQ(set(make(1, far, far + 2 * crowd_of_glances, LK_WRITE)), LK_GRANTED);
	for (int64_t i = 0; i < holders * each; i++)
		ASSERT_EQ(set(make(2 + i / each, 2 * i, 2 * i, LK_WRITE)), LK_GRANTED);
	waiters = std::vector<lk_waiter>(crowd_of_glances);
	for (int64_t i = 0; i < crowd_of_glances; i++)
		wait(waiters[i], make(5000 + i, far + 2 * i, far + 2 * i, LK_WRITE));
	for (int64_t i = 0; i < holders; i++)
		wait(others[i], make(2 + i, far, far, LK_WRITE));
	at = &table;
	ASSERT_EQ(set(make(1, 0, LK_END, LK_WRITE)), LK_GRANTED);
	std::vector<lk_waiter> first(holders);
	for (int64_t i = 0; i < holders; i++)
		wait(first[i], make(2 + i, 2 * i, 2 * i, LK_WRITE));
	graph.longest_section = 0;
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), holders);
	for (lk_waiter &w : first)
		lk_end_waiter(&table, &w, false, 0, &batch);
	for (lk_waiter &w : others)
		lk_end_waiter(&second, &w, false, 0, &batch);
	for (lk_waiter &w : waiters)
		lk_end_waiter(&second, &w, false, 0, &batch);
	batch = {};
	lk_detach(&second, &batch);
}

/* Whoever is told early has to come before each of many turns that are late. */
TEST_F(Section, ManyAreToldEarlyBeforeManyTurns)
{
	constexpr unsigned int turns = 250, readers = 1000;
	std::vector<lk_waiter> told(turns);
	lk_request r;

	provide(4 * (turns + readers));
	ASSERT_EQ(set(make(1, 0, LK_END, LK_WRITE)), LK_GRANTED);
	for (unsigned int i = 0; i < turns; i++) {
		r = make(2 + i, 10 * i, 10 * i + 9, LK_WRITE);
		r.kind = LK_NOTIFY;
		wait(told[i], r);
	}
	waiters = std::vector<lk_waiter>(readers);
	for (unsigned int i = 0; i < readers; i++) {
		r = make(1000 + i, 0, 10 * turns, LK_READ);
		r.kind = LK_NOTIFY;
		wait(waiters[i], r);
		/* So that none of them is behind the writers by order. */
		waiters[i].may_pass = 1;
	}
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_all_winners(), turns);
	graph.longest_section = 0;
	/* At an eighth of the time three more for each turn, as many calls as it takes. */
	EXPECT_EQ(take_all_winners(250), 3 * turns);
	EXPECT_EQ(take_all_winners(500), readers - 3 * turns);
	EXPECT_EQ(lk_validate(&table), nullptr);
	EXPECT_GT(graph.longest_section, static_cast<uint64_t>(LK_SEARCH_STEPS));
}
