// SPDX-License-Identifier: GPL-2.0-only
/* Leases of open files: whom they are refused for. */

#include <linux/cred.h>
#include <linux/filelock.h>
#include <linux/fs.h>

#include "export.h"

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
 * Is there somebody for whom the VFS would refuse this lease?  It grants one only
 * to who is alone above, or has no writers there; so whoever counts below and is
 * not the holder himself is one that it does not see, or will refuse for anyway.
 * A shared writable mapping belongs to the lower file and outlives the
 * descriptor; others have opened the file in LOWERDIR.
 */
static bool used_by_others(const struct inode *below, const struct file *file,
			   int arg)
{
	fmode_t mode = file->f_mode & (FMODE_READ | FMODE_WRITE);

	if (arg == F_RDLCK)
		return atomic_read(&below->i_writecount) > 0;
	return atomic_read(&below->i_writecount) > !!(mode & FMODE_WRITE) ||
	       atomic_read(&below->i_readcount) > (mode == FMODE_READ);
}

/*
 * A server may have a delegation beside its own writers, each of whom counts once
 * below as well; it asks itself who they are, and who reads.
 */
static bool written_below(const struct inode *below, const struct file *file,
			  int arg)
{
	const struct inode *inode = file_inode(file);

	/* A negative count is that of programs that run from it. */
	if (atomic_read(&below->i_writecount) >
	    max(atomic_read(&inode->i_writecount), 0))
		return true;
	/* A mapping of a writer's who is counted above until he has closed. */
	return arg == F_RDLCK && mapping_writably_mapped(below->i_mapping);
}

static bool used_in(const struct inode *below, const struct file *file, int arg,
		    bool delegation)
{
	return delegation ? written_below(below, file, arg) :
			    used_by_others(below, file, arg);
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

/**
 * hf_refuse_lease - hf_lease_inode.refuse
 * @file: the upper file
 * @arg: F_RDLCK or F_WRLCK
 * @delegation: a server asks
 *
 * Context: any; maybe flc_lock held.
 * Return: true if somebody below uses the file, or the mount is not to have
 * such delegations.
 */
bool hf_refuse_lease(const struct file *file, int arg, bool delegation)
{
	return (delegation && !may_delegate(file_inode(file), arg)) ||
	       used_below(file, arg, delegation);
}

/**
 * hf_file_setlease - ->setlease: the VFS's, unless it is refused
 * @file: the upper file
 * @arg: F_RDLCK, F_WRLCK or F_UNLCK
 * @lease: the lease
 * @priv: its owner
 *
 * While another thread's first use of a file opens it below, that one counts
 * twice there, and a lease may be refused for it.  That says nothing, so it is
 * asked again.  (Not for a server's thread, which does not wait, and does without
 * a delegation.)
 *
 * Return: 0 or -errno; -EINTR if it was killed.
 */
int hf_file_setlease(struct file *file, int arg, struct file_lease **lease,
		     void **priv)
{
	struct inode *inode = file_inode(file);
	struct hf_lease_inode *li = &hf_inode(inode)->lease;
	int begun, err;

	if (arg == F_UNLCK || (*lease)->c.flc_flags & FL_DELEG)
		return hf_setlease(li, file, arg, lease, priv);
	/* The VFS has asked the copy, which may be from before a chown(2) below. */
	if (!uid_eq(hf_lower_inode(inode)->i_uid, current_fsuid()) &&
	    !capable(CAP_LEASE))
		return -EACCES;
	do {
		if (hf_late_wait(inode, &begun))
			return -EINTR;
		err = hf_setlease(li, file, arg, lease, priv);
	} while (err == -EAGAIN && hf_late_begun(inode, begun));
	return err;
}
