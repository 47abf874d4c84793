// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock in the wire's words.
 *
 * An owner is a pointer of the VFS's.  The server knows it by a number that this mount
 * makes of it, so that nothing has to be remembered of an owner: with hf1 by number and
 * kind, else by a client_id that says the same ("node/p4f..") and a proc_id.  That is the
 * pid; of a lock that belongs to an open file the one that first locked by it, as the
 * processes that share it are one owner.
 */
#include <linux/filelock.h>
#include <linux/siphash.h>
#include <linux/utsname.h>

#include "fid.h"
#include "file.h"
#include "lock.h"
#include "session.h"

/* Tlockx, the longest: an unlock is sent without memory. */
static_assert(NP_HEADER + 4 + 1 + 1 + 4 + 8 + 8 + 8 + 4 + 2 + HF9C_OWNER_TEXT - 1 <= HF9C_HEAD);

/**
 * hf9c_lock_fid - the fid by which a file's locks are made
 * @file: a file or a directory, open
 *
 * Return: to be put; or, of a directory, why there is none.
 */
struct hf9c_fid *hf9c_lock_fid(struct file *file)
{
	return S_ISDIR(file_inode(file)->i_mode) ? hf9c_dir_fid(file) :
						  hf9c_fid_get(file->private_data);
}

/* The last close gives up an open file's locks without FL_OFDLCK, as its owner. */
static u8 kind_of(const struct file_lock *fl)
{
	if (fl->c.flc_flags & FL_FLOCK)
		return NP_FLOCK;
	return fl->c.flc_flags & FL_OFDLCK || fl->c.flc_owner == fl->c.flc_file ?
	       NP_OFD : NP_POSIX;
}

static u32 pid_of(struct hf9c_fid *fid, const struct file_lock *fl)
{
	pid_t pid = fl->c.flc_pid, first;

	if (kind_of(fl) == NP_POSIX)
		return pid;
	first = cmpxchg(&fid->locker, 0, pid);
	return first ?: pid;
}

void hf9c_owner_of(struct hf9c_owner *owner, struct hf9c_fid *fid, const struct file_lock *fl)
{
	const void *of = fl->c.flc_flags & FL_FLOCK ? fl->c.flc_file : fl->c.flc_owner;

	owner->kind = kind_of(fl);
	owner->number = siphash_1u64((unsigned long)of, &fid->hs->lock_key);
	owner->pid = pid_of(fid, fl);
	snprintf(owner->text, sizeof(owner->text), "%.15s/%c%llx", init_utsname()->nodename,
		 "pof"[owner->kind], owner->number);
}

u8 hf9c_lock_type(const struct file_lock *fl)
{
	u8 type = fl->c.flc_type;

	return type == F_UNLCK ? NP_UNLCK : type == F_RDLCK ? NP_RDLCK : NP_WRLCK;
}

u64 hf9c_lock_start(const struct file_lock *fl)
{
	return fl->c.flc_flags & FL_FLOCK ? 0 : fl->fl_start;
}

/* 0: to the end. */
u64 hf9c_lock_length(const struct file_lock *fl)
{
	return fl->c.flc_flags & FL_FLOCK || fl->fl_end == OFFSET_MAX ?
	       0 : fl->fl_end - fl->fl_start + 1;
}
