// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a request fails in turn: the errno is one that its caller
 * understands, and everything is as it was.
 */
#include "../fail.h"
#include "file.h"

/* More than any request needs. */
#define LIMIT 40

/* What a request that failed may leave for the next one. */
static bool made_something(struct hf_test_file *file,
			   struct file_lock_context **flctx,
			   struct hf_table **table)
{
	bool made = *flctx != locks_inode_context(file->inode) ||
		    *table != file->li.table;

	*flctx = locks_inode_context(file->inode);
	*table = file->li.table;
	return made;
}

/*
 * Asks until no allocation is left to fail, from the first one anew when the
 * failed request needs less next time.  Return: what the request then
 * answered; @failures is how many were failed before.
 */
static int ask_failing(struct hf_test_file *file, int cmd, struct file_lock *fl,
		       int error, unsigned int *failures)
{
	char *before = kunit_kstrdup(file->test, file_describe(file, false),
				     GFP_KERNEL);
	struct file_lock_context *flctx = NULL;
	struct hf_table *table = NULL;
	unsigned int nth = 1;

	KUNIT_ASSERT_NOT_NULL(file->test, before);
	made_something(file, &flctx, &table);
	for (*failures = 0; *failures < LIMIT; ++*failures) {
		bool failed;
		int ret;

		fail_next(nth);
		ret = hf_lock(file->domain, &file->li, file->open[0], cmd, fl);
		failed = fail_stop();
		file_check(file);
		if (!failed)
			return ret;
		KUNIT_EXPECT_EQ(file->test, error, ret);
		KUNIT_EXPECT_NULL(file->test, fl->fl_ops);
		file_expect_held(file, before);
		nth = made_something(file, &flctx, &table) ? 1 : nth + 1;
	}
	return -ELOOP;
}

static void first_lock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int failures = 0;
	struct file_lock fl;

	KUNIT_ASSERT_TRUE(test, fail_works());
	lock_init(file, &fl, NULL, A, F_WRLCK, 0, 9, FL_POSIX);
	KUNIT_EXPECT_EQ(test, 0, ask_failing(file, F_SETLK, &fl, -ENOLCK,
					     &failures));
	/* The VFS's context, the table, a record in two parts. */
	KUNIT_EXPECT_GE(test, failures, 4U);
	file_expect_held(file, "aW0-9");
}

static void split(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int failures = 0;
	struct file_lock fl;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, A, F_RDLCK, 0, 20);
	lock_init(file, &fl, NULL, A, F_WRLCK, 5, 9, FL_POSIX);
	KUNIT_EXPECT_EQ(test, 0, ask_failing(file, F_SETLK, &fl, -ENOLCK,
					     &failures));
	/* Two records, in two parts each. */
	KUNIT_EXPECT_EQ(test, failures, 4U);
	file_expect_held(file, "aR0-4 aW5-9 aR10-20");
	lock_init(file, &fl, NULL, A, F_UNLCK, 7, 7, FL_POSIX);
	KUNIT_EXPECT_EQ(test, 0, ask_failing(file, F_SETLK, &fl, -ENOLCK,
					     &failures));
	KUNIT_EXPECT_EQ(test, failures, 2U);
}

static void queued(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK,
					0, 9);
	unsigned int failures = 0;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, A, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, FILE_LOCK_DEFERRED,
			ask_failing(file, F_SETLK, &waiter->fl, -ENOLCK,
				    &failures));
	KUNIT_EXPECT_GE(test, failures, 2U);
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 1ULL);
	/* Everything that its grant, or its undoing, needs is in hand. */
	fail_next(1);
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	KUNIT_EXPECT_FALSE(test, fail_stop());
	file_expect_told(file, "A");
	file_expect_held(file, "");
}

/* nfsd has no word for ENOLCK, and warns. */
static void nfsd(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *lock = fake_init(file, 0, &fake_notify_ops, B, F_WRLCK,
				      0, 9);
	unsigned int failures = 0;

	KUNIT_ASSERT_TRUE(test, fail_works());
	KUNIT_EXPECT_EQ(test, 0, ask_failing(file, F_SETLK, &lock->fl, -ENOMEM,
					     &failures));
	KUNIT_EXPECT_GE(test, failures, 3U);
}

static void testing_allocates_nothing(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, A, F_WRLCK, 0, 9);
	lock_init(file, &fl, NULL, B, F_RDLCK, 0, 9, FL_POSIX);
	fail_next(1);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_GETLK, &fl));
	KUNIT_EXPECT_FALSE(test, fail_stop());
	KUNIT_EXPECT_EQ(test, fl.c.flc_type, (unsigned char)F_WRLCK);
}

/* Eviction may come from reclaim. */
static void eviction_allocates_nothing(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_ASSERT_TRUE(test, fail_works());
	file_expect_set(file, A, F_WRLCK, 0, 9);
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	fail_next(1);
	hf_lock_evict(&file->li);
	KUNIT_EXPECT_FALSE(test, fail_stop());
	KUNIT_EXPECT_NULL(test, file->li.table);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(first_lock),
	KUNIT_CASE(split),
	KUNIT_CASE(queued),
	KUNIT_CASE(nfsd),
	KUNIT_CASE(testing_allocates_nothing),
	KUNIT_CASE(eviction_allocates_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_memory",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
