// SPDX-License-Identifier: GPL-2.0-only
/* Fsync and truncate against what is in flight; what attributes do, and when not. */
#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)

static void write_ours(struct fake *fake, loff_t pos, size_t len)
{
	KUNIT_EXPECT_EQ(fake->test, fake_write(fake->file[0], pos, len, OURS, 0),
			(ssize_t)len);
}

static bool attributes(struct fake *fake, struct rl_sample sample, loff_t size)
{
	return hf_netfs_attributes(fake->inode, sample, size);
}

static void cache_all(struct fake *fake)
{
	fake->automatic = true;
	fake_expect_bytes(fake, 0, i_size_read(fake->inode), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
}

/* Another's write-back is on its way: it is what this one has to wait for. */
static void fsync_waits(struct kunit *test)
{
	static const int errors[] = { 0, -ENOSPC };
	struct fake *fake = fake_mount(test, PAGE(1));
	int i;

	for (i = 0; i < 2; i++) {
		struct doing *doing;
		struct call *call;

		write_ours(fake, 0, 100);
		KUNIT_EXPECT_EQ(test, filemap_fdatawrite(fake->inode->i_mapping), 0);
		call = fake_next(fake);
		KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_dirty));
		doing = fake_start(fake, doing_fsync, 0, 0);
		fake_expect_waits(doing);
		fake_answer(call, errors[i] ? 0 : 100, errors[i], 0);
		KUNIT_EXPECT_EQ(test, fake_result(doing), errors[i]);
		fake_wait_ended(fake);
		fake_expect_quiet(fake);
	}
}

/* The server is asked to truncate when nothing is on its way that would undo it. */
static void truncate_after_writes(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	write_ours(fake, PAGE(2), 100);
	KUNIT_EXPECT_EQ(test, filemap_fdatawrite(fake->inode->i_mapping), 0);
	fake_next(fake);
	write_ours(fake, PAGE(3), 100);
	doing = fake_start(fake, doing_truncate, PAGE(1), 0);
	fake_next_is(fake, RL_WRITEPAGES, PAGE(3), 100);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->resizes, 0);
	fake_serve(&fake->call[1]);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->resizes, 0);
	fake_serve(&fake->call[0]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->resizes, 1);
	KUNIT_EXPECT_EQ(test, fake->resizes_early, 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1));
	KUNIT_EXPECT_EQ(test, fake->size, PAGE(1));
	fake_expect_quiet(fake);
}

/* Bytes that cannot be written are no reason. */
static void truncate_what_fails(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	write_ours(fake, PAGE(2), 100);
	doing = fake_start(fake, doing_truncate, 0, 0);
	fake_answer(fake_next(fake), 0, -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), 0);
	fake_wait_ended(fake);
}

static void truncate_refused(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));

	cache_all(fake);
	fake->resize_error = -EACCES;
	KUNIT_EXPECT_EQ(test, fake_truncate(fake, 100), -EACCES);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(2));
	KUNIT_EXPECT_EQ(test, fake_truncate(fake, PAGE(9)), -EACCES);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(2));
	fake_expect_bytes(fake, 0, PAGE(2), SERVER);
	fake_expect_quiet(fake);
	/* Perhaps it did all the same. */
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
}

/* What is cut off is gone, though the file grows again. */
static void truncate_and_grow(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(3));

	cache_all(fake);
	KUNIT_EXPECT_EQ(test, fake_truncate(fake, PAGE(1) + 100), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 100);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(2), is_there));
	KUNIT_EXPECT_EQ(test, fake_truncate(fake, PAGE(3)), 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(3));
	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(1) + 100, SERVER);
	fake_expect_zeroes(fake, PAGE(1) + 100, PAGE(2) - 100);
}

/* Asked for before a write that has ended since. */
static void late(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));
	struct rl_sample before = hf_netfs_sample(fake->inode);

	fake->automatic = true;
	write_ours(fake, PAGE(1), 100);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, attributes(fake, before, PAGE(1)));
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 100);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
	KUNIT_EXPECT_TRUE(test, attributes(fake, hf_netfs_sample(fake->inode), PAGE(1) + 100));
	KUNIT_EXPECT_FALSE(test, hf_netfs_stale(fake->inode));
}

/* What is dirty, or on its way, knows better. */
static void busy(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));
	struct doing *doing;
	struct call *call;

	write_ours(fake, PAGE(1), 100);
	KUNIT_EXPECT_FALSE(test, attributes(fake, hf_netfs_sample(fake->inode), PAGE(1)));
	doing = fake_start(fake, doing_fsync, 0, 0);
	call = fake_next(fake);
	KUNIT_EXPECT_FALSE(test, attributes(fake, hf_netfs_sample(fake->inode), PAGE(1)));
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 100);
	fake_serve(call);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
}

static ssize_t doing_attributes(struct doing *doing)
{
	return attributes(doing->fake, hf_netfs_sample(doing->fake->inode), doing->pos);
}

/* S3: what was cached behind the old end goes before anybody may read there. */
static void growth_drops_first(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1) + 904);
	struct doing *doing, *reader = fake_start(fake, doing_read, PAGE(1), 904);
	struct call *call = fake_next_is(fake, RL_READ, PAGE(1), PAGE_SIZE);

	doing = fake_start(fake, doing_attributes, PAGE(3), 0);
	/* It is being read, with the end of before. */
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 904);
	fake_paint(fake, 0, PAGE(3), THEIRS);
	fake->automatic = true;
	fake_answer(call, 904, 0, HF_NETFS_EOF);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 1L);
	KUNIT_EXPECT_EQ(test, fake_result(reader), 904);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(3));
	fake_expect_bytes(fake, PAGE(1), PAGE(2), THEIRS);
}

static void shrunk_by_another(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(3));
	u8 byte;

	cache_all(fake);
	KUNIT_EXPECT_TRUE(test, attributes(fake, hf_netfs_sample(fake->inode), PAGE(1) + 10));
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 10);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_there));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(1), is_there));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(2), is_there));
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], &byte, PAGE(1) + 10, 1, 0), 0L);
}

/* What lies between the end and a write behind it is zeroes, whatever a mapping left. */
static void gap_behind_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1) + 904);

	cache_all(fake);
	fake_store(fake, PAGE(1) + 904, 200, THEIRS);
	fake->automatic = true;
	write_ours(fake, PAGE(1) + 3000, 100);
	fake_expect_bytes(fake, 0, PAGE(1) + 904, SERVER);
	fake_expect_zeroes(fake, PAGE(1) + 904, 3000 - 904);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(fake->store + PAGE(1) + 904, 0, 3000 - 904));
	fake_expect_store(fake, PAGE(1) + 3000, 100, OURS);
}

/* A read behind the end asks how large it is. */
static void grown_by_another(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 100);

	fake->automatic = true;
	fake_expect_bytes(fake, 0, 100, SERVER);
	KUNIT_EXPECT_EQ(test, fake->revalidated, 0);
	fake_paint(fake, 0, 300, THEIRS);
	fake->fresh = true;
	fake_expect_bytes(fake, 0, 300, THEIRS);
	KUNIT_EXPECT_EQ(test, fake->revalidated, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fsync_waits),
	KUNIT_CASE(truncate_after_writes),
	KUNIT_CASE(truncate_what_fails),
	KUNIT_CASE(truncate_refused),
	KUNIT_CASE(truncate_and_grow),
	KUNIT_CASE(late),
	KUNIT_CASE(busy),
	KUNIT_CASE(growth_drops_first),
	KUNIT_CASE(shrunk_by_another),
	KUNIT_CASE(gap_behind_the_end),
	KUNIT_CASE(grown_by_another),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_size",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
