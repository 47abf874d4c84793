// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that goes, whatever is under way: its connection goes with all that it had,
 * and others go on.  And a Tversion, which ends all but the connection.
 */
#include <linux/file.h>

#include "session.h"

static struct server *start(struct kunit *test)
{
	return server_start(test, &session_limits, 16);
}

/* It is gone, and so is whatever it had. */
static void goes(struct client *client, u32 others)
{
	client_close(client);
	server_has(client->server, others);
}

/* It alone is left, and when it lets go nobody has the lock. */
static void nobody_else_waits(struct client *holder)
{
	server_has(holder->server, 1);
	client_lock(holder, NP_UNLCK, NP_LOCK_SUCCESS);
	KUNIT_EXPECT_FALSE(holder->test, server_is_locked(holder->server));
}

static void between_messages(struct kunit *test)
{
	struct server *server = start(test);
	struct client *client;

	goes(client_new(server), 0);
	goes(client_agreed(server), 0);
	goes(client_attached(server), 0);
	client = client_opened(server);
	client_lock(client, NP_WRLCK, NP_LOCK_SUCCESS);
	KUNIT_EXPECT_TRUE(test, server_is_locked(server));
	goes(client, 0);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
	KUNIT_EXPECT_EQ(test, server->export->service.nr_connections, 0);
}

/* Of a Twrite of 8192 bytes, that much: of its size, its header, its head, and payload. */
static void within_a_message(struct kunit *test)
{
	static const u32 parts[] = { 1, 5, 7, 12, 23, 24, 5000, 23 + 8191 };
	struct server *server = start(test);
	struct np_msg t = {
		.type = NP_TWRITE, .tag = 9, .twrite.fid = FILE_FID, .payload.count = 8192,
	};
	u8 *frame = kunit_kzalloc(test, 23 + 8192, GFP_KERNEL);
	struct np_built built;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, frame);
	KUNIT_ASSERT_EQ(test, np_encode(&t, NP_DOTL, frame, 23, &built), NP_OK);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		struct client *client = client_opened(server);
		bool placed = parts[i] >= 23;

		raw_send(test, client->sock, frame, parts[i]);
		until(test, is_read(client) && now(client).counted == placed);
		goes(client, 0);
		KUNIT_EXPECT_EQ(test, atomic64_read(&hf9_in_flight.bytes), 0LL);
	}
}

/* The connection stays for as long as the request runs. */
static void while_one_runs(struct kunit *test)
{
	struct server *server = start(test);
	struct client *client = client_opened(server);
	struct gate *gate = gate_close(test, file_inode(server->file));

	send_change(client);
	gate_holds(gate);
	client_close(client);
	until(test, is_dead(client));
	KUNIT_EXPECT_EQ(test, server->listener->service.nr_connections, 1);
	gate_open(gate);
	server_has(server, 0);
}

static void while_one_runs_and_is_flushed(struct kunit *test)
{
	struct server *server = start(test);
	struct client *client = client_opened(server);
	struct gate *gate = gate_close(test, file_inode(server->file));
	u16 tag = send_change(client);

	gate_holds(gate);
	send_flush(client, send_flush(client, tag));
	until(test, now(client).requests == 3);
	client_close(client);
	until(test, is_dead(client));
	gate_open(gate);
	server_has(server, 0);
}

/* @holder has the lock, and @waiter waits for it. */
static void wait_for_lock(struct client *holder, struct client *waiter)
{
	client_lock(holder, NP_WRLCK, NP_LOCK_SUCCESS);
	send_lock(waiter, NP_WRLCK, NP_LOCK_BLOCK, 0, 1);
	until(waiter->test, now(waiter).parked == 1);
}

static void while_one_waits(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *waiter = client_opened(server);

	wait_for_lock(holder, waiter);
	client_close(waiter);
	nobody_else_waits(holder);
	/* Who has it goes, and the other gets it. */
	waiter = client_opened(server);
	wait_for_lock(holder, waiter);
	goes(holder, 1);
	client_gets_lock(waiter, waiter->tag, NP_LOCK_SUCCESS);
	KUNIT_EXPECT_TRUE(test, server_is_locked(server));
	goes(waiter, 0);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
}

static void while_one_waits_for_a_lease(struct kunit *test)
{
	struct server *server = start(test);
	struct client *client = client_attached(server), *other = client_attached(server);

	client_gets(client, send_walk(client, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	client_gets(other, send_walk(other, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	lease_begin(test, server->file);
	send_open(client, FILE_FID, 2);
	send_open(other, FILE_FID, 2);
	until(test, now(client).parked == 1 && now(other).parked == 1);
	goes(client, 1);
	lease_end(server->file);
	client_gets(other, other->tag, NP_RLOPEN);
	goes(other, 0);
}

/* ------------------------------------------------------------------------ grants */

/* The client has never heard of it. */
static void with_the_reply_queued(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *waiter = client_opened(server);

	client_fill(waiter);
	wait_for_lock(holder, waiter);
	client_lock(holder, NP_UNLCK, NP_LOCK_SUCCESS);
	until(test, !now(waiter).requests);
	KUNIT_EXPECT_TRUE(test, server_is_locked(server));
	goes(waiter, 1);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
}

/*
 * Its only thread reads, in a Tattach that fails: it was granted, has not run since,
 * and runs when nobody is there any more.
 */
static void granted_and_not_answered(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *holder, *waiter;
	struct server *server;
	struct gate *gate;

	limits.threads = 2;
	server = server_start(test, &limits, 16);
	holder = client_opened(server);
	waiter = client_opened(server);
	wait_for_lock(holder, waiter);
	gate = gate_close(test, NULL);
	send_attach(waiter, 9, "nosuch");
	until(test, now(waiter).requests == 2);
	client_lock(holder, NP_UNLCK, NP_LOCK_SUCCESS);
	until(test, !now(waiter).parked);
	client_close(waiter);
	gate_open(gate);
	server_has(server, 1);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
}

/* --------------------------------------------------------------------- Tversion */

/* With one that runs, one that waits, and a Tversion that waits for both. */
static struct gate *begin_again(struct client *holder, struct client *client)
{
	struct inode *inode = file_inode(client->server->file);
	struct gate *gate;

	wait_for_lock(holder, client);
	gate = gate_close(client->test, inode);
	send_flush(client, send_change(client));
	gate_holds(gate);
	until(client->test, now(client).requests == 3);
	send_version(client);
	/* The one that waited is cancelled. */
	until(client->test, !now(client).parked && now(client).requests == 3);
	return gate;
}

static void version_again(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *client = client_opened(server);
	struct gate *gate = begin_again(holder, client);

	/* What is behind it is not read before. */
	send_attach(client, ROOT_FID, "kunit");
	client_lock(holder, NP_UNLCK, NP_LOCK_SUCCESS);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
	KUNIT_EXPECT_EQ(test, now(client).requests, 3);
	gate_open(gate);
	client_gets(client, NP_NOTAG, NP_RVERSION);
	client_gets(client, client->tag, NP_RATTACH);
	client_is_quiet(client);
	KUNIT_EXPECT_EQ(test, now(client).fids, 1);
	client_fails(client, send_open(client, FILE_FID, 2), EBADF);
}

/* What it holds goes as well, and what it has not been told of. */
static void version_drops_locks(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *waiter = client_opened(server);

	client_fill(waiter);
	wait_for_lock(holder, waiter);
	client_gets(holder, send_version(holder), NP_RVERSION);
	until(test, !now(waiter).requests);
	KUNIT_EXPECT_TRUE(test, server_is_locked(server));
	send_version(waiter);
	until(test, !now(waiter).fids);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
	client_drain(waiter);
	client_gets_lock(waiter, waiter->tag, NP_LOCK_SUCCESS);
	client_gets(waiter, NP_NOTAG, NP_RVERSION);
	client_is_quiet(waiter);
	client_is_quiet(holder);
}

static void version_again_and_gone(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *client = client_opened(server);
	struct gate *gate = begin_again(holder, client);

	client_close(client);
	until(test, is_dead(client));
	gate_open(gate);
	nobody_else_waits(holder);
}

/* --------------------------------------------------------------- by the server */

/* A tag that is in use is a client's fault: what it had is dropped, and it is told nothing. */
static void tag_in_use(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *waiter = client_opened(server);

	wait_for_lock(holder, waiter);
	waiter->tag--;
	send_clunk(waiter, ROOT_FID);
	client_is_cut(waiter);
	nobody_else_waits(holder);
}

/* One that runs and is flushed, one that waits, a reply that is not read. */
static void export_stops(struct kunit *test)
{
	struct server *server = start(test);
	struct client *holder = client_opened(server), *waiter = client_opened(server);
	struct client *full = client_opened(server);
	struct gate *gate;

	wait_for_lock(holder, waiter);
	client_fill(full);
	gate = gate_close(test, file_inode(server->file));
	send_flush(holder, send_change(holder));
	gate_holds(gate);
	until(test, now(holder).requests == 2);
	hf9_service_stop(&server->export->service);
	server_has(server, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&server->export->service.stopped));
	gate_open(gate);
	export_stopped(server);
	server_has(server, 0);
	client_is_cut(holder);
	client_is_cut(waiter);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(between_messages, next_place),
	KUNIT_CASE(within_a_message),
	KUNIT_CASE(while_one_runs),
	KUNIT_CASE(while_one_runs_and_is_flushed),
	KUNIT_CASE_PARAM(while_one_waits, next_place),
	KUNIT_CASE_PARAM(while_one_waits_for_a_lease, next_place),
	KUNIT_CASE_PARAM(with_the_reply_queued, next_place),
	KUNIT_CASE_PARAM(granted_and_not_answered, next_place),
	KUNIT_CASE_PARAM(version_again, next_place),
	KUNIT_CASE_PARAM(version_drops_locks, next_place),
	KUNIT_CASE_PARAM(version_again_and_gone, next_place),
	KUNIT_CASE_PARAM(tag_in_use, next_place),
	KUNIT_CASE_PARAM(export_stops, next_place),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_end",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
