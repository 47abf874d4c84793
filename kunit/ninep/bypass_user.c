// SPDX-License-Identifier: GPL-2.0-only
/*
 * Past the network by a program's memory: nothing that it decides about is waited for while
 * the server's file is in use, rounds go on where the last one ended, and what was read is
 * not lost.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "bypass.h"

#define LEN	8192
#define AT	4096
#define TO	ITER_DEST
#define FROM	ITER_SOURCE

/* ------------------------------------------------------------------------- faults */

static ssize_t without_faults(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	KUNIT_EXPECT_TRUE(bypass->test, pagefault_disabled());
	KUNIT_EXPECT_TRUE(bypass->test, user_backed_iter(iter) && iter->nofault);
	return bypass_do(kiocb, iter);
}

static ssize_t by_pages(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	KUNIT_EXPECT_TRUE(bypass->test, iov_iter_is_bvec(iter));
	return bypass_do(kiocb, iter);
}

static const struct {
	struct bypass_way way;
	bypass_does does;
} ways[] = {
	{ { "read", TO, 0, false, AT, LEN, true }, without_faults },
	{ { "write", FROM, 0, false, AT, LEN, true }, without_faults },
	{ { "aio write", FROM, 0, true, AT, LEN, true }, without_faults },
	{ { "aio read", TO, 0, true, AT, LEN, true }, by_pages },
	{ { "append", FROM, IOCB_APPEND, false, FILE_BYTES, LEN, true }, by_pages },
	{ { "direct read", TO, IOCB_DIRECT, false, AT, LEN, true }, by_pages },
	{ { "direct write", FROM, IOCB_DIRECT, false, AT, LEN, true }, by_pages },
	{ { "aio direct at an odd place", FROM, IOCB_DIRECT, true, AT + 1, LEN, true }, by_pages },
};

static void nothing_faults(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct bypass_way *way = &ways[i].way;

		bypass_empty(bypass);
		if (way->direction == TO)
			bypass_fill(bypass, FILE_BYTES);
		bypass->does = ways[i].does;
		KUNIT_EXPECT_EQ_MSG(test, bypass_io(bypass, way), (long)LEN, "%s", way->name);
		KUNIT_EXPECT_EQ_MSG(test, way->direction == TO ? bypass_got(bypass) :
							   bypass_written(bypass, way->pos),
				    (size_t)LEN, "%s", way->name);
		KUNIT_EXPECT_FALSE_MSG(test, bypass->iter.nofault, "%s", way->name);
		KUNIT_EXPECT_FALSE_MSG(test, pagefault_disabled(), "%s", way->name);
	}
	bypass_rests(bypass);
}

/* ------------------------------------------------------------------------- rounds */

static const struct bypass_way sync_write = { "write", FROM, 0, false, AT, LEN, true };
static const struct bypass_way aio_write = { "aio write", FROM, 0, true, AT, LEN, true };

/* As if more of the memory had gone just then. */
static ssize_t in_two_rounds(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return bypass_do_some(kiocb, iter, 5000);
}

static ssize_t then_by_wire(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	switch (atomic_read(&bypass->times)) {
	case 1:
		return bypass_do_some(kiocb, iter, 5000);
	case 2:
		return -EAGAIN;
	}
	return bypass_do(kiocb, iter);
}

static ssize_t then_no_room(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return atomic_read(&bypass->times) == 1 ? bypass_do_some(kiocb, iter, 5000) : -ENOSPC;
}

/* @times: 0: more than two. */
static void expect(struct bypass *bypass, const struct bypass_way *way, bypass_does does, long done,
		   int times)
{
	struct kunit *test = bypass->test;

	bypass_empty(bypass);
	bypass->does = does;
	KUNIT_EXPECT_EQ_MSG(test, bypass_io(bypass, way), done, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, bypass->kiocb.ki_pos, AT + done, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, iov_iter_count(&bypass->iter), (size_t)(LEN - done), "%s",
			    way->name);
	KUNIT_EXPECT_EQ_MSG(test, bypass_written(bypass, AT), (size_t)done, "%s", way->name);
	if (times)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&bypass->times), times, "%s", way->name);
	else
		KUNIT_EXPECT_GT_MSG(test, atomic_read(&bypass->times), 2, "%s", way->name);
	KUNIT_EXPECT_EQ_MSG(test, bypass->asked[1].pos, AT + 5000LL, "%s", way->name);
	bypass_rests(bypass);
}

static void goes_on(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	expect(bypass, &sync_write, in_two_rounds, LEN, 2);
	expect(bypass, &aio_write, in_two_rounds, LEN, 2);
	expect(bypass, &sync_write, then_no_room, 5000, 2);
	expect(bypass, &aio_write, then_no_room, 5000, 2);
}

/* The wire would complete what has been answered: so of an asynchronous one that was all. */
static void goes_on_by_wire(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	expect(bypass, &sync_write, then_by_wire, LEN, 0);
	expect(bypass, &aio_write, then_by_wire, 5000, 2);
}

static ssize_t not_there(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	return user_backed_iter(iter) ? -EFAULT : bypass_do(kiocb, iter);
}

/* Memory that is gone whenever it is wanted: it is the wire's, which pins it. */
static void makes_no_progress(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass->does = not_there;
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &sync_write), (long)LEN);
	KUNIT_EXPECT_EQ(test, bypass_written(bypass, AT), (size_t)LEN);
	/* (Three in vain, and the wire's one.) */
	KUNIT_EXPECT_EQ(test, atomic_read(&bypass->times), 4);
	bypass_rests(bypass);
}

/* ------------------------------------------------------------- what was read stays */

static struct folio *folio_of(struct bypass *bypass)
{
	struct hf9c_pinned_io *io = container_of(bypass->kept, struct hf9c_pinned_io, kiocb);

	return page_folio(io->pinned.vecs[0].bv_page);
}

/* Its memory is written to where it is kept while the device has not come to it yet. */
static ssize_t cleaned_meanwhile(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	struct folio *folio;

	if (!bypass_may_queue(bypass, kiocb))
		return bypass_do(kiocb, iter);
	bypass->kept = kiocb;
	folio = folio_of(bypass);
	KUNIT_EXPECT_TRUE(bypass->test, folio_test_dirty(folio));
	folio_get(folio);
	folio_lock(folio);
	folio_clear_dirty(folio);
	folio_unlock(folio);
	bypass->ret = bypass_do(kiocb, iter);
	kiocb->ki_complete(kiocb, bypass->ret);
	return -EIOCBQUEUED;
}

static void is_dirty_once_more(struct kunit *test)
{
	static const struct bypass_way way = { "aio", TO, IOCB_DIRECT, true, AT, LEN, true };
	struct bypass *bypass = bypass_begin(test);
	struct page *page;

	bypass_fill(bypass, FILE_BYTES);
	bypass->does = cleaned_meanwhile;
	KUNIT_EXPECT_EQ(test, bypass_io(bypass, &way), (long)LEN);
	KUNIT_EXPECT_EQ(test, bypass_got(bypass), (size_t)LEN);
	KUNIT_ASSERT_EQ(test, get_user_pages_fast((unsigned long)bypass->memory, 1, 0, &page), 1);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(page)));
	/* And cleaned_meanwhile()'s. */
	folio_put_refs(page_folio(page), 2);
	bypass_rests(bypass);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nothing_faults),
	KUNIT_CASE(goes_on),
	KUNIT_CASE(goes_on_by_wire),
	KUNIT_CASE(makes_no_progress),
	KUNIT_CASE(is_dirty_once_more),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_bypass_user",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
