/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/fs/holdfast/leases: a batch of lines, and how far its reader is. */
#ifndef HF_LEASE_PROC_H
#define HF_LEASE_PROC_H

#include "../proc_lines.h"
#include "leases.h"

struct hf_lease_line {
	const char *kind;
	dev_t dev;
	unsigned long ino;
	s64 start, end;
	u64 deadline;		/* ms, or LS_NEVER */
	pid_t pid;
	u8 type;		/* LS_READ, LS_WRITE */
	u8 state;		/* enum ls_state; LS_IDLE for a waiter */
};

/* What a file has, in the order in which it is shown. */
enum hf_lease_stage { LEASES, REVOKED, LAYOUTS, PINS, CHANGES, STAGES };

struct hf_lease_cursor {
	struct hf_lines lines;		/* of struct hf_lease_line */
	u64 number;			/* of the inode to go on with */
	enum hf_lease_stage stage;	/* in it */
	u64 after;			/* in that: the last that was shown, or 0 */
	u64 holder, owner;		/* LEASES: its */
	unsigned int waiters;		/* LEASES: of it, that were shown */
};

/* ---- proc_file.c: the lines of a file */
bool hf_lease_put_file(struct hf_lease_cursor *cursor,
		       struct hf_lease_inode *li);

#endif /* HF_LEASE_PROC_H */
