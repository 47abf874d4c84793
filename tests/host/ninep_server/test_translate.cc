// SPDX-License-Identifier: GPL-2.0-only
/* Files in 9P2000.L's numbers: each function at its edges, and beside arithmetic that cannot overflow. */
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "translate_core.h"

namespace {

using wide = __int128;
constexpr wide most = INT64_MAX;

} // namespace

TEST(Translate, IounitIsWholePages)
{
	EXPECT_EQ(ns_iounit(0), 0u);
	EXPECT_EQ(ns_iounit(24), 0u);
	EXPECT_EQ(ns_iounit(25), 1u);
	/* No page fits into the smallest msize: what there is then. */
	EXPECT_EQ(ns_iounit(4096), 4072u);
	EXPECT_EQ(ns_iounit(4096 + 23), 4095u);
	EXPECT_EQ(ns_iounit(4096 + 24), 4096u);
	EXPECT_EQ(ns_iounit(8192), 4096u);
	EXPECT_EQ(ns_iounit(65536), 61440u);
	EXPECT_EQ(ns_iounit(65536 + 24), 65536u);
	EXPECT_EQ(ns_iounit(1u << 20), (1u << 20) - 4096u);
	EXPECT_EQ(ns_iounit(UINT32_MAX), UINT32_MAX - 24 - 4071 + 0u);
}

/* Subvolumes number their files from 256 on: no two of a million meet. */
TEST(Translate, PathsOfSeveralDevicesAreApart)
{
	std::map<uint64_t, int> seen;

	EXPECT_EQ(ns_qid_path(256, 42, 42), 256u);
	EXPECT_EQ(ns_qid_path(UINT64_MAX, 0, 0), UINT64_MAX);
	for (uint64_t dev = 42; dev < 142; dev++)
		for (uint64_t ino = 256; ino < 10256; ino++)
			EXPECT_EQ(seen[ns_qid_path(ino, dev, 42)]++, 0);
}

TEST(Translate, VersionIsNeverZero)
{
	EXPECT_EQ(ns_qid_version(0), 1u);
	EXPECT_EQ(ns_qid_version(1), 1u);
	EXPECT_EQ(ns_qid_version(2), 2u);
	EXPECT_EQ(ns_qid_version(0x500000005), 1u);
	EXPECT_EQ(ns_qid_version(0x100000000), 1u);
	EXPECT_EQ(ns_qid_version(UINT64_MAX), 1u);
	/* The next state of a file never looks like this one, but around 0. */
	for (uint64_t at = 2; at < 1000; at++)
		EXPECT_NE(ns_qid_version(at), ns_qid_version(at + 1));
}

TEST(Translate, TimesAreWhose)
{
	constexpr uint32_t both = NP_SET_ATIME | NP_SET_MTIME;

	EXPECT_EQ(ns_set_times(0), NS_TIMES_NONE);
	EXPECT_EQ(ns_set_times(NP_SET_MODE | NP_SET_SIZE), NS_TIMES_NONE);
	EXPECT_EQ(ns_set_times(both), NS_TIMES_WRITER);
	EXPECT_EQ(ns_set_times(NP_SET_ATIME), NS_TIMES_OWNER);
	EXPECT_EQ(ns_set_times(NP_SET_MTIME), NS_TIMES_OWNER);
	EXPECT_EQ(ns_set_times(both | NP_SET_ATIME_SET), NS_TIMES_OWNER);
	EXPECT_EQ(ns_set_times(both | NP_SET_MTIME_SET), NS_TIMES_OWNER);
	EXPECT_EQ(ns_set_times(both | NP_SET_ATIME_SET | NP_SET_MTIME_SET), NS_TIMES_OWNER);
}

TEST(Translate, WhatIsLeftOfASetattr)
{
	EXPECT_EQ(ns_set_left(NP_SET_CTIME), 0u);
	EXPECT_EQ(ns_set_left(NP_SET_SIZE | NP_SET_MTIME | NP_SET_CTIME), (uint32_t)NP_SET_SIZE);
	EXPECT_EQ(ns_set_left(NP_SET_SIZE | NP_SET_MTIME | NP_SET_MTIME_SET),
		  (uint32_t)(NP_SET_SIZE | NP_SET_MTIME | NP_SET_MTIME_SET));
	EXPECT_EQ(ns_set_left(NP_SET_MTIME), (uint32_t)NP_SET_MTIME);
	EXPECT_EQ(ns_set_left(NP_SET_ATIME_SET | NP_SET_MTIME_SET), 0u);
	for (uint32_t valid = 0; valid <= NP_SET_ALL; valid++) {
		uint32_t left = ns_set_left(valid);

		/* Nothing is added, to do it twice leaves as much, and the rest stays. */
		EXPECT_EQ(left & ~valid, 0u);
		EXPECT_EQ(ns_set_left(left), left);
		EXPECT_EQ(left & 0xf, valid & 0xf);
		EXPECT_FALSE(left & NP_SET_ATIME_SET && !(left & NP_SET_ATIME));
		EXPECT_FALSE(left & NP_SET_MTIME_SET && !(left & NP_SET_MTIME));
	}
}

TEST(Translate, LockRanges)
{
	std::mt19937_64 random(5);
	const uint64_t edges[] = { 0, 1, 2, INT64_MAX - 1ull, INT64_MAX, INT64_MAX + 1ull,
				   UINT64_MAX - 1, UINT64_MAX, random(), random() >> 1, random() >> 8 };

	for (uint64_t start : edges) {
		for (uint64_t length : edges) {
			wide end = length ? (wide)start + length - 1 : most;
			bool possible = start <= most && end <= most;
			int64_t first = -1, last = -1;

			ASSERT_EQ(ns_lock_range(start, length, &first, &last), possible);
			if (!possible)
				continue;
			EXPECT_EQ((wide)first, (wide)start);
			EXPECT_EQ((wide)last, end);
			/* Up to the end is said as such, however it was asked for. */
			EXPECT_EQ(ns_lock_length(first, last), end == most ? 0 : length);
		}
	}
}
