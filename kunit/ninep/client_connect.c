// SPDX-License-Identifier: GPL-2.0-only
/* Connections of the 9P client that do not come to be, or that a program has made. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/un.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "client.h"

static const u8 unknown[] = {
	20, 0, 0, 0, NP_RVERSION, 0xff, 0xff, 0, 0, 1, 0, 7, 0,
	'u', 'n', 'k', 'n', 'o', 'w', 'n',
};

static const u8 agreed[] = {
	21, 0, 0, 0, NP_RVERSION, 0xff, 0xff, 0, 0, 1, 0, 8, 0,
	'9', 'P', '2', '0', '0', '0', '.', 'L',
};

/* As old servers do: the end has been seen before anybody asks once more. */
static void ends_at_once(struct kunit *test)
{
	struct hf9c_session_options options = client_options;
	struct socket *ends[2];

	options.dialect = NP_HF1;
	connect_pair(test, &init_net, AF_UNIX, ends);
	raw_send(test, ends[1], unknown, sizeof(unknown));
	KUNIT_ASSERT_EQ(test, kernel_sock_shutdown(ends[1], SHUT_WR), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(hf9c_session_open(ends[0], &options)), -ENODATA);
	sock_release(ends[1]);
}

static void backlog_full(struct kunit *test)
{
	struct socket *listener = make_listener(test, &init_net, AF_UNIX), *first, *second;
	struct sockaddr_un address = {};
	char name[UNIX_PATH_MAX + 1] = "@";
	int bytes;

	KUNIT_ASSERT_EQ(test, kernel_listen(listener, 0), 0);
	bytes = kernel_getsockname(listener, (struct sockaddr *)&address);
	bytes -= offsetof(struct sockaddr_un, sun_path) + 1;
	KUNIT_ASSERT_GT(test, bytes, 0);
	memcpy(name + 1, address.sun_path + 1, bytes);
	first = hf9c_connect(&init_net, HF9C_LOCAL, name, 0, 30000);
	KUNIT_ASSERT_FALSE(test, IS_ERR(first));
	second = hf9c_connect(&init_net, HF9C_LOCAL, name, 0, 20);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(second), -ETIMEDOUT);
	hf9c_disconnect(first);
	sock_release(listener);
}

/* Who sends on a program's socket. */
static struct {
	struct proto_ops ops;
	const struct proto_ops *real;
	atomic_t sends, by_others;
} watched;

static int watched_sendmsg(struct socket *sock, struct msghdr *msg, size_t bytes)
{
	atomic_inc(&watched.sends);
	if (!(current->flags & PF_WQ_WORKER))
		atomic_inc(&watched.by_others);
	return watched.real->sendmsg(sock, msg, bytes);
}

static void watch(struct socket *sock)
{
	atomic_set(&watched.sends, 0);
	atomic_set(&watched.by_others, 0);
	watched.real = sock->ops;
	watched.ops = *sock->ops;
	watched.ops.sendmsg = watched_sendmsg;
	WRITE_ONCE(sock->ops, &watched.ops);
}

static void sends_by_itself(struct kunit *test)
{
	struct peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);
	struct socket *ends[2];
	struct async async;
	struct file *file;
	u8 frame[NP_HEADER];
	int sent;

	KUNIT_ASSERT_NOT_NULL(test, peer);
	connect_pair(test, &init_net, AF_UNIX, ends);
	file = sock_alloc_file(ends[0], O_RDWR, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	watch(ends[0]);
	raw_send(test, ends[1], agreed, sizeof(agreed));
	peer->test = test;
	peer->session = hf9c_session_open(hf9c_connect_file(file), &client_options);
	KUNIT_ASSERT_FALSE(test, IS_ERR(peer->session));
	sent = atomic_read(&watched.sends);
	async_start(peer, make_call(test, NP_TSTATFS), &async);
	comes_to_be(test, atomic_read(&watched.sends) > sent);
	hf9c_session_close(peer->session);
	KUNIT_EXPECT_EQ(test, async_wait(test, &async), -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&watched.by_others), 0);
	/* It may be freed later than this module. */
	WRITE_ONCE(ends[0]->ops, watched.real);
	fput(file);
	/* The Tversion has come all the same. */
	KUNIT_EXPECT_EQ(test, kernel_recvmsg(ends[1], &(struct msghdr) {},
					     &(struct kvec) { frame, sizeof(frame) }, 1,
					     sizeof(frame), MSG_WAITALL), (int)sizeof(frame));
	KUNIT_EXPECT_EQ(test, frame[4], NP_TVERSION);
	sock_release(ends[1]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ends_at_once),
	KUNIT_CASE(backlog_full),
	KUNIT_CASE(sends_by_itself),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_connect",
	.test_cases = cases,
};

kunit_test_suite(suite);
