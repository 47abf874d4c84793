// SPDX-License-Identifier: GPL-2.0-only
/* ->lock and ->flock: what a caller means by its words. */
#include <linux/export.h>
#include <linux/fcntl.h>

#include "locks.h"
#include "trace.h"

static int getlk(struct hf_lock_domain *domain, struct hf_lock_inode *li,
		 struct file_lock *fl)
{
	struct hf_table *table = smp_load_acquire(&li->table);
	struct lk_request request hf_filled_by_callee;
	int ret;

	/* Callers leave flags, and lockd the type too, as they find them. */
	fl->c.flc_flags &= FL_OFDLCK | FL_POSIX;
	ret = hf_request_init(&request, domain, fl, false);
	if (ret)
		return ret;
	if (table)
		return hf_test(table, &request, fl);
	fl->c.flc_type = F_UNLCK;
	return 0;
}

static bool is_setlkw(int cmd)
{
	return cmd == F_SETLKW || cmd == F_SETLKW64 || cmd == F_OFD_SETLKW;
}

static bool is_setlk(int cmd)
{
	return cmd == F_SETLK || cmd == F_SETLK64 || cmd == F_OFD_SETLK;
}

static bool is_getlk(int cmd)
{
	return cmd == F_GETLK || cmd == F_GETLK64 || cmd == F_OFD_GETLK;
}

/*
 * How a request that may wait is told; false when it may not.  A process
 * sleeps in F_SETLKW.  A server thread never does: lockd and nfsd say F_SETLK
 * with FL_SLEEP and bring operations; ksmbd says F_SETLKW, as fcntl() does,
 * from a kernel thread and brings none.
 */
static bool choose_told(int cmd, const struct file_lock *fl,
			enum hf_told *told, struct lk_request *request)
{
	const struct lock_manager_operations *ops = fl->fl_lmops;

	if (!(fl->c.flc_flags & FL_SLEEP) || fl->c.flc_type == F_UNLCK)
		return false;
	if (ops && ops->lm_grant) {
		*told = HF_TOLD_GRANT;
		request->kind = LK_REVOCABLE;
		/* lockd's, which has both, believes every call to be a grant. */
		if (!ops->lm_notify)
			request->flags |= LK_MAY_FAIL;
		return true;
	}
	if (ops && ops->lm_notify) {
		*told = HF_TOLD_NOTIFY;
		request->kind = LK_NOTIFY;
		/* A turn that is kept here says nothing of the remote. */
		return hf_may_notify(fl) && !(request->flags & LK_REMOTE);
	}
	if (current->flags & PF_KTHREAD) {
		*told = HF_TOLD_BLOCKER;
		request->kind = LK_REVOCABLE;
		return true;
	}
	*told = HF_TOLD_WAKE;
	request->kind = LK_LOCAL;
	return is_setlkw(cmd);
}

/* lockd's asynchronous requests have no answer for "not now". */
static int again_for(const struct file_lock *fl, int ret)
{
	if (ret == -EAGAIN && (fl->c.flc_flags & FL_SLEEP) && fl->fl_lmops &&
	    fl->fl_lmops->lm_grant)
		return -ENOLCK;
	return ret;
}

static int setlk(struct hf_lock_domain *domain, struct hf_lock_inode *li,
		 struct inode *inode, int cmd, struct file_lock *fl)
{
	struct hf_table *table = smp_load_acquire(&li->table);
	enum hf_told told = HF_TOLD_WAKE;
	struct lk_request request hf_filled_by_callee;
	bool may_wait;
	int ret;

	ret = hf_request_init(&request, domain, fl, false);
	if (ret)
		return ret;
	if (!table && fl->c.flc_type == F_UNLCK)
		return fl->c.flc_flags & FL_EXISTS ? -ENOENT : 0;
	if (!table)
		table = hf_table_of(domain, li, inode);
	if (!table)
		return hf_out_of_memory(fl);
	if (hf_is_async(fl) && hf_async_again(table, fl, &ret))
		return ret;
	may_wait = choose_told(cmd, fl, &told, &request);
	hf_count(requests);
	trace_hf_lock_request(table, &request);
	if (request.kind != LK_NOTIFY || may_wait)
		return again_for(fl, hf_set(table, &table->posix, &request, fl,
					    told, may_wait));
	/* An NFSv4.0 client has no turn to take: it polls. */
	request.kind = LK_LOCAL;
	return hf_set(table, &table->posix, &request, fl, told, false);
}

int hf_lock(struct hf_lock_domain *domain, struct hf_lock_inode *li,
	    struct file *filp, int cmd, struct file_lock *fl)
{
	if (!is_setlk(cmd) && !is_setlkw(cmd)) {
		if (is_getlk(cmd))
			return getlk(domain, li, fl);
		return cmd == F_CANCELLK ? hf_async_cancel(fl) : -EINVAL;
	}
	if ((fl->c.flc_flags & (FL_POSIX | FL_FLOCK)) != FL_POSIX)
		return -EINVAL;
	if ((fl->c.flc_flags & (FL_ACCESS | FL_SLEEP)) == (FL_ACCESS | FL_SLEEP))
		return -EINVAL;
	return setlk(domain, li, file_inode(filp), cmd, fl);
}
EXPORT_SYMBOL_GPL(hf_lock);

/*
 * flock(2): a conversion is an unlock, then a lock. Where no other holder
 * stands in the way nobody may come in between, as in fs/locks.c: a downgrade
 * is never lost to a waiter, nor is an upgrade by the only holder.
 */
static int convert(struct hf_table *table, struct lk_request *request,
		   struct file_lock *fl)
{
	struct lk_request change = *request;
	const struct lk_record *own;
	bool converts;
	int ret;

	hf_enter(table, false);
	own = lk_find_own(&table->flock, request->owner, 0, LK_END);
	converts = own && own->type != request->op;
	hf_leave(table, false);
	if (!converts)
		return -EAGAIN;
	ret = hf_set(table, &table->flock, &change, fl, HF_TOLD_WAKE, false);
	if (ret != -EAGAIN)
		return ret;
	change.op = LK_UNLOCK;
	return hf_set(table, &table->flock, &change, fl, HF_TOLD_WAKE, false) ?:
	       -EAGAIN;
}

int hf_flock(struct hf_lock_domain *domain, struct hf_lock_inode *li,
	     struct file *filp, int cmd, struct file_lock *fl)
{
	struct hf_table *table = smp_load_acquire(&li->table);
	struct lk_request request hf_filled_by_callee;
	int ret;

	if (!is_setlk(cmd) && !is_setlkw(cmd))
		return -EINVAL;
	if ((fl->c.flc_flags & (FL_POSIX | FL_FLOCK)) != FL_FLOCK)
		return -EINVAL;
	if ((fl->c.flc_flags & (FL_ACCESS | FL_SLEEP)) == (FL_ACCESS | FL_SLEEP))
		return -EINVAL;
	ret = hf_request_init(&request, domain, fl, true);
	if (ret)
		return ret;
	if (!table && fl->c.flc_type == F_UNLCK)
		return fl->c.flc_flags & FL_EXISTS ? -ENOENT : 0;
	if (!table)
		table = hf_table_of(domain, li, file_inode(filp));
	if (!table)
		return -ENOMEM;
	/* Once: a conversion is one request, and an unlock. */
	hf_count(requests);
	trace_hf_lock_request(table, &request);
	if (request.op != LK_UNLOCK) {
		ret = convert(table, &request, fl);
		if (ret != -EAGAIN)
			return ret;
	}
	return hf_set(table, &table->flock, &request, fl, HF_TOLD_WAKE,
		      is_setlkw(cmd) && (fl->c.flc_flags & FL_SLEEP) &&
		      request.op != LK_UNLOCK);
}
EXPORT_SYMBOL_GPL(hf_flock);
