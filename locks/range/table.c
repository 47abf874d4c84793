// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of lock tables and of the domains they belong to.
 *
 * A table is born with the first lock of its inode and is published once, by
 * cmpxchg, in struct hf_lock_inode.  It dies with its last reference: the
 * inode's, dropped at eviction, or that of the last asynchronous waiter.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "locks.h"

LIST_HEAD(hf_tables);
DEFINE_SPINLOCK(hf_tables_lock);
DEFINE_MUTEX(hf_graph_lock);
struct lk_graph hf_graph;

static struct kmem_cache *table_cache;

struct hf_lock_domain *hf_lock_domain_create(enum hf_fairness fairness,
					     const struct hf_remote_ops *remote)
{
	struct hf_lock_domain *domain;

	if (fairness > HF_FAIR_NONE)
		return ERR_PTR(-EINVAL);
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	refcount_set(&domain->ref, 1);
	domain->fairness = fairness;
	domain->remote = remote;
	return domain;
}
EXPORT_SYMBOL_GPL(hf_lock_domain_create);

int hf_lock_domain_set_fairness(struct hf_lock_domain *domain,
				enum hf_fairness fairness)
{
	if (fairness > HF_FAIR_NONE)
		return -EINVAL;
	WRITE_ONCE(domain->fairness, fairness);
	return 0;
}
EXPORT_SYMBOL_GPL(hf_lock_domain_set_fairness);

void hf_lock_domain_put(struct hf_lock_domain *domain)
{
	if (domain && refcount_dec_and_test(&domain->ref))
		kfree(domain);
}
EXPORT_SYMBOL_GPL(hf_lock_domain_put);

/*
 * The context that the mirror lives in is private to fs/locks.c.  A request
 * that only looks makes it without leaving a lock behind.  The VFS frees it
 * with the inode.
 */
static struct file_lock_context *make_context(struct inode *inode)
{
	struct file_lock look;
	int error;

	locks_init_lock(&look);
	look.c.flc_flags = FL_FLOCK | FL_ACCESS;
	look.c.flc_type = F_RDLCK;
	look.fl_end = OFFSET_MAX;
	error = locks_lock_inode_wait(inode, &look);
	if (error && error != -EAGAIN)
		return NULL;
	return locks_inode_context(inode);
}

static struct hf_table *table_alloc(struct hf_lock_domain *domain,
				    const struct hf_lock_inode *li,
				    struct inode *inode)
{
	struct file_lock_context *flctx = make_context(inode);
	struct hf_table *table;

	if (!flctx)
		return NULL;
	table = kmem_cache_zalloc(table_cache, GFP_KERNEL);
	if (!table)
		return NULL;
	spin_lock_init(&table->lock);
	refcount_set(&table->ref, 1);
	lk_table_init(&table->posix, &hf_graph, &hf_observer, table);
	lk_table_init(&table->flock, &hf_graph, &hf_observer, table);
	INIT_LIST_HEAD(&table->line);
	INIT_LIST_HEAD(&table->held_back);
	table->inode = inode;
	table->flctx = flctx;
	refcount_inc(&domain->ref);
	table->domain = domain;
	table->dev = li->dev ?: inode->i_sb->s_dev;
	table->ino = inode->i_ino;
	spin_lock(&hf_tables_lock);
	list_add_tail(&table->all, &hf_tables);
	spin_unlock(&hf_tables_lock);
	return table;
}

/**
 * hf_table_of - the table of an inode, made if there is none
 * @domain: the mount's domain
 * @li: what the inode embeds
 * @inode: the inode, which the caller pins for as long as it uses the table
 *
 * Context: may sleep, no lock of ours held.
 * Return: the table, borrowed from the inode, or NULL without memory.
 */
struct hf_table *hf_table_of(struct hf_lock_domain *domain,
			     struct hf_lock_inode *li, struct inode *inode)
{
	struct hf_table *table = smp_load_acquire(&li->table);
	struct hf_table *other;

	if (table)
		return table;
	table = table_alloc(domain, li, inode);
	if (!table)
		return NULL;
	other = cmpxchg(&li->table, NULL, table);
	if (!other)
		return table;
	hf_table_put(table);
	return other;
}

void hf_table_get(struct hf_table *table)
{
	refcount_inc(&table->ref);
}

void hf_table_put(struct hf_table *table)
{
	/* The list is no reference: who finds us there must win the count. */
	if (!refcount_dec_and_test(&table->ref))
		return;
	spin_lock(&hf_tables_lock);
	list_del(&table->all);
	spin_unlock(&hf_tables_lock);
	WARN_ONCE(!lk_idle(&table->posix) || !lk_idle(&table->flock),
		  "holdfast: table of inode %lu freed with locks in it\n",
		  table->ino);
	hf_lock_domain_put(table->domain);
	kmem_cache_free(table_cache, table);
}

/*
 * Why nothing can reach the inode through its table after this:
 * 1. No descriptor is open, so no ->lock runs that could find li->table.
 * 2. Records are what the observer would touch flctx for, and lk_detach()
 *    has removed them all under T and flc_lock.
 * 3. New ones need a request with this table: there is none (1), and waiters
 *    are all lapsed, so none can be granted.
 * 4. table->inode is NULL from inside the same section on, so the mirror is
 *    not locked again either.
 */
void hf_lock_evict(struct hf_lock_inode *li)
{
	struct hf_table *table = xchg(&li->table, NULL);
	struct lk_batch batch = {};
	u64 left;

	if (!table)
		return;
	hf_enter(table, true);
	hf_mirror_lock(table);
	left = lk_detach(&table->posix, &batch);
	left += lk_detach(&table->flock, &batch);
	hf_mirror_unlock(table);
	table->inode = NULL;
	hf_leave(table, true);

	if (left)
		pr_warn_ratelimited("holdfast: device %u:%u inode %lu evicted with %llu locks held; they are dropped\n",
				    MAJOR(table->dev), MINOR(table->dev),
				    table->ino, left);
	hf_records_free(&batch.freed);
	hf_table_put(table);
}
EXPORT_SYMBOL_GPL(hf_lock_evict);

int hf_tables_init(void)
{
	table_cache = kmem_cache_create("hf_lock_table",
					sizeof(struct hf_table), 0,
					SLAB_ACCOUNT | SLAB_NO_MERGE, NULL);
	return table_cache ? 0 : -ENOMEM;
}

void hf_tables_exit(void)
{
	kmem_cache_destroy(table_cache);
}
