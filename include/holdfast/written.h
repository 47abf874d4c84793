/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May somebody be changing what is in a file, without its version telling?  For a server
 * whose clients keep content by versions.
 *
 * A write(2) moves the version (the change cookie, and the ctime) once, before its first
 * byte, and then copies for as long as it likes.  A store through a shared mapping moves it
 * with the first one into a clean page, and not with those that follow.  Both have the file
 * open for writing meanwhile: who waits for a write has its struct file, and so does a
 * mapping.  So does who truncates, by get_write_access().
 *
 * Therefore, if a version was read, and after it nobody was found to have the file open for
 * writing, then either that version is that of the content as it is, and whoever comes
 * later will have moved it before his first byte; or somebody has come and gone in between
 * and has moved it, so that nobody will be told this one again.  The other way round, a
 * version that was read after the look, somebody may have come between the two, and be
 * writing still under the version that he has moved it to.
 */
#ifndef HOLDFAST_WRITTEN_H
#define HOLDFAST_WRITTEN_H

#include <linux/backing-dev.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/stat.h>

/*
 * In a request_mask and a result_mask, of a filesystem that is stacked on another: that one's
 * file may be written to.  No program can ask for it, so none is told; who has not heard of
 * it tells nothing, or (NFS, which repeats what it was asked for) yes.
 */
#define HF_STATX_WRITTEN	STATX__RESERVED

/**
 * hf_is_written - may a file be changing, without its version telling?
 * @dentry: of a regular file, whose version was read before this is called
 *
 * With an overlay a mapping has the real file open, and not the one that was mapped.  (Who
 * may write there has had all of it copied up, so its metadata's inode is its data's.)  Of
 * other stacked filesystems see HF_STATX_WRITTEN.  What has no write-back (tmpfs) is not
 * told of each store into a page that was mapped to be read before, and so moves nothing.
 *
 * Context: any.
 */
static inline bool hf_is_written(struct dentry *dentry)
{
	const struct inode *real = d_inode(d_real(dentry, D_REAL_METADATA));
	const struct inode *inode = d_inode(dentry);

	/*
	 * The version was read.  Pairs with get_write_access(), a full barrier, behind which
	 * a version is moved.
	 */
	smp_rmb();
	return inode_is_open_for_write(inode) || inode_is_open_for_write(real) ||
	       (!real->i_sb->s_stack_depth && !mapping_can_writeback(real->i_mapping));
}

#endif /* HOLDFAST_WRITTEN_H */
