/* SPDX-License-Identifier: GPL-2.0-only */
/* A table as text, so that a test says in one line what has to be held. */
#ifndef HF_KUNIT_RANGE_DESCRIBE_H
#define HF_KUNIT_RANGE_DESCRIBE_H

#include <range/core/lock_core.h>

/* Long enough for every table that a test describes. */
#define DESCRIPTION 512

/*
 * Each record as owner, type, first and last byte, in order of range, then
 * owner: "aR0-9 bR5-end".  A reservation has "~" for its owner.
 */
void describe(char *text, const struct lk_table *table,
	      char (*name)(const void *context, u64 owner), const void *context);

#endif /* HF_KUNIT_RANGE_DESCRIBE_H */
