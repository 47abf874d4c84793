// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories: owner of their life.
 *
 * Why nothing of a directory is used any more when it is freed:
 * 1. A mount has it until its last inode is evicted; so no object is made any more.
 * 2. Each object has it until it is put away, which is done in the second queue, when
 *    nothing of it is in flight.  The scan has it until it has ended.
 * 3. Who lets go last says so, under the mutex: nobody gets it any more.  Until then another
 *    mount may, and goes on with the same index.
 * 4. Its end is in the second queue.  @reap and @retry queue each other, and themselves: they
 *    are disabled, which waits for those that run.
 * 5. The lock file is closed, and the private mount goes, in whatever time its filesystem
 *    takes; then it leaves the list: who wants the same directory has waited for that.
 * 6. Then the module: a frozen filesystem keeps that, its own mount and this work item for as
 *    long as it is frozen, and nothing of the network filesystem's.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "cache.h"

#define LEAST_BYTES	(16ULL << 20)
#define LEAST_OBJECTS	16

struct workqueue_struct *hf_cache_first, *hf_cache_second, *hf_cache_asks;

static DEFINE_MUTEX(dirs_lock);
static LIST_HEAD(dirs);
/* For those that are opened, or leave: neither is done under the mutex. */
static DECLARE_WAIT_QUEUE_HEAD(dirs_wait);

/* ----------------------------------------------------------------- how its filesystem is */

enum rc_outcome hf_cache_outcome(ssize_t error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return RC_FULL;
	case -EROFS:
		return RC_READ_ONLY;
	case -ENOMEM:
	case -EINTR:
	case -ENOTDIR:	/* of somebody else's in the directory */
	case -ESTALE:
		return RC_MISSED;
	default:
		return error < 0 ? RC_ERROR : RC_DONE;
	}
}

static const char * const states[RC_NR_OUTCOMES] = {
	[RC_DONE] = "well again",
	[RC_FULL] = "full",
	[RC_FROZEN] = "frozen",
	[RC_READ_ONLY] = "read-only",
	[RC_ERROR] = "failing",
	[RC_MISSED] = "not asked",
};

/* Without a lock: @changed and @state are what the core has said under it. */
void hf_cache_tell(struct hf_cache_dir *dir, bool changed, enum rc_outcome state)
{
	if (!changed || WARN_ON_ONCE(state >= RC_NR_OUTCOMES))
		return;
	pr_notice("holdfast_netfs: the cache's filesystem %s is %s\n",
		  dir->path.mnt->mnt_sb->s_id, states[state]);
	/* What could not be removed is tried once more. */
	if (state != RC_DONE)
		return;
	spin_lock(&dir->lock);
	rc_index_retry(&dir->index);
	spin_unlock(&dir->lock);
	queue_work(hf_cache_second, &dir->reap);
}

static void note(struct hf_cache_dir *dir, enum rc_outcome outcome)
{
	enum rc_outcome state;
	bool changed;

	spin_lock(&dir->lock);
	changed = rc_health_note(&dir->health, outcome, hf_netfs_now());
	state = dir->health.state;
	spin_unlock(&dir->lock);
	hf_cache_tell(dir, changed, state);
}

/* What became of something.  Culling is worth a look where it is full. */
void hf_cache_note(struct hf_cache_dir *dir, enum rc_outcome outcome)
{
	note(dir, outcome);
	if (outcome == RC_FULL)
		queue_work(hf_cache_second, &dir->reap);
}

/* ----------------------------------------------------------------------------- removal */

static struct rc_entry *next_victim(struct hf_cache_dir *dir)
{
	struct rc_entry *entry;

	spin_lock(&dir->lock);
	entry = rc_index_victim(&dir->index);
	spin_unlock(&dir->lock);
	return entry;
}

/* Return: whether it is gone. */
static bool remove(struct hf_cache_dir *dir, struct rc_entry *entry)
{
	int err = hf_cache_unlink(dir, &entry->key);
	/* (What is no file is not ours, whatever it is called.) */
	bool removed = !err || err == -ENOENT || err == -EISDIR;

	if (removed && entry->outdated)
		hf_netfs_count(cache_outdated);
	else if (removed)
		hf_netfs_count(cache_culled);
	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_left(&dir->index, entry, removed));
	spin_unlock(&dir->lock);
	if (removed)
		kfree(entry);
	/* (A success is one of the memory's, and says nothing of the disk.) */
	if (!removed)
		note(dir, hf_cache_outcome(err));
	return removed;
}

static void reap(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(work, struct hf_cache_dir, reap);
	unsigned int nofs = memalloc_nofs_save();
	struct rc_entry *entry;
	bool stuck;

	do {
		entry = next_victim(dir);
		cond_resched();
	} while (entry && remove(dir, entry));
	spin_lock(&dir->lock);
	stuck = dir->index.stuck;
	spin_unlock(&dir->lock);
	if (stuck)
		queue_delayed_work(hf_cache_second, &dir->retry, msecs_to_jiffies(RC_RETRY_MS));
	memalloc_nofs_restore(nofs);
}

static void retry(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(to_delayed_work(work), struct hf_cache_dir, retry);

	spin_lock(&dir->lock);
	rc_index_retry(&dir->index);
	spin_unlock(&dir->lock);
	queue_work(hf_cache_second, &dir->reap);
}

/* --------------------------------------------------------------------------------- end */

static void free_entries(struct hf_cache_dir *dir)
{
	struct rc_entry *entry;

	do {
		spin_lock(&dir->lock);
		entry = rc_index_pop(&dir->index);
		spin_unlock(&dir->lock);
		kfree(entry);
		cond_resched();
	} while (entry);
}

/* Of one that could not be opened, as well. */
static void let_go(struct hf_cache_dir *dir)
{
	if (dir->guard)
		__fput_sync(dir->guard);
	if (dir->path.mnt) {
		dput(dir->path.dentry);
		kern_unmount(dir->path.mnt);
	}
}

static void close(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(work, struct hf_cache_dir, close);

	disable_delayed_work_sync(&dir->retry);
	disable_work_sync(&dir->reap);
	free_entries(dir);
	let_go(dir);
	mutex_lock(&dirs_lock);
	list_del(&dir->all);
	mutex_unlock(&dirs_lock);
	wake_up_all(&dirs_wait);
	kfree(dir);
	/* rmmod waits for the queue. */
	module_put(THIS_MODULE);
}

void hf_cache_dir_get(struct hf_cache_dir *dir)
{
	refcount_inc(&dir->refs);
}

/* Context: may sleep. */
void hf_cache_dir_put(struct hf_cache_dir *dir)
{
	if (!refcount_dec_and_mutex_lock(&dir->refs, &dirs_lock))
		return;
	dir->state = HF_CACHE_LEAVING;
	mutex_unlock(&dirs_lock);
	queue_work(hf_cache_second, &dir->close);
}

/* ------------------------------------------------------------------------------- begin */

static const char *unfit_filesystem(const struct super_block *sb)
{
	if (sb->s_stack_depth)
		return "its filesystem is stacked on another one";
	/* (A program's that takes a device calls itself so.) */
	if (!(sb->s_type->fs_flags & FS_REQUIRES_DEV) || sb->s_magic == FUSE_SUPER_MAGIC)
		return "its filesystem is not a local one on a device";
	return NULL;
}

static const char *unfit(const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);

	if (!S_ISDIR(inode->i_mode))
		return "it is not a directory";
	if (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || (inode->i_mode & 07777) != 0700)
		return "it is not root's alone (mode 0700)";
	return unfit_filesystem(inode->i_sb);
}

/*
 * By flock(2), which wants no file that is open for writing: that would keep the filesystem
 * from being mounted read-only.  The lock goes with the file.
 */
static int take_lock(struct file *file)
{
	struct file_lock lock;

	locks_init_lock(&lock);
	lock.c.flc_owner = file;
	lock.c.flc_pid = current->tgid;
	lock.c.flc_file = file;
	lock.c.flc_flags = FL_FLOCK;
	lock.c.flc_type = F_WRLCK;
	lock.fl_end = OFFSET_MAX;
	return file->f_op->flock ? file->f_op->flock(file, F_SETLK, &lock) :
				   locks_lock_file_wait(file, &lock);
}

static int keep_others_out(struct hf_cache_dir *dir, const char **why)
{
	struct file *file;
	int err;

	*why = "its file 'lock' cannot be opened";
	file = file_open_root(&dir->path, "lock", O_CREAT | O_RDONLY | O_NOFOLLOW | O_LARGEFILE, 0600);
	if (IS_ERR(file))
		return PTR_ERR(file);
	dir->guard = file;
	*why = "its filesystem cannot be used";
	if (!S_ISREG(file_inode(file)->i_mode) || !file->f_op->read_iter ||
	    !file->f_op->write_iter || !file->f_op->fsync)
		return -EINVAL;
	*why = "another kernel uses it";
	err = take_lock(file);
	return err == -EAGAIN || err == -EACCES ? -EBUSY : err;
}

static struct rc_mark marks(u64 stop, u64 apart)
{
	u64 cull = stop - max(stop / 16, apart);

	return (struct rc_mark) { .run = cull - cull / 8, .cull = cull, .stop = stop };
}

/* Its first ones, or others. */
static bool take_limits(struct hf_cache_dir *dir, const struct rc_limits *limits)
{
	bool fine;

	if (dir->state == HF_CACHE_OPENING)
		return rc_index_init(&dir->index, limits);
	spin_lock(&dir->lock);
	fine = rc_index_limit(&dir->index, limits);
	spin_unlock(&dir->lock);
	return fine;
}

static int set_limits(struct hf_cache_dir *dir, const char **why)
{
	const struct hf_netfs_cache_limits *wished = &dir->wished;
	struct rc_limits limits;
	struct kstatfs stat;
	u64 bytes = wished->bytes;
	int err;

	*why = "how large its filesystem is is not known";
	err = vfs_statfs(&dir->path, &stat);
	if (err)
		return err;
	if (!bytes)
		bytes = max_t(u64, (u64)stat.f_blocks * stat.f_bsize / 5, LEAST_BYTES);
	limits.bytes = marks(bytes, RC_FILL_MAX);
	limits.objects = marks(wished->objects ?: 100000, 1);
	*why = "limits of less than 16 MiB or 16 files";
	if (bytes < LEAST_BYTES || (wished->objects && wished->objects < LEAST_OBJECTS))
		return -EINVAL;
	*why = "limits that cannot be";
	return take_limits(dir, &limits) ? 0 : -EINVAL;
}

static int open_dir(struct hf_cache_dir *dir, const struct path *path, const char **why)
{
	struct vfsmount *mnt = clone_private_mount(path);
	int err;

	*why = "it cannot be mounted privately";
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	mnt->mnt_flags |= MNT_NOATIME | MNT_NODIRATIME;
	dir->path = (struct path) { .mnt = mnt, .dentry = dget(path->dentry) };
	err = keep_others_out(dir, why);
	return err ?: set_limits(dir, why);
}

static struct hf_cache_dir *alloc_dir(const struct path *path,
				      const struct hf_netfs_cache_limits *limits)
{
	struct hf_cache_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);

	if (!dir)
		return NULL;
	spin_lock_init(&dir->lock);
	INIT_LIST_HEAD(&dir->objects);
	dir->inode = d_inode(path->dentry);
	dir->wished = *limits;
	dir->mounts = 1;
	/* Its first mount's, and the scan's. */
	refcount_set(&dir->refs, 2);
	INIT_WORK(&dir->scan, hf_cache_scan);
	INIT_WORK(&dir->reap, reap);
	INIT_WORK(&dir->close, close);
	INIT_DELAYED_WORK(&dir->retry, retry);
	return dir;
}

/* On the list, to be opened.  Who finds it there waits, without the mutex. */
static int open_listed(struct hf_cache_dir *dir, const struct path *path, const char **why)
{
	int err = open_dir(dir, path, why);

	if (err)
		let_go(dir);
	mutex_lock(&dirs_lock);
	if (err)
		list_del(&dir->all);
	else
		dir->state = HF_CACHE_OPEN;
	mutex_unlock(&dirs_lock);
	wake_up_all(&dirs_wait);
	if (err) {
		kfree(dir);
		return err;
	}
	__module_get(THIS_MODULE);
	queue_work(hf_cache_second, &dir->scan);
	return 0;
}

static bool is_wished(const struct hf_cache_dir *dir, const struct hf_netfs_cache_limits *limits)
{
	return limits->bytes == dir->wished.bytes && limits->objects == dir->wished.objects;
}

/* With dirs_lock.  Without a mount its limits are whoever's comes next. */
static int join(struct hf_cache_dir *dir, const struct hf_netfs_cache_limits *limits,
		const char **why)
{
	int err;

	*why = "it is in use with other limits";
	if (!is_wished(dir, limits)) {
		if (dir->mounts)
			return -EBUSY;
		dir->wished = *limits;
		err = set_limits(dir, why);
		if (err)
			return err;
	}
	hf_cache_dir_get(dir);
	/* The scan ends early without a mount. */
	if (!dir->mounts++ && !READ_ONCE(dir->index.scanned) &&
	    queue_work(hf_cache_second, &dir->scan))
		hf_cache_dir_get(dir);
	return 0;
}

static struct hf_cache_dir *find_dir(const struct path *path)
{
	struct hf_cache_dir *dir;

	lockdep_assert_held(&dirs_lock);
	list_for_each_entry(dir, &dirs, all)
		if (dir->inode == d_inode(path->dentry))
			return dir;
	return NULL;
}

static bool is_settled(const struct path *path)
{
	struct hf_cache_dir *dir;
	bool settled;

	mutex_lock(&dirs_lock);
	dir = find_dir(path);
	settled = !dir || dir->state == HF_CACHE_OPEN;
	mutex_unlock(&dirs_lock);
	return settled;
}

/* Return: it, for the caller; or the caller's own, @spare, which is on the list now. */
static struct hf_cache_dir *get(const struct path *path, struct hf_cache_dir *spare,
				const struct hf_netfs_cache_limits *limits, const char **why)
{
	struct hf_cache_dir *dir;
	int err;

	for (;;) {
		mutex_lock(&dirs_lock);
		dir = find_dir(path);
		if (!dir || dir->state == HF_CACHE_OPEN)
			break;
		mutex_unlock(&dirs_lock);
		*why = "killed while it was opened, or left, for another mount";
		if (wait_event_killable(dirs_wait, is_settled(path)))
			return ERR_PTR(-EINTR);
	}
	err = dir ? join(dir, limits, why) : 0;
	if (!dir) {
		dir = spare;
		list_add(&dir->all, &dirs);
	}
	mutex_unlock(&dirs_lock);
	return err ? ERR_PTR(err) : dir;
}

static int attach(struct hf_netfs_mount *mount, const struct path *path,
		  const struct hf_netfs_cache_limits *limits, const char **why)
{
	struct hf_cache_dir *dir, *spare;
	int err = 0;

	*why = unfit(path);
	if (*why)
		return -EINVAL;
	*why = "no memory";
	spare = alloc_dir(path, limits);
	if (!spare)
		return -ENOMEM;
	dir = get(path, spare, limits, why);
	if (dir == spare)
		err = open_listed(dir, path, why);
	else
		kfree(spare);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	if (!err)
		mount->cache = dir;
	return err;
}

int hf_netfs_cache_attach(struct hf_netfs_mount *mount, const char *directory,
			  const struct hf_netfs_cache_limits *limits, const char **why)
{
	struct path path;
	int err;

	*why = "the filesystem tells no versions, or has one";
	if (!mount->ops->version || WARN_ON_ONCE(mount->cache))
		return -EINVAL;
	*why = "it cannot be looked up";
	err = kern_path(directory, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err)
		return err;
	err = attach(mount, &path, limits, why);
	path_put(&path);
	return err;
}
EXPORT_SYMBOL_GPL(hf_netfs_cache_attach);

/* No inode of the mount is left. */
void hf_cache_detach(struct hf_netfs_mount *mount)
{
	struct hf_cache_dir *dir = mount->cache;

	if (!dir)
		return;
	mount->cache = NULL;
	mutex_lock(&dirs_lock);
	dir->mounts--;
	mutex_unlock(&dirs_lock);
	hf_cache_dir_put(dir);
}

/* ------------------------------------------------------------------------------ statistics */

/* What all directories have together. */
void hf_cache_show(struct seq_file *m)
{
	static const char * const outcomes[RC_NR_OUTCOMES] = {
		[RC_FULL] = "full", [RC_FROZEN] = "frozen", [RC_READ_ONLY] = "read_only",
		[RC_ERROR] = "errors",
	};
	u64 counts[RC_NR_OUTCOMES] = {}, pauses = 0, objects = 0, bytes = 0;
	struct hf_cache_dir *dir;
	u32 i;

	mutex_lock(&dirs_lock);
	list_for_each_entry(dir, &dirs, all) {
		if (dir->state == HF_CACHE_OPENING)
			continue;
		spin_lock(&dir->lock);
		for (i = 0; i < RC_NR_OUTCOMES; i++)
			counts[i] += dir->health.counts[i];
		pauses += dir->health.pauses;
		objects += dir->index.objects;
		bytes += dir->index.bytes;
		spin_unlock(&dir->lock);
	}
	mutex_unlock(&dirs_lock);
	for (i = 0; i < RC_NR_OUTCOMES; i++)
		if (outcomes[i])
			seq_printf(m, "netfs_cache_%s %llu\n", outcomes[i], counts[i]);
	seq_printf(m, "netfs_cache_pauses %llu\nnetfs_cache_objects %llu\nnetfs_cache_bytes %llu\n",
		   pauses, objects, bytes);
}

/* -------------------------------------------------------------------------------- module */

/* A directory in use keeps the module; so nothing is queued any more but its last end. */
void hf_cache_exit(void)
{
	if (hf_cache_second)
		destroy_workqueue(hf_cache_second);
	if (hf_cache_asks)
		destroy_workqueue(hf_cache_asks);
	if (hf_cache_first)
		destroy_workqueue(hf_cache_first);
}

int hf_cache_init(void)
{
	hf_cache_first = alloc_workqueue("hf_cache_first", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	hf_cache_second = alloc_workqueue("hf_cache_second", WQ_UNBOUND, 0);
	hf_cache_asks = alloc_workqueue("hf_cache_asks", WQ_UNBOUND, 0);
	return hf_cache_first && hf_cache_second && hf_cache_asks ? 0 : -ENOMEM;
}
