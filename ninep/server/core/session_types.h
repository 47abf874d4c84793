/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of the session core's border: requests, fids, sessions.  What may be
 * done with them is in session_core.h, which is what to include.
 */
#ifndef HF_NINEP_SESSION_TYPES_H
#define HF_NINEP_SESSION_TYPES_H

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define NS_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
#else
#define NS_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* The tag that a Tversion has, and nothing else. */
#define NS_NOTAG ((uint16_t)0xffff)
/* The number that no fid has. */
#define NS_NOFID ((uint32_t)0xffffffff)

/* Where a request stands; session.hpp has the ways from one to the next. */
enum ns_state {
	NS_IDLE = 0,		/* in no session: its owner may free it */
	NS_RUNNING,		/* a thread has it */
	NS_PARKED,		/* nobody has it: who wakes or cancels it gets it */
	NS_CANCELLED,		/* no reply: who has it takes it back, then drops it */
	NS_WAITING,		/* a Tflush for its victim; a Tversion for all others */
};

enum ns_fid_state {
	NS_FID_IDLE = 0,	/* in no session */
	NS_FID_RESERVED,	/* the newfid of a request that runs: seen by no other */
	NS_FID_UNOPENED,
	NS_FID_CLAIMED,		/* one request changes what it stands for */
	NS_FID_OPEN,
	NS_FID_XATTR_READ,
	NS_FID_XATTR_WRITE,
};

struct ns_node {
	struct ns_node *left, *right;
	uintptr_t up;		/* parent, colour in bit 0 */
};

/* All fields are the core's; the shell may read number, state and gone. */
struct ns_fid {
	struct ns_node by_number;
	uint32_t number;
	uint32_t uses;		/* by requests */
	uint32_t parked;	/* requests that are parked on it */
	uint8_t state;		/* enum ns_fid_state; what it was, if it is gone */
	uint8_t gone;		/* clunked: in no tree, until the last use is put */
	uint8_t spare[2];
};

NS_SIZE(struct ns_fid, 40);

/* All fields are the core's; the shell may read tag and state. */
struct ns_request {
	struct ns_node by_tag;
	struct ns_request *parked_next, **parked_at;
	struct ns_fid *fid;			/* parked: on this one, or NULL */
	struct ns_request *victim;		/* a Tflush that waits: for its end */
	struct ns_request *flushes, *last_flush; /* that wait for this, as they came */
	struct ns_request *next;		/* among those */
	uint16_t tag;
	uint8_t state;				/* enum ns_state */
	uint8_t woken;				/* while it ran */
	uint8_t placed;				/* it has a place, see ns_park() */
	uint8_t spare[3];
};

NS_SIZE(struct ns_request, 88);

struct ns_limits {
	uint32_t max_requests;	/* 2 or more */
	uint32_t max_parked;	/* places; fewer, so that a Tflush can be read */
	uint32_t max_fids;	/* 1 or more; gone ones count until they are freed */
};

/* One connection. */
struct ns_session {
	struct ns_node *requests;	/* by tag */
	struct ns_node *fids;		/* by number */
	struct ns_request *parked;
	struct ns_request *version;	/* the Tversion that is not answered yet */
	struct ns_limits limits;
	uint32_t nr_requests, nr_fids;
	uint32_t nr_parked;		/* at this moment */
	uint32_t nr_places;		/* that are taken */
	bool agreed;			/* on a version */
	bool dead;
	bool stopped;			/* its reader was told that there is no room */
};

/*
 * What the end of a request leaves to do: in this order, and before the lock that
 * the call was made under is let go.  All of it idle already, but for @version.
 */
struct ns_ended {
	struct ns_request *flushes;	/* by ->next: an Rflush for each, in this order */
	struct ns_request *version;	/* it waited for the others: go on with it, or NULL */
	bool mute;			/* but no Rflush: the session was reset, or is dead */
	bool room;			/* the reader may go on */
	bool quiet;			/* dead, and this was the last request */
};

#endif /* HF_NINEP_SESSION_TYPES_H */
