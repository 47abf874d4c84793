// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlock: breadth first from one waiter, through intrusive fields, until an
 * edge leads back to its owner.  No recursion, no memory, no limit on length.
 *
 * Most requests are not searched for at all: a cycle has to come back to the
 * owner, so somebody must wait for a record of it, or stand behind another
 * waiter of it.
 */
#include "graph.hpp"
#include "queue.hpp"

namespace lk {

namespace {

struct by_owner {
	using node = lk_node;
	using item = lk_waiter;

	static lk_waiter *to_item(lk_node *n)
	{
		return reinterpret_cast<lk_waiter *>(reinterpret_cast<uintptr_t>(n) -
						     offsetof(lk_waiter, by_owner));
	}

	static lk_node *to_node(lk_waiter &w) { return &w.by_owner; }

	static bool before(const lk_waiter &a, const lk_waiter &b)
	{
		return a.request.owner != b.request.owner ? a.request.owner < b.request.owner
							  : a.seq < b.seq;
	}

	static bool refresh(lk_waiter &) { return false; }
	static bool absorb(lk_waiter &, const lk_waiter &) { return false; }
	static void inherit(lk_waiter &, const lk_waiter &) {}
};

using graph_tree = hf::tree<by_owner>;

/* More tables, or records in them, than this are not looked through: then search. */
constexpr unsigned int glance = 64;

bool waits(const lk_waiter &waiter)
{
	return waiter.state == LK_WAITING && !waiter.doomed;
}

bool detects(const lk_waiter &waiter) { return waiter.request.flags & LK_DETECT; }

/* Whether somebody may wait for a record of the owner, in any table. */
bool holds_wanted(const lk_graph &graph, uint64_t owner)
{
	if (graph.nr_contended > glance)
		return true;
	unsigned int seen = 0;

	for (lk_table *table = graph.contended; table; table = table->contended_next) {
		if (!table->waiters)
			continue;
		for (lk_record *at = own_from(*table, owner, 0); at; at = own_after(*at))
			if (++seen > glance || is_waited_for(*table, *at))
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
			if (is_reservation(*r) || r->holder->owner == at->request.owner)
				continue;
			if (!left--) {
				more = true;
				break;
			}
			if (!(r->flags & LK_PROCESS) && !(asks && at == &start))
				continue;
			if (is_going(*at->table, *r))
				continue;
			if (r->holder->owner == owner)
				return at;
			reach_hard(search, r->holder->owner, at);
		}
	}
	return nullptr;
}

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

/*
 * The order edges of one waiter.
 * Return: whether one leads to owner; covered is set when what it reaches
 * includes the waiter's hard edges.
 */
bool step_by_order(search &search, lk_waiter &at, uint64_t owner, lk_waiter *by_order, bool *covered)
{
	lk_waiter *latest = latest_before(at);

	*covered = false;
	if (!latest)
		return false;
	/*
	 * A writer over all of the range waits for everything that this one
	 * waits for, except for its own owner, who is reached as well.  Unless
	 * it is marked: then it is about to wait for less, or not at all.
	 */
	if (latest->request.op == LK_WRITE && !latest->may_pass && waits(*latest) &&
	    range_of(latest->request).contains(range_of(at.request))) {
		*covered = true;
		reach_any(search, latest->request.owner, by_order);
		return latest->request.owner == owner;
	}
	for (lk_waiter *w = next_before(at, nullptr); w && step(search.graph);
	     w = next_before(at, w)) {
		if (w->request.owner == owner)
			return true;
		reach_any(search, w->request.owner, by_order);
	}
	return false;
}

/*
 * A cycle through the waiter with an order edge in it.
 * Return: the waiter whose edge that is, or NULL; the waiter itself when the
 * search was cut short, if it has an order edge to give up.
 */
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
			if (is_reservation(*r) || r->holder->owner == at->request.owner)
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

/* It was marked: it is examined now, or by lk_expire() in its own table. */
void look_again(work &work, lk_waiter &marked)
{
	if (marked.table != &work.table)
		note_attention(*marked.table, true);
	else if (marked.sibling_at)
		loosen(work, marked);
}

void let_pass(work &work, lk_waiter &waiter)
{
	waiter.may_pass = 1;
	work.table.graph->passes++;
	look_again(work, waiter);
}

/* Nobody looks at this owner's waiters from this one on any more. */
void keep_no_order(work &work, lk_waiter *from)
{
	for (lk_waiter *at = from; at; at = next_of(*at))
		if (waits(*at) && !at->may_pass)
			let_pass(work, *at);
	drain(work);
}

/*
 * Who of a hard cycle can be told?  The one who is asking now is answered;
 * else a process, the owner's own first; else a client, who asks again.
 */
lk_waiter *choose_victim(const work &work, lk_waiter &start, lk_waiter *last)
{
	lk_waiter *victim = nullptr;

	for (lk_waiter *at = last; at; at = at->visit_from) {
		if (at == work.requester)
			return at;
		if (!detects(*at))
			continue;
		if (at->request.kind == LK_LOCAL)
			victim = at;
		else if (at->request.kind == LK_NOTIFY && !victim)
			victim = at;
	}
	return start.request.kind == LK_LOCAL ? &start : victim;
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

void allow_steps(lk_graph &graph) { graph.steps_left = LK_SEARCH_STEPS; }

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
