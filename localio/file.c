// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files of a server's.  A struct hf_localio_file has two owners: the client, which
 * closes it when it likes, and its link's list, by which the link's work closes what is
 * open when the link ends (link.c).  The core says which of them closes, and which one
 * frees; neither waits for the other.  Freed is after a grace period: a client's reader may
 * be on its way to a tryget that fails.
 */
#include <linux/slab.h>

#include "localio.h"
#include "stats.h"
#include "trace.h"

/* A reference was held since before ->open(): the list was not taken. */
static bool list_file(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	bool listed;

	spin_lock(&link->lock);
	listed = lo_file_add(&link->core, &lf->core);
	link->nr_files += listed;
	spin_unlock(&link->lock);
	return listed;
}

static int open_file(struct hf_localio_link *link, const void *key, u32 len, fmode_t mode,
		     struct hf_localio_file *lf)
{
	struct hf_localio_opened opened = {};
	int err = link->ops->open(link->core.session, key, len, mode, &opened);

	if (err < 0)
		return err;
	if (WARN_ONCE(err || !opened.file, "holdfast_localio: %s lends nothing\n", link->ops->name))
		return -EIO;
	lf->file = opened.file;
	lf->cookie = opened.cookie;
	lf->dio_mem_align = opened.dio_mem_align;
	lf->dio_offset_align = opened.dio_offset_align;
	RCU_INIT_POINTER(lf->link, link);
	if (!WARN_ON_ONCE(!list_file(link, lf)))
		return 0;
	link->ops->close(lf->cookie);
	return -ESHUTDOWN;
}

int hf_localio_open(struct hf_localio_link *link, const void *key, u32 len, fmode_t mode,
		    struct hf_localio_file **lf)
{
	struct hf_localio_file *made;
	int err;

	might_sleep();
	*lf = NULL;
	if (WARN_ONCE(percpu_ref_is_zero(&link->ref), "holdfast_localio: no reference\n") ||
	    !mode || mode & ~(FMODE_READ | FMODE_WRITE))
		return -EINVAL;
	made = kzalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	err = made ? open_file(link, key, len, mode, made) : -ENOMEM;
	trace_hf_localio_open(link->id, link->ops->name, mode, err);
	if (err) {
		hf_localio_count_event(open_errors);
		kfree(made);
		return err;
	}
	hf_localio_count_event(opens);
	*lf = made;
	return 0;
}
EXPORT_SYMBOL_GPL(hf_localio_open);

/* With a reference it is closed here, and taken off the list before. */
static void close_here(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	enum lo_leave said;

	spin_lock(&link->lock);
	said = lo_file_leave(&lf->core, true);
	link->nr_files -= said == LO_LEAVE_CLOSE;
	spin_unlock(&link->lock);
	if (WARN_ON_ONCE(said != LO_LEAVE_CLOSE))
		return;
	link->ops->close(lf->cookie);
	kfree_rcu(lf, rcu);
}

/* RCU keeps the link's memory, and its lock, until the work is seen to have done. */
static enum lo_leave leave_locked(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	enum lo_leave said;

	spin_lock(&link->lock);
	said = lo_file_leave(&lf->core, false);
	spin_unlock(&link->lock);
	return said;
}

void hf_localio_close(struct hf_localio_file *lf)
{
	struct hf_localio_link *link;
	enum lo_leave said;

	might_sleep();
	rcu_read_lock();
	link = rcu_dereference(lf->link);
	if (link && hf_localio_tryget_rcu(link)) {
		rcu_read_unlock();
		close_here(link, lf);
		rcu_read_lock();
		hf_localio_put_rcu(link);
		rcu_read_unlock();
		return;
	}
	if (link) {
		said = leave_locked(link, lf);
	} else {
		smp_acquire__after_ctrl_dep();	/* pairs with file_closed() */
		said = lo_file_leave(&lf->core, false);
	}
	rcu_read_unlock();
	WARN_ON_ONCE(said != LO_LEAVE_FREE && said != LO_LEAVE_WORK);
	if (said == LO_LEAVE_FREE)
		kfree_rcu(lf, rcu);
}
EXPORT_SYMBOL_GPL(hf_localio_close);
