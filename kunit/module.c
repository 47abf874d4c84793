// SPDX-License-Identifier: GPL-2.0-only
/* The module of the suites, which run when it is loaded. */
#include <linux/module.h>

#include "seed.h"

unsigned int hf_test_seed;
module_param_named(seed, hf_test_seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random tests (0: a new one, which is printed)");

MODULE_IMPORT_NS(HOLDFAST_KUNIT);
MODULE_DESCRIPTION("KUnit suites of holdfast");
MODULE_LICENSE("GPL");
