// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a request ends: its reply, or none.
 *
 * The reply is made first.  What the session decides about it, and about the Rflush
 * of each Tflush that waits for it, goes into the link's queue before the lock is let
 * go, and is sent afterwards: the client sees the order that was decided.
 */
#include <linux/slab.h>

#include "connection.h"
#include "stats.h"
#include "trace.h"

/* What was decided under the lock, to be done without it. */
struct after {
	struct ns_request *mute;	/* to be freed, by ->next */
	bool readable;
};

/* Errors of the kernel's own have no place on the wire. */
static u32 ecode_of(int error)
{
	switch (error) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return EINTR;
	case -EOPENSTALE:
		return ESTALE;
	case -ENOTSUPP:
	case -ENOIOCTLCMD:
		return EOPNOTSUPP;
	case -EJUKEBOX:
		return EAGAIN;
	}
	if (error < 0 && error > -ERESTARTSYS)
		return -error;
	return EIO;
}

static void fill_header(struct hf9_request *request)
{
	struct np_msg *r = &request->r;

	r->tag = request->t.tag;
	r->type = request->type + 1;
	if (!request->error)
		return;
	memset(r, 0, sizeof(*r));
	r->tag = request->t.tag;
	r->type = NP_RLERROR;
	r->rlerror.ecode = ecode_of(request->error);
}

/* Those that have strings of some length. */
static int encode_long(struct hf9_request *request, struct np_built *built)
{
	enum np_dialect dialect = request->connection->dialect;
	u32 room = min(np_size_most(request->r.type, dialect),
		       request->connection->msize);

	request->head = kmalloc(room, GFP_KERNEL);
	if (!request->head)
		return -ENOMEM;
	if (np_encode(&request->r, dialect, request->head, room, built))
		return -EMSGSIZE;
	return 0;
}

static int encode(struct hf9_request *request, struct np_built *built)
{
	enum np_dialect dialect = request->connection->dialect;
	enum np_status status;

	request->head = request->head_inline;
	status = np_encode(&request->r, dialect, request->head,
			   sizeof(request->head_inline), built);
	if (status == NP_NO_ROOM)
		return encode_long(request, built);
	if (WARN_ONCE(status, "a reply of type %u cannot be encoded: %u",
		      request->r.type, status))
		return -EIO;
	return built->size <= request->connection->msize ? 0 : -EMSGSIZE;
}

static void set_reply(struct hf9_request *request, const struct np_built *built)
{
	struct hf_link_out *reply = &request->reply;

	reply->head = request->head;
	reply->head_bytes = built->head;
	hf9_pages_iter(&request->out, &reply->payload, ITER_SOURCE,
		       built->size - built->head);
}

int hf9_encode(struct hf9_request *request)
{
	struct np_built built;
	int ret;

	fill_header(request);
	ret = encode(request, &built);
	if (!ret)
		set_reply(request, &built);
	return ret;
}

/* An error always has room. */
static void encode_or_fail(struct hf9_request *request)
{
	int ret = hf9_encode(request);

	if (!ret)
		return;
	if (request->head != request->head_inline)
		kfree(request->head);
	request->error = ret;
	WARN_ON_ONCE(hf9_encode(request));
}

static struct hf9_request *request_of(struct ns_request *core)
{
	return container_of(core, struct hf9_request, core);
}

/* What ends with a request: in this order, and under the lock. */
static void take_ended(struct hf9_connection *connection,
		       const struct ns_ended *ended, struct after *after)
{
	struct ns_request *flush, *next;

	lockdep_assert_held(&connection->lock);
	after->readable = ended->room || ended->version;
	after->mute = ended->mute ? ended->flushes : NULL;
	if (ended->mute)
		return;
	for (flush = ended->flushes; flush; flush = next) {
		next = flush->next;
		hf_link_queue(&connection->link, &request_of(flush)->reply);
	}
}

static void do_after(struct hf9_connection *connection, const struct after *after)
{
	struct ns_request *flush, *next;

	for (flush = after->mute; flush; flush = next) {
		next = flush->next;
		hf9_request_free(request_of(flush));
	}
	hf_link_push(&connection->link);
	if (after->readable)
		hf9_connection_readable(connection);
}

static void take_back(struct hf9_request *request)
{
	void (*how)(struct hf9_request *request) = request->take_back;

	request->take_back = NULL;
	if (how)
		how(request);
}

void hf9_drop(struct hf9_request *request)
{
	struct hf9_connection *connection = hf9_connection_get(request->connection);
	struct ns_ended ended;
	struct after after;

	trace_hf9_dropped(request, request->error);
	hf9_count(dropped);
	take_back(request);
	hf9_request_leave_fids(request, false);
	spin_lock(&connection->lock);
	WARN_ON_ONCE(!ns_drop(&connection->session, &request->core, &ended));
	take_ended(connection, &ended, &after);
	spin_unlock(&connection->lock);
	hf9_request_free(request);
	do_after(connection, &after);
	hf9_connection_put(connection);
}

/* The reply is made, and nothing is left but to decide. */
static void decide(struct hf9_request *request)
{
	struct hf9_connection *connection = hf9_connection_get(request->connection);
	bool revocable = request->error || request->take_back;
	enum ns_answered says;
	struct ns_ended ended;
	struct after after;

	spin_lock(&connection->lock);
	says = ns_answer(&connection->session, &request->core, revocable, &ended);
	if (says == NS_SEND) {
		hf_link_queue(&connection->link, &request->reply);
		take_ended(connection, &ended, &after);
	}
	spin_unlock(&connection->lock);
	if (says == NS_SEND)
		do_after(connection, &after);
	else if (!WARN_ON_ONCE(says != NS_SUPPRESS))
		hf9_drop(request);
	hf9_connection_put(connection);
}

/* A newfid is there before its reply is; the reply is made before the newfid. */
void hf9_answer(struct hf9_request *request)
{
	encode_or_fail(request);
	if (request->error) {
		hf9_count(errors);
		take_back(request);
	}
	hf9_request_leave_fids(request, !request->error);
	trace_hf9_answer(request, request->error);
	hf9_count(answers);
	decide(request);
}

void hf9_give_up(struct hf9_request *request, int error)
{
	hf9_unparked(request);
	request->error = error;
	hf9_answer(request);
}

static struct hf9_request *cancel_one(struct hf9_connection *connection)
{
	struct ns_request *core;

	spin_lock(&connection->lock);
	core = ns_cancel(&connection->session);
	spin_unlock(&connection->lock);
	return core ? request_of(core) : NULL;
}

void hf9_cancel_all(struct hf9_connection *connection)
{
	struct hf9_request *request;

	while ((request = cancel_one(connection))) {
		hf9_unparked(request);
		hf9_drop(request);
	}
}
