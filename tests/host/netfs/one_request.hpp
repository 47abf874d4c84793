/* SPDX-License-Identifier: GPL-2.0-only */
/* A request with a few subrequests, for the tests of collect and retry. */
#ifndef HF_TESTS_NETFS_ONE_REQUEST_HPP
#define HF_TESTS_NETFS_ONE_REQUEST_HPP

#include <gtest/gtest.h>

#include "netfs_core.h"

namespace netfs_test {

inline constexpr int32_t eio = -5, eagain = -11, eintr = -4;

struct one_request : testing::Test {
	rl_req req;
	rl_sub subs[4];
	int count = 0;
	uint64_t now = 1000;

	one_request() { init(RL_WRITEPAGES); }

	~one_request() override { EXPECT_STREQ(rl_req_validate(&req), nullptr); }

	void init(rl_kind kind, uint32_t timeo = 0, uint32_t flags = 0)
	{
		rl_retry retry = { 10, 100, timeo, 3 };

		EXPECT_TRUE(rl_req_init(&req, kind, &retry, flags));
		count = 0;
	}

	rl_sub &add(int64_t pos, uint32_t len)
	{
		rl_piece piece = { pos, len };

		EXPECT_TRUE(rl_req_add(&req, &subs[count], &piece));
		return subs[count++];
	}

	rl_sub &issued(int64_t pos, uint32_t len)
	{
		rl_sub &sub = add(pos, len);

		EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
		return sub;
	}

	rl_act issue(rl_sub &sub) { return rl_sub_issue(&req, &sub, now); }

	rl_act answer(rl_sub &sub, uint32_t bytes, int32_t error = 0, bool eof = false)
	{
		rl_answer what = { bytes, error, error == eagain || error == eintr, eof, false };

		return rl_sub_done(&req, &sub, &what, now);
	}

	rl_act not_asked(rl_sub &sub)
	{
		rl_answer what = { 0, 0, false, false, true };

		return rl_sub_done(&req, &sub, &what, now);
	}

	rl_left put(rl_sub &sub) { return rl_sub_put(&req, &sub); }

	rl_fate fate(rl_sub &sub, int64_t pos, uint32_t size)
	{
		return static_cast<rl_fate>(rl_folio_end(&req, &sub, pos, size).fate);
	}

	void expect_end(const rl_sub &sub, rl_state state, rl_why why, int32_t error = 0)
	{
		EXPECT_EQ(sub.state, state);
		EXPECT_EQ(sub.why, why);
		EXPECT_EQ(sub.error, error);
	}
};

} // namespace netfs_test

#endif /* HF_TESTS_NETFS_ONE_REQUEST_HPP */
