// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at a table in batches while it changes, as /proc/fs/holdfast/locks
 * does: what stayed is seen once, and nothing is seen twice as it was.
 */
#include <gtest/gtest.h>

#include <set>

#include "../random.hpp"
#include "world.hpp"

namespace {

using key = std::pair<int64_t, uintptr_t>;
using keys = std::set<key>;

struct records {
	static const lk_record *first(const lk_table &t) { return lk_first_record(&t); }
	static const lk_record *next(const lk_record *r) { return lk_next_record(r); }
	static key of(const lk_record *r) { return { r->start, reinterpret_cast<uintptr_t>(r) }; }

	static const lk_record *behind(const lk_table &t, key k)
	{
		return lk_record_behind(&t, k.first, k.second);
	}
};

struct waiters {
	static const lk_waiter *first(const lk_table &t) { return lk_first_waiter(&t); }
	static const lk_waiter *next(const lk_waiter *w) { return lk_next_waiter(w); }
	static key of(const lk_waiter *w) { return { w->request.start, w->seq }; }

	static const lk_waiter *behind(const lk_table &t, key k)
	{
		return lk_waiter_behind(&t, k.first, k.second);
	}
};

template <typename What>
keys all(const lk_table &table)
{
	keys found;

	for (auto *at = What::first(table); at; at = What::next(at))
		REQUIRE(found.insert(What::of(at)).second);
	return found;
}

/* Return: how many were there all the time. */
template <typename What>
size_t look(world::world &w, rnd::generator &from)
{
	const lk_table &table = w.slots[0]->core;
	keys stayed = all<What>(table), seen;
	key mark = { -1, 0 };

	for (;;) {
		const auto *at = What::behind(table, mark);

		for (uint32_t room = 1 + from.pick(4); at && room; at = What::next(at), room--) {
			REQUIRE(What::of(at) > mark, "out of order");
			mark = What::of(at);
			seen.insert(mark);
		}
		if (!at)
			break;
		for (uint32_t steps = from.pick(3); steps; steps--) {
			w.step(from);
			std::erase_if(stayed, [now = all<What>(table)](key k) { return !now.count(k); });
		}
	}
	for (key k : stayed)
		REQUIRE(seen.count(k), "missed one that stayed");
	return stayed.size();
}

template <typename What>
size_t look_at_many()
{
	size_t stayed = 0;

	rnd::seeds(60, [&](rnd::generator &from, uint64_t) {
		world::world w({ .tables = 1, .owners = 9 });

		for (int round = 0; round < 20; round++) {
			for (int i = 0; i < 10; i++)
				w.step(from);
			stayed += look<What>(w, from);
		}
		w.let_everybody_go();
	});
	return rnd::repeating() ? SIZE_MAX : stayed;
}

} // namespace

TEST(Look, RecordsThatStay) { EXPECT_GT(look_at_many<records>(), 1000u); }
TEST(Look, WaitersThatStay) { EXPECT_GT(look_at_many<waiters>(), 1000u); }

/* Many share a start: a batch may end and begin among them. */
TEST(Look, RecordsOfOneStart)
{
	world::world w({ .tables = 1, .owners = 40 });

	for (int owner = 1; owner <= 40; owner++)
		REQUIRE(w.ask(0, w.request(LK_READ, owner, { 3, 5 })) == LK_GRANTED);
	const lk_table &table = w.slots[0]->core;
	key mark = { -1, 0 };
	size_t seen = 0;

	while (const lk_record *at = records::behind(table, mark)) {
		EXPECT_GT(records::of(at), mark);
		mark = records::of(at);
		seen++;
	}
	EXPECT_EQ(seen, 40u);
}
