// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balance of accounts: whatever becomes of records, those who are charged
 * for them are so until they are freed, and accounts go with their last one.
 */
#include "../fail.h"
#include "limit.h"

/* More than any request needs. */
#define ATTEMPTS 40

static unsigned long at_first;

static int balance_init(struct kunit *test)
{
	at_first = charged_records();
	return limit_init(test);
}

static void balance_exit(struct kunit *test)
{
	limit_exit(test);
	KUNIT_EXPECT_EQ(test, charged_records(), at_first);
}

static void expect_charged(struct kunit *test, unsigned long records)
{
	KUNIT_EXPECT_EQ(test, charged_records() - at_first, records);
}

/* Spares that were not needed are not kept. */
static void sets(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned long before = accounts();

	file_expect_set(file, A, F_RDLCK, 0, 99);
	expect_charged(test, 1);
	KUNIT_EXPECT_EQ(test, accounts(), before + 1);
	file_expect_set(file, A, F_WRLCK, 10, 19);
	expect_charged(test, 3);
	file_expect_set(file, A, F_RDLCK, 10, 19);
	expect_charged(test, 1);
	file_expect_set(file, A, F_UNLCK, 50, 59);
	expect_charged(test, 2);
	file_expect_set(file, B, F_RDLCK, 0, 99);
	expect_charged(test, 3);
	KUNIT_EXPECT_EQ(test, accounts(), before + 2);
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_WRLCK));
	expect_charged(test, 4);
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	file_expect_set(file, B, F_UNLCK, 0, OFFSET_MAX);
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_UNLCK));
	expect_charged(test, 0);
	KUNIT_EXPECT_EQ(test, accounts(), before);
}

/* The spares of a grant that can be taken back stay until it cannot. */
static void revocable(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK,
					0, 9);

	file_expect_set(file, A, F_WRLCK, 5, 5);
	file_expect_set(file, B, F_RDLCK, 0, 3);
	EXPECT_DEFERRED(waiter);
	expect_charged(test, 2 + HF_WAITER_RECORDS);
	file_expect_set(file, A, F_UNLCK, 5, 5);
	file_expect_held(file, "bW0-9");
	expect_charged(test, 1 + HF_WAITER_RECORDS);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_held(file, "bR0-3");
	expect_charged(test, 1);
}

static bool yes(const struct file_lock *fl)
{
	return true;
}

/* A turn is the client's that it is kept for. */
static void reservation(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_notify_ops, B, F_WRLCK,
					0, 9);

	hf_may_notify_for_test = yes;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	hf_may_notify_for_test = NULL;
	expect_charged(test, 3);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	fake_release(waiter);
	file_expect_held(file, "~W0-9");
	expect_charged(test, 1);
	file_pass_time(file, FILE_RESERVE_MS + 1);
	file_expect_held(file, "");
	expect_charged(test, 0);
}

static void evicted(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, take(file, A, 5, 0));
	expect_charged(test, 5);
	hf_lock_evict(&file->li);
	expect_charged(test, 0);
}

static void fail_each(struct hf_test_file *file, int cmd, struct file_lock *fl,
		      int want)
{
	unsigned long before = charged_records();
	unsigned int nth;

	for (nth = 1; nth < ATTEMPTS; nth++) {
		bool failed;
		int ret;

		fail_next(nth);
		ret = file_lock_cmd(file, cmd, fl);
		failed = fail_stop();
		if (!failed) {
			KUNIT_EXPECT_EQ(file->test, want, ret);
			return;
		}
		KUNIT_EXPECT_EQ(file->test, -ENOLCK, ret);
		KUNIT_EXPECT_EQ(file->test, charged_records(), before);
	}
	KUNIT_FAIL(file->test, "it goes on failing");
}

static void failing_allocations(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, C, F_WRLCK,
					0, 99);
	struct file_lock fl;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, B, F_WRLCK, 200, 200);
	lock_init(file, &fl, NULL, A, F_RDLCK, 0, 99, FL_POSIX);
	fail_each(file, F_SETLK, &fl, 0);
	lock_init(file, &fl, NULL, A, F_WRLCK, 10, 19, FL_POSIX);
	fail_each(file, F_SETLK, &fl, 0);
	fail_each(file, F_SETLK, &waiter->fl, FILE_LOCK_DEFERRED);
	lock_init(file, &fl, NULL, A, F_UNLCK, 50, 50, FL_POSIX);
	fail_each(file, F_SETLK, &fl, 0);
	expect_charged(test, 1 + 4 + HF_WAITER_RECORDS);
}

static void expect_name(struct kunit *test, const struct hf_account_key *key,
			const char *want)
{
	char name[HF_ACCOUNT_NAME];

	hf_account_name(key, name);
	KUNIT_EXPECT_STREQ(test, name, want);
}

static void names(struct kunit *test)
{
	struct hf_account_key key = { .kind = HF_ACCOUNT_USER, .id = 4294967294 };

	expect_name(test, &key, "user 4294967294");
	key = (struct hf_account_key) { .kind = HF_ACCOUNT_CLIENT };
	ipv6_addr_set_v4mapped(htonl(0xc0000201), &key.address);
	expect_name(test, &key, "client 192.0.2.1");
	ipv6_addr_set(&key.address, htonl(0xfe800000), 0, 0, htonl(1));
	key.id = 3;
	expect_name(test, &key, "client fe80::1%3");
	key.id = 0;
	memset(&key.address, 0xff, sizeof(key.address));
	expect_name(test, &key, "client ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	key = (struct hf_account_key) { .kind = HF_ACCOUNT_SERVERS };
	expect_name(test, &key, "servers");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sets),
	KUNIT_CASE(revocable),
	KUNIT_CASE(reservation),
	KUNIT_CASE(evicted),
	KUNIT_CASE(failing_allocations),
	KUNIT_CASE(names),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_charge",
	.init = balance_init,
	.exit = balance_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
