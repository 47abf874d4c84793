// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Tflush and the grant of the lock that it is about, in every order.  What 9P allows:
 * an Rlock and then the Rflush, and the lock is held; or the Rflush alone, and it is
 * not.
 */
#include "../threads.h"
#include "session.h"

#define ROUNDS 40

/* One that holds the lock, and one that wants it. */
struct two {
	struct server *server;
	struct client *holder, *waiter;
};

/* Of @threads one connection has half. */
static void start(struct kunit *test, struct two *two, u32 threads)
{
	struct hf9_limits limits = session_limits;

	limits.threads = threads;
	two->server = server_start(test, &limits, 16);
	two->holder = client_opened(two->server);
	two->waiter = client_opened(two->server);
	client_lock(two->holder, NP_WRLCK, NP_LOCK_SUCCESS);
}

static u16 wait_for_lock(struct two *two)
{
	struct client *waiter = two->waiter;
	u16 tag = send_lock(waiter, NP_WRLCK, NP_LOCK_BLOCK, 0, 1);

	until(waiter->test, now(waiter).parked == 1);
	return tag;
}

static void let_go(struct two *two)
{
	client_lock(two->holder, NP_UNLCK, NP_LOCK_SUCCESS);
}

/*
 * Of the waiter's lock: there never was one; it was taken back, and what tells that
 * there may be one stays until the client unlocks the file, or clunks the fid; it is
 * there.
 */
enum outcome { NEVER, TAKEN_BACK, HELD };

static void ends(struct two *two, enum outcome outcome)
{
	struct kunit *test = two->waiter->test;

	client_is_quiet(two->waiter);
	KUNIT_EXPECT_EQ(test, server_is_locked(two->server), outcome == HELD);
	if (outcome != NEVER)
		client_lock(two->waiter, NP_UNLCK, NP_LOCK_SUCCESS);
	/* Not at once: the thread that has answered may be about to let go of its own. */
	until(test, now(two->waiter).locks == 0);
	KUNIT_EXPECT_EQ(test, now(two->waiter).fids, 2);
	client_lock(two->holder, NP_WRLCK, NP_LOCK_SUCCESS);
}

/* The Rflush is sent before the grant, or waits behind what the client does not read. */
static void before_the_grant(struct kunit *test)
{
	struct two two;
	u16 tag, flush;
	int full;

	start(test, &two, 2);
	for (full = 0; full < 2; full++) {
		if (full)
			client_fill(two.waiter);
		tag = wait_for_lock(&two);
		flush = send_flush(two.waiter, tag);
		until(test, !now(two.waiter).requests);
		KUNIT_EXPECT_EQ(test, is_blocked(two.waiter), full);
		let_go(&two);
		KUNIT_EXPECT_FALSE(test, server_is_locked(two.server));
		if (full)
			client_drain(two.waiter);
		client_gets(two.waiter, flush, NP_RFLUSH);
		ends(&two, NEVER);
	}
}

/*
 * The reader waits in a Tattach that fails, and has the only thread: so the request
 * that was granted runs only after the Tflush was read.
 */
static void before_the_reply(struct kunit *test)
{
	u16 tag, attach, flush;
	struct gate *gate;
	struct two two;

	start(test, &two, 2);
	tag = wait_for_lock(&two);
	gate = gate_close(test, NULL);
	attach = send_attach(two.waiter, 9, "nosuch");
	flush = send_flush(two.waiter, tag);
	until(test, now(two.waiter).requests == 2);
	let_go(&two);
	until(test, !now(two.waiter).parked);
	KUNIT_EXPECT_EQ(test, now(two.waiter).requests, 2);
	KUNIT_EXPECT_EQ(test, server_is_locked(two.server), two.server->place->grants);
	gate_open(gate);
	client_fails(two.waiter, attach, ENOENT);
	client_gets(two.waiter, flush, NP_RFLUSH);
	ends(&two, TAKEN_BACK);
}

/* Likewise, with more of them, of each other too. */
static void several_before_the_reply(struct kunit *test)
{
	u16 tag, attach, flush[4];
	struct gate *gate;
	struct two two;
	int nr;

	start(test, &two, 2);
	tag = wait_for_lock(&two);
	gate = gate_close(test, NULL);
	attach = send_attach(two.waiter, 9, "nosuch");
	flush[0] = send_flush(two.waiter, tag);
	flush[1] = send_flush(two.waiter, tag);
	flush[2] = send_flush(two.waiter, flush[0]);
	flush[3] = send_flush(two.waiter, flush[2]);
	until(test, now(two.waiter).requests == 2);
	let_go(&two);
	until(test, !now(two.waiter).parked);
	gate_open(gate);
	client_fails(two.waiter, attach, ENOENT);
	for (nr = 0; nr < 4; nr++)
		client_gets(two.waiter, flush[nr], NP_RFLUSH);
	ends(&two, TAKEN_BACK);
}

/* It was decided on: it goes first, and the lock stays. */
static void reply_is_queued(struct kunit *test)
{
	u16 tag, flush;
	struct two two;
	u32 counted;

	start(test, &two, 2);
	client_fill(two.waiter);
	tag = wait_for_lock(&two);
	let_go(&two);
	until(test, !now(two.waiter).requests);
	KUNIT_EXPECT_TRUE(test, server_is_locked(two.server));
	counted = now(two.waiter).counted;
	flush = send_flush(two.waiter, tag);
	until(test, now(two.waiter).counted == counted + 1 && !now(two.waiter).requests);
	KUNIT_EXPECT_TRUE(test, server_is_locked(two.server));
	client_drain(two.waiter);
	client_gets_lock(two.waiter, tag, NP_LOCK_SUCCESS);
	client_gets(two.waiter, flush, NP_RFLUSH);
	ends(&two, HELD);
}

static void reply_was_sent(struct kunit *test)
{
	struct two two;
	u16 tag;

	start(test, &two, 2);
	tag = wait_for_lock(&two);
	let_go(&two);
	client_gets_lock(two.waiter, tag, NP_LOCK_SUCCESS);
	client_gets(two.waiter, send_flush(two.waiter, tag), NP_RFLUSH);
	ends(&two, HELD);
}

/* The second finds nothing; nor does that of the first, nor that of itself. */
static void twice(struct kunit *test)
{
	struct two two;
	u16 tag, flush[4];
	int nr;

	start(test, &two, 2);
	tag = wait_for_lock(&two);
	flush[0] = send_flush(two.waiter, tag);
	flush[1] = send_flush(two.waiter, tag);
	flush[2] = send_flush(two.waiter, flush[0]);
	flush[3] = send_flush(two.waiter, two.waiter->tag + 1);
	for (nr = 0; nr < 4; nr++)
		client_gets(two.waiter, flush[nr], NP_RFLUSH);
	let_go(&two);
	ends(&two, NEVER);
}

/* What cannot be taken back is answered; each Tflush behind it, as they came. */
static void of_what_runs(struct kunit *test)
{
	u16 tag, flush[3];
	struct gate *gate;
	struct two two;
	int nr;

	start(test, &two, 4);
	gate = gate_close(test, file_inode(two.server->file));
	tag = send_change(two.waiter);
	gate_holds(gate);
	flush[0] = send_flush(two.waiter, tag);
	flush[1] = send_flush(two.waiter, tag);
	flush[2] = send_flush(two.waiter, flush[0]);
	until(test, now(two.waiter).requests == 4);
	gate_open(gate);
	client_gets(two.waiter, tag, NP_RSETATTR);
	for (nr = 0; nr < 3; nr++)
		client_gets(two.waiter, flush[nr], NP_RFLUSH);
	let_go(&two);
	ends(&two, NEVER);
}

struct race {
	struct two two;
	u16 tag, flush, unlock;
};

static void race_work(struct crew *crew, unsigned int nr)
{
	struct race *race = crew->private;

	if (nr)
		race->flush = send_flush(race->two.waiter, race->tag);
	else
		race->unlock = send_lock(race->two.holder, NP_UNLCK, 0, 0, 1);
}

/* Return: whether there was an Rlock, which says that it has the lock. */
static bool race_replies(struct race *race)
{
	struct client *waiter = race->two.waiter;
	bool granted;

	client_gets_lock(race->two.holder, race->unlock, NP_LOCK_SUCCESS);
	client_receive(waiter);
	granted = waiter->r.type == NP_RLOCK;
	if (granted) {
		KUNIT_EXPECT_EQ(waiter->test, waiter->r.tag, race->tag);
		KUNIT_EXPECT_EQ(waiter->test, waiter->r.rlock.status, NP_LOCK_SUCCESS);
		client_receive(waiter);
	}
	KUNIT_EXPECT_EQ(waiter->test, waiter->r.type, NP_RFLUSH);
	KUNIT_EXPECT_EQ(waiter->test, waiter->r.tag, race->flush);
	return granted;
}

static void beside_the_grant(struct kunit *test)
{
	struct race race;
	struct crew crew = { .test = test, .work = race_work, .private = &race };
	unsigned int round, granted = 0;

	start(test, &race.two, 4);
	for (round = 0; round < ROUNDS; round++) {
		bool got;

		race.tag = wait_for_lock(&race.two);
		crew_start(&crew, 2);
		crew_wait(&crew, 2);
		got = race_replies(&race);
		granted += got;
		ends(&race.two, got ? HELD : TAKEN_BACK);
	}
	kunit_info(test, "%u of %u were granted first", granted, round);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(before_the_grant, next_place),
	KUNIT_CASE_PARAM(before_the_reply, next_place),
	KUNIT_CASE_PARAM(several_before_the_reply, next_place),
	KUNIT_CASE_PARAM(reply_is_queued, next_place),
	KUNIT_CASE_PARAM(reply_was_sent, next_place),
	KUNIT_CASE_PARAM(twice, next_place),
	KUNIT_CASE_PARAM(of_what_runs, next_place),
	KUNIT_CASE_PARAM(beside_the_grant, next_place),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_flush",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
