/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a connection, and of its requests, among themselves. */
#ifndef HF9_CONNECTION_H
#define HF9_CONNECTION_H

#include "server.h"

struct socket;

/* Bits of hf9_connection.flags. */
enum {
	HF9_DEAD,	/* it is ended, or is being ended: once */
	HF9_AGREED,	/* a version was agreed on */
	HF9_CUT,	/* it was shut down, and its own threads are to end it */
};

#define HF9_FIRST_MSIZE		8192	/* until a Tversion says */
#define HF9_MSIZE_LEAST		4096
#define HF9_MSIZE_MOST		(1u << 20)
#define HF9_VERSION_TIME	(10 * HZ)
#define HF9_ATTACH_TIME		(30 * HZ)
#define HF9_MEMORY_TIME		(HZ / 50)

/* ------------------------------------------------------------- connection.c */

/**
 * hf9_connection_new - a peer has connected
 * @listener: to whom
 * @sock: of it; the connection's, unless this fails
 *
 * Context: the listener's work.
 * Return: 0; -ENOMEM; -EBUSY: there are too many; what the socket says.
 */
int hf9_connection_new(struct hf9_listener *listener, struct socket *sock);

/* Whoever calls it has a reference. */
static inline bool hf9_connection_is_dead(const struct hf9_connection *connection)
{
	return test_bit(HF9_DEAD, &connection->flags);
}

static inline struct hf9_connection *hf9_connection_get(struct hf9_connection *connection)
{
	kref_get(&connection->ref);
	return connection;
}

/* Context: may sleep. */
void hf9_connection_put(struct hf9_connection *connection);

/**
 * hf9_connection_end - no message comes, and no reply goes
 * @connection: with a reference of the caller's
 * @why: for people
 *
 * What waits is cancelled.  Safe twice; the second one may return before the first
 * is done.
 *
 * Context: may sleep, but not for a peer.  No lock held, no callback of the link's.
 */
void hf9_connection_end(struct hf9_connection *connection, const char *why);

/* ----------------------------------------------------------------- read.c */

extern const struct hf_link_ops hf9_link_ops;

/* The caller is the reader, until this returns. */
void hf9_connection_read(struct hf9_connection *connection);

/* -------------------------------------------------------------- schedule.c */

/* There may be something to read, to send, or to find out.  Any context. */
void hf9_connection_readable(struct hf9_connection *connection);

/* A request can run.  Any context; hf9_connection.lock may be held. */
void hf9_request_queue(struct hf9_request *request);

/* Its threads are those of @pool from now on. */
void hf9_connection_move(struct hf9_connection *connection, struct hf9_pool *pool);

/* The caller is not the reader any more; @more: there may be more to read. */
void hf9_reader_leaves(struct hf9_connection *connection, bool more);

/* A piece of work for it, by a thread of @pool; with a reference that this puts. */
void hf9_connection_serve(struct hf9_connection *connection,
			  const struct hf9_pool *pool);

/* --------------------------------------------------------------- request.c */

/* Of all connections: what their requests count for, and may at the most. */
struct hf9_in_flight {
	atomic64_t bytes;
	u64 most;			/* I: but for KUnit's suites */
};

extern struct hf9_in_flight hf9_in_flight;

int hf9_requests_init(void);
void hf9_requests_exit(void);

/*
 * For a message of @bytes bytes at @frame (of a payload message: its head), for
 * which @reserved bytes have been reserved: the request's, unless this fails.  NULL
 * without memory.
 */
struct hf9_request *hf9_request_new(struct hf9_connection *connection,
				    const void *frame, u32 bytes, u32 reserved);

/* In no session, or idle there.  What it still has goes. */
void hf9_request_free(struct hf9_request *request);

/*
 * Count @bytes for a request before it is made; @payload: it has one, or its reply.
 * False if the connection has too many: then it is told (held) when there is room
 * again.
 */
bool hf9_reserve(struct hf9_connection *connection, u32 bytes, bool payload);
void hf9_unreserve(struct hf9_connection *connection, u32 bytes);

/* --------------------------------------------------------------- session.c */

/*
 * A message is whole: into the session.
 * Return: HF_LINK_TAKEN: it is the connection's @arrived; HF_LINK_REFUSED: it is
 * freed, the connection is to end.
 */
enum hf_link_verdict hf9_request_begin(struct hf9_request *request);

/* What the operation had of fids goes back; @done: it has succeeded. */
void hf9_request_leave_fids(struct hf9_request *request, bool done);

/* Parked on a fid that is gone: they give up.  Then their locks. */
void hf9_fid_clunked(struct hf9_connection *connection, struct hf9_fid *fid);

/* Every fid goes: nothing runs. */
void hf9_fids_end(struct hf9_connection *connection);

/* ---------------------------------------------------------------- answer.c */

/* @request->error, or the reply, is there: send it.  Nothing of it is the caller's. */
void hf9_answer(struct hf9_request *request);

/* Cancelled, and the caller's: take back what it did, then tell who waits for that. */
void hf9_drop(struct hf9_request *request);

/* Parked once, and the caller's: it ends with @error. */
void hf9_give_up(struct hf9_request *request, int error);

/* Whatever is parked is cancelled: the session is dead, or begins anew. */
void hf9_cancel_all(struct hf9_connection *connection);

/* Makes the reply's head; -errno if it cannot be made. */
int hf9_encode(struct hf9_request *request);

/* --------------------------------------------------------------- control.c */

/* Tversion and Tflush, each whole.  As hf9_request_begin(). */
enum hf_link_verdict hf9_version(struct hf9_request *request);
enum hf_link_verdict hf9_version_again(struct hf9_connection *connection);
enum hf_link_verdict hf9_flush(struct hf9_request *request);
/* The reader's: a Tversion that waits, when the connection has ended. */
void hf9_version_drop(struct hf9_connection *connection);

/* -------------------------------------------------------------- dispatch.c */

/* Runs, parks, answers it. */
void hf9_request_run(struct hf9_request *request);

/* ------------------------------------------------------------------ park.c */

void hf9_park_init(struct hf9_request *request);

/*
 * Something is in the way of @request, @frozen or not.
 * Return: 0: try again at once; HF9_PARKED; -errno.
 */
int hf9_retry(struct hf9_request *request, bool frozen);

/* The caller has taken it out of the parked: its timer does not come any more. */
void hf9_unparked(struct hf9_request *request);

/* ---------------------------------------------------------------- attach.c */

/* The reader's, before a Tattach runs: the export that it names.  0 or -errno. */
int hf9_bind(struct hf9_request *request);

#endif /* HF9_CONNECTION_H */
