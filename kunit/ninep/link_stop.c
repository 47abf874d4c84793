// SPDX-License-Identifier: GPL-2.0-only
/* The end of a link by its user, beside everything else; and that it does not begin. */
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../fail.h"
#include "../threads.h"
#include "end.h"

#define ROUNDS 30

static void shut(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct socket *ends[2];
	struct end *client, *server;

	connect_pair(test, &init_net, family->family, ends);
	client = end_open(test, ends[0], NP_CLIENT);
	server = end_open(test, ends[1], NP_SERVER);
	end_send(client, 0);
	hf_link_shutdown(&client->link);
	hf_link_shutdown(&client->link);
	/* Nor does the timer call anybody. */
	mod_timer(&client->link.retry, jiffies);
	KUNIT_EXPECT_FALSE(test, timer_pending(&client->link.retry));
	KUNIT_EXPECT_EQ(test, hf_link_receive(&client->link, 1), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&client->link), -ESHUTDOWN);
	end_send(client, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->sent), 2);
	KUNIT_EXPECT_EQ(test, client->error, -ESHUTDOWN);
	/* What was sent before arrives. */
	KUNIT_EXPECT_EQ(test, end_receive_all(server), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&server->link), -ENODATA);
	KUNIT_EXPECT_EQ(test, server->got, 1);
}

/* Nobody is called back any more, and those who were before are again. */
static void callbacks(struct kunit *test)
{
	const struct family *family = test->param_value;
	void (*before[4])(struct sock *sk);
	struct socket *ends[2];
	struct end *end;
	struct sock *sk;
	int ready;

	connect_pair(test, &init_net, family->family, ends);
	sk = ends[1]->sk;
	sock_hold(sk);
	before[0] = sk->sk_data_ready;
	before[1] = sk->sk_state_change;
	before[2] = sk->sk_write_space;
	before[3] = sk->sk_error_report;
	end = end_open(test, ends[1], NP_SERVER);
	KUNIT_EXPECT_PTR_NE(test, sk->sk_data_ready, before[0]);
	KUNIT_EXPECT_PTR_NE(test, sk->sk_state_change, before[1]);
	KUNIT_EXPECT_PTR_NE(test, sk->sk_write_space, before[2]);
	KUNIT_EXPECT_PTR_NE(test, sk->sk_error_report, before[3]);
	ready = atomic_read(&end->ready);
	sk->sk_data_ready(sk);
	sk->sk_state_change(sk);
	sk->sk_error_report(sk);
	KUNIT_EXPECT_EQ(test, atomic_read(&end->ready), ready + 3);
	hf_link_shutdown(&end->link);
	KUNIT_EXPECT_PTR_EQ(test, sk->sk_data_ready, before[0]);
	KUNIT_EXPECT_PTR_EQ(test, sk->sk_state_change, before[1]);
	KUNIT_EXPECT_PTR_EQ(test, sk->sk_write_space, before[2]);
	KUNIT_EXPECT_PTR_EQ(test, sk->sk_error_report, before[3]);
	KUNIT_EXPECT_NULL(test, sk->sk_user_data);
	ready = atomic_read(&end->ready);
	sk->sk_data_ready(sk);
	KUNIT_EXPECT_EQ(test, atomic_read(&end->ready), ready);
	end_release(end);
	sock_release(ends[0]);
	sock_put(sk);
}

/* A message that is on its way when its user ends the link. */
static void shut_while_blocked(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct socket *ends[2];
	struct end *end;
	unsigned int number;

	connect_pair(test, &init_net, family->family, ends);
	end = end_open(test, ends[1], NP_SERVER);
	for (number = 0; number < 3000 && atomic_read(&end->sent) == number; number++)
		end_send(end, 20);
	end_send(end, 20);
	KUNIT_EXPECT_EQ(test, end->error, 0);
	hf_link_shutdown(&end->link);
	KUNIT_EXPECT_EQ(test, atomic_read(&end->sent), number + 1);
	KUNIT_EXPECT_EQ(test, end->error, -ESHUTDOWN);
	end_release(end);
	sock_release(ends[0]);
}

struct race {
	struct end *from, *to;
	unsigned int round;
};

static void receive_until_end(struct end *end)
{
	enum hf_link_status status;

	while ((status = hf_link_receive(&end->link, 2)) != HF_LINK_ENDED)
		if (status == HF_LINK_EMPTY)
			wait_event_timeout(end->wait, atomic_xchg(&end->ready, 0) ||
					   hf_link_error(&end->link), 60 * HZ);
	wake_up(&end->wait);
}

/* The first sends, the second receives, the others end it, of either end one. */
static void race_work(struct crew *crew, unsigned int nr)
{
	struct race *race = crew->private;
	struct end *from = race->from, *to = race->to;
	unsigned int number;

	switch (nr) {
	case 0:
		for (number = 0; number < 30; number++)
			end_send(from, 20);
		break;
	case 1:
		receive_until_end(to);
		break;
	case 2:
		wait_event_timeout(to->wait, READ_ONCE(to->got) > race->round % 5 ||
				   hf_link_error(&to->link), 60 * HZ);
		hf_link_shutdown(&to->link);
		wake_up(&to->wait);
		break;
	case 3:
		end_push(from, race->round % 7 + 1);
		hf_link_shutdown(&from->link);
		break;
	}
}

static void shut_beside_all(struct kunit *test)
{
	const struct family *family = test->param_value;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct race race = { .round = round };
		struct crew crew = { .test = test, .work = race_work, .private = &race };
		struct socket *ends[2];

		connect_pair(test, &init_net, family->family, ends);
		race.from = end_open(test, ends[0], NP_CLIENT);
		race.to = end_open(test, ends[1], NP_SERVER);
		race.to->same = 20;
		crew_start(&crew, THREADS);
		crew_wait(&crew, THREADS);
		KUNIT_EXPECT_EQ(test, atomic_read(&race.from->sent), 30);
		KUNIT_EXPECT_EQ(test, race.to->wrong, 0);
		end_release(race.from);
		end_release(race.to);
	}
}

static void memory(struct kunit *test)
{
	static const struct hf_link_ops ops;
	struct socket *ends[2];
	struct hf_link *link = kunit_kzalloc(test, sizeof(*link), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, link);
	KUNIT_ASSERT_TRUE(test, fail_works());
	connect_pair(test, &init_net, AF_UNIX, ends);
	fail_next(1);
	KUNIT_EXPECT_EQ(test, hf_link_open(link, ends[0], NP_SERVER, MSIZE, &ops), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, fail_stop());
	KUNIT_EXPECT_EQ(test, hf_link_open(link, ends[0], 2, MSIZE, &ops), -EINVAL);
	KUNIT_EXPECT_EQ(test, hf_link_open(link, ends[0], NP_SERVER, 6, &ops), -EINVAL);
	KUNIT_EXPECT_NULL(test, ends[0]->sk->sk_user_data);
	sock_release(ends[0]);
	sock_release(ends[1]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(shut, next_family),
	KUNIT_CASE_PARAM(callbacks, next_family),
	KUNIT_CASE_PARAM(shut_while_blocked, next_family),
	KUNIT_CASE_PARAM(shut_beside_all, next_family),
	KUNIT_CASE(memory),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link_stop",
	.test_cases = cases,
};

kunit_test_suite(suite);
