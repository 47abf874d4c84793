// SPDX-License-Identifier: GPL-2.0-only
/* The server and the clients of the suites. */
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "lender.h"

/* ------------------------------------------------------------------------- operations */

/* Something is not as it has to be: told at the end, since this is no test's thread. */
static void check(struct lender *lender, bool right)
{
	if (WARN_ON_ONCE(!right))
		atomic_inc(&lender->wrong);
}

static void pass(struct gate *gate)
{
	if (!READ_ONCE(gate->shut))
		return;
	complete(&gate->entered);
	wait_for_completion(&gate->go);
}

static int lend(void *session, const void *key, u32 len, fmode_t mode,
		struct hf_localio_opened *out)
{
	struct visit *visit = session;
	struct lender *lender = visit->lender;
	struct lent *lent;

	check(lender, !READ_ONCE(lender->gone) && atomic_read(&visit->links));
	check(lender, len == 4 && !memcmp(key, "file", 4));
	pass(&lender->open);
	check(lender, !READ_ONCE(lender->gone) && atomic_read(&visit->links));
	if (READ_ONCE(lender->error))
		return lender->error;
	lent = kzalloc(sizeof(*lent), GFP_KERNEL);
	if (!lent)
		return -ENOMEM;
	lent->file = shmem_file_setup("lent", 4096, 0);
	if (IS_ERR(lent->file)) {
		int err = PTR_ERR(lent->file);

		kfree(lent);
		return err;
	}
	lent->visit = visit;
	lent->open = true;
	atomic_inc(&visit->files);
	atomic_inc(&lender->opens);
	*out = (struct hf_localio_opened) {
		.file = lent->file, .cookie = lent, .dio_mem_align = 4, .dio_offset_align = 512,
	};
	return 0;
}

static void take_back(void *cookie)
{
	struct lent *lent = cookie;
	struct visit *visit = lent->visit;
	struct lender *lender = visit->lender;

	check(lender, !READ_ONCE(lender->gone) && atomic_read(&visit->links));
	check(lender, xchg(&lent->open, false) && !atomic_read(&lent->users));
	pass(&lender->close);
	check(lender, !READ_ONCE(lender->gone) && !atomic_read(&lent->users));
	__fput_sync(lent->file);
	kfree(lent);
	atomic_dec(&visit->files);
	atomic_inc(&lender->closes);
}

static void say_good_bye(void *session)
{
	struct visit *visit = session;
	struct lender *lender = visit->lender;

	check(lender, !READ_ONCE(lender->gone));
	/* Of two links of one session each has files. */
	check(lender, atomic_read(&visit->links) > 1 || !atomic_read(&visit->files));
	check(lender, atomic_dec_return(&visit->links) >= 0);
	atomic_inc(&lender->puts);
}

const struct hf_localio_ops lender_ops = {
	.name = "lender",
	.open = lend,
	.close = take_back,
	.session_put = say_good_bye,
};

/* --------------------------------------------------------------------------- lenders */

void lender_start(struct lender *lender)
{
	WRITE_ONCE(lender->gone, false);
	lender->server = hf_localio_server_start(&lender_ops);
	KUNIT_ASSERT_FALSE(lender->test, IS_ERR(lender->server));
}

struct lender *lender_make(struct kunit *test)
{
	struct lender *lender = kunit_kzalloc(test, sizeof(*lender), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lender);
	lender->test = test;
	lender->visit[0].lender = lender;
	lender->visit[1].lender = lender;
	lender_start(lender);
	return lender;
}

void lender_rests(struct lender *lender)
{
	struct kunit *test = lender->test;

	KUNIT_EXPECT_EQ(test, atomic_read(&lender->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->puts), atomic_read(&lender->attached));
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->closes), atomic_read(&lender->opens));
}

void lender_stop(struct lender *lender)
{
	KUNIT_EXPECT_EQ(lender->test, hf_localio_server_wait(lender->server), 0);
	WRITE_ONCE(lender->gone, true);
	lender_rests(lender);
}

int lender_attach(struct lender *lender, int nr, const u8 *id, u8 *answer)
{
	struct visit *visit = &lender->visit[nr];
	int err;

	atomic_inc(&visit->links);
	err = hf_localio_attach(lender->server, id, visit, answer);
	if (err)
		atomic_dec(&visit->links);
	else
		atomic_inc(&lender->attached);
	return err;
}

int lender_link(struct lender *lender, int visit, struct hf_localio_client *client)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	int err;

	if (!hf_localio_client_begin(client, id))
		return -EAGAIN;
	err = lender_attach(lender, visit, id, answer);
	return hf_localio_client_end(client, err ? NULL : answer);
}

/* -------------------------------------------------------------------------- clients */

int client_open(struct hf_localio_client *client, struct hf_localio_file **lf)
{
	struct hf_localio_link *link = link_get(&client->link);
	int err;

	if (!link)
		return -ENOLINK;
	err = hf_localio_open(link, "file", 4, FMODE_READ | FMODE_WRITE, lf);
	link_put(link);
	return err;
}

void file_use_by(struct hf_localio_link *link, struct hf_localio_file *lf)
{
	struct lent *lent = lf->cookie;
	struct lender *lender = lent->visit->lender;
	loff_t pos = 0;
	u8 byte = 1;

	atomic_inc(&lent->users);
	check(lender, READ_ONCE(lent->open) && lent->file == lf->file);
	check(lender, kernel_write(lf->file, &byte, 1, &pos) == 1);
	hf_localio_count(link, true, 1);
	check(lender, READ_ONCE(lent->open));
	atomic_dec(&lent->users);
}

int file_use(struct hf_localio_file *lf)
{
	struct hf_localio_link *link = link_get(&lf->link);

	if (!link)
		return -ENOLINK;
	file_use_by(link, lf);
	link_put(link);
	return 0;
}

/* ---------------------------------------------------------------------------- gates */

void lender_hold(struct gate *gate)
{
	init_completion(&gate->entered);
	init_completion(&gate->go);
	WRITE_ONCE(gate->shut, true);
}

void lender_held(struct kunit *test, struct gate *gate)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&gate->entered, LONG), 0);
}

void lender_let_go(struct gate *gate)
{
	WRITE_ONCE(gate->shut, false);
	complete_all(&gate->go);
}

/* -------------------------------------------------------------------------- threads */

int do_server_wait(struct doing *doing)
{
	int err = hf_localio_server_wait(doing->lender->server);

	if (!err)
		WRITE_ONCE(doing->lender->gone, true);
	return err;
}

int do_open(struct doing *doing)
{
	return client_open(doing->client, &doing->lf);
}

int do_close(struct doing *doing)
{
	hf_localio_close(doing->lf);
	return 0;
}
