/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits: the waiters of one table, and hand-over.
 *
 * A waiter's blockers are
 *   hard:  each record, held by another owner or reserved, that it conflicts
 *	    with;
 *   order: unless it may_pass, each earlier waiter of another owner that it
 *	    conflicts with.
 * Invariant between calls: each waiter has a blocker, and is linked to one of
 * them.  Nothing else has to be looked at when something else goes away.
 *
 * It is linked to the latest of the order blockers if there is one: so a pile
 * of waiters on one range is a chain, and each release looks at one of them.
 * Transitions: one whose blocker is gone (or shrinks, or weakens, so that the
 * two no longer conflict) is loose; the oldest loose one is examined first,
 * and is linked anew or wins.  Those linked to a winner move over to the
 * record that it got, at O(log waiters) each for their deadlines.
 */
#ifndef HF_LOCKS_QUEUE_HPP
#define HF_LOCKS_QUEUE_HPP

#include "held.hpp"

namespace lk {

/* lk_waiter.doomed */
enum class doom : uint8_t { none, deadlock, lapse };

/* Whether the later one waits for the earlier one, by order alone. */
[[nodiscard]] bool in_order(const lk_waiter &later, const lk_waiter &earlier);
/* The latest order blocker, or NULL.  O(log n) in a pile on one range. */
[[nodiscard]] lk_waiter *latest_before(const lk_waiter &waiter);
/* The order blockers, one after the other; after may be NULL. */
[[nodiscard]] lk_waiter *next_before(const lk_waiter &waiter, lk_waiter *after);
/* The oldest waiter of another owner that conflicts with the request. */
[[nodiscard]] lk_waiter *oldest_conflict(const lk_table &table, const lk_request &request);
/* Whether anybody waits for a held record. */
[[nodiscard]] bool is_waited_for(const lk_table &table, const lk_record &record);

void loosen(work &work, lk_record &record);
/* The same for those that no longer conflict with it. */
void loosen_some(work &work, lk_record &record);
void loosen(work &work, lk_waiter &waiter);

inline void loosen_all(work &work, lk_record &record)
{
	if (record.holder->waiters)
		loosen(work, record);
}

inline void loosen_if_free(work &work, lk_record &record)
{
	if (record.holder->waiters)
		loosen_some(work, record);
}

/* Into the queue, loose; out of it, with those behind it loosened. */
void enter_queue(work &work, lk_waiter &waiter);
void leave_queue(work &work, lk_waiter &waiter);

/* Becomes LK_NOTIFIED, with a turn kept until the deadline. */
void give_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags);

/* Until none is loose. */
void drain(work &work);
/* The same, and opens the cycles that the grants close. */
void settle(work &work);

/* All leave without a word. */
void lapse_all(work &work);

void refresh(lk_waiter &waiter, uint64_t now);
/* When the first of the waiters is to be looked at, or UINT64_MAX. */
[[nodiscard]] uint64_t next_look(const lk_table &table);
/*
 * Looks at those that it is time for, LK_PORTION at most: a client that has not
 * asked again is doomed and loosened; one that nothing but order keeps out has
 * waited for that long enough, and keeps no order any more.
 */
void look_at_due(work &work);
/* Loosens those that another table's search has marked. */
void loosen_marked(work &work);

[[nodiscard]] lk_waiter *first_waiter(const lk_table &table);
[[nodiscard]] lk_waiter *waiter_after(lk_waiter &waiter);
[[nodiscard]] lk_waiter *waiter_behind(const lk_table &table, int64_t start, uint64_t seq);
[[nodiscard]] const char *validate_queue_tree(const lk_table &table);

} // namespace lk

#endif /* HF_LOCKS_QUEUE_HPP */
