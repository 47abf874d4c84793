// SPDX-License-Identifier: GPL-2.0-only
/* What the server is asked to write: what was written here, to the byte, and when. */
#include <linux/writeback.h>

#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)

static void write_ours(struct fake *fake, loff_t pos, size_t len)
{
	KUNIT_EXPECT_EQ(fake->test, fake_write(fake->file[0], pos, len, OURS, 0),
			(ssize_t)len);
}

/* All that is dirty goes; the test answers. */
static struct doing *start_fsync(struct fake *fake)
{
	return fake_start(fake, doing_fsync, 0, 0);
}

static void expect_synced(struct doing *doing)
{
	struct fake *fake = doing->fake;

	KUNIT_EXPECT_EQ(fake->test, fake_result(doing), 0);
	KUNIT_EXPECT_FALSE(fake->test, hf_netfs_dirty(fake->inode));
	fake_expect_quiet(fake);
}

/* Within one folio, over its end, and what touches. */
static void exact(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(8));
	struct doing *doing;

	write_ours(fake, 10, 20);
	write_ours(fake, 30, 5);
	write_ours(fake, 5, 7);
	write_ours(fake, PAGE(3) - 6, 200);
	write_ours(fake, PAGE(5) + 7, 1);
	write_ours(fake, PAGE(6), PAGE_SIZE);
	doing = start_fsync(fake);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 5, 30));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(3) - 6, 200));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(5) + 7, 1));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(6), PAGE_SIZE));
	expect_synced(doing);
	fake_expect_store(fake, 5, 30, OURS);
	fake_expect_store(fake, 35, PAGE(3) - 6 - 35, SERVER);
	fake_expect_store(fake, PAGE(3) - 6, 200, OURS);
	/* Nothing is sent twice. */
	expect_synced(start_fsync(fake));
}

/* Cut at what the server takes, between two folios. */
static void cut(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 0);
	struct doing *doing;

	write_ours(fake, 100, PAGE(10));
	doing = start_fsync(fake);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 100, FAKE_PIECE - 100));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, FAKE_PIECE, FAKE_PIECE));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 2 * FAKE_PIECE, PAGE(2) + 100));
	expect_synced(doing);
	fake_wait_ended(fake);
	KUNIT_EXPECT_EQ(test, fake->size, PAGE(10) + 100);
	KUNIT_EXPECT_EQ(test, fake_inode(fake)->sizes.server, PAGE(10) + 100);
}

/* Of a folio that is dirty all over, nothing behind the end. */
static void not_behind_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE + 904);
	struct doing *doing;

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE_SIZE + 904, SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
	fake_store(fake, PAGE_SIZE, PAGE_SIZE, OURS);
	doing = start_fsync(fake);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE_SIZE, 904));
	expect_synced(doing);
	KUNIT_EXPECT_EQ(test, fake->size, PAGE_SIZE + 904LL);
}

/* A folio that has come to be behind it, all of it, is clean without a message. */
static void all_behind_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(3));

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(3), SERVER);
	fake->seen = fake->calls;
	fake->size = PAGE(1);
	KUNIT_EXPECT_TRUE(test, hf_netfs_attributes(fake->inode, hf_netfs_sample(fake->inode),
						    PAGE(1)));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(1), is_there));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_there));
	i_size_write(fake->inode, 0);
	fake_store(fake, 0, PAGE_SIZE, OURS);
	expect_synced(start_fsync(fake));
	i_size_write(fake->inode, PAGE(1));
}

/* More than a request has places for; each in a folio of its own, none touches another. */
static void many(struct kunit *test)
{
	const int count = 40;
	struct fake *fake = fake_mount(test, PAGE(2 * count));
	struct doing *doing;
	int i;

	for (i = 0; i < count; i++)
		write_ours(fake, PAGE(2 * i) + i, 100 + i);
	doing = start_fsync(fake);
	for (i = 0; i < count; i++)
		fake_next_is(fake, RL_WRITEPAGES, PAGE(2 * i) + i, 100 + i);
	/* Several requests, all in flight at once, that end in any order. */
	KUNIT_EXPECT_GE(test, fake->begun, 3);
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, count);
	for (i = count - 1; i >= 0; i--)
		fake_serve(&fake->call[i]);
	expect_synced(doing);
	for (i = 0; i < count; i++) {
		fake_expect_store(fake, PAGE(2 * i) + i, 100 + i, OURS);
		fake_expect_store(fake, PAGE(2 * i) + 100 + 2 * i, PAGE_SIZE, SERVER);
	}
}

/* One answer of several ends its own folios, and no more. */
static void each_ends_its_own(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing, *other;

	write_ours(fake, 0, 100);
	write_ours(fake, PAGE(2), 100);
	doing = start_fsync(fake);
	fake_next(fake);
	fake_next(fake);
	fake_serve(&fake->call[1]);
	write_ours(fake, PAGE(2) + 50, 100);
	/* I4: nobody writes into what is being sent. */
	other = fake_start(fake, doing_write, 50, 100);
	fake_expect_waits(other);
	fake_serve(&fake->call[0]);
	KUNIT_EXPECT_EQ(test, fake_result(other), 100);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
}

/* Short, with a message for the rest. */
static void short_answers(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	write_ours(fake, 100, PAGE(2));
	doing = start_fsync(fake);
	fake_answer(fake_next_is(fake, RL_WRITEPAGES, 100, PAGE(2)), 5000, 0, 0);
	fake_answer(fake_next_is(fake, RL_WRITEPAGES, 5100, PAGE(2) - 5000), 1, -EAGAIN, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 5101, PAGE(2) - 5001));
	expect_synced(doing);
	fake_expect_store(fake, 100, PAGE(2), OURS);
	fake_expect_store(fake, PAGE(2) + 100, 1000, SERVER);
}

/* A mapping stores to it while it is sent: it is sent again, whole. */
static void stored_to_meanwhile(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));
	struct doing *doing;

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(2), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
	write_ours(fake, 0, 100);
	doing = start_fsync(fake);
	fake_next_is(fake, RL_WRITEPAGES, 0, 100);
	fake_store(fake, 200, 300, THEIRS);
	fake_serve(&fake->call[fake->seen - 1]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_dirty));
	fake_expect_store(fake, 200, 300, SERVER);
	doing = start_fsync(fake);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, PAGE_SIZE));
	expect_synced(doing);
	fake_expect_store(fake, 0, 100, OURS);
	fake_expect_store(fake, 200, 300, THEIRS);
}

/* Who would only like to does not wait for another's, and who has to does. */
static void one_at_a_time(struct kunit *test)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE, .nr_to_write = 100, .range_end = LLONG_MAX,
	};
	struct fake *fake = fake_mount(test, PAGE(8));
	struct doing *doing, *other;

	fake->gate = true;
	write_ours(fake, 0, 100);
	doing = start_fsync(fake);
	wait_event_timeout(fake->wait, READ_ONCE(fake->at_gate), FAKE_PATIENCE);
	KUNIT_ASSERT_EQ(test, fake->at_gate, 1);
	write_ours(fake, PAGE(4), 100);
	KUNIT_EXPECT_EQ(test, filemap_fdatawrite_wbc(fake->inode->i_mapping, &wbc), 0);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(4), is_dirty));
	other = start_fsync(fake);
	fake_expect_waits(other);
	KUNIT_EXPECT_EQ(test, fake->at_gate, 1);
	WRITE_ONCE(fake->gate, false);
	wake_up(&fake->wait);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, 100));
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(4), 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	expect_synced(other);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(exact),
	KUNIT_CASE(cut),
	KUNIT_CASE(not_behind_the_end),
	KUNIT_CASE(all_behind_the_end),
	KUNIT_CASE(many),
	KUNIT_CASE(each_ends_its_own),
	KUNIT_CASE(short_answers),
	KUNIT_CASE(stored_to_meanwhile),
	KUNIT_CASE(one_at_a_time),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_writeback",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
