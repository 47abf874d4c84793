/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_KUNIT_SEED_H
#define HF_KUNIT_SEED_H

/* Of the random tests: the module's parameter; 0: each is to choose one. */
extern unsigned int hf_test_seed;

#endif /* HF_KUNIT_SEED_H */
