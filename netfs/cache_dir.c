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
 * 5. The lock file is closed, in whatever time its filesystem takes; then it leaves the list:
 *    who wants the same directory has waited for that.  The private mount is let go of before,
 *    and goes a moment later: mntput() of a kernel thread is another work item's.
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
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "cache.h"

struct workqueue_struct *hf_cache_first, *hf_cache_second, *hf_cache_headers;

static DEFINE_MUTEX(dirs_lock);
static LIST_HEAD(dirs);
/* For those that are opened, or leave: neither is done under the mutex. */
static DECLARE_WAIT_QUEUE_HEAD(dirs_wait);
/* dirs_lock: how often one was opened, or has left. */
static unsigned int dirs_changes;

/* With dirs_lock. */
static void dirs_changed(void)
{
	WRITE_ONCE(dirs_changes, dirs_changes + 1);
	wake_up_all(&dirs_wait);
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
	dirs_changed();
	mutex_unlock(&dirs_lock);
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
	return err ?: hf_cache_set_limits(dir, why);
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
	INIT_WORK(&dir->reap, hf_cache_reap);
	INIT_WORK(&dir->close, close);
	INIT_DELAYED_WORK(&dir->retry, hf_cache_retry);
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
	dirs_changed();
	mutex_unlock(&dirs_lock);
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
	struct hf_netfs_cache_limits old;
	int err;

	*why = "it is in use with other limits";
	if (!is_wished(dir, limits)) {
		if (dir->mounts)
			return -EBUSY;
		old = dir->wished;
		dir->wished = *limits;
		err = hf_cache_set_limits(dir, why);
		if (err) {
			dir->wished = old;
			return err;
		}
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

/* Return: it, for the caller; or the caller's own, @spare, which is on the list now. */
static struct hf_cache_dir *get(const struct path *path, struct hf_cache_dir *spare,
				const struct hf_netfs_cache_limits *limits, const char **why)
{
	struct hf_cache_dir *dir;
	unsigned int changes;
	int err;

	for (;;) {
		mutex_lock(&dirs_lock);
		dir = find_dir(path);
		if (!dir || dir->state == HF_CACHE_OPEN)
			break;
		changes = dirs_changes;
		mutex_unlock(&dirs_lock);
		*why = "killed while it was opened, or left, for another mount";
		if (wait_event_killable(dirs_wait, READ_ONCE(dirs_changes) != changes))
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
	if (hf_cache_headers)
		destroy_workqueue(hf_cache_headers);
	if (hf_cache_first)
		destroy_workqueue(hf_cache_first);
}

int hf_cache_init(void)
{
	hf_cache_first = alloc_workqueue("hf_cache_first", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	hf_cache_second = alloc_workqueue("hf_cache_second", WQ_UNBOUND, 0);
	hf_cache_headers = alloc_workqueue("hf_cache_headers", WQ_UNBOUND, 0);
	return hf_cache_first && hf_cache_second && hf_cache_headers ? 0 : -ENOMEM;
}
