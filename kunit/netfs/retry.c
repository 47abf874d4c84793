// SPDX-License-Identifier: GPL-2.0-only
/* What is tried again, after which time, until when; and what is not wanted any more. */
#include "fake.h"

#define PIECE 3000
/* Nothing that waits for so long comes by itself. */
#define LONG_MS (24U * 3600 * 1000)

/* Each of those that pass; the delays double, and are no less. */
static void transient(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	/* The last is the filesystem's. */
	static const int errors[] = { -EAGAIN, -EINTR, -ENOMEM, -EBUSY };
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	u32 delay = fake->netfs.retry.first;
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++, delay *= 2) {
		struct call *call = fake_next_is(fake, RL_DIRECT_READ, 0, PIECE), *again;

		fake_answer(call, 0, errors[i], 0);
		again = fake_next_is(fake, RL_DIRECT_READ, 0, PIECE);
		fake->seen--;
		KUNIT_EXPECT_GE(test, again->issued_at, call->answered_at + delay);
	}
	fake_serve(fake_next(fake));
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PIECE, SERVER));
	fake_expect_quiet(fake);
}

/* With some of the bytes, and the rest is asked for. */
static void transient_in_the_middle(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_read, 0, PAGE_SIZE);

	fake_answer(fake_next_is(fake, RL_READ, 0, PAGE_SIZE), 1000, -EAGAIN, 0);
	fake_serve(fake_next_is(fake, RL_READ, 1000, PAGE_SIZE - 1000));
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PAGE_SIZE, SERVER));
}

static void not_transient(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);

	fake_answer(fake_next(fake), 0, -ESTALE, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ESTALE);
	fake_expect_quiet(fake);
}

/* A server that takes nothing is none. */
static void stuck(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;
	int i;

	fake->netfs.retry.first = fake->netfs.retry.cap = 1;
	doing = fake_start(fake, doing_direct_write, 0, PIECE);
	for (i = 0; i < fake->netfs.retry.stuck; i++)
		fake_answer(fake_next_is(fake, RL_DIRECT_WRITE, 0, PIECE), 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	fake_expect_quiet(fake);
}

static struct fake *soft(struct kunit *test, u32 timeo)
{
	struct hf_netfs_limits limits = fake_limits;

	limits.timeo = timeo;
	return fake_mount_with(test, PAGE_SIZE, &limits);
}

/* It always says: later. */
static void soft_transient(struct kunit *test)
{
	struct fake *fake = soft(test, 300);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	u64 deadline = fake_next(fake)->sub->core.deadline;

	fake->issue_error = -EAGAIN;
	fake_answer(&fake->call[0], 0, -EAGAIN, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ETIMEDOUT);
	KUNIT_EXPECT_GT(test, fake->calls, 1);
	KUNIT_EXPECT_GE(test, (u64)ktime_to_ms(ktime_get()), deadline);
}

/* It says nothing: then that is hurried, and what it answers counts. */
static void soft_silent(struct kunit *test)
{
	struct fake *fake = soft(test, 50);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	struct call *call = fake_next(fake);

	fake_wait_cancelled(call);
	fake_expect_waits(doing);
	fake_answer(call, 0, -EINTR, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ETIMEDOUT);

	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	call = fake_next(fake);
	fake_wait_cancelled(call);
	fake_serve(call);
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
	KUNIT_EXPECT_EQ(test, fake->calls, 2);
}

/* Once it is answered nothing waits for the deadline. */
static void soft_answered(struct kunit *test)
{
	struct fake *fake = soft(test, LONG_MS);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);

	fake_serve(fake_next(fake));
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake_inode(fake)->io_count), 0);
	doing = fake_start(fake, doing_read, 0, 100);
	fake_serve(fake_next(fake));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 100);
	fake_wait_ended(fake);
}

/* Progress begins the time anew: a soft mount does not give up on who is slow. */
static void soft_progress(struct kunit *test)
{
	struct fake *fake = soft(test, LONG_MS);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	struct hf_netfs_sub *sub = fake_next(fake)->sub;
	u64 before = sub->core.deadline;

	fake_answer(&fake->call[0], 1, -EAGAIN, 0);
	fake_next_is(fake, RL_DIRECT_READ, 1, PIECE - 1);
	KUNIT_EXPECT_GT(test, sub->core.deadline, before);
	fake_serve_all(fake);
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
}

/* A cancel that comes before ->issue() knows of anything to cancel. */
static void cancel_passes_issue(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;
	struct call *call;

	fake->gate = true;
	fake->deaf = true;
	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	wait_event_timeout(fake->wait, READ_ONCE(fake->at_gate), FAKE_PATIENCE);
	KUNIT_ASSERT_EQ(test, fake->at_gate, 1);
	hf_netfs_abort(&fake->netfs, -ENOTCONN);
	WRITE_ONCE(fake->gate, false);
	wake_up(&fake->wait);
	call = fake_next(fake);
	fake_wait_cancelled(call);
	fake_answer(call, 0, -EINTR, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ENOTCONN);
}

static void cancels_once(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	struct call *call = fake_next(fake);

	fake->deaf = true;
	hf_netfs_abort(&fake->netfs, -ENOTCONN);
	KUNIT_EXPECT_TRUE(test, call->cancelled);
	call->cancelled = false;
	hf_netfs_abort(&fake->netfs, -EIO);
	KUNIT_EXPECT_FALSE(test, call->cancelled);
	/* All of the bytes win; an error that passes does not try again. */
	fake_answer(call, 1000, -EAGAIN, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 1000);
	fake_expect_quiet(fake);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(transient),
	KUNIT_CASE(transient_in_the_middle),
	KUNIT_CASE(not_transient),
	KUNIT_CASE(stuck),
	KUNIT_CASE(soft_transient),
	KUNIT_CASE(soft_silent),
	KUNIT_CASE(soft_answered),
	KUNIT_CASE(soft_progress),
	KUNIT_CASE(cancel_passes_issue),
	KUNIT_CASE(cancels_once),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_retry",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
