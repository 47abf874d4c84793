// SPDX-License-Identifier: GPL-2.0-only
/* The steps, each done to the core and to the model. */
#include "lease_world.hpp"

#include <cstring>

namespace lease_world {

/* What the core does not set is not zero by luck. */
std::unique_ptr<ls_grant> world::fresh_grant() const
{
	auto g = std::make_unique<ls_grant>();

	std::memset(static_cast<void *>(g.get()), 0xa5, sizeof(*g));
	g->at = nullptr;
	g->state = LS_IDLE;
	return g;
}

ls_wish world::wish(uint64_t holder, span at, int type) const
{
	return { holder, at.start(), at.end(), now, static_cast<uint8_t>(type), {} };
}

ls_grant *world::lease_of(uint64_t holder, uint64_t owner)
{
	ls_grant *lease = core.leases;

	while (lease && !(lease->holder == holder && lease->owner == owner))
		lease = lease->next;
	lease_model::grant *other = model.find(LS_LEASE, holder, owner);

	REQUIRE(!lease == !other);
	REQUIRE(!lease || ids.at(lease) == other->id);
	return lease;
}

lease_model::change *world::model_change(int slot)
{
	for (lease_model::change &c : model.changes)
		if (c.slot == slot)
			return &c;
	return nullptr;
}

ls_answer world::set(uint64_t holder, span at, int type, bool spare)
{
	std::string before = snapshot();
	ls_wish w = wish(holder, at, type);
	auto memory = fresh_grant();
	ls_answer says = ls_layout_set(&core, &w, spare ? memory.get() : nullptr, &batch);
	ls_answer expected = model.set(holder, at, type, now, spare);

	if (memory->state != LS_IDLE) {
		REQUIRE(spare && says == LS_OK);
		ids[memory.get()] = model.layout(holder)->id;
		grants.push_back(std::move(memory));
	}
	settle(says, expected, before);
	return says;
}

void world::look(uint64_t holder)
{
	std::string before = snapshot();
	ls_grant *g = ls_layout_of(&core, holder, now, &batch);
	lease_model::grant *other = model.look(holder, now);

	REQUIRE(!g == !other);
	REQUIRE(!g || ids.at(g) == other->id);
	settle(LS_OK, LS_OK, before);
}

void world::give_back(uint64_t holder)
{
	lease_model::grant *other = model.layout(holder);
	ls_grant *g = ls_layout_return(&core, holder, &batch);

	REQUIRE(!g == !other);
	if (g) {
		REQUIRE(ids.at(g) == other->id && g->state == LS_IDLE && !g->at && !g->next);
		model.give_back(*other);
	}
	settle(LS_OK, LS_OK, "");
}

ls_answer world::pin(uint64_t holder, span at, int type)
{
	std::string before = snapshot();
	ls_wish w = wish(holder, at, type);
	auto memory = std::make_unique<ls_pin>();

	std::memset(static_cast<void *>(memory.get()), 0xa5, sizeof(ls_pin));
	memory->at = nullptr;
	memory->in_table = 0;
	memory->id = ++last_pin;
	ls_answer says = ls_pin_add(&core, &w, memory.get(), &batch);
	ls_answer expected = model.add_pin(last_pin, holder, at, type, now);

	REQUIRE(memory->in_table == (says == LS_OK));
	if (memory->in_table)
		pins.push_back(std::move(memory));
	settle(says, expected, before);
	return says;
}

void world::unpin(uint64_t holder, uint64_t id)
{
	ls_pin *p = ls_pin_find(&core, holder, id);
	size_t gone = std::erase_if(model.pins, [&](const lease_model::pin &other) {
		return other.id == id && other.holder == holder;
	});

	REQUIRE(!!p == gone);
	if (p) {
		REQUIRE(p->id == id && p->holder == holder);
		ls_pin_remove(&core, p);
		REQUIRE(!p->in_table && !p->at);
		ls_pin_remove(&core, p);
		std::erase_if(pins, [p](auto &owned) { return owned.get() == p; });
	}
	settle(LS_OK, LS_OK, "");
}

ls_answer world::begin(int slot, uint64_t holder, span at)
{
	std::string before = snapshot();
	ls_change &c = changes[slot];

	if (model_change(slot)) {
		ls_answer twice = ls_change_begin(&core, &c);

		settle(twice, LS_INVALID, before);
		return twice;
	}
	c.holder = holder;
	c.start = at.start();
	c.end = at.end();
	first_break[slot] = LS_NEVER;
	ls_answer says = ls_change_begin(&core, &c);

	settle(says, model.begin({ slot, holder, at, 0 }), before);
	return says;
}

ls_answer world::break_for(int slot, uint64_t break_ms)
{
	std::string before = snapshot();
	lease_model::change *c = model_change(slot);
	ls_answer says = ls_change_break(&core, &changes[slot], now, break_ms, &batch);

	settle(says, c ? model.break_for(*c, now, break_ms) : LS_INVALID, before);
	if (!c)
		return says;
	/* Rows 4 and 7: nothing that others do makes a change wait longer. */
	if (first_break[slot] == LS_NEVER)
		first_break[slot] = now;
	if (opt.break_ms && now - first_break[slot] >= opt.break_ms)
		REQUIRE(says == LS_OK, "a change waits for longer than a break lasts");
	return says;
}

void world::end(int slot)
{
	ls_change_end(&core, &changes[slot]);
	REQUIRE(!changes[slot].at);
	std::erase_if(model.changes,
		      [slot](const lease_model::change &c) { return c.slot == slot; });
	settle(LS_OK, LS_OK, "");
}

void world::granted(int kind, uint64_t holder, uint64_t owner, int type)
{
	ls_grant *lease = lease_of(holder, owner);
	std::unique_ptr<ls_grant> memory;

	if (!lease) {
		memory = fresh_grant();
		memory->kind = static_cast<uint8_t>(kind);
		memory->holder = holder;
		memory->owner = owner;
	}
	ls_lease_granted(&core, lease ? lease : memory.get(), static_cast<ls_type>(type), &batch);
	lease_model::grant &g = model.granted(model.find(LS_LEASE, holder, owner), kind, holder,
					      owner, type);

	if (memory) {
		ids[memory.get()] = g.id;
		grants.push_back(std::move(memory));
	}
	settle(LS_OK, LS_OK, "");
}

void world::seen(uint64_t holder, uint64_t owner, int type, int state, uint64_t deadline)
{
	ls_grant *lease = lease_of(holder, owner);

	if (!lease)
		return;
	ls_lease_seen(&core, lease, static_cast<ls_type>(type), static_cast<ls_state>(state),
		      deadline, &batch);
	model.seen(*model.find(LS_LEASE, holder, owner), type, state, deadline);
	settle(LS_OK, LS_OK, "");
}

void world::missing(uint64_t holder, uint64_t owner)
{
	ls_grant *lease = lease_of(holder, owner);

	if (!lease)
		return;
	ls_lease_missing(&core, lease, &batch);
	model.missing(*model.find(LS_LEASE, holder, owner));
	settle(LS_OK, LS_OK, "");
}

void world::returned(uint64_t holder, uint64_t owner)
{
	ls_grant *lease = lease_of(holder, owner);
	lease_model::grant *other = model.find(LS_LEASE, holder, owner);

	if (!lease)
		return;
	ls_lease_returned(&core, lease, &batch);
	REQUIRE(lease->state == LS_IDLE && !lease->at && !lease->next);
	model.give_back(*other);
	settle(LS_OK, LS_OK, "");
}

void world::release(uint64_t holder)
{
	size_t kept = std::erase_if(model.pins, [holder](const lease_model::pin &p) {
		return p.holder == holder;
	});
	ls_leavings left = ls_release(&core, holder, &batch);

	for (ls_pin *p = left.pins, *next; p; p = next, kept--) {
		next = p->next;
		REQUIRE(p->holder == holder && !p->in_table && !p->at);
		std::erase_if(pins, [p](auto &owned) { return owned.get() == p; });
	}
	REQUIRE(!kept);
	for (ls_grant *g = left.grants; g; g = g->next) {
		auto other = std::find_if(model.grants.begin(), model.grants.end(),
					  [&](auto &m) { return m.id == ids.at(g); });

		REQUIRE(other != model.grants.end() && other->holder == holder);
		REQUIRE(g->state == LS_IDLE && !g->at);
		if (other->state != LS_REVOKED)
			model.tell(*other, LS_RETURNED);
		model.grants.erase(other);
	}
	for (const lease_model::grant &g : model.grants)
		REQUIRE(g.holder != holder);
	settle(LS_OK, LS_OK, "");
}

} // namespace lease_world
