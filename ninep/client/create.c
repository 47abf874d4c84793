// SPDX-License-Identifier: GPL-2.0-only
/*
 * ->atomic_open: a file is made and opened in one go.
 *
 * With hf1 also one that may be there already: the server says which it was.  Plain
 * 9P2000.L does not, so there the name is looked for first, and made as one that may not
 * exist.  What is there and is not to be made is looked up; the VFS opens it.
 */
#include <linux/dcache.h>
#include <linux/namei.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "remote.h"

/* Its ->open: it is open already. */
static int is_open(struct inode *inode, struct file *file)
{
	return hf9c_file_opened(inode, file, file->private_data);
}

/* @fid: the caller's reference, which goes. */
static int finish(struct dentry *dentry, struct file *file, struct hf9c_fid *fid, bool created)
{
	int err;

	if (created)
		file->f_mode |= FMODE_CREATED;
	file->private_data = fid;
	err = finish_open(file, dentry, is_open);
	/* From then on ->release puts it. */
	if (err && !(file->f_mode & FMODE_OPENED)) {
		file->private_data = NULL;
		hf9c_fid_put(fid);
	}
	return err;
}

static int instantiate(struct dentry *dentry, const struct np_attr *attr,
		       const struct hf9c_sample *sample, void *version)
{
	struct dentry *found;
	struct inode *inode;

	inode = hf9c_iget(dentry->d_sb, attr, sample);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	d_drop(dentry);
	hf9c_dentry_seen(dentry, version, sample->since);
	found = d_splice_alias(inode, dentry);
	if (!found)
		return 0;
	/* A regular file has no other name here than this one. */
	if (WARN_ON_ONCE(!IS_ERR(found)))
		dput(found);
	return -EIO;
}

/* What has no content is opened here, and a link followed. */
static bool is_another_kind(int err)
{
	return err == -ELOOP || err == -ENXIO || err == -EISDIR;
}

/* Return: 0, and the file is open; or -errno, and nothing is known of the name. */
static int create(struct inode *dir, struct dentry *dentry, struct file *file, u32 flags,
		  umode_t mode)
{
	struct hf9c_sample sample = hf9c_sample(dir->i_sb, NULL);
	struct hf9c_fid *from = hf9c_fid_of(dentry->d_parent), *fid;
	struct np_attr attr;
	bool created = false;
	int err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	fid = hf9c_fid_new_like(from);
	err = PTR_ERR_OR_ZERO(fid);
	if (!err) {
		err = hf9c_remote_create(from, fid, &dentry->d_name, flags,
					 hf9c_mode_to_send(dir, mode) & S_IALLUGO,
					 hf9c_gid_to_send(dir), &attr, &created);
		if (created)
			hf9c_changed_names(dir);
		/* Whatever else a server calls it is not opened as a file. */
		if (!err && !S_ISREG(attr.mode))
			err = -EIO;
		if (!err)
			err = instantiate(dentry, &attr, &sample, NULL);
		/* It is not missing, as it was taken to be. */
		if (err == -EEXIST || is_another_kind(err))
			d_drop(dentry);
		if (err)
			hf9c_fid_put(fid);
		else
			err = finish(dentry, file, fid, created);
	}
	hf9c_fid_put(from);
	return err;
}

static u32 flags_of(const struct file *file)
{
	return (file->f_flags & O_ACCMODE) | NP_O_LARGEFILE | NP_O_CREAT;
}

/* The dentry that there is to go on with, perhaps negative, with a reference. */
static struct dentry *look(struct inode *dir, struct dentry *dentry)
{
	struct dentry *found;

	if (!d_in_lookup(dentry))
		return dget(dentry);
	found = hf9c_lookup(dir, dentry, 0);
	return found ?: dget(dentry);
}

/* Another one may be made, or the one removed, between two questions: then both again. */
static int look_then_create(struct inode *dir, struct dentry *dentry, struct file *file,
			    umode_t mode)
{
	struct dentry *found = look(dir, dentry);
	int err;

	if (IS_ERR(found))
		return PTR_ERR(found);
	if (d_really_is_positive(found))
		return finish_no_open(file, found);
	err = create(dir, found, file, flags_of(file) | NP_O_EXCL, mode);
	dput(found);
	return err == -EEXIST ? -ESTALE : err;
}

/**
 * hf9c_atomic_open - ->atomic_open
 * @dir: in which directory
 * @dentry: the name, in lookup, or negative
 * @file: to be opened
 * @flags: O_*
 * @mode: of what is made
 *
 * Return: 0, and @file is open, or what there is to open; or -errno.
 */
int hf9c_atomic_open(struct inode *dir, struct dentry *dentry, struct file *file,
		     unsigned int flags, umode_t mode)
{
	struct dentry *found;
	int err;

	if (!(flags & O_CREAT)) {
		found = look(dir, dentry);
		return IS_ERR(found) ? PTR_ERR(found) : finish_no_open(file, found);
	}
	if (dentry->d_name.len > NP_NAME_MAX)
		return -ENAMETOOLONG;
	if ((file->f_flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (flags & O_EXCL)
		return create(dir, dentry, file, flags_of(file) | NP_O_EXCL, mode);
	if (!hf9c_knows(hf9c_super(dir->i_sb), NP_TCREATEATTR))
		return look_then_create(dir, dentry, file, mode);
	err = create(dir, dentry, file, flags_of(file), mode);
	if (!is_another_kind(err))
		return err;
	/* It was believed to be missing: the VFS is to look for it. */
	if (!d_in_lookup(dentry))
		return -ESTALE;
	found = look(dir, dentry);
	return IS_ERR(found) ? PTR_ERR(found) : finish_no_open(file, found);
}
