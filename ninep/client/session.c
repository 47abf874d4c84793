// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: owner of their life.
 *
 * Locks, each taken before those below it:
 *
 *	hf_link.placing		mutex	where a payload goes, see link.c
 *	hf9c_session.lock	spin	tags, and the order of what is sent
 *	hf_link.queue_lock	spin	the link's queue
 *
 * The receiver (@work) alone tells that a call is over, but for one that has sent
 * nothing, or whose payload was taken back, and that somebody waits for: he does that
 * himself.  So whatever the receiver has found out of a call is there until it
 * says so.
 *
 * Why nothing of a session is used any more when hf9c_session_close() frees it:
 * 1. @closing is set, and hf_link_shutdown(): no ->ready any more, and each message that
 *    waited is told.  Nobody has begun a call since.
 * 2. @work sees the end and kills the table: every call is over at once, or when its
 *    bytes have left the link (1), and that queues @work again.
 * 3. @work is waited for: ->died is not running, and is not called any more.
 * 4. Each call has a use of the session until it was told that it is over, and each
 *    thread one while it is in here.  @idle is complete when none is left.
 * 5. The clock does not start again: nothing is timed in a dead table.  It is waited
 *    for, and then @work, which nothing queues any more.
 * 6. So nobody is in the link, which is released.
 */
#include <linux/err.h>
#include <linux/net.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "session_private.h"
#include "stats.h"
#include "trace.h"

struct workqueue_struct *hf9c_session_wq;

static atomic_t last_id;

/* ------------------------------------------------------------------- the end */

void hf9c_end(struct hf9c_session *session, int error)
{
	cmpxchg(&session->error, 0, error);
	hf_link_shutdown(&session->link);
	hf9c_kick(session);
}

void hf9c_abort(struct hf9c_session *session)
{
	hf9c_enter(session);
	hf9c_end(session, -ECONNABORTED);
	hf9c_leave(session);
}

/* Those that wait in the link are over with their ->sent. */
static void reap(struct hf9c_session *session)
{
	struct tc_call *core;

	spin_lock(&session->lock);
	while ((core = tc_reap(&session->table)))
		hf9c_add_finished(session, hf9c_call_of(core));
	spin_unlock(&session->lock);
}

/* What is wrong with a message the receiver has said; this is what was none. */
static void tell_fault(struct hf9c_session *session)
{
	static const char * const faults[] = {
		[NP_FRAME_SHORT] = "a message is shorter than its head",
		[NP_FRAME_LONG] = "a message is longer than the msize",
		[NP_FRAME_UNFIT] = "a message without payload is longer than any may be",
		[NP_FRAME_WRONG_WAY] = "a request of the server's",
		[NP_FRAME_COUNT] = "a payload is not as long as its message says",
		[NP_FRAME_TOO_MUCH] = "more was answered than asked for",
	};
	unsigned int fault = hf_link_fault(&session->link);

	if (!fault || WARN_ON_ONCE(fault >= ARRAY_SIZE(faults)))
		return;
	hf9c_count(malformed);
	pr_warn_ratelimited("holdfast: 9P session %u: fault %u: %s\n", session->id, fault,
			    faults[fault]);
}

static void tell(struct hf9c_session *session)
{
	int error = hf9c_session_error(session);

	tell_fault(session);
	trace_hf9c_session(session->id, "dead", error);
	if (READ_ONCE(session->closing) || hf9c_is_greeting(session))
		return;
	hf9c_count(deaths);
	pr_notice_ratelimited("holdfast: 9P session %u has ended: %d\n", session->id, error);
	if (session->options.died)
		session->options.died(session->options.priv, error);
}

static void bury(struct hf9c_session *session)
{
	session->dead = true;
	cmpxchg(&session->error, 0, hf_link_error(&session->link));
	hf_link_shutdown(&session->link);
	spin_lock(&session->lock);
	tc_die(&session->table, -EIO);
	spin_unlock(&session->lock);
	tell(session);
	reap(session);
}

/* The link has ended.  Who asks for a version after that is told, too. */
static void die(struct hf9c_session *session)
{
	if (!session->dead)
		bury(session);
	hf9c_no_greeting(session);
}

/* -------------------------------------------------------------- the receiver */

/* Each message is seen through before the next one is looked at. */
static void receive_all(struct hf9c_session *session)
{
	enum hf_link_status status;

	do {
		hf_link_push(&session->link);
		status = hf_link_receive(&session->link, 1);
		hf9c_finish_all(session);
		cond_resched();
	} while (status == HF_LINK_AGAIN);
	if (status == HF_LINK_ENDED)
		die(session);
	hf9c_finish_all(session);
	/* Of what those have begun, or what has a tag now. */
	hf_link_push(&session->link);
}

/* Reclaim here could wait for an inode whose pages only this can give back. */
static void receive_work(struct work_struct *work)
{
	struct hf9c_session *session = container_of(work, struct hf9c_session, work);
	unsigned int nofs = memalloc_nofs_save();

	receive_all(session);
	memalloc_nofs_restore(nofs);
}

/* -------------------------------------------------------------------- memory */

static void free_session(struct hf9c_session *session)
{
	kvfree(session->pooled);
	kvfree(session->core_slots);
	kvfree(session->slots);
	kfree(session);
}

static bool make_arrays(struct hf9c_session *session, unsigned int credits)
{
	session->slots = kvcalloc(HF9C_SLOTS, sizeof(*session->slots), GFP_KERNEL);
	session->core_slots = kvcalloc(HF9C_SLOTS, sizeof(*session->core_slots), GFP_KERNEL);
	session->pooled = kvcalloc(credits, sizeof(*session->pooled), GFP_KERNEL);
	return session->slots && session->core_slots && session->pooled;
}

static void fill(struct hf9c_session *session, unsigned int credits)
{
	const struct hf9c_session_options *options = &session->options;
	u32 timeo = options->soft ? options->timeo : 0;
	struct tc_times times = { .answer = timeo, .flush = timeo };
	unsigned int i;

	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->finished);
	INIT_LIST_HEAD(&session->pool);
	INIT_WORK(&session->work, receive_work);
	INIT_DELAYED_WORK(&session->clock, hf9c_clock);
	session->armed = U64_MAX;
	refcount_set(&session->users, 1);
	init_completion(&session->idle);
	session->id = atomic_inc_return(&last_id);
	WARN_ON_ONCE(!tc_init(&session->table, session->core_slots, HF9C_SLOTS, &times));
	for (i = 0; i < credits; i++)
		list_add(&session->pooled[i].pooled, &session->pool);
	hf9c_slots_init(session);
}

static struct hf9c_session *make(const struct hf9c_session_options *options)
{
	unsigned int credits = tc_most(HF9C_SLOTS, TC_DATA);
	struct hf9c_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	session->options = *options;
	if (!make_arrays(session, credits)) {
		free_session(session);
		return NULL;
	}
	fill(session, credits);
	return session;
}

/* ---------------------------------------------------------------------- life */

static bool is_possible(const struct hf9c_session_options *options)
{
	return options->msize >= HF9C_MSIZE_LEAST && options->msize <= HF9C_MSIZE_MOST &&
	       (options->dialect == NP_DOTL || options->dialect == NP_HF1) &&
	       options->timeo && options->timeo <= INT_MAX;
}

static struct hf9c_session *open_link(struct socket *sock,
				      const struct hf9c_session_options *options)
{
	struct hf9c_session *session;
	int ret;

	if (!is_possible(options))
		return ERR_PTR(-EINVAL);
	session = make(options);
	if (!session)
		return ERR_PTR(-ENOMEM);
	session->by_work = !!sock->file;
	ret = hf_link_open(&session->link, sock, NP_CLIENT, options->msize, &hf9c_link_ops);
	if (!ret)
		return session;
	free_session(session);
	return ERR_PTR(ret);
}

struct hf9c_session *hf9c_session_open(struct socket *sock,
				       const struct hf9c_session_options *options)
{
	struct hf9c_session *session = open_link(sock, options);
	int ret;

	if (IS_ERR(session)) {
		hf9c_disconnect(sock);
		return session;
	}
	ret = hf9c_greet(session);
	if (ret) {
		hf9c_session_close(session);
		return ERR_PTR(ret);
	}
	hf9c_count(sessions);
	trace_hf9c_session(session->id, "open", session->dialect);
	return session;
}

/* See above. */
static void stop(struct hf9c_session *session)
{
	WRITE_ONCE(session->closing, true);
	hf9c_end(session, -ESHUTDOWN);
	flush_work(&session->work);
	hf9c_leave(session);
	wait_for_completion(&session->idle);
	cancel_delayed_work_sync(&session->clock);
	cancel_work_sync(&session->work);
}

void hf9c_session_close(struct hf9c_session *session)
{
	if (!session)
		return;
	stop(session);
	WARN_ON_ONCE(!tc_quiet(&session->table));
	hf_link_release(&session->link);
	trace_hf9c_session(session->id, "closed", session->error);
	free_session(session);
}

/* -------------------------------------------------------------- what is known */

int hf9c_session_error(const struct hf9c_session *session)
{
	return READ_ONCE(session->error);
}

enum np_dialect hf9c_session_dialect(const struct hf9c_session *session)
{
	return session->dialect;
}

u32 hf9c_session_msize(const struct hf9c_session *session)
{
	return session->msize;
}

unsigned int hf9c_session_credits(const struct hf9c_session *session)
{
	return tc_most(HF9C_SLOTS, TC_DATA);
}

u32 hf9c_session_id(const struct hf9c_session *session)
{
	return session->id;
}

void hf9c_session_show(struct hf9c_session *session, struct seq_file *m)
{
	u32 calls, tags;

	spin_lock(&session->lock);
	calls = session->table.nr_calls;
	tags = HF9C_SLOTS - session->table.nr_free;
	spin_unlock(&session->lock);
	seq_printf(m, "session %u %s msize %u calls %u tags %u error %d", session->id,
		   session->dialect == NP_HF1 ? NP_VERSION_HF1 : NP_VERSION_DOTL,
		   session->msize, calls, tags, hf9c_session_error(session));
}

/* -------------------------------------------------------------------- module */

int hf9c_sessions_init(void)
{
	hf9c_session_wq = alloc_workqueue("holdfast_9pc", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!hf9c_session_wq)
		return -ENOMEM;
	hf_counters_add(&hf9c_counters);
	return 0;
}

/* Each session has waited for what it had queued. */
void hf9c_sessions_exit(void)
{
	hf_counters_remove(&hf9c_counters);
	destroy_workqueue(hf9c_session_wq);
}
