// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callers beside each other, who wait, are killed and cancelled, and a server that
 * answers in any order, early and late.  What was read is right, and nobody writes to
 * what was given back.
 */
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/sock.h>

#include "../seed.h"
#include "client.h"

#define CALLERS	3
#define ROUNDS	400
#define BYTES	6000
#define POISON	0xa5
#define PENDING	16

struct reader {
	struct play *play;
	struct task_struct *task;
	struct completion over;
	u8 *buffer;
	bool doomed;			/* it may be killed in this round */
	unsigned int answered, given_up, wrong;
};

struct play {
	struct kunit *test;
	struct peer *peer;
	struct reader reader[CALLERS];
	struct rnd_state bits[CALLERS + 2];
	struct task_struct *server;
	struct completion served;
	u16 pending[PENDING];		/* tags that are not answered yet */
	unsigned int nr_pending, unanswered, flushed;
};

/* ------------------------------------------------------------------ the server */

static bool say(struct play *play, const void *bytes, size_t count)
{
	struct kvec vec = { .iov_base = (void *)bytes, .iov_len = count };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	return kernel_sendmsg(play->peer->sock, &msg, &vec, 1, count) == (int)count;
}

static bool hear(struct play *play, void *bytes, size_t count)
{
	struct kvec vec = { .iov_base = bytes, .iov_len = count };
	struct msghdr msg = {};

	return kernel_recvmsg(play->peer->sock, &msg, &vec, 1, count, MSG_WAITALL) == (int)count;
}

/* What byte @at of what is under @tag is. */
static u8 byte_of(u16 tag, u32 at)
{
	return tag + at;
}

static bool answer(struct play *play, unsigned int nr)
{
	u16 tag = play->pending[nr];
	u8 *frame = play->peer->frame;
	u32 at;

	play->pending[nr] = play->pending[--play->nr_pending];
	put_unaligned_le32(NP_RREAD_HEAD + BYTES, frame);
	frame[4] = NP_RREAD;
	put_unaligned_le16(tag, frame + 5);
	put_unaligned_le32(BYTES, frame + NP_HEADER);
	for (at = 0; at < BYTES; at++)
		frame[NP_RREAD_HEAD + at] = byte_of(tag, at);
	return say(play, frame, NP_RREAD_HEAD + BYTES);
}

/* Before its Rflush the request is answered, or it never is. */
static bool flush(struct play *play, u16 tag, u16 oldtag)
{
	u8 frame[NP_HEADER] = { sizeof(frame), 0, 0, 0, NP_RFLUSH };
	unsigned int nr;

	play->flushed++;
	for (nr = 0; nr < play->nr_pending && play->pending[nr] != oldtag; nr++)
		;
	if (nr < play->nr_pending) {
		if (prandom_u32_state(&play->bits[CALLERS]) % 2) {
			if (!answer(play, nr))
				return false;
		} else {
			play->pending[nr] = play->pending[--play->nr_pending];
			play->unanswered++;
		}
	}
	put_unaligned_le16(tag, frame + 5);
	return say(play, frame, sizeof(frame));
}

static bool take(struct play *play)
{
	u8 frame[64];
	u32 size;

	if (!hear(play, frame, 4))
		return false;
	size = get_unaligned_le32(frame);
	if (size > sizeof(frame) || !hear(play, frame + 4, size - 4))
		return false;
	if (frame[4] == NP_TFLUSH)
		return flush(play, get_unaligned_le16(frame + 5),
			     get_unaligned_le16(frame + NP_HEADER));
	play->pending[play->nr_pending++] = get_unaligned_le16(frame + 5);
	return true;
}

static bool something_waits(struct play *play)
{
	return !skb_queue_empty(&play->peer->sock->sk->sk_receive_queue);
}

static int server_main(void *data)
{
	struct play *play = data;
	struct rnd_state *bits = &play->bits[CALLERS];

	for (;;) {
		bool more = something_waits(play) && play->nr_pending < PENDING;

		if (play->nr_pending && (!more || prandom_u32_state(bits) % 2)) {
			/* Sometimes it thinks about it, so that it is given up. */
			if (!more && prandom_u32_state(bits) % 2)
				usleep_range(50, 300);
			if (!answer(play, prandom_u32_state(bits) % play->nr_pending))
				break;
		} else if (!take(play)) {
			break;
		}
	}
	kthread_complete_and_exit(&play->served, 0);
}

/* ----------------------------------------------------------------- the callers */

/* Each byte is of the one tag under which it came. */
static bool is_whole(const u8 *buffer)
{
	u32 at;

	for (at = 0; at < BYTES; at++)
		if (buffer[at] != byte_of(buffer[0], at))
			return false;
	return true;
}

static void judge(struct reader *reader, int ret)
{
	if (!ret) {
		reader->answered++;
		reader->wrong += !is_whole(reader->buffer);
	} else if (ret == -EINTR) {
		reader->given_up++;
	} else {
		reader->wrong++;
	}
	memset(reader->buffer, POISON, BYTES);
}

static void fill(struct reader *reader, struct hf9c_call *call, struct kvec *vec)
{
	vec->iov_base = reader->buffer;
	vec->iov_len = BYTES;
	iov_iter_kvec(&call->payload, ITER_DEST, vec, 1, BYTES);
	call->ask.tread.count = BYTES;
	call->may_discard = true;
}

/* Of the last one nothing may be there when the next begins. */
static bool is_clean(struct reader *reader)
{
	return !memchr_inv(reader->buffer, POISON, BYTES);
}

static void wait_once(struct reader *reader)
{
	struct hf9c_session *session = reader->play->peer->session;
	struct hf9c_call *call = hf9c_io_get(session, NP_TREAD);
	struct kvec vec;

	fill(reader, call, &vec);
	judge(reader, hf9c_call_wait(session, call));
	hf9c_io_put(session, call);
	flush_signals(current);
}

static void done(struct hf9c_call *call)
{
	complete(call->priv);
}

static void cancel_once(struct reader *reader, struct rnd_state *bits)
{
	struct hf9c_session *session = reader->play->peer->session;
	struct hf9c_call *call = hf9c_io_get(session, NP_TREAD);
	DECLARE_COMPLETION_ONSTACK(over);
	struct kvec vec;

	fill(reader, call, &vec);
	call->done = done;
	call->priv = &over;
	if (WARN_ON_ONCE(hf9c_call_start(session, call)))
		return;
	if (prandom_u32_state(bits) % 2)
		usleep_range(10, 200);
	hf9c_call_cancel(session, call, &over);
	wait_for_completion(&over);
	judge(reader, call->error);
	hf9c_io_put(session, call);
	flush_signals(current);
}

static int reader_main(void *data)
{
	struct reader *reader = data;
	struct rnd_state *bits = &reader->play->bits[reader - reader->play->reader];
	unsigned int round;

	allow_signal(SIGKILL);
	for (round = 0; round < ROUNDS; round++) {
		WRITE_ONCE(reader->doomed, prandom_u32_state(bits) % 2);
		if (prandom_u32_state(bits) % 3)
			wait_once(reader);
		else
			cancel_once(reader, bits);
		usleep_range(1, 50);
		reader->wrong += !is_clean(reader);
	}
	kthread_complete_and_exit(&reader->over, 0);
}

/* Only in some rounds, so that others are answered on any machine. */
static void kill_one(struct play *play)
{
	struct reader *reader =
		&play->reader[prandom_u32_state(&play->bits[CALLERS + 1]) % CALLERS];

	if (READ_ONCE(reader->doomed))
		send_sig(SIGKILL, reader->task, 1);
}

static void kill_until_over(struct play *play)
{
	unsigned int nr = 0;

	while (nr < CALLERS) {
		kill_one(play);
		usleep_range(100, 2000);
		while (nr < CALLERS && try_wait_for_completion(&play->reader[nr].over))
			nr++;
	}
}

static struct task_struct *start(struct kunit *test, int (*main)(void *), void *data)
{
	struct task_struct *task = kthread_create(main, data, "hf_client");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	return task;
}

static void start_all(struct kunit *test, struct play *play)
{
	unsigned int nr;

	play->server = start(test, server_main, play);
	for (nr = 0; nr < CALLERS; nr++) {
		struct reader *reader = &play->reader[nr];

		reader->play = play;
		init_completion(&reader->over);
		reader->buffer = kunit_kmalloc(test, BYTES, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, reader->buffer);
		memset(reader->buffer, POISON, BYTES);
		reader->task = start(test, reader_main, reader);
	}
}

static void beside_each_other(struct kunit *test)
{
	struct play *play = kunit_kzalloc(test, sizeof(*play), GFP_KERNEL);
	unsigned int nr, answered = 0, given_up = 0;
	u32 seed = hf_test_seed ?: get_random_u32();

	KUNIT_ASSERT_NOT_NULL(test, play);
	kunit_info(test, "seed %u", seed);
	play->test = test;
	play->peer = peer_open(test, &client_options);
	init_completion(&play->served);
	for (nr = 0; nr < CALLERS + 2; nr++)
		prandom_seed_state(&play->bits[nr], seed + nr);
	start_all(test, play);
	kill_until_over(play);
	KUNIT_EXPECT_EQ(test, hf9c_session_error(play->peer->session), 0);
	peer_close_session(play->peer);
	wait_for_completion(&play->served);
	for (nr = 0; nr < CALLERS; nr++) {
		KUNIT_EXPECT_EQ(test, play->reader[nr].wrong, 0);
		answered += play->reader[nr].answered;
		given_up += play->reader[nr].given_up;
		put_task_struct(play->reader[nr].task);
	}
	put_task_struct(play->server);
	kunit_info(test, "%u answered, %u given up, %u flushed, %u of them never answered",
		   answered, given_up, play->flushed, play->unanswered);
	KUNIT_EXPECT_GT(test, answered, 0);
	KUNIT_EXPECT_GT(test, given_up, 0);
	KUNIT_EXPECT_GT(test, play->unanswered, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(beside_each_other),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_random",
	.test_cases = cases,
};

kunit_test_suite(suite);
