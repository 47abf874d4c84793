// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of lock records, one by one: who has come to one is refused what
 * needs a record more, and nothing else; others are not.
 *
 * (The debug kernel keeps no spare record on a CPU, so the limits are exact.)
 */
#include "limit.h"

static unsigned long count_of(enum hf_stat stat)
{
	return hf_stat_sum(stat);
}

static void user(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned long before = count_of(HF_STAT_user_limits);

	hf_max_user_records = LIMIT;
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT, 0));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 100));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_user_limits), before + 1);
	/* Others. */
	KUNIT_EXPECT_EQ(test, 0, take(file, B, LIMIT, 200));
	/* What needs no record: growing, the other type, being in the way. */
	file_expect_set(file, A, F_WRLCK, 30, 40);
	file_expect_set(file, A, F_RDLCK, 0, 0);
	KUNIT_EXPECT_EQ(test, -EAGAIN, take(file, A, 1, 200));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_user_limits), before + 1);
	/* Less is enough to go on. */
	file_expect_set(file, A, F_UNLCK, 2, 2);
	KUNIT_EXPECT_EQ(test, 0, take(file, A, 1, 100));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 102));
	/* A limit that has come down takes nothing away. */
	hf_max_user_records = LIMIT / 2;
	file_expect_set(file, A, F_UNLCK, 4, 4);
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 4));
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT / 2, 0));
}

/* An unlock that splits has an eighth more; one that does not, no limit. */
static void unlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int i;

	hf_max_user_records = LIMIT;
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT - 1, 1000));
	file_expect_set(file, A, F_WRLCK, 0, 99);
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 200));
	for (i = 1; i <= LIMIT_MORE; i++)
		file_expect_set(file, A, F_UNLCK, 10 * i, 10 * i);
	KUNIT_EXPECT_EQ(test, -ENOLCK,
			file_set(file, A, F_UNLCK, 50, 50));
	KUNIT_EXPECT_EQ(test, -EAGAIN, take(file, B, 1, 50));
	KUNIT_EXPECT_EQ(test, 0, take(file, B, 1, 10));
	file_expect_set(file, A, F_UNLCK, 50, OFFSET_MAX);
	file_expect_held(file, "aW0-9 bW10-10 aW11-19 aW21-49");
}

/* lockd hears ENOLCK, nfsd ENOMEM, for which it has a word. */
static void client(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned long before = count_of(HF_STAT_client_limits);
	struct fake *lockd = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK, 100,
				       100);
	struct fake *nfsd = fake_init(file, 1, &fake_notify_ops, A, F_WRLCK,
				      102, 102);
	struct fake *other = fake_init(file, 2, &fake_grant_ops, B, F_WRLCK, 104,
				       104);
	unsigned int i;

	hf_max_client_records = LIMIT;
	for (i = 0; i < LIMIT; i++) {
		lockd->fl.fl_start = 2 * i;
		lockd->fl.fl_end = 2 * i;
		KUNIT_EXPECT_EQ(test, 0, fake_ask(lockd));
	}
	lockd->fl.fl_start = 100;
	lockd->fl.fl_end = 100;
	KUNIT_EXPECT_EQ(test, -ENOLCK, fake_ask(lockd));
	KUNIT_EXPECT_EQ(test, -ENOMEM, fake_ask(nfsd));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_client_limits), before + 2);
	KUNIT_EXPECT_EQ(test, 0, fake_ask(other));
	/* The user of that number is somebody else. */
	KUNIT_EXPECT_EQ(test, 0, take(file, A, 1, 106));
}

static void flock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	hf_max_user_records = LIMIT;
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT - 1, 0));
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, -ENOLCK, file_flock(file, 1, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_WRLCK));
	file_expect_flock(file, "0W0-end");
}

/* What a waiter carries is charged, so waiters are bounded as well. */
static void waiters(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int most = 4, i;
	struct fake *refused;

	/* The request has one in hand while it fetches those of its waiter. */
	hf_max_client_records = most * HF_WAITER_RECORDS + 1;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	for (i = 0; i < most; i++)
		EXPECT_DEFERRED(fake_init(file, i, &fake_grant_ops, B, F_WRLCK,
					  i, i));
	refused = fake_init(file, i, &fake_grant_ops, B, F_WRLCK, i, i);
	KUNIT_EXPECT_EQ(test, -ENOLCK, fake_ask(refused));
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(&file->fake[0]));
	EXPECT_DEFERRED(refused);
	/* Who waits has what its grant needs. */
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	file_expect_held(file, "bW1-4");
	file_expect_told(file, "BCDE");
}

static void per_file(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned long before = count_of(HF_STAT_file_limits);
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, D, F_WRLCK,
					0, 0);

	hf_max_file_records = LIMIT;
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT / 2, 0));
	KUNIT_EXPECT_EQ(test, 0, take(file, B, LIMIT / 2, 100));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, C, 1, 200));
	KUNIT_EXPECT_EQ(test, -ENOLCK, file_flock(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_file_limits), before + 2);
	/* A waiter counts as five; each of these is two bytes from the next. */
	file_expect_set(file, B, F_UNLCK, 100, 100 + 2 * (HF_WAITER_RECORDS - 2));
	KUNIT_EXPECT_EQ(test, -ENOLCK, fake_ask(waiter));
	file_expect_set(file, B, F_UNLCK, 100, 100 + 2 * (HF_WAITER_RECORDS - 1));
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, C, 1, 200));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_file_limits), before + 4);
}

static void per_owner(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned long before = count_of(HF_STAT_owner_limits);

	hf_max_owner_records = LIMIT;
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT, 0));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 100));
	KUNIT_EXPECT_EQ(test, count_of(HF_STAT_owner_limits), before + 1);
	KUNIT_EXPECT_EQ(test, 0, take(file, B, LIMIT, 200));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, B, 1, 100));
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_RDLCK));
	/* One request in the place of all. */
	file_expect_set(file, A, F_WRLCK, 0, 40);
	KUNIT_EXPECT_EQ(test, 0, take(file, A, LIMIT - 1, 50));
	KUNIT_EXPECT_EQ(test, -ENOLCK, take(file, A, 1, 100));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(user),
	KUNIT_CASE(unlock),
	KUNIT_CASE(client),
	KUNIT_CASE(flock),
	KUNIT_CASE(waiters),
	KUNIT_CASE(per_file),
	KUNIT_CASE(per_owner),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_limit",
	.init = limit_init,
	.exit = limit_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
