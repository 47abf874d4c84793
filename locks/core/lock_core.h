/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the lock core: what the C shell in locks/ may ask of the C++
 * in locks/core/.  Valid as C11 and as C++20.
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
 *		a *contended* table (one with a waiter, a reservation or a
 *		grant that can still be taken back).
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

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#include <linux/limits.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define LK_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
extern "C" {
#else
#define LK_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* The last byte that a lock can name: OFFSET_MAX. */
#define LK_END ((int64_t)0x7fffffffffffffffLL)

/* A waiter not asked for again in this time has lost its client (NFSv4). */
#define LK_POLL_LIMIT_MS 35000
/* HF_FAIR_BOUNDED: how long newcomers may pass a waiter. */
#define LK_PATIENCE_MS 100

/* What a request asks for. */
enum lk_op {
	LK_READ = 0,
	LK_WRITE = 1,
	LK_UNLOCK = 2,
};

/* How the one that waits hears of its grant. */
enum lk_kind {
	LK_LOCAL = 0,		/* sleeps; a grant is final */
	LK_REVOCABLE = 1,	/* a grant may be taken back (lockd, ksmbd) */
	LK_NOTIFY = 2,		/* is told to ask again (nfsd, NFSv4.1 and up) */
};

enum lk_fairness {
	LK_FAIR_BOUNDED = 0,
	LK_FAIR_FIFO = 1,
	LK_FAIR_NONE = 2,
};

/* lk_request.flags; any other bit is refused with LK_INVALID. */
#define LK_WAIT		0x1	/* may be queued */
#define LK_DETECT	0x2	/* a POSIX owner: deadlocks fail the request */
#define LK_RECLAIM	0x4	/* after a server restart: no reservation counts */
#define LK_FLAGS	(LK_WAIT | LK_DETECT | LK_RECLAIM)

enum lk_outcome {
	LK_GRANTED = 0,		/* plan: may be committed */
	LK_NEED_GRAPH,		/* plan: take G, then plan again */
	LK_CONFLICT,		/* plan: blocked, and LK_WAIT was not given */
	LK_MUST_WAIT,		/* plan, with or without G: to be queued, with G */
	LK_QUEUED,		/* enqueue: waits now */
	LK_DEADLOCK,		/* enqueue: would close a cycle; not queued */
	LK_INVALID,		/* plan: impossible range, unknown op or flag */
};

/* Where a waiter stands. */
enum lk_state {
	LK_IDLE = 0,		/* in no table */
	LK_WAITING,
	LK_WON,			/* its lock is held in the table */
	LK_NOTIFIED,		/* a reservation stands for it; itself is idle */
	LK_LOST_DEADLOCK,	/* failed by a grant to another of its owner */
	LK_LAPSED,		/* not asked for again, or the table was detached */
};

struct lk_node {
	struct lk_node *left, *right;
	uintptr_t up;		/* parent, colour in bit 0 */
};

#define LK_RESERVATION	0x1	/* record.flags: nobody's lock, a turn kept */
#define LK_OVERDUE	0x2	/* a reservation whose client is late */

/* How long a turn is kept. */
struct lk_turn {
	struct lk_record *next;	/* the next newer; the newest's is the oldest */
	uint64_t deadline;	/* ms: then it goes */
	uint64_t late;		/* ms: then others are told as well */
};

/*
 * A held lock, or a reservation.  All fields belong to the core; the shell
 * may read start, end, type and flags, and the holder's owner, under T.
 *
 * In two parts that the shell allocates and frees together, and joins once
 * with lk_record_init().  This one is what a search by range reads: one cache
 * line, and 64 of them in a page, so that a search among 100,000 locks needs
 * few entries of the TLB.
 */
struct lk_record {
	union {
		struct lk_node by_range;
		struct lk_record *next;		/* in a struct lk_list */
	};
	int64_t start, end;			/* closed */
	int64_t max_end;			/* of the subtree */
	struct lk_holder *holder;		/* the other part */
	uint8_t type;				/* LK_READ or LK_WRITE */
	uint8_t flags;
	uint8_t subtree_writes;			/* has an LK_WRITE */
	uint8_t spare;
	uint32_t turns;				/* LK_RESERVATION: how many share it */
};
LK_SIZE(struct lk_record, 64);

/* Whose record it is, and who wants it. */
struct lk_holder {
	union {
		struct lk_node by_owner;
		struct lk_turn turn;		/* LK_RESERVATION */
	};
	struct lk_record *record;
	struct lk_waiter *waiters;		/* those linked to this one */
	uint64_t owner;				/* LK_RESERVATION: the manager */
};
LK_SIZE(struct lk_holder, 48);

static inline void lk_record_init(struct lk_record *record, struct lk_holder *holder)
{
	record->holder = holder;
	/* The tree looks whether they change. */
	record->max_end = 0;
	record->subtree_writes = 0;
	holder->record = record;
}

/* Records in no table. */
struct lk_list {
	struct lk_record *first;
	unsigned int count;
};

static inline void lk_list_push(struct lk_list *list, struct lk_record *record)
{
	record->next = list->first;
	list->first = record;
	list->count++;
}

static inline struct lk_record *lk_list_pop(struct lk_list *list)
{
	struct lk_record *record = list->first;

	if (record) {
		list->first = record->next;
		list->count--;
	}
	return record;
}

struct lk_request {
	uint64_t owner;		/* who: compared, never followed */
	int64_t start, end;	/* closed, 0 <= start <= end <= LK_END */
	uint64_t manager;	/* LK_NOTIFY: part of a reservation's key */
	uint64_t now;		/* ms */
	const void *cookie;	/* handed to ->adopt() for records it makes */
	uint8_t op;		/* enum lk_op */
	uint8_t kind;		/* enum lk_kind */
	uint8_t fairness;	/* enum lk_fairness */
	uint8_t flags;
};

/* Where a range belongs among the records of a table: neighbours, NULL at the ends. */
struct lk_place {
	struct {
		struct lk_holder *before;
		struct lk_holder *after;	/* the first not before what is touched */
	} by_owner;
	struct {
		struct lk_record *before;
		struct lk_record *after;	/* the first that starts behind the range */
	} by_range;
	bool knows_range;			/* what by_range says holds */
};

/* What a set of one range by one owner will do to its records. */
struct lk_plan {
	unsigned int nodes;		/* spares that the commit needs: 0 to 2 */
	bool changes;			/* false: nothing to do (unlock of nothing) */
	const struct lk_record *blocker; /* a conflicting record, or NULL */
	const struct lk_waiter *behind;	/* else: the waiter fairness puts it behind */
	struct lk_record *reservation;	/* the one that this request consumes */
	struct lk_place place;
};

struct lk_table;

/* A request that waits.  Embedded by the shell in its own. */
struct lk_waiter {
	struct lk_node by_range;
	struct lk_node by_owner;	/* in the graph */
	struct lk_request request;	/* as it was queued; cookie included */
	struct lk_table *table;
	uint64_t seq;			/* arrival, unique in the graph */
	uint64_t refreshed;		/* ms, LK_NOTIFY: last asked for */
	/* of the subtree of by_range */
	int64_t max_end;
	uint64_t min_seq, max_seq, max_seq_write;
	uint64_t min_refreshed;		/* of LK_NOTIFY ones; else UINT64_MAX */
	/* what it is linked to: exactly one while LK_WAITING */
	struct lk_record *on_record;
	struct lk_waiter *on_waiter;
	struct lk_waiter *sibling, **sibling_at; /* among those linked to the same */
	struct lk_waiter *waiters;	/* those linked to this one */
	/* scratch of a search through the graph */
	uint64_t visit;
	struct lk_waiter *visit_next, *visit_from;
	/* results */
	struct lk_waiter *next_winner;
	struct lk_waiter *revocable_next, **revocable_at;
	struct lk_list nodes;		/* spares */
	struct lk_list saved;		/* what its grant replaced */
	int64_t undo_start, undo_end;	/* what can still be taken back */
	uint8_t state;			/* enum lk_state */
	uint8_t may_pass;		/* keeps no order: else a cycle */
	uint8_t visit_queued;
	uint8_t doomed;			/* to be failed by lk_expire() */
	uint8_t spare[4];
};

/*
 * What a call leaves for its caller to do: tell @winners, in this order, and
 * free @freed.  Zero it before the first call; calls append.
 */
struct lk_batch {
	struct lk_waiter *winners;
	struct lk_waiter **last_winner;	/* NULL while there are none */
	struct lk_list freed;
};

/*
 * How the shell follows the records of a table, to keep a mirror of them.
 * Called from within commits, under T; must not call the core.  Reservations
 * are never reported.  Any may be NULL.
 */
struct lk_observer {
	/* @record gets its identity: that of @origin, else of @cookie. */
	void (*adopt)(void *context, struct lk_record *record,
		      const struct lk_record *origin, const void *cookie);
	/* It is held from now on; range and type are set. */
	void (*link)(void *context, struct lk_record *record);
	/* It is not held any more; its identity stays until it is freed. */
	void (*unlink)(void *context, struct lk_record *record);
	/* Its range or type changed. */
	void (*change)(void *context, struct lk_record *record);
	/* A first waiter linked to it, or the last one left. */
	void (*blocks)(void *context, struct lk_record *record, bool blocks);
	/* @waiter is linked to @record now, at queueing or later. */
	void (*linked)(void *context, struct lk_record *record,
		       struct lk_waiter *waiter);
	/* The turns that the reservation @record stands for were not taken. */
	void (*ran_out)(void *context, const struct lk_record *record);
};

struct lk_graph {
	struct lk_node *waiters;	/* by owner, then seq */
	struct lk_table *contended;	/* list of tables */
	struct lk_table *look_at;	/* where lk_due() goes on, or NULL */
	unsigned int nr_contended;
	unsigned int nr_attention;	/* tables with ->attention */
	uint64_t seq;
	uint64_t visit;
	uint64_t reserve_ms;		/* how long a reservation lasts */
	/* counters, under G */
	uint64_t searches, search_steps, cycles, passes, expired;
};

struct lk_table {
	struct lk_graph *graph;
	const struct lk_observer *observer;
	void *context;
	struct lk_node *by_range;	/* records */
	struct lk_node *by_owner;	/* records, by owner, then start */
	struct lk_node *waiters;	/* by start, then seq */
	struct lk_waiter *revocable;	/* LK_WON and may be taken back */
	struct lk_record *reservations;	/* the newest: a ring, see lk_turn */
	struct lk_record *recent;	/* the record made or grown last, or NULL */
	struct lk_table *contended_next, **contended_at;
	uint64_t nr_records, nr_waiters, nr_reservations;
	bool attention;			/* lk_expire() has a cycle to open here */
};

/* ------------------------------------------------------------ life cycle */

/* @reserve_ms: 1 to 3,600,000. */
void lk_graph_init(struct lk_graph *graph, uint64_t reserve_ms);
void lk_table_init(struct lk_table *table, struct lk_graph *graph,
		   const struct lk_observer *observer, void *context);

/* Has waiters, reservations or revocable grants: changes need G. */
bool lk_contended(const struct lk_table *table);

/* No record, waiter, reservation or revocable grant: may be freed. */
bool lk_idle(const struct lk_table *table);

/**
 * lk_detach - the file is gone
 * @table: the table
 * @batch: filled
 *
 * Every record goes to @batch->freed (->unlink() is called for held ones),
 * every waiter becomes LK_LAPSED and is not told.  G and T.
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

/**
 * lk_commit - do what lk_plan() answered LK_GRANTED to
 * @table: the table
 * @request: as it was planned
 * @plan: the plan
 * @spares: at least @plan->nodes; those used are taken off
 * @batch: filled
 *
 * Nothing may have changed the table since the plan.  Cannot fail; with fewer
 * spares than planned, which is a fault of the caller, it does nothing.  Waiters
 * that can go on are in @batch->winners.
 */
void lk_commit(struct lk_table *table, const struct lk_request *request,
	       const struct lk_plan *plan, struct lk_list *spares,
	       struct lk_batch *batch);

/* How many spares a waiter of this kind must carry into lk_enqueue(). */
unsigned int lk_waiter_nodes(uint8_t kind);

/**
 * lk_enqueue - wait
 * @table: the table
 * @request: what is asked for
 * @waiter: zeroed, but for @waiter->nodes, which holds lk_waiter_nodes()
 * @batch: filled
 *
 * For a request that lk_plan() has just answered LK_MUST_WAIT to.  G and T.
 * Return: LK_QUEUED; LK_DEADLOCK, and @waiter is idle; LK_INVALID when @waiter
 * is in use or has too few nodes; LK_GRANTED when only
 * the order of arrival kept it out and keeping that order would have closed a
 * cycle: the lock is held, and @waiter is LK_IDLE (LK_LOCAL, LK_NOTIFY) or
 * LK_WON (LK_REVOCABLE), and not among the winners.  Unused nodes of a waiter
 * that ends idle are in @batch->freed.
 * Other waiters may be in @batch->winners in any case.
 */
enum lk_outcome lk_enqueue(struct lk_table *table,
			   const struct lk_request *request,
			   struct lk_waiter *waiter, struct lk_batch *batch);

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
 * Leaves it LK_IDLE, its spares and saved records in @batch->freed.  G and T.
 */
void lk_end_waiter(struct lk_table *table, struct lk_waiter *waiter,
		   bool take_back, uint64_t now, struct lk_batch *batch);

/**
 * lk_test - F_GETLK: the first record that would keep @request out
 * @table: the table
 * @request: what is asked about
 *
 * Reservations count, waiters do not.  Return: NULL when it could be had.
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
 * Each call goes on behind the table that the last one gave, so that to serve
 * all that are due costs two rounds.
 *
 * Context: G.  A round is O(tables that are contended + reservations).
 * Return: a table to call lk_expire() for, or NULL.
 */
struct lk_table *lk_due(struct lk_graph *graph, uint64_t now, uint64_t *next);

/**
 * lk_expire - let go of turns that were not taken
 * @table: the table, that lk_due() gave
 * @now: the time, in ms
 * @batch: filled
 *
 * Reservations past their time go; those whose client is late let the next
 * LK_NOTIFY waiters be told as well; waiters not refreshed for
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
