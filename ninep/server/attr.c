// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tgetattr, Tsetattr, and the qid, which is made in this one place: v9fs takes a
 * file whose qid says something else for another one.
 */
#include <linux/filelock.h>
#include <linux/iversion.h>
#include <linux/mount.h>
#include <linux/security.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

#include <holdfast/written.h>

#include "core/translate_core.h"
#include "ops.h"

#define QID_MASK (STATX_TYPE | STATX_INO | STATX_CTIME | STATX_CHANGE_COOKIE)

static u64 ctime_of(const struct kstat *stat)
{
	/* Nanoseconds fit into 30 bits. */
	return ((u64)stat->ctime.tv_sec << 30) + stat->ctime.tv_nsec;
}

/*
 * The counter of changes.  That of a file may be behind after a crash, when what the
 * client has was never written to disk: the time is there to tell, as nfsd has it.
 */
static u64 change_of(const struct kstat *stat)
{
	if (!(stat->result_mask & STATX_CHANGE_COOKIE))
		return ctime_of(stat);
	if (S_ISREG(stat->mode) && !(stat->attributes & STATX_ATTR_CHANGE_MONOTONIC))
		return stat->change_cookie + ctime_of(stat);
	return stat->change_cookie;
}

static void make_qid(const struct path *path, const struct kstat *stat,
		     struct np_qid *qid)
{
	qid->type = S_ISDIR(stat->mode) ? NP_QTDIR :
		    S_ISLNK(stat->mode) ? NP_QTSYMLINK : NP_QTFILE;
	qid->version = ns_qid_version(change_of(stat));
	qid->path = ns_qid_path(stat->ino, stat->dev, path->mnt->mnt_sb->s_dev);
}

/**
 * hf9_qid - the qid of something in an export
 * @path: it
 * @qid: filled
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int hf9_qid(const struct path *path, struct np_qid *qid)
{
	struct kstat stat;
	int err;

	err = vfs_getattr(path, &stat, QID_MASK, AT_STATX_SYNC_AS_STAT);
	if (!err)
		make_qid(path, &stat, qid);
	return err;
}

static void fill_times(struct np_attr *attr, const struct kstat *stat)
{
	attr->atime_sec = stat->atime.tv_sec;
	attr->atime_nsec = stat->atime.tv_nsec;
	attr->mtime_sec = stat->mtime.tv_sec;
	attr->mtime_nsec = stat->mtime.tv_nsec;
	attr->ctime_sec = stat->ctime.tv_sec;
	attr->ctime_nsec = stat->ctime.tv_nsec;
	if (!(stat->result_mask & STATX_BTIME))
		return;
	attr->btime_sec = stat->btime.tv_sec;
	attr->btime_nsec = stat->btime.tv_nsec;
	attr->valid |= NP_ATTR_BTIME;
}

/*
 * Does the version stay for as long as the content does?  After vfs_getattr(): why in this
 * order, see <holdfast/written.h>.  One that is nothing but a time does not move with a
 * change within a tick of that time; no filesystem's is longer than the 2 s of FAT.
 */
static bool is_still(const struct path *path, const struct kstat *stat, time64_t before)
{
	if (!S_ISREG(stat->mode) || stat->result_mask & HF_STATX_WRITTEN ||
	    hf_is_written(path->dentry))
		return false;
	return stat->result_mask & STATX_CHANGE_COOKIE || stat->ctime.tv_sec < before - 2;
}

/**
 * hf9_attr - what Rgetattr says
 * @request: for its msize
 * @path: of what
 * @attr: filled, whatever was asked for: all of it is there anyway
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int hf9_attr(struct hf9_request *request, const struct path *path, struct np_attr *attr)
{
	time64_t before = ktime_get_real_seconds();
	struct kstat stat;
	int err;

	err = vfs_getattr(path, &stat,
			  STATX_BASIC_STATS | STATX_BTIME | STATX_CHANGE_COOKIE |
			  HF_STATX_WRITTEN, AT_STATX_SYNC_AS_STAT);
	if (err)
		return err;
	memset(attr, 0, sizeof(*attr));
	attr->valid = NP_ATTR_BASIC | NP_ATTR_GEN | NP_ATTR_DATA_VERSION;
	if (request->connection->dialect == NP_HF1 && is_still(path, &stat, before))
		attr->valid |= NP_ATTR_STILL;
	make_qid(path, &stat, &attr->qid);
	attr->mode = stat.mode;
	attr->uid = from_kuid_munged(&init_user_ns, stat.uid);
	attr->gid = from_kgid_munged(&init_user_ns, stat.gid);
	attr->nlink = stat.nlink;
	attr->rdev = new_encode_dev(stat.rdev);
	attr->size = stat.size;
	attr->blksize = ns_iounit(request->connection->msize);
	attr->blocks = stat.blocks;
	attr->gen = d_inode(path->dentry)->i_generation;
	attr->data_version = change_of(&stat);
	fill_times(attr, &stat);
	return 0;
}

int hf9_run_getattr(struct hf9_request *request)
{
	return hf9_attr(request, hf9_fid_path(request->fid[0]),
			&request->r.rgetattr.attr);
}

/* ------------------------------------------------------------------ Tsetattr */

/* One change of attributes, planned before anything is changed. */
struct change {
	const struct path *path;
	struct inode *inode;
	struct file *file;	/* open for writing, or NULL */
	u32 left;		/* ns_set_left() */
	struct iattr size;	/* ia_valid is 0 where it stays */
	struct iattr others;	/* likewise */
};

static bool time_is_good(u64 nsec)
{
	return nsec < NSEC_PER_SEC;
}

static int plan_times(struct iattr *to, const struct np_tsetattr *t, u32 left)
{
	if (left & NP_SET_ATIME_SET && !time_is_good(t->atime_nsec))
		return -EINVAL;
	if (left & NP_SET_MTIME_SET && !time_is_good(t->mtime_nsec))
		return -EINVAL;
	if (left & NP_SET_ATIME)
		to->ia_valid |= ATTR_ATIME;
	if (left & NP_SET_MTIME)
		to->ia_valid |= ATTR_MTIME;
	if (left & NP_SET_ATIME_SET) {
		to->ia_valid |= ATTR_ATIME_SET;
		to->ia_atime = (struct timespec64) { t->atime_sec, t->atime_nsec };
	}
	if (left & NP_SET_MTIME_SET) {
		to->ia_valid |= ATTR_MTIME_SET;
		to->ia_mtime = (struct timespec64) { t->mtime_sec, t->mtime_nsec };
	}
	switch (ns_set_times(left)) {
	case NS_TIMES_WRITER:
		to->ia_valid |= ATTR_TOUCH;
		break;
	case NS_TIMES_OWNER:
		/* Also without an _SET: to set one to now is the owner's to do. */
		to->ia_valid |= ATTR_TIMES_SET;
		break;
	case NS_TIMES_NONE:
		break;
	}
	return 0;
}

static int plan_owner(struct iattr *to, const struct np_tsetattr *t, u32 left)
{
	if (left & NP_SET_UID) {
		kuid_t uid = make_kuid(&init_user_ns, t->uid);

		if (!uid_valid(uid))
			return -EINVAL;
		to->ia_valid |= ATTR_UID;
		to->ia_vfsuid = VFSUIDT_INIT(uid);
	}
	if (left & NP_SET_GID) {
		kgid_t gid = make_kgid(&init_user_ns, t->gid);

		if (!gid_valid(gid))
			return -EINVAL;
		to->ia_valid |= ATTR_GID;
		to->ia_vfsgid = VFSGIDT_INIT(gid);
	}
	return 0;
}

static int plan_size(struct iattr *to, const struct np_tsetattr *t)
{
	if (t->size > (u64)LLONG_MAX)
		return -EFBIG;
	to->ia_size = t->size;
	to->ia_valid = ATTR_SIZE;
	/* ftruncate(2) says so; truncate(2) leaves it to whether the size changes. */
	if (t->valid & (NP_SET_MTIME | NP_SET_CTIME))
		to->ia_valid |= ATTR_MTIME | ATTR_CTIME;
	return 0;
}

/* All that the message can be refused for; nothing of the file is known yet. */
static int plan(struct change *change, const struct np_tsetattr *t)
{
	struct iattr *others = &change->others;
	int err = 0;

	change->left = ns_set_left(t->valid);
	if (change->left & NP_SET_SIZE)
		err = plan_size(&change->size, t);
	if (!err)
		err = plan_times(others, t, change->left);
	if (!err)
		err = plan_owner(others, t, change->left);
	if (change->left & NP_SET_MODE)
		others->ia_valid |= ATTR_MODE;
	if (others->ia_valid)
		others->ia_valid |= ATTR_CTIME;
	return err;
}

/*
 * A new owner takes the set-id bits and the capabilities away.  Beside a new mode
 * that is done by hand: notify_change() does not stand both.  And a mode is stored
 * with the type that it has here.
 */
static void complete_others(struct iattr *to, struct inode *inode, umode_t mode)
{
	bool owner = to->ia_valid & (ATTR_UID | ATTR_GID);

	if (to->ia_valid & ATTR_MODE)
		to->ia_mode = (inode->i_mode & S_IFMT) | (mode & S_IALLUGO);
	if (!owner || S_ISDIR(inode->i_mode))
		return;
	to->ia_valid |= ATTR_KILL_PRIV;
	if (to->ia_valid & ATTR_MODE) {
		to->ia_mode &= ~S_ISUID;
		if (to->ia_mode & S_IXGRP)
			to->ia_mode &= ~S_ISGID;
		return;
	}
	to->ia_valid |= ATTR_KILL_SUID |
			setattr_should_drop_sgid(&nop_mnt_idmap, inode);
}

/* So does a new size, whoever sets it. */
static void complete_size(struct iattr *to, struct inode *inode, struct file *file)
{
	int kill = setattr_should_drop_suidgid(&nop_mnt_idmap, inode);

	to->ia_valid |= kill | ATTR_KILL_PRIV;
	if (kill)
		to->ia_valid |= ATTR_FORCE;
	if (file) {
		to->ia_valid |= ATTR_FILE;
		to->ia_file = file;
	}
}

/* What truncate(2) asks; who has the file open for writing was asked then. */
static int may_truncate(const struct change *change)
{
	struct inode *inode = change->inode;
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	if (!change->file) {
		err = inode_permission(mnt_idmap(change->path->mnt), inode,
				       MAY_WRITE);
		if (err)
			return err;
	}
	return IS_APPEND(inode) ? -EPERM : 0;
}

/*
 * The size is a call of its own: no filesystem expects it beside others.  Under one
 * lock, below which nobody is given a delegation: if the first call met none, the
 * second will not, and what is done is not done again.
 */
static int change_locked(struct change *change, umode_t mode)
{
	struct mnt_idmap *idmap = mnt_idmap(change->path->mnt);
	struct dentry *dentry = change->path->dentry;
	int err = 0;

	if (change->size.ia_valid) {
		complete_size(&change->size, change->inode, change->file);
		err = notify_change(idmap, dentry, &change->size, NULL);
	}
	if (!err && change->others.ia_valid) {
		complete_others(&change->others, change->inode, mode);
		err = notify_change(idmap, dentry, &change->others, NULL);
	}
	return err;
}

static int change_size(struct change *change, umode_t mode)
{
	struct inode *inode = change->inode;
	int err;

	err = may_truncate(change);
	if (err)
		return err;
	err = hf9_begin_size(inode);
	if (err)
		return err;
	inode_lock(inode);
	err = change_locked(change, mode);
	inode_unlock(inode);
	put_write_access(inode);
	return err;
}

static int change_attr(struct change *change, umode_t mode)
{
	int err;

	if (change->size.ia_valid)
		return change_size(change, mode);
	inode_lock(change->inode);
	err = change_locked(change, mode);
	inode_unlock(change->inode);
	return err;
}

static struct file *open_for_writing(const struct hf9_fid *fid)
{
	struct file *file = hf9_fid_file(fid);

	return file && file->f_mode & FMODE_WRITE ? file : NULL;
}

int hf9_run_setattr(struct hf9_request *request)
{
	const struct np_tsetattr *t = &request->t.tsetattr;
	struct change change = {};
	int err;

	err = plan(&change, t);
	if (err || (!change.size.ia_valid && !change.others.ia_valid))
		return err;
	change.path = hf9_fid_path(request->fid[0]);
	change.inode = d_inode(change.path->dentry);
	change.file = open_for_writing(request->fid[0]);
	err = mnt_want_write(change.path->mnt);
	if (err)
		return err;
	err = change_attr(&change, t->mode);
	mnt_drop_write(change.path->mnt);
	return err;
}
