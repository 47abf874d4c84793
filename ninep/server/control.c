// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tflush and Tversion, which are about other requests: their reader does them, within
 * the link's callback, so that nothing behind them is read before.
 */
#include "connection.h"
#include "listener.h"
#include "localio.h"
#include "stats.h"
#include "trace.h"

static struct hf9_request *request_of(struct ns_request *core)
{
	return container_of(core, struct hf9_request, core);
}

/* Its reply is made now: it is sent under a spinlock, maybe by somebody else. */
enum hf_link_verdict hf9_flush(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	struct ns_request *core = NULL;
	enum ns_begun begun;

	WARN_ON_ONCE(hf9_encode(request));
	hf9_count(flushes);
	spin_lock(&connection->lock);
	begun = ns_flush(&connection->session, &request->core, request->t.tag,
			 request->t.tflush.oldtag, &core);
	trace_hf9_flush(request, begun);
	if (begun == NS_RFLUSH)
		hf_link_queue(&connection->link, &request->reply);
	spin_unlock(&connection->lock);
	switch (begun) {
	case NS_RFLUSH:
		hf_link_push(&connection->link);
		return HF_LINK_TAKEN;
	case NS_CANCEL:
		hf9_unparked(request_of(core));
		hf9_drop(request_of(core));
		return HF_LINK_TAKEN;
	case NS_FLUSH_WAITS:
		return HF_LINK_TAKEN;
	default:
		hf9_request_free(request);
		return HF_LINK_REFUSED;
	}
}

static bool says(const struct np_str *string, const char *word)
{
	return string->len == strlen(word) && !memcmp(string->at, word, string->len);
}

static void answer_with(struct np_str *string, const char *word)
{
	string->at = word;
	string->len = strlen(word);
}

/* What both know; "unknown" lets the client try another one. */
static bool choose(const struct np_str *asked, struct np_str *answer,
		   enum np_dialect *dialect)
{
	if (says(asked, NP_VERSION_HF1)) {
		*dialect = NP_HF1;
		answer_with(answer, NP_VERSION_HF1);
		return true;
	}
	*dialect = NP_DOTL;
	if (says(asked, NP_VERSION_DOTL)) {
		answer_with(answer, NP_VERSION_DOTL);
		return true;
	}
	answer_with(answer, "unknown");
	return false;
}

static void agree(struct hf9_connection *connection, enum np_dialect dialect, u32 msize)
{
	spin_lock(&connection->lock);
	ns_agree(&connection->session);
	spin_unlock(&connection->lock);
	connection->dialect = dialect;
	connection->msize = msize;
	hf_link_agree(&connection->link, dialect, msize);
	set_bit(HF9_AGREED, &connection->flags);
}

/* It is alone: everything that there was is gone, or goes here. */
static enum hf_link_verdict run_version(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	const struct np_version *t = &request->t.tversion;
	struct np_version *r = &request->r.rversion;
	enum np_dialect dialect;

	hf9_localio_end(connection);
	hf9_fids_end(connection);
	r->msize = min(t->msize, connection->listener->msize);
	if (t->msize < HF9_MSIZE_LEAST)
		request->error = -EMSGSIZE;
	else if (choose(&t->version, &r->version, &dialect))
		agree(connection, dialect, r->msize);
	hf9_answer(request);
	return HF_LINK_TAKEN;
}

enum hf_link_verdict hf9_version(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	enum ns_begun begun;

	spin_lock(&connection->lock);
	begun = ns_version(&connection->session, &request->core, request->t.tag);
	spin_unlock(&connection->lock);
	switch (begun) {
	case NS_RUN:
		return run_version(request);
	case NS_DRAIN:
		connection->version = request;
		hf9_cancel_all(connection);
		return hf9_version_again(connection);
	default:
		trace_hf9_refused(request, begun);
		hf9_request_free(request);
		return HF_LINK_REFUSED;
	}
}

static bool is_running(const struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	bool running;

	spin_lock(&connection->lock);
	running = request->core.state == NS_RUNNING;
	spin_unlock(&connection->lock);
	return running;
}

/* The link offers it until all others have ended: nothing behind it is read. */
enum hf_link_verdict hf9_version_again(struct hf9_connection *connection)
{
	struct hf9_request *request = connection->version;

	if (!is_running(request))
		return HF_LINK_NOT_NOW;
	connection->version = NULL;
	return run_version(request);
}

void hf9_version_drop(struct hf9_connection *connection)
{
	struct hf9_request *request = connection->version;

	if (!request || !is_running(request))
		return;
	connection->version = NULL;
	request->error = -ESHUTDOWN;
	hf9_answer(request);
}
