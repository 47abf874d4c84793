// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fake lease managers: what fcntl and nfsd do, and the counting of what they are
 * told.
 */
#include <linux/file.h>

#include "lease.h"

static struct hf_test_lease *file_of(const struct file_lease *entry)
{
	return entry->c.flc_file->private_data;
}

static bool fake_break(struct file_lease *entry)
{
	struct hf_test_lease *file = file_of(entry);

	if (file->ticks && entry->c.flc_flags & FL_UNLOCK_PENDING)
		entry->fl_break_time = jiffies + file->ticks;
	else if (file->ticks)
		entry->fl_downgrade_time = jiffies + file->ticks;
	atomic_inc(&file->breaks);
	complete_all(&file->broken);
	return file->drop;
}

static bool fake_breaker_owns(struct file_lease *entry)
{
	return file_of(entry)->breaker_owns;
}

/* fcntl's makes the caller its owner here. */
static void fake_setup(struct file_lease *entry, void **priv)
{
	*priv = NULL;
}

const struct lease_manager_operations fake_user_ops = {
	.lm_break	= fake_break,
	.lm_change	= lease_modify,
	.lm_setup	= fake_setup,
};

const struct lease_manager_operations fake_server_ops = {
	.lm_break		= fake_break,
	.lm_change		= lease_modify,
	.lm_breaker_owns_lease	= fake_breaker_owns,
};

/* Whatever is left of the entry is freed, as all callers of the VFS's do. */
static int add(struct hf_test_lease *file, unsigned int nr, void *owner,
	       int type, unsigned int flags,
	       const struct lease_manager_operations *ops, void **priv)
{
	struct file_lease *lease = locks_alloc_lease();
	int ret;

	if (!lease)
		return -ENOMEM;
	lease->c.flc_type = type;
	lease->c.flc_flags = flags;
	lease->c.flc_owner = owner;
	lease->c.flc_pid = current->tgid;
	lease->c.flc_file = file->open[nr];
	lease->fl_lmops = ops;
	ret = kernel_setlease(file->open[nr], type, &lease, priv);
	if (lease)
		locks_free_lease(lease);
	return ret;
}

int lease_set(struct hf_test_lease *file, unsigned int nr, int type)
{
	void *owner = file->open[nr];

	if (type == F_UNLCK)
		return kernel_setlease(file->open[nr], F_UNLCK, NULL, &owner);
	return add(file, nr, owner, type, FL_LEASE, &fake_user_ops, &owner);
}

int lease_grant(struct hf_test_lease *file, unsigned int nr, unsigned int owner,
		int type, unsigned int flags)
{
	return add(file, nr, &file->owner[owner], type, flags, &fake_server_ops,
		   NULL);
}

int lease_return(struct hf_test_lease *file, unsigned int nr,
		 unsigned int owner)
{
	void *priv = &file->owner[owner];

	return kernel_setlease(file->open[nr], F_UNLCK, NULL, &priv);
}

int lease_break(struct hf_test_lease *file, int mode)
{
	int ret = break_lease(file->inode, mode);

	if (!ret)
		hf_lease_opened(&file->li);
	return ret;
}

const struct lease_manager_operations *lease_ops(struct hf_test_lease *file)
{
	const struct lease_manager_operations *ops = NULL;
	struct file_lock_context *ctx = locks_inode_context(file->inode);
	struct file_lease *entry;

	if (!ctx)
		return NULL;
	spin_lock(&ctx->flc_lock);
	entry = list_first_entry_or_null(&ctx->flc_lease, struct file_lease,
					 c.flc_list);
	if (entry)
		ops = entry->fl_lmops;
	spin_unlock(&ctx->flc_lock);
	return ops;
}
