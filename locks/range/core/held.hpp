/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is held: the records of one table.
 *
 * Invariant (POSIX.1-2017 fcntl(), "Advisory record locking"):
 *  - records of one owner share no byte, and those of the same type do not
 *    touch: they would be one;
 *  - where records of two owners overlap, both are LK_READ.
 * So a LK_WRITE record shares its bytes with nothing that is held.
 *
 * Each record is in by_range (start, then address), each held one in by_owner
 * (owner, start) too.  Reservations are in by_range and in the table's ring (reserve.hpp),
 * pending records in by_range and in the table's list of those that ask (pending.hpp).
 * table.recent is NULL or a held record.
 */
#ifndef HF_RANGE_HELD_HPP
#define HF_RANGE_HELD_HPP

#include <holdfast/core/range.hpp>
#include <holdfast/core/tree.hpp>

#include "lock_core.h"

namespace lk {

using hf::int64_t;
using hf::numeric_limits;
using hf::range;
using hf::uint64_t;
using hf::uint8_t;
using hf::uintptr_t;
/* lk_plan is a function as well. */
using plan_t = struct ::lk_plan;
using place = struct ::lk_place;

/* One call of the border: what it works on, and what it leaves to do. */
struct work {
	lk_table &table;
	lk_batch &batch;
	uint64_t now;
	lk_waiter *loose = nullptr;	/* heap of those without a blocker */
	lk_waiter **unchecked;		/* winners whose grant may close a cycle */
	lk_waiter *requester = nullptr;	/* of lk_enqueue(): answered, not told */
	bool requester_won = false;
	bool requester_lost = false;
	unsigned int steps = 0;		/* records let go, waiters looked at */
	unsigned int room = 0;		/* how many waiters may yet be loosened: use_room() */
	unsigned int looks = 0;		/* the same of those whose blocker shrank, and may still be one */
	unsigned int may_tell = 0;	/* how many more a late client lets on */

	work(lk_table &table, lk_batch &batch, uint64_t now)
		: table(table), batch(batch), now(now),
		  unchecked(batch.last_winner ? batch.last_winner : &batch.winners)
	{
	}
};

inline range range_of(const lk_record &record) { return { record.start, record.end }; }
inline range range_of(const lk_request &request) { return { request.start, request.end }; }

/* So that the holder, which is in no cache among many, need not be asked who it is not. */
inline uint8_t bits_of(uint64_t owner)
{
	return static_cast<uint8_t>(owner >> 6 ^ owner >> 14 ^ owner);
}

inline bool is_reservation(const lk_record &record) { return record.flags & LK_RESERVATION; }
inline bool is_pending(const lk_record &record) { return record.flags & LK_PENDING; }

/* Whatever changes it needs G. */
inline bool is_contended(const lk_table &table)
{
	return table.waiters || table.reservations || table.revocable || table.asking;
}

/* What a grant replaced, to be put back; lost if some of it cannot be. */
struct saving {
	lk_list records;
	bool lost;
};

/* A request as records see it. */
struct view {
	range where;
	uint64_t owner;
	bool write;
	bool past_reservations = false;
	bool past_pending = false;

	explicit view(const lk_request &request)
		: where(range_of(request)), owner(request.owner), write(request.op == LK_WRITE),
		  past_reservations(request.flags & (LK_RECLAIM | LK_CONFIRMED)),
		  past_pending(request.flags & LK_CONFIRMED)
	{
	}
};

[[nodiscard]] bool conflicts(const lk_record &record, const view &view);

/* In order of by_range; after may be NULL.  O(log n + k own ones). */
[[nodiscard]] lk_record *next_conflict(const lk_table &table, const view &view, lk_record *after);
/* The first conflict; if there is none, place.by_range may be known. */
[[nodiscard]] lk_record *find_conflict(const lk_table &table, const view &view, place &place);

/* The owner's records, in order: the first that ends at from or later. */
[[nodiscard]] lk_record *own_from(const lk_table &table, uint64_t owner, int64_t from);
[[nodiscard]] lk_record *own_after(lk_record &record);
[[nodiscard]] lk_record *own_in(const lk_table &table, uint64_t owner, range where);

/*
 * place.by_owner: before the first record that hold() or release() may touch.
 * place.by_range, if it is known, is of the same request and table as it is now.
 */
void find_touched(const lk_table &table, const lk_request &request, place &place);

inline lk_record *own_at(const place &place, uint64_t owner)
{
	lk_holder *at = place.by_owner.after;

	return at && at->owner == owner ? at->record : nullptr;
}

/* What a set or an unlock will take: plan.nodes, plan.changes, place.by_owner. */
void plan_records(const lk_table &table, const lk_request &request, plan_t &plan);

/*
 * Makes the owner hold the range; place.by_owner is found.  A new record is made
 * of promise if there is one, whose waiters it keeps.  With saved, which needs up
 * to two nodes more, what the owner held there before goes to saved, if all may be.
 * Return: the record that holds the range now.
 */
lk_record *hold(work &work, const lk_request &request, const place &place, lk_list &nodes,
		lk_record *promise, saving *saved);

/* A node becomes a piece of a record, in no tree. */
lk_record *make_piece(work &work, lk_list &nodes, const lk_record &of, range where);

/* Takes the range from the owner of at, the first in it.  A split needs a node. */
void release(work &work, range where, lk_record *at, lk_list &nodes);

/* The same, of portion records at most.  Return: where to go on, or -1. */
[[nodiscard]] int64_t release_portion(work &work, range where, lk_record *at, lk_list &nodes,
				      unsigned int portion);

/*
 * An unlock in portions is in table.unlocks until it ends.  Its owner gets
 * nothing in the table before that, so that it takes nothing away that came after
 * it began.  It goes on where a record begins: it needs no node.
 */
void enter_unlock(lk_table &table, struct lk_unlock &rest);
[[nodiscard]] struct lk_unlock *unlock_of(const lk_table &table, uint64_t owner);
/* Return: whether it has ended. */
bool unlock_more(work &work, struct lk_unlock &rest, unsigned int portion);
/* Whether what the record holds of the range is there only until an unlock comes to it. */
[[nodiscard]] bool is_going(const lk_table &table, const lk_record &record, range where);
/* The owner is about to be granted something. */
void finish_unlocks(work &work, uint64_t owner);
/* The table goes. */
void end_unlocks(work &work);

/* Puts a record back where its owner holds nothing, and joins it. */
void restore(work &work, lk_record &record);

/* Into and out of by_range alone, to be freed: reservations, pending records. */
void enter_by_range(lk_table &table, lk_record &record);
void leave_by_range(work &work, lk_record &record);
/* The same, and whoever waits for it does so still. */
void take_from_range(lk_table &table, lk_record &record);

/* Everything held goes to the batch; nobody waits.  Return: how many. */
uint64_t drop_all(work &work);

[[nodiscard]] lk_record *first_record(const lk_table &table);
[[nodiscard]] lk_record *record_after(lk_record &record);
[[nodiscard]] lk_record *record_behind(const lk_table &table, int64_t start, uintptr_t address);
[[nodiscard]] lk_record *first_by_owner(const lk_table &table);
[[nodiscard]] lk_record *next_by_owner(lk_record &record);
/* For validate.cc: the shape and the sums of both trees. */
[[nodiscard]] const char *validate_trees(const lk_table &table);

} // namespace lk

#endif /* HF_RANGE_HELD_HPP */
