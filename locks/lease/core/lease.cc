// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases and delegations: what must have happened, from what is seen.
 *
 * The VFS decides, and tells nobody of all that it does: a lease that ran out
 * is gone from its list without a word.  So the record is as the entry looked
 * last, and the difference to how it looks now is what happened.  The states
 * are the VFS's: FL_UNLOCK_PENDING is LS_BREAKING, FL_DOWNGRADE_PENDING alone
 * is LS_BREAKING_TO_READ.
 */
#include "lease.hpp"

namespace ls {

namespace {

/* What led from the record to the entry; one is different from the other. */
ls_event happened(const ls_grant &lease, ls_type type, ls_state state)
{
	if (state == LS_BREAKING && lease.state != LS_BREAKING)
		return LS_BREAK;
	if (state == LS_BREAKING_TO_READ && lease.state != LS_BREAKING_TO_READ)
		return LS_BREAK_TO_READ;
	if (lease.state == LS_REVOKED)
		return LS_GRANTED;
	/* Whoever did it, the holder or its time: the break had its way. */
	if (lease.state == LS_BREAKING_TO_READ && lease.type == LS_WRITE && type == LS_READ)
		return LS_DOWNGRADED;
	return LS_CHANGED;
}

} // namespace

/*
 * As lease_clear_pending() in fs/locks.c: a read lease is what a reader has
 * asked for, but nothing that is granted ends the break for a writer.
 */
void grant_lease(ls_table &table, ls_grant &lease, ls_type type, teller &teller)
{
	ls_event event = LS_CHANGED;

	if (lease.state == LS_IDLE) {
		lease.start = 0;
		lease.end = LS_END;
		link(table.leases, lease);
	}
	if (lease.state == LS_IDLE || lease.state == LS_REVOKED) {
		event = LS_GRANTED;
		lease.state = LS_HELD;
		lease.deadline = LS_NEVER;
	} else if (lease.state == LS_BREAKING_TO_READ && type == LS_READ) {
		event = LS_DOWNGRADED;
		lease.state = LS_HELD;
		lease.deadline = LS_NEVER;
	}
	lease.type = type;
	teller.tell(lease, event);
}

void see_lease(ls_grant &lease, ls_type type, ls_state state, uint64_t deadline, teller &teller)
{
	lease.deadline = state == LS_HELD ? LS_NEVER : deadline;
	if (lease.type == type && lease.state == state)
		return;
	ls_event event = happened(lease, type, state);

	lease.type = type;
	lease.state = state;
	teller.tell(lease, event);
}

} // namespace ls
