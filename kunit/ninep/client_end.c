// SPDX-License-Identifier: GPL-2.0-only
/* How a session of the 9P client begins, and how it ends. */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <linux/unaligned.h>
#include <linux/vm_sockets.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "client.h"

/* ------------------------------------------------------------------- versions */

static struct hf9c_session_options hf1(bool fall_back)
{
	struct hf9c_session_options options = client_options;

	options.dialect = NP_HF1;
	options.fall_back = fall_back;
	return options;
}

static void gets_version(struct peer *peer, const char *version)
{
	peer_gets(peer, NP_TVERSION);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tag, NP_NOTAG);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tversion.msize, CLIENT_MSIZE);
	KUNIT_ASSERT_EQ(peer->test, peer->t.tversion.version.len, strlen(version));
	KUNIT_EXPECT_EQ(peer->test, memcmp(peer->t.tversion.version.at, version, strlen(version)), 0);
}

static void agrees(struct kunit *test)
{
	struct hf9c_session_options options = hf1(true);
	struct peer *peer = peer_begin(test, &options);

	gets_version(peer, NP_VERSION_HF1);
	peer_version(peer, CLIENT_MSIZE / 2, NP_VERSION_HF1);
	peer_opened(peer);
	KUNIT_ASSERT_EQ(test, peer->open_error, 0);
	KUNIT_EXPECT_EQ(test, hf9c_session_dialect(peer->session), NP_HF1);
	KUNIT_EXPECT_EQ(test, hf9c_session_msize(peer->session), CLIENT_MSIZE / 2);
}

/* By what is not known, by another that is, by an error. */
static void falls_back(struct kunit *test)
{
	struct hf9c_session_options options = hf1(true);
	int how;

	for (how = 0; how < 3; how++) {
		struct peer *peer = peer_begin(test, &options);

		gets_version(peer, NP_VERSION_HF1);
		if (how == 0)
			peer_version(peer, CLIENT_MSIZE, "unknown");
		else if (how == 1)
			peer_version(peer, CLIENT_MSIZE, "9P2000.u");
		else
			peer_fails(peer, NP_NOTAG, EIO);
		gets_version(peer, NP_VERSION_DOTL);
		peer_version(peer, CLIENT_MSIZE, NP_VERSION_DOTL);
		peer_opened(peer);
		KUNIT_ASSERT_EQ(test, peer->open_error, 0);
		KUNIT_EXPECT_EQ(test, hf9c_session_dialect(peer->session), NP_DOTL);
	}
}

static void no_version(struct kunit *test)
{
	struct hf9c_session_options only = hf1(false);
	struct peer *peer = peer_begin(test, &only);

	gets_version(peer, NP_VERSION_HF1);
	peer_version(peer, CLIENT_MSIZE, NP_VERSION_DOTL);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -EPROTONOSUPPORT);
	peer = peer_begin(test, &client_options);
	gets_version(peer, NP_VERSION_DOTL);
	peer_version(peer, HF9C_MSIZE_LEAST - 1, NP_VERSION_DOTL);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -EPROTONOSUPPORT);
	/* Nobody was told of those. */
	KUNIT_EXPECT_EQ(test, atomic_read(&peer->died), 0);
}

static void no_answer(struct kunit *test)
{
	struct hf9c_session_options options = client_options;
	struct peer *peer = peer_begin(test, &client_options);

	peer_gets(peer, NP_TVERSION);
	peer_hang_up(peer);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -ENODATA);
	peer = peer_begin(test, &client_options);
	peer_gets(peer, NP_TVERSION);
	peer_reply_type(peer, 0, NP_RCLUNK);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -EPROTO);
	options.timeo = 50;
	peer = peer_begin(test, &options);
	peer_gets(peer, NP_TVERSION);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -ETIMEDOUT);
	options.timeo = 0;
	peer = peer_begin(test, &options);
	peer_opened(peer);
	KUNIT_EXPECT_EQ(test, peer->open_error, -EINVAL);
}

/* -------------------------------------------------------------------- the end */

/* The reply to a read, of which @sent bytes come. */
static void dies_after(struct kunit *test, u32 sent)
{
	struct peer *peer = peer_open(test, &client_options);
	u8 *buffer = kunit_kzalloc(test, 5, GFP_KERNEL);
	struct hf9c_call *read = make_io(test, NP_TREAD, buffer, 5);
	u8 frame[NP_RREAD_HEAD + 5] = { sizeof(frame), 0, 0, 0, NP_RREAD };
	struct caller caller;

	caller_start(&caller, peer, read);
	peer_gets(peer, NP_TREAD);
	put_unaligned_le16(peer->t.tag, frame + 5);
	put_unaligned_le32(5, frame + NP_HEADER);
	raw_send(test, peer->sock, frame, sent);
	peer_hang_up(peer);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), sent == sizeof(frame) ? 0 : -EIO);
	comes_to_be(test, atomic_read(&peer->died) == 1);
	KUNIT_EXPECT_EQ(test, peer->died_of,
			sent == 0 || sent == sizeof(frame) ? -ENODATA : -EPIPE);
	KUNIT_EXPECT_EQ(test, hf9c_call_wait(peer->session, read), -EIO);
	peer_close_session(peer);
	KUNIT_EXPECT_EQ(test, atomic_read(&peer->died), 1);
}

static void dies_at_each_byte(struct kunit *test)
{
	u32 sent;

	for (sent = 0; sent <= NP_RREAD_HEAD + 5; sent++)
		dies_after(test, sent);
}

enum lie { NO_TAG, NO_TFLUSH, WRONG_TYPE, WRONG_PAYLOAD, UNSOUND, NO_TYPE };

static void lie(struct peer *peer, enum lie how)
{
	u8 unsound[NP_HEADER + 1] = { sizeof(unsound), 0, 0, 0, NP_RGETATTR };
	u8 none[NP_HEADER] = { sizeof(none), 0, 0, 0, 251 };
	u16 tag = peer->t.tag;

	switch (how) {
	case NO_TAG:
		peer_reply_type(peer, tag + 1, NP_RGETATTR);
		break;
	case NO_TFLUSH:
		peer_reply_type(peer, tag, NP_RFLUSH);
		break;
	case WRONG_TYPE:
		peer_reply_type(peer, tag, NP_RSETATTR);
		break;
	case WRONG_PAYLOAD:
		peer_reads(peer, tag, 9, 9);
		break;
	case UNSOUND:
		put_unaligned_le16(tag, unsound + 5);
		raw_send(peer->test, peer->sock, unsound, sizeof(unsound));
		break;
	case NO_TYPE:
		put_unaligned_le16(tag, none + 5);
		raw_send(peer->test, peer->sock, none, sizeof(none));
		break;
	}
}

static void lies(struct kunit *test)
{
	enum lie how;

	for (how = NO_TAG; how <= NO_TYPE; how++) {
		struct peer *peer = peer_open(test, &client_options);
		struct caller caller;

		caller_start(&caller, peer, make_call(test, NP_TGETATTR));
		peer_gets(peer, NP_TGETATTR);
		lie(peer, how);
		KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EIO);
		comes_to_be(test, atomic_read(&peer->died) == 1);
		KUNIT_EXPECT_EQ_MSG(test, peer->died_of, -EPROTO, "lie %d", how);
	}
}

static void aborted(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct hf9c_call *call = make_call(test, NP_TFSYNC);
	struct caller caller;
	struct async async;

	caller_start(&caller, peer, call);
	peer_gets(peer, NP_TFSYNC);
	async_start(peer, make_call(test, NP_TSTATFS), &async);
	peer_gets(peer, NP_TSTATFS);
	hf9c_abort(peer->session);
	hf9c_abort(peer->session);
	KUNIT_EXPECT_EQ(test, caller_wait(&caller), -EIO);
	KUNIT_EXPECT_EQ(test, async_wait(test, &async), -EIO);
	comes_to_be(test, atomic_read(&peer->died) == 1);
	KUNIT_EXPECT_EQ(test, peer->died_of, -ECONNABORTED);
	KUNIT_EXPECT_EQ(test, hf9c_call_start(peer->session, call), -EIO);
}

/* What is sent has not left, as the server reads nothing: its pages are in use until then. */
static void aborted_while_sending(struct kunit *test)
{
	enum { COUNT = 40, BYTES = 60000 };
	struct peer *peer = peer_open(test, &client_options);
	struct async *async = kunit_kcalloc(test, COUNT, sizeof(*async), GFP_KERNEL);
	struct hf9c_call *call[COUNT];
	u8 *buffer[COUNT];
	int i;

	for (i = 0; i < COUNT; i++) {
		buffer[i] = kunit_kzalloc(test, BYTES, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, buffer[i]);
		call[i] = make_io(test, NP_TWRITE, buffer[i], BYTES);
		async_start(peer, call[i], &async[i]);
	}
	/* The link has its bytes still. */
	hf9c_call_cancel(peer->session, call[COUNT - 1], &async[COUNT - 1]);
	KUNIT_EXPECT_EQ(test, atomic_read(&async[COUNT - 1].times), 0);
	hf9c_abort(peer->session);
	for (i = 0; i < COUNT; i++) {
		KUNIT_EXPECT_EQ(test, async_wait(test, &async[i]), -EIO);
		KUNIT_EXPECT_EQ(test, atomic_read(&async[i].times), 1);
	}
}

/* Nobody is told but those who wait. */
static void closed(struct kunit *test)
{
	struct peer *peer = peer_open(test, &client_options);
	struct async async[3];
	int i;

	for (i = 0; i < 3; i++) {
		async_start(peer, make_call(test, NP_TSTATFS), &async[i]);
		peer_gets(peer, NP_TSTATFS);
	}
	peer_close_session(peer);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&async[i].times), 1);
		KUNIT_EXPECT_EQ(test, async[i].error, -EIO);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&peer->died), 0);
	KUNIT_EXPECT_EQ(test, raw_receive(peer->sock), 0);
}

/* ------------------------------------------------------------------- addresses */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_vm vm;
};

static enum hf9c_family written(struct socket *listener, char *text, u32 *port)
{
	union address address = {};
	int bytes = kernel_getsockname(listener, &address.any);

	switch (address.any.sa_family) {
	case AF_INET:
		*port = ntohs(address.in.sin_port);
		strcpy(text, "127.0.0.1");
		return HF9C_INET;
	case AF_INET6:
		*port = ntohs(address.in6.sin6_port);
		strcpy(text, "::1");
		return HF9C_INET;
	case AF_VSOCK:
		*port = address.vm.svm_port;
		sprintf(text, "%u", VMADDR_CID_LOCAL);
		return HF9C_VM;
	}
	bytes -= offsetof(struct sockaddr_un, sun_path);
	memcpy(text, address.un.sun_path, bytes);
	text[0] = '@';
	text[bytes] = '\0';
	return HF9C_LOCAL;
}

static void connects(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct socket *listener = make_listener(test, &init_net, family->family);
	struct socket *sock, *accepted;
	enum hf9c_family kind;
	char text[UNIX_PATH_MAX + 1];
	u32 port = 0;

	kind = written(listener, text, &port);
	sock = hf9c_connect(&init_net, kind, text, port, 30000);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(sock), "%s: %ld", text, PTR_ERR(sock));
	KUNIT_ASSERT_EQ(test, kernel_accept(listener, &accepted, 0), 0);
	hf9c_disconnect(sock);
	KUNIT_EXPECT_EQ(test, raw_receive(accepted), 0);
	sock_release(accepted);
	sock_release(listener);
}

static long refused(enum hf9c_family family, const char *address, u32 port)
{
	struct socket *sock = hf9c_connect(&init_net, family, address, port, 5000);

	if (IS_ERR(sock))
		return PTR_ERR(sock);
	hf9c_disconnect(sock);
	return 0;
}

static void no_address(struct kunit *test)
{
	char longest[UNIX_PATH_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	longest[UNIX_PATH_MAX] = '\0';
	KUNIT_EXPECT_EQ(test, refused(HF9C_INET, "localhost", 564), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(HF9C_INET, "127.0.0.1", 65536), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(HF9C_INET, "127.0.0.1", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(HF9C_INET, "127.0.0.1", 1), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, refused(HF9C_LOCAL, "", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(HF9C_LOCAL, "@", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, refused(HF9C_LOCAL, longest, 0), -ENAMETOOLONG);
	KUNIT_EXPECT_EQ(test, refused(HF9C_LOCAL, "/run/hf/nobody", 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, refused(HF9C_VM, "one", 564), -EINVAL);
}

/* What a program has connected: the reference to its file is given back. */
static void programs_socket(struct kunit *test)
{
	struct hf9c_session_options options = client_options;
	struct socket *ends[2], *sock;
	struct file *file, *other;

	connect_pair(test, &init_net, AF_UNIX, ends);
	file = sock_alloc_file(ends[0], O_RDWR, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	sock = hf9c_connect_file(file);
	KUNIT_ASSERT_PTR_EQ(test, sock, ends[0]);
	KUNIT_EXPECT_EQ(test, file_count(file), 2);
	options.timeo = 50;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(hf9c_session_open(sock, &options)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, file_count(file), 1);
	/* It was shut down, too. */
	KUNIT_EXPECT_PTR_EQ(test, hf9c_connect_file(file), ERR_PTR(-ENOTCONN));
	fput(file);
	sock_release(ends[1]);
	other = filp_open("/dev/null", O_RDWR, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_EQ(test, hf9c_connect_file(other), ERR_PTR(-ENOTSOCK));
	filp_close(other, NULL);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &sock), 0);
	file = sock_alloc_file(sock, O_RDWR, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_PTR_EQ(test, hf9c_connect_file(file), ERR_PTR(-ESOCKTNOSUPPORT));
	fput(file);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(agrees),
	KUNIT_CASE(falls_back),
	KUNIT_CASE(no_version),
	KUNIT_CASE(no_answer),
	KUNIT_CASE(dies_at_each_byte),
	KUNIT_CASE(lies),
	KUNIT_CASE(aborted),
	KUNIT_CASE(aborted_while_sending),
	KUNIT_CASE(closed),
	KUNIT_CASE_PARAM(connects, next_family),
	KUNIT_CASE(no_address),
	KUNIT_CASE(programs_socket),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_end",
	.test_cases = cases,
};

kunit_test_suite(suite);
