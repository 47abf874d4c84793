// SPDX-License-Identifier: GPL-2.0-only
/* The simulation: see sim_world.hpp for what it checks. */
#include <gtest/gtest.h>

#include "sim_kinds.hpp"
#include "../random.hpp"

namespace {

using netfs_world::options_of;

void run(uint32_t kind, unsigned int count = 60)
{
	uint64_t events = 0;

	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		netfs_world::world w(options_of(kind), from);

		for (int round = 0; round < 3; round++) {
			for (int i = 0; i < 1000; i++)
				w.step();
			w.quiesce();
		}
		events += w.events;
	});
	std::printf("%llu events\n", (unsigned long long)events);
}

} // namespace

/* Another client writes bytes between ours. */
TEST(NetfsSimulation, Shared) { run(netfs_world::SHARED); }

/* It truncates as well. */
TEST(NetfsSimulation, TruncatedByAnother) { run(netfs_world::TRUNCATED); }

/* Nobody else: ranges are widened, folios mapped. */
TEST(NetfsSimulation, OursAlone) { run(netfs_world::OURS); }

/* Errors that end it, kills, dead sessions. */
TEST(NetfsSimulation, Errors) { run(netfs_world::ERRORS); }

/* A server that does not answer, and a soft mount. */
TEST(NetfsSimulation, Silent) { run(netfs_world::SILENT); }

/* A short read is the end of the file; limits that are no powers of two. */
TEST(NetfsSimulation, ShortIsEof) { run(netfs_world::LARGE); }

/* A run in which nothing of the kind happens proves nothing. */
TEST(NetfsSimulation, MeetsEverything)
{
	reach::counts().clear();
	for (uint32_t kind = 0; kind < netfs_world::NR_KINDS; kind++)
		run(kind, 80);
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ NETFS_REACH }, 5), "");
}
