// SPDX-License-Identifier: GPL-2.0-only
/* The session core, case by case; each in a world, which compares and validates. */
#include <gtest/gtest.h>

#include "session_world.hpp"
#include "../random.hpp"

namespace {

/* A connection that has agreed on a version. */
struct agreed : session_world::world {
	explicit agreed(session_world::options o = {}) : world(o) { agree(); }

	/* A request that runs: its id. */
	int run(uint16_t tag)
	{
		EXPECT_EQ(plain(tag), NS_RUN);
		return last_id;
	}

	int park_one(uint16_t tag)
	{
		int id = run(tag);

		EXPECT_EQ(park(id), NS_NOW_PARKED);
		return id;
	}

	ns_state state(int id) { return model.by_id(id)->state; }
};

} // namespace

extern "C" const char *session_from_c(void);

TEST(Session, FromC)
{
	EXPECT_EQ(session_from_c(), nullptr);
}

TEST(Session, ImpossibleLimitsAreMadePossible)
{
	ns_limits none = {};
	ns_session session;

	ns_init(&session, &none);
	EXPECT_EQ(session.limits.max_requests, 2u);
	EXPECT_EQ(session.limits.max_parked, 0u);
	EXPECT_EQ(session.limits.max_fids, 1u);
	none = { 5, 9, 3 };
	ns_init(&session, &none);
	EXPECT_EQ(session.limits.max_parked, 4u);
}

/* Fewer than there are already: none is added, and none is taken away. */
TEST(Session, OtherLimits)
{
	ns_limits limits = { 4, 2, 2 };
	ns_session session;
	ns_request requests[3] = {};
	ns_fid fids[3] = {};
	ns_ended ended;

	ns_init(&session, &limits);
	EXPECT_EQ(ns_version(&session, &requests[0], NS_NOTAG), NS_RUN);
	ns_agree(&session);
	EXPECT_EQ(ns_answer(&session, &requests[0], false, &ended), NS_SEND);
	for (uint16_t i = 0; i < 3; i++)
		EXPECT_EQ(ns_begin(&session, &requests[i], i), NS_RUN);
	for (uint32_t i = 0; i < 2; i++)
		EXPECT_EQ(ns_fid_reserve(&session, &fids[i], i), NS_FID_OK);
	EXPECT_EQ(ns_fid_reserve(&session, &fids[2], 2), NS_FID_TOO_MANY);
	EXPECT_EQ(ns_park(&session, &requests[0], nullptr), NS_NOW_PARKED);
	EXPECT_EQ(ns_park(&session, &requests[1], nullptr), NS_NOW_PARKED);
	limits = { 2, 1, 1 };
	ns_limit(&session, &limits);
	EXPECT_FALSE(ns_room(&session));
	EXPECT_EQ(ns_park(&session, &requests[2], nullptr), NS_TOO_MANY_PARKED);
	EXPECT_EQ(ns_validate(&session), nullptr);
	EXPECT_TRUE(ns_fid_abandon(&session, &fids[1]));
	EXPECT_EQ(ns_fid_reserve(&session, &fids[2], 2), NS_FID_TOO_MANY);
	limits = { 5, 3, 3 };
	ns_limit(&session, &limits);
	EXPECT_TRUE(ns_room(&session));
	EXPECT_EQ(ns_fid_reserve(&session, &fids[2], 2), NS_FID_OK);
	EXPECT_EQ(ns_park(&session, &requests[2], nullptr), NS_NOW_PARKED);
	EXPECT_EQ(ns_validate(&session), nullptr);
}

TEST(Session, OnlyTversionComesFirst)
{
	session_world::world w({});

	EXPECT_EQ(w.plain(1), NS_NO_VERSION);
	EXPECT_EQ(w.flush(1, 2), NS_NO_VERSION);
	/* One that found no version. */
	EXPECT_EQ(w.version(NS_NOTAG), NS_RUN);
	EXPECT_EQ(w.answer(w.last_id, false), NS_SEND);
	EXPECT_EQ(w.plain(1), NS_NO_VERSION);
	w.agree();
	EXPECT_EQ(w.plain(1), NS_RUN);
}

TEST(Session, NotagIsForTversionAlone)
{
	agreed w;

	EXPECT_EQ(w.plain(NS_NOTAG), NS_BAD_TAG);
	EXPECT_EQ(w.flush(NS_NOTAG, 1), NS_BAD_TAG);
	EXPECT_EQ(w.version(5), NS_RUN);
}

TEST(Session, ATagInUseIsRefused)
{
	agreed w;
	int id = w.run(1);

	EXPECT_EQ(w.plain(1), NS_DUPLICATE);
	EXPECT_EQ(w.flush(1, 1), NS_DUPLICATE);
	EXPECT_EQ(w.version(1), NS_DUPLICATE);
	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.plain(2), NS_DUPLICATE);
	/* Free as soon as the reply is in the queue. */
	EXPECT_EQ(w.answer(id, false), NS_SEND);
	EXPECT_EQ(w.plain(1), NS_RUN);
	EXPECT_EQ(w.plain(2), NS_RUN);
}

TEST(Session, TheReaderStopsAndIsToldToGoOn)
{
	agreed w({ .limits = { 2, 1, 1 } });
	int one = w.run(1);

	w.run(2);
	reach::counts().clear();
	EXPECT_EQ(w.plain(3), NS_NO_ROOM);
	EXPECT_FALSE(w.room());
	w.answer(one, false);
	EXPECT_EQ(reach::counts()["room 1"], 1u);
	EXPECT_TRUE(w.room());
	/* Once. */
	w.answer(w.model.by_tag(2)->id, false);
	EXPECT_EQ(reach::counts()["room 1"], 1u);
}

/* ------------------------------------------------------------------- Tflush */

TEST(Session, AFlushOfNothingIsAnsweredAtOnce)
{
	agreed w;

	EXPECT_EQ(w.flush(1, 2), NS_RFLUSH);
	EXPECT_EQ(w.flush(1, 1), NS_RFLUSH) << "its own tag";
	EXPECT_EQ(w.flush(1, NS_NOTAG), NS_RFLUSH);
	int id = w.run(2);

	w.answer(id, true);
	EXPECT_EQ(w.flush(1, 2), NS_RFLUSH) << "its reply is in the queue";
	EXPECT_EQ(w.rflushes, 4u);
}

TEST(Session, ARunningOneIsAnsweredThenItsFlushes)
{
	agreed w;
	int id = w.run(1);

	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.flush(3, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.rflushes, 0u);
	EXPECT_EQ(w.answer(id, false), NS_SEND);
	/* In order: read_ended() has compared. */
	EXPECT_EQ(w.rflushes, 2u);
}

TEST(Session, AParkedOneIsTakenBackFirst)
{
	agreed w;
	int id = w.park_one(1), victim = 0;

	EXPECT_EQ(w.flush(2, 1, &victim), NS_CANCEL);
	EXPECT_EQ(victim, id);
	EXPECT_EQ(w.wake(id), NS_REFUSED) << "a late grant";
	EXPECT_EQ(w.flush(3, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.rflushes, 0u) << "the same owner would ask again";
	w.drop(id);
	EXPECT_EQ(w.rflushes, 2u);
	EXPECT_TRUE(w.messages.empty());
}

TEST(Session, ACommittedGrantIsTakenBack)
{
	agreed w;
	int id = w.park_one(1);

	EXPECT_EQ(w.wake(id), NS_YOURS);
	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.answer(id, true), NS_SUPPRESS);
	EXPECT_EQ(w.rflushes, 0u);
	w.drop(id);
	EXPECT_EQ(w.rflushes, 1u);
}

TEST(Session, WhatCannotBeTakenBackIsAnswered)
{
	agreed w;
	int id = w.park_one(1);

	EXPECT_EQ(w.wake(id), NS_YOURS);
	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.answer(id, false), NS_SEND);
	EXPECT_EQ(w.rflushes, 1u);
}

TEST(Session, AFlushedOneDoesNotPark)
{
	agreed w;
	int id = w.run(1);

	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.wake(id), NS_REFUSED) << "an early grant";
	EXPECT_EQ(w.park(id), NS_UNWANTED);
	EXPECT_EQ(w.answer(id, true), NS_SUPPRESS);
	w.drop(id);
	EXPECT_EQ(w.rflushes, 1u);
}

/* An Rflush of the second must not come before the first one's. */
TEST(Session, AFlushOfAFlushIsAnsweredBehindIt)
{
	agreed w;
	int id = w.run(1);

	EXPECT_EQ(w.flush(2, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.flush(3, 2), NS_FLUSH_WAITS);
	EXPECT_EQ(w.flush(4, 3), NS_FLUSH_WAITS);
	EXPECT_EQ(w.flush(5, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.answer(id, false), NS_SEND);
	EXPECT_EQ(w.rflushes, 4u);
	EXPECT_EQ(w.flush(3, 2), NS_RFLUSH);
}

/* ------------------------------------------------------------------ parking */

TEST(Session, AnEarlyGrantIsNotLost)
{
	agreed w;
	int id = w.run(1);

	EXPECT_EQ(w.wake(id), NS_NOTED);
	EXPECT_EQ(w.park(id), NS_WOKEN);
	/* Once. */
	EXPECT_EQ(w.park(id), NS_NOW_PARKED);
}

TEST(Session, OneWakesIt)
{
	agreed w;
	int id = w.park_one(1);

	EXPECT_EQ(w.wake(id), NS_YOURS);
	EXPECT_EQ(w.wake(id), NS_NOTED) << "a timer beside the grant";
	EXPECT_EQ(w.answer(id, true), NS_SEND);
}

TEST(Session, NotAllMayBeParked)
{
	agreed w({ .limits = { 4, 2, 1 } });

	w.park_one(1);
	w.park_one(2);
	int id = w.run(3);

	EXPECT_EQ(w.park(id), NS_TOO_MANY_PARKED);
	/* So that this one is read. */
	EXPECT_TRUE(w.room());
	int victim = 0;

	EXPECT_EQ(w.flush(4, 1, &victim), NS_CANCEL);
	EXPECT_EQ(w.park(id), NS_TOO_MANY_PARKED) << "the client does not know yet";
	w.drop(victim);
	EXPECT_EQ(w.park(id), NS_NOW_PARKED);
}

/* Who has waited does not lose it to who has just come. */
TEST(Session, WhoTriesAgainKeepsItsPlace)
{
	agreed w({ .limits = { 4, 2, 1 } });
	int one = w.park_one(1), two = w.park_one(2), late = w.run(3);

	EXPECT_EQ(w.wake(one), NS_YOURS);
	EXPECT_EQ(w.wake(two), NS_YOURS);
	EXPECT_EQ(w.core.nr_parked, 0u);
	EXPECT_EQ(w.core.nr_places, 2u);
	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED);
	EXPECT_EQ(w.park(one), NS_NOW_PARKED);
	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED);
	EXPECT_EQ(w.park(two), NS_NOW_PARKED);
	/* Until it has ended. */
	EXPECT_EQ(w.wake(one), NS_YOURS);
	EXPECT_EQ(w.answer(one, false), NS_SEND);
	EXPECT_EQ(w.park(late), NS_NOW_PARKED);
}

TEST(Session, AWakeUpBeforeItTakesNoPlace)
{
	agreed w({ .limits = { 4, 1, 1 } });
	int id = w.run(1);

	EXPECT_EQ(w.wake(id), NS_NOTED);
	EXPECT_EQ(w.park(id), NS_WOKEN);
	EXPECT_EQ(w.core.nr_places, 0u);
	w.park_one(2);
	EXPECT_EQ(w.park(id), NS_TOO_MANY_PARKED);
}

/* However it ends, and not before. */
TEST(Session, APlaceIsFreeWithItsEnd)
{
	agreed w({ .limits = { 6, 1, 1 } });
	int id = w.park_one(1), late = w.run(2);

	/* A Tflush while it runs: its client waits for the Rflush. */
	EXPECT_EQ(w.wake(id), NS_YOURS);
	EXPECT_EQ(w.flush(3, 1), NS_FLUSH_WAITS);
	EXPECT_EQ(w.park(id), NS_UNWANTED);
	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED);
	EXPECT_EQ(w.answer(id, true), NS_SUPPRESS);
	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED);
	w.drop(id);
	EXPECT_EQ(w.core.nr_places, 0u);
	EXPECT_EQ(w.park(late), NS_NOW_PARKED);

	/* A clunk of its fid. */
	EXPECT_EQ(w.wake(late), NS_YOURS);
	EXPECT_EQ(w.answer(late, false), NS_SEND);
	int waits = w.run(4), clunks = w.run(5);

	EXPECT_EQ(w.reserve(clunks, 7), NS_FID_OK);
	w.publish(clunks, *w.messages.at(clunks)->reserved.back(), NS_FID_OPEN);
	session_world::fid &fid = *w.find(waits, 7);

	EXPECT_EQ(w.park(waits, &fid), NS_NOW_PARKED);
	w.clunk(clunks, 7);
	EXPECT_EQ(w.wake_on(fid), waits);
	EXPECT_EQ(w.park(waits, &fid), NS_FID_WENT);
	EXPECT_EQ(w.park(clunks), NS_TOO_MANY_PARKED);
	w.put(waits, fid);
	EXPECT_EQ(w.answer(waits, true), NS_SEND);
	EXPECT_EQ(w.park(clunks), NS_NOW_PARKED);
	w.put(clunks, fid);

	/* A Tversion: the next begin with all of them. */
	EXPECT_EQ(w.version(NS_NOTAG), NS_DRAIN);
	int version = w.last_id;

	EXPECT_EQ(w.cancel(), clunks);
	w.drop(clunks);
	EXPECT_EQ(w.core.nr_places, 0u);
	EXPECT_EQ(w.answer(version, false), NS_SEND);
}

/* And of a connection that ends while one tries again. */
TEST(Session, DeathFindsAPlace)
{
	agreed w({ .limits = { 4, 2, 1 } });
	int runs = w.park_one(1), parked = w.park_one(2);

	EXPECT_EQ(w.wake(runs), NS_YOURS);
	w.die();
	EXPECT_EQ(w.park(runs), NS_UNWANTED);
	EXPECT_EQ(w.cancel(), parked);
	EXPECT_EQ(w.cancel(), 0);
	w.drop(parked);
	EXPECT_EQ(w.core.nr_places, 1u);
	EXPECT_EQ(w.answer(runs, true), NS_SUPPRESS);
	w.drop(runs);
	EXPECT_TRUE(ns_quiet(&w.core));
	EXPECT_EQ(w.core.nr_places, 0u);
}

/* Who has a place keeps it, and beside those there is room for one more: a Tflush. */
TEST(Session, FewerPlacesThanAreTaken)
{
	agreed w({ .limits = { 6, 4, 1 } });
	int one = w.park_one(1), two = w.park_one(2), three = w.park_one(3);

	w.limit({ 2, 1, 1 });
	EXPECT_EQ(w.wake(one), NS_YOURS);
	EXPECT_EQ(w.park(one), NS_NOW_PARKED);
	int late = w.run(4);

	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED);
	EXPECT_EQ(w.flush(5, 1), NS_NO_ROOM);
	EXPECT_EQ(w.answer(late, true), NS_SEND);
	EXPECT_EQ(w.flush(5, 1), NS_CANCEL);
	w.drop(one);
	EXPECT_EQ(w.wake(two), NS_YOURS);
	EXPECT_EQ(w.answer(two, false), NS_SEND);
	late = w.run(4);
	EXPECT_EQ(w.park(late), NS_TOO_MANY_PARKED) << "the only one is taken";
	EXPECT_EQ(w.wake(three), NS_YOURS);
	EXPECT_EQ(w.answer(three, false), NS_SEND);
	EXPECT_EQ(w.park(late), NS_NOW_PARKED);
	/* As many as there are. */
	w.limit({ 2, 2, 1 });
	int last = w.run(6);

	EXPECT_EQ(w.park(last), NS_TOO_MANY_PARKED);
	w.limit({ 3, 2, 1 });
	EXPECT_EQ(w.park(last), NS_NOW_PARKED);
	EXPECT_EQ(w.flush(7, 4), NS_CANCEL);
}

/* -------------------------------------------------------------------- reset */

TEST(Session, TversionWaitsForAllOthers)
{
	agreed w;
	int runs = w.run(1), parked = w.park_one(2), flushed = w.run(3);

	EXPECT_EQ(w.flush(4, 3), NS_FLUSH_WAITS);
	EXPECT_EQ(w.version(NS_NOTAG), NS_DRAIN);
	int version = w.last_id;

	EXPECT_EQ(w.plain(5), NS_NO_ROOM);
	EXPECT_EQ(w.wake(parked), NS_REFUSED);
	EXPECT_EQ(w.wake(runs), NS_REFUSED);
	EXPECT_EQ(w.park(runs), NS_UNWANTED);
	EXPECT_EQ(w.cancel(), parked);
	EXPECT_EQ(w.cancel(), 0);
	w.drop(parked);
	EXPECT_EQ(w.answer(flushed, false), NS_SUPPRESS);
	w.drop(flushed);
	EXPECT_EQ(w.rflushes, 0u);
	EXPECT_EQ(w.state(version), NS_WAITING);
	EXPECT_EQ(w.answer(runs, false), NS_SUPPRESS);
	w.drop(runs);
	EXPECT_EQ(w.state(version), NS_RUNNING);
	EXPECT_EQ(w.plain(5), NS_NO_ROOM) << "not before it is answered";
	reach::counts().clear();
	EXPECT_EQ(w.answer(version, false), NS_SEND);
	EXPECT_EQ(reach::counts()["room 1"], 1u);
	EXPECT_EQ(w.plain(5), NS_NO_VERSION) << "it found none";
}

TEST(Session, DeathEndsEverythingWithoutAReply)
{
	agreed w;
	int runs = w.run(1), parked = w.park_one(2), cancelled = w.park_one(3);

	EXPECT_EQ(w.flush(4, 3), NS_CANCEL);
	w.die();
	uint64_t replies = w.replies;

	EXPECT_EQ(w.plain(5), NS_DEAD);
	EXPECT_EQ(w.flush(5, 1), NS_DEAD);
	EXPECT_EQ(w.version(NS_NOTAG), NS_DEAD);
	EXPECT_FALSE(w.room());
	EXPECT_EQ(w.wake(parked), NS_REFUSED);
	EXPECT_EQ(w.cancel(), parked);
	w.drop(parked);
	w.drop(cancelled);
	EXPECT_EQ(w.answer(runs, false), NS_SUPPRESS);
	EXPECT_FALSE(ns_quiet(&w.core));
	reach::counts().clear();
	w.drop(runs);
	EXPECT_EQ(reach::counts()["quiet 1"], 1u);
	EXPECT_TRUE(ns_quiet(&w.core));
	EXPECT_EQ(w.replies, replies);
	EXPECT_EQ(w.rflushes, 0u);
}

TEST(Session, DeathWhileATversionWaits)
{
	agreed w;
	int runs = w.run(1);

	EXPECT_EQ(w.version(NS_NOTAG), NS_DRAIN);
	int version = w.last_id;

	w.die();
	EXPECT_EQ(w.answer(runs, false), NS_SUPPRESS);
	w.drop(runs);
	EXPECT_EQ(w.answer(version, false), NS_SUPPRESS);
	w.drop(version);
	EXPECT_TRUE(ns_quiet(&w.core));
}

TEST(Session, FaultsOfTheCallerChangeNothing)
{
	agreed w;

	rnd::one(1, [&](rnd::generator &from, uint64_t) {
		w.run(1);
		w.fault_step();
		w.park_one(2);
		w.fault_step();
		EXPECT_EQ(w.flush(4, 2), NS_CANCEL);
		w.fault_step();
		w.reserve(w.model.by_tag(1)->id, 3);
		w.fault_step();
		w.end(from);
	});
}

/* What is broken on purpose is seen. */
TEST(Session, ValidateSees)
{
	agreed w;
	int id = w.run(1), other = w.park_one(2);

	w.flush(3, 1);
	ns_request &request = w.messages.at(id)->core;
	ns_request &flush = w.messages.at(w.last_id)->core;
	auto seen = [&] { return ns_validate(&w.core) != nullptr; };

	EXPECT_FALSE(seen());
	request.tag = 2;
	EXPECT_TRUE(seen());
	request.tag = 1;
	request.state = NS_IDLE;
	EXPECT_TRUE(seen());
	request.state = NS_PARKED;
	EXPECT_TRUE(seen());
	request.state = NS_RUNNING;
	flush.victim = &w.messages.at(other)->core;
	EXPECT_TRUE(seen());
	flush.victim = &request;
	request.flushes = nullptr;
	EXPECT_TRUE(seen());
	request.last_flush = nullptr;
	EXPECT_TRUE(seen());
	request.flushes = request.last_flush = &flush;
	w.core.nr_parked = 0;
	EXPECT_TRUE(seen());
	w.core.nr_parked = 1;
	w.core.nr_places = 0;
	EXPECT_TRUE(seen());
	request.placed = 1;
	EXPECT_TRUE(seen());
	w.core.nr_places = 2;
	EXPECT_FALSE(seen());
	request.placed = 0;
	flush.placed = 1;
	EXPECT_TRUE(seen());
	flush.placed = 0;
	w.messages.at(other)->core.placed = 0;
	w.core.nr_places = 0;
	EXPECT_TRUE(seen());
	w.messages.at(other)->core.placed = 1;
	w.core.nr_places = 1;
	w.core.version = &request;
	EXPECT_TRUE(seen());
	w.core.version = nullptr;
	EXPECT_FALSE(seen());
	w.reserve(id, 1);
	w.core.nr_fids = 0;
	EXPECT_TRUE(seen());
	w.core.nr_fids = 1;
	EXPECT_FALSE(seen());
}
