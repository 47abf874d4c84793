// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of a connection: takes messages from the link, and runs them, or lets
 * another thread read while it does.
 */
#include <linux/sched/mm.h>
#include <linux/unaligned.h>

#include "connection.h"

/* Messages that one thread reads before others of the pool's line have their turn. */
#define TURN	16

static struct hf9_connection *connection_of(struct hf_link *link)
{
	return container_of(link, struct hf9_connection, link);
}

static void ready(struct hf_link *link)
{
	hf9_connection_readable(connection_of(link));
}

static enum hf_link_verdict later(struct hf9_connection *connection)
{
	mod_timer(&connection->timer, jiffies + HF9_MEMORY_TIME);
	return HF_LINK_NOT_NOW;
}

/* The payload of its reply, by what it asks for: the count of Tread and the like. */
static u32 reply_bytes(const struct hf9_connection *connection, const u8 *frame,
		       u32 bytes)
{
	if (bytes < NP_TWRITE_HEAD)
		return 0;
	switch (frame[4]) {
	case NP_TREAD:
	case NP_TREADDIR:
	case NP_TREADDIRATTR:
		return min(get_unaligned_le32(frame + 19), connection->msize);
	default:
		return 0;
	}
}

/* NULL: not now. */
static struct hf9_request *make_request(struct hf9_connection *connection,
					const void *frame, u32 bytes, u32 payload)
{
	u32 pages = payload + reply_bytes(connection, frame, bytes);
	u32 counts = sizeof(struct hf9_request) + bytes + pages;
	struct hf9_request *request;

	if (!hf9_reserve(connection, counts, pages))
		return NULL;
	request = hf9_request_new(connection, frame, bytes, counts);
	if (!request) {
		hf9_unreserve(connection, counts);
		later(connection);
	}
	return request;
}

static enum hf_link_verdict message(struct hf_link *link, const void *frame, u32 bytes)
{
	struct hf9_connection *connection = connection_of(link);
	struct hf9_request *request;

	if (connection->version)
		return hf9_version_again(connection);
	request = make_request(connection, frame, bytes, 0);
	return request ? hf9_request_begin(request) : HF_LINK_NOT_NOW;
}

static enum hf_link_verdict place(struct hf_link *link, const void *head, u32 bytes,
				  u32 count, struct iov_iter *to)
{
	struct hf9_connection *connection = connection_of(link);
	struct hf9_request *request;

	/*
	 * There is no fid to write to yet: no memory for whoever has only connected.
	 * (It is the reader, this one, who binds it to an export.)
	 */
	if (!connection->export)
		return HF_LINK_REFUSED;
	request = make_request(connection, head, bytes, count);
	if (!request)
		return HF_LINK_NOT_NOW;
	if (hf9_pages_alloc(&request->in, count)) {
		hf9_request_free(request);
		return later(connection);
	}
	hf9_pages_iter(&request->in, to, ITER_DEST, count);
	connection->placing = request;
	return HF_LINK_TAKEN;
}

/* Only now is it in the session: nothing has to be undone if this never comes. */
static void placed(struct hf_link *link)
{
	struct hf9_connection *connection = connection_of(link);
	struct hf9_request *request = connection->placing;

	connection->placing = NULL;
	if (hf9_request_begin(request) != HF_LINK_TAKEN)
		connection->refused = true;
}

const struct hf_link_ops hf9_link_ops = {
	.ready		= ready,
	.message	= message,
	.place		= place,
	.placed		= placed,
};

/*
 * A listener has room for so many: not for those that only connect, nor for those
 * that no export lets in.
 * Return: NULL, or what has not come in time.
 */
static const char *lacks(struct hf9_connection *connection)
{
	bool agreed = test_bit(HF9_AGREED, &connection->flags);
	unsigned long until = connection->begun +
			      (agreed ? HF9_ATTACH_TIME : HF9_VERSION_TIME);

	/* It is the reader, this one, who binds it to one. */
	if (connection->export)
		return NULL;
	if (time_after_eq(jiffies, until))
		return agreed ? "no Tattach" : "no Tversion";
	mod_timer(&connection->timer, until);
	return NULL;
}

static bool runs_here(const struct hf9_request *request)
{
	return request->error || request->op->needs & HF9_QUICK;
}

/*
 * Return: whether the caller is still the reader.  A Tattach runs on its export's
 * threads, whoever has read it.
 */
static bool give_to_run(struct hf9_connection *connection, struct hf9_request *request)
{
	bool attaches = request->type == NP_TATTACH && !request->error;

	if (attaches)
		request->error = hf9_bind(request);
	if (runs_here(request)) {
		hf9_request_run(request);
		return true;
	}
	hf9_reader_leaves(connection, hf_link_has_more(&connection->link));
	if (attaches)
		hf9_request_queue(request);
	else
		hf9_request_run(request);
	return false;
}

/* What only the reader may touch, and holds the connection. */
static void clean_up(struct hf9_connection *connection)
{
	struct hf9_request *request = connection->placing;

	if (request) {
		connection->placing = NULL;
		hf_link_discard(&connection->link,
				get_unaligned_le16((u8 *)request->frame + 5));
		hf9_request_free(request);
	}
	hf9_version_drop(connection);
}

static void end(struct hf9_connection *connection, const char *why)
{
	hf9_connection_end(connection, why);
	clean_up(connection);
	hf9_reader_leaves(connection, false);
}

static const char *reason(const struct hf9_connection *connection)
{
	if (connection->refused)
		return "malformed";
	switch (hf_link_error(&connection->link)) {
	case -ENODATA:
		return "closed";
	case -EPROTO:
		return "malformed";
	case -ESHUTDOWN:
		return "shut down";
	default:
		return "lost";
	}
}

/*
 * The peer may be this machine, and what memory is wanted from its cache of our names:
 * that sends Tclunks, which nobody else reads.
 */
static enum hf_link_status receive(struct hf9_connection *connection)
{
	unsigned int flags = memalloc_nofs_save();
	enum hf_link_status status = hf_link_receive(&connection->link, 1);

	memalloc_nofs_restore(flags);
	return status;
}

/* Return: whether the caller is still the reader. */
static bool read_one(struct hf9_connection *connection)
{
	enum hf_link_status status = receive(connection);
	struct hf9_request *request = connection->arrived;

	connection->arrived = NULL;
	if (request && !give_to_run(connection, request))
		return false;
	if (connection->refused)
		status = HF_LINK_ENDED;
	switch (status) {
	case HF_LINK_AGAIN:
		return true;
	case HF_LINK_ENDED:
		end(connection, reason(connection));
		return false;
	default:
		hf9_reader_leaves(connection, false);
		return false;
	}
}

void hf9_connection_read(struct hf9_connection *connection)
{
	const char *lacking = lacks(connection);
	unsigned int left = TURN;

	if (lacking) {
		end(connection, lacking);
		return;
	}
	hf_link_push(&connection->link);
	while (read_one(connection)) {
		if (!--left) {
			hf9_reader_leaves(connection, true);
			return;
		}
	}
}
