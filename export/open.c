// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening and closing.  private_data is the lower file, opened by the kernel's
 * own right, at once or at its first use: NULL until then.
 *
 * What the caller may do was decided above: by the VFS on the upper path, which
 * is the one that rules name (Landlock, AppArmor), and by hf_permission(), which
 * asks the lower inode.  A second answer about the lower path, which nobody can
 * name, could only be wrong.  I/O is the caller's again, see file.c.
 */

#include <linux/backing-dev.h>
#include <linux/cred.h>
#include <linux/filelock.h>
#include <linux/file.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/pagemap.h>

#include <holdfast/compat.h>

#include "export.h"

/* What fcntl(F_SETFL), or a remount, may change after the lower open. */
#define SETFL_FLAGS	(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_DSYNC)

/*
 * The access time is kept below, and what is written goes to disk from there:
 * our mount's wishes, not to or to, go with the file.
 */
static unsigned int lower_flags(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	int mnt_flags = file->f_path.mnt->mnt_flags;
	unsigned int flags = file->f_flags;

	if (hf_is_sync(inode))
		flags |= O_DSYNC;
	if (mnt_flags & MNT_NOATIME || inode->i_sb->s_flags & SB_NOATIME ||
	    (S_ISDIR(inode->i_mode) && mnt_flags & MNT_NODIRATIME))
		flags |= O_NOATIME;
	return flags;
}

/*
 * For the leases of who has the file in LOWERDIR open: as above, and a server's
 * thread never waits for one. (The VFS has asked it about those above only.)
 */
static unsigned int break_flags(unsigned int flags)
{
	return current->flags & PF_KTHREAD ? flags | O_NONBLOCK : flags;
}

/* What there is to do with one that was opened, before others have it. */
static struct file *made_ours(const struct file *file, struct file *lower)
{
	int err = hf_lower_ops_set(file_inode(file)->i_sb, lower);

	if (!err)
		return lower;
	hf_put_unused(lower);
	return ERR_PTR(err);
}

/**
 * hf_open_lower - open below what is open above
 * @file: the upper file
 * @more_flags: besides those that it has
 *
 * Return: a lower file with a reference, or an ERR_PTR.
 */
struct file *hf_open_lower(struct file *file, unsigned int more_flags)
{
	struct hf_super *hs = hf_super(file_inode(file)->i_sb);
	struct path path = { .mnt = hs->lower_mnt };
	/* The next use of it takes an O_NONBLOCK back that is not the file's. */
	unsigned int flags = break_flags(lower_flags(file)) | more_flags;
	const struct cred *caller;
	struct file *lower;

	/* The creation and the truncation have been done above. */
	flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_TMPFILE);
	path.dentry = hf_lower_get(file->f_path.dentry);
	if (IS_ERR(path.dentry))
		return ERR_CAST(path.dentry);
	/* As current, too: AppArmor labels a file by that, not by f_cred. */
	caller = override_creds(hs->cred);
	lower = hf_backing_file_open(file, flags, &path, hs->cred);
	revert_creds(caller);
	dput(path.dentry);
	return IS_ERR(lower) ? lower : made_ours(file, lower);
}

/*
 * Of a program, which nobody is to write to while it runs.  The VFS looks at
 * the upper inode, and there a mapping whose descriptor was closed is not seen,
 * nor is who writes directly below.
 */
static bool denies_write(const struct file *file)
{
	return file->f_flags & __FMODE_EXEC &&
	       S_ISREG(file_inode(file)->i_mode);
}

/*
 * The VFS does the same above once the program is open; that it is done first
 * here, above and then below, is the order of who opens for writing, so that of
 * two one gets on.  Who cannot get on below stands in nobody's way above.
 */
static int deny_write(struct file *file)
{
	const struct inode *lower = hf_lower_inode(file_inode(file));

	if (!denies_write(file))
		return 0;
	if (inode_is_open_for_write(lower))
		return -ETXTBSY;
	return deny_write_access(file);
}

static void allow_write(struct file *file)
{
	if (denies_write(file))
		allow_write_access(file);
}

/* At the open.  (The last that may fail: there is no ->release then.) */
static struct file *open_now(struct file *file)
{
	struct file *lower = hf_open_lower(file, 0);

	if (IS_ERR(lower) || !denies_write(file) || !deny_write_access(lower))
		return lower;
	__fput_sync(lower);
	return ERR_PTR(-ETXTBSY);
}

static struct file *lower_file(struct file *file, bool to_map)
{
	struct file *lower = READ_ONCE(file->private_data);
	unsigned int flags = lower_flags(file);

	if (unlikely(!lower)) {
		lower = hf_late_open(file, to_map);
		if (IS_ERR(lower))
			return lower;
	}
	if (likely(!((flags ^ READ_ONCE(lower->f_flags)) & SETFL_FLAGS)))
		return lower;

	spin_lock(&lower->f_lock);
	lower->f_flags = (lower->f_flags & ~SETFL_FLAGS) |
			 (flags & SETFL_FLAGS);
	lower->f_iocb_flags = iocb_flags(lower);
	spin_unlock(&lower->f_lock);
	return lower;
}

/**
 * hf_lower_file - the lower file, with the flags that the upper one has now
 * @file: an upper file
 *
 * Context: may sleep; mmap_lock is not held.
 * Return: the lower file, without a reference, or an ERR_PTR if it could not be
 * opened.  Never that for directories.
 */
struct file *hf_lower_file(struct file *file)
{
	return lower_file(file, false);
}

/**
 * hf_lower_file_to_map - hf_lower_file() for ->mmap
 * @file: an upper file
 *
 * Context: mmap_lock is held, and nothing is waited for.
 * Return: as hf_lower_file(); ERR_PTR(-EAGAIN) beside a delegation of LOWERDIR's
 * that is being recalled.
 */
struct file *hf_lower_file_to_map(struct file *file)
{
	return lower_file(file, true);
}

/*
 * May the lower file be opened at the first use?  Half of all opens are for a
 * look at the attributes, for a lock, or of files that nobody reads then.  Only
 * where the lower open could not fail for a reason of its own (a key, a
 * signature, a listener's answer, somebody who writes to a program) and nobody
 * waits to be told of it, and once it is known what such files can do.  An
 * unlinked file might then be without a dentry.
 */
static bool may_wait(struct inode *lower, const struct file *file,
		     fmode_t known)
{
	return S_ISREG(lower->i_mode) && known & HF_MODES_KNOWN &&
	       hf_super(file_inode(file)->i_sb)->opens_late &&
	       !(file->f_flags & (O_DIRECT | __FMODE_EXEC)) && lower->i_nlink &&
	       !IS_ENCRYPTED(lower) && !IS_VERITY(lower) &&
	       !fsnotify_sb_has_watchers(lower->i_sb);
}

/* What the lower open would do for others. */
static int open_waiting(struct inode *inode, struct file *file, fmode_t known)
{
	int err;

	err = generic_file_open(inode, file);
	if (err)
		return err;
	err = hf_hold_below(file);
	if (err)
		return err;
	err = break_lease(hf_lower_inode(inode), break_flags(file->f_flags));
	if (err)
		hf_let_go_below(file);
	else
		file->f_mode |= known & HF_LEARNED_MODES;
	return err;
}

/*
 * The pages of a file are the lower inode's.  The VFS finds them by itself for
 * sync_file_range(2) and cachestat(2), and nfsd for errors of write-back that
 * others were told of.  Those count from the open, not from the late one.
 *
 * Only where there is write-back: whose pages are tmpfs's is taken for a file
 * of tmpfs (shmem_file()), whose inode is then not what it is taken for.  Nor
 * for swapon(2): xfs and btrfs would take our inode for theirs.  It opens with
 * O_EXCL what it does not create.  So may anybody, and nothing tells the two
 * apart: sync_file_range(2) and cachestat(2) then find no pages.
 */
static void show_pages(struct file *file, struct inode *lower)
{
	unsigned int how = file->f_flags & (O_CREAT | O_EXCL | __O_TMPFILE);

	if (mapping_can_writeback(lower->i_mapping) && how != O_EXCL)
		file->f_mapping = lower->i_mapping;
	file->f_wb_err = filemap_sample_wb_err(lower->i_mapping);
}

/**
 * hf_open - ->open
 * @inode: the upper inode
 * @file: the upper file
 *
 * Checks no permission: the VFS has, or nfsd has decided that its own rules
 * (the owner of a 0444 file may write) are the ones that count.
 *
 * Return: 0 or -errno.
 */
int hf_open(struct inode *inode, struct file *file)
{
	struct hf_super *hs = hf_super(inode->i_sb);
	fmode_t known = READ_ONCE(hs->file_mode);
	struct file *lower;
	int err;

	err = hf_may_execute(file);
	if (err)
		return err;
	hf_refresh(inode);
	hf_lease_opened(&hf_inode(inode)->lease);
	if (S_ISREG(inode->i_mode))
		show_pages(file, hf_lower_inode(inode));
	if (may_wait(hf_lower_inode(inode), file, known))
		return open_waiting(inode, file, known);

	err = deny_write(file);
	if (err)
		return err;
	lower = open_now(file);
	if (IS_ERR(lower)) {
		allow_write(file);
		return PTR_ERR(lower);
	}
	file->private_data = lower;
	if (S_ISREG(inode->i_mode)) {
		known = lower->f_mode & HF_LEARNED_MODES;
		file->f_mode |= known;
		WRITE_ONCE(hs->file_mode, known | HF_MODES_KNOWN);
		if (file->f_mode & FMODE_WRITE)
			WRITE_ONCE(hf_inode(inode)->written, true);
	}
	return 0;
}

/**
 * hf_release - ->release
 * @inode: the upper inode
 * @file: the upper file
 *
 * Synchronously, so that when a server has closed its last file and our mount
 * is gone, the lower mount can go as well.
 *
 * Return: 0.
 */
int hf_release(struct inode *inode, struct file *file)
{
	hf_lease_release(&hf_inode(inode)->lease, file);
	if (denies_write(file)) {
		allow_write_access(file->private_data);
		allow_write(file);
	}
	if (file->private_data)
		__fput_sync(file->private_data);
	else
		hf_close_unused(file);
	return 0;
}
