// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlock: when it is searched for, and who yields.
 *
 * Most requests are not searched for at all: a cycle has to come back to the
 * owner, so somebody must wait for a record of it, or stand behind another
 * waiter of it.
 */
#include "cycle.hpp"
#include "graph.hpp"
#include "queue.hpp"

namespace lk {

namespace {

struct by_owner : hf::plain_node<lk_waiter, lk_node, offsetof(lk_waiter, by_owner)> {
	static bool before(const lk_waiter &a, const lk_waiter &b)
	{
		return a.request.owner != b.request.owner ? a.request.owner < b.request.owner
							  : a.seq < b.seq;
	}
};

using graph_tree = hf::tree<by_owner>;

/* More tables, or records in them, than this are not looked through: then search. */
constexpr unsigned int glance = 64;

bool detects(const lk_waiter &waiter) { return waiter.request.flags & LK_DETECT; }

/* Whether somebody may wait for a record of the owner, in any table. */
bool holds_wanted(lk_graph &graph, uint64_t owner)
{
	if (graph.nr_contended > glance)
		return true;
	unsigned int seen = 0;

	for (lk_table *table = graph.contended; table; table = table->contended_next) {
		if (!table->waiters)
			continue;
		for (lk_record *at = own_from(*table, owner, 0); at; at = own_after(*at))
			if (++seen > glance || is_waited_for(*table, *at, graph.glances_left))
				return true;
	}
	return false;
}

lk_waiter *first_waiting(const lk_graph &graph, uint64_t owner)
{
	lk_waiter *at = first_of(graph, owner);

	while (at && !waits(*at))
		at = next_of(*at);
	return at;
}

/*
 * It was marked: it is examined now, whatever room there is, since a cycle is to be
 * opened at once and has cost a search; or by lk_expire() in its own table.
 */
void look_again(work &work, lk_waiter &marked)
{
	if (marked.table != &work.table)
		start_sweep(*marked.table);
	else if (marked.sibling_at)
		loosen(work, marked);
}

void let_pass(work &work, lk_waiter &waiter)
{
	waiter.may_pass = 1;
	work.table.graph->passes++;
	look_again(work, waiter);
}

/* Nobody looks at this owner's waiters from this one on any more; the order of a crowd ends later. */
void keep_no_order(work &work, lk_waiter *from)
{
	for (lk_waiter *at = from; at && work.room; at = next_of(*at)) {
		if (waits(*at) && !at->may_pass)
			let_pass(work, *at);
		/* To look is what costs; those in other tables are loosened there. */
		work.room -= !!work.room;
		work.steps++;
	}
	drain(work);
}

/* A process, or a server's request that can be told. */
bool may_fail(const lk_waiter &waiter)
{
	return waiter.request.kind == LK_LOCAL || waiter.request.flags & LK_MAY_FAIL;
}

/*
 * Who of a hard cycle can be told?  The one who is asking now is answered; else
 * who may fail, the owner's own first; else a client, who asks again.
 */
lk_waiter *choose_victim(const work &work, lk_waiter &start, lk_waiter *last)
{
	lk_waiter *victim = nullptr;

	for (lk_waiter *at = last; at; at = at->visit_from) {
		if (at == work.requester)
			return at;
		if (!detects(*at))
			continue;
		if (may_fail(*at))
			victim = at;
		else if (at->request.kind == LK_NOTIFY && !victim)
			victim = at;
	}
	return may_fail(start) ? &start : victim;
}

/* It has asked just now whether others still wait, and so does. */
bool is_believed(const work &work, const lk_waiter &waiter)
{
	return waiter.request.kind != LK_NOTIFY ||
	       (waiter.probing && work.now <= waiter.refreshed + work.table.graph->reserve_ms);
}

/*
 * A cycle through the one who asks now.  NFSv4 has no cancel: a client that gave
 * up is believed to wait until it lapses, so a cycle that needs its wait is no
 * deadlock yet.  It is told to come again; if it does, it finds the cycle and is
 * refused, since the one who asks now is believed by then.
 * Return: whether there is one to be told.
 */
bool probe(work &work, lk_waiter &asks, lk_waiter *last)
{
	for (lk_waiter *at = last; at; at = at->visit_from) {
		if (at == &asks || is_believed(work, *at))
			continue;
		at->doomed = static_cast<uint8_t>(doom::deadlock);
		asks.probing = 1;
		work.table.graph->probes++;
		look_again(work, *at);
		return true;
	}
	return false;
}

/* Return: whether something was marked. */
bool open_one_through(work &work, lk_waiter &waiter)
{
	lk_graph &graph = *work.table.graph;

	if (detects(waiter)) {
		if (lk_waiter *last = hard_cycle(graph, waiter, false)) {
			lk_waiter *victim = choose_victim(work, waiter, last);

			if (victim) {
				graph.cycles++;
				victim->doomed = static_cast<uint8_t>(doom::deadlock);
				look_again(work, *victim);
				return true;
			}
		}
	}
	lk_waiter *by_order = order_cycle(graph, waiter);

	graph.searches_cut += !graph.steps_left;
	if (by_order)
		let_pass(work, *by_order);
	return by_order;
}

} // namespace

void enter_graph(lk_waiter &waiter) { graph_tree::insert(waiter.table->graph->waiters, waiter); }
void leave_graph(lk_waiter &waiter) { graph_tree::erase(waiter.table->graph->waiters, waiter); }

lk_waiter *first_of(const lk_graph &graph, uint64_t owner)
{
	lk_waiter *found = graph_tree::first_not(graph.waiters, [=](const lk_waiter &w) {
		return w.request.owner < owner;
	});

	return found && found->request.owner == owner ? found : nullptr;
}

lk_waiter *next_of(lk_waiter &waiter)
{
	lk_waiter *next = graph_tree::next(&waiter);

	return next && next->request.owner == waiter.request.owner ? next : nullptr;
}

bool would_deadlock(work &work, lk_waiter &waiter)
{
	lk_graph &graph = *work.table.graph;

	if (!detects(waiter) || !holds_wanted(graph, waiter.request.owner))
		return false;
	while (lk_waiter *last = hard_cycle(graph, waiter, true)) {
		graph.cycles++;
		if (!probe(work, waiter, last))
			return true;
	}
	graph.searches_cut += !graph.steps_left;
	return false;
}

void allow_steps(work &work)
{
	lk_graph &graph = *work.table.graph;

	graph.steps_left = LK_SEARCH_STEPS;
	graph.glances_left = LK_GLANCES;
	work.room = graph.crowd;
	work.looks = graph.crowd;
}

void open_cycles_through(work &work, lk_waiter &waiter)
{
	lk_graph &graph = *work.table.graph;
	lk_waiter *first = first_waiting(graph, waiter.request.owner);
	bool alone = first == &waiter && !next_of(waiter);

	if (alone && !holds_wanted(graph, waiter.request.owner))
		return;
	while (waiter.state == LK_WAITING) {
		lk_waiter *by_order = order_cycle(graph, waiter);

		graph.searches_cut += !graph.steps_left;
		if (!by_order)
			return;
		let_pass(work, *by_order);
		drain(work);
	}
}

void open_cycles_of(work &work, uint64_t owner)
{
	lk_graph &graph = *work.table.graph;
	lk_waiter *at = first_waiting(graph, owner);

	if (!at || !holds_wanted(graph, owner))
		return;
	while (at) {
		if (!graph.steps_left)
			return keep_no_order(work, at);
		if (waits(*at) && open_one_through(work, *at)) {
			drain(work);
			at = first_waiting(graph, owner);
		} else {
			at = next_of(*at);
		}
	}
}

const char *validate_graph_tree(const lk_graph &graph)
{
	return graph_tree::validate(graph.waiters);
}

} // namespace lk
