// SPDX-License-Identifier: GPL-2.0-only
/* Locks that a remote decides, too. */
#include "remote.h"

static void yes(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	expect_remote(file, "lW0-9");
	file_expect_held(file, "?W0-9");
	file_expect_told(file, "");
	/* It is nobody's yet, and keeps others out. */
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, B, F_RDLCK, 9, 9));
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
	KUNIT_EXPECT_EQ(test, remote.granted, 1U);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	expect_remote(file, "u-0-9");
}

static void no_then_yes(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	expect_remote(file, "lW0-9 wW0-9");
	file_expect_held(file, "");
	file_expect_told(file, "");
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
}

/* A process, which does not wait: nothing has changed. */
static void no(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	remote.locks = 0;
	file_expect_set(file, A, F_RDLCK, 0, 9);
	remote.locks = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, A, F_WRLCK, 3, 5));
	file_expect_held(file, "aR0-9");
	expect_remote(file, "lR0-9 lW3-5");
	/* What it has already it need not ask for. */
	file_expect_set(file, A, F_RDLCK, 1, 2);
	expect_remote(file, "");
}

/* What flock had is gone by that, on both sides. */
static void no_to_a_flock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	remote.locks = 0;
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_RDLCK));
	remote.locks = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_flock(file, 0, F_WRLCK));
	/* Once to convert it, and once as one who has nothing. */
	expect_remote(file, "lR0--1 lW0--1 u-0--1 lW0--1");
	KUNIT_EXPECT_STREQ(test, file_describe(file, true), "");
}

static void late_yes_after_cancel(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	answer(file, -EAGAIN);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	KUNIT_EXPECT_EQ(test, remote.cancelled, 1U);
	fake_release(fake);
	expect_remote(file, "lW0-9 wW0-9");
	answer(file, 0);
	expect_remote(file, "u-0-9");
	file_expect_told(file, "");
	file_expect_held(file, "");
}

/* What its owner held is there again. */
static void yes_after_cancel(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	held(file, A, F_RDLCK, 3, 5);
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	expect_remote(file, "lW0-9");
	remote.locks = 0;
	answer(file, 0);
	expect_remote(file, "u-0-2 lR3-5 u-6-9");
	file_expect_held(file, "aR3-5");
}

static void cancel_after_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	remote.locks = 0;
	file_expect_set(file, A, F_RDLCK, 3, 5);
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
	expect_remote(file, "lR3-5 lW0-9");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	file_expect_held(file, "aR3-5");
	expect_remote(file, "u-0-2 lR3-5 u-6-9");
}

/* Its server gave it up meanwhile. */
static void refused_by_server(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK, 0, 9);

	fake->refuse = true;
	EXPECT_DEFERRED(fake);
	remote_settle();
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "");
	expect_remote(file, "lW0-9 u-0-9");
}

static void dead(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	remote.locks = 0;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	remote.fails = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, file_set(file, B, F_WRLCK, 20, 29));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	remote.fails = 0;
	remote.locks = BY_TEST;
	fake = ask(file, 0, C, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	answer(file, -EIO);
	KUNIT_EXPECT_EQ(test, fake->granted, 0U);
	KUNIT_EXPECT_EQ(test, fake->failed, 1U);
	file_expect_held(file, "");
	expect_remote(file, "lW0-9 lW20-29 u-0-9 lW0-9 wW0-9 u-0-9");
}

/* One waits here, and asks when it could be had here. */
static void waits_here_first(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	remote.locks = 0;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	ask(file, 1, B, F_WRLCK, 5, 5);
	expect_remote(file, "lW0-9");
	file_expect_set(file, A, F_UNLCK, 0, 9);
	/* Told in either order: the unlock has been done here before. */
	remote_settle();
	KUNIT_EXPECT_NOT_NULL(test, strstr(remote.told, "lW5-5"));
	file_expect_told(file, "B");
	file_expect_held(file, "bW5-5");
}

/* The file goes first. */
static void evicted(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	KUNIT_EXPECT_FALSE(test, hf_lock_domain_settle(file->domain, 1));
	hf_lock_evict(&file->li);
	file_close(file);
	expect_remote(file, "lW0-9");
	answer(file, 0);
	expect_remote(file, "u-0-9");
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, HZ));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(yes),
	KUNIT_CASE(no_then_yes),
	KUNIT_CASE(no),
	KUNIT_CASE(no_to_a_flock),
	KUNIT_CASE(late_yes_after_cancel),
	KUNIT_CASE(yes_after_cancel),
	KUNIT_CASE(cancel_after_grant),
	KUNIT_CASE(refused_by_server),
	KUNIT_CASE(dead),
	KUNIT_CASE(waits_here_first),
	KUNIT_CASE(evicted),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_remote",
	.init = remote_init,
	.exit = remote_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
