/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of the lease core's border: grants, pins, changes, tables.  What
 * may be done with them is in lease_core.h, which is what to include.
 */
#ifndef HF_LEASE_TYPES_H
#define HF_LEASE_TYPES_H

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#include <linux/limits.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define LS_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
#else
#define LS_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* The last byte of any file: OFFSET_MAX. */
#define LS_END ((int64_t)0x7fffffffffffffffLL)

/* A deadline that never comes. */
#define LS_NEVER (~(uint64_t)0)

enum ls_kind {
	LS_LEASE = 0,		/* fcntl(F_SETLEASE); an entry of the VFS stands for it */
	LS_DELEGATION,		/* nfsd's; likewise */
	LS_LAYOUT,		/* ours alone */
};

enum ls_type {
	LS_NONE = 0,
	LS_READ,
	LS_WRITE,
};

enum ls_state {
	LS_IDLE = 0,		/* in no table */
	LS_HELD,
	LS_BREAKING_TO_READ,	/* a lease that a reader wants to be downgraded */
	LS_BREAKING,
	LS_REVOKED,		/* its time ran out; shown until its holder is gone */
};

enum ls_answer {
	LS_OK = 0,
	LS_WAIT,		/* for layouts that are being broken */
	LS_AGAIN,		/* not now: a change is under way, or a break */
	LS_PINNED,		/* never, while that pin is there */
	LS_DENIED,		/* the holder has no layout that allows it */
	LS_NEED_SPARE,		/* nothing was done; ask again with memory */
	LS_INVALID,		/* impossible range, unknown type */
};

/* What happened to a grant in the call that put it into its batch. */
enum ls_event {
	LS_GRANTED = 0,		/* held from now on */
	LS_CHANGED,		/* its holder has another type, or range, now */
	LS_BREAK,		/* its holder is to be told to return it */
	LS_BREAK_TO_READ,	/* its holder was told to downgrade it */
	LS_DOWNGRADED,		/* from write to read, for a break */
	LS_RETURNED,		/* by its holder, asked or not; in no table now */
	LS_RAN_OUT,		/* revoked */
};

/* A lease, a delegation or a layout. */
struct ls_grant {
	struct ls_grant *next, **at;	/* in its table */
	struct ls_grant *told_next;	/* in a batch */
	uint64_t holder;	/* the open file: compared, never followed */
	uint64_t owner;		/* of leases: what the VFS tells two of one file by */
	int64_t start, end;	/* closed; of leases 0 to LS_END */
	uint64_t deadline;	/* ms, while it is breaking; else LS_NEVER */
	uint8_t kind;		/* enum ls_kind */
	uint8_t type;		/* LS_READ or LS_WRITE */
	uint8_t state;		/* enum ls_state */
	uint8_t event;		/* enum ls_event, in a batch */
	uint32_t spare;
};

LS_SIZE(struct ls_grant, 72);

/* A range whose blocks a device uses. */
struct ls_pin {
	struct ls_pin *next, **at;
	uint64_t holder;
	uint64_t id;		/* the shell's, unique in its table */
	int64_t start, end;
	uint8_t type;		/* what the device does: LS_READ or LS_WRITE */
	uint8_t in_table;
	uint8_t spare[6];
};

LS_SIZE(struct ls_pin, 56);

/* An operation that moves or frees blocks, from its first look to its end. */
struct ls_change {
	struct ls_change *next, **at;
	uint64_t holder;	/* the file that it goes through, or 0 */
	int64_t start, end;	/* whose blocks it moves */
	uint64_t deadline;	/* after LS_WAIT: when to ask again, at the latest */
};

LS_SIZE(struct ls_change, 48);

/* What a holder asks for. */
struct ls_wish {
	uint64_t holder;	/* not 0 */
	int64_t start, end;	/* closed, 0 <= start <= end <= LS_END */
	uint64_t now;		/* ms */
	uint8_t type;		/* LS_READ or LS_WRITE */
	uint8_t spare[7];
};

LS_SIZE(struct ls_wish, 40);

/* All of one file.  All zeroes is a valid, empty one. */
struct ls_table {
	struct ls_grant *leases;	/* and delegations */
	struct ls_grant *layouts;
	struct ls_pin *pins;
	struct ls_change *changes;
};

LS_SIZE(struct ls_table, 32);

/*
 * The grants to which something happened in one call, which fills it in, for the
 * caller to tell and to trace, in this order, before the next call.  A grant is
 * in it once at most, with the last of its events.
 */
struct ls_batch {
	struct ls_grant *first, *last;
};

/* What is left of a holder that is gone, for the caller to free. */
struct ls_leavings {
	struct ls_grant *grants;	/* by ->next */
	struct ls_pin *pins;
};

#endif /* HF_LEASE_TYPES_H */
