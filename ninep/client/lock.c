// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of byte ranges (fcntl) and of whole files (flock), of files and directories.
 *
 * With cache=loose nobody else uses the files, and fs/locks.c has them.  Otherwise the
 * server's table decides, too: holdfast_locks asks it (lock_remote.c) when nobody here is
 * in the way, and whoever has a lock sees what was written under the one before it.  So
 * before one is given up what is dirty is written back, and the attributes that this has
 * made are taken over.  Another may have written elsewhere in the file meanwhile, of which
 * they do not tell: whoever has written here and gets a lock drops what is cached.
 */
#include <linux/exportfs.h>
#include <linux/filelock.h>
#include <linux/pagemap.h>

#include "client.h"
#include "fid.h"
#include "file.h"
#include "lock.h"
#include "session.h"

static int lock_here(struct file *file, int cmd, struct file_lock *fl)
{
	if (cmd == F_CANCELLK)
		return 0;
	if (cmd != F_GETLK)
		return posix_lock_file(file, fl, NULL);
	posix_test_lock(file, fl);
	return 0;
}

/* Has anything of ours changed the content since its version was known? */
static bool has_written(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool has;

	spin_lock(&inode->i_lock);
	has = hi->wrote > hi->versioned;
	spin_unlock(&inode->i_lock);
	return has;
}

/* What cannot be written is told by fsync and close, not here.  @fid: of a regular file. */
void hf9c_lock_write_back(struct inode *inode, struct hf9c_fid *fid)
{
	if (!S_ISREG(inode->i_mode))
		return;
	if (hf_netfs_dirty(inode)) {
		filemap_fdatawrite(inode->i_mapping);
		filemap_fdatawait_keep_errors(inode->i_mapping);
	}
	if (has_written(inode))
		hf9c_refresh(inode, fid);
}

/* A request to set or to unlock, by hf_lock() or hf_flock(). */
static int set(struct file *file, int cmd, struct file_lock *fl,
	       int (*lock)(struct hf_lock_domain *domain, struct hf_lock_inode *li,
			   struct file *file, int cmd, struct file_lock *fl))
{
	struct inode *inode = file_inode(file);
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	int ret;

	if (lock_is_unlock(fl))
		hf9c_lock_write_back(inode, file->private_data);
	else if (hf9c_session_error(hs->session))
		return -EIO;
	ret = lock(hs->locks, &hf9c_inode(inode)->locks, file, cmd, fl);
	/* Only a question: the server's table has not been asked yet. */
	if (!ret && fl->c.flc_flags & FL_ACCESS && !lock_is_unlock(fl))
		ret = hf9c_lock_is_free(file, fl);
	return ret;
}

/* F_OFD_GETLK of F_UNLCK asks for one's own, which are here. */
static int test(struct file *file, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	u8 type = fl->c.flc_type;
	int ret;

	if (hf9c_session_error(hs->session))
		return -EIO;
	ret = hf_lock(hs->locks, &hf9c_inode(inode)->locks, file, F_GETLK, fl);
	if (ret || type == F_UNLCK || !lock_is_unlock(fl))
		return ret;
	fl->c.flc_type = type;
	return hf9c_lock_test(file, fl);
}

/**
 * hf9c_lock - ->lock
 * @file: a file or a directory
 * @cmd: F_GETLK, F_SETLK, F_SETLKW, F_CANCELLK
 * @fl: which
 *
 * Return: as hf_lock(); or of cache=loose what posix_lock_file() does.
 */
int hf9c_lock(struct file *file, int cmd, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);

	if (hf9c_is_loose(inode->i_sb))
		return lock_here(file, cmd, fl);
	if (cmd == F_GETLK)
		return test(file, fl);
	if (cmd == F_CANCELLK)
		return hf_lock(hf9c_super(inode->i_sb)->locks, &hf9c_inode(inode)->locks,
			       file, cmd, fl);
	return set(file, cmd, fl, hf_lock);
}

/**
 * hf9c_flock - ->flock
 * @file: a file or a directory
 * @cmd: F_SETLK, F_SETLKW
 * @fl: which
 *
 * Return: as hf_flock(); or of cache=loose what locks_lock_file_wait() does.
 */
int hf9c_flock(struct file *file, int cmd, struct file_lock *fl)
{
	if (hf9c_is_loose(file_inode(file)->i_sb))
		return locks_lock_file_wait(file, fl);
	return set(file, cmd, fl, hf_flock);
}

/* For fanotify, which needs to tell files apart and not to find them. */
static int encode_fh(struct inode *inode, u32 *fh, int *max_len, struct inode *parent)
{
	const struct hf9c_inode *hi = hf9c_inode(inode);

	if (parent || *max_len < 3) {
		*max_len = 3;
		return FILEID_INVALID;
	}
	*max_len = 3;
	fh[0] = hi->path;
	fh[1] = hi->path >> 32;
	fh[2] = hi->gen;
	return FILEID_INO64_GEN;
}

/* No file handles that could be opened; but servers can wait for locks without a thread. */
const struct export_operations hf9c_export_ops = {
	.encode_fh	= encode_fh,
	.flags		= EXPORT_OP_ASYNC_LOCK,
};
