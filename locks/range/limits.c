// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of lock records: the parameters, and those of a file.  Those of
 * users and clients are asked in charge.c.
 */
#include <linux/filelock.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>

#include "limits.h"
#include "locks.h"

/*
 * A waiter of any kind can have its spares under the least limit, unless other
 * CPUs keep as many freed records that are still charged to its account.
 */
#define LEAST 16
#define MOST 1000000000

unsigned int hf_max_user_records = 1 << 20;
unsigned int hf_max_client_records = 1 << 20;
unsigned int hf_max_file_records = 1 << 22;
unsigned int hf_max_owner_records = 1 << 18;

static int set_limit(const char *text, const struct kernel_param *param)
{
	return param_set_uint_minmax(text, param, LEAST, MOST);
}

static const struct kernel_param_ops limit_ops = {
	.set = set_limit,
	.get = param_get_uint,
};

module_param_cb(max_user_records, &limit_ops, &hf_max_user_records, 0644);
MODULE_PARM_DESC(max_user_records,
		 "how many lock records a local user may have, spares of its waiters included (16 to 1000000000, default 1048576)");
module_param_cb(max_client_records, &limit_ops, &hf_max_client_records, 0644);
MODULE_PARM_DESC(max_client_records,
		 "the same for an NFS client, by its address (16 to 1000000000, default 1048576)");
module_param_cb(max_file_records, &limit_ops, &hf_max_file_records, 0644);
MODULE_PARM_DESC(max_file_records,
		 "how many lock records a file may have, a waiter being five (16 to 1000000000, default 4194304)");
module_param_cb(max_owner_records, &limit_ops, &hf_max_owner_records, 0644);
MODULE_PARM_DESC(max_owner_records,
		 "how many lock records of a file one owner may have (16 to 1000000000, default 262144)");

/* What a waiter carries may all come to be held: no grant goes over a limit. */
static u64 records_in(const struct lk_table *space)
{
	return space->nr_records + space->nr_reservations +
	       HF_WAITER_RECORDS * space->nr_waiters;
}

/**
 * hf_table_limit - may a file have more records?
 * @table: the file
 * @space: the half of it that @request is about
 * @request: what would make them
 * @nodes: how many
 *
 * A waiter's owner is not asked for again when it is granted, so the owner's
 * limit may be passed by as much as it waits for.  The file's may by what a
 * server takes back: records that a grant of its replaced are not in the table
 * meanwhile.
 *
 * Context: T.
 * Return: the limit that this would pass, or HF_LIMIT_NONE.
 */
enum hf_limit hf_table_limit(const struct hf_table *table,
			     const struct lk_table *space,
			     const struct lk_request *request,
			     unsigned int nodes)
{
	bool over = request->op == LK_UNLOCK;
	u64 records = records_in(&table->posix) + records_in(&table->flock);
	u64 most = hf_limit_with(&hf_max_owner_records, over);

	lockdep_assert_held(&table->lock);
	if (records + nodes > hf_limit_with(&hf_max_file_records, over))
		return HF_LIMIT_FILE;
	/* It cannot have more than all have. */
	if (space->nr_records + nodes > most &&
	    lk_own_count(space, request->owner) + nodes > most)
		return HF_LIMIT_OWNER;
	return HF_LIMIT_NONE;
}
