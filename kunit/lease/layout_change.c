// SPDX-License-Identifier: GPL-2.0-only
/* Operations that move or free blocks, and their wait for layouts. */
#include "lease.h"

/* As processes wait: of kernel threads there is one case. */
static int be_patient(struct kunit_suite *suite)
{
	hf_kthreads_wait_for_test = true;
	return 0;
}

static void be_impatient(struct kunit_suite *suite)
{
	hf_kthreads_wait_for_test = false;
}

static void holds(struct hf_test_lease *file, unsigned int nr, u64 start,
		  u64 length)
{
	lease_open(file, nr, O_RDONLY);
	KUNIT_EXPECT_EQ(file->test, 0L,
			layout_set(file, nr, HF_LAYOUT_READ, start, length));
}

/* By somebody who did not wait.  Only a wake-up ends who waits from now on. */
static void break_for_ever(struct hf_test_lease *file, loff_t start, loff_t end)
{
	be_impatient(NULL);
	KUNIT_EXPECT_EQ(file->test, -EWOULDBLOCK, change(file, -1, start, end));
	be_patient(NULL);
	lease_left(file, LEASE_FOR_EVER);
}

static struct lease_waiter *waits_as(struct hf_test_lease *file,
				     int (*work)(struct lease_waiter *waiter),
				     loff_t start, loff_t end,
				     struct inode *locked)
{
	struct lease_waiter *waiter = kunit_kzalloc(file->test, sizeof(*waiter),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(file->test, waiter);
	waiter->file = file;
	waiter->work = work;
	waiter->start = start;
	waiter->end = end;
	waiter->locked = locked;
	waiter_start(waiter);
	return waiter;
}

static struct lease_waiter *waits(struct hf_test_lease *file, loff_t start,
				  loff_t end, struct inode *locked)
{
	return waits_as(file, change_waits, start, end, locked);
}

static void nothing_in_the_way(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_change one, two;

	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 0, LS_END));
	holds(file, 0, 10, 10);
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 0, 9));
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 20, LS_END));
	/* One's own; and a change is not in another's way. */
	KUNIT_EXPECT_EQ(test, 0, change_begin(file, &one, 0, 0, LS_END));
	KUNIT_EXPECT_EQ(test, 0, change_begin(file, &two, 0, 10, 10));
	hf_change_end(&one);
	hf_change_end(&two);
	lease_expect(file, "0YR10-19");
}

static void impossible_ranges(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL, change(file, -1, -1, 5));
	KUNIT_EXPECT_EQ(test, -EINVAL, change(file, -1, 5, 4));
	KUNIT_EXPECT_TRUE(test, ls_idle(hf_leases(&file->li)));
}

/* A kernel thread would keep its server waiting. */
static void kernel_threads_do_not(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	be_impatient(NULL);
	holds(file, 0, 10, 10);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 19, 19));
	lease_expect(file, "0YR10-19!");
	/* It has begun the break, and is in nobody's way. */
	KUNIT_EXPECT_NULL(test, hf_leases(&file->li)->changes);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 19, 19));
	lease_left(file, 0);
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 19, 19));
	lease_expect(file, "0YR10-19x");
	be_patient(NULL);
}

static void nonblocking(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	holds(file, 0, 10, 10);
	lease_open(file, 1, O_RDWR | O_NONBLOCK);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, 1, 19, 19));
	lease_expect(file, "0YR10-19!");
	/* The holder's own goes on, whoever breaks it. */
	KUNIT_EXPECT_EQ(test, 0, change(file, 0, 19, 19));
}

static void pinned(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long refused = lease_count(changes_refused);
	struct hf_pin *pin;

	holds(file, 0, 0, 100);
	holds(file, 1, 0, 100);
	pin = hf_layout_pin(file->open[0], 50, 1, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 0, 50));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, 0, 50, 50));
	/* Nothing was broken for it. */
	lease_expect(file, "0YR0-99 0PR50-50 1YR0-99");
	KUNIT_EXPECT_EQ(test, refused + 2, lease_count(changes_refused));
	hf_layout_unpin(pin);
}

static void returned_during_wait(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long waited = lease_count(changes_waited);
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	holds(file, 1, 50, 100);
	break_for_ever(file, 99, 99);
	lease_expect(file, "0YR0-99! 1YR50-149!");
	waiter = waits(file, 99, 99, NULL);
	lease_wait_until(file, lease_count(changes_waited) == waited + 1);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	/* The other is still there; and a new one would be in the way. */
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_READ, 99, 1));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 99));
	lease_expect(file, "0YR0-98 1YR50-149!");
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 1, HF_LAYOUT_NONE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "0YR0-98");
}

static void closed_during_wait(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long waited = lease_count(changes_waited);
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	break_for_ever(file, 0, LS_END);
	waiter = waits(file, 0, LS_END, NULL);
	lease_wait_until(file, lease_count(changes_waited) == waited + 1);
	lease_close(file, 0);
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
}

/* i_rwsem is let go of for the wait: the holder may need it. */
static void lock_is_let_go_of(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	waiter = waits(file, 0, LS_END, file->inode);
	lease_wait_for(file, "0YR0-99!");
	inode_lock(file->inode);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	inode_unlock(file->inode);
	/* It has it again, and has to look again at what it protects. */
	KUNIT_EXPECT_EQ(test, 1, waiter_end(waiter));
}

static void lock_is_kept(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	holds(file, 0, 0, 100);
	lease_open(file, 1, O_RDWR | O_NONBLOCK);
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waits(file, 100, 100, file->inode)));
	inode_lock(file->inode);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, 1, 0, 0));
	inode_unlock(file->inode);
}

/* Never answered; nobody but the clock ends the wait. */
static void runs_out(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long revoked = lease_count(layouts_revoked);
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	lease_open(file, 1, O_RDWR | O_NONBLOCK);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, 1, 0, 0));
	/* Who comes later has what the first has left. */
	lease_left(file, 200);
	waiter = waits(file, 5, 5, NULL);
	KUNIT_EXPECT_EQ(test, 0, waiter_end(waiter));
	lease_expect(file, "0YR0-99x");
	KUNIT_EXPECT_EQ(test, revoked + 1, lease_count(layouts_revoked));
}

static void interrupted(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	waiter = waits(file, 0, LS_END, file->inode);
	lease_wait_for(file, "0YR0-99!");
	waiter_interrupt(waiter);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, waiter_end(waiter));
	KUNIT_EXPECT_NULL(test, hf_leases(&file->li)->changes);
	/* The break goes on without it. */
	lease_expect(file, "0YR0-99!");
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
}

static int worker_waits(struct lease_waiter *waiter)
{
	int ret;

	current->flags |= PF_USER_WORKER;
	ret = change_waits(waiter);
	current->flags &= ~PF_USER_WORKER;
	return ret;
}

/* io_uring's threads restart nothing, whatever the kernel makes of their answers. */
static void worker_interrupted(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter *waiter;

	holds(file, 0, 0, 100);
	waiter = waits_as(file, worker_waits, 0, LS_END, NULL);
	lease_wait_for(file, "0YR0-99!");
	waiter_interrupt(waiter);
	KUNIT_EXPECT_EQ(test, -EINTR, waiter_end(waiter));
}

/* From its first look to its end nothing is promised that it would break. */
static void nothing_new_meanwhile(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_change one;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, change_begin(file, &one, -1, 50, 59));
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_READ, 59, 1));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 60, 1));
	hf_change_end(&one);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	/* One's own layout stays, but gets no pin there. */
	KUNIT_EXPECT_EQ(test, 0, change_begin(file, &one, 0, 50, 59));
	KUNIT_EXPECT_EQ(test, -EAGAIN, pin_set(file, 0, HF_LAYOUT_READ, 50, 1));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EAGAIN),
			    hf_layout_pin(file->open[0], 0, 51, false));
	KUNIT_EXPECT_GT(test, pin_set(file, 0, HF_LAYOUT_READ, 0, 50), 0LL);
	hf_change_end(&one);
	KUNIT_EXPECT_GT(test, pin_set(file, 0, HF_LAYOUT_READ, 50, 1), 0LL);
	lease_expect(file, "0YR0-end 0PR50-50 0PR0-49");
}

/* Of the VFS, as it is set now: at most, since some of it may have passed. */
static void break_time(struct kunit *test)
{
	u64 first, second;

	KUNIT_EXPECT_EQ(test, 0, hf_break_time(&first));
	KUNIT_EXPECT_EQ(test, 0, hf_break_time(&second));
	KUNIT_EXPECT_GT(test, first, 0ULL);
	KUNIT_EXPECT_LE(test, first, 45000ULL);
	KUNIT_EXPECT_GT(test, second, 0ULL);
	KUNIT_EXPECT_LE(test, second, 45000ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_in_the_way),
	KUNIT_CASE(impossible_ranges),
	KUNIT_CASE(kernel_threads_do_not),
	KUNIT_CASE(nonblocking),
	KUNIT_CASE(pinned),
	KUNIT_CASE(returned_during_wait),
	KUNIT_CASE(closed_during_wait),
	KUNIT_CASE(lock_is_let_go_of),
	KUNIT_CASE(lock_is_kept),
	KUNIT_CASE(runs_out),
	KUNIT_CASE(interrupted),
	KUNIT_CASE(worker_interrupted),
	KUNIT_CASE(nothing_new_meanwhile),
	KUNIT_CASE(break_time),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_layout_change",
	.suite_init = be_patient,
	.suite_exit = be_impatient,
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
