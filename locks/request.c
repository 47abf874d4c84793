// SPDX-License-Identifier: GPL-2.0-only
/* From the VFS's words to the core's, and back to errno. */
#include <linux/jiffies.h>

#include "locks.h"

/* The rest of the FL_* bits belong to leases, or to kernels to come. */
#define KNOWN_FLAGS (FL_POSIX | FL_FLOCK | FL_ACCESS | FL_EXISTS | FL_CLOSE | \
		     FL_SLEEP | FL_OFDLCK | FL_RECLAIM)

u64 hf_now_ms(void)
{
	return jiffies64_to_msecs(get_jiffies_64());
}

static int op_of(unsigned char type)
{
	switch (type) {
	case F_RDLCK:
		return LK_READ;
	case F_WRLCK:
		return LK_WRITE;
	case F_UNLCK:
		return LK_UNLOCK;
	default:
		return -EINVAL;
	}
}

/**
 * hf_request_init - put a file_lock into the core's words
 * @request: filled
 * @table: the file's table
 * @fl: what the VFS passed; it stays the cookie of @request
 * @flock: from ->flock: the open file is the owner, and there are no ranges
 *
 * Return: 0, or -EINVAL for a type, range or flag that does not exist.
 */
int hf_request_init(struct lk_request *request, struct hf_table *table,
		    const struct file_lock *fl, bool flock)
{
	const void *owner = flock ? fl->c.flc_file : fl->c.flc_owner;
	int op = op_of(fl->c.flc_type);

	if (op < 0 || (fl->c.flc_flags & ~KNOWN_FLAGS))
		return -EINVAL;
	if (fl->fl_start < 0 || fl->fl_end < fl->fl_start)
		return -EINVAL;

	*request = (struct lk_request) {
		.owner = (unsigned long)owner,
		.start = flock ? 0 : fl->fl_start,
		.end = flock ? LK_END : fl->fl_end,
		.manager = (unsigned long)fl->fl_lmops,
		.now = hf_now_ms(),
		.cookie = fl,
		.op = op,
		.kind = LK_LOCAL,
		.fairness = READ_ONCE(table->domain->fairness),
	};
	/* As in Linux, only process-associated locks can deadlock. */
	if (!flock && !(fl->c.flc_flags & FL_OFDLCK))
		request->flags |= LK_DETECT;
	if (fl->c.flc_flags & FL_RECLAIM)
		request->flags |= LK_RECLAIM;
	return 0;
}

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
