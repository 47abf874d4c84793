/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a session among themselves. */
#ifndef HF9C_SESSION_PRIVATE_H
#define HF9C_SESSION_PRIVATE_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <holdfast/ninep_link.h>

#include "session.h"

/* Requests in flight. */
#define HF9C_SLOTS	256
/* Of a Tflush. */
#define HF9C_TFLUSH	(NP_HEADER + 2)

/**
 * struct hf9c_slot - a tag, and what is sent under it
 * @out: the request, the link's while it is TC_UNSENT
 * @flush_out: its Tflush, while it is TC_FLUSH_UNSENT
 * @big: S: the request's head if it is longer than @head
 * @asked: S: bytes of payload that the reply may have
 * @head: the request's head
 * @flush: I: the Tflush
 *
 * I: set by hf9c_session_open(); S: under the session's lock.
 */
struct hf9c_slot {
	struct hf_link_out out, flush_out;
	void *big;
	u32 asked;
	u8 head[HF9C_HEAD];
	u8 flush[HF9C_TFLUSH];
};

/**
 * struct hf9c_hello - one Tversion
 * @out: the message
 * @asked: I: what it asks for
 * @agreed: what came of it, if @says is TC_AGREED
 * @answered: there was an answer, before @over
 * @says: enum tc_greeting, if @answered
 * @over: the answer has come, or the connection has ended
 * @bytes: the message
 */
struct hf9c_hello {
	struct hf_link_out out;
	struct tc_agreed asked, agreed;
	bool answered;
	enum tc_greeting says;
	struct completion over;
	u8 bytes[32];
};

/**
 * struct hf9c_session - a connection and its calls
 * @link: the connection
 * @lock: of what is marked S.  Plain: no callback of a socket takes it.  Nothing is
 *	called under it but the core, and what puts into the link's queue
 * @table: S: which tag is whose
 * @slots: S: what is sent, by tag
 * @core_slots: S: @table's
 * @finished: S: calls that are over, and not told so yet
 * @pool: S: calls that nobody has got
 * @pooled: I: their memory
 * @work: the receiver: all that comes, and the end of every call
 * @clock: what is overdue
 * @armed: S: when @clock runs, by the core's time; U64_MAX: it does not
 * @users: threads in here, and calls that are not over; one is the session's own
 * @idle: there is none of them
 * @options: I: the caller's
 * @dialect: I: that was agreed on
 * @msize: I: likewise
 * @by_work: I: nobody but @work sends: the socket is a program's, see hf9c_push()
 * @id: I: for people
 * @error: A: 0, or why it has ended; set once
 * @closing: A: nobody is told of the end
 * @dead: R: the end was seen to
 * @reply: R: the last message
 * @hello: H: the Tversions
 * @expected: S: the one that is not answered yet; or NULL
 *
 * I: set before it is anybody's; A: atomic; R: of @work; H: of hf9c_session_open().
 */
struct hf9c_session {
	struct hf_link link;
	spinlock_t lock;
	struct tc_table table;
	struct hf9c_slot *slots;
	struct tc_slot *core_slots;
	struct list_head finished;
	struct list_head pool;
	struct hf9c_call *pooled;
	struct work_struct work;
	struct delayed_work clock;
	u64 armed;
	refcount_t users;
	struct completion idle;
	struct hf9c_session_options options;
	enum np_dialect dialect;
	u32 msize;
	bool by_work;
	u32 id;
	int error;
	bool closing;
	bool dead;
	struct np_msg reply;
	struct hf9c_hello hello[2];
	struct hf9c_hello *expected;
};

static inline struct hf9c_session *hf9c_session_of(struct hf_link *link)
{
	return container_of(link, struct hf9c_session, link);
}

/* The core's time. */
static inline u64 hf9c_now(void)
{
	return ktime_to_ms(ktime_get());
}

/* ---------------------------------------------------------------- session.c */

extern struct workqueue_struct *hf9c_session_wq;

/* From here on the session stays, until hf9c_leave(). */
static inline void hf9c_enter(struct hf9c_session *session)
{
	refcount_inc(&session->users);
}

static inline void hf9c_leave(struct hf9c_session *session)
{
	if (refcount_dec_and_test(&session->users))
		complete(&session->idle);
}

/* The receiver has something to do. */
static inline void hf9c_kick(struct hf9c_session *session)
{
	queue_work(hf9c_session_wq, &session->work);
}

/*
 * What is queued goes out.  On a program's socket a thread that happens to need a file
 * sends nothing itself: whether it may is asked of its own credentials, and a refusal
 * ends the connection for all; and if it is in a receive of that very socket, into a
 * page of the mount, it has the lock that the send needs.
 */
static inline void hf9c_push(struct hf9c_session *session)
{
	if (session->by_work)
		hf9c_kick(session);
	else
		hf_link_push(&session->link);
}

/* It ends, for @error. */
void hf9c_end(struct hf9c_session *session, int error);

/* ------------------------------------------------------------------- greet.c */

int hf9c_greet(struct hf9c_session *session);
/* A message before a version was agreed on; in ->message.  False: none was expected. */
bool hf9c_is_greeting(struct hf9c_session *session);
enum hf_link_verdict hf9c_greeted(struct hf9c_session *session, const void *frame,
				  u32 bytes);
/* The connection has ended. */
void hf9c_no_greeting(struct hf9c_session *session);

/* -------------------------------------------------------------------- send.c */

void hf9c_slots_init(struct hf9c_session *session);
/* Under the lock, after the core has said so. */
void hf9c_queue_request(struct hf9c_session *session, struct hf9c_call *call);
void hf9c_queue_flush(struct hf9c_session *session, u16 tag);
/* Those who have waited for a tag that is free now.  Return: whether there were any. */
bool hf9c_promote(struct hf9c_session *session);

/* ----------------------------------------------------------------- receive.c */

extern const struct hf_link_ops hf9c_link_ops;
/* The end of calls, in the receiver. */
void hf9c_finish_all(struct hf9c_session *session);
/* Under the lock: the call is over, the receiver is to say so. */
void hf9c_add_finished(struct hf9c_session *session, struct hf9c_call *call);

static inline struct hf9c_call *hf9c_call_of(struct tc_call *core)
{
	return container_of(core, struct hf9c_call, core);
}

/* ------------------------------------------------------------------- clock.c */

void hf9c_clock(struct work_struct *work);
/* Under the lock: something is timed now. */
void hf9c_arm(struct hf9c_session *session);

/* -------------------------------------------------------------------- call.c */

static inline bool hf9c_has_payload(const struct hf9c_call *call)
{
	return call->ask.type == NP_TWRITE || tc_room_for(call->ask.type) == TC_PAYLOAD;
}

#endif /* HF9C_SESSION_PRIVATE_H */
