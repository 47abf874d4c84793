// SPDX-License-Identifier: GPL-2.0-only
/* The index of the cache's objects: each rule by itself, and beside a plain list. */
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <vector>

#include "netfs_core.h"
#include "../random.hpp"
#include "../reach.hpp"

namespace {

rc_key key_of(uint64_t path, uint64_t version)
{
	return { { 1 }, path, 0, version, 100, 0, 0 };
}

struct CacheIndex : testing::Test {
	rc_index index;
	rc_entry entries[16] = {};
	int object = 0, next = 0;
	uint64_t wall = 1000;

	CacheIndex()
	{
		rc_limits limits = { { 50, 100, 150 }, { 4, 8, 10 } };

		EXPECT_TRUE(rc_index_init(&index, &limits));
	}

	~CacheIndex()
	{
		const char *why = rc_index_validate(&index);

		EXPECT_EQ(why, nullptr) << why;
	}

	rc_found open(uint64_t path, uint64_t version, rc_entry **entry)
	{
		rc_key key = key_of(path, version);

		return rc_index_open(&index, &key, &entries[next++], &object, entry);
	}

	/* One that is there, and idle, so large. */
	rc_entry *made(uint64_t path, uint64_t bytes, uint64_t version = 1)
	{
		rc_entry *entry;

		EXPECT_LE(open(path, version, &entry), RC_FOUND_MAYBE);
		EXPECT_TRUE(rc_index_close(&index, entry, bytes, ++wall));
		return entry;
	}
};

} // namespace

TEST_F(CacheIndex, Limits)
{
	for (rc_mark bad : { rc_mark { 0, 1, 2 }, { 2, 1, 3 }, { 1, 3, 2 }, { 0, 0, 0 } }) {
		rc_limits limits = { bad, { 1, 1, 1 } }, other = { { 1, 1, 1 }, bad };

		EXPECT_FALSE(rc_limits_valid(&limits));
		EXPECT_FALSE(rc_index_limit(&index, &other));
		EXPECT_FALSE(rc_index_init(&index, &limits));
	}
	EXPECT_EQ(index.limits.bytes.stop, 150u);
}

TEST_F(CacheIndex, OpenCloseOpen)
{
	rc_entry *entry, *again;

	EXPECT_EQ(open(1, 1, &entry), RC_FOUND_MAYBE) << "nobody has looked yet";
	rc_index_scanned(&index);
	EXPECT_EQ(open(2, 1, &again), RC_FOUND_NEW);
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_SHARED);
	EXPECT_EQ(again, entry);
	EXPECT_EQ(again->object, &object);
	EXPECT_TRUE(rc_index_close(&index, entry, 10, wall));
	EXPECT_FALSE(rc_index_close(&index, entry, 10, wall)) << "twice";
	EXPECT_EQ(open(1, 1, &again), RC_FOUND);
	EXPECT_EQ(again, entry);
	EXPECT_EQ(index.bytes, 10u);
	EXPECT_EQ(index.used, 2u);
}

TEST_F(CacheIndex, NoSuchKey)
{
	rc_key key = key_of(1, 0);
	rc_entry *entry = entries;

	EXPECT_EQ(rc_index_open(&index, &key, entries, &object, &entry), RC_FOUND_INVALID);
	EXPECT_EQ(entry, nullptr);
	EXPECT_FALSE(rc_index_scan(&index, entries, &key, 1, 1, 1));
	key = key_of(1, 1);
	EXPECT_EQ(rc_index_open(&index, &key, entries, nullptr, &entry), RC_FOUND_INVALID);
}

TEST_F(CacheIndex, TheOldestGoes)
{
	rc_entry *a = made(1, 40), *b = made(2, 40), *c = made(3, 40), *again;

	EXPECT_EQ(open(1, 1, &again), RC_FOUND);
	EXPECT_TRUE(rc_index_close(&index, a, 40, ++wall)) << "it is the youngest now";
	EXPECT_EQ(rc_index_victim(&index), b) << "120 are more than 100";
	EXPECT_EQ(rc_index_victim(&index), c) << "80 are more than 50";
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "40 are not; these two are leaving";
	EXPECT_EQ(open(2, 1, &again), RC_FOUND_BUSY);
	EXPECT_TRUE(rc_index_left(&index, b, true));
	EXPECT_FALSE(rc_index_left(&index, b, true)) << "twice";
	EXPECT_TRUE(rc_index_left(&index, c, true));
	EXPECT_EQ(index.bytes, 40u);
	EXPECT_LE(open(2, 1, &again), RC_FOUND_MAYBE);
}

/* What is between the marks stays until it is too much again. */
TEST_F(CacheIndex, Hysteresis)
{
	rc_entry *a;

	for (int i = 0; i < 5; i++)
		made(i, 19);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	made(9, 19);
	for (int i = 0; i < 4; i++) {
		a = rc_index_victim(&index);
		ASSERT_NE(a, nullptr) << i;
		EXPECT_TRUE(rc_index_left(&index, a, true));
	}
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_EQ(index.bytes, 38u);
	made(10, 50);
	EXPECT_EQ(rc_index_victim(&index), nullptr) << "88";
}

TEST_F(CacheIndex, TooManyObjects)
{
	rc_entry *entry;

	for (int i = 0; i < 9; i++)
		made(i, 1);
	EXPECT_NE(entry = rc_index_victim(&index), nullptr);
	EXPECT_EQ(entry->key.path, 0u);
	made(9, 1);
	EXPECT_EQ(open(10, 1, &entry), RC_FOUND_STOP) << "what leaves is there still";
	EXPECT_EQ(entry, nullptr);
	EXPECT_EQ(open(9, 1, &entry), RC_FOUND) << "what is there may be read";
}

/* Who uses all of it is not even looked at. */
TEST_F(CacheIndex, InUse)
{
	rc_entry *a, *b;

	open(1, 1, &a);
	open(2, 1, &b);
	EXPECT_TRUE(rc_index_take(&index, a, 70));
	EXPECT_TRUE(rc_index_take(&index, b, 70));
	EXPECT_FALSE(rc_index_take(&index, b, 11)) << "150 is the end";
	EXPECT_TRUE(rc_index_take(&index, b, 10));
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_TRUE(rc_index_bytes(&index, b, 20));
	EXPECT_EQ(index.bytes, 90u);
	EXPECT_TRUE(rc_index_close(&index, a, 70, wall));
	EXPECT_EQ(rc_index_victim(&index), a) << "it was culling before";
	EXPECT_FALSE(rc_index_take(&index, a, 1)) << "not in use";
	EXPECT_FALSE(rc_index_bytes(&index, a, 1));
}

TEST_F(CacheIndex, OutdatedGoesAtOnce)
{
	rc_entry *old = made(1, 10, 7), *other = made(2, 10), *now;

	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_EQ(open(1, 8, &now), RC_FOUND_MAYBE);
	EXPECT_TRUE(old->outdated);
	EXPECT_EQ(rc_index_victim(&index), old);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_FALSE(other->outdated);
}

/* In use it stays; then it goes. */
TEST_F(CacheIndex, OutdatedInUse)
{
	rc_entry *old, *now;

	open(1, 7, &old);
	open(1, 8, &now);
	EXPECT_EQ(rc_index_victim(&index), nullptr);
	EXPECT_TRUE(rc_index_close(&index, old, 10, wall));
	EXPECT_EQ(rc_index_victim(&index), old);
	EXPECT_TRUE(rc_index_left(&index, old, true));
	EXPECT_EQ(open(1, 8, &now), RC_FOUND_SHARED);
}

/* The version came back: then the other one is outdated. */
TEST_F(CacheIndex, ComesBack)
{
	rc_entry *old = made(1, 10, 7), *now, *again;

	open(1, 8, &now);
	EXPECT_EQ(open(1, 7, &again), RC_FOUND);
	EXPECT_EQ(again, old);
	EXPECT_FALSE(old->outdated);
	EXPECT_TRUE(now->outdated);
	EXPECT_EQ(open(1, 8, &again), RC_FOUND_SHARED);
	EXPECT_TRUE(old->outdated);
	EXPECT_FALSE(now->outdated);
}

TEST_F(CacheIndex, Doomed)
{
	rc_entry *entry, *again;

	open(1, 1, &entry);
	EXPECT_TRUE(rc_index_doom(&index, entry));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY);
	EXPECT_TRUE(rc_index_close(&index, entry, 10, wall));
	EXPECT_FALSE(rc_index_doom(&index, entry)) << "not in use";
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY);
	EXPECT_EQ(rc_index_victim(&index), entry);
	EXPECT_TRUE(rc_index_left(&index, entry, true));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_MAYBE);
}

TEST_F(CacheIndex, CouldNotBeRemoved)
{
	rc_entry *a = made(1, 60), *b = made(2, 60), *again;

	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(rc_index_victim(&index), b) << "another one first";
	EXPECT_TRUE(rc_index_left(&index, b, false));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND) << "its data are good";
	EXPECT_TRUE(rc_index_doom(&index, a));
	EXPECT_TRUE(rc_index_close(&index, a, 60, wall));
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_TRUE(rc_index_left(&index, a, false));
	EXPECT_EQ(open(1, 1, &again), RC_FOUND_BUSY) << "it is doomed still";
	EXPECT_EQ(rc_index_victim(&index), b);
	EXPECT_TRUE(rc_index_left(&index, b, true));
	EXPECT_EQ(rc_index_victim(&index), a) << "60 are more than 50";
}

/* A scan finds them in any order; their headers know how old they are. */
TEST_F(CacheIndex, Scan)
{
	rc_key keys[] = { key_of(1, 1), key_of(2, 1), key_of(3, 1), key_of(1, 2) };
	uint64_t used[] = { 30, 20, 5000, 25 };
	rc_entry *again;

	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(rc_index_scan(&index, &entries[i], &keys[i], 40, used[i], 900));
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &keys[0], 40, 1, 900)) << "it is there";
	EXPECT_EQ(entries[2].last_use, 900u) << "nothing was used tomorrow";
	rc_index_scanned(&index);
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &keys[0], 40, 1, 900)) << "it is over";
	EXPECT_EQ(rc_index_victim(&index), &entries[3]) << "the older version of a file";
	EXPECT_EQ(rc_index_victim(&index), &entries[1]);
	EXPECT_EQ(rc_index_victim(&index), &entries[0]);
	next = 10;
	EXPECT_EQ(open(3, 1, &again), RC_FOUND);
}

/* What is opened before the scan comes to it. */
TEST_F(CacheIndex, ScanMeetsWhatIsUsed)
{
	rc_key key = key_of(1, 7), older = key_of(1, 6);
	rc_entry *entry;

	EXPECT_EQ(open(1, 7, &entry), RC_FOUND_MAYBE);
	EXPECT_FALSE(rc_index_scan(&index, &entries[9], &key, 10, 1, 900));
	EXPECT_TRUE(rc_index_scan(&index, &entries[9], &older, 10, 899, 900));
	EXPECT_EQ(rc_index_victim(&index), &entries[9]);
	EXPECT_FALSE(entry->outdated);
}

/* The clock goes back: what was closed last is the youngest all the same. */
TEST_F(CacheIndex, TheClockGoesBack)
{
	rc_entry *a = made(1, 60), *b;

	wall = 10;
	b = made(2, 60);
	EXPECT_EQ(rc_index_victim(&index), a);
	EXPECT_EQ(rc_index_victim(&index), b);
}

TEST_F(CacheIndex, DropAndPop)
{
	rc_entry *entry, *other = made(2, 10);

	open(1, 1, &entry);
	EXPECT_TRUE(rc_index_drop(&index, entry));
	EXPECT_FALSE(rc_index_drop(&index, entry));
	EXPECT_EQ(index.objects, 1u);
	EXPECT_EQ(rc_index_pop(&index), other);
	EXPECT_EQ(rc_index_pop(&index), nullptr);
	EXPECT_EQ(index.objects, 0u);
	EXPECT_EQ(index.bytes, 0u);
}

namespace {

/* The same, in a list that is searched. */
struct naive {
	struct item {
		rc_entry *entry;
		rc_key key;
		uint64_t bytes, number;		/* the order of their last use */
		bool used, leaving, outdated, doomed, stuck;
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
				total += bytes ? i.bytes : 1;
		return total;
	}

	item *victim()
	{
		item *found = nullptr;
		auto waste = [](const item &i) { return (i.outdated || i.doomed) && !i.stuck; };

		if (sum(true, false) > limits.bytes.cull || sum(false, false) > limits.objects.cull)
			culling = true;
		else if (sum(true, false) <= limits.bytes.run && sum(false, false) <= limits.objects.run)
			culling = false;
		for (item &i : items)
			if (!i.used && !i.leaving &&
			    (!found || waste(i) > waste(*found) ||
			     (waste(i) == waste(*found) && i.number < found->number)))
				found = &i;
		return found && (culling || waste(*found)) ? found : nullptr;
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

		model.limits = { { b, b + from.pick(500), b + 500 + from.pick(500) },
				 { o, o + from.pick(10), o + 10 + from.pick(10) } };
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
			uint64_t use = from.pick(90000) * 16 % 90001, bytes = from.pick(200);
			bool there = model.find(key);

			for (auto &other : model.items)
				if (other.number == use)
					use = 90001 + i;
			ASSERT_EQ(rc_index_scan(&index, entry, &key, bytes, use, wall), !there);
			if (there)
				continue;
			model.items.push_back({ entry, key, bytes, use, false, false, false, false, false });
			for (auto &other : model.items)
				for (auto &newer : model.items)
					if (rc_key_same_file(&other.key, &newer.key) && newer.number > other.number)
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
			wanted = RC_FOUND_STOP;
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
		uint64_t bytes = from.pick(300);

		switch (from.pick(6)) {
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
			ASSERT_EQ(rc_index_take(&index, i.entry, bytes), room);
			i.bytes += room ? bytes : 0;
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
		i.number = ++model.number;
	}

	void step()
	{
		naive::item *i;

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
			break;
		default:
			if ((i = pick(false)))
				left(*i);
		}
		const char *why = rc_index_validate(&index);
		ASSERT_EQ(why, nullptr) << why;
		ASSERT_EQ(index.bytes, model.sum(true, true));
		ASSERT_EQ(index.objects, model.items.size());
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
