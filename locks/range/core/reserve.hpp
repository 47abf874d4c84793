/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns that are kept: reservations of clients that were told to come back.
 *
 * A LK_NOTIFY waiter that could have its lock is told, and leaves a
 * reservation: nobody's record, keyed by {manager, type, start, end}, which
 * everyone else's requests conflict with.  The client's next request with that
 * key has the turn.  Equal turns given in a row share one record.
 *
 * Nobody can tell a client that is slow from one that is gone.  A turn is late
 * after an eighth of its time; from then on, at each eighth, three more waiters
 * are told for each turn that is out, and their turns end with the first: 4,
 * 16, 64 ... so a run of clients that are all gone costs one reservation's time
 * and not one each.  Who comes first of those told has the lock.
 */
#ifndef HF_RANGE_RESERVE_HPP
#define HF_RANGE_RESERVE_HPP

#include "held.hpp"

namespace lk {

/* A turn for this waiter's request: its promise, unless one like it is there. */
lk_record *keep_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags);
/* The oldest that this request may take, or NULL. */
[[nodiscard]] lk_record *find_turn(const lk_table &table, const lk_request &request);
/* The request was granted: its turn and all that conflict with it go. */
void use_turns(work &work, const lk_request &request, lk_record *own);
void drop_turns(work &work);

/* Tells a waiter early, whose first hard blocker is this record, if it may be. */
[[nodiscard]] bool tell_early(work &work, lk_waiter &waiter, lk_record &blocker);

void expire_turns(work &work);

} // namespace lk

#endif /* HF_RANGE_RESERVE_HPP */
