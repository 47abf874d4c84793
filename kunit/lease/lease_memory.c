// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a request fails in turn: it says so, and everything is as
 * it was.  What gives something back needs no memory.
 */
#include <linux/file.h>

#include "../fail.h"
#include "lease.h"

/* More than any request needs. */
#define LIMIT 40

/*
 * Asks until no allocation is left to fail, from the first one anew when the
 * failed request needs less next time: some things are made once for an inode.
 * Return: what the request then answered; @failures is how many were failed.
 */
static long ask_failing(struct hf_test_lease *file,
			long (*ask)(struct hf_test_lease *file),
			unsigned int *failures)
{
	char *before = kunit_kstrdup(file->test, lease_describe(file),
				     GFP_KERNEL);
	const struct file_lock_context *ctx;
	unsigned int nth = 1;

	KUNIT_ASSERT_NOT_NULL(file->test, before);
	for (*failures = 0; *failures < LIMIT; ++*failures) {
		long ret;

		ctx = locks_inode_context(file->inode);
		fail_next(nth);
		ret = ask(file);
		if (!fail_stop())
			return ret;
		KUNIT_EXPECT_EQ(file->test, -ENOMEM, ret);
		lease_expect(file, before);
		KUNIT_EXPECT_NULL(file->test, hf_leases(&file->li)->changes);
		nth = ctx != locks_inode_context(file->inode) ? 1 : nth + 1;
	}
	return -ELOOP;
}

/* Return: how many allocations it has, all of which were failed. */
static unsigned int fail_each(struct hf_test_lease *file,
			      long (*ask)(struct hf_test_lease *file))
{
	unsigned int failures = 0;

	KUNIT_EXPECT_EQ(file->test, 0L, ask_failing(file, ask, &failures));
	return failures;
}

static long take_lease(struct hf_test_lease *file)
{
	return lease_set(file, 0, F_RDLCK);
}

static void lease(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	/* The VFS's entry and context, our record. */
	KUNIT_EXPECT_GE(test, fail_each(file, take_lease), 3U);
	lease_expect(file, "0LR");
	/* The same again is refused in the same way, and it stays. */
	KUNIT_EXPECT_GE(test, fail_each(file, take_lease), 2U);
	lease_expect(file, "0LR");
}

static long take_delegation(struct hf_test_lease *file)
{
	return lease_grant(file, 0, 0, F_RDLCK, FL_DELEG);
}

static void delegation(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_GE(test, fail_each(file, take_delegation), 3U);
	lease_expect(file, "0DR");
}

/* Failed from here on, so that the user's memory is there by then. */
static unsigned int nth_of_ioctl;
static bool ioctl_failed;

static long failing_ioctl(struct file *open, unsigned int cmd, unsigned long arg)
{
	struct hf_test_lease *file = open->private_data;
	long ret;

	fail_next(nth_of_ioctl);
	ret = hf_layout_ioctl(&file->li, open, cmd, arg);
	ioctl_failed = fail_stop();
	return ret;
}

static const struct file_operations failing_operations = {
	.unlocked_ioctl	= failing_ioctl,
};

static long take_layout(struct hf_test_lease *file)
{
	return layout_set(file, 0, HF_LAYOUT_WRITE, 0, 10);
}

static long replace_layout(struct hf_test_lease *file)
{
	return layout_set(file, 0, HF_LAYOUT_READ, 5, 10);
}

static long take_pin(struct hf_test_lease *file)
{
	return pin_set(file, 0, HF_LAYOUT_READ, 5, 1);
}

/* As fail_each(). */
static unsigned int fail_each_of_ioctl(struct hf_test_lease *file,
				       long (*ask)(struct hf_test_lease *file))
{
	const struct file_operations *operations = file->open[0]->f_op;
	char *before = kunit_kstrdup(file->test, lease_describe(file),
				     GFP_KERNEL);
	long ret = -ENOMEM;

	KUNIT_ASSERT_NOT_NULL(file->test, before);
	file->open[0]->f_op = &failing_operations;
	ioctl_failed = true;
	for (nth_of_ioctl = 1; nth_of_ioctl < LIMIT; nth_of_ioctl++) {
		ret = ask(file);
		if (!ioctl_failed)
			break;
		KUNIT_EXPECT_EQ(file->test, -ENOMEM, ret);
		lease_expect(file, before);
	}
	file->open[0]->f_op = operations;
	KUNIT_EXPECT_GE(file->test, ret, 0L);
	return nth_of_ioctl - 1;
}

static void layout(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDWR);
	/* The record, and of its notice the dentry, the file, the fasync. */
	KUNIT_EXPECT_GE(test, fail_each_of_ioctl(file, take_layout), 4U);
	lease_expect(file, "0YW0-9");
	KUNIT_EXPECT_GE(test, fail_each_of_ioctl(file, replace_layout), 4U);
	lease_expect(file, "0YR5-14");
	KUNIT_EXPECT_EQ(test, fail_each_of_ioctl(file, take_pin), 1U);
	lease_expect(file, "0YR5-14 0PR5-5");
}

static long take_drivers_pin(struct hf_test_lease *file)
{
	struct hf_pin *pin = hf_layout_pin(file->open[0], 0, 1, false);

	if (IS_ERR(pin))
		return PTR_ERR(pin);
	hf_layout_unpin(pin);
	return 0;
}

static void drivers_pin(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDWR);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 10));
	KUNIT_EXPECT_EQ(test, fail_each(file, take_drivers_pin), 1U);
	KUNIT_EXPECT_EQ(test, 1L, file_count(file->open[0]));
	lease_expect(file, "0YR0-9");
}

static long learn_break_time(struct hf_test_lease *file)
{
	u64 ms;

	return hf_break_time(&ms);
}

/* The VFS's own part of a break is made up of entries, too. */
static void break_time(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	/* The first is what makes the context of the file that it breaks. */
	KUNIT_EXPECT_EQ(test, 0L, learn_break_time(file));
	KUNIT_EXPECT_EQ(test, fail_each(file, learn_break_time), 2U);
	KUNIT_EXPECT_EQ(test, 0L, learn_break_time(file));
}

/* A kernel thread is told not to wait, or that there is no memory. */
static long begin_change(struct hf_test_lease *file)
{
	long ret = change(file, -1, 0, 0);

	return ret == -EWOULDBLOCK ? 0 : ret;
}

static void change_fails(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDWR);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 10));
	KUNIT_EXPECT_EQ(test, fail_each(file, begin_change), 2U);
	lease_expect(file, "0YR0-9!");
}

static void rest_allocates_nothing(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_pin *pin;

	lease_open(file, 0, O_RDONLY);
	lease_open(file, 1, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 10));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 1, HF_LAYOUT_READ, 20, 10));
	pin = hf_layout_pin(file->open[0], 0, 1, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
	fail_next(1);
	/* One in whose way there is nothing; an open that waited; the closes. */
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 10, 19));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 0, 0));
	hf_lease_opened(&file->li);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	hf_layout_unpin(pin);
	lease_close(file, 0);
	lease_close(file, 1);
	hf_lease_evict(&file->li);
	KUNIT_EXPECT_FALSE(test, fail_stop());
	KUNIT_EXPECT_TRUE(test, ls_idle(hf_leases(&file->li)));
}

static int works(struct kunit *test)
{
	struct hf_test_lease *file;
	int ret = lease_init(test);

	if (ret)
		return ret;
	file = test->priv;
	lease_open(file, 3, O_RDONLY);
	fail_next(1);
	ret = lease_set(file, 3, F_RDLCK);
	KUNIT_EXPECT_TRUE(test, fail_stop());
	KUNIT_EXPECT_EQ(test, -ENOMEM, ret);
	lease_close(file, 3);
	return 0;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(lease),
	KUNIT_CASE(delegation),
	KUNIT_CASE(layout),
	KUNIT_CASE(drivers_pin),
	KUNIT_CASE(break_time),
	KUNIT_CASE(change_fails),
	KUNIT_CASE(rest_allocates_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_memory",
	.init = works,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
