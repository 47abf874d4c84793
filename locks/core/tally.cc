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

void count_in(const lk_table &table, lk_record &record)
{
	uint64_t owner = record.holder->owner;
	lk_holder *before = owner_tree::prev(record.holder);

	record.of_owner = 0;
	if (before && before->owner == owner) {
		first_of(table, owner)->of_owner++;
		return;
	}
	lk_record *after = own_after(record);

	record.of_owner = after ? after->of_owner + 1 : 1;
	if (after)
		after->of_owner = 0;
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
