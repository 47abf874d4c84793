// SPDX-License-Identifier: GPL-2.0-only
/*
 * ->rename: Trenameat, or Trenamex if flags ask for more; Trename for a server without
 * the first.
 */
#include <linux/dcache.h>

#include "client.h"
#include "fid.h"
#include "remote.h"

static_assert(NP_RENAME_NOREPLACE == RENAME_NOREPLACE);
static_assert(NP_RENAME_EXCHANGE == RENAME_EXCHANGE);

/* By a fid that was walked to by this very name: of others the server would rename theirs. */
static int ask_by_fid(struct dentry *old, struct hf9c_fid *to, const struct qstr *name)
{
	struct np_attr attr;
	struct hf9c_fid *fid = hf9c_look(old->d_parent, &old->d_name, &attr);
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_rename_fid(fid, to, name);
	hf9c_fid_put(fid);
	return err;
}

static int ask(struct dentry *old, struct dentry *new, unsigned int flags)
{
	struct hf9c_fid *from = hf9c_fid_of(old->d_parent), *to;
	int err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = hf9c_fid_of(new->d_parent);
	err = PTR_ERR_OR_ZERO(to);
	if (!err) {
		err = hf9c_remote_rename(from, &old->d_name, to, &new->d_name, flags);
		if (err == -EOPNOTSUPP && !flags)
			err = ask_by_fid(old, to, &new->d_name);
		hf9c_fid_put(to);
	}
	hf9c_fid_put(from);
	return err;
}

/* What is known of the two names is of before. */
static void renamed(struct dentry *old, struct dentry *new, unsigned int flags)
{
	struct inode *replaced = d_inode(new);

	hf9c_changed(d_inode(old));
	if (replaced && flags & RENAME_EXCHANGE)
		hf9c_changed(replaced);
	else if (replaced)
		hf9c_lost_name(replaced);
	hf9c_dentry_seen(old, NULL, jiffies);
	hf9c_dentry_seen(new, NULL, jiffies);
}

/**
 * hf9c_rename - ->rename
 * @idmap: of the mount
 * @old_dir: from where
 * @old: what
 * @new_dir: to where
 * @new: as what
 * @flags: RENAME_*
 *
 * Return: 0; -EINVAL for flags that the server has no message for; what it says.
 */
int hf9c_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old,
		struct inode *new_dir, struct dentry *new, unsigned int flags)
{
	int err;

	if (flags & ~NP_RENAME_ALL)
		return -EINVAL;
	err = ask(old, new, flags);
	if (err)
		return err;
	renamed(old, new, flags);
	hf9c_changed_names(old_dir);
	hf9c_changed_names(new_dir);
	return 0;
}
