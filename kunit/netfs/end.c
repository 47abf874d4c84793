// SPDX-License-Identifier: GPL-2.0-only
/* The end of an inode, of a mount, and of the hope for a server. */
#include <linux/file.h>

#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)
#define PIECE FAKE_PIECE
/* Nothing that waits for so long comes by itself. */
#define LONG_MS (24U * 3600 * 1000)

static void patient(struct fake *fake)
{
	fake->netfs.retry.first = LONG_MS;
	fake->netfs.retry.cap = LONG_MS;
}

/* Read-ahead keeps no reference to the inode: its end waits. */
static void evict_waits(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 2 * PIECE);
	struct hf_netfs_inode *ni = fake_inode(fake);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 2 * PIECE), 0);
	fake_close(fake, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ni->io_count), 1);
	doing = fake_start(fake, doing_forget, 0, 0);
	fake_serve(&fake->call[1]);
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->evicted, 0);
	KUNIT_EXPECT_EQ(test, fake->ended, 0);
	fake_answer(&fake->call[0], 0, -EIO, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->evicted, 1);
	KUNIT_EXPECT_EQ(test, fake->ended, 1);
}

/* What waits to be tried again is tried then, again and again. */
static void evict_hurries(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PIECE);
	struct doing *doing;
	int i;

	patient(fake);
	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, PIECE), 0);
	fake_close(fake, 0);
	fake_answer(fake_next(fake), 0, -EAGAIN, 0);
	doing = fake_start(fake, doing_forget, 0, 0);
	for (i = 0; i < 2; i++)
		fake_answer(fake_next_is(fake, RL_READ, 0, PIECE), 0, -EAGAIN, 0);
	fake_serve(fake_next(fake));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->evicted, 1);
}

/* What is dirty is written by who unmounts, and waited for. */
static void unmount_writes(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;
	struct call *call;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 100, 200, OURS, 0), 200);
	KUNIT_EXPECT_EQ(test, filemap_fdatawrite(fake->inode->i_mapping), 0);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(2), 200, OURS, 0), 200);
	fake_close(fake, 0);
	doing = fake_start(fake, doing_unmount, 0, 0);
	call = fake_next_is(fake, RL_WRITEPAGES, 100, 200);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(2), 200));
	fake_expect_waits(doing);
	KUNIT_EXPECT_EQ(test, fake->evicted, 0);
	fake_serve(call);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->evicted, 1);
	fake_expect_store(fake, 100, 200, OURS);
	fake_expect_store(fake, PAGE(2), 200, OURS);
}

static void unmount_aborted(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 100, 200, OURS, 0), 200);
	fake_close(fake, 0);
	doing = fake_start(fake, doing_unmount, 0, 0);
	fake_next_is(fake, RL_WRITEPAGES, 100, 200);
	hf_netfs_abort(&fake->netfs, -EIO);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->evicted, 1);
	fake_expect_store(fake, 100, 200, SERVER);
}

/* Whoever is killed while he unmounts need not wait for the server. */
static void unmount_killed(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PIECE);
	struct doing *doing;

	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, PIECE), 0);
	fake_close(fake, 0);
	doing = fake_start(fake, doing_unmount, 0, 0);
	fake_expect_waits(doing);
	fake_kill(doing);
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	KUNIT_EXPECT_EQ(test, fake->evicted, 1);
}

/* Whatever there is: in flight of each kind, and what waits to be tried again. */
static void abort_ends_all(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	struct doing *reader, *direct, *writer, *waiter;

	patient(fake);
	waiter = fake_start(fake, doing_direct_read, PAGE(8), 100);
	fake_answer(fake_next(fake), 0, -EAGAIN, 0);
	reader = fake_start(fake, doing_read, 0, PAGE_SIZE);
	fake_next(fake);
	direct = fake_start(fake, doing_direct_read, PAGE(1), 100);
	fake_next(fake);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(2), 200, OURS, 0), 200);
	writer = fake_start(fake, doing_fsync, 0, 0);
	fake_next(fake);
	hf_netfs_abort(&fake->netfs, -ENOTCONN);
	KUNIT_EXPECT_EQ(test, fake_result(waiter), -ENOTCONN);
	/* The filesystem's own answer comes first. */
	KUNIT_EXPECT_EQ(test, fake_result(direct), -EIO);
	KUNIT_EXPECT_LT(test, fake_result(reader), 0L);
	KUNIT_EXPECT_EQ(test, fake_result(writer), -EIO);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
	fake_expect_quiet(fake);
}

/* It is for good: no request goes out, and nothing stays dirty for ever. */
static void aborted(struct kunit *test)
{
	struct fake *fake = fake_mount(test, SZ_64K);
	u8 byte;

	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(3), 200, OURS, 0), 200);
	hf_netfs_abort(&fake->netfs, -ENOTCONN);
	/* The first error stays. */
	hf_netfs_abort(&fake->netfs, -EINTR);
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], &byte, 0, 1, IOCB_DIRECT), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, fake_read(fake->file[0], &byte, 0, 1, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], 0, 1, OURS, IOCB_DIRECT), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, vfs_fsync(fake->file[0], 0), -ENOTCONN);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(3), is_there));
	/* And who writes then hears of it at once; the kernel has no other words for it. */
	KUNIT_EXPECT_EQ(test, fake_write(fake->file[0], PAGE(4), 200, OURS, 0), -EIO);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
	KUNIT_EXPECT_EQ(test, fake->calls, 0);
	KUNIT_EXPECT_EQ(test, fake->begun, 0);
}

static struct file *open_path(struct kunit *test, const char *path, int flags)
{
	struct file *file = filp_open(path, flags, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "no %s", path);
	return file;
}

static void abort_by_sysfs(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));
	struct doing *doing = fake_start(fake, doing_direct_read, 0, 100);
	dev_t dev = fake->inode->i_sb->s_dev;
	struct file *file;
	loff_t pos = 0;
	char path[64];

	fake_next(fake);
	snprintf(path, sizeof(path), "/sys/fs/holdfast/%u:%u/abort", MAJOR(dev), MINOR(dev));
	file = open_path(test, path, O_WRONLY);
	KUNIT_EXPECT_EQ(test, kernel_write(file, "1\n", 2, &pos), 2L);
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	KUNIT_EXPECT_TRUE(test, fake->dead);
	/* The folder goes with the mount. */
	fake_close(fake, 0);
	fake_unmount(fake);
	KUNIT_EXPECT_PTR_EQ(test, filp_open(path, O_WRONLY, 0), ERR_PTR(-ENOENT));
}

#define ROOM 4096

static char *requests(struct kunit *test)
{
	struct file *file = open_path(test, "/proc/fs/holdfast/requests", O_RDONLY);
	char *text = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_GE(test, kernel_read(file, text, ROOM - 1, &pos), 0L);
	__fput_sync(file);
	return text;
}

/* What an administrator sees of what hangs. */
static void shown(struct kunit *test)
{
	struct fake *fake = fake_mount(test, 2 * PIECE);
	dev_t dev = fake->inode->i_sb->s_dev;
	char *line, head[64];

	KUNIT_EXPECT_STREQ(test, requests(test), "");
	KUNIT_EXPECT_EQ(test, fake_read_ahead(fake, 0, 2 * PIECE), 0);
	fake_serve(&fake->call[1]);
	line = requests(test);
	snprintf(head, sizeof(head), "%u:%u ino 2 request ", MAJOR(dev), MINOR(dev));
	KUNIT_EXPECT_PTR_EQ(test, strstr(line, head), line);
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " read age "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " subrequests 2 in-flight 1 ended 1\n"));
	fake->deaf = true;
	hf_netfs_abort(&fake->netfs, -EIO);
	line = requests(test);
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " in-flight 1 ended 1 cancelled\n"));
	fake_serve_all(fake);
	fake_wait_ended(fake);
	KUNIT_EXPECT_NULL(test, strstr(requests(test), "in-flight"));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(evict_waits),
	KUNIT_CASE_SLOW(evict_hurries),
	KUNIT_CASE(unmount_writes),
	KUNIT_CASE(unmount_aborted),
	KUNIT_CASE(unmount_killed),
	KUNIT_CASE(abort_ends_all),
	KUNIT_CASE(aborted),
	KUNIT_CASE(abort_by_sysfs),
	KUNIT_CASE(shown),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_end",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
