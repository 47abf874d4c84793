// SPDX-License-Identifier: GPL-2.0-only
/* I/O past the cache that nobody waits for; and into a program's memory. */
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "fake.h"

#define PIECE FAKE_PIECE
#define POS 1234
#define LEN 40000
#define SECOND ((loff_t)PIECE)

struct aio {
	struct kiocb iocb;
	struct kvec vec;
	struct iov_iter iter;
	struct completion done;
	unsigned int times;
	long ret;
};

static void completed(struct kiocb *iocb, long ret)
{
	struct aio *aio = container_of(iocb, struct aio, iocb);

	aio->times++;
	aio->ret = ret;
	complete(&aio->done);
}

static struct aio *prepare(struct fake *fake, loff_t pos)
{
	struct aio *aio = kunit_kzalloc(fake->test, sizeof(*aio), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, aio);
	init_sync_kiocb(&aio->iocb, fake->file[0]);
	aio->iocb.ki_pos = pos;
	aio->iocb.ki_flags |= IOCB_DIRECT;
	aio->iocb.ki_complete = completed;
	init_completion(&aio->done);
	return aio;
}

static u8 *use_buffer(struct fake *fake, struct aio *aio, unsigned int direction)
{
	u8 *buffer = kunit_kzalloc(fake->test, LEN, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(fake->test, buffer);
	for (i = 0; direction == ITER_SOURCE && i < LEN; i++)
		buffer[i] = byte_of(OURS, aio->iocb.ki_pos + i);
	aio->vec = (struct kvec) { .iov_base = buffer, .iov_len = LEN };
	iov_iter_kvec(&aio->iter, direction, &aio->vec, 1, LEN);
	return buffer;
}

static ssize_t submit(struct fake *fake, struct aio *aio)
{
	const struct file_operations *ops = fake->file[0]->f_op;

	if (iov_iter_rw(&aio->iter) == ITER_DEST)
		return ops->read_iter(&aio->iocb, &aio->iter);
	return ops->write_iter(&aio->iocb, &aio->iter);
}

static void expect_completed(struct fake *fake, struct aio *aio, long ret)
{
	KUNIT_ASSERT_TRUE(fake->test, wait_for_completion_timeout(&aio->done, FAKE_PATIENCE));
	KUNIT_EXPECT_EQ(fake->test, aio->ret, ret);
	KUNIT_EXPECT_EQ(fake->test, aio->times, 1);
	fake_wait_ended(fake);
}

static void read_queued(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	u8 *buffer = use_buffer(fake, aio, ITER_DEST);

	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	KUNIT_EXPECT_EQ(test, fake->calls, 3);
	fake_serve(&fake->call[2]);
	fake_answer_by_irq(&fake->call[0], fake->call[0].len);
	KUNIT_EXPECT_EQ(test, aio->times, 0);
	fake_serve(&fake->call[1]);
	expect_completed(fake, aio, LEN);
	KUNIT_EXPECT_EQ(test, aio->iocb.ki_pos, POS + LEN);
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer, POS, LEN, SERVER));
}

static void read_fails(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);

	use_buffer(fake, aio, ITER_DEST);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	fake_answer(&fake->call[0], 0, -EACCES, 0);
	fake_serve_all(fake);
	expect_completed(fake, aio, -EACCES);
	KUNIT_EXPECT_EQ(test, aio->iocb.ki_pos, POS);
	/* In the midst of it: what came before. */
	aio = prepare(fake, POS);
	use_buffer(fake, aio, ITER_DEST);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	fake_answer(&fake->call[4], 0, -EACCES, 0);
	fake_serve_all(fake);
	expect_completed(fake, aio, (long)SECOND - POS);
}

/* Within the file; what is cached of it is dropped before it is said to be done. */
static void write_queued(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	struct doing *reader;

	use_buffer(fake, aio, ITER_SOURCE);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	fake->seen = fake->calls;
	reader = fake_start(fake, doing_read, POS, 100);
	fake_serve(fake_next_is(fake, RL_READ, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, fake_result(reader), 100);
	KUNIT_EXPECT_TRUE(test, all_bytes(reader->buffer, POS, 100, SERVER));
	fake_serve_all(fake);
	expect_completed(fake, aio, LEN);
	fake_expect_store(fake, 0, POS, SERVER);
	fake_expect_store(fake, POS, LEN, OURS);
	fake->automatic = true;
	fake_expect_bytes(fake, POS, 100, OURS);
}

/* Bytes that were read meanwhile, and stand beside such as are dirty, are of before. */
static void write_beside_another(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	loff_t page = round_up(POS, PAGE_SIZE), theirs = page + 1000;
	unsigned int i, calls;

	use_buffer(fake, aio, ITER_SOURCE);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	calls = fake->calls;
	fake->automatic = true;
	fake_expect_bytes(fake, page, PAGE_SIZE, SERVER);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], theirs, 100, THEIRS, 0), 100);
	for (i = 0; i < calls; i++)
		fake_serve(&fake->call[i]);
	expect_completed(fake, aio, LEN);
	fake_expect_bytes(fake, page, 1000, OURS);
	fake_expect_bytes(fake, theirs, 100, THEIRS);
	fake_expect_bytes(fake, theirs + 100, PAGE_SIZE - 1100, OURS);
}

/* It makes the file larger: the caller waits. */
static void write_that_extends(struct kunit *test)
{
	struct fake *fake = fake_mount(test, POS + LEN - 1);
	struct aio *aio = prepare(fake, POS);

	fake->automatic = true;
	use_buffer(fake, aio, ITER_SOURCE);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), LEN);
	KUNIT_EXPECT_EQ(test, aio->times, 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), POS + LEN);
}

/* What was begun before a truncate is over before the server hears of that. */
static void truncate_waits(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	struct doing *doing;

	use_buffer(fake, aio, ITER_SOURCE);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	doing = fake_start(fake, doing_truncate, 100, 0);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->resizes, 0);
	fake_serve_all(fake);
	expect_completed(fake, aio, LEN);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->resizes_early, 0);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), 100);
	KUNIT_EXPECT_EQ(test, fake->size, 100);
}

/* Nobody is to be made to wait, and here somebody would. */
static void nowait(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	u8 byte;

	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], &byte, 0, 1, IOCB_DIRECT | IOCB_NOWAIT),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 1, OURS, IOCB_DIRECT | IOCB_NOWAIT),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 1, OURS, IOCB_NOWAIT), -EAGAIN);
	fake_expect_quiet(fake);
}

/*
 * Within ->issue(), after the only answer: nobody keeps the request by now but its issuer, who
 * goes on with it when ->issue() returns.  (What is let go of is freed by RCU.)
 */
static void expect_kept(struct fake *fake)
{
	struct hf_netfs_req *req = fake->call[0].sub->req;

	rcu_barrier();
	KUNIT_EXPECT_TRUE(fake->test, req->core.issuer);
	KUNIT_EXPECT_GE(fake->test, req->core.pending, 1U);
	KUNIT_EXPECT_EQ(fake->test, fake->ended, 0U);
}

static void answered_at_once(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);

	fake->automatic = true;
	fake->then = expect_kept;
	use_buffer(fake, aio, ITER_SOURCE);
	iov_iter_truncate(&aio->iter, 100);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	KUNIT_EXPECT_NULL(test, fake->then);
	expect_completed(fake, aio, 100);
}

static void waited_for_and_answered_at_once(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);

	aio->iocb.ki_complete = NULL;
	fake->automatic = true;
	fake->then = expect_kept;
	use_buffer(fake, aio, ITER_DEST);
	iov_iter_truncate(&aio->iter, 100);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), 100);
	KUNIT_EXPECT_NULL(test, fake->then);
	fake_wait_ended(fake);
}

/* ------------------------------------------------------------- a program's memory */

/* Room for LEN bytes at an odd address in it, which @aio uses. */
static u8 __user *use_program(struct fake *fake, struct aio *aio, unsigned int direction)
{
	unsigned long at = kunit_vm_mmap(fake->test, NULL, 0, SZ_64K, PROT_READ | PROT_WRITE,
					 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	u8 __user *memory = (u8 __user *)(at + 77);
	u8 *buffer;
	int i;

	KUNIT_ASSERT_NE(fake->test, at, 0UL);
	KUNIT_ASSERT_FALSE(fake->test, IS_ERR_VALUE(at));
	buffer = kunit_kzalloc(fake->test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fake->test, buffer);
	for (i = 0; i < LEN; i++)
		buffer[i] = byte_of(OURS, aio->iocb.ki_pos + i);
	KUNIT_ASSERT_EQ(fake->test, copy_to_user(memory, buffer, LEN), 0UL);
	KUNIT_ASSERT_EQ(fake->test, import_ubuf(direction, memory, LEN, &aio->iter), 0);
	return memory;
}

static void program_reads(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	u8 __user *memory = use_program(fake, aio, ITER_DEST);
	u8 *buffer = kunit_kzalloc(test, LEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	KUNIT_EXPECT_EQ(test, fake->calls, 3);
	/* Nobody may write there once it is not wanted any more. */
	KUNIT_EXPECT_TRUE(test, fake->call[0].may_discard);
	fake_serve(&fake->call[1]);
	fake_answer_by_worker(&fake->call[0], fake->call[0].len);
	fake_serve(&fake->call[2]);
	expect_completed(fake, aio, LEN);
	KUNIT_EXPECT_EQ(test, copy_from_user(buffer, memory, LEN), 0UL);
	KUNIT_EXPECT_TRUE(test, all_bytes(buffer, POS, LEN, SERVER));
}

static void program_writes(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);

	use_program(fake, aio, ITER_SOURCE);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EIOCBQUEUED);
	fake_serve_all(fake);
	expect_completed(fake, aio, LEN);
	fake_expect_store(fake, POS, LEN, OURS);
	fake_expect_store(fake, POS + LEN, 1000, SERVER);
}

/* Memory that is not there: nothing is asked for. */
static void no_memory_there(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct aio *aio = prepare(fake, POS);
	u8 __user *memory = use_program(fake, aio, ITER_DEST);

	KUNIT_ASSERT_EQ(test, import_ubuf(ITER_DEST, memory + SZ_16M, LEN, &aio->iter), 0);
	KUNIT_EXPECT_EQ(test, submit(fake, aio), -EFAULT);
	KUNIT_EXPECT_EQ(test, aio->times, 0);
	KUNIT_EXPECT_EQ(test, fake->calls, 0);
	fake_wait_ended(fake);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(read_queued),
	KUNIT_CASE(read_fails),
	KUNIT_CASE(write_queued),
	KUNIT_CASE(write_beside_another),
	KUNIT_CASE(write_that_extends),
	KUNIT_CASE(truncate_waits),
	KUNIT_CASE(nowait),
	KUNIT_CASE(answered_at_once),
	KUNIT_CASE(waited_for_and_answered_at_once),
	KUNIT_CASE(program_reads),
	KUNIT_CASE(program_writes),
	KUNIT_CASE(no_memory_there),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_aio",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
