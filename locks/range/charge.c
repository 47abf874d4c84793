// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts: see charge.h.
 *
 * An account is found under RCU and charged by a compare and exchange that
 * neither passes the limit nor revives one whose last record is gone; such a
 * one may still be in the list for a moment, beside its successor.
 */
#include <linux/cred.h>
#include <linux/filelock.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "charge.h"
#include "limits.h"
#include "locks.h"

/* Clients may come from many addresses: for a million, 256 in a bucket. */
#define BUCKET_BITS 12

static struct hlist_head buckets[1 << BUCKET_BITS];
static DEFINE_SPINLOCK(accounts_lock);
static unsigned long nr_accounts;	/* L: accounts_lock; to show: READ_ONCE */
static DEFINE_PER_CPU(long, charged);	/* less what was uncharged there */
static u32 hash_seed __read_mostly;

/*
 * The user whose quota the request's files are under, too: a server in user
 * space (Samba, Ganesha) that takes on its users' identities is bounded for
 * each.  Somebody's subordinate ids are his: in a user namespace that an
 * ordinary user made he is charged, else it would multiply what he may have.
 */
static kuid_t requester(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_fsuid();

	for (; ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
	return uid;
}

/* Without the port: a client has thousands. */
static bool key_of_client(struct hf_account_key *key,
			  const struct svc_rqst *rqstp)
{
	const struct sockaddr *peer = svc_addr(rqstp);
	const struct sockaddr_in6 *six = svc_addr_in6(rqstp);

	switch (peer->sa_family) {
	case AF_INET:
		ipv6_addr_set_v4mapped(svc_addr_in(rqstp)->sin_addr.s_addr,
				       &key->address);
		break;
	case AF_INET6:
		key->address = six->sin6_addr;
		if (ipv6_addr_type(&six->sin6_addr) & IPV6_ADDR_LINKLOCAL)
			key->id = six->sin6_scope_id;
		break;
	default:
		return false;
	}
	key->net = rqstp->rq_xprt->xpt_net->ns.inum;
	key->kind = HF_ACCOUNT_CLIENT;
	return true;
}

#if IS_ENABLED(CONFIG_KUNIT)
bool (*hf_account_for_test)(struct hf_account_key *key,
			    const struct file_lock *fl);
EXPORT_SYMBOL_NS_GPL(hf_account_for_test, HOLDFAST_KUNIT);
#endif

/**
 * hf_account_key - whom the records of a request are charged to
 * @key: filled
 * @fl: the request, of the current task
 *
 * A server's thread that does not prove whom it serves (nfsd.c) has the account
 * that all such share.
 *
 * Context: any.
 */
void hf_account_key(struct hf_account_key *key, const struct file_lock *fl)
{
	const struct svc_rqst *rqstp;

	*key = (struct hf_account_key) {};
#if IS_ENABLED(CONFIG_KUNIT)
	if (hf_account_for_test && hf_account_for_test(key, fl))
		return;
#endif
	if (likely(!(current->flags & PF_KTHREAD))) {
		key->kind = HF_ACCOUNT_USER;
		key->id = __kuid_val(requester());
		return;
	}
	rqstp = hf_server_request(fl);
	if (!rqstp || !key_of_client(key, rqstp))
		key->kind = HF_ACCOUNT_SERVERS;
}

/**
 * hf_account_name - an account's name, for people
 * @key: whose
 * @name: filled: "user 1000", "client 192.0.2.1", "servers"
 */
void hf_account_name(const struct hf_account_key *key,
		     char name[HF_ACCOUNT_NAME])
{
	switch (key->kind) {
	case HF_ACCOUNT_USER:
		scnprintf(name, HF_ACCOUNT_NAME, "user %u", key->id);
		break;
	case HF_ACCOUNT_CLIENT:
		if (ipv6_addr_v4mapped(&key->address))
			scnprintf(name, HF_ACCOUNT_NAME, "client %pI4",
				  &key->address.s6_addr32[3]);
		else if (key->id)
			scnprintf(name, HF_ACCOUNT_NAME, "client %pI6c%%%u",
				  &key->address, key->id);
		else
			scnprintf(name, HF_ACCOUNT_NAME, "client %pI6c",
				  &key->address);
		break;
	default:
		scnprintf(name, HF_ACCOUNT_NAME, "servers");
	}
}

static struct hlist_head *bucket_of(const struct hf_account_key *key)
{
	u32 hash = jhash2((const u32 *)key, sizeof(*key) / sizeof(u32),
			  hash_seed);

	return &buckets[hash_32(hash, BUCKET_BITS)];
}

/* 0; -EDQUOT: it has all that it may have; -ESTALE: it is going. */
static int charge_one(struct hf_account *account, long limit)
{
	long records = atomic_long_read(&account->records);

	do {
		if (!records)
			return -ESTALE;
		if (records >= limit)
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(&account->records, &records,
					  records + 1));
	return 0;
}

/* Under RCU or accounts_lock.  Return: NULL if there is none. */
static struct hf_account *charge_found(struct hlist_head *bucket,
				       const struct hf_account_key *key,
				       long limit)
{
	struct hf_account *account;

	hlist_for_each_entry_rcu(account, bucket, node,
				 lockdep_is_held(&accounts_lock)) {
		int err;

		if (!hf_same_account(&account->key, key))
			continue;
		err = charge_one(account, limit);
		if (!err)
			return account;
		if (err == -EDQUOT)
			return ERR_PTR(err);
	}
	return NULL;
}

/* A new account, charged with its first record, unless there is one by now. */
static struct hf_account *charge_new(struct hlist_head *bucket,
				     const struct hf_account_key *key,
				     long limit)
{
	struct hf_account *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	struct hf_account *account;

	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->key = *key;
	atomic_long_set(&fresh->records, 1);
	spin_lock(&accounts_lock);
	account = charge_found(bucket, key, limit);
	if (!account) {
		hlist_add_head_rcu(&fresh->node, bucket);
		WRITE_ONCE(nr_accounts, nr_accounts + 1);
	}
	spin_unlock(&accounts_lock);
	if (!account)
		return fresh;
	kfree(fresh);
	return account;
}

/**
 * hf_charge - charge a record
 * @key: to whom
 * @over: it may be one of the last eighth, which are kept for unlocks
 *
 * Context: may sleep.
 * Return: the account, to be given to hf_uncharge() when the record is freed;
 * -EDQUOT, -ENOMEM.
 */
struct hf_account *hf_charge(const struct hf_account_key *key, bool over)
{
	long limit = hf_limit_with(key->kind == HF_ACCOUNT_USER
				   ? &hf_max_user_records
				   : &hf_max_client_records, over);
	struct hlist_head *bucket = bucket_of(key);
	struct hf_account *account;

	rcu_read_lock();
	account = charge_found(bucket, key, limit);
	rcu_read_unlock();
	if (!account)
		account = charge_new(bucket, key, limit);
	if (!IS_ERR(account))
		this_cpu_inc(charged);
	return account;
}

/**
 * hf_uncharge - a record is freed
 * @account: what hf_charge() returned for it
 *
 * Context: process context; no lock of ours is needed.
 */
void hf_uncharge(struct hf_account *account)
{
	this_cpu_dec(charged);
	if (!atomic_long_dec_and_test(&account->records))
		return;
	spin_lock(&accounts_lock);
	hlist_del_rcu(&account->node);
	WRITE_ONCE(nr_accounts, nr_accounts - 1);
	spin_unlock(&accounts_lock);
	kfree_rcu(account, rcu);
}

/**
 * hf_accounts_sum - how many accounts there are, and records on them all
 * @accounts: set
 * @records: set; exact when nothing is charged meanwhile
 */
void hf_accounts_sum(unsigned long *accounts, long *records)
{
	int cpu;

	*accounts = READ_ONCE(nr_accounts);
	*records = 0;
	for_each_possible_cpu(cpu)
		*records += per_cpu(charged, cpu);
	/* One that was charged after its CPU was added may be uncharged before. */
	*records = max(*records, 0L);
}

void hf_accounts_init(void)
{
	hash_seed = get_random_u32();
}

/* All records are freed: so nobody is charged for any. */
void hf_accounts_exit(void)
{
	unsigned long accounts;
	long records;

	hf_accounts_sum(&accounts, &records);
	WARN_ONCE(accounts || records,
		  "holdfast: %ld records are charged to %lu accounts, and freed\n",
		  records, accounts);
}
