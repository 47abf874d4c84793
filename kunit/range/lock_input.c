// SPDX-License-Identifier: GPL-2.0-only
/* What no caller may ask for is refused, and changes nothing. */
#include "file.h"

static int ask(struct hf_test_file *file, int cmd, unsigned int flags, int type,
	       loff_t start, loff_t end)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, A, type, start, end, flags);
	return file_lock_cmd(file, cmd, &fl);
}

static int ask_flock(struct hf_test_file *file, int cmd, unsigned int flags,
		     int type)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, A, type, 0, OFFSET_MAX, flags);
	return hf_flock(file->domain, &file->li, file->open[0], cmd, &fl);
}

#define REFUSED(ret) KUNIT_EXPECT_EQ(test, -EINVAL, ret)

static void refuse_all(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	/* commands */
	REFUSED(ask(file, 9999, FL_POSIX, F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLEASE, FL_POSIX, F_WRLCK, 0, 9));
	REFUSED(ask_flock(file, F_GETLK, FL_FLOCK, F_WRLCK));
	/* flags */
	REFUSED(ask(file, F_SETLK, FL_POSIX | BIT(20), F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLK, FL_POSIX | FL_LEASE, F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLK, FL_POSIX | FL_FLOCK, F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLK, FL_FLOCK, F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLK, 0, F_WRLCK, 0, 9));
	REFUSED(ask(file, F_SETLKW, FL_POSIX | FL_ACCESS | FL_SLEEP, F_WRLCK,
		    0, 9));
	REFUSED(ask_flock(file, F_SETLKW, FL_FLOCK | FL_ACCESS | FL_SLEEP,
			  F_WRLCK));
	REFUSED(ask_flock(file, F_SETLK, FL_POSIX, F_WRLCK));
	REFUSED(ask_flock(file, F_SETLK, FL_FLOCK | BIT(20), F_WRLCK));
	/* types */
	REFUSED(ask(file, F_SETLK, FL_POSIX, 77, 0, 9));
	REFUSED(ask(file, F_SETLK, FL_POSIX, F_EXLCK, 0, 9));
	REFUSED(ask_flock(file, F_SETLK, FL_FLOCK, 77));
	/* ranges */
	REFUSED(ask(file, F_SETLK, FL_POSIX, F_WRLCK, -1, 9));
	REFUSED(ask(file, F_SETLK, FL_POSIX, F_WRLCK, 9, 8));
	REFUSED(ask(file, F_SETLK, FL_POSIX, F_WRLCK, S64_MIN, S64_MAX));
	REFUSED(ask(file, F_SETLK, FL_POSIX, F_UNLCK, 9, 8));
	REFUSED(ask(file, F_SETLK, FL_POSIX | BIT(20), F_UNLCK, 0, 9));
	REFUSED(ask(file, F_GETLK, FL_POSIX, F_RDLCK, 9, 8));
}

static void unlocked_file(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	REFUSED(ask(file, F_SETLK, FL_POSIX, F_UNLCK, 9, 8));
	REFUSED(ask(file, F_SETLK, FL_POSIX | BIT(20), F_UNLCK, 0, 9));
	REFUSED(ask_flock(file, F_SETLK, FL_FLOCK | BIT(20), F_UNLCK));
	refuse_all(test);
	/* What is refused costs no memory. */
	KUNIT_EXPECT_NULL(test, file->li.table);
	file_expect_held(file, "");
	file_expect_flock(file, "");
}

static void locked_file(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	file_expect_set(file, A, F_RDLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, file_flock(file, 0, F_RDLCK));
	refuse_all(test);
	file_expect_held(file, "aR0-9");
	file_expect_flock(file, "0R0-end");
}

static void all_commands(struct kunit *test)
{
	static const int cmds[] = {
		F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW,
	};
	struct hf_test_file *file = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		KUNIT_EXPECT_EQ(test, 0, ask(file, cmds[i], FL_POSIX, F_WRLCK,
					     0, LK_END));
		file_expect_held(file, "aW0-end");
		KUNIT_EXPECT_EQ(test, 0, ask(file, cmds[i], FL_POSIX, F_UNLCK,
					     0, LK_END));
		file_expect_held(file, "");
	}
}

static void cancel_of_foreign(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, 0, ask(file, F_CANCELLK, FL_POSIX, F_WRLCK, 0, 9));
	file_expect_set(file, A, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, ask(file, F_CANCELLK, FL_POSIX, F_WRLCK, 0, 9));
	file_expect_held(file, "aW0-9");
}

static void fairness(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	KUNIT_EXPECT_EQ(test, PTR_ERR(hf_lock_domain_create(HF_FAIR_NONE + 1, NULL)),
			(long)-EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			hf_lock_domain_set_fairness(file->domain, 99));
	KUNIT_EXPECT_EQ(test, 0, hf_lock_domain_set_fairness(file->domain,
							     HF_FAIR_NONE));
	hf_lock_domain_put(NULL);
	/* It holds from the next request on. */
	file_expect_set(file, A, F_RDLCK, 0, 9);
	EXPECT_DEFERRED(fake_init(file, 0, &fake_grant_ops, B, F_WRLCK, 0, 9));
	KUNIT_EXPECT_EQ(test, 0, fake_ask(fake_init(file, 1, &fake_grant_ops, C,
						    F_RDLCK, 0, 9)));
	hf_lock_domain_set_fairness(file->domain, HF_FAIR_FIFO);
	EXPECT_DEFERRED(fake_init(file, 2, &fake_grant_ops, D, F_RDLCK, 0, 9));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(unlocked_file),
	KUNIT_CASE(locked_file),
	KUNIT_CASE(all_commands),
	KUNIT_CASE(cancel_of_foreign),
	KUNIT_CASE(fairness),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_input",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
