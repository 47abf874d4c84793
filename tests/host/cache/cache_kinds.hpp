/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of world that the random tests and the fuzzer run. */
#ifndef HF_TESTS_CACHE_KINDS_HPP
#define HF_TESTS_CACHE_KINDS_HPP

#include "cache_world.hpp"

namespace cache_world {

enum kind : uint32_t { CALM = 0, WRITTEN, ERRORS, REFUSALS, LARGE, NR_KINDS };

inline options options_of(uint32_t kind)
{
	switch (kind % NR_KINDS) {
	case CALM:
		return { .writers = false, .old = true };
	case WRITTEN:
		return {};
	case ERRORS:
		return { .size = 3 * 65536, .errors = true, .old = true };
	case REFUSALS:
		return { .refusals = true, .writers = false };
	default:
		return { .size = 300 * 65536 + 1, .errors = true, .writers = false, .old = true,
			 .slow = true };
	}
}

} // namespace cache_world

#endif /* HF_TESTS_CACHE_KINDS_HPP */
