// SPDX-License-Identifier: GPL-2.0-only
/* See client.h. */
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "client.h"

const struct hf9c_session_options client_options = {
	.msize		= CLIENT_MSIZE,
	.dialect	= NP_DOTL,
	.fall_back	= true,
	.timeo		= 60 * MSEC_PER_SEC,
};

/* ------------------------------------------------------------------ the session */

static void died(void *priv, int error)
{
	struct peer *peer = priv;

	peer->died_of = error;
	atomic_inc(&peer->died);
}

static int opener(void *data)
{
	struct peer *peer = data;
	struct hf9c_session *session = hf9c_session_open(peer->theirs, &peer->options);

	peer->open_error = PTR_ERR_OR_ZERO(session);
	peer->session = IS_ERR(session) ? NULL : session;
	kthread_complete_and_exit(&peer->opened, 0);
}

void peer_close_session(struct peer *peer)
{
	hf9c_session_close(peer->session);
	peer->session = NULL;
}

void peer_hang_up(struct peer *peer)
{
	if (peer->sock)
		sock_release(peer->sock);
	peer->sock = NULL;
}

void peer_opened(struct peer *peer)
{
	wait_for_completion(&peer->opened);
	peer->is_open = true;
}

static void peer_end(void *data)
{
	struct peer *peer = data;

	if (!peer->is_open) {
		peer_hang_up(peer);
		peer_opened(peer);
	}
	peer_close_session(peer);
	peer_hang_up(peer);
	kfree(peer->frame);
}

struct peer *peer_begin(struct kunit *test, const struct hf9c_session_options *options)
{
	struct peer *peer = kunit_kzalloc(test, sizeof(*peer), GFP_KERNEL);
	struct task_struct *task;
	struct socket *ends[2];

	KUNIT_ASSERT_NOT_NULL(test, peer);
	peer->test = test;
	peer->options = *options;
	peer->options.died = died;
	peer->options.priv = peer;
	peer->frame = kmalloc(CLIENT_MSIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, peer->frame);
	init_completion(&peer->opened);
	connect_pair(test, &init_net, AF_UNIX, ends);
	peer->theirs = ends[0];
	peer->sock = ends[1];
	peer->sock->sk->sk_rcvtimeo = CLIENT_LONG;
	task = kthread_run(opener, peer, "hf_opener");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, peer_end, peer), 0);
	return peer;
}

struct peer *peer_open(struct kunit *test, const struct hf9c_session_options *options)
{
	struct peer *peer = peer_begin(test, options);

	peer_gets(peer, NP_TVERSION);
	peer_version(peer, CLIENT_MSIZE, NP_VERSION_DOTL);
	peer_opened(peer);
	KUNIT_ASSERT_EQ(test, peer->open_error, 0);
	return peer;
}

/* -------------------------------------------------------------------- messages */

static void receive(struct peer *peer, u8 *at, u32 bytes)
{
	struct kvec vec = { .iov_base = at, .iov_len = bytes };
	struct msghdr msg = {};

	KUNIT_ASSERT_EQ(peer->test, kernel_recvmsg(peer->sock, &msg, &vec, 1, bytes, MSG_WAITALL),
			(int)bytes);
}

void peer_receive(struct peer *peer)
{
	enum np_dialect dialect = peer->options.dialect;
	u32 size;

	receive(peer, peer->frame, 4);
	size = get_unaligned_le32(peer->frame);
	KUNIT_ASSERT_GE(peer->test, size, (u32)NP_HEADER);
	KUNIT_ASSERT_LE(peer->test, size, (u32)CLIENT_MSIZE);
	receive(peer, peer->frame + 4, size - 4);
	KUNIT_ASSERT_EQ(peer->test, np_decode(peer->frame, size, dialect, &peer->t), NP_OK);
}

void peer_gets(struct peer *peer, u8 type)
{
	peer_receive(peer);
	KUNIT_ASSERT_EQ(peer->test, peer->t.type, type);
}

u16 peer_gets_flush(struct peer *peer, u16 oldtag)
{
	peer_gets(peer, NP_TFLUSH);
	KUNIT_EXPECT_EQ(peer->test, peer->t.tflush.oldtag, oldtag);
	return peer->t.tag;
}

void peer_reply(struct peer *peer, u16 tag, struct np_msg *r)
{
	struct np_built built;
	u8 head[320];

	r->tag = tag;
	KUNIT_ASSERT_EQ(peer->test, np_encode(r, peer->options.dialect, head, sizeof(head), &built),
			NP_OK);
	raw_send(peer->test, peer->sock, head, built.head);
}

void peer_reply_type(struct peer *peer, u16 tag, u8 type)
{
	struct np_msg *r = kunit_kzalloc(peer->test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(peer->test, r);
	r->type = type;
	peer_reply(peer, tag, r);
	kunit_kfree(peer->test, r);
}

void peer_fails(struct peer *peer, u16 tag, u32 ecode)
{
	u8 frame[NP_HEADER + 4] = { sizeof(frame), 0, 0, 0, NP_RLERROR };

	put_unaligned_le16(tag, frame + 5);
	put_unaligned_le32(ecode, frame + NP_HEADER);
	raw_send(peer->test, peer->sock, frame, sizeof(frame));
}

static u8 byte_of(u16 tag, u32 at)
{
	return tag + at;
}

void peer_reads_on(struct peer *peer, u16 tag, u32 from, u32 to)
{
	u8 *bytes = kunit_kmalloc(peer->test, to - from + 1, GFP_KERNEL);
	u32 at;

	KUNIT_ASSERT_NOT_NULL(peer->test, bytes);
	for (at = from; at < to; at++)
		bytes[at - from] = byte_of(tag, at);
	raw_send(peer->test, peer->sock, bytes, to - from);
	kunit_kfree(peer->test, bytes);
}

/* At one go: whoever refuses it hangs up. */
void peer_reads(struct peer *peer, u16 tag, u32 count, u32 sent)
{
	u8 *frame = kunit_kmalloc(peer->test, NP_RREAD_HEAD + sent, GFP_KERNEL);
	u32 at;

	KUNIT_ASSERT_NOT_NULL(peer->test, frame);
	put_unaligned_le32(NP_RREAD_HEAD + count, frame);
	frame[4] = NP_RREAD;
	put_unaligned_le16(tag, frame + 5);
	put_unaligned_le32(count, frame + NP_HEADER);
	for (at = 0; at < sent; at++)
		frame[NP_RREAD_HEAD + at] = byte_of(tag, at);
	raw_send(peer->test, peer->sock, frame, NP_RREAD_HEAD + sent);
	kunit_kfree(peer->test, frame);
}

bool bytes_are(const u8 *buffer, u16 tag, u32 count)
{
	u32 at;

	for (at = 0; at < count; at++)
		if (buffer[at] != byte_of(tag, at))
			return false;
	return true;
}

void peer_version(struct peer *peer, u32 msize, const char *version)
{
	struct np_msg *r = kunit_kzalloc(peer->test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(peer->test, r);
	r->type = NP_RVERSION;
	r->rversion.msize = msize;
	r->rversion.version.at = version;
	r->rversion.version.len = strlen(version);
	peer_reply(peer, NP_NOTAG, r);
	kunit_kfree(peer->test, r);
}

/* ----------------------------------------------------------------------- calls */

static void free_call(void *call)
{
	hf9c_call_free(call);
}

struct hf9c_call *make_call(struct kunit *test, u8 type)
{
	struct hf9c_call *call = hf9c_call_new(type);

	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_call, call), 0);
	call->left = NULL;
	return call;
}

struct hf9c_call *make_io(struct kunit *test, u8 type, u8 *buffer, u32 bytes)
{
	struct kvec *vec = kunit_kzalloc(test, sizeof(*vec), GFP_KERNEL);
	struct hf9c_call *call = make_call(test, type);
	bool write = type == NP_TWRITE;

	KUNIT_ASSERT_NOT_NULL(test, vec);
	vec->iov_base = buffer;
	vec->iov_len = bytes;
	iov_iter_kvec(&call->payload, write ? ITER_SOURCE : ITER_DEST, vec, 1, bytes);
	if (write)
		call->ask.payload.count = bytes;
	else
		call->ask.tread.count = bytes;
	return call;
}

static int caller_main(void *data)
{
	struct caller *caller = data;

	allow_signal(SIGKILL);
	allow_signal(SIGUSR1);
	caller->ret = hf9c_call_wait(caller->peer->session, caller->call);
	flush_signals(current);
	kthread_complete_and_exit(&caller->over, 0);
}

void caller_start(struct caller *caller, struct peer *peer, struct hf9c_call *call)
{
	caller->peer = peer;
	caller->call = call;
	init_completion(&caller->over);
	caller->task = kthread_create(caller_main, caller, "hf_caller");
	KUNIT_ASSERT_FALSE(peer->test, IS_ERR(caller->task));
	get_task_struct(caller->task);
	wake_up_process(caller->task);
}

void caller_kill(struct caller *caller)
{
	send_sig(SIGKILL, caller->task, 1);
}

int caller_wait(struct caller *caller)
{
	if (!wait_for_completion_timeout(&caller->over, CLIENT_LONG)) {
		KUNIT_FAIL(caller->peer->test, "a caller does not come back");
		hf9c_abort(caller->peer->session);
		wait_for_completion(&caller->over);
	}
	put_task_struct(caller->task);
	return caller->ret;
}

static void done(struct hf9c_call *call)
{
	struct async *async = call->priv;

	async->error = call->error;
	atomic_inc(&async->times);
	complete(&async->done);
}

void async_start(struct peer *peer, struct hf9c_call *call, struct async *async)
{
	init_completion(&async->done);
	atomic_set(&async->times, 0);
	call->done = done;
	call->priv = async;
	KUNIT_ASSERT_EQ(peer->test, hf9c_call_start(peer->session, call), 0);
}

int async_wait(struct kunit *test, struct async *async)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&async->done, CLIENT_LONG), 0);
	return async->error;
}
