/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: the dirty bytes of a folio.
 *
 * Context: nothing but its arguments is looked at; the folio is locked, but the word may
 * change all the same, see rl_plan_write().
 */
#ifndef HF_NETFS_RANGE_H
#define HF_NETFS_RANGE_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * rl_dirty - which bytes a folio's write-back has to send
 * @folio: the folio
 *
 * Return: the span; an empty one is a folio to be ended clean without a message.  One
 * whose from is behind its to is refused, and rl_plan_add() refuses it as well: no such
 * folio; or one that is whole but not uptodate, of which nobody knows what was written
 * here.  The shell warns, and fails it like RL_FATE_BAD.
 */
struct rl_span rl_dirty(const struct rl_folio *folio);

/**
 * rl_plan_write - what a write into a folio needs
 * @folio: the folio, locked, not under write-back (I4)
 * @span: the bytes that are going to be copied; not empty
 * @flags: RL_MAY_WIDEN, RL_MAY_READ
 * @plan: filled as its fields say
 *
 * Bytes that are written here next to or over dirty ones make one span.  With a gap
 * in between, what is clean in it is sent only by whoever RL_MAY_WIDEN: to all others
 * it may be another client's.  The word is put in by cmpxchg (->dirty_folio sets
 * RL_WORD_WHOLE without the folio's lock); if it fails, ask again.
 *
 * Return: RL_WRITE_NOW, or what has to be done first.
 */
enum rl_write rl_plan_write(const struct rl_folio *folio, struct rl_span span,
			    uint32_t flags, struct rl_write_plan *plan);

/**
 * rl_write_copied - how much of a copy counts
 * @folio: the folio, as for rl_plan_write(), which said RL_WRITE_NOW or RL_WRITE_FILL (and
 *	it was filled) of the same span and the same folio
 * @span: the bytes that were to be copied
 * @copied: how many were, from @span's from on: a copy from memory that is paged out is short
 * @flags: as for rl_plan_write()
 * @plan: filled: the word and uptodate, afterwards; what rl_plan_write() gave is of all of
 *	it.  A folio that was uptodate may be no more, if bytes were copied that do not count
 *
 * Return: how many bytes count; 0: none, the word is what it was, and the copy is to be
 * done again, after rl_plan_write().
 */
uint32_t rl_write_copied(const struct rl_folio *folio, struct rl_span span,
			 uint32_t copied, uint32_t flags, struct rl_write_plan *plan);

/**
 * rl_word_clip - bytes are dropped (->invalidate_folio)
 * @folio: the folio
 * @span: what is dropped
 *
 * A hole amid the dirty bytes is no edge: they stay one span, and the hole is sent as
 * the zeroes that it is by then.
 * Return: the word afterwards: RL_WORD_HERE alone if nothing is left, 0 of what is clean.
 */
rl_word rl_word_clip(const struct rl_folio *folio, struct rl_span span);

/**
 * rl_may_undefine - may a folio that is cached still be read anew?
 * @folio: the folio, locked, not under write-back
 *
 * Return: whether its dirty bytes are known one by one, or there are none: without the
 * uptodate mark these stay, and all others are read around them (rl_plan_around()).
 */
bool rl_may_undefine(const struct rl_folio *folio);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_RANGE_H */
