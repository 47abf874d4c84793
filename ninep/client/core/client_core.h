/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the client core: what the C shell in ninep/client/ may ask of the C++
 * in ninep/client/core/ about one connection: which tag a request gets and when, what
 * an answer, an Rflush, a kill, a time-out and the end of the connection do to it, what
 * a reply is worth, and on which version two ends agree.  table.hpp has the states.
 * Valid as C11 and as C++20.
 *
 * Tags.  A request has the number of its slot, below tc_table.nr_slots; its Tflush,
 * if it gets one, that number and nr_slots: there is always one for it.
 *
 * Locking.  The core takes no lock.  Its caller holds the session's spinlock for every
 * call; and puts what is to be sent, a request or a Tflush, into the link's queue
 * before it lets go of that, so that a Tflush is never before its request.
 *
 * Memory.  It allocates nothing.  Calls are embedded in the shell's own, come in with
 * only their state set (TC_IDLE), and are the shell's again when they are idle.
 *
 * Time: any count of ms that never goes back.  Errors: negative numbers of the shell's
 * that come back as they are.
 *
 * What the state of a thing forbids is a TC_..._INVALID, false or NULL, and changes
 * nothing: a fault of the caller, which wants a warning.
 */
#ifndef HF_NINEP_CLIENT_CORE_H
#define HF_NINEP_CLIENT_CORE_H

#include <holdfast/core/ninep_msg.h>

#include "client_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TC_SLOTS_LEAST	16
#define TC_SLOTS_MOST	32767

/**
 * tc_init - a new table
 * @table: any memory
 * @slots: any memory for @nr_slots, which stays as long as @table
 * @nr_slots: requests in flight, TC_SLOTS_LEAST to TC_SLOTS_MOST
 * @times: how long to wait
 *
 * Return: false, with nothing changed, for an @nr_slots that cannot be.
 */
bool tc_init(struct tc_table *table, struct tc_slot *slots, uint32_t nr_slots,
	     const struct tc_times *times);

/**
 * tc_most - how many calls of a class can be in flight, if there is nothing else
 * @nr_slots: as for tc_init()
 * @group: the class
 */
uint32_t tc_most(uint32_t nr_slots, enum tc_class group);

/* ------------------------------------------------------------------------ requests */

enum tc_begun {
	TC_SEND = 0,		/* under call->tag */
	TC_WAIT,		/* tc_next() will say when */
	TC_DEAD,
	TC_BEGUN_INVALID,	/* the call is not idle, or there is no such class */
};

/**
 * tc_begin - a call begins
 * @table: the table
 * @call: idle
 * @type: of the request
 * @group: its class
 * @now: the time
 *
 * Return: TC_SEND: the request goes into the link's queue; TC_WAIT; or TC_DEAD, then
 * the call is still idle.
 */
enum tc_begun tc_begin(struct tc_table *table, struct tc_call *call, uint8_t type,
		       enum tc_class group, uint64_t now);

/**
 * tc_next - who gets a tag that is free again
 * @table: the table
 *
 * To be called until there is nobody, after tc_sent(), tc_flush_sent(), tc_answer() and
 * tc_discarded().
 *
 * Return: a call whose request goes into the link's queue now, under call->tag; NULL.
 */
struct tc_call *tc_next(struct tc_table *table);

/**
 * tc_sent - all bytes of a request are in the socket's hands, or never will be
 * @table: the table
 * @tag: the request's
 * @over: a call that was answered, or is dead, and is idle now; or NULL
 *
 * Return: false if it was not being sent.
 */
bool tc_sent(struct tc_table *table, uint16_t tag, struct tc_call **over);

/**
 * tc_flush_sent - likewise of a Tflush
 * @table: the table
 * @tag: the Tflush's own
 *
 * Return: false if it was not being sent.
 */
bool tc_flush_sent(struct tc_table *table, uint16_t tag);

/* ------------------------------------------------------------------------- replies */

enum tc_reply {
	TC_WANTED = 0,		/* it is @call's */
	TC_UNWANTED,		/* nobody's: whoever asked has gone; it goes nowhere */
	TC_IS_RFLUSH,
	TC_NO_TAG,		/* nothing has that tag: the connection ends */
	TC_WRONG_TYPE,		/* neither the request's and one nor Rlerror: likewise */
};

/**
 * tc_whose - a reply has come, or its first bytes
 * @table: the table
 * @tag: its tag
 * @type: its type
 * @call: set for TC_WANTED, else NULL
 *
 * Changes nothing.
 * Return: see there.
 */
enum tc_reply tc_whose(const struct tc_table *table, uint16_t tag, uint8_t type,
		       struct tc_call **call);

enum tc_answered {
	TC_OVER = 0,		/* @call is idle; its error says how it ended */
	TC_NOT_YET,		/* the reply is @call's, a Twrite whose payload the link has:
				 * tc_sent() will say when it is over */
	TC_NOBODY,		/* nobody's */
	TC_ANSWER_INVALID,	/* tc_whose() says TC_NO_TAG, TC_WRONG_TYPE */
};

/**
 * tc_answer - a reply is here in full
 * @table: the table
 * @tag: its tag
 * @type: its type
 * @error: what a call that wants it is to end with
 * @now: the time
 * @call: set for TC_OVER and TC_NOT_YET, else NULL
 *
 * Of an Rflush @call is the request that was flushed, if it was not answered
 * before; it ends with what tc_leave() or tc_expire() was told.
 *
 * Return: see there.
 */
enum tc_answered tc_answer(struct tc_table *table, uint16_t tag, uint8_t type,
			   int32_t error, uint64_t now, struct tc_call **call);

/* --------------------------------------------------------------- whoever goes away */

enum tc_left {
	TC_NEVER_SENT = 0,	/* the call is idle, with @error */
	TC_SEND_FLUSH,		/* a Tflush goes into the link's queue, for call->tag; the
				 * call is over when tc_answer() or tc_sent() says so */
	TC_TAKE_BACK,		/* the call is idle, with @error, but for its payload: that is
				 * taken back from the link, then tc_discarded() */
	TC_TOO_LATE,		/* a Tflush follows already, or it is over; nothing is done */
};

/**
 * tc_leave - a call is not wanted any more
 * @table: the table
 * @call: the call
 * @discard: where its payload goes can be taken back, so that it can end now
 * @error: negative, what it ends with unless a reply comes
 * @now: the time
 *
 * Return: see there.
 */
enum tc_left tc_leave(struct tc_table *table, struct tc_call *call, bool discard,
		      int32_t error, uint64_t now);

/**
 * tc_discarded - the payload was taken back, after TC_TAKE_BACK
 * @table: the table
 * @tag: the request's
 * @now: the time
 *
 * Return: whether a Tflush goes into the link's queue now.
 */
bool tc_discarded(struct tc_table *table, uint16_t tag, uint64_t now);

enum tc_expired {
	TC_NOTHING = 0,
	TC_EXPIRED_UNSENT,	/* the call is idle, with @error */
	TC_EXPIRED_FLUSH,	/* a Tflush goes into the link's queue, for call->tag */
	TC_HOPELESS,		/* a Tflush was not answered, or a request was, but is not
				 * taken: the connection is to end */
};

/**
 * tc_expire - what is overdue
 * @table: the table
 * @error: negative, what calls end with unless a reply comes
 * @now: the time
 * @call: set for TC_EXPIRED_UNSENT and TC_EXPIRED_FLUSH
 *
 * To be called until it is TC_NOTHING or TC_HOPELESS.
 * Return: see there.
 */
enum tc_expired tc_expire(struct tc_table *table, int32_t error, uint64_t now,
			  struct tc_call **call);

/**
 * tc_due - when to call tc_expire()
 * @table: the table
 *
 * Return: the time; UINT64_MAX if nothing is timed.
 */
uint64_t tc_due(const struct tc_table *table);

/**
 * tc_die - the connection has ended
 * @table: the table
 * @error: negative, what is under way ends with; the first one counts
 *
 * Nothing begins, and no reply is expected, any more.  Then tc_reap() until there is
 * nobody; those whose bytes the link still has are over with their tc_sent().
 */
void tc_die(struct tc_table *table, int32_t error);

/**
 * tc_reap - the next call that is over because the connection is
 * @table: dead
 *
 * Return: it, idle; or NULL.
 */
struct tc_call *tc_reap(struct tc_table *table);

/* Dead, without a call, and the link has nothing of it; discarding is the shell's own. */
bool tc_quiet(const struct tc_table *table);

/**
 * tc_validate - check every invariant
 * @table: the table
 *
 * For tests and for the debug build; O(n).
 * Return: NULL, or what does not hold.
 */
const char *tc_validate(const struct tc_table *table);

/* -------------------------------------------------------------- what messages mean */

/**
 * tc_class_of - which class a request is of
 * @ask: the request
 */
enum tc_class tc_class_of(const struct np_msg *ask);

/* What the reply to a request needs of the client. */
enum tc_room {
	TC_NO_ROOM = 0,		/* nothing: it is numbers */
	TC_STRINGS,		/* it has strings, which point into its bytes */
	TC_PAYLOAD,		/* it has a payload */
};

/**
 * tc_room_for - what the reply to a request needs
 * @type: of the request
 */
enum tc_room tc_room_for(uint8_t type);

/**
 * tc_changes - whether a request changes names, attributes or content
 * @type: of the request
 *
 * (A Txattrcreate does not: the attribute is set by its fid's Tclunk.)
 */
bool tc_changes(uint8_t type);

/**
 * tc_asked - how many bytes of payload a request asks for
 * @ask: the request
 *
 * Return: bytes; 0 if its reply has no payload.
 */
uint32_t tc_asked(const struct np_msg *ask);

/**
 * tc_makes_sense - whether a reply can be one to this request
 * @ask: the request
 * @reply: np_decode() has taken it, and its type is the request's and one
 *
 * Whether there is more of something than was asked for.
 */
bool tc_makes_sense(const struct np_msg *ask, const struct np_msg *reply);

/* What two ends agree on. */
struct tc_agreed {
	uint32_t msize;
	uint8_t dialect;	/* enum np_dialect */
	uint8_t spare[3];
};

enum tc_greeting {
	TC_AGREED = 0,
	TC_ASK_AGAIN,		/* for NP_DOTL */
	TC_NO_VERSION,		/* that can be used */
	TC_MSIZE_TOO_SMALL,	/* than @least */
};

/**
 * tc_greet - what the answer to Tversion means
 * @asked: what was asked for
 * @fall_back: whether plain 9P2000.L will do, too
 * @reply: np_decode() has taken it: Rversion or Rlerror; or NULL: it was refused
 * @least: the least msize
 * @agreed: set for TC_AGREED
 *
 * Return: see there.
 */
enum tc_greeting tc_greet(const struct tc_agreed *asked, bool fall_back,
			  const struct np_msg *reply, uint32_t least,
			  struct tc_agreed *agreed);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NINEP_CLIENT_CORE_H */
