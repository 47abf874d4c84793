// SPDX-License-Identifier: GPL-2.0-only
/* Subrequests and their request, event by event. */
#include "one_request.hpp"

#include <vector>

using namespace netfs_test;

namespace {

struct NetfsCollect : one_request {
	std::vector<int> exits()
	{
		std::vector<int> steps;

		do
			steps.push_back(rl_req_exit(&req));
		while (steps.back() < RL_EXIT_FREE);
		return steps;
	}
};

} // namespace

TEST_F(NetfsCollect, OnceAndOnlyOnce)
{
	rl_sub &sub = add(0, 100);

	EXPECT_EQ(answer(sub, 100), RL_ACT_INVALID) << "not issued";
	EXPECT_EQ(put(sub), RL_LEFT_INVALID);
	EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(issue(sub), RL_ACT_NONE) << "twice in flight";
	EXPECT_EQ(answer(sub, 100), RL_ACT_END);
	EXPECT_EQ(answer(sub, 100), RL_ACT_INVALID);
	EXPECT_EQ(issue(sub), RL_ACT_NONE);
	expect_end(sub, RL_DONE, RL_WELL);
	EXPECT_EQ(put(sub), RL_LEFT_ISSUER);
	EXPECT_EQ(put(sub), RL_LEFT_INVALID);
	EXPECT_EQ(rl_req_exit(&req), RL_EXIT_INVALID);
	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_NONE);
	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_INVALID);
}

TEST_F(NetfsCollect, ShortGoesOnAtOnce)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(answer(sub, 30), RL_ACT_ISSUE);
	EXPECT_EQ(sub.done, 30u);
	EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(answer(sub, 70), RL_ACT_END);
	expect_end(sub, RL_DONE, RL_WELL);
}

TEST_F(NetfsCollect, MoreThanWasAsked)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(answer(sub, 30), RL_ACT_ISSUE);
	EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(answer(sub, 71), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_NONSENSE);
	EXPECT_EQ(sub.done, 30u);
}

/* Its answer may come, and all of it may end, before ops->issue() returns. */
TEST_F(NetfsCollect, HeldWhileSomebodyActs)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_SUBS);
	EXPECT_EQ(answer(sub, 30), RL_ACT_ISSUE);
	EXPECT_TRUE(rl_req_hold(&req));
	EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(answer(sub, 70), RL_ACT_END);
	EXPECT_EQ(put(sub), RL_LEFT_SUBS);
	EXPECT_EQ(rl_req_exit(&req), RL_EXIT_INVALID);
	EXPECT_STREQ(rl_req_validate(&req), nullptr);
	EXPECT_EQ(rl_req_release(&req), RL_LEFT_NONE);
	EXPECT_EQ(rl_req_release(&req), RL_LEFT_INVALID);
	EXPECT_FALSE(rl_req_hold(&req)) << "it ends";
}

/* The issuer is told when it is alone, by whoever goes last. */
TEST_F(NetfsCollect, HeldBesideItsIssuer)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_TRUE(rl_req_hold(&req));
	EXPECT_EQ(answer(sub, 100), RL_ACT_END);
	EXPECT_EQ(put(sub), RL_LEFT_SUBS);
	EXPECT_EQ(rl_req_release(&req), RL_LEFT_ISSUER);
}

/* Reads that are short are not at an end, unless it is known. */
TEST_F(NetfsCollect, TheEndOfAFile)
{
	init(RL_READ);
	rl_sub &sub = issued(0, 8192);

	EXPECT_EQ(answer(sub, 100), RL_ACT_ISSUE);
	EXPECT_EQ(issue(sub), RL_ACT_ISSUE);
	EXPECT_EQ(answer(sub, 0), RL_ACT_END);
	expect_end(sub, RL_DONE, RL_WELL);
	rl_ending first = rl_folio_end(&req, &sub, 0, 4096);
	rl_ending second = rl_folio_end(&req, &sub, 4096, 4096);
	EXPECT_EQ(first.fate, RL_FATE_GOOD);
	EXPECT_EQ(first.zero.from, 100u);
	EXPECT_EQ(first.zero.to, 4096u);
	EXPECT_EQ(second.zero.from, 0u);
	EXPECT_EQ(second.zero.to, 4096u);
	EXPECT_EQ(rl_req_result(&req).eof, 100);
}

TEST_F(NetfsCollect, AnEndThatIsSaid)
{
	init(RL_READ);
	rl_sub &said = issued(0, 4096);
	EXPECT_EQ(answer(said, 100, 0, true), RL_ACT_END);
	EXPECT_TRUE(said.eof);

	init(RL_READ, 0, RL_SHORT_IS_EOF);
	rl_sub &known = issued(0, 4096);
	EXPECT_EQ(answer(known, 100), RL_ACT_END);
	EXPECT_TRUE(known.eof);

	init(RL_WRITEPAGES, 0, RL_SHORT_IS_EOF);
	rl_sub &write = issued(0, 4096);
	EXPECT_EQ(answer(write, 100, 0, true), RL_ACT_ISSUE);
	EXPECT_FALSE(write.eof);
}

/* It is known, though nothing is missing. */
TEST_F(NetfsCollect, AnEndThatIsSaidWithTheLastByte)
{
	init(RL_READ);
	rl_sub &sub = issued(0, 4096);
	EXPECT_EQ(answer(sub, 4096, 0, true), RL_ACT_END);
	expect_end(sub, RL_DONE, RL_WELL);
	EXPECT_EQ(rl_req_result(&req).eof, 4096);
	EXPECT_EQ(rl_folio_end(&req, &sub, 0, 4096).fate, RL_FATE_GOOD);
	EXPECT_EQ(rl_folio_end(&req, &sub, 0, 4096).zero.to, 0u);

	init(RL_READ, 0, RL_SHORT_IS_EOF);
	EXPECT_EQ(answer(issued(0, 4096), 4096), RL_ACT_END);
	EXPECT_EQ(rl_req_result(&req).eof, RL_SIZE_MAX) << "it is not short";
	init(RL_READ);
	EXPECT_EQ(answer(issued(0, 4096), 4096, eio, true), RL_ACT_END);
	EXPECT_EQ(rl_req_result(&req).eof, RL_SIZE_MAX) << "an error says nothing";
	init(RL_WRITEPAGES);
	EXPECT_EQ(answer(issued(0, 4096), 4096, 0, true), RL_ACT_END);
	EXPECT_EQ(rl_req_result(&req).eof, RL_SIZE_MAX);
}

/* How large the file is at the least: the last byte that came. */
TEST_F(NetfsCollect, HowFarAReadHasCome)
{
	init(RL_READ);
	rl_sub &a = issued(0, 4096), &b = issued(4096, 4096), &c = issued(8192, 4096);

	EXPECT_EQ(answer(c, 0), RL_ACT_END);
	EXPECT_EQ(answer(b, 40, eio), RL_ACT_END);
	EXPECT_EQ(answer(a, 0, eio), RL_ACT_END);
	EXPECT_EQ(rl_req_result(&req).extent, 4136);
	EXPECT_EQ(rl_req_result(&req).eof, 8192);
}

/* No zeroes where an error is the reason. */
TEST_F(NetfsCollect, AFailedReadZeroesNothing)
{
	init(RL_READ);
	rl_sub &sub = issued(0, 12288);

	EXPECT_EQ(answer(sub, 5000, eio), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_SERVER, eio);
	EXPECT_EQ(fate(sub, 0, 4096), RL_FATE_GOOD);
	EXPECT_EQ(rl_folio_end(&req, &sub, 0, 4096).zero.to, 0u);
	EXPECT_EQ(fate(sub, 4096, 4096), RL_FATE_BAD);
	EXPECT_EQ(fate(sub, 8192, 4096), RL_FATE_BAD);
	EXPECT_EQ(rl_folio_end(&req, &sub, 4096, 4096).why, RL_WHY_SERVER);
	EXPECT_EQ(rl_folio_end(&req, &sub, 4096, 4096).error, eio);
	EXPECT_EQ(rl_folio_end(&req, &sub, 0, 4096).why, RL_WELL) << "it is good";
	EXPECT_EQ(rl_folio_end(&req, &sub, 0, 4096).error, 0);
	EXPECT_EQ(fate(sub, 12288, 4096), RL_FATE_INVALID);
	EXPECT_EQ(rl_req_result(&req).eof, RL_SIZE_MAX);
}

TEST_F(NetfsCollect, AFolioThatIsStillUnderWay)
{
	rl_sub &sub = issued(0, 4096);

	EXPECT_EQ(fate(sub, 0, 4096), RL_FATE_INVALID);
	EXPECT_EQ(fate(sub, -1, 4096), RL_FATE_INVALID);
}

/* Dirty bytes of a folio, amid it: all were sent, or the folio is bad. */
TEST_F(NetfsCollect, WrittenInPart)
{
	rl_sub &sub = issued(100, 5000);

	EXPECT_EQ(answer(sub, 4000, -28), RL_ACT_END);
	EXPECT_EQ(fate(sub, 0, 4096), RL_FATE_GOOD);
	EXPECT_EQ(fate(sub, 4096, 4096), RL_FATE_BAD);
	EXPECT_EQ(rl_req_result(&req).extent, 4100);
}

/* The mapping has to know of it before the folio's write-back ends. */
TEST_F(NetfsCollect, AFolioKnowsItsError)
{
	rl_sub &sub = issued(0, 4096), &stuck = issued(4096, 4096);

	EXPECT_EQ(answer(sub, 0, -28), RL_ACT_END);
	rl_ending ending = rl_folio_end(&req, &sub, 0, 4096);
	EXPECT_EQ(ending.fate, RL_FATE_BAD);
	EXPECT_EQ(ending.why, RL_WHY_SERVER);
	EXPECT_EQ(ending.error, -28);
	EXPECT_EQ(answer(stuck, 9000), RL_ACT_END);
	ending = rl_folio_end(&req, &stuck, 4096, 4096);
	EXPECT_EQ(ending.fate, RL_FATE_BAD);
	EXPECT_EQ(ending.why, RL_WHY_NONSENSE);
	EXPECT_EQ(ending.error, 0);
}

/* What counts is what is there without a byte missing, and the first error. */
TEST_F(NetfsCollect, Result)
{
	init(RL_DIRECT_WRITE);
	rl_sub &a = issued(0, 100), &b = issued(100, 100), &c = issued(200, 100);

	EXPECT_EQ(answer(c, 50, -28), RL_ACT_END);
	EXPECT_EQ(answer(b, 30, eio), RL_ACT_END);
	EXPECT_EQ(answer(a, 100), RL_ACT_END);
	rl_result result = rl_req_result(&req);
	EXPECT_EQ(result.bytes, 130);
	EXPECT_EQ(result.why, RL_WHY_SERVER);
	EXPECT_EQ(result.error, eio);
	EXPECT_EQ(result.extent, 250);
}

/* Behind an end nothing counts, no error either. */
TEST_F(NetfsCollect, ResultAtAnEnd)
{
	init(RL_DIRECT_READ);
	rl_sub &a = issued(0, 100), &b = issued(100, 100);

	EXPECT_EQ(answer(b, 0, eio), RL_ACT_END);
	EXPECT_EQ(answer(a, 40, 0, true), RL_ACT_END);
	rl_result result = rl_req_result(&req);
	EXPECT_EQ(result.bytes, 40);
	EXPECT_EQ(result.why, RL_WELL);
	EXPECT_EQ(result.eof, 40);
	EXPECT_EQ(result.extent, 40);

	init(RL_DIRECT_READ);
	rl_sub &whole = issued(0, 100), &behind = issued(100, 100);
	EXPECT_EQ(answer(behind, 0, eio), RL_ACT_END);
	EXPECT_EQ(answer(whole, 100, 0, true), RL_ACT_END);
	result = rl_req_result(&req);
	EXPECT_EQ(result.bytes, 100);
	EXPECT_EQ(result.why, RL_WELL);
	EXPECT_EQ(result.error, 0);
}

TEST_F(NetfsCollect, TheEndInItsOrder)
{
	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_NONE);
	EXPECT_EQ(exits(), (std::vector<int> { RL_EXIT_FOLIOS, RL_EXIT_SIZES, RL_EXIT_OPS,
					       RL_EXIT_UNLIST, RL_EXIT_COUNT, RL_EXIT_FREE }));
	EXPECT_EQ(rl_req_exit(&req), RL_EXIT_INVALID) << "its memory may be gone";
	init(RL_DIRECT_READ);
	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_NONE);
	EXPECT_EQ(exits(), (std::vector<int> { RL_EXIT_SIZES, RL_EXIT_OPS, RL_EXIT_COMPLETE,
					       RL_EXIT_UNLIST, RL_EXIT_COUNT, RL_EXIT_FREE }));
}

/* The last byte of the folio is behind all that a file can have. */
TEST_F(NetfsCollect, TheLastFolioOfTheLargestFile)
{
	const int64_t last = RL_SIZE_MAX - 4095;

	init(RL_READ);
	rl_sub &read = issued(last, 4095);
	EXPECT_EQ(answer(read, 4095), RL_ACT_END);
	rl_ending ending = rl_folio_end(&req, &read, last, 4096);
	EXPECT_EQ(ending.fate, RL_FATE_GOOD);
	EXPECT_EQ(ending.zero.from, 4095u);
	EXPECT_EQ(ending.zero.to, 4096u);
	init(RL_WRITEPAGES);
	rl_sub &write = issued(last, 4095);
	EXPECT_EQ(answer(write, 4095), RL_ACT_END);
	EXPECT_EQ(fate(write, last, 4096), RL_FATE_GOOD);
	EXPECT_EQ(fate(write, last + 1, 4096), RL_FATE_INVALID);
}

TEST_F(NetfsCollect, NoKindNoFlagsNoError)
{
	rl_retry retry = { 10, 100, 0, 3 };

	EXPECT_FALSE(rl_req_init(&req, static_cast<rl_kind>(9), &retry, 0));
	EXPECT_FALSE(rl_req_init(&req, RL_READ, &retry, 2));
	EXPECT_FALSE(rl_req_cancel(&req, 0));
	EXPECT_FALSE(rl_req_cancel(&req, 4));
	EXPECT_FALSE(req.cancelled);
}

/* It has to end: nobody else will. */
TEST_F(NetfsCollect, AnErrorThatIsNone)
{
	rl_sub &sub = issued(0, 100);

	EXPECT_EQ(answer(sub, 10, 5), RL_ACT_END);
	expect_end(sub, RL_FAILED, RL_WHY_NONSENSE);
	EXPECT_EQ(sub.done, 0u);
}

TEST_F(NetfsCollect, Refused)
{
	rl_piece overlaps = { 99, 10 }, empty = { 200, 0 }, before = { -1, 10 };
	rl_piece behind = { RL_SIZE_MAX - 9, 10 }, good = { 100, 10 };

	add(0, 100);
	EXPECT_FALSE(rl_req_add(&req, &subs[1], &overlaps));
	EXPECT_FALSE(rl_req_add(&req, &subs[1], &empty));
	EXPECT_FALSE(rl_req_add(&req, &subs[1], &before));
	EXPECT_FALSE(rl_req_add(&req, &subs[1], &behind));
	EXPECT_EQ(rl_req_issued(&req), RL_LEFT_SUBS);
	EXPECT_FALSE(rl_req_add(&req, &subs[1], &good)) << "the issuer has gone";
}
