// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: how long what was found is believed.
 *
 * For ac= seconds (with cache=loose for good), and after that as long as the directory has
 * the version that it had when the name was asked for; then it is asked for again.  d_time
 * is when, d_fsdata the version, folded; 0 is none.  What was asked for before
 * hf9c_doubt() is not believed.
 */
#include <linux/dcache.h>
#include <linux/namei.h>

#include "client.h"
#include "fid.h"
#include "remote.h"

static void *fold(u64 version)
{
	return (void *)(unsigned long)(version ^ (BITS_PER_LONG < 64 ? version >> 32 : 0));
}

static void *version_of(struct inode *dir)
{
	struct hf9c_inode *hi = hf9c_inode(dir);
	void *version = NULL;

	spin_lock(&dir->i_lock);
	if (hi->versioned > hi->changed &&
	    !hf9c_is_doubted(hf9c_super(dir->i_sb), hi->versioned))
		version = fold(hi->version);
	spin_unlock(&dir->i_lock);
	return version;
}

/**
 * hf9c_dir_version - a name is about to be asked for
 * @dir: in which
 *
 * Return: for hf9c_dentry_seen().
 */
void *hf9c_dir_version(struct inode *dir)
{
	atomic_inc(&hf9c_inode(dir)->walks);
	return version_of(dir);
}

/**
 * hf9c_dentry_seen - a name was found, or found missing
 * @dentry: the name
 * @version: hf9c_dir_version(), from before it was asked for; NULL: of no use
 * @since: jiffies, likewise
 */
void hf9c_dentry_seen(struct dentry *dentry, void *version, unsigned long since)
{
	spin_lock(&dentry->d_lock);
	dentry->d_fsdata = version;
	dentry->d_time = since;
	spin_unlock(&dentry->d_lock);
}

static bool is_lately(const struct dentry *dentry)
{
	const struct hf9c_super *hs = hf9c_super(dentry->d_sb);
	unsigned long since = READ_ONCE(dentry->d_time);

	if (!time_after(since, READ_ONCE(hs->doubted_at)))
		return false;
	return hf9c_is_loose(dentry->d_sb) ||
	       time_before(jiffies, since + READ_ONCE(hs->ac));
}

/* By what the directory says of itself. */
static bool is_same_directory(struct dentry *dentry, struct inode *dir)
{
	unsigned long now = jiffies;
	struct hf9c_fid *fid;
	void *version;
	int err = 0;

	if (!READ_ONCE(dentry->d_fsdata))
		return false;
	if (!hf9c_is_fresh(dir)) {
		fid = hf9c_fid_of_inode(dir);
		if (IS_ERR(fid))
			return false;
		err = hf9c_refresh(dir, fid);
		hf9c_fid_put(fid);
	} else {
		now = hf9c_inode(dir)->since;
	}
	version = err ? NULL : version_of(dir);
	if (!version || version != READ_ONCE(dentry->d_fsdata))
		return false;
	hf9c_dentry_seen(dentry, version, now);
	return true;
}

/*
 * Is what a name leads to still what it was?  With a fid of it none is made, where the
 * server lets that be.
 */
static int look_again(struct dentry *parent, const struct qstr *name, struct inode *inode,
		      struct np_attr *attr)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_fid *have = NULL, *fid;
	int err;

	if (hf9c_knows(hs, NP_TWALKATTR))
		have = hf9c_find_path(inode, hf9c_user_of(hs));
	if (have) {
		hf9c_fid_put(have);
		return hf9c_peek(parent, name, attr);
	}
	fid = hf9c_look(parent, name, attr);
	err = PTR_ERR_OR_ZERO(fid);
	if (err)
		return err;
	if (hf9c_is(inode, attr))
		hf9c_fid_keep(inode, fid);
	else
		hf9c_fid_put(fid);
	return 0;
}

/* Return: 1 if the name is of the same thing, 0 if it is not, -errno if nobody knows. */
static int ask(struct dentry *parent, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry), *dir = d_inode(parent);
	struct hf9c_sample sample = hf9c_sample(dentry->d_sb, inode);
	void *version = hf9c_dir_version(dir);
	struct name_snapshot name;
	struct np_attr attr;
	int err;

	take_dentry_name_snapshot(&name, dentry);
	err = look_again(parent, &name.name, inode, &attr);
	release_dentry_name_snapshot(&name);
	if (err)
		return err == -ENOENT || err == -ESTALE || err == -ENOTDIR ? 0 : err;
	if (!hf9c_is(inode, &attr))
		return 0;
	hf9c_adopt(inode, &attr, &sample);
	hf9c_dentry_seen(dentry, version, sample.since);
	return 1;
}

/*
 * The directory's version tells of all its names at once.  But whose attributes will be
 * wanted next, and are not here, is asked for with its name; an open asks by itself.
 */
static bool is_to_ask_by_name(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = d_inode(dentry);

	return inode && !(flags & LOOKUP_OPEN) && !hf9c_is_fresh(inode) &&
	       hf9c_knows(hf9c_super(dentry->d_sb), NP_TWALKATTR);
}

static int revalidate(struct dentry *dentry, unsigned int flags)
{
	struct dentry *parent;
	int ret = 0;

	/* With LOOKUP_REVAL what is believed has turned out to be wrong. */
	if (!(flags & LOOKUP_REVAL) && is_lately(dentry))
		return 1;
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	parent = dget_parent(dentry);
	if (!(flags & LOOKUP_REVAL) && !is_to_ask_by_name(dentry, flags))
		ret = is_same_directory(dentry, d_inode(parent));
	/* A name that is missing the VFS asks for by itself. */
	if (!ret && d_really_is_positive(dentry))
		ret = ask(parent, dentry);
	dput(parent);
	return ret;
}

const struct dentry_operations hf9c_dentry_operations = {
	.d_revalidate	= revalidate,
};
