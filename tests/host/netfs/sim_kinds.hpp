/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of world, and what runs of all of them have to meet. */
#ifndef HF_TESTS_NETFS_KINDS_HPP
#define HF_TESTS_NETFS_KINDS_HPP

#include "sim_world.hpp"

#define NETFS_REACH                                                              \
	{ "added", 1 }, { "around", 1 }, { "attributes", 4 }, { "fate of read", 1 }, \
	{ "fate of write", 1 }, { "growth", 0 },  \
	{ "copied", 2 }, { "credit", 1 }, { "grown", 1 }, { "issued in kind", 3 },             \
	{ "resized", 2 }, { "write", 2 }, { "cancel", 1 }, { "why", 1 },             \
	{ "why of time", 0 }, { "undefined", 1 }

namespace netfs_world {

enum { SHARED, TRUNCATED, OURS, ERRORS, SILENT, LARGE, NR_KINDS };

inline options options_of(uint32_t kind)
{
	switch (kind) {
	case TRUNCATED:
		return { .truncated = true };
	case OURS:
		return { .foreign = false, .ours_alone = true, .mapped = true };
	case ERRORS:
		return { .mapped = true, .fatal = true };
	case SILENT:
		return { .truncated = true, .fatal = true, .silent = true, .timeo = 100 };
	case LARGE:
		return { .rsize = 200, .wsize = 90, .mapped = true, .flags = RL_SHORT_IS_EOF };
	default:
		return {};
	}
}

} // namespace netfs_world

#endif /* HF_TESTS_NETFS_KINDS_HPP */
