/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A held lock in memory: the core's two parts, and the mirror that the VFS and the
 * servers read.  What searches read, struct lk_record, is an allocation of its own.
 * The other part, the holder, lies over a word of the mirror that nobody looks at,
 * and so does all that we have to remember of a lock:
 *
 *	word of the mirror	what we keep there	why nobody else reads it
 *	fl_u			the holder		it has no fl_ops
 *	c.flc_link.next		when it was granted	it is in no list of fs/locks.c's
 *	c.flc_blocker		whom it is charged to	it waits for nobody
 *	c.flc_blocked_member	that somebody waits	it is in its own list then
 *
 * (fs/locks.c follows flc_blocker from requests of its own and from what is in its
 * global lists, ksmbd from its request.  flc_link.pprev stays NULL:
 * locks_release_private() looks at it.)
 */
#ifndef HF_RANGE_RECORD_H
#define HF_RANGE_RECORD_H

#include <linux/filelock.h>
#include <linux/jiffies.h>

#include "core/lock_core.h"

struct hf_account;

struct hf_record {
	union {
		/* The first to be initialised. c.flc_list: flc_lock */
		struct file_lock mirror;
		struct {
			u8 mirrored[offsetof(struct file_lock, fl_u)];
			struct lk_holder holder;
		};
	};
};
static_assert(offsetof(struct file_lock, fl_u) % __alignof__(struct lk_holder) == 0);
static_assert(offsetofend(struct file_lock, fl_u) == sizeof(struct file_lock));

static inline struct hf_record *hf_record(const struct lk_record *record)
{
	return container_of(record->holder, struct hf_record, holder);
}

static inline struct hf_account *hf_record_account(const struct lk_record *core)
{
	return (void *)hf_record(core)->mirror.c.flc_blocker;
}

static inline void hf_record_set_account(struct lk_record *core,
					 struct hf_account *account)
{
	hf_record(core)->mirror.c.flc_blocker = (void *)account;
}

/* In jiffies. */
static inline unsigned long hf_record_born(const struct lk_record *core)
{
	return (unsigned long)hf_record(core)->mirror.c.flc_link.next;
}

static inline void hf_record_set_born(struct lk_record *core, unsigned long when)
{
	hf_record(core)->mirror.c.flc_link.next = (void *)when;
}

#endif /* HF_RANGE_RECORD_H */
