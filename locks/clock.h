/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_LOCKS_CLOCK_H
#define HF_LOCKS_CLOCK_H

#include <linux/jiffies.h>
#include <linux/types.h>

/* The clock of the cores. */
static inline u64 hf_now_ms(void)
{
	return jiffies64_to_msecs(get_jiffies_64());
}

#endif /* HF_LOCKS_CLOCK_H */
