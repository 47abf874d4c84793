// SPDX-License-Identifier: GPL-2.0-only
/* Winners, one by one, and everything that can be seen of the core. */
#include "world.hpp"

namespace world {

void world::start_step()
{
	passes = graph.passes;
	cycles = graph.cycles;
	probes = graph.probes;
	sweeps = graph.sweeps;
	in_portions = false;
}

model::waiter *world::next_winner(slot &s, unsigned int may_tell)
{
	for (model::waiter &w : s.model.waiters)
		if (w.lapsing || s.model.grantable(w) || (may_tell && s.model.tellable(w)))
			return &w;
	return nullptr;
}

void world::replay(slot &s, lk_batch &batch, unsigned int may_tell, const lk_waiter *requester)
{
	for (auto &other : slots)
		for (model::waiter &w : other->model.waiters)
			w.may_pass = w.core == requester ? w.may_pass || flexible()
							 : w.core->may_pass;
	/* One that was not kept waiting wins before those whom its grant lets on. */
	if (requester && requester->request.flags & (LK_REMOTE | LK_CONFIRMED))
		try_requester(s, requester);
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
	/* Of a crowd some are told later, or when a turn is late again; see finish_step(). */
	bool in_parts = in_portions || (opt.crowd < no_crowd && graph.sweeps != sweeps);
	model::waiter *left = next_winner(s, opt.crowd < no_crowd ? 0 : may_tell);

	if (left && !graph.nr_attention && !in_parts)
		REQUIRE(!left, "owner %llu could go on",
			(unsigned long long)left->request.owner);
	finish_batch(s, batch);
}

void world::try_requester(slot &s, const lk_waiter *requester)
{
	model::waiter *m = s.model.find(requester);

	if (m && s.model.grantable(*m))
		grant_or_ask(s, model::waiter(*m));
}

void world::grant_or_ask(slot &s, const model::waiter &w)
{
	if (w.request.flags & LK_REMOTE)
		s.model.begin_asking(w);
	else
		grant(s, w);
}

/*
 * With too many waiters for what it replaces a grant is final; not so one that another of
 * the same batch has been laid over since.
 */
void world::grant(slot &s, const model::waiter &w)
{
	s.model.grant(w, w.core);
	if (graph.sweeps != sweeps && !w.core->revocable && !w.core->under)
		s.model.confirm(w.core);
}

void world::win(slot &s, model::waiter &found, unsigned int &may_tell)
{
	model::waiter w = found;

	switch (w.core->state) {
	case LK_ASKING:
		REQUIRE(w.request.flags & LK_REMOTE && s.model.grantable(w));
		s.model.begin_asking(w);
		return;
	case LK_WON:
		REQUIRE(w.request.kind != LK_NOTIFY && s.model.grantable(w));
		REQUIRE(!(w.request.flags & LK_REMOTE));
		grant(s, w);
		granted++;
		return;
	case LK_NOTIFIED:
		REQUIRE(w.request.kind == LK_NOTIFY);
		told++;
		return tell(s, w, may_tell);
	case LK_LOST_DEADLOCK:
		REQUIRE((w.request.kind == LK_LOCAL || w.request.flags & LK_MAY_FAIL) && flexible());
		require_deadlock(s, w);
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

void world::require_deadlock(slot &s, const model::waiter &w)
{
	/* One that fails at once may break the cycle of one that was marked before; a client is asked. */
	REQUIRE(marked || graph.probes != probes || could_be_refused(s, w),
		"failed without a deadlock");
}

void world::tell(slot &s, const model::waiter &w, unsigned int &may_tell)
{
	uint64_t late = now + std::max<uint64_t>(graph.reserve_ms / 8, 1);
	uint64_t deadline = now + graph.reserve_ms;
	bool early = !s.model.grantable(w);

	if (early && !(may_tell && s.model.tellable(w))) {
		REQUIRE(graph.cycles != cycles, "told who has no turn");
		require_deadlock(s, w);
		s.model.erase(w.core);
		return;
	}
	s.model.erase(w.core);
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

void world::finish_batch(slot &s, lk_batch &batch)
{
	s.mirror.forget(batch.freed);
	shell::free_all(batch.freed);
}

void world::finish_step()
{
	if (graph.nr_attention)
		expire_due();
	REQUIRE(!graph.nr_attention);
	passed += graph.passes - passes;
	uint64_t turns_over = ran_out;

	for (auto &s : slots) {
		note_order(*s);
		REQUIRE(!next_winner(*s, 0), "somebody could go on");
		compare(*s);
		turns_over += s->mirror.ran_out;
	}
	REQUIRE(turns_over == graph.expired);
	compare_cycles();
}

/* Who is linked to a waiter is looked at in time; one that a record keeps out is not. */
void world::note_order(slot &s)
{
	for (model::waiter &w : s.model.waiters) {
		bool behind = lk_blocker_of(w.core).waiter;
		bool by_order = behind && w.request.fairness != LK_FAIR_FIFO;

		w.lapsing = false;
		w.order_due = w.core->order_due;
		REQUIRE(!behind || w.may_pass || s.model.blocked_by_order(w));
		if (by_order)
			REQUIRE(w.order_due > now && w.order_due <= now + graph.courtesy_ms);
		else
			/* From the time before the one in front of it won. */
			REQUIRE(w.order_due == UINT64_MAX || w.order_due > now);
	}
}

void world::compare(slot &s)
{
	const char *wrong = lk_validate(&s.core);
	std::map<uint64_t, model::map> held;
	uint64_t turns = 0;
	size_t seen = 0, asking = 0;

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
		if (r->flags & LK_PENDING) {
			REQUIRE(knows_pending(s, *r, at));
			asking++;
			continue;
		}
		REQUIRE(held.count(r->holder->owner));
		REQUIRE(!!(r->flags & LK_PROCESS) == !!s.model.processes.count(r->holder->owner));
		std::fill(held[r->holder->owner].begin() + at.a, held[r->holder->owner].begin() + at.b + 1,
			  r->type);
	}
	REQUIRE(held == s.model.held, "what is held differs");
	REQUIRE(turns == s.model.turns.size() && asking == s.model.asking.size());
	for (const lk_waiter *w = lk_first_waiter(&s.core); w; w = lk_next_waiter(w)) {
		REQUIRE(s.model.find(w));
		seen++;
	}
	REQUIRE(seen == s.model.waiters.size());
	for (auto &w : waiters)
		if (w->core.revocable && w->core.table == &s.core)
			compare_undo(s, w->core);
	s.mirror.compare(s.core);
}

bool world::knows_pending(slot &s, const lk_record &r, model::span at) const
{
	for (model::pending &p : s.model.asking)
		if (p.core == r.holder->promised)
			return p.at == at && p.request.op == r.type &&
			       p.request.owner == r.holder->owner;
	return false;
}

void world::compare_turn(slot &s, const lk_record &r, model::span at)
{
	size_t like = 0;

	for (model::turn &t : s.model.turns)
		like += t.manager == r.holder->owner && t.type == r.type && t.at == at &&
			t.deadline == r.holder->turn.deadline && t.late == r.holder->turn.late &&
			t.overdue == !!(r.flags & LK_OVERDUE);
	REQUIRE(like >= r.turns, "a turn that the model does not know");
}

void world::compare_undo(slot &s, const lk_waiter &w)
{
	for (model::undo &u : s.model.undos)
		if (u.core == &w) {
			REQUIRE(model::first_byte(u.at.a) == w.undo_start &&
				model::last_byte(u.at.b) == w.undo_end);
			return;
		}
	REQUIRE(false, "revocable, and the model says final");
}

/* Of a search that was cut short the core has said that there may be what it has not seen. */
void world::compare_cycles()
{
	if (graph.searches_cut)
		return;

	model::edges all = edges_of();
	bool deaf = false;

	for (auto &s : slots)
		for (model::waiter &w : s->model.waiters)
			deaf |= w.request.kind == LK_REVOCABLE;
	for (auto &s : slots)
		for (model::waiter &w : s->model.waiters) {
			REQUIRE(!all.order_cycle(w.request.owner), "the order is a deadlock");
			if (!deaf && (w.request.flags & LK_DETECT))
				REQUIRE(!all.deadlock(w.request.owner),
					"a deadlock was not found");
		}
}

} // namespace world
