// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a file and opening it: Tlcreate, Tcreateattr; and as whom anything is made.
 *
 * The gid of a message is a claim.  As fsgid it would make its bearer a member of the
 * group for every check on the way, so nothing but the creation itself runs with it:
 * whether the caller may create here was asked before, as what he is, and under the
 * directory's lock, so that the answer still holds.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "core/translate_core.h"
#include "ops.h"

/**
 * hf9_begin_create - become the one whom the new file belongs to
 * @request: for its user
 * @dir: where
 * @gid: what the message says
 * @mode: of what is made; may lose S_ISGID
 * @caller: set: the one before, for hf9_end_create()
 *
 * Context: @dir's i_rwsem is held for writing.
 * Return: for hf9_end_create(), or -errno.
 */
const struct cred *hf9_begin_create(struct hf9_request *request, const struct path *dir,
				    u32 gid, umode_t *mode, const struct cred **caller)
{
	struct inode *inode = d_inode(dir->dentry);
	const struct cred *as;
	int err;

	err = inode_permission(mnt_idmap(dir->mnt), inode, MAY_WRITE | MAY_EXEC);
	if (err)
		return ERR_PTR(err);
	as = hf9_create_cred(request->fid[0]->who, inode, gid, mode);
	if (!IS_ERR(as))
		*caller = override_creds(as);
	return as;
}

/**
 * hf9_end_create - be the caller again
 * @as: what hf9_begin_create() returned
 * @caller: what it set
 */
void hf9_end_create(const struct cred *as, const struct cred *caller)
{
	revert_creds(caller);
	put_cred(as);
}

/**
 * hf9_made - what stands for a name that was just made
 * @dir: the directory
 * @dentry: what it was made by; put if it is not the one
 * @name: the name
 *
 * Some filesystems leave it to a lookup to fill in what they made.
 *
 * Context: @dir's i_rwsem is held for writing.
 * Return: a positive dentry, to be put; or -errno.
 */
struct dentry *hf9_made(const struct path *dir, struct dentry *dentry,
			const struct np_str *name)
{
	if (d_is_positive(dentry) && !d_unhashed(dentry))
		return dentry;
	dput(dentry);
	dentry = lookup_one(mnt_idmap(dir->mnt), name->at, dir->dentry, name->len);
	if (IS_ERR(dentry) || d_is_positive(dentry))
		return dentry;
	dput(dentry);
	return ERR_PTR(-ENOENT);
}

/* What a Tlcreate and a Tcreateattr have in common. */
struct creation {
	const struct np_str *name;
	u32 flags, gid;
	umode_t mode;
	bool created;
};

/* Under the directory's lock.  Takes @dentry over.  Return: what was made, to be put. */
static struct dentry *create_locked(struct hf9_request *request, const struct path *dir,
				    struct dentry *dentry, struct creation *creation)
{
	umode_t mode = S_IFREG | (creation->mode & S_IALLUGO);
	const struct cred *as, *caller;
	int err;

	as = hf9_begin_create(request, dir, creation->gid, &mode, &caller);
	err = PTR_ERR_OR_ZERO(as);
	if (!err) {
		err = vfs_create(mnt_idmap(dir->mnt), d_inode(dir->dentry), dentry,
				 mode, true);
		hf9_end_create(as, caller);
	}
	if (err) {
		dput(dentry);
		return ERR_PTR(err);
	}
	creation->created = true;
	return hf9_made(dir, dentry, creation->name);
}

/* Under the directory's lock.  Return: what there is, or was made; to be put. */
static struct dentry *find_or_create(struct hf9_request *request, const struct path *dir,
				     struct creation *creation)
{
	struct dentry *dentry;

	dentry = lookup_one(mnt_idmap(dir->mnt), creation->name->at, dir->dentry,
			    creation->name->len);
	if (IS_ERR(dentry))
		return dentry;
	if (d_is_negative(dentry))
		return create_locked(request, dir, dentry, creation);
	if (!(creation->flags & NP_O_EXCL) && !d_is_dir(dentry))
		return dentry;
	dput(dentry);
	return ERR_PTR(creation->flags & NP_O_EXCL ? -EEXIST : -EISDIR);
}

/* Without the directory's lock: whoever is asked about an open may want that. */
static struct file *open_it(const struct path *path, const struct creation *creation)
{
	struct file *file;

	if (!creation->created)
		return hf9_open(path, creation->flags);
	file = hf9_open_new(path, creation->flags);
	/*
	 * Somebody was quicker, and has a lease.  Who comes again finds a name that
	 * exists, which is no answer to whoever wants a new one.  (Whoever does not opens
	 * it like any other then, so one of mode 0444 not for writing.)
	 */
	if (file == ERR_PTR(-EAGAIN) && creation->flags & NP_O_EXCL)
		return ERR_PTR(-EBUSY);
	return file;
}

static int check_flags(u32 flags)
{
	int to;

	return hf9_open_flags(flags, &to) ?: (flags & NP_O_DIRECTORY ? -EINVAL : 0);
}

static struct file *create(struct hf9_request *request, struct creation *creation)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	struct path path = { .mnt = dir->mnt };
	struct file *file;
	int err;

	err = check_flags(creation->flags);
	if (!err)
		err = hf9_want_write(request, dir);
	if (err)
		return ERR_PTR(err);
	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	path.dentry = find_or_create(request, dir, creation);
	inode_unlock(d_inode(dir->dentry));
	mnt_drop_write(dir->mnt);
	if (IS_ERR(path.dentry))
		return ERR_CAST(path.dentry);
	file = open_it(&path, creation);
	dput(path.dentry);
	return file;
}

int hf9_run_lcreate(struct hf9_request *request)
{
	const struct np_tlcreate *t = &request->t.tlcreate;
	struct np_ropen *reply = &request->r.rlcreate;
	struct hf9_fid *fid = request->fid[0];
	struct creation creation = {
		.name = &t->name, .flags = t->flags, .mode = t->mode, .gid = t->gid,
	};
	struct file *file;
	int err;

	err = hf9_fid_claim(request->connection, fid);
	if (err)
		return err;
	file = create(request, &creation);
	err = PTR_ERR_OR_ZERO(file);
	if (!err) {
		reply->iounit = ns_iounit(request->connection->msize);
		err = hf9_qid(&file->f_path, &reply->qid);
		if (err)
			hf9_close(file);
		else
			hf9_fid_set_file(fid, file);
	}
	hf9_fid_become(request->connection, fid, err ? NS_FID_UNOPENED : NS_FID_OPEN);
	return err;
}

static int tell_created(struct hf9_request *request, const struct creation *creation,
			struct file *file)
{
	struct np_rcreateattr *reply = &request->r.rcreateattr;

	reply->created = creation->created;
	reply->iounit = ns_iounit(request->connection->msize);
	return hf9_attr(request, &file->f_path, &reply->attr);
}

/* The fid stays a directory's, and the newfid becomes the file's; or the fid does. */
int hf9_run_createattr(struct hf9_request *request)
{
	const struct np_tcreateattr *t = &request->t.tcreateattr;
	struct hf9_fid *fid = request->fid[0], *newfid = request->newfid;
	struct creation creation = {
		.name = &t->name, .flags = t->flags, .mode = t->mode, .gid = t->gid,
	};
	struct file *file;
	int err = 0;

	if (!newfid)
		err = hf9_fid_claim(request->connection, fid);
	if (err)
		return err;
	file = create(request, &creation);
	err = PTR_ERR_OR_ZERO(file);
	if (!err) {
		err = tell_created(request, &creation, file);
		if (err)
			hf9_close(file);
	}
	if (!err && newfid) {
		hf9_fid_be(newfid, fid, &file->f_path);
		request->newfid_as = NS_FID_OPEN;
	}
	if (!err)
		hf9_fid_set_file(newfid ?: fid, file);
	if (!newfid)
		hf9_fid_become(request->connection, fid,
			       err ? NS_FID_UNOPENED : NS_FID_OPEN);
	return err;
}
