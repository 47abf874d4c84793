// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records: their memory, and their mirror in the inode's i_flctx.
 *
 * lockd, nfsd, ksmbd and the close paths of the VFS read those lists to learn
 * who holds locks; nobody asks them for a decision.  The entries are struct
 * file_lock embedded in our records, linked under flc_lock; the VFS frees none
 * of them, and no reader depends on their order.
 */
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "charge.h"
#include "locks.h"
#include "trace.h"

static struct kmem_cache *record_cache, *range_cache;

/*
 * The record that was freed last on each CPU: a lock after an unlock then costs
 * no trip to the allocator, and finds its memory in the cache.  It stays charged
 * to the one who freed it, and so costs him nothing to have again: each account
 * may have one record a CPU less than its limit.  KASAN would be blind to a use
 * after free of it.
 */
#define KEEPS_SPARE (!IS_ENABLED(CONFIG_KASAN))
static DEFINE_PER_CPU(struct lk_record *, spare);

/*
 * Not accounted to a memory cgroup, as those of fs/locks.c are not: that is a
 * pointer more for each of the two objects, and the spare of a CPU would carry
 * what one cgroup was charged for into another.
 */
static struct lk_record *record_new(void)
{
	struct lk_record *core = kmem_cache_alloc(range_cache, GFP_KERNEL);
	struct hf_record *record;

	if (!core)
		return NULL;
	record = kmem_cache_alloc(record_cache, GFP_KERNEL);
	if (!record) {
		kmem_cache_free(range_cache, core);
		return NULL;
	}
	locks_init_lock(&record->mirror);
	lk_record_init(core, &record->holder);
	return core;
}

static void record_free(struct lk_record *core)
{
	hf_uncharge(hf_record_account(core));
	kmem_cache_free(record_cache, hf_record(core));
	kmem_cache_free(range_cache, core);
}

/* It must be as locks_init_lock() left it, but for what adopt() writes. */
static void record_put(struct lk_record *core)
{
	if (KEEPS_SPARE && !this_cpu_cmpxchg(spare, NULL, core))
		return;
	record_free(core);
}

static struct lk_record *record_alloc(const struct hf_account_key *key,
				      bool over)
{
	struct lk_record *core = NULL;
	struct hf_account *account;

	if (KEEPS_SPARE)
		core = this_cpu_xchg(spare, NULL);
	if (core && hf_same_account(&hf_record_account(core)->key, key))
		return core;
	account = hf_charge(key, over);
	if (IS_ERR(account)) {
		if (core)
			record_put(core);
		return ERR_CAST(account);
	}
	if (core) {
		hf_uncharge(hf_record_account(core));
	} else {
		core = record_new();
		if (!core) {
			hf_uncharge(account);
			return ERR_PTR(-ENOMEM);
		}
	}
	hf_record_set_account(core, account);
	return core;
}

/**
 * hf_records_alloc - fetch spare records
 * @list: of spares; has @count when this succeeds, and stays as far as it came
 *	when it does not
 * @count: how many
 * @fl: the request that they are for, whose user or client they are charged to
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EDQUOT when the user or the client has all that he may.
 */
int hf_records_alloc(struct lk_list *list, unsigned int count,
		     const struct file_lock *fl)
{
	struct hf_account_key key;
	struct lk_record *core;

	hf_account_key(&key, fl);
	while (list->count < count) {
		core = record_alloc(&key, fl->c.flc_type == F_UNLCK);
		if (IS_ERR(core))
			return PTR_ERR(core);
		lk_list_push(list, core);
	}
	return 0;
}

void hf_records_free_slow(struct lk_list *list)
{
	struct lk_record *core;

	for (; (core = lk_list_pop(list)); cond_resched()) {
		struct file_lock *mirror = &hf_record(core)->mirror;

		/* Nothing else of a mirror is private. */
		if (mirror->fl_lmops)
			locks_release_private(mirror);
		record_put(core);
	}
}

#define NOT_MIRRORED (FL_SLEEP | FL_ACCESS | FL_EXISTS | FL_CLOSE)

/* Who holds it: what /proc and F_GETLK show. */
static void identify(struct file_lock *mirror, const struct file_lock *from)
{
	mirror->c.flc_file = from->c.flc_file;
	mirror->c.flc_pid = from->c.flc_pid;
	mirror->c.flc_flags = from->c.flc_flags & ~NOT_MIRRORED;
}

/* Runs under flc_lock; lm_get_owner(), called by the copy, only counts. */
static void adopt(void *context, struct lk_record *core,
		  const struct lk_record *origin, const void *cookie)
{
	struct file_lock *mirror = &hf_record(core)->mirror;
	const struct file_lock *from = origin ? &hf_record(origin)->mirror
					      : cookie;

	/* Nodes are fresh from hf_records_alloc(): none has an owner to put. */
	WARN_ONCE(mirror->fl_lmops, "holdfast: a record with two owners\n");
	locks_copy_conflock(mirror, (struct file_lock *)from);
	identify(mirror, from);
	hf_record_set_born(core, origin ? hf_record_born(origin) : jiffies);
}

/* The owner is the same: so is its reference, and the account of the memory. */
static void renew(void *context, struct lk_record *core, const void *cookie)
{
	struct file_lock *mirror = &hf_record(core)->mirror;
	const struct file_lock *from = cookie;

	WARN_ONCE(mirror->c.flc_owner != from->c.flc_owner ||
		  mirror->fl_lmops != from->fl_lmops,
		  "holdfast: a record changes its owner\n");
	identify(mirror, from);
	hf_record_set_born(core, jiffies);
}

static void set_range(struct file_lock *mirror, const struct lk_record *core)
{
	mirror->fl_start = core->start;
	mirror->fl_end = core->end;
	mirror->c.flc_type = core->type == LK_WRITE ? F_WRLCK : F_RDLCK;
}

/*
 * lockd asks after every call whether it has a lock on the file, and walks
 * the list to find out: its own go to the head.
 */
static void link_mirror(void *context, struct lk_record *core)
{
	struct hf_table *table = context;
	struct file_lock *mirror = &hf_record(core)->mirror;
	struct list_head *list = mirror->c.flc_flags & FL_FLOCK
		? &table->flctx->flc_flock : &table->flctx->flc_posix;

	lockdep_assert_held(&table->flctx->flc_lock);
	set_range(mirror, core);
	if (mirror->fl_lmops && mirror->fl_lmops->lm_grant)
		list_add(&mirror->c.flc_list, list);
	else
		list_add_tail(&mirror->c.flc_list, list);
}

static void unlink_mirror(void *context, struct lk_record *core)
{
	struct hf_table *table = context;

	lockdep_assert_held(&table->flctx->flc_lock);
	list_del_init(&hf_record(core)->mirror.c.flc_list);
}

static void change_mirror(void *context, struct lk_record *core)
{
	struct hf_table *table = context;

	lockdep_assert_held(&table->flctx->flc_lock);
	set_range(&hf_record(core)->mirror, core);
}

/*
 * nfsd expires a lapsed client at once only if somebody waits for its locks,
 * which it reads from flc_blocked_requests.  Any node does: the record's own.
 */
static void show_blocked(void *context, struct lk_record *core, bool blocks)
{
	struct file_lock_core *mirror = &hf_record(core)->mirror.c;
	struct hf_table *table = context;

	lockdep_assert_held(&table->flctx->flc_lock);
	if (blocks)
		list_add(&mirror->flc_blocked_member,
			 &mirror->flc_blocked_requests);
	else
		list_del_init(&mirror->flc_blocked_member);
}

/* A courtesy client that somebody now waits for: nfsd is to look at it. */
static void ask_courtesy(void *context, struct lk_record *core)
{
	hf_ask_courtesy(&hf_record(core)->mirror);
}

static void trace_ran_out(void *context, const struct lk_record *core)
{
	const struct lk_request request = {
		.start = core->start,
		.end = core->end,
		.op = core->type,
		.kind = LK_NOTIFY,
	};

	trace_hf_lock_expire(context, &request);
}

/* A process of this machine, by two open files: not a server's thread. */
static bool same_process(void *context, const struct lk_record *core,
			 const void *cookie)
{
	const struct file_lock *mirror = &hf_record(core)->mirror;
	const struct file_lock *fl = cookie;

	return mirror->c.flc_pid == fl->c.flc_pid && !mirror->fl_lmops &&
	       !fl->fl_lmops;
}

const struct lk_observer hf_observer = {
	.adopt = adopt,
	.renew = renew,
	.link = link_mirror,
	.unlink = unlink_mirror,
	.change = change_mirror,
	.blocks = show_blocked,
	.linked = ask_courtesy,
	.ran_out = trace_ran_out,
	.same_process = same_process,
};

/*
 * Our caches are not merged with others of their size, so that /proc/slabinfo
 * tells what locks cost, and that nothing is left of them after rmmod.
 */
int hf_records_init(void)
{
	record_cache = kmem_cache_create("hf_lock_record",
					 sizeof(struct hf_record), 0,
					 SLAB_NO_MERGE, NULL);
	if (!record_cache)
		return -ENOMEM;
	range_cache = kmem_cache_create("hf_lock_range",
					sizeof(struct lk_record), 0,
					SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE,
					NULL);
	if (range_cache)
		return 0;
	kmem_cache_destroy(record_cache);
	return -ENOMEM;
}

void hf_records_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu(spare, cpu))
			record_free(per_cpu(spare, cpu));
	kmem_cache_destroy(range_cache);
	kmem_cache_destroy(record_cache);
}
