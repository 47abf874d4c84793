// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said to who is refused memory, or a record: each caller in words that
 * it understands.
 */
#include <linux/filelock.h>

#include "charge.h"
#include "limits.h"
#include "locks.h"
#include "trace.h"

/*
 * What a caller understands as "no memory".  fcntl(2) has ENOLCK, flock(2)
 * ENOMEM; lockd answers nlm_lck_denied_nolocks to anything; nfsd has no
 * translation for ENOLCK and warns.
 */
int hf_out_of_memory(const struct file_lock *fl)
{
	hf_count(no_memory);
	if (fl->c.flc_flags & FL_FLOCK)
		return -ENOMEM;
	if (fl->fl_lmops && !fl->fl_lmops->lm_grant)
		return -ENOMEM;
	return -ENOLCK;
}

static void count(enum hf_limit limit, const struct hf_account_key *key)
{
	switch (limit) {
	case HF_LIMIT_FILE:
		hf_count(file_limits);
		break;
	case HF_LIMIT_OWNER:
		hf_count(owner_limits);
		break;
	default:
		if (key->kind == HF_ACCOUNT_USER)
			hf_count(user_limits);
		else
			hf_count(client_limits);
	}
}

/**
 * hf_over_limit - a request is refused for a limit
 * @limit: which one
 * @table: the file
 * @request: the request
 * @fl: the VFS's own
 *
 * POSIX.1-2017, fcntl(): ENOLCK when "the lock or unlock request" would make
 * too many locked regions; flock(2) has it, too.  lockd answers
 * nlm_lck_denied_nolocks.  nfsd knows no ENOLCK and warns; to ENOMEM it says
 * NFS4ERR_DELAY, so that its client comes again until there is room.
 *
 * Return: the error to answer with.
 */
int hf_over_limit(enum hf_limit limit, const struct hf_table *table,
		  const struct lk_request *request, const struct file_lock *fl)
{
	struct hf_account_key key;

	hf_account_key(&key, fl);
	count(limit, &key);
	trace_hf_lock_limit(table, request, limit, &key);
	return fl->fl_lmops && !fl->fl_lmops->lm_grant ? -ENOMEM : -ENOLCK;
}
