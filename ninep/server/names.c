// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that are made and removed: Tmkdir, Tmknod, Tsymlink, Tlink, Tunlinkat,
 * Tremove; and Treadlink.  rename.c moves them.
 *
 * Each change has one shape: write access to the mount, the directory's i_rwsem, a
 * lookup of the one name in it, the VFS's own function.  That is never given a place
 * for an inode whose delegation is to be waited for: it breaks it, says -EAGAIN, and
 * the request comes again.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "ops.h"

/**
 * hf9_want_write - before a change of a directory
 * @request: the request
 * @dir: the directory
 *
 * Context: may sleep.
 * Return: 0, for mnt_drop_write(); what hf9_check_dir() says; -EROFS.
 */
int hf9_want_write(const struct hf9_request *request, const struct path *dir)
{
	int err = hf9_check_dir(request, dir);

	return err ?: mnt_want_write(dir->mnt);
}

/* What is made: its mode with its type, and what belongs to the type. */
struct thing {
	const struct np_str *name;
	u32 gid;
	umode_t mode;
	dev_t dev;
	const char *target;
};

static int make_as(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		   const struct thing *thing, umode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return vfs_mkdir(idmap, dir, dentry, mode & ~S_IFMT);
	case S_IFLNK:
		return vfs_symlink(idmap, dir, dentry, thing->target);
	case S_IFREG:
		return vfs_create(idmap, dir, dentry, mode, true);
	default:
		return vfs_mknod(idmap, dir, dentry, mode, thing->dev);
	}
}

static int make_locked(struct hf9_request *request, const struct path *dir,
		       struct dentry *dentry, const struct thing *thing)
{
	const struct cred *as, *caller;
	umode_t mode = thing->mode;
	int err;

	/* Before the question whether he may, as everywhere. */
	if (d_is_positive(dentry))
		return -EEXIST;
	as = hf9_begin_create(request, dir, thing->gid, &mode, &caller);
	if (IS_ERR(as))
		return PTR_ERR(as);
	err = make_as(mnt_idmap(dir->mnt), d_inode(dir->dentry), dentry, thing, mode);
	hf9_end_create(as, caller);
	return err;
}

/* Return: what was made, to be put. */
static struct dentry *make_in(struct hf9_request *request, const struct path *dir,
			      const struct thing *thing)
{
	const struct np_str *name = thing->name;
	struct dentry *dentry;
	int err;

	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	dentry = lookup_one(mnt_idmap(dir->mnt), name->at, dir->dentry, name->len);
	if (!IS_ERR(dentry)) {
		err = make_locked(request, dir, dentry, thing);
		if (!err) {
			dentry = hf9_made(dir, dentry, name);
		} else {
			dput(dentry);
			dentry = ERR_PTR(err);
		}
	}
	inode_unlock(d_inode(dir->dentry));
	return dentry;
}

static int make(struct hf9_request *request, const struct thing *thing,
		struct np_qid *qid)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	struct path made = { .mnt = dir->mnt };
	int err;

	err = hf9_want_write(request, dir);
	if (err)
		return err;
	made.dentry = make_in(request, dir, thing);
	mnt_drop_write(dir->mnt);
	if (IS_ERR(made.dentry))
		return PTR_ERR(made.dentry);
	err = hf9_qid(&made, qid);
	dput(made.dentry);
	return err;
}

int hf9_run_mkdir(struct hf9_request *request)
{
	const struct np_tmkdir *t = &request->t.tmkdir;
	struct thing thing = {
		.name = &t->name, .gid = t->gid,
		.mode = S_IFDIR | (t->mode & S_IALLUGO),
	};

	return make(request, &thing, &request->r.rmkdir.qid);
}

/* A type that no inode of its own can have would make a corrupt one. */
static bool is_node(umode_t mode)
{
	return S_ISREG(mode) || S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	       S_ISSOCK(mode);
}

int hf9_run_mknod(struct hf9_request *request)
{
	const struct np_tmknod *t = &request->t.tmknod;
	struct thing thing = {
		.name = &t->name, .gid = t->gid, .mode = t->mode,
	};

	if (!(t->mode & S_IFMT))
		thing.mode |= S_IFREG;
	if (!is_node(thing.mode))
		return -EINVAL;
	if (S_ISCHR(thing.mode) || S_ISBLK(thing.mode)) {
		thing.dev = MKDEV(t->major, t->minor);
		if (MAJOR(thing.dev) != t->major || MINOR(thing.dev) != t->minor)
			return -EINVAL;
	}
	return make(request, &thing, &request->r.rmknod.qid);
}

int hf9_run_symlink(struct hf9_request *request)
{
	const struct np_tsymlink *t = &request->t.tsymlink;
	struct thing thing = {
		.name = &t->name, .gid = t->gid, .mode = S_IFLNK | 0777,
	};
	char *target;
	int err;

	if (!t->target.len)
		return -ENOENT;
	if (t->target.len >= PATH_MAX)
		return -ENAMETOOLONG;
	target = kmemdup_nul(t->target.at, t->target.len, GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	thing.target = target;
	err = make(request, &thing, &request->r.rsymlink.qid);
	kfree(target);
	return err;
}

int hf9_run_readlink(struct hf9_request *request)
{
	struct dentry *dentry = hf9_fid_path(request->fid[0])->dentry;
	struct np_str *target = &request->r.rreadlink.target;
	DEFINE_DELAYED_CALL(done);
	const char *link;
	int err = 0;

	if (!d_is_symlink(dentry))
		return -EINVAL;
	/*
	 * Only what is no text has a readlink of its own: procfs's links to what a
	 * process has.  Their get_link jumps, which only a walk of the kernel's can.
	 */
	if (d_inode(dentry)->i_op->readlink)
		return -EINVAL;
	link = vfs_get_link(dentry, &done);
	if (IS_ERR_OR_NULL(link))
		return link ? PTR_ERR(link) : -EINVAL;
	target->len = min_t(size_t, strlen(link), PATH_MAX - 1);
	request->text = kvmalloc(target->len + 1, GFP_KERNEL);
	if (request->text) {
		memcpy(request->text, link, target->len);
		target->at = request->text;
	} else {
		err = -ENOMEM;
	}
	do_delayed_call(&done);
	return err;
}

static int link_locked(struct dentry *old, const struct path *dir,
		       const struct np_str *name)
{
	struct mnt_idmap *idmap = mnt_idmap(dir->mnt);
	struct dentry *dentry;
	int err;

	dentry = lookup_one(idmap, name->at, dir->dentry, name->len);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = vfs_link(old, idmap, d_inode(dir->dentry), dentry, NULL);
	dput(dentry);
	return err;
}

int hf9_run_link(struct hf9_request *request)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	struct dentry *old = hf9_fid_path(request->fid[1])->dentry;
	int err;

	/* What was moved out of the export gets no name in it again. */
	err = hf9_check_inside(request, old);
	if (!err)
		err = hf9_want_write(request, dir);
	if (err)
		return err;
	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	err = link_locked(old, dir, &request->t.tlink.name);
	inode_unlock(d_inode(dir->dentry));
	mnt_drop_write(dir->mnt);
	return err;
}

/*
 * @dir is locked.  @inode is set if a file goes: it is to be put once the lock is let
 * go of, so that others need not wait until its blocks are free.
 */
static int remove_locked(const struct path *dir, struct dentry *dentry, bool is_dir,
			 struct inode **inode)
{
	struct mnt_idmap *idmap = mnt_idmap(dir->mnt);

	if (d_is_negative(dentry))
		return -ENOENT;
	if (is_dir)
		return vfs_rmdir(idmap, d_inode(dir->dentry), dentry);
	*inode = d_inode(dentry);
	ihold(*inode);
	return vfs_unlink(idmap, d_inode(dir->dentry), dentry, NULL);
}

int hf9_run_unlinkat(struct hf9_request *request)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	const struct np_tunlinkat *t = &request->t.tunlinkat;
	struct inode *inode = NULL;
	struct dentry *dentry;
	int err;

	err = hf9_want_write(request, dir);
	if (err)
		return err;
	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	dentry = lookup_one(mnt_idmap(dir->mnt), t->name.at, dir->dentry,
			    t->name.len);
	err = PTR_ERR_OR_ZERO(dentry);
	if (!err) {
		err = remove_locked(dir, dentry, t->flags & NP_AT_REMOVEDIR, &inode);
		dput(dentry);
	}
	inode_unlock(d_inode(dir->dentry));
	iput(inode);
	mnt_drop_write(dir->mnt);
	return err;
}

/* The name may have gone, or somewhere else, before its directory was locked. */
static bool is_still_in(const struct dentry *dentry, const struct dentry *dir)
{
	return dentry->d_parent == dir && !d_unhashed(dentry);
}

/* By the name that the fid was walked to.  The fid is clunked, whatever comes. */
int hf9_run_remove(struct hf9_request *request)
{
	const struct path *path = hf9_fid_path(request->fid[0]);
	struct path dir = { .mnt = path->mnt };
	struct inode *inode = NULL;
	struct dentry *dentry;
	int err;

	/* Its name is in what is not exported. */
	if (path->dentry == request->connection->export->root.dentry)
		return -EBUSY;
	dir.dentry = dget_parent(path->dentry);
	/*
	 * One reference more: a name that goes with the last one takes its inode along,
	 * but the fid, and a file that is open, still have that.
	 */
	dentry = dget(path->dentry);
	err = hf9_want_write(request, &dir);
	if (err)
		goto put;
	inode_lock_nested(d_inode(dir.dentry), I_MUTEX_PARENT);
	if (is_still_in(dentry, dir.dentry))
		err = remove_locked(&dir, dentry, d_is_dir(dentry), &inode);
	else
		err = -ENOENT;
	inode_unlock(d_inode(dir.dentry));
	iput(inode);
	mnt_drop_write(path->mnt);
put:
	dput(dentry);
	dput(dir.dentry);
	return err;
}
