// SPDX-License-Identifier: GPL-2.0-only
/* What is cached and not believed any more: who has it, has it mapped, or has written there. */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "fake.h"

/* All of the file's one page is cached, and others have written it since. */
static struct fake *overtaken(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE_SIZE, SERVER);
	fake_paint(fake, 0, PAGE_SIZE, THEIRS);
	return fake;
}

/* A reference, as of the LRU's batches or another's read, keeps nothing in the cache. */
static void referenced(struct kunit *test)
{
	struct fake *fake = overtaken(test);
	struct folio *folio = filemap_get_folio(fake->inode->i_mapping, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), 0);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_there));
	folio_put(folio);
	fake_expect_bytes(fake, 0, PAGE_SIZE, THEIRS);
}

/* Dirty in part: those bytes are ours, all others the server's. */
static void dirty_in_part(struct kunit *test)
{
	struct fake *fake = overtaken(test);

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_uptodate));
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), 0);
	KUNIT_EXPECT_FALSE(test, hf_netfs_stale(fake->inode));
	fake_expect_bytes(fake, 0, 1000, THEIRS);
	fake_expect_bytes(fake, 1000, 100, OURS);
	fake_expect_bytes(fake, 1100, PAGE_SIZE - 1100, THEIRS);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_expect_store(fake, 0, 1000, THEIRS);
	fake_expect_store(fake, 1000, 100, OURS);
	fake_expect_store(fake, 1100, PAGE_SIZE - 1100, THEIRS);
}

/* Stored to through a mapping: nobody knows where.  It stays, and is in doubt. */
static void stored_to(struct kunit *test)
{
	struct fake *fake = overtaken(test);

	fake_store(fake, 1000, 100, OURS);
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), -EBUSY);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
	fake_expect_bytes(fake, 0, 1000, SERVER);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_expect_store(fake, 0, 1000, SERVER);
	fake_expect_store(fake, 1000, 100, OURS);
}

/* ----------------------------------------------------------------------- mapped */

static u8 __user *map(struct fake *fake)
{
	unsigned long at;

	/* The first one gives the thread an address space. */
	at = kunit_vm_mmap(fake->test, NULL, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE,
			   0);
	KUNIT_ASSERT_NE(fake->test, at, 0UL);
	at = vm_mmap(fake->file[0], 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(fake->test, IS_ERR_VALUE(at));
	return (u8 __user *)at;
}

/* Its file is let go of at once, too. */
static void unmap(struct fake *fake, u8 __user *at)
{
	KUNIT_EXPECT_EQ(fake->test, vm_munmap((unsigned long)at, PAGE_SIZE), 0);
	flush_delayed_fput();
}

static void expect_mapped(struct fake *fake, u8 __user *at, size_t pos, enum colour colour)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(fake->test, get_user(byte, at + pos), 0);
	KUNIT_EXPECT_EQ(fake->test, byte, byte_of(colour, pos));
}

/* Who has it mapped sees what the server has. */
static void mapped(struct kunit *test)
{
	struct fake *fake = overtaken(test);
	u8 __user *at;

	fake_paint(fake, 0, PAGE_SIZE, SERVER);
	at = map(fake);
	expect_mapped(fake, at, 10, SERVER);
	fake_paint(fake, 0, PAGE_SIZE, THEIRS);
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), 0);
	expect_mapped(fake, at, 10, THEIRS);
	unmap(fake, at);
}

/* Likewise of a page that is dirty in part: a fault reads around that. */
static void mapped_and_dirty(struct kunit *test)
{
	struct fake *fake = overtaken(test);
	u8 __user *at = map(fake);

	expect_mapped(fake, at, 10, SERVER);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), 0);
	expect_mapped(fake, at, 10, THEIRS);
	expect_mapped(fake, at, 1000, OURS);
	expect_mapped(fake, at, 1100, THEIRS);
	unmap(fake, at);
}

/* Whoever has the page pinned, for a device that stores to it; it was dirty for that. */
static struct page *pin(struct fake *fake, u8 __user *at)
{
	struct page *page = NULL;

	KUNIT_EXPECT_EQ(fake->test, pin_user_pages_fast((unsigned long)at, 1, FOLL_WRITE, &page),
			1);
	KUNIT_ASSERT_NOT_NULL(fake->test, page);
	KUNIT_EXPECT_EQ(fake->test, vfs_fsync(fake->file[0], 0), 0);
	KUNIT_EXPECT_FALSE(fake->test, folio_at(fake, 0, is_dirty));
	return page;
}

/* What comes of a device is not known when it is dropped: it stays, and is in doubt. */
static void pinned_and_dirty(struct kunit *test)
{
	struct fake *fake = overtaken(test);
	u8 __user *at = map(fake);
	struct page *page;

	expect_mapped(fake, at, 10, SERVER);
	page = pin(fake, at);
	fake_paint(fake, 0, PAGE_SIZE, THEIRS);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), -EBUSY);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_uptodate));
	unpin_user_pages_dirty_lock(&page, 1, true);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_expect_store(fake, 0, 1000, SERVER);
	fake_expect_store(fake, 1000, 100, OURS);
	unmap(fake, at);
}

/* A device stores beside bytes that were written: all of it is sent. */
static void pinned_and_written(struct kunit *test)
{
	struct fake *fake = overtaken(test);
	u8 __user *at = map(fake);
	struct page *page;
	loff_t i;

	expect_mapped(fake, at, 10, SERVER);
	page = pin(fake, at);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	for (i = 2000; i < 2100; i++)
		((u8 *)page_address(page))[i] = byte_of(OURS, i);
	unpin_user_pages_dirty_lock(&page, 1, true);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_expect_store(fake, 1000, 100, OURS);
	fake_expect_store(fake, 2000, 100, OURS);
	unmap(fake, at);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(referenced),
	KUNIT_CASE(dirty_in_part),
	KUNIT_CASE(stored_to),
	KUNIT_CASE(mapped),
	KUNIT_CASE(mapped_and_dirty),
	KUNIT_CASE(pinned_and_dirty),
	KUNIT_CASE(pinned_and_written),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_drop",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
