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
 * and is linked anew or wins.
 *
 * A link is to a record: a lock, a turn, or the *promise* of the waiter in front,
 * the node that it brought along and that will be its lock or its turn.  So when
 * it wins, those behind it wait for what it got without being touched.
 *
 * How many are linked to one record is anybody's to choose.  One call loosens
 * graph.crowd of them at most, fewer if their owners have many records; the rest
 * are left as they are, linked to what does not keep them out any more (which stays
 * for them, LK_GONE, if it was to be freed), and lk_expire() sweeps through all
 * waiters of the table for them, at once but a portion at a time (sweep.cc).
 */
#ifndef HF_RANGE_QUEUE_HPP
#define HF_RANGE_QUEUE_HPP

#include "held.hpp"

namespace lk {

/* lk_waiter.doomed */
enum class doom : uint8_t { none, deadlock, lapse };

/* Whether the later one waits for the earlier one, by order alone. */
[[nodiscard]] bool in_order(const lk_waiter &later, const lk_waiter &earlier);
/*
 * The latest order blocker, or NULL.  O(log n) in a pile on one range; where
 * ranges differ it may have to look at many.  looks: at how many, less those that
 * it has; if none is left at the end the answer is not known.
 */
[[nodiscard]] lk_waiter *latest_before(const lk_waiter &waiter, unsigned int &looks);
/* The order blockers, one after the other; after may be NULL.  looks as above. */
[[nodiscard]] lk_waiter *next_before(const lk_waiter &waiter, lk_waiter *after,
				     unsigned int &looks);
/* The oldest waiter of another owner that conflicts with the request.  looks as above. */
[[nodiscard]] lk_waiter *oldest_conflict(const lk_table &table, const lk_request &request,
					 unsigned int &looks);
/* Whether anybody waits for a held record, or it is not known.  looks as above. */
[[nodiscard]] bool is_waited_for(const lk_table &table, const lk_record &record,
				 unsigned int &looks);

/* One waiter's part of work.room: one, and one for each record that its owner has. */
void use_room(work &work, const lk_waiter &waiter);
void loosen(work &work, lk_waiter &waiter);
/* As many of those linked to it as there is room for. */
void loosen(work &work, lk_record &record);
/* The same for those that no longer conflict with it; if that is all, the sweep goes on. */
void loosen_some(work &work, lk_record &record);
/* The same for all, since it goes. */
[[nodiscard]] bool let_all_go(work &work, lk_record &record);

/* Return: whether it may be freed now: else it is LK_GONE, and its waiters'. */
[[nodiscard]] inline bool let_go(work &work, lk_record &record)
{
	return !record.holder->waiters || let_all_go(work, record);
}

/* A promise has become what is held: what waits for it is told so. */
void take_over(work &work, lk_record &record);

inline void loosen_if_free(work &work, lk_record &record)
{
	if (record.holder->waiters)
		loosen_some(work, record);
}

/* Into the queue, loose; out of it, with those behind it loosened. */
void enter_queue(work &work, lk_waiter &waiter);
void leave_queue(work &work, lk_waiter &waiter);

/* Of one that asks: its lock is held, or LK_CONFLICT; or it has none. */
[[nodiscard]] lk_outcome confirm_asking(work &work, lk_waiter &waiter);
void refuse_asking(work &work, lk_waiter &waiter);

/* Becomes LK_NOTIFIED, with a turn kept until the deadline. */
void give_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags);

/* Until none is loose. */
void drain(work &work);
/* The same, and opens the cycles that the grants close. */
void settle(work &work);

/* All leave without a word. */
void lapse_all(work &work);

void refresh(lk_waiter &waiter, uint64_t now);
/* Until when order alone may keep a waiter out from now on. */
[[nodiscard]] uint64_t courtesy_from(const work &work);
void set_order_due(lk_waiter &waiter, uint64_t due);
/* When the first of the waiters is to be looked at, or UINT64_MAX. */
[[nodiscard]] uint64_t next_look(const lk_table &table);
/*
 * Looks at those that it is time for, as many as there is room for: a client that
 * has not asked again is doomed and loosened; one that nothing but order keeps out
 * has waited for that long enough, and keeps no order any more.
 */
void look_at_due(work &work);
/* From now on; once more if it has begun. */
void start_sweep(lk_table &table);
/*
 * Looks at the next LK_PORTION waiters: those whose link does not keep them out,
 * or that another table's search has marked, are loosened.
 */
void sweep(work &work);

[[nodiscard]] lk_waiter *first_waiter(const lk_table &table);
[[nodiscard]] lk_waiter *waiter_after(lk_waiter &waiter);
[[nodiscard]] lk_waiter *waiter_behind(const lk_table &table, int64_t start, uint64_t seq);
[[nodiscard]] const char *validate_queue_tree(const lk_table &table);

} // namespace lk

#endif /* HF_RANGE_QUEUE_HPP */
