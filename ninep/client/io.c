// SPDX-License-Identifier: GPL-2.0-only
/*
 * The request layer's operations: a subrequest is a Tread or a Twrite.
 *
 * Its call is one of the session's own, of which there are as many as the layer may have
 * subrequests in flight: write-back allocates nothing here.  call->priv is the
 * subrequest, sub->priv the call; that is left there when the call is over and another's,
 * and does no harm: hf9c_call_cancel() compares.
 */
#include "cache.h"
#include "client.h"
#include "fid.h"
#include "file.h"
#include "session.h"

static struct hf9c_super *super_of(const struct hf_netfs_sub *sub)
{
	return hf9c_super(sub->req->ni->vfs.i_sb);
}

static bool is_write(const struct hf_netfs_req *req)
{
	return req->kind == RL_WRITEPAGES || req->kind == RL_DIRECT_WRITE;
}

static struct hf9c_fid *fid_for(struct inode *inode, enum rl_kind kind, struct file *file)
{
	switch (kind) {
	case RL_READ:
	case RL_DIRECT_READ:
		return hf9c_file_fid(file, FMODE_READ) ?: hf9c_fid_to_read(inode);
	case RL_WRITEPAGES:
		return hf9c_writer_get(inode);
	case RL_DIRECT_WRITE:
		return hf9c_file_fid(file, FMODE_WRITE);
	}
	return NULL;
}

static int begin(struct hf_netfs_req *req, struct file *file)
{
	req->priv = fid_for(&req->ni->vfs, req->kind, file);
	return req->priv ? 0 : -EBADF;
}

static void end(struct hf_netfs_req *req)
{
	hf9c_fid_put(req->priv);
	if (req->kind == RL_WRITEPAGES)
		hf9c_writer_settle(&req->ni->vfs);
}

/* Nothing of the mount is touched after hf_netfs_sub_done(). */
static void done(struct hf9c_call *call)
{
	struct hf_netfs_sub *sub = call->priv;
	u32 bytes = 0;
	int error = call->error;

	if (!error)
		bytes = is_write(sub->req) ? call->reply.rwrite.count :
					     call->reply.payload.count;
	hf9c_io_put(super_of(sub)->session, call);
	/* Whether it was written is not known of one that failed. */
	if (is_write(sub->req))
		hf9c_wrote(&sub->req->ni->vfs);
	hf_netfs_sub_done(sub, bytes, error, 0);
}

static void fill(struct hf9c_call *call, struct hf_netfs_sub *sub)
{
	const struct hf9c_fid *fid = sub->req->priv;
	u32 count = iov_iter_count(&sub->iter);

	call->done = done;
	call->priv = sub;
	call->payload = sub->iter;
	call->may_discard = sub->req->may_discard && !is_write(sub->req);
	if (is_write(sub->req)) {
		call->ask.twrite.fid = fid->number;
		call->ask.twrite.offset = hf_netfs_sub_pos(sub);
		call->ask.payload.count = count;
	} else {
		call->ask.tread.fid = fid->number;
		call->ask.tread.offset = hf_netfs_sub_pos(sub);
		call->ask.tread.count = count;
	}
}

static int issue(struct hf_netfs_sub *sub)
{
	struct hf9c_session *session = super_of(sub)->session;
	struct hf9c_call *call;
	int err;

	call = hf9c_io_get(session, is_write(sub->req) ? NP_TWRITE : NP_TREAD);
	/* One is about to be put back. */
	if (!call)
		return -EAGAIN;
	fill(call, sub);
	WRITE_ONCE(sub->priv, call);
	err = hf9c_call_start(session, call);
	if (err)
		hf9c_io_put(session, call);
	return err;
}

static void cancel(struct hf_netfs_sub *sub)
{
	struct hf9c_call *call = READ_ONCE(sub->priv);

	if (call)
		hf9c_call_cancel(super_of(sub)->session, call, sub);
}

static int dirty(struct inode *inode, struct file *file)
{
	return hf9c_writer_set(inode, file->private_data);
}

static int revalidate(struct inode *inode, struct file *file)
{
	struct hf9c_fid *fid;
	int err;

	/* Others may have made it larger, but then for no longer than a stat may miss it. */
	if (hf9c_is_believed(inode))
		return 0;
	fid = hf9c_file_fid(file, 0) ?: hf9c_fid_of_inode(inode);
	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_refresh(inode, fid);
	hf9c_fid_put(fid);
	return err;
}

const struct hf_netfs_ops hf9c_netfs_ops = {
	.begin		= begin,
	.issue		= issue,
	.cancel		= cancel,
	.end		= end,
	.dirty		= dirty,
	.revalidate	= revalidate,
	.resize		= hf9c_resize,
	.version	= hf9c_cache_ask,
	.abort		= hf9c_super_abort,
};
