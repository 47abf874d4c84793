// SPDX-License-Identifier: GPL-2.0-only
/* The tree and the range of include/holdfast/core/, against std::. */
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <holdfast/core/range.hpp>
#include <holdfast/core/tree.hpp>

#include "random.hpp"

namespace {

struct node {
	node *left, *right;
	uintptr_t up;
};

struct thing {
	node in_tree;
	int key;
	int greatest;
};

struct by_key {
	using node = ::node;
	using item = thing;

	static thing *to_item(node *n) { return reinterpret_cast<thing *>(n); }
	static node *to_node(thing &t) { return &t.in_tree; }
	static bool before(const thing &a, const thing &b) { return a.key < b.key; }

	static bool refresh(thing &t)
	{
		int greatest = t.key;

		for (node *child : { t.in_tree.left, t.in_tree.right })
			if (child)
				greatest = std::max(greatest, to_item(child)->greatest);
		std::swap(greatest, t.greatest);
		return greatest != t.greatest;
	}

	static bool absorb(thing &t, const thing &leaf)
	{
		if (leaf.greatest <= t.greatest)
			return false;
		t.greatest = leaf.greatest;
		return true;
	}

	static void inherit(thing &to, const thing &from) { to.greatest = from.greatest; }
};

using tree = hf::tree<by_key>;

std::vector<int> keys(node *root)
{
	std::vector<int> result;

	for (thing *t = tree::first(root); t; t = tree::next(t))
		result.push_back(t->key);
	return result;
}

} // namespace

TEST(Tree, StaysATreeAtRandom)
{
	rnd::seeds(30, [](rnd::generator &from, uint64_t) {
		std::vector<thing> things(1 + from.pick(80));
		std::vector<thing *> in, out;
		node *root = nullptr;

		for (thing &t : things)
			out.push_back(&t);
		for (int i = 0; i < 400; i++) {
			auto &source = from.pick(2) ? out : in;
			auto &other = &source == &out ? in : out;

			if (source.empty())
				continue;
			std::swap(source[from.pick(source.size())], source.back());
			thing *t = source.back();

			source.pop_back();
			other.push_back(t);
			if (&other == &in) {
				t->key = from.pick(50);
				tree::insert(root, *t);
			} else {
				tree::erase(root, *t);
			}
			ASSERT_EQ(tree::validate(root), nullptr);
			std::vector<int> expected;

			for (thing *i : in)
				expected.push_back(i->key);
			std::sort(expected.begin(), expected.end());
			ASSERT_EQ(keys(root), expected);
			ASSERT_EQ(!root, expected.empty());
			if (root) {
				EXPECT_EQ(tree::last(root)->key, expected.back());
				EXPECT_EQ(by_key::to_item(root)->greatest, expected.back());
			}
			int low = from.pick(50);
			thing *found = tree::first_not(root, [=](const thing &t) { return t.key < low; });
			auto at = std::lower_bound(expected.begin(), expected.end(), low);

			ASSERT_EQ(!found, at == expected.end());
			if (found) {
				EXPECT_EQ(found->key, *at);
			}
		}
	});
}

/* Both directions, with all that cannot matter left out. */
TEST(Tree, WalksWithin)
{
	std::vector<thing> things(100);
	node *root = nullptr;

	for (int i = 0; i < 100; i++) {
		things[i].key = i;
		tree::insert(root, things[i]);
	}
	auto from_60 = [](thing *, thing *down) { return down->greatest >= 60; };
	std::vector<int> seen;

	for (thing *t = tree::first_within(root, from_60); t; t = tree::next_within(t, from_60))
		seen.push_back(t->key);
	EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
	EXPECT_LE(seen.size(), 40u + 7u);
	for (int key = 60; key < 100; key++)
		EXPECT_TRUE(std::count(seen.begin(), seen.end(), key)) << key;
	seen.clear();
	for (thing *t = tree::last_within(root, from_60); t; t = tree::prev_within(t, from_60))
		seen.push_back(t->key);
	EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
	EXPECT_EQ(seen.front(), 99);
}

TEST(Tree, ValidateFindsWhatIsWrong)
{
	std::vector<thing> things(20);
	node *root = nullptr;

	for (int i = 0; i < 20; i++) {
		things[i].key = i;
		tree::insert(root, things[i]);
	}
	things[7].greatest++;
	EXPECT_NE(tree::validate(root), nullptr);
	EXPECT_EQ(tree::validate(root), nullptr) << "it mends what it finds";
	things[7].key = 19;
	EXPECT_NE(tree::validate(root), nullptr);
	things[7].key = 7;
	(void)tree::validate(root);
	root->up ^= 1;
	EXPECT_NE(tree::validate(root), nullptr);
}

TEST(Range, KeepsWithinTheFile)
{
	using hf::range;
	range all = { 0, range::last }, first = { 0, 0 }, end = { range::last, range::last };

	EXPECT_TRUE(range::possible(0, range::last));
	EXPECT_FALSE(range::possible(1, 0));
	EXPECT_FALSE(range::possible(-1, 5));
	EXPECT_EQ(all.widened(), all);
	EXPECT_EQ(first.widened(), (range { 0, 1 }));
	EXPECT_EQ(end.widened(), (range { range::last - 1, range::last }));
	EXPECT_TRUE(all.overlaps(end));
	EXPECT_TRUE(all.contains(first));
	EXPECT_FALSE(first.contains(all));
	EXPECT_TRUE((range { 0, 4 }).touches({ 5, 9 }));
	EXPECT_TRUE((range { 5, 9 }).touches({ 0, 4 }));
	EXPECT_FALSE((range { 0, 4 }).touches({ 6, 9 }));
	EXPECT_EQ((range { 0, 4 }).hull({ 8, 9 }), (range { 0, 9 }));
	EXPECT_EQ((range { 0, 8 }).common({ 4, 9 }), (range { 4, 8 }));
}
