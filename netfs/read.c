// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads into the cache.  Read-ahead and whole folios end with their answers.  A folio
 * that is dirty in part is read around that, and who asked waits and ends it: the one
 * folio that two subrequests carry.
 */
#include "cache.h"
#include "netfs.h"
#include "stats.h"

static struct hf_netfs_inode *inode_of(struct address_space *mapping)
{
	return hf_netfs_inode(mapping->host);
}

/* Two pieces that follow each other are more than one rsize together. */
static u32 pieces_most(const struct hf_netfs_mount *mount, size_t len)
{
	u32 most = 2 * DIV_ROUND_UP(len, mount->limits.rsize) + 1;

	/* Where a granule of the cache on disk begins, and in it, if it comes to be there meanwhile. */
	return mount->cache ? most + 2 * DIV_ROUND_UP(len, 1 << RC_SHIFT_MIN) + 2 : most;
}

/* A run of folios, which ends where another source begins. */
struct run {
	struct hf_netfs_req *req;
	struct rl_plan plan;
	bool cached;
};

static void end_run(struct run *run)
{
	struct rl_piece piece;

	if (rl_plan_end(&run->plan, &piece))
		hf_netfs_send_by(run->req, &piece, run->cached);
}

static void begin_run(struct run *run, bool cached)
{
	rl_plan_init(&run->plan, &run->req->ni->mount->limits, RL_READ);
	run->cached = cached;
}

static void add_folio(struct run *run, struct folio *folio)
{
	bool cached = hf_cache_has(run->req->ni, folio_pos(folio), folio_size(folio));
	struct rl_piece piece;
	enum rl_added added;

	if (cached != run->cached) {
		end_run(run);
		begin_run(run, cached);
	}
	added = rl_plan_add(&run->plan, folio_pos(folio), (struct rl_span) { 0, folio_size(folio) },
			    RL_SIZE_MAX, &piece);
	if (added == RL_ADDED_CUT)
		hf_netfs_send_by(run->req, &piece, cached);
	else if (WARN_ON_ONCE(added != RL_ADDED))
		folio_end_read(folio, false);
}

/* ->readahead: folios that are locked, and of which none was in the cache before. */
void hf_netfs_readahead(struct readahead_control *rac)
{
	struct hf_netfs_inode *ni = inode_of(rac->mapping);
	struct hf_netfs_req *req;
	struct folio *folio;
	struct run run;

	req = hf_netfs_req_begin(ni, rac->file, RL_READ,
				 pieces_most(ni->mount, readahead_length(rac)));
	if (IS_ERR(req))
		return;
	run.req = req;
	begin_run(&run, false);
	while ((folio = readahead_folio(rac)))
		add_folio(&run, folio);
	end_run(&run);
	hf_netfs_req_issued(req);
}

/* Zeroes behind the end, of what the issuer ends.  Whether all of it has come. */
static int end_pieces(struct hf_netfs_req *req, struct folio *folio)
{
	u32 i;

	for (i = 0; i < req->nr_subs; i++) {
		struct rl_ending ending = rl_folio_end(&req->core, &req->subs[i].core,
						       folio_pos(folio), folio_size(folio));

		if (ending.fate != RL_FATE_GOOD)
			return hf_netfs_errno(ending.why, ending.error) ?: -EIO;
		if (ending.zero.from < ending.zero.to)
			folio_zero_segment(folio, ending.zero.from, ending.zero.to);
	}
	return 0;
}

/*
 * Read pieces of one folio, whose lock the caller has and keeps, and wait for them.
 * Zeroes reach behind the end of a piece only if that is the folio's.
 *
 * Return: 0; -EINTR if the caller was killed; why a piece did not come.
 */
int hf_netfs_fill(struct file *file, struct folio *folio, const struct rl_piece *pieces,
		  int count, bool killable)
{
	struct hf_netfs_inode *ni = inode_of(folio->mapping);
	struct hf_netfs_req *req;
	int i, ret, killed;

	req = hf_netfs_req_begin(ni, file, RL_READ, count);
	if (IS_ERR(req))
		return PTR_ERR(req);
	req->issuer_ends = true;
	for (i = 0; i < count; i++)
		hf_netfs_send(req, &pieces[i]);
	killed = hf_netfs_req_wait(req, killable);
	ret = end_pieces(req, folio);
	hf_netfs_req_issued(req);
	return ret && killed ? killed : ret;
}

static int read_around(struct file *file, struct folio *folio)
{
	struct rl_folio now = hf_netfs_folio(folio);
	struct rl_piece pieces[2];
	int count = rl_plan_around(&now, folio_pos(folio), pieces);
	int ret = count < 0 ? -EIO : 0;

	WARN_ON_ONCE(count < 0);
	if (count > 0)
		ret = hf_netfs_fill(file, folio, pieces, count, true);
	if (!ret)
		folio_mark_uptodate(folio);
	folio_unlock(folio);
	return ret;
}

static int read_whole(struct file *file, struct folio *folio)
{
	struct rl_piece piece = { folio_pos(folio), folio_size(folio) };
	struct hf_netfs_req *req;

	/* (No byte is at the end of what an offset can say.) */
	if (piece.pos + (loff_t)piece.len < 0)
		piece.len = RL_SIZE_MAX - piece.pos;
	req = hf_netfs_req_begin(inode_of(folio->mapping), file, RL_READ, 1);
	if (IS_ERR(req)) {
		folio_unlock(folio);
		return PTR_ERR(req);
	}
	hf_netfs_send_by(req, &piece, hf_cache_has(req->ni, piece.pos, piece.len));
	hf_netfs_req_issued(req);
	return 0;
}

/* ->read_folio: it is locked, and unlocked when it has ended. */
int hf_netfs_read_folio(struct file *file, struct folio *folio)
{
	int ret;

	if (folio_test_uptodate(folio)) {
		folio_unlock(folio);
		return 0;
	}
	ret = folio_wait_writeback_killable(folio);
	if (ret) {
		folio_unlock(folio);
		return ret;
	}
	hf_netfs_count(read_folios);
	if (folio_test_dirty(folio))
		return read_around(file, folio);
	return read_whole(file, folio);
}

/* ->is_partially_uptodate: what was written here can be read without the rest. */
bool hf_netfs_partly_uptodate(struct folio *folio, size_t from, size_t count)
{
	struct rl_folio now = hf_netfs_folio(folio);
	struct rl_span dirty;

	if (!now.dirty || now.uptodate || !(now.word & RL_WORD_HERE) ||
	    (now.word & RL_WORD_WHOLE))
		return false;
	dirty = rl_dirty(&now);
	return dirty.from <= from && from + count <= dirty.to;
}

/* What reaches behind the end that is known, or may not be believed, is asked for first. */
static int ask_first(struct file *file, loff_t pos, size_t len)
{
	struct inode *inode = file_inode(file);
	const struct hf_netfs_ops *ops = hf_netfs_inode(inode)->mount->ops;
	loff_t size = i_size_read(inode);

	if (!ops->revalidate ||
	    (pos <= size && len <= size - pos && !hf_netfs_stale(inode)))
		return 0;
	return ops->revalidate(inode, file);
}

/*
 * How much of @len at @pos may be read of what is cached: the size is read before a folio
 * is taken.  A folio has zeroes behind the end that its own answer has proved.  When the
 * file grows the cache is dropped, and then the size changes (S3): what is found after a
 * size was read is whole up to there, unless the file was cut and extended in between.
 * What was found before may have zeroes where a larger size, which filemap_read() reads
 * afterwards, has bytes of the server's.  (When it shrinks the size is first: for that
 * filemap_read() reads it again.)
 */
static size_t whole(struct inode *inode, loff_t pos, size_t len)
{
	loff_t size = i_size_read(inode);

	return pos < size ? min_t(loff_t, len, size - pos) : 0;
}

static ssize_t read_cached(struct kiocb *iocb, struct iov_iter *to)
{
	size_t count = iov_iter_count(to);
	size_t len = whole(file_inode(iocb->ki_filp), iocb->ki_pos, count);
	ssize_t ret;

	iov_iter_truncate(to, len);
	ret = filemap_read(iocb, to, 0);
	iov_iter_reexpand(to, iov_iter_count(to) + count - len);
	return ret;
}

ssize_t hf_netfs_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	int ret;

	if (!iov_iter_count(to))
		return 0;
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	if (iocb->ki_flags & IOCB_DIRECT)
		return hf_netfs_direct_read(iocb, to);
	ret = ask_first(iocb->ki_filp, iocb->ki_pos, iov_iter_count(to));
	return ret ?: read_cached(iocb, to);
}
EXPORT_SYMBOL_GPL(hf_netfs_read_iter);

ssize_t hf_netfs_splice_read(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			     size_t len, unsigned int flags)
{
	int ret = ask_first(in, *pos, len);

	if (ret)
		return ret;
	len = whole(file_inode(in), *pos, len);
	return len ? filemap_splice_read(in, pos, pipe, len, flags) : 0;
}
EXPORT_SYMBOL_GPL(hf_netfs_splice_read);
