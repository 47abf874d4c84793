/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom lock records are charged to, and how many there may be.
 *
 * Each record of record.c is charged to one *account* from its allocation to
 * its freeing, wherever it is meanwhile: among the spares of a request or of a
 * waiter, in a table, as a reservation, in a batch.  So splits, merges and the
 * core's moves between lists need no bookkeeping, and the sum is right if each
 * record that is freed is uncharged once.
 *
 * An account is a user, for local requests; the address of an NFS client, for
 * requests that a thread of nfsd's or lockd's is proven to make for it; and one
 * for all other kernel threads.  It lives as long as records are charged to it.
 */
#ifndef HF_RANGE_CHARGE_H
#define HF_RANGE_CHARGE_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/rculist.h>
#include <linux/types.h>
#include <net/ipv6.h>

struct file_lock;

enum hf_account_kind {
	HF_ACCOUNT_USER,
	HF_ACCOUNT_CLIENT,
	HF_ACCOUNT_SERVERS,	/* kernel threads whose client is not known */
};

/* Compared as a whole: no padding, and unused fields are 0. */
struct hf_account_key {
	u32 kind;		/* enum hf_account_kind */
	u32 id;			/* USER: the kuid; CLIENT: an address' scope */
	u64 net;		/* CLIENT: the network namespace's number */
	struct in6_addr address; /* CLIENT: IPv4 as ::ffff:192.0.2.1 */
};
static_assert(sizeof(struct hf_account_key) == 32);

struct hf_account {
	struct hlist_node node;		/* L: accounts_lock; read under RCU */
	struct hf_account_key key;	/* I */
	atomic_long_t records;		/* A: charged to it; 0: it is going */
	struct rcu_head rcu;
};

/* The longest name of an account, its NUL included. */
#define HF_ACCOUNT_NAME 64

void hf_account_key(struct hf_account_key *key, const struct file_lock *fl);
void hf_account_name(const struct hf_account_key *key,
		     char name[HF_ACCOUNT_NAME]);
struct hf_account *hf_charge(const struct hf_account_key *key, bool over);
void hf_uncharge(struct hf_account *account);
void hf_accounts_sum(unsigned long *accounts, long *records);
void hf_accounts_init(void);
void hf_accounts_exit(void);

static inline bool hf_same_account(const struct hf_account_key *a,
				   const struct hf_account_key *b)
{
	return a->kind == b->kind && a->id == b->id && a->net == b->net &&
	       ipv6_addr_equal(&a->address, &b->address);
}

#endif /* HF_RANGE_CHARGE_H */
