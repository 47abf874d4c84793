// SPDX-License-Identifier: GPL-2.0-only
/* How a client and a server meet, and how they do not. */
#include <linux/module.h>
#include <linux/string.h>

#include "../read_all.h"
#include "lender.h"

static int connect_init(struct kunit *test)
{
	test->priv = lender_make(test);
	return 0;
}

static void begin(struct kunit *test, struct hf_localio_client *client, u8 *id)
{
	hf_localio_client_init(client, "kunit");
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(client, id));
}

static void linked(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	hf_localio_client_init(&client, "kunit");
	KUNIT_EXPECT_EQ(test, client_open(&client, &lf), -ENOLINK);
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	KUNIT_EXPECT_EQ(test, lf->dio_mem_align, 4U);
	KUNIT_EXPECT_EQ(test, lf->dio_offset_align, 512U);
	KUNIT_EXPECT_EQ(test, file_use(lf), 0);
	KUNIT_EXPECT_EQ(test, file_use(lf), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->closes), 0);
	hf_localio_close(lf);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->closes), 1);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client), 0U);
	hf_localio_client_fini(&client);
	lender_stop(lender);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->opens), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->puts), 1);
}

static void open_fails(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	lender->error = -ESTALE;
	KUNIT_EXPECT_EQ(test, client_open(&client, &lf), -ESTALE);
	KUNIT_EXPECT_NULL(test, lf);
	lender->error = 0;
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	hf_localio_close(lf);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

static void not_before_the_answer(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	begin(test, &client, id);
	KUNIT_ASSERT_EQ(test, lender_attach(lender, 0, id, answer), 0);
	KUNIT_EXPECT_NE(test, memcmp(id, answer, sizeof(id)), 0);
	KUNIT_EXPECT_EQ(test, client_open(&client, &lf), -ENOLINK);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, answer), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	hf_localio_close(lf);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

/* Somebody else has brought the id, on a session of his own: he gets nothing for it. */
static void id_is_used_once(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET], other[HF_LOCALIO_SECRET] = { 1 };
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	begin(test, &client, id);
	KUNIT_ASSERT_EQ(test, lender_attach(lender, 1, id, answer), 0);
	KUNIT_EXPECT_EQ(test, lender_attach(lender, 0, id, other), -ENOENT);
	/* The client's own server has refused, or has said something else. */
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, other), -EPERM);
	KUNIT_EXPECT_EQ(test, client_open(&client, &lf), -ENOLINK);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client), 0U);

	client_not_too_soon(&client);
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(&client, id));
	KUNIT_ASSERT_EQ(test, lender_attach(lender, 1, id, answer), 0);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, NULL), -EPERM);
	client_not_too_soon(&client);
	KUNIT_EXPECT_EQ(test, lender_link(lender, 0, &client), 0);
	hf_localio_client_fini(&client);
	lender_stop(lender);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->puts), 3);
}

static void wrong_id(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	int bit;

	begin(test, &client, id);
	for (bit = 0; bit < 8 * HF_LOCALIO_SECRET; bit++) {
		id[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_EQ(test, lender_attach(lender, 0, id, answer), -ENOENT);
		id[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_ASSERT_EQ(test, lender_attach(lender, 0, id, answer), 0);
	answer[3] ^= 0x10;
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, answer), -EPERM);
	memset(id, 0, sizeof(id));
	KUNIT_EXPECT_EQ(test, lender_attach(lender, 0, id, answer), -ENOENT);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

/* No server here; then it is not asked for again with each I/O. */
static void too_soon(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	u8 id[HF_LOCALIO_SECRET];

	begin(test, &client, id);
	KUNIT_EXPECT_FALSE(test, hf_localio_client_begin(&client, id));
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, NULL), -ENOENT);
	KUNIT_EXPECT_FALSE(test, hf_localio_client_begin(&client, id));
	client_not_too_soon(&client);
	KUNIT_EXPECT_TRUE(test, hf_localio_client_begin(&client, id));
	/* Its end, with the question under way; it is nobody's any more. */
	hf_localio_client_fini(&client);
	KUNIT_EXPECT_EQ(test, lender_attach(lender, 0, id, id), -ENOENT);
	lender_stop(lender);
}

/* The link has ended before the client knew of it. */
static void ended_before_the_answer(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	struct lender *lender = test->priv;
	struct hf_localio_client client;

	begin(test, &client, id);
	KUNIT_ASSERT_EQ(test, lender_attach(lender, 0, id, answer), 0);
	hf_localio_session_end(lender->server, &lender->visit[0]);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, answer), -ENOENT);
	KUNIT_EXPECT_NULL(test, link_get(&client.link));
	client_not_too_soon(&client);
	KUNIT_EXPECT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client), 0U);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

static void two_clients(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client[2];
	struct hf_localio_file *lf[2];
	int i;

	for (i = 0; i < 2; i++) {
		hf_localio_client_init(&client[i], i ? "second" : "first");
		KUNIT_ASSERT_EQ(test, lender_link(lender, i, &client[i]), 0);
		KUNIT_ASSERT_EQ(test, client_open(&client[i], &lf[i]), 0);
	}
	hf_localio_session_end(lender->server, &lender->visit[0]);
	KUNIT_EXPECT_EQ(test, file_use(lf[0]), -ENOLINK);
	KUNIT_EXPECT_EQ(test, file_use(lf[1]), 0);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client[0]), 1U);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client[1]), 0U);
	hf_localio_close(lf[0]);
	/* It may come back at once, if it has not asked for some time. */
	client_not_too_soon(&client[0]);
	KUNIT_EXPECT_EQ(test, lender_link(lender, 0, &client[0]), 0);
	KUNIT_EXPECT_EQ(test, file_use(lf[1]), 0);
	hf_localio_close(lf[1]);
	for (i = 0; i < 2; i++)
		hf_localio_client_fini(&client[i]);
	lender_stop(lender);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->puts), 3);
}

/* Another life of the server: an old file does not meet it. */
static void server_again(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *old, *lf;

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &old), 0);
	lender_stop(lender);
	KUNIT_EXPECT_EQ(test, file_use(old), -ENOLINK);
	lender_start(lender);
	KUNIT_EXPECT_EQ(test, lender_link(lender, 0, &client), -EAGAIN);
	client_not_too_soon(&client);
	KUNIT_EXPECT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_EXPECT_EQ(test, file_use(old), -ENOLINK);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	KUNIT_EXPECT_EQ(test, file_use(lf), 0);
	hf_localio_close(old);
	KUNIT_EXPECT_EQ(test, file_use(lf), 0);
	hf_localio_close(lf);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

static int no_open(void *session, const void *key, u32 len, fmode_t mode,
		   struct hf_localio_opened *out)
{
	return -EIO;
}

static void no_put(void *session)
{
}

static void refuses(struct kunit *test)
{
	static const struct hf_localio_ops holes[] = {
		{ .open = no_open, .close = no_put, .session_put = no_put },
		{ .name = "holes", .close = no_put, .session_put = no_put },
		{ .name = "holes", .open = no_open, .session_put = no_put },
		{ .name = "holes", .open = no_open, .close = no_put },
	};
	u8 id[HF_LOCALIO_SECRET] = { 1 }, answer[HF_LOCALIO_SECRET];
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;
	struct hf_localio_link *link;
	int i;

	for (i = 0; i < ARRAY_SIZE(holes); i++)
		KUNIT_EXPECT_EQ(test, PTR_ERR(hf_localio_server_start(&holes[i])), (long)-EINVAL);
	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	link = link_get(&client.link);
	KUNIT_ASSERT_NOT_NULL(test, link);
	KUNIT_EXPECT_EQ(test, hf_localio_open(link, "file", 4, 0, &lf), -EINVAL);
	KUNIT_EXPECT_EQ(test, hf_localio_open(link, "file", 4, FMODE_READ | FMODE_EXEC, &lf), -EINVAL);
	KUNIT_EXPECT_NULL(test, lf);
	link_put(link);
	hf_localio_server_kill(lender->server);
	hf_localio_server_kill(lender->server);
	KUNIT_EXPECT_EQ(test, lender_attach(lender, 0, id, answer), -ESHUTDOWN);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

/*
 * A client with a link and an open file, doing nothing.  (A shmem file has no module;
 * what counts is that of the table of operations, which is this one.)
 */
static void pins_nothing(struct kunit *test)
{
	int before = module_refcount(THIS_MODULE);
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
	KUNIT_EXPECT_EQ(test, file_count(lf->file), 1L);
	lender_stop(lender);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
	hf_localio_close(lf);
	hf_localio_client_fini(&client);
}

static unsigned long counter(struct kunit *test, const char *name)
{
	const char *text = read_all(test, "/proc/fs/holdfast/stats"), *at;
	unsigned long value;

	KUNIT_ASSERT_NOT_NULL(test, text);
	at = strstr(text, name);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_ASSERT_EQ(test, sscanf(at + strlen(name), " %lu", &value), 1);
	return value;
}

static bool shows(struct kunit *test, const char *what)
{
	const char *text = read_all(test, "/proc/fs/holdfast/localio");

	KUNIT_ASSERT_NOT_NULL(test, text);
	return strstr(text, what);
}

static void shown(struct kunit *test)
{
	unsigned long before = counter(test, "localio_fall_backs");
	unsigned long opens = counter(test, "localio_opens");
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_link *link;
	struct hf_localio_file *lf, *other;

	hf_localio_client_init(&client, "mount");
	KUNIT_EXPECT_TRUE(test, shows(test, "server lender up links 0\n"));
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf), 0);
	KUNIT_EXPECT_TRUE(test, shows(test, "server lender up links 1\n"));
	link = link_get(&lf->link);
	KUNIT_ASSERT_NOT_NULL(test, link);
	hf_localio_count(link, false, 5);
	hf_localio_count(link, true, 7);
	hf_localio_count(link, true, 70);
	KUNIT_ASSERT_EQ(test, client_open(&client, &other), 0);
	KUNIT_EXPECT_TRUE(test, shows(test, "linked client mount server lender files 2 "));
	hf_localio_close(other);
	KUNIT_EXPECT_TRUE(test, shows(test, "linked client mount server lender files 1 read 5 written 77 age "));
	hf_localio_client_fini(&client);
	KUNIT_EXPECT_TRUE(test, shows(test, "draining client - server lender files 1 read 5 written 77 age "));
	hf_localio_server_kill(lender->server);
	KUNIT_EXPECT_TRUE(test, shows(test, "server lender stopping links 1\n"));
	hf_localio_fall_back(&client, "the link has ended");
	link_put(link);
	lender_stop(lender);
	KUNIT_EXPECT_FALSE(test, shows(test, "lender"));
	hf_localio_close(lf);
	KUNIT_EXPECT_EQ(test, counter(test, "localio_fall_backs"), before + 1);
	KUNIT_EXPECT_EQ(test, counter(test, "localio_opens"), opens + 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(linked),
	KUNIT_CASE(open_fails),
	KUNIT_CASE(not_before_the_answer),
	KUNIT_CASE(id_is_used_once),
	KUNIT_CASE(wrong_id),
	KUNIT_CASE(too_soon),
	KUNIT_CASE(ended_before_the_answer),
	KUNIT_CASE(two_clients),
	KUNIT_CASE(server_again),
	KUNIT_CASE(refuses),
	KUNIT_CASE(pins_nothing),
	KUNIT_CASE(shown),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_localio_connect",
	.init = connect_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
