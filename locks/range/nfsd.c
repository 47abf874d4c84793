// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose request is this: of which NFS client, and can it be notified?
 *
 * With EXPORT_OP_ASYNC_LOCK nfsd marks requests of NFSv4.0 clients as ones that
 * may wait, too; but lm_notify() for such a client ends in a BUG() when the
 * callback is encoded (CB_NOTIFY_LOCK came with minor version 1, RFC 8881
 * section 20.11).  So a request is queued only when it is proven to be of
 * minor version 1 or later.  nfsd's structure for it is private: its beginning
 * is repeated here and is believed only if two pointers in it are what they
 * must be.  Whatever does not prove itself polls, as it would without us.
 */
#include <linux/export.h>
#include <linux/kallsyms.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/nfs.h>
#include <linux/sunrpc/svc.h>

#include <holdfast/compat.h>
#include "locks.h"

static bool is_server(const char *name)
{
	return !strcmp(name, "nfsd") || !strcmp(name, "lockd");
}

/* A function of theirs; lockd's operations name no module, built in or not. */
static bool is_server_function(unsigned long at)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, at);
	return is_server(name) || !strcmp(name, "lockd [lockd]");
}

/*
 * The thread runs the manager's own code, and that is one whose threads serve RPCs:
 * rq_argp is what it says it is.  (Another manager's threads have something else
 * where those have their request.)
 */
static bool is_thread_of(const struct lock_manager_operations *ops)
{
	const struct module *module = ops->lm_mod_owner;
	unsigned long main;

	if (!(current->flags & PF_KTHREAD))
		return false;
	main = (unsigned long)kthread_func(current);
	if (!main)
		return false;
	if (module)
		return is_server(module->name) && within_module(main, module);
	return is_server_function(main);
}

#if IS_ENABLED(CONFIG_KUNIT)
bool (*hf_may_notify_for_test)(const struct file_lock *fl);
EXPORT_SYMBOL_NS_GPL(hf_may_notify_for_test, HOLDFAST_KUNIT);
#endif

/**
 * hf_server_request - the RPC that this thread of nfsd's or lockd's serves
 * @fl: a lock request of the current task
 *
 * A thread of theirs is told its struct svc_rqst when it is made; that names
 * the thread, and a transport only while it serves a request (lockd retries
 * some between two of them).
 *
 * Return: the request; NULL when that is not proven.
 */
const struct svc_rqst *hf_server_request(const struct file_lock *fl)
{
	const struct svc_rqst *rqstp;

	if (!fl->fl_lmops || !is_thread_of(fl->fl_lmops))
		return NULL;
	rqstp = kthread_data(current);
	if (!rqstp || rqstp->rq_task != current || !rqstp->rq_xprt)
		return NULL;
	return rqstp;
}

bool hf_may_notify(const struct file_lock *fl)
{
	const struct hf_compound_prefix *compound;
	const struct svc_rqst *rqstp;

#if IS_ENABLED(CONFIG_KUNIT)
	if (hf_may_notify_for_test && hf_may_notify_for_test(fl))
		return true;
#endif
	rqstp = hf_server_request(fl);
	if (!rqstp || rqstp->rq_prog != NFS_PROGRAM || rqstp->rq_vers != 4)
		return false;
	compound = rqstp->rq_argp;
	if (!compound || compound->rqstp != rqstp ||
	    compound->xdr != &rqstp->rq_arg_stream)
		return false;
	return compound->minorversion >= 1;
}
