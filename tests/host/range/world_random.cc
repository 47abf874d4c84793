// SPDX-License-Identifier: GPL-2.0-only
/* Steps at random, and how they end. */
#include "world.hpp"

namespace world {

model::span world::some_span(source &from)
{
	/* A few bytes, so that ranges meet; at times the far end. */
	int room = from.pick(4) ? 12 : model::cells;
	int a = from.pick(room), b = from.pick(room);

	return { std::min(a, b), std::max(a, b) };
}

bool world::has_waiter(uint64_t owner) const
{
	for (auto &s : slots)
		for (const model::waiter &w : s->model.waiters)
			if (w.request.owner == owner)
				return true;
	return false;
}

void world::random_request(source &from)
{
	uint64_t owner = 1 + from.pick(opt.owners);
	model::span at = some_span(from);
	int op = from.pick(2);
	int fairness = opt.fairness >= 0 ? opt.fairness : static_cast<int>(from.pick(3));

	int wait = from.pick(4) ? LK_WAIT : 0;

	/* By one of his open files. */
	if (opt.blind && !from.pick(4))
		owner += first_open_file;
	lk_request r = request(op, owner, at);

	r.fairness = fairness;
	r.flags |= wait;
	if (from.pick(20) == 0)
		r.flags |= LK_RECLAIM;
	switch (from.pick(3)) {
	case 1:
		r.kind = opt.revocable ? LK_REVOCABLE : LK_LOCAL;
		/* lockd, or a server that hears of deadlocks. */
		if (opt.revocable && owner % 2)
			r.flags |= LK_MAY_FAIL;
		break;
	case 2:
		r.kind = opt.notify ? LK_NOTIFY : LK_LOCAL;
		break;
	}
	if (opt.remote && r.kind != LK_NOTIFY && from.pick(4))
		r.flags |= LK_REMOTE;
	if (!opt.threads && has_waiter(owner))
		r.flags &= ~LK_WAIT;
	ask(from.pick(opt.tables), r);
}

void world::random_test(source &from)
{
	lk_request r = request(from.pick(2), 1 + from.pick(opt.owners), some_span(from));
	slot &s = *slots[from.pick(opt.tables)];
	model::span at = model::cells_of(r.start, r.end);
	const lk_record *hit = lk_test(&s.core, &r);

	bool pending = s.model.blocked_by_pending(r, at);

	r.flags |= LK_CONFIRMED;	/* the model's word for "no matter what is pending" */
	REQUIRE(!!hit == s.model.blocked_hard(r, at, false));
	r.flags &= ~LK_CONFIRMED;
	REQUIRE(!!lk_next_conflict(&s.core, &r, nullptr) == (hit || pending));
	for (const lk_record *h = hit; h; h = lk_next_conflict(&s.core, &r, h)) {
		REQUIRE(h->start <= r.end && h->end >= r.start && h->start >= hit->start);
		REQUIRE((h->flags & LK_RESERVATION) || h->holder->owner != r.owner);
	}
	const lk_record *own = lk_find_own(&s.core, r.owner, r.start, r.end);

	REQUIRE(!!own == s.model.holds_in(r.owner, at));
	uint32_t owned = 0;

	for (const lk_record *at = lk_first_record(&s.core); at; at = lk_next_record(at))
		owned += !(at->flags & (LK_RESERVATION | LK_PENDING)) && at->holder->owner == r.owner;
	REQUIRE(lk_own_count(&s.core, r.owner) == owned);
}

/* The other table answers, in any order: yes, no, or no and later yes. */
void world::random_answer(source &from)
{
	size_t i = waiters.empty() ? 0 : from.pick(waiters.size());

	if (waiters.empty() || waiters[i]->core.state != LK_ASKING)
		return;
	uint32_t what = from.pick(4);

	if (what > 1 && confirm(i))
		return;
	refuse(i);
	if (!what)
		confirm_late(i);
}

void world::refuse_all()
{
	for (size_t i = 0; i < waiters.size(); i++)
		if (waiters[i]->core.state == LK_ASKING)
			refuse(i);
}

void world::random_return(source &from)
{
	slot &s = *slots[from.pick(opt.tables)];

	if (s.model.turns.empty())
		return;
	model::turn t = s.model.turns[from.pick(s.model.turns.size())];
	lk_request r = request(t.type, 1 + from.pick(opt.owners), t.at);

	r.manager = t.manager;
	r.kind = LK_NOTIFY;
	r.flags |= from.pick(2) ? LK_WAIT : 0;
	for (size_t i = 0; i < slots.size(); i++)
		if (slots[i].get() == &s)
			ask(i, r);
}

void world::step(source &from)
{
	uint32_t what = from.pick(100);

	if (opt.remote && from.pick(3) == 0) {
		random_answer(from);
	} else if (what < 45) {
		random_request(from);
	} else if (what < 65) {
		uint64_t owner = 1 + from.pick(opt.owners);
		model::span at = from.pick(3) ? some_span(from)
					      : model::span { 0, model::cells - 1 };

		int table = from.pick(opt.tables);

		ask(table, request(LK_UNLOCK, owner, at));
		if (opt.blind)
			ask(table, request(LK_UNLOCK, owner + first_open_file, at));
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

void world::detach_all()
{
	start_step();
	for (size_t i = 0; i < slots.size(); i++)
		detach(i);
	for (auto &w : waiters)
		REQUIRE(w->core.state != LK_WAITING);
	finish_step();
}

void world::let_everybody_go()
{
	for (int idle = 0; idle < 3; idle++) {
		size_t before = waiting_now();

		refuse_all();
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

void world::require_cycle()
{
	model::edges all = edges_of();
	bool found = !waiting_now() || graph.searches_cut;

	for (auto &[owner, to] : std::map(all.hard))
		found |= all.hard_cycle(owner);
	REQUIRE(found, "somebody waits for ever");
}

void world::release_all(uint64_t owner)
{
	for (size_t i = 0; i < slots.size(); i++)
		ask(i, request(LK_UNLOCK, owner, { 0, model::cells - 1 }));
}

size_t world::waiting_now() const
{
	size_t count = 0;

	for (auto &s : slots)
		count += s->model.waiters.size();
	return count;
}

} // namespace world
