// SPDX-License-Identifier: GPL-2.0-only
/* Breaks: answered at once, in time, never; by whom it owns; given up. */
#include "lease.h"

#define WRITER O_WRONLY
#define READER O_RDONLY
#define AT_ONCE O_NONBLOCK

static void user_holds(struct hf_test_lease *file, int type)
{
	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(file->test, 0, lease_set(file, 0, type));
}

static void server_holds(struct hf_test_lease *file, unsigned int flags)
{
	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(file->test, 0, lease_grant(file, 0, 0, F_RDLCK, flags));
}

/* Waits in a thread of its own; after this the break has begun. */
static struct lease_waiter *breaker_waits(struct hf_test_lease *file, int mode)
{
	struct lease_waiter *waiter = kunit_kzalloc(file->test, sizeof(*waiter),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(file->test, waiter);
	waiter->file = file;
	waiter->work = lease_breaks;
	waiter->mode = mode;
	waiter_start(waiter);
	wait_for_completion(&file->broken);
	return waiter;
}

/* lm_break() is true: the entry goes at once, and nobody waits. */
static void dropped_at_once(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	file->drop = true;
	server_holds(file, FL_LEASE);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&file->breaks));
	KUNIT_EXPECT_NULL(test, lease_ops(file));
	/* Its holder hears of it when it returns it; or takes it again. */
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_return(file, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_RDLCK, FL_LEASE));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));
	lease_expect(file, "");
}

static void user_dropped_at_once(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	file->drop = true;
	user_holds(file, F_RDLCK);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
	KUNIT_EXPECT_NULL(test, lease_ops(file));
	lease_close(file, 0);
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
}

/* lm_break() is false, and the holder returns it while the breaker waits. */
static void returned_during_break(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long broken = lease_count(leases_broken);
	long returned = lease_count(leases_returned);
	struct lease_waiter *waiter;

	user_holds(file, F_RDLCK);
	waiter = breaker_waits(file, WRITER);
	lease_expect(file, "0LR!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "");
	KUNIT_EXPECT_EQ(test, broken + 1, lease_count(leases_broken));
	KUNIT_EXPECT_EQ(test, returned + 1, lease_count(leases_returned));
}

static void delegation_returned(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	server_holds(file, FL_DELEG);
	waiter = breaker_waits(file, WRITER);
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "");
}

static void closed_during_break(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	user_holds(file, F_RDLCK);
	waiter = breaker_waits(file, WRITER);
	lease_close(file, 0);
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
}

static void downgraded_during_break(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long downgraded = lease_count(leases_downgraded);
	struct lease_waiter *waiter;

	user_holds(file, F_WRLCK);
	waiter = breaker_waits(file, READER);
	lease_expect(file, "0LWv");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, downgraded + 1, lease_count(leases_downgraded));
}

/* A reader first, then a writer: told once for each. */
static void broken_further(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	user_holds(file, F_WRLCK);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, READER | AT_ONCE));
	lease_expect(file, "0LWv");
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
	lease_expect(file, "0LW!");
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&file->breaks));
	/* A downgrade is no longer enough. */
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
}

/* The VFS takes it away in somebody's open, which is where we hear of it. */
static void revoked(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long revoked = lease_count(leases_revoked);

	user_holds(file, F_RDLCK);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
	hf_lease_opened(&file->li);
	lease_expect(file, "0LR!");
	lease_left(file, 0);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER | AT_ONCE));
	lease_expect(file, "0LRx");
	hf_lease_opened(&file->li);
	KUNIT_EXPECT_EQ(test, revoked + 1, lease_count(leases_revoked));
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_UNLCK));
	/* Granted anew by the same record. */
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	lease_expect(file, "");
}

static void downgraded_by_time(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long downgraded = lease_count(leases_downgraded);

	user_holds(file, F_WRLCK);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, READER | AT_ONCE));
	lease_left(file, 0);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, READER | AT_ONCE));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, downgraded + 1, lease_count(leases_downgraded));
}

/* Never answered: the breaker waits it out, whosever operations they are. */
static void runs_out(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	file->ticks = HZ / 4;
	user_holds(file, F_RDLCK);
	waiter = breaker_waits(file, WRITER);
	lease_left(file, 200);
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "0LRx");
	lease_close(file, 0);
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
}

static void server_runs_out(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	file->ticks = HZ / 4;
	server_holds(file, FL_LEASE);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
	KUNIT_EXPECT_NULL(test, lease_ops(file));
	lease_close(file, 0);
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
}

/* lm_breaker_owns_lease(): reached because the operations are nfsd's own. */
static void breaker_owns(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	file->breaker_owns = true;
	server_holds(file, FL_DELEG);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&file->breaks));
	lease_expect(file, "0DR");
	file->breaker_owns = false;
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
}

/* Who gives up leaves the break as it is, with its time. */
static void interrupted(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	user_holds(file, F_RDLCK);
	waiter = breaker_waits(file, WRITER);
	waiter_interrupt(waiter);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, waiter_end(waiter));
	lease_expect(file, "0LR!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
}

/* A second lease of the file is neither asked nor disturbed by a reader. */
static void only_in_the_way(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	user_holds(file, F_RDLCK);
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, READER));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&file->breaks));
	lease_open(file, 1, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_RDLCK));
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
	lease_expect(file, "0LR! 1LR!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, lease_break(file, WRITER | AT_ONCE));
	lease_expect(file, "1LR!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_UNLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_break(file, WRITER));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(dropped_at_once),
	KUNIT_CASE(user_dropped_at_once),
	KUNIT_CASE(returned_during_break),
	KUNIT_CASE(delegation_returned),
	KUNIT_CASE(closed_during_break),
	KUNIT_CASE(downgraded_during_break),
	KUNIT_CASE(broken_further),
	KUNIT_CASE(revoked),
	KUNIT_CASE(downgraded_by_time),
	KUNIT_CASE(runs_out),
	KUNIT_CASE(server_runs_out),
	KUNIT_CASE(breaker_owns),
	KUNIT_CASE(interrupted),
	KUNIT_CASE(only_in_the_way),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_break",
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
