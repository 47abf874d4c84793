// SPDX-License-Identifier: GPL-2.0-only
/* What could not be written: who is told, and what is cached afterwards. */
#include "fake.h"

#define PAGE(nr) ((loff_t)(nr) * PAGE_SIZE)

static void write_ours(struct fake *fake, loff_t pos, size_t len)
{
	KUNIT_EXPECT_EQ(fake->test, fake_write(fake->file[0], pos, len, OURS, 0),
			(ssize_t)len);
}

static int fsync_nr(struct fake *fake, unsigned int nr)
{
	return vfs_fsync(fake->file[nr], 0);
}

/* An fsync of file 0, whose one message is answered so. */
static void fsync_answered(struct fake *fake, int error)
{
	struct doing *doing = fake_start(fake, doing_fsync, 0, 0);

	fake_answer(fake_next(fake), 0, error, 0);
	KUNIT_EXPECT_EQ(fake->test, fake_result(doing), error);
	fake_wait_ended(fake);
}

/* Each open file is told once. */
static void told_once(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));

	fake_open(fake, 1, O_RDONLY);
	write_ours(fake, 0, 100);
	fsync_answered(fake, -ENOSPC);
	KUNIT_EXPECT_EQ(test, fsync_nr(fake, 0), 0);
	KUNIT_EXPECT_EQ(test, fsync_nr(fake, 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fsync_nr(fake, 1), 0);
	/* Who opens it then is not. */
	fake_open(fake, 2, O_RDONLY);
	KUNIT_EXPECT_EQ(test, fsync_nr(fake, 2), 0);
	fake_expect_quiet(fake);
}

/* The server's own words: of nonsense EIO. */
static void which_error(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));
	struct doing *doing;

	write_ours(fake, 0, 100);
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_answer(fake_next(fake), 101, 0, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	fake_wait_ended(fake);
}

/* What is cached is what the server has. */
static void read_anew(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(2));

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(2), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
	write_ours(fake, 10, 100);
	fsync_answered(fake, -EIO);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_there));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(1), is_there));
	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(2), SERVER);
}

/* Of three messages the one in the middle fails: its folio goes, and no other. */
static void one_of_them(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(6));
	struct doing *doing;
	int i;

	for (i = 0; i < 3; i++)
		write_ours(fake, PAGE(2 * i), 100);
	doing = fake_start(fake, doing_fsync, 0, 0);
	for (i = 0; i < 3; i++)
		fake_next(fake);
	fake_answer(&fake->call[1], 50, -EDQUOT, 0);
	fake_serve(&fake->call[0]);
	fake_serve(&fake->call[2]);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EDQUOT);
	fake_wait_ended(fake);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(0), is_there));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, PAGE(2), is_there));
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(4), is_there));
	KUNIT_EXPECT_EQ(test, atomic64_read(&fake_inode(fake)->lost), 50LL);
	fake->automatic = true;
	fake_expect_bytes(fake, PAGE(2), 50, OURS);
	fake_expect_bytes(fake, PAGE(2) + 50, 50, SERVER);
}

/* From the error on who writes is told at once, until a write has succeeded. */
static void failing(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(4));
	struct doing *doing;

	write_ours(fake, 0, 100);
	fsync_answered(fake, -EIO);
	doing = fake_start(fake, doing_write, PAGE(1), 100);
	fake_answer(fake_next_is(fake, RL_WRITEPAGES, PAGE(1), 100), 0, -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -ENOSPC);
	fake_wait_ended(fake);
	KUNIT_EXPECT_FALSE(test, hf_netfs_dirty(fake->inode));

	doing = fake_start(fake, doing_write, PAGE(2), 100);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, PAGE(2), 100));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 100);
	/* It is well again. */
	write_ours(fake, PAGE(3), 100);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, PAGE(3), is_dirty));
	fake_expect_quiet(fake);
}

/* A store that came meanwhile is newer than what was lost, and is sent. */
static void stored_to_meanwhile(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));
	struct doing *doing;

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(1), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
	write_ours(fake, 0, 100);
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_next(fake);
	fake_store(fake, 200, 100, THEIRS);
	fake_answer(&fake->call[fake->seen - 1], 0, -EIO, 0);
	KUNIT_EXPECT_EQ(test, fake_result(doing), -EIO);
	fake_wait_ended(fake);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_dirty));
	doing = fake_start(fake, doing_fsync, 0, 0);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, fake_result(doing), 0);
	fake_expect_store(fake, 200, 100, THEIRS);
}

/*
 * A write that came meanwhile, to other bytes: those that were lost are read anew all the
 * same.  It waits with the folio's lock, so that it is before who drops what was lost, and
 * the test sees to it that it is sent after that.
 */
static void written_to_meanwhile(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));
	struct mutex *wb_lock = &fake_inode(fake)->wb_lock;
	struct doing *sync, *writer;
	struct call *call;

	fake->automatic = true;
	fake_expect_bytes(fake, 0, PAGE(1), SERVER);
	fake->automatic = false;
	fake->seen = fake->calls;
	write_ours(fake, 0, 100);
	sync = fake_start(fake, doing_fsync, 0, 0);
	call = fake_next_is(fake, RL_WRITEPAGES, 0, 100);
	writer = fake_start(fake, doing_write, 200, 100);
	fake_expect_waits(writer);
	mutex_lock(wb_lock);
	fake_answer(call, 0, -EIO, 0);
	KUNIT_EXPECT_EQ(test, fake_result(sync), -EIO);
	fake_wait_ended(fake);
	KUNIT_EXPECT_TRUE(test, folio_at(fake, 0, is_dirty));
	KUNIT_EXPECT_FALSE(test, folio_at(fake, 0, is_uptodate));
	mutex_unlock(wb_lock);
	fake_serve(fake_next_is(fake, RL_WRITEPAGES, 200, 100));
	KUNIT_EXPECT_EQ(test, fake_result(writer), 100);
	fake->automatic = true;
	fake_expect_bytes(fake, 0, 200, SERVER);
	fake_expect_bytes(fake, 200, 100, OURS);
	fake_expect_bytes(fake, 300, PAGE(1) - 300, SERVER);
}

/* It had made the file larger: that is in doubt, and the server says how large it is. */
static void end_in_doubt(struct kunit *test)
{
	struct fake *fake = fake_mount(test, PAGE(1));

	write_ours(fake, PAGE(1), 100);
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1) + 100);
	fsync_answered(fake, -ENOSPC);
	KUNIT_EXPECT_TRUE(test, hf_netfs_stale(fake->inode));
	KUNIT_EXPECT_TRUE(test, hf_netfs_attributes(fake->inode, hf_netfs_sample(fake->inode),
						    fake->size));
	KUNIT_EXPECT_EQ(test, i_size_read(fake->inode), PAGE(1));
	KUNIT_EXPECT_FALSE(test, hf_netfs_stale(fake->inode));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(told_once),
	KUNIT_CASE(which_error),
	KUNIT_CASE(read_anew),
	KUNIT_CASE(one_of_them),
	KUNIT_CASE(failing),
	KUNIT_CASE(stored_to_meanwhile),
	KUNIT_CASE(written_to_meanwhile),
	KUNIT_CASE(end_in_doubt),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_netfs_writeback_error",
	.exit = fake_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
