// SPDX-License-Identifier: GPL-2.0-only
/* lockd: queued, and told of the grant by lm_grant(), which may refuse it. */
#include "file.h"

static struct fake *lockd(struct hf_test_file *file, unsigned int nr,
			  unsigned int owner, int type)
{
	return fake_init(file, nr, &fake_grant_ops, owner, type, 0, 9);
}

static void granted_once(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = lockd(file, 0, B, F_WRLCK);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	file_expect_set(file, A, F_UNLCK, 5, 9);
	file_expect_told(file, "");
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	KUNIT_EXPECT_EQ(test, waiter->granted, 1U);
	KUNIT_EXPECT_EQ(test, waiter->notified, 0U);
	file_expect_held(file, "bW0-9");
	fake_release(waiter);
	file_expect_held(file, "bW0-9");
}

static void granted_at_once(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *lock = lockd(file, 0, B, F_WRLCK);

	KUNIT_EXPECT_EQ(test, 0, fake_ask(lock));
	file_expect_told(file, "");
	KUNIT_EXPECT_NULL(test, lock->fl.fl_ops);
	file_expect_held(file, "bW0-9");
}

static void in_order(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(lockd(file, 0, B, F_WRLCK));
	EXPECT_DEFERRED(lockd(file, 1, C, F_RDLCK));
	EXPECT_DEFERRED(lockd(file, 2, D, F_RDLCK));
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	file_expect_told(file, "A");
	file_expect_set(file, B, F_UNLCK, 0, OFFSET_MAX);
	file_expect_told(file, "BC");
	file_expect_held(file, "cR0-9 dR0-9");
}

/* The lock is gone again, and the next has it. */
static void refused(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = lockd(file, 0, B, F_WRLCK);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	EXPECT_DEFERRED(lockd(file, 1, C, F_WRLCK));
	waiter->refuse = true;
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "AB");
	file_expect_held(file, "cW0-9");
	/* lockd's cancel and its release of the block find nothing to do. */
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(waiter));
	fake_release(waiter);
	file_expect_held(file, "cW0-9");
}

static void refused_upgrade(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = lockd(file, 0, B, F_WRLCK);

	file_expect_set(file, B, F_RDLCK, 0, 4);
	file_expect_set(file, A, F_RDLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	file_expect_held(file, "aR0-9 bR0-4");
	waiter->refuse = true;
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "bR0-4");
}

/* Two refusals from one release, the second inside the first's undo. */
static void refused_in_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *first = lockd(file, 0, B, F_WRLCK);
	struct fake *second = lockd(file, 1, C, F_WRLCK);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(first);
	EXPECT_DEFERRED(second);
	first->refuse = true;
	second->refuse = true;
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "AB");
	file_expect_held(file, "");
}

/* Of a crowd each has it once, or not; nobody is passed over or told again. */
static void refused_in_a_crowd(struct kunit *test)
{
	static const unsigned int owners[] = { B, C, D, E };
	struct hf_test_file *file = test->priv;
	struct fake *waiter[ARRAY_SIZE(owners)];
	unsigned int nr;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	for (nr = 0; nr < ARRAY_SIZE(owners); nr++) {
		waiter[nr] = lockd(file, nr, owners[nr], F_WRLCK);
		EXPECT_DEFERRED(waiter[nr]);
		waiter[nr]->refuse = nr != 2;
	}
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "ABC");
	file_expect_held(file, "dW0-9");
	file_expect_set(file, D, F_UNLCK, 0, 9);
	file_expect_told(file, "D");
	file_expect_held(file, "");
	for (nr = 0; nr < ARRAY_SIZE(owners); nr++) {
		KUNIT_EXPECT_EQ(test, waiter[nr]->granted, 1U);
		fake_release(waiter[nr]);
	}
	KUNIT_EXPECT_EQ(test, file->li.table->posix.nr_waiters, 0ULL);
	file_expect_held(file, "");
}

/* A process that is killed may have waited in two threads: nothing stays held for it. */
static void refused_twice(struct kunit *test)
{
	static const unsigned int owners[] = { B, C, D, E, B, C };
	struct hf_test_file *file = test->priv;
	struct fake *waiter[ARRAY_SIZE(owners)];
	unsigned int nr;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	for (nr = 0; nr < ARRAY_SIZE(owners); nr++) {
		waiter[nr] = lockd(file, nr, owners[nr], F_WRLCK);
		EXPECT_DEFERRED(waiter[nr]);
		waiter[nr]->refuse = nr != 2 && nr != 5;
	}
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "AEBF");
	file_expect_held(file, "cW0-9");
	file_expect_set(file, C, F_UNLCK, 0, 9);
	file_expect_told(file, "C");
	file_expect_held(file, "dW0-9");
	file_expect_set(file, D, F_UNLCK, 0, 9);
	file_expect_told(file, "D");
	file_expect_held(file, "");
	for (nr = 0; nr < ARRAY_SIZE(owners); nr++)
		fake_release(waiter[nr]);
	file_expect_held(file, "");
}

/* Without FL_SLEEP no answer comes later; with it lockd has none for EAGAIN. */
static void errors(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *lock = lockd(file, 0, B, F_WRLCK);
	struct fake *other = lockd(file, 1, C, F_WRLCK);

	file_expect_set(file, A, F_WRLCK, 0, 9);
	lock->fl.c.flc_flags &= ~FL_SLEEP;
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(lock));
	KUNIT_EXPECT_NULL(test, lock->fl.fl_ops);
	EXPECT_DEFERRED(other);
	KUNIT_EXPECT_EQ(test, -EAGAIN, fake_ask(lock));
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, D, F_RDLCK, 9, 9));
}

static void deadlock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *first, *second;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	file_expect_set(file, B, F_WRLCK, 20, 29);
	first = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK, 20, 20);
	second = fake_init(file, 1, &fake_grant_ops, B, F_WRLCK, 0, 0);
	EXPECT_DEFERRED(first);
	KUNIT_EXPECT_EQ(test, -EDEADLK, fake_ask(second));
	KUNIT_EXPECT_NULL(test, second->fl.fl_ops);
	file_expect_set(file, B, F_UNLCK, 0, OFFSET_MAX);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9 aW20-20");
}

/* Two threads of A; what one is granted B waits for, for whom the other waits. */
static void deadlock_by_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *first, *second, *third;

	file_expect_set(file, B, F_WRLCK, 20, 29);
	file_expect_set(file, C, F_WRLCK, 0, 9);
	first = fake_init(file, 0, &fake_answer_ops, A, F_WRLCK, 20, 20);
	second = fake_init(file, 1, &fake_answer_ops, A, F_WRLCK, 0, 9);
	third = fake_init(file, 2, &fake_answer_ops, B, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(first);
	EXPECT_DEFERRED(second);
	EXPECT_DEFERRED(third);
	file_expect_set(file, C, F_UNLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, second->granted, 1U);
	KUNIT_EXPECT_EQ(test, first->granted + third->granted, 0U);
	KUNIT_EXPECT_EQ(test, first->failed + third->failed, 1U);
	file_expect_held(file, "aW0-9 bW20-29");
	/* Nothing of it is to be taken back. */
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(first->failed ? first : third));
	fake_release(first->failed ? first : third);
	file_expect_held(file, "aW0-9 bW20-29");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(granted_once),
	KUNIT_CASE(granted_at_once),
	KUNIT_CASE(in_order),
	KUNIT_CASE(refused),
	KUNIT_CASE(refused_upgrade),
	KUNIT_CASE(refused_in_turn),
	KUNIT_CASE(refused_in_a_crowd),
	KUNIT_CASE(refused_twice),
	KUNIT_CASE(errors),
	KUNIT_CASE(deadlock),
	KUNIT_CASE(deadlock_by_grant),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_grant",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
