// SPDX-License-Identifier: GPL-2.0-only
/* What the server changes by itself: hf_netfs_change(), against what is dirty and cached. */
#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)

/* A change of the test's: [from, from + len) is theirs then, and @size is told. */
struct change {
	struct fake *fake;
	loff_t from, len, size;
	int error;
	/* What it has found. */
	unsigned int asked;
	bool dirty, cached;
};

static int ask(struct inode *inode, void *data, loff_t *size)
{
	struct change *change = data;

	change->asked++;
	change->dirty = hf_netfs_dirty(inode) || change->fake->writes_in_flight;
	change->cached = folio_at(change->fake, change->from, is_there);
	if (change->error)
		return change->error;
	fake_paint(change->fake, change->from, change->len, THEIRS);
	if (change->size >= 0)
		*size = change->size;
	return 0;
}

/* @range: what is cached of it goes; or else only what is behind the end. */
static int make(struct change *change, bool range)
{
	struct inode *inode = change->fake->inode;
	struct hf_netfs_change how = {
		.from = change->from, .last = range ? change->from + change->len - 1 : -1,
		.ask = ask, .data = change,
	};
	int ret;

	inode_lock(inode);
	ret = hf_netfs_change(inode, &how);
	inode_unlock(inode);
	return ret;
}

static void cache_all(struct fake *fake)
{
	fake->automatic = true;
	fake_expect_bytes(fake, 0, i_size_read(fake->inode), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
}

/* By a thread of the test's. */
static struct change threads;

static ssize_t doing_change(struct doing *doing)
{
	return make(&threads, true);
}

/* What was written before, anywhere in the file, is at the server before it is asked. */
static void writes_first(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	threads = (struct change) { .fake = fake, .len = PAGE(1), .size = PAGE(4) };
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(2), 100, OURS, 0), 100L);
	doing = fake_start(fake, doing_change, 0, 0);
	fake_next_is(fake, RL_WRITEPAGES, PAGE(2), 100);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, threads.asked, 0);
	fake_serve(&fake->call[0]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0L);
	KUNIT_EXPECT_EQ(test, threads.asked, 1);
	KUNIT_EXPECT_FALSE(test, threads.dirty);
	fake_wait_ended(fake);
	fake_expect_quiet(fake);
}

/* What is cached of the range is gone when it is asked, and read anew afterwards. */
static void drops_the_range(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(3));
	struct change change = { .fake = fake, .from = PAGE(1) + 10, .len = 100, .size = PAGE(3) };

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, make(&change, true), 0);
	KUNIT_EXPECT_FALSE(test, change.cached);
	fake->automatic = true;
	fake_expect_bytes(fake, PAGE(1) + 10, 100, THEIRS);
	fake_expect_bytes(fake, PAGE(1), 10, SERVER);
	fake_expect_bytes(fake, PAGE(2), PAGE(1), SERVER);
}

/* Zeroes were cached behind the end: they are not what is there now. */
static void grows(struct kunit *test)
{
	loff_t size = PAGE(1) + 904;
	struct fake *fake = fake_mount(test, size);
	struct change change = { .fake = fake, .from = size, .len = 3000, .size = size + 3000 };

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, make(&change, false), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), size + 3000);
	fake->automatic = true;
	fake_expect_bytes(fake, size, 3000, THEIRS);
	fake_expect_bytes(fake, 0, size, SERVER);
}

static void shrinks(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct change change = { .fake = fake, .from = PAGE(1), .len = PAGE(1), .size = PAGE(2) };

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, make(&change, true), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(2));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(2), is_there));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(3), is_there));
	fake->automatic = true;
	fake_expect_bytes(fake, PAGE(1), PAGE(1), THEIRS);
}

static void refused(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));
	struct change change = { .fake = fake, .len = 10, .size = PAGE(1), .error = -EOPNOTSUPP };

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, make(&change, true), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(2));
	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(2), SERVER);
}

/* Whoever has changed it and cannot say how large it is leaves a doubt, which attributes settle. */
static void size_is_not_told(struct kunit *test)
{
	loff_t size = PAGE(1) + 904;
	struct fake *fake = fake_mount(test, size);
	struct change change = { .fake = fake, .from = size, .len = 3000, .size = -1 };

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, make(&change, false), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), size);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
	KUNIT_EXPECT_TRUE(test, hf_netfs_attributes(fake->inode, hf_netfs_sample(fake->inode),
						    size + 3000));
	fake->automatic = true;
	fake_expect_bytes(fake, size, 3000, THEIRS);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(writes_first),
	KUNIT_CASE(drops_the_range),
	KUNIT_CASE(grows),
	KUNIT_CASE(shrinks),
	KUNIT_CASE(refused),
	KUNIT_CASE(size_is_not_told),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_change",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
