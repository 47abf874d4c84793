// SPDX-License-Identifier: GPL-2.0-only
/* Who is killed, ends, or gives up while the remote has not answered; and what nobody knows. */
#include "remote.h"

static int patient_init(struct kunit *test)
{
	int ret = remote_init(test);

	hf_remote_patience = 1;
	return ret;
}

static void patient_exit(struct kunit *test)
{
	hf_remote_patience = 10 * HZ;
	remote_exit(test);
}

/* The remote hangs: who ends gives its locks up behind a request of its own. */
static void ends_behind_its_own_request(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *waits, *closes;

	held(file, A, F_WRLCK, 20, 29);
	waits = process_start(file, A, F_WRLCK, 0, 9, true);
	comes_to_be(file, remote_outstanding() == 1);
	process_kill(waits);
	KUNIT_EXPECT_EQ(test, process_wait(waits), -ERESTARTSYS);
	closes = process_start(file, A, F_UNLCK, 0, OFFSET_MAX, false);
	comes_to_be(file, in_line(file) == 2);
	process_kill(closes);
	KUNIT_EXPECT_EQ(test, process_wait(closes), 0);
	expect_remote(file, "lW0-9");
	file_expect_held(file, "?W0-9");
	answer(file, 0);
	expect_remote(file, "u-0-9 u-0--1");
	file_expect_held(file, "");
}

/* Somebody else of its owner's, who lives on, is granted what was asked for before. */
static void ends_behind_anothers_request(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *closes;

	held(file, A, F_WRLCK, 20, 29);
	ask(file, 0, A, F_WRLCK, 0, 9);
	closes = process_start(file, A, F_UNLCK, 0, OFFSET_MAX, false);
	comes_to_be(file, in_line(file) == 2);
	process_kill(closes);
	KUNIT_EXPECT_EQ(test, process_wait(closes), 0);
	expect_remote(file, "lW0-9");
	remote.locks = 0;
	answer(file, 0);
	/* So it is there, too. */
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
	expect_remote(file, "lW0-9 u-10--1");
}

/* Who was not waited for is no reason not to wait for the next one. */
static void ends_of_which_nothing_is_known(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *first;

	held(file, A, F_WRLCK, 0, 9);
	remote.unlocks = BY_TEST;
	hf_remote_patience = 0;
	first = process_start(file, A, F_UNLCK, 0, 9, false);
	comes_to_be(file, remote_outstanding() == 1);
	process_kill(first);
	KUNIT_EXPECT_EQ(test, process_wait(first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&file->domain->late), 0);
	answer(file, 0);
	expect_remote(file, "u-0-9");
}

/* Of many that hang only the first is waited for. */
static void ends_once(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *first, *second;

	held(file, A, F_WRLCK, 0, 9);
	held(file, B, F_WRLCK, 20, 29);
	remote.unlocks = BY_TEST;
	first = process_start(file, A, F_UNLCK, 0, 9, false);
	comes_to_be(file, remote_outstanding() == 1);
	process_kill(first);
	KUNIT_EXPECT_EQ(test, process_wait(first), 0);
	hf_remote_patience = MAX_SCHEDULE_TIMEOUT;
	second = process_start(file, B, F_UNLCK, 0, OFFSET_MAX, false);
	comes_to_be(file, remote_outstanding() == 2);
	process_kill(second);
	KUNIT_EXPECT_EQ(test, process_wait(second), 0);
	expect_remote(file, "u-0-9 u-0--1");
	file_expect_held(file, "");
	KUNIT_EXPECT_FALSE(test, hf_lock_domain_settle(file->domain, 1));
	answer(file, 0);
	answer(file, 0);
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, REMOTE_LONG));
	KUNIT_EXPECT_EQ(test, atomic_read(&file->domain->late), 0);
}

/* Its file goes, too. */
static void ends_with_its_file(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *closes;

	held(file, A, F_WRLCK, 0, 9);
	remote.unlocks = BY_TEST;
	closes = process_start(file, A, F_UNLCK, 0, OFFSET_MAX, false);
	comes_to_be(file, remote_outstanding() == 1);
	process_kill(closes);
	KUNIT_EXPECT_EQ(test, process_wait(closes), 0);
	hf_lock_evict(&file->li);
	file_close(file);
	answer(file, 0);
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, REMOTE_LONG));
}

/* An answer that says nothing: it may be held there. */
static void unknown(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *asks;

	held(file, A, F_RDLCK, 5, 5);
	asks = process_start(file, A, F_WRLCK, 0, 9, false);
	comes_to_be(file, remote_outstanding() == 1);
	remote.locks = 0;
	answer(file, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, process_wait(asks), -ETIMEDOUT);
	expect_remote(file, "lW0-9 u-0-4 lR5-5 u-6-9");
	file_expect_held(file, "aR5-5");
}

/* A signal, to which the remote says no more than that it has stopped. */
static void unknown_of_a_wait(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *waits;

	waits = process_start(file, A, F_WRLCK, 0, 9, true);
	comes_to_be(file, remote_outstanding() == 1);
	answer(file, -EAGAIN);
	comes_to_be(file, remote_outstanding() == 1);
	process_kill(waits);
	comes_to_be(file, READ_ONCE(remote.cancelled) == 1);
	hf_remote_answer(remote_take(0), -EINTR);
	KUNIT_EXPECT_EQ(test, process_wait(waits), -ERESTARTSYS);
	expect_remote(file, "lW0-9 wW0-9 u-0-9");
}

/* Is it given up?  It is given up once more, and nobody waits for that. */
static void unknown_of_an_unlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct process *unlocks;

	held(file, A, F_WRLCK, 0, 9);
	remote.unlocks = BY_TEST;
	unlocks = process_start(file, A, F_UNLCK, 0, 9, false);
	comes_to_be(file, remote_outstanding() == 1);
	remote.unlocks = 0;
	answer(file, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, process_wait(unlocks), 0);
	expect_remote(file, "u-0-9 u-0-9");
	file_expect_held(file, "");
}

/* A server gives its request up while the work is at it. */
static void released_meanwhile(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK, 0, 9);

	fake->refuse = true;
	EXPECT_DEFERRED(fake);
	remote_settle();
	remote.stops = 'u';
	hf_remote_answer(remote_take(0), 0);
	remote_await_stop(file);
	/* It has ended, and is being given back. */
	fake_release(fake);
	remote_go_on();
	expect_remote(file, "lW0-9 u-0-9");
	file_expect_told(file, "A");
	file_expect_held(file, "");
}

/* Before that has begun, but for being queued. */
static void released_before(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	held(file, B, F_WRLCK, 0, 9);
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	remote.stops = 'l';
	file_expect_set(file, B, F_UNLCK, 0, 9);
	remote_await_stop(file);
	fake_release(fake);
	remote_go_on();
	remote_settle();
	file_expect_held(file, "?W0-9");
	answer(file, 0);
	file_expect_held(file, "");
	file_expect_told(file, "");
	KUNIT_EXPECT_NOT_NULL(test, strstr(remote.told, "lW0-9 u-0-9"));
}

/* Its server gives it up while it is asked for with waiting: that is cancelled then. */
static void released_before_it_is_held_back(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	remote.stops = 'w';
	hf_remote_answer(remote_take(0), -EAGAIN);
	remote_await_stop(file);
	fake_release(fake);
	WRITE_ONCE(remote.cancelled, 0);
	remote_go_on();
	remote_settle();
	KUNIT_EXPECT_EQ(test, remote.cancelled, 1U);
	remote.locks = 0;
	answer(file, -EINTR);
	expect_remote(file, "lW0-9 wW0-9 u-0-9");
	file_expect_told(file, "");
	file_expect_held(file, "");
}

/* Or before that. */
static void released_before_it_is_asked_for(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	fake_release(fake);
	answer(file, -EAGAIN);
	expect_remote(file, "lW0-9");
	file_expect_told(file, "");
}

/* A late yes that cannot be had, for a deadlock. */
static struct fake *late_fails(struct hf_test_file *file)
{
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	answer(file, -EAGAIN);
	held(file, B, F_WRLCK, 0, 9);
	/* Waits for B, whom the remote has granted the same. */
	answer(file, 0);
	ask(file, 1, A, F_WRLCK, 50, 59);
	ask(file, 2, B, F_WRLCK, 55, 55);
	remote.told[0] = '\0';
	return fake;
}

/* Its server gives it up in the middle of that: it is given back once. */
static void given_back_once(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = late_fails(file);

	remote.stops = 'u';
	hf_remote_answer(remote_take(0), 0);
	remote_await_stop(file);
	fake_release(fake);
	remote_go_on();
	/* What B holds is in the way of nothing any more. */
	expect_remote(file, "u-0-9");
	file_expect_held(file, "bW0-9 aW50-59");
	file_expect_told(file, "B");
}

static void late_deadlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = late_fails(file);

	answer(file, 0);
	expect_remote(file, "u-0-9");
	file_expect_told(file, "BA");
	KUNIT_EXPECT_EQ(test, fake->failed, 1U);
}

/* The answer to what is cancelled comes first: the cancel is of nothing. */
static void cancelled_too_late(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	held(file, A, F_RDLCK, 0, 9);
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	remote.stops = 'g';
	hf_remote_answer(remote_take(0), 0);
	remote_await_stop(file);
	remote.locks = 0;
	/* Until it is looked at it counts as held back. */
	fake_release(fake);
	remote_go_on();
	expect_remote(file, "lW0-9 wW0-9 lR0-9");
	file_expect_held(file, "aR0-9");
	file_expect_told(file, "");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ends_behind_its_own_request),
	KUNIT_CASE(ends_behind_anothers_request),
	KUNIT_CASE(ends_of_which_nothing_is_known),
	KUNIT_CASE(ends_once),
	KUNIT_CASE(ends_with_its_file),
	KUNIT_CASE(unknown),
	KUNIT_CASE(unknown_of_a_wait),
	KUNIT_CASE(unknown_of_an_unlock),
	KUNIT_CASE(released_meanwhile),
	KUNIT_CASE(released_before),
	KUNIT_CASE(released_before_it_is_held_back),
	KUNIT_CASE(released_before_it_is_asked_for),
	KUNIT_CASE(given_back_once),
	KUNIT_CASE(late_deadlock),
	KUNIT_CASE(cancelled_too_late),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_remote_end",
	.init = patient_init,
	.exit = patient_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
