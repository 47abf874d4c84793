// SPDX-License-Identifier: GPL-2.0-only
/* The index of the cache's objects beside a list that is searched. */
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <numeric>
#include <vector>

#include "netfs_core.h"
#include "../random.hpp"
#include "../reach.hpp"

namespace {

constexpr uint64_t U = RC_FILL_MAX / 32;

rc_key key_of(uint64_t path, uint64_t version)
{
	return { { 1 }, path, 0, version, 100, 0, 0 };
}

/* The same, in a list that is searched. */
struct naive {
	struct item {
		rc_entry *entry;
		rc_key key;
		uint64_t bytes, number;		/* the order of their last use */
		bool used, leaving, outdated, doomed, stuck, again = false;
		std::vector<uint64_t> taken = {};
	};

	rc_limits limits;
	std::list<item> items;
	uint64_t number = 0;
	bool culling = false;

	item *find(const rc_key &key)
	{
		for (item &i : items)
			if (rc_key_equal(&i.key, &key))
				return &i;
		return nullptr;
	}

	item *find(const rc_entry *entry)
	{
		for (item &i : items)
			if (i.entry == entry)
				return &i;
		return nullptr;
	}

	uint64_t sum(bool bytes, bool leaving)
	{
		uint64_t total = 0;

		for (item &i : items)
			if (leaving || !i.leaving)
				total += bytes ? std::accumulate(i.taken.begin(), i.taken.end(), i.bytes) : 1;
		return total;
	}

	item *victim()
	{
		item *found = nullptr;
		auto waste = [](const item &i) { return i.outdated || i.doomed; };
		auto rank = [&](const item &i) { return 2 * i.stuck + !waste(i); };

		if (sum(true, false) > limits.bytes.cull || sum(false, false) > limits.objects.cull)
			culling = true;
		else if (sum(true, false) <= limits.bytes.run && sum(false, false) <= limits.objects.run)
			culling = false;
		for (item &i : items)
			if (!i.used && !i.leaving && (culling || waste(i)) && (!i.stuck || i.again) &&
			    (!found || rank(i) < rank(*found) ||
			     (rank(i) == rank(*found) && i.number < found->number)))
				found = &i;
		return found;
	}

	void outdate_others(const item &but)
	{
		for (item &i : items)
			if (&i != &but && rc_key_same_file(&i.key, &but.key))
				i.outdated = true;
	}
};

struct run {
	rnd::generator &from;
	rc_index index;
	naive model;
	std::vector<std::unique_ptr<rc_entry>> memory;
	uint64_t wall = 100000;
	int object = 0;

	explicit run(rnd::generator &g) : from(g)
	{
		uint64_t b = 1 + from.pick(2000), o = 1 + from.pick(20);

		uint64_t b_cull = b + 1 + from.pick(500), o_cull = o + 1 + from.pick(10);

		model.limits = { { b * U, b_cull * U, (b_cull + 32 + from.pick(4) * 200) * U },
				 { o, o_cull, o_cull + 1 + from.pick(3) * 5 } };
		EXPECT_TRUE(rc_index_init(&index, &model.limits));
		if (from.pick(2))
			scan();
		rc_index_scanned(&index);
	}

	rc_entry *spare()
	{
		memory.push_back(std::make_unique<rc_entry>());
		std::memset(static_cast<void *>(memory.back().get()), 0x5a, sizeof(rc_entry));
		return memory.back().get();
	}

	rc_key any() { return key_of(from.pick(12), 1 + from.pick(3)); }

	/* With ages that are all different, by which the model numbers them. */
	void scan()
	{
		for (int i = 0; i < 15; i++) {
			rc_key key = any();
			rc_entry *entry = spare();
			uint64_t use = from.pick(90000) * 16 % 90001, bytes = from.pick(200) * U;
			bool there = model.find(key), believed = from.pick(5);

			for (auto &other : model.items)
				if (other.number == use)
					use = 90001 + i;
			ASSERT_EQ(rc_index_scan(&index, entry, &key, believed, bytes, use, wall), !there);
			if (there)
				continue;
			model.items.push_back({ entry, key, bytes, use, false, false, !believed, !believed, false });
			for (auto &other : model.items)
				for (auto &newer : model.items)
					if (!newer.doomed && rc_key_same_file(&other.key, &newer.key) && newer.number > other.number)
						other.outdated = true;
		}
		model.number = 100000;
	}

	naive::item *pick(bool used)
	{
		std::vector<naive::item *> list;

		for (auto &i : model.items)
			if (used ? i.used : i.leaving)
				list.push_back(&i);
		return list.empty() ? nullptr : list[from.pick(list.size())];
	}

	void open()
	{
		rc_key key = any();
		naive::item *there = model.find(key);
		rc_entry *entry, *memory = spare();
		rc_found wanted = RC_FOUND_NEW;

		if (there)
			wanted = there->leaving || there->doomed ? RC_FOUND_BUSY :
				 there->used ? RC_FOUND_SHARED : RC_FOUND;
		else if (model.items.size() >= model.limits.objects.stop)
			wanted = RC_FOUND_STOP, model.culling = true;
		reach::met("index found", wanted);
		ASSERT_EQ(rc_index_open(&index, &key, memory, &object, &entry), wanted);
		if (wanted == RC_FOUND_BUSY || wanted == RC_FOUND_STOP) {
			ASSERT_EQ(entry, nullptr);
			return;
		}
		if (!there) {
			model.items.push_back({ memory, key, 0, 0, true, false, false, false, false });
			there = &model.items.back();
		}
		ASSERT_EQ(entry, there->entry);
		if (!there->used)
			there->stuck = false;
		there->used = true;
		there->outdated = false;
		model.outdate_others(*there);
	}

	void change(naive::item &i)
	{
		uint64_t bytes = from.pick(300) * U;

		switch (from.pick(7)) {
		case 0:
			ASSERT_TRUE(rc_index_doom(&index, i.entry));
			i.doomed = i.outdated = true;
			return;
		case 1:
			ASSERT_TRUE(rc_index_bytes(&index, i.entry, bytes));
			i.bytes = bytes;
			return;
		case 2: {
			bool room = model.sum(true, true) + bytes <= model.limits.bytes.stop;

			reach::met("index room", room);
			model.culling |= !room;
			ASSERT_EQ(rc_index_take(&index, i.entry, bytes), room);
			if (room)
				i.taken.push_back(bytes);
			return;
		}
		case 4: {
			bool written = from.pick(2);

			if (i.taken.empty()) {
				ASSERT_FALSE(rc_index_give(&index, i.entry, 1, written));
				return;
			}
			ASSERT_TRUE(rc_index_give(&index, i.entry, i.taken.back(), written));
			i.bytes += written ? i.taken.back() : 0;
			i.taken.pop_back();
			return;
		}
		case 3:
			if (from.pick(3))
				return;
			ASSERT_TRUE(rc_index_drop(&index, i.entry));
			model.items.remove_if([&](auto &o) { return &o == &i; });
			return;
		default:
			/* The clock may go back. */
			wall = from.pick(5) ? wall + from.pick(5) : wall - from.pick(100);
			ASSERT_TRUE(rc_index_close(&index, i.entry, bytes, wall));
			i.bytes = bytes;
			i.taken.clear();
			i.used = false;
			i.number = ++model.number;
		}
	}

	void victim()
	{
		naive::item *i = model.victim();
		rc_entry *entry = rc_index_victim(&index);

		reach::met("index victim", !!i);
		ASSERT_EQ(entry, i ? i->entry : nullptr);
		if (i)
			i->leaving = true;
	}

	void left(naive::item &i)
	{
		bool removed = from.pick(4);

		ASSERT_TRUE(rc_index_left(&index, i.entry, removed));
		ASSERT_FALSE(rc_index_left(&index, i.entry, removed));
		reach::met("index left", removed);
		if (removed) {
			model.items.remove_if([&](auto &o) { return &o == &i; });
			return;
		}
		i.leaving = false;
		i.stuck = true;
		i.again = false;
		i.number = ++model.number;
	}

	/* Nobody uses any, and all that has to leave has left: there is room for another one. */
	void room_again()
	{
		rc_key key = key_of(100, 1);
		rc_entry *entry, *memory = spare();

		while (auto *i = pick(true)) {
			ASSERT_TRUE(rc_index_close(&index, i->entry, i->bytes, wall));
			i->taken.clear();
			i->used = false;
			i->number = ++model.number;
		}
		rc_index_retry(&index);
		for (auto &each : model.items)
			each.again = true;
		do {
			while (auto *i = pick(false)) {
				ASSERT_TRUE(rc_index_left(&index, i->entry, true));
				model.items.remove_if([&](auto &o) { return &o == i; });
			}
			victim();
		} while (pick(false));
		ASSERT_EQ(rc_index_open(&index, &key, memory, &object, &entry), RC_FOUND_NEW);
		ASSERT_TRUE(rc_index_take(&index, entry, RC_FILL_MAX));
		ASSERT_TRUE(rc_index_drop(&index, entry));
	}

	void step()
	{
		naive::item *i;

		if (!from.pick(100))
			room_again();

		switch (from.pick(8)) {
		case 0 ... 2:
			open();
			break;
		case 3 ... 5:
			if ((i = pick(true)))
				change(*i);
			break;
		case 6:
			victim();
			if (from.pick(4))
				break;
			rc_index_retry(&index);
			for (auto &each : model.items)
				each.again = true;
			break;
		default:
			if ((i = pick(false)))
				left(*i);
		}
		const char *why = rc_index_validate(&index);
		ASSERT_EQ(why, nullptr) << why;
		ASSERT_EQ(index.bytes, model.sum(true, true));
		ASSERT_EQ(index.objects, model.items.size());
		ASSERT_EQ(index.stuck, uint64_t(std::count_if(model.items.begin(), model.items.end(),
							       [](auto &each) { return each.stuck; })));
	}

	void end()
	{
		while (auto *i = pick(true))
			change(*i);
		while (auto *i = pick(false))
			left(*i);
		while (rc_entry *entry = rc_index_pop(&index)) {
			ASSERT_NE(model.find(entry), nullptr);
			model.items.remove_if([&](auto &o) { return o.entry == entry; });
		}
		ASSERT_TRUE(model.items.empty());
		ASSERT_FALSE(index.by_key || index.by_age || index.bytes || index.objects);
	}
};

} // namespace

TEST(CacheIndexRandom, Anything)
{
	reach::counts().clear();
	rnd::seeds(300, [&](rnd::generator &from, uint64_t seed) {
		run r(from);

		for (int i = 0; i < 400 && !testing::Test::HasFatalFailure(); i++)
			r.step();
		if (!testing::Test::HasFatalFailure())
			r.end();
		ASSERT_FALSE(testing::Test::HasFatalFailure()) << "HF_SEED=" << seed;
	});
	if (rnd::repeating())
		return;
	EXPECT_EQ(reach::missing({ { "index found", 1 }, { "index victim", 1 },
				   { "index left", 1 }, { "index room", 1 } }, 20), "");
}
