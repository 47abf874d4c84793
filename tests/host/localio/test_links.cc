// SPDX-License-Identifier: GPL-2.0-only
/* The state core of localio: each rule by itself, all interleavings, and at random. */
#include <gtest/gtest.h>

#include <unordered_set>

#include "link_world.hpp"
#include "../random.hpp"

extern "C" const char *links_from_c(void);

namespace {

using namespace link_world;

/* What a world is after some moves, from the start. */
std::unique_ptr<link_world::world> after(const options &o, const std::vector<move> &made)
{
	auto w = std::make_unique<link_world::world>(o);

	for (const move &m : made)
		w->make(m);
	w->made();
	return w;
}

/*
 * Every order of the moves, up to @depth after @first; from where that ends, and from
 * wherever nothing is left to choose, to the end.  A world that was met before is not
 * looked at again.
 */
struct every {
	options opt;
	size_t worlds = 0, ends = 0;
	std::unordered_set<std::string> met = {};

	void look(std::vector<move> &made, size_t depth_left)
	{
		auto w = after(opt, made);

		if (!met.insert(w->key()).second)
			return;
		worlds++;
		std::vector<move> next = w->moves();

		if (next.empty() || !depth_left) {
			ends++;
			w->finish();
			return;
		}
		w.reset();
		for (const move &m : next) {
			made.push_back(m);
			look(made, depth_left - 1);
			made.pop_back();
		}
	}
};

} // namespace

TEST(Links, Border)
{
	EXPECT_EQ(links_from_c(), nullptr);
}

/* Two connections present one id; the second is nobody's, the first of the wrong one. */
TEST(Links, AnIdIsAnsweredOnce)
{
	const lo_secret id { { 1, 2 } }, answer { { 3, 4 } }, other { { 3, 5 } };
	lo_registry registry {};
	lo_server server {};
	lo_client client {};
	lo_link thief {}, right {}, *kill;
	int a, b;

	ASSERT_TRUE(lo_server_start(&server));
	ASSERT_EQ(lo_client_begin(&registry, &client, &id, 0, 5000), LO_SAY);
	EXPECT_EQ(lo_attach(&registry, &server, &id, &thief, &a, &answer), LO_ATTACHED);
	EXPECT_EQ(lo_attach(&registry, &server, &id, &right, &b, &other), LO_NO_SUCH_ID);
	EXPECT_EQ(right.state, LO_FREE);
	EXPECT_EQ(lo_client_end(&client, &other, &kill), LO_WRONG_ANSWER);
	EXPECT_EQ(kill, &thief);
	EXPECT_EQ(client.link, nullptr);
	EXPECT_EQ(lo_client_begin(&registry, &client, &id, 4999, 5000), LO_NOT_NOW);
	EXPECT_EQ(lo_client_begin(&registry, &client, &other, 5000, 5000), LO_SAY);
}

/* A client that has a file open, and does nothing at all. */
TEST(Links, AStopNeedsNoClient)
{
	const lo_secret id { { 1, 2 } }, answer { { 3, 4 } };
	lo_registry registry {};
	lo_server server {};
	lo_client client {}, *whose;
	lo_link link {}, *kill;
	lo_file file, *closing;
	int session;

	ASSERT_TRUE(lo_server_start(&server));
	ASSERT_EQ(lo_client_begin(&registry, &client, &id, 0, 5000), LO_SAY);
	ASSERT_EQ(lo_attach(&registry, &server, &id, &link, &session, &answer), LO_ATTACHED);
	ASSERT_EQ(lo_client_end(&client, &answer, &kill), LO_USABLE);
	ASSERT_TRUE(lo_file_add(&link, &file));
	ASSERT_TRUE(lo_server_stop(&server));
	EXPECT_EQ(lo_server_end_link(&server, nullptr, &whose), &link);
	EXPECT_TRUE(lo_link_released(&link));
	EXPECT_EQ(lo_link_step(&link, &closing), LO_STEP_CLOSE);
	EXPECT_EQ(closing, &file);
	EXPECT_EQ(lo_link_step(&link, &closing), LO_STEP_INVALID) << "it is being closed";
	EXPECT_FALSE(lo_link_closed(&link, &file)) << "the client has it still";
	EXPECT_EQ(lo_link_step(&link, &closing), LO_STEP_SESSION);
	EXPECT_EQ(lo_link_step(&link, &closing), LO_STEP_COUNT);
	EXPECT_FALSE(lo_server_drained(&server));
	EXPECT_TRUE(lo_link_counted(&link));
	EXPECT_TRUE(lo_server_drained(&server));
	EXPECT_EQ(client.generation, 1u);
	EXPECT_EQ(lo_file_leave(&file, false), LO_LEAVE_FREE);
	EXPECT_EQ(lo_file_leave(&file, false), LO_LEAVE_INVALID);
}

namespace {

/* All that can happen to two clients while a server starts and stops. */
void orders(const options &o, size_t depth, size_t least)
{
	every e { .opt = o };
	std::vector<move> none;

	e.look(none, depth);
	std::printf("%zu worlds, of which %zu are the last\n", e.worlds, e.ends);
	EXPECT_GT(e.worlds, least);
	EXPECT_GT(e.ends, 0u);
}

constexpr op hello = op::none;
constexpr size_t to_the_end = 99;

} // namespace

TEST(LinkOrders, FromNothing)
{
	orders({ .scripts = { { hello, op::open }, { hello } }, .stops = 1 }, to_the_end, 1000);
}

TEST(LinkOrders, OpenAndClose)
{
	orders({ .scripts = { { hello, op::open, op::close }, { hello } },
		 .before = { 1, 1 }, .stops = 1 }, to_the_end, 1000);
}

TEST(LinkOrders, UseAndClose)
{
	orders({ .scripts = { { hello, op::open, op::use }, { hello, op::open, op::close } },
		 .before = { 2, 2 }, .stops = 1 }, to_the_end, 1000);
}

/* Up to a depth: what has two clients do everything, and the server come back. */
TEST(LinkOrders, AndAgain)
{
	orders({ .scripts = { { hello, op::open, op::use, op::close, hello, op::open },
			      { hello, op::open, op::close } },
		 .before = { 2, 1 }, .stops = 2 }, 18, 1000);
}

namespace {

void run(unsigned int count, options o)
{
	rnd::seeds(count, [&](rnd::generator &from, uint64_t) {
		link_world::world w(o);

		w.from = &from;
		for (int i = 0; i < 1200; i++)
			w.turn();
		w.finish();
	});
}

} // namespace

TEST(LinkRandom, Everything)
{
	reach::counts().clear();
	run(150, { .clients = 3, .attacker = true, .faults = true, .wait = 20 });
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ LINK_REACH }, 20), "");
}

TEST(LinkRandom, TwoClients)
{
	run(150, {});
}
