// SPDX-License-Identifier: GPL-2.0-only
/* Frames out of a stream that comes in pieces. */
#include <gtest/gtest.h>

#include "../random.hpp"
#include "assemble.hpp"

using assemble::rules;
using model::frame;

namespace {

frame message(uint8_t type, uint32_t size)
{
	frame f(size);

	for (int i = 0; i < 4; i++)
		f[i] = size >> 8 * i;
	f[4] = type;
	for (uint32_t i = 5; i < size; i++)
		f[i] = i;
	return f;
}

/* With a payload of @count bytes. */
frame with_payload(uint8_t type, uint32_t count)
{
	uint32_t head = assemble::head_size(type, NP_HF1);
	frame f = message(type, head + count);

	for (int i = 0; i < 4; i++)
		f[head - 4 + i] = count >> 8 * i;
	return f;
}

/* A version message that agrees on another dialect, and an msize of often too little. */
frame agreement(np_side side, world::source &from)
{
	frame f = message(side == NP_SERVER ? NP_TVERSION : NP_RVERSION, 11 + from.pick(30));
	uint32_t msize = from.pick(4) ? 1000 + from.pick(5000) : from.pick(60);

	f[5] = assemble::agreeing_tag;
	f[6] = from.pick(2);
	f[7] = msize;
	f[8] = msize >> 8;
	return f;
}

void append(frame &stream, const frame &f)
{
	stream.insert(stream.end(), f.begin(), f.end());
}

uint8_t fault_of(const frame &stream, const rules &r)
{
	rnd::generator from(1);
	assemble::tally count;

	return assemble::both(stream, r, from, count).fault;
}

constexpr rules server { NP_SERVER, NP_DOTL, 256, 4096 };
constexpr rules client { NP_CLIENT, NP_HF1, 256, 4096 };

/* About the frame that begins at @at. */
void lie(frame &stream, size_t at, world::source &from)
{
	size_t place = from.pick(2) ? at + from.pick(23) : at + from.pick(5);
	uint8_t &byte = stream[std::min(place, stream.size() - 1)];

	switch (from.pick(4)) {
	case 0: byte = 0; break;
	case 1: byte ^= 1; break;
	case 2: byte++; break;
	default: byte = from.pick(256);
	}
}

struct at_hand {
	uint8_t stage[NP_STAGE] = {};
	np_frame f;
	np_step step;

	explicit at_hand(np_side side = NP_SERVER)
	{
		EXPECT_TRUE(np_frame_init(&f, side, stage, sizeof(stage), 1 << 20));
	}
	np_step next()
	{
		np_frame_next(&f, &step);
		return step;
	}
	void put(const frame &bytes, size_t count)
	{
		next();
		ASSERT_EQ(step.kind, NP_STEP_RECEIVE);
		std::copy_n(bytes.begin(), count, stage + step.at);
		ASSERT_TRUE(np_frame_received(&f, count));
	}
};

} // namespace

TEST(Frame, BeginsByReceiving)
{
	at_hand a;

	EXPECT_EQ(a.next().kind, NP_STEP_RECEIVE);
	EXPECT_EQ(a.step.at, 0u);
	EXPECT_EQ(a.step.bytes, sizeof(a.stage));
	EXPECT_EQ(a.step.least, 4u);
}

TEST(Frame, OnlyTheRestOfALongWriteGoesToPages)
{
	at_hand a;
	frame f = with_payload(NP_TWRITE, 65536);

	a.put(f, 100);
	ASSERT_EQ(a.next().kind, NP_STEP_PAYLOAD);
	EXPECT_EQ(a.step.head, 23u);
	EXPECT_EQ(a.step.bytes, 77u);
	EXPECT_EQ(a.step.count, 65536u);
	ASSERT_TRUE(np_frame_accept(&a.f, a.step.count));
	ASSERT_EQ(a.next().kind, NP_STEP_PAGES);
	EXPECT_EQ(a.step.at, 77u);
	EXPECT_EQ(a.step.bytes, 65536u - 77);
	ASSERT_TRUE(np_frame_received(&a.f, 65536 - 77));
	ASSERT_EQ(a.next().kind, NP_STEP_DONE);
	ASSERT_TRUE(np_frame_taken(&a.f));
	/* Nothing of it takes room in the stage. */
	ASSERT_EQ(a.next().kind, NP_STEP_RECEIVE);
	EXPECT_EQ(a.step.at, 0u);
	EXPECT_EQ(a.step.bytes, sizeof(a.stage));
}

TEST(Frame, AShortWriteComesWithItsNeighbours)
{
	at_hand a;
	frame stream = with_payload(NP_TWRITE, 10);

	append(stream, message(NP_TCLUNK, 11));
	append(stream, with_payload(NP_TWRITE, 0));
	a.put(stream, stream.size());
	ASSERT_EQ(a.next().kind, NP_STEP_PAYLOAD);
	EXPECT_EQ(a.step.bytes, 10u);
	ASSERT_TRUE(np_frame_accept(&a.f, 10));
	ASSERT_EQ(a.next().kind, NP_STEP_DONE);
	ASSERT_TRUE(np_frame_taken(&a.f));
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	EXPECT_EQ(a.step.at, 33u);
	EXPECT_EQ(a.step.bytes, 11u);
	ASSERT_TRUE(np_frame_taken(&a.f));
	ASSERT_EQ(a.next().kind, NP_STEP_PAYLOAD);
	EXPECT_EQ(a.step.count, 0u);
	ASSERT_TRUE(np_frame_accept(&a.f, 0));
	ASSERT_EQ(a.next().kind, NP_STEP_DONE);
	ASSERT_TRUE(np_frame_taken(&a.f));
	EXPECT_EQ(a.next().kind, NP_STEP_RECEIVE);
}

TEST(Frame, AReplyFitsWhatWasAskedFor)
{
	at_hand a(NP_CLIENT);
	frame f = with_payload(NP_RREAD, 4096);

	a.put(f, 11);
	ASSERT_EQ(a.next().kind, NP_STEP_PAYLOAD);
	EXPECT_EQ(a.step.count, 4096u);
	ASSERT_TRUE(np_frame_accept(&a.f, 4095));
	/* Said before anything of it is to be copied. */
	ASSERT_EQ(a.next().kind, NP_STEP_BROKEN);
	EXPECT_EQ(a.step.fault, NP_FRAME_TOO_MUCH);
	EXPECT_FALSE(np_frame_accept(&a.f, 4096));
	EXPECT_FALSE(np_frame_received(&a.f, 1));
}

TEST(Frame, EachFault)
{
	EXPECT_EQ(fault_of({ 6, 0, 0, 0 }, server), NP_FRAME_SHORT);
	EXPECT_EQ(fault_of({ 0, 0, 0, 0 }, client), NP_FRAME_SHORT);
	EXPECT_EQ(fault_of({ 0xff, 0xff, 0xff, 0xff }, server), NP_FRAME_LONG);
	EXPECT_EQ(fault_of({ 1, 0x10, 0, 0 }, server), NP_FRAME_LONG);
	EXPECT_EQ(fault_of(with_payload(NP_TWRITE, 4096 - 22), server), NP_FRAME_LONG);
	EXPECT_EQ(fault_of(with_payload(NP_TWRITE, 4096 - 23), server), NP_FRAME_OK);
	EXPECT_EQ(fault_of(message(NP_TWALK, 257), server), NP_FRAME_UNFIT);
	EXPECT_EQ(fault_of(message(NP_TWALK, 256), server), NP_FRAME_OK);
	EXPECT_EQ(fault_of(message(NP_RWALK, 9), server), NP_FRAME_WRONG_WAY);
	EXPECT_EQ(fault_of(message(NP_TWALK, 17), client), NP_FRAME_WRONG_WAY);
	EXPECT_EQ(fault_of(message(NP_TWRITE, 22), server), NP_FRAME_SHORT);
	EXPECT_EQ(fault_of(message(NP_RREAD, 10), client), NP_FRAME_SHORT);
	for (int lie : { -1, 1 }) {
		frame f = with_payload(NP_TWRITE, 100);

		f[19] += lie;
		EXPECT_EQ(fault_of(f, server), NP_FRAME_COUNT);
	}
}

/* A type that nobody knows is a message like another; the codec says so. */
TEST(Frame, UnknownTypesAreWhole)
{
	rules plain = client;

	EXPECT_EQ(fault_of(message(250, 100), server), NP_FRAME_OK);
	plain.dialect = NP_DOTL;
	EXPECT_EQ(fault_of(with_payload(NP_RREADDIRATTR, 245), plain), NP_FRAME_OK);
	EXPECT_EQ(fault_of(with_payload(NP_RREADDIRATTR, 246), plain), NP_FRAME_UNFIT);
	EXPECT_EQ(fault_of(with_payload(NP_RREADDIRATTR, 246), client), NP_FRAME_OK);
}

/* Known after four bytes, when the peer may not send any more. */
TEST(Frame, ABadSizeIsToldAtOnce)
{
	at_hand a;

	a.put({ 3, 0, 0, 0 }, 4);
	EXPECT_EQ(a.next().kind, NP_STEP_BROKEN);
}

/* The size, the header, and then all of it. */
TEST(Frame, SaysHowMuchIsNeeded)
{
	at_hand a;
	frame f = message(NP_TWALK, 64), w = with_payload(NP_TWRITE, 10);

	const struct { size_t put; uint32_t least; } turns[] = {
		{ 0, 4 }, { 3, 1 }, { 1, 3 }, { 2, 1 }, { 1, 57 }
	};

	for (auto [put, least] : turns) {
		a.put(f, put);
		f.erase(f.begin(), f.begin() + put);
		ASSERT_EQ(a.next().kind, NP_STEP_RECEIVE);
		EXPECT_EQ(a.step.least, least);
	}
	a.put(f, f.size());
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	ASSERT_TRUE(np_frame_taken(&a.f));
	a.put(w, 7);
	ASSERT_EQ(a.next().kind, NP_STEP_RECEIVE);
	EXPECT_EQ(a.step.least, 23u - 7);
}

TEST(Frame, WhatWasAgreedOnHoldsForTheNextFrame)
{
	at_hand a;
	frame stream = message(NP_TVERSION, 13), big = message(NP_TWALK, 64);

	append(stream, big);
	a.put(stream, stream.size());
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	ASSERT_TRUE(np_frame_agree(&a.f, NP_HF1, 63));
	ASSERT_TRUE(np_frame_taken(&a.f));
	EXPECT_EQ(a.next().kind, NP_STEP_BROKEN);
	EXPECT_EQ(a.step.fault, NP_FRAME_LONG);
}

/* The message that it answers came under the rules before. */
TEST(Frame, AgreesOnLessThanTheVersionMessageItself)
{
	at_hand a;
	frame stream = message(NP_TVERSION, 21);

	append(stream, message(NP_TCLUNK, 11));
	append(stream, message(NP_TWALK, 13));
	a.put(stream, stream.size());
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	ASSERT_TRUE(np_frame_agree(&a.f, NP_DOTL, 12));
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	EXPECT_EQ(a.step.bytes, 21u);
	ASSERT_TRUE(np_frame_taken(&a.f));
	ASSERT_EQ(a.next().kind, NP_STEP_MESSAGE);
	EXPECT_EQ(a.step.bytes, 11u);
	ASSERT_TRUE(np_frame_taken(&a.f));
	ASSERT_EQ(a.next().kind, NP_STEP_BROKEN);
	EXPECT_EQ(a.step.fault, NP_FRAME_LONG);
}

/* A fault stays for good: nothing that is agreed on later makes it right. */
TEST(Frame, AgreesForAWholeMessageOnly)
{
	at_hand a;
	frame write = with_payload(NP_TWRITE, 1 << 20);

	EXPECT_FALSE(np_frame_agree(&a.f, NP_HF1, 1 << 21));
	a.put(write, 23);
	ASSERT_EQ(a.next().kind, NP_STEP_BROKEN);
	EXPECT_FALSE(np_frame_agree(&a.f, NP_HF1, 1 << 21));
	EXPECT_EQ(a.next().kind, NP_STEP_BROKEN);
	EXPECT_EQ(a.step.fault, NP_FRAME_LONG);
}

TEST(Frame, AStageHasALeastSize)
{
	uint8_t stage[NP_STAGE_LEAST];
	np_frame f;

	EXPECT_TRUE(np_frame_init(&f, NP_CLIENT, stage, NP_STAGE_LEAST, 4096));

	np_frame before = f;

	EXPECT_FALSE(np_frame_init(&f, NP_SERVER, nullptr, NP_STAGE_LEAST - 1, 8192));
	EXPECT_TRUE(assemble::same(before, f));
}

TEST(FrameRandom, StreamsInPieces)
{
	assemble::tally count;

	rnd::seeds(400, [&](rnd::generator &from, uint64_t) {
		uint32_t room = NP_STAGE_LEAST + from.pick(from.pick(2) ? 40 : 2000);
		rules r { from.pick(2) ? NP_SERVER : NP_CLIENT, from.pick(2) ? NP_HF1 : NP_DOTL,
			  room, 1000 + from.pick(5000) };
		frame stream;
		std::vector<size_t> starts;

		if (from.pick(4) == 0)
			r.accepts = from.pick(3000);
		for (int frames = from.pick(30); frames > 0; frames--) {
			uint8_t types[] = { NP_TWRITE, NP_RREAD, NP_RREADDIR, NP_RREADDIRATTR };
			uint8_t type = (from.pick(256) & ~1) + (r.side == NP_CLIENT);
			bool agreeing = from.pick(6) == 0;
			uint32_t begin = stream.size(), size = from.pick(8) ? 7 + from.pick(57) : 7 + from.pick(room);

			if (agreeing)
				append(stream, agreement(r.side, from));
			else if (from.pick(2))
				append(stream, with_payload(types[r.side == NP_SERVER ? 0 : 1 + from.pick(3)],
							    from.pick(8) ? from.pick(900) : from.pick(6000)));
			else if (!assemble::head_size(type, NP_HF1))
				append(stream, message(type, size));
			if (stream.size() > begin)
				starts.push_back(begin);
		}
		if (!stream.empty() && from.pick(3) == 0)
			lie(stream, starts[from.pick(starts.size())], from);
		if (!stream.empty() && from.pick(3) == 0)
			stream.resize(from.pick(stream.size()));
		assemble::both(stream, r, from, count);
	});
	if (rnd::repeating())
		return;
	for (uint64_t steps : count.steps)
		EXPECT_GT(steps, 50u);
	EXPECT_GT(count.agreements, 100u);
	for (int fault = NP_FRAME_SHORT; fault <= NP_FRAME_TOO_MUCH; fault++)
		EXPECT_GT(count.faults[fault], 0u) << fault;
}
