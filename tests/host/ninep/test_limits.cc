// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, strings, lists and payloads at their extremes, and at the limits of their rules. */
#include <gtest/gtest.h>

#include "../random.hpp"
#include "examples.hpp"

using model::every_type;
using model::frame;
using model::set_size;
using model::short_example;

namespace {

/* Where a rule that is a little off would be noticed. */
std::vector<uint64_t> at_limits(const model::rule_finder &rule)
{
	uint64_t most = ~uint64_t { 0 } >> (64 - rule.bits);
	std::vector<uint64_t> values = { 0, 1, most };

	for (int bit = 0; bit < rule.bits; bit++)
		values.push_back(uint64_t { 1 } << bit);
	if (rule.rule != model::rule_finder::any)
		values.insert(values.end(), { rule.limit - 1u, rule.limit, rule.limit + 1u });
	return values;
}

} // namespace

TEST(CodecLimits, NumbersAtTheirExtremes)
{
	rnd::one(5, [](rnd::generator &from, uint64_t) {
		int numbers = 0;

		every_type([&](uint8_t type) {
			short_example e(from, type);

			for (int turn = 0;; turn++) {
				bool was_there = false;

				for (uint64_t value : { uint64_t { 0 }, uint64_t { 1 }, ~uint64_t { 0 }, from.bits() }) {
					np_msg m = e.m;
					model::changer change(turn, value);

					model::body(change, m);
					was_there = change.was_there;
					EXPECT_EQ(model::encode(m, NP_HF1),
						  model::decode(model::write(m), NP_HF1));
				}
				if (!was_there)
					break;
				numbers++;
			}
		});
		EXPECT_GT(numbers, 300);
	});
}

/* Each bit of a set of flags; the last number that may be, and the next. */
TEST(CodecLimits, NumbersAtTheirLimits)
{
	rnd::one(10, [](rnd::generator &from, uint64_t) {
		int of_rule[4] = {};

		every_type([&](uint8_t type) {
			short_example e(from, type);

			for (int turn = 0;; turn++) {
				model::rule_finder rule(turn);

				model::body(rule, e.m);
				if (!rule.was_there)
					break;
				of_rule[rule.rule]++;
				for (uint64_t value : at_limits(rule)) {
					np_msg m = e.m;
					model::changer change(turn, value);

					model::body(change, m);
					EXPECT_EQ(model::encode(m, NP_HF1), rule.judge(value));
					EXPECT_EQ(model::decode(model::write(m), NP_HF1),
						  rule.judge(value));
				}
			}
		});
		EXPECT_EQ(of_rule[model::rule_finder::flags_of], 16);
		EXPECT_EQ(of_rule[model::rule_finder::at_most], 15);
		EXPECT_EQ(of_rule[model::rule_finder::from_one], 1);
	});
}

TEST(CodecLimits, StringsAtTheirExtremes)
{
	rnd::one(6, [](rnd::generator &from, uint64_t) {
		const std::string texts[] = { "", "x", std::string(255, 'x'), std::string(256, 'x'),
			std::string(65535, 'x'), ".", "..", "...", "/", "a/b", std::string("a\0b", 3),
			std::string(1, '\0'), std::string(300, '\0') };
		int strings = 0;

		every_type([&](uint8_t type) {
			short_example e(from, type);

			for (int turn = 0;; turn++) {
				bool was_there = false;

				for (const std::string &text : texts) {
					np_msg m = e.m;
					model::renamer rename(turn, model::str(text));

					model::body(rename, m);
					was_there = rename.was_there;
					EXPECT_EQ(model::encode(m, NP_HF1),
						  model::decode(model::write(m), NP_HF1));
				}
				if (!was_there)
					break;
				strings++;
			}
		});
		EXPECT_GT(strings, 30);
	});
}

TEST(CodecLimits, ListsOfSixteen)
{
	np_msg walk = {}, walked = {};

	walk.type = NP_TWALK;
	walked.type = NP_RWALK;
	for (np_str &name : walk.twalk.names.name)
		name = model::str("n");
	for (int count = 0; count <= 16; count++) {
		walk.twalk.names.count = walked.rwalk.qids.count = count;
		EXPECT_EQ(model::encode(walk, NP_DOTL), NP_OK);
		EXPECT_EQ(model::decode(model::write(walked), NP_DOTL), NP_OK);
	}

	frame f = model::write(walk), r = model::write(walked);

	for (int count : { 17, 255, 256, 65535 }) {
		np_built built;
		uint8_t room[8192];

		f[15] = r[7] = count % 256;
		f[16] = r[8] = count / 256;
		EXPECT_EQ(model::decode(f, NP_DOTL), NP_BAD_COUNT);
		EXPECT_EQ(model::decode(r, NP_DOTL), NP_BAD_COUNT);
		walk.twalk.names.count = walked.rwalk.qids.count = count;
		EXPECT_EQ(np_encode(&walk, NP_DOTL, room, sizeof(room), &built), NP_BAD_COUNT);
		EXPECT_EQ(np_encode(&walked, NP_DOTL, room, sizeof(room), &built), NP_BAD_COUNT);
	}
}

TEST(CodecLimits, PayloadCountsAtTheirExtremes)
{
	const uint32_t counts[] = { 0, 1, 255, 256, 0x7fffffff, 0x80000000, UINT32_MAX - 24,
				    UINT32_MAX - 23, UINT32_MAX - 22, UINT32_MAX - 11,
				    UINT32_MAX - 10, UINT32_MAX };

	const uint8_t types[] = { NP_TWRITE, NP_RREAD, NP_RREADDIR, NP_RREADDIRATTR };

	for (uint8_t type : types) {
		uint32_t head = model::head_of(type);
		uint8_t room[23];
		np_built built;
		np_msg m = {}, got;

		m.type = type;
		for (uint32_t count : counts) {
			np_status wanted = count > UINT32_MAX - head ? NP_TOO_LARGE : NP_OK;

			m.payload.count = count;
			EXPECT_EQ(np_encode(&m, NP_HF1, room, head, &built), wanted);
			EXPECT_EQ(built.size, wanted == NP_OK ? head + count : 0);
			if (wanted != NP_OK)
				continue;

			frame f(room, room + head);

			EXPECT_EQ(model::decode(f.data(), head, NP_HF1, got), NP_OK);
			EXPECT_EQ(got.payload.count, count);
		}
		/* Sizes and counts that have nothing to do with one another. */
		for (uint32_t count : counts) {
			for (uint32_t size : counts) {
				frame f = model::write(m);

				for (int i = 0; i < 4; i++)
					f[head - 4 + i] = count >> 8 * i;
				set_size(f, size);
				EXPECT_EQ(model::decode(f, NP_HF1) == NP_OK,
					  size >= head && count == size - head);
			}
		}
	}
}
