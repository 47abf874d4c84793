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
 * what nobody will read again: doomed, or outdated.
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
	return (entry.doomed || entry.outdated) && !entry.stuck;
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
		if (is_waste(a) != is_waste(b))
			return is_waste(a);
		if (a.last_use != b.last_use)
			return a.last_use < b.last_use;
		return a.number < b.number;
	}
};

using keys = hf::tree<by_key>;
using ages = hf::tree<by_age>;

} // namespace rc

#endif /* HF_NETFS_CACHE_INDEX_HPP */
