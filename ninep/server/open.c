// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening what is there: Tlopen, Topenattr.
 *
 * dentry_open() asks for no permission, so what open(2) asks on the way is asked
 * here.  Only regular files and directories are opened: the far end of a FIFO or of
 * a device is on the client's machine, and to open one here would wait for a process
 * of the server's, or hand its hardware out.  Nobody waits for a lease or a
 * delegation: -EAGAIN, and the request comes again.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/security.h>

#include "core/translate_core.h"
#include "ops.h"

/*
 * Dropped: CREAT and EXCL, which are for a name; NOCTTY, FASYNC, CLOEXEC, NONBLOCK,
 * which are the client's own; NOFOLLOW, since nothing is followed; DIRECT, since a
 * message's payload is aligned to nothing (QEMU and others pass it on).  TRUNC is done
 * by hand, truncate().
 */
static const struct {
	u32 from;
	int to;
} flag_map[] = {
	{ NP_O_APPEND,		O_APPEND },
	{ NP_O_DSYNC,		O_DSYNC },
	{ NP_O_SYNC,		O_SYNC },
	{ NP_O_DIRECTORY,	O_DIRECTORY },
	{ NP_O_NOATIME,		O_NOATIME },
};

/**
 * hf9_open_flags - a Tlopen's flags as the kernel has them
 * @flags: NP_O_*
 * @to: filled: O_*, without O_CREAT, O_EXCL, O_TRUNC
 *
 * Return: 0; -EINVAL for an access mode that does not exist.
 */
int hf9_open_flags(u32 flags, int *to)
{
	unsigned int i;

	/* The kernel's are the same on every machine. */
	*to = flags & NP_O_ACCMODE;
	if (*to == NP_O_ACCMODE)
		return -EINVAL;
	*to |= O_LARGEFILE;
	for (i = 0; i < ARRAY_SIZE(flag_map); i++)
		if (flags & flag_map[i].from)
			*to |= flag_map[i].to;
	return 0;
}

static int mask_of(int to, bool truncates)
{
	int mask = MAY_OPEN;

	if ((to & O_ACCMODE) != O_WRONLY)
		mask |= MAY_READ;
	if ((to & O_ACCMODE) != O_RDONLY || truncates)
		mask |= MAY_WRITE;
	if (to & O_APPEND)
		mask |= MAY_APPEND;
	return mask;
}

static int check_type(const struct inode *inode, int to, int mask)
{
	if (S_ISLNK(inode->i_mode))
		return -ELOOP;
	if (S_ISDIR(inode->i_mode))
		return mask & MAY_WRITE ? -EISDIR : 0;
	if (to & O_DIRECTORY)
		return -ENOTDIR;
	return S_ISREG(inode->i_mode) ? 0 : -ENXIO;
}

/* As open(2) does it, in its order. */
static int may_open(const struct path *path, int to, bool truncates)
{
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct inode *inode = d_inode(path->dentry);
	int mask = mask_of(to, truncates);
	int err;

	err = check_type(inode, to, mask);
	if (err)
		return err;
	err = inode_permission(idmap, inode, mask);
	if (err)
		return err;
	if (IS_APPEND(inode)) {
		if ((to & O_ACCMODE) != O_RDONLY && !(to & O_APPEND))
			return -EPERM;
		if (truncates)
			return -EPERM;
	}
	if (to & O_NOATIME && !inode_owner_or_capable(idmap, inode))
		return -EPERM;
	return 0;
}

static struct file *open_file(const struct path *path, int to)
{
	struct file *file;
	int err;

	/* So that it waits for no lease.  O_NONBLOCK means nothing else to a file. */
	file = dentry_open(path, to | O_NONBLOCK, current_cred());
	if (IS_ERR(file))
		return file;
	spin_lock(&file->f_lock);
	file->f_flags &= ~O_NONBLOCK;
	spin_unlock(&file->f_lock);
	/* ext4: offsets of 64 bits, whatever kind of thread asks. */
	if (S_ISDIR(file_inode(file)->i_mode))
		file->f_mode |= FMODE_64BITHASH;
	err = security_file_post_open(file, mask_of(to, false) & ~MAY_OPEN);
	if (!err)
		return file;
	hf9_close(file);
	return ERR_PTR(err);
}

/**
 * hf9_begin_size - a file's size is about to be changed
 * @inode: the file
 *
 * Nobody runs it as a program from here on, and nobody is given a lease: first the
 * one, then the other, so that none comes in between.  (A lease for reading stands
 * beside an open for reading, but not beside this.)
 *
 * Context: may sleep, but not for who has a lease.
 * Return: 0, then put_write_access() when it has been changed; -ETXTBSY; -EAGAIN
 * beside a lease.
 */
int hf9_begin_size(struct inode *inode)
{
	int err = get_write_access(inode);

	if (err)
		return err;
	err = break_lease(inode, O_WRONLY | O_NONBLOCK);
	if (err)
		put_write_access(inode);
	return err;
}

/* To nothing: by @file, which may be open for reading only. */
static int truncate(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct inode *inode = d_inode(dentry);
	struct iattr attr = {
		.ia_valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME | ATTR_OPEN |
			    ATTR_FILE | ATTR_KILL_PRIV,
		.ia_file = file,
	};
	int kill, err;

	err = hf9_begin_size(inode);
	if (err)
		return err;
	inode_lock(inode);
	kill = setattr_should_drop_suidgid(&nop_mnt_idmap, inode);
	if (kill)
		attr.ia_valid |= kill | ATTR_FORCE;
	err = notify_change(mnt_idmap(file->f_path.mnt), dentry, &attr, NULL);
	inode_unlock(inode);
	put_write_access(inode);
	return err;
}

static struct file *open_truncated(const struct path *path, int to)
{
	struct file *file;
	int err;

	err = mnt_want_write(path->mnt);
	if (err)
		return ERR_PTR(err);
	file = open_file(path, to);
	if (!IS_ERR(file)) {
		err = truncate(file);
		if (err) {
			hf9_close(file);
			file = ERR_PTR(err);
		}
	}
	mnt_drop_write(path->mnt);
	return file;
}

/**
 * hf9_open - open what is there, if the caller may
 * @path: it
 * @flags: NP_O_*
 *
 * Context: may sleep, but for no lease.
 * Return: the file, to be put with hf9_close(); or -errno: -EAGAIN beside a lease,
 * a delegation or a layout.
 */
struct file *hf9_open(const struct path *path, u32 flags)
{
	bool truncates = flags & NP_O_TRUNC;
	int to, err;

	err = hf9_open_flags(flags, &to);
	if (!err)
		err = may_open(path, to, truncates);
	if (err)
		return ERR_PTR(err);
	return truncates ? open_truncated(path, to) : open_file(path, to);
}

/**
 * hf9_open_new - open what the caller has just made
 * @path: it
 * @flags: NP_O_*
 *
 * Its mode is no matter: who makes a file of mode 0444 may write to it.
 *
 * Context and return: as hf9_open().
 */
struct file *hf9_open_new(const struct path *path, u32 flags)
{
	int to, err;

	err = hf9_open_flags(flags, &to);
	return err ? ERR_PTR(err) : open_file(path, to);
}

static bool wants_change(u32 flags)
{
	return (flags & NP_O_ACCMODE) != O_RDONLY || flags & NP_O_TRUNC;
}

static struct file *open_of(struct hf9_request *request, u32 flags)
{
	const struct path *path = hf9_fid_path(request->fid[0]);
	int err = wants_change(flags) ? hf9_may_change(request) : 0;

	/* One that was moved out would tell what is put there from then on. */
	if (!err && d_is_dir(path->dentry))
		err = hf9_check_inside(request, path->dentry);
	return err ? ERR_PTR(err) : hf9_open(path, flags);
}

/* What is told of a file that was opened; before the fid has it, so it may fail. */
static int tell_open(struct hf9_request *request, struct file *file)
{
	struct np_ropen *reply = &request->r.rlopen;

	reply->iounit = ns_iounit(request->connection->msize);
	return hf9_qid(&file->f_path, &reply->qid);
}

static int tell_openattr(struct hf9_request *request, struct file *file)
{
	struct np_ropenattr *reply = &request->r.ropenattr;

	reply->iounit = ns_iounit(request->connection->msize);
	return hf9_attr(request, &file->f_path, &reply->attr);
}

static struct file *open_and(struct hf9_request *request, u32 flags,
			     int (*tell)(struct hf9_request *, struct file *))
{
	struct file *file = open_of(request, flags);
	int err;

	if (IS_ERR(file))
		return file;
	err = tell(request, file);
	if (!err)
		return file;
	hf9_close(file);
	return ERR_PTR(err);
}

/* The fid itself becomes open. */
static int open_claimed(struct hf9_request *request, u32 flags,
			int (*tell)(struct hf9_request *, struct file *))
{
	struct hf9_fid *fid = request->fid[0];
	struct file *file;
	int err;

	err = hf9_fid_claim(request->connection, fid);
	if (err)
		return err;
	file = open_and(request, flags, tell);
	if (IS_ERR(file)) {
		hf9_fid_become(request->connection, fid, NS_FID_UNOPENED);
		return PTR_ERR(file);
	}
	hf9_fid_set_file(fid, file);
	hf9_fid_become(request->connection, fid, NS_FID_OPEN);
	return 0;
}

int hf9_run_lopen(struct hf9_request *request)
{
	return open_claimed(request, request->t.tlopen.flags, tell_open);
}

int hf9_run_openattr(struct hf9_request *request)
{
	u32 flags = request->t.topenattr.flags;
	struct hf9_fid *fid = request->fid[0];
	struct file *file;

	if (!request->newfid)
		return open_claimed(request, flags, tell_openattr);
	file = open_and(request, flags, tell_openattr);
	if (IS_ERR(file))
		return PTR_ERR(file);
	hf9_fid_be(request->newfid, fid, &file->f_path);
	hf9_fid_set_file(request->newfid, file);
	request->newfid_as = NS_FID_OPEN;
	return 0;
}
