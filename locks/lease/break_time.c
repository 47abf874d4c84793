// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/sys/fs/lease-break-time, which fs/locks.c keeps to itself and a caller
 * without /proc could not read.
 *
 * It is learned from a break: a file that nobody else can reach gets an entry
 * of the kind that conflicts with nothing but its own breaks (FL_LAYOUT), which
 * is broken at once, and says in lm_break() how long it would have had.
 */
#include <linux/err.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/shmem_fs.h>

#include "leases.h"

static struct file *file;		/* I: from load to unload */
static DEFINE_MUTEX(learning);
static u64 learned_ms = 45000;		/* learning; Linux's default */

static bool learn(struct file_lease *lease)
{
	unsigned long now = jiffies, end = lease->fl_break_time;

	/* 0 is for ever.  What passed since the VFS read the clock is lost. */
	if (!end)
		learned_ms = 0;
	else
		learned_ms = time_after(end, now) ?
			     jiffies64_to_msecs(end - now) : 1;
	return true;
}

/*
 * A break that had no memory has left its entry, which the next one finds: it
 * is taken for a change of it.
 */
static const struct lease_manager_operations operations = {
	.lm_break	= learn,
	.lm_change	= lease_modify,
};

static struct file_lease *make_entry(void)
{
	struct file_lease *lease = locks_alloc_lease();

	if (!lease)
		return NULL;
	lease->c.flc_type = F_RDLCK;
	lease->c.flc_flags = FL_LAYOUT;
	lease->c.flc_owner = file;
	lease->c.flc_file = file;
	lease->fl_lmops = &operations;
	return lease;
}

/**
 * hf_break_time - how long the holder of a lease has to return it
 * @ms: the answer; 0: for ever
 *
 * With leases switched off (leases-enable) that cannot be learned: then it is
 * what it was the last time.
 *
 * Context: may sleep; no lock of ours held.
 * Return: 0 or -ENOMEM.
 */
int hf_break_time(u64 *ms)
{
	struct file_lease *lease = make_entry();
	int err;

	if (!lease)
		return -ENOMEM;
	mutex_lock(&learning);
	err = generic_setlease(file, F_RDLCK, &lease, NULL);
	if (!err)
		err = __break_lease(file_inode(file), O_WRONLY | O_NONBLOCK,
				    FL_LAYOUT);
	*ms = learned_ms;
	mutex_unlock(&learning);
	if (lease)
		locks_free_lease(lease);
	return err == -EINVAL ? 0 : err;
}

int hf_break_time_init(void)
{
	file = shmem_kernel_file_setup("holdfast", 0, 0);
	return PTR_ERR_OR_ZERO(file);
}

void hf_break_time_exit(void)
{
	__fput_sync(file);
}
