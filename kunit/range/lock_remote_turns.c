// SPDX-License-Identifier: GPL-2.0-only
/* What one owner's threads do at the remote at once: both tables have the same in the end. */
#include "remote.h"

/* An owner's operations are done one after the other where they meet. */
static void in_order(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	ask(file, 1, A, F_RDLCK, 5, 20);
	ask(file, 2, A, F_WRLCK, 30, 39);
	expect_remote(file, "lW0-9 lW30-39");
	answer_nth(file, 1, 0);
	file_expect_told(file, "C");
	answer(file, 0);
	expect_remote(file, "lR5-20");
	answer(file, 0);
	file_expect_held(file, "aW0-4 aR5-20 aW30-39");
	file_expect_told(file, "AB");
}

/* One that comes after several goes on after the last of them. */
static void behind_several(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	ask(file, 1, A, F_WRLCK, 20, 29);
	ask(file, 2, A, F_RDLCK, 5, 25);
	ask(file, 3, A, F_RDLCK, 25, 40);
	expect_remote(file, "lW0-9 lW20-29");
	answer_nth(file, 1, 0);
	expect_remote(file, "");
	answer(file, 0);
	expect_remote(file, "lR5-25");
	answer(file, 0);
	expect_remote(file, "lR25-40");
	answer(file, 0);
	file_expect_held(file, "aW0-4 aR5-40");
}

/*
 * The remote has granted it while somebody here is in the way: an unlock by another thread
 * of its owner's comes after that, there and here.
 */
static void late_keeps_its_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *unlocks;

	held(file, A, F_RDLCK, 0, 9);
	ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	held(file, B, F_RDLCK, 5, 5);
	answer(file, 0);
	file_expect_told(file, "");
	expect_remote(file, "lW0-9 wW0-9");
	unlocks = process_start(file, A, F_UNLCK, 0, 9, false);
	comes_to_be(file, in_line(file) == 2);
	expect_remote(file, "");
	file_expect_set(file, B, F_UNLCK, 5, 5);
	KUNIT_EXPECT_EQ(test, process_wait(unlocks), 0);
	file_expect_told(file, "A");
	file_expect_held(file, "");
	/* B's was told in either order: it was done here before. */
	KUNIT_EXPECT_NOT_NULL(test, strstr(remote.told, "u-0-9"));
}

/* The same of a process, which a signal ends: what the remote has granted is given back. */
static void late_is_killed(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *waits;

	held(file, B, F_RDLCK, 5, 5);
	waits = process_start(file, A, F_WRLCK, 0, 9, true);
	/* Nobody is in the way; then somebody is. */
	comes_to_be(file, lk_first_waiter(&file->li.table->posix));
	file_expect_set(file, B, F_UNLCK, 5, 5);
	comes_to_be(file, remote_outstanding() == 1);
	remote.told[0] = '\0';
	answer(file, -EAGAIN);
	comes_to_be(file, remote_outstanding() == 1);
	held(file, B, F_RDLCK, 5, 5);
	answer(file, 0);
	comes_to_be(file, in_line(file) == 1);
	comes_to_be(file, lk_first_waiter(&file->li.table->posix));
	process_kill(waits);
	KUNIT_EXPECT_EQ(test, process_wait(waits), -ERESTARTSYS);
	expect_remote(file, "wW0-9 u-0-9");
	file_expect_held(file, "bR5-5");
}

/* And of one that gets it. */
static void late_is_granted(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *waits;

	waits = process_start(file, A, F_WRLCK, 0, 9, true);
	comes_to_be(file, remote_outstanding() == 1);
	answer(file, -EAGAIN);
	comes_to_be(file, remote_outstanding() == 1);
	held(file, B, F_RDLCK, 5, 5);
	answer(file, 0);
	comes_to_be(file, lk_first_waiter(&file->li.table->posix));
	file_expect_set(file, B, F_UNLCK, 5, 5);
	KUNIT_EXPECT_EQ(test, process_wait(waits), 0);
	expect_remote(file, "lW0-9 wW0-9 u-5-5");
	file_expect_held(file, "aW0-9");
	KUNIT_EXPECT_EQ(test, in_line(file), 0U);
}

/* It was held back while its owner unlocked: which of the two the remote did first? */
static void crossed_by_an_unlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	held(file, A, F_RDLCK, 8, 20);
	ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	file_expect_set(file, A, F_UNLCK, 9, 20);
	expect_remote(file, "lW0-9 wW0-9 u-9-20");
	remote.locks = 0;
	answer(file, 0);
	expect_remote(file, "u-0-7 lR8-8 u-9-9 wW0-9");
	file_expect_told(file, "");
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
}

static void crossed_process(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *waits;

	held(file, A, F_RDLCK, 9, 20);
	waits = process_start(file, A, F_WRLCK, 0, 9, true);
	comes_to_be(file, remote_outstanding() == 1);
	answer(file, -EAGAIN);
	comes_to_be(file, remote_outstanding() == 1);
	file_expect_set(file, A, F_UNLCK, 9, 20);
	answer(file, 0);
	comes_to_be(file, remote_outstanding() == 1);
	answer(file, 0);
	KUNIT_EXPECT_EQ(test, process_wait(waits), 0);
	expect_remote(file, "lW0-9 wW0-9 u-9-20 u-0-9 lW0-9");
	file_expect_held(file, "aW0-9");
}

/* What does not meet does not matter. */
static void not_crossed(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	held(file, A, F_RDLCK, 10, 20);
	held(file, B, F_RDLCK, 0, 9);
	ask(file, 0, A, F_RDLCK, 0, 9);
	answer(file, -EAGAIN);
	file_expect_set(file, A, F_UNLCK, 10, 20);
	file_expect_set(file, B, F_UNLCK, 0, 9);
	answer(file, 0);
	file_expect_told(file, "A");
	expect_remote(file, "lR0-9 wR0-9 u-10-20 u-0-9");
}

/* Two are held back, and both are granted. */
static void crossed_by_another_that_waits(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	ask(file, 1, A, F_RDLCK, 5, 20);
	answer_nth(file, 1, -EAGAIN);
	expect_remote(file, "lW0-9 wW0-9 lR5-20 wR5-20");
	/* The second's question has crossed the first, which so ends, and is asked for anew. */
	answer(file, -EIO);
	file_expect_told(file, "A");
	expect_remote(file, "u-0-9");
	fake_release(&file->fake[0]);
	ask(file, 0, A, F_WRLCK, 0, 9);
	answer_nth(file, 1, -EAGAIN);
	remote.locks = 0;
	answer_nth(file, 1, 0);
	file_expect_told(file, "A");
	answer(file, 0);
	expect_remote(file, "lW0-9 wW0-9 lW5-9 u-10-20 wR5-20");
	answer(file, 0);
	file_expect_told(file, "B");
	file_expect_held(file, "aW0-4 aR5-20");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(in_order),
	KUNIT_CASE(behind_several),
	KUNIT_CASE(late_keeps_its_turn),
	KUNIT_CASE(late_is_killed),
	KUNIT_CASE(late_is_granted),
	KUNIT_CASE(crossed_by_an_unlock),
	KUNIT_CASE(crossed_process),
	KUNIT_CASE(not_crossed),
	KUNIT_CASE(crossed_by_another_that_waits),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_remote_turns",
	.init = remote_init,
	.exit = remote_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
