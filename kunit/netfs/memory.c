// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations fail.  Those of requests are of caches that other suites do not fail:
 * they are switched on here, for the test alone.
 */
#include <linux/file.h>

#include "../fail.h"
#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)
#define PIECE FAKE_PIECE
/* More than any call has. */
#define LIMIT 40

static void set_file(struct kunit *test, const char *path, const char *text)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	loff_t pos = 0;

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "no %s", path);
	KUNIT_EXPECT_EQ(test, kernel_write(file, text, strlen(text), &pos),
			(ssize_t)strlen(text));
	__fput_sync(file);
}

/* Requests, and the nodes of the page cache. */
static void fail_caches(struct kunit *test, const char *on)
{
	set_file(test, "/sys/kernel/slab/kmalloc-1k/failslab", on);
	set_file(test, "/sys/kernel/slab/kmalloc-2k/failslab", on);
	set_file(test, "/sys/kernel/slab/kmalloc-4k/failslab", on);
	set_file(test, "/sys/kernel/slab/radix_tree_node/failslab", on);
}

/* Each in turn: it says so or does without, and is as before.  How many there were. */
static unsigned int fail_each(struct fake *fake, ssize_t (*ask)(struct fake *fake), ssize_t good)
{
	struct kunit *test = fake->test;
	unsigned int nth;

	fail_caches(test, "1");
	for (nth = 1; nth < LIMIT; nth++) {
		bool failed;
		ssize_t ret;

		fail_next(nth);
		ret = ask(fake);
		failed = fail_stop();
		if (!failed || ret != -ENOMEM)
			KUNIT_EXPECT_EQ(test, ret, good);
		fake_wait_ended(fake);
		KUNIT_EXPECT_EQ(test, fake->in_flight, 0);
		if (!failed)
			break;
	}
	fail_caches(test, "0");
	KUNIT_EXPECT_LT(test, nth, LIMIT);
	return nth - 1;
}

static u8 bytes[PIECE * 2];

static void paint_bytes(loff_t pos)
{
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_of(OURS, pos + i);
}

static ssize_t direct_read(struct fake *fake)
{
	return fake_read(fake->file[0], bytes, 100, sizeof(bytes), IOCB_DIRECT);
}

static void of_direct_read(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);

	fake->automatic = true;
	KUNIT_EXPECT_GE(test, fail_each(fake, direct_read, sizeof(bytes)), 1U);
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes, 100, sizeof(bytes), SERVER));
}

static ssize_t direct_write(struct fake *fake)
{
	return fake_write_from(fake->file[0], bytes, 100, sizeof(bytes), IOCB_DIRECT);
}

static void of_direct_write(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);

	fake->automatic = true;
	paint_bytes(100);
	KUNIT_EXPECT_GE(test, fail_each(fake, direct_write, sizeof(bytes)), 1U);
	fake_expect_store(fake, 100, sizeof(bytes), OURS);
}

/* Nothing of it is cached, at first. */
static ssize_t cached_read(struct fake *fake)
{
	hf_netfs_drop(fake->inode, 0);
	return fake_read(fake->file[0], bytes, 0, sizeof(bytes), 0);
}

static void of_read(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);

	fake->automatic = true;
	KUNIT_EXPECT_GE(test, fail_each(fake, cached_read, sizeof(bytes)), 2U);
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes, 0, sizeof(bytes), SERVER));
}

/* Who asks for what lies around dirty bytes. */
static ssize_t read_around(struct fake *fake)
{
	ssize_t ret;

	hf_netfs_drop(fake->inode, 0);
	fail_next(0);
	ret = fake_write(fake->file[0], 1000, 100, OURS, 0);
	if (ret != 100)
		return ret;
	fail_next(1);
	ret = fake_read(fake->file[0], bytes, 0, PAGE_SIZE, 0);
	if (fail_stop())
		KUNIT_EXPECT_EQ(fake->test, ret, -ENOMEM);
	return fake_read(fake->file[0], bytes, 0, PAGE_SIZE, 0);
}

static void of_read_around(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);

	fake->automatic = true;
	fail_caches(test, "1");
	KUNIT_EXPECT_EQ(test, read_around(fake), (ssize_t)PAGE_SIZE);
	fail_caches(test, "0");
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes, 0, 1000, SERVER));
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes + 1000, 1000, 100, OURS));
	KUNIT_EXPECT_TRUE(test, all_bytes(bytes + 1100, 1100, PAGE_SIZE - 1100, SERVER));
}

static ssize_t cached_write(struct fake *fake)
{
	ssize_t ret = fake_write_from(fake->file[0], bytes, PAGE(2) + 10, 500, 0);

	if (ret < 0)
		KUNIT_EXPECT_FALSE(fake->test, hf_netfs_dirty(fake->inode));
	return ret;
}

static void of_write(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);

	fake->automatic = true;
	paint_bytes(PAGE(2) + 10);
	KUNIT_EXPECT_GE(test, fail_each(fake, cached_write, 500), 1U);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_expect_store(fake, PAGE(2) + 10, 500, OURS);
}

/* ------------------------------------------------------------------- the reserve */

/* No memory for a request at all. */
static ssize_t starved_fsync(struct doing *doing)
{
	ssize_t ret;
	struct hf_netfs_req *memory;

	fail_always(true);
	memory = kmalloc(struct_size(memory, subs, 16), GFP_NOFS);
	ret = vfs_fsync(doing->file, 0);
	fail_always(false);
	kfree(memory);
	return memory ? -EUCLEAN : ret;
}

#define FOLIOS 100
/* More than the reserve has, in requests of 16. */
#define TAKEN 60

/*
 * Write-back goes on with what the reserve has, waits for answers, and goes on with what
 * comes back.  All of it arrives.
 */
static void reserve(struct kunit *test)
{
	struct hf_netfs_limits limits = fake_limits;
	struct doing *doing;
	struct fake *fake;
	int i;

	limits.subs = 2 * FOLIOS;
	fake = fake_mount_with(test, PAGE(2 * FOLIOS), &limits);
	for (i = 0; i < FOLIOS; i++)
		KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(2 * i), 100, OURS, 0), 100);
	fail_caches(test, "1");
	doing = fake_start(fake, starved_fsync, 0, 0);
	for (i = 0; i < TAKEN; i++)
		fake_next_is(fake, RL_WRITEPAGES, PAGE(2 * i), 100);
	fake_expect_waits(doing);
	/* It was the reserve that they came from. */
	KUNIT_EXPECT_LT(test, fake->calls, FOLIOS);
	for (i = 0; i < FOLIOS; i++) {
		if (i >= fake->seen)
			fake_next(fake);
		fake_serve(&fake->call[i]);
	}
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fail_caches(test, "0");
	for (i = 0; i < FOLIOS; i++)
		fake_expect_store(fake, PAGE(2 * i), 100, OURS);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(of_direct_read),
	KUNIT_CASE(of_direct_write),
	KUNIT_CASE(of_read),
	KUNIT_CASE(of_read_around),
	KUNIT_CASE(of_write),
	KUNIT_CASE(reserve),
	{}
};

/* Also of a test that has not come to its end. */
static void memory_exit(struct kunit *test)
{
	fail_caches(test, "0");
	fake_exit(test);
}

static struct kunit_suite suite = {
	.name = "hf_netfs_memory",
	.exit = memory_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
