// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a link.  It begins in hf_localio_attach(), and ends once; nothing of it is
 * used again.  The count of its users is a percpu_ref: one is for being hooked, which
 * whoever unhooks the link drops by killing it, the others are between tryget and put.
 *
 * How a server stops, or a link ends, and why nothing can still come:
 *
 *  1. lo_server_stop(), under R: hf_localio_attach() refuses from here on.
 *  2. Each link is unhooked under R, from its server and its client at once, and killed
 *     under the same hold by whoever unhooked it: so once.  tryget fails from now on, but
 *     for those who were in it; these are counted when the per-CPU counts are summed,
 *     which is after a grace period.
 *  3. A file is added to the list by who has a reference; so none is after the last put.
 *  4. The last put, in a process, an interrupt, or RCU's callback that sums, queues the
 *     work, once.  It touches nothing of the link after that, and is in this module's
 *     text, as all puts are: so no text of a server's is returned to by it.
 *  5. The work takes the list, and closes what is in it.  No I/O is in flight, and no
 *     client's close, for both have a reference.
 *  6. It puts the session.  That is the last operation for this link.
 *  7. Under R it counts the server down, and wakes who waits, still under R: who sees
 *     that none is left sees it under R, so after the waker has done with the server.
 *     The server's memory and table are not touched after that.  The link's memory goes
 *     after a grace period, for readers may still be on their way to a tryget that
 *     fails, or to its lock (hf_localio_close()).
 *  8. With the last link counted no operation runs, and none can begin: each needs a
 *     reference, or is the work's before 7.
 *  9. So hf_localio_server_wait() frees the server, and its module can go: what waits for
 *     RCU then is this module's: memory, and a count's callback that returns from
 *     last_put(), for which its exit waits.
 *
 * This ends when the I/O in flight ends, and needs no client.  1 and 2 wait for nobody.
 */
#include <linux/slab.h>

#include "localio.h"
#include "stats.h"
#include "trace.h"

struct workqueue_struct *hf_localio_wq;

/* ----------------------------------------------------------------------- its users */

bool hf_localio_tryget_rcu(struct hf_localio_link *link)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a link is got outside of RCU");
	return percpu_ref_tryget_live_rcu(&link->ref);
}
EXPORT_SYMBOL_GPL(hf_localio_tryget_rcu);

void hf_localio_get(struct hf_localio_link *link)
{
	WARN_ONCE(percpu_ref_is_zero(&link->ref), "holdfast_localio: no reference\n");
	percpu_ref_get(&link->ref);
}
EXPORT_SYMBOL_GPL(hf_localio_get);

void hf_localio_put_rcu(struct hf_localio_link *link)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a link is put outside of RCU");
	percpu_ref_put(&link->ref);
}
EXPORT_SYMBOL_GPL(hf_localio_put_rcu);

void hf_localio_count(struct hf_localio_link *link, bool write, size_t bytes)
{
	this_cpu_add(link->bytes->count[write], bytes);
}
EXPORT_SYMBOL_GPL(hf_localio_count);

/* Of the percpu_ref: in any context, an interrupt too. */
static void last_put(struct percpu_ref *ref)
{
	struct hf_localio_link *link = container_of(ref, struct hf_localio_link, ref);

	WARN_ON_ONCE(!queue_work(hf_localio_wq, &link->work));
}

/*
 * @core was unhooked: nobody finds it any more.  A client who sees that, by the pointer
 * or by a tryget that fails, sees the generation that counts it, too.
 */
void hf_localio_link_kill_locked(struct lo_link *core, struct lo_client *whose,
				 enum hf_localio_end why)
{
	struct hf_localio_link *link = hf_localio_link_of(core);
	struct hf_localio_client *client = hf_localio_client_of(whose);

	lockdep_assert_held(&hf_localio_lock);
	smp_wmb();	/* pairs with hf_localio_generation() */
	RCU_INIT_POINTER(client->link, NULL);
	trace_hf_localio_end(link->id, client->name, why);
	hf_localio_count_event(ends);
	percpu_ref_kill(&link->ref);
}

/* ------------------------------------------------------------------------ its work */

/* Takes the list; from then on what is left to do is this work's. */
static enum lo_step next_step(struct hf_localio_link *link, struct lo_file **file)
{
	enum lo_step step;

	spin_lock(&hf_localio_lock);
	spin_lock(&link->lock);
	step = lo_link_step(&link->core, file);
	spin_unlock(&link->lock);
	spin_unlock(&hf_localio_lock);
	return step;
}

/*
 * If the client has not left, a NULL in @lf->link tells it that @lf is its own: it may
 * free it as soon as it reads that.
 */
static void file_closed(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	bool left;

	spin_lock(&link->lock);
	link->nr_files--;
	left = lo_link_closed(&link->core, &lf->core);
	if (!left)
		smp_store_release(&lf->link, NULL);	/* pairs with hf_localio_close() */
	spin_unlock(&link->lock);
	if (left)
		kfree_rcu(lf, rcu);
}

static void close_file(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	link->ops->close(lf->cookie);
	hf_localio_count_event(closed_by_end);
	file_closed(link, lf);
}

static void count_down(struct hf_localio_link *link)
{
	struct hf_localio_server *server;

	spin_lock(&hf_localio_lock);
	server = container_of(link->core.server, struct hf_localio_server, core);
	list_del(&link->all);
	trace_hf_localio_drained(link->id);
	if (lo_link_counted(&link->core))
		wake_up(&server->idle);
	spin_unlock(&hf_localio_lock);
}

static void free_parts(struct hf_localio_link *link)
{
	percpu_ref_exit(&link->ref);
	free_percpu(link->bytes);
}

static bool released(struct hf_localio_link *link)
{
	bool first;

	spin_lock(&hf_localio_lock);
	first = lo_link_released(&link->core);
	spin_unlock(&hf_localio_lock);
	return first;
}

static void end_work(struct work_struct *work)
{
	struct hf_localio_link *link = container_of(work, struct hf_localio_link, work);
	struct lo_file *file;

	if (WARN_ON_ONCE(!released(link)))
		return;
	for (;;) {
		switch (next_step(link, &file)) {
		case LO_STEP_CLOSE:
			close_file(link, hf_localio_file_of(file));
			break;
		case LO_STEP_SESSION:
			link->ops->session_put(link->core.session);
			break;
		case LO_STEP_COUNT:
			count_down(link);
			break;
		case LO_STEP_FREE:
			free_parts(link);
			kfree_rcu(link, rcu);
			return;
		case LO_STEP_INVALID:
			WARN_ONCE(1, "holdfast_localio: a link's work is lost\n");
			return;
		}
	}
}

/* ---------------------------------------------------------------- its begin, and else */

static u64 next_id(void)
{
	static atomic64_t last;

	return atomic64_inc_return(&last);
}

/* Of no server yet. */
struct hf_localio_link *hf_localio_link_alloc(const struct hf_localio_ops *ops)
{
	struct hf_localio_link *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (!link)
		return NULL;
	link->bytes = alloc_percpu(struct hf_localio_bytes);
	if (!link->bytes || percpu_ref_init(&link->ref, last_put, 0, GFP_KERNEL)) {
		free_percpu(link->bytes);
		kfree(link);
		return NULL;
	}
	spin_lock_init(&link->lock);
	INIT_WORK(&link->work, end_work);
	link->ops = ops;
	link->id = next_id();
	link->since = ktime_get();
	return link;
}

/* It has never been hooked: nobody has seen it. */
void hf_localio_link_free_unused(struct hf_localio_link *link)
{
	free_parts(link);
	kfree(link);
}
