// SPDX-License-Identifier: GPL-2.0-only
/* The session core against its model, at random. */
#include <gtest/gtest.h>

#include "session_reach.hpp"
#include "session_world.hpp"
#include "../random.hpp"

namespace {

using session_world::options;

void run(unsigned int count, options o, bool any = false)
{
	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		options mine = o;

		if (any) {
			mine.limits = { from.pick(12), from.pick(12), from.pick(8) };
			mine.tags = 1 + from.pick(12);
			mine.numbers = 1 + from.pick(6);
		}
		session_world::world w(mine);

		for (int i = 0; i < 1000; i++)
			w.step(from);
		w.end(from);
	});
}

/* The first run in which everything comes is asked for everything. */
void expect_all()
{
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ SESSION_REACH }, 40), "");
	for (int says : { NS_FID_OK, NS_FID_BUSY, NS_FID_OPENED, NS_FID_CLUNKED })
		EXPECT_GE(reach::counts()["claim " + std::to_string(says)], 50u) << says;
}

} // namespace

TEST(SessionRandom, Everything)
{
	reach::counts().clear();
	run(400, {});
	expect_all();
}

/* Messages and flushes alone, more of them, by a client that breaks no rule. */
TEST(SessionRandom, FlushesOfAnHonestClient)
{
	reach::counts().clear();
	run(400, { .limits = { 16, 12, 1 }, .tags = 16, .fids = false, .hostile = false });
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ { "answered", 1 }, { "flushes", 2 }, { "waking", 2 } }, 1000), "");
	EXPECT_EQ(reach::counts()["begun 9"], 0u) << "a tag was not free when its reply was queued";
}

/* It has other limits each time. */
TEST(SessionRandom, AnyWorld)
{
	run(400, {}, true);
}

TEST(FidsRandom, ManyForFewRequests)
{
	reach::counts().clear();
	run(400, { .limits = { 6, 3, 12 }, .tags = 5, .numbers = 12, .hostile = false });
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ { "claim", 0 }, { "clunk in use", 1 }, { "wake on", 1 },
				   { "put", 1 } }, 50), "");
}
