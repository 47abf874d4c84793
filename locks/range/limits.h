/* SPDX-License-Identifier: GPL-2.0-only */
/* How many lock records there may be: parameters of holdfast_locks. */
#ifndef HF_RANGE_LIMITS_H
#define HF_RANGE_LIMITS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct file_lock;
struct hf_table;
struct lk_request;
struct lk_table;

/* Which one a request met. */
enum hf_limit {
	HF_LIMIT_NONE,
	HF_LIMIT_ACCOUNT,	/* of its user, or of its client */
	HF_LIMIT_FILE,
	HF_LIMIT_OWNER,		/* of its owner on the file */
};

/* What a waiter counts for on a file: no kind carries more spares. */
#define HF_WAITER_RECORDS 5

extern unsigned int hf_max_user_records, hf_max_client_records;
extern unsigned int hf_max_file_records, hf_max_owner_records;

/*
 * An unlock that splits a record needs one more.  So that who has come to a
 * limit by locking can still give back parts, an eighth beyond it is for these
 * (a record that a CPU kept may go to a lock of the same account afterwards);
 * without any bound, one lock could be cut into millions.
 */
static inline long hf_limit_with(const unsigned int *limit, bool over)
{
	long most = READ_ONCE(*limit);

	return over ? most + most / 8 : most;
}

enum hf_limit hf_table_limit(const struct hf_table *table,
			     const struct lk_table *space,
			     const struct lk_request *request,
			     unsigned int nodes);
/* errno.c */
int hf_over_limit(enum hf_limit limit, const struct hf_table *table,
		  const struct lk_request *request,
		  const struct file_lock *fl);

#endif /* HF_RANGE_LIMITS_H */
