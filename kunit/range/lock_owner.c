// SPDX-License-Identifier: GPL-2.0-only
/* Owners: their references, who waits for them, and courtesy clients. */
#include "file.h"

static int refs(struct hf_test_file *file, unsigned int owner)
{
	return atomic_read(&file->owner[owner].refs);
}

/* A lock with operations, of owner @owner; its file_lock is gone after it. */
static int set(struct hf_test_file *file, unsigned int nr, unsigned int owner,
	       int type, loff_t start, loff_t end)
{
	struct fake *fake = fake_init(file, nr, &fake_notify_ops, owner, type,
				      start, end);
	int ret;

	fake->fl.c.flc_flags &= ~FL_SLEEP;
	ret = fake_ask(fake);
	fake_release(fake);
	return ret;
}

/* One for each record, none that stays. */
static void references(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_RDLCK, 0, 19));
	KUNIT_EXPECT_EQ(test, 1, refs(file, A));
	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_WRLCK, 5, 9));
	KUNIT_EXPECT_EQ(test, 3, refs(file, A));
	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_RDLCK, 5, 9));
	KUNIT_EXPECT_EQ(test, 1, refs(file, A));
	KUNIT_EXPECT_EQ(test, -EAGAIN, set(file, 0, B, F_WRLCK, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, refs(file, B));
	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_UNLCK, 5, 9));
	KUNIT_EXPECT_EQ(test, 2, refs(file, A));
	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_UNLCK, 0, OFFSET_MAX));
	KUNIT_EXPECT_EQ(test, 0, refs(file, A));
}

static void references_of_waiters(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK,
					0, 9);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_EQ(test, 1, refs(file, B));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 2, refs(file, B));
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	KUNIT_EXPECT_EQ(test, 1, refs(file, B));
	fake_release(waiter);
	KUNIT_EXPECT_EQ(test, 0, refs(file, B));
}

/* What a taken back upgrade puts in place again has references as before. */
static void references_of_upgrade(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	KUNIT_EXPECT_EQ(test, 0, set(file, 1, B, F_RDLCK, 0, 4));
	file_expect_set(file, A, F_RDLCK, 0, 9);
	waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 3, 9);
	EXPECT_DEFERRED(waiter);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_held(file, "bR0-2 bW3-9");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	file_expect_held(file, "bR0-4");
	fake_release(waiter);
	KUNIT_EXPECT_EQ(test, 1, refs(file, B));
}

static bool has_blockers(struct hf_test_file *file, unsigned int owner)
{
	return locks_owner_has_blockers(locks_inode_context(file->inode),
					&file->owner[owner]);
}

static void blockers_are_seen(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK,
					0, 9);

	KUNIT_EXPECT_EQ(test, 0, set(file, 1, A, F_WRLCK, 0, 9));
	KUNIT_EXPECT_FALSE(test, has_blockers(file, A));
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_TRUE(test, has_blockers(file, A));
	EXPECT_DEFERRED(fake_init(file, 2, &fake_grant_ops, C, F_WRLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	KUNIT_EXPECT_TRUE(test, has_blockers(file, A));
	fake_release(&file->fake[2]);
	KUNIT_EXPECT_FALSE(test, has_blockers(file, A));
}

/* nfsd lets a client go that somebody else's request runs into. */
static void courtesy_lock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_WRLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, B, F_WRLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, file->expired, 0U);
	KUNIT_EXPECT_GE(test, file->expirable_asked, 1U);
	file->courtesy = true;
	file_expect_set(file, B, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, file->expired, 1U);
	file_expect_held(file, "bW0-9");
}

static void courtesy_wait(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	KUNIT_EXPECT_EQ(test, 0, set(file, 1, A, F_RDLCK, 0, 9));
	file_expect_set(file, C, F_RDLCK, 0, 9);
	file->courtesy = true;
	waiter = fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_EQ(test, file->expired, 1U);
	file_expect_held(file, "cR0-9");
}

static void courtesy_test(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	KUNIT_EXPECT_EQ(test, 0, set(file, 0, A, F_WRLCK, 0, 9));
	file->courtesy = true;
	lock_init(file, &fl, NULL, B, F_WRLCK, 0, 9, FL_POSIX);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_GETLK, &fl));
	KUNIT_EXPECT_EQ(test, fl.c.flc_type, (unsigned char)F_UNLCK);
	KUNIT_EXPECT_EQ(test, file->expired, 1U);
}

/* The first that stands in the way, however many do: all under the table's lock. */
static void courtesy_asks_one(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	for (unsigned int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0,
				set(file, i, B + i, F_WRLCK, 10 * i, 10 * i));
	file->expirable_asked = 0;
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, E, F_WRLCK, 0, 99));
	KUNIT_EXPECT_EQ(test, file->expirable_asked, 1U);
	lock_init(file, &fl, NULL, E, F_WRLCK, 0, 99, FL_POSIX);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_GETLK, &fl));
	KUNIT_EXPECT_EQ(test, file->expirable_asked, 2U);
	locks_release_private(&fl);
}

/* Never from a release: a waiter that stays queued expires nobody. */
static void courtesy_not_on_release(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, set(file, 1, A, F_RDLCK, 0, 9));
	file_expect_set(file, C, F_RDLCK, 0, 9);
	EXPECT_DEFERRED(fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9));
	file->courtesy = true;
	file_expect_set(file, C, F_UNLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, file->expired, 0U);
	file_expect_held(file, "aR0-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(references),
	KUNIT_CASE(references_of_waiters),
	KUNIT_CASE(references_of_upgrade),
	KUNIT_CASE(blockers_are_seen),
	KUNIT_CASE(courtesy_lock),
	KUNIT_CASE(courtesy_wait),
	KUNIT_CASE(courtesy_test),
	KUNIT_CASE(courtesy_asks_one),
	KUNIT_CASE(courtesy_not_on_release),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_owner",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
