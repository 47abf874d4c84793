// SPDX-License-Identifier: GPL-2.0-only
/* How a server's request ends before its time: F_CANCELLK, or a release. */
#include "file.h"

/* B waits for what A holds; what B held before is still held. */
static struct fake *queue(struct hf_test_file *file)
{
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK,
					0, 9);

	file_expect_set(file, A, F_RDLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	return waiter;
}

static void before_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "");
	file_expect_held(file, "");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
}

static void after_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "bW0-9");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_held(file, "");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
}

static void after_granted_upgrade(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	file_expect_set(file, B, F_RDLCK, 3, 20);
	file_expect_set(file, B, F_WRLCK, 30, 39);
	waiter = queue(file);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_held(file, "bW0-9 bR10-20 bW30-39");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_held(file, "bR3-20 bW30-39");
}

/* lockd's client was told, and answered that it gave up: see svclock.c. */
static void refused_by_client(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	file_expect_set(file, B, F_RDLCK, 3, 20);
	waiter = queue(file);
	EXPECT_DEFERRED(fake_init(file, 1, &fake_grant_ops, C, F_RDLCK, 0, 9));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "bW0-9 bR10-20");
	waiter->fl.c.flc_type = F_UNLCK;
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	file_expect_told(file, "B");
	file_expect_held(file, "cR0-9 bR3-20");
	/* With the same memory, an unlock like any other from now on. */
	KUNIT_EXPECT_NULL(test, waiter->fl.fl_ops);
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	file_expect_held(file, "cR0-9 bR10-20");
}

/* The owner's other thread was busy in the range: nothing may be left of it. */
static void refused_after_a_hole(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_set(file, B, F_UNLCK, 4, 5);
	file_expect_held(file, "bW0-3 bW6-9");
	waiter->fl.c.flc_type = F_UNLCK;
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	file_expect_held(file, "");
}

static void two_refused(struct hf_test_file *file, unsigned int first)
{
	struct fake *waiter[] = {
		fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9),
		fake_init(file, 1, &fake_grant_ops, B, F_WRLCK, 5, 15),
	};
	unsigned int nr;

	file_expect_set(file, A, F_WRLCK, 0, 20);
	EXPECT_DEFERRED(waiter[0]);
	EXPECT_DEFERRED(waiter[1]);
	file_expect_set(file, A, F_UNLCK, 0, 20);
	file_expect_held(file, "bW0-15");
	for (nr = first; nr < first + 2; nr++) {
		waiter[nr % 2]->fl.c.flc_type = F_UNLCK;
		KUNIT_EXPECT_EQ(file->test, 0, fake_ask(waiter[nr % 2]));
	}
	file_expect_held(file, "");
	fake_release(waiter[0]);
	fake_release(waiter[1]);
}

static void two_of_one_owner_refused(struct kunit *test)
{
	two_refused(test->priv, 0);
	two_refused(test->priv, 1);
}

/* The next in the queue gains by it. */
static void serves_next(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	EXPECT_DEFERRED(fake_init(file, 1, &fake_grant_ops, C, F_RDLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_told(file, "B");
	file_expect_held(file, "aR0-9 cR0-9");
}

static void after_grant_serves_next(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	EXPECT_DEFERRED(fake_init(file, 1, &fake_grant_ops, C, F_WRLCK, 0, 9));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_told(file, "B");
	file_expect_held(file, "cW0-9");
}

/* A request that was granted without waiting is no business of a cancel. */
static void of_no_waiter(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *lock = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9);

	KUNIT_EXPECT_EQ(test, 0, fake_ask(lock));
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(lock));
	file_expect_held(file, "bW0-9");
}

/* lockd gives a block up without a word: client reboot, shutdown. */
static void release_while_queued(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	EXPECT_DEFERRED(fake_init(file, 1, &fake_grant_ops, C, F_RDLCK, 0, 9));
	fake_release(waiter);
	file_expect_told(file, "B");
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "");
	file_expect_held(file, "cR0-9");
}

static void release_after_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	file_expect_set(file, A, F_UNLCK, 0, 9);
	fake_release(waiter);
	file_expect_held(file, "bW0-9");
	/* It is final: nothing is left that needs the graph. */
	KUNIT_EXPECT_FALSE(test, lk_contended(&file->li.table->posix));
}

/* A copy (for locks_owner_has_blockers() and the like) has no waiter. */
static void copy_has_none(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);
	struct file_lock copy;

	locks_init_lock(&copy);
	locks_copy_lock(&copy, &waiter->fl);
	KUNIT_EXPECT_NULL(test, copy.fl_ops);
	KUNIT_EXPECT_NOT_NULL(test, waiter->fl.fl_ops);
	locks_release_private(&copy);
	file_check(file);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(before_grant),
	KUNIT_CASE(after_grant),
	KUNIT_CASE(after_granted_upgrade),
	KUNIT_CASE(refused_by_client),
	KUNIT_CASE(refused_after_a_hole),
	KUNIT_CASE(two_of_one_owner_refused),
	KUNIT_CASE(serves_next),
	KUNIT_CASE(after_grant_serves_next),
	KUNIT_CASE(of_no_waiter),
	KUNIT_CASE(release_while_queued),
	KUNIT_CASE(release_after_grant),
	KUNIT_CASE(copy_has_none),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_cancel",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
