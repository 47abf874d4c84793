// SPDX-License-Identifier: GPL-2.0-only
/* Trename, Trenameat, Trenamex: as renameat2(2), between directories of one export. */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "ops.h"

static_assert(NP_RENAME_NOREPLACE == RENAME_NOREPLACE);
static_assert(NP_RENAME_EXCHANGE == RENAME_EXCHANGE);

/* Both directories are locked; @trap is what lock_rename() said. */
static int check(const struct dentry *old, const struct dentry *new,
		 const struct dentry *trap, unsigned int flags)
{
	if (d_is_negative(old))
		return -ENOENT;
	if (flags & RENAME_NOREPLACE && d_is_positive(new))
		return -EEXIST;
	if (flags & RENAME_EXCHANGE && d_is_negative(new))
		return -ENOENT;
	/* Into itself; or onto what it lies in. */
	if (old == trap)
		return -EINVAL;
	if (new == trap)
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_locked(const struct path *dir, struct dentry *old,
			 const struct path *new_dir, const struct np_str *new_name,
			 const struct dentry *trap, unsigned int flags)
{
	struct mnt_idmap *idmap = mnt_idmap(new_dir->mnt);
	struct renamedata rd = {
		.old_mnt_idmap	= idmap,
		.old_dir	= d_inode(dir->dentry),
		.old_dentry	= old,
		.new_mnt_idmap	= idmap,
		.new_dir	= d_inode(new_dir->dentry),
		.flags		= flags,
	};
	int err;

	rd.new_dentry = lookup_one(idmap, new_name->at, new_dir->dentry,
				   new_name->len);
	if (IS_ERR(rd.new_dentry))
		return PTR_ERR(rd.new_dentry);
	err = check(old, rd.new_dentry, trap, flags);
	if (!err)
		err = vfs_rename(&rd);
	dput(rd.new_dentry);
	return err;
}

static int rename_names(const struct path *dir, const struct np_str *name,
			const struct path *new_dir, const struct np_str *new_name,
			const struct dentry *trap, unsigned int flags)
{
	struct dentry *old;
	int err;

	old = lookup_one(mnt_idmap(dir->mnt), name->at, dir->dentry, name->len);
	if (IS_ERR(old))
		return PTR_ERR(old);
	err = rename_locked(dir, old, new_dir, new_name, trap, flags);
	dput(old);
	return err;
}

static int rename_at(struct hf9_request *request, const struct np_str *name,
		     const struct np_str *new_name, unsigned int flags)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	const struct path *new_dir = hf9_fid_path(request->fid[1]);
	struct dentry *trap;
	int err;

	if (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE)
		return -EINVAL;
	err = hf9_check_dir(request, new_dir);
	if (!err)
		err = hf9_want_write(request, dir);
	if (err)
		return err;
	trap = lock_rename(new_dir->dentry, dir->dentry);
	err = PTR_ERR_OR_ZERO(trap);
	if (!err) {
		err = rename_names(dir, name, new_dir, new_name, trap, flags);
		unlock_rename(new_dir->dentry, dir->dentry);
	}
	mnt_drop_write(dir->mnt);
	return err;
}

int hf9_run_renameat(struct hf9_request *request)
{
	const struct np_trenameat *t = &request->t.trenameat;

	return rename_at(request, &t->oldname, &t->newname, 0);
}

int hf9_run_renamex(struct hf9_request *request)
{
	const struct np_trenamex *t = &request->t.trenamex;

	return rename_at(request, &t->oldname, &t->newname, t->flags);
}

/* By the name that the fid was walked to, wherever that is by now. */
int hf9_run_rename(struct hf9_request *request)
{
	const struct path *path = hf9_fid_path(request->fid[0]);
	const struct path *new_dir = hf9_fid_path(request->fid[1]);
	struct path dir = { .mnt = path->mnt };
	struct dentry *trap;
	int err;

	/* Its name is in what is not exported. */
	if (path->dentry == request->connection->export->root.dentry)
		return -EBUSY;
	err = hf9_want_write(request, new_dir);
	if (err)
		return err;
	trap = lock_rename_child(path->dentry, new_dir->dentry);
	err = PTR_ERR_OR_ZERO(trap);
	if (!err) {
		/* Its child keeps it, but only until it has been moved. */
		dir.dentry = dget(path->dentry->d_parent);
		err = hf9_check_inside(request, dir.dentry);
		if (!err && d_unhashed(path->dentry))
			err = -ENOENT;
		if (!err)
			err = rename_locked(&dir, path->dentry, new_dir,
					    &request->t.trename.name, trap, 0);
		unlock_rename(dir.dentry, new_dir->dentry);
		dput(dir.dentry);
	}
	mnt_drop_write(path->mnt);
	return err;
}
