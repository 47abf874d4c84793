// SPDX-License-Identifier: GPL-2.0-only
/* nfsd: queued, told by lm_notify() to ask again, and its turn kept a while. */
#include <linux/wait.h>

#include "file.h"

/* Fake managers are no nfsd: only here they are taken for one. */
static bool is_ours(const struct file_lock *fl)
{
	return fl->fl_lmops == &fake_notify_ops;
}

static int allow(struct kunit_suite *suite)
{
	hf_may_notify_for_test = is_ours;
	return 0;
}

static void disallow(struct kunit_suite *suite)
{
	hf_may_notify_for_test = NULL;
}

static struct fake *nfsd(struct hf_test_file *file, unsigned int nr,
			 unsigned int owner)
{
	return fake_init(file, nr, &fake_notify_ops, owner, F_WRLCK, 0, 9);
}

/* B has been told that it may ask for 0 to 9. */
static struct fake *told_for_a_while(struct hf_test_file *file)
{
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	KUNIT_EXPECT_EQ(file->test, waiter->notified, 1U);
	return waiter;
}

/* For so long that its turn is kept. */
static struct fake *told(struct hf_test_file *file)
{
	struct fake *waiter = told_for_a_while(file);

	file_expect_held(file, "~W0-9");
	return waiter;
}

/* nfsd frees what it was told about; the retry is another, by another owner. */
static void retry_takes_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	fake_release(told(file));
	file_expect_held(file, "~W0-9");
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, D, F_RDLCK, 3, 3));
	KUNIT_EXPECT_EQ(test, 0, fake_ask(nfsd(file, 1, C)));
	file_expect_held(file, "cW0-9");
}

static void retry_with_same(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, fake_ask(told(file)));
	file_expect_held(file, "bW0-9");
}

/* nfsd's polls do not sleep, once the client gave the blocking kind up. */
static void poll_without_sleep(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	waiter->fl.c.flc_flags &= ~FL_SLEEP;
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(waiter));
	KUNIT_EXPECT_NULL(test, waiter->fl.fl_ops);
}

static void poll_keeps_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *first = nfsd(file, 0, B), *second = nfsd(file, 1, C);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(first);
	EXPECT_DEFERRED(second);
	EXPECT_DEFERRED(first);
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 2ULL);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
}

static void other_range_drops_first(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_WRLCK, 0, 29);
	EXPECT_DEFERRED(waiter);
	/* nfsd rewrites it in place. */
	waiter->fl.fl_start = 20;
	waiter->fl.fl_end = 29;
	EXPECT_DEFERRED(waiter);
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 1ULL);
	file_expect_set(file, A, F_UNLCK, 0, 19);
	file_expect_told(file, "");
	file_expect_set(file, A, F_UNLCK, 20, 29);
	file_expect_told(file, "A");
	file_expect_held(file, "~W20-29");
}

static void other_type_drops_first(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_RDLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	waiter->fl.c.flc_type = F_RDLCK;
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 0ULL);
	file_expect_held(file, "aR0-9 bR0-9");
}

static void turn_expires(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	fake_release(told(file));
	EXPECT_DEFERRED(fake_init(file, 1, &fake_grant_ops, C, F_WRLCK, 9, 9));
	file_pass_time(file, FILE_RESERVE_MS / 2);
	file_expect_told(file, "");
	file_pass_time(file, FILE_RESERVE_MS + 1);
	file_expect_told(file, "B");
	file_expect_held(file, "cW9-9");
}

/* The same by the module's own work item, in its own time. */
static void work_expires_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	mutex_lock(&hf_graph_lock);
	hf_graph.reserve_ms = 1;
	mutex_unlock(&hf_graph_lock);
	told_for_a_while(file);
	waiter = fake_init(file, 1, NULL, C, F_WRLCK, 0, 9);
	if (fake_ask(waiter) == FILE_LOCK_DEFERRED)
		wait_event(waiter->fl.c.flc_wait,
			   !smp_load_acquire(&waiter->fl.c.flc_blocker));
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	file_expect_held(file, "cW0-9");
}

static void not_polled_lapses(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	file_pass_time(file, LK_POLL_LIMIT_MS + 1);
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 0ULL);
	file_expect_told(file, "");
	/* It is alive after all: the end of the queue. */
	EXPECT_DEFERRED(waiter);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
}

static void release_while_queued(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	fake_release(waiter);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "");
	file_expect_held(file, "");
}

static void reclaim_takes_turn_away(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	told(file);
	lock_init(file, &fl, NULL, C, F_WRLCK, 5, 5, FL_POSIX | FL_RECLAIM);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_SETLK, &fl));
	file_expect_held(file, "cW5-5");
}

/* NFSv4.0: lm_notify() for such a client would crash the server. */
static void version_0_polls(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = nfsd(file, 0, B);

	disallow(NULL);
	file_expect_set(file, A, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(waiter));
	KUNIT_EXPECT_NULL(test, waiter->fl.fl_ops);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "");
	file_expect_held(file, "");
	KUNIT_EXPECT_EQ(test, 0, fake_ask(waiter));
	allow(NULL);
}

/* It has no turn, so it cannot take another's either. */
static void version_0_takes_no_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	fake_release(told(file));
	disallow(NULL);
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(nfsd(file, 1, C)));
	allow(NULL);
	file_expect_held(file, "~W0-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(retry_takes_turn),
	KUNIT_CASE(retry_with_same),
	KUNIT_CASE(poll_without_sleep),
	KUNIT_CASE(poll_keeps_turn),
	KUNIT_CASE(other_range_drops_first),
	KUNIT_CASE(other_type_drops_first),
	KUNIT_CASE(turn_expires),
	KUNIT_CASE(work_expires_turn),
	KUNIT_CASE(not_polled_lapses),
	KUNIT_CASE(release_while_queued),
	KUNIT_CASE(reclaim_takes_turn_away),
	KUNIT_CASE(version_0_polls),
	KUNIT_CASE(version_0_takes_no_turn),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_notify",
	.suite_init = allow,
	.suite_exit = disallow,
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
