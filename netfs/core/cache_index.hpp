/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the index of a cache's directory.
 *
 *	out -> used		rc_index_open(), of a new one
 *	out -> idle		rc_index_scan()
 *	idle -> used		rc_index_open()
 *	used -> idle		rc_index_close()
 *	used -> out		rc_index_drop()
 *	idle -> leaving		rc_index_victim()
 *	leaving -> idle, out	rc_index_left()
 *	idle -> out		rc_index_pop()
 *
 * All that is not out is in the tree of keys; what is idle also in the tree of ages, so
 * that what is used is not even looked at when somebody has to go.  There the first is
 * what nobody will read again: doomed, or outdated.  What could not be removed is the last:
 * one file that cannot be unlinked keeps no other one there.
 *
 * Of the versions of a file that are not doomed one at the most is not outdated: the one
 * that was opened last, or, at the scan, was used last.
 */
#ifndef HF_NETFS_CACHE_INDEX_HPP
#define HF_NETFS_CACHE_INDEX_HPP

#include <holdfast/core/tree.hpp>

#include "cache.hpp"
#include "netfs_cache_index.h"

namespace rc {

/* Of no more use to anybody. */
[[nodiscard]] inline bool is_waste(const rc_entry &entry)
{
	return entry.doomed || entry.outdated;
}

/* In the order of ages. */
enum class rank { waste, of_use, stuck_waste, stuck };

[[nodiscard]] inline rank rank_of(const rc_entry &entry)
{
	if (entry.stuck)
		return is_waste(entry) ? rank::stuck_waste : rank::stuck;
	return is_waste(entry) ? rank::waste : rank::of_use;
}

struct by_key : hf::plain_node<rc_entry, rc_node, offsetof(rc_entry, by_key)> {
	static bool before(const rc_entry &a, const rc_entry &b)
	{
		return compare(a.key, b.key) < 0;
	}
};

struct by_age : hf::plain_node<rc_entry, rc_node, offsetof(rc_entry, by_age)> {
	static bool before(const rc_entry &a, const rc_entry &b)
	{
		if (rank_of(a) != rank_of(b))
			return rank_of(a) < rank_of(b);
		/* What is stuck by when it was tried. */
		if (a.last_use != b.last_use && !a.stuck)
			return a.last_use < b.last_use;
		return a.number < b.number;
	}
};

using keys = hf::tree<by_key>;
using ages = hf::tree<by_age>;

} // namespace rc

#endif /* HF_NETFS_CACHE_INDEX_HPP */
