// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes into the cache, by generic_perform_write().  Only the bytes that were written
 * become dirty; what lies between two dirty places is read, written back first, or sent
 * as well, as the core says.
 *
 * Under the folio's lock, in this order: the bytes, the word, the dirty mark, i_size.
 * Write-back reads them in the opposite one.
 */
#include <linux/mm.h>
#include <linux/writeback.h>

#include "cache.h"
#include "netfs.h"
#include "stats.h"

static u32 write_flags(const struct hf_netfs_inode *ni, const struct file *file)
{
	return ni->mount->write_flags | (file->f_mode & FMODE_READ ? RL_MAY_READ : 0);
}

static struct rl_span span_of(struct folio *folio, loff_t pos, size_t len)
{
	u32 from = offset_in_folio(folio, pos);

	return (struct rl_span) { from, from + min(len, folio_size(folio) - from) };
}

/*
 * A large one if there is room for it.  In a control group whose memory is dirty the
 * kernel would rather kill for one of eight pages than go on with a smaller one.
 */
static struct folio *large_or_small(struct address_space *mapping, pgoff_t index, size_t len)
{
	gfp_t gfp = mapping_gfp_mask(mapping);
	struct folio *folio;

	folio = __filemap_get_folio(mapping, index, FGP_WRITEBEGIN | fgf_set_order(len),
				    gfp | __GFP_NORETRY | __GFP_NOWARN);
	if (folio != ERR_PTR(-ENOMEM))
		return folio;
	return __filemap_get_folio(mapping, index, FGP_WRITEBEGIN, gfp);
}

/* I4: nobody writes into what is being sent. */
static struct folio *stable_folio(struct address_space *mapping, loff_t pos, size_t len)
{
	struct folio *folio = large_or_small(mapping, pos >> PAGE_SHIFT, len);
	int ret;

	if (IS_ERR(folio))
		return folio;
	ret = folio_wait_writeback_killable(folio);
	if (!ret)
		return folio;
	folio_unlock(folio);
	folio_put(folio);
	return ERR_PTR(ret);
}

static void let_go(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

/* The folio, unlocked, is sent and waited for: its next dirty bytes are others. */
static int write_back_first(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;
	loff_t pos = folio_pos(folio), end = pos + folio_size(folio) - 1;

	hf_netfs_count(written_back_first);
	let_go(folio);
	return hf_netfs_flush(mapping->host, pos, end);
}

static int fill_gap(struct file *file, struct folio *folio, struct rl_span fill)
{
	struct rl_piece piece = { folio_pos(folio) + fill.from, fill.to - fill.from };

	return hf_netfs_fill(file, folio, &piece, 1, true);
}

int hf_netfs_write_begin(struct file *file, struct address_space *mapping, loff_t pos,
			 unsigned int len, struct folio **foliop, void **data)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(mapping->host);
	struct rl_write_plan plan;
	struct rl_folio now;
	struct folio *folio;
	int ret = 0;

	for (;;) {
		folio = stable_folio(mapping, pos, len);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		hf_cache_kill(ni);
		now = hf_netfs_folio(folio);
		switch (rl_plan_write(&now, span_of(folio, pos, len), write_flags(ni, file),
				      &plan)) {
		case RL_WRITE_FILL:
			ret = fill_gap(file, folio, plan.fill);
			fallthrough;
		case RL_WRITE_NOW:
			if (ret)
				let_go(folio);
			else
				*foliop = folio;
			return ret;
		case RL_WRITE_BACK:
			ret = write_back_first(folio);
			if (ret)
				return ret;
			continue;
		default:
			WARN_ON_ONCE(1);
			let_go(folio);
			return -EIO;
		}
	}
}

/*
 * Of a page that is pinned a device may store to any byte, and the kernel tells of that by
 * the dirty mark, which is no news if it is there: so all of it is dirty.
 */
static void mark_dirty(struct folio *folio)
{
	if (folio_maybe_dma_pinned(folio) && folio_test_uptodate(folio))
		hf_netfs_dirty_folio(folio->mapping, folio);
	else
		filemap_dirty_folio(folio->mapping, folio);
}

/*
 * The word, against ->dirty_folio() of pages that are pinned.  Bytes that count.  If some
 * were copied that do not, and are sent by nobody, the folio is read anew; of pages that
 * are pinned they stay until the write is done again.
 */
static u32 mark(struct folio *folio, struct rl_span span, u32 copied, u32 flags)
{
	struct rl_write_plan plan;
	struct rl_folio now;
	u32 counts;

	hf_netfs_word_attach(folio);
	do {
		now = hf_netfs_folio(folio);
		counts = rl_write_copied(&now, span, copied, flags, &plan);
	} while (counts && !hf_netfs_word_change(folio, now.word, plan.word));
	if (plan.uptodate && !now.uptodate)
		folio_mark_uptodate(folio);
	else if (!plan.uptodate && now.uptodate)
		hf_netfs_undefine(folio);
	if (counts)
		mark_dirty(folio);
	return counts;
}

int hf_netfs_write_end(struct file *file, struct address_space *mapping, loff_t pos,
		       unsigned int len, unsigned int copied, struct folio *folio, void *data)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(mapping->host);
	u32 counts = 0;

	if (copied)
		counts = mark(folio, span_of(folio, pos, len), copied, write_flags(ni, file));
	if (counts)
		hf_netfs_extend(ni, pos + counts);
	let_go(folio);
	return counts;
}

/* After a write-back that failed, until one has not: who writes is told at once. */
static ssize_t write_through(struct kiocb *iocb, ssize_t written)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	int ret;

	if (written <= 0 || !test_bit(HF_NETFS_FAILING, &hf_netfs_inode(inode)->flags))
		return written;
	ret = hf_netfs_flush(inode, iocb->ki_pos - written, iocb->ki_pos - 1);
	if (ret)
		iocb->ki_pos -= written;
	return ret ?: written;
}

/* With i_rwsem, after generic_write_checks(). */
ssize_t hf_netfs_buffered_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	const struct hf_netfs_ops *ops = hf_netfs_inode(inode)->mount->ops;
	ssize_t ret;

	if (ops->dirty) {
		ret = ops->dirty(inode, iocb->ki_filp);
		if (ret)
			return ret;
	}
	hf_netfs_zero_gap(inode, iocb->ki_pos);
	return write_through(iocb, generic_perform_write(iocb, from));
}

ssize_t hf_netfs_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	inode_lock(inode);
	ret = generic_write_checks(iocb, from);
	if (ret > 0 && iocb->ki_flags & IOCB_DIRECT)
		ret = hf_netfs_direct_write(iocb, from);
	else if (ret > 0)
		ret = hf_netfs_buffered_write(iocb, from);
	inode_unlock(inode);
	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_write_iter);
