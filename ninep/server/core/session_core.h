/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the session core: what the C shell in ninep/server/ may ask of the
 * C++ in ninep/server/core/ about one connection: which requests are under way,
 * what a Tflush does to them, and which fids there are.  session.hpp has the states
 * of a request and what leads from one to the next, fids.cc those of a fid.  Valid
 * as C11 and as C++20.
 *
 * Locking.  The core takes no lock.  Its caller holds the connection's spinlock for
 * every call.
 *
 * Replies.  The shell makes a reply first and asks ns_answer() then, and what that
 * allows is put into the connection's send queue before the lock is let go: the
 * reply, then an Rflush for each of @ended->flushes.  (To send is for later, without
 * the lock.)  So the queue has the order that was decided here, and whoever is not
 * in the session any more has its reply in the queue or none: a Tflush for an unknown
 * tag may be answered at once, and a tag is free before its reply can have arrived.
 *
 * Memory.  It allocates nothing.  Requests and fids are embedded in the shell's own,
 * come in with only their state set (NS_IDLE, NS_FID_IDLE), and are the shell's to
 * free when they are idle again.
 *
 * What the state of a thing forbids is an NS_..._INVALID, false or NULL, and
 * changes nothing: a fault of the caller, which wants a warning.
 */
#ifndef HF_NINEP_SESSION_CORE_H
#define HF_NINEP_SESSION_CORE_H

#include "session_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ns_init - a new session
 * @session: any memory
 * @limits: its limits, which are made possible if they are not
 */
void ns_init(struct ns_session *session, const struct ns_limits *limits);

/**
 * ns_limit - other limits, from now on
 * @session: the session
 * @limits: its limits, as for ns_init().  What there is already stays, and who has a
 *	place keeps it.  Beside those that have one there is room for one more request,
 *	so that a Tflush can be read, even if there are @limits->max_requests of them
 */
void ns_limit(struct ns_session *session, const struct ns_limits *limits);

/**
 * ns_room - may another message be read?
 * @session: the session
 *
 * Return: true; or false: the reader stops, and is told by ns_ended.room (or by
 * ns_die()) when to go on.
 */
bool ns_room(struct ns_session *session);

/* ------------------------------------------------------------------ requests */

/**
 * enum ns_begun - what to do with a message
 * @NS_RUN: run it
 * @NS_DRAIN: a Tversion, when others are under way: cancel what ns_cancel() gives; it
 *	comes back as ns_ended.version
 * @NS_RFLUSH: answer a Tflush now; it is not in the session
 * @NS_CANCEL: the Tflush waits, and the victim is the caller's to take back, then
 *	to ns_drop()
 * @NS_FLUSH_WAITS: the Tflush waits
 * @NS_NO_ROOM: keep it, as after ns_room()
 * @NS_DEAD: the connection has ended
 * @NS_NO_VERSION: not before a Tversion; the connection is to be ended
 * @NS_BAD_TAG: NOTAG is for Tversion; likewise
 * @NS_DUPLICATE: the tag is in use; likewise
 * @NS_BEGUN_INVALID: the request is not idle
 */
enum ns_begun {
	NS_RUN = 0,
	NS_DRAIN,
	NS_RFLUSH,
	NS_CANCEL,
	NS_FLUSH_WAITS,
	NS_NO_ROOM,
	NS_DEAD,
	NS_NO_VERSION,
	NS_BAD_TAG,
	NS_DUPLICATE,
	NS_BEGUN_INVALID,
};

/**
 * ns_begin - a message has arrived that is neither Tversion nor Tflush
 * @session: the session
 * @request: idle
 * @tag: its tag
 *
 * Return: NS_RUN, or why not.
 */
enum ns_begun ns_begin(struct ns_session *session, struct ns_request *request,
		       uint16_t tag);

/**
 * ns_version - a Tversion has arrived
 * @session: the session
 * @request: idle
 * @tag: its tag, NOTAG or not
 *
 * Everything else that is under way ends without a reply, and there is no room until
 * this is answered.  Whoever runs it, now or later, is alone: all fids go
 * (ns_fid_clunk_first()), then ns_agree() if there is a version to agree on, then
 * ns_answer().
 *
 * Return: NS_RUN, NS_DRAIN, or why not.
 */
enum ns_begun ns_version(struct ns_session *session, struct ns_request *request,
			 uint16_t tag);

/**
 * ns_flush - a Tflush has arrived
 * @session: the session
 * @request: idle
 * @tag: its tag
 * @oldtag: what it is to flush
 * @victim: set for NS_CANCEL
 *
 * A Tflush of a Tflush that waits is answered behind that one.
 *
 * Return: NS_RFLUSH, NS_CANCEL, NS_FLUSH_WAITS, or why not.
 */
enum ns_begun ns_flush(struct ns_session *session, struct ns_request *request,
		       uint16_t tag, uint16_t oldtag, struct ns_request **victim);

/* What ns_answer() decides. */
enum ns_answered {
	NS_SEND = 0,		/* put the reply into the queue; the request is idle */
	NS_SUPPRESS,		/* take back what can be, then ns_drop() */
	NS_ANSWER_INVALID,	/* it does not run */
};

/**
 * ns_answer - the reply is there
 * @session: the session
 * @request: running
 * @revocable: its effect can be taken back, or it has had none: a lock that
 *	was granted to one that waited, a request that failed
 * @ended: filled for NS_SEND
 *
 * One that a Tflush waits for is answered nevertheless, unless it is @revocable.
 *
 * Return: NS_SEND or NS_SUPPRESS.
 */
enum ns_answered ns_answer(struct ns_session *session, struct ns_request *request,
			   bool revocable, struct ns_ended *ended);

/**
 * ns_drop - one that was cancelled has been taken back
 * @session: the session
 * @request: cancelled
 * @ended: filled
 *
 * Return: true; the request is idle.
 */
bool ns_drop(struct ns_session *session, struct ns_request *request,
	     struct ns_ended *ended);

/* A Tversion that runs has found a version. */
void ns_agree(struct ns_session *session);

/**
 * ns_die - the connection has ended
 * @session: the session
 *
 * Nothing begins or is answered any more.  The caller cancels what ns_cancel() gives;
 * what runs ends by itself; then it is quiet, and the fids can go.
 */
void ns_die(struct ns_session *session);

/* Dead, and without a request. */
bool ns_quiet(const struct ns_session *session);

/* ------------------------------------------------------------------- parking */

/*
 * What ns_park() says.  But for the first two the caller gives up: it takes back what
 * waits elsewhere, and answers, as @revocable.
 */
enum ns_parking {
	NS_NOW_PARKED = 0,	/* not the caller's any more */
	NS_WOKEN,		/* ns_wake() came before: go on at once */
	NS_UNWANTED,		/* no reply is wanted; ns_answer() will say so, too */
	NS_FID_WENT,		/* its fid was clunked */
	NS_TOO_MANY_PARKED,	/* every place is another's; busy: a lock is BLOCKED */
	NS_PARK_INVALID,	/* it does not run, or is a Tversion */
};

/**
 * ns_park - wait without a thread
 * @session: the session
 * @request: running
 * @fid: the fid whose clunk ends the waiting, of which @request has a use; or NULL
 *
 * It takes a place, if it has none, and has it until it is idle: while it runs to try
 * again nobody else is given that, and it parks again, whatever the limits have become.
 * So who finds no place has not waited yet.
 *
 * Return: see there.  Nothing of the request may be touched after NS_NOW_PARKED.
 */
enum ns_parking ns_park(struct ns_session *session, struct ns_request *request,
			struct ns_fid *fid);

/* What ns_wake() says. */
enum ns_waking {
	NS_YOURS = 0,		/* it was parked: it runs, and the caller has it */
	NS_NOTED,		/* it runs: ns_park() will say so */
	NS_REFUSED,		/* nothing is wanted of it: a grant is to be refused */
};

/**
 * ns_wake - what a request waits for is there, or it is time to try again
 * @session: the session
 * @request: not idle
 *
 * For a lock's grant, which may come before the request is parked and after it was
 * cancelled; for timers.
 *
 * Return: see there.
 */
enum ns_waking ns_wake(struct ns_session *session, struct ns_request *request);

/**
 * ns_wake_on - the next that is parked on a fid
 * @session: the session
 * @fid: clunked
 *
 * O(1) if there is none; else O(n) in those that are parked.
 * Return: one that runs now, and is the caller's to give up and answer; or NULL.
 */
struct ns_request *ns_wake_on(struct ns_session *session, struct ns_fid *fid);

/**
 * ns_cancel - the next that is parked, after NS_DRAIN or ns_die()
 * @session: the session
 *
 * Return: one that is the caller's to take back, then to ns_drop(); or NULL.
 */
struct ns_request *ns_cancel(struct ns_session *session);

/* ---------------------------------------------------------------------- fids */

enum ns_fid_says {
	NS_FID_OK = 0,
	NS_FID_IN_USE,		/* there is one of this number */
	NS_FID_BAD_NUMBER,	/* NS_NOFID */
	NS_FID_TOO_MANY,
	NS_FID_BUSY,		/* another request claims it */
	NS_FID_OPENED,		/* open, or stands for an extended attribute */
	NS_FID_CLUNKED,
	NS_FID_INVALID,
};

/**
 * ns_fid_reserve - keep a number for a newfid
 * @session: the session
 * @fid: idle
 * @number: its number
 *
 * As soon as the message is read; of one connection the next may use it again.
 *
 * Return: NS_FID_OK, NS_FID_IN_USE, NS_FID_BAD_NUMBER or NS_FID_TOO_MANY.
 */
enum ns_fid_says ns_fid_reserve(struct ns_session *session, struct ns_fid *fid,
				uint32_t number);

/**
 * ns_fid_publish - others may find it
 * @fid: reserved
 * @state: NS_FID_UNOPENED, NS_FID_OPEN or NS_FID_XATTR_READ
 *
 * Before the reply.  The caller has no use of it: it may go at once.
 * Return: true.
 */
bool ns_fid_publish(struct ns_fid *fid, enum ns_fid_state state);

/**
 * ns_fid_abandon - there will be none
 * @session: the session
 * @fid: reserved
 *
 * Return: true; it is idle.
 */
bool ns_fid_abandon(struct ns_session *session, struct ns_fid *fid);

/**
 * ns_fid_find - a fid by its number
 * @session: the session
 * @number: the number
 *
 * Return: it, with a use for the caller; NULL (EBADF) if there is none, or if it is
 * reserved.
 */
struct ns_fid *ns_fid_find(struct ns_session *session, uint32_t number);

/**
 * ns_fid_put - give a use back
 * @session: the session
 * @fid: with a use of the caller's
 *
 * Return: true if it was the last one of a fid that was clunked: it is idle, and the
 * caller's to free once the lock is let go.
 */
bool ns_fid_put(struct ns_session *session, struct ns_fid *fid);

/**
 * ns_fid_clunk - take a fid out
 * @session: the session
 * @number: its number, which is free at once
 *
 * Its state stays: what a clunk has to do depends on it.  The caller then wakes who
 * is parked on it (ns_wake_on()).
 * Return: it, gone, with a use for the caller; or NULL (EBADF).
 */
struct ns_fid *ns_fid_clunk(struct ns_session *session, uint32_t number);

/* The same for any one, NULL if there is none left: for Tversion, and at the end. */
struct ns_fid *ns_fid_clunk_first(struct ns_session *session);

/**
 * ns_fid_claim - be the only one to change what a fid stands for
 * @fid: with a use of the caller's
 *
 * For Tlopen, Tlcreate, Txattrcreate, and a Twalk whose newfid is its fid.
 *
 * Return: NS_FID_OK, NS_FID_BUSY, NS_FID_OPENED or NS_FID_CLUNKED.
 */
enum ns_fid_says ns_fid_claim(struct ns_fid *fid);

/**
 * ns_fid_become - end a claim
 * @fid: claimed by the caller; gone or not
 * @state: NS_FID_UNOPENED, NS_FID_OPEN or NS_FID_XATTR_WRITE
 *
 * Return: true.
 */
bool ns_fid_become(struct ns_fid *fid, enum ns_fid_state state);

/**
 * ns_validate - check every invariant
 * @session: the session
 *
 * For tests and for the debug build; O(n^2) in requests and fids.
 * Return: NULL, or what does not hold.
 */
const char *ns_validate(const struct ns_session *session);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NINEP_SESSION_CORE_H */
