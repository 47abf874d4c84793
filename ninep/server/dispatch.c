// SPDX-License-Identifier: GPL-2.0-only
/* Runs a request's operation, as the one who asks, if its fids are what it needs. */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/mm.h>

#include "connection.h"
#include "export.h"
#include "ops.h"

static bool is_open(const struct hf9_fid *fid)
{
	return fid->core.state == NS_FID_OPEN;
}

static bool is_path(const struct hf9_fid *fid)
{
	return fid->core.state == NS_FID_UNOPENED || fid->core.state == NS_FID_CLAIMED ||
	       is_open(fid);
}

static int check_fid(struct hf9_connection *connection, const struct hf9_fid *fid,
		     bool open, bool path, bool dir)
{
	bool good;

	spin_lock(&connection->lock);
	good = (!open || is_open(fid)) && (!path || is_path(fid));
	spin_unlock(&connection->lock);
	if (!good)
		return -EBADF;
	return !dir || d_can_lookup(hf9_fid_path(fid)->dentry) ? 0 : -ENOTDIR;
}

static int check_fids(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	u16 needs = request->op->needs;
	int ret = 0;

	if (request->fid[0])
		ret = check_fid(connection, request->fid[0], needs & HF9_OPEN,
				needs & (HF9_PATH | HF9_DIR), needs & HF9_DIR);
	if (!ret && request->fid[1])
		ret = check_fid(connection, request->fid[1], needs & HF9_OPEN2,
				needs & (HF9_PATH2 | HF9_DIR2), needs & HF9_DIR2);
	return ret;
}

/* Whatever would wait for a thaw, and so would keep its thread. */
static bool changes(const struct hf9_request *request)
{
	switch (request->type) {
	case NP_TLOPEN:
		return request->t.tlopen.flags & NP_O_TRUNC;
	case NP_TOPENATTR:
		return request->t.topenattr.flags & NP_O_TRUNC;
	case NP_TCLUNK:
		return hf9_is_xattr_write(request->connection, request->fid[0]);
	default:
		return request->op->needs & HF9_CHANGES;
	}
}

static void forget_last_try(struct hf9_request *request)
{
	if (!request->tried) {
		request->tried = true;
		return;
	}
	memset(&request->r, 0, sizeof(request->r));
	hf9_pages_free(&request->out);
	kvfree(request->text);
	request->text = NULL;
	request->newfid_as = NS_FID_IDLE;
}

static int run_as(struct hf9_request *request, const struct hf9_who *who)
{
	const struct cred *old;
	int ret;

	if (!who)
		return request->op->run(request);
	old = override_creds(who->cred);
	ret = request->op->run(request);
	revert_creds(old);
	return ret;
}

/* Once: it is out of the table since it was found. */
static void clunk_first(struct hf9_request *request)
{
	if (!(request->op->needs & HF9_CLUNKS) || request->tries || !request->fid[0])
		return;
	hf9_fid_clunked(request->connection, request->fid[0]);
}

/* @frozen: set if that is why it is to be tried again. */
static int try(struct hf9_request *request, bool *frozen)
{
	const struct hf9_export *export = request->connection->export;
	int ret = check_fids(request);

	*frozen = false;
	if (ret)
		return ret;
	/* What cannot be done at all waits for nothing. */
	if (changes(request)) {
		if (export->read_only)
			return -EROFS;
		*frozen = hf9_is_frozen(request);
		if (*frozen)
			return HF9_RETRY;
	}
	forget_last_try(request);
	ret = run_as(request, request->fid[0] ? request->fid[0]->who : NULL);
	return ret == -EAGAIN ? HF9_RETRY : ret;
}

/* Until it has ended, or is not the caller's any more. */
static int run(struct hf9_request *request)
{
	bool frozen;
	int ret;

	do {
		if (hf9_connection_is_dead(request->connection))
			return -ESHUTDOWN;
		ret = try(request, &frozen);
		if (ret == HF9_PARKED)
			return ret;
		if (ret == HF9_RETRY)
			ret = hf9_retry(request, frozen) ?: HF9_RETRY;
	} while (ret == HF9_RETRY);
	return ret;
}

void hf9_request_run(struct hf9_request *request)
{
	int ret;

	hf9_unparked(request);
	if (!request->error) {
		clunk_first(request);
		ret = run(request);
		if (ret == HF9_PARKED)
			return;
		if (WARN_ON_ONCE(ret > 0))
			ret = -EIO;
		request->error = ret;
	}
	hf9_answer(request);
}
