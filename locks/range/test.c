// SPDX-License-Identifier: GPL-2.0-only
/* F_GETLK: what stands in the way of a request. */
#include <linux/fcntl.h>

#include "locks.h"

/* F_GETLK, and F_OFD_GETLK of F_UNLCK, which asks for one's own. */
int hf_test(struct hf_table *table, struct lk_request *request,
	    struct file_lock *fl)
{
	struct hf_courtesy courtesy;
	const struct lk_record *core;

	for (;;) {
		hf_enter(table, false);
		if (request->op == LK_UNLOCK)
			core = lk_find_own(&table->posix, request->owner,
					   request->start, request->end);
		else
			core = lk_test(&table->posix, request);
		if (request->op == LK_UNLOCK ||
		    !hf_find_courtesy(&courtesy, core))
			break;
		hf_leave(table, false);
		hf_expire_courtesy(&courtesy);
	}
	if (!core) {
		fl->c.flc_type = F_UNLCK;
	} else if (core->flags & LK_RESERVATION) {
		/* A turn that is kept for a client: nobody's lock yet. */
		fl->c.flc_owner = NULL;
		fl->c.flc_pid = 0;
		fl->c.flc_type = core->type == LK_WRITE ? F_WRLCK : F_RDLCK;
		fl->fl_start = core->start;
		fl->fl_end = core->end;
	} else {
		locks_copy_conflock(fl, &hf_record(core)->mirror);
	}
	hf_leave(table, false);
	return 0;
}
