// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksmbd: F_SETLKW from a kernel thread without operations.  It sleeps until
 * flc_blocker is NULL and then asks again, or gives up by freeing the lock.
 */
#include "file.h"

static struct fake *queue(struct hf_test_file *file)
{
	struct fake *waiter = fake_init(file, 0, NULL, B, F_WRLCK, 0, 9);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_NOT_NULL(file->test, waiter->fl.c.flc_blocker);
	return waiter;
}

static void claimed(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	file_expect_set(file, A, F_UNLCK, 0, 9);
	KUNIT_EXPECT_NULL(test, waiter->fl.c.flc_blocker);
	file_expect_held(file, "bW0-9");
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	fake_release(waiter);
	file_expect_held(file, "bW0-9");
	KUNIT_EXPECT_FALSE(test, lk_contended(&file->li.table->posix));
}

/* SMB2 CANCEL, or a connection that broke, between the grant and the claim. */
static void not_claimed(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	file_expect_set(file, A, F_UNLCK, 0, 9);
	fake_release(waiter);
	file_expect_held(file, "");
}

static void released_while_queued(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	fake_release(queue(file));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_held(file, "");
}

/* ksmbd's wake-up by locks_delete_block() comes before it asks: still queued. */
static void asked_too_early(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = queue(file);

	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_NOT_NULL(test, waiter->fl.c.flc_blocker);
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 1ULL);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	KUNIT_EXPECT_NULL(test, waiter->fl.c.flc_blocker);
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
}

static void no_sleep(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, NULL, B, F_WRLCK, 0, 9);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	waiter->fl.c.flc_flags &= ~FL_SLEEP;
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(waiter));
	KUNIT_EXPECT_NULL(test, waiter->fl.c.flc_blocker);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(claimed),
	KUNIT_CASE(not_claimed),
	KUNIT_CASE(released_while_queued),
	KUNIT_CASE(asked_too_early),
	KUNIT_CASE(no_sleep),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_blocker",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
