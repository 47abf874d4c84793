// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: their start, and what is theirs of a service's end (service.c).
 *
 * An export is made when it is enabled and ends when it is disabled: enabling it
 * again makes another one.  Its threads, its mount and its root go with its last
 * connection, before the structure does.
 *
 * The mount is a private clone of the one that the path is on: no other mount is
 * ever below it, and nobody's umount takes it away.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "credentials.h"
#include "export.h"
#include "pool.h"
#include "registry.h"

static struct hf9_export *export_of(struct hf9_service *service)
{
	return container_of(service, struct hf9_export, service);
}

static void release(struct hf9_service *service)
{
	struct hf9_export *export = export_of(service);

	hf9_users_put(export->users);
	kfree(export->clients);
	kfree(export);
}

/* It is in the list until it has stopped, and /proc looks at those. */
static struct hf9_pool *take_pool(struct hf9_export *export)
{
	struct hf9_pool *pool;

	mutex_lock(&hf9_registry_lock);
	pool = export->pool;
	export->pool = NULL;
	mutex_unlock(&hf9_registry_lock);
	return pool;
}

/* Of one without connections; also of one that was only half made. */
static void close(struct hf9_export *export)
{
	hf9_pool_free(take_pool(export));
	if (!export->root.mnt)
		return;
	dput(export->root.dentry);
	kern_unmount(export->root.mnt);
	export->root = (struct path) {};
}

static void end(struct hf9_service *service)
{
	struct hf9_export *export = export_of(service);

	hf9_registry_drain_export(export);
	close(export);
}

static const struct hf9_service_ops service_ops = {
	.end		= end,
	.release	= release,
};

static void fill(struct hf9_export *export, const struct hf9_export_wish *wish)
{
	memcpy(export->identity, wish->identity, sizeof(export->identity));
	export->limits = wish->limits;
	export->lock_hold_ms = wish->lock_hold_ms;
	export->read_only = wish->read_only;
	export->trust_gid = wish->trust_gid;
	export->require_reserved_port = wish->require_reserved_port;
	export->localio = wish->localio;
	export->squash = wish->squash;
	export->anon_uid = wish->anon_uid;
	export->anon_gid = wish->anon_gid;
	export->users = hf9_users_get(wish->users);
	export->clients = hf9_clients_copy(wish->clients);
}

static struct hf9_export *make(const char *name, const struct hf9_export_wish *wish)
{
	struct hf9_export *export = kzalloc(sizeof(*export), GFP_KERNEL);
	bool named;

	if (!export)
		return NULL;
	named = hf9_service_init(&export->service, &service_ops, name);
	fill(export, wish);
	if (named && export->clients)
		return export;
	hf9_service_put(&export->service);
	return NULL;
}

/*
 * MNT_INTERNAL: the end of the last reference is the end of the mount, whoever drops
 * it, and not some time later.
 */
static int clone(struct hf9_export *export, const struct path *path, const char **why)
{
	struct vfsmount *mnt;

	if (is_idmapped_mnt(path->mnt)) {
		*why = "path is on an idmapped mount";
		return -EOPNOTSUPP;
	}
	mnt = clone_private_mount(path);
	if (IS_ERR(mnt)) {
		*why = "path's mount cannot be cloned";
		return PTR_ERR(mnt);
	}
	mnt->mnt_flags |= MNT_INTERNAL;
	if (export->read_only)
		mnt->mnt_flags |= MNT_READONLY;
	export->root.mnt = mnt;
	export->root.dentry = dget(mnt->mnt_root);
	return 0;
}

static int find_root(struct hf9_export *export, const char *name, const char **why)
{
	struct path path;
	int ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (ret) {
		*why = "path is no directory that can be reached";
		return ret;
	}
	ret = clone(export, &path, why);
	path_put(&path);
	return ret;
}

static int start_threads(struct hf9_export *export, const char **why)
{
	char name[16];
	struct hf9_pool *pool;

	snprintf(name, sizeof(name), "9p-%s", export->service.name);
	pool = hf9_pool_new(name, export->limits.threads);
	if (IS_ERR(pool)) {
		*why = "there is no thread for it";
		return PTR_ERR(pool);
	}
	export->pool = pool;
	return 0;
}

static int open(struct hf9_export *export, const char *path, const char **why)
{
	int ret = find_root(export, path, why);

	if (ret)
		return ret;
	ret = start_threads(export, why);
	if (ret)
		return ret;
	ret = hf9_registry_add_export(export);
	if (ret)
		*why = "there is an export of that name or identity";
	return ret;
}

struct hf9_export *hf9_export_start(const char *name, const struct hf9_export_wish *wish,
				    const char **why)
{
	struct hf9_export *export = make(name, wish);
	int ret;

	*why = "no memory";
	if (!export)
		return ERR_PTR(-ENOMEM);
	ret = open(export, wish->path, why);
	if (!ret)
		return export;
	close(export);
	hf9_service_put(&export->service);
	return ERR_PTR(ret);
}

void hf9_export_set_clients(struct hf9_export *export, struct hf9_clients *clients)
{
	mutex_lock(&hf9_registry_lock);
	swap(export->clients, clients);
	mutex_unlock(&hf9_registry_lock);
	kfree(clients);
}
