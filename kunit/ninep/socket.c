// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: those that listen, whose they are, and what the end of a namespace does. */
#include <linux/iopoll.h>
#include <linux/kmod.h>
#include <linux/proc_ns.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "end.h"

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

/* What a program has set would keep replies back, or the close. */
static void programs_settings(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct socket *ends[2];
	struct sock *sk;

	connect_pair(test, &init_net, family->family, ends);
	sk = ends[1]->sk;
	WRITE_ONCE(sk->sk_rcvlowat, 4096);
	sock_set_flag(sk, SOCK_LINGER);
	sk->sk_lingertime = 100 * HZ;
	if (sk_is_tcp(sk))
		tcp_sock_set_cork(sk, true);
	end_open(test, ends[1], NP_SERVER);
	KUNIT_EXPECT_EQ(test, sk->sk_rcvlowat, 1);
	KUNIT_EXPECT_FALSE(test, sock_flag(sk, SOCK_LINGER));
	if (sk_is_tcp(sk))
		KUNIT_EXPECT_EQ(test, tcp_sk(sk)->nonagle & TCP_NAGLE_CORK, 0);
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
	struct end *client, *server, *others[2];
	struct socket *ends[2], *unused;

	/* Of another namespace. */
	end_pair(test, AF_INET6, &others[0], &others[1]);
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
	end_send(others[0], 0);
	end_receive(others[1], 1);
	end_is_well(others[1], 1);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&listener->ready, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, hf_socket_accept_begin(&listener->socket, &unused), -ESHUTDOWN);
	/* They find them gone. */
	end_release(client);
	hf_link_shutdown(&server->link);
	end_release(server);
	hf_socket_release(&listener->socket);
}

/* A user's own, which the namespace tells before the link's. */
static struct {
	struct net *net;
	struct hf_socket socket;
	struct socket *sock;
	int said;
	struct completion done;
} late;

static void late_ready(struct hf_socket *socket)
{
}

static void late_pre_exit(struct net *net)
{
	if (net != late.net)
		return;
	late.said = hf_socket_open(&late.socket, late.sock, late_ready);
	if (late.said)
		sock_release(late.sock);
	complete(&late.done);
}

static struct pernet_operations late_ops = {
	.pre_exit = late_pre_exit,
};

/* Its end might have come before it was in the list: it is refused. */
static void opens_too_late(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, register_pernet_subsys(&late_ops), 0);
	init_completion(&late.done);
	late.net = make_namespace(test);
	late.sock = make_listener(test, late.net, AF_UNIX);
	KUNIT_EXPECT_EQ(test, ip("ip netns del hf_kunit"), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&late.done, 60 * HZ), 0);
	KUNIT_EXPECT_EQ(test, late.said, -ESHUTDOWN);
	unregister_pernet_subsys(&late_ops);
}

/* Somebody else's callbacks, and a socket without a stream. */
static void not_ours(struct kunit *test)
{
	static const struct hf_link_ops no_ops;
	struct end *link = kunit_kzalloc(test, sizeof(*link), GFP_KERNEL);
	struct hf_socket *socket = kunit_kzalloc(test, sizeof(*socket), GFP_KERNEL);
	struct socket *ends[2], *datagrams;
	struct end *end;

	KUNIT_ASSERT_NOT_NULL(test, link);
	KUNIT_ASSERT_NOT_NULL(test, socket);
	connect_pair(test, &init_net, AF_UNIX, ends);
	end = end_open(test, ends[0], NP_SERVER);
	KUNIT_EXPECT_EQ(test, hf_socket_open(socket, ends[0], NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, hf_link_open(&link->link, ends[0], NP_SERVER, MSIZE, &no_ops),
			-EBUSY);
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

/* What write-back may wait for does no I/O; and a peer that is silent is found out. */
static void tuned(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct end *client, *server;
	struct sock *sk;

	end_pair(test, family->family, &client, &server);
	sk = server->link.socket.sock->sk;
	KUNIT_EXPECT_EQ(test, (__force u32)sk->sk_allocation, (__force u32)GFP_NOIO);
	KUNIT_EXPECT_FALSE(test, sk->sk_use_task_frag);
	if (!sk_is_tcp(sk))
		return;
	KUNIT_EXPECT_TRUE(test, tcp_sk(sk)->nonagle & TCP_NAGLE_OFF);
	KUNIT_EXPECT_TRUE(test, sock_flag(sk, SOCK_KEEPOPEN));
	KUNIT_EXPECT_EQ(test, keepalive_time_when(tcp_sk(sk)), 60 * HZ);
	KUNIT_EXPECT_EQ(test, keepalive_intvl_when(tcp_sk(sk)), 10 * HZ);
	KUNIT_EXPECT_EQ(test, keepalive_probes(tcp_sk(sk)), 6);
	KUNIT_EXPECT_EQ(test, inet_csk(sk)->icsk_user_timeout, 120 * MSEC_PER_SEC);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(listens, next_family),
	KUNIT_CASE(not_ours),
	KUNIT_CASE_PARAM(tuned, next_family),
	KUNIT_CASE_PARAM(programs_settings, next_family),
	KUNIT_CASE(close_holds_namespace),
	KUNIT_CASE(namespace_ends),
	KUNIT_CASE(opens_too_late),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_socket",
	.test_cases = cases,
};

kunit_test_suite(suite);
