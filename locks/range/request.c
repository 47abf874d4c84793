// SPDX-License-Identifier: GPL-2.0-only
/* From the VFS's words to the core's. */
#include <linux/fcntl.h>

#include "locks.h"

/* The rest of the FL_* bits belong to leases, or to kernels to come. */
#define KNOWN_FLAGS (FL_POSIX | FL_FLOCK | FL_ACCESS | FL_EXISTS | FL_CLOSE | \
		     FL_SLEEP | FL_OFDLCK | FL_RECLAIM)

/* So the type of a lock needs a look, and no translation. */
static_assert(F_RDLCK == LK_READ && F_WRLCK == LK_WRITE && F_UNLCK == LK_UNLOCK);

/**
 * hf_request_init - put a file_lock into the core's words
 * @request: filled, but for the time, which is that of each look at the table
 * @domain: of the file
 * @fl: what the VFS passed; it stays the cookie of @request
 * @flock: from ->flock: the open file is the owner, and there are no ranges
 *
 * Return: 0, or -EINVAL for a type, range or flag that does not exist.
 */
int hf_request_init(struct lk_request *request,
		    const struct hf_lock_domain *domain,
		    const struct file_lock *fl, bool flock)
{
	const void *owner = flock ? fl->c.flc_file : fl->c.flc_owner;

	if (fl->c.flc_type > F_UNLCK || (fl->c.flc_flags & ~KNOWN_FLAGS))
		return -EINVAL;
	if (fl->fl_start < 0 || fl->fl_end < fl->fl_start)
		return -EINVAL;

	request->owner = (unsigned long)owner;
	request->start = flock ? 0 : fl->fl_start;
	request->end = flock ? LK_END : fl->fl_end;
	request->manager = (unsigned long)fl->fl_lmops;
	request->now = 0;
	request->cookie = fl;
	request->op = fl->c.flc_type;
	request->kind = LK_LOCAL;
	request->fairness = READ_ONCE(domain->fairness);
	request->flags = 0;
	if (domain->remote && request->op != LK_UNLOCK && !(fl->c.flc_flags & FL_ACCESS))
		request->flags |= LK_REMOTE;
	/* As in Linux, only process-associated locks can deadlock. */
	if (!flock && !(fl->c.flc_flags & FL_OFDLCK))
		request->flags |= LK_DETECT;
	if (fl->c.flc_flags & FL_RECLAIM)
		request->flags |= LK_RECLAIM;
	return 0;
}
