// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search: breadth first from one waiter, through intrusive fields, until an
 * edge leads back to its owner.  No recursion, no memory, no limit on length.
 *
 * waiter.visit_from says what the search wants to know in the end.  In
 * hard_cycle() it is the waiter from which this one was reached, so that it leads
 * back along the cycle.  In order_cycle() it is the first on the way whose step
 * was by order: the one to give its order up.
 */
#include "cycle.hpp"
#include "graph.hpp"
#include "queue.hpp"

namespace lk {

namespace {

/* A search: the waiters that were reached, in order. */
struct search {
	lk_graph &graph;
	lk_waiter *tail;

	search(lk_graph &graph, lk_waiter &from) : graph(graph), tail(&from)
	{
		graph.searches++;
		graph.visit++;
		from.visit = graph.visit;
		from.visit_from = nullptr;
		from.visit_next = nullptr;
		from.visit_queued = 1;
	}

	bool seen(const lk_waiter &waiter) const { return waiter.visit == graph.visit; }

	void append(lk_waiter &waiter, lk_waiter *from)
	{
		waiter.visit = graph.visit;
		waiter.visit_from = from;
		waiter.visit_next = nullptr;
		waiter.visit_queued = 1;
		tail->visit_next = &waiter;
		tail = &waiter;
	}
};

/* One more edge is looked at, if that is still allowed. */
bool step(lk_graph &graph)
{
	if (!graph.steps_left)
		return false;
	graph.steps_left--;
	graph.search_steps++;
	return true;
}

/* Turns end, and what is pending does: neither is waited for without end. */
bool is_nobodys(const lk_record &record)
{
	return is_reservation(record) || is_pending(record);
}

/* What lies in its range, its owner's own included: each is a step. */
view all_in_the_way(const lk_waiter &waiter)
{
	view view(waiter.request);

	view.owner = UINT64_MAX;	/* nobody's: owners are addresses */
	view.past_reservations = false;
	return view;
}

/* All that an owner waits for; they were reached from from. */
void reach_hard(search &search, uint64_t owner, lk_waiter *from)
{
	for (lk_waiter *at = first_of(search.graph, owner); at && step(search.graph);
	     at = next_of(*at)) {
		if (!waits(*at))
			continue;
		/* All of an owner are reached at once. */
		if (search.seen(*at))
			return;
		search.append(*at, from);
	}
}

/*
 * A cycle of held locks through the waiter.  asks: it is the one who is asking
 * now, and its own blocker may be anybody.  Of what keeps each waiter out the
 * first most are looked at; more tells that there were others.
 * Return: its last waiter, from which visit_from leads back, or NULL.
 */
lk_waiter *hard_cycle(lk_graph &graph, lk_waiter &start, bool asks, unsigned int most,
		      bool &more)
{
	uint64_t owner = start.request.owner;
	search search(graph, start);

	for (lk_waiter *at = &start; at; at = at->visit_next) {
		view view = all_in_the_way(*at);
		unsigned int left = most;

		for (lk_record *r = next_conflict(*at->table, view, nullptr); r;
		     r = next_conflict(*at->table, view, r)) {
			if (!step(graph))
				return nullptr;
			if (is_nobodys(*r) || r->holder->owner == at->request.owner)
				continue;
			if (!left--) {
				more = true;
				break;
			}
			if (!(r->flags & LK_PROCESS) && !(asks && at == &start))
				continue;
			if (is_going(*at->table, *r, view.where))
				continue;
			if (r->holder->owner == owner)
				return at;
			reach_hard(search, r->holder->owner, at);
		}
	}
	return nullptr;
}

/*
 * As reach_hard(), for all waiters.  Here visit_from is the first waiter on
 * the way whose step was by order, or NULL: one that was reached by hard edges
 * alone is reached anew when a way with such a step is found.
 */
void reach_any(search &search, uint64_t owner, lk_waiter *by_order)
{
	for (lk_waiter *at = first_of(search.graph, owner); at && step(search.graph);
	     at = next_of(*at)) {
		if (!waits(*at))
			continue;
		if (!search.seen(*at)) {
			search.append(*at, by_order);
			continue;
		}
		if (at->visit_from || !by_order)
			return;
		if (at->visit_queued)
			at->visit_from = by_order;
		else
			search.append(*at, by_order);
	}
}

/* The questions of order, whose looks are steps. */
lk_waiter *latest(lk_graph &graph, const lk_waiter &waiter)
{
	unsigned int before = graph.steps_left;
	lk_waiter *found = latest_before(waiter, graph.steps_left);

	graph.search_steps += before - graph.steps_left;
	return found;
}

lk_waiter *earlier(lk_graph &graph, const lk_waiter &waiter, lk_waiter *after)
{
	unsigned int before = graph.steps_left;
	lk_waiter *found = next_before(waiter, after, graph.steps_left);

	graph.search_steps += before - graph.steps_left;
	return found;
}

/*
 * The order edges of one waiter.
 * Return: whether one leads to owner; covered is set when what it reaches
 * includes the waiter's hard edges.
 */
bool step_by_order(search &search, lk_waiter &at, uint64_t owner, lk_waiter *by_order, bool *covered)
{
	lk_graph &graph = search.graph;
	lk_waiter *last = latest(graph, at);

	*covered = false;
	if (!last)
		return false;
	/*
	 * A writer over all of the range waits for everything that this one
	 * waits for, except for its own owner, who is reached as well.  Unless
	 * it is marked: then it is about to wait for less, or not at all.
	 */
	if (last->request.op == LK_WRITE && !last->may_pass && waits(*last) &&
	    range_of(last->request).contains(range_of(at.request))) {
		*covered = true;
		reach_any(search, last->request.owner, by_order);
		return last->request.owner == owner;
	}
	for (lk_waiter *w = earlier(graph, at, nullptr); w; w = earlier(graph, at, w)) {
		if (w->request.owner == owner)
			return true;
		reach_any(search, w->request.owner, by_order);
	}
	return false;
}

} // namespace

/*
 * At first a few holders of each, so that many locks of one on the way do not
 * use all steps up: fs/locks.c looks at one.
 */
lk_waiter *hard_cycle(lk_graph &graph, lk_waiter &start, bool asks)
{
	constexpr unsigned int few = 8;
	bool more = false;
	lk_waiter *last = hard_cycle(graph, start, asks, few, more);

	if (last || !more)
		return last;
	return hard_cycle(graph, start, asks, numeric_limits<unsigned int>::max(), more);
}

lk_waiter *order_cycle(lk_graph &graph, lk_waiter &start)
{
	uint64_t owner = start.request.owner;
	search search(graph, start);

	for (lk_waiter *at = &start; at; at = at->visit_next) {
		lk_waiter *by_order = at->visit_from;
		view view = all_in_the_way(*at);
		bool covered;

		at->visit_queued = 0;
		if (step_by_order(search, *at, owner, by_order ? by_order : at, &covered))
			return by_order ? by_order : at;
		for (lk_record *r = covered ? nullptr : next_conflict(*at->table, view, nullptr);
		     r; r = next_conflict(*at->table, view, r)) {
			if (!step(graph))
				break;
			if (is_nobodys(*r) || r->holder->owner == at->request.owner)
				continue;
			if (r->holder->owner == owner && by_order)
				return by_order;
			if (r->holder->owner != owner)
				reach_any(search, r->holder->owner, by_order);
		}
		if (!graph.steps_left)
			return start.may_pass ? nullptr : &start;
	}
	return nullptr;
}

} // namespace lk
