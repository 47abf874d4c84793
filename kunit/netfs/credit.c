// SPDX-License-Identifier: GPL-2.0-only
/* No more is in flight than the server takes, and memory can always be written. */
#include "fake.h"

#define PIECE FAKE_PIECE

static struct fake *narrow(struct kunit *test, u32 subs, u64 bytes)
{
	struct hf_netfs_limits limits = fake_limits;

	limits.subs = subs;
	limits.bytes = bytes;
	return fake_mount_with(test, 8 * PIECE, &limits);
}

/* Reads, in 3 of 4 places: the next goes out when an answer has come. */
static void waits(struct kunit *test)
{
	struct fake *fake = narrow(test, 4, SZ_1M);
	struct doing *doing = fake_start(fake, doing_read_ahead, 0, 6 * PIECE);
	int i;

	for (i = 0; i < 3; i++)
		fake_next_is(fake, RL_READ, i * PIECE, PIECE);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->calls, 3);
	for (i = 3; i < 6; i++) {
		fake_serve(&fake->call[6 - 1 - i]);
		fake_next_is(fake, RL_READ, i * PIECE, PIECE);
	}
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_serve_all(fake);
	fake_wait_ended(fake);
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, 3);
}

static void bytes(struct kunit *test)
{
	struct fake *fake = narrow(test, 64, 2 * PIECE + 100);
	struct doing *doing = fake_start(fake, doing_read_ahead, 0, 3 * PIECE);

	fake_next(fake);
	fake_next(fake);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->calls, 2);
	fake_serve(&fake->call[1]);
	fake_next_is(fake, RL_READ, 2 * PIECE, PIECE);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_serve_all(fake);
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, 2);
}

/* Larger than all that may be in flight: alone it goes. */
static void larger_than_all(struct kunit *test)
{
	struct fake *fake = narrow(test, 1, 100);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, 2 * PIECE);

	fake_next(fake);
	fake_expect_waits(doing);
	fake_serve(&fake->call[0]);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, PIECE, PIECE));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 2L * (long)PIECE);
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, 1);
}

/* Reads have all that is for them, places and bytes: a write goes out all the same. */
static void kept_for_writes(struct kunit *test)
{
	struct fake *fake = narrow(test, 4, 3 * PIECE);
	struct doing *reader = fake_start(fake, doing_read_ahead, 2 * PIECE, 6 * PIECE);
	struct doing *writer;
	int i;

	for (i = 0; i < 3; i++)
		fake_next(fake);
	fake_expect_waits(reader);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 100, OURS, 0), 100);
	writer = fake_start(fake, doing_fsync, 0, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, 100));
	/* Its folios are locked; who syncs waits for no read. */
	KUNIT_EXPECT_EQ(test, fake_result(writer), 0);
	fake->automatic = true;
	fake_serve_all(fake);
	KUNIT_EXPECT_EQ(test, fake_result(reader), 0);
}

/* Another try takes its place anew, behind who has waited. */
static void another_try(struct kunit *test)
{
	struct fake *fake = narrow(test, 1, SZ_1M);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, 1000);
	struct doing *other;

	fake_next_is(fake, RL_DIRECT_READ, 0, 1000);
	other = fake_start(fake, doing_direct_read, PIECE, 500);
	fake_expect_waits(other);
	fake_answer(&fake->call[0], 100, 0, 0);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, PIECE, 500));
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, 100, 900));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 1000);
	KUNIT_EXPECT_EQ(test, fake_result(other), 500);
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, 1);
}

/* In turn: a small one that could go does not pass a large one that cannot. */
static void in_turn(struct kunit *test)
{
	struct fake *fake = narrow(test, 64, PIECE + 1000);
	struct doing *doing[3];

	doing[0] = fake_start(fake, doing_direct_read, 0, PIECE);
	fake_next_is(fake, RL_DIRECT_READ, 0, PIECE);
	doing[1] = fake_start(fake, doing_direct_read, PIECE, PIECE);
	fake_expect_waits(doing[1]);
	doing[2] = fake_start(fake, doing_direct_read, 2 * PIECE, 500);
	fake_expect_waits(doing[2]);
	KUNIT_EXPECT_EQ(test, fake->calls, 1);
	fake_serve(&fake->call[0]);
	/* There is room for both then, and each is a thread that asks by itself. */
	fake_serve(fake_next(fake));
	fake_serve(fake_next(fake));
	KUNIT_EXPECT_EQ(test, fake_result(doing[0]), (ssize_t)PIECE);
	KUNIT_EXPECT_EQ(test, fake_result(doing[1]), (ssize_t)PIECE);
	KUNIT_EXPECT_EQ(test, fake_result(doing[2]), 500);
}

/* Who is killed while he waits for a place ends, and is in nobody's way. */
static void killed(struct kunit *test)
{
	struct fake *fake = narrow(test, 64, PIECE + 1000);
	struct doing *doing[3];

	doing[0] = fake_start(fake, doing_direct_read, 0, PIECE);
	fake_next(fake);
	doing[1] = fake_start(fake, doing_direct_read, PIECE, PIECE);
	fake_expect_waits(doing[1]);
	doing[2] = fake_start(fake, doing_direct_read, 2 * PIECE, 500);
	fake_expect_waits(doing[2]);
	fake_kill(doing[1]);
	KUNIT_EXPECT_EQ(test, fake_result(doing[1]), -EINTR);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, 2 * PIECE, 500));
	KUNIT_EXPECT_EQ(test, fake_result(doing[2]), 500);
	fake_serve(&fake->call[0]);
	KUNIT_EXPECT_EQ(test, fake_result(doing[0]), (ssize_t)PIECE);
	fake_expect_quiet(fake);
}

/* Likewise what ends while it waits, without a thread, for another try. */
static void too_late(struct kunit *test)
{
	struct fake *fake = narrow(test, 1, SZ_1M);
	struct doing *doing, *other;

	fake->netfs.retry.timeo = 500;
	doing = fake_start(fake, doing_direct_read, 0, 1000);
	fake_next(fake);
	other = fake_start(fake, doing_direct_read, PIECE, 500);
	fake_expect_waits(other);
	/* The other has the only place, and its time has not begun before that. */
	fake_answer(&fake->call[0], 0, -EAGAIN, 0);
	fake_next_is(fake, RL_DIRECT_READ, PIECE, 500);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ETIMEDOUT);
	fake_serve(&fake->call[1]);
	KUNIT_EXPECT_EQ(test, fake_result(other), 500);
	fake_expect_quiet(fake);
}

/* Who waits for a place when all ends does not wait on. */
static void aborted(struct kunit *test)
{
	struct fake *fake = narrow(test, 4, SZ_1M);
	struct doing *doing = fake_start(fake, doing_read_ahead, 0, 8 * PIECE);
	int i;

	for (i = 0; i < 3; i++)
		fake_next(fake);
	fake_expect_waits(doing);
	hf_netfs_abort(&fake->netfs, -EIO);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 7 * PIECE, is_locked));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 7 * PIECE, is_uptodate));
}

/* A mount that could send nothing is none. */
static void limits(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 0);
	struct super_block *sb = fake->inode->i_sb;
	struct hf_netfs_limits bad[5];
	struct hf_netfs_mount mount;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = fake_limits;
	bad[0].rsize = PAGE_SIZE - 1;
	bad[1].wsize = PAGE_SIZE - 1;
	bad[2].subs = 0;
	bad[3].bytes = 0;
	bad[4].rsize = 0;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, hf_netfs_mount(&mount, sb, &fake_ops, &bad[i]), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(waits),
	KUNIT_CASE(bytes),
	KUNIT_CASE(larger_than_all),
	KUNIT_CASE(kept_for_writes),
	KUNIT_CASE(another_try),
	KUNIT_CASE(in_turn),
	KUNIT_CASE(killed),
	KUNIT_CASE_SLOW(too_late),
	KUNIT_CASE(aborted),
	KUNIT_CASE(limits),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_credit",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
