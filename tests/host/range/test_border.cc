// SPDX-License-Identifier: GPL-2.0-only
/* The border: the table of cases from both languages, and what it refuses. */
#include <gtest/gtest.h>

#include "border_cases.h"

TEST(Border, CasesFromCxx)
{
	for (unsigned int i = 0; i < border_count(); i++)
		EXPECT_EQ(border_run(i), nullptr) << border_run(i);
}

TEST(Border, CasesFromC)
{
	for (unsigned int i = 0; i < border_count(); i++)
		EXPECT_EQ(border_run_in_c(i), nullptr) << border_run_in_c(i);
}

TEST(Border, LayoutsAgree)
{
	for (unsigned int i = 0; border_size(i); i++)
		EXPECT_EQ(border_size(i), border_size_in_c(i)) << i;
}

namespace {

struct Refusals : testing::Test {
	lk_graph graph;
	lk_table table;
	lk_request request = {};
	struct lk_unlock rest;
	struct lk_plan plan;

	Refusals()
	{
		lk_graph_init(&graph, 2000);
		lk_table_init(&table, &graph, nullptr, nullptr);
		request.owner = 1;
	}

	lk_outcome ask() { return lk_plan(&table, &request, true, &plan); }
};

} // namespace

TEST_F(Refusals, UnknownKindAndFairness)
{
	request.kind = LK_NOTIFY + 1;
	EXPECT_EQ(ask(), LK_INVALID);
	request.kind = LK_LOCAL;
	request.fairness = LK_FAIR_NONE + 1;
	EXPECT_EQ(ask(), LK_INVALID);
}

TEST_F(Refusals, ImpossibleRangesAreNobodys)
{
	request.start = 5;
	request.end = 4;
	EXPECT_EQ(lk_test(&table, &request), nullptr);
	EXPECT_EQ(lk_find_own(&table, 1, 5, 4), nullptr);
	EXPECT_EQ(lk_find_own(&table, 1, -5, 4), nullptr);
	request = {};
	request.op = LK_UNLOCK;
	EXPECT_EQ(lk_test(&table, &request), nullptr);
}

TEST_F(Refusals, WaiterWithoutItsNodes)
{
	lk_waiter waiter = {};
	lk_batch batch = {};

	EXPECT_EQ(lk_enqueue(&table, &request, &waiter, &batch), LK_INVALID);
	EXPECT_TRUE(lk_idle(&table));
	EXPECT_EQ(waiter.state, LK_IDLE);
}

TEST_F(Refusals, CommitWithoutItsSpares)
{
	lk_batch batch = {};
	lk_list spares = {};

	ASSERT_EQ(ask(), LK_GRANTED);
	ASSERT_EQ(plan.nodes, 1u);
	lk_commit(&table, &request, &plan, &spares, &rest, &batch);
	EXPECT_TRUE(lk_idle(&table));
}

TEST(Border, ReserveTimeIsBounded)
{
	lk_graph graph;

	lk_graph_init(&graph, 0);
	EXPECT_EQ(graph.reserve_ms, 1u);
	lk_graph_init(&graph, UINT64_MAX);
	EXPECT_EQ(graph.reserve_ms, 3600000u);
}
