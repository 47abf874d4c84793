// SPDX-License-Identifier: GPL-2.0-only
/* Every message both ways, cut and lied about. */
#include <gtest/gtest.h>

#include "ninep_core.h"

#include "../random.hpp"
#include "examples.hpp"

using model::every_type;
using model::example;
using model::frame;
using model::set_size;
using model::short_example;

namespace {

/* With all its strings and lists at their longest. */
size_t most_of(uint8_t type)
{
	static const std::string text(65535, 'x');
	model::filler fill { model::str(text) };
	np_msg m = {};

	m.type = type;
	model::body(fill, m);
	return model::write(m).size();
}

} // namespace

TEST(Codec, EachMessageBothWays)
{
	rnd::seeds(20, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			example e(from, type);
			np_dialect dialect = model::lowest(type);

			EXPECT_EQ(model::encode(e.m, dialect), NP_OK);
			EXPECT_EQ(model::encode(e.m, NP_HF1), NP_OK);
			EXPECT_EQ(model::decode(model::write(e.m), dialect), NP_OK);
		});
	});
}

/* The size tells the truth, and the rest is not here; whatever the type. */
TEST(Codec, CutShort)
{
	rnd::one(1, [](rnd::generator &from, uint64_t) {
		for (int type = 0; type < 256; type++) {
			short_example e(from, type);
			frame f = model::write(e.m);

			if (!model::known(type, NP_HF1)) {
				f.resize(20);
				set_size(f, 20);
			}
			for (size_t have = 0; have < f.size(); have++) {
				np_msg m;

				EXPECT_EQ(model::decode(f.data(), have, NP_HF1, m), NP_SHORT);
				EXPECT_EQ(model::decode(f.data(), have, NP_DOTL, m), NP_SHORT);
			}
		}
	});
}

/* A head is enough only of a message that the dialect knows to have a payload. */
TEST(Codec, AnUnknownHeadIsNotEnough)
{
	frame f = { 14, 0, 0, 0, NP_RREADDIRATTR, 1, 0, 3, 0, 0, 0, 1, 2, 3 };
	np_msg m;

	EXPECT_EQ(model::decode(f.data(), 11, NP_HF1, m), NP_OK);
	EXPECT_EQ(model::decode(f.data(), 11, NP_DOTL, m), NP_SHORT);
	EXPECT_EQ(model::decode(f.data(), 13, NP_DOTL, m), NP_SHORT);
	EXPECT_EQ(model::decode(f.data(), 14, NP_DOTL, m), NP_UNKNOWN_TYPE);
}

/* The frame ends within the message. */
TEST(Codec, EndsEarly)
{
	rnd::one(2, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			frame f = model::write(e.m);
			size_t whole = f.size();

			for (size_t size = 0; size < whole; size++) {
				frame cut(f.begin(), f.begin() + std::max<size_t>(size, 7));
				/* Tfsync's last field may be missing. */
				np_status ok = type == NP_TFSYNC && size == 11 ? NP_OK : NP_BEYOND;

				set_size(cut, size);
				EXPECT_EQ(model::decode(cut, NP_HF1), size < 7 ? NP_BAD_SIZE : ok);
			}
		});
	});
}

TEST(Codec, GoesOnBehindTheLastField)
{
	rnd::one(3, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			frame f = model::write(e.m);
			np_msg m;

			/* The next frame's bytes are nobody's business here. */
			f.push_back(7);
			EXPECT_EQ(model::decode(f.data(), f.size(), NP_HF1, m), NP_OK);
			set_size(f, m.size + 1);
			EXPECT_EQ(model::decode(f, NP_HF1),
				  m.payload.at ? NP_BAD_PAYLOAD : NP_TRAILING);
		});
	});
}

TEST(Codec, SizesThatLie)
{
	rnd::one(4, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			frame f = model::write(e.m);

			for (uint32_t size : { 0u, 1u, 6u, 7u, 8u, 0x7fffffffu, 0x80000000u, 0xffffffffu }) {
				set_size(f, size);
				model::decode(f, NP_HF1);
			}
		});
	});
}

TEST(Codec, AStringMayNotReachBeyondTheFrame)
{
	rnd::one(7, [](rnd::generator &from, uint64_t) {
		short_example e(from, NP_TMKDIR);
		frame f;

		e.m.tmkdir.name = model::str("name");
		f = model::write(e.m);
		for (int len : { 13, 255, 256, 32768, 65535 }) {
			f[11] = len % 256;
			f[12] = len / 256;
			EXPECT_EQ(model::decode(f, NP_DOTL), NP_BEYOND);
		}
		/* It may reach over the fields behind it, which are then missing. */
		f[11] = 12;
		f[12] = 0;
		EXPECT_EQ(model::decode(f, NP_DOTL), NP_BEYOND);
	});
}

TEST(Codec, AnUnsoundFrameIsNotMerelyRefused)
{
	np_msg m = {};
	frame f;

	m.type = NP_TUNLINKAT;
	m.tunlinkat.name = model::str("a/b");
	m.tunlinkat.flags = 1;
	f = model::write(m);
	EXPECT_EQ(model::decode(f, NP_DOTL), NP_BAD_NAME);
	f.push_back(0);
	set_size(f, f.size());
	EXPECT_EQ(model::decode(f, NP_DOTL), NP_TRAILING);
	EXPECT_TRUE(np_is_sound(NP_BAD_NAME));
	EXPECT_TRUE(np_is_sound(NP_OK));
	EXPECT_FALSE(np_is_sound(NP_TRAILING));
	EXPECT_FALSE(np_is_sound(NP_SHORT));
}

TEST(Codec, PayloadIsCountedAndNotTouched)
{
	np_msg m = {};
	np_built built;
	uint8_t room[23];

	m.type = NP_TWRITE;
	m.payload.count = 1000;
	ASSERT_EQ(np_encode(&m, NP_DOTL, room, sizeof(room), &built), NP_OK);
	EXPECT_EQ(built.head, 23u);
	EXPECT_EQ(built.size, 1023u);
	ASSERT_EQ(np_decode(room, sizeof(room), NP_DOTL, &m), NP_OK);
	EXPECT_EQ(m.payload.at, 23u);
	EXPECT_EQ(m.payload.count, 1000u);
	for (int lie : { -1, 1, 100000 }) {
		frame f(room, room + 23);

		set_size(f, 1023 + lie);
		EXPECT_EQ(model::decode(f, NP_DOTL), NP_BAD_PAYLOAD);
	}
	m.payload.count = UINT32_MAX - 23;
	EXPECT_EQ(np_encode(&m, NP_DOTL, room, sizeof(room), &built), NP_OK);
	m.payload.count++;
	EXPECT_EQ(np_encode(&m, NP_DOTL, room, sizeof(room), &built), NP_TOO_LARGE);
}

TEST(Codec, WritesAllOrNothing)
{
	rnd::one(8, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			size_t whole = model::write(e.m).size();

			for (size_t room = 0; room < whole; room++) {
				std::unique_ptr<uint8_t[]> out(new uint8_t[room]());
				np_built built;

				EXPECT_EQ(np_encode(&e.m, NP_HF1, out.get(), room, &built), NP_NO_ROOM);
				EXPECT_EQ(built.head, 0u);
				EXPECT_EQ(built.size, 0u);
				for (size_t i = 0; i < room; i++)
					EXPECT_EQ(out[i], 0);
			}
		});
	});
}

TEST(Codec, OtherTypesAreUnknown)
{
	int known = 0, hf1 = 0;

	for (int type = 0; type < 256; type++) {
		for (np_dialect dialect : { NP_DOTL, NP_HF1 }) {
			np_msg m = {};
			np_built built;
			uint8_t room[8];
			frame f = { 7, 0, 0, 0, static_cast<uint8_t>(type), 1, 2 };

			if (model::known(type, dialect))
				continue;
			m.type = type;
			built = { 1, 1 };
			EXPECT_EQ(model::decode(f, dialect), NP_UNKNOWN_TYPE);
			EXPECT_EQ(np_encode(&m, dialect, room, sizeof(room), &built), NP_UNKNOWN_TYPE);
		}
		known += model::known(type, NP_DOTL);
		hf1 += model::known(type, NP_HF1);
		EXPECT_EQ(np_type_name(type) != nullptr, model::known(type, NP_HF1)) << type;
	}
	EXPECT_EQ(known, 57);
	EXPECT_EQ(hf1, 57 + 28);
}

TEST(Codec, SizesOfTheShapes)
{
	every_type([](uint8_t type) {
		const np_shape *shape = np_shape_of(type);
		size_t least = model::head_of(type);

		/* Written with all fields. */
		if (type == NP_TFSYNC)
			least -= 4;
		EXPECT_EQ(shape->type, type);
		EXPECT_EQ(shape->least, least) << shape->name;
		EXPECT_EQ(shape->payload, model::has_payload(type)) << shape->name;
		EXPECT_EQ(np_head_size(type, NP_HF1), shape->payload ? least : 0);
		EXPECT_EQ(np_size_most(type, NP_HF1), most_of(type)) << shape->name;
		EXPECT_EQ(np_size_most(type, NP_DOTL), model::is_dotl(type) ? most_of(type) : 0);
		EXPECT_EQ(shape->name[0], type % 2 ? 'R' : 'T') << shape->name;
	});
	EXPECT_EQ(np_head_size(NP_TWRITE, NP_DOTL), 23u);
	EXPECT_EQ(np_head_size(NP_RREAD, NP_DOTL), 11u);
	EXPECT_EQ(np_head_size(NP_RREADDIR, NP_DOTL), 11u);
}

/* A client of plain 9P2000.L is told of nothing else. */
TEST(Codec, DialectsAreApart)
{
	rnd::one(9, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			np_status plain = model::is_dotl(type) ? NP_OK : NP_UNKNOWN_TYPE;

			EXPECT_EQ(model::encode(e.m, NP_DOTL), plain);
			/* All of it is here. */
			e.m.payload.count = 0;
			EXPECT_EQ(model::decode(model::write(e.m), NP_DOTL), plain);
			EXPECT_EQ(np_head_size(type, NP_DOTL) != 0,
				  plain == NP_OK && model::has_payload(type));
		});
	});
}

TEST(CodecRandom, BytesTurned)
{
	rnd::seeds(30, [](rnd::generator &from, uint64_t) {
		every_type([&](uint8_t type) {
			short_example e(from, type);
			frame f = model::write(e.m);

			for (int times = 1 + from.pick(4); times > 0; times--)
				f[from.pick(from.pick(4) ? f.size() : 12) % f.size()] = from.pick(256);
			model::decode(f, from.pick(2) ? NP_HF1 : NP_DOTL);
		});
	});
}
