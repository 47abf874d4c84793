// SPDX-License-Identifier: GPL-2.0-only
/* Requests and replies: names, made, removed and moved. */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>

#include "remote.h"

/* Of a request whose reply says no more than that it was done. */
static int done(struct hf9c_call *call)
{
	int err = hf9c_ask(call);

	if (!err)
		hf9c_ask_free(call);
	return err;
}

int hf9c_remote_mkdir(struct hf9c_fid *dir, const struct qstr *name, umode_t mode, u32 gid)
{
	struct hf9c_call *call = hf9c_ask_of(dir, NP_TMKDIR);

	if (call)
		call->ask.tmkdir = (struct np_tmkdir) {
			.name = hf9c_str(name), .dfid = dir->number, .mode = mode,
			.gid = gid,
		};
	return done(call);
}

int hf9c_remote_mknod(struct hf9c_fid *dir, const struct qstr *name, umode_t mode, dev_t dev,
		      u32 gid)
{
	struct hf9c_call *call = hf9c_ask_of(dir, NP_TMKNOD);

	if (call)
		call->ask.tmknod = (struct np_tmknod) {
			.name = hf9c_str(name), .fid = dir->number, .mode = mode,
			.major = MAJOR(dev), .minor = MINOR(dev), .gid = gid,
		};
	return done(call);
}

int hf9c_remote_symlink(struct hf9c_fid *dir, const struct qstr *name, const char *target,
			u32 gid)
{
	struct hf9c_call *call = hf9c_ask_of(dir, NP_TSYMLINK);

	if (call)
		call->ask.tsymlink = (struct np_tsymlink) {
			.name = hf9c_str(name), .target = hf9c_text(target),
			.fid = dir->number, .gid = gid,
		};
	return done(call);
}

/* Return: what it says, to be freed by kfree(); or ERR_PTR. */
char *hf9c_remote_readlink(struct hf9c_fid *fid)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TREADLINK);
	const struct np_str *target;
	char *link;
	int err;

	if (call)
		call->ask.treadlink.fid = fid->number;
	err = hf9c_ask(call);
	if (err)
		return ERR_PTR(err);
	target = &call->reply.rreadlink.target;
	if (!target->len || target->len >= PATH_MAX)
		link = ERR_PTR(-EIO);
	else
		link = kmemdup_nul(target->at, target->len, GFP_KERNEL) ?:
		       ERR_PTR(-ENOMEM);
	hf9c_ask_free(call);
	return link;
}

int hf9c_remote_link(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name)
{
	struct hf9c_call *call = hf9c_ask_of_two(dir, fid, NP_TLINK);

	if (call)
		call->ask.tlink = (struct np_tlink) {
			.name = hf9c_str(name), .dfid = dir->number, .fid = fid->number,
		};
	return done(call);
}

int hf9c_remote_unlinkat(struct hf9c_fid *dir, const struct qstr *name, u32 flags)
{
	struct hf9c_call *call = hf9c_ask_of(dir, NP_TUNLINKAT);

	if (call)
		call->ask.tunlinkat = (struct np_tunlinkat) {
			.name = hf9c_str(name), .dirfid = dir->number, .flags = flags,
		};
	return done(call);
}

static int renamex(struct hf9c_fid *old_dir, const struct qstr *old,
		   struct hf9c_fid *new_dir, const struct qstr *new, u32 flags)
{
	struct hf9c_call *call;

	if (!hf9c_knows(old_dir->hs, NP_TRENAMEX))
		return -EINVAL;
	call = hf9c_ask_of_two(old_dir, new_dir, NP_TRENAMEX);
	if (call)
		call->ask.trenamex = (struct np_trenamex) {
			.oldname = hf9c_str(old), .olddirfid = old_dir->number,
			.newname = hf9c_str(new), .newdirfid = new_dir->number,
			.flags = flags,
		};
	return done(call);
}

int hf9c_remote_rename(struct hf9c_fid *old_dir, const struct qstr *old,
		       struct hf9c_fid *new_dir, const struct qstr *new, u32 flags)
{
	struct hf9c_call *call;

	if (flags)
		return renamex(old_dir, old, new_dir, new, flags);
	call = hf9c_ask_of_two(old_dir, new_dir, NP_TRENAMEAT);
	if (call)
		call->ask.trenameat = (struct np_trenameat) {
			.oldname = hf9c_str(old), .olddirfid = old_dir->number,
			.newname = hf9c_str(new), .newdirfid = new_dir->number,
		};
	return done(call);
}

/* For a server without Trenameat. */
int hf9c_remote_rename_fid(struct hf9c_fid *fid, struct hf9c_fid *dir, const struct qstr *name)
{
	struct hf9c_call *call = hf9c_ask_of_two(fid, dir, NP_TRENAME);

	if (call)
		call->ask.trename = (struct np_trename) {
			.name = hf9c_str(name), .fid = fid->number, .dfid = dir->number,
		};
	return done(call);
}
