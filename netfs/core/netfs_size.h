/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: the sizes of an inode.  Rules S1 to S4 are in
 * Documentation/netfs.md.
 *
 * Context of all of it: i_lock.
 */
#ifndef HF_NETFS_SIZE_H
#define HF_NETFS_SIZE_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A new inode, of which the server says @size, 0 to RL_SIZE_MAX.  False, and nothing is
 * filled, if it is negative: there is no such inode.
 */
bool rl_size_init(struct rl_sizes *sizes, int64_t size);

/* Whether the attributes want to be asked for before they are believed. */
bool rl_size_stale(const struct rl_sizes *sizes);

/* Before attributes are asked for. */
struct rl_sample rl_size_sample(const struct rl_sizes *sizes);

/**
 * rl_size_attributes - a server's attributes have come
 * @sizes: the inode's
 * @sample: rl_size_sample(), from before they were asked for
 * @server: the size in them
 * @dirty: the mapping has a folio that is dirty or under write-back
 * @change: filled for RL_SIZE_DROP and RL_SIZE_DROP_FIRST
 *
 * Rules S2 and S3.  To drop is to wait for folios that are locked, as
 * invalidate_inode_pages2_range() does: one that is being read would stay, with the bytes
 * of before.  What is not taken because it is late or busy, and is another size
 * than is known, leaves a doubt: the attributes are stale, and the next ones that are
 * taken drop the cache from the smaller end on.
 * Return: RL_SIZE_INVALID for a size that is negative.
 */
enum rl_size_says rl_size_attributes(struct rl_sizes *sizes, struct rl_sample sample,
				     int64_t server, bool dirty,
				     struct rl_size_change *change);

/**
 * rl_size_grow - the cache was dropped: now the size
 * @sizes: the inode's
 * @change: of RL_SIZE_DROP_FIRST
 * @dirty: as for rl_size_attributes()
 *
 * Return: whether i_size is now @change->size; false: something came in between, and
 * the attributes are stale.  Of a resize always true.
 */
bool rl_size_grow(struct rl_sizes *sizes, const struct rl_size_change *change, bool dirty);

/**
 * rl_size_gap - before a write behind the end
 * @sizes: the inode's
 * @pos: where the write begins
 *
 * What mmap left in the straddling folio behind the end would be seen once the file
 * has grown.  The shell zeroes the given bytes in the folio at the old end, if that is
 * uptodate, holding its lock since before it asked, and drops or zeroes uptodate folios
 * behind it, which are left of a larger file; then it copies, marks dirty, and
 * rl_size_extend()s, in this order.
 *
 * Return: the bytes; mostly none.
 */
struct rl_bytes rl_size_gap(struct rl_sizes *sizes, int64_t pos);

/* A write into the cache ends at @end, and its folio is dirty by now. */
void rl_size_extend(struct rl_sizes *sizes, int64_t end);

/* A request that writes begins: before a folio of it loses its dirty mark. */
void rl_size_write_begin(struct rl_sizes *sizes);

/**
 * rl_size_written - a request that writes has ended
 * @sizes: the inode's, after rl_size_write_begin()
 * @result: its result
 *
 * Context: RL_EXIT_SIZES.  For errors it is too late: see RL_FATE_BAD.
 * Return: false if none had begun.
 */
bool rl_size_written(struct rl_sizes *sizes, const struct rl_result *result);

/* What rl_size_...() said to drop from @from on could not be: it was dirty by then. */
void rl_size_doubt(struct rl_sizes *sizes, int64_t from);

/**
 * rl_size_read - a request that reads has ended: what it has shown of the server's size
 * @sizes: the inode's
 * @result: its result
 * @dirty: as for rl_size_attributes()
 *
 * An end that it proved, S1: bytes of ours that are not sent yet explain one before
 * i_size, none before server.  Bytes that it brought: from behind i_size, or behind
 * server while no request of ours can have put them there, they are another's, and
 * the file has grown.  Either leaves a doubt, and the attributes are stale.
 *
 * Context: RL_EXIT_SIZES.
 */
void rl_size_read(struct rl_sizes *sizes, const struct rl_result *result, bool dirty);

/**
 * rl_size_resize_begin - a resize is about to be sent
 * @sizes: the inode's; nothing is dirty or under write-back
 *
 * Return: false: wait for the requests that write.  Their folios end before their sizes
 * are in, which would make the file larger again.
 */
bool rl_size_resize_begin(struct rl_sizes *sizes);

/**
 * rl_size_resized - the server has answered a resize
 * @sizes: the inode's, after rl_size_resize_begin()
 * @size: what was asked for
 * @well: it said yes.  A failure changes no size, but leaves a doubt: it may have
 *	been a connection that died between the deed and its answer
 * @change: filled as for rl_size_attributes(); pages that are pinned may have become
 *	dirty meanwhile, and go from @change->truncate_from on: a folio that has this
 *	byte keeps what is before, rl_word_clip(), and has zeroes behind it
 *
 * Return: RL_SIZE_SAME, RL_SIZE_DROP, RL_SIZE_DROP_FIRST (rl_size_grow() ends the
 * resize) or RL_SIZE_INVALID.  For a size that is negative it has ended, as a failure.
 */
enum rl_size_says rl_size_resized(struct rl_sizes *sizes, int64_t size, bool well,
				  struct rl_size_change *change);

/* For tests and for the debug build: NULL, or a sentence that says what is wrong. */
const char *rl_size_validate(const struct rl_sizes *sizes);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_SIZE_H */
