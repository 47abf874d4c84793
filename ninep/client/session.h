/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The session of the 9P client: many requests at once on one connection, each with a
 * tag, and what becomes of those that nobody waits for any more.
 *
 * A *call* is a request and the room for its reply.  It is the session's from
 * hf9c_call_wait() or hf9c_call_start() on until it is over: answered, refused,
 * flushed, or overtaken by the end of the connection.  Nothing that a server says, or
 * does not say, leaves one open for longer than the connection lives; hf9c_abort()
 * ends that at once.
 *
 * Whoever stops waiting does not take back what was sent: a Tflush follows, and the tag
 * is not used again before its Rflush.  An answer that comes before the Rflush counts.
 * Pages that are sent stay as they are until one of the two is here: while the connection
 * lives the same bytes are never on the way twice.  Pages that are received into can be given back at once
 * (@may_discard): what comes for them then goes nowhere.
 *
 * Tags are for who has something to end (Tclunk, an unlock) even if all that others may
 * have are in use, and so on, see enum hf9c_class; a Tflush has one for each request.
 * A call for which there is none waits for it in the session, without a thread.
 *
 * Nothing is allocated for a call whose request has at most HF9C_HEAD bytes before its
 * payload and whose reply has no string (Tread, Twrite, Treaddir, Tclunk, Tgetattr, ...):
 * write-back goes on without memory.
 *
 * Order of locks: below everything of a filesystem.  hf9c_call_start(), _cancel() and
 * hf9c_abort() may sleep, but never for the server, so they are allowed under folios'
 * locks; hf9c_call_wait() waits for the server.
 */
#ifndef HF9C_SESSION_H
#define HF9C_SESSION_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uio.h>

#include <holdfast/ninep.h>

#include "core/client_core.h"

struct file;
struct net;
struct seq_file;
struct socket;
struct hf9c_session;

/* No msize below this is agreed on: a page and the head of the longest message around it. */
#define HF9C_MSIZE_LEAST	(PAGE_SIZE + NP_TWRITE_HEAD + 1)
#define HF9C_MSIZE_MOST		(16u << 20)

/* ------------------------------------------------------------------------ sessions */

/**
 * struct hf9c_session_options - how to begin
 * @msize: the longest message that is asked for, HF9C_MSIZE_LEAST to HF9C_MSIZE_MOST
 * @dialect: asked for first
 * @fall_back: ask for plain 9P2000.L if the server does not have @dialect
 * @soft: a call that has had no answer for @timeo ms is flushed, and fails with
 *	-ETIMEDOUT; a Tflush without an answer for so long ends the connection.
 *	Otherwise both wait as long as the connection lives.  (Locks that wait,
 *	HF9C_WAITING, are not timed, but their Tflush is)
 * @timeo: ms, 1 or more; Tversion is always given so long
 * @died: called once, when the connection has ended other than by
 *	hf9c_session_close(), and before the calls that are under way are over;
 *	@error is why, see hf9c_session_error().  No call can begin any more.  It may
 *	come before hf9c_session_open() has returned, but only if that succeeds.
 *	Context: process, GFP_NOFS; it may start and cancel calls, and abort; it may wait for
 *	nothing, and may not close the session.  Optional
 * @priv: for @died
 */
struct hf9c_session_options {
	u32 msize;
	enum np_dialect dialect;
	bool fall_back;
	bool soft;
	u32 timeo;
	void (*died)(void *priv, int error);
	void *priv;
};

/**
 * hf9c_session_open - agree on a version over a connection
 * @sock: connected, see hf9c_connect(); not the caller's any more, even if this fails
 * @options: only read here
 *
 * Waits for Rversion, killably, for @options->timeo at the most.
 *
 * Context: may sleep.
 * Return: the session, for hf9c_session_close(); or ERR_PTR: -EINVAL for options that
 * cannot be; -EPROTONOSUPPORT if the server has no version that may be used, or
 * insists on an msize of less than HF9C_MSIZE_LEAST; -ETIMEDOUT; -EINTR if it was
 * killed; -EPROTO; what hf_link_open() says; why the connection ended.
 */
struct hf9c_session *hf9c_session_open(struct socket *sock,
				       const struct hf9c_session_options *options);

/**
 * hf9c_session_close - the end of a session
 * @session: the session; gone when this returns.  NULL does nothing
 *
 * Every call that is left is over before it returns, with -EIO.  A call that is started
 * or waited for before this, and not over, needs no other care; but no call may begin,
 * nor be cancelled, beside it, or after it.  What was sent (a Tclunk, say) is
 * still delivered.
 *
 * Context: may sleep, but not for the server; from no ->done, ->left or ->died.
 */
void hf9c_session_close(struct hf9c_session *session);

/**
 * hf9c_abort - everything ends now
 * @session: the session
 *
 * Calls that are under way, and those that begin later, fail with -EIO, soon after this
 * returns.  For umount -f, the abort file, and who cannot go on.  Idempotent; beside
 * everything but hf9c_session_close().
 *
 * Context: may sleep, but not for the server; also from ->done, ->left and ->died.
 */
void hf9c_abort(struct hf9c_session *session);

/**
 * hf9c_session_error - why the connection has ended
 * @session: the session
 *
 * Context: any.
 * Return: 0 if it has not; -ECONNABORTED: hf9c_abort(); -ETIMEDOUT: a Tflush was not
 * answered; -EPROTO: the server has broken a rule; else see hf_link_error().  (Calls
 * fail with -EIO in all of these.)
 */
int hf9c_session_error(const struct hf9c_session *session);

/**
 * hf9c_session_dialect - what was agreed on
 * @session: the session
 */
enum np_dialect hf9c_session_dialect(const struct hf9c_session *session);

/**
 * hf9c_session_msize - the longest message
 * @session: the session
 *
 * Of it a Tread, Treaddir or Treaddirattr may ask for NP_RREAD_HEAD bytes less, a
 * Twrite bring NP_TWRITE_HEAD bytes less.
 */
u32 hf9c_session_msize(const struct hf9c_session *session);

/**
 * hf9c_session_credits - how many HF9C_DATA calls there may be at once
 * @session: the session
 *
 * More of them wait for a tag.  For hf_netfs_limits.subs.
 */
unsigned int hf9c_session_credits(const struct hf9c_session *session);

/**
 * hf9c_session_id - its number, as in tracepoints and the log
 * @session: the session
 */
u32 hf9c_session_id(const struct hf9c_session *session);

/**
 * hf9c_session_show - what is under way, for people
 * @session: the session
 * @m: where to; one line without a newline
 */
void hf9c_session_show(struct hf9c_session *session, struct seq_file *m);

/* --------------------------------------------------------------------------- calls */

/* Of a request: so much before its payload needs no memory. */
#define HF9C_HEAD	80

/* hf9c_call_wait(): the call is not the caller's any more. */
#define HF9C_LEFT	1

/**
 * struct hf9c_call - a request and its reply
 * @ask: the caller's: type, the type's fields, payload.count; the tag is the
 *	session's.  Strings have to stay until hf9c_call_wait() or _start() returns only
 * @payload: the caller's.  Of a Twrite: what is sent (ITER_SOURCE), payload.count bytes.
 *	Of a Tread, Treaddir, Treaddirattr: where it goes (ITER_DEST), with room for
 *	all that is asked for.  Of other requests not looked at.  Used as it is, and
 *	never advanced
 * @may_discard: the caller's: the @payload that a reply brings may be taken away from
 *	the network at any time, see hf9c_call_wait() and hf9c_call_cancel().  For pages
 *	of programs, and memory of the caller's own; of others' (kernel-backed
 *	iterators) it is not to be set
 * @keeps_payload: the caller's: @payload is memory that stays until the call is over,
 *	whoever waits: with a payload, too, @left counts then
 * @interruptible: the caller's: any signal ends hf9c_call_wait(), not just a kill.  For
 *	locks
 * @done: the caller's, of hf9c_call_start(): the call is over, once for each start that
 *	returned 0, and perhaps before that has returned.  It is the caller's again,
 *	so ->done may free it, put it, or start it anew.  Context: process, GFP_NOFS,
 *	no lock held; all other calls of the session wait meanwhile, so it waits for
 *	nothing: no hf9c_call_wait(), no folio's lock
 * @left: the caller's, of hf9c_call_wait(), or NULL: see there.  Context: as @done
 * @priv: the caller's
 * @error: result: 0: @reply is one of the request's own type; or negative: what Rlerror
 *	said; -EIO: the connection has ended, or the reply makes no sense; -EINTR:
 *	flushed, because the call was cancelled or the caller killed; -ETIMEDOUT:
 *	flushed, see hf9c_session_options.soft
 * @reply: result, if @error is 0.  Its strings are there until hf9c_call_release().  Of
 *	Rread, Rreaddir, Rreaddirattr: @reply.payload.count bytes have come, which may be
 *	fewer than were asked for
 *
 * All else is private.
 */
struct hf9c_call {
	struct np_msg ask;
	struct iov_iter payload;
	bool may_discard;
	bool keeps_payload;
	bool interruptible;
	void (*done)(struct hf9c_call *call);
	void (*left)(struct hf9c_call *call);
	void *priv;
	int error;
	struct np_msg reply;

	/* private: */
	struct tc_call core;
	struct completion over;
	struct list_head finished;	/* on the session's list of those that are over */
	struct list_head pooled;	/* on its list of those that nobody has */
	void *strings;			/* the reply's bytes, if it has strings */
	u32 strings_bytes;
	bool async;			/* ->done is called, nobody waits */
	bool deserted;			/* ->left is called, nobody waits any more */
	void *big;			/* a head that is longer than HF9C_HEAD */
	u32 head_bytes;
	u8 head[HF9C_HEAD];
};

/**
 * hf9c_call_init - a call that is to be filled
 * @call: any memory; zeroed, but for ask.type
 * @type: of the request
 *
 * Once a call is over its fields may also be changed and it may begin again without
 * this, after hf9c_call_release().
 */
void hf9c_call_init(struct hf9c_call *call, u8 type);

/**
 * hf9c_call_new - a call with memory of its own
 * @type: of the request
 *
 * hf9c_call_init() is done, and @left set to hf9c_call_free(): who is killed while it
 * waits may leave it behind, if nobody has to care for its outcome.
 *
 * Context: may sleep, GFP_NOFS.
 * Return: the call, for hf9c_call_free(); or NULL.
 */
struct hf9c_call *hf9c_call_new(u8 type);

/**
 * hf9c_call_free - hf9c_call_release(), and the call's own memory
 * @call: of hf9c_call_new(); or NULL
 */
void hf9c_call_free(struct hf9c_call *call);

/**
 * hf9c_call_wait - send a request and wait for its reply
 * @session: the session
 * @call: filled; the session's until this returns, and if HF9C_LEFT also afterwards
 *
 * Waits until it is killed (@interruptible: until there is any signal).  Then, if
 *
 * - it was not sent yet: nothing is, and this returns -EINTR;
 * - its reply brings a payload, with @may_discard: -EINTR at once, nobody writes to its
 *   pages any more;
 * - @left is set: HF9C_LEFT at once.  ->left is called when it is known how it ended, with
 *   @call->error and ->reply as always, and has the call then: it gives back what the
 *   server may have done (clunks a new fid, unlocks), and frees the call.  Until then
 *   a fid's number that the request was to use is not free.  (Of a call that has a
 *   @payload ->left is looked at only with @keeps_payload.)
 * - otherwise: a Tflush is sent, and this goes on to wait, for the reply or the Rflush,
 *   whichever comes first.  A server that answers neither keeps the caller
 *   until the connection ends: so who waits under a hard mount sets @left.
 *
 * Context: may sleep, for the server.
 * Return: @call->error, which is 0 or negative; or HF9C_LEFT.  Besides what is there:
 * -EMSGSIZE: the request is longer than the msize, or asks for more than that; -EINVAL,
 * -ENAMETOOLONG, -ENOENT: it cannot be sent, see np_encode(); -ENOMEM.
 */
int hf9c_call_wait(struct hf9c_session *session, struct hf9c_call *call);

/**
 * hf9c_call_start - send a request
 * @session: the session
 * @call: filled, with @done; the session's until that is called
 *
 * Context: may sleep, but not for the server.
 * Return: 0, and ->done is called; or what is wrong with the call (-EMSGSIZE, -EINVAL,
 * -ENAMETOOLONG, -ENOENT, -ENOMEM), or -EIO if the connection has ended: then it is
 * not.
 */
int hf9c_call_start(struct hf9c_session *session, struct hf9c_call *call);

/**
 * hf9c_call_cancel - a call is not wanted any more
 * @session: the session
 * @call: of hf9c_call_start(): memory that stays until this has returned, such as that of
 *	hf9c_io_get()
 * @priv: what @call->priv was when it was started
 *
 * Does nothing if it is over, or if it was started anew since, for another @priv (so
 * give each its own); nor twice.  Otherwise ->done comes: soon, with -EINTR, if it was
 * not sent yet, or is a Tread with @may_discard, to whose pages nobody writes any more
 * then; or else with the reply or, with -EINTR, the Rflush, whichever comes first.
 *
 * Context: may sleep, but not for the server.  Beside everything but
 * hf9c_session_close().
 */
void hf9c_call_cancel(struct hf9c_session *session, struct hf9c_call *call, void *priv);

/**
 * hf9c_call_release - the reply is not needed any more
 * @call: over; or never begun, then nothing happens
 *
 * Strings in @call->reply are gone.  Safe twice.  Calls of types whose reply has no
 * string (all but Treadlink, Tgetlock, Tgetlockx) need it not.
 *
 * Context: any.
 */
void hf9c_call_release(struct hf9c_call *call);

/**
 * hf9c_io_get - a call that was allocated with the session
 * @session: the session
 * @type: NP_TREAD, NP_TWRITE, ...
 *
 * For write-back, and whatever it waits for.  Its memory stays as long as the session.
 *
 * Context: any but interrupts.
 * Return: the call, initialised, for hf9c_io_put(); NULL if hf9c_session_credits()
 * of them are in use.
 */
struct hf9c_call *hf9c_io_get(struct hf9c_session *session, u8 type);

/**
 * hf9c_io_put - give it back
 * @session: the session
 * @call: of hf9c_io_get(), over or never begun; also from its ->done
 *
 * Context: any but interrupts.
 */
void hf9c_io_put(struct hf9c_session *session, struct hf9c_call *call);

/* ----------------------------------------------------------------------- addresses */

/**
 * enum hf9c_family - how to get there
 * @HF9C_INET: a number of IPv4 or IPv6, "192.0.2.1", "2001:db8::1", "fe80::1%eth0"
 * @HF9C_LOCAL: a path, or "@" and an abstract name (AF_UNIX)
 * @HF9C_VM: the number of a CID (vsock)
 */
enum hf9c_family { HF9C_INET, HF9C_LOCAL, HF9C_VM };

/**
 * hf9c_connect - a socket that is connected
 * @net: the network namespace, which the caller holds until hf9c_session_open() has
 *	returned; neither socket nor session hold it, and end with it
 * @family: what @address is
 * @address: names are not resolved
 * @port: of HF9C_INET and HF9C_VM, in the machine's byte order
 * @timeo: ms to wait at the most, 1 to INT_MAX
 *
 * Context: may sleep, interruptibly.
 * Return: the socket, for hf9c_session_open(); or ERR_PTR: -EINVAL if it is no address;
 * -ENAMETOOLONG; -ETIMEDOUT; -EINTR; what connect(2) says.
 */
struct socket *hf9c_connect(struct net *net, enum hf9c_family family, const char *address,
			    u32 port, u32 timeo);

/**
 * hf9c_connect_file - the connection behind a file descriptor
 * @file: what it refers to; its reference stays the caller's
 *
 * Whoever made it must not read from or write to it any more, nor change its options.
 * Messages are sent by the session's work alone, with the kernel's credentials.
 *
 * Return: the socket, for hf9c_session_open() or hf9c_disconnect(), with a reference to
 * @file; or ERR_PTR: -ENOTSOCK; -ESOCKTNOSUPPORT if it is no stream of TCP, AF_UNIX or
 * vsock; -ENOTCONN.
 */
struct socket *hf9c_connect_file(struct file *file);

/**
 * hf9c_disconnect - give up a socket that no session was made of
 * @sock: of hf9c_connect() or hf9c_connect_file()
 */
void hf9c_disconnect(struct socket *sock);

/* ------------------------------------------------------------------------- module */

/* module.c calls these. */
int hf9c_sessions_init(void);
void hf9c_sessions_exit(void);

#endif /* HF9C_SESSION_H */
