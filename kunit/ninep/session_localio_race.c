// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Tlocalhello, or a loan, beside what ends links; and without memory.  The operation is
 * called here, as the thread of the export's would that has read the message: so what is
 * beside it can be put before it, too, where that thread has looked already.
 */
#include "../fail.h"
#include "../threads.h"
#include "session_borrower.h"

/* More than any call has. */
#define ALLOCATIONS 40

static void put_connection(void *connection)
{
	hf9_connection_put(connection);
}

/* A request, which holds its connection until it is over. */
static struct hf9_request *hello_of(struct borrower *borrower)
{
	struct kunit *test = borrower->test;
	struct hf9_request *request = kunit_kzalloc(test, sizeof(*request), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, request);
	request->connection = hf9_connection_get(borrower->client->connection);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_connection,
							request->connection), 0);
	return request;
}

static void hello_is_over(struct kunit *test, struct hf9_request *request)
{
	kunit_release_action(test, put_connection, request->connection);
}

static int say_hello(struct hf9_request *request, const struct borrower *borrower)
{
	memcpy(request->t.tlocalhello.id, borrower->id, NP_HELLO);
	return hf9_run_localhello(request);
}

/* It has found a link that has ended, or none.  (Of one that lives others would wait.) */
static void assert_no_link(struct borrower *borrower, struct hf9_request *request, int err)
{
	struct kunit *test = borrower->test;

	KUNIT_ASSERT_EQ(test, borrower_ends(borrower, err ? NULL : request->r.rlocalhello.answer),
			-ENOENT);
	KUNIT_ASSERT_FALSE(test, is_linked(borrower));
}

/* ----------------------------------------------------------------------- each order */

/* All that ends it is done, but for the reference. */
static bool has_ended(struct hf9_request *request)
{
	return hf9_connection_is_dead(request->connection) &&
	       kref_read(&request->connection->ref) == 1;
}

static void connection_ended_before(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct hf9_request *request = hello_of(borrower);
	int err;

	borrower_begins(borrower);
	client_close(borrower->client);
	until(test, has_ended(request));
	err = say_hello(request, borrower);
	assert_no_link(borrower, request, err);
	hello_is_over(test, request);
	server_has(server, 0);
	server_lends(server, 0);
}

static void connection_ends_before_the_answer(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct hf9_request *request = hello_of(borrower);

	borrower_begins(borrower);
	KUNIT_ASSERT_EQ(test, say_hello(request, borrower), 0);
	server_lends(server, 1);
	client_close(borrower->client);
	until(test, has_ended(request));
	assert_no_link(borrower, request, 0);
	hello_is_over(test, request);
	server_has(server, 0);
	server_lends(server, 0);
}

static void pause_before_the_answer(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct hf9_request *request = hello_of(borrower);

	borrower_begins(borrower);
	KUNIT_ASSERT_EQ(test, say_hello(request, borrower), 0);
	hf9_localio_stop(server->export);
	assert_no_link(borrower, request, 0);
	KUNIT_EXPECT_EQ(test, hf9_localio_wait(server->export), 0);
	hello_is_over(test, request);
	server_lends(server, 0);
	server_has(server, 1);
}

/* ------------------------------------------------------------------------ any order */

/*
 * Two threads, of which one waits, for longer the more often it was first: so they come
 * to be done at once, and each order is seen, on any machine.
 */
struct race {
	struct borrower *borrower;
	struct hf9_request *request;		/* NULL: it borrows */
	void (*end)(struct borrower *borrower);
	int err;
	int late;				/* us: of the end; of the other if negative */
	ktime_t done[2];
	unsigned int first[2];			/* rounds, in which each was done first */
};

static void race_work(struct crew *crew, unsigned int nr)
{
	struct race *race = crew->private;
	struct borrower *borrower = race->borrower;
	int late = nr ? race->late : -race->late;

	for (; late > 0; late -= 100)
		udelay(min(late, 100));
	if (nr)
		race->end(borrower);
	else if (race->request)
		race->err = say_hello(race->request, borrower);
	else
		race->err = borrow(borrower, FILE_FID, BOTH, &borrower->lf);
	race->done[nr] = ktime_get();
}

static void run_race(struct race *race, struct borrower *borrower)
{
	struct crew crew = { .test = borrower->test, .work = race_work, .private = race };

	race->borrower = borrower;
	crew_start(&crew, 2);
	crew_wait(&crew, 2);
}

static void steer(struct race *race, bool end_was_first, int step)
{
	race->first[end_was_first]++;
	race->late += end_was_first ? step : -step;
}

static void steer_by_time(struct race *race)
{
	s64 later = ktime_us_delta(race->done[1], race->done[0]);

	steer(race, later < 0, min(abs(later), 50));
}

static void race_is_over(struct kunit *test, const struct race *race)
{
	kunit_info(test, "%u and %u were done first", race->first[0], race->first[1]);
	KUNIT_EXPECT_GT(test, race->first[0], 0);
	KUNIT_EXPECT_GT(test, race->first[1], 0);
}

static void end_connection(struct borrower *borrower)
{
	hf9_connection_end(borrower->client->connection, "of a test");
}

static void pause_export(struct borrower *borrower)
{
	hf9_localio_stop(borrower->server->export);
}

static void clunk(struct borrower *borrower)
{
	send_clunk(borrower->client, FILE_FID);
}

static void hello_beside_the_end(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct race race = { .end = end_connection };
	unsigned int round;

	for (round = 0; round < 100; round++) {
		struct borrower *borrower = borrower_opened(server);

		race.request = hello_of(borrower);
		borrower_begins(borrower);
		run_race(&race, borrower);
		steer_by_time(&race);
		assert_no_link(borrower, race.request, race.err);
		hello_is_over(test, race.request);
		server_has(server, 0);
		server_lends(server, 0);
		client_close(borrower->client);
	}
	race_is_over(test, &race);
}

static void hello_beside_the_pause(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct race race = { .end = pause_export, .request = hello_of(borrower) };
	unsigned int round;

	for (round = 0; round < 300; round++) {
		borrower_begins(borrower);
		run_race(&race, borrower);
		steer_by_time(&race);
		KUNIT_EXPECT_TRUE(test, !race.err || race.err == -EOPNOTSUPP);
		assert_no_link(borrower, race.request, race.err);
		KUNIT_EXPECT_EQ(test, hf9_localio_wait(server->export), 0);
		KUNIT_ASSERT_EQ(test, atomic_read(&server->export->links), 0);
		WRITE_ONCE(server->export->localio, true);
	}
	race_is_over(test, &race);
	hello_is_over(test, race.request);
	server_lends(server, 0);
	server_has(server, 1);
	borrower_links(borrower);
}

static void loan_beside_the_end(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct race race = { .end = end_connection };
	unsigned int round;

	for (round = 0; round < 50; round++) {
		struct borrower *borrower = borrower_opened(server);

		borrower_links(borrower);
		hf9_connection_get(borrower->client->connection);
		run_race(&race, borrower);
		steer_by_time(&race);
		KUNIT_EXPECT_TRUE(test, !race.err || race.err == -ENOLINK);
		hf9_connection_put(borrower->client->connection);
		server_has(server, 0);
		server_lends(server, 0);
		KUNIT_EXPECT_EQ(test, server_writers(server), 0);
		if (!race.err)
			borrower_gives_back(borrower);
		client_close(borrower->client);
	}
	race_is_over(test, &race);
}

static void loan_beside_the_clunk(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client;
	struct race race = { .end = clunk };
	unsigned int round;

	borrower_links(borrower);
	for (round = 0; round < 100; round++) {
		run_race(&race, borrower);
		steer(&race, race.err, 200);
		client_gets(client, client->tag, NP_RCLUNK);
		KUNIT_EXPECT_TRUE(test, !race.err || race.err == -EBADF);
		if (!race.err) {
			borrower_uses(borrower, borrower->lf);
			KUNIT_EXPECT_EQ(test, file_count(borrower->lf->file), 1L);
			borrower_gives_back(borrower);
		}
		KUNIT_ASSERT_EQ(test, server_writers(server), 0);
		client_gets(client, send_walk(client, ROOT_FID, FILE_FID, "file"), NP_RWALK);
		client_gets(client, send_open(client, FILE_FID, 2), NP_RLOPEN);
	}
	race_is_over(test, &race);
	server_lends(server, 1);
	client_is_quiet(client);
}

/* -------------------------------------------------------------------------- memory */

static void no_failures(void *test)
{
	fail_caches(test, "0");
}

static void may_fail(struct kunit *test)
{
	KUNIT_ASSERT_TRUE(test, fail_works());
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, no_failures, test), 0);
	fail_caches(test, "1");
}

/* The id is not used up, and nothing is counted. */
static void no_memory_for_a_link(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct hf9_request *request = hello_of(borrower);
	struct kref *ref = &request->connection->ref;
	unsigned int nth;

	borrower_begins(borrower);
	may_fail(test);
	/* Who has opened the file has left it. */
	until(test, kref_read(ref) == 2);
	for (nth = 1; nth < ALLOCATIONS; nth++) {
		int err;

		fail_next(nth);
		err = say_hello(request, borrower);
		if (!fail_stop()) {
			KUNIT_EXPECT_EQ(test, err, 0);
			break;
		}
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, atomic_read(&server->export->links), 0);
		KUNIT_EXPECT_EQ(test, kref_read(ref), 2);
	}
	KUNIT_EXPECT_GE(test, nth, 3U);
	KUNIT_EXPECT_LT(test, nth, ALLOCATIONS);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, request->r.rlocalhello.answer), 0);
	hello_is_over(test, request);
	server_lends(server, 1);
}

static void no_memory_for_a_loan(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct hf_localio_file *lf;
	unsigned int nth;

	may_fail(test);
	for (nth = 1; nth < ALLOCATIONS; nth++) {
		bool failed;
		int err;

		fail_next(nth);
		err = borrow(borrower, FILE_FID, BOTH, &lf);
		failed = fail_stop();
		KUNIT_EXPECT_TRUE(test, failed ? err == -ENOMEM : !err);
		KUNIT_EXPECT_EQ(test, file_count(borrower->lf->file), lf ? 3L : 2L);
		if (lf)
			hf_localio_close(lf);
		if (!failed)
			break;
	}
	KUNIT_EXPECT_GE(test, nth, 2U);
	KUNIT_EXPECT_LT(test, nth, ALLOCATIONS);
	borrower_uses(borrower, borrower->lf);
}

/* What ends needs none: neither who ends it, nor who gives back. */
static void no_memory_to_end(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct hf_localio_file *second;

	KUNIT_ASSERT_EQ(test, borrow(borrower, FILE_FID, BOTH, &second), 0);
	may_fail(test);
	fail_always(true);
	borrower_holds(borrower);
	hf_localio_close(second);
	hf9_localio_stop(server->export);
	borrower_lets_go(borrower);
	fail_always(false);
	KUNIT_EXPECT_EQ(test, hf9_localio_wait(server->export), 0);
	server_lends(server, 0);
	borrower_gives_back(borrower);
	KUNIT_EXPECT_EQ(test, server_writers(server), 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(connection_ended_before),
	KUNIT_CASE(connection_ends_before_the_answer),
	KUNIT_CASE(pause_before_the_answer),
	KUNIT_CASE_SLOW(hello_beside_the_end),
	KUNIT_CASE_SLOW(hello_beside_the_pause),
	KUNIT_CASE_SLOW(loan_beside_the_end),
	KUNIT_CASE_SLOW(loan_beside_the_clunk),
	KUNIT_CASE(no_memory_for_a_link),
	KUNIT_CASE_PARAM(no_memory_for_a_loan, next_place),
	KUNIT_CASE(no_memory_to_end),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_localio_race",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
