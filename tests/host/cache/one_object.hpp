/* SPDX-License-Identifier: GPL-2.0-only */
/* One object of the cache, and what its shell would do, for tests that go step by step. */
#ifndef HF_TESTS_CACHE_ONE_OBJECT_HPP
#define HF_TESTS_CACHE_ONE_OBJECT_HPP

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "netfs_core.h"

/* A granule. */
constexpr int64_t G = 65536;

struct one_object : testing::Test {
	rc_key key = { { 1 }, 2, 3, 4, 5 * G + 1000, 1000, 0 };
	rc_object o = {};
	std::vector<uint64_t> bits;
	std::vector<uint8_t> slots = std::vector<uint8_t>(RC_SLOTS);
	uint64_t now = 50000, wall = 200000;
	int64_t changed = 1000;
	uint64_t known = RL_NEVER;	/* now */
	int inode = 0, other = 0;
	rc_fill fill = {};
	rc_commit committed = RC_COMMIT_INVALID;
	uint8_t slot[RC_SLOT];
	uint32_t place = 0;

	one_object() { o.state = RC_GONE; }

	void begin(bool exists = false)
	{
		bits.assign(rc_object_words(&key), 0x5555);
		ASSERT_TRUE(rc_object_init(&o, &key, changed, known == RL_NEVER ? now : known, bits.empty() ? nullptr : bits.data(), exists, now, wall));
	}

	void ready()
	{
		begin();
		ASSERT_EQ(rc_object_opened(&o, RC_LOOK_CREATED, nullptr), RC_OPENED_READY);
	}

	/* It is on disk, in a file so long. */
	rc_opened looked(uint64_t length)
	{
		rc_header header;
		bool good = rc_header_read(slots.data(), &key, length, &header) == RC_HEADER_GOOD;

		return rc_object_opened(&o, RC_LOOK_OPEN, good ? &header : nullptr);
	}

	~one_object()
	{
		const char *why = rc_object_validate(&o);

		EXPECT_EQ(why, nullptr) << why;
	}

	/* What came, asked for in the ms after @now, and which fills that begins: from, to, ... */
	std::vector<int64_t> came(int64_t from, int64_t to, const void *who = nullptr)
	{
		rl_bytes bytes = { from, to };
		std::vector<int64_t> list;

		rc_fill begun;

		while (rc_fill_begin(&o, who ? who : &inode, &bytes, now + 1, &begun)) {
			fill = begun;
			list.insert(list.end(), { fill.from, fill.to });
		}
		EXPECT_EQ(bytes.from, bytes.to);
		return list;
	}

	using bytes = std::vector<int64_t>;

	void filled(int64_t from, int64_t to, rc_outcome outcome = RC_DONE)
	{
		fill = { from, to, false };
		ASSERT_TRUE(rc_fill_end(&o, &fill, outcome, now));
	}

	void have(int64_t from, int64_t to)
	{
		ASSERT_EQ(came(from, to), (bytes { from, to }));
		filled(from, to);
	}

	bool sync(rc_outcome outcome = RC_DONE, bool confirmed = true)
	{
		if (confirmed) {
			EXPECT_TRUE(rc_commit_confirm(&o));
		}
		committed = rc_commit_synced(&o, outcome, now, slot, &place);
		if (committed == RC_COMMIT_WRITE)
			rc_header_seal(slot);
		return committed == RC_COMMIT_WRITE;
	}

	/* Nobody uses it, and all of it is vouched for. */
	void commit()
	{
		ASSERT_TRUE(rc_commit_begin(&o, now, wall));
		ASSERT_TRUE(sync());
		std::memcpy(&slots[place], slot, RC_SLOT);
		ASSERT_TRUE(rc_commit_written(&o, RC_DONE, now));
	}

	rc_end end() { return rc_object_end(&o, now, wall); }
};

#endif /* HF_TESTS_CACHE_ONE_OBJECT_HPP */
