// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tables are contended, and which of them lk_expire() is to look at first:
 * a turn runs out or is late, a client has not asked again, order alone has kept
 * a waiter out for long enough, or a cycle found elsewhere is to be opened.
 */
#include <holdfast/core/list.hpp>

#include "graph.hpp"
#include "queue.hpp"

namespace lk {

namespace {

struct by_due : hf::plain_node<lk_table, lk_node, offsetof(lk_table, by_due)> {
	static bool before(const lk_table &a, const lk_table &b) { return a.due < b.due; }
};

using due_tree = hf::tree<by_due>;

using contended_list = hf::list<&lk_table::contended_next, &lk_table::contended_at>;

/* The graph's list of tables. */
void list_contended(lk_table &table)
{
	lk_graph &graph = *table.graph;
	bool contended = is_contended(table);

	if (contended == !!table.contended_at)
		return;
	if (!contended) {
		contended_list::unlink(table);
		graph.nr_contended--;
		table.may_tell = 0;
		note_attention(table, false);
		return;
	}
	contended_list::link(graph.contended, table);
	graph.nr_contended++;
}

/* When lk_expire() is to look at the table. */
uint64_t due_of(const lk_table &table)
{
	uint64_t waiter = next_look(table);

	if (table.attention || table.may_tell)
		return 0;
	return waiter < table.turn_due ? waiter : table.turn_due;
}

} // namespace

void note_due(lk_table &table)
{
	lk_graph &graph = *table.graph;
	uint64_t due = due_of(table);

	if (due == table.due)
		return;
	if (table.due != UINT64_MAX)
		due_tree::erase(graph.due, table);
	table.due = due;
	if (due != UINT64_MAX)
		due_tree::insert(graph.due, table);
}

void note_contended(lk_table &table)
{
	list_contended(table);
	note_due(table);
}

void note_attention(lk_table &table, bool attention)
{
	if (table.attention == attention)
		return;
	table.attention = attention;
	table.sweep_again = false;
	table.graph->nr_attention += attention ? 1 : -1;
	note_due(table);
}

lk_table *first_due(const lk_graph &graph) { return due_tree::first(graph.due); }

const char *validate_due_tree(const lk_graph &graph)
{
	return due_tree::validate(graph.due);
}

} // namespace lk
