/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants that can be taken back: LK_REVOCABLE waiters that have won.
 *
 * What the owner held in the range before is in waiter.saved, and the range
 * that can be given back is undo_start to undo_end.  Invariant: the owner holds
 * all of that range, as the grant made it or weaker; the saved records lie in it;
 * no two such ranges of one owner in one table overlap.  Whatever the owner does
 * there later cuts the range to what was left alone, and makes the grant final if
 * that is not one piece.  They are in a tree by owner and range (a server may have
 * very many), so that to find those costs O(log n + k).
 *
 * What a second such grant takes from the first is saved with it, and what the
 * first had replaced there, below (over and under say whose): so of two that
 * overlap neither, either or both may be taken back, in any order.  That is known
 * of one such pair; of a third, or where the second is a hole in the first, what
 * they share stays.
 */
#ifndef HF_RANGE_UNDO_HPP
#define HF_RANGE_UNDO_HPP

#include "held.hpp"

namespace lk {

[[nodiscard]] inline bool is_revocable(const lk_waiter &waiter) { return waiter.revocable; }

/* Grants it, so that it can be taken back; place is as for hold(). */
lk_record *hold_revocably(work &work, lk_waiter &waiter, const place &place);
/* What this one's grant is about to take of another one's will be saved with it. */
void lay_over(work &work, lk_waiter &waiter);
/* The server has answered, whatever is left of the grant. */
void end_grant(work &work, lk_waiter &waiter, bool unwanted);
/* It cannot be taken back any more. */
void confirm(work &work, lk_waiter &waiter);
void confirm_all(work &work);
/* The owner is about to change this range. */
void trim_undo(work &work, uint64_t owner, range where);

[[nodiscard]] lk_waiter *first_revocable(const lk_table &table);
[[nodiscard]] lk_waiter *revocable_after(lk_waiter &waiter);
[[nodiscard]] const char *validate_revocable_tree(const lk_table &table);

} // namespace lk

#endif /* HF_RANGE_UNDO_HPP */
