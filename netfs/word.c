// SPDX-License-Identifier: GPL-2.0-only
/*
 * folio->private: the word that says which bytes are dirty (I3).  It is changed by
 * cmpxchg, for ->dirty_folio() comes without the folio's lock, of pages that are
 * pinned or under a page table's lock, and may find no private attached.  PG_private
 * with its reference is set and cleared under the folio's lock, and only says that
 * the kernel is to ask before it drops or moves the folio.
 */
#include <linux/writeback.h>

#include "netfs.h"

static rl_word word_of(struct folio *folio)
{
	return (rl_word)READ_ONCE(folio->private);
}

/* What the core is to know of a folio, whose lock is held. */
struct rl_folio hf_netfs_folio(struct folio *folio)
{
	return (struct rl_folio) {
		.word = word_of(folio),
		.size = folio_size(folio),
		.dirty = folio_test_dirty(folio),
		.uptodate = folio_test_uptodate(folio),
	};
}

/* Before the first bytes are written here, under the folio's lock. */
void hf_netfs_word_attach(struct folio *folio)
{
	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	if (folio_test_private(folio))
		return;
	folio_get(folio);
	folio_set_private(folio);
}

static void word_detach(struct folio *folio)
{
	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);
	WRITE_ONCE(folio->private, NULL);
	if (!folio_test_private(folio))
		return;
	folio_clear_private(folio);
	folio_put(folio);
}

/* Return: false if it is another word by now. */
bool hf_netfs_word_change(struct folio *folio, rl_word from, rl_word to)
{
	return cmpxchg(&folio->private, (void *)from, (void *)to) == (void *)from;
}

/* Write-back takes the word, after the dirty mark. */
rl_word hf_netfs_word_take(struct folio *folio)
{
	return (rl_word)xchg(&folio->private, NULL);
}

/*
 * ->dirty_folio: somebody has stored to it, or may.  Without the folio's lock: so
 * nothing is attached here, and the word comes before the mark.
 */
bool hf_netfs_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	rl_word word;

	do
		word = word_of(folio);
	while (!hf_netfs_word_change(folio, word, word | RL_WORD_WHOLE));
	return filemap_dirty_folio(mapping, folio);
}

#ifdef CONFIG_MIGRATION
/*
 * The word goes with the bytes.  Without one there is nothing to carry, and the kernel
 * would leave the private's reference behind.
 */
int hf_netfs_migrate_folio(struct address_space *mapping, struct folio *to,
			   struct folio *from, enum migrate_mode mode)
{
	if (!word_of(from))
		word_detach(from);
	return filemap_migrate_folio(mapping, to, from, mode);
}
#endif

/* A folio with a word is not split, and is dropped when it is clean. */
bool hf_netfs_release_folio(struct folio *folio, gfp_t gfp)
{
	if (folio_test_dirty(folio) || folio_test_writeback(folio))
		return false;
	word_detach(folio);
	return true;
}

/* Bytes are dropped; of all of them the kernel takes the dirty mark afterwards. */
void hf_netfs_invalidate_folio(struct folio *folio, size_t offset, size_t length)
{
	struct rl_span span = { offset, offset + length };
	struct rl_folio now;

	if (offset == 0 && length == folio_size(folio)) {
		word_detach(folio);
		return;
	}
	do
		now = hf_netfs_folio(folio);
	while (now.dirty && !hf_netfs_word_change(folio, now.word, rl_word_clip(&now, span)));
}
