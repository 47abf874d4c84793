/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Past the request layer: for a filesystem that has another way to the server's bytes.
 * Between the first call and the second it reads or writes; hf_netfs_resize() and
 * hf_netfs_change() are to be kept out meanwhile: by i_rwsem, shared, or by
 * inode_dio_begin() under it.
 */
#ifndef HOLDFAST_NETFS_ASIDE_H
#define HOLDFAST_NETFS_ASIDE_H

#include <holdfast/netfs.h>

/**
 * hf_netfs_pin - keep a program's memory where it is
 * @pinned: filled; also on failure, for hf_netfs_unpin()
 * @from: user-backed; goes on behind what is pinned
 * @len: bytes, of which the first 16 MiB or so
 * @iter: set to them
 *
 * Context: may sleep, and fault: for as long as a program likes.
 * Return: bytes; -ENOMEM, -EFAULT.
 */
ssize_t hf_netfs_pin(struct hf_netfs_pinned *pinned, struct iov_iter *from, size_t len,
		     struct iov_iter *iter);

/**
 * hf_netfs_unpin - the end of hf_netfs_pin()
 * @pinned: nothing, then
 * @filled: it was written to: its pages are dirty
 *
 * Context: may sleep.
 */
void hf_netfs_unpin(struct hf_netfs_pinned *pinned, bool filled);

/**
 * hf_netfs_aside_read - before bytes are read in another way
 * @inode: of what
 * @pos: the first byte
 * @len: how many
 *
 * What is dirty there is written back.
 *
 * Context: may sleep; i_rwsem, shared at the least; no folio is locked.
 * Return: 0, or why that failed.
 */
int hf_netfs_aside_read(struct inode *inode, loff_t pos, size_t len);

/**
 * hf_netfs_aside_was_read - bytes were read in another way
 * @inode: of what
 * @pos: the first byte
 * @bytes: how many
 * @eof: the server's file has none behind them
 *
 * Sizes that this shows to be others than are known here are asked for when they are wanted.
 *
 * Context: any but interrupts.
 */
void hf_netfs_aside_was_read(struct inode *inode, loff_t pos, size_t bytes, bool eof);

/**
 * hf_netfs_aside_write - before bytes are written in another way
 * @inode: to what
 * @pos: the first byte; negative: at the end, wherever that is
 * @len: how many
 *
 * What is cached there is written back and dropped.  If this succeeds
 * hf_netfs_aside_written() follows.
 *
 * Context: as hf_netfs_aside_read().
 * Return: 0; why the write-back failed; -EBUSY: pages stay that somebody stores to all the
 * time: through the cache, please.
 */
int hf_netfs_aside_write(struct inode *inode, loff_t pos, size_t len);

/**
 * hf_netfs_aside_written - bytes were written in another way
 * @inode: to what
 * @pos: the first byte
 * @len: how many were to be
 * @written: how many were, from @pos on; or an error
 *
 * i_size follows; what was cached meanwhile goes.
 *
 * Context: may sleep, for folios; none is locked.
 */
void hf_netfs_aside_written(struct inode *inode, loff_t pos, size_t len, ssize_t written);

#endif /* HOLDFAST_NETFS_ASIDE_H */
