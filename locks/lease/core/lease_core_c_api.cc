// SPDX-License-Identifier: GPL-2.0-only
/*
 * The border's functions, see lease_core.h.  What comes in from C is checked
 * here; everything behind takes it for valid.
 */
#include "lease.hpp"

using ls::range;
using ls::teller;

namespace {

bool known(unsigned int type) { return type == LS_READ || type == LS_WRITE; }

/* Row 1. */
bool valid(const ls_wish &wish)
{
	return wish.holder && range::possible(wish.start, wish.end) && known(wish.type);
}

/* Of a table of leases, whichever. */
bool is_lease(const ls_grant &grant)
{
	return grant.at && (grant.kind == LS_LEASE || grant.kind == LS_DELEGATION);
}

bool is_state_of_entry(unsigned int state)
{
	return state == LS_HELD || state == LS_BREAKING_TO_READ || state == LS_BREAKING;
}

/* A revoked one has no one who waits for it, and nothing to give back. */
void end(ls_grant &grant, teller &teller)
{
	if (grant.state != LS_REVOKED)
		teller.tell(grant, LS_RETURNED);
	ls::make_idle(grant);
}

void take(ls_grant *from, uint64_t holder, ls_leavings &left, teller &teller)
{
	for (ls_grant *next; from; from = next) {
		next = from->next;
		if (from->holder != holder)
			continue;
		end(*from, teller);
		from->next = left.grants;
		left.grants = from;
	}
}

} // namespace

bool ls_idle(const struct ls_table *table)
{
	return !table->leases && !table->layouts && !table->pins && !table->changes;
}

const char *ls_validate(const struct ls_table *table)
{
	return ls::validate(*table);
}

enum ls_answer ls_layout_set(struct ls_table *table, const struct ls_wish *wish,
			     struct ls_grant *spare, struct ls_batch *batch)
{
	teller teller(*batch);

	if (!valid(*wish) || (spare && (spare->state != LS_IDLE || spare->at)))
		return LS_INVALID;
	return ls::set_layout(*table, *wish, spare, teller);
}

struct ls_grant *ls_layout_of(struct ls_table *table, uint64_t holder, uint64_t now,
			      struct ls_batch *batch)
{
	teller teller(*batch);

	return ls::own_layout_now(*table, holder, now, teller);
}

struct ls_grant *ls_layout_return(struct ls_table *table, uint64_t holder, struct ls_batch *batch)
{
	ls_grant *layout = ls::own_layout(*table, holder);
	teller teller(*batch);

	if (!layout)
		return nullptr;
	end(*layout, teller);
	return layout;
}

enum ls_answer ls_pin_add(struct ls_table *table, const struct ls_wish *wish, struct ls_pin *pin,
			  struct ls_batch *batch)
{
	teller teller(*batch);

	if (!valid(*wish) || pin->in_table || pin->at)
		return LS_INVALID;
	return ls::add_pin(*table, *wish, *pin, teller);
}

struct ls_pin *ls_pin_find(struct ls_table *table, uint64_t holder, uint64_t id)
{
	ls_pin *at = table->pins;

	while (at && !(at->holder == holder && at->id == id))
		at = at->next;
	return at;
}

void ls_pin_remove(struct ls_table *, struct ls_pin *pin)
{
	if (pin->in_table)
		ls::remove_pin(*pin);
}

enum ls_answer ls_change_begin(struct ls_table *table, struct ls_change *change)
{
	/* Row 1. */
	if (!range::possible(change->start, change->end) || change->at)
		return LS_INVALID;
	return ls::begin_change(*table, *change);
}

enum ls_answer ls_change_break(struct ls_table *table, struct ls_change *change, uint64_t now,
			       uint64_t break_ms, struct ls_batch *batch)
{
	teller teller(*batch);

	if (!change->at)
		return LS_INVALID;
	return ls::break_for(*table, *change, now, break_ms, teller);
}

void ls_change_end(struct ls_table *, struct ls_change *change)
{
	if (change->at)
		ls::unlink(*change);
}

void ls_lease_granted(struct ls_table *table, struct ls_grant *lease, enum ls_type type,
		      struct ls_batch *batch)
{
	teller teller(*batch);

	if (!known(type) || !lease->holder || !!lease->at != (lease->state != LS_IDLE) ||
	    (lease->kind != LS_LEASE && lease->kind != LS_DELEGATION))
		return;
	ls::grant_lease(*table, *lease, type, teller);
}

void ls_lease_seen(struct ls_table *, struct ls_grant *lease, enum ls_type type,
		   enum ls_state state, uint64_t deadline, struct ls_batch *batch)
{
	teller teller(*batch);

	if (is_lease(*lease) && known(type) && is_state_of_entry(state))
		ls::see_lease(*lease, type, state, deadline, teller);
}

void ls_lease_missing(struct ls_table *, struct ls_grant *lease, struct ls_batch *batch)
{
	teller teller(*batch);

	if (is_lease(*lease) && lease->state != LS_REVOKED)
		ls::revoke(*lease, teller);
}

void ls_lease_returned(struct ls_table *, struct ls_grant *lease, struct ls_batch *batch)
{
	teller teller(*batch);

	if (is_lease(*lease))
		end(*lease, teller);
}

struct ls_leavings ls_release(struct ls_table *table, uint64_t holder, struct ls_batch *batch)
{
	teller teller(*batch);
	ls_leavings left = {};

	take(table->leases, holder, left, teller);
	take(table->layouts, holder, left, teller);
	for (ls_pin *at = table->pins, *next; at; at = next) {
		next = at->next;
		if (at->holder != holder)
			continue;
		ls::remove_pin(*at);
		at->next = left.pins;
		left.pins = at;
	}
	return left;
}
