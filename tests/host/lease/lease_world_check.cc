// SPDX-License-Identifier: GPL-2.0-only
/* What is compared after each step, and steps at random. */
#include "lease_world.hpp"

namespace lease_world {

std::string world::snapshot() const
{
	std::string bytes(reinterpret_cast<const char *>(&core), sizeof(core));
	auto add = [&](const auto &what) {
		bytes.append(reinterpret_cast<const char *>(&what), sizeof(what));
	};

	for (auto &g : grants)
		add(*g);
	for (auto &p : pins)
		add(*p);
	/* The caller's part of a change that is in no table may change. */
	for (const ls_change &c : changes)
		if (c.at)
			add(c);
	return bytes;
}

/* before: of a step that can fail. */
void world::settle(ls_answer core_says, ls_answer model_says, const std::string &before)
{
	REQUIRE(core_says == model_says, "%d, and the model says %d", core_says, model_says);
	answers[core_says]++;
	if (core_says != LS_OK && core_says != LS_WAIT && model.told.empty())
		REQUIRE(snapshot() == before, "a step that failed left a trace");
	if (const char *wrong = ls_validate(&core))
		REQUIRE(false, "%s", wrong);
	compare();
	read_batch();
}

void world::compare_grant(const ls_grant &g, bool layout) const
{
	auto m = std::find_if(model.grants.begin(), model.grants.end(),
			      [&](auto &other) { return other.id == ids.at(&g); });

	REQUIRE(m != model.grants.end());
	REQUIRE(g.kind == m->kind && (g.kind == LS_LAYOUT) == layout);
	REQUIRE(g.holder == m->holder && g.owner == m->owner);
	REQUIRE(g.start == m->at.start() && g.end == m->at.end());
	REQUIRE(g.type == m->type && g.state == m->state && g.deadline == m->deadline);
}

void world::compare() const
{
	size_t nr_grants = 0, nr_pins = 0, nr_changes = 0;

	for (const ls_grant *g = core.layouts; g; g = g->next, nr_grants++)
		compare_grant(*g, true);
	for (const ls_grant *g = core.leases; g; g = g->next, nr_grants++)
		compare_grant(*g, false);
	for (const ls_pin *p = core.pins; p; p = p->next, nr_pins++)
		REQUIRE(std::any_of(model.pins.begin(), model.pins.end(), [p](auto &m) {
			return m.id == p->id && m.holder == p->holder && m.type == p->type &&
			       m.at.start() == p->start && m.at.end() == p->end;
		}));
	for (const ls_change *c = core.changes; c; c = c->next, nr_changes++)
		REQUIRE(std::any_of(model.changes.begin(), model.changes.end(), [&](auto &m) {
			return c == &changes[m.slot] && m.deadline == c->deadline;
		}));
	REQUIRE(nr_grants == model.grants.size() && nr_pins == model.pins.size() &&
		nr_changes == model.changes.size());
	REQUIRE(ls_idle(&core) == !(nr_grants + nr_pins + nr_changes));
}

/* Each grant once, with its last event; then the idle ones are freed. */
void world::read_batch()
{
	REQUIRE(!batch.first == !batch.last);
	for (const ls_grant *g = batch.first; g; g = g->told_next) {
		auto expected = model.told.find(ids.at(g));

		REQUIRE(expected != model.told.end(), "told twice, or for nothing");
		REQUIRE(g->event == expected->second, "%d, not %d", g->event, expected->second);
		REQUIRE(g->told_next || g == batch.last);
		events[g->event]++;
		model.told.erase(expected);
	}
	REQUIRE(model.told.empty(), "something was not told");
	batch = {};
	std::erase_if(grants, [this](auto &g) {
		return g->state == LS_IDLE && ids.erase(g.get());
	});
}

span world::some_span(source &from)
{
	int a = from.pick(lease_model::cells), b = from.pick(lease_model::cells);

	return { std::min(a, b), std::max(a, b) };
}

/* Small, or there is no room left for layouts and pins. */
span world::small_span(source &from)
{
	int a = from.pick(lease_model::cells);

	return { a, std::min<int>(a + from.pick(3), lease_model::cells - 1) };
}

uint64_t world::some_break_ms(source &from)
{
	const uint64_t choices[] = { 0, 1, 20, 50, LS_NEVER, LS_NEVER - now };

	return opt.break_ms ? opt.break_ms : choices[from.pick(6)];
}

void world::refuse(source &from)
{
	std::string before = snapshot();
	uint64_t holder = 1 + from.pick(opt.holders);
	ls_wish w = wish(holder, some_span(from), 1 + from.pick(2));
	ls_grant *taken = core.layouts ? core.layouts : core.leases;
	ls_grant idle = {};
	ls_pin p = {};

	switch (from.pick(5)) {
	case 0:
		w.start = from.pick(2) ? -1 : w.end + (w.end < LS_END);
		w.end = w.start < 0 ? w.end : w.start - 1;
		break;
	case 1:
		w.type = from.pick(2) ? 0 : 3 + from.pick(200);
		break;
	case 2:
		w.holder = 0;
		break;
	case 3:
		/* Memory that is in use: not for anything else. */
		if (!taken || !core.pins)
			return;
		settle(ls_layout_set(&core, &w, taken, &batch), LS_INVALID, before);
		before = snapshot();
		settle(ls_pin_add(&core, &w, core.pins, &batch), LS_INVALID, before);
		return;
	case 4:
		/* None of these is a lease of the table: nothing is done. */
		idle.kind = LS_LAYOUT;
		ls_lease_granted(&core, &idle, LS_READ, &batch);
		idle.kind = LS_LEASE;
		ls_lease_granted(&core, &idle, LS_READ, &batch);
		idle.holder = holder;
		ls_lease_granted(&core, &idle, LS_NONE, &batch);
		ls_lease_seen(&core, &idle, LS_READ, LS_HELD, LS_NEVER, &batch);
		ls_lease_missing(&core, &idle, &batch);
		ls_lease_returned(&core, &idle, &batch);
		if (core.layouts)
			ls_lease_missing(&core, core.layouts, &batch);
		if (core.leases)
			ls_lease_seen(&core, core.leases, LS_READ, LS_REVOKED, 0, &batch);
		settle(LS_INVALID, LS_INVALID, before);
		return;
	}
	settle(ls_layout_set(&core, &w, &idle, &batch), LS_INVALID, before);
	before = snapshot();
	settle(ls_pin_add(&core, &w, &p, &batch), LS_INVALID, before);
}

void world::lease_step(source &from)
{
	uint64_t holder = 1 + from.pick(opt.holders), owner = 1 + from.pick(owners);
	int type = 1 + from.pick(2);

	switch (from.pick(6)) {
	case 0:
	case 1:
		return granted(from.pick(2), holder, owner, type);
	case 2:
	case 3:
		return seen(holder, owner, type, LS_HELD + from.pick(3),
			    from.pick(2) ? LS_NEVER : now + from.pick(50));
	case 4:
		return missing(holder, owner);
	case 5:
		return returned(holder, owner);
	}
}

void world::change_step(source &from)
{
	int slot = from.pick(slots);
	bool registered = changes[slot].at;

	/* Now and then what makes no sense: begun twice, broken for before. */
	if (from.pick(8) == 0)
		registered = !registered;
	if (!registered)
		begin(slot, from.pick(opt.holders + 1),
		      from.pick(3) ? small_span(from) : some_span(from));
	else if (from.pick(5) < 3)
		break_for(slot, some_break_ms(from));
	else
		end(slot);
}

void world::lose_a_pin(source &from)
{
	/* Somebody else's, or none, at times. */
	if (model.pins.empty() || from.pick(4) == 0)
		return unpin(1 + from.pick(opt.holders), last_pin - from.pick(8));
	const lease_model::pin &p = model.pins[from.pick(model.pins.size())];

	unpin(p.holder, p.id);
}

void world::step(source &from)
{
	uint64_t holder = 1 + from.pick(opt.holders);
	uint64_t ms;

	switch (from.pick(17)) {
	case 0:
	case 1:
	case 2:
		set(holder, some_span(from), 1 + from.pick(2), from.pick(6));
		break;
	case 3:
		look(holder);
		break;
	case 4:
		give_back(holder);
		break;
	case 5:
	case 16:
		pin(holder, small_span(from), 1 + from.pick(2));
		break;
	case 6:
		lose_a_pin(from);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
		change_step(from);
		break;
	case 11:
		ms = from.pick(30);
		now = now > LS_NEVER - ms ? LS_NEVER : now + ms;
		break;
	case 12:
	case 14:
	case 15:
		if (opt.leases)
			lease_step(from);
		break;
	case 13:
		if (from.pick(3))
			refuse(from);
		else
			release(holder);
		break;
	}
}

void world::let_everybody_go()
{
	for (int slot = 0; slot < slots; slot++)
		end(slot);
	for (int holder = 1; holder <= opt.holders; holder++)
		release(holder);
	REQUIRE(ls_idle(&core) && grants.empty() && pins.empty());
}

} // namespace lease_world
