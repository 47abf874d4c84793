// SPDX-License-Identifier: GPL-2.0-only
/* Reads and writes past the cache, in pieces, that a program waits for. */
#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)
#define PIECE FAKE_PIECE
/* At no alignment; of three pieces. */
#define POS 1234
#define LEN 40000
#define SECOND ((loff_t)PIECE)
#define THIRD ((loff_t)2 * PIECE)

static struct doing *start(struct fake *fake, enum rl_kind kind)
{
	struct doing *doing;

	doing = fake_start(fake, kind == RL_DIRECT_READ ? doing_direct_read : doing_direct_write,
			   POS, LEN);
	fake_next_is(fake, kind, POS, SECOND - POS);
	fake_next_is(fake, kind, SECOND, PIECE);
	fake_next_is(fake, kind, THIRD, POS + LEN - THIRD);
	return doing;
}

/* All of them at once, answered in any order. */
static void read_pieces(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct doing *doing = start(fake, RL_DIRECT_READ);

	fake_serve(&fake->call[1]);
	fake_answer(&fake->call[0], 100, 0, 0);
	fake_serve(&fake->call[2]);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, POS + 100, SECOND - POS - 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), LEN);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, POS, LEN, SERVER));
	fake_expect_quiet(fake);
	/* Nothing of it is cached. */
	KUNIT_EXPECT_EQ(test, fake->inode->i_mapping->nrpages, 0UL);
}

static void write_pieces(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct doing *doing = start(fake, RL_DIRECT_WRITE);

	fake_serve(&fake->call[2]);
	fake_serve(&fake->call[1]);
	fake_answer(&fake->call[0], 100, 0, 0);
	fake_serve(fake_next_is(fake, RL_DIRECT_WRITE, POS + 100, SECOND - POS - 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), LEN);
	fake_expect_store(fake, 0, POS, SERVER);
	fake_expect_store(fake, POS, LEN, OURS);
	fake_expect_store(fake, POS + LEN, 1000, SERVER);
}

/* Several requests, one after the other: of what is larger than one may be. */
static void larger_than_a_request(struct kunit *test)
{
	struct hf_netfs_limits limits = fake_limits;
	struct fake *fake;
	struct doing *doing;

	limits.rsize = limits.wsize = PAGE_SIZE;
	limits.subs = 512;
	fake = fake_mount_with(test, FAKE_STORE, &limits);
	fake->automatic = true;
	doing = fake_start(fake, doing_direct_read, 0, FAKE_STORE);
	KUNIT_EXPECT_EQ(test, fake_result(doing), FAKE_STORE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, FAKE_STORE, SERVER));
	KUNIT_EXPECT_GE(test, fake->begun, 2);
}

static void short_at_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 20000);
	struct doing *doing = start(fake, RL_DIRECT_READ);

	fake_serve(&fake->call[2]);
	fake_serve(&fake->call[1]);
	fake_serve(&fake->call[0]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 20000 - POS);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, POS, 20000 - POS, SERVER));
	fake_expect_quiet(fake);
}

/* Behind the end an error does not count. */
static void error_behind_the_end(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 20000);
	struct doing *doing = start(fake, RL_DIRECT_READ);

	fake_serve(&fake->call[0]);
	fake_serve(&fake->call[1]);
	fake_answer(&fake->call[2], 0, -EIO, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 20000 - POS);
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], doing->buffer, 20000, 0, IOCB_DIRECT),
			0L);
}

/* What came before it counts, and what comes after does not; the next call tells. */
static void read_error(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct doing *doing = start(fake, RL_DIRECT_READ);

	fake_serve(&fake->call[0]);
	fake_answer(&fake->call[1], 1000, -EIO, 0);
	fake_serve(&fake->call[2]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)SECOND + 1000 - POS);

	doing = start(fake, RL_DIRECT_READ);
	fake_answer(&fake->call[3], 0, -ESTALE, 0);
	fake_serve(&fake->call[4]);
	fake_serve(&fake->call[5]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ESTALE);
}

/* The file has all that was written, and is as large as that. */
static void write_error(struct kunit *test)
{
	struct fake *fake = fake_mount(test, POS);
	struct doing *doing = start(fake, RL_DIRECT_WRITE);

	fake_serve(&fake->call[0]);
	fake_serve(&fake->call[2]);
	fake_answer(&fake->call[1], 0, -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)SECOND - POS);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), POS + LEN);
	/* Its size is not what a write that failed can say. */
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
}

static void write_extends(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 100);
	struct doing *doing = start(fake, RL_DIRECT_WRITE);

	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), 100);
	fake_serve_all(fake);
	KUNIT_EXPECT_EQ(test, fake_result(doing), LEN);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), POS + LEN);
	fake->automatic = true;
	fake_expect_zeroes(fake, 100, POS - 100);
	fake_expect_bytes(fake, POS, LEN, OURS);
}

/* What is cached of the range is dropped, and the rest stays. */
static void write_drops(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(3));

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(3), SERVER);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(1) + 5, 10, OURS, IOCB_DIRECT), 10);
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(1), is_there));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(2), is_there));
	fake_expect_bytes(fake, PAGE(1) + 5, 10, OURS);
	fake_expect_bytes(fake, PAGE(1) + 15, 100, SERVER);
}

/* Also what a read has cached while it was under way. */
static void write_drops_again(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));
	struct doing *doing = fake_start(fake, doing_direct_write, 5, 10), *reader;
	struct call *call = fake_next_is(fake, RL_DIRECT_WRITE, 5, 10);

	reader = fake_start(fake, doing_read, 0, 100);
	fake_serve(fake_next_is(fake, RL_READ, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, fake_result(reader), 100);
	fake_serve(call);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 10);
	fake->automatic = true;
	fake_expect_bytes(fake, 5, 10, OURS);
}

/* What is dirty there goes to the server first, and that fails it. */
static void dirty_first(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;
	struct call *call;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 10, 100, OURS, 0), 100);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(3), 100, OURS, 0), 100);
	doing = fake_start(fake, doing_direct_read, 0, 1000);
	call = fake_next_is(fake, RL_WRITEPAGES, 10, 100);
	fake_expect_waits(doing);
	fake_expect_store(fake, 10, 100, SERVER);
	fake_serve(call);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, 0, 1000));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 1000);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer + 10, 10, 100, OURS));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(3), is_dirty));

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 10, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_direct_write, 50, 1000);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 10, 100));
	fake_serve(fake_next_is(fake, RL_DIRECT_WRITE, 50, 1000));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 1000);

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 10, 100, OURS, 0), 100);
	doing = fake_start(fake, doing_direct_read, 0, 1000);
	fake_answer(fake_next_is(fake, RL_WRITEPAGES, 10, 100), 0, -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ENOSPC);
}

/* Killed, it has what is in flight hurried, and waits for that. */
static void killed(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct doing *doing = start(fake, RL_DIRECT_READ);
	int i;

	fake_serve(&fake->call[0]);
	fake_kill(doing);
	fake_wait_cancelled(&fake->call[1]);
	fake_wait_cancelled(&fake->call[2]);
	KUNIT_EXPECT_FALSE(test, fake->call[0].cancelled);
	fake_answer(&fake->call[1], 0, -EINTR, 0);
	fake_expect_waits(doing);
	fake_serve(&fake->call[2]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)SECOND - POS);

	doing = start(fake, RL_DIRECT_WRITE);
	fake_kill(doing);
	for (i = 3; i < 6; i++) {
		fake_wait_cancelled(&fake->call[i]);
		fake_answer(&fake->call[i], 0, -EAGAIN, 0);
	}
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EINTR);
	fake_expect_quiet(fake);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(read_pieces),
	KUNIT_CASE(write_pieces),
	KUNIT_CASE(larger_than_a_request),
	KUNIT_CASE(short_at_the_end),
	KUNIT_CASE(error_behind_the_end),
	KUNIT_CASE(read_error),
	KUNIT_CASE(write_error),
	KUNIT_CASE(write_extends),
	KUNIT_CASE(write_drops),
	KUNIT_CASE(write_drops_again),
	KUNIT_CASE(dirty_first),
	KUNIT_CASE(killed),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_direct",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
