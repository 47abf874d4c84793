// SPDX-License-Identifier: GPL-2.0-only
/* Symbolic links. */

#include <linux/fs.h>

#include "export.h"

static const char *get_link(struct dentry *dentry, struct inode *inode,
			    struct delayed_call *done)
{
	const char *target;
	struct dentry *lower;

	/* The way to the lower dentry may sleep. */
	if (!dentry)
		return ERR_PTR(-ECHILD);
	lower = hf_lower_get(dentry);
	if (IS_ERR(lower))
		return ERR_CAST(lower);
	/* What it points to lasts as long as the inode, or @done, does. */
	target = vfs_get_link(lower, done);
	dput(lower);
	return target;
}

const struct inode_operations hf_symlink_inode_operations = {
	.get_link	= get_link,
	.permission	= hf_permission,
	.getattr	= hf_getattr,
	.setattr	= hf_setattr,
	.listxattr	= hf_listxattr,
	.update_time	= hf_update_time,
};
