// SPDX-License-Identifier: GPL-2.0-only
/* F_UNLCK: of everything it needs nothing, and it cancels nobody. */
#include "../fail.h"
#include "file.h"

static int unlock(struct hf_test_file *file, unsigned int owner,
		  unsigned int flags)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, owner, F_UNLCK, 0, OFFSET_MAX,
		  FL_POSIX | flags);
	return file_lock_cmd(file, F_SETLK, &fl);
}

/* lockd would BUG() or loop for ever. */
static void whole_range_allocates_nothing(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, A, F_WRLCK, 0, 9);
	file_expect_set(file, A, F_RDLCK, 20, 29);
	file_expect_set(file, B, F_RDLCK, 25, 29);
	EXPECT_DEFERRED(fake_init(file, 0, &fake_grant_ops, C, F_WRLCK, 0, 20));
	fail_next(1);
	KUNIT_EXPECT_EQ(test, 0, unlock(file, A, FL_CLOSE));
	KUNIT_EXPECT_FALSE(test, fail_stop());
	file_expect_told(file, "A");
	file_expect_held(file, "cW0-20 bR25-29");
	fail_next(1);
	KUNIT_EXPECT_EQ(test, 0, unlock(file, D, 0));
	KUNIT_EXPECT_FALSE(test, fail_stop());
}

static void unlock_of_nothing(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	KUNIT_EXPECT_EQ(test, 0, unlock(file, A, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT, unlock(file, A, FL_EXISTS));
	file_expect_set(file, B, F_RDLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, unlock(file, A, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT, unlock(file, A, FL_EXISTS));
	KUNIT_EXPECT_EQ(test, 0, unlock(file, B, FL_EXISTS));
	file_expect_held(file, "");
	/* It is a question about unlocks only. */
	file_expect_set(file, A, F_WRLCK, 0, 9);
	lock_init(file, &fl, NULL, A, F_WRLCK, 0, 9, FL_POSIX | FL_EXISTS);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_SETLK, &fl));
	file_expect_held(file, "aW0-9");
}

/* nfsd does this right after it was told that the request is queued. */
static void close_cancels_nobody(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	file_expect_set(file, B, F_WRLCK, 20, 29);
	EXPECT_DEFERRED(fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, 0, unlock(file, B, FL_CLOSE));
	file_expect_held(file, "aW0-9");
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "bW0-9");
}

/* By owner, never by file: an OFD lock is removed without FL_OFDLCK. */
static void by_owner_alone(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	lock_init(file, &fl, NULL, A, F_WRLCK, 0, 9, FL_POSIX | FL_OFDLCK);
	fl.c.flc_file = file->open[1];
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_OFD_SETLK, &fl));
	KUNIT_EXPECT_EQ(test, 0, unlock(file, A, FL_CLOSE));
	file_expect_held(file, "");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole_range_allocates_nothing),
	KUNIT_CASE(unlock_of_nothing),
	KUNIT_CASE(close_cancels_nobody),
	KUNIT_CASE(by_owner_alone),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_unlock",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
