// SPDX-License-Identifier: GPL-2.0-only
/* Locks that a remote decides, too: the test is the remote, and answers when it likes. */
#include "file.h"

/* What the remote has been told, in order: "lW0-9" asked, "w..." to be waited for, "u..." */
static struct {
	struct hf_remote *asked;	/* to be answered */
	unsigned int begun, ended, granted, cancelled;
	int at_once;			/* answers that ->lock() gives itself; 1: none */
	int fails;			/* ->lock() */
	char told[128];
} remote;

static void note(char what, const struct file_lock *fl)
{
	size_t at = strlen(remote.told);
	char type = fl->c.flc_type == F_WRLCK ? 'W' : 'R';

	if (what == 'u')
		type = '-';
	scnprintf(remote.told + at, sizeof(remote.told) - at, "%s%c%c%lld-%lld",
		  at ? " " : "", what, type, fl->fl_start,
		  fl->fl_end == OFFSET_MAX ? -1LL : fl->fl_end);
}

static int begin(struct hf_remote *asks, struct file *file, bool unlocks)
{
	asks->priv = file;
	remote.begun++;
	return 0;
}

static void end(struct hf_remote *asks)
{
	remote.ended++;
}

static int lock(struct hf_remote *asks, const struct file_lock *fl, bool wait)
{
	note(wait ? 'w' : 'l', fl);
	if (remote.fails)
		return remote.fails;
	if (remote.at_once <= 0)
		hf_remote_answer(asks, remote.at_once);
	else
		remote.asked = asks;
	return 0;
}

static void cancel(struct hf_remote *asks)
{
	remote.cancelled++;
}

static int unlock(struct hf_remote *asks, const struct file_lock *fl)
{
	note('u', fl);
	return 0;
}

static void granted(struct hf_remote *asks)
{
	remote.granted++;
}

static const struct hf_remote_ops fake_remote = {
	.begin = begin, .end = end, .lock = lock, .cancel = cancel, .unlock = unlock,
	.granted = granted,
};

static int remote_init(struct kunit *test)
{
	struct hf_lock_domain *domain = hf_lock_domain_create(HF_FAIR_FIFO, &fake_remote);
	struct hf_test_file *file;
	int ret;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = file_init(test);
	if (ret) {
		hf_lock_domain_put(domain);
		return ret;
	}
	file = test->priv;
	hf_lock_domain_put(file->domain);
	file->domain = domain;
	memset(&remote, 0, sizeof(remote));
	remote.at_once = 1;
	return 0;
}

static void remote_exit(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int nr;

	if (!file)
		return;
	for (nr = 0; nr < FILE_FAKES; nr++)
		fake_release(&file->fake[nr]);
	hf_remote_flush();
	KUNIT_EXPECT_PTR_EQ(test, remote.asked, NULL);
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, HZ));
	file_exit(test);
	KUNIT_EXPECT_EQ(test, remote.begun, remote.ended);
}

/* The server says so, and what follows from it has been done. */
static void answer(struct hf_test_file *file, int result)
{
	struct hf_remote *asked = remote.asked;

	remote.asked = NULL;
	KUNIT_ASSERT_NOT_NULL(file->test, asked);
	hf_remote_answer(asked, result);
	hf_remote_flush();
	file_check(file);
}

#define expect_remote(file, text) do {					\
	hf_remote_flush();						\
	KUNIT_EXPECT_STREQ((file)->test, remote.told, text);		\
	remote.told[0] = '\0';						\
} while (0)

static struct fake *ask(struct hf_test_file *file, unsigned int nr, unsigned int owner,
			int type, loff_t start, loff_t last)
{
	struct fake *fake = fake_init(file, nr, &fake_answer_ops, owner, type, start, last);

	EXPECT_DEFERRED(fake);
	hf_remote_flush();
	return fake;
}

static void yes(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	expect_remote(file, "lW0-9");
	file_expect_held(file, "?W0-9");
	file_expect_told(file, "");
	/* It is nobody's yet, and keeps others out. */
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, B, F_RDLCK, 9, 9));
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
	KUNIT_EXPECT_EQ(test, remote.granted, 1U);
	file_expect_set(file, A, F_UNLCK, 0, 9);
	expect_remote(file, "u-0-9");
}

static void no_then_yes(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	ask(file, 0, A, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	expect_remote(file, "lW0-9 wW0-9");
	file_expect_held(file, "");
	file_expect_told(file, "");
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
}

/* A process, which does not wait: nothing has changed. */
static void no(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	remote.at_once = 0;
	file_expect_set(file, A, F_RDLCK, 0, 9);
	remote.at_once = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, file_set(file, A, F_WRLCK, 3, 5));
	file_expect_held(file, "aR0-9");
	expect_remote(file, "lR0-9 lW3-5");
	/* What it has already it need not ask for. */
	file_expect_set(file, A, F_RDLCK, 1, 2);
	expect_remote(file, "");
}

static void late_yes_after_cancel(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	answer(file, -EAGAIN);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	KUNIT_EXPECT_EQ(test, remote.cancelled, 1U);
	fake_release(fake);
	expect_remote(file, "lW0-9 wW0-9");
	answer(file, 0);
	expect_remote(file, "u-0-9");
	file_expect_told(file, "");
	file_expect_held(file, "");
}

/* What its owner held is there again. */
static void yes_after_cancel(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	remote.at_once = 0;
	file_expect_set(file, A, F_RDLCK, 3, 5);
	remote.at_once = 1;
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	expect_remote(file, "lR3-5 lW0-9");
	remote.at_once = 0;
	answer(file, 0);
	expect_remote(file, "u-0-2 lR3-5 u-6-9");
	file_expect_held(file, "aR3-5");
}

static void cancel_after_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	remote.at_once = 0;
	file_expect_set(file, A, F_RDLCK, 3, 5);
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	file_expect_told(file, "A");
	file_expect_held(file, "aW0-9");
	expect_remote(file, "lR3-5 lW0-9");
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	file_expect_held(file, "aR3-5");
	expect_remote(file, "u-0-2 lR3-5 u-6-9");
}

/* Its server gave it up meanwhile. */
static void refused_by_server(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = fake_init(file, 0, &fake_grant_ops, A, F_WRLCK, 0, 9);

	fake->refuse = true;
	EXPECT_DEFERRED(fake);
	hf_remote_flush();
	answer(file, 0);
	file_expect_told(file, "A");
	file_expect_held(file, "");
	expect_remote(file, "lW0-9 u-0-9");
}

static void dead(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake;

	remote.at_once = 0;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	remote.fails = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, file_set(file, B, F_WRLCK, 20, 29));
	file_expect_set(file, A, F_UNLCK, 0, 9);
	remote.fails = 0;
	remote.at_once = 1;
	fake = ask(file, 0, C, F_WRLCK, 0, 9);
	answer(file, -EAGAIN);
	answer(file, -EIO);
	KUNIT_EXPECT_EQ(test, fake->granted, 0U);
	KUNIT_EXPECT_EQ(test, fake->failed, 1U);
	file_expect_held(file, "");
	expect_remote(file, "lW0-9 lW20-29 u-0-9 lW0-9 wW0-9");
}

/* One waits here, and asks when it could be had here. */
static void waits_here_first(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	remote.at_once = 0;
	file_expect_set(file, A, F_WRLCK, 0, 9);
	ask(file, 1, B, F_WRLCK, 5, 5);
	expect_remote(file, "lW0-9");
	file_expect_set(file, A, F_UNLCK, 0, 9);
	/* Told in either order: the unlock has been done here before. */
	hf_remote_flush();
	KUNIT_EXPECT_NOT_NULL(test, strstr(remote.told, "lW5-5"));
	file_expect_told(file, "B");
	file_expect_held(file, "bW5-5");
}

/* An owner's operations are done one after the other where they meet. */
static void in_order(struct kunit *test)
{
	struct hf_test_file *file = test->priv;

	struct hf_remote *first;

	ask(file, 0, A, F_WRLCK, 0, 9);
	first = remote.asked;
	ask(file, 1, A, F_RDLCK, 5, 20);
	ask(file, 2, A, F_WRLCK, 30, 39);
	expect_remote(file, "lW0-9 lW30-39");
	answer(file, 0);
	file_expect_told(file, "C");
	remote.asked = first;
	answer(file, 0);
	expect_remote(file, "lR5-20");
	answer(file, 0);
	file_expect_held(file, "aW0-4 aR5-20 aW30-39");
	file_expect_told(file, "AB");
}

/* The file goes first. */
static void evicted(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	fake_release(fake);
	KUNIT_EXPECT_FALSE(test, hf_lock_domain_settle(file->domain, 1));
	hf_lock_evict(&file->li);
	file_close(file);
	expect_remote(file, "lW0-9");
	answer(file, 0);
	expect_remote(file, "u-0-9");
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, HZ));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(yes),
	KUNIT_CASE(no_then_yes),
	KUNIT_CASE(no),
	KUNIT_CASE(late_yes_after_cancel),
	KUNIT_CASE(yes_after_cancel),
	KUNIT_CASE(cancel_after_grant),
	KUNIT_CASE(refused_by_server),
	KUNIT_CASE(dead),
	KUNIT_CASE(waits_here_first),
	KUNIT_CASE(in_order),
	KUNIT_CASE(evicted),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_remote",
	.init = remote_init,
	.exit = remote_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
