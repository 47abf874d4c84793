/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two ends of a connection, of which one or both are links, and messages with
 * numbers, so that each is known by its content.
 */
#ifndef HF_KUNIT_NINEP_END_H
#define HF_KUNIT_NINEP_END_H

#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <holdfast/ninep.h>
#include <holdfast/ninep_link.h>

#define MSIZE		(128 * 1024)
/* Payloads are received to, and sent from, so many pages in a row. */
#define PAGES_ORDER	5
#define PAGES_BYTES	(PAGE_SIZE << PAGES_ORDER)
/* In a cache a payload begins here. */
#define CACHE_START	(3 * PAGE_SIZE + 100)

struct family {
	const char *name;
	int family;
};

extern const struct family families[];
#define FAMILIES 4

/* Parameters of a case: each family in turn. */
const void *next_family(const void *previous, char *name);

/* One that listens, at an address of the kernel's choice. */
struct socket *make_listener(struct kunit *test, struct net *net, int family);
struct socket *connect_to(struct kunit *test, struct net *net, struct socket *listener);
/* A connection in @net; both sockets are the caller's. */
void connect_pair(struct kunit *test, struct net *net, int family,
		  struct socket *ends[2]);

/*
 * The messages: number @number as it goes to a server or client.  Every third is a
 * payload message, of 0 bytes to 100,000.
 */
struct message {
	u8 head[32];
	u32 head_bytes, payload_bytes;
};

void message_make(struct message *message, enum np_side side, unsigned int number);
/* What byte @at of its payload is. */
u8 payload_byte(unsigned int number, u32 at);
void payload_fill(u8 *bytes, unsigned int number, u32 count);

/* Messages 0 to 3, of which 2 has a payload of 4096 bytes; in one piece. */
#define STREAM (11 + 19 + 23 + 4096 + 11)

/* Requests; freed with the test. */
u8 *stream_make(struct kunit *test);

/* A message on its way; freed by its own ->sent. */
struct parcel {
	struct hf_link_out out;
	struct message message;
	struct bio_vec vec;
	struct page *pages;
};

struct end {
	struct kunit *test;
	struct hf_link link;
	enum np_side side;
	bool open;
	wait_queue_head_t wait;
	atomic_t ready;
	/* Is told as well, see ends_carry(). */
	struct end *peer;
	/* Of ->message and ->place. */
	enum hf_link_verdict verdict;
	unsigned int asked;
	u32 room;
	/* Agreed on with the next message, if not 0. */
	u32 agree;
	/* Messages, each of the number after the last one's unless all are @same;
	 * and those that were not.
	 */
	unsigned int got, wrong, same;
	/* That is being placed. */
	struct message head;
	u32 count;
	struct page *pages;
	struct bio_vec vec;
	/* Where payloads go first, or come from, as in a page cache; or NULL. */
	struct xarray *cache;
	/* Of parcels. */
	atomic_t sent;
	int error;
	/* Sends as it likes, see limit_sends(). */
	struct proto_ops ops;
	const struct proto_ops *real_ops;
	u32 most;
	atomic_t failures;
	int failure;
	/* A send that fails is told of room before it has returned. */
	bool room_comes;
};

/* Asserts that it opens.  The end is the test's, and is released with it. */
struct end *end_open(struct kunit *test, struct socket *sock, enum np_side side);
void end_release(struct end *end);
/* Both ends are links. */
void end_pair(struct kunit *test, int family, struct end **client, struct end **server);
/* A link, and a raw socket that sends to it. */
struct end *end_against_raw(struct kunit *test, int family, enum np_side side,
			    struct socket **raw);
/* Expects so many messages, and that nothing was wrong. */
void end_is_well(const struct end *end, unsigned int got);

/* Receives until @got messages have come in all, or it has ended, or a long time is over. */
enum hf_link_status end_receive(struct end *end, unsigned int got);
/* Likewise, but until it has ended. */
enum hf_link_status end_receive_all(struct end *end);
/* Pushes until all parcels of @count are sent. */
void end_push(struct end *end, unsigned int count);
/* Pushes at @from and receives at @to, until @count messages are over. */
void ends_carry(struct end *from, struct end *to, unsigned int count);
/* Waits for ->ready since the last time; false after a long time. */
bool end_wait(struct end *end);
/* Sends message @number; ->sent counts in @sent. */
void end_send(struct end *end, unsigned int number);
void end_queue(struct end *end, unsigned int number);

/* At most @most bytes a call from now on; the next @failures calls fail. */
void limit_sends(struct end *end, u32 most, unsigned int failures, int failure);

/* The raw end: bytes, all of them or the case fails. */
void raw_send(struct kunit *test, struct socket *sock, const void *bytes, size_t count);
/* What a receive of a byte says, with waiting. */
int raw_receive(struct socket *sock);
void raw_send_message(struct kunit *test, struct socket *sock,
		      const struct message *message, unsigned int number);

#endif /* HF_KUNIT_NINEP_END_H */
