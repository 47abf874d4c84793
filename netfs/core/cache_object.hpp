/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of an object of the cache on disk.
 *
 *	looking -> ready	rc_object_opened(): its bits are known
 *	looking -> none		rc_object_opened(): there is no file
 *	looking, ready, none -> dead	rc_kill(), a header, an error
 *	ready, none, dead -> gone	rc_object_end(): nothing in flight, no user
 *
 * A granule is in one of these, by four maps:
 *
 *	empty -> filling	rc_fill_begin()
 *	filling -> here		rc_fill_end(), if all of it was written and the object lives
 *	filling -> empty	rc_fill_end() otherwise
 *	here -> syncing		rc_commit_begin()
 *	syncing -> vouched	rc_commit_written()
 *	syncing -> here		a commit that is given up
 *
 * where here, syncing and vouched are all in the map `here'.  A fifth map has what is owed,
 * and is empty: all of it has come, and nobody could take it yet.  What follows:
 *
 *  - A granule is written to only while it is filling: by one writer at a time, and never
 *    again once it is here.  So nothing that a header on disk vouches for is ever written
 *    to, be that header the newest one, one in flight, or one that may have failed.
 *  - A header has the granules that were here before an fsync began that has succeeded.
 *  - What is filling when the object dies never comes to be here, and a dead object begins
 *    no fill and no header; so bytes that were not the version's are in no map.
 *  - An object that has died after an error is never opened again, but removed: what its
 *    file has in the page cache and on disk may be two things.
 *
 * A slot is written only after an fsync of the same file, which the slot written before it
 * has reached the disk with: so of the two one is whole, always.
 */
#ifndef HF_NETFS_CACHE_OBJECT_HPP
#define HF_NETFS_CACHE_OBJECT_HPP

#include "cache.hpp"
#include "netfs_cache_object.h"

namespace rc {

struct maps {
	uint64_t *filling, *here, *syncing, *vouched, *owed;
	uint32_t words;
};

[[nodiscard]] inline uint32_t granules(const rc_object &object)
{
	return rc_granules(object.key.size);
}

[[nodiscard]] inline maps maps_of(const rc_object &object)
{
	uint32_t words = words_of(granules(object));
	/* Of a file so small they are in it, wherever it was moved to. */
	uint64_t *bits = object.bits ? object.bits : const_cast<uint64_t *>(object.own);

	return { bits, bits + words, bits + 2 * words, bits + 3 * words, bits + 4 * words,
		 words };
}

/* Of places in the file. */
[[nodiscard]] inline uint32_t granule_at(const rc_object &object, int64_t pos)
{
	return static_cast<uint32_t>(pos >> rc_shift(object.key.size));
}

[[nodiscard]] inline int64_t start_of(const rc_object &object, uint32_t granule)
{
	return static_cast<int64_t>(granule) << rc_shift(object.key.size);
}

[[nodiscard]] inline int64_t size_of(const rc_object &object)
{
	return static_cast<int64_t>(object.key.size);
}

[[nodiscard]] inline int64_t end_of(const rc_object &object, uint32_t granule)
{
	int64_t end = start_of(object, granule + 1);

	return end < size_of(object) ? end : size_of(object);
}

/* cache_object.cc: it is alive, and the cache's filesystem has failed. */
void failed(rc_object &object, rc_why why);
/* cache_fill.cc: what is here is not owed. */
void forgive_here(rc_object &object);
/* cache_commit.cc: a header that is under way will not be. */
void give_up(rc_object &object);

} // namespace rc

#endif /* HF_NETFS_CACHE_OBJECT_HPP */
