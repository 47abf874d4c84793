// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is cached and not to be believed any more.  A clean folio goes, whoever has a
 * reference to it.  Of one that is dirty the dirty bytes stay, and the rest is read anew
 * around them.  What was stored to through a mapping stays as it is: it is ours to the
 * last byte, as far as is known, and is sent.
 */
#include <linux/mm.h>
#include <linux/pagevec.h>

#include "netfs.h"
#include "stats.h"

/*
 * All but its dirty bytes is read anew; who has it mapped faults, and waits for that.
 * The folio is locked, and not under write-back.
 *
 * Return: false if it stays as it is: it was stored to, or will be, for it is pinned.
 */
bool hf_netfs_undefine(struct folio *folio)
{
	struct rl_folio now;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	unmap_mapping_pages(folio->mapping, folio->index, folio_nr_pages(folio), false);
	now = hf_netfs_folio(folio);
	if (!rl_may_undefine(&now) || folio_maybe_dma_pinned(folio))
		return false;
	folio_clear_uptodate(folio);
	return true;
}

static bool undefine_if_there(struct address_space *mapping, struct folio *folio)
{
	bool fine = true;

	folio_lock(folio);
	if (folio->mapping == mapping) {
		folio_wait_writeback(folio);
		fine = hf_netfs_undefine(folio);
	}
	folio_unlock(folio);
	return fine;
}

static bool undefine_range(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	struct folio_batch batch;
	bool fine = true;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &first, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			fine &= undefine_if_there(mapping, batch.folios[i]);
		folio_batch_release(&batch);
		cond_resched();
	}
	return fine;
}

/*
 * Nothing that is cached of a range is believed any more.
 *
 * Context: may sleep, for folios and their write-back; no folio is locked.
 * Return: whether that is so; if not, a folio stays that was stored to.
 */
bool hf_netfs_forget(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	return !invalidate_inode_pages2_range(mapping, first, last) ||
	       undefine_range(mapping, first, last);
}

/*
 * After a write past the cache.  What was cached meanwhile, by a fault or a read, is from
 * before; of all that was sent, for what failed may have been written.
 */
void hf_netfs_forget_written(struct inode *inode, loff_t pos, size_t len)
{
	struct address_space *mapping = inode->i_mapping;

	if (len && mapping->nrpages &&
	    !hf_netfs_forget(mapping, pos >> PAGE_SHIFT, hf_netfs_last(pos, len) >> PAGE_SHIFT))
		hf_netfs_count(stale_left);
}
