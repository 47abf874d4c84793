// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mount's link to a server in the same kernel, and the server's file of each open fid,
 * borrowed when it is first used.  bypass.c reads and writes by them.
 *
 * The first handshake is part of the mount: only where that succeeds may the mount go past
 * the network, now or later, for it takes up the depth of a stacked filesystem.  When the
 * link has ended I/O goes by the wire, and has a work item look for the server again.
 *
 * A fid's file is under RCU.  It is replaced, under hf9c_super.fid_lock, when its link is
 * seen to have ended; and closed by who has the fid last (remote.c).
 */
#include <linux/exportfs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "fid.h"
#include "localio.h"
#include "remote.h"

static_assert(HF_LOCALIO_SECRET == NP_HELLO);

/* ------------------------------------------------------------------------ handshake */

/* Return: whether it has answered from here; that link may have ended since. */
static bool say_hello(struct hf9c_super *hs, struct hf9c_fid *root)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	int err;

	if (!hf_localio_client_begin(&hs->localio, id))
		return false;
	err = hf9c_remote_hello(root, id, answer);
	return !hf_localio_client_end(&hs->localio, err ? NULL : answer);
}

/**
 * hf9c_local_begin - ask whether the server is here
 * @sb: the new mount
 * @root: the fid of what it shows
 *
 * Context: may sleep, for the server.
 * Return: 0, wherever the server is; or -EINTR: who mounts is being killed.
 */
int hf9c_local_begin(struct super_block *sb, struct hf9c_fid *root)
{
	struct hf9c_super *hs = hf9c_super(sb);

	if (!hs->opts->localio || !hf9c_knows(hs, NP_TLOCALHELLO))
		return 0;
	snprintf(hs->name, sizeof(hs->name), "%u:%u", MAJOR(sb->s_dev), MINOR(sb->s_dev));
	if (!say_hello(hs, root))
		return fatal_signal_pending(current) ? -EINTR : 0;
	hs->root = hf9c_fid_get(root);
	hs->local = true;
	/* A file of a stack on this mount would be read by itself. */
	sb->s_stack_depth = FILESYSTEM_MAX_STACK_DEPTH;
	return 0;
}

/* The call is over: with the answer, an error, or the session's end. */
static void answered(struct hf9c_call *call)
{
	struct hf9c_super *hs = call->priv;

	hf_localio_client_end(&hs->localio, call->error ? NULL : call->reply.rlocalhello.answer);
	hf9c_call_free(call);
}

/* Nobody waits for it: the server may be out of reach. */
static void ask_again(struct hf9c_super *hs)
{
	struct hf9c_call *call = hf9c_call_new(NP_TLOCALHELLO);

	if (!call)
		return;
	if (!hf_localio_client_begin(&hs->localio, call->ask.tlocalhello.id)) {
		hf9c_call_free(call);
		return;
	}
	call->ask.tlocalhello.fid = hs->root->number;
	call->done = answered;
	call->priv = hs;
	if (!hf9c_call_start(hs->session, call))
		return;
	hf_localio_client_end(&hs->localio, NULL);
	hf9c_call_free(call);
}

/**
 * hf9c_local_again - the mount's work: is the server here again?
 * @work: hf9c_super.hello
 */
void hf9c_local_again(struct work_struct *work)
{
	struct hf9c_super *hs = container_of(to_delayed_work(work), struct hf9c_super, hello);

	mutex_lock(&hs->ending);
	if (hs->session)
		ask_again(hs);
	mutex_unlock(&hs->ending);
}

/**
 * hf9c_local_end - no more handshakes
 * @hs: the mount, of which no file is open
 *
 * Context: may sleep.
 */
void hf9c_local_end(struct hf9c_super *hs)
{
	cancel_delayed_work_sync(&hs->hello);
	if (hs->root)
		hf9c_fid_put(hs->root);
	hs->root = NULL;
}

/**
 * hf9c_local_fini - the link's end
 * @hs: the mount, whose session has ended
 */
void hf9c_local_fini(struct hf9c_super *hs)
{
	hf_localio_client_fini(&hs->localio);
}

/**
 * hf9c_by_wire - an operation goes by the wire
 * @hs: a mount that might go past it
 * @why: a word or two
 */
void hf9c_by_wire(struct hf9c_super *hs, const char *why)
{
	hf_localio_fall_back(&hs->localio, why);
}

/* --------------------------------------------------------------------------- files */

/* Return: with a reference; or NULL. */
static struct hf_localio_link *get_link(struct hf_localio_link __rcu **from)
{
	struct hf_localio_link *link;

	rcu_read_lock();
	link = rcu_dereference(*from);
	if (link && !hf_localio_tryget_rcu(link))
		link = NULL;
	rcu_read_unlock();
	return link;
}

static void put_link(struct hf_localio_link *link)
{
	rcu_read_lock();
	hf_localio_put_rcu(link);
	rcu_read_unlock();
}

static bool borrow_known(struct hf9c_fid *fid, struct hf9c_borrowed *borrowed)
{
	struct hf_localio_file *file;

	rcu_read_lock();
	file = rcu_dereference(fid->local);
	borrowed->link = file ? get_link(&file->link) : NULL;
	borrowed->file = file;
	rcu_read_unlock();
	return borrowed->link;
}

/* Its link lives: it may be in use. */
static bool is_in_use(struct hf_localio_file *file)
{
	struct hf_localio_link *link = get_link(&file->link);

	if (link)
		put_link(link);
	return link;
}

/* Return: what is not the fid's file, or not any more, to be closed; or NULL. */
static struct hf_localio_file *install(struct hf9c_fid *fid, struct hf_localio_file *file)
{
	struct hf_localio_file *old;

	spin_lock(&fid->hs->fid_lock);
	old = rcu_dereference_protected(fid->local, lockdep_is_held(&fid->hs->fid_lock));
	if (old && is_in_use(old))
		old = file;
	else
		rcu_assign_pointer(fid->local, file);
	spin_unlock(&fid->hs->fid_lock);
	return old;
}

/* A server's file that would call us again, or another who would, is not called. */
static bool is_too_deep(const struct hf9c_super *hs, const struct hf_localio_file *file)
{
	return file_inode(file->file)->i_sb->s_stack_depth >= hs->netfs.sb->s_stack_depth;
}

/* @link: with a reference, the caller's. */
static const char *open_by(struct hf_localio_link *link, struct hf9c_fid *fid)
{
	struct hf_localio_file *file, *superfluous;

	if (hf_localio_open(link, &fid->number, sizeof(fid->number), fid->mode, &file))
		return "not lent";
	if (is_too_deep(fid->hs, file)) {
		hf_localio_close(file);
		WRITE_ONCE(fid->too_deep, true);
		return "too deep a stack";
	}
	superfluous = install(fid, file);
	if (superfluous)
		hf_localio_close(superfluous);
	return NULL;
}

/* No more than once a second: to be asked costs no more than that either. */
static const char *no_link(struct hf9c_super *hs)
{
	queue_delayed_work(hf9c_wq, &hs->hello, HZ);
	return "no link";
}

static const char *borrow_new(struct hf9c_fid *fid)
{
	struct hf_localio_link *link;
	const char *why;

	if (READ_ONCE(fid->too_deep))
		return "too deep a stack";
	link = get_link(&fid->hs->localio.link);
	if (!link)
		return no_link(fid->hs);
	why = open_by(link, fid);
	put_link(link);
	return why;
}

/**
 * hf9c_borrow - the server's file of an open fid
 * @fid: of a regular file, with a reference
 * @borrowed: filled, if this succeeds: for hf9c_give_back(), soon
 *
 * Context: may sleep.
 * Return: false: by the wire; it was said why.
 */
bool hf9c_borrow(struct hf9c_fid *fid, struct hf9c_borrowed *borrowed)
{
	const char *why;

	if (borrow_known(fid, borrowed))
		return true;
	why = borrow_new(fid);
	if (!why && borrow_known(fid, borrowed))
		return true;
	hf9c_by_wire(fid->hs, why ?: "no link");
	return false;
}

/**
 * hf9c_give_back - what was borrowed is not used any more
 * @borrowed: of hf9c_borrow()
 *
 * Context: any.
 */
void hf9c_give_back(const struct hf9c_borrowed *borrowed)
{
	put_link(borrowed->link);
}

/**
 * hf9c_fid_give_back - a fid's end
 * @fid: which nobody has
 *
 * Context: may sleep.
 */
void hf9c_fid_give_back(struct hf9c_fid *fid)
{
	struct hf_localio_file *file = rcu_dereference_protected(fid->local, true);

	if (!file)
		return;
	RCU_INIT_POINTER(fid->local, NULL);
	hf_localio_close(file);
}

/**
 * hf9c_after_aside - bytes are going to be read from the cache
 * @inode: of what
 *
 * What was cached before others came past it may be older than these were.
 *
 * Context: may sleep; no folio is locked.
 */
void hf9c_after_aside(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);

	if (!READ_ONCE(hi->aside))
		return;
	/*
	 * First, so that what comes past it from now on drops once more: who finds this set
	 * has read before, and what is cached after the drop is asked for later still.
	 */
	WRITE_ONCE(hi->aside, false);
	smp_mb();	/* pairs with hf9c_went_aside() */
	if (hf_netfs_drop(inode, 0))
		WRITE_ONCE(hi->aside, true);
}
