// SPDX-License-Identifier: GPL-2.0-only
/* Locks and leases of open files. */

#include <linux/filelock.h>
#include <linux/fs.h>

#include "export.h"

/**
 * hf_file_lock - ->lock: the lock manager decides
 * @file: the upper file
 * @cmd: F_GETLK, F_SETLK, F_SETLKW, F_CANCELLK and their relatives
 * @fl: the request
 *
 * Return: see hf_lock().
 */
int hf_file_lock(struct file *file, int cmd, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);

	return hf_lock(hf_super(inode->i_sb)->domain, &hf_inode(inode)->lock,
		       file, cmd, fl);
}

/**
 * hf_file_flock - ->flock: likewise
 * @file: the upper file
 * @cmd: F_SETLK or F_SETLKW
 * @fl: the request
 *
 * Return: see hf_flock().
 */
int hf_file_flock(struct file *file, int cmd, struct file_lock *fl)
{
	struct inode *inode = file_inode(file);

	return hf_flock(hf_super(inode->i_sb)->domain, &hf_inode(inode)->lock,
			file, cmd, fl);
}

/*
 * Whose LOWERDIR's mappings are: with an overlay they are another inode's (since
 * the file was copied up, maybe another one than before).  Its files are opened
 * at once.
 */
static const struct inode *real_below(const struct file *file)
{
	const struct file *lower = READ_ONCE(file->private_data);

	return lower ? d_real_inode(lower->f_path.dentry)
		     : hf_lower_inode(file_inode(file));
}

/*
 * Does somebody write below who is not one of ours?  Each writer above counts
 * once below.  A shared writable mapping belongs to the lower file and outlives
 * the descriptor; others have opened the file in LOWERDIR.
 */
static bool written_below(const struct inode *inode, const struct inode *below)
{
	/* A negative count is that of programs that run from it. */
	return atomic_read(&below->i_writecount) >
	       max(atomic_read(&inode->i_writecount), 0);
}

/*
 * Does somebody read below?  Only for who is alone above, or else the VFS
 * refuses a write lease anyway: what is left to subtract is the own lower file,
 * which is opened at the first use.
 */
static bool read_below(const struct file *file, const struct inode *below)
{
	int own = READ_ONCE(file->private_data) && !(file->f_mode & FMODE_WRITE);

	return atomic_read(&below->i_readcount) > own;
}

/* For whom the VFS would refuse this lease; a server asks itself who reads. */
static bool used_in(const struct inode *below, const struct file *file, int arg,
		    bool delegation)
{
	if (written_below(file_inode(file), below))
		return true;
	/* A mapping of a writer's who is counted above until he has closed. */
	if (arg == F_RDLCK)
		return mapping_writably_mapped(below->i_mapping);
	return !delegation && read_below(file, below);
}

static bool used_below(const struct file *file, int arg, bool delegation)
{
	const struct inode *lower = hf_lower_inode(file_inode(file));
	const struct inode *real = real_below(file);

	return used_in(lower, file, arg, delegation) ||
	       (real != lower && used_in(real, file, arg, delegation));
}

/*
 * What a client has a write delegation of, it locks by itself: whoever waits for
 * it there polls, and whoever waits here is told when the delegation has been
 * returned.
 */
static bool may_delegate(const struct inode *inode, int arg)
{
	switch (READ_ONCE(hf_super(inode->i_sb)->delegations)) {
	case HF_DELEGATE_ALL:
		return true;
	case HF_DELEGATE_READ:
		/* nfsd would let a client have one beside its own writers. */
		return arg == F_RDLCK && atomic_read(&inode->i_writecount) <= 0;
	case HF_DELEGATE_NONE:
		return false;
	}
	return false;
}

static bool refused(const struct file *file, int arg, bool delegation)
{
	return (delegation && !may_delegate(file_inode(file), arg)) ||
	       used_below(file, arg, delegation);
}

/* Whom the file's signals go to (F_SETOWN, F_SETSIG), but for its lock. */
static void copy_owner(struct fown_struct *to, const struct fown_struct *from)
{
	to->pid = get_pid(from->pid);
	to->pid_type = from->pid_type;
	to->uid = from->uid;
	to->euid = from->euid;
	to->signum = from->signum;
}

/*
 * The end of a lease makes the VFS forget them; one that is refused is not to.
 * All zeroes: there was none.
 */
static void save_owner(const struct file *file, struct fown_struct *saved)
{
	struct fown_struct *owner = file_f_owner(file);

	*saved = (struct fown_struct) {};
	if (!owner)
		return;
	read_lock_irq(&owner->lock);
	copy_owner(saved, owner);
	read_unlock_irq(&owner->lock);
}

static void restore_owner(struct file *file, const struct fown_struct *saved)
{
	struct fown_struct *owner = file_f_owner(file);

	write_lock_irq(&owner->lock);
	put_pid(owner->pid);
	copy_owner(owner, saved);
	write_unlock_irq(&owner->lock);
}

/* Refused, for somebody who uses the file, before the VFS is asked or after. */
static int set_lease(struct file *file, int arg, struct file_lease **lease,
		     void **priv, const struct fown_struct *told)
{
	struct hf_lease_inode *part = &hf_inode(file_inode(file))->lease;
	bool delegation = (*lease)->c.flc_flags & FL_DELEG;
	void *owner = (*lease)->c.flc_owner;
	int err;

	if (refused(file, arg, delegation))
		return -EAGAIN;
	err = hf_setlease(part, file, arg, lease, priv);
	/*
	 * Who was closed above meanwhile may have left a mapping: the VFS did
	 * not count him any more, and above it still balanced.  For a lease that
	 * there was already hf_refuse_write_lease() has been asked.  And who has
	 * opened above for writing meanwhile either is counted by now or finds
	 * the lease, and breaks it: the VFS has a barrier at each side.
	 */
	if (err || *lease || !refused(file, arg, delegation))
		return err;
	hf_setlease(part, file, F_UNLCK, NULL, &owner);
	restore_owner(file, told);
	return -EAGAIN;
}

/**
 * hf_refuse_write_lease - hf_lease_inode.refuse
 * @file: an upper file with a lease
 *
 * Context: flc_lock held.
 * Return: true if somebody below uses the file.
 */
bool hf_refuse_write_lease(const struct file *file)
{
	return used_below(file, F_WRLCK, false);
}

/**
 * hf_file_setlease - ->setlease: the VFS's, unless the file is used below, or
 * the mount is not to have such delegations
 * @file: the upper file
 * @arg: F_RDLCK, F_WRLCK or F_UNLCK
 * @lease: the lease
 * @priv: its owner
 *
 * Return: 0 or -errno.
 */
int hf_file_setlease(struct file *file, int arg, struct file_lease **lease,
		     void **priv)
{
	struct fown_struct told;
	int err;

	if (arg == F_UNLCK)
		return hf_setlease(&hf_inode(file_inode(file))->lease, file,
				   arg, lease, priv);
	save_owner(file, &told);
	err = set_lease(file, arg, lease, priv, &told);
	put_pid(told.pid);
	return err;
}
