// SPDX-License-Identifier: GPL-2.0-only
/* No memory, at each step of what a remote decides: nothing is lost, here or there. */
#include "remote.h"

#define LIMIT 60

/* A process's that is held back first: each of its allocations fails in turn. */
static void held_back(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int nth, asked = 0;
	struct process *waits;

	KUNIT_ASSERT_TRUE(test, fail_works());
	held(file, A, F_RDLCK, 5, 5);
	remote.locks = -EAGAIN;
	for (nth = 1; nth < LIMIT; nth++) {
		remote.told[0] = '\0';
		waits = process_start_failing(file, A, F_WRLCK, 0, 9, nth);
		comes_to_be(file, completion_done(&waits->over) || remote_outstanding() == 1);
		asked += !!strstr(remote.told, "lW0-9");
		if (remote_outstanding())
			break;
		KUNIT_EXPECT_EQ(test, process_wait(waits), -ENOLCK);
		KUNIT_EXPECT_TRUE(test, waits->failed);
		file_expect_held(file, "aR5-5");
		KUNIT_EXPECT_EQ(test, in_line(file), 0U);
	}
	/* Of its first waiter: itself, its records, what is the remote's; and once it asked. */
	KUNIT_EXPECT_GE(test, nth, 8U);
	KUNIT_EXPECT_GE(test, asked, 3U);
	KUNIT_EXPECT_LT(test, nth, (unsigned int)LIMIT);
	answer(file, -EDEADLK);
	KUNIT_EXPECT_EQ(test, process_wait(waits), -EDEADLK);
}

/* What needs no record more needs no memory. */
static void unlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	int ret;

	KUNIT_ASSERT_TRUE(test, fail_works());
	held(file, A, F_RDLCK, 0, 9);
	fail_always(true);
	ret = file_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	fail_always(false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	file_expect_held(file, "");
	expect_remote(file, "u-0--1");
}

/* A split does: nothing has changed then, here or there. */
static void split(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	int ret;

	KUNIT_ASSERT_TRUE(test, fail_works());
	held(file, A, F_RDLCK, 0, 9);
	fail_always(true);
	ret = file_set(file, A, F_UNLCK, 5, 5);
	fail_always(false);
	KUNIT_EXPECT_EQ(test, ret, -ENOLCK);
	file_expect_held(file, "aR0-9");
	expect_remote(file, "");
	KUNIT_EXPECT_EQ(test, in_line(file), 0U);
}

/*
 * What is given back is refused there and cannot be given up here, since that is a split:
 * then it is not given up there either.
 */
static void given_back(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	KUNIT_ASSERT_TRUE(test, fail_works());
	held(file, A, F_WRLCK, 0, 20);
	fake = ask(file, 0, A, F_RDLCK, 5, 9);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	remote.locks = -EAGAIN;
	remote.fail_after = true;
	answer(file, 0);
	expect_remote(file, "lR5-9 lW5-9");
	file_expect_held(file, "aW0-20");
}

/* With memory it is. */
static void given_up(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	held(file, A, F_WRLCK, 0, 20);
	fake = ask(file, 0, A, F_RDLCK, 5, 9);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	remote.locks = -EAGAIN;
	answer(file, 0);
	expect_remote(file, "lR5-9 lW5-9 u-5-9");
	file_expect_held(file, "aW0-4 aW10-20");
}

/* A refusal of what the remote has at least is about something else, and takes nothing. */
static void kept(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	held(file, A, F_RDLCK, 0, 20);
	fake = ask(file, 0, A, F_WRLCK, 5, 9);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	remote.locks = -EAGAIN;
	answer(file, 0);
	expect_remote(file, "lW5-9 lR5-9");
	file_expect_held(file, "aR0-20");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(held_back),
	KUNIT_CASE(unlock),
	KUNIT_CASE(split),
	KUNIT_CASE(given_back),
	KUNIT_CASE(given_up),
	KUNIT_CASE(kept),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_remote_memory",
	.init = remote_init,
	.exit = remote_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
