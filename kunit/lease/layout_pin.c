// SPDX-License-Identifier: GPL-2.0-only
/* Pins: of drivers, which keep the file open, and of processes. */
#include <linux/file.h>

#include "lease.h"

static void holds(struct hf_test_lease *file, unsigned int nr, u32 type,
		  u64 start, u64 length)
{
	lease_open(file, nr, O_RDWR);
	KUNIT_EXPECT_EQ(file->test, 0L,
			layout_set(file, nr, type, start, length));
}

static struct hf_pin *driver_pins(struct hf_test_lease *file, unsigned int nr,
				  loff_t start, loff_t length, bool write)
{
	struct hf_pin *pin = hf_layout_pin(file->open[nr], start, length, write);

	KUNIT_ASSERT_FALSE(file->test, IS_ERR(pin));
	return pin;
}

#define EXPECT_NO_PIN(error, ...)					\
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(error), hf_layout_pin(__VA_ARGS__))

static void driver(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long pins = lease_count(pins), ended = lease_count(pins_ended);
	struct hf_pin *first, *second;

	holds(file, 0, HF_LAYOUT_WRITE, 0, 100);
	first = driver_pins(file, 0, 10, 10, true);
	second = driver_pins(file, 0, 0, 100, false);
	lease_expect(file, "0YW0-99 0PR0-99 0PW10-19");
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, 0, 99, 200));
	hf_layout_unpin(second);
	KUNIT_EXPECT_EQ(test, 0, change(file, 0, 20, LS_END));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, 0, 19, LS_END));
	hf_layout_unpin(first);
	lease_expect(file, "0YW0-99");
	KUNIT_EXPECT_EQ(test, 0, change(file, 0, 0, LS_END));
	KUNIT_EXPECT_EQ(test, pins + 2, lease_count(pins));
	KUNIT_EXPECT_EQ(test, ended + 2, lease_count(pins_ended));
}

/* The process is gone, its device is not: the last unpin is the last close. */
static void driver_keeps_file(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct file *open;
	struct hf_pin *pin;

	holds(file, 0, HF_LAYOUT_READ, 0, 100);
	pin = driver_pins(file, 0, 0, 1, false);
	open = file->open[0];
	KUNIT_EXPECT_EQ(test, 2L, file_count(open));
	__fput_sync(open);
	KUNIT_EXPECT_EQ(test, 1L, file_count(open));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&file->released));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 0, 0));
	lease_expect(file, "0YR0-99 0PR0-0");
	file->open[0] = NULL;
	hf_layout_unpin(pin);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&file->released));
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 0, 0));
}

static void driver_refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long refused = lease_count(pins_refused);
	struct file *open;

	lease_open(file, 0, O_RDWR);
	open = file->open[0];
	EXPECT_NO_PIN(-EPERM, open, 0, 1, false);
	/* A lease is no layout. */
	lease_open(file, 1, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 1, 0, F_RDLCK, FL_DELEG));
	EXPECT_NO_PIN(-EPERM, file->open[1], 0, 1, false);
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_READ, 10, 10));
	EXPECT_NO_PIN(-EINVAL, open, -1, 1, false);
	EXPECT_NO_PIN(-EINVAL, open, 10, 0, false);
	EXPECT_NO_PIN(-EINVAL, open, 10, -1, false);
	EXPECT_NO_PIN(-EINVAL, open, LS_END, 2, false);
	EXPECT_NO_PIN(-EPERM, open, LS_END, 1, false);
	EXPECT_NO_PIN(-EPERM, open, 9, 2, false);
	EXPECT_NO_PIN(-EPERM, open, 19, 2, false);
	EXPECT_NO_PIN(-EPERM, open, 10, 10, true);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 10, 10));
	EXPECT_NO_PIN(-EAGAIN, open, 10, 10, false);
	lease_left(file, 0);
	EXPECT_NO_PIN(-EPERM, open, 10, 10, false);
	lease_expect(file, "0YR10-19x 1DR");
	KUNIT_EXPECT_EQ(test, 1L, file_count(open));
	KUNIT_EXPECT_EQ(test, refused + 6, lease_count(pins_refused));
}

static void process(struct kunit *test)
{
	struct hf_ioc_pin pin = {
		.type = HF_LAYOUT_READ,
		.start = 10,
		.length = 11,
	};
	struct hf_test_lease *file = test->priv;
	s64 first, second, other;

	holds(file, 0, HF_LAYOUT_WRITE, 0, 100);
	holds(file, 1, HF_LAYOUT_WRITE, 0, 0);
	first = pin_set(file, 0, HF_LAYOUT_READ, 10, 10);
	second = pin_set(file, 0, HF_LAYOUT_WRITE, 10, 10);
	other = pin_set(file, 1, HF_LAYOUT_WRITE, 50, 0);
	KUNIT_EXPECT_GT(test, first, 0LL);
	KUNIT_EXPECT_GT(test, second, first);
	KUNIT_EXPECT_GT(test, other, second);
	lease_expect(file, "0YW0-99 0PW10-19 0PR10-19 1YW0-end 1PW50-end");
	/* Only a driver's keeps the file open. */
	KUNIT_EXPECT_EQ(test, 1L, file_count(file->open[0]));
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, other));
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, other + 1));
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, 0));
	/* With its range, it has to be its range. */
	pin.id = first;
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_ioctl(file, 0, HF_IOC_UNPIN, &pin));
	pin.length = 10;
	KUNIT_EXPECT_EQ(test, 0L, layout_ioctl(file, 0, HF_IOC_UNPIN, &pin));
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, first));
	lease_expect(file, "0YW0-99 0PW10-19 1YW0-end 1PW50-end");
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 15, 15));
	/* The last close ends them. */
	lease_close(file, 0);
	lease_expect(file, "1YW0-end 1PW50-end");
	KUNIT_EXPECT_EQ(test, 0, change(file, 1, 0, 49));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, 1, 0, 50));
}

static void process_refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_ioc_pin pin = { .type = HF_LAYOUT_READ, .flags = 1 };

	holds(file, 0, HF_LAYOUT_READ, 0, 100);
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_ioctl(file, 0, HF_IOC_PIN, &pin));
	pin = (struct hf_ioc_pin) { .type = HF_LAYOUT_READ, .id = 1 };
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_ioctl(file, 0, HF_IOC_PIN, &pin));
	KUNIT_EXPECT_EQ(test, -EINVAL, pin_set(file, 0, HF_LAYOUT_NONE, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, pin_set(file, 0, 3, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, pin_set(file, 0, HF_LAYOUT_READ, ~0ULL, 2));
	KUNIT_EXPECT_EQ(test, -EPERM, pin_set(file, 0, HF_LAYOUT_READ, 0, 0));
	KUNIT_EXPECT_EQ(test, -EPERM, pin_set(file, 0, HF_LAYOUT_WRITE, 0, 1));
	pin = (struct hf_ioc_pin) { .id = 1, .flags = 1 };
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_ioctl(file, 0, HF_IOC_UNPIN, &pin));
	pin = (struct hf_ioc_pin) { .id = 1, .type = 3 };
	KUNIT_EXPECT_EQ(test, -EINVAL, layout_ioctl(file, 0, HF_IOC_UNPIN, &pin));
	lease_expect(file, "0YR0-99");
}

/* A process guesses the number of a driver's pin on its own file. */
static void process_cannot_end_drivers(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_pin *pin;
	s64 last;

	holds(file, 0, HF_LAYOUT_READ, 0, 100);
	last = pin_set(file, 0, HF_LAYOUT_READ, 0, 1);
	pin = driver_pins(file, 0, 0, 1, false);
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, last + 1));
	KUNIT_EXPECT_EQ(test, 0L, pin_end(file, 0, last));
	lease_expect(file, "0YR0-99 0PR0-0");
	hf_layout_unpin(pin);
	lease_expect(file, "0YR0-99");
}

/* Of an administrator, who ends those of processes: a driver looks at its own. */
static void all_but_drivers(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long ended = lease_count(pins_ended);
	struct hf_ioc_unpin_all all = {};
	struct hf_pin *pin;
	s64 gone;

	holds(file, 0, HF_LAYOUT_WRITE, 0, 100);
	holds(file, 1, HF_LAYOUT_READ, 0, 0);
	gone = pin_set(file, 0, HF_LAYOUT_READ, 10, 10);
	pin = driver_pins(file, 0, 0, 1, true);
	pin_set(file, 1, HF_LAYOUT_READ, 50, 0);
	/* By a descriptor that has nothing to do with them. */
	lease_open(file, 2, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0L, layout_ioctl(file, 2, HF_IOC_UNPIN_ALL, &all));
	KUNIT_EXPECT_EQ(test, 2U, all.ended);
	KUNIT_EXPECT_EQ(test, 1U, all.left);
	KUNIT_EXPECT_EQ(test, ended + 2, lease_count(pins_ended));
	lease_expect(file, "0YW0-99 0PW0-0 1YR0-end");
	KUNIT_EXPECT_EQ(test, -ENOENT, pin_end(file, 0, gone));
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 0, 0));
	hf_layout_unpin(pin);
	KUNIT_EXPECT_GT(test, pin_set(file, 0, HF_LAYOUT_READ, 10, 10), gone);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			layout_ioctl(file, 2, HF_IOC_UNPIN_ALL, &all));
	lease_expect(file, "0YW0-99 0PR10-19 1YR0-end");
}

static void outlasts_layout(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct hf_pin *pin;

	holds(file, 0, HF_LAYOUT_READ, 0, 100);
	pin = driver_pins(file, 0, 0, 10, false);
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK, change(file, -1, 50, 50));
	lease_left(file, 0);
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 50, 50));
	lease_expect(file, "0YR0-99x 0PR0-9");
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 9, 9));
	KUNIT_EXPECT_EQ(test, 0L, layout_set(file, 0, HF_LAYOUT_NONE, 0, 0));
	lease_expect(file, "0PR0-9");
	KUNIT_EXPECT_EQ(test, -ETXTBSY, change(file, -1, 9, 9));
	hf_layout_unpin(pin);
	KUNIT_EXPECT_EQ(test, 0, change(file, -1, 9, 9));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(driver),
	KUNIT_CASE(driver_keeps_file),
	KUNIT_CASE(driver_refused),
	KUNIT_CASE(process),
	KUNIT_CASE(process_refused),
	KUNIT_CASE(process_cannot_end_drivers),
	KUNIT_CASE(all_but_drivers),
	KUNIT_CASE(outlasts_layout),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_layout_pin",
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
