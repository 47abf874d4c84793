/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that a remote decides, too: what remote*.c and order.c share. */
#ifndef HF_RANGE_REMOTE_H
#define HF_RANGE_REMOTE_H

#include <linux/workqueue.h>

#include "locks.h"

/* How far a request has come: remote.c; an unlock: remote_unlock.c. */
enum hf_stage {
	HF_HERE,		/* it waits here, and the remote knows nothing */
	HF_TURN,		/* pending; behind others of its owner's */
	HF_ASKED,		/* pending; the remote is to answer at once */
	HF_HELD,		/* nothing here; the remote holds its answer back */
	HF_LATE,		/* the remote has granted it; somebody has yet to weaken a lock */
	HF_BACK,		/* it is to hear what its owner holds here */
	HF_UNLOCKING,		/* an unlock, done here, which the remote is to answer */
	HF_OVER,		/* answered; a server has yet to release it */
};

/* The remote's part of a waiter. */
struct hf_ask {
	struct hf_remote remote;
	struct hf_waiter *waiter;	/* I */
	struct list_head line;		/* L: T; in the table's, or held back: order.c */
	unsigned int ahead;		/* L: T; how many in line it comes after */
	struct work_struct work;	/* goes on, where no process does */
	struct completion happened;	/* a process goes on; or the work, @inside */
	enum hf_stage stage;		/* L: T; changed by who goes on, who reads it without */
	bool waits;			/* I: F_SETLKW, or FL_SLEEP */
	bool unwanted;			/* L: T; its server is about to desert it */
	bool deserted;			/* L: T; nobody wants it: the work goes on alone */
	bool due;			/* L: T; something has happened, and is not looked at */
	bool running;			/* L: T; the work is at it */
	bool inside;			/* L: T; it asks the remote itself, and waits */
	bool heard;			/* L: T; its server was told how it has ended */
	bool crossed;			/* L: T; others have been in line while it was held back */
	bool patient;			/* of an unlock: it was waited for, if in vain */
	bool late;			/* L: T; an unlock that counts in the domain's @late */
	int answer;			/* the remote's; then the request's */
};

/* What a step of it ends with; or, of a process: -errno, and it is the work's. */
enum hf_how { HF_MORE, HF_ENDED };

/* order.c */
bool hf_line_enter(struct hf_ask *ask);
void hf_line_leave(struct hf_ask *ask);
void hf_line_hold_back(struct hf_ask *ask);

/* remote_ask.c */
void hf_remote_queue(struct hf_ask *ask);

/* remote.c */
int hf_remote_go_on(struct hf_ask *ask);
int hf_remote_over(struct hf_ask *ask, int error);

/* remote_back.c */
void hf_remote_begin_back(struct hf_ask *ask, int error);
void hf_remote_desert(struct hf_ask *ask, int error);
void hf_remote_give_back(struct hf_ask *ask);
void hf_remote_note_kept(const struct hf_table *table, int err);

/* remote_unlock.c */
int hf_remote_unlocked(struct hf_ask *ask);

static inline const struct hf_remote_ops *hf_remote_ops_of(const struct hf_ask *ask)
{
	return ask->waiter->table->domain->remote;
}

/* Did the remote do it, or will it yet?  See hf_remote_answer(). */
static inline bool hf_remote_is_unknown(int answer)
{
	return answer == -EINTR || answer == -EIO || answer == -ETIMEDOUT;
}

static inline bool hf_remote_is_deserted(struct hf_ask *ask)
{
	bool deserted;

	spin_lock(&ask->waiter->table->lock);
	deserted = ask->deserted;
	spin_unlock(&ask->waiter->table->lock);
	return deserted;
}

static inline void hf_remote_leave(struct hf_ask *ask)
{
	spin_lock(&ask->waiter->table->lock);
	hf_line_leave(ask);
	spin_unlock(&ask->waiter->table->lock);
}

#endif /* HF_RANGE_REMOTE_H */
