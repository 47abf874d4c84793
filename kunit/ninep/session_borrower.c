// SPDX-License-Identifier: GPL-2.0-only
/* The clients of session_borrower.h. */
#include <linux/slab.h>

#include "../read_all.h"
#include "session_borrower.h"

/* ------------------------------------------------------------------- the server */

struct server *lending_server(struct kunit *test)
{
	struct server *server = server_start(test, &session_limits, 16);

	server->dialect = NP_HF1;
	return server;
}

static bool shows(struct kunit *test, const char *line)
{
	const char *text = read_all(test, "/proc/fs/holdfast/localio");
	bool is = text && strstr(text, line);

	kunit_kfree(test, text);
	return is;
}

void server_lends(struct server *server, u32 links)
{
	char line[40];

	until(server->test, atomic_read(&server->export->links) == links);
	snprintf(line, sizeof(line), "server 9p up links %u\n", links);
	until(server->test, shows(server->test, line));
}

/* -------------------------------------------------------------------- borrowers */

void borrower_lets_go(struct borrower *borrower)
{
	struct hf_localio_link *link = borrower->held;

	borrower->held = NULL;
	link_put(link);
}

void borrower_gives_back(struct borrower *borrower)
{
	struct hf_localio_file *lf = borrower->lf;

	borrower->lf = NULL;
	hf_localio_close(lf);
}

static void leave(void *data)
{
	struct borrower *borrower = data;

	hf_localio_client_fini(&borrower->localio);
}

/* Also of a case that has failed: or else its server waits for ever. */
static void rest(void *data)
{
	struct borrower *borrower = data;

	if (borrower->held)
		borrower_lets_go(borrower);
	if (borrower->lf)
		borrower_gives_back(borrower);
}

struct borrower *borrower_opened(struct server *server)
{
	struct kunit *test = server->test;
	struct borrower *borrower = kunit_kzalloc(test, sizeof(*borrower), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, borrower);
	borrower->test = test;
	borrower->server = server;
	borrower->client = client_opened(server);
	hf_localio_client_init(&borrower->localio, "kunit");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave, borrower), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, rest, borrower), 0);
	return borrower;
}

void borrower_leaves(struct borrower *borrower)
{
	kunit_release_action(borrower->test, leave, borrower);
}

/* ------------------------------------------------------------------- handshakes */

void borrower_begins(struct borrower *borrower)
{
	client_not_too_soon(&borrower->localio);
	KUNIT_ASSERT_TRUE(borrower->test,
			  hf_localio_client_begin(&borrower->localio, borrower->id));
}

int borrower_ends(struct borrower *borrower, const u8 *answer)
{
	return hf_localio_client_end(&borrower->localio, answer);
}

void borrower_links(struct borrower *borrower)
{
	struct client *client = borrower->client;

	borrower_begins(borrower);
	client_gets(client, send_hello(client, ROOT_FID, borrower->id), NP_RLOCALHELLO);
	KUNIT_ASSERT_EQ(borrower->test, borrower_ends(borrower, client->r.rlocalhello.answer), 0);
}

struct borrower *borrower_linked(struct server *server)
{
	struct borrower *borrower = borrower_opened(server);

	borrower_links(borrower);
	KUNIT_ASSERT_EQ(server->test, borrow(borrower, FILE_FID, BOTH, &borrower->lf), 0);
	return borrower;
}

bool is_linked(struct borrower *borrower)
{
	struct hf_localio_link *link = link_get(&borrower->localio.link);

	if (link)
		link_put(link);
	return link;
}

/* ------------------------------------------------------------------------ loans */

void borrower_holds(struct borrower *borrower)
{
	borrower->held = link_get(&borrower->localio.link);
	KUNIT_ASSERT_NOT_NULL(borrower->test, borrower->held);
}

int borrow_key(struct borrower *borrower, const void *key, u32 len, fmode_t mode,
	       struct hf_localio_file **lf)
{
	struct hf_localio_link *link = link_get(&borrower->localio.link);
	int err;

	*lf = NULL;
	if (!link)
		return -ENOLINK;
	err = hf_localio_open(link, key, len, mode, lf);
	link_put(link);
	return err;
}

int borrow(struct borrower *borrower, u32 fid, fmode_t mode, struct hf_localio_file **lf)
{
	return borrow_key(borrower, &fid, sizeof(fid), mode, lf);
}

/* What one of them writes the other one reads. */
static void carry(struct kunit *test, struct file *from, struct file *to)
{
	static u32 last;
	u32 number = ++last, seen = 0;
	loff_t pos = 0;

	KUNIT_EXPECT_EQ(test, kernel_write(from, &number, sizeof(number), &pos),
			(ssize_t)sizeof(number));
	pos = 0;
	KUNIT_EXPECT_EQ(test, kernel_read(to, &seen, sizeof(seen), &pos), (ssize_t)sizeof(seen));
	KUNIT_EXPECT_EQ(test, seen, number);
}

void borrower_uses(struct borrower *borrower, struct hf_localio_file *lf)
{
	struct hf_localio_link *link = borrower->held ?: link_get(&lf->link);

	KUNIT_ASSERT_NOT_NULL(borrower->test, link);
	carry(borrower->test, lf->file, borrower->server->file);
	carry(borrower->test, borrower->server->file, lf->file);
	if (link != borrower->held)
		link_put(link);
}
