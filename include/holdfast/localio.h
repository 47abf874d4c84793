/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry of localio (holdfast_localio): how a client finds out that its server is
 * in the same kernel, and uses the server's files without the network, for as long as
 * the server likes.  It knows of no protocol.  Documentation/localio.md has the design
 * and, for authors of servers, a walk through samples/localfile.c.
 *
 * A *server* registers a table of operations.  A *client*, a mount, draws an id, sends
 * it by its own protocol, and the server that finds it here answers with another
 * number, which comes back the same way.  Then there is a *link* between this client
 * and this *session* of the server's, whatever the server takes for one.
 *
 * Nothing is pinned.  A link keeps no module, namespace, mount or file busy while it is
 * not in use: it is used between hf_localio_tryget_rcu() and hf_localio_put_rcu(), for
 * one call or one I/O, and who ends it waits for these and for nothing else.  The
 * pattern, on which everything rests:
 *
 *	rcu_read_lock();					1
 *	link = rcu_dereference(client->link);
 *	if (link && !hf_localio_tryget_rcu(link))
 *		link = NULL;
 *	rcu_read_unlock();
 *	if (!link)
 *		goto wire;
 *	err = hf_localio_open(link, key, len, mode, &lf);	2: a reference, no RCU
 *	rcu_read_lock();					3: on success, too
 *	hf_localio_put_rcu(link);
 *	rcu_read_unlock();
 *
 * I/O does 1 and 3 around itself, with lf->link in the place of client->link; an
 * asynchronous one keeps the reference until its completion.
 *
 * Locks: the registry's own spinlocks are taken by all calls but init, tryget, put,
 * count, generation and fall_back, in process context; so the caller may hold anything but
 * what is taken in interrupts or softirqs, and a spinlock only where a call does not
 * sleep.  No operation of a server, and nothing of a client's, is called under them.
 */
#ifndef HOLDFAST_LOCALIO_H
#define HOLDFAST_LOCALIO_H

#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <holdfast/localio_types.h>

struct hf_localio_client;
struct hf_localio_link;
struct hf_localio_server;

/* Bytes of an id, and of an answer; they are sent as they are. */
#define HF_LOCALIO_SECRET 16

/* ------------------------------------------------------------------------- servers */

/**
 * struct hf_localio_opened - what a server lends
 * @file: used with a reference to the link only, as it was opened: its mode, its flags
 *	and its credentials count.  It is never referred to (get_file()), nor mapped
 * @cookie: the server's, for ->close()
 * @dio_mem_align: of a direct I/O's memory, in bytes; 0: there is no direct I/O
 * @dio_offset_align: of its offset and length, in bytes
 */
struct hf_localio_opened {
	struct file *file;
	void *cookie;
	u32 dio_mem_align;
	u32 dio_offset_align;
};

/**
 * struct hf_localio_ops - what a server does
 * @name: one word, for /proc and tracepoints
 * @open: lend what @key, of @len bytes, stands for in @session; @mode is FMODE_READ,
 *	FMODE_WRITE or both, and @out is zeroes.  The protocol's own checks were made
 *	when the key was given out, and @mode is to be one of those that it was given
 *	out for.  0, or an error, of which @close is not called.  Context: may sleep; a
 *	reference is held, so no client's lock may be waited for that is held for I/O
 * @close: @open's end, once for each: nobody uses the file any more.  When it returns
 *	nothing of the file is left to do: what has to be closed was closed, by
 *	__fput_sync() or the like, not put onto a list.  Context: may sleep; a client's
 *	close, with a reference, so as for @open; or a work item
 * @session_put: drop the reference that hf_localio_attach() was given.  The last call
 *	for a link; what was opened through it has been closed.  Context: may sleep;
 *	a work item
 *
 * The table is the server's and is never copied: nothing of it is read, and no operation
 * runs, when hf_localio_server_wait() has returned 0.
 */
struct hf_localio_ops {
	const char *name;
	int (*open)(void *session, const void *key, u32 len, fmode_t mode,
		    struct hf_localio_opened *out);
	void (*close)(void *cookie);
	void (*session_put)(void *session);
};

/**
 * hf_localio_server_start - a server from now on
 * @ops: its operations; all of them are needed
 *
 * It holds no module and no namespace; the caller sees to its end, by
 * hf_localio_server_wait(), before @ops goes.
 *
 * Context: may sleep.
 * Return: the server; ERR_PTR(-ENOMEM); ERR_PTR(-EINVAL) for a table with holes.
 */
struct hf_localio_server *hf_localio_server_start(const struct hf_localio_ops *ops);

/**
 * hf_localio_attach - a client has sent an id
 * @server: the server
 * @id: HF_LOCALIO_SECRET bytes, as they came
 * @session: by which they came; the caller's reference to it is the link's if this
 *	succeeds, and ->session_put()s, perhaps before this has returned
 * @answer: filled if this succeeds: HF_LOCALIO_SECRET bytes, for the client alone
 *
 * An id is good for one try, of whoever brings it.  The link is not used before the
 * client has compared the answer.
 *
 * A session that can lose the right to this (its connection ends, its export is closed)
 * marks itself first and calls hf_localio_session_end() then; and who attaches looks for
 * the mark after this has returned, and if there is one calls that as well.
 *
 * Context: may sleep.
 * Return: 0; -ENOENT: nobody here waits for that; -ESHUTDOWN: the server was killed;
 * -ENOMEM; -EINVAL without a session.
 */
int hf_localio_attach(struct hf_localio_server *server, const u8 *id, void *session, u8 *answer);

/**
 * hf_localio_session_end - end the links of a session
 * @server: the server
 * @session: as it was attached
 *
 * For the end of a connection, and for a change of what it may do, before that change
 * is confirmed.  Their clients get no reference from here on, but for who is in step 1.
 * Those that have one, or get it so, are not waited for: ->session_put() comes, for each
 * link, when they are done, and who has to know that waits for it.
 *
 * Context: process; does not sleep, waits for nothing.
 */
void hf_localio_session_end(struct hf_localio_server *server, const void *session);

/**
 * hf_localio_server_kill - end all links of a server, and make no new ones
 * @server: the server
 *
 * For the end of a network namespace (pre_exit), whose work may not wait for I/O; and
 * the first part of a stop.  Does nothing if it was called before.
 *
 * Context: process; does not sleep, waits for nothing.
 */
void hf_localio_server_kill(struct hf_localio_server *server);

/**
 * hf_localio_server_wait - the end of a server
 * @server: the server; freed if this returns 0
 *
 * Kills it, if it was not yet, and waits until what runs has ended: I/O in flight,
 * calls of operations.  It needs no client for that.  One call at a time; no other call
 * on @server may run, or begin.
 *
 * Context: may sleep; from none of its operations.
 * Return: 0; or -ERESTARTSYS if the caller was killed: it is to be called again, by
 * anybody.
 */
int hf_localio_server_wait(struct hf_localio_server *server);

/**
 * hf_localio_server_wait_forever - the same, for a module's exit
 * @server: the server; freed
 *
 * Context: as hf_localio_server_wait(); cannot be killed.
 */
void hf_localio_server_wait_forever(struct hf_localio_server *server);

/* ------------------------------------------------------------------------- clients */

/**
 * struct hf_localio_client - a mount's part; the client embeds it
 * @link: for step 1; NULL if there is none
 * @name: I: for /proc and tracepoints; a blank or a newline in it is shown as it is
 * @core: private
 */
struct hf_localio_client {
	struct hf_localio_link __rcu *link;
	const char *name;
	struct lo_client core;
};

/**
 * struct hf_localio_file - an open file of the server's
 * @link: for step 1; NULL if the server has closed it
 * @file: see struct hf_localio_opened: to be used with a reference to @link only
 * @dio_mem_align: I: likewise
 * @dio_offset_align: I: likewise
 * @cookie: private
 * @core: private
 * @rcu: private
 */
struct hf_localio_file {
	struct hf_localio_link __rcu *link;
	struct file *file;
	u32 dio_mem_align;
	u32 dio_offset_align;
	void *cookie;
	struct lo_file core;
	struct rcu_head rcu;
};

/**
 * hf_localio_client_init - a client that has no link
 * @client: filled
 * @name: one word; kept until hf_localio_client_fini()
 *
 * Context: any.
 */
void hf_localio_client_init(struct hf_localio_client *client, const char *name);

/**
 * hf_localio_client_begin - look for the server, if it is time to
 * @client: the client
 * @id: filled if this returns true: HF_LOCALIO_SECRET bytes, to be sent to the server
 *
 * Cheap if it is not time: there is a link, or another task is about it, or has been
 * within the last five seconds.  So each I/O that goes by the wire may ask.
 *
 * Context: process; does not sleep.
 * Return: whether to send; then hf_localio_client_end() follows.
 */
bool hf_localio_client_begin(struct hf_localio_client *client, u8 *id);

/**
 * hf_localio_client_end - the server has answered, or will not
 * @client: after hf_localio_client_begin()
 * @answer: HF_LOCALIO_SECRET bytes; NULL: a refusal, an error, no answer
 *
 * Context: process; does not sleep.
 * Return: 0: there is a link; -ENOENT: no server here has been asked, or it has ended
 * that again; -EPERM: who has attached is not who has answered, or nobody has answered
 * though somebody has attached, and is rid of it.
 */
int hf_localio_client_end(struct hf_localio_client *client, const u8 *answer);

/**
 * hf_localio_client_fini - the client's end
 * @client: the caller's again; NULL in @link
 *
 * Ends its link.  I/O in flight and open files go on as after any link's end.  No other
 * call on @client may run, or begin; that includes step 1, but for readers that have
 * come so far: @client is freed after a grace period if there can be such.
 *
 * Context: process; does not sleep.
 */
void hf_localio_client_fini(struct hf_localio_client *client);

/**
 * hf_localio_tryget_rcu - step 1: a reference to a link
 * @link: from an RCU pointer, in the same section
 *
 * Context: any, under RCU.
 * Return: false if the link has ended.
 */
bool hf_localio_tryget_rcu(struct hf_localio_link *link) __must_hold(RCU);

/**
 * hf_localio_get - another reference, of who has one
 * @link: a link
 *
 * For who starts what completes by itself: the completion's is put perhaps before the call
 * has returned.
 *
 * Context: any.
 */
void hf_localio_get(struct hf_localio_link *link);

/**
 * hf_localio_put_rcu - step 3: drop it
 * @link: a link
 *
 * Context: any, interrupts as well, under RCU: the text that this returns to may be of
 * a module that only a reader keeps.
 */
void hf_localio_put_rcu(struct hf_localio_link *link) __must_hold(RCU);

/**
 * hf_localio_open - step 2: open a file
 * @link: with a reference, which stays the caller's
 * @key: which one, in the words of client and server
 * @len: bytes of @key
 * @mode: FMODE_READ, FMODE_WRITE or both
 * @lf: set to the file; hf_localio_close() is its end, whatever becomes of the link
 *
 * Context: may sleep; no RCU.
 * Return: 0; -ENOMEM; -EINVAL; what the server says.
 */
int hf_localio_open(struct hf_localio_link *link, const void *key, u32 len, fmode_t mode,
		    struct hf_localio_file **lf);

/**
 * hf_localio_close - the end of hf_localio_open()
 * @lf: freed, after a grace period
 *
 * Needs no reference, nor that there is a link.  No other close of @lf may run, or begin.
 * As long as the link lives no I/O on @lf is in flight, and nobody may come to step 1 for
 * it; once that has ended there may be both: who finds @lf by a pointer under RCU and has
 * got a reference by its link may use it until he puts that.
 *
 * Context: may sleep; no RCU; not in reclaim, nor with a lock that I/O waits for: a file
 * of the server's is closed, with all that its filesystem does then.
 */
void hf_localio_close(struct hf_localio_file *lf);

/**
 * hf_localio_count - bytes went by a link
 * @link: with a reference
 * @write: to the server, or else from it
 * @bytes: how many
 *
 * For /proc/fs/holdfast/localio.
 *
 * Context: any.
 */
void hf_localio_count(struct hf_localio_link *link, bool write, size_t bytes);

/**
 * hf_localio_generation - how many links a client has lost
 * @client: the client
 *
 * Who has got no reference reads a number that counts the link that has ended: what was
 * cached under another number is not to be believed.
 *
 * Context: any.
 * Return: the number.
 */
static inline u32 hf_localio_generation(const struct hf_localio_client *client)
{
	smp_rmb();	/* after the link's end was seen: hf_localio_link_kill_locked() */
	return READ_ONCE(client->core.generation);
}

/**
 * hf_localio_fall_back - an operation goes by the wire
 * @client: whose
 * @why: a word or two
 *
 * Counts it, and traces it.
 *
 * Context: any.
 */
void hf_localio_fall_back(const struct hf_localio_client *client, const char *why);

#endif /* HOLDFAST_LOCALIO_H */
