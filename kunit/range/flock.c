// SPDX-License-Identifier: GPL-2.0-only
/* flock(2): the open file is the owner, and a conversion gives up first. */
#include "../threads.h"
#include "file.h"

#define expect_flock(file, open, type, ret)				\
	KUNIT_EXPECT_EQ((file)->test, ret, file_flock(file, open, type))

static void shared_and_exclusive(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	expect_flock(file, 0, F_RDLCK, 0);
	expect_flock(file, 1, F_RDLCK, 0);
	expect_flock(file, 2, F_WRLCK, -EAGAIN);
	expect_flock(file, 0, F_UNLCK, 0);
	expect_flock(file, 1, F_WRLCK, 0);
	expect_flock(file, 1, F_WRLCK, 0);
	expect_flock(file, 0, F_RDLCK, -EAGAIN);
	file_expect_flock(file, "1W0-end");
}

/* flock and POSIX locks do not see each other. */
static void apart_from_posix(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	file_expect_set(file, A, F_WRLCK, 0, OFFSET_MAX);
	expect_flock(file, 0, F_WRLCK, 0);
	file_expect_set(file, A, F_UNLCK, 0, OFFSET_MAX);
	file_expect_flock(file, "0W0-end");
	file_expect_held(file, "");
}

static void failed_conversion_loses(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	expect_flock(file, 0, F_RDLCK, 0);
	expect_flock(file, 1, F_RDLCK, 0);
	expect_flock(file, 0, F_WRLCK, -EAGAIN);
	file_expect_flock(file, "1R0-end");
}

/* Thread nr waits in flock() with open file 1 + nr, as a process would. */
struct sleepers {
	int ret[THREADS];
	int type[THREADS];
};

static void sleep_in_flock(struct crew *crew, unsigned int nr)
{
	struct sleepers *sleepers = crew->private;
	struct hf_test_file *file = crew->file;
	struct file *open = file->open[1 + nr];
	struct file_lock fl;

	lock_init(file, &fl, NULL, A, sleepers->type[nr], 0, OFFSET_MAX,
		  FL_FLOCK | FL_SLEEP);
	fl.c.flc_file = open;
	fl.c.flc_owner = open;
	sleepers->ret[nr] = hf_flock(file->domain, &file->li, open, F_SETLKW,
				     &fl);
}

static void wait_until_queued(struct hf_test_file *file, u64 count)
{
	struct hf_table *table = file->li.table;

	while (READ_ONCE(table->flock.nr_waiters) != count)
		schedule_timeout_uninterruptible(1);
	file_check(file);
}

static void waits(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct sleepers sleepers = { .type = { F_WRLCK } };
	struct crew crew = { .test = test, .file = file, .work = sleep_in_flock,
			     .private = &sleepers };

	expect_flock(file, 0, F_WRLCK, 0);
	crew_start(&crew, 1);
	wait_until_queued(file, 1);
	file_expect_flock(file, "0W0-end");
	expect_flock(file, 0, F_UNLCK, 0);
	crew_wait(&crew, 1);
	KUNIT_EXPECT_EQ(test, sleepers.ret[0], 0);
	file_check(file);
	file_expect_flock(file, "1W0-end");
}

/* From exclusive to shared: the other reader gets in. */
static void downgrade_serves(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct sleepers sleepers = { .type = { F_RDLCK } };
	struct crew crew = { .test = test, .file = file, .work = sleep_in_flock,
			     .private = &sleepers };

	expect_flock(file, 0, F_WRLCK, 0);
	crew_start(&crew, 1);
	wait_until_queued(file, 1);
	expect_flock(file, 0, F_RDLCK, 0);
	crew_wait(&crew, 1);
	KUNIT_EXPECT_EQ(test, sleepers.ret[0], 0);
	file_expect_flock(file, "0R0-end 1R0-end");
}

/* A reader that fails to convert is no reader any more: one less to wait for. */
static void conversion_serves(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct sleepers sleepers = { .type = { F_WRLCK } };
	struct crew crew = { .test = test, .file = file, .work = sleep_in_flock,
			     .private = &sleepers };

	expect_flock(file, 0, F_RDLCK, 0);
	expect_flock(file, 2, F_RDLCK, 0);
	crew_start(&crew, 1);
	wait_until_queued(file, 1);
	expect_flock(file, 0, F_WRLCK, -EAGAIN);
	expect_flock(file, 2, F_UNLCK, 0);
	crew_wait(&crew, 1);
	KUNIT_EXPECT_EQ(test, sleepers.ret[0], 0);
	file_expect_flock(file, "1W0-end");
}

/* Two readers that both convert and wait: as each gives up first, no deadlock. */
static void two_conversions(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct sleepers sleepers = { .type = { F_WRLCK, F_WRLCK } };
	struct crew crew = { .test = test, .file = file, .work = sleep_in_flock,
			     .private = &sleepers };

	expect_flock(file, 0, F_RDLCK, 0);
	expect_flock(file, 1, F_RDLCK, 0);
	expect_flock(file, 2, F_RDLCK, 0);
	crew_start(&crew, 2);
	wait_until_queued(file, 2);
	file_expect_flock(file, "0R0-end");
	expect_flock(file, 0, F_UNLCK, 0);
	wait_until_queued(file, 1);
	expect_flock(file, 1, F_UNLCK, 0);
	expect_flock(file, 2, F_UNLCK, 0);
	crew_wait(&crew, 2);
	KUNIT_EXPECT_EQ(test, sleepers.ret[0], 0);
	KUNIT_EXPECT_EQ(test, sleepers.ret[1], 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(shared_and_exclusive),
	KUNIT_CASE(apart_from_posix),
	KUNIT_CASE(failed_conversion_loses),
	KUNIT_CASE(waits),
	KUNIT_CASE(downgrade_serves),
	KUNIT_CASE(conversion_serves),
	KUNIT_CASE(two_conversions),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_flock",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
