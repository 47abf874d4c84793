/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the cache on disk: how its filesystem is.  What is full, frozen,
 * read-only or failing is not asked for a while, and is asked again by itself: nobody
 * waits, and no application sees an error.
 *
 * Context: a spinlock of the directory's.
 */
#ifndef HF_NETFS_CACHE_HEALTH_H
#define HF_NETFS_CACHE_HEALTH_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of something that was asked of the cache's filesystem. */
enum rc_outcome {
	RC_DONE = 0,
	RC_FULL,		/* ENOSPC, EDQUOT, EFBIG, or a write that was short */
	RC_FROZEN,		/* sb_start_write_trylock() said no: nothing was done */
	RC_READ_ONLY,		/* EROFS */
	RC_ERROR,		/* EIO and all others; a read that was short */
	RC_MISSED,		/* not asked at all: a folio has gone, no memory */
};

#define RC_NR_OUTCOMES 6

/* Pauses, ms. */
#define RC_PAUSE_FROZEN 1000u
#define RC_PAUSE_FULL 1000u		/* doubles */
#define RC_PAUSE_FULL_MAX 64000u
#define RC_PAUSE_READ_ONLY 60000u
#define RC_PAUSE_ERROR 60000u		/* doubles */
#define RC_PAUSE_ERROR_MAX 3600000u
/* Errors in a row, then there is a pause. */
#define RC_ERRORS_IN_A_ROW 3u
/* Well again: so long after the first success without another trouble, ms. */
#define RC_HEAL 60000u
/* Creations that may be on their way at a time: a frozen filesystem holds them up. */
#define RC_CREATES_MAX 256u

/* A directory's.  All zero at first. */
struct rc_health {
	uint64_t until;			/* a pause: nothing is created or filled before */
	uint64_t well_since;		/* the first success after a trouble; RL_NEVER: none */
	uint64_t counts[RC_NR_OUTCOMES];
	uint64_t pauses;		/* how often something was not asked for */
	uint32_t pause;			/* the last one's length, ms */
	uint32_t errors;		/* in a row */
	uint32_t creates;		/* on their way */
	uint8_t state;			/* enum rc_outcome: what it suffers from; RC_DONE: well */
};

/**
 * rc_may_fill - is it worth asking for a fill?
 * @health: the directory's
 * @now: the time
 *
 * Return: false in a pause; that is counted, and no fault.
 */
bool rc_may_fill(struct rc_health *health, uint64_t now);

/**
 * rc_create_begin - may a creation go into the second queue?
 * @health: the directory's
 * @now: the time
 *
 * Return: false in a pause, or with RC_CREATES_MAX on their way: that is counted, and no
 * fault.  True: rc_create_end() follows, once.
 */
bool rc_create_begin(struct rc_health *health, uint64_t now);

/*
 * It has succeeded, which happens in memory and says nothing of the disk; or not.
 * Return: as rc_health_note(); false if none was on its way.
 */
bool rc_create_end(struct rc_health *health, enum rc_outcome outcome, uint64_t now);

/**
 * rc_health_note - what became of a fill or a commit; of a read or a removal no RC_DONE
 * @health: the directory's
 * @outcome: what
 * @now: the time
 *
 * Return: true: @health->state has changed, which is logged, with what it is now.  So a
 * filesystem that is full now and then is told of once, until it was well for RC_HEAL.
 */
bool rc_health_note(struct rc_health *health, enum rc_outcome outcome, uint64_t now);

/* NULL, or what does not hold. */
const char *rc_health_validate(const struct rc_health *health);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_CACHE_HEALTH_H */
