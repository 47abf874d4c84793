// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a link by its user, beside everything else, and by its network
 * namespace; and sockets that listen.
 */
#include <linux/iopoll.h>
#include <linux/kmod.h>
#include <linux/proc_ns.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp_states.h>

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

/* For an ordinary close TCP's timers are needed, and the namespace for them. */
static void close_holds_namespace(struct kunit *test)
{
	struct socket *ends[2];
	struct end *end;
	struct sock *sk;

	connect_pair(test, &init_net, AF_INET, ends);
	end = end_open(test, ends[1], NP_SERVER);
	sk = end->link.socket.sock->sk;
	sock_hold(sk);
	KUNIT_EXPECT_FALSE(test, sk->sk_net_refcnt);
	end_release(end);
	KUNIT_EXPECT_TRUE(test, sk->sk_net_refcnt);
	sock_put(sk);
	sock_release(ends[0]);
}

struct listener {
	struct hf_socket socket;
	struct completion ready;
};

static void listener_ready(struct hf_socket *socket)
{
	complete(&container_of(socket, struct listener, socket)->ready);
}

static struct listener *listen_in(struct kunit *test, struct net *net, int family)
{
	struct listener *listener = kunit_kzalloc(test, sizeof(*listener), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, listener);
	init_completion(&listener->ready);
	KUNIT_ASSERT_EQ(test, hf_socket_open(&listener->socket,
					     make_listener(test, net, family),
					     listener_ready), 0);
	return listener;
}

static int ip(const char *line)
{
	static char *environment[] = { "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };
	char *arguments[] = { "/bin/sh", "-c", (char *)line, NULL };

	return call_usermodehelper(arguments[0], arguments, environment, UMH_WAIT_PROC);
}

/* Not held: it may end. */
static struct net *make_namespace(struct kunit *test)
{
	struct file *file;
	struct net *net;

	KUNIT_ASSERT_EQ(test, ip("ip netns add hf_kunit && ip -n hf_kunit link set lo up"), 0);
	file = filp_open("/run/netns/hf_kunit", O_RDONLY, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	net = container_of(get_proc_ns(file_inode(file)), struct net, ns);
	filp_close(file, NULL);
	return net;
}

static struct socket *accept_one(struct kunit *test, struct listener *listener)
{
	struct socket *accepted = NULL;
	int ret;

	do
		ret = hf_socket_accept_begin(&listener->socket, &accepted);
	while (ret == -EAGAIN &&
	       wait_for_completion_timeout(&listener->ready, 60 * HZ));
	KUNIT_ASSERT_EQ(test, ret, 0);
	return accepted;
}

/* Of that nobody tells. */
static bool taken_away(struct end *end)
{
	const struct socket *sock;

	return !read_poll_timeout(READ_ONCE, sock, !sock, 1000, 60 * USEC_PER_SEC, false,
				  end->link.socket.sock);
}

/* It does not wait for its sockets; they end, and their users need not be there. */
static void namespace_ends(struct kunit *test)
{
	struct net *net = make_namespace(test);
	struct listener *listener = listen_in(test, net, AF_INET6);
	struct end *client, *server;
	struct socket *ends[2], *unused;

	/* It is deleted while a connection is between accept and open. */
	ends[0] = connect_to(test, net, listener->socket.sock);
	ends[1] = accept_one(test, listener);
	KUNIT_EXPECT_EQ(test, ip("ip netns del hf_kunit"), 0);
	client = end_open(test, ends[0], NP_CLIENT);
	server = end_open(test, ends[1], NP_SERVER);
	reinit_completion(&listener->ready);
	hf_socket_accept_end(&listener->socket, NULL);
	KUNIT_EXPECT_TRUE(test, end_wait(client));
	KUNIT_EXPECT_TRUE(test, end_wait(server));
	KUNIT_EXPECT_TRUE(test, taken_away(client));
	KUNIT_EXPECT_TRUE(test, taken_away(server));
	KUNIT_EXPECT_EQ(test, hf_link_receive(&client->link, 1), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&client->link), -ESHUTDOWN);
	end_send(server, 0);
	KUNIT_EXPECT_EQ(test, server->error, -ESHUTDOWN);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&listener->ready, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, hf_socket_accept_begin(&listener->socket, &unused), -ESHUTDOWN);
	/* They find them gone. */
	end_release(client);
	hf_link_shutdown(&server->link);
	end_release(server);
	hf_socket_release(&listener->socket);
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

/* Somebody else's callbacks, and a socket without a stream. */
static void not_ours(struct kunit *test)
{
	struct hf_socket *socket = kunit_kzalloc(test, sizeof(*socket), GFP_KERNEL);
	struct socket *ends[2], *datagrams;
	struct end *end;

	KUNIT_ASSERT_NOT_NULL(test, socket);
	connect_pair(test, &init_net, AF_UNIX, ends);
	end = end_open(test, ends[0], NP_SERVER);
	KUNIT_EXPECT_EQ(test, hf_socket_open(socket, ends[0], NULL), -EBUSY);
	ends[1]->sk->sk_user_data = test;
	KUNIT_EXPECT_EQ(test, hf_socket_open(socket, ends[1], NULL), -EBUSY);
	ends[1]->sk->sk_user_data = NULL;
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0,
					       &datagrams), 0);
	KUNIT_EXPECT_EQ(test, hf_socket_open(socket, datagrams, NULL), -ESOCKTNOSUPPORT);
	sock_release(datagrams);
	end_release(end);
	sock_release(ends[1]);
}

/* What is accepted has nothing of the listener's. */
static void listens(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct listener *listener = listen_in(test, &init_net, family->family);
	struct socket *accepted, *connected, *unused;
	struct message message;
	struct end *end;

	KUNIT_EXPECT_EQ(test, hf_socket_accept_begin(&listener->socket, &unused), -EAGAIN);
	connected = connect_to(test, &init_net, listener->socket.sock);
	message_make(&message, NP_SERVER, 0);
	raw_send_message(test, connected, &message, 0);
	accepted = accept_one(test, listener);
	KUNIT_EXPECT_NULL(test, accepted->sk->sk_user_data);
	end = end_open(test, accepted, NP_SERVER);
	hf_socket_accept_end(&listener->socket, NULL);
	end_receive(end, 1);
	KUNIT_EXPECT_EQ(test, end->wrong, 0);
	hf_link_shutdown(&end->link);
	sock_release(connected);
	/* One that is refused. */
	connected = connect_to(test, &init_net, listener->socket.sock);
	hf_socket_accept_end(&listener->socket, accept_one(test, listener));
	KUNIT_EXPECT_EQ(test, raw_receive(connected), 0);
	sock_release(connected);
	/* One that nobody accepts goes with it. */
	connected = connect_to(test, &init_net, listener->socket.sock);
	hf_socket_shutdown(&listener->socket);
	KUNIT_EXPECT_EQ(test, hf_socket_accept_begin(&listener->socket, &unused), -ESHUTDOWN);
	hf_socket_release(&listener->socket);
	end_release(end);
	sock_release(connected);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(shut, next_family),
	KUNIT_CASE_PARAM(callbacks, next_family),
	KUNIT_CASE_PARAM(shut_while_blocked, next_family),
	KUNIT_CASE_PARAM(shut_beside_all, next_family),
	KUNIT_CASE(close_holds_namespace),
	KUNIT_CASE(namespace_ends),
	KUNIT_CASE(memory),
	KUNIT_CASE(not_ours),
	KUNIT_CASE_PARAM(listens, next_family),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link_stop",
	.test_cases = cases,
};

kunit_test_suite(suite);
