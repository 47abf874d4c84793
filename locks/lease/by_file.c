// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants by their open file: who is told of one has nothing else.
 *
 * A bucket for 16 pages of memory, 262,144 at most, since any user may have as
 * many as he has descriptors, and each is looked for under a spinlock.  All
 * delegations of a file are nfsd's, who opened it once: they are told apart, and
 * found, by their owner as well.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "leases.h"

static struct hlist_head *by_file;
static unsigned int by_file_bits;
static DEFINE_SPINLOCK(by_file_lock);

static struct hlist_head *bucket_of(u64 holder, enum ls_kind kind, u64 owner)
{
	if (kind == LS_DELEGATION)
		holder ^= hash_64(owner, 64);
	return &by_file[hash_64(holder, by_file_bits)];
}

/**
 * hf_grant_hash - it is in its table: let hf_leased_of() find it
 * @grant: the grant
 *
 * Context: li->lock held.
 */
void hf_grant_hash(struct hf_grant *grant)
{
	lockdep_assert_held(&grant->li->lock);
	grant->number = hf_next_number(grant->li);
	spin_lock(&by_file_lock);
	hlist_add_head(&grant->by_file,
		       bucket_of(grant->core.holder, grant->core.kind,
				 grant->core.owner));
	spin_unlock(&by_file_lock);
}

/**
 * hf_grant_unhash - it has left its table
 * @grant: the grant, hashed or not
 */
void hf_grant_unhash(struct hf_grant *grant)
{
	if (hlist_unhashed(&grant->by_file))
		return;
	spin_lock(&by_file_lock);
	hlist_del(&grant->by_file);
	spin_unlock(&by_file_lock);
}

/**
 * hf_grant_find - the grant of an open file
 * @li: what its inode embeds
 * @file: the open file
 * @kind: of which kind
 * @owner: tells two of one file apart
 *
 * However many others the inode has.
 *
 * Context: li->lock held, so that it stays what it is.
 * Return: the grant, or NULL.
 */
struct hf_grant *hf_grant_find(struct hf_lease_inode *li,
			       const struct file *file, enum ls_kind kind,
			       const void *owner)
{
	struct hlist_head *bucket = bucket_of(hf_holder(file), kind,
					      (unsigned long)owner);
	struct hf_grant *grant;

	lockdep_assert_held(&li->lock);
	spin_lock(&by_file_lock);
	hlist_for_each_entry(grant, bucket, by_file)
		/* One that is idle has left its table and is about to be freed. */
		if (grant->core.holder == hf_holder(file) &&
		    grant->core.owner == (unsigned long)owner &&
		    grant->core.kind == kind && grant->li == li &&
		    READ_ONCE(grant->core.state) != LS_IDLE)
			break;
	spin_unlock(&by_file_lock);
	return grant;
}

/**
 * hf_leased_of - where the grants of an open file are listed
 * @file: the file, open for as long as the caller uses the answer
 * @kind: of which kind there has to be one; not a delegation, see above
 *
 * Return: what its inode embeds, or NULL if it has none of that kind.
 */
struct hf_lease_inode *hf_leased_of(const struct file *file, enum ls_kind kind)
{
	struct hf_lease_inode *li = NULL;
	struct hf_grant *grant;

	spin_lock(&by_file_lock);
	hlist_for_each_entry(grant, bucket_of(hf_holder(file), kind, 0), by_file) {
		if (grant->core.holder == hf_holder(file) &&
		    grant->core.kind == kind) {
			li = grant->li;
			break;
		}
	}
	spin_unlock(&by_file_lock);
	return li;
}

int hf_by_file_init(void)
{
	by_file_bits = clamp(ilog2(totalram_pages()) - 4, 10, 18);
	by_file = kvcalloc(1UL << by_file_bits, sizeof(*by_file), GFP_KERNEL);
	return by_file ? 0 : -ENOMEM;
}

/* Nobody has a grant. */
void hf_by_file_exit(void)
{
	kvfree(by_file);
	by_file = NULL;
}
