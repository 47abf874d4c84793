// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session core under its lock, hf9_connection.lock: requests begin, fids are
 * found, claimed and given back.  (answer.c ends requests, control.c has Tversion
 * and Tflush, park.c what waits.)
 *
 * The lock is a plain spinlock: no callback of a socket takes it.  A grant takes it
 * under a lock table's spinlock; nothing is called under it but the core, the link's
 * queue, the connection's line (schedule.c) and a parked request's timer (park.c).
 */
#include <linux/file.h>

#include "connection.h"
#include "stats.h"
#include "trace.h"

static struct hf9_fid *fid_of(struct ns_fid *core)
{
	return core ? container_of(core, struct hf9_fid, core) : NULL;
}

static u32 number_at(const struct hf9_request *request, u16 at)
{
	return *(const u32 *)((const char *)&request->t + at);
}

int hf9_fid_claim(struct hf9_connection *connection, struct hf9_fid *fid)
{
	enum ns_fid_says says;

	spin_lock(&connection->lock);
	says = ns_fid_claim(&fid->core);
	spin_unlock(&connection->lock);
	switch (says) {
	case NS_FID_OK:
		return 0;
	case NS_FID_BUSY:
		return -EBUSY;
	case NS_FID_OPENED:
		return -EINVAL;
	default:
		return -EBADF;
	}
}

void hf9_fid_become(struct hf9_connection *connection, struct hf9_fid *fid,
		    enum ns_fid_state state)
{
	spin_lock(&connection->lock);
	WARN_ON_ONCE(!ns_fid_become(&fid->core, state));
	spin_unlock(&connection->lock);
}

static int find_fid(struct hf9_request *request)
{
	struct ns_session *session = &request->connection->session;
	u32 number = number_at(request, request->op->fid_at);

	lockdep_assert_held(&request->connection->lock);
	request->fid[0] = fid_of(request->op->needs & HF9_CLUNKS ?
				 ns_fid_clunk(session, number) :
				 ns_fid_find(session, number));
	return request->fid[0] ? 0 : -EBADF;
}

static int find_fid2(struct hf9_request *request)
{
	struct ns_session *session = &request->connection->session;
	u32 number = number_at(request, request->op->fid2_at);

	lockdep_assert_held(&request->connection->lock);
	request->fid[1] = fid_of(ns_fid_find(session, number));
	return request->fid[1] ? 0 : -EBADF;
}

/* Equal to the fid: the operation changes that one. */
static int reserve_newfid(struct hf9_request *request, struct hf9_fid **newfid)
{
	struct ns_session *session = &request->connection->session;
	u32 number = number_at(request, request->op->newfid_at);

	lockdep_assert_held(&request->connection->lock);
	if (request->fid[0] && request->fid[0]->core.number == number)
		return 0;
	if (number == NP_NOFID && request->op->needs & HF9_NOFID)
		return 0;
	switch (ns_fid_reserve(session, &(*newfid)->core, number)) {
	case NS_FID_OK:
		request->newfid = *newfid;
		*newfid = NULL;
		return 0;
	case NS_FID_TOO_MANY:
		return -EMFILE;
	default:
		return -EBADF;
	}
}

static int find_fids(struct hf9_request *request, struct hf9_fid **newfid)
{
	u16 needs = request->op->needs;
	int ret = 0;

	if (needs & HF9_FID)
		ret = find_fid(request);
	if (!ret && needs & HF9_FID2)
		ret = find_fid2(request);
	if (!ret && needs & HF9_NEWFID)
		ret = reserve_newfid(request, newfid);
	return ret;
}

/* A name that nothing can have leads nowhere; but to make it is a mistake. */
static int errno_of(enum np_status status, u8 type)
{
	switch (status) {
	case NP_OK:
		return 0;
	case NP_BAD_NAME:
		return type == NP_TWALK || type == NP_TWALKATTR ? -ENOENT : -EINVAL;
	case NP_UNKNOWN_TYPE:
		return -EOPNOTSUPP;
	case NP_LONG_NAME:
		return -ENAMETOOLONG;
	default:
		return -EINVAL;
	}
}

/* Its operation, or why it has none. */
static void look_up_op(struct hf9_request *request, enum np_status status)
{
	request->error = errno_of(status, request->type);
	if (request->error)
		return;
	request->op = hf9_op_of(request->type, request->connection->dialect);
	if (!request->op)
		request->error = -EOPNOTSUPP;
}

/* The session takes it, and its fids are what they are now, not when it runs. */
static enum ns_begun enter(struct hf9_request *request, struct hf9_fid **newfid)
{
	struct hf9_connection *connection = request->connection;
	enum ns_begun begun;

	spin_lock(&connection->lock);
	begun = ns_begin(&connection->session, &request->core, request->t.tag);
	if (begun == NS_RUN && !request->error)
		request->error = find_fids(request, newfid);
	spin_unlock(&connection->lock);
	return begun;
}

static enum hf_link_verdict begin(struct hf9_request *request, enum np_status status)
{
	struct hf9_fid *newfid = NULL;
	enum ns_begun begun;

	look_up_op(request, status);
	if (!request->error && request->op->needs & HF9_NEWFID) {
		newfid = hf9_fid_new();
		if (!newfid)
			request->error = -ENOMEM;
	}
	begun = enter(request, &newfid);
	if (newfid)
		hf9_fid_free(newfid);
	if (begun != NS_RUN) {
		trace_hf9_refused(request, begun);
		hf9_request_free(request);
		return HF_LINK_REFUSED;
	}
	request->connection->arrived = request;
	return HF_LINK_TAKEN;
}

enum hf_link_verdict hf9_request_begin(struct hf9_request *request)
{
	enum np_status status;

	/* Of a payload message only the head is here, and decoded. */
	status = np_decode(request->frame, request->frame_bytes,
			   request->connection->dialect, &request->t);
	trace_hf9_message(request, status);
	hf9_count(messages);
	if (!np_is_sound(status)) {
		hf9_count(malformed);
		hf9_request_free(request);
		return HF_LINK_REFUSED;
	}
	if (status == NP_OK && request->type == NP_TVERSION)
		return hf9_version(request);
	if (status == NP_OK && request->type == NP_TFLUSH)
		return hf9_flush(request);
	return begin(request, status);
}

static bool put_fid(struct hf9_connection *connection, struct hf9_fid *fid)
{
	lockdep_assert_held(&connection->lock);
	return fid && ns_fid_put(&connection->session, &fid->core);
}

struct file *hf9_open_file_of(struct hf9_connection *connection, u32 number)
{
	struct file *file = NULL;
	struct hf9_fid *fid;

	spin_lock(&connection->lock);
	fid = fid_of(ns_fid_find(&connection->session, number));
	if (fid && fid->core.state == NS_FID_OPEN)
		file = get_file(fid->file);
	/* The table has it as well. */
	WARN_ON_ONCE(put_fid(connection, fid));
	spin_unlock(&connection->lock);
	return file;
}

/* Return: it, if there is to be none, or NULL. */
static struct hf9_fid *settle_newfid(struct hf9_request *request, bool done)
{
	struct ns_session *session = &request->connection->session;
	struct hf9_fid *fid = request->newfid;

	lockdep_assert_held(&request->connection->lock);
	request->newfid = NULL;
	if (!fid)
		return NULL;
	if (done && request->newfid_as != NS_FID_IDLE) {
		WARN_ON_ONCE(!ns_fid_publish(&fid->core, request->newfid_as));
		return NULL;
	}
	WARN_ON_ONCE(!ns_fid_abandon(session, &fid->core));
	return fid;
}

void hf9_request_leave_fids(struct hf9_request *request, bool done)
{
	struct hf9_connection *connection = request->connection;
	struct hf9_fid *fid = request->fid[0], *fid2 = request->fid[1], *newfid;

	request->fid[0] = NULL;
	request->fid[1] = NULL;
	spin_lock(&connection->lock);
	newfid = settle_newfid(request, done);
	if (!put_fid(connection, fid))
		fid = NULL;
	if (!put_fid(connection, fid2))
		fid2 = NULL;
	spin_unlock(&connection->lock);
	if (newfid)
		hf9_fid_free(newfid);
	if (fid)
		hf9_fid_free(fid);
	if (fid2)
		hf9_fid_free(fid2);
}

static struct hf9_request *wake_on(struct hf9_connection *connection,
				   struct hf9_fid *fid)
{
	struct ns_request *core;

	spin_lock(&connection->lock);
	core = ns_wake_on(&connection->session, &fid->core);
	spin_unlock(&connection->lock);
	return core ? container_of(core, struct hf9_request, core) : NULL;
}

void hf9_fid_clunked(struct hf9_connection *connection, struct hf9_fid *fid)
{
	struct hf9_request *request;

	while ((request = wake_on(connection, fid)))
		hf9_give_up(request, -EBADF);
	hf9_locks_clunked(connection, fid);
}

static struct hf9_fid *clunk_first(struct hf9_connection *connection)
{
	struct hf9_fid *fid;

	spin_lock(&connection->lock);
	fid = fid_of(ns_fid_clunk_first(&connection->session));
	if (fid)
		WARN_ON_ONCE(!put_fid(connection, fid));
	spin_unlock(&connection->lock);
	return fid;
}

/* Locks first: a file's go with the file's end, one by one, otherwise. */
void hf9_fids_end(struct hf9_connection *connection)
{
	struct hf9_fid *fid;

	hf9_locks_end(connection);
	while ((fid = clunk_first(connection))) {
		hf9_fid_free(fid);
		cond_resched();
	}
}
