// SPDX-License-Identifier: GPL-2.0-only
/*
 * Courtesy clients: those that nfsd has not heard of, whose locks it keeps as
 * long as nobody wants them.
 */
#include <linux/module.h>

#include "locks.h"

/**
 * hf_ask_courtesy - somebody wants what is held
 * @mirror: the lock that is in the way
 *
 * Tells its server so, which marks the client and has it looked at.
 *
 * Context: any lock of ours.
 * Return: whether it is a courtesy client's.
 */
bool hf_ask_courtesy(struct file_lock *mirror)
{
	const struct lock_manager_operations *ops = mirror->fl_lmops;

	return ops && ops->lm_lock_expirable && ops->lm_lock_expirable(mirror);
}

/**
 * hf_find_courtesy - whether what is in the way is a courtesy client's
 * @courtesy: filled if it is, for hf_expire_courtesy(), which has to follow
 * @blocker: the first that is in the way, or NULL
 *
 * Only the first is asked, as in fs/locks.c: if it goes the request is planned
 * again, and finds the next; if it stays nothing depends on the others.  The
 * server's module is pinned before T is dropped.
 *
 * Context: T.
 * Return: true if the server can let it go.
 */
bool hf_find_courtesy(struct hf_courtesy *courtesy,
		      const struct lk_record *blocker)
{
	const struct lock_manager_operations *ops;
	struct file_lock *mirror;

	if (!blocker || (blocker->flags & (LK_RESERVATION | LK_PENDING)))
		return false;
	mirror = &hf_record(blocker)->mirror;
	ops = mirror->fl_lmops;
	if (!ops || !ops->lm_expire_lock || !hf_ask_courtesy(mirror))
		return false;
	courtesy->server = ops->lm_mod_owner;
	courtesy->expire = ops->lm_expire_lock;
	__module_get(courtesy->server);
	return true;
}

/**
 * hf_expire_courtesy - let the server let it go
 * @courtesy: what hf_find_courtesy() has filled; empty afterwards
 *
 * Context: may sleep; no lock of ours held.
 */
void hf_expire_courtesy(struct hf_courtesy *courtesy)
{
	void (*expire)(void) = courtesy->expire;

	courtesy->expire = NULL;
	expire();
	module_put(courtesy->server);
}
