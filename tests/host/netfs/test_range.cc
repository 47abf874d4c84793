// SPDX-License-Identifier: GPL-2.0-only
/* The dirty bytes of a folio. */
#include <gtest/gtest.h>

#include "netfs_core.h"
#include "../random.hpp"

namespace {

rl_word word(uint32_t from, uint32_t to)
{
	rl_folio clean = { 0, RL_FOLIO_MAX, false, false };
	rl_write_plan plan;

	EXPECT_EQ(rl_plan_write(&clean, { from, to }, 0, &plan), RL_WRITE_NOW);
	return plan.word;
}

rl_folio dirty(uint32_t from, uint32_t to, bool uptodate = false)
{
	return { word(from, to), 4096, true, uptodate };
}

void expect_span(rl_folio folio, uint32_t from, uint32_t to)
{
	rl_span span = rl_dirty(&folio);

	EXPECT_EQ(span.from, from);
	EXPECT_EQ(span.to, to);
}

rl_write write(rl_folio folio, uint32_t from, uint32_t to, uint32_t flags, rl_write_plan &plan)
{
	return rl_plan_write(&folio, { from, to }, flags, &plan);
}

void expect_merged(rl_folio folio, uint32_t from, uint32_t to, uint32_t low, uint32_t high)
{
	rl_write_plan plan;

	ASSERT_EQ(write(folio, from, to, 0, plan), RL_WRITE_NOW);
	folio.word = plan.word;
	folio.dirty = true;
	expect_span(folio, low, high);
}

} // namespace

TEST(NetfsRange, WithoutAWord)
{
	expect_span({ 0, 4096, false, true }, 0, 0);
	expect_span({ 0, 4096, true, true }, 0, 4096);
	expect_span({ RL_WORD_WHOLE, 4096, false, true }, 0, 4096);
}

/* What is dirty somewhere, but nobody knows where, is not read anew. */
TEST(NetfsRange, Undefined)
{
	auto may = [](rl_folio folio) { return rl_may_undefine(&folio); };

	EXPECT_TRUE(may({ 0, 4096, false, true }));
	EXPECT_TRUE(may({ 0, 4096, false, false }));
	EXPECT_TRUE(may(dirty(10, 20, true)));
	EXPECT_TRUE(may(dirty(10, 20)));
	EXPECT_FALSE(may({ 0, 4096, true, true }));
	EXPECT_FALSE(may({ RL_WORD_WHOLE, 4096, true, true }));
	EXPECT_FALSE(may({ word(10, 20) | RL_WORD_WHOLE, 4096, true, true }));
	/* The dirty mark is still to come. */
	EXPECT_FALSE(may({ word(10, 20) | RL_WORD_WHOLE, 4096, false, true }));
	EXPECT_FALSE(may({ 0, 0, false, true }));
}

TEST(NetfsRange, TheLargestFolio)
{
	expect_span({ word(0, RL_FOLIO_MAX), RL_FOLIO_MAX, true, false }, 0, RL_FOLIO_MAX);
	expect_span({ word(RL_FOLIO_MAX - 1, RL_FOLIO_MAX), RL_FOLIO_MAX, true, false },
		    RL_FOLIO_MAX - 1, RL_FOLIO_MAX);
	EXPECT_NE(word(0, 1), 0u);
}

TEST(NetfsRange, WhatTouchesIsOneSpan)
{
	expect_merged(dirty(100, 200), 200, 300, 100, 300);
	expect_merged(dirty(100, 200), 0, 100, 0, 200);
	expect_merged(dirty(100, 200), 150, 160, 100, 200);
	expect_merged(dirty(100, 200), 50, 300, 50, 300);
}

/* Another client's bytes may be in the gap. */
TEST(NetfsRange, AGapIsNotSent)
{
	rl_write_plan plan;

	EXPECT_EQ(write(dirty(0, 100), 101, 200, 0, plan), RL_WRITE_BACK);
	EXPECT_EQ(write(dirty(0, 100, true), 101, 200, RL_MAY_READ, plan), RL_WRITE_BACK);
	EXPECT_EQ(write(dirty(101, 200, true), 0, 100, 0, plan), RL_WRITE_BACK);
}

TEST(NetfsRange, AGapOfOurOwn)
{
	rl_write_plan plan;
	rl_folio folio = dirty(0, 100);

	EXPECT_EQ(write(folio, 300, 400, RL_MAY_WIDEN, plan), RL_WRITE_BACK);
	ASSERT_EQ(write(folio, 300, 4096, RL_WRITE_FLAGS, plan), RL_WRITE_FILL);
	EXPECT_EQ(plan.fill.from, 100u);
	EXPECT_EQ(plan.fill.to, 300u);
	EXPECT_TRUE(plan.uptodate);
	EXPECT_EQ(plan.word, word(0, 4096));
	ASSERT_EQ(write(dirty(300, 400), 100, 200, RL_WRITE_FLAGS, plan), RL_WRITE_FILL);
	EXPECT_EQ(plan.fill.from, 200u);
	EXPECT_EQ(plan.fill.to, 300u);
	EXPECT_FALSE(plan.uptodate);
	EXPECT_EQ(write(dirty(0, 100, true), 300, 400, RL_MAY_WIDEN, plan), RL_WRITE_NOW);
}

TEST(NetfsRange, AllOfItIsUptodate)
{
	rl_write_plan plan;

	EXPECT_EQ(write({ 0, 4096, false, false }, 0, 4096, 0, plan), RL_WRITE_NOW);
	EXPECT_TRUE(plan.uptodate);
	EXPECT_EQ(write({ 0, 4096, false, false }, 1, 4096, 0, plan), RL_WRITE_NOW);
	EXPECT_FALSE(plan.uptodate);
}

/* A copy that faulted: what it did not bring is neither dirty nor defined. */
TEST(NetfsRange, CopiedInPart)
{
	rl_write_plan plan;
	auto copied = [&](rl_folio folio, uint32_t from, uint32_t to, uint32_t bytes,
			  uint32_t flags = 0) {
		return rl_write_copied(&folio, { from, to }, bytes, flags, &plan);
	};

	EXPECT_EQ(copied({ 0, 4096, false, false }, 0, 4096, 100), 100u);
	EXPECT_EQ(plan.word, word(0, 100));
	EXPECT_FALSE(plan.uptodate);
	EXPECT_EQ(copied({ 0, 4096, false, false }, 0, 4096, 4096), 4096u);
	EXPECT_TRUE(plan.uptodate);
	EXPECT_EQ(copied(dirty(100, 200), 200, 300, 0), 0u);
	EXPECT_EQ(plan.word, word(100, 200));
	EXPECT_EQ(copied(dirty(100, 200), 150, 400, 10), 10u);
	EXPECT_EQ(plan.word, word(100, 200));
	/* With a gap, which was filled for the whole of it. */
	const uint32_t all = RL_WRITE_FLAGS;
	EXPECT_EQ(copied(dirty(300, 400), 100, 200, 50, all), 0u) << "150 to 200 are not defined";
	EXPECT_EQ(plan.word, word(300, 400));
	EXPECT_EQ(copied(dirty(300, 400, true), 100, 200, 50, all), 50u);
	EXPECT_EQ(plan.word, word(100, 400));
	EXPECT_TRUE(plan.uptodate);
	EXPECT_EQ(copied(dirty(300, 400), 100, 200, 100, all), 100u);
	EXPECT_EQ(plan.word, word(100, 400));
	EXPECT_EQ(copied(dirty(100, 200), 300, 400, 50, all), 50u) << "the gap comes first";
	EXPECT_EQ(plan.word, word(100, 350));
	/* All of it would have touched what is dirty, but this does not. */
	EXPECT_EQ(copied(dirty(300, 400, true), 200, 350, 50), 0u) << "another's bytes are between";
	EXPECT_EQ(plan.word, word(300, 400));
	EXPECT_FALSE(plan.uptodate) << "what was copied is not to be seen";
	EXPECT_EQ(copied({ RL_WORD_WHOLE, 4096, true, true }, 10, 20, 5), 5u);
	EXPECT_EQ(plan.word, RL_WORD_WHOLE);
	EXPECT_EQ(copied(dirty(0, 1), 10, 20, 11), 0u) << "more than there was";
	EXPECT_EQ(copied(dirty(0, 1), 10, 4097, 5), 0u);
}

TEST(NetfsRange, MappedIsWhole)
{
	rl_write_plan plan;
	rl_folio folio = dirty(100, 200, true);

	folio.word |= RL_WORD_WHOLE;
	expect_span(folio, 0, 4096);
	EXPECT_EQ(write(folio, 300, 400, 0, plan), RL_WRITE_NOW);
	EXPECT_EQ(plan.word, RL_WORD_WHOLE);
	EXPECT_EQ(write({ 0, 4096, true, true }, 300, 400, 0, plan), RL_WRITE_NOW);
	EXPECT_EQ(plan.word, RL_WORD_WHOLE);
}

/* A word that was lost: all of it is dirty, and not all of it is defined. */
TEST(NetfsRange, WholeButNotUptodate)
{
	for (rl_word word : { rl_word(0), RL_WORD_WHOLE }) {
		rl_folio folio = { word, 4096, true, false };
		rl_write_plan plan;
		rl_piece pieces[2];

		EXPECT_EQ(write(folio, 0, 1, RL_WRITE_FLAGS, plan), RL_WRITE_INVALID);
		EXPECT_EQ(rl_write_copied(&folio, { 0, 1 }, 1, 0, &plan), 0u);
		EXPECT_FALSE(plan.uptodate);
		EXPECT_LT(rl_plan_around(&folio, 0, pieces), 0);
	}
}

TEST(NetfsRange, Refused)
{
	rl_write_plan plan;

	EXPECT_EQ(write(dirty(0, 1), 10, 10, 0, plan), RL_WRITE_INVALID);
	EXPECT_EQ(write(dirty(0, 1), 10, 9, 0, plan), RL_WRITE_INVALID);
	EXPECT_EQ(write(dirty(0, 1), 10, 4097, 0, plan), RL_WRITE_INVALID);
	EXPECT_EQ(write(dirty(0, 1), 10, 11, 4, plan), RL_WRITE_INVALID);
	EXPECT_EQ(write({ 0, 0, false, false }, 0, 1, 0, plan), RL_WRITE_INVALID);
	EXPECT_EQ(write({ 0, RL_FOLIO_MAX + 1, false, false }, 0, 1, 0, plan), RL_WRITE_INVALID);
}

/* To be ended clean is the last thing to do with what cannot be. */
TEST(NetfsRange, NoFolioIsNotClean)
{
	for (rl_folio folio : { rl_folio { 0, 0, true, true },
				rl_folio { 0, RL_FOLIO_MAX + 1, true, true },
				rl_folio { 0, 4096, true, false },
				rl_folio { RL_WORD_WHOLE, 4096, true, false } }) {
		rl_span span = rl_dirty(&folio);

		EXPECT_GT(span.from, span.to);
	}
}

TEST(NetfsRange, Clipped)
{
	auto clip = [](rl_folio folio, uint32_t from, uint32_t to, uint32_t low, uint32_t high) {
		folio.word = rl_word_clip(&folio, { from, to });
		EXPECT_NE(folio.word, 0u) << "dirty without a word is all of it";
		expect_span(folio, low, high);
	};

	clip(dirty(100, 200), 150, 4096, 100, 150);
	clip(dirty(100, 200), 0, 150, 150, 200);
	clip(dirty(100, 200), 100, 200, 0, 0);
	clip(dirty(100, 200), 100, 150, 150, 200);
	clip(dirty(100, 200), 150, 200, 100, 150);
	clip(dirty(100, 200), 0, 4096, 0, 0);
	clip(dirty(100, 200), 120, 130, 100, 200);
	clip(dirty(100, 200), 200, 4096, 100, 200);
	clip(dirty(100, 200), 0, 100, 100, 200);
	clip({ 0, 4096, true, true }, 100, 4096, 0, 100);
	clip({ RL_WORD_WHOLE, 4096, true, true }, 0, 4096, 0, 0);

	rl_folio clean = { 0, 4096, false, true };
	EXPECT_EQ(rl_word_clip(&clean, { 0, 4096 }), 0u);
}

TEST(NetfsRange, NothingLeftThenWritten)
{
	rl_folio folio = dirty(100, 200);

	folio.word = rl_word_clip(&folio, { 0, 4096 });
	expect_merged(folio, 300, 400, 300, 400);
}

/* A word that cannot be names nothing outside of the folio. */
TEST(NetfsRange, AnyWordIsInside)
{
	rnd::seeds(2000, [](rnd::generator &from, uint64_t) {
		rl_folio folio = { static_cast<rl_word>(from.bits()), 1 + from.pick(4096),
				   from.pick(2) != 0, from.pick(2) != 0 };
		rl_span span = rl_dirty(&folio);

		EXPECT_TRUE(span.from <= span.to || !folio.uptodate);
		EXPECT_LE(span.to, folio.size);
	});
}
