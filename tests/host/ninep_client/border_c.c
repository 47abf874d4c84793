// SPDX-License-Identifier: GPL-2.0-only
/* The border of the client's core, used from C. */
#include "client_core.h"

const char *client_from_c(void);

const char *client_from_c(void)
{
	struct tc_times times = { 0, 0 };
	struct tc_slot slots[TC_SLOTS_LEAST];
	struct tc_call read = { .state = TC_IDLE }, *call;
	struct np_msg ask = { .type = NP_TREAD };
	struct tc_table table;

	if (!tc_init(&table, slots, TC_SLOTS_LEAST, &times))
		return "a table";
	if (tc_class_of(&ask) != TC_DATA || tc_room_for(ask.type) != TC_PAYLOAD)
		return "Tread";
	if (tc_begin(&table, &read, ask.type, TC_DATA, 0) != TC_SEND ||
	    !tc_sent(&table, read.tag, &call) || call)
		return "its bytes";
	if (tc_answer(&table, read.tag, NP_RREAD, 0, 0, &call) != TC_OVER || call != &read)
		return "Rread";
	tc_die(&table, -5);
	return tc_quiet(&table) ? tc_validate(&table) : "the end";
}
