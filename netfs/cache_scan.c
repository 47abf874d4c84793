// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a directory when the first mount uses it.  Names first, a bucket's at a time,
 * for a header cannot be read while the directory is; then each file by its name, as for
 * an open.  What has a name that is not ours is never touched.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cache.h"

/* Of a bucket at a time; the rest in another turn. */
#define TURN	128
#define BUCKETS	256

struct found {
	struct dir_context ctx;
	u8 bucket;
	bool more;
	u32 nr;
	struct rc_key keys[TURN];
};

static bool take_name(struct dir_context *ctx, const char *name, int len, loff_t offset,
		      u64 ino, unsigned int type)
{
	struct found *found = container_of(ctx, struct found, ctx);

	if (type != DT_REG && type != DT_UNKNOWN)
		return true;
	if (found->nr == TURN) {
		found->more = true;
		return false;
	}
	if (rc_name_parse(found->bucket, name, len, &found->keys[found->nr]))
		found->nr++;
	return true;
}

/* With the file, or NULL: it cannot be opened. */
static bool enter(struct hf_cache_dir *dir, const struct rc_key *key, struct file *file,
		  u8 *slots)
{
	struct rc_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	struct rc_header header = {};
	u64 bytes = file ? hf_cache_allocated(file) : 0;
	bool believed, taken;

	if (!entry)
		return false;
	believed = file && !hf_cache_read_header(file, key, slots, &header);
	if (!believed)
		hf_netfs_count(cache_not_believed);
	spin_lock(&dir->lock);
	taken = rc_index_scan(&dir->index, entry, key, believed, bytes, header.last_use,
			      hf_cache_wall());
	spin_unlock(&dir->lock);
	if (!taken)
		kfree(entry);
	return true;
}

static bool look_at(struct hf_cache_dir *dir, const struct rc_key *key, u8 *slots)
{
	struct file *file = hf_cache_find(dir, key);
	bool entered;

	/* What has gone meanwhile, or is no file, is not entered. */
	if (file == ERR_PTR(-ENOENT) || file == ERR_PTR(-EISDIR))
		return true;
	if (IS_ERR(file))
		return PTR_ERR(file) != -ENOMEM && enter(dir, key, NULL, slots);
	entered = enter(dir, key, file, slots);
	__fput_sync(file);
	return entered;
}

static struct file *open_bucket(struct hf_cache_dir *dir, u8 bucket)
{
	char name[RC_BUCKET_LEN + 1];

	rc_bucket_name(bucket, name);
	return file_open_root(&dir->path, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME, 0);
}

/*
 * Each turn goes on where the one before has stopped: positions are kept by the file.
 *
 * Return: whether nothing was left out.
 */
static bool scan_bucket(struct hf_cache_dir *dir, u8 bucket, struct found *found, u8 *slots)
{
	struct file *file = open_bucket(dir, bucket);
	bool fine = true;
	u32 i;

	if (IS_ERR(file))
		return file == ERR_PTR(-ENOENT) || file == ERR_PTR(-ENOTDIR);
	found->bucket = bucket;
	do {
		found->nr = 0;
		found->more = false;
		fine &= !iterate_dir(file, &found->ctx);
		for (i = 0; i < found->nr; i++)
			fine &= look_at(dir, &found->keys[i], slots);
		cond_resched();
	} while (found->more);
	__fput_sync(file);
	return fine;
}

void hf_cache_scan(struct work_struct *work)
{
	struct hf_cache_dir *dir = container_of(work, struct hf_cache_dir, scan);
	unsigned int nofs = memalloc_nofs_save();
	struct found *found = kvzalloc(sizeof(*found), GFP_KERNEL);
	u8 *slots = kmalloc(RC_SLOTS, GFP_KERNEL);
	unsigned int i = 0;
	bool fine = true;

	/* What it leaves out is found when it is opened; until then it is not counted. */
	if (found && slots && !READ_ONCE(dir->index.scanned)) {
		found->ctx.actor = take_name;
		while (i < BUCKETS && READ_ONCE(dir->mounts))
			fine &= scan_bucket(dir, i++, found, slots);
	}
	if (fine && i == BUCKETS) {
		spin_lock(&dir->lock);
		rc_index_scanned(&dir->index);
		spin_unlock(&dir->lock);
	}
	kfree(slots);
	kvfree(found);
	queue_work(hf_cache_second, &dir->reap);
	memalloc_nofs_restore(nofs);
	hf_cache_dir_put(dir);
}
