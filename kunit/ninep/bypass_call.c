// SPDX-License-Identifier: GPL-2.0-only
/* What the 9P client asks of the server's file, and when it asks the server instead. */
#include <linux/sched/mm.h>

#include "bypass.h"

#define LEN	8192
#define AT	4096
/* Those of a kiocb's that somebody below looks at. */
#define FLAGS	(IOCB_WRITE | IOCB_DSYNC | IOCB_SYNC | IOCB_APPEND | IOCB_DIRECT | IOCB_NOWAIT)
#define TO	ITER_DEST
#define FROM	ITER_SOURCE

/* ------------------------------------------------------------------- the kiocb of it */

static const struct call {
	struct bypass_way way;
	int flags;		/* that are asked for */
	bool hops;		/* to a worker */
} calls[] = {
	{ { "read", TO, 0, false, AT + 77, LEN - 3 }, 0 },
	{ { "write", FROM, 0, false, AT + 77, LEN - 3 }, IOCB_WRITE },
	{ { "dsync", FROM, IOCB_DSYNC, false, AT, LEN }, IOCB_WRITE | IOCB_DSYNC },
	{ { "sync", FROM, IOCB_DSYNC | IOCB_SYNC, false, AT, LEN },
	  IOCB_WRITE | IOCB_DSYNC | IOCB_SYNC },
	{ { "append", FROM, IOCB_APPEND, false, 0, LEN }, IOCB_WRITE | IOCB_APPEND },
	{ { "direct read", TO, IOCB_DIRECT, false, AT, LEN }, IOCB_DIRECT },
	{ { "direct write", FROM, IOCB_DIRECT, false, AT, LEN }, IOCB_WRITE | IOCB_DIRECT },
	{ { "direct dsync", FROM, IOCB_DIRECT | IOCB_DSYNC, false, AT, LEN },
	  IOCB_WRITE | IOCB_DIRECT | IOCB_DSYNC },
	{ { "direct at an odd place", FROM, IOCB_DIRECT, false, AT + 511, LEN }, IOCB_WRITE },
	{ { "direct of an odd length", TO, IOCB_DIRECT, false, AT, LEN - 1 }, 0 },
	{ { "direct append", FROM, IOCB_DIRECT | IOCB_APPEND, false, 0, LEN },
	  IOCB_WRITE | IOCB_APPEND },
	{ { "aio read", TO, 0, true, AT, LEN }, 0, true },
	{ { "aio write", FROM, 0, true, AT, LEN }, IOCB_WRITE },
	{ { "aio append", FROM, IOCB_APPEND, true, 0, LEN }, IOCB_WRITE | IOCB_APPEND },
	{ { "aio direct read", TO, IOCB_DIRECT, true, AT, LEN }, IOCB_DIRECT },
	{ { "aio direct write", FROM, IOCB_DIRECT, true, AT, LEN }, IOCB_WRITE | IOCB_DIRECT },
	{ { "aio direct at an odd place", FROM, IOCB_DIRECT, true, AT + 511, LEN },
	  IOCB_WRITE, true },
};

/* All is the first call's, and is where it belongs. */
static void expect_call(struct bypass *bypass, const struct call *call)
{
	const struct bypass_way *way = &call->way;
	const struct asked *asked = bypass->asked;
	loff_t pos = way->flags & IOCB_APPEND ? FILE_BYTES : way->pos;
	struct kunit *test = bypass->test;

	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&bypass->times), 1, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, asked->flags & FLAGS, call->flags, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, asked->by == current, !call->hops, "%s", way->name);
	KUNIT_EXPECT_TRUE_MSG(test, asked->as_opener, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, asked->len, way->len, "%s", way->name);
	if (!(way->flags & IOCB_APPEND))
		KUNIT_EXPECT_EQ_MSG(test, asked->pos, pos, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, bypass->kiocb.ki_pos, pos + (loff_t)way->len, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, iov_iter_count(&bypass->iter), (size_t)0, "%s", way->name);
	/* What is cached is dropped before it is read. */
	KUNIT_EXPECT_TRUE_MSG(test, hf9c_inode(bypass_inode(bypass))->aside, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, way->direction == TO ? bypass_got(bypass) :
						   bypass_written(bypass, pos),
			    way->len, "%s", way->name);
}

static void as_it_was_asked_for(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);
	const struct call *call;

	for (call = calls; call < calls + ARRAY_SIZE(calls); call++) {
		bypass_empty(bypass);
		if (call->way.direction == TO)
			bypass_fill(bypass, FILE_BYTES);
		hf9c_inode(bypass_inode(bypass))->aside = false;
		KUNIT_EXPECT_EQ_MSG(test, bypass_io(bypass, &call->way), (long)call->way.len, "%s",
				    call->way.name);
		expect_call(bypass, call);
		bypass_rests(bypass);
	}
}

static void learn_size(struct bypass *bypass)
{
	struct kstat stat;

	KUNIT_EXPECT_EQ(bypass->test, vfs_getattr(&bypass->file->f_path, &stat, STATX_SIZE,
						  AT_STATX_FORCE_SYNC), 0);
	KUNIT_EXPECT_EQ(bypass->test, stat.size, (loff_t)FILE_BYTES);
}

/* Others have cut the file: who reads to its end learns that, and stat asks. */
static void end_is_seen(struct kunit *test)
{
	static const struct bypass_way ways[] = {
		{ "read", TO, 0, false, AT, LEN },
		{ "aio read", TO, 0, true, AT, LEN },
		{ "direct read", TO, IOCB_DIRECT, false, AT, LEN },
		{ "aio direct read", TO, IOCB_DIRECT, true, AT, LEN },
	};
	struct bypass *bypass = bypass_begin(test);
	struct inode *inode = bypass_inode(bypass);
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		bypass_empty(bypass);
		learn_size(bypass);
		KUNIT_EXPECT_FALSE_MSG(test, hf_netfs_stale(inode), "%s", ways[i].name);
		KUNIT_ASSERT_EQ(test, vfs_truncate(&bypass->server->file->f_path, AT + 5000), 0L);
		KUNIT_EXPECT_EQ_MSG(test, bypass_io(bypass, &ways[i]), 5000L, "%s", ways[i].name);
		KUNIT_EXPECT_TRUE_MSG(test, hf_netfs_stale(inode), "%s", ways[i].name);
	}
	bypass_rests(bypass);
}

/* ------------------------------------------------------------------------ by the wire */

static const struct bypass_way plain_write = { "write", FROM, 0, false, AT, LEN };
static const struct bypass_way plain_read = { "read", TO, 0, false, AT, LEN };
static const struct bypass_way direct_write = { "direct", FROM, IOCB_DIRECT, false, AT, LEN };

/* The server's thread does it, and it is done. */
static void by_wire(struct bypass *bypass, const struct bypass_way *way)
{
	KUNIT_EXPECT_EQ(bypass->test, bypass_io(bypass, way), (long)way->len);
	KUNIT_EXPECT_GE(bypass->test, atomic_read(&bypass->times), 1);
	KUNIT_EXPECT_PTR_NE(bypass->test, bypass->asked[0].by, current);
	KUNIT_EXPECT_EQ(bypass->test, bypass_written(bypass, way->pos), way->len);
}

static void in_reclaim(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);
	unsigned int flags;

	flags = memalloc_nofs_save();
	by_wire(bypass, &plain_write);
	memalloc_nofs_restore(flags);
	bypass_empty(bypass);
	flags = memalloc_noio_save();
	by_wire(bypass, &direct_write);
	memalloc_noio_restore(flags);
	bypass_rests(bypass);
}

static void in_a_transaction(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	current->journal_info = bypass;
	by_wire(bypass, &plain_write);
	current->journal_info = NULL;
	bypass_rests(bypass);
}

static void without_a_link(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	hf9_localio_stop(bypass->server->export);
	server_lends(bypass->server, 0);
	by_wire(bypass, &plain_write);
	bypass_empty(bypass);
	by_wire(bypass, &direct_write);
	bypass_rests(bypass);
}

static ssize_t comes_again(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return atomic_read(&bypass->times) == 1 ? -EAGAIN : bypass_do(kiocb, iter);
}

static ssize_t has_no_signals(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return atomic_read(&bypass->times) == 1 ? -ERESTARTNOINTR : bypass_do(kiocb, iter);
}

/* What its caller would not know what to do with. */
static void told_to_come_again(struct kunit *test)
{
	static const bypass_does tell[] = { comes_again, has_no_signals };
	static const struct bypass_way * const ways[] = { &plain_write, &direct_write };
	struct bypass *bypass = bypass_begin(test);
	int i;

	for (i = 0; i < 4; i++) {
		bypass_empty(bypass);
		bypass->does = tell[i / 2];
		KUNIT_EXPECT_EQ(test, bypass_io(bypass, ways[i % 2]), (long)LEN);
		KUNIT_EXPECT_GE(test, atomic_read(&bypass->times), 2);
		KUNIT_EXPECT_PTR_EQ(test, bypass->asked[0].by, current);
		KUNIT_EXPECT_PTR_NE(test, bypass->asked[1].by, current);
		KUNIT_EXPECT_EQ(test, bypass_written(bypass, AT), (size_t)LEN);
	}
	bypass_rests(bypass);
}

static ssize_t fails(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return -EIO;
}

/* An answer is an answer. */
static void error_is_told(struct kunit *test)
{
	static const struct bypass_way * const ways[] = {
		&plain_write, &direct_write, &plain_read,
	};
	struct bypass *bypass = bypass_begin(test);
	int i;

	bypass->does = fails;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		KUNIT_EXPECT_EQ(test, bypass_io(bypass, ways[i]), -EIO);
		KUNIT_EXPECT_EQ(test, atomic_read(&bypass->times), 1);
		KUNIT_EXPECT_EQ(test, bypass->kiocb.ki_pos, (loff_t)AT);
		KUNIT_EXPECT_EQ(test, iov_iter_count(&bypass->iter), (size_t)LEN);
	}
	bypass_rests(bypass);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(as_it_was_asked_for),
	KUNIT_CASE(end_is_seen),
	KUNIT_CASE(without_a_link),
	KUNIT_CASE(in_reclaim),
	KUNIT_CASE(in_a_transaction),
	KUNIT_CASE(told_to_come_again),
	KUNIT_CASE(error_is_told),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_bypass_call",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
