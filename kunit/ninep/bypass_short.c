// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes of the kernel's own memory that end short: what was written is told, no more and no
 * less, and of one that is asynchronous nothing else is begun.
 */
#include "bypass.h"

#define LEN	8192
#define AT	4096
#define BIG	(BYPASS_PIECES * BYPASS_PIECE)
/* What one call of the server's file is of, at most. */
#define MOST	(8u << 20)
#define FROM	ITER_SOURCE

static const struct bypass_way ways[] = {
	{ "write", FROM, 0, false, AT, LEN },
	{ "aio", FROM, 0, true, AT, LEN },
	{ "direct", FROM, IOCB_DIRECT, false, AT, LEN },
	{ "aio direct", FROM, IOCB_DIRECT, true, AT, LEN },
	{ "aio direct at an odd place", FROM, IOCB_DIRECT, true, AT + 1, LEN },
	{ "append", FROM, IOCB_APPEND, false, FILE_BYTES, LEN },
	{ "aio append", FROM, IOCB_APPEND, true, FILE_BYTES, LEN },
};

static const struct bypass_way big = { "big", FROM, IOCB_DIRECT, false, 0, BIG };
static const struct bypass_way aio_big = { "aio big", FROM, IOCB_DIRECT, true, 0, BIG };

/* So much was written, by so many calls (0: not counted), and it has ended. */
static void expect(struct bypass *bypass, const struct bypass_way *way, long done, int times)
{
	struct kunit *test = bypass->test;

	KUNIT_EXPECT_EQ_MSG(test, bypass->kiocb.ki_pos, way->pos + done, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, bypass_written(bypass, way->pos), (size_t)done, "%s", way->name);
	if (times)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&bypass->times), times, "%s", way->name);
	bypass_rests(bypass);
}

static ssize_t some(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return bypass_do_some(kiocb, iter, 5000);
}

static void as_far_as_it_went(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);
	const struct bypass_way *way;

	bypass->does = some;
	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		bypass_empty(bypass);
		KUNIT_EXPECT_EQ_MSG(test, bypass_io(bypass, way), 5000L, "%s", way->name);
		expect(bypass, way, 5000, 1);
	}
}

/* ------------------------------------------------------------- more than one call's */

static void all_of_it(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &big), (long)BIG);
	expect(bypass, &big, BIG, 2);
	bypass_empty(bypass);
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &aio_big), (long)BIG);
	expect(bypass, &aio_big, BIG, 2);
}

/* The first one is short: there is no second. */
static void first_is_short(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass->does = some;
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &big), 5000L);
	expect(bypass, &big, 5000, 1);
	bypass_empty(bypass);
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &aio_big), 5000L);
	expect(bypass, &aio_big, 5000, 1);
}

static ssize_t second_fails(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return atomic_read(&bypass->times) == 2 ? -ENOSPC : bypass_do(kiocb, iter);
}

static void no_room_for_the_second(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass->does = second_fails;
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &big), (long)MOST);
	expect(bypass, &big, MOST, 2);
	bypass_empty(bypass);
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &aio_big), (long)MOST);
	expect(bypass, &aio_big, MOST, 2);
}

static ssize_t second_comes_again(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return atomic_read(&bypass->times) == 2 ? -EAGAIN : bypass_do(kiocb, iter);
}

/*
 * The rest is the wire's if somebody waits for all of it.  If not the wire would complete
 * what has been answered.
 */
static void second_is_for_the_wire(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass->does = second_comes_again;
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &big), (long)BIG);
	KUNIT_EXPECT_GT(test, atomic_read(&bypass->times), 2);
	expect(bypass, &big, BIG, 0);
	bypass_empty(bypass);
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &aio_big), (long)MOST);
	expect(bypass, &aio_big, MOST, 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(as_far_as_it_went),
	KUNIT_CASE(all_of_it),
	KUNIT_CASE(first_is_short),
	KUNIT_CASE(no_room_for_the_second),
	KUNIT_CASE(second_is_for_the_wire),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_bypass_short",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
