// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that go to the server, or come from it, past the request layer: the filesystem has
 * another way.  To the cache and the sizes it is what direct I/O is: what is cached of the
 * range is written back before, and for a write dropped before and after; a size that is
 * asked for beside a write is not believed.
 */
#include "netfs.h"

/* Of the range, and of all that follows if the server would say that the file ends before. */
static int write_back(struct inode *inode, loff_t pos, loff_t last)
{
	if (!hf_netfs_dirty(inode))
		return 0;
	spin_lock(&inode->i_lock);
	if (hf_netfs_inode(inode)->sizes.server <= last)
		last = LLONG_MAX;
	spin_unlock(&inode->i_lock);
	return hf_netfs_flush(inode, pos, last);
}

/* Nothing is cached, as a rule. */
static bool forget(struct inode *inode, loff_t from, loff_t last)
{
	return !inode->i_mapping->nrpages ||
	       hf_netfs_forget(inode->i_mapping, from >> PAGE_SHIFT, last >> PAGE_SHIFT);
}

int hf_netfs_aside_read(struct inode *inode, loff_t pos, size_t len)
{
	lockdep_assert_held(&inode->i_rwsem);
	return write_back(inode, pos, hf_netfs_last(pos, len));
}
EXPORT_SYMBOL_GPL(hf_netfs_aside_read);

/* Sizes that differ from what is known leave a doubt, as with any answer. */
void hf_netfs_aside_was_read(struct inode *inode, loff_t pos, size_t bytes, bool eof)
{
	struct hf_netfs_inode *ni = hf_netfs_inode(inode);
	loff_t end = pos + bytes, size = i_size_read(inode);
	struct rl_result result = {
		.extent = bytes ? end : 0, .eof = eof ? end : RL_SIZE_MAX,
	};

	if (result.extent <= size && result.eof >= size)
		return;
	spin_lock(&inode->i_lock);
	rl_size_read(&ni->sizes, &result, hf_netfs_dirty(inode));
	spin_unlock(&inode->i_lock);
}
EXPORT_SYMBOL_GPL(hf_netfs_aside_was_read);

/*
 * Behind the end, in the folio that has it, may be what was stored through a mapping, and
 * counts no more when the file reaches there: it goes as well.
 */
static loff_t first_of(struct inode *inode, loff_t pos)
{
	return min(pos, i_size_read(inode));
}

int hf_netfs_aside_write(struct inode *inode, loff_t pos, size_t len)
{
	bool append = pos < 0;
	loff_t from = append ? i_size_read(inode) : first_of(inode, pos);
	loff_t last = append ? LLONG_MAX : hf_netfs_last(pos, len);
	int ret;

	lockdep_assert_held(&inode->i_rwsem);
	ret = write_back(inode, append ? 0 : from, last);
	if (ret)
		return ret;
	if (!forget(inode, from, last))
		return -EBUSY;
	hf_netfs_write_begins(hf_netfs_inode(inode));
	return 0;
}
EXPORT_SYMBOL_GPL(hf_netfs_aside_write);

void hf_netfs_aside_written(struct inode *inode, loff_t pos, size_t len, ssize_t written)
{
	struct rl_result result = {
		.extent = written > 0 ? pos + written : 0, .eof = RL_SIZE_MAX,
		.why = written < 0 ? RL_WHY_SERVER : RL_WELL,
	};

	hf_netfs_sizes_written(hf_netfs_inode(inode), &result);
	hf_netfs_forget_written(inode, pos, len);
}
EXPORT_SYMBOL_GPL(hf_netfs_aside_written);
