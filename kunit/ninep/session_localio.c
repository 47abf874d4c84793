// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server has of localio: who gets a link, and what is lent to whom.  (Its end
 * is in session_localio_end.c.)
 */
#include "session_borrower.h"

static void linked(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct client *client = borrower->client;

	server_lends(server, 1);
	/* That of the fid, and no other one. */
	KUNIT_EXPECT_EQ(test, file_count(borrower->lf->file), 2L);
	KUNIT_EXPECT_EQ(test, server_writers(server), 1);
	borrower_uses(borrower, borrower->lf);
	client_gets(client, send_read(client), NP_RREAD);
	borrower_gives_back(borrower);
	KUNIT_EXPECT_EQ(test, server_writers(server), 1);
	borrower_leaves(borrower);
	server_lends(server, 0);
	/* It is a client as before. */
	client_gets(client, send_clunk(client, FILE_FID), NP_RCLUNK);
	KUNIT_EXPECT_EQ(test, server_writers(server), 0);
	client_is_quiet(client);
	server_has(server, 1);
}

/* ------------------------------------------------------------------ no handshake */

static void unknown_id(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client;
	u8 id[HF_LOCALIO_SECRET] = {};

	client_fails(client, send_hello(client, ROOT_FID, id), ENOENT);
	borrower_begins(borrower);
	memcpy(id, borrower->id, sizeof(id));
	id[HF_LOCALIO_SECRET - 1] ^= 1;
	client_fails(client, send_hello(client, ROOT_FID, id), ENOENT);
	server_lends(server, 0);
	client_gets(client, send_hello(client, ROOT_FID, borrower->id), NP_RLOCALHELLO);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, client->r.rlocalhello.answer), 0);
	server_lends(server, 1);
	/* Used up, whoever brings it. */
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), ENOENT);
	client = client_opened(server);
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), ENOENT);
	KUNIT_EXPECT_TRUE(test, is_linked(borrower));
	server_lends(server, 1);
}

/* Who has seen it come by has brought it first: neither has anything of it. */
static void brought_by_another(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client, *thief = client_opened(server);

	borrower_begins(borrower);
	client_gets(thief, send_hello(thief, ROOT_FID, borrower->id), NP_RLOCALHELLO);
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), ENOENT);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, NULL), -EPERM);
	KUNIT_EXPECT_FALSE(test, is_linked(borrower));
	server_lends(server, 0);
	borrower_links(borrower);
	client_close(thief);
	server_has(server, 1);
	KUNIT_EXPECT_TRUE(test, is_linked(borrower));
}

/* Its fid says what it wants to come to; and the id is as good as before. */
static void wrong_fid(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client, *stranger = client_agreed(server);

	borrower_begins(borrower);
	client_fails(client, send_hello(client, 77, borrower->id), EBADF);
	client_fails(client, send_hello(client, NP_NOFID, borrower->id), EBADF);
	client_fails(stranger, send_hello(stranger, ROOT_FID, borrower->id), EBADF);
	server_lends(server, 0);
	client_gets(client, send_hello(client, FILE_FID, borrower->id), NP_RLOCALHELLO);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, client->r.rlocalhello.answer), 0);
}

static void switched_off(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client;

	WRITE_ONCE(server->export->localio, false);
	borrower_begins(borrower);
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), EOPNOTSUPP);
	server_lends(server, 0);
	WRITE_ONCE(server->export->localio, true);
	client_gets(client, send_hello(client, ROOT_FID, borrower->id), NP_RLOCALHELLO);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, client->r.rlocalhello.answer), 0);
}

/* A message of hf1. */
static void of_another_version(struct kunit *test)
{
	struct server *server = server_start(test, &session_limits, 16);
	struct borrower *borrower = borrower_opened(server);
	struct client *client = borrower->client;

	borrower_begins(borrower);
	client_fails(client, send_hello(client, ROOT_FID, borrower->id), EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, borrower_ends(borrower, NULL), -ENOENT);
	server_lends(server, 0);
}

/* -------------------------------------------------------------------- no loan */

enum { CLOSED_FID = 2, DIR_FID, READ_FID, WRITE_FID, OTHERS_FID, NO_FID };

static void open_fids(struct client *client)
{
	client_gets(client, send_walk(client, ROOT_FID, CLOSED_FID, "file"), NP_RWALK);
	client_gets(client, send_attach(client, DIR_FID, "kunit"), NP_RATTACH);
	client_gets(client, send_open(client, DIR_FID, 0), NP_RLOPEN);
	client_gets(client, send_walk(client, ROOT_FID, READ_FID, "file"), NP_RWALK);
	client_gets(client, send_open(client, READ_FID, 0), NP_RLOPEN);
	client_gets(client, send_walk(client, ROOT_FID, WRITE_FID, "file"), NP_RWALK);
	client_gets(client, send_open(client, WRITE_FID, 1), NP_RLOPEN);
}

static const struct ask {
	u32 fid;
	fmode_t mode;
	int error;
} asks[] = {
	{ ROOT_FID, FMODE_READ, -EBADF },
	{ CLOSED_FID, FMODE_READ, -EBADF },
	{ CLOSED_FID, FMODE_WRITE, -EBADF },
	{ DIR_FID, FMODE_READ, -EINVAL },
	{ READ_FID, FMODE_READ, 0 },
	{ READ_FID, FMODE_WRITE, -EBADF },
	{ READ_FID, BOTH, -EBADF },
	{ WRITE_FID, FMODE_READ, -EBADF },
	{ WRITE_FID, FMODE_WRITE, 0 },
	{ WRITE_FID, BOTH, -EBADF },
	{ FILE_FID, FMODE_READ, 0 },
	{ FILE_FID, FMODE_WRITE, 0 },
	{ FILE_FID, BOTH, 0 },
	{ OTHERS_FID, FMODE_READ, -EBADF },
	{ NO_FID, FMODE_READ, -EBADF },
	{ NP_NOFID, FMODE_READ, -EBADF },
};

/* Only what the wire has opened, and for no more than that. */
static void as_opened(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_opened(server);
	struct client *other = client_opened(server);
	const struct ask *ask;

	open_fids(borrower->client);
	client_gets(other, send_walk(other, ROOT_FID, OTHERS_FID, "file"), NP_RWALK);
	client_gets(other, send_open(other, OTHERS_FID, 2), NP_RLOPEN);
	borrower_links(borrower);
	for (ask = asks; ask < asks + ARRAY_SIZE(asks); ask++) {
		struct hf_localio_file *lf;

		KUNIT_EXPECT_EQ_MSG(test, borrow(borrower, ask->fid, ask->mode, &lf), ask->error,
				    "fid %u mode %u", ask->fid, (__force u32)ask->mode);
		if (lf)
			hf_localio_close(lf);
	}
	client_gets(borrower->client, send_clunk(borrower->client, FILE_FID), NP_RCLUNK);
	KUNIT_EXPECT_EQ(test, borrow(borrower, FILE_FID, FMODE_READ, &borrower->lf), -EBADF);
}

static void wrong_key(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, 3, 5, 8, HF_LOCALIO_SECRET };
	struct borrower *borrower = borrower_linked(lending_server(test));
	u32 key[HF_LOCALIO_SECRET / sizeof(u32)] = { FILE_FID };
	struct hf_localio_file *lf;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		KUNIT_EXPECT_EQ(test, borrow_key(borrower, key, lengths[i], BOTH, &lf), -EINVAL);
	KUNIT_EXPECT_EQ(test, file_count(borrower->lf->file), 2L);
}

/* ------------------------------------------------------------------ loan and fid */

/* What is lent stays, and is closed by who gives it back last; the fid's locks go. */
static void fid_is_clunked(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct client *client = borrower->client;
	struct hf_localio_file *second;

	KUNIT_ASSERT_EQ(test, borrow(borrower, FILE_FID, FMODE_WRITE, &second), 0);
	KUNIT_EXPECT_EQ(test, file_count(second->file), 3L);
	client_lock(client, NP_WRLCK, NP_LOCK_SUCCESS);
	client_gets(client, send_clunk(client, FILE_FID), NP_RCLUNK);
	KUNIT_EXPECT_FALSE(test, server_is_locked(server));
	/* Not at once: the thread that has answered the Tlock may have the last but these. */
	until(test, file_count(second->file) == 2);
	hf_localio_close(second);
	KUNIT_EXPECT_EQ(test, borrow(borrower, FILE_FID, BOTH, &second), -EBADF);
	borrower_uses(borrower, borrower->lf);
	/* The number is another's by now. */
	client_gets(client, send_walk(client, ROOT_FID, FILE_FID, "file"), NP_RWALK);
	client_gets(client, send_open(client, FILE_FID, 2), NP_RLOPEN);
	KUNIT_ASSERT_EQ(test, borrow(borrower, FILE_FID, BOTH, &second), 0);
	KUNIT_EXPECT_PTR_NE(test, second->file, borrower->lf->file);
	hf_localio_close(second);
	KUNIT_EXPECT_EQ(test, server_writers(server), 2);
	borrower_gives_back(borrower);
	KUNIT_EXPECT_EQ(test, server_writers(server), 1);
	client_is_quiet(client);
}

/* The client ends first: with what it has borrowed. */
static void borrower_is_gone(struct kunit *test)
{
	struct server *server = lending_server(test);
	struct borrower *borrower = borrower_linked(server);
	struct client *client = borrower->client;

	client_gets(client, send_clunk(client, FILE_FID), NP_RCLUNK);
	borrower_holds(borrower);
	borrower_leaves(borrower);
	KUNIT_EXPECT_EQ(test, server_writers(server), 1);
	borrower_uses(borrower, borrower->lf);
	borrower_lets_go(borrower);
	server_lends(server, 0);
	KUNIT_EXPECT_EQ(test, server_writers(server), 0);
	client_is_quiet(client);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(linked, next_place),
	KUNIT_CASE(unknown_id),
	KUNIT_CASE(brought_by_another),
	KUNIT_CASE(wrong_fid),
	KUNIT_CASE(switched_off),
	KUNIT_CASE(of_another_version),
	KUNIT_CASE_PARAM(as_opened, next_place),
	KUNIT_CASE(wrong_key),
	KUNIT_CASE_PARAM(fid_is_clunked, next_place),
	KUNIT_CASE(borrower_is_gone),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_session_localio",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = session_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
