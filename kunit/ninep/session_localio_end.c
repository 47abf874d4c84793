// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links of the server's end: with their connection, its session, its export, its
 * listener, or while the export pauses.  Who waits for what is in flight, and who does
 * not; and an idle client is waited for by nobody.
 */
#include <linux/sched/signal.h>

#include "session_borrower.h"

/* Nothing in flight is left of those that were ended, and nothing of what was lent. */
static void expect_ended(struct borrower *borrower, int writers)
{
	struct kunit *test = borrower->test;

	KUNIT_EXPECT_FALSE(test, is_linked(borrower));
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&borrower->localio), 1U);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(borrower->lf->link));
	KUNIT_EXPECT_EQ(test, server_writers(borrower->server), writers);
}

/*
 * In flight when the link ends: it is not in the way, and nothing is closed.  The counts
 * of the link are summed, so that whatever follows from its end has begun.
 */
static void expect_in_flight(struct borrower *borrower, int writers)
{
	struct kunit *test = borrower->test;

	rcu_barrier();
	KUNIT_EXPECT_FALSE(test, is_linked(borrower));
	KUNIT_EXPECT_EQ(test, server_writers(borrower->server), writers);
	borrower_uses(borrower, borrower->lf);
}

/* --------------------------------------------------------------------- Tversion */

static void attaches_again(struct borrower *borrower)
{
	struct client *client = borrower->client;

	client_gets(client, send_attach(client, ROOT_FID, "kunit"), NP_RATTACH);
}

/* It is answered before what is in flight is over. */
static void version(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct client *client = borrower->client;

	borrower_holds(borrower);
	client_gets(client, send_version(client), NP_RVERSION);
	KUNIT_EXPECT_EQ(test, now(client).fids, 0);
	expect_in_flight(borrower, 1);
	client_is_quiet(client);
	borrower_lets_go(borrower);
	server_lends(server, 0);
	expect_ended(borrower, 0);
	/* The connection is the same, and it comes back by another link. */
	attaches_again(borrower);
	borrower_links(borrower);
	server_lends(server, 1);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(borrower->lf->link));
}

static void version_of_an_idle_one(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct client *client = borrower->client;

	client_gets(client, send_version(client), NP_RVERSION);
	server_lends(server, 0);
	expect_ended(borrower, 0);
	server_has(server, 1);
}

/* Tversion is read while the Tlocalhello runs, or when it was answered. */
static void version_behind_hello(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client;
	unsigned int round, answered = 0;
	u8 answer[HF_LOCALIO_SECRET];

	for (round = 0; round < 50; round++) {
		bool came;

		borrower_begins(borrower);
		send_hello(client, ROOT_FID, borrower->id);
		send_version(client);
		client_receive(client);
		came = client->r.type == NP_RLOCALHELLO;
		if (came) {
			memcpy(answer, client->r.rlocalhello.answer, sizeof(answer));
			client_receive(client);
		}
		KUNIT_ASSERT_EQ(test, client->r.type, NP_RVERSION);
		KUNIT_EXPECT_EQ(test, borrower_ends(borrower, came ? answer : NULL), -ENOENT);
		answered += came;
		attaches_again(borrower);
	}
	kunit_info(test, "%u of %u were answered", answered, round);
	server_lends(server, 0);
	client_is_quiet(client);
}

/* --------------------------------------------------------------- its connection */

static void connection_ends(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);

	borrower_holds(borrower);
	client_close(borrower->client);
	until(test, is_dead(borrower->client) && !is_linked(borrower));
	expect_in_flight(borrower, 1);
	KUNIT_EXPECT_EQ(test, server->export->service.nr_connections, 1);
	KUNIT_EXPECT_EQ(test, server->listener->service.nr_connections, 1);
	borrower_lets_go(borrower);
	server_has(server, 0);
	server_lends(server, 0);
	expect_ended(borrower, 0);
}

/* And then its fid, which was lent, was clunked before. */
static void connection_of_an_idle_one(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server), *clunked = borrower_linked(server);

	client_gets(clunked->client, send_clunk(clunked->client, FILE_FID), NP_RCLUNK);
	client_close(borrower->client);
	server_has(server, 1);
	server_lends(server, 1);
	expect_ended(borrower, 1);
	borrower_uses(clunked, clunked->lf);
	client_close(clunked->client);
	server_has(server, 0);
	server_lends(server, 0);
	expect_ended(clunked, 0);
}

/* Its end is read while the Tlocalhello runs, or before, or when it was answered. */
static void connection_ends_behind_hello(struct kunit *test)
{
	struct server *server = lending_server(test);
	unsigned int round;

	for (round = 0; round < 30; round++) {
		struct borrower *borrower = borrower_opened(server);

		borrower_begins(borrower);
		send_hello(borrower->client, ROOT_FID, borrower->id);
		client_close(borrower->client);
		server_has(server, 0);
		server_lends(server, 0);
		KUNIT_EXPECT_EQ(test, borrower_ends(borrower, NULL), -ENOENT);
	}
}

/* ------------------------------------------------------------- what it is of */

static void stop_beside(struct borrower *borrower, struct hf9_service *service)
{
	struct server *server = borrower->server;
	struct borrower *idle = borrower_linked(server);
	struct kunit *test = borrower->test;

	borrower_holds(borrower);
	hf9_service_stop(service);
	/* The idle one has not to do anything. */
	server_has(server, 1);
	expect_ended(idle, 1);
	until(test, !is_linked(borrower));
	expect_in_flight(borrower, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&service->stopped));
	KUNIT_EXPECT_EQ(test, service->nr_connections, 1);
	borrower_lets_go(borrower);
}

static void export_is_stopped(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);

	stop_beside(borrower, &server->export->service);
	export_stopped(server);
	server_has(server, 0);
	expect_ended(borrower, 0);
	client_is_cut(borrower->client);
}

static void listener_is_stopped(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);

	stop_beside(borrower, &server->listener->service);
	listener_stopped(server);
	server_lends(server, 0);
	expect_ended(borrower, 0);
	client_is_cut(borrower->client);
}

static void idle_ones_are_not_waited_for(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server), *clunked = borrower_linked(server);

	client_gets(clunked->client, send_clunk(clunked->client, FILE_FID), NP_RCLUNK);
	hf9_service_stop(&server->export->service);
	server_has(server, 0);
	export_stopped(server);
	expect_ended(borrower, 0);
	expect_ended(clunked, 0);
}

/* ------------------------------------------------------------------------ pauses */

struct pause {
	struct doing doing;
	struct server *server;
	struct borrower *borrower;
};

static int do_pause(struct doing *doing)
{
	struct hf9_export *export = container_of(doing, struct pause, doing)->server->export;

	hf9_localio_stop(export);
	return hf9_localio_wait(export);
}

/* One that has something in flight, and somebody who waits for that. */
static struct pause *pause_begins(struct kunit *test)
{
	struct pause *pause = kunit_kzalloc(test, sizeof(*pause), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pause);
	pause->server = lending_server(test);
	pause->borrower = borrower_linked(pause->server);
	pause->doing = (struct doing) { .test = test, .what = do_pause };
	borrower_holds(pause->borrower);
	doing_start(&pause->doing);
	until(test, !is_linked(pause->borrower));
	return pause;
}

static void expect_pauses(struct pause *pause)
{
	expect_in_flight(pause->borrower, 1);
	KUNIT_EXPECT_FALSE(pause->doing.test, completion_done(&pause->doing.over));
}

static void comes_back(struct borrower *borrower)
{
	struct kunit *test = borrower->test;
	struct hf_localio_file *lf;

	WRITE_ONCE(borrower->server->export->localio, true);
	borrower_links(borrower);
	KUNIT_ASSERT_EQ(test, borrow(borrower, FILE_FID, BOTH, &lf), 0);
	borrower_uses(borrower, lf);
	hf_localio_close(lf);
}

static void export_pauses(struct kunit *test)
{
	struct pause *pause = pause_begins(test);
	struct borrower *borrower = pause->borrower;
	struct client *client = borrower->client;

	expect_pauses(pause);
	borrower_begins(borrower);
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, NULL), -ENOENT);
	/* The wire is as before. */
	client_gets(client, send_read(client), NP_RREAD);
	borrower_lets_go(borrower);
	KUNIT_EXPECT_EQ(test, doing_wait(&pause->doing), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pause->server->export->links), 0);
	expect_ended(borrower, 1);
	comes_back(borrower);
}

static void waiting_for_a_pause_is_killed(struct kunit *test)
{
	struct pause *pause = pause_begins(test);

	send_sig(SIGKILL, pause->doing.task, 1);
	KUNIT_EXPECT_EQ(test, doing_wait(&pause->doing), -EINTR);
	doing_start(&pause->doing);
	expect_pauses(pause);
	borrower_lets_go(pause->borrower);
	KUNIT_EXPECT_EQ(test, doing_wait(&pause->doing), 0);
	expect_ended(pause->borrower, 1);
}

/* All of them, one of which has two; each comes back by itself. */
static void pause_of_idle_ones(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server), *other = borrower_linked(server);
	struct borrower *second = borrower_opened(server);
	struct client *client = borrower->client;

	borrower_begins(second);
	client_gets(client, send_hello(client, ROOT_FID, second->id), NP_RLOCALHELLO);
	KUNIT_ASSERT_EQ(test, borrower_ends(second, client->r.rlocalhello.answer), 0);
	server_lends(server, 3);
	hf9_localio_stop(server->export);
	KUNIT_ASSERT_FALSE(test, is_linked(borrower) || is_linked(other) || is_linked(second));
	KUNIT_EXPECT_EQ(test, hf9_localio_wait(server->export), 0);
	server_lends(server, 0);
	expect_ended(borrower, 3);
	expect_ended(other, 3);
	comes_back(borrower);
	comes_back(other);
	server_lends(server, 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(version, next_place),
	KUNIT_CASE(version_of_an_idle_one),
	KUNIT_CASE(version_behind_hello),
	KUNIT_CASE_PARAM(connection_ends, next_place),
	KUNIT_CASE(connection_of_an_idle_one),
	KUNIT_CASE_SLOW(connection_ends_behind_hello),
	KUNIT_CASE_PARAM(export_is_stopped, next_place),
	KUNIT_CASE(listener_is_stopped),
	KUNIT_CASE_PARAM(idle_ones_are_not_waited_for, next_place),
	KUNIT_CASE(export_pauses),
	KUNIT_CASE(waiting_for_a_pause_is_killed),
	KUNIT_CASE(pause_of_idle_ones),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_localio_end",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
