/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many records each owner has in a table.
 *
 * Invariant: the first record of an owner says it (of_owner), the others say 0.
 * In by_owner an owner's records stand together, so a record's neighbours tell
 * whether it is the first, and only a change to another than the first costs a
 * descent, to find the first: O(log n), and none for who has one record or
 * takes his away in order.  A sum in each subtree would cost a store a level.
 */
#ifndef HF_RANGE_TALLY_HPP
#define HF_RANGE_TALLY_HPP

#include "records.hpp"

namespace lk {

/* The record has come into by_owner between these two; it is about to leave it. */
void count_in(const lk_table &table, lk_record &record, lk_holder *before, lk_holder *after);
void count_out(const lk_table &table, lk_record &record);

[[nodiscard]] uint32_t own_count(const lk_table &table, uint64_t owner);

} // namespace lk

#endif /* HF_RANGE_TALLY_HPP */
