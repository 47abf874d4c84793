// SPDX-License-Identifier: GPL-2.0-only
/* The 9P client's part of a lock: the server is the test, the files are of no mount. */
#include <linux/slab.h>

#include <range/remote.h>

#include "../../ninep/client/fid.h"
#include "../../ninep/client/lock.h"
#include "../range/file.h"
#include "client.h"

/* One test runs at a time. */
static struct hf9c_super *hs;
static struct hf9c_fid *fid;
static struct hf_remote_ops ops;

static struct peer *open_peer(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);

	hs->session = peer->session;
	return peer;
}

static int lock_init_peer(struct kunit *test)
{
	struct hf_test_file *file;
	struct hf_lock_domain *domain;
	unsigned int nr;
	int ret = file_init(test);

	if (ret)
		return ret;
	file = test->priv;
	hs = kunit_kzalloc(test, sizeof(*hs), GFP_KERNEL);
	fid = kunit_kzalloc(test, sizeof(*fid), GFP_KERNEL);
	/* What it looks at is an inode of the client's. */
	ops = hf9c_lock_ops;
	ops.granted = NULL;
	domain = hf_lock_domain_create(HF_FAIR_FIFO, &ops);
	if (!hs || !fid || IS_ERR(domain))
		return -ENOMEM;
	hf_lock_domain_put(file->domain);
	file->domain = domain;
	fid->hs = hs;
	fid->number = 7;
	refcount_set(&fid->ref, 1);
	for (nr = 0; nr < FILE_OPENS; nr++)
		file->open[nr]->private_data = fid;
	return 0;
}

/* Without a server, whatever is left goes at once. */
static void lock_exit_peer(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int nr;

	if (!file)
		return;
	if (hs->session)
		hf9c_abort(hs->session);
	for (nr = 0; nr < FILE_FAKES; nr++)
		fake_release(&file->fake[nr]);
	/* What nobody answers is the work's. */
	for (nr = 0; nr < FILE_OWNERS; nr++)
		KUNIT_EXPECT_EQ(test, 0, file_set(file, nr, F_UNLCK, 0, OFFSET_MAX));
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, CLIENT_LONG));
	hf_remote_flush();
	file_exit(test);
	KUNIT_EXPECT_EQ(test, refcount_read(&fid->ref), 1);
}

static void says(struct peer *peer, u16 tag, u8 status)
{
	struct np_msg r = { .type = NP_RLOCK, .rlock.status = status };

	peer_reply(peer, tag, &r);
}

/* Return: its tag. */
static u16 gets(struct peer *peer, u8 type, u32 flags, u64 start, u64 length)
{
	peer_gets(peer, NP_TLOCK);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tlock.type, type);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tlock.flags, flags);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tlock.start, start);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tlock.length, length);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tlock.fid, 7U);
	return peer->t.tag;
}

static struct fake *ask(struct hf_test_file *file, unsigned int nr, unsigned int owner,
			int type, loff_t start, loff_t last)
{
	struct fake *fake = fake_init(file, nr, &fake_answer_ops, owner, type, start, last);

	EXPECT_DEFERRED(fake);
	return fake;
}

/* One that the server holds back. */
static u16 held_back(struct peer *peer)
{
	says(peer, gets(peer, NP_WRLCK, 0, 0, 10), NP_LOCK_BLOCKED);
	return gets(peer, NP_WRLCK, NP_LOCK_BLOCK, 0, 10);
}

/* No message but those that were expected has come before. */
static void nothing_else(struct hf_test_file *file, struct peer *peer)
{
	ask(file, 5, E, F_WRLCK, 50, 59);
	says(peer, gets(peer, NP_WRLCK, 0, 50, 10), NP_LOCK_SUCCESS);
	comes_to_be(file->test, READ_ONCE(file->fake[5].granted));
}

static void waits_there(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct peer *peer = open_peer(test);
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);

	says(peer, held_back(peer), NP_LOCK_SUCCESS);
	comes_to_be(test, READ_ONCE(fake->granted));
	nothing_else(file, peer);
	file_expect_held(file, "aW0-9 eW50-59");
}

/* The reply was first; what follows it is no longer what was cancelled. */
static void cancelled_too_late(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct peer *peer = open_peer(test);
	struct fake *fake = ask(file, 1, A, F_RDLCK, 0, 9);
	struct hf_ask *asks;
	u16 tag, flush;

	says(peer, gets(peer, NP_RDLCK, 0, 0, 10), NP_LOCK_SUCCESS);
	comes_to_be(test, READ_ONCE(fake->granted));
	fake = ask(file, 0, A, F_WRLCK, 0, 9);
	asks = ((struct hf_waiter *)hf_slot(&fake->fl))->ask;
	tag = held_back(peer);
	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	flush = peer_gets_flush(peer, tag);
	says(peer, tag, NP_LOCK_SUCCESS);
	tag = gets(peer, NP_RDLCK, 0, 0, 10);
	/* As another thread that has been slow. */
	ops.cancel(&asks->remote);
	peer_reply_type(peer, flush, NP_RFLUSH);
	nothing_else(file, peer);
	says(peer, tag, NP_LOCK_SUCCESS);
	hf_remote_flush();
	file_expect_held(file, "aR0-9 eW50-59");
}

/* A server that has stopped may have been too late, without saying so. */
static void flushed(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct peer *peer = open_peer(test);
	struct fake *fake = ask(file, 0, A, F_WRLCK, 0, 9);
	u16 tag = held_back(peer);

	KUNIT_EXPECT_EQ(test, 0, fake_cancel(fake));
	peer_reply_type(peer, peer_gets_flush(peer, tag), NP_RFLUSH);
	says(peer, gets(peer, NP_UNLCK, 0, 0, 10), NP_LOCK_SUCCESS);
	nothing_else(file, peer);
	file_expect_held(file, "eW50-59");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(waits_there),
	KUNIT_CASE(cancelled_too_late),
	KUNIT_CASE(flushed),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_lock",
	.init = lock_init_peer,
	.exit = lock_exit_peer,
	.test_cases = cases,
};

kunit_test_suite(suite);
