// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock files: by which file an owner's locks on an inode are made, and what is asked
 * of it.  Owner of their life.
 *
 * A lock file is there as long as it has marks, or requests that use it, and so its
 * struct file is longer than any record that names it.  (A fid's own would go with
 * the fid, while the record stays.)
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "lock.h"

/* A lock of flock(2) belongs to an open file: so each owner has one of its own. */
static const struct hf9_owner *flock_of(const struct hf9_owner *owner)
{
	return owner->key.kind == NP_FLOCK ? owner : NULL;
}

struct file_key {
	const struct inode *inode;
	const struct hf9_owner *flock;
};

static int compare_file(const void *key, const struct rb_node *node)
{
	const struct hf9_lock_file *file = rb_entry(node, struct hf9_lock_file, node);
	const struct file_key *at = key;

	return hf9_compare(at->inode, file->inode) ?:
	       hf9_compare(at->flock, file->flock);
}

static int compare_files(struct rb_node *node, const struct rb_node *other)
{
	const struct hf9_lock_file *file = rb_entry(node, struct hf9_lock_file, node);
	struct file_key key = { .inode = file->inode, .flock = file->flock };

	return compare_file(&key, other);
}

static struct hf9_lock_file *use_locked(struct hf9_locks *locks, struct rb_node *node)
{
	struct hf9_lock_file *file;

	lockdep_assert_held(&locks->lock);
	if (!node)
		return NULL;
	file = rb_entry(node, struct hf9_lock_file, node);
	file->users++;
	return file;
}

/**
 * hf9_lock_file_find - the file that an owner's locks on an inode are made by
 * @locks: of the owner's connection
 * @inode: the inode
 * @owner: the owner
 *
 * Return: to be put; NULL: the owner holds nothing there.
 */
struct hf9_lock_file *hf9_lock_file_find(struct hf9_locks *locks,
					 const struct inode *inode,
					 const struct hf9_owner *owner)
{
	struct file_key key = { .inode = inode, .flock = flock_of(owner) };
	struct hf9_lock_file *file;

	spin_lock(&locks->lock);
	file = use_locked(locks, rb_find(&key, &locks->files, compare_file));
	spin_unlock(&locks->lock);
	return file;
}

static void file_free(struct hf9_lock_file *file)
{
	hf9_close(file->file);
	if (file->flock)
		hf9_owner_put(file->flock);
	hf9_locks_put(file->locks);
	kfree(file);
}

/* Return: whether it is the caller's to free, without the lock. */
static bool put_locked(struct hf9_lock_file *file)
{
	lockdep_assert_held(&file->locks->lock);
	if (--file->users)
		return false;
	WARN_ONCE(!RB_EMPTY_ROOT(&file->marks), "holdfast: a lock file goes with marks\n");
	rb_erase(&file->node, &file->locks->files);
	return true;
}

void hf9_lock_file_put(struct hf9_lock_file *file)
{
	struct hf9_locks *locks = file->locks;
	bool last;

	spin_lock(&locks->lock);
	last = put_locked(file);
	spin_unlock(&locks->lock);
	if (last)
		file_free(file);
}

/* Of flock's: an open file that nobody else has; it is not read or written by. */
static struct file *own_file(struct file *file, const struct hf9_owner *owner)
{
	if (flock_of(owner))
		return hf9_open_new(&file->f_path, O_RDONLY);
	return get_file(file);
}

static struct hf9_lock_file *file_new(struct hf9_owner *owner, struct file *from)
{
	struct hf9_lock_file *file = kzalloc(sizeof(*file), GFP_KERNEL);
	struct file *own;

	if (!file)
		return ERR_PTR(-ENOMEM);
	own = own_file(from, owner);
	if (IS_ERR(own)) {
		kfree(file);
		return ERR_CAST(own);
	}
	file->file = own;
	file->inode = file_inode(own);
	file->locks = hf9_locks_get(owner->locks);
	if (flock_of(owner))
		file->flock = hf9_owner_get(owner);
	file->users = 1;
	file->marks = RB_ROOT;
	return file;
}

/**
 * hf9_lock_file_of - the file that an owner's locks are made by, a new one if need be
 * @owner: the owner
 * @from: an open file of the inode
 *
 * Context: may sleep.
 * Return: to be put; -errno.
 */
struct hf9_lock_file *hf9_lock_file_of(struct hf9_owner *owner, struct file *from)
{
	struct hf9_locks *locks = owner->locks;
	struct hf9_lock_file *file, *other;

	file = hf9_lock_file_find(locks, file_inode(from), owner);
	if (file)
		return file;
	file = file_new(owner, from);
	if (IS_ERR(file))
		return file;
	spin_lock(&locks->lock);
	other = use_locked(locks, rb_find_add(&file->node, &locks->files,
					      compare_files));
	spin_unlock(&locks->lock);
	if (!other)
		return file;
	file_free(file);
	return other;
}

/* As lockd's and others': a process elsewhere is shown by a negative number. */
static pid_t shown_pid(const struct hf9_owner_key *key)
{
	pid_t pid = key->proc_id & INT_MAX;

	return pid ? -pid : current->tgid;
}

/**
 * hf9_lock_fill - a request for the whole of a file
 * @fl: filled; without lock manager operations
 * @key: for whom
 * @owner: likewise, as an address
 * @file: by which file
 * @type: F_RDLCK, F_WRLCK, F_UNLCK
 */
void hf9_lock_fill(struct file_lock *fl, const struct hf9_owner_key *key, void *owner,
		   struct file *file, u8 type)
{
	locks_init_lock(fl);
	fl->c.flc_flags = key->kind == NP_FLOCK ? FL_FLOCK : FL_POSIX;
	if (key->kind == NP_OFD)
		fl->c.flc_flags |= FL_OFDLCK;
	fl->c.flc_owner = owner;
	fl->c.flc_pid = shown_pid(key);
	fl->c.flc_file = file;
	fl->c.flc_type = type;
	fl->fl_end = OFFSET_MAX;
}

/**
 * hf9_lock_call - ask whoever decides about the file's locks
 * @file: the lock file
 * @fl: the request, made with @file's file; it may be changed
 *
 * Context: may sleep; for a lock only what fl's flags and operations say.
 * Return: as vfs_lock_file().
 */
int hf9_lock_call(struct hf9_lock_file *file, struct file_lock *fl)
{
	struct file *filp = file->file;

	if (!file->flock)
		return vfs_lock_file(filp, F_SETLK, fl, NULL);
	if (filp->f_op->flock)
		return filp->f_op->flock(filp, F_SETLK, fl);
	return locks_lock_file_wait(filp, fl);
}
