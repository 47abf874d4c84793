/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mount has read, kept in a directory of a local filesystem: for a filesystem on the
 * request layer whose server tells versions.  Documentation/netfs-cache.md has what is
 * promised, and what the server has to be good for.
 *
 * The filesystem says what is opened and closed, and each version that it hears of; the
 * layer reads, fills and vouches.
 */
#ifndef HOLDFAST_NETFS_CACHE_H
#define HOLDFAST_NETFS_CACHE_H

#include <holdfast/netfs.h>

/**
 * struct hf_netfs_version - one version of a file, all of it from one answer
 * @identity: the export's own bytes; all zero: not known
 * @path: the file's number
 * @generation: of that number; 0: not known
 * @version: of the content; 0: not known
 * @size: bytes
 * @mtime_sec: s
 * @mtime_nsec: 0 to 999,999,999
 * @changed: the later one of mtime and ctime, s
 * @known: ms of ktime_get(), when this version was told first, of what the filesystem knows of
 *	the file; 0: long ago, or the server says that no two contents have had it.  Only for
 *	hf_netfs_cache_open()
 */
struct hf_netfs_version {
	u8 identity[16];
	u64 path, generation, version, size;
	s64 mtime_sec;
	u32 mtime_nsec;
	s64 changed;
	u64 known;
};

/**
 * struct hf_netfs_cache_limits - how much a directory may hold
 * @bytes: allocated, 16 MiB at the least; 0: a fifth of its filesystem
 * @objects: files, 16 at the least; 0: 100,000
 */
struct hf_netfs_cache_limits {
	u64 bytes;
	u64 objects;
};

/**
 * hf_netfs_cache_attach - a mount uses a directory
 * @mount: after hf_netfs_mount(), before any of its files is opened; hf_netfs_unmount()
 *	is the end of it
 * @directory: an absolute path, which is looked up as by the caller
 * @limits: the same for all of its mounts
 * @why: set with an error: what is wrong, in words
 *
 * Context: may sleep, for the directory's filesystem too.
 * Return: 0; -EINVAL: it is not root's alone (0700), or its filesystem is stacked or cannot
 * be used; -EBUSY: another kernel uses it, or other limits are in use; what looking it up
 * has said; -EINTR; -ENOMEM.
 */
int hf_netfs_cache_attach(struct hf_netfs_mount *mount, const char *directory,
			  const struct hf_netfs_cache_limits *limits, const char **why);

/**
 * hf_netfs_cache_sample - before a version is looked up that is given to an open
 * @inode: of what
 *
 * Whatever makes that version another one, a write here or hf_netfs_cache_seen(), makes the
 * sample old.
 *
 * Context: any.
 */
u32 hf_netfs_cache_sample(const struct inode *inode);

/**
 * hf_netfs_cache_open - a regular file was opened
 * @inode: which
 * @version: as the newest answer that was taken tells it; NULL if there is none, or if what is
 *	in the file may change without another version: somebody may have it open for writing
 *	at the server
 * @sample: hf_netfs_cache_sample(), in the same hold of i_lock as @version, or before
 *
 * Waits for what is on disk already, a fifth of a second at the most.
 *
 * Context: may sleep; no folio is locked.  On a mount without a cache it does nothing.
 */
void hf_netfs_cache_open(struct inode *inode, const struct hf_netfs_version *version,
			 u32 sample);

/**
 * hf_netfs_cache_close - it was closed: once for each hf_netfs_cache_open()
 * @inode: which
 *
 * Context: process.
 */
void hf_netfs_cache_close(struct inode *inode);

/**
 * hf_netfs_cache_seen - the server has told a version
 * @inode: of what
 * @version: which; NULL: none
 *
 * Of another one nothing is believed any more.  After the filesystem itself has forgotten
 * what it knew of the version, and before what is cached in memory is dropped.
 *
 * Context: any but interrupts.
 */
void hf_netfs_cache_seen(struct inode *inode, const struct hf_netfs_version *version);

/**
 * hf_netfs_cache_lost - the connection is lost
 * @mount: whose
 *
 * The server may come back with less than it has sent.  Before anything is asked of it by
 * another connection.  It kills all objects of the directory that are in use.
 *
 * Context: process.
 */
void hf_netfs_cache_lost(struct hf_netfs_mount *mount);

/* A question on its way: whose version hf_netfs_ops.version() asks for.  The layer's. */
struct hf_netfs_asked;

/**
 * hf_netfs_cache_answer - the answer to hf_netfs_ops.version()
 * @asked: of that
 * @version: what the server says; NULL: nothing, or not of this file
 *
 * Context: process, GFP_NOFS, or a workqueue's; waits for nothing.
 */
void hf_netfs_cache_answer(struct hf_netfs_asked *asked, const struct hf_netfs_version *version);

#endif /* HOLDFAST_NETFS_CACHE_H */
