// SPDX-License-Identifier: GPL-2.0-only
/* The table of tags against its model, at random. */
#include <gtest/gtest.h>

#include "table_world.hpp"
#include "../random.hpp"

namespace {

using table_world::options;

void run(unsigned int count, options o, bool any = false)
{
	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		options mine = o;

		if (any) {
			mine.slots = TC_SLOTS_LEAST + from.pick(30);
			mine.times = { from.pick(3) * 40, from.pick(3) * 40 };
			mine.hostile = from.pick(2);
		}
		table_world::world w(mine);

		for (int i = 0; i < 1500; i++)
			w.step(from);
		w.end(from);
	});
}

} // namespace

TEST(ClientTableRandom, Everything)
{
	reach::counts().clear();
	run(300, {});
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ TABLE_REACH }, 40), "");
}

/* By which it is shown that a tag is never used too early. */
TEST(ClientTableRandom, AnHonestServer)
{
	reach::counts().clear();
	run(300, { .hostile = false });
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ { "answered", 0 }, { "left", 3 }, { "discarded", 1 } }, 100), "");
	EXPECT_GE(reach::counts()["answered 2"], 100u);
	EXPECT_EQ(reach::counts()["answered 3"], 0u);
}

/* Nobody leaves, nothing is late: whoever waits for a tag gets one. */
TEST(ClientTableRandom, PatientCallers)
{
	run(100, { .times = { 0, 0 }, .hostile = false, .patient = true });
}

TEST(ClientTableRandom, AnyWorld)
{
	run(300, {}, true);
}
