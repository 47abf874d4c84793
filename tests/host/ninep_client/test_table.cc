// SPDX-License-Identifier: GPL-2.0-only
/* The table of tags, case by case. */
#include <gtest/gtest.h>

#include <array>

#include "client_core.h"

extern "C" const char *client_from_c(void);

namespace {

constexpr uint32_t slots = TC_SLOTS_LEAST;
constexpr int32_t killed = -4, late = -110, gone = -5;

struct table : ::testing::Test {
	std::array<tc_slot, slots> room {};
	std::array<tc_call, 2 * slots> calls {};
	tc_table t {};
	tc_call *call = nullptr;
	uint64_t now = 7;

	void start(tc_times times = { 0, 0 })
	{
		ASSERT_TRUE(tc_init(&t, room.data(), slots, &times));
	}

	void TearDown() override { EXPECT_STREQ(tc_validate(&t), nullptr); }

	tc_begun begin(int i, uint8_t type = NP_TREAD, tc_class group = TC_DATA)
	{
		return tc_begin(&t, &calls[i], type, group, now);
	}

	/* And all of it is sent. */
	uint16_t send(int i, uint8_t type = NP_TREAD, tc_class group = TC_DATA)
	{
		EXPECT_EQ(begin(i, type, group), TC_SEND);
		sent(calls[i].tag);
		return calls[i].tag;
	}

	void sent(uint16_t tag)
	{
		EXPECT_TRUE(tc_sent(&t, tag, &call));
		EXPECT_EQ(call, nullptr);
	}

	tc_answered answer(uint16_t tag, uint8_t type) { return tc_answer(&t, tag, type, 0, now, &call); }

	tc_answered rflush(uint16_t tag) { return answer(tag + slots, NP_RFLUSH); }

	bool is_free(uint16_t tag) { return !room[tag].open && !room[tag].call; }
};

using ClientTable = table;

} // namespace

TEST_F(ClientTable, FromC)
{
	start();
	EXPECT_STREQ(client_from_c(), nullptr);
}

TEST_F(ClientTable, ASizeThatCannotBe)
{
	tc_times times = {};

	start();
	EXPECT_FALSE(tc_init(&t, room.data(), TC_SLOTS_LEAST - 1, &times));
	EXPECT_FALSE(tc_init(&t, room.data(), TC_SLOTS_MOST + 1, &times));
}

TEST_F(ClientTable, RepliesInAnyOrder)
{
	start();
	for (int i = 0; i < 3; i++)
		send(i);
	for (int i : { 1, 2, 0 }) {
		EXPECT_EQ(answer(calls[i].tag, NP_RREAD), TC_OVER);
		EXPECT_EQ(call, &calls[i]);
	}
	EXPECT_EQ(t.nr_free, slots);
}

/* A reply that comes twice does not find the next one. */
TEST_F(ClientTable, TagsAreUsedInTurn)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(answer(tag, NP_RREAD), TC_OVER);
	EXPECT_NE(send(1), tag);
	EXPECT_EQ(answer(tag, NP_RREAD), TC_ANSWER_INVALID);
}

TEST_F(ClientTable, WhatNobodyAskedFor)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_whose(&t, tag, NP_RWRITE, &call), TC_WRONG_TYPE);
	EXPECT_EQ(tc_whose(&t, tag, NP_TREAD, &call), TC_WRONG_TYPE);
	EXPECT_EQ(tc_whose(&t, tag + 1, NP_RREAD, &call), TC_NO_TAG);
	EXPECT_EQ(tc_whose(&t, NP_NOTAG, NP_RREAD, &call), TC_NO_TAG);
	EXPECT_EQ(tc_whose(&t, 2 * slots, NP_RFLUSH, &call), TC_NO_TAG);
	EXPECT_EQ(tc_whose(&t, tag + slots, NP_RFLUSH, &call), TC_NO_TAG);
	EXPECT_EQ(tc_whose(&t, tag, NP_RLERROR, &call), TC_WANTED);
	EXPECT_EQ(answer(tag, NP_RLERROR), TC_OVER);
}

/* A server may answer before all of a write has left: its pages are in use until then. */
TEST_F(ClientTable, AnsweredBeforeItIsSent)
{
	start();
	EXPECT_EQ(begin(0, NP_TWRITE), TC_SEND);
	EXPECT_EQ(answer(calls[0].tag, NP_RWRITE), TC_NOT_YET);
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_TOO_LATE);
	EXPECT_FALSE(is_free(calls[0].tag));
	EXPECT_TRUE(tc_sent(&t, calls[0].tag, &call));
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(calls[0].error, 0);
	EXPECT_TRUE(is_free(calls[0].tag));
}

/* Of all else the link has nothing but a head, which is the slot's. */
TEST_F(ClientTable, OverBeforeItIsSent)
{
	start();
	EXPECT_EQ(begin(0), TC_SEND);
	EXPECT_EQ(answer(calls[0].tag, NP_RREAD), TC_OVER);
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(calls[0].state, TC_IDLE);
	EXPECT_EQ(begin(1, NP_TLOCK, TC_WAITING), TC_SEND);
	EXPECT_EQ(tc_leave(&t, &calls[1], false, killed, now), TC_SEND_FLUSH);
	EXPECT_EQ(rflush(calls[1].tag), TC_OVER);
	EXPECT_EQ(calls[1].error, killed);
	EXPECT_FALSE(is_free(calls[0].tag));
	sent(calls[0].tag);
	EXPECT_TRUE(is_free(calls[0].tag));
}

/* A server that has answered a write, and does not take it, is given as long as for Rflush. */
TEST_F(ClientTable, AnsweredAndNeverSent)
{
	start({ 10, 5 });
	EXPECT_EQ(begin(0, NP_TWRITE), TC_SEND);
	EXPECT_EQ(answer(calls[0].tag, NP_RWRITE), TC_NOT_YET);
	EXPECT_EQ(tc_due(&t), now + 5);
	EXPECT_EQ(tc_expire(&t, late, now + 4, &call), TC_NOTHING);
	EXPECT_EQ(tc_expire(&t, late, now + 5, &call), TC_HOPELESS);
	EXPECT_TRUE(tc_sent(&t, calls[0].tag, &call));
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(tc_due(&t), UINT64_MAX);
}

/* An Rflush does not make it longer. */
TEST_F(ClientTable, FlushedAndNeverSent)
{
	start({ 10, 5 });
	EXPECT_EQ(begin(0, NP_TWRITE), TC_SEND);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
	now += 3;
	EXPECT_EQ(rflush(calls[0].tag), TC_NOT_YET);
	EXPECT_EQ(tc_due(&t), now + 2);
	EXPECT_EQ(tc_expire(&t, late, now + 2, &call), TC_HOPELESS);
	EXPECT_TRUE(tc_sent(&t, calls[0].tag, &call));
	EXPECT_EQ(calls[0].error, killed);
	EXPECT_TRUE(tc_flush_sent(&t, calls[0].tag + slots));
	EXPECT_TRUE(is_free(calls[0].tag));
}

TEST_F(ClientTable, FlushedBeforeItIsAnswered)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_TOO_LATE);
	EXPECT_TRUE(tc_flush_sent(&t, tag + slots));
	EXPECT_EQ(rflush(tag), TC_OVER);
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(calls[0].error, killed);
	EXPECT_EQ(answer(tag, NP_RREAD), TC_ANSWER_INVALID);
}

/* The answer counts, and the tag stays. */
TEST_F(ClientTable, AnsweredBeforeItIsFlushed)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
	EXPECT_TRUE(tc_flush_sent(&t, tag + slots));
	EXPECT_EQ(answer(tag, NP_RREAD), TC_OVER);
	EXPECT_EQ(calls[0].error, 0);
	EXPECT_FALSE(is_free(tag));
	EXPECT_EQ(rflush(tag), TC_NOBODY);
	EXPECT_TRUE(is_free(tag));
}

TEST_F(ClientTable, OnlyAnRflushAnswersATflush)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
	EXPECT_EQ(answer(tag + slots, NP_RLERROR), TC_ANSWER_INVALID);
	EXPECT_EQ(calls[0].state, TC_FLUSHED);
}

/* Pages that are given back while the reply may come. */
TEST_F(ClientTable, TakenBack)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], true, killed, now), TC_TAKE_BACK);
	EXPECT_EQ(calls[0].state, TC_IDLE);
	EXPECT_EQ(calls[0].error, killed);
	EXPECT_EQ(tc_whose(&t, tag, NP_RREAD, &call), TC_UNWANTED);
	EXPECT_TRUE(tc_discarded(&t, tag, now));
	EXPECT_FALSE(tc_discarded(&t, tag, now));
	EXPECT_TRUE(tc_flush_sent(&t, tag + slots));
	EXPECT_EQ(answer(tag, NP_RREAD), TC_NOBODY);
	EXPECT_FALSE(is_free(tag));
	EXPECT_EQ(rflush(tag), TC_NOBODY);
	EXPECT_TRUE(is_free(tag));
}

/* It came in the meantime: no Tflush, and no other payload under that tag until then. */
TEST_F(ClientTable, AnsweredWhileItIsTakenBack)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], true, killed, now), TC_TAKE_BACK);
	EXPECT_EQ(answer(tag, NP_RREAD), TC_NOBODY);
	EXPECT_FALSE(is_free(tag));
	EXPECT_FALSE(tc_discarded(&t, tag, now));
	EXPECT_TRUE(is_free(tag));
}

TEST_F(ClientTable, TakenBackBehindATflush)
{
	start();
	uint16_t tag = send(0);

	EXPECT_EQ(tc_leave(&t, &calls[0], false, late, now), TC_SEND_FLUSH);
	EXPECT_EQ(tc_leave(&t, &calls[0], true, killed, now), TC_TAKE_BACK);
	EXPECT_FALSE(tc_discarded(&t, tag, now));
	EXPECT_TRUE(tc_flush_sent(&t, tag + slots));
	EXPECT_EQ(rflush(tag), TC_NOBODY);
	EXPECT_TRUE(is_free(tag));
}

/* Reads and locks that wait leave tags to others; and to a Tclunk the last one. */
TEST_F(ClientTable, WhoMayHaveTheLastTags)
{
	int i = 0;

	start();
	while (begin(i, NP_TLOCK, TC_WAITING) == TC_SEND)
		i++;
	EXPECT_EQ(static_cast<uint32_t>(i++), tc_most(slots, TC_WAITING));
	while (begin(i, NP_TREAD, TC_DATA) == TC_SEND)
		i++;
	EXPECT_EQ(slots - t.nr_free, tc_most(slots, TC_DATA));
	i++;
	while (begin(i, NP_TGETATTR, TC_META) == TC_SEND)
		i++;
	EXPECT_EQ(slots - t.nr_free, tc_most(slots, TC_META));
	i++;
	while (begin(i, NP_TCLUNK, TC_ENDING) == TC_SEND)
		i++;
	EXPECT_EQ(t.nr_free, 0u);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
}

/* In turn, those before whom fewer tags are enough first. */
TEST_F(ClientTable, WhoGetsTheNextTag)
{
	int i = 0;

	start();
	while (begin(i, NP_TCLUNK, TC_ENDING) == TC_SEND)
		i++;
	tc_call *clunk = &calls[i++], *read = &calls[i], *meta = &calls[i + 1];

	EXPECT_EQ(begin(i++), TC_WAIT);
	EXPECT_EQ(begin(i++, NP_TGETATTR, TC_META), TC_WAIT);
	EXPECT_EQ(tc_next(&t), nullptr);
	tc_call *expected[] = { clunk, nullptr, meta, nullptr, nullptr, nullptr, read };
	for (int j = 0; j < 7; j++) {
		sent(calls[j].tag);
		EXPECT_EQ(answer(calls[j].tag, NP_RCLUNK), TC_OVER);
		EXPECT_EQ(tc_next(&t), expected[j] ? expected[j] : nullptr) << j;
		EXPECT_EQ(tc_next(&t), nullptr);
	}
}

TEST_F(ClientTable, LeavesTheQueue)
{
	int i = 0;

	start();
	while (begin(i) == TC_SEND)
		i++;
	EXPECT_EQ(tc_leave(&t, &calls[i], false, killed, now), TC_NEVER_SENT);
	EXPECT_EQ(calls[i].error, killed);
}

TEST_F(ClientTable, ATimeOutIsFlushed)
{
	start({ 10, 5 });
	uint16_t tag = send(0), lock = send(1, NP_TLOCK, TC_WAITING);

	EXPECT_EQ(tc_due(&t), now + 10);
	EXPECT_EQ(tc_expire(&t, late, now + 9, &call), TC_NOTHING);
	EXPECT_EQ(tc_expire(&t, late, now + 10, &call), TC_EXPIRED_FLUSH);
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(tc_expire(&t, late, now + 10, &call), TC_NOTHING);
	EXPECT_EQ(tc_due(&t), now + 15);
	EXPECT_TRUE(tc_flush_sent(&t, tag + slots));
	EXPECT_EQ(rflush(tag), TC_OVER);
	EXPECT_EQ(calls[0].error, late);
	EXPECT_EQ(tc_due(&t), UINT64_MAX);
	EXPECT_EQ(answer(lock, NP_RLOCK), TC_OVER);
}

TEST_F(ClientTable, OneThatWaitsForATagTimesOut)
{
	int i = 0;

	start({ 10, 0 });
	while (begin(i) == TC_SEND)
		i++;
	for (int j = 0; j < i; j++)
		EXPECT_EQ(tc_expire(&t, late, now + 10, &call), TC_EXPIRED_FLUSH);
	EXPECT_EQ(tc_expire(&t, late, now + 10, &call), TC_EXPIRED_UNSENT);
	EXPECT_EQ(call, &calls[i]);
	EXPECT_EQ(calls[i].error, late);
	EXPECT_EQ(tc_expire(&t, late, now + 1000, &call), TC_NOTHING);
}

TEST_F(ClientTable, ATflushWithoutAnAnswer)
{
	start({ 0, 5 });
	uint16_t lock = send(0, NP_TLOCK, TC_WAITING);

	EXPECT_EQ(tc_due(&t), UINT64_MAX);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_SEND_FLUSH);
	EXPECT_TRUE(tc_flush_sent(&t, lock + slots));
	EXPECT_EQ(tc_expire(&t, late, now + 5, &call), TC_HOPELESS);
	tc_die(&t, gone);
	EXPECT_EQ(tc_expire(&t, late, now + 5, &call), TC_NOTHING);
	EXPECT_EQ(tc_reap(&t), &calls[0]);
	EXPECT_EQ(calls[0].error, gone);
	EXPECT_TRUE(tc_quiet(&t));
}

/* Whoever's bytes the link has ends when it has told so; who was answered has his answer. */
TEST_F(ClientTable, Death)
{
	start();
	EXPECT_EQ(begin(0, NP_TWRITE), TC_SEND);
	EXPECT_EQ(begin(1, NP_TWRITE), TC_SEND);
	EXPECT_EQ(answer(calls[1].tag, NP_RWRITE), TC_NOT_YET);
	send(2);
	tc_die(&t, gone);
	tc_die(&t, killed);
	EXPECT_EQ(begin(3), TC_DEAD);
	EXPECT_EQ(tc_reap(&t), &calls[2]);
	EXPECT_EQ(calls[2].error, gone);
	EXPECT_EQ(tc_reap(&t), nullptr);
	EXPECT_EQ(tc_leave(&t, &calls[0], false, killed, now), TC_TOO_LATE);
	EXPECT_TRUE(tc_sent(&t, calls[0].tag, &call));
	EXPECT_EQ(call, &calls[0]);
	EXPECT_EQ(calls[0].error, gone);
	EXPECT_FALSE(tc_quiet(&t));
	EXPECT_TRUE(tc_sent(&t, calls[1].tag, &call));
	EXPECT_EQ(calls[1].error, 0);
	EXPECT_TRUE(tc_quiet(&t));
}
