// SPDX-License-Identifier: GPL-2.0-only
/*
 * Twalk, Twalkattr: from a fid down a name at a time, or up.
 *
 * No step leaves the export.  Its mount is a private clone, of which no other mount
 * hangs, so names lead nowhere else, and symbolic links are the client's to follow.
 * ".." is ours, and stops at the root.  What remains is a directory that somebody
 * moves out, or away from above us, while we are in it: after each step, and before
 * the first, it has to lie within the root, or the client hears ESTALE.
 */
#include <linux/dcache.h>
#include <linux/namei.h>

#include "ops.h"

/**
 * hf9_check_inside - does it lie within the export?
 * @request: the request
 * @dentry: anything on the export's filesystem
 *
 * Return: 0; -ESTALE if somebody has moved it out, or something above it.
 */
int hf9_check_inside(const struct hf9_request *request, struct dentry *dentry)
{
	struct dentry *root = request->connection->export->root.dentry;

	return is_subdir(dentry, root) ? 0 : -ESTALE;
}

/**
 * hf9_check_dir - can names be made, looked for and removed in it?
 * @request: the request
 * @dir: what a fid stands for
 *
 * Return: 0; -ENOTDIR; -ESTALE as hf9_check_inside().
 */
int hf9_check_dir(const struct hf9_request *request, const struct path *dir)
{
	/* ->lookup is called unasked, and a program may be executed, too. */
	if (!d_can_lookup(dir->dentry))
		return -ENOTDIR;
	return hf9_check_inside(request, dir->dentry);
}

static bool is_up(const struct np_str *name)
{
	return name->len == 2 && name->at[0] == '.' && name->at[1] == '.';
}

static struct dentry *go_up(const struct hf9_export *export, struct dentry *dir)
{
	int err;

	/* As a look for any name in it. */
	err = inode_permission(mnt_idmap(export->root.mnt), d_inode(dir), MAY_EXEC);
	if (err)
		return ERR_PTR(err);
	return dir == export->root.dentry ? dget(dir) : dget_parent(dir);
}

static int step(const struct hf9_export *export, struct dentry **at,
		const struct np_str *name)
{
	struct dentry *next;

	if (!d_can_lookup(*at))
		return -ENOTDIR;
	if (is_up(name))
		next = go_up(export, *at);
	else
		next = lookup_one_positive_unlocked(mnt_idmap(export->root.mnt),
						    name->at, *at, name->len);
	if (IS_ERR(next))
		return PTR_ERR(next);
	dput(*at);
	*at = next;
	return 0;
}

/**
 * hf9_walk - as far as the names lead
 * @request: whose fid it begins at
 * @names: the names, maybe none
 * @qids: of what was found on the way
 * @path: set if all were found: where it ends; to be put
 *
 * Return: 0, and then @qids->count may be less than @names->count, but is not 0
 * unless that is; or what the first name failed with.
 */
int hf9_walk(struct hf9_request *request, const struct np_names *names,
	     struct np_qids *qids, struct path *path)
{
	const struct hf9_export *export = request->connection->export;
	struct path at = *hf9_fid_path(request->fid[0]);
	unsigned int i;
	int err;

	qids->count = 0;
	err = hf9_check_inside(request, at.dentry);
	if (err)
		return err;
	dget(at.dentry);
	for (i = 0; i < names->count && !err; i++) {
		err = step(export, &at.dentry, &names->name[i]);
		if (!err)
			err = hf9_check_inside(request, at.dentry);
		if (!err)
			err = hf9_qid(&at, &qids->qid[i]);
		if (!err)
			qids->count++;
	}
	if (err) {
		dput(at.dentry);
		return qids->count ? 0 : err;
	}
	mntget(at.mnt);
	*path = at;
	return 0;
}

/**
 * hf9_walked - make the newfid of a walk that has reached its end
 * @request: the walk
 * @path: where it has come to
 *
 * Return: 0; if the newfid is the fid, what hf9_fid_claim() and hf9_fid_move() say.
 */
int hf9_walked(struct hf9_request *request, struct path *path)
{
	struct hf9_connection *connection = request->connection;
	struct hf9_fid *fid = request->fid[0];
	int err;

	if (request->newfid) {
		hf9_fid_be(request->newfid, fid, path);
		request->newfid_as = NS_FID_UNOPENED;
		return 0;
	}
	/* No names: it is there already. */
	if (path->dentry == hf9_fid_path(fid)->dentry)
		return 0;
	err = hf9_fid_claim(connection, fid);
	if (err)
		return err;
	err = hf9_fid_move(request, path->dentry);
	hf9_fid_become(connection, fid, NS_FID_UNOPENED);
	return err;
}

int hf9_run_walk(struct hf9_request *request)
{
	struct path path = {};
	int err;

	err = hf9_walk(request, &request->t.twalk.names, &request->r.rwalk.qids,
		       &path);
	if (err || !path.dentry)
		return err;
	err = hf9_walked(request, &path);
	path_put(&path);
	return err;
}

int hf9_run_walkattr(struct hf9_request *request)
{
	struct np_rwalkattr *reply = &request->r.rwalkattr;
	struct path path = {};
	int err;

	err = hf9_walk(request, &request->t.twalkattr.names, &reply->qids, &path);
	if (err || !path.dentry)
		return err;
	err = hf9_attr(request, &path, &reply->attr);
	if (!err && request->t.twalkattr.newfid != NP_NOFID)
		err = hf9_walked(request, &path);
	path_put(&path);
	return err;
}
