// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty bytes of a folio once more, with the word of a machine of 32 bits: two
 * fields of 15.  Whatever is done, it says what the wide one says.
 */
#include <gtest/gtest.h>

#include <holdfast/core/std.hpp>

#include "../random.hpp"

#define uintptr_t uint32_t
namespace narrow {
#include "../../../netfs/core/range.cc"

static_assert(sizeof(rl_word) == 4 && RL_WORD_BITS == 15 && RL_FOLIO_MAX == 16384);
static constexpr uint32_t largest = RL_FOLIO_MAX;
static constexpr rl_word mapped = RL_WORD_WHOLE;
} // namespace narrow
#undef uintptr_t

/* The same text, with this machine's. */
#undef HF_NETFS_RANGE_HPP
#undef HOLDFAST_NETFS_TYPES_H
#undef RL_SIZE
#include "range.hpp"

static_assert(RL_WORD_BITS == 24);

namespace {

struct both {
	narrow::rl_folio a;
	rl_folio b;

	explicit both(uint32_t size) : a { 0, size, false, false }, b { 0, size, false, false } {}

	void same()
	{
		narrow::rl_span narrow = narrow::rl::dirty(a);
		rl_span wide = rl::dirty(b);

		ASSERT_EQ(narrow.from, wide.from);
		ASSERT_EQ(narrow.to, wide.to);
		ASSERT_EQ(a.uptodate, b.uptodate);
		ASSERT_EQ(!a.word, !b.word);
	}

	void write(uint32_t from, uint32_t to, uint32_t bytes, uint32_t flags)
	{
		narrow::rl_write_plan plan;
		rl_write_plan other;
		int says = narrow::rl::write_plan(a, { from, to }, flags, plan);

		ASSERT_EQ(says, int(rl::write_plan(b, { from, to }, flags, other)));
		ASSERT_EQ(plan.fill.from, other.fill.from);
		ASSERT_EQ(plan.fill.to, other.fill.to);
		if (says == RL_WRITE_BACK) {
			a.word = b.word = 0;
			a.dirty = b.dirty = false;
			return;
		}
		plan = { a.word, { 0, 0 }, a.uptodate };
		other = { b.word, { 0, 0 }, b.uptodate };
		bool counts = narrow::rl::copied(a, { from, to }, bytes, flags, plan);
		ASSERT_EQ(counts, rl::copied(b, { from, to }, bytes, flags, other));
		a.word = plan.word;
		b.word = other.word;
		a.uptodate = plan.uptodate;
		b.uptodate = other.uptodate;
		a.dirty = b.dirty |= counts;
	}

	void clip(uint32_t from, uint32_t to)
	{
		a.word = narrow::rl::clip(a, { from, to });
		b.word = rl::clip(b, { from, to });
	}

	void map()
	{
		a.uptodate = b.uptodate = a.dirty = b.dirty = true;
		a.word |= narrow::mapped;
		b.word |= RL_WORD_WHOLE;
	}
};

} // namespace

TEST(NetfsWord, OfMachinesWith32Bits)
{
	rnd::seeds(300, [](rnd::generator &from, uint64_t) {
		uint32_t size = from.pick(2) ? narrow::largest : 1 + from.pick(narrow::largest);
		both folio(size);

		for (int i = 0; i < 60 && !testing::Test::HasFatalFailure(); i++) {
			uint32_t a = from.pick(3) ? from.pick(size) : 0;
			uint32_t b = from.pick(3) ? a + 1 + from.pick(size - a) : size;
			uint32_t what = from.pick(16);

			if (!what)
				folio.map();
			else if (what < 4)
				folio.clip(a, b);
			else
				folio.write(a, b, from.pick(4) ? b - a : 1 + from.pick(b - a), from.pick(4));
			folio.same();
		}
	});
}

/* Both ends of the largest folio fit, and leave the two bits alone. */
TEST(NetfsWord, TheLargestFolio)
{
	narrow::rl_folio folio = { 0, narrow::largest, true, false };

	for (uint32_t from : { 0u, 1u, narrow::largest - 1 }) {
		folio.word = narrow::rl::word_of({ from, narrow::largest });
		EXPECT_FALSE(folio.word & narrow::mapped);
		EXPECT_EQ(narrow::rl::dirty(folio).from, from);
		EXPECT_EQ(narrow::rl::dirty(folio).to, narrow::largest);
	}
}
