// SPDX-License-Identifier: GPL-2.0-only
/* Links end: by whom, beside what, and who waits for it. */
#include <linux/irq_work.h>
#include <linux/sched/signal.h>

#include "lender.h"

#define FILES 3

struct ending {
	struct lender *lender;
	struct hf_localio_client client;
	struct hf_localio_file *lf[FILES];
	struct doing stop, other;
};

/* A client that is linked, and has files open. */
static int end_init(struct kunit *test)
{
	struct ending *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, e);
	test->priv = e;
	e->lender = lender_make(test);
	hf_localio_client_init(&e->client, "kunit");
	KUNIT_ASSERT_EQ(test, lender_link(e->lender, 0, &e->client), 0);
	for (i = 0; i < FILES; i++)
		KUNIT_ASSERT_EQ(test, client_open(&e->client, &e->lf[i]), 0);
	e->stop = (struct doing) { .test = test, .what = do_server_wait, .lender = e->lender };
	e->other = (struct doing) { .test = test, .client = &e->client, .lf = e->lf[0] };
	return 0;
}

static void close_files(struct ending *e)
{
	int i;

	for (i = 0; i < FILES; i++)
		if (e->lf[i])
			hf_localio_close(e->lf[i]);
	hf_localio_client_fini(&e->client);
}

/* The stop is over, and all is well. */
static void expect_stopped(struct ending *e)
{
	KUNIT_EXPECT_EQ(e->stop.test, doing_wait(&e->stop), 0);
	lender_rests(e->lender);
}

/*
 * Of what was killed the counts are summed, and whatever follows from that has begun.
 * Only a stop that is wrong has come further: it may not be seen here, then it is by
 * the operations, each of which looks who is in flight.
 */
static void expect_waits(struct ending *e)
{
	rcu_barrier();
	KUNIT_EXPECT_FALSE(e->stop.test, completion_done(&e->stop.over));
	KUNIT_EXPECT_EQ(e->stop.test, atomic_read(&e->lender->puts), 0);
}

static void wait_until_killed(struct ending *e)
{
	struct hf_localio_link *link;
	unsigned long give_up = jiffies + LONG;

	while ((link = link_get(&e->client.link))) {
		link_put(link);
		KUNIT_ASSERT_TRUE(e->stop.test, time_before(jiffies, give_up));
		cond_resched();
	}
}

/* The client does nothing at all, and has not to. */
static void idle_client(struct kunit *test)
{
	struct ending *e = test->priv;
	int i;

	doing_start(&e->stop);
	expect_stopped(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), FILES);
	for (i = 0; i < FILES; i++) {
		KUNIT_EXPECT_EQ(test, file_use(e->lf[i]), -ENOLINK);
		KUNIT_EXPECT_NULL(test, rcu_access_pointer(e->lf[i]->link));
	}
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(e->client.link));
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&e->client), 1U);
	close_files(e);
}

/* I/O in flight is waited for; who ends it waits for nothing. */
static void in_flight(struct kunit *test)
{
	struct ending *e = test->priv;
	struct hf_localio_link *link = link_get(&e->lf[1]->link);
	struct lent *lent = e->lf[1]->cookie;

	KUNIT_ASSERT_NOT_NULL(test, link);
	atomic_inc(&lent->users);
	hf_localio_server_kill(e->lender->server);
	KUNIT_EXPECT_EQ(test, file_use(e->lf[0]), -ENOLINK);
	KUNIT_EXPECT_NULL(test, link_get(&e->client.link));
	doing_start(&e->stop);
	expect_waits(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), 0);
	file_use_by(link, e->lf[1]);
	atomic_dec(&lent->users);
	link_put(link);
	expect_stopped(e);
	close_files(e);
}

static void session_in_flight(struct kunit *test)
{
	struct ending *e = test->priv;
	struct hf_localio_link *link = link_get(&e->client.link);

	KUNIT_ASSERT_NOT_NULL(test, link);
	hf_localio_session_end(e->lender->server, &e->lender->visit[1]);
	KUNIT_EXPECT_EQ(test, file_use(e->lf[0]), 0);
	hf_localio_session_end(e->lender->server, &e->lender->visit[0]);
	KUNIT_EXPECT_EQ(test, file_use(e->lf[0]), -ENOLINK);
	hf_localio_session_end(e->lender->server, &e->lender->visit[0]);
	file_use_by(link, e->lf[0]);
	link_put(link);
	close_files(e);
	lender_stop(e->lender);
}

/* The mount goes away first; its files are closed all the same. */
static void client_ends(struct kunit *test)
{
	struct ending *e = test->priv;

	hf_localio_client_fini(&e->client);
	KUNIT_EXPECT_EQ(test, file_use(e->lf[0]), -ENOLINK);
	lender_stop(e->lender);
	close_files(e);
}

/* A handshake whose server stops in the middle of it. */
static void beside_connect(struct kunit *test)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET], late[HF_LOCALIO_SECRET];
	struct hf_localio_client second, third;
	struct ending *e = test->priv;

	hf_localio_client_init(&second, "second");
	hf_localio_client_init(&third, "third");
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(&second, id));
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(&third, late));
	KUNIT_ASSERT_EQ(test, lender_attach(e->lender, 1, id, answer), 0);
	hf_localio_server_kill(e->lender->server);
	KUNIT_EXPECT_EQ(test, lender_attach(e->lender, 1, late, late), -ESHUTDOWN);
	doing_start(&e->stop);
	expect_stopped(e);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&second, answer), -ENOENT);
	KUNIT_EXPECT_EQ(test, hf_localio_client_end(&third, NULL), -ENOENT);
	hf_localio_client_fini(&second);
	hf_localio_client_fini(&third);
	close_files(e);
}

/* In the operation when the server stops: what it opens is closed by the stop. */
static void beside_open(struct kunit *test)
{
	struct ending *e = test->priv;

	lender_hold(&e->lender->open);
	e->other.what = do_open;
	doing_start(&e->other);
	lender_held(test, &e->lender->open);
	doing_start(&e->stop);
	wait_until_killed(e);
	expect_waits(e);
	lender_let_go(&e->lender->open);
	KUNIT_EXPECT_EQ(test, doing_wait(&e->other), 0);
	expect_stopped(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), FILES + 1);
	KUNIT_EXPECT_EQ(test, file_use(e->other.lf), -ENOLINK);
	hf_localio_close(e->other.lf);
	close_files(e);
}

static void beside_open_that_fails(struct kunit *test)
{
	struct ending *e = test->priv;

	lender_hold(&e->lender->open);
	e->lender->error = -EIO;
	e->other.what = do_open;
	doing_start(&e->other);
	lender_held(test, &e->lender->open);
	doing_start(&e->stop);
	wait_until_killed(e);
	expect_waits(e);
	lender_let_go(&e->lender->open);
	KUNIT_EXPECT_EQ(test, doing_wait(&e->other), -EIO);
	expect_stopped(e);
	close_files(e);
}

/* The client is closing when the server stops: with a reference, so it is waited for. */
static void beside_close(struct kunit *test)
{
	struct ending *e = test->priv;

	lender_hold(&e->lender->close);
	e->other.what = do_close;
	doing_start(&e->other);
	lender_held(test, &e->lender->close);
	doing_start(&e->stop);
	wait_until_killed(e);
	expect_waits(e);
	lender_let_go(&e->lender->close);
	KUNIT_EXPECT_EQ(test, doing_wait(&e->other), 0);
	e->lf[0] = NULL;
	expect_stopped(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), FILES);
	close_files(e);
}

/* The other way round: the client closes what is just being closed, and waits for nobody. */
static void close_beside_end(struct kunit *test)
{
	struct ending *e = test->priv;

	lender_hold(&e->lender->close);
	doing_start(&e->stop);
	lender_held(test, &e->lender->close);
	close_files(e);
	expect_waits(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), 0);
	lender_let_go(&e->lender->close);
	expect_stopped(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), FILES);
}

/* After the kill, before the last put: the client's close leaves it to the work. */
static void close_before_release(struct kunit *test)
{
	struct ending *e = test->priv;
	struct hf_localio_link *link = link_get(&e->client.link);

	KUNIT_ASSERT_NOT_NULL(test, link);
	hf_localio_server_kill(e->lender->server);
	close_files(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), 0);
	link_put(link);
	lender_stop(e->lender);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->closes), FILES);
}

/* Who waits for I/O that does not end can be killed, and somebody waits again. */
static void wait_is_killed(struct kunit *test)
{
	struct ending *e = test->priv;
	struct hf_localio_link *link = link_get(&e->client.link);

	KUNIT_ASSERT_NOT_NULL(test, link);
	doing_start(&e->stop);
	wait_until_killed(e);
	send_sig(SIGKILL, e->stop.task, 1);
	KUNIT_EXPECT_EQ(test, doing_wait(&e->stop), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->lender->puts), 0);
	doing_start(&e->stop);
	expect_waits(e);
	link_put(link);
	expect_stopped(e);
	close_files(e);
}

static int wait_forever(struct doing *doing)
{
	hf_localio_server_wait_forever(doing->lender->server);
	WRITE_ONCE(doing->lender->gone, true);
	return 0;
}

static void wait_forever_is_not_killed(struct kunit *test)
{
	struct ending *e = test->priv;
	struct hf_localio_link *link = link_get(&e->client.link);

	KUNIT_ASSERT_NOT_NULL(test, link);
	e->stop.what = wait_forever;
	doing_start(&e->stop);
	wait_until_killed(e);
	send_sig(SIGKILL, e->stop.task, 1);
	expect_waits(e);
	link_put(link);
	expect_stopped(e);
	close_files(e);
}

/* --------------------------------------------------------- the last put in an interrupt */

struct late_put {
	struct irq_work irq;
	struct hf_localio_link *link;
};

static void put_in_irq(struct irq_work *irq)
{
	link_put(container_of(irq, struct late_put, irq)->link);
}

static void put_in_interrupt(struct kunit *test)
{
	struct ending *e = test->priv;
	struct late_put late = { .link = link_get(&e->client.link) };

	KUNIT_ASSERT_NOT_NULL(test, late.link);
	init_irq_work(&late.irq, put_in_irq);
	doing_start(&e->stop);
	wait_until_killed(e);
	expect_waits(e);
	irq_work_queue(&late.irq);
	irq_work_sync(&late.irq);
	expect_stopped(e);
	close_files(e);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(idle_client),
	KUNIT_CASE(in_flight),
	KUNIT_CASE(session_in_flight),
	KUNIT_CASE(client_ends),
	KUNIT_CASE(beside_connect),
	KUNIT_CASE(beside_open),
	KUNIT_CASE(beside_open_that_fails),
	KUNIT_CASE(beside_close),
	KUNIT_CASE(close_beside_end),
	KUNIT_CASE(close_before_release),
	KUNIT_CASE(wait_is_killed),
	KUNIT_CASE(wait_forever_is_not_killed),
	KUNIT_CASE(put_in_interrupt),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_localio_end",
	.init = end_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
