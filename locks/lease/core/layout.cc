// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layouts: rows 7 to 10 of the conflict table (lease_core.h), and what time
 * does to one (row 5).
 *
 * Nobody is there to revoke a layout at the moment when its time runs out; so
 * whoever looks at one does, before anything is decided by its state.
 */
#include "lease.hpp"

namespace ls {

ls_grant *own_layout(const ls_table &table, uint64_t holder)
{
	ls_grant *at = table.layouts;

	while (at && at->holder != holder)
		at = at->next;
	return at;
}

ls_grant *own_layout_now(const ls_table &table, uint64_t holder, uint64_t now, teller &teller)
{
	ls_grant *layout = own_layout(table, holder);

	if (layout && is_breaking(*layout) && has_come(layout->deadline, now))
		revoke(*layout, teller);
	return layout;
}

ls_answer set_layout(ls_table &table, const ls_wish &wish, ls_grant *spare, teller &teller)
{
	ls_grant *own = own_layout_now(table, wish.holder, wish.now, teller);

	/* Row 7. */
	if (touching(table.changes, range_of(wish)))
		return LS_AGAIN;
	/* Row 8. */
	if (own && is_breaking(*own))
		return LS_AGAIN;
	if (!own && !spare)
		return LS_NEED_SPARE;
	/* The point of no return.  Rows 9, 10. */
	ls_grant &grant = own ? *own : *spare;
	ls_event event = own && own->state == LS_HELD ? LS_CHANGED : LS_GRANTED;

	grant.start = wish.start;
	grant.end = wish.end;
	grant.type = wish.type;
	grant.state = LS_HELD;
	grant.deadline = LS_NEVER;
	if (!own) {
		grant.holder = wish.holder;
		grant.owner = 0;
		grant.kind = LS_LAYOUT;
		link(table.layouts, grant);
	}
	teller.tell(grant, event);
	return LS_OK;
}

} // namespace ls
