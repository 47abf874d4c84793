// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fid for a path: one that is there, or else a walk from the nearest one above.
 *
 * A walk goes by names, which may change meanwhile: what it has found is compared with
 * what was looked for.
 */
#include <linux/dcache.h>
#include <linux/slab.h>

#include "fid.h"
#include "remote.h"

/* A way down: from the first one's parent to the last one. */
struct way {
	struct dentry *at[NP_MAX_WALK];		/* the lowest first; references */
	struct name_snapshot name[NP_MAX_WALK];
	unsigned int count;
};

static void way_begin(struct way *way, struct dentry *dentry)
{
	/* Only the upper ones are of use in this walk. */
	if (way->count == NP_MAX_WALK) {
		dput(way->at[0]);
		memmove(way->at, way->at + 1, sizeof(way->at) - sizeof(way->at[0]));
		way->count--;
	}
	way->at[way->count++] = dget(dentry);
}

static void way_end(struct way *way)
{
	while (way->count)
		dput(way->at[--way->count]);
}

static struct hf9c_fid *fid_here(struct dentry *dentry, kuid_t uid)
{
	if (dentry == dentry->d_sb->s_root)
		return hf9c_root_for(hf9c_super(dentry->d_sb), uid);
	return hf9c_find_path(d_inode(dentry), uid);
}

/* Up to what there is a fid of.  Return: that; what is below it is in @way. */
static struct hf9c_fid *go_up(struct dentry *dentry, kuid_t uid, struct way *way)
{
	struct dentry *at = dget(dentry), *parent;
	struct hf9c_fid *fid;

	for (;;) {
		fid = fid_here(at, uid);
		if (fid)
			break;
		if (IS_ROOT(at) || d_unlinked(at)) {
			fid = ERR_PTR(-ESTALE);
			break;
		}
		way_begin(way, at);
		parent = dget_parent(at);
		dput(at);
		at = parent;
	}
	dput(at);
	return fid;
}

/* Down again as far as one message goes. */
static struct hf9c_fid *go_down(struct hf9c_fid *from, struct way *way)
{
	struct hf9c_fid *fid = hf9c_fid_new_like(from);
	struct dentry *end = way->at[0];
	struct np_names names = { .count = way->count };
	struct np_qid qid;
	unsigned int i;
	int err;

	if (IS_ERR(fid))
		return fid;
	for (i = 0; i < way->count; i++) {
		struct name_snapshot *name = &way->name[i];

		take_dentry_name_snapshot(name, way->at[way->count - 1 - i]);
		names.name[i].at = name->name.name;
		names.name[i].len = name->name.len;
	}
	err = hf9c_remote_walk(from, fid, &names, &qid);
	for (i = 0; i < way->count; i++)
		release_dentry_name_snapshot(&way->name[i]);
	if (err == -ENOENT || (!err && qid.path != hf9c_inode(d_inode(end))->path))
		err = -ESTALE;
	if (!err) {
		hf9c_fid_keep(d_inode(end), hf9c_fid_get(fid));
		return fid;
	}
	hf9c_fid_put(fid);
	return ERR_PTR(err);
}

/* Until there is one; each walk brings it nearer by as many names as a message has. */
static struct hf9c_fid *walk_to(struct dentry *dentry, kuid_t uid)
{
	struct way *way = kzalloc(sizeof(*way), GFP_KERNEL);
	struct hf9c_fid *from, *fid = NULL;
	bool there;

	if (!way)
		return ERR_PTR(-ENOMEM);
	do {
		from = go_up(dentry, uid, way);
		there = !way->count || way->at[0] == dentry;
		if (IS_ERR(from) || !way->count) {
			fid = from;
		} else {
			fid = go_down(from, way);
			hf9c_fid_put(from);
		}
		way_end(way);
		if (!there && !IS_ERR(fid))
			hf9c_fid_put(fid);
	} while (!there && !IS_ERR(fid));
	kfree(way);
	return fid;
}

/**
 * hf9c_fid_of - one that stands for a path, or, if it has none any more, for a file
 * @dentry: positive
 *
 * Context: may sleep.
 * Return: to be put; -EACCES for a user who may not; -ESTALE if it is not there any
 * more; what the server says to the walk.
 */
struct hf9c_fid *hf9c_fid_of(struct dentry *dentry)
{
	kuid_t uid = hf9c_user_of(hf9c_super(dentry->d_sb));
	struct inode *inode = d_inode(dentry);
	struct hf9c_fid *fid;

	if (!uid_valid(uid))
		return ERR_PTR(-EACCES);
	fid = fid_here(dentry, uid);
	if (!fid && d_unlinked(dentry))
		fid = hf9c_find_open(inode, uid, 0) ?: ERR_PTR(-ESTALE);
	return fid ?: walk_to(dentry, uid);
}

/**
 * hf9c_fid_of_inode - hf9c_fid_of() for who has no path
 * @inode: of what
 *
 * Context: as there.
 * Return: as there.
 */
struct hf9c_fid *hf9c_fid_of_inode(struct inode *inode)
{
	kuid_t uid = hf9c_user_of(hf9c_super(inode->i_sb));
	struct dentry *dentry;
	struct hf9c_fid *fid;

	if (!uid_valid(uid))
		return ERR_PTR(-EACCES);
	fid = hf9c_find_path(inode, uid) ?: hf9c_find_open(inode, uid, 0);
	if (fid)
		return fid;
	dentry = d_find_any_alias(inode);
	if (!dentry)
		return hf9c_find_open(inode, INVALID_UID, 0) ?: ERR_PTR(-ESTALE);
	fid = hf9c_fid_of(dentry);
	dput(dentry);
	return fid;
}
