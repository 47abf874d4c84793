// SPDX-License-Identifier: GPL-2.0-only
/* Names, and the entries of directories. */
#include <gtest/gtest.h>

#include "../random.hpp"
#include "compare.hpp"

using model::frame;

namespace {

np_status check(std::string_view text)
{
	np_str name = model::str(text);

	return np_name_check(&name);
}

/* From the first @have bytes. */
template <class entry>
void expect_decoded(const frame &bytes, size_t have, np_status expected)
{
	model::exact input(bytes.data(), have);
	entry got;
	uint32_t used;

	EXPECT_EQ(model::decode_entry(input.at.get(), have, &got, &used), expected);
	EXPECT_EQ(used, expected == NP_OK ? have : 0);
}

/* As the model has it. */
template <class entry>
void expect_entry(entry &e)
{
	const frame bytes = model::write_entry(e);
	uint32_t used;
	np_status status, expected = model::judge_name(model::view(e.name), true, true);

	for (size_t room : { bytes.size() - 1, bytes.size(), bytes.size() + 9 }) {
		frame out(room, 0xa5);
		np_status here = room < bytes.size() && expected == NP_OK ? NP_NO_ROOM : expected;

		status = model::encode_entry(e, out.data(), room, &used);
		EXPECT_EQ(status, here);
		EXPECT_EQ(used, status == NP_OK ? bytes.size() : 0);
		if (status == NP_OK)
			EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), out.begin()));
		else
			EXPECT_EQ(out, frame(room, 0xa5));
	}
	for (size_t have = 1; have < bytes.size(); have += have < 40 ? 1 : 97)
		expect_decoded<entry>(bytes, have, NP_BEYOND);
	expect_decoded<entry>(bytes, bytes.size(), expected);
}

template <class entry>
void both_ways(rnd::generator &from)
{
	model::inventor inventor { from };
	entry e = {}, got;
	frame bytes;
	uint32_t used;

	model::entry(inventor, e);
	expect_entry(e);
	bytes = model::write_entry(e);
	ASSERT_EQ(model::decode_entry(bytes.data(), bytes.size(), &got, &used), NP_OK);
	EXPECT_EQ(model::write_entry(got), bytes);
}

} // namespace

TEST(NinepNames, AreThoseOfADirectory)
{
	EXPECT_EQ(check("a"), NP_OK);
	EXPECT_EQ(check("..."), NP_OK);
	EXPECT_EQ(check(".a"), NP_OK);
	EXPECT_EQ(check("\xff\x01 \n"), NP_OK);
	EXPECT_EQ(check(std::string(255, 'a')), NP_OK);
	EXPECT_EQ(check(std::string(256, 'a')), NP_LONG_NAME);
	EXPECT_EQ(check(std::string(65535, '/')), NP_LONG_NAME);
	EXPECT_EQ(check(""), NP_BAD_NAME);
	EXPECT_EQ(check("."), NP_BAD_NAME);
	EXPECT_EQ(check(".."), NP_BAD_NAME);
	EXPECT_EQ(check("a/"), NP_BAD_NAME);
	EXPECT_EQ(check("/"), NP_BAD_NAME);
	EXPECT_EQ(check(std::string("a\0", 2)), NP_BAD_STRING);
	EXPECT_EQ(check(std::string(1, '\0')), NP_BAD_STRING);
}

TEST(NinepEntries, BothWays)
{
	rnd::seeds(200, [](rnd::generator &from, uint64_t) {
		both_ways<np_entry>(from);
		both_ways<np_entry_attr>(from);
	});
}

TEST(NinepEntries, OfOddNames)
{
	for (const std::string &name : { std::string(), std::string("."), std::string(".."),
					 std::string("a/b"), std::string("a\0b", 3),
					 std::string(256, 'x'), std::string(65535, 'x') }) {
		np_entry e = {};
		np_entry_attr with = {};

		e.name = with.name = model::str(name);
		expect_entry(e);
		expect_entry(with);
	}
}

TEST(NinepEntries, SeveralInARow)
{
	frame data(1000);
	uint32_t at = 0, used, count = 0;
	np_entry e = {};

	e.name = model::str("entry");
	while (np_entry_encode(&e, &data[at], data.size() - at, &used) == NP_OK) {
		e.offset++;
		at += used;
	}
	data.resize(at);
	EXPECT_EQ(e.offset, 1000 / (13 + 8 + 1 + 2 + 5));
	for (at = 0; at < data.size(); at += used) {
		ASSERT_EQ(np_entry_decode(&data[at], data.size() - at, &e, &used), NP_OK);
		EXPECT_EQ(e.offset, count++);
	}
}
