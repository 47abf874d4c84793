/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the lock core: what the C shell in locks/range/ may ask of the
 * C++ in locks/range/core/.  Valid as C11 and as C++20.
 *
 * A *table* is the lock state of one file in one space (byte ranges, or
 * flock): the records that are held, the waiters in order of arrival, and the
 * reservations of waiters that were told to come back.  The *graph* is what
 * all tables share: every waiter by its owner, so that a deadlock over several
 * files is found, and every table that has a deadline.
 *
 * Locking.  The core takes no lock.  Its caller holds
 *	T	the table's lock, for every call that names a table;
 *	G	the one graph lock, taken before T, for every call that changes
 *		a *contended* table (one with a waiter, a reservation, a
 *		pending record or a grant that can still be taken back).
 * lk_plan() answers LK_NEED_GRAPH when the caller should have taken G.  So an
 * uncontended table never meets the global lock, and under G every waiter,
 * and every record of a table that has waiters, stands still in all tables.
 *
 * Memory.  The core allocates nothing.  Records come in through a list of
 * spares, a waiter carries its own, and what is no longer needed goes out
 * through struct lk_batch.  Every operation is planned first, and the commit
 * cannot fail.
 *
 * Time is in milliseconds of any clock that does not go backwards.
 */
#ifndef HF_LOCK_CORE_H
#define HF_LOCK_CORE_H

#include "lock_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------ life cycle */

/* @reserve_ms: 1 to 3,600,000. */
void lk_graph_init(struct lk_graph *graph, uint64_t reserve_ms);
void lk_table_init(struct lk_table *table, struct lk_graph *graph,
		   const struct lk_observer *observer, void *context);

/* Has waiters, reservations, pending records or revocable grants: changes need G. */
bool lk_contended(const struct lk_table *table);

/* No record, pending or held, waiter, reservation or revocable grant: may be freed. */
bool lk_idle(const struct lk_table *table);

/**
 * lk_detach - the file is gone
 * @table: the table
 * @batch: filled
 *
 * Every record goes to @batch->freed (->unlink() is called for held ones),
 * every waiter, those that ask included, becomes LK_LAPSED and is not told.  G and T.
 * Return: how many records were still held: 0 when all is well.
 */
uint64_t lk_detach(struct lk_table *table, struct lk_batch *batch);

/* -------------------------------------------------------------- requests */

/**
 * lk_plan - decide a request
 * @table: the table
 * @request: what is asked for
 * @graph_held: the caller holds G
 * @plan: filled for LK_GRANTED (nodes, changes) and for LK_CONFLICT,
 *	LK_MUST_WAIT (blocker, behind)
 *
 * Changes nothing.  O(log n + k), k the owner's records that it touches.
 */
enum lk_outcome lk_plan(const struct lk_table *table,
			const struct lk_request *request, bool graph_held,
			struct lk_plan *plan);

/* Whether an unlock has ended. */
enum lk_progress { LK_DONE, LK_MORE };

/**
 * lk_commit - do what lk_plan() answered LK_GRANTED to
 * @table: the table
 * @request: as it was planned
 * @plan: the plan
 * @spares: at least @plan->nodes; those used are taken off
 * @rest: filled for LK_MORE
 * @batch: filled
 *
 * Nothing may have changed the table since the plan.  Cannot fail; with fewer
 * spares than planned, which is a fault of the caller, it does nothing.  Waiters
 * that can go on are in @batch->winners.
 *
 * An unlock takes LK_PORTION records at most.  If more are left @rest is filled,
 * and in the table until lk_unlock_more() has answered LK_DONE for it; T is to be
 * let go between the portions.  A table with one is not idle.
 * Return: LK_DONE or LK_MORE.
 */
enum lk_progress lk_commit(struct lk_table *table,
			   const struct lk_request *request,
			   const struct lk_plan *plan, struct lk_list *spares,
			   struct lk_unlock *rest, struct lk_batch *batch);

/* The unlock that lk_plan() answered LK_UNLOCKING for.  T. */
struct lk_unlock *lk_unlocking(const struct lk_table *table, uint64_t owner);

/**
 * lk_unlock_more - the next portion of an unlock
 * @table: the table
 * @rest: what lk_commit() filled, one's own or that of lk_unlocking()
 * @now: the time, in ms
 * @batch: filled
 *
 * Context: T, and G if the table is contended.
 * Return: LK_DONE once it has ended, by whomever; else LK_MORE.
 */
enum lk_progress lk_unlock_more(struct lk_table *table, struct lk_unlock *rest,
				uint64_t now, struct lk_batch *batch);

/* How many spares a waiter of this kind must carry into lk_enqueue(). */
unsigned int lk_waiter_nodes(uint8_t kind);

/**
 * lk_enqueue - wait
 * @table: the table
 * @request: what is asked for
 * @waiter: zeroed, but for @waiter->nodes, which holds lk_waiter_nodes()
 * @batch: filled
 *
 * For a request that lk_plan() has just answered LK_MUST_WAIT to; one of LK_REMOTE
 * or LK_CONFIRMED in any case (without LK_WAIT: that it has answered LK_GRANTED to).
 * G and T.
 * Return: LK_QUEUED; LK_DEADLOCK, and @waiter is idle; LK_INVALID when @waiter
 * is in use or has too few nodes; LK_GRANTED when only
 * the order of arrival kept it out and keeping that order would have closed a
 * cycle: the lock is held, and @waiter is LK_IDLE (LK_LOCAL, LK_NOTIFY) or
 * LK_WON (LK_REVOCABLE), and not among the winners.  Unused nodes of a waiter
 * that ends idle are in @batch->freed.  Of LK_REMOTE: LK_ASK instead of LK_GRANTED,
 * and @waiter is LK_ASKING; one that wins later is LK_ASKING among the winners.
 * Other waiters may be in @batch->winners in any case.
 */
enum lk_outcome lk_enqueue(struct lk_table *table,
			   const struct lk_request *request,
			   struct lk_waiter *waiter, struct lk_batch *batch);

/**
 * lk_confirm - the other table has said yes
 * @table: the table
 * @waiter: LK_ASKING
 * @now: the time, in ms
 * @batch: filled
 *
 * What the owner held before stays as it is until here; a no is lk_end_waiter(), and
 * changes nothing of it.  G and T.
 * Return: LK_GRANTED: it is held, and @waiter is as lk_enqueue() leaves it; LK_CONFLICT:
 * somebody holds what the other table has given away twice, and @waiter is still
 * LK_ASKING; LK_INVALID if it is not.
 */
enum lk_outcome lk_confirm(struct lk_table *table, struct lk_waiter *waiter,
			   uint64_t now, struct lk_batch *batch);

/* The same request was made again (LK_NOTIFY): it keeps its turn.  G, T. */
void lk_refresh(struct lk_waiter *waiter, uint64_t now);

/**
 * lk_end_waiter - a waiter ends, whatever its state
 * @table: the table that it was queued in
 * @waiter: the waiter
 * @take_back: LK_WON and still revocable: undo what that grant added;
 *	otherwise it stays
 * @now: the time, in ms
 * @batch: filled
 *
 * Leaves it LK_IDLE, its spares and saved records in @batch->freed; of one that asks
 * the pending record goes, and nothing else has changed.  G and T.
 */
void lk_end_waiter(struct lk_table *table, struct lk_waiter *waiter,
		   bool take_back, uint64_t now, struct lk_batch *batch);

/**
 * lk_test - F_GETLK: the first record that would keep @request out
 * @table: the table
 * @request: what is asked about
 *
 * Reservations count, waiters and pending records do not.  Return: NULL when it could
 * be had.
 */
const struct lk_record *lk_test(const struct lk_table *table,
				const struct lk_request *request);

/* How much of what a waiter was granted lk_end_waiter() can still take back. */
enum lk_left { LK_LEFT_NONE, LK_LEFT_PART, LK_LEFT_ALL };
enum lk_left lk_revocable_left(const struct lk_waiter *waiter);

/*
 * The next conflicting record after @after in order of the tree, or NULL; the
 * first one when @after is NULL.
 */
const struct lk_record *lk_next_conflict(const struct lk_table *table,
					 const struct lk_request *request,
					 const struct lk_record *after);

/* The first record of @owner that overlaps start to end, or NULL. */
const struct lk_record *lk_find_own(const struct lk_table *table,
				    uint64_t owner, int64_t start, int64_t end);

/* How many records @owner has.  O(log n). */
uint32_t lk_own_count(const struct lk_table *table, uint64_t owner);

/* -------------------------------------------------------------- deadlines */

/**
 * lk_due - a table with something that ran out
 * @graph: the graph
 * @now: the time, in ms
 * @next: when nothing is due: the time of the next deadline, or UINT64_MAX
 *
 * A cycle that lk_enqueue(), lk_commit() or lk_end_waiter() closes may have to
 * be opened in another table, whose T the caller does not hold: that table is
 * due at once.  So ask here, before G is dropped, after each of these.
 *
 * Context: G.  O(log tables that have a deadline).
 * Return: a table to call lk_expire() for, or NULL.
 */
struct lk_table *lk_due(struct lk_graph *graph, uint64_t now, uint64_t *next);

/**
 * lk_expire - let go of turns that were not taken
 * @table: the table, that lk_due() gave
 * @now: the time, in ms
 * @batch: filled
 *
 * Also what calls of before have left: of those whose blocker goes a call looks at
 * LK_CROWD waiters, and then the table is due at once, again and again until it has
 * looked at them all.
 * Reservations past their time go; those whose client is late let the next
 * LK_NOTIFY waiters be told as well; waiters that nothing but order has kept out
 * for the graph's courtesy_ms pass; waiters not refreshed for
 * LK_POLL_LIMIT_MS become LK_LAPSED (in @batch->winners, so that the shell can
 * count them); cycles that other tables found are opened.  G and T.
 */
void lk_expire(struct lk_table *table, uint64_t now, struct lk_batch *batch);

/* -------------------------------------------------------------- looking */

const struct lk_record *lk_first_record(const struct lk_table *table);
const struct lk_record *lk_next_record(const struct lk_record *record);
const struct lk_waiter *lk_first_waiter(const struct lk_table *table);
const struct lk_waiter *lk_next_waiter(const struct lk_waiter *waiter);

/*
 * What a waiter is linked to: a lock or turn, or another waiter.  Neither, or one
 * that does not keep it out any more: lk_expire() is about to look at it.
 */
struct lk_blocker {
	const struct lk_record *record;
	const struct lk_waiter *waiter;
};
struct lk_blocker lk_blocker_of(const struct lk_waiter *waiter);

/*
 * To go on after T was dropped: the first one behind a place in the order of
 * the above, which need not be taken any more.  Records are in order of their
 * start, those of one start in order of their addresses; waiters in order of
 * their start, then seq.  So what stays in the table keeps its place, and with
 * it is seen exactly once.  Before all: a start of -1.  O(log n).
 */
const struct lk_record *lk_record_behind(const struct lk_table *table,
					 int64_t start, uintptr_t address);
const struct lk_waiter *lk_waiter_behind(const struct lk_table *table,
					 int64_t start, uint64_t seq);

/**
 * lk_validate - check everything that the head comments promise
 * @table: the table
 *
 * O(n log n + w^2); for tests and for the debug build.  T, and G if contended.
 * Return: NULL, or a sentence that says what is wrong.
 */
const char *lk_validate(const struct lk_table *table);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_LOCK_CORE_H */
