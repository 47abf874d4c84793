// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mount's part: its limits, its requests, and its abort, which is for good:
 *
 *  1. @aborted is set under the list's lock: who begins a request later sees it.
 *  2. ->abort() makes the filesystem answer whatever is in flight with an error.
 *  3. Each request that had begun is cancelled: what waits to be tried again ends.
 *
 * /sys/fs/holdfast/MAJOR:MINOR/abort is gone before the mount is: kobject_del() waits
 * for who writes to it.
 */
#include <linux/kobject.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "cache.h"
#include "netfs.h"
#include "stats.h"
#include "trace.h"

struct hf_netfs_sysfs {
	struct kobject kobj;
	struct hf_netfs_mount *mount;
};

static struct kobject *folder;
static DEFINE_MUTEX(mounts_lock);
static LIST_HEAD(mounts);

/* -------------------------------------------------------------------------- abort */

/* One that was not cancelled yet, held; or NULL. */
static struct hf_netfs_req *next_to_cancel(struct hf_netfs_mount *mount)
{
	struct hf_netfs_req *req, *found = NULL;

	spin_lock(&mount->lock);
	list_for_each_entry(req, &mount->requests, on_mount) {
		spin_lock(&req->lock);
		if (!req->core.cancelled && rl_req_hold(&req->core))
			found = req;
		spin_unlock(&req->lock);
		if (found)
			break;
	}
	spin_unlock(&mount->lock);
	return found;
}

static void release(struct hf_netfs_req *req)
{
	enum rl_left left;

	spin_lock(&req->lock);
	left = rl_req_release(&req->core);
	trace_hf_netfs_ref(req, "aborted");
	if (left == RL_LEFT_ISSUER)
		wake_up(&req->alone);
	spin_unlock(&req->lock);
	hf_netfs_req_left(req, left);
}

void hf_netfs_abort(struct hf_netfs_mount *mount, int error)
{
	struct hf_netfs_req *req;

	spin_lock(&mount->lock);
	if (!mount->aborted)
		mount->aborted = error < 0 ? error : -EIO;
	error = mount->aborted;
	spin_unlock(&mount->lock);
	hf_netfs_count(aborts);
	mount->ops->abort(mount->sb);
	while ((req = next_to_cancel(mount))) {
		hf_netfs_req_cancel(req, error);
		release(req);
	}
	wake_up_all(&mount->room);
}
EXPORT_SYMBOL_GPL(hf_netfs_abort);

static ssize_t abort_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	struct hf_netfs_mount *mount = container_of(kobj, struct hf_netfs_sysfs, kobj)->mount;

	pr_info("holdfast_netfs: %s: aborted by %s (%d)\n", mount->sb->s_id, current->comm,
		task_tgid_nr(current));
	hf_netfs_abort(mount, -EIO);
	return count;
}

static struct kobj_attribute abort_attribute = __ATTR_WO(abort);

static struct attribute *mount_attrs[] = { &abort_attribute.attr, NULL };
ATTRIBUTE_GROUPS(mount);

/* -------------------------------------------------------------------------- sysfs */

static void free_sysfs(struct kobject *kobj)
{
	kfree(container_of(kobj, struct hf_netfs_sysfs, kobj));
}

static const struct kobj_type mount_type = {
	.release = free_sysfs,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = mount_groups,
};

static int add_sysfs(struct hf_netfs_mount *mount)
{
	struct hf_netfs_sysfs *sysfs = kzalloc(sizeof(*sysfs), GFP_KERNEL);
	int ret;

	if (!sysfs)
		return -ENOMEM;
	sysfs->mount = mount;
	ret = kobject_init_and_add(&sysfs->kobj, &mount_type, folder, "%u:%u",
				   MAJOR(mount->sb->s_dev), MINOR(mount->sb->s_dev));
	if (ret)
		kobject_put(&sysfs->kobj);
	else
		mount->sysfs = sysfs;
	return ret;
}

/* ------------------------------------------------------------------- begin and end */

static bool set_limits(struct hf_netfs_mount *mount, const struct hf_netfs_limits *limits)
{
	if (!limits->subs || !limits->bytes)
		return false;
	mount->retry = (struct rl_retry) {
		.first = 20, .cap = 2000, .timeo = limits->timeo, .stuck = 8,
	};
	mount->write_flags = limits->alone ? RL_MAY_WIDEN : 0;
	rl_credits_init(&mount->credits, limits->subs, max(limits->subs / 4, 1), limits->bytes);
	return rl_limits_set(&mount->limits, limits->rsize, limits->wsize, PAGE_SIZE,
			     limits->short_is_eof ? RL_SHORT_IS_EOF : 0);
}

int hf_netfs_mount(struct hf_netfs_mount *mount, struct super_block *sb,
		   const struct hf_netfs_ops *ops, const struct hf_netfs_limits *limits)
{
	int ret;

	*mount = (struct hf_netfs_mount) { .ops = ops, .sb = sb };
	if (!set_limits(mount, limits))
		return -EINVAL;
	spin_lock_init(&mount->credit_lock);
	spin_lock_init(&mount->lock);
	init_waitqueue_head(&mount->room);
	INIT_LIST_HEAD(&mount->requests);
	mount->reserve = hf_netfs_reserve_create();
	if (!mount->reserve)
		return -ENOMEM;
	ret = add_sysfs(mount);
	if (ret) {
		hf_netfs_reserve_put(mount->reserve);
		return ret;
	}
	/* Dirty memory of a control group is its own to write back, and slows it down. */
	sb->s_iflags |= SB_I_CGROUPWB;
	mutex_lock(&mounts_lock);
	list_add_tail(&mount->all, &mounts);
	mutex_unlock(&mounts_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(hf_netfs_mount);

void hf_netfs_unmount(struct hf_netfs_mount *mount)
{
	if (!mount->sysfs)
		return;
	mutex_lock(&mounts_lock);
	list_del(&mount->all);
	mutex_unlock(&mounts_lock);
	kobject_del(&mount->sysfs->kobj);
	kobject_put(&mount->sysfs->kobj);
	mount->sysfs = NULL;
	WARN_ON_ONCE(!list_empty(&mount->requests));
	hf_cache_detach(mount);
	hf_netfs_reserve_put(mount->reserve);
}
EXPORT_SYMBOL_GPL(hf_netfs_unmount);

/* ----------------------------------------------------- /proc/fs/holdfast/requests */

static const char * const kinds[] = {
	[RL_READ] = "read", [RL_WRITEPAGES] = "write-back",
	[RL_DIRECT_READ] = "direct-read", [RL_DIRECT_WRITE] = "direct-write",
};

static void show_request(struct seq_file *m, struct hf_netfs_req *req)
{
	struct hf_netfs_mount *mount = req->ni->mount;
	u32 i, ended = 0, in_flight = 0;

	spin_lock(&req->lock);
	for (i = 0; i < req->nr_subs; i++) {
		in_flight += req->subs[i].core.state == RL_ISSUED;
		ended += req->subs[i].core.state >= RL_DONE;
	}
	seq_printf(m, "%u:%u ino %lu request %llu %s age %u ms subrequests %u in-flight %u ended %u%s\n",
		   MAJOR(mount->sb->s_dev), MINOR(mount->sb->s_dev), req->ni->vfs.i_ino,
		   req->id, kinds[req->kind], jiffies_to_msecs(jiffies - req->since),
		   req->nr_subs, in_flight, ended, req->core.cancelled ? " cancelled" : "");
	spin_unlock(&req->lock);
}

void hf_netfs_show_requests(struct seq_file *m)
{
	struct hf_netfs_mount *mount;
	struct hf_netfs_req *req;

	mutex_lock(&mounts_lock);
	list_for_each_entry(mount, &mounts, all) {
		spin_lock(&mount->lock);
		list_for_each_entry(req, &mount->requests, on_mount)
			show_request(m, req);
		spin_unlock(&mount->lock);
	}
	mutex_unlock(&mounts_lock);
}

int hf_netfs_mounts_init(void)
{
	folder = kobject_create_and_add("holdfast", fs_kobj);
	return folder ? 0 : -ENOMEM;
}

void hf_netfs_mounts_exit(void)
{
	kobject_put(folder);
}
