// SPDX-License-Identifier: GPL-2.0-only
/* The inode goes while servers still wait: the table outlives it. */
#include "file.h"

static bool yes(const struct file_lock *fl)
{
	return true;
}

static struct fake *queue(struct hf_test_file *file, unsigned int nr,
			  const struct lock_manager_operations *ops)
{
	struct fake *fake = fake_init(file, nr, ops, B + nr, F_WRLCK, 0, 9);

	hf_may_notify_for_test = yes;
	EXPECT_DEFERRED(fake);
	hf_may_notify_for_test = NULL;
	return fake;
}

static void evict(struct hf_test_file *file)
{
	hf_lock_evict(&file->li);
	KUNIT_EXPECT_NULL(file->test, file->li.table);
	/* The mirror is in the inode, which is freed by this. */
	file_close(file);
}

/* Behind a turn that is kept: no lock is held, and still somebody waits. */
static void with_turn(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	int users = hf_module_users();

	file_expect_set(file, A, F_WRLCK, 0, 9);
	queue(file, 0, &fake_notify_ops);
	queue(file, 1, &fake_grant_ops);
	queue(file, 2, &fake_notify_ops);
	queue(file, 3, NULL);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	evict(file);
	file_expect_told(file, "");
	/* The text that their file_locks point to stays until the last is gone. */
	KUNIT_EXPECT_EQ(test, hf_module_users(), users + 4);
	/* Each ends in its own way; the last one frees the table. */
	fake_release(&file->fake[0]);
	KUNIT_EXPECT_EQ(test, 0, hf_lock(file->domain, &file->li, NULL,
					 F_CANCELLK, &file->fake[1].fl));
	fake_release(&file->fake[1]);
	fake_release(&file->fake[2]);
	KUNIT_EXPECT_EQ(test, refcount_read(&file->domain->ref), 2U);
	KUNIT_EXPECT_EQ(test, hf_module_users(), users + 1);
	fake_release(&file->fake[3]);
	KUNIT_EXPECT_EQ(test, hf_module_users(), users);
	KUNIT_EXPECT_EQ(test, refcount_read(&file->domain->ref), 1U);
}

/* A filesystem's mistake: reported in one line, and no more than that. */
static void with_lock(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *holder = fake_init(file, 7, &fake_grant_ops, A, F_WRLCK,
					0, 9);

	KUNIT_EXPECT_EQ(test, 0, fake_ask(holder));
	queue(file, 0, &fake_grant_ops);
	evict(file);
	file_expect_told(file, "");
	fake_release(&file->fake[0]);
	/* Its owner is put: only the file_lock itself has one. */
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&file->owner[A].refs));
}

/* One that was granted and not yet confirmed when the inode went. */
static void with_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter;

	file_expect_set(file, A, F_WRLCK, 0, 9);
	waiter = queue(file, 0, &fake_grant_ops);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_set(file, B, F_UNLCK, 0, OFFSET_MAX);
	evict(file);
	fake_release(waiter);
	KUNIT_EXPECT_EQ(test, refcount_read(&file->domain->ref), 1U);
}

static void without_locks(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	hf_lock_evict(&file->li);
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_WRLCK));
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_UNLCK));
	hf_lock_evict(&file->li);
	hf_lock_evict(&file->li);
	KUNIT_EXPECT_EQ(test, refcount_read(&file->domain->ref), 1U);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(with_turn),
	KUNIT_CASE(with_lock),
	KUNIT_CASE(with_grant),
	KUNIT_CASE(without_locks),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_evict",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
