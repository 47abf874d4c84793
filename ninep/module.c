// SPDX-License-Identifier: GPL-2.0-only
/*
 * holdfast_ninep: what both ends of 9P share.  It keeps nothing, so there is
 * nothing to begin or to end: its users hold it through its symbols.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("holdfast 9P2000.L codec");
MODULE_LICENSE("GPL");
