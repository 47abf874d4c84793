// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes: rows 2 to 6 of the conflict table (lease_core.h).
 *
 * A change is in the table from its first look on, so that from then on no
 * layout and no pin comes into its range: what it waits for can only get less.
 */
#include "lease.hpp"

namespace ls {

namespace {

/* Rows 3 to 5 are about these; the others do not matter to it (row 6). */
bool stands_in_the_way(const ls_grant &layout, const ls_change &change)
{
	return layout.holder != change.holder && layout.state != LS_REVOKED &&
	       range_of(layout).overlaps(range_of(change));
}

/* When the holder that is told now is late. */
uint64_t deadline_after(uint64_t now, uint64_t break_ms)
{
	return !break_ms || now > LS_NEVER - break_ms ? LS_NEVER : now + break_ms;
}

} // namespace

ls_answer begin_change(ls_table &table, ls_change &change)
{
	ls_grant *at = table.layouts;

	/* Row 2. */
	if (touching(table.pins, range_of(change)))
		return LS_PINNED;
	/* The point of no return. */
	link(table.changes, change);
	while (at && !stands_in_the_way(*at, change))
		at = at->next;
	/* Something to break is to be broken at once. */
	change.deadline = at ? 0 : LS_NEVER;
	return at ? LS_WAIT : LS_OK;
}

ls_answer break_for(ls_table &table, ls_change &change, uint64_t now, uint64_t break_ms,
		    teller &teller)
{
	bool waits = false;

	change.deadline = LS_NEVER;
	for (ls_grant *at = table.layouts; at; at = at->next) {
		if (!stands_in_the_way(*at, change))
			continue;
		if (at->state == LS_HELD) {
			/* Row 3. */
			at->state = LS_BREAKING;
			at->deadline = deadline_after(now, break_ms);
			teller.tell(*at, LS_BREAK);
		} else if (has_come(at->deadline, now)) {
			/* Row 5. */
			revoke(*at, teller);
			continue;
		}
		/* Row 4, and row 3 from now on. */
		waits = true;
		if (at->deadline < change.deadline)
			change.deadline = at->deadline;
	}
	return waits ? LS_WAIT : LS_OK;
}

} // namespace ls
