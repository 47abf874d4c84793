/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of the client core's border: calls, slots, the table of them.  What may be
 * done with them is in client_core.h, which is what to include.
 */
#ifndef HF_NINEP_CLIENT_TYPES_H
#define HF_NINEP_CLIENT_TYPES_H

#include <holdfast/core/ninep_types.h>

/* Who may have the last tags: each class leaves more of them to those before it. */
enum tc_class {
	TC_ENDING,		/* gives something back: Tclunk, an unlock, ... */
	TC_META,
	TC_DATA,		/* Tread, Twrite, Treaddir, Treaddirattr */
	TC_WAITING,		/* may wait at the server for as long as it likes: locks */
	TC_CLASSES,
};

/* Where a call stands; table.hpp has the ways from one to the next. */
enum tc_state {
	TC_IDLE = 0,		/* its owner may free it */
	TC_QUEUED,		/* for a tag */
	TC_SENT,
	TC_FLUSHED,		/* and a Tflush follows it */
	TC_ANSWERED,		/* but not all of its bytes are in the socket yet */
};

/* What is still to come before a tag can be used again. */
#define TC_ANSWER	0x01	/* a reply */
#define TC_RFLUSH	0x02	/* an Rflush */
#define TC_UNSENT	0x04	/* the request has not left the link's queue */
#define TC_FLUSH_UNSENT	0x08	/* the Tflush has not */
#define TC_DISCARDING	0x10	/* its payload is being taken back, see tc_discarded() */
#define TC_HELD		0x20	/* it is answered, but what is the caller's has not left */

/* All fields are the core's; the shell may read tag, state and error. */
struct tc_call {
	struct tc_call *next, *prev;		/* in the queue of its class */
	struct tc_call *due_next, *due_prev;	/* among those that are timed */
	uint64_t due;
	int32_t error;		/* how it ended: 0 for a reply, whatever that says */
	uint16_t tag;		/* its slot's, from TC_SENT on */
	uint8_t type;		/* of the request */
	uint8_t group;		/* enum tc_class */
	uint8_t state;		/* enum tc_state */
	uint8_t spare[7];
};

/* A tag; its number is that in the array.  All fields are the core's. */
struct tc_slot {
	struct tc_call *call;		/* who wants what comes; or NULL */
	struct tc_slot *next, *prev;	/* among the free ones, or those awaited */
	uint64_t due;			/* TC_RFLUSH, TC_HELD */
	uint8_t open;			/* TC_ANSWER, ... */
	uint8_t type;			/* of the request */
	uint8_t spare[6];
};

NP_SIZE(struct tc_call, 24 + 4 * sizeof(void *));
NP_SIZE(struct tc_slot, 16 + 3 * sizeof(void *));

/* Of calls: the first and the last. */
struct tc_queue {
	struct tc_call *first, *last;
};

struct tc_slots {
	struct tc_slot *first, *last;
};

/* ms; 0: for ever */
struct tc_times {
	uint32_t answer;	/* until a call without a reply is flushed */
	uint32_t flush;		/* until a Tflush without an Rflush ends the connection,
				 * or a request that is answered, but not taken */
};

/* One connection. */
struct tc_table {
	struct tc_slot *slots;
	uint32_t nr_slots, nr_free;
	uint32_t nr_calls;		/* not idle */
	struct tc_slots free;		/* the one that is free for the longest first */
	struct tc_slots awaited;	/* TC_RFLUSH, TC_HELD: timed or not */
	struct tc_queue queued[TC_CLASSES];
	struct tc_queue timed;
	struct tc_times times;
	int32_t dead;			/* 0, or what calls end with */
};

#endif /* HF_NINEP_CLIENT_TYPES_H */
