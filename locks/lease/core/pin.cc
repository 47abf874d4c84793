// SPDX-License-Identifier: GPL-2.0-only
/* Pins: rows 7 and 11 to 13 of the conflict table (lease_core.h). */
#include "lease.hpp"

namespace ls {

namespace {

/* Whether a layout, whatever its state, is one for such a pin. */
bool allows(const ls_grant &layout, const ls_wish &wish)
{
	return range_of(layout).contains(range_of(wish)) &&
	       (layout.type == LS_WRITE || wish.type == LS_READ);
}

} // namespace

ls_answer add_pin(ls_table &table, const ls_wish &wish, ls_pin &pin, teller &teller)
{
	ls_grant *own = own_layout_now(table, wish.holder, wish.now, teller);

	/* Row 7. */
	if (touching(table.changes, range_of(wish)))
		return LS_AGAIN;
	/* Row 11. */
	if (!own || own->state == LS_REVOKED || !allows(*own, wish))
		return LS_DENIED;
	/* Row 12. */
	if (is_breaking(*own))
		return LS_AGAIN;
	/* The point of no return.  Row 13. */
	pin.holder = wish.holder;
	pin.start = wish.start;
	pin.end = wish.end;
	pin.type = wish.type;
	pin.in_table = 1;
	link(table.pins, pin);
	return LS_OK;
}

void remove_pin(ls_pin &pin)
{
	unlink(pin);
	pin.in_table = 0;
}

} // namespace ls
