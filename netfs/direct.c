// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O past the cache, at any alignment, in pieces that are in flight together.  What is
 * cached of the range is written back before, and for a write dropped before and once
 * more after it.  A program's pages are pinned until the request has ended: it is ended
 * by its issuer, or of AIO by a work item, for to mark them dirty takes their locks.
 */
#include <linux/mm.h>

#include "netfs.h"
#include "stats.h"

/* ------------------------------------------------------------------------ buffers */

/* The buffer of a request: @from goes on behind it.  Its bytes, or an error. */
static ssize_t take_buffer(struct hf_netfs_req *req, struct iov_iter *from, size_t len)
{
	if (user_backed_iter(from)) {
		req->may_discard = true;
		return hf_netfs_pin(&req->pages, from, len, &req->iter);
	}
	req->iter = *from;
	iov_iter_truncate(&req->iter, len);
	iov_iter_advance(from, len);
	return len;
}

static void put_buffer(struct hf_netfs_req *req)
{
	hf_netfs_unpin(&req->pages, req->kind == RL_DIRECT_READ);
}

/* ----------------------------------------------------------------------- requests */

static u32 limit_of(const struct hf_netfs_mount *mount, enum rl_kind kind)
{
	return kind == RL_DIRECT_WRITE ? mount->limits.wsize : mount->limits.rsize;
}

/* What one request can carry. */
static size_t most_of(const struct hf_netfs_mount *mount, enum rl_kind kind, size_t len)
{
	u64 subs = (u64)(HF_NETFS_DIRECT_SUBS - 1) * limit_of(mount, kind);

	return min3((u64)len, subs, (u64)(HF_NETFS_DIRECT_PAGES - 1) << PAGE_SHIFT);
}

/* All but the first begin between two pages, and are whole, but for the last. */
static u32 pieces_most(u32 limit, size_t len)
{
	return len <= limit ? 1 : DIV_ROUND_UP(len, limit) + 1;
}

static void send_pieces(struct hf_netfs_req *req, loff_t pos, size_t len)
{
	struct rl_piece piece;

	for (; len; pos += piece.len, len -= piece.len) {
		piece = rl_plan_bytes(&req->ni->mount->limits, req->kind, pos, len);
		if (WARN_ON_ONCE(!piece.len))
			return;
		hf_netfs_send(req, &piece);
	}
}

/* Begun, with its buffer; *@len is what it carries. */
static struct hf_netfs_req *begin(struct kiocb *iocb, struct iov_iter *buffer,
				  enum rl_kind kind, size_t *len)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(file_inode(iocb->ki_filp));
	struct hf_netfs_req *req;
	ssize_t got;

	*len = most_of(ni->mount, kind, *len);
	req = hf_netfs_req_begin(ni, iocb->ki_filp, kind,
				 pieces_most(limit_of(ni->mount, kind), *len));
	if (IS_ERR(req))
		return req;
	req->pos = iocb->ki_pos;
	got = take_buffer(req, buffer, *len);
	if (got > 0) {
		*len = req->len = got;
		return req;
	}
	hf_netfs_req_issued(req);
	return ERR_PTR(got);
}

static ssize_t one_request(struct kiocb *iocb, struct iov_iter *buffer, enum rl_kind kind,
			   size_t len, struct rl_result *result)
{
	struct hf_netfs_req *req = begin(iocb, buffer, kind, &len);
	struct hf_netfs_waiting waiting;

	if (IS_ERR(req))
		return PTR_ERR(req);
	init_completion(&waiting.done);
	req->waiting = &waiting;
	send_pieces(req, iocb->ki_pos, len);
	hf_netfs_req_wait(req, true);
	hf_netfs_req_issued(req);
	/* (Who aborts may keep it a little longer.) */
	wait_for_completion(&waiting.done);
	*result = waiting.result;
	iocb->ki_pos += result->bytes;
	iov_iter_revert(buffer, len - result->bytes);
	return result->bytes == len ? len : 0;
}

/* One after the other, until something is short. */
static ssize_t synchronous(struct kiocb *iocb, struct iov_iter *buffer, enum rl_kind kind)
{
	struct rl_result result = {};
	loff_t begin = iocb->ki_pos;
	ssize_t ret = 1;

	while (ret > 0 && iov_iter_count(buffer)) {
		ret = one_request(iocb, buffer, kind, iov_iter_count(buffer), &result);
		if (!ret)
			ret = hf_netfs_errno(result.why, result.error);
	}
	if (iocb->ki_pos != begin)
		return iocb->ki_pos - begin;
	return min_t(ssize_t, ret, 0);
}

static ssize_t asynchronous(struct kiocb *iocb, struct iov_iter *buffer, enum rl_kind kind)
{
	size_t len = iov_iter_count(buffer);
	struct hf_netfs_req *req = begin(iocb, buffer, kind, &len);

	if (IS_ERR(req))
		return PTR_ERR(req);
	req->iocb = iocb;
	req->in_work = true;
	inode_dio_begin(&req->ni->vfs);
	send_pieces(req, iocb->ki_pos, len);
	hf_netfs_req_issued(req);
	return -EIOCBQUEUED;
}

/* RL_EXIT_COMPLETE, by its issuer or in its work item. */
void hf_netfs_direct_complete(struct hf_netfs_req *req)
{
	struct rl_result *result = &req->result;
	struct kiocb *iocb = req->iocb;

	put_buffer(req);
	if (req->waiting) {
		req->waiting->result = *result;
		complete(&req->waiting->done);
	}
	if (!iocb)
		return;
	if (req->kind == RL_DIRECT_WRITE)
		hf_netfs_forget_written(&req->ni->vfs, req->pos, req->len);
	inode_dio_end(&req->ni->vfs);
	iocb->ki_pos += result->bytes;
	iocb->ki_complete(iocb, result->bytes ?:
			  hf_netfs_errno(result->why, result->error));
}

/* --------------------------------------------------------------------- the two calls */

/* One request carries it, and nobody has to wait for what follows it. */
static bool may_be_asynchronous(struct kiocb *iocb, struct iov_iter *buffer, enum rl_kind kind)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t len = iov_iter_count(buffer);

	if (is_sync_kiocb(iocb) ||
	    most_of(hf_netfs_inode(inode)->mount, kind, len) != len ||
	    iov_iter_npages(buffer, INT_MAX) >= HF_NETFS_DIRECT_PAGES)
		return false;
	return kind == RL_DIRECT_READ ||
	       (iocb->ki_pos + len <= i_size_read(inode) && !iocb_is_dsync(iocb));
}

static ssize_t transfer(struct kiocb *iocb, struct iov_iter *buffer, enum rl_kind kind)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	hf_netfs_count(direct);
	if (may_be_asynchronous(iocb, buffer, kind))
		return asynchronous(iocb, buffer, kind);
	inode_dio_begin(inode);
	ret = synchronous(iocb, buffer, kind);
	inode_dio_end(inode);
	return ret;
}

ssize_t hf_netfs_direct_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	/* A truncate waits for what has begun by then. */
	inode_lock_shared(inode);
	ret = hf_netfs_aside_read(inode, iocb->ki_pos, iov_iter_count(to));
	if (!ret)
		inode_dio_begin(inode);
	inode_unlock_shared(inode);
	if (ret)
		return ret;
	ret = transfer(iocb, to, RL_DIRECT_READ);
	inode_dio_end(inode);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_direct_read);

/* Pages that somebody stores to all the time cannot be dropped. */
static ssize_t through_the_cache(struct kiocb *iocb, struct iov_iter *from)
{
	loff_t pos = iocb->ki_pos;
	ssize_t written = hf_netfs_buffered_write(iocb, from);
	int ret;

	if (written <= 0)
		return written;
	ret = hf_netfs_flush(file_inode(iocb->ki_filp), pos, iocb->ki_pos - 1);
	if (ret)
		iocb->ki_pos = pos;
	return ret ?: written;
}

ssize_t hf_netfs_direct_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t len = iov_iter_count(from);
	loff_t pos = iocb->ki_pos;
	ssize_t ret;

	if (!len)
		return 0;
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	lockdep_assert_held_write(&inode->i_rwsem);
	ret = kiocb_invalidate_pages(iocb, len);
	if (ret == -EBUSY)
		return through_the_cache(iocb, from);
	if (ret)
		return ret;
	hf_netfs_zero_gap(inode, pos);
	ret = transfer(iocb, from, RL_DIRECT_WRITE);
	if (ret != -EIOCBQUEUED)
		hf_netfs_forget_written(inode, pos, len);
	return ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_direct_write);
