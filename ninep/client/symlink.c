// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symbolic links.  What one says never changes; so it is asked for once, where it is
 * sure that the inode is the same one: the server tells generations, or nobody else
 * makes any.
 */
#include <linux/slab.h>

#include "client.h"
#include "fid.h"
#include "remote.h"

static char *ask(struct dentry *dentry)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	char *link;

	if (IS_ERR(fid))
		return ERR_CAST(fid);
	link = hf9c_remote_readlink(fid);
	hf9c_fid_put(fid);
	return link;
}

static const char *get_link(struct dentry *dentry, struct inode *inode,
			    struct delayed_call *done)
{
	char *link;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	link = ask(dentry);
	if (IS_ERR(link))
		return link;
	if (!hf9c_inode(inode)->gen && !hf9c_is_loose(inode->i_sb)) {
		set_delayed_call(done, kfree_link, link);
		return link;
	}
	/* Freed with the inode, by RCU. */
	if (cmpxchg_release(&inode->i_link, NULL, link)) {
		kfree(link);
		link = READ_ONCE(inode->i_link);
	}
	return link;
}

const struct inode_operations hf9c_symlink_inode_operations = {
	.get_link	= get_link,
	.permission	= hf9c_permission,
	.getattr	= hf9c_getattr,
	.setattr	= hf9c_setattr,
	.listxattr	= hf9c_listxattr,
};
