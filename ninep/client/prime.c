// SPDX-License-Identifier: GPL-2.0-only
/* What the names of a directory lead to: known when they have come with attributes. */
#include <linux/dcache.h>

#include "client.h"

static bool is_dots(const struct np_str *name)
{
	return name->at[0] == '.' &&
	       (name->len == 1 || (name->len == 2 && name->at[1] == '.'));
}

/*
 * Entries may be told long after they came.  If we have changed names meanwhile they would
 * bring back what is gone.  The directory is locked, so none change now.
 */
static bool is_of_before(struct inode *inode, const struct hf9c_sample *sample)
{
	bool before;

	spin_lock(&inode->i_lock);
	before = hf9c_inode(inode)->changed > sample->number;
	spin_unlock(&inode->i_lock);
	return before || hf9c_is_doubted(hf9c_super(inode->i_sb), sample->number);
}

/* Return: the dentry of a name, perhaps in lookup; or -errno. */
static struct dentry *name_in(struct dentry *parent, struct qstr *name,
			      wait_queue_head_t *wq)
{
	struct dentry *dentry;

	name->hash = full_name_hash(parent, name->name, name->len);
	dentry = d_lookup(parent, name);
	return dentry ?: d_alloc_parallel(parent, name, wq);
}

static void splice(struct dentry *dentry, const struct np_attr *attr, void *version,
		   const struct hf9c_sample *sample)
{
	struct inode *inode = hf9c_iget(dentry->d_sb, attr, sample);
	struct dentry *found;

	hf9c_dentry_seen(dentry, version, sample->since);
	found = d_splice_alias(inode, dentry);
	if (IS_ERR_OR_NULL(found))
		return;
	hf9c_dentry_seen(found, version, sample->since);
	dput(found);
}

/* It tells what a lookup would have; nobody has to know that it could not be kept. */
static void prime(struct dentry *parent, const struct np_entry_attr *entry, void *version,
		  const struct hf9c_sample *sample)
{
	struct qstr name = QSTR_INIT(entry->name.at, entry->name.len);
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(wq);
	struct dentry *dentry;

	if (!entry->attr.valid || is_dots(&entry->name) || hf9c_check_attr(&entry->attr))
		return;
	dentry = name_in(parent, &name, &wq);
	if (IS_ERR(dentry))
		return;
	if (d_in_lookup(dentry)) {
		splice(dentry, &entry->attr, version, sample);
		d_lookup_done(dentry);
	} else if (d_really_is_positive(dentry) && hf9c_is(d_inode(dentry), &entry->attr)) {
		hf9c_adopt(d_inode(dentry), &entry->attr, sample);
		hf9c_dentry_seen(dentry, version, sample->since);
	}
	dput(dentry);
}

/**
 * hf9c_prime - an entry has come with its attributes
 * @dir: of which directory
 * @entry: as it came
 * @version: hf9c_dir_version(), from before it was asked for
 * @sample: likewise
 *
 * Context: may sleep; @dir is locked.
 */
void hf9c_prime(struct dentry *dir, const struct np_entry_attr *entry, void *version,
		const struct hf9c_sample *sample)
{
	if (!is_of_before(d_inode(dir), sample))
		prime(dir, entry, version, sample);
}
