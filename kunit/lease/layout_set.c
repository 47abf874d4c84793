// SPDX-License-Identifier: GPL-2.0-only
/* HF_IOC_SETLAYOUT and HF_IOC_GETLAYOUT. */
#include <linux/cred.h>
#include <linux/sched/signal.h>

#include "lease.h"

static void expect_layout(struct hf_test_lease *file, unsigned int nr, u32 type,
			  u64 start, u64 length, u32 state)
{
	struct hf_ioc_layout layout = { .time_left_ms = 1 };

	KUNIT_EXPECT_EQ(file->test, 0L,
			layout_ioctl(file, nr, HF_IOC_GETLAYOUT, &layout));
	KUNIT_EXPECT_EQ(file->test, layout.type, type);
	KUNIT_EXPECT_EQ(file->test, layout.flags, 0U);
	KUNIT_EXPECT_EQ(file->test, layout.start, start);
	KUNIT_EXPECT_EQ(file->test, layout.length, length);
	KUNIT_EXPECT_EQ(file->test, layout.state, state);
	if (state != HF_LAYOUT_BREAKING)
		KUNIT_EXPECT_EQ(file->test, layout.time_left_ms, 0ULL);
	else
		KUNIT_EXPECT_NE(file->test, layout.time_left_ms, 0ULL);
}

static void taken_and_returned(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long granted = lease_count(layouts_granted);
	long returned = lease_count(layouts_returned);

	lease_open(file, 0, O_RDONLY);
	expect_layout(file, 0, HF_LAYOUT_NONE, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 10, 90));
	lease_expect(file, "0YR10-99");
	expect_layout(file, 0, HF_LAYOUT_READ, 10, 90, HF_LAYOUT_HELD);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	lease_expect(file, "");
	KUNIT_EXPECT_EQ(test, granted + 1, lease_count(layouts_granted));
	KUNIT_EXPECT_EQ(test, returned + 1, lease_count(layouts_returned));
}

static void replaced(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDWR);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	lease_expect(file, "0YR0-end");
	expect_layout(file, 0, HF_LAYOUT_READ, 0, 0, HF_LAYOUT_HELD);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_WRITE, 5, 1));
	lease_expect(file, "0YW5-5");
	lease_open(file, 1, O_RDWR);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 1, HF_LAYOUT_WRITE, 0, 0));
	lease_expect(file, "0YW5-5 1YW0-end");
	lease_close(file, 0);
	lease_expect(file, "1YW0-end");
}

/* Neither is there for the other; both go with their descriptor. */
static void beside_lease(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 10));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	lease_expect(file, "0LW 0YR0-9");
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 0, 0));
	lease_expect(file, "0LW 0YR0-9!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	lease_expect(file, "0YR0-9!");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 10));
	lease_close(file, 0);
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
}

static long set_words(struct hf_test_lease *file, struct hf_ioc_layout layout)
{
	return layout_ioctl(file, 0, HF_IOC_SETLAYOUT, &layout);
}

#define EXPECT_INVALID(...)						\
	KUNIT_EXPECT_EQ(test, -EINVAL,					\
			set_words(file, (struct hf_ioc_layout) { __VA_ARGS__ }))

static void bad_words(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDWR);
	EXPECT_INVALID(.type = 3);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .flags = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .state = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .time_left_ms = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .signal = 65);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .start = 1ULL << 63);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .start = ~0ULL, .length = 2);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .length = ~0ULL);
	EXPECT_INVALID(.type = HF_LAYOUT_READ, .start = 1, .length = 1ULL << 63);
	lease_expect(file, "");
	/* All of 0 to OFFSET_MAX is possible, to the byte. */
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0,
					     1ULL << 63));
	lease_expect(file, "0YR0-end");
	EXPECT_INVALID(.type = HF_LAYOUT_NONE, .start = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_NONE, .length = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_NONE, .signal = 1);
	EXPECT_INVALID(.type = HF_LAYOUT_NONE, .flags = 1);
	lease_expect(file, "0YR0-end");
}

static long call(struct hf_test_lease *file, unsigned int cmd)
{
	return hf_layout_ioctl(&file->li, file->open[0], cmd, 0);
}

static void bad_calls(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, -ENOTTY, call(file, 0));
	KUNIT_EXPECT_EQ(test, -ENOTTY, call(file, _IO(0xBA, 0x01)));
	KUNIT_EXPECT_EQ(test, -ENOTTY,
			call(file, _IOW(0xBA, 0x05, struct hf_ioc_pin)));
	/* No memory there. */
	KUNIT_EXPECT_EQ(test, -EFAULT, call(file, HF_IOC_SETLAYOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, call(file, HF_IOC_GETLAYOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, call(file, HF_IOC_PIN));
	KUNIT_EXPECT_EQ(test, -EFAULT, call(file, HF_IOC_UNPIN));
	lease_expect(file, "");
}

static void descriptor_allows(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	lease_open(file, 1, O_WRONLY);
	KUNIT_EXPECT_EQ(test, -EBADF, layout_set(file, 0, HF_LAYOUT_WRITE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBADF, layout_set(file, 1, HF_LAYOUT_READ, 0, 0));
	lease_expect(file, "");
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 1, HF_LAYOUT_WRITE, 0, 0));
	lease_expect(file, "0YR0-end 1YW0-end");
}

/* The owner of the file, or CAP_LEASE. */
static void owner_only(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct cred *cred = prepare_creds();
	const struct cred *before;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	lease_open(file, 0, O_RDONLY);
	cred->fsuid = KUIDT_INIT(1000);
	before = override_creds(cred);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	cap_lower(cred->cap_effective, CAP_LEASE);
	KUNIT_EXPECT_EQ(test, -EACCES, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	cred->fsuid = file->inode->i_uid;
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	revert_creds(before);
	put_cred(cred);
}

static void regular_only(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	umode_t mode = file->inode->i_mode;

	lease_open(file, 0, O_RDONLY);
	file->inode->i_mode = (mode & ~S_IFMT) | S_IFDIR;
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	file->inode->i_mode = mode;
	lease_expect(file, "");
}

/* Return: the signal that was sent; a kernel thread gets no more of it. */
static int signalled(void)
{
	struct kernel_siginfo info;
	/* One's own stays. */
	struct sighand_struct *own = rcu_dereference_protected(current->sighand,
							       true);
	enum pid_type type;
	int signal;

	spin_lock_irq(&own->siglock);
	signal = dequeue_signal(&current->blocked, &info, &type);
	spin_unlock_irq(&own->siglock);
	return signal;
}

static void break_and_expect(struct hf_test_lease *file, int signal)
{
	KUNIT_EXPECT_EQ(file->test, -EWOULDBLOCK, change(file, -1, 0, 0));
	KUNIT_EXPECT_EQ(file->test, signal, signalled());
	/* Once. */
	KUNIT_EXPECT_EQ(file->test, -EWOULDBLOCK, change(file, -1, 0, 0));
	KUNIT_EXPECT_EQ(file->test, 0, signalled());
}

/* The signal is the layout's own, and a lease's end does not disturb it. */
static void signals(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	allow_signal(SIGUSR1);
	allow_signal(SIGUSR2);
	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0L, set_words(file, (struct hf_ioc_layout) {
			.type = HF_LAYOUT_READ, .signal = SIGUSR1 }));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	break_and_expect(file, SIGUSR1);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	/* One that is replaced is told as the last one said. */
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, 0L, set_words(file, (struct hf_ioc_layout) {
			.type = HF_LAYOUT_READ, .signal = SIGUSR2 }));
	break_and_expect(file, SIGUSR2);
	/* Who is only revoked, or closes, hears nothing. */
	lease_left(file, 0);
	expect_layout(file, 0, HF_LAYOUT_READ, 0, 0, HF_LAYOUT_REVOKED);
	lease_close(file, 0);
	KUNIT_EXPECT_EQ(test, 0, signalled());
	disallow_signal(SIGUSR1);
	disallow_signal(SIGUSR2);
}

static void breaking_and_revoked(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long revoked = lease_count(layouts_revoked);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 0, 0));
	expect_layout(file, 0, HF_LAYOUT_READ, 0, 0, HF_LAYOUT_BREAKING);
	KUNIT_EXPECT_EQ(test, -EAGAIN, layout_set(file, 0, HF_LAYOUT_READ, 5, 5));
	lease_left(file, 0);
	expect_layout(file, 0, HF_LAYOUT_READ, 0, 0, HF_LAYOUT_REVOKED);
	KUNIT_EXPECT_EQ(test, revoked + 1, lease_count(layouts_revoked));
	/* A revoked one may be returned, or replaced. */
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 5, 5));
	lease_expect(file, "0YR5-9");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(taken_and_returned),
	KUNIT_CASE(replaced),
	KUNIT_CASE(beside_lease),
	KUNIT_CASE(bad_words),
	KUNIT_CASE(bad_calls),
	KUNIT_CASE(descriptor_allows),
	KUNIT_CASE(owner_only),
	KUNIT_CASE(regular_only),
	KUNIT_CASE(signals),
	KUNIT_CASE(breaking_and_revoked),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_layout_set",
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
