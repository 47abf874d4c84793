/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of localio's core: which link a client has, what ends it, and what is
 * done then, in which order.  Documentation/localio.md has the design; link.hpp the
 * states.  Valid as C11 and as C++20.
 *
 * What counts the users of a link, a percpu_ref, is the shell's, and so is RCU: the core
 * says when a link is killed, and is told when its last reference was put.  Getting and
 * putting one asks nothing of the core.
 *
 * Locking.  The core takes no lock.  Its caller holds the registry's spinlock for what is
 * of servers, clients and links; for what is of files the link's, which is inside it.
 * No operation of a server's is called under either.
 *
 * Memory.  It allocates nothing: a lo_server, a lo_client, a lo_link and a lo_file are
 * embedded in the shell's own, and come in with only their state set (or all zero).
 *
 * Time: any count of ms that never goes back.  Random numbers come in.
 *
 * What the state of a thing forbids is a LO_..._INVALID, false or NULL, and changes
 * nothing: a fault of the caller, which wants a warning.
 */
#ifndef HF_LOCALIO_CORE_H
#define HF_LOCALIO_CORE_H

#include <holdfast/localio_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------- servers */

/* @server is down, or any memory with that state.  False if it is not. */
bool lo_server_start(struct lo_server *server);

/**
 * lo_server_stop - no link is made any more
 * @server: it is up; or is being stopped, then this does nothing
 *
 * Then lo_server_end_link() until there is none.
 * Return: false if it is neither.
 */
bool lo_server_stop(struct lo_server *server);

/**
 * lo_server_end_link - unhook one of its links
 * @server: up, or being stopped
 * @session: of this session alone; NULL: of any
 * @client: set to whose it was: its RCU pointer is to be cleared; else NULL
 *
 * For lo_server_stop(), for the end of a session, for a change of what a session may.
 *
 * Return: a link that is to be killed, by the caller, under the lock still; or NULL.
 */
struct lo_link *lo_server_end_link(struct lo_server *server, const void *session,
				   struct lo_client **client);

/**
 * lo_server_drained - whether a stop is over
 * @server: being stopped
 *
 * Return: true: no operation of it runs, none can begin, and nothing refers to @server,
 * whose memory is the caller's.
 */
bool lo_server_drained(struct lo_server *server);

/* ------------------------------------------------------------------------- clients */

enum lo_begun {
	LO_SAY = 0,		/* the id goes over the wire; lo_client_end() follows */
	LO_NOT_NOW,		/* linked, under way, or too soon after the last time */
	LO_ID_IN_USE,		/* draw another one */
	LO_BEGUN_INVALID,	/* an id of zero; the client is finished */
};

/**
 * lo_client_begin - a handshake, if it is time for one
 * @registry: where servers look
 * @client: any
 * @id: random
 * @now: the time
 * @wait: until the next one, if this gives no link
 *
 * Return: see there.
 */
enum lo_begun lo_client_begin(struct lo_registry *registry, struct lo_client *client,
			      const struct lo_secret *id, uint64_t now, uint32_t wait);

enum lo_attached {
	LO_ATTACHED = 0,	/* @link is hooked; its session is referred to */
	LO_NO_SUCH_ID,		/* of this kernel, or not any more */
	LO_NOT_UP,
	LO_ATTACH_INVALID,	/* an answer of zero, no session, a link that is not free */
};

/**
 * lo_attach - a server was sent an id
 * @registry: where clients are
 * @server: the server
 * @id: what it was sent
 * @link: free; with a reference count of one
 * @session: the session that it came by, whose export and credentials count
 * @answer: random; what the server answers for LO_ATTACHED
 *
 * The id is used up.  Nobody can use the link before lo_client_end().
 * Return: see there.
 */
enum lo_attached lo_attach(struct lo_registry *registry, struct lo_server *server,
			   const struct lo_secret *id, struct lo_link *link,
			   void *session, const struct lo_secret *answer);

enum lo_ended {
	LO_USABLE = 0,		/* client->link goes into the RCU pointer */
	LO_NO_LINK,		/* nobody here has answered, or that has ended */
	LO_WRONG_ANSWER,	/* who has answered is somebody else: @kill */
	LO_ENDED_INVALID,	/* no handshake is under way */
};

/**
 * lo_client_end - the handshake is over
 * @client: after LO_SAY
 * @answer: what came over the wire; NULL: a refusal, an error, no answer
 * @kill: a link that is to be killed, under the lock still; or NULL
 *
 * Return: see there.
 */
enum lo_ended lo_client_end(struct lo_client *client, const struct lo_secret *answer,
			    struct lo_link **kill);

/**
 * lo_client_finish - the client goes away
 * @client: any; of a handshake that is under way lo_client_end() is not called any more
 *
 * Return: a link that is to be killed, under the lock still, the RCU pointer cleared;
 * or NULL.  Nothing refers to @client then.
 */
struct lo_link *lo_client_finish(struct lo_client *client);

/* --------------------------------------------------------------------------- files */

/**
 * lo_file_add - a file was opened
 * @link: the caller has a reference
 * @file: any memory; it has two counts, the client's and the list's
 *
 * Context: the link's lock.
 * Return: false, with nothing changed, if the link's work has taken the list: then the
 * caller had no reference.
 */
bool lo_file_add(struct lo_link *link, struct lo_file *file);

enum lo_leave {
	LO_LEAVE_CLOSE = 0,	/* off the list: ops->close(), put, free @file */
	LO_LEAVE_FREE,		/* it was closed by the link's work: free @file */
	LO_LEAVE_WORK,		/* the link's work closes it, and frees it */
	LO_LEAVE_INVALID,	/* the client has left already */
};

/**
 * lo_file_leave - the client closes a file
 * @file: one of its own
 * @has_reference: whether it got one of the file's link
 *
 * Context: the lock of the link that the shell's RCU pointer of @file leads to, taken
 * under RCU or with the reference; no lock if that is NULL, see lo_link_closed().
 * Return: see there.
 */
enum lo_leave lo_file_leave(struct lo_file *file, bool has_reference);

/* ---------------------------------------------------------------------- the end of a link */

/* Its last reference was put: the work is to be queued.  False: it was so already. */
bool lo_link_released(struct lo_link *link);

enum lo_step {
	LO_STEP_CLOSE = 0,	/* ops->close() of @file; then lo_link_closed() */
	LO_STEP_SESSION,	/* ops->session_put() of link->session */
	LO_STEP_COUNT,		/* lo_link_counted() */
	LO_STEP_FREE,		/* free @link, after a grace period */
	LO_STEP_INVALID,	/* it was not released; or a file is being closed */
};

/**
 * lo_link_step - what its work does next
 * @link: released
 * @file: set for LO_STEP_CLOSE, else NULL
 *
 * Each of LO_STEP_SESSION, LO_STEP_COUNT and LO_STEP_FREE comes once, in this order.
 * Context: both locks.
 * Return: see there.
 */
enum lo_step lo_link_step(struct lo_link *link, struct lo_file **file);

/**
 * lo_link_closed - a file was closed, after LO_STEP_CLOSE
 * @link: the link
 * @file: the file
 *
 * If @file is not freed the shell clears its RCU pointer from @file to @link, with
 * release semantics and under the link's lock still: a client that reads NULL there has
 * the file to itself, and one that reads @link meets that lock.
 *
 * Return: whether the client has left, so that @file is to be freed.
 */
bool lo_link_closed(struct lo_link *link, struct lo_file *file);

/**
 * lo_link_counted - its server waits for it no more
 * @link: after LO_STEP_COUNT
 *
 * Return: whether somebody is to be woken who waits for lo_server_drained(); under the
 * lock still, for the server may be freed as soon as it is let go.
 */
bool lo_link_counted(struct lo_link *link);

/* ----------------------------------------------------------------------------- tests */

/* Each NULL, or what does not hold; for tests and for the debug build; O(n). */
const char *lo_registry_validate(const struct lo_registry *registry);
const char *lo_server_validate(const struct lo_server *server);
const char *lo_client_validate(const struct lo_client *client);
const char *lo_link_validate(const struct lo_link *link);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_LOCALIO_CORE_H */
