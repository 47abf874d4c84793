// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object's file is looked for, in the first queue; or made, in the second.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cache.h"

static void use_file(struct hf_cache_object *object, struct file *file)
{
	lockdep_assert_held(&object->lock);
	object->file = file;
	object->read_only = !(file->f_mode & FMODE_WRITE);
	object->direct = file->f_mode & FMODE_CAN_ODIRECT;
	object->since = filemap_sample_wb_err(file->f_mapping);
}

/* The look is over.  The worker's reference is put. */
static void looked(struct hf_cache_object *object, enum rc_look look, struct file *file,
		   const struct rc_header *header)
{
	bool lived = hf_cache_lock(object);

	if (file)
		use_file(object, file);
	WARN_ON_ONCE(rc_object_opened(&object->core, look, header) == RC_OPENED_INVALID);
	hf_cache_unlock(object, lived);
	smp_mb();	/* before it is looked for who waits */
	wake_up_var(object);
	hf_cache_fill_owed(object);
	hf_cache_try_end(object);
	hf_cache_put(object);
}

/* Of one that no scan has come to. */
static void set_bytes(struct hf_cache_object *object, struct file *file)
{
	struct hf_cache_dir *dir = object->dir;
	u64 bytes = hf_cache_allocated(file);

	spin_lock(&dir->lock);
	WARN_ON_ONCE(!rc_index_bytes(&dir->index, object->entry, bytes));
	spin_unlock(&dir->lock);
}

static void look_in(struct hf_cache_object *object, struct file *file)
{
	u8 *slots = kmalloc(RC_SLOTS, GFP_KERNEL);
	struct rc_header header;
	int said;

	/* (A close may wait for a freeze, and so is for the second queue.) */
	if (!slots) {
		looked(object, RC_LOOK_FAILED, file, NULL);
		return;
	}
	said = hf_cache_read_header(file, &object->core.key, slots, &header);
	set_bytes(object, file);
	if (said < 0) {
		hf_cache_note(object->dir, RC_ERROR);
		looked(object, RC_LOOK_BAD, file, NULL);
	} else {
		if (!said)
			hf_netfs_count(cache_opened);
		looked(object, RC_LOOK_OPEN, file, said ? NULL : &header);
	}
	kfree(slots);
}

static bool is_wanted(struct hf_cache_object *object)
{
	return READ_ONCE(object->core.state) == RC_LOOKING;
}

/* ---------------------------------------------------------------------------- creation */

static bool may_make(struct hf_cache_dir *dir)
{
	bool may;

	spin_lock(&dir->lock);
	may = rc_create_begin(&dir->health, hf_netfs_now());
	spin_unlock(&dir->lock);
	return may;
}

static void made(struct hf_cache_dir *dir, int err)
{
	enum rc_outcome outcome = err == -EEXIST ? RC_MISSED : hf_cache_outcome(err);
	enum rc_outcome state;
	bool changed;

	spin_lock(&dir->lock);
	changed = rc_create_end(&dir->health, outcome, hf_netfs_now());
	state = dir->health.state;
	spin_unlock(&dir->lock);
	hf_cache_tell(dir, changed, state);
}

static void make_work(struct work_struct *work)
{
	struct hf_cache_object *object = container_of(work, struct hf_cache_object, work);
	unsigned int nofs = memalloc_nofs_save();
	struct file *file = ERR_PTR(-EINTR);

	if (is_wanted(object))
		file = hf_cache_make(object->dir, &object->core.key);
	made(object->dir, PTR_ERR_OR_ZERO(file));
	if (!IS_ERR(file)) {
		hf_netfs_count(cache_created);
		looked(object, RC_LOOK_CREATED, file, NULL);
	} else {
		/* What is there has a header that counts: it is for another look to find. */
		looked(object, PTR_ERR(file) == -EEXIST ? RC_LOOK_FAILED : RC_LOOK_ABSENT, NULL, NULL);
	}
	memalloc_nofs_restore(nofs);
}

/* With a reference, the worker's from here on. */
static void make(struct hf_cache_object *object)
{
	if (!may_make(object->dir)) {
		looked(object, RC_LOOK_ABSENT, NULL, NULL);
		return;
	}
	INIT_WORK(&object->work, make_work);
	queue_work(hf_cache_second, &object->work);
}

/* -------------------------------------------------------------------------------- look */

/* It is not there: nobody waits for it any more. */
static void not_there(struct hf_cache_object *object)
{
	bool lived = hf_cache_lock(object);

	rc_object_make(&object->core);
	hf_cache_unlock(object, lived);
	smp_mb();	/* likewise */
	wake_up_var(object);
	make(object);
}

static void failed(struct hf_cache_object *object, int err)
{
	enum rc_look look = RC_LOOK_FAILED;

	if (err == -ENOENT)
		look = RC_LOOK_ABSENT;
	else if (err == -EISDIR)
		look = RC_LOOK_BAD;
	else
		hf_cache_note(object->dir, hf_cache_outcome(err));
	looked(object, look, NULL, NULL);
}

static void look_work(struct work_struct *work)
{
	struct hf_cache_object *object = container_of(work, struct hf_cache_object, work);
	unsigned int nofs = memalloc_nofs_save();
	struct file *file;

	file = hf_cache_find(object->dir, &object->core.key);
	if (!IS_ERR(file))
		look_in(object, file);
	else if (PTR_ERR(file) == -ENOENT && is_wanted(object))
		not_there(object);
	else
		failed(object, PTR_ERR(file));
	memalloc_nofs_restore(nofs);
}

/* @object: with a reference, the worker's. */
void hf_cache_look(struct hf_cache_object *object, enum rc_found found)
{
	if (found == RC_FOUND_NEW) {
		make(object);
		return;
	}
	INIT_WORK(&object->work, look_work);
	queue_work(hf_cache_first, &object->work);
}
