// SPDX-License-Identifier: GPL-2.0-only
/* F_GETLK and F_OFD_GETLK: what is in the way, and what is one's own. */
#include "file.h"

static void expect_answer(struct hf_test_file *file, const struct file_lock *fl,
			  int type, loff_t start, loff_t end, pid_t pid)
{
	KUNIT_EXPECT_EQ(file->test, (int)fl->c.flc_type, type);
	KUNIT_EXPECT_NULL(file->test, fl->fl_ops);
	if (type == F_UNLCK)
		return;
	KUNIT_EXPECT_EQ(file->test, fl->fl_start, start);
	KUNIT_EXPECT_EQ(file->test, fl->fl_end, end);
	KUNIT_EXPECT_EQ(file->test, fl->c.flc_pid, pid);
}

static void ask(struct hf_test_file *file, struct file_lock *fl,
		unsigned int owner, int type, loff_t start, loff_t end)
{
	lock_init(file, fl, NULL, owner, type, start, end, FL_POSIX);
	KUNIT_EXPECT_EQ(file->test, 0, file_lock_cmd(file, F_GETLK, fl));
}

static void held(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	ask(file, &fl, B, F_WRLCK, 0, OFFSET_MAX);
	expect_answer(file, &fl, F_UNLCK, 0, 0, 0);
	KUNIT_EXPECT_NULL(test, file->li.table);

	file_expect_set(file, A, F_RDLCK, 10, 19);
	file_expect_set(file, A, F_WRLCK, 30, OFFSET_MAX);
	ask(file, &fl, B, F_WRLCK, 0, OFFSET_MAX);
	expect_answer(file, &fl, F_RDLCK, 10, 19, current->tgid);
	ask(file, &fl, B, F_RDLCK, 0, OFFSET_MAX);
	expect_answer(file, &fl, F_WRLCK, 30, OFFSET_MAX, current->tgid);
	ask(file, &fl, B, F_WRLCK, 20, 29);
	expect_answer(file, &fl, F_UNLCK, 0, 0, 0);
	ask(file, &fl, A, F_WRLCK, 0, OFFSET_MAX);
	expect_answer(file, &fl, F_UNLCK, 0, 0, 0);
}

/* An answer that names a server's lock has a reference to its owner. */
static void held_by_server(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *holder = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK,
					0, 9);
	struct file_lock fl;

	KUNIT_EXPECT_EQ(test, 0, fake_ask(holder));
	ask(file, &fl, B, F_RDLCK, 5, 5);
	expect_answer(file, &fl, F_WRLCK, 0, 9, current->tgid);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&file->owner[A].refs));
	locks_release_private(&fl);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&file->owner[A].refs));
}

static bool yes(const struct file_lock *fl)
{
	return true;
}

/* A turn that is kept is in the way, and nobody's. */
static void reservation(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *waiter = fake_init(file, 0, &fake_notify_ops, B, F_WRLCK,
					0, 9);
	struct file_lock fl;

	hf_may_notify_for_test = yes;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	hf_may_notify_for_test = NULL;
	file_expect_set(file, A, F_UNLCK, 0, 9);
	file_expect_held(file, "~W0-9");
	ask(file, &fl, C, F_RDLCK, 9, 9);
	expect_answer(file, &fl, F_WRLCK, 0, 9, 0);
	KUNIT_EXPECT_NULL(test, fl.c.flc_owner);
}

/* Linux 6.12: F_OFD_GETLK of F_UNLCK asks for one's own. */
static void own(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct file_lock fl;

	file_expect_set(file, A, F_RDLCK, 10, 19);
	file_expect_set(file, B, F_RDLCK, 0, 9);
	lock_init(file, &fl, NULL, A, F_UNLCK, 0, OFFSET_MAX,
		  FL_POSIX | FL_OFDLCK);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_OFD_GETLK, &fl));
	expect_answer(file, &fl, F_RDLCK, 10, 19, current->tgid);
	lock_init(file, &fl, NULL, A, F_UNLCK, 0, 9, FL_POSIX | FL_OFDLCK);
	KUNIT_EXPECT_EQ(test, 0, file_lock_cmd(file, F_OFD_GETLK, &fl));
	expect_answer(file, &fl, F_UNLCK, 0, 0, 0);
}

static int look(struct hf_test_file *file, int type)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, B, type, 0, 9, FL_POSIX | FL_ACCESS);
	return file_lock_cmd(file, F_SETLK, &fl);
}

/* FL_ACCESS: the answer of F_SETLK, and nothing is held. */
static void access_only(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, look(file, F_WRLCK));
	file_expect_held(file, "");
	file_expect_set(file, A, F_RDLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, look(file, F_RDLCK));
	KUNIT_EXPECT_EQ(test, -EAGAIN, look(file, F_WRLCK));
	file_expect_held(file, "aR0-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(held),
	KUNIT_CASE(held_by_server),
	KUNIT_CASE(reservation),
	KUNIT_CASE(own),
	KUNIT_CASE(access_only),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_test",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
