// SPDX-License-Identifier: GPL-2.0-only
/* Programs that use the file: in the test's own thread, or in others. */
#include <linux/delay.h>
#include <linux/fadvise.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "fake.h"

bool all_bytes(const u8 *buffer, loff_t pos, size_t len, enum colour colour)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buffer[i] != byte_of(colour, pos + i)) {
			pr_info("at %lld: %02x\n", pos + (loff_t)i, buffer[i]);
			return false;
		}
	return true;
}

ssize_t fake_read(struct file *file, void *buffer, loff_t pos, size_t len, int flags)
{
	struct kvec vec = { .iov_base = buffer, .iov_len = len };
	struct iov_iter iter;
	struct kiocb iocb;

	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	iocb.ki_flags |= flags;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, len);
	return file->f_op->read_iter(&iocb, &iter);
}

ssize_t fake_write_from(struct file *file, void *buffer, loff_t pos, size_t len, int flags)
{
	struct kvec vec = { .iov_base = buffer, .iov_len = len };
	struct iov_iter iter;
	struct kiocb iocb;

	init_sync_kiocb(&iocb, file);
	iocb.ki_pos = pos;
	iocb.ki_flags |= flags;
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	return file->f_op->write_iter(&iocb, &iter);
}

static u8 *painted(loff_t pos, size_t len, enum colour colour)
{
	u8 *buffer = vmalloc(len);
	size_t i;

	for (i = 0; buffer && i < len; i++)
		buffer[i] = byte_of(colour, pos + i);
	return buffer;
}

ssize_t fake_write(struct file *file, loff_t pos, size_t len, enum colour colour, int flags)
{
	u8 *buffer = painted(pos, len, colour);
	ssize_t ret = buffer ? fake_write_from(file, buffer, pos, len, flags) : -ENOBUFS;

	vfree(buffer);
	return ret;
}

int fake_truncate(struct fake *fake, loff_t size)
{
	int ret;

	inode_lock(fake->inode);
	ret = hf_netfs_resize(fake->inode, size, NULL);
	inode_unlock(fake->inode);
	return ret;
}

static u8 *read_some(struct fake *fake, loff_t pos, size_t len)
{
	u8 *buffer = kunit_kzalloc(fake->test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, buffer);
	KUNIT_EXPECT_EQ(fake->test, fake_read(fake->file[0], buffer, pos, len, 0),
			(ssize_t)len);
	return buffer;
}

void fake_expect_bytes(struct fake *fake, loff_t pos, size_t len, enum colour colour)
{
	KUNIT_EXPECT_TRUE_MSG(fake->test,
			      all_bytes(read_some(fake, pos, len), pos, len, colour),
			      "a program reads other bytes in %lld+%zu", pos, len);
}

void fake_expect_zeroes(struct fake *fake, loff_t pos, size_t len)
{
	KUNIT_EXPECT_NULL_MSG(fake->test, memchr_inv(read_some(fake, pos, len), 0, len),
			      "no zeroes in %lld+%zu", pos, len);
}

/* ----------------------------------------------------------------------- threads */

ssize_t doing_read(struct doing *doing)
{
	return fake_read(doing->file, doing->buffer, doing->pos, doing->len, 0);
}

ssize_t doing_direct_read(struct doing *doing)
{
	return fake_read(doing->file, doing->buffer, doing->pos, doing->len, IOCB_DIRECT);
}

ssize_t doing_write(struct doing *doing)
{
	return fake_write(doing->file, doing->pos, doing->len, OURS, 0);
}

ssize_t doing_direct_write(struct doing *doing)
{
	return fake_write(doing->file, doing->pos, doing->len, OURS, IOCB_DIRECT);
}

ssize_t doing_fsync(struct doing *doing)
{
	return vfs_fsync(doing->file, 0);
}

ssize_t doing_truncate(struct doing *doing)
{
	return fake_truncate(doing->fake, doing->pos);
}

ssize_t doing_read_ahead(struct doing *doing)
{
	return fake_read_ahead(doing->fake, doing->pos, doing->len);
}

ssize_t doing_forget(struct doing *doing)
{
	fake_forget(doing->fake);
	return 0;
}

ssize_t doing_unmount(struct doing *doing)
{
	fake_unmount(doing->fake);
	return 0;
}

/* The task ends by itself after it, in the kernel's own text. */
static int do_it(void *data)
{
	struct doing *doing = data;

	allow_signal(SIGKILL);
	doing->ret = doing->what(doing);
	kthread_complete_and_exit(&doing->done, 0);
}

struct doing *fake_start(struct fake *fake, ssize_t (*what)(struct doing *doing),
			 loff_t pos, size_t len)
{
	struct doing *doing = &fake->doing[fake->tasks];
	struct task_struct *task;

	KUNIT_ASSERT_LT(fake->test, fake->tasks, FAKE_TASKS);
	doing->fake = fake;
	doing->what = what;
	doing->file = fake->file[0];
	doing->pos = pos;
	doing->len = len;
	init_completion(&doing->done);
	doing->buffer = vzalloc(max(len, 1));
	KUNIT_ASSERT_NOT_NULL(fake->test, doing->buffer);
	fake->tasks++;
	task = kthread_create(do_it, doing, "hf_kunit/%u", fake->tasks);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(fake->test, task);
	doing->task = get_task_struct(task);
	wake_up_process(task);
	return doing;
}

ssize_t fake_result(struct doing *doing)
{
	bool done = wait_for_completion_timeout(&doing->done, FAKE_PATIENCE);

	KUNIT_ASSERT_TRUE_MSG(doing->fake->test, done, "it hangs");
	/* For who waits once more: fake_exit(). */
	complete_all(&doing->done);
	return doing->ret;
}

static bool sleeps(struct doing *doing)
{
	return READ_ONCE(doing->task->__state) & TASK_UNINTERRUPTIBLE;
}

/*
 * No promise that it goes on to sleep: what this finds is a mistake, if it is fast
 * enough; it takes none for one that is none.
 */
void fake_expect_waits(struct doing *doing)
{
	unsigned int seen = 0, looks;

	for (looks = 0; looks < 1000 && seen < 5; looks++) {
		seen = sleeps(doing) ? seen + 1 : 0;
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_FALSE_MSG(doing->fake->test, completion_done(&doing->done),
			       "it did not wait");
}

void fake_kill(struct doing *doing)
{
	send_sig(SIGKILL, doing->task, 1);
}

/* -------------------------------------------------------------------- page cache */

int fake_read_ahead(struct fake *fake, loff_t pos, size_t len)
{
	struct file *file = fake->file[0];
	int ret;

	file->f_ra.ra_pages = FAKE_STORE >> PAGE_SHIFT;
	ret = vfs_fadvise(file, pos, len, POSIX_FADV_WILLNEED);
	file->f_ra.ra_pages = 0;
	return ret;
}

bool is_uptodate(struct folio *folio)
{
	return folio_test_uptodate(folio);
}

bool is_locked(struct folio *folio)
{
	return folio_test_locked(folio);
}

bool is_dirty(struct folio *folio)
{
	return folio_test_dirty(folio);
}

bool is_there(struct folio *folio)
{
	return true;
}

bool folio_at(struct fake *fake, loff_t pos, bool (*is)(struct folio *folio))
{
	struct folio *folio = filemap_get_folio(fake->inode->i_mapping, pos >> PAGE_SHIFT);
	bool ret;

	if (IS_ERR(folio))
		return false;
	ret = is(folio);
	folio_put(folio);
	return ret;
}

void fake_store(struct fake *fake, loff_t pos, size_t len, enum colour colour)
{
	struct folio *folio = filemap_get_folio(fake->inode->i_mapping, pos >> PAGE_SHIFT);
	u8 *buffer = painted(pos, len, colour);

	KUNIT_ASSERT_FALSE(fake->test, IS_ERR(folio));
	KUNIT_ASSERT_NOT_NULL(fake->test, buffer);
	memcpy_to_folio(folio, offset_in_folio(folio, pos), buffer, len);
	folio_lock(folio);
	folio_mark_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	vfree(buffer);
}
