/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session of the 9P client, and a server at the other end of its connection that is
 * the test itself: it says what it likes, when it likes.
 */
#ifndef HF_KUNIT_NINEP_CLIENT_H
#define HF_KUNIT_NINEP_CLIENT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "../../ninep/client/session.h"
#include "end.h"

/* A guest that emulates its processor is slow; nothing that passes waits so long. */
#define CLIENT_LONG	(60 * HZ)
#define CLIENT_MSIZE	65536

/* Expects that it comes to be so. */
#define comes_to_be(test, condition)						\
	do {									\
		unsigned long end_ = jiffies + CLIENT_LONG;			\
										\
		while (!(condition) && time_before(jiffies, end_))		\
			usleep_range(200, 1000);				\
		KUNIT_EXPECT_TRUE_MSG(test, condition, "never: " #condition);	\
	} while (0)

struct peer {
	struct kunit *test;
	struct hf9c_session *session;	/* NULL: closed, or never opened */
	struct socket *sock;		/* the server's end; NULL: closed */
	struct hf9c_session_options options;
	struct np_msg t;		/* the last request, and its bytes */
	u8 *frame;
	/* Of the opener's thread, and of ->died. */
	struct socket *theirs;
	struct completion opened;
	bool is_open;
	int open_error;
	atomic_t died;
	int died_of;
};

/* What sessions are opened with; hard, with all the time there is. */
extern const struct hf9c_session_options client_options;

/* Connected, and the opener asks; the end is the test's. */
struct peer *peer_begin(struct kunit *test, const struct hf9c_session_options *options);
/* It has come back. */
void peer_opened(struct peer *peer);
/* All of that, with plain 9P2000.L. */
struct peer *peer_open(struct kunit *test, const struct hf9c_session_options *options);
void peer_close_session(struct peer *peer);
void peer_hang_up(struct peer *peer);
/* The next request, or the case fails. */
void peer_receive(struct peer *peer);
void peer_gets(struct peer *peer, u8 type);
/* The Tflush of a tag; return: its own. */
u16 peer_gets_flush(struct peer *peer, u16 oldtag);
void peer_reply(struct peer *peer, u16 tag, struct np_msg *r);
void peer_reply_type(struct peer *peer, u16 tag, u8 type);
void peer_fails(struct peer *peer, u16 tag, u32 ecode);
/* Rread of @count bytes, of which @sent are sent: each is @tag + its place. */
void peer_reads(struct peer *peer, u16 tag, u32 count, u32 sent);
void peer_reads_on(struct peer *peer, u16 tag, u32 from, u32 to);
void peer_version(struct peer *peer, u32 msize, const char *version);

/* One who waits for a call, in a thread of his own. */
struct caller {
	struct peer *peer;
	struct hf9c_call *call;
	struct task_struct *task;
	int ret;
	struct completion over;
};

void caller_start(struct caller *caller, struct peer *peer, struct hf9c_call *call);
void caller_kill(struct caller *caller);
/* What hf9c_call_wait() has said. */
int caller_wait(struct caller *caller);

/* A call of the test's, with memory of its own that goes with it. */
struct hf9c_call *make_call(struct kunit *test, u8 type);
/* Tread or Twrite of @bytes at @buffer. */
struct hf9c_call *make_io(struct kunit *test, u8 type, u8 *buffer, u32 bytes);
/* Whether an Rread's bytes are there. */
bool bytes_are(const u8 *buffer, u16 tag, u32 count);

/* ->done of a started call: counts. */
struct async {
	struct completion done;
	atomic_t times;
	int error;
};

void async_start(struct peer *peer, struct hf9c_call *call, struct async *async);
/* What it has ended with. */
int async_wait(struct kunit *test, struct async *async);

#endif /* HF_KUNIT_NINEP_CLIENT_H */
