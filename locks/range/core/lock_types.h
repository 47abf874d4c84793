/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of the lock core's border: records, requests, waiters, tables.
 * What may be done with them is in lock_core.h, which is what to include.
 */
#ifndef HF_LOCK_TYPES_H
#define HF_LOCK_TYPES_H

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
#else
#define LK_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* The last byte that a lock can name: OFFSET_MAX. */
#define LK_END ((int64_t)0x7fffffffffffffffLL)

/* A waiter not asked for again in this time has lost its client (NFSv4). */
#define LK_POLL_LIMIT_MS 35000
/*
 * What one call may cost, while G, T and flc_lock are held: LK_SECTION steps, all of
 * the following together, but for what replaces an owner's own records.
 */
#define LK_SECTION 4096
/* The records that one portion of an unlock takes away, at most. */
#define LK_PORTION 128
/*
 * The waiters that one call looks at because their blocker went, at most.  Each
 * counts for one, and for its owner's records; the last may count for any number.
 */
#define LK_CROWD 128
/* The turns that one table keeps, at most: who is next waits for one to end. */
#define LK_TURNS 256
/* The steps of all searches of one call, and of telling early; then they end (core/graph.hpp). */
#define LK_SEARCH_STEPS 2048
/* What a call looks at to find out that it need not search; then it searches. */
#define LK_GLANCES 512
/* The waiters that one question of order may look at, of no account (core/waiters.cc). */
#define LK_LOOKS 64
/* How long order alone may keep one out, but for LK_FAIR_FIFO. */
#define LK_COURTESY_MS 1000
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
#define LK_MAY_FAIL	0x8	/* hears of a deadlock while it waits; LK_LOCAL always does */
#define LK_REMOTE	0x10	/* another table decides, too: a grant is pending until it has */
#define LK_CONFIRMED	0x20	/* it has: pending records and the order of arrival do not count */
#define LK_FLAGS	(LK_WAIT | LK_DETECT | LK_RECLAIM | LK_MAY_FAIL | LK_REMOTE | \
			 LK_CONFIRMED)

enum lk_outcome {
	LK_GRANTED = 0,		/* plan: may be committed */
	LK_NEED_GRAPH,		/* plan: take G, then plan again */
	LK_CONFLICT,		/* plan: blocked, and LK_WAIT was not given */
	LK_MUST_WAIT,		/* plan, with or without G: to be queued, with G */
	LK_QUEUED,		/* enqueue: waits now */
	LK_DEADLOCK,		/* enqueue: would close a cycle; not queued */
	LK_ASK,			/* enqueue, of LK_REMOTE: pending; ask, then lk_confirm() */
	LK_UNLOCKING,		/* plan: first help the owner's unlock to an end */
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
	LK_ASKING,		/* LK_REMOTE: a pending record stands for it */
};

struct lk_node {
	struct lk_node *left, *right;
	uintptr_t up;		/* parent, colour in bit 0 */
};

#define LK_RESERVATION	0x1	/* record.flags: nobody's lock, a turn kept */
#define LK_OVERDUE	0x2	/* a reservation whose client is late */
#define LK_PROCESS	0x4	/* a POSIX owner's: made by an LK_DETECT request */
#define LK_PROMISE	0x8	/* in no tree: what a waiter's lock will be held by */
#define LK_GONE		0x10	/* in no tree any more: freed with its last waiter */
#define LK_PENDING	0x20	/* nobody's lock yet: keeps others out while it is asked for */

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
	uint8_t owner_bits;			/* of the owner: others' differ, mostly */
	union {
		uint32_t of_owner;		/* the first of its owner's: how many it has */
		uint32_t turns;			/* LK_RESERVATION: how many share it */
	};
};
LK_SIZE(struct lk_record, 64);

/* Whose record it is, and who wants it. */
struct lk_holder {
	union {
		struct lk_node by_owner;
		struct lk_turn turn;		/* LK_RESERVATION */
		struct lk_waiter *promised;	/* LK_PROMISE, LK_PENDING: to whom */
	};
	struct lk_record *record;
	struct lk_waiter *waiters;		/* those linked to this one */
	uint64_t owner;				/* LK_RESERVATION: the manager */
};
LK_SIZE(struct lk_holder, 48);

static inline void lk_record_init(struct lk_record *record, struct lk_holder *holder)
{
	record->holder = holder;
	/* One in no table has none. */
	holder->waiters = NULL;
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
	const void *cookie;	/* whose identity the records that it makes get */
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

/* What is left of an unlock in portions: the caller's, in the table till it ends. */
struct lk_unlock {
	struct lk_node by_owner;
	uint64_t owner;
	int64_t start, end;
	bool going;
};

/* A request that waits.  Embedded by the shell in its own. */
struct lk_waiter {
	struct lk_node by_range;
	struct lk_node by_owner;	/* in the graph; revocable: in its table */
	struct lk_request request;	/* as it was queued; cookie included */
	struct lk_table *table;
	uint64_t seq;			/* arrival, unique in the graph */
	uint64_t refreshed;		/* ms, LK_NOTIFY: last asked for */
	uint64_t order_due;		/* ms: order is to be looked at; or UINT64_MAX */
	/* of the subtree of by_range */
	int64_t max_end;
	uint64_t min_seq, max_seq, max_seq_write;
	uint64_t min_due;		/* when lk_expire() is to look, or UINT64_MAX */
	/* what it is linked to while LK_WAITING: a lock, a turn, or another's promise */
	struct lk_record *on;
	struct lk_waiter *sibling, **sibling_at; /* among those linked to the same; that ask */
	struct lk_record *promise;	/* those behind this one are linked to it; LK_ASKING: pending */
	/* scratch of a search through the graph */
	uint64_t visit;
	struct lk_waiter *visit_next, *visit_from;
	/* results */
	struct lk_waiter *next_winner;
	struct lk_list nodes;		/* spares */
	struct lk_list saved;		/* what its grant replaced */
	int64_t undo_start, undo_end;	/* what can still be taken back */
	/* LK_WON: of whose grant it took over_start to over_end, what that had replaced; the reverse */
	struct lk_waiter *over;
	int64_t over_start, over_end;
	struct lk_list below;
	struct lk_waiter *under;
	uint8_t state;			/* enum lk_state */
	uint8_t may_pass;		/* keeps no order: else a cycle */
	uint8_t visit_queued;
	uint8_t doomed;			/* to be failed by lk_expire() */
	uint8_t probing;		/* LK_NOTIFY: others were asked whether they wait */
	uint8_t revocable;		/* LK_WON and may be taken back */
	uint8_t spare[2];
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
	/*
	 * A request replaces all of @record with another type, and the record
	 * is used again: it has the identity of @cookie from now on.
	 */
	void (*renew)(void *context, struct lk_record *record,
		      const void *cookie);
	/* It is held from now on; range and type are set. */
	void (*link)(void *context, struct lk_record *record);
	/* It is not held any more; its identity stays until it is freed. */
	void (*unlink)(void *context, struct lk_record *record);
	/* Its range or type changed. */
	void (*change)(void *context, struct lk_record *record);
	/* A first waiter linked to it, or the last one left. */
	void (*blocks)(void *context, struct lk_record *record, bool blocks);
	/* A waiter is linked to @record now, at queueing or later. */
	void (*linked)(void *context, struct lk_record *record);
	/* The turns that the reservation @record stands for were not taken. */
	void (*ran_out)(void *context, const struct lk_record *record);
	/* Whether the process that asks, by @cookie, holds @record itself. */
	bool (*same_process)(void *context, const struct lk_record *record,
			     const void *cookie);
};

struct lk_graph {
	struct lk_node *waiters;	/* by owner, then seq */
	struct lk_table *contended;	/* list of tables */
	struct lk_node *due;		/* those with a deadline, by it */
	unsigned int nr_contended;
	unsigned int nr_attention;	/* tables with ->attention */
	uint64_t seq;
	uint64_t visit;
	uint64_t reserve_ms;		/* how long a reservation lasts */
	uint64_t courtesy_ms;		/* how long order alone keeps anybody out */
	unsigned int portion;		/* LK_PORTION; tests make it small */
	unsigned int crowd;		/* LK_CROWD; likewise */
	/* counters, under G */
	uint64_t searches, search_steps, cycles, passes, expired;
	uint64_t searches_cut;		/* searches, and questions of order, that steps did not suffice for */
	uint64_t probes;		/* clients asked whether they still wait */
	uint64_t courtesies;		/* ended: order alone kept somebody out */
	uint64_t longest_section;	/* steps of one call: searches, records, waiters */
	uint64_t sweeps;		/* begun: a crowd was more than one call may look at */
	unsigned int steps_left;	/* of the searches of this call */
	unsigned int glances_left;	/* of what is looked at to do without one */
};

struct lk_table {
	struct lk_graph *graph;
	const struct lk_observer *observer;
	void *context;
	struct lk_node *by_range;	/* records */
	struct lk_node *by_owner;	/* records, by owner, then start */
	struct lk_node *waiters;	/* by start, then seq */
	struct lk_node *revocable;	/* LK_WON and may be taken back: by owner, then place */
	struct lk_waiter *asking;	/* LK_ASKING: a list */
	struct lk_record *reservations;	/* the newest: a ring, see lk_turn */
	struct lk_record *recent;	/* the record made or grown last, or NULL */
	struct lk_table *contended_next, **contended_at;
	struct lk_node by_due;		/* in the graph, unless due is UINT64_MAX */
	uint64_t due;			/* ms: 0 with ->attention */
	uint64_t nr_records, nr_waiters, nr_reservations;
	struct lk_node *unlocks;	/* those that have not ended, by owner: one each */
	uint64_t turn_due;		/* ms: no turn ends, or is late, before */
	unsigned int may_tell;		/* how many lk_expire() may yet tell, at once */
	/* lk_expire() is to look at all waiters: how far it has come */
	int64_t swept_start;
	uint64_t swept_seq;
	bool attention;
	bool sweep_again;		/* something came up meanwhile */
};

#endif /* HF_LOCK_TYPES_H */
