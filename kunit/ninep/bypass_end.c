// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of I/O past the network that nobody waits for: before the server's file has
 * returned from the call, or later, in an interrupt; and who has what of it until then.
 */
#include <linux/irqflags.h>
#include <linux/rcupdate.h>

#include "../../localio/localio.h"
#include "bypass.h"

#define LEN	8192
#define AT	4096

static const struct bypass_way reads = {
	"read", ITER_DEST, IOCB_DIRECT, true, AT, LEN
}, writes = {
	"write", ITER_SOURCE, IOCB_DIRECT, true, AT, LEN
};

static struct hf9c_pinned_io *io_of(struct kiocb *kiocb)
{
	return container_of(kiocb, struct hf9c_pinned_io, kiocb);
}

/* -------------------------------------------------------------- before it has returned */

/* All that the one who asked is told he is told, and what lets go without him does. */
static void others_let_go(struct bypass *bypass)
{
	bypass_result(bypass);
	hf9_localio_stop(bypass->server->export);
	/* What is not referred to any more is released by a callback of RCU's. */
	rcu_barrier();
}

/*
 * A filesystem whose device is quick: it looks at its kiocb and where it is in memory
 * once more before it returns, and is in its own text, and in its own file, so long.
 */
static ssize_t ends_first(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	struct kunit *test = bypass->test;
	struct hf_localio_link *link;
	ssize_t got = bypass_do(kiocb, iter);

	if (!bypass_may_queue(bypass, kiocb))
		return got;
	link = io_of(kiocb)->by.link;
	kiocb->ki_complete(kiocb, got);
	others_let_go(bypass);
	KUNIT_EXPECT_EQ(test, refcount_read(&io_of(kiocb)->refs), 1U);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(kiocb->ki_flags) & IOCB_DIRECT);
	KUNIT_EXPECT_EQ(test, iov_iter_count(iter), (size_t)0);
	KUNIT_EXPECT_FALSE(test, percpu_ref_is_zero(&link->ref));
	KUNIT_EXPECT_EQ(test, atomic_read(&bypass->server->export->links), 1);
	return -EIOCBQUEUED;
}

static void expect_ended(struct bypass *bypass)
{
	KUNIT_EXPECT_EQ(bypass->test, atomic_read(&bypass->told), 1);
	KUNIT_EXPECT_EQ(bypass->test, bypass->ret, (long)LEN);
	KUNIT_EXPECT_EQ(bypass->test, bypass->kiocb.ki_pos, (loff_t)AT + LEN);
	server_lends(bypass->server, 0);
	bypass_rests(bypass);
}

static void read_ends_first(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass_fill(bypass, FILE_BYTES);
	bypass->does = ends_first;
	KUNIT_EXPECT_EQ(test, bypass_submit(bypass, &reads), -EIOCBQUEUED);
	KUNIT_EXPECT_EQ(test, bypass_got(bypass), (size_t)LEN);
	expect_ended(bypass);
}

static void write_ends_first(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	bypass->does = ends_first;
	KUNIT_EXPECT_EQ(test, bypass_submit(bypass, &writes), -EIOCBQUEUED);
	expect_ended(bypass);
	KUNIT_EXPECT_EQ(test, bypass_written(bypass, AT), (size_t)LEN);
}

/* ------------------------------------------------------------------------------- later */

static ssize_t queues(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter)
{
	bypass->ret = bypass_do(kiocb, iter);
	if (!bypass_may_queue(bypass, kiocb))
		return bypass->ret;
	kiocb->ki_pos -= bypass->ret;
	bypass->kept = kiocb;
	return -EIOCBQUEUED;
}

/* In flight: a truncate waits, and so does who ends the link. */
static void expect_in_flight(struct bypass *bypass)
{
	struct kunit *test = bypass->test;

	KUNIT_EXPECT_EQ(test, refcount_read(&io_of(bypass->kept)->refs), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&bypass_inode(bypass)->i_dio_count), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&bypass->told), 0);
	hf9_localio_stop(bypass->server->export);
	rcu_barrier();
	KUNIT_EXPECT_FALSE(test, percpu_ref_is_zero(&io_of(bypass->kept)->by.link->ref));
}

/* As a device says it. */
static void end_in_interrupt(struct bypass *bypass, long ret)
{
	unsigned long flags;

	local_irq_save(flags);
	bypass->kept->ki_pos += max(ret, 0L);
	bypass->kept->ki_complete(bypass->kept, ret);
	local_irq_restore(flags);
	bypass_result(bypass);
}

/* The server's file has it, and has said so. */
static void submit(struct bypass *bypass, const struct bypass_way *way)
{
	bypass->does = queues;
	KUNIT_ASSERT_EQ(bypass->test, bypass_submit(bypass, way), -EIOCBQUEUED);
	KUNIT_ASSERT_NOT_NULL(bypass->test, READ_ONCE(bypass->kept));
}

static struct bypass *queued(struct kunit *test, const struct bypass_way *way)
{
	struct bypass *bypass = bypass_begin(test);

	if (way->direction == ITER_DEST)
		bypass_fill(bypass, FILE_BYTES);
	submit(bypass, way);
	KUNIT_EXPECT_EQ(test, bypass->ret, (long)way->len);
	expect_in_flight(bypass);
	return bypass;
}

static void read_ends_in_interrupt(struct kunit *test)
{
	struct bypass *bypass = queued(test, &reads);

	end_in_interrupt(bypass, LEN);
	expect_ended(bypass);
	KUNIT_EXPECT_EQ(test, bypass_got(bypass), (size_t)LEN);
}

static void write_ends_in_interrupt(struct kunit *test)
{
	struct bypass *bypass = queued(test, &writes);

	/* Until then the filesystem may not be frozen. */
	KUNIT_EXPECT_GE(test, bypass_writers(bypass), 1);
	end_in_interrupt(bypass, LEN);
	expect_ended(bypass);
}

static void ends_with(struct kunit *test, const struct bypass_way *way, long ret)
{
	struct bypass *bypass = queued(test, way);

	end_in_interrupt(bypass, ret);
	KUNIT_EXPECT_EQ(test, bypass->ret, ret);
	KUNIT_EXPECT_EQ(test, bypass->kiocb.ki_pos, AT + max(ret, 0L));
	KUNIT_EXPECT_EQ(test, atomic_read(&bypass->times), 1);
	server_lends(bypass->server, 0);
	bypass_rests(bypass);
}

/* The disk has failed, or has taken some: he is told, and nobody does it again behind him. */
static void fails_later(struct kunit *test)
{
	ends_with(test, &writes, -EIO);
}

static void is_short_later(struct kunit *test)
{
	ends_with(test, &writes, 512);
}

static void read_is_short_later(struct kunit *test)
{
	ends_with(test, &reads, 512);
}

/* Others have cut the file: that has to be found out in an interrupt, too. */
static void end_is_seen_later(struct kunit *test)
{
	struct bypass *bypass = bypass_begin(test);

	KUNIT_ASSERT_EQ(test, vfs_truncate(&bypass->server->file->f_path, AT + 5000), 0L);
	submit(bypass, &reads);
	KUNIT_EXPECT_EQ(test, bypass->ret, 5000L);
	KUNIT_EXPECT_FALSE(test, hf_netfs_stale(bypass_inode(bypass)));
	end_in_interrupt(bypass, 5000);
	KUNIT_EXPECT_EQ(test, bypass->ret, 5000L);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(bypass_inode(bypass)));
	bypass_rests(bypass);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(read_ends_first),
	KUNIT_CASE(write_ends_first),
	KUNIT_CASE(read_ends_in_interrupt),
	KUNIT_CASE(write_ends_in_interrupt),
	KUNIT_CASE(fails_later),
	KUNIT_CASE(is_short_later),
	KUNIT_CASE(read_is_short_later),
	KUNIT_CASE(end_is_seen_later),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_bypass_end",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
