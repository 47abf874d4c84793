// SPDX-License-Identifier: GPL-2.0-only
/* Every invariant that lease.hpp states, checked the slow way: all pairs. */
#include "lease.hpp"

namespace ls {

namespace {

/* A list that bites its tail has a node whose at is another's. */
template <typename Node>
bool well_linked(Node *const &head)
{
	for (Node *const *from = &head; *from; from = &(*from)->next)
		if ((*from)->at != from)
			return false;
	return true;
}

bool proper(int64_t start, int64_t end, uint64_t holder)
{
	return holder && range::possible(start, end);
}

bool known(uint8_t type) { return type == LS_READ || type == LS_WRITE; }

const char *check_grant(const ls_grant &grant)
{
	if (!proper(grant.start, grant.end, grant.holder) || !known(grant.type))
		return "a grant has an impossible range, type or holder";
	if (grant.state == LS_IDLE || grant.state > LS_REVOKED)
		return "a grant of the table is idle";
	if (grant.deadline != LS_NEVER && !is_breaking(grant))
		return "a grant that does not break has a deadline";
	return nullptr;
}

const char *check_layouts(const ls_table &table)
{
	for (ls_grant *at = table.layouts; at; at = at->next) {
		if (const char *wrong = check_grant(*at))
			return wrong;
		if (at->kind != LS_LAYOUT || at->state == LS_BREAKING_TO_READ)
			return "what is no layout is among the layouts";
		for (ls_grant *other = at->next; other; other = other->next)
			if (other->holder == at->holder)
				return "a holder has two layouts";
	}
	return nullptr;
}

const char *check_leases(const ls_table &table)
{
	for (ls_grant *at = table.leases; at; at = at->next) {
		if (const char *wrong = check_grant(*at))
			return wrong;
		if (at->kind != LS_LEASE && at->kind != LS_DELEGATION)
			return "what is no lease is among the leases";
		if (at->start != 0 || at->end != LS_END)
			return "a lease is not for the whole file";
		for (ls_grant *other = at->next; other; other = other->next)
			if (other->holder == at->holder && other->owner == at->owner)
				return "a holder has two leases of one owner";
	}
	return nullptr;
}

const char *check_pins(const ls_table &table)
{
	for (ls_pin *at = table.pins; at; at = at->next) {
		if (!proper(at->start, at->end, at->holder) || !known(at->type))
			return "a pin has an impossible range, type or holder";
		if (at->in_table != 1)
			return "a pin of the table says that it is not";
		if (touching(table.changes, range_of(*at)))
			return "a pin touches a change";
		for (ls_pin *other = at->next; other; other = other->next)
			if (other->id == at->id)
				return "two pins have one id";
	}
	return nullptr;
}

const char *check_changes(const ls_table &table)
{
	for (ls_change *at = table.changes; at; at = at->next)
		if (!range::possible(at->start, at->end))
			return "a change has an impossible range";
	return nullptr;
}

} // namespace

const char *validate(const ls_table &table)
{
	const char *wrong;

	if (!well_linked(table.leases) || !well_linked(table.layouts) ||
	    !well_linked(table.pins) || !well_linked(table.changes))
		return "a list is not well linked";
	wrong = check_layouts(table);
	if (!wrong)
		wrong = check_leases(table);
	if (!wrong)
		wrong = check_pins(table);
	return wrong ? wrong : check_changes(table);
}

} // namespace ls
