// SPDX-License-Identifier: GPL-2.0-only
/* Objects of the cache on disk, at random: see cache_world.hpp for what is checked. */
#include <gtest/gtest.h>

#include "cache_kinds.hpp"
#include "../random.hpp"

namespace {

void run(uint32_t kind, unsigned int count = 40)
{
	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		cache_world::world w(cache_world::options_of(kind), from);

		for (int round = 0; round < 3; round++) {
			for (int i = 0; i < 800; i++)
				w.step();
			w.quiesce();
		}
	});
}

} // namespace

/* Nothing fails, nobody writes. */
TEST(CacheRandom, Calm) { run(cache_world::CALM); }

/*
 * Others and ourselves write; the power fails.  (So many: a write that does not lock its
 * folio is met in one of 200.)
 */
TEST(CacheRandom, Written) { run(cache_world::WRITTEN, 250); }

/* Its filesystem fails, at reads, writes, fsync. */
TEST(CacheRandom, Errors) { run(cache_world::ERRORS); }

/* It is full, frozen, read-only. */
TEST(CacheRandom, Refusals) { run(cache_world::REFUSALS); }

/* More granules than a word has bits, and larger ones. */
TEST(CacheRandom, Large) { run(cache_world::LARGE); }

/* A run in which nothing of the kind happens proves nothing. */
TEST(CacheRandom, MeetsEverything)
{
	reach::counts().clear();
	for (uint32_t kind = 0; kind < cache_world::NR_KINDS; kind++)
		run(kind, 200);
	if (rnd::repeating())
		return;
	/* (An input of the fuzzer is too short for the last one.) */
	EXPECT_EQ(reach::missing({ CACHE_REACH, { "owed while busy", 0 } }, 5), "");
}
