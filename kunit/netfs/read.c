// SPDX-License-Identifier: GPL-2.0-only
/* Reads into the cache: read-ahead, folios that are dirty in part, gaps before a write. */
#include "fake.h"

#define PIECE FAKE_PIECE

/* Each answer ends its own folios, in whatever order they come. */
static void out_of_order(struct kunit *test)
{
	static const unsigned int order[] = { 3, 1, 0, 2 };
	struct fake *fake = fake_mount(test, 4 * PIECE);
	bool done[4] = {};
	int i, piece;

	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 4 * PIECE), 0);
	for (i = 0; i < 4; i++)
		fake_next_is(fake, RL_READ, i * PIECE, PIECE);
	for (i = 0; i < 4; i++) {
		fake_serve(&fake->call[order[i]]);
		done[order[i]] = true;
		for (piece = 0; piece < 4; piece++) {
			loff_t last = (piece + 1) * PIECE - 1;

			KUNIT_EXPECT_EQ(test, folio_at(fake, piece * PIECE, is_uptodate),
					done[piece]);
			KUNIT_EXPECT_EQ(test, folio_at(fake, last, is_uptodate), done[piece]);
			KUNIT_EXPECT_EQ(test, folio_at(fake, last, is_locked), !done[piece]);
		}
	}
	fake_expect_bytes(fake, 0, 4 * PIECE, SERVER);
	fake_expect_quiet(fake);
}

static void one_of_them_fails(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 3 * PIECE);
	int i;

	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 3 * PIECE), 0);
	for (i = 0; i < 3; i++)
		fake_next(fake);
	fake_answer(&fake->call[1], PAGE_SIZE + 100, -EACCES, 0);
	fake_serve(&fake->call[0]);
	fake_serve(&fake->call[2]);
	/* What came of it before counts. */
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PIECE, is_uptodate));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PIECE + PAGE_SIZE, is_uptodate));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PIECE + PAGE_SIZE, is_locked));
	fake_wait_ended(fake);
	fake->automatic = true;
	fake_expect_bytes(fake, 0, 3 * PIECE, SERVER);
	KUNIT_EXPECT_EQ(test, fake->calls, 3 + 3);
}

/* The end of the file is in the midst of read-ahead; behind it nobody answers with bytes. */
static void ahead_of_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 3 * PIECE);
	int i;

	fake->size = PIECE + 10;
	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 3 * PIECE), 0);
	for (i = 0; i < 3; i++)
		fake_next(fake);
	for (i = 2; i >= 0; i--)
		fake_serve(&fake->call[i]);
	fake_expect_bytes(fake, 0, PIECE + 10, SERVER);
	fake_expect_zeroes(fake, PIECE + 10, 2 * PIECE - 10);
	fake_expect_quiet(fake);
}

static void expect_mixed(struct kunit *test, const u8 *buffer)
{
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer, 0, 1000, SERVER));
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer + 1000, 1000, 100, OURS));
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer + 1100, 1100, PAGE_SIZE - 1100, SERVER));
}

/* 100 bytes of it are dirty, and a program reads them with their neighbours. */
static struct doing *read_around(struct fake *fake)
{
	struct doing *doing;

	KUNIT_EXPECT_EQ(fake->test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_read, 0, PAGE_SIZE);
	fake_next_is(fake, RL_READ, 0, 1000);
	fake_next_is(fake, RL_READ, 1100, PAGE_SIZE - 1100);
	return doing;
}

/* Both orders of the answers. */
static void around(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;
	int first;

	for (first = 0; first < 2; first++) {
		struct call *call = &fake->call[fake->calls];

		doing = read_around(fake);
		fake_serve(&call[first]);
		KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_locked));
		KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_uptodate));
		fake_serve(&call[!first]);
		KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
		expect_mixed(test, doing->buffer);
		/* To read it makes nothing dirty. */
		doing = fake_start(fake, doing_fsync, 0, 0);
		fake_serve(fake_next_is(fake, RL_WRITEPAGES, 1000, 100));
		KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
		fake_wait_ended(fake);
		fake_paint(fake, 0, PAGE_SIZE, SERVER);
		KUNIT_EXPECT_EQ(test, hf_netfs_drop(fake->inode, 0), 0);
	}
}

static void around_fails(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = read_around(fake);

	fake_serve(&fake->call[0]);
	fake_answer(&fake->call[1], 50, -EACCES, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EACCES);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_uptodate));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_locked));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_dirty));
	fake->automatic = true;
	doing = fake_start(fake, doing_read, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	expect_mixed(test, doing->buffer);
}

/* The end lies within what is behind the dirty bytes. */
static void around_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = read_around(fake);

	fake->size = 2000;
	fake_serve_all(fake);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer + 1000, 1000, 100, OURS));
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer + 1100, 1100, 900, SERVER));
	KUNIT_EXPECT_NULL(test, memchr_inv(doing->buffer + 2000, 0, PAGE_SIZE - 2000));
}

/* Who reads what he wrote asks nobody. */
static void own_bytes(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 1000, 100, OURS, 0), 100);
	fake_expect_bytes(fake, 1000, 100, OURS);
	fake_expect_bytes(fake, 1010, 20, OURS);
	fake_expect_quiet(fake);
}

/* What is between is another's, perhaps: what is dirty goes first, and nothing else. */
static void gap(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_write, 500, 100);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 100);
	fake_expect_quiet(fake);
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 500, 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_expect_store(fake, 0, 100, OURS);
	fake_expect_store(fake, 100, 400, SERVER);
	fake_expect_store(fake, 500, 100, OURS);
}

static void gap_fails(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_write, 500, 100);
	fake_answer(fake_next(fake), 0, -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ENOSPC);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
}

/* Others have written behind the end, and somebody has asked for the size. */
static void grow(struct fake *fake)
{
	fake_paint(fake, 1000, 2000, THEIRS);
	hf_netfs_attributes(fake->inode, hf_netfs_sample(fake->inode), fake->size);
}

/*
 * A read has its folio, which ends with zeroes, when the file turns out to be larger: they
 * are not the server's.
 */
static void grows_meanwhile(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 1000);
	static u8 buffer[3000];

	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 1000), 0);
	/* So that it is read with the folio in the reader's hand. */
	fake_answer(fake_next(fake), 0, -EACCES, 0);
	fake_wait_ended(fake);
	fake->automatic = true;
	fake->then = grow;
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], buffer, 0, 3000, 0), 1000);
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer, 0, 1000, SERVER));
	KUNIT_EXPECT_NULL(test, fake->then);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), 3000);
	fake_expect_bytes(fake, 1000, 2000, THEIRS);
}

static struct fake *alone(struct kunit *test)
{
	struct hf_netfs_limits limits = fake_limits;

	limits.alone = true;
	return fake_mount_with(test, PAGE_SIZE, &limits);
}

/* Nobody else writes there: it is read, and goes with the others. */
static void gap_alone(struct kunit *test)
{
	struct fake *fake = alone(test);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_write, 500, 100);
	fake_serve(fake_next_is(fake, RL_READ, 100, 400));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 100);
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, 600));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_expect_store(fake, 0, 100, OURS);
	fake_expect_store(fake, 100, 400, SERVER);
	fake_expect_store(fake, 500, 100, OURS);
	fake_expect_quiet(fake);
}

static void gap_alone_fails(struct kunit *test)
{
	struct fake *fake = alone(test);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_write, 500, 100);
	fake_answer(fake_next(fake), 0, -EACCES, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EACCES);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_locked));
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(out_of_order),
	KUNIT_CASE(one_of_them_fails),
	KUNIT_CASE(ahead_of_the_end),
	KUNIT_CASE(around),
	KUNIT_CASE(around_fails),
	KUNIT_CASE(around_the_end),
	KUNIT_CASE(own_bytes),
	KUNIT_CASE(grows_meanwhile),
	KUNIT_CASE(gap),
	KUNIT_CASE(gap_fails),
	KUNIT_CASE(gap_alone),
	KUNIT_CASE(gap_alone_fails),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_read",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
