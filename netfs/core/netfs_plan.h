/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: a range, cut into what one subrequest carries,
 * and what a session may have in flight.
 *
 * Context of credits: the session's lock.  Limits are read, a plan is the caller's.
 */
#ifndef HF_NETFS_PLAN_H
#define HF_NETFS_PLAN_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * rl_limits_set - what a session may ask for at a time
 * @limits: filled
 * @rsize: bytes of a read
 * @wsize: bytes of a write
 * @page: PAGE_SIZE
 * @flags: RL_SHORT_IS_EOF
 *
 * Return: false if a page does not fit in either, or for flags that are not known.
 */
bool rl_limits_set(struct rl_limits *limits, uint32_t rsize, uint32_t wsize,
		   uint32_t page, uint32_t flags);

/* A run of folios, of RL_READ or RL_WRITEPAGES. */
void rl_plan_init(struct rl_plan *plan, const struct rl_limits *limits, enum rl_kind kind);

/**
 * rl_plan_add - the next folio of a run
 * @plan: the plan
 * @pos: the folio's place, behind the one before
 * @span: what of it: all, or rl_dirty(); a byte at RL_SIZE_MAX is left out
 * @end: bytes from here on are not sent.  Of write-back i_size, read under this
 *	folio's lock: a write marks it dirty and extends, both under that
 * @piece: filled for RL_ADDED_CUT
 *
 * No folio is in two pieces (I2).
 */
enum rl_added rl_plan_add(struct rl_plan *plan, int64_t pos, struct rl_span span,
			  int64_t end, struct rl_piece *piece);

/* The last piece; false if there is none. */
bool rl_plan_end(struct rl_plan *plan, struct rl_piece *piece);

/**
 * rl_plan_bytes - the first piece of a direct read or write
 * @limits: the session's
 * @kind: RL_DIRECT_READ or RL_DIRECT_WRITE
 * @pos: where it begins
 * @len: how much is left
 *
 * Pieces that are not the last end between two pages.
 * Return: the piece; of no length if there is none, or no such range, kind or limits.
 */
struct rl_piece rl_plan_bytes(const struct rl_limits *limits, enum rl_kind kind,
			      int64_t pos, int64_t len);

/**
 * rl_plan_around - what has to be read of a folio that is dirty in part
 * @folio: the folio
 * @pos: its place
 * @pieces: filled: what is before its dirty bytes, and behind them
 *
 * Both carry bytes of one folio, the exception to I2: the issuer waits for both, and
 * ends the folio in RL_EXIT_FOLIOS: uptodate if both are good.
 * No byte is read at RL_SIZE_MAX, which is behind the largest file.
 * Return: how many there are, 0 to 2; negative: no such folio, and none is uptodate.
 */
int rl_plan_around(const struct rl_folio *folio, int64_t pos,
		   struct rl_piece pieces[2]);

/* @kept is made less than @subs, and @subs 1 at least. */
void rl_credits_init(struct rl_credits *credits, uint32_t subs, uint32_t kept,
		     uint64_t bytes);

/**
 * rl_credit_take - may one of @len be sent?  Then it is counted
 * @credits: the session's
 * @place: of who asks, zeroes at first; it stays where it is while it is in the line
 * @write: of which kind, always the same of one place
 * @len: bytes
 *
 * If nothing is in flight, always, but in turn: who is refused stands in the line, and is
 * to ask again when a credit comes back, or another in the line has taken one or has
 * left.  A write in a place that is kept for them passes reads, and goes beyond the bytes,
 * by @kept times wsize at the most.
 */
bool rl_credit_take(struct rl_credits *credits, struct rl_place *place, bool write,
		    uint32_t len);

/* Wants none any more.  Whether it stood in the line. */
bool rl_credit_leave(struct rl_credits *credits, struct rl_place *place);

/* Whether anybody waits. */
bool rl_credit_wanted(const struct rl_credits *credits);

/* Its answer has come, or its connection has died.  False if none was taken. */
bool rl_credit_give(struct rl_credits *credits, bool write, uint32_t len);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_PLAN_H */
