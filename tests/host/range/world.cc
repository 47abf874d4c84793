// SPDX-License-Identifier: GPL-2.0-only
/* Requests, waiters and the clock, done to the core and to the model. */
#include "world.hpp"

namespace world {

world::world(options o, uint64_t reserve_ms) : opt(o)
{
	lk_graph_init(&graph, reserve_ms);
	graph.portion = 3;
	graph.crowd = opt.crowd;
	for (int i = 0; i < opt.tables; i++) {
		slots.push_back(std::make_unique<slot>());
		init(i);
	}
}

world::~world()
{
	for (size_t i = 0; i < slots.size(); i++)
		detach(i);
	while (!waiters.empty())
		end(waiters.size() - 1, false);
	REQUIRE(!graph.waiters && !graph.nr_contended && !graph.nr_attention);
	REQUIRE(shell::live() == 0, "%ld records leaked", shell::live());
}

void world::init(int i)
{
	ran_out += slots[i]->mirror.ran_out;
	slots[i]->mirror = {};
	slots[i]->model = {};
	lk_table_init(&slots[i]->core, &graph, &shell::observer, &slots[i]->mirror);
}

void world::detach(int i)
{
	slot &s = *slots[i];
	lk_batch batch = {};
	uint64_t held = s.core.nr_records;

	REQUIRE(lk_detach(&s.core, &batch) == held);
	REQUIRE(lk_idle(&s.core) && !batch.winners);
	s.mirror.forget(batch.freed);
	shell::free_all(batch.freed);
	for (auto &w : waiters)
		REQUIRE(w->table != i || w->core.state != LK_WAITING);
	init(i);
}

lk_request world::request(int op, uint64_t owner, model::span at)
{
	lk_request r = {};

	identities[owner] = owner;
	r.owner = owner;
	r.start = model::first_byte(at.a);
	r.end = model::last_byte(at.b);
	r.manager = 100 + owner % 2;
	r.now = now;
	r.cookie = &identities[owner];
	r.op = op;
	r.flags = owner < first_open_file ? LK_DETECT : 0;
	return r;
}

lk_outcome world::expect(slot &s, const lk_request &r, model::span at)
{
	bool turn = s.model.turn_for(r, at), reclaim = r.flags & (LK_RECLAIM | LK_CONFIRMED);

	if (r.op == LK_UNLOCK)
		return LK_GRANTED;
	if (s.model.blocked_hard(r, at, turn || reclaim))
		return r.flags & LK_WAIT ? LK_MUST_WAIT : LK_CONFLICT;
	if (turn || reclaim || !(r.flags & LK_WAIT) || r.fairness == LK_FAIR_NONE ||
	    s.model.may_pass(r, at))
		return LK_GRANTED;
	for (model::waiter &w : s.model.waiters)
		if (w.request.owner != r.owner && w.at.meets(at) &&
		    model::types_conflict(w.request.op, r.op))
			return r.fairness == LK_FAIR_FIFO ||
			       now - w.request.now >= LK_PATIENCE_MS ? LK_MUST_WAIT
								     : LK_GRANTED;
	return LK_GRANTED;
}

lk_outcome world::ask(int table, lk_request r)
{
	slot &s = *slots[table];
	model::span at = model::cells_of(r.start, r.end);
	lk_outcome expected = expect(s, r, at);
	struct lk_plan plan;
	lk_outcome outcome = lk_plan(&s.core, &r, false, &plan);

	if (outcome == LK_NEED_GRAPH) {
		REQUIRE(lk_contended(&s.core));
		outcome = lk_plan(&s.core, &r, true, &plan);
	}
	REQUIRE(outcome == expected, "%d, not %d", outcome, expected);
	if (r.op != LK_UNLOCK)
		REQUIRE(plan.blocker == lk_next_conflict(&s.core, &r, nullptr));
	start_step();
	if (outcome == LK_GRANTED && r.op != LK_UNLOCK && r.flags & LK_REMOTE)
		outcome = enqueue(table, r, at);
	else if (outcome == LK_GRANTED)
		commit(s, r, at, plan);
	else if (outcome == LK_MUST_WAIT)
		outcome = enqueue(table, r, at);
	finish_step();
	return outcome;
}

void world::commit(slot &s, const lk_request &r, model::span at, const struct lk_plan &plan)
{
	const model::turn *turn = s.model.turn_for(r, at);
	lk_list spares = {};
	lk_batch batch = {};

	if (r.op == LK_UNLOCK)
		REQUIRE(plan.changes == s.model.holds_in(r.owner, at));
	REQUIRE(plan.nodes <= (r.op == LK_UNLOCK ? 1u : 2u));
	shell::give(spares, plan.nodes);
	struct lk_unlock rest;
	lk_progress progress = lk_commit(&s.core, &r, &plan, &spares, &rest, &batch);

	while (progress == LK_MORE) {
		in_portions = true;
		REQUIRE(!lk_validate(&s.core) && !lk_idle(&s.core));
		/* The owner itself has to wait; it may also help. */
		struct lk_plan other;
		REQUIRE(lk_plan(&s.core, &r, true, &other) == LK_UNLOCKING);
		REQUIRE(lk_unlocking(&s.core, r.owner) == &rest);
		progress = lk_unlock_more(&s.core, &rest, now, &batch);
	}
	REQUIRE(!lk_unlocking(&s.core, r.owner));
	REQUIRE(!spares.count, "the plan asked for more than the commit took");

	bool use = turn || (r.flags & LK_RECLAIM);

	s.model.set(r, at);
	if (turn)
		s.model.use_turn(turn);
	if (use && r.op != LK_UNLOCK)
		s.model.drop_turns_against(r, at);
	replay(s, batch, 0, nullptr);
	granted++;
}

lk_outcome world::enqueue(int table, const lk_request &r, model::span at)
{
	auto owned = std::make_unique<waiting>();

	owned->identity = r.owner;
	owned->table = table;
	waiters.push_back(std::move(owned));
	return enqueue(table, r, at, waiters.size() - 1);
}

lk_outcome world::enqueue(int table, const lk_request &r, model::span at, size_t i)
{
	slot &s = *slots[table];
	waiting &w = *waiters[i];
	lk_batch batch = {};
	lk_request asked = r;

	shell::give(w.core.nodes, lk_waiter_nodes(r.kind));
	asked.cookie = &w.identity;
	model::waiter mine = { &w.core, asked, at, graph.seq + 1, now,
			       !(r.flags & LK_WAIT) || s.model.may_pass(r, at) };
	bool deadlock = could_be_refused(s, mine);
	lk_outcome outcome = lk_enqueue(&s.core, &asked, &w.core, &batch);

	/* A client on the way may have given up: it is asked, and found out then. */
	if (graph.probes != probes)
		deadlock = outcome == LK_DEADLOCK;
	else if (deadlock)
		REQUIRE(outcome == LK_DEADLOCK && graph.passes == passes);
	if (outcome == LK_DEADLOCK) {
		REQUIRE(deadlock || graph.passes != passes, "EDEADLK without a cycle");
		deadlocks++;
	}
	if (!deadlock) {
		s.model.waiters.push_back(mine);
		replay(s, batch, 0, outcome == LK_QUEUED ? nullptr : &w.core);
		if (outcome == LK_DEADLOCK)
			s.model.erase(&w.core);
	} else {
		REQUIRE(!batch.winners || graph.probes != probes);
		replay(s, batch, 0, nullptr);
	}
	REQUIRE((outcome == LK_ASK) == (w.core.state == LK_ASKING));
	if (outcome == LK_GRANTED) {
		REQUIRE(graph.passes != passes || r.flags & LK_CONFIRMED,
			"queued what could be granted");
		REQUIRE(!(r.flags & LK_REMOTE));
		REQUIRE(w.core.state == (r.kind == LK_REVOCABLE ? LK_WON : LK_IDLE));
	}
	return outcome;
}

bool world::could_be_refused(slot &s, const model::waiter &w)
{
	return (w.request.flags & LK_DETECT) &&
	       edges_of().leads_back(s.model.holders_against(w.request, w.at), w.request.owner);
}

model::edges world::edges_of()
{
	model::edges edges;

	for (auto &s : slots)
		for (model::waiter &w : s->model.waiters)
			edges.add(s->model, w);
	return edges;
}

void world::end(size_t i, bool take_back)
{
	waiting &w = *waiters[i];
	slot &s = *slots[w.table];
	lk_batch batch = {};

	start_step();
	s.model.erase(&w.core);
	s.model.end_asking(&w.core);
	if (take_back)
		s.model.take_back(&w.core);
	s.model.confirm(&w.core);
	s.model.answered(&w.core, take_back);
	back += take_back;
	lk_end_waiter(&s.core, &w.core, take_back, now, &batch);
	REQUIRE(w.core.state == LK_IDLE && !w.core.nodes.count && !w.core.saved.count);
	REQUIRE(!w.core.sibling_at && !w.core.revocable && !w.core.promise);
	replay(s, batch, 0, nullptr);
	waiters.erase(waiters.begin() + i);
	finish_step();
}

bool world::confirm(size_t i)
{
	waiting &w = *waiters[i];
	slot &s = *slots[w.table];
	lk_batch batch = {};
	model::pending asks = {};

	for (model::pending &p : s.model.asking)
		if (p.core == &w.core)
			asks = p;
	start_step();
	bool taken = !s.model.holders_against(asks.request, asks.at).empty();
	lk_outcome outcome = lk_confirm(&s.core, &w.core, now, &batch);

	REQUIRE(outcome == (taken ? LK_CONFLICT : LK_GRANTED));
	if (taken) {
		REQUIRE(!batch.winners && !batch.freed.count && w.core.state == LK_ASKING);
		return false;
	}
	REQUIRE(w.core.state == (asks.request.kind == LK_REVOCABLE ? LK_WON : LK_IDLE));
	confirmed++;
	s.model.end_asking(&w.core);
	grant(s, { &w.core, asks.request, asks.at, 0, now, false });
	replay(s, batch, 0, nullptr);
	finish_step();
	return true;
}

/* It is out of the table, and what its owner held is as it was. */
void world::refuse(size_t i)
{
	waiting &w = *waiters[i];
	slot &s = *slots[w.table];
	lk_batch batch = {};
	model::map before = s.model.of(w.core.request.owner);

	start_step();
	s.model.end_asking(&w.core);
	lk_end_waiter(&s.core, &w.core, true, now, &batch);
	REQUIRE(w.core.state == LK_IDLE && !w.core.nodes.count && !w.core.promise);
	refused++;
	/* Of its threads one may win, which asks. */
	REQUIRE(s.model.of(w.core.request.owner) == before);
	replay(s, batch, 0, nullptr);
	finish_step();
}

void world::confirm_late(size_t i)
{
	lk_request r = waiters[i]->core.request;

	r.now = now;
	r.flags = (r.flags & ~LK_REMOTE) | LK_CONFIRMED | LK_WAIT;
	late++;
	start_step();
	enqueue(waiters[i]->table, r, model::cells_of(r.start, r.end), i);
	finish_step();
}

void world::refresh(size_t i)
{
	lk_waiter &w = waiters[i]->core;

	lk_refresh(&w, now);
	if (model::waiter *m = slots[waiters[i]->table]->model.find(&w))
		m->refreshed = now;
}

uint64_t world::next_deadline()
{
	uint64_t next = UINT64_MAX;

	for (auto &s : slots) {
		for (model::turn &t : s->model.turns)
			next = std::min({ next, t.deadline, t.late });
		for (model::waiter &w : s->model.waiters) {
			next = std::min(next, w.order_due);
			if (w.request.kind == LK_NOTIFY)
				next = std::min(next, w.refreshed + LK_POLL_LIMIT_MS);
		}
	}
	return next;
}

void world::expire(slot &s)
{
	lk_batch batch = {};
	unsigned int may_tell = s.core.may_tell, due = 0;

	for (model::waiter &w : s.model.waiters) {
		due += std::min(w.order_due, w.request.kind == LK_NOTIFY
						     ? w.refreshed + LK_POLL_LIMIT_MS
						     : UINT64_MAX) <= now;
		/* Lapsing, it is not looked at for its order. */
		bool lapses = w.request.kind == LK_NOTIFY &&
			      w.refreshed + LK_POLL_LIMIT_MS <= now;
		bool blocked = s.model.blocked_hard(w.request, w.at, w.request.flags & LK_RECLAIM);

		if (!lapses && w.order_due <= now && blocked)
			w.order_due = now + graph.courtesy_ms;
		else if (!lapses && w.order_due <= now)
			w.may_pass = true;
	}
	for (model::waiter &w : s.model.waiters)
		w.lapsing = w.request.kind == LK_NOTIFY &&
			    w.refreshed + LK_POLL_LIMIT_MS <= now;
	std::erase_if(s.model.turns, [&](model::turn &t) { return t.deadline <= now; });
	for (model::turn &t : s.model.turns) {
		if (t.late > now)
			continue;
		t.overdue = true;
		t.late = now + std::max<uint64_t>(graph.reserve_ms / 8, 1);
		may_tell += 3;
	}
	/* Only so many are looked at in one call: then in the order of their places. */
	in_portions |= (due > 1 || may_tell) && opt.crowd < LK_CROWD;
	marked = s.core.attention;
	lk_expire(&s.core, now, &batch);
	replay(s, batch, may_tell, nullptr);
	marked = false;
}

void world::expire_due()
{
	uint64_t next;

	while (lk_table *due = lk_due(&graph, now, &next)) {
		for (auto &s : slots)
			if (&s->core == due)
				expire(*s);
	}
	for (auto &s : slots)
		note_order(*s);
	REQUIRE(next == next_deadline(), "%llu, not %llu", (unsigned long long)next,
		(unsigned long long)next_deadline());
}

void world::advance(uint64_t ms)
{
	now += ms;
	start_step();
	expire_due();
	finish_step();
}

} // namespace world
