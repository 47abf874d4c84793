// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who writes back: the open fid of one who has written.
 *
 * A file that is dirty has one, the writer's; it outlives his close, until all is
 * written.  Another user's bytes go by a fid of his: first what is there is written.
 * (A store into a mapping that is under way meanwhile may go by the other's; both may
 * write the file.)
 *
 * It goes when the last file that may write is closed, or the last write-back after
 * that ends, whichever is later: from then on nothing becomes dirty.  Both look under
 * fid_lock, after what they have to say is visible: the files' number, the tags of the
 * page cache.
 */
#include <linux/pagemap.h>

#include "fid.h"

/* Return: whether @fid's user is the writer now. */
static bool take_turn(struct inode *inode, struct hf9c_fid *fid, struct hf9c_fid **old)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool ours;

	*old = NULL;
	spin_lock(&fid->hs->fid_lock);
	if (hi->writer && !uid_eq(hi->writer->uid, fid->uid) && !hf_netfs_dirty(inode)) {
		*old = hi->writer;
		hi->writer = NULL;
	}
	if (!hi->writer)
		hi->writer = hf9c_fid_get(fid);
	ours = uid_eq(hi->writer->uid, fid->uid);
	spin_unlock(&fid->hs->fid_lock);
	return ours;
}

/**
 * hf9c_writer_set - the file is going to become dirty
 * @inode: the file
 * @fid: of who writes, open for writing
 *
 * Context: may sleep, and wait for write-back; no folio is locked.
 * Return: 0; -EINTR: killed while another user's bytes were written.
 */
int hf9c_writer_set(struct inode *inode, struct hf9c_fid *fid)
{
	struct hf9c_fid *old;

	while (!take_turn(inode, fid, &old)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		/* Its errors are the other's, who is told of them. */
		filemap_fdatawrite(inode->i_mapping);
		filemap_fdatawait_keep_errors(inode->i_mapping);
	}
	if (old)
		hf9c_fid_put(old);
	return 0;
}

/**
 * hf9c_writer_get - what write-back goes by
 * @inode: the file
 *
 * Context: a folio may be locked.
 * Return: to be put; or NULL if nobody has written.
 */
struct hf9c_fid *hf9c_writer_get(struct inode *inode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct hf9c_fid *fid;

	spin_lock(&hs->fid_lock);
	fid = hi->writer;
	if (fid)
		hf9c_fid_get(fid);
	spin_unlock(&hs->fid_lock);
	return fid;
}

/* @closed: files that may write and are closed now. */
static void let_go(struct inode *inode, unsigned int closed)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct hf9c_fid *fid = NULL;

	spin_lock(&hs->fid_lock);
	hi->writers -= closed;
	if (!hi->writers && !hf_netfs_dirty(inode)) {
		fid = hi->writer;
		hi->writer = NULL;
	}
	spin_unlock(&hs->fid_lock);
	if (fid)
		hf9c_fid_put(fid);
}

/**
 * hf9c_writer_opened - a file was opened for writing
 * @inode: what
 */
void hf9c_writer_opened(struct inode *inode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);

	spin_lock(&hs->fid_lock);
	hf9c_inode(inode)->writers++;
	spin_unlock(&hs->fid_lock);
}

/**
 * hf9c_writer_closed - a file that was opened for writing is closed
 * @inode: what
 */
void hf9c_writer_closed(struct inode *inode)
{
	let_go(inode, 1);
}

/**
 * hf9c_writer_settle - a write-back has ended
 * @inode: of what
 */
void hf9c_writer_settle(struct inode *inode)
{
	let_go(inode, 0);
}

/**
 * hf9c_writer_drop - nothing is written any more
 * @inode: evicted
 */
void hf9c_writer_drop(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);

	if (hi->writer)
		hf9c_fid_put(hi->writer);
	hi->writer = NULL;
}
