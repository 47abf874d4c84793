/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that a remote decides, too: what remote*.c and order.c share. */
#ifndef HF_RANGE_REMOTE_H
#define HF_RANGE_REMOTE_H

#include <linux/workqueue.h>

#include "locks.h"

/*
 * An operation at the remote.  Those of one owner whose ranges meet are done one after
 * the other, so that both tables see them in the same order: order.c.
 */
struct hf_step {
	struct list_head list;		/* L: T; in the table's, from its turn's asking to its end */
	const struct lk_table *space;	/* I */
	u64 owner;			/* I */
	s64 start, end;			/* I */
	bool ready;			/* L: T; it is its turn */
	struct hf_ask *ask;		/* I: to be told, or */
	struct completion *turn;	/* I: likewise, of an unlock */
};

/* How far a request has come: remote.c. */
enum hf_stage {
	HF_HERE,		/* it waits here, and the remote knows nothing */
	HF_TURN,		/* pending; behind others of its owner's */
	HF_ASKED,		/* pending; the remote is to answer at once */
	HF_HELD,		/* nothing here; the remote holds its answer back */
	HF_LATE_TURN,		/* the remote has granted it; as HF_TURN */
	HF_LATE,		/* likewise; somebody here has yet to weaken a lock */
	HF_BACK,		/* likewise; the remote is to hear that it is not wanted */
	HF_OVER,		/* answered; a server has yet to release it */
};

/* The remote's part of a waiter. */
struct hf_ask {
	struct hf_remote remote;
	struct hf_waiter *waiter;	/* I */
	struct hf_step step;
	struct work_struct work;	/* goes on, where no process does */
	struct completion happened;	/* a process goes on; or the work, @inside */
	enum hf_stage stage;		/* L: T; changed by who goes on, who reads it without */
	bool waits;			/* I: F_SETLKW, or FL_SLEEP */
	bool deserted;			/* L: T; nobody wants it: the work goes on alone */
	bool due;			/* L: T; something has happened, and is not looked at */
	bool running;			/* L: T; the work is at it */
	bool inside;			/* L: T; it asks the remote itself, and waits */
	bool heard;			/* L: T; its server was told how it has ended */
	int answer;			/* the remote's; then the request's */
};

/* What a step of it ends with; or, of a process: -errno, and it is the work's. */
enum hf_how { HF_MORE, HF_ENDED };

bool hf_step_enter(struct hf_table *table, struct hf_step *step);
void hf_step_leave(struct hf_table *table, struct hf_step *step);

/* remote.c */
int hf_remote_go_on(struct hf_ask *ask);
void hf_remote_begin_back(struct hf_ask *ask, int error);

/* remote_back.c */
void hf_remote_give_back(struct hf_ask *ask);
void hf_remote_note_kept(const struct hf_table *table, int err);

static inline const struct hf_remote_ops *hf_remote_ops_of(const struct hf_ask *ask)
{
	return ask->waiter->table->domain->remote;
}

#endif /* HF_RANGE_REMOTE_H */
