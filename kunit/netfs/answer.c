// SPDX-License-Identifier: GPL-2.0-only
/* From where an answer comes, what it says, and what is asked for then. */
#include "fake.h"

#define PIECE 3000

static u8 *room(struct kunit *test, size_t len)
{
	u8 *buffer = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	return buffer;
}

/* Before ->issue() returns: the stack stays flat though each answer asks for more. */
static void within_issue(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 2 * PAGE_SIZE);

	fake->automatic = true;
	fake->most = 100;
	fake_expect_bytes(fake, 0, PAGE_SIZE, SERVER);
	/* 41 and no more: each goes on where the last has ended. */
	KUNIT_EXPECT_EQ(test, fake->calls, DIV_ROUND_UP(PAGE_SIZE, 100));
	KUNIT_EXPECT_EQ(test, fake->most_in_flight, 1);
}

/* By another, while ->issue() is under way. */
static void before_issue_returns(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing;

	fake->late_issue = true;
	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	fake_serve(fake_next_is(fake, RL_DIRECT_READ, 0, PIECE));
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PIECE, SERVER));
}

static void issue_refuses(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	u8 *buffer = room(test, PIECE);

	fake->automatic = true;
	fake->issue_error = -EACCES;
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], buffer, 0, PIECE, IOCB_DIRECT), -EACCES);
	KUNIT_EXPECT_EQ(test, fake->calls, 1);
	fake->issue_error = 0;
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], buffer, 0, PIECE, IOCB_DIRECT), PIECE);
}

static void begin_refuses(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	u8 *buffer = room(test, PIECE);

	fake->begin_error = -EACCES;
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], buffer, 0, PIECE, IOCB_DIRECT), -EACCES);
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], buffer, 0, PIECE, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, fake->calls, 0);
	KUNIT_EXPECT_EQ(test, fake->ended, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake_inode(fake)->io_count), 0);
	/* The folio that was locked for it is not. */
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_locked));
	/* Of write-back, its folio ends with that. */
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 10, OURS, 0), 10);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), -EACCES);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
	KUNIT_EXPECT_EQ(test, fake->ended, 0);
	fake->begin_error = 0;
}

static void from_worker(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_read, 0, PAGE_SIZE);

	fake_answer_by_worker(fake_next_is(fake, RL_READ, 0, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PAGE_SIZE, SERVER));
}

/* Of each kind of answer: all, some, an error. */
static void from_hardirq(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);
	struct call *first = fake_next_is(fake, RL_DIRECT_READ, 0, PIECE), *last;

	fake_answer_by_irq(first, 1000);
	last = fake_next_is(fake, RL_DIRECT_READ, 1000, PIECE - 1000);
	KUNIT_EXPECT_TRUE(test, first->in_hardirq);
	fake_answer_by_irq(last, PIECE - 1000);
	KUNIT_EXPECT_EQ(test, fake_result(doing), PIECE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PIECE, SERVER));

	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	last = fake_next(fake);
	last->error = -EACCES;
	fake_answer_by_irq(last, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EACCES);
}

/* Each is asked for from where the last one ended. */
static void short_again(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_read, 0, PAGE_SIZE);
	static const u32 answers[] = { 1, 511, 2, 3000, PAGE_SIZE - 3514 };
	u32 done = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		fake_answer(fake_next_is(fake, RL_READ, done, PAGE_SIZE - done), answers[i],
			    0, 0);
		done += answers[i];
	}
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, 0, PAGE_SIZE, SERVER));
	fake_expect_quiet(fake);
}

/* S1: what an answer has proved to be behind the end is zeroes, said by a flag or by nothing. */
static void end_of_file(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 3 * PAGE_SIZE);
	struct doing *doing;

	fake->size = PAGE_SIZE + 904;
	doing = fake_start(fake, doing_read, PAGE_SIZE, PAGE_SIZE);
	fake_answer(fake_next_is(fake, RL_READ, PAGE_SIZE, PAGE_SIZE), 904, 0, 0);
	fake_answer(fake_next_is(fake, RL_READ, PAGE_SIZE + 904, PAGE_SIZE - 904), 0, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, all_bytes(doing->buffer, PAGE_SIZE, 904, SERVER));
	KUNIT_EXPECT_NULL(test, memchr_inv(doing->buffer + 904, 0, PAGE_SIZE - 904));
	fake_wait_ended(fake);
	/* It is not what the attributes say. */
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));

	doing = fake_start(fake, doing_read, 2 * PAGE_SIZE, PAGE_SIZE);
	fake_answer(fake_next_is(fake, RL_READ, 2 * PAGE_SIZE, PAGE_SIZE), 1, 0, HF_NETFS_EOF);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(doing->buffer + 1, 0, PAGE_SIZE - 1));
	fake_expect_quiet(fake);
}

/* Said by an answer that is short, of a server that is known to. */
static void short_is_eof(struct kunit *test)
{
	struct hf_netfs_limits limits = fake_limits;
	struct fake *fake;
	struct doing *doing;

	limits.short_is_eof = true;
	fake = fake_mount_with(test, PAGE_SIZE, &limits);
	doing = fake_start(fake, doing_read, 0, PAGE_SIZE);
	fake_answer(fake_next_is(fake, RL_READ, 0, PAGE_SIZE), 100, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), (ssize_t)PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(doing->buffer + 100, 0, PAGE_SIZE - 100));
	fake_expect_quiet(fake);
}

/* More than was asked for, and an error that is none. */
static void nonsense(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE_SIZE);
	struct doing *doing = fake_start(fake, doing_direct_read, 0, PIECE);

	fake_answer(fake_next(fake), PIECE + 1, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	fake_answer(fake_next(fake), 0, EACCES, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	/* Of what is left, not of all. */
	doing = fake_start(fake, doing_direct_read, 0, PIECE);
	fake_answer(fake_next(fake), 2000, 0, 0);
	fake_answer(fake_next_is(fake, RL_DIRECT_READ, 2000, PIECE - 2000), 2000, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 2000);
	fake_expect_quiet(fake);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(within_issue),
	KUNIT_CASE(before_issue_returns),
	KUNIT_CASE(issue_refuses),
	KUNIT_CASE(begin_refuses),
	KUNIT_CASE(from_worker),
	KUNIT_CASE(from_hardirq),
	KUNIT_CASE(short_again),
	KUNIT_CASE(end_of_file),
	KUNIT_CASE(short_is_eof),
	KUNIT_CASE(nonsense),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_answer",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
