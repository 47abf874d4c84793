// SPDX-License-Identifier: GPL-2.0-only
/* The raw clients of session.h. */
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "session.h"

/* A lock's client; who locks is its process. */
#define NODE	{ "kunit", 5 }

static struct np_str text(const char *at)
{
	return (struct np_str) { at, strlen(at) };
}

void client_close(struct client *client)
{
	struct socket *sock = client->sock;

	client->sock = NULL;
	if (sock)
		sock_release(sock);
}

static void close_at_end(void *client)
{
	client_close(client);
}

struct client *client_connect(struct server *server)
{
	struct kunit *test = server->test;
	struct client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, client);
	client->test = test;
	client->server = server;
	client->dialect = server->dialect;
	client->frame = kunit_kmalloc(test, MSIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, client->frame);
	client->sock = connect_to(test, &init_net, server->listener->socket.sock);
	client->sock->sk->sk_rcvtimeo = SESSION_LONG;
	/* What the server does not read is no reason to wait for it. */
	client->sock->sk->sk_sndbuf = SZ_4M;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_at_end, client), 0);
	return client;
}

/* The last one that came, and is a client's that we do not know yet. */
struct client *client_new(struct server *server)
{
	struct hf9_listener *listener = server->listener;
	u32 before = READ_ONCE(listener->service.nr_connections);
	struct client *client = client_connect(server);

	until(server->test, READ_ONCE(listener->service.nr_connections) == before + 1);
	mutex_lock(&hf9_registry_lock);
	KUNIT_EXPECT_FALSE(server->test, list_empty(&listener->service.connections));
	client->connection = list_last_entry(&listener->service.connections, struct hf9_connection,
					     of_listener);
	mutex_unlock(&hf9_registry_lock);
	return client;
}

struct client *client_agreed(struct server *server)
{
	struct client *client = client_new(server);

	client_gets(client, send_version(client), NP_RVERSION);
	return client;
}

struct client *client_attached(struct server *server)
{
	struct client *client = client_agreed(server);

	client_gets(client, send_attach(client, ROOT_FID, "kunit"), NP_RATTACH);
	return client;
}

struct client *client_opened(struct server *server)
{
	struct client *client = client_attached(server);

	client_gets(client, send_walk(client, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	client_gets(client, send_open(client, FILE_FID, 2), NP_RLOPEN);
	return client;
}

/* ------------------------------------------------------------------- to send */

/* No tag is used twice in a case.  What it may say by the version is the server's to know. */
u16 client_send(struct client *client, struct np_msg *t)
{
	struct np_built built;
	u8 frame[256];

	t->tag = t->type == NP_TVERSION ? NP_NOTAG : ++client->tag;
	KUNIT_ASSERT_EQ(client->test,
			np_encode(t, NP_HF1, frame, sizeof(frame), &built), NP_OK);
	raw_send(client->test, client->sock, frame, built.head);
	return t->tag;
}

u16 send_version(struct client *client)
{
	bool hf1 = client->dialect == NP_HF1;
	struct np_msg t = {
		.type = NP_TVERSION,
		.tversion = {
			.msize = MSIZE, .version = text(hf1 ? NP_VERSION_HF1 : NP_VERSION_DOTL),
		},
	};

	return client_send(client, &t);
}

u16 send_attach(struct client *client, u32 fid, const char *name)
{
	struct np_msg t = {
		.type = NP_TATTACH,
		.tattach = { .fid = fid, .afid = NP_NOFID, .aname = text(name) },
	};

	return client_send(client, &t);
}

u16 send_walk(struct client *client, u32 fid, u32 newfid, const char *name)
{
	struct np_msg t = {
		.type = NP_TWALK,
		.twalk = { .fid = fid, .newfid = newfid },
	};

	t.twalk.names.count = 1;
	t.twalk.names.name[0] = text(name);
	return client_send(client, &t);
}

u16 send_open(struct client *client, u32 fid, u32 flags)
{
	struct np_msg t = {
		.type = NP_TLOPEN,
		.tlopen = { .fid = fid, .flags = flags },
	};

	return client_send(client, &t);
}

u16 send_clunk(struct client *client, u32 fid)
{
	struct np_msg t = { .type = NP_TCLUNK, .tclunk.fid = fid };

	return client_send(client, &t);
}

u16 send_read(struct client *client)
{
	struct np_msg t = {
		.type = NP_TREAD,
		.tread = { .fid = FILE_FID, .count = FILE_BYTES },
	};

	return client_send(client, &t);
}

u16 send_write(struct client *client, u32 count)
{
	struct np_msg t = {
		.type = NP_TWRITE,
		.twrite.fid = FILE_FID,
		.payload.count = count,
	};
	u8 *payload = kunit_kzalloc(client->test, count, GFP_KERNEL);
	u16 tag;

	KUNIT_ASSERT_NOT_NULL(client->test, payload);
	tag = client_send(client, &t);
	raw_send(client->test, client->sock, payload, count);
	kunit_kfree(client->test, payload);
	return tag;
}

u16 send_change(struct client *client)
{
	struct np_msg t = {
		.type = NP_TSETATTR,
		.tsetattr = { .fid = FILE_FID, .valid = NP_SET_MODE, .mode = 0644 },
	};

	return client_send(client, &t);
}

u16 send_cut(struct client *client)
{
	struct np_msg t = {
		.type = NP_TSETATTR,
		.tsetattr = { .fid = FILE_FID, .valid = NP_SET_SIZE, .size = 10 },
	};

	return client_send(client, &t);
}

u16 send_flush(struct client *client, u16 oldtag)
{
	struct np_msg t = { .type = NP_TFLUSH, .tflush.oldtag = oldtag };

	return client_send(client, &t);
}

u16 send_lock(struct client *client, u8 type, u32 flags, u32 start, u32 process)
{
	struct np_msg t = {
		.type = NP_TLOCK,
		.tlock = {
			.start = start, .length = type == NP_UNLCK ? 0 : 10, .client_id = NODE,
			.fid = FILE_FID, .flags = flags, .proc_id = process, .type = type,
		},
	};

	return client_send(client, &t);
}

u16 send_hello(struct client *client, u32 fid, const u8 *id)
{
	struct np_msg t = { .type = NP_TLOCALHELLO, .tlocalhello.fid = fid };

	memcpy(t.tlocalhello.id, id, NP_HELLO);
	return client_send(client, &t);
}

/* ---------------------------------------------------------------- to receive */

static int receive_bytes(struct client *client, void *to, u32 bytes, int flags)
{
	struct kvec vec = { .iov_base = to, .iov_len = bytes };
	struct msghdr msg = {};

	return kernel_recvmsg(client->sock, &msg, &vec, 1, bytes, flags);
}

void client_receive(struct client *client)
{
	struct kunit *test = client->test;
	u32 size;

	KUNIT_ASSERT_EQ(test, receive_bytes(client, client->frame, 4, MSG_WAITALL), 4);
	size = get_unaligned_le32(client->frame);
	KUNIT_ASSERT_GE(test, size, NP_HEADER);
	KUNIT_ASSERT_LE(test, size, MSIZE);
	KUNIT_ASSERT_EQ(test, receive_bytes(client, client->frame + 4, size - 4, MSG_WAITALL),
			(int)size - 4);
	KUNIT_ASSERT_EQ(test, np_decode(client->frame, size, client->dialect, &client->r), NP_OK);
}

void client_gets(struct client *client, u16 tag, u8 type)
{
	client_receive(client);
	KUNIT_ASSERT_STREQ(client->test, np_type_name(client->r.type), np_type_name(type));
	KUNIT_ASSERT_EQ(client->test, client->r.tag, tag);
}

void client_fails(struct client *client, u16 tag, u32 error)
{
	client_gets(client, tag, NP_RLERROR);
	KUNIT_EXPECT_EQ(client->test, client->r.rlerror.ecode, error);
}

void client_gets_lock(struct client *client, u16 tag, u8 status)
{
	client_gets(client, tag, NP_RLOCK);
	KUNIT_EXPECT_EQ(client->test, client->r.rlock.status, status);
}

void client_is_quiet(struct client *client)
{
	until(client->test, !now(client).counted);
	KUNIT_EXPECT_EQ(client->test, receive_bytes(client, client->frame, 1, MSG_DONTWAIT),
			-EAGAIN);
	KUNIT_EXPECT_EQ(client->test, now(client).requests, 0);
	KUNIT_EXPECT_EQ(client->test, now(client).parked, 0);
	KUNIT_EXPECT_EQ(client->test, now(client).waiting, 0);
	KUNIT_EXPECT_EQ(client->test, now(client).bytes, 0);
}

void client_is_cut(struct client *client)
{
	int got = receive_bytes(client, client->frame, 1, 0);

	KUNIT_EXPECT_TRUE_MSG(client->test, !got || got == -ECONNRESET, "%d", got);
}

void client_lock(struct client *client, u8 type, u8 status)
{
	client_gets_lock(client, send_lock(client, type, 0, 0, 1), status);
}

void client_fill(struct client *client)
{
	unsigned int nr;

	for (nr = 0; nr < FILLING; nr++)
		send_read(client);
	until(client->test, has_begun(client) && !now(client).requests &&
			    is_blocked(client));
	KUNIT_ASSERT_GT(client->test, now(client).counted, 0);
}

/* Several threads have run them: in any order. */
void client_drain(struct client *client)
{
	unsigned int nr;

	for (nr = 0; nr < FILLING; nr++) {
		client_receive(client);
		KUNIT_ASSERT_EQ(client->test, client->r.type, NP_RREAD);
		KUNIT_EXPECT_EQ(client->test, client->r.payload.count, FILE_BYTES);
	}
}
