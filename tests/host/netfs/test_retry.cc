// SPDX-License-Identifier: GPL-2.0-only
/* What is tried again, when, and what ends that. */
#include "one_request.hpp"

using namespace netfs_test;

namespace {

struct NetfsRetry : one_request {
	rl_act act = RL_ACT_NONE;

	rl_sub *due(rl_sub *after = nullptr) { return rl_req_next_due(&req, after, now, &act); }

	rl_sub *next_cancel(rl_sub *after = nullptr)
	{
		return rl_req_next_cancel(&req, after, &act);
	}

	/* Tried when its time has come. */
	void again(rl_sub &sub)
	{
		now = rl_req_due(&req);
		ASSERT_EQ(due(), &sub);
		ASSERT_EQ(act, RL_ACT_ISSUE);
		ASSERT_EQ(issue(sub), RL_ACT_ISSUE);
	}
};

} // namespace

TEST_F(NetfsRetry, DelaysDoubleUpToTheCap)
{
	rl_sub &sub = issued(0, 100);

	for (uint64_t delay : { 10, 20, 40, 80, 100, 100, 100 }) {
		ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
		EXPECT_EQ(rl_req_due(&req), now + delay);
		EXPECT_EQ(due(), nullptr) << "too early";
		again(sub);
	}
	EXPECT_EQ(answer(sub, 1, eagain), RL_ACT_WAIT);
	EXPECT_EQ(rl_req_due(&req), now + 10) << "progress begins anew";
}

/* Hard: a transient error as often as it comes. */
TEST_F(NetfsRetry, HardWaits)
{
	rl_sub &sub = issued(0, 100);

	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
		again(sub);
	}
	EXPECT_EQ(answer(sub, 100), RL_ACT_END);
	expect_end(sub, RL_DONE, RL_WELL);
}

TEST_F(NetfsRetry, OnlyWhatIsTransient)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(answer(sub, 0, eio), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_SERVER, eio);
}

/* A write of nothing, hard or not. */
TEST_F(NetfsRetry, NoProgressIsAnError)
{
	rl_sub &sub = issued(0, 100);

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(answer(sub, 0), RL_ACT_WAIT);
		again(sub);
	}
	ASSERT_EQ(answer(sub, 1), RL_ACT_ISSUE);
	ASSERT_EQ(issue(sub), RL_ACT_ISSUE);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(answer(sub, 0), RL_ACT_WAIT);
		again(sub);
	}
	EXPECT_EQ(answer(sub, 0), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_STUCK);
}

TEST_F(NetfsRetry, SoftEndsInTime)
{
	init(RL_WRITEPAGES, 50);
	rl_sub &sub = issued(0, 100);

	ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
	again(sub);
	ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
	again(sub);
	ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
	EXPECT_EQ(rl_req_due(&req), 1050u);
	now = 1050;
	ASSERT_EQ(due(), &sub);
	EXPECT_EQ(act, RL_ACT_END) << "a try would be cancelled in the same moment";
	expect_end(sub, RL_CANCELLED, RL_WHY_TIMEOUT);
	EXPECT_EQ(due(), nullptr);
}

/* A cache had it no more: the server gets all of its time, at once, and none of its errors is used up. */
TEST_F(NetfsRetry, WhoWasNotAsked)
{
	init(RL_READ, 50, RL_SHORT_IS_EOF);
	rl_sub &sub = issued(0, 100);

	now = 2000;
	ASSERT_EQ(not_asked(sub), RL_ACT_ISSUE) << "nothing was read, and no end was told; nor is it late";
	EXPECT_EQ(rl_req_due(&req), RL_NEVER);
	ASSERT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(rl_req_due(&req), 2050u);
	EXPECT_EQ(answer(sub, 100), RL_ACT_END);
	expect_end(sub, RL_DONE, RL_WELL);
}

TEST_F(NetfsRetry, WhoWasNotAskedAndIsNotWanted)
{
	init(RL_READ);
	rl_sub &sub = issued(0, 100);

	rl_req_cancel(&req, eintr);
	ASSERT_EQ(next_cancel(), &sub);
	EXPECT_EQ(not_asked(sub), RL_ACT_END);
	expect_end(sub, RL_CANCELLED, RL_WHY_CANCELLED, eintr);
}

TEST_F(NetfsRetry, SoftAndAnsweredTooLate)
{
	init(RL_WRITEPAGES, 50);
	rl_sub &sub = issued(0, 100);

	now = 1050;
	EXPECT_EQ(answer(sub, 0, eagain), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_TIMEOUT);
}

/* Silence: it is cancelled, and ends when that is answered, not before. */
TEST_F(NetfsRetry, SoftAndSilent)
{
	init(RL_WRITEPAGES, 50);
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(rl_req_due(&req), 1050u);
	now = 1049;
	EXPECT_EQ(due(), nullptr);
	now = 1050;
	ASSERT_EQ(due(), &sub);
	EXPECT_EQ(act, RL_ACT_CANCEL);
	EXPECT_EQ(due(), nullptr) << "once";
	EXPECT_EQ(rl_req_due(&req), RL_NEVER);
	EXPECT_EQ(sub.state, RL_ISSUED);
	EXPECT_EQ(answer(sub, 0, eintr), RL_ACT_END);
	expect_end(sub, RL_CANCELLED, RL_WHY_TIMEOUT);
}

TEST_F(NetfsRetry, ProgressMovesTheDeadline)
{
	init(RL_WRITEPAGES, 50);
	rl_sub &sub = issued(0, 100);

	now = 1040;
	ASSERT_EQ(answer(sub, 10), RL_ACT_ISSUE);
	ASSERT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(rl_req_due(&req), 1090u);
}

TEST_F(NetfsRetry, CancelledWhateverItsState)
{
	rl_sub &done = issued(0, 10), &sent = issued(10, 10), &waits = issued(20, 10);
	rl_sub &fresh = add(30, 10);

	ASSERT_EQ(answer(done, 10), RL_ACT_END);
	ASSERT_EQ(answer(waits, 0, eagain), RL_ACT_WAIT);
	act = RL_ACT_INVALID;
	EXPECT_EQ(next_cancel(), nullptr) << "nobody asked for it";
	EXPECT_EQ(act, RL_ACT_NONE);
	rl_req_cancel(&req, eintr);
	rl_req_cancel(&req, eio);
	ASSERT_EQ(next_cancel(), &sent);
	EXPECT_EQ(act, RL_ACT_CANCEL);
	ASSERT_EQ(next_cancel(&sent), &waits);
	EXPECT_EQ(act, RL_ACT_END);
	expect_end(waits, RL_CANCELLED, RL_WHY_CANCELLED, eintr);
	ASSERT_EQ(next_cancel(&waits), &fresh);
	EXPECT_EQ(act, RL_ACT_END);
	EXPECT_EQ(next_cancel(&fresh), nullptr);
	EXPECT_EQ(next_cancel(), nullptr) << "twice";
	EXPECT_EQ(answer(sent, 3), RL_ACT_END) << "short, and not tried again";
	expect_end(sent, RL_CANCELLED, RL_WHY_CANCELLED, eintr);
	EXPECT_EQ(fate(waits, 20, 10), RL_FATE_BAD);
}

TEST_F(NetfsRetry, AnAnswerWinsOverACancel)
{
	rl_sub &sent = issued(0, 10);

	rl_req_cancel(&req, eintr);
	ASSERT_EQ(next_cancel(), &sent);
	EXPECT_EQ(answer(sent, 10), RL_ACT_END);
	expect_end(sent, RL_DONE, RL_WELL);
}

TEST_F(NetfsRetry, NothingIsIssuedOnceItIsCancelled)
{
	rl_sub &fresh = add(0, 10);

	rl_req_cancel(&req, eio);
	EXPECT_EQ(issue(fresh), RL_ACT_END);
	EXPECT_EQ(issue(fresh), RL_ACT_NONE);
	expect_end(fresh, RL_CANCELLED, RL_WHY_CANCELLED, eio);
}

TEST_F(NetfsRetry, Hurried)
{
	rl_sub &sub = issued(0, 10);

	ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
	EXPECT_EQ(due(), nullptr);
	rl_req_hurry(&req, now);
	EXPECT_EQ(due(), &sub);
	EXPECT_EQ(act, RL_ACT_ISSUE);
}

/* An impossible policy, and the end of time. */
TEST_F(NetfsRetry, Extremes)
{
	rl_retry none = {}, huge = { 0x80000001, 0xffffffff, 0xffffffff, 255 };

	ASSERT_TRUE(rl_req_init(&req, RL_WRITEPAGES, &none, 0));
	count = 0;
	rl_sub &sub = issued(0, 10);
	ASSERT_EQ(answer(sub, 0, eagain), RL_ACT_WAIT);
	EXPECT_EQ(rl_req_due(&req), now + 1);
	again(sub);
	EXPECT_EQ(answer(sub, 0), RL_ACT_END);
	ASSERT_TRUE(rl_req_init(&req, RL_WRITEPAGES, &huge, 0));
	now = RL_NEVER - 5;
	count = 0;
	rl_sub &late = issued(0, 10);
	ASSERT_EQ(answer(late, 0, eagain), RL_ACT_WAIT);
	EXPECT_EQ(rl_req_due(&req), RL_NEVER - 1);
}
