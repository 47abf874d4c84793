/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core and the model, side by side: each step is done to both, and then
 * everything that can be seen of the core is compared.
 *
 * The model says who can win next: the oldest that has no blocker.  Only when
 * the core opened a cycle in the same step (its counters tell) may it be
 * another, which then must have no blocker either.
 */
#ifndef HF_TESTS_WORLD_HPP
#define HF_TESTS_WORLD_HPP

#include <memory>

#include "model.hpp"
#include "shell.hpp"

namespace world {

/* Where the decisions come from: a generator with a seed, or a fuzzer. */
struct source {
	virtual ~source() = default;
	virtual uint32_t pick(uint32_t below) = 0;
};

struct options {
	int tables = 2;
	int owners = 5;
	bool threads = true;	/* an owner may have several waiters */
	bool notify = true, revocable = true, blind = true; /* blind: no LK_DETECT */
	int fairness = -1;	/* or one for all */
};

struct waiting {
	lk_waiter core = {};
	uint64_t identity;
	int table;
};

struct world {
	options opt;
	lk_graph graph;
	struct slot {
		lk_table core;
		model::table model;
		shell::mirror mirror;
	};
	std::vector<std::unique_ptr<slot>> slots;
	std::vector<std::unique_ptr<waiting>> waiters;
	uint64_t now = 1000;
	/* of the step that is going on */
	uint64_t passes = 0, cycles = 0;
	std::map<uint64_t, uint64_t> identities;
	uint64_t granted = 0, deadlocks = 0, told = 0, back = 0, passed = 0;

	explicit world(options o, uint64_t reserve_ms = 2000) : opt(o)
	{
		lk_graph_init(&graph, reserve_ms);
		for (int i = 0; i < opt.tables; i++) {
			slots.push_back(std::make_unique<slot>());
			init(i);
		}
	}

	~world()
	{
		for (size_t i = 0; i < slots.size(); i++)
			detach(i);
		while (!waiters.empty())
			end(waiters.size() - 1, false);
		REQUIRE(!graph.waiters && !graph.nr_contended && !graph.nr_attention);
		REQUIRE(shell::live() == 0, "%ld records leaked", shell::live());
	}

	void init(int i)
	{
		slots[i]->mirror = {};
		slots[i]->model = {};
		lk_table_init(&slots[i]->core, &graph, &shell::observer, &slots[i]->mirror);
	}

	void detach(int i)
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

	/* ---------------------------------------------------------- requests */

	lk_request request(int op, uint64_t owner, model::span at)
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
		return r;
	}

	lk_outcome expect(slot &s, const lk_request &r, model::span at)
	{
		bool turn = s.model.turn_for(r, at), reclaim = r.flags & LK_RECLAIM;

		if (r.op == LK_UNLOCK)
			return LK_GRANTED;
		if (s.model.blocked_hard(r, at, turn || reclaim))
			return r.flags & LK_WAIT ? LK_MUST_WAIT : LK_CONFLICT;
		if (turn || reclaim || !(r.flags & LK_WAIT) || r.fairness == LK_FAIR_NONE ||
		    s.model.holds_in(r.owner, at))
			return LK_GRANTED;
		for (model::waiter &w : s.model.waiters)
			if (w.request.owner != r.owner && w.at.meets(at) &&
			    model::types_conflict(w.request.op, r.op))
				return r.fairness == LK_FAIR_FIFO ||
				       now - w.request.now >= LK_PATIENCE_MS ? LK_MUST_WAIT
									     : LK_GRANTED;
		return LK_GRANTED;
	}

	/* Return: what lk_plan() or lk_enqueue() answered in the end. */
	lk_outcome ask(int table, lk_request r)
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
			REQUIRE(plan.blocker == lk_test(&s.core, &r));
		start_step();
		if (outcome == LK_GRANTED)
			commit(s, r, at, plan);
		else if (outcome == LK_MUST_WAIT)
			outcome = enqueue(table, r, at);
		finish_step();
		return outcome;
	}

	void commit(slot &s, const lk_request &r, model::span at, const struct lk_plan &plan)
	{
		const model::turn *turn = s.model.turn_for(r, at);
		lk_list spares = {};
		lk_batch batch = {};

		if (r.op == LK_UNLOCK)
			REQUIRE(plan.changes == s.model.holds_in(r.owner, at));
		REQUIRE(plan.nodes <= (r.op == LK_UNLOCK ? 1u : 2u));
		shell::give(spares, plan.nodes);
		lk_commit(&s.core, &r, &plan, &spares, &batch);
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

	lk_outcome enqueue(int table, const lk_request &r, model::span at)
	{
		slot &s = *slots[table];
		auto owned = std::make_unique<waiting>();
		waiting &w = *owned;
		lk_batch batch = {};

		w.identity = r.owner;
		w.table = table;
		shell::give(w.core.nodes, lk_waiter_nodes(r.kind));
		waiters.push_back(std::move(owned));

		lk_request asked = r;

		asked.cookie = &w.identity;
		model::waiter mine = { &w.core, asked, at, graph.seq + 1, now,
				       (r.flags & LK_RECLAIM) || s.model.holds_in(r.owner, at) };
		bool deadlock = false;

		if (r.flags & LK_DETECT) {
			model::edges edges = edges_of(true);

			edges.add(s.model, mine);
			deadlock = edges.hard_cycle(r.owner) && would_lead_back(mine, s);
		}
		lk_outcome outcome = lk_enqueue(&s.core, &asked, &w.core, &batch);

		if (deadlock)
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
			REQUIRE(!batch.winners);
			finish_batch(s, batch);
		}
		if (outcome == LK_GRANTED) {
			REQUIRE(graph.passes != passes, "queued what could be granted");
			REQUIRE(w.core.state == (r.kind == LK_REVOCABLE ? LK_WON : LK_IDLE));
		}
		return outcome;
	}

	/* Does the new one's own edge lie on the cycle?  Others' cycles do not count. */
	bool would_lead_back(const model::waiter &mine, slot &s)
	{
		model::edges edges = edges_of(true);

		for (uint64_t to : s.model.holders_against(mine.request, mine.at)) {
			model::edges from = edges;

			from.hard[mine.request.owner] = { to };
			if (from.hard_cycle(mine.request.owner))
				return true;
		}
		return false;
	}

	model::edges edges_of(bool detecting)
	{
		model::edges edges;

		for (auto &s : slots)
			for (model::waiter &w : s->model.waiters)
				if (!detecting || (w.request.flags & LK_DETECT))
					edges.add(s->model, w);
		return edges;
	}

	/* ------------------------------------------------------------ waiters */

	void end(size_t i, bool take_back)
	{
		waiting &w = *waiters[i];
		slot &s = *slots[w.table];
		lk_batch batch = {};

		start_step();
		s.model.erase(&w.core);
		if (take_back)
			s.model.take_back(&w.core);
		s.model.confirm(&w.core);
		back += take_back;
		lk_end_waiter(&s.core, &w.core, take_back, now, &batch);
		REQUIRE(w.core.state == LK_IDLE && !w.core.nodes.count && !w.core.saved.count);
		REQUIRE(!w.core.sibling_at && !w.core.revocable_at && !w.core.waiters);
		replay(s, batch, 0, nullptr);
		waiters.erase(waiters.begin() + i);
		finish_step();
	}

	void refresh(size_t i)
	{
		lk_waiter &w = waiters[i]->core;

		lk_refresh(&w, now);
		if (model::waiter *m = slots[waiters[i]->table]->model.find(&w))
			m->refreshed = now;
	}

	/* ----------------------------------------------------------- the clock */

	uint64_t next_deadline()
	{
		uint64_t next = UINT64_MAX;

		for (auto &s : slots) {
			for (model::turn &t : s->model.turns)
				next = std::min({ next, t.deadline, t.late });
			for (model::waiter &w : s->model.waiters)
				if (w.request.kind == LK_NOTIFY)
					next = std::min(next, w.refreshed + LK_POLL_LIMIT_MS);
		}
		return next;
	}

	void expire(slot &s)
	{
		lk_batch batch = {};
		unsigned int may_tell = 0;

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
		lk_expire(&s.core, now, &batch);
		replay(s, batch, may_tell, nullptr);
	}

	void expire_due()
	{
		uint64_t next;

		while (lk_table *due = lk_due(&graph, now, &next)) {
			for (auto &s : slots)
				if (&s->core == due)
					expire(*s);
		}
		REQUIRE(next == next_deadline(), "%llu, not %llu", (unsigned long long)next,
			(unsigned long long)next_deadline());
	}

	void advance(uint64_t ms)
	{
		now += ms;
		start_step();
		expire_due();
		finish_step();
	}

	/* ------------------------------------------------- winners, one by one */

	bool flexible() const { return graph.passes != passes || graph.cycles != cycles; }

	void start_step()
	{
		passes = graph.passes;
		cycles = graph.cycles;
	}

	model::waiter *next_winner(slot &s, unsigned int may_tell)
	{
		for (model::waiter &w : s.model.waiters)
			if (w.lapsing || s.model.grantable(w) || (may_tell && s.model.tellable(w)))
				return &w;
		return nullptr;
	}

	void replay(slot &s, lk_batch &batch, unsigned int may_tell, const lk_waiter *requester)
	{
		for (auto &other : slots)
			for (model::waiter &w : other->model.waiters)
				w.may_pass = w.core == requester ? w.may_pass || flexible()
								 : w.core->may_pass;
		for (lk_waiter *won = batch.winners; won; won = won->next_winner) {
			model::waiter *m = s.model.find(won);

			REQUIRE(m, "one won who did not wait");
			if (!flexible())
				REQUIRE(m == next_winner(s, may_tell), "not the next to win");
			if (requester && flexible())
				try_requester(s, requester);
			win(s, *s.model.find(won), may_tell);
		}
		if (requester)
			try_requester(s, requester);
		model::waiter *left = next_winner(s, may_tell);

		if (left && !graph.nr_attention)
			REQUIRE(!left, "owner %llu could go on",
				(unsigned long long)left->request.owner);
		finish_batch(s, batch);
	}

	void try_requester(slot &s, const lk_waiter *requester)
	{
		model::waiter *m = s.model.find(requester);

		if (m && s.model.grantable(*m))
			s.model.grant(model::waiter(*m), requester);
	}

	void win(slot &s, model::waiter &found, unsigned int &may_tell)
	{
		model::waiter w = found;

		switch (w.core->state) {
		case LK_WON:
			REQUIRE(w.request.kind != LK_NOTIFY && s.model.grantable(w));
			s.model.grant(w, w.core);
			granted++;
			return;
		case LK_NOTIFIED:
			REQUIRE(w.request.kind == LK_NOTIFY);
			told++;
			return tell(s, w, may_tell);
		case LK_LOST_DEADLOCK:
			REQUIRE(w.request.kind == LK_LOCAL && flexible());
			deadlocks++;
			break;
		case LK_LAPSED:
			REQUIRE(w.lapsing);
			break;
		default:
			REQUIRE(false, "winner in state %d", w.core->state);
		}
		s.model.erase(w.core);
	}

	void tell(slot &s, const model::waiter &w, unsigned int &may_tell)
	{
		uint64_t late = now + std::max<uint64_t>(graph.reserve_ms / 8, 1);
		uint64_t deadline = now + graph.reserve_ms;
		bool early = !s.model.grantable(w);

		s.model.erase(w.core);
		if (early && !(may_tell && s.model.tellable(w))) {
			REQUIRE(graph.cycles != cycles, "told who has no turn");
			return;
		}
		if (early) {
			may_tell--;
			deadline = UINT64_MAX;
			for (model::turn &t : s.model.turns)
				if (model::table::against(t, w.request, w.at))
					deadline = std::min(deadline, t.deadline);
		}
		s.model.turns.push_back({ w.request.manager, w.request.op, w.at, deadline, late,
					  early });
	}

	void finish_batch(slot &s, lk_batch &batch)
	{
		s.mirror.forget(batch.freed);
		shell::free_all(batch.freed);
	}

	/* ------------------------------------------------------------ compare */

	void finish_step()
	{
		if (graph.nr_attention)
			expire_due();
		REQUIRE(!graph.nr_attention);
		passed += graph.passes - passes;
		for (auto &s : slots)
			compare(*s);
		compare_cycles();
	}

	void compare(slot &s)
	{
		const char *wrong = lk_validate(&s.core);
		std::map<uint64_t, model::map> held;
		uint64_t turns = 0;
		size_t seen = 0;

		REQUIRE(!wrong, "%s", wrong);
		for (auto &[owner, m] : s.model.held)
			held[owner].fill(model::none);
		for (const lk_record *r = lk_first_record(&s.core); r; r = lk_next_record(r)) {
			model::span at = model::cells_of(r->start, r->end);

			if (r->flags & LK_RESERVATION) {
				turns += r->turns;
				compare_turn(s, *r, at);
				continue;
			}
			REQUIRE(held.count(r->owner));
			std::fill(held[r->owner].begin() + at.a, held[r->owner].begin() + at.b + 1,
				  r->type);
		}
		REQUIRE(held == s.model.held, "what is held differs");
		REQUIRE(turns == s.model.turns.size());
		for (const lk_waiter *w = lk_first_waiter(&s.core); w; w = lk_next_waiter(w)) {
			REQUIRE(s.model.find(w));
			seen++;
		}
		REQUIRE(seen == s.model.waiters.size());
		for (const lk_waiter *w = s.core.revocable; w; w = w->revocable_next)
			compare_undo(s, *w);
		s.mirror.compare(s.core);
	}

	void compare_turn(slot &s, const lk_record &r, model::span at)
	{
		size_t like = 0;

		for (model::turn &t : s.model.turns)
			like += t.manager == r.owner && t.type == r.type && t.at == at &&
				t.deadline == r.turn.deadline && t.late == r.turn.late &&
				t.overdue == !!(r.flags & LK_OVERDUE);
		REQUIRE(like >= r.turns, "a turn that the model does not know");
	}

	void compare_undo(slot &s, const lk_waiter &w)
	{
		for (model::undo &u : s.model.undos)
			if (u.core == &w) {
				REQUIRE(model::first_byte(u.at.a) == w.undo_start &&
					model::last_byte(u.at.b) == w.undo_end);
				return;
			}
		REQUIRE(false, "revocable, and the model says final");
	}

	/* No order edge keeps anybody for ever; held locks only where nobody can be told. */
	void compare_cycles()
	{
		model::edges all = edges_of(false), detecting = edges_of(true);
		bool deaf = false;

		for (auto &s : slots)
			for (model::waiter &w : s->model.waiters)
				deaf |= w.request.kind == LK_REVOCABLE;
		for (auto &s : slots)
			for (model::waiter &w : s->model.waiters) {
				REQUIRE(!all.order_cycle(w.request.owner), "the order is a deadlock");
				if (!deaf && (w.request.flags & LK_DETECT))
					REQUIRE(!detecting.hard_cycle(w.request.owner),
						"a deadlock was not found");
			}
	}

	/* ------------------------------------------------------------- at random */

	model::span some_span(source &from)
	{
		/* A few bytes, so that ranges meet; at times the far end. */
		int room = from.pick(4) ? 12 : model::cells;
		int a = from.pick(room), b = from.pick(room);

		return { std::min(a, b), std::max(a, b) };
	}

	bool has_waiter(uint64_t owner) const
	{
		for (auto &s : slots)
			for (const model::waiter &w : s->model.waiters)
				if (w.request.owner == owner)
					return true;
		return false;
	}

	void random_request(source &from)
	{
		uint64_t owner = 1 + from.pick(opt.owners);
		lk_request r = request(from.pick(2), owner, some_span(from));
		int fairness = opt.fairness >= 0 ? opt.fairness : static_cast<int>(from.pick(3));

		r.fairness = fairness;
		r.flags = from.pick(4) ? LK_WAIT : 0;
		if (!opt.blind || from.pick(4))
			r.flags |= LK_DETECT;
		if (from.pick(20) == 0)
			r.flags |= LK_RECLAIM;
		switch (from.pick(3)) {
		case 1:
			r.kind = opt.revocable ? LK_REVOCABLE : LK_LOCAL;
			break;
		case 2:
			r.kind = opt.notify ? LK_NOTIFY : LK_LOCAL;
			break;
		}
		if (!opt.threads && has_waiter(owner))
			r.flags &= ~LK_WAIT;
		ask(from.pick(opt.tables), r);
	}

	void random_test(source &from)
	{
		lk_request r = request(from.pick(2), 1 + from.pick(opt.owners), some_span(from));
		slot &s = *slots[from.pick(opt.tables)];
		model::span at = model::cells_of(r.start, r.end);
		const lk_record *hit = lk_test(&s.core, &r);

		REQUIRE(!!hit == s.model.blocked_hard(r, at, false));
		for (const lk_record *h = hit; h; h = lk_next_conflict(&s.core, &r, h)) {
			REQUIRE(h->start <= r.end && h->end >= r.start && h->start >= hit->start);
			REQUIRE((h->flags & LK_RESERVATION) || h->owner != r.owner);
		}
		const lk_record *own = lk_find_own(&s.core, r.owner, r.start, r.end);

		REQUIRE(!!own == s.model.holds_in(r.owner, at));
	}

	/* A client that was told comes back for its turn. */
	void random_return(source &from)
	{
		slot &s = *slots[from.pick(opt.tables)];

		if (s.model.turns.empty())
			return;
		model::turn t = s.model.turns[from.pick(s.model.turns.size())];
		lk_request r = request(t.type, 1 + from.pick(opt.owners), t.at);

		r.manager = t.manager;
		r.kind = LK_NOTIFY;
		r.flags = LK_DETECT | (from.pick(2) ? LK_WAIT : 0);
		for (size_t i = 0; i < slots.size(); i++)
			if (slots[i].get() == &s)
				ask(i, r);
	}

	void step(source &from)
	{
		uint32_t what = from.pick(100);

		if (what < 45) {
			random_request(from);
		} else if (what < 65) {
			uint64_t owner = 1 + from.pick(opt.owners);
			model::span at = from.pick(3) ? some_span(from)
						      : model::span { 0, model::cells - 1 };

			ask(from.pick(opt.tables), request(LK_UNLOCK, owner, at));
		} else if (what < 77) {
			if (!waiters.empty())
				end(from.pick(waiters.size()), from.pick(2));
		} else if (what < 85) {
			random_test(from);
		} else if (what < 90) {
			random_return(from);
		} else if (what < 93) {
			if (!waiters.empty())
				refresh(from.pick(waiters.size()));
		} else if (what < 99) {
			static constexpr uint64_t steps[] = { 1, 60, 100, 260, 2100, 36000 };

			advance(steps[from.pick(6)]);
		} else if (from.pick(8) == 0) {
			detach_all();
		}
	}

	/* Waiters of a table that is gone are still the shell's to end. */
	void detach_all()
	{
		start_step();
		for (size_t i = 0; i < slots.size(); i++)
			detach(i);
		for (auto &w : waiters)
			REQUIRE(w->core.state != LK_WAITING);
		finish_step();
	}

	/* Everybody who can lets go: in the end nobody waits. */
	void let_everybody_go()
	{
		for (int idle = 0; idle < 3; idle++) {
			size_t before = waiting_now();

			advance(2100 + graph.reserve_ms);
			for (auto &s : slots)
				for (auto &[owner, m] : std::map(s->model.held))
					if (waiting_now() && !has_waiter(owner))
						release_all(owner);
			if (waiting_now() < before)
				idle = 0;
		}
		require_cycle();
	}

	/* Who still waits does so for held locks alone, which nobody could be told of. */
	void require_cycle()
	{
		model::edges all = edges_of(false);
		bool found = !waiting_now();

		for (auto &[owner, to] : std::map(all.hard))
			found |= all.hard_cycle(owner);
		REQUIRE(found, "somebody waits for ever");
	}

	void release_all(uint64_t owner)
	{
		for (size_t i = 0; i < slots.size(); i++)
			ask(i, request(LK_UNLOCK, owner, { 0, model::cells - 1 }));
	}

	size_t waiting_now() const
	{
		size_t count = 0;

		for (auto &s : slots)
			count += s->model.waiters.size();
		return count;
	}
};

} // namespace world

#endif /* HF_TESTS_WORLD_HPP */
