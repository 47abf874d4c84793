// SPDX-License-Identifier: GPL-2.0-only
/* How many records each owner has: see tally.hpp. */
#include "tally.hpp"

namespace lk {

namespace {

lk_record *first_of(const lk_table &table, uint64_t owner)
{
	lk_holder *first = owner_tree::first_not(table.by_owner, [=](const lk_holder &h) {
		return h.owner < owner;
	});

	return first && first->owner == owner ? first->record : nullptr;
}

} // namespace

void count_in(const lk_table &table, lk_record &record, lk_holder *before, lk_holder *after)
{
	uint64_t owner = record.holder->owner;

	record.of_owner = 0;
	if (before && before->owner == owner) {
		first_of(table, owner)->of_owner++;
	} else if (after && after->owner == owner) {
		record.of_owner = after->record->of_owner + 1;
		after->record->of_owner = 0;
	} else {
		record.of_owner = 1;
	}
}

void count_out(const lk_table &table, lk_record &record)
{
	if (!record.of_owner)
		first_of(table, record.holder->owner)->of_owner--;
	else if (record.of_owner > 1)
		own_after(record)->of_owner = record.of_owner - 1;
}

uint32_t own_count(const lk_table &table, uint64_t owner)
{
	const lk_record *first = first_of(table, owner);

	return first ? first->of_owner : 0;
}

} // namespace lk
