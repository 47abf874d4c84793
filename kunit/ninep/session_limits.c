// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: at one the client is told, or is not read from; what is below goes on, so do
 * others; and once there is room again it goes on itself.
 */
#include <linux/sizes.h>

#include "session.h"

/* The one who comes to a limit, and another. */
static struct client *start(struct kunit *test, const struct hf9_limits *limits,
			    struct client **other)
{
	struct server *server = server_start(test, limits, 16);
	struct client *client = client_opened(server);

	*other = client_opened(server);
	return client;
}

static void others_go_on(struct client *other)
{
	client_gets(other, send_read(other), NP_RREAD);
	client_lock(other, NP_UNLCK, NP_LOCK_SUCCESS);
	client_is_quiet(other);
}

/* So many replies of that type, whatever their order. */
static void client_gets_all(struct client *client, u8 type, unsigned int count)
{
	u16 first = client->tag - count + 1;
	unsigned long seen = 0;

	while (count--) {
		client_receive(client);
		KUNIT_EXPECT_EQ(client->test, client->r.type, type);
		KUNIT_ASSERT_LT(client->test, (u16)(client->r.tag - first), BITS_PER_LONG);
		KUNIT_EXPECT_FALSE(client->test, test_and_set_bit(client->r.tag - first, &seen));
	}
}

/* -------------------------------------------------------------------- requests */

static void requests_that_run(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct gate *gate;
	int nr;

	limits.threads = 16;
	limits.requests = 4;
	client = start(test, &limits, &other);
	gate = gate_close(test, file_inode(client->server->file));
	for (nr = 0; nr < 6; nr++)
		send_change(client);
	gate_holds(gate);
	until(test, now(client).requests == 4 && now(client).held);
	others_go_on(other);
	KUNIT_EXPECT_EQ(test, now(client).requests, 4);
	KUNIT_EXPECT_EQ(test, now(client).counted, 4);
	gate_open(gate);
	client_gets_all(client, NP_RSETATTR, 6);
	client_is_quiet(client);
	others_go_on(client);
}

/* So many that run or wait, and as many whose replies are not sent. */
static void replies(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	int nr;

	limits.requests = 4;
	client = start(test, &limits, &other);
	for (nr = 0; nr < 2 * FILLING; nr++)
		send_read(client);
	until(test, now(client).counted == 8 && !now(client).requests &&
	      is_blocked(client) && now(client).held);
	others_go_on(other);
	KUNIT_EXPECT_EQ(test, now(client).counted, 8);
	client_gets_all(client, NP_RREAD, 2 * FILLING);
	client_is_quiet(client);
	others_go_on(client);
}

/* All but one, which is for a Tflush. */
static void requests_that_wait(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	int nr;

	limits.requests = 4;
	client = start(test, &limits, &other);
	client_lock(other, NP_WRLCK, NP_LOCK_SUCCESS);
	for (nr = 0; nr < 3; nr++)
		send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, nr);
	until(test, now(client).parked == 3);
	client_gets_lock(client, send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 9),
			 NP_LOCK_BLOCKED);
	KUNIT_EXPECT_EQ(test, now(client).parked, 3);
	KUNIT_EXPECT_EQ(test, now(client).waiting, 3);
	client_gets(client, send_read(client), NP_RREAD);
	client_gets(client, send_flush(client, client->tag - 2), NP_RFLUSH);
	send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 9);
	until(test, now(client).parked == 3);
	/* Who goes on lets go: one of them has it, the others wait. */
	others_go_on(other);
	client_receive(client);
	KUNIT_EXPECT_EQ(test, client->r.type, NP_RLOCK);
	KUNIT_EXPECT_EQ(test, client->r.rlock.status, NP_LOCK_SUCCESS);
	until(test, now(client).parked == 2);
}

/* One may wait: who tries again may, and who comes meanwhile is refused. */
static void one_that_tries_again(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct server *server;
	struct gate *gate;
	u16 tag;

	limits.requests = 2;
	server = server_start(test, &limits, 16);
	client = client_attached(server);
	other = client_attached(server);
	client_gets(client, send_walk(client, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	client_gets(other, send_walk(other, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	lease_begin(test, server->file);
	tag = send_cut(client);
	until(test, now(client).parked == 1);
	gate = gate_close(test, file_inode(server->file));
	lease_end(server->file);
	gate_holds(gate);
	KUNIT_EXPECT_EQ(test, now(client).parked, 0);
	client_gets(client, send_open(client, FILE_FID, 2), NP_RLOPEN);
	client_gets(other, send_open(other, FILE_FID, 2), NP_RLOPEN);
	client_lock(other, NP_WRLCK, NP_LOCK_SUCCESS);
	client_gets_lock(client, send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 1),
			 NP_LOCK_BLOCKED);
	gate_open(gate);
	client_gets(client, tag, NP_RSETATTR);
	send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 1);
	until(test, now(client).parked == 1);
	others_go_on(other);
	client_gets_lock(client, client->tag, NP_LOCK_SUCCESS);
	client_is_quiet(client);
}

/* ------------------------------------------------------------------------- fids */

static void fids(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct server *server;

	limits.fids = 3;
	server = server_start(test, &limits, 16);
	client = client_opened(server);
	client_gets(client, send_walk(client, ROOT_FID, 2, "file"), NP_RWALK);
	client_fails(client, send_walk(client, ROOT_FID, 3, "file"), EMFILE);
	client_fails(client, send_attach(client, 3, "kunit"), EMFILE);
	KUNIT_EXPECT_EQ(test, now(client).fids, 3);
	other = client_opened(server);
	others_go_on(other);
	client_gets(client, send_read(client), NP_RREAD);
	client_gets(client, send_clunk(client, 2), NP_RCLUNK);
	client_gets(client, send_attach(client, 3, "kunit"), NP_RATTACH);
	client_fails(client, send_walk(client, ROOT_FID, 2, "file"), EMFILE);
	client_is_quiet(client);
}

/* ------------------------------------------------------------------ connections */

static void connections_of_an_export(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct server *server;

	limits.connections = 1;
	server = server_start(test, &limits, 16);
	client = client_opened(server);
	other = client_agreed(server);
	client_fails(other, send_attach(other, ROOT_FID, "kunit"), EBUSY);
	/* Another user of the one that there is. */
	client_gets(client, send_attach(client, 5, "kunit"), NP_RATTACH);
	client_close(client);
	server_has(server, 1);
	client_gets(other, send_attach(other, ROOT_FID, "kunit"), NP_RATTACH);
	KUNIT_EXPECT_EQ(test, server->export->service.nr_connections, 1);
}

static void connections_of_a_listener(struct kunit *test)
{
	struct server *server = server_start(test, &session_limits, 2);
	struct client *client = client_opened(server), *other = client_opened(server);

	client_is_cut(client_connect(server));
	others_go_on(client);
	client_close(client);
	server_has(server, 1);
	others_go_on(client_opened(server));
	others_go_on(other);
}

/* ------------------------------------------------------------------------ bytes */

/* Two writes have room, and whatever has no payload. */
static void bytes(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct gate *gate;
	int nr;

	limits.bytes = SZ_128K;
	limits.threads = 16;
	client = start(test, &limits, &other);
	gate = gate_close(test, file_inode(client->server->file));
	send_write(client, FILE_BYTES);
	send_write(client, FILE_BYTES);
	until(test, now(client).requests == 2);
	KUNIT_EXPECT_FALSE(test, now(client).held);
	client_fails(client, send_clunk(client, 77), EBADF);
	send_write(client, FILE_BYTES);
	until(test, now(client).held);
	others_go_on(other);
	KUNIT_EXPECT_EQ(test, now(client).requests, 2);
	KUNIT_EXPECT_LE(test, now(client).bytes, SZ_128K);
	gate_open(gate);
	/* The one between has been answered. */
	for (nr = 0; nr < 3; nr++) {
		client_receive(client);
		KUNIT_EXPECT_EQ(test, client->r.type, NP_RWRITE);
	}
	client_is_quiet(client);
}

/* One alone is let in, however long; beside it not even a byte. */
static void bytes_of_one(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client;
	struct server *server;
	struct gate *gate;
	u16 tag;

	limits.bytes = SZ_16K;
	server = server_start(test, &limits, 16);
	client = client_opened(server);
	gate = gate_close(test, file_inode(server->file));
	tag = send_write(client, FILE_BYTES);
	until(test, now(client).requests == 1);
	send_write(client, 1);
	until(test, now(client).held);
	send_write(client, FILE_BYTES);
	KUNIT_EXPECT_EQ(test, now(client).requests, 1);
	gate_open(gate);
	client_gets_all(client, NP_RWRITE, client->tag - tag + 1);
	client_is_quiet(client);
}

static void set_most(void *most)
{
	hf9_in_flight.most = (unsigned long)most;
}

/* It has asked for room, and asks again soon. */
static bool looks_again(struct client *client)
{
	const struct timer_list *timer = &client->connection->timer;

	return timer_pending(timer) &&
	       time_before(READ_ONCE(timer->expires), jiffies + HZ);
}

/*
 * All connections together have room for three writes.  One that has them gets no
 * more; but each has its own share, whatever others have.
 */
static void bytes_of_all(struct kunit *test)
{
	void *most = (void *)(unsigned long)hf9_in_flight.most;
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	struct gate *gate;
	int nr;

	limits.threads = 32;
	client = start(test, &limits, &other);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, set_most, most), 0);
	hf9_in_flight.most = 200000;
	gate = gate_close(test, file_inode(client->server->file));
	for (nr = 0; nr < 5; nr++)
		send_write(client, FILE_BYTES);
	until(test, now(client).requests == 3 && looks_again(client));
	others_go_on(other);
	KUNIT_EXPECT_EQ(test, now(client).requests, 3);
	KUNIT_EXPECT_LE(test, atomic64_read(&hf9_in_flight.bytes), 200000LL);
	gate_open(gate);
	client_gets_all(client, NP_RWRITE, 5);
	client_is_quiet(client);
	KUNIT_EXPECT_EQ(test, atomic64_read(&hf9_in_flight.bytes), 0LL);
}

/* ------------------------------------------------------------------------ locks */

/* Records, and one more for the owner and its fid. */
static void held_locks(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *other;
	u32 nr;

	limits.held_locks = 5;
	client = start(test, &limits, &other);
	for (nr = 0; nr < 4; nr++)
		client_gets_lock(client, send_lock(client, NP_WRLCK, 0, 100 + 20 * nr, 1),
				 NP_LOCK_SUCCESS);
	KUNIT_EXPECT_EQ(test, now(client).locks, 5);
	client_gets_lock(client, send_lock(client, NP_WRLCK, 0, 300, 1), NP_LOCK_BLOCKED);
	client_gets_lock(client, send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 300, 2),
			 NP_LOCK_BLOCKED);
	KUNIT_EXPECT_EQ(test, now(client).locks, 5);
	client_gets_lock(other, send_lock(other, NP_WRLCK, 0, 300, 1), NP_LOCK_SUCCESS);
	others_go_on(other);
	client_lock(client, NP_UNLCK, NP_LOCK_SUCCESS);
	KUNIT_EXPECT_EQ(test, now(client).locks, 0);
	client_gets_lock(client, send_lock(client, NP_WRLCK, 0, 300, 1), NP_LOCK_SUCCESS);
	client_is_quiet(client);
}

static void waiting_locks(struct kunit *test)
{
	struct hf9_limits limits = session_limits;
	struct client *client, *holder, *other;
	u16 first;

	limits.waiting_locks = 2;
	client = start(test, &limits, &other);
	holder = client_opened(client->server);
	client_lock(holder, NP_WRLCK, NP_LOCK_SUCCESS);
	first = send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 1);
	until(test, now(client).parked == 1);
	send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 2);
	until(test, now(client).parked == 2);
	client_gets_lock(client, send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 3),
			 NP_LOCK_BLOCKED);
	KUNIT_EXPECT_EQ(test, now(client).waiting, 2);
	/* What need not wait is none of them. */
	client_gets_lock(client, send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 50, 3),
			 NP_LOCK_SUCCESS);
	send_lock(other, NP_WRLCK, NP_LOCK_BLOCK, 0, 1);
	until(test, now(other).parked == 1);
	client_gets(client, send_flush(client, first), NP_RFLUSH);
	first = send_lock(client, NP_WRLCK, NP_LOCK_BLOCK, 0, 3);
	until(test, now(client).parked == 2);
	client_lock(holder, NP_UNLCK, NP_LOCK_SUCCESS);
	until(test, now(client).waiting + now(other).waiting == 2);
	KUNIT_EXPECT_TRUE(test, server_is_locked(client->server));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(requests_that_run),
	KUNIT_CASE(replies),
	KUNIT_CASE_PARAM(requests_that_wait, next_place),
	KUNIT_CASE(one_that_tries_again),
	KUNIT_CASE(fids),
	KUNIT_CASE(connections_of_an_export),
	KUNIT_CASE(connections_of_a_listener),
	KUNIT_CASE(bytes),
	KUNIT_CASE(bytes_of_one),
	KUNIT_CASE(bytes_of_all),
	KUNIT_CASE_PARAM(held_locks, next_place),
	KUNIT_CASE_PARAM(waiting_locks, next_place),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_limits",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
