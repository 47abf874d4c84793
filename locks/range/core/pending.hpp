/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pending records: what another table is asked for, before it has answered.
 *
 * A request of LK_REMOTE that could be had here leaves a pending record instead of a
 * lock, and asks (LK_ASKING).  Invariant: it conflicts with others' requests as a lock
 * does, and with none of its owner's; it is in by_range and in no owner's records, so
 * nothing that the owner held has changed.  So a no takes nothing back, and whoever
 * weakens or gives up a lock excludes others by it until the other table has agreed.
 *
 * Transitions: a yes makes it a lock (lk_confirm()), a no removes it (lk_end_waiter());
 * those who wait for it wait for the lock then, or are looked at.  A lock that is
 * confirmed without having been pending (LK_CONFIRMED: the other table kept the request
 * waiting, and nobody out here) passes those of others: they will be told no.
 *
 * It ends as soon as it is answered, and so is no edge of a deadlock.
 */
#ifndef HF_RANGE_PENDING_HPP
#define HF_RANGE_PENDING_HPP

#include "held.hpp"

namespace lk {

/* The waiter is in no tree; its promise becomes the record. */
void begin_asking(work &work, lk_waiter &waiter);
/* The record is a promise again, and those who wait for it still do. */
void leave_asking(work &work, lk_waiter &waiter);
/* The table goes, and nobody waits: they lapse. */
void lapse_asking(work &work);

[[nodiscard]] const char *validate_pending(const lk_table &table);

} // namespace lk

#endif /* HF_RANGE_PENDING_HPP */
