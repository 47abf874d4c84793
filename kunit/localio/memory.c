// SPDX-License-Identifier: GPL-2.0-only
/* Allocations fail, each in turn: it is told, and all is as before. */
#include "../fail.h"
#include "lender.h"

/* More than any call has. */
#define LIMIT 40

static int memory_init(struct kunit *test)
{
	KUNIT_ASSERT_TRUE(test, fail_works());
	test->priv = lender_make(test);
	fail_caches(test, "1");
	return 0;
}

static void memory_exit(struct kunit *test)
{
	fail_next(0);
	fail_caches(test, "0");
}

static void of_server(struct kunit *test)
{
	struct hf_localio_server *server;

	fail_next(1);
	server = hf_localio_server_start(&lender_ops);
	KUNIT_EXPECT_TRUE(test, fail_stop());
	KUNIT_EXPECT_EQ(test, PTR_ERR(server), (long)-ENOMEM);
	lender_stop(test->priv);
}

/* The id is not used up by an attempt for which there was no memory. */
static void of_attach(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	unsigned int nth;

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(&client, id));
	for (nth = 1; nth < LIMIT; nth++) {
		int err;

		fail_next(nth);
		err = lender_attach(lender, 0, id, answer);
		if (!fail_stop()) {
			KUNIT_EXPECT_EQ(test, err, 0);
			break;
		}
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, atomic_read(&lender->visit[0].links), 0);
	}
	KUNIT_EXPECT_GE(test, nth, 3U);
	KUNIT_EXPECT_LT(test, nth, LIMIT);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&client, answer), 0);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

static void of_open(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf;
	unsigned int nth;

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	for (nth = 1; nth < LIMIT; nth++) {
		bool failed;
		int err;

		fail_next(nth);
		err = client_open(&client, &lf);
		failed = fail_stop();
		/* Some of tmpfs's own are done without. */
		if (!err) {
			KUNIT_EXPECT_EQ(test, file_use(lf), 0);
			hf_localio_close(lf);
		} else {
			KUNIT_EXPECT_TRUE(test, failed);
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			KUNIT_EXPECT_NULL(test, lf);
		}
		KUNIT_EXPECT_EQ(test, atomic_read(&lender->visit[0].files), 0);
		if (!failed)
			break;
	}
	/* The client's record, the server's, and what is the file's. */
	KUNIT_EXPECT_GE(test, nth, 4U);
	KUNIT_EXPECT_LT(test, nth, LIMIT);
	hf_localio_client_fini(&client);
	lender_stop(lender);
}

/* No memory at all: what ends needs none. */
static void of_end(struct kunit *test)
{
	struct lender *lender = test->priv;
	struct hf_localio_client client;
	struct hf_localio_file *lf[2];

	hf_localio_client_init(&client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(lender, 0, &client), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf[0]), 0);
	KUNIT_ASSERT_EQ(test, client_open(&client, &lf[1]), 0);
	fail_always(true);
	hf_localio_close(lf[0]);
	hf_localio_session_end(lender->server, &lender->visit[0]);
	hf_localio_close(lf[1]);
	hf_localio_client_fini(&client);
	KUNIT_EXPECT_EQ(test, hf_localio_server_wait(lender->server), 0);
	fail_always(false);
	WRITE_ONCE(lender->gone, true);
	lender_rests(lender);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(of_server),
	KUNIT_CASE(of_attach),
	KUNIT_CASE(of_open),
	KUNIT_CASE(of_end),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_localio_memory",
	.init = memory_init,
	.exit = memory_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
