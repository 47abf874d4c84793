// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a request: how it begins, who keeps it, and its one exit.
 *
 * It is kept by its issuer, by each subrequest until its folios have ended, by its
 * work item while that is queued, and by who cancels it.  Who lets go last goes through
 * end_req(), whose steps are the core's.  A request of write-back comes from a reserve
 * of its mount's, with all its subrequests: to free memory, no memory is needed.
 */
#include <linux/mempool.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "netfs.h"
#include "stats.h"
#include "trace.h"

/*
 * A mount's.  Each request that came from it keeps it: by the time that one's memory goes
 * back, by RCU, the mount may be gone.
 */
struct hf_netfs_reserve {
	refcount_t users;
	mempool_t *pool;
};

static atomic64_t last_id;

/* A run of write-back holds one; the other is for what waits for its answers. */
struct hf_netfs_reserve *hf_netfs_reserve_create(void)
{
	size_t size = struct_size_t(struct hf_netfs_req, subs, HF_NETFS_WRITE_SUBS);
	struct hf_netfs_reserve *reserve = kmalloc(sizeof(*reserve), GFP_KERNEL);

	if (!reserve)
		return NULL;
	refcount_set(&reserve->users, 1);
	reserve->pool = mempool_create_kmalloc_pool(2, size);
	if (reserve->pool)
		return reserve;
	kfree(reserve);
	return NULL;
}

/* Any context but interrupts. */
void hf_netfs_reserve_put(struct hf_netfs_reserve *reserve)
{
	if (!refcount_dec_and_test(&reserve->users))
		return;
	mempool_destroy(reserve->pool);
	kfree(reserve);
}

/* What is begun gets a place on its mount; refused when nothing goes out any more. */
static int enlist(struct hf_netfs_req *req)
{
	struct hf_netfs_mount *mount = req->ni->mount;
	int aborted;

	spin_lock(&mount->lock);
	list_add_tail(&req->on_mount, &mount->requests);
	aborted = mount->aborted;
	spin_unlock(&mount->lock);
	return aborted;
}

static struct hf_netfs_req *alloc_req(struct hf_netfs_mount *mount, enum rl_kind kind, u32 subs)
{
	struct hf_netfs_req *req;

	if (kind == RL_WRITEPAGES) {
		req = mempool_alloc(mount->reserve->pool, GFP_NOFS);
		memset(req, 0, struct_size(req, subs, HF_NETFS_WRITE_SUBS));
		req->reserve = mount->reserve;
		refcount_inc(&req->reserve->users);
		req->room = HF_NETFS_WRITE_SUBS;
		return req;
	}
	req = kvzalloc(struct_size(req, subs, subs), GFP_NOFS);
	if (req)
		req->room = subs;
	return req;
}

static void free_req(struct rcu_head *rcu)
{
	struct hf_netfs_req *req = container_of(rcu, struct hf_netfs_req, rcu);
	struct hf_netfs_reserve *reserve = req->reserve;

	if (!reserve) {
		kvfree(req);
		return;
	}
	mempool_free(req, reserve->pool);
	hf_netfs_reserve_put(reserve);
}

/* No further access to the inode after its count has fallen: it may be gone. */
void hf_netfs_io_end(struct hf_netfs_inode *ni)
{
	atomic_t *count = &ni->io_count;

	if (atomic_dec_and_test(count))
		wake_up_var(count);
}

static void drop_io_count(struct hf_netfs_req *req)
{
	struct hf_netfs_inode *ni = req->ni;

	req->ni = NULL;
	hf_netfs_io_end(ni);
}

static void unlist(struct hf_netfs_req *req)
{
	struct hf_netfs_mount *mount = req->ni->mount;

	spin_lock(&mount->lock);
	list_del(&req->on_mount);
	spin_unlock(&mount->lock);
}

/*
 * Some of it was lost: what of its folios is not dirty is read anew.  (What is whole by
 * now is sent, and what was lost with it.)
 */
static void drop_bad(struct hf_netfs_req *req)
{
	struct address_space *mapping = req->ni->vfs.i_mapping;
	u32 i;

	for (i = 0; i < req->nr_subs; i++) {
		const struct rl_sub *sub = &req->subs[i].core;

		if (sub->why != RL_WELL)
			hf_netfs_forget(mapping, sub->pos >> PAGE_SHIFT,
					(sub->pos + sub->len - 1) >> PAGE_SHIFT);
	}
}

static void step(struct hf_netfs_req *req, enum rl_exit what)
{
	switch (what) {
	case RL_EXIT_FOLIOS:
		if (req->bad)
			drop_bad(req);
		else if (req->kind == RL_WRITEPAGES && req->nr_subs)
			clear_bit(HF_NETFS_FAILING, &req->ni->flags);
		return;
	case RL_EXIT_SIZES:
		hf_netfs_sizes_in(req);
		return;
	case RL_EXIT_OPS:
		if (!req->unbegun)
			req->ni->mount->ops->end(req);
		return;
	case RL_EXIT_COMPLETE:
		if (hf_netfs_is_direct(req))
			hf_netfs_direct_complete(req);
		return;
	case RL_EXIT_UNLIST:
		trace_hf_netfs_req(req, "end");
		unlist(req);
		return;
	case RL_EXIT_COUNT:
		drop_io_count(req);
		return;
	default:
		return;
	}
}

static void end_req(struct hf_netfs_req *req)
{
	enum rl_exit what;

	do {
		what = rl_req_exit(&req->core);
		if (WARN_ONCE(what == RL_EXIT_INVALID, "holdfast_netfs: request %llu ends twice\n",
			      req->id))
			return;
		step(req, what);
	} while (what != RL_EXIT_FREE);
	call_rcu(&req->rcu, free_req);
}

static void end_work(struct work_struct *work)
{
	unsigned int nofs = memalloc_nofs_save();

	end_req(container_of(work, struct hf_netfs_req, end));
	memalloc_nofs_restore(nofs);
}

/*
 * Somebody has let go.  With nobody left it ends, here or, if it has folios to lock or
 * a program's pages to mark dirty, in its work item: who receives answers waits for no
 * folio.  @left was said under the lock, which has been dropped since.
 */
void hf_netfs_req_left(struct hf_netfs_req *req, enum rl_left left)
{
	if (left != RL_LEFT_NONE)
		return;
	if (!req->in_work && !req->bad) {
		end_req(req);
		return;
	}
	queue_work(hf_netfs_ends, &req->end);
}

/* The issuer lets go. */
void hf_netfs_req_issued(struct hf_netfs_req *req)
{
	enum rl_left left;

	spin_lock(&req->lock);
	left = rl_req_issued(&req->core);
	trace_hf_netfs_ref(req, "issued");
	spin_unlock(&req->lock);
	hf_netfs_req_left(req, left);
}

/*
 * From now on nothing of it is tried again, and what is in flight is hurried.  Called
 * by who keeps it, or has found it on its mount's list under the mount's lock and holds
 * it since.
 */
void hf_netfs_req_cancel(struct hf_netfs_req *req, int error)
{
	struct rl_sub *sub = NULL;
	enum rl_act act;

	spin_lock(&req->lock);
	rl_req_cancel(&req->core, error);
	trace_hf_netfs_req(req, "cancel");
	while ((sub = rl_req_next_cancel(&req->core, sub, &act))) {
		spin_unlock(&req->lock);
		hf_netfs_act(container_of(sub, struct hf_netfs_sub, core), act);
		spin_lock(&req->lock);
	}
	if (req->working)
		hf_netfs_kick(req, 0);
	spin_unlock(&req->lock);
}

static void init_req(struct hf_netfs_req *req, struct hf_netfs_inode *ni, enum rl_kind kind)
{
	req->ni = ni;
	req->kind = kind;
	req->since = jiffies;
	req->id = atomic64_inc_return(&last_id);
	spin_lock_init(&req->lock);
	init_waitqueue_head(&req->alone);
	INIT_DELAYED_WORK(&req->work, hf_netfs_work);
	INIT_WORK(&req->end, end_work);
	INIT_LIST_HEAD(&req->on_mount);
	rl_req_init(&req->core, kind, &ni->mount->retry, ni->mount->limits.flags);
}

/*
 * A request, kept by its issuer, with room for @subs subrequests (of write-back for
 * HF_NETFS_WRITE_SUBS).  One of write-back always begins: if nothing can go out it is
 * cancelled, and its folios end with the error.
 */
struct hf_netfs_req *hf_netfs_req_begin(struct hf_netfs_inode *ni, struct file *file,
					enum rl_kind kind, u32 subs)
{
	struct hf_netfs_req *req;
	int ret;

	if (kind != RL_WRITEPAGES && test_bit(HF_NETFS_EVICTING, &ni->flags))
		return ERR_PTR(-ESTALE);
	req = alloc_req(ni->mount, kind, subs);
	if (!req)
		return ERR_PTR(-ENOMEM);
	init_req(req, ni, kind);
	atomic_inc(&ni->io_count);
	if (hf_netfs_writes(req))
		hf_netfs_write_begins(ni);
	trace_hf_netfs_req(req, "begin");
	hf_netfs_count(requests);

	ret = enlist(req);
	if (!ret)
		ret = ni->mount->ops->begin(req, file);
	if (!ret)
		return req;
	if (WARN_ON_ONCE(ret > 0))
		ret = -EIO;
	req->unbegun = true;
	hf_netfs_req_cancel(req, ret);
	if (kind == RL_WRITEPAGES)
		return req;
	hf_netfs_req_issued(req);
	return ERR_PTR(ret);
}

static bool is_alone(struct hf_netfs_req *req)
{
	return READ_ONCE(req->core.pending) == 1;
}

/*
 * The issuer waits until nobody else keeps it.  If it is killed meanwhile it cancels,
 * and waits for that: what its pages are written by has to end first.
 *
 * Return: 0, or -EINTR if it was killed.
 */
int hf_netfs_req_wait(struct hf_netfs_req *req, bool killable)
{
	int ret = 0;

	if (killable && wait_event_killable(req->alone, is_alone(req))) {
		ret = -EINTR;
		hf_netfs_req_cancel(req, ret);
	}
	wait_event(req->alone, is_alone(req));
	/* What the answers have written is seen from here on. */
	spin_lock(&req->lock);
	spin_unlock(&req->lock);
	return ret;
}
