/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of this task that fail when a test wants it, by the kernel's own
 * fault injection.  It has to be told that GFP_KERNEL may fail, and that only
 * our caches and some of the VFS (kunit.sh) may, else those that kmemleak makes
 * for itself are counted:
 *
 *	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
 *	echo Y >/sys/kernel/debug/failslab/cache-filter
 *	echo 1 >/sys/kernel/slab/CACHE/failslab
 *
 * and, for fail_always(), that each of a task that is marked does:
 *
 *	echo Y >/sys/kernel/debug/failslab/task-filter
 *	echo 100 >/sys/kernel/debug/failslab/probability
 *	echo -1 >/sys/kernel/debug/failslab/times
 */
#ifndef HF_KUNIT_FAIL_H
#define HF_KUNIT_FAIL_H

#include <linux/sched.h>
#include <linux/slab.h>

/* From now on the @nth allocation fails, and only that. */
static inline void fail_next(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

/* Return: whether one was failed. */
static inline bool fail_stop(void)
{
	bool failed = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return failed;
}

/* From now on each fails, until it is told otherwise. */
static inline void fail_always(bool on)
{
	current->make_it_fail = on;
}

/* Whether it is switched on; a test that needs it fails without. */
static inline bool fail_works(void)
{
	void *memory;

	fail_next(1);
	memory = kmalloc(96, GFP_KERNEL);
	kfree(memory);
	return fail_stop() && !memory;
}

#endif /* HF_KUNIT_FAIL_H */
