/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requesters with accounts of their own, and low limits, for one test: owner N
 * of a test file is user 1000 + N, or through a fake manager the client
 * 10.0.0.N.
 */
#ifndef HF_KUNIT_RANGE_LIMIT_H
#define HF_KUNIT_RANGE_LIMIT_H

#include <range/charge.h>
#include <range/limits.h>

#include "file.h"

#define LIMIT 16
/* What is kept for unlocks that split. */
#define LIMIT_MORE 2

int limit_init(struct kunit *test);
void limit_exit(struct kunit *test);

/* Locks of one byte, no two of which touch: the first is at byte @from. */
int take(struct hf_test_file *file, unsigned int owner, unsigned int count,
	 loff_t from);
unsigned long charged_records(void);
unsigned long accounts(void);

#endif /* HF_KUNIT_RANGE_LIMIT_H */
