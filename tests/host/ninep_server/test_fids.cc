// SPDX-License-Identifier: GPL-2.0-only
/* Fids, case by case; each in a world, which compares and validates. */
#include <gtest/gtest.h>

#include "session_world.hpp"

namespace {

using session_world::fid;

/* Two requests run, and there is a fid. */
struct with_fid : session_world::world {
	int one, two;

	explicit with_fid(session_world::options o = {}, ns_fid_state state = NS_FID_UNOPENED)
		: world(o)
	{
		agree();
		plain(1);
		one = last_id;
		plain(2);
		two = last_id;
		EXPECT_EQ(reserve(one, 7), NS_FID_OK);
		publish(one, *messages.at(one)->reserved.back(), state);
	}
};

} // namespace

TEST(Fids, AReservedOneIsSeenByNobody)
{
	with_fid w;

	EXPECT_EQ(w.reserve(w.one, 8), NS_FID_OK);
	EXPECT_EQ(w.reserve(w.two, 8), NS_FID_IN_USE);
	EXPECT_EQ(w.find(w.two, 8), nullptr);
	EXPECT_EQ(w.clunk(w.two, 8), nullptr);
	w.abandon(w.one, *w.messages.at(w.one)->reserved.back());
	EXPECT_EQ(w.find(w.two, 8), nullptr);
	EXPECT_EQ(w.reserve(w.two, 8), NS_FID_OK);
	w.publish(w.two, *w.messages.at(w.two)->reserved.back(), NS_FID_OPEN);
	EXPECT_NE(w.find(w.one, 8), nullptr);
}

TEST(Fids, NumbersAndLimits)
{
	with_fid w({ .limits = { 4, 2, 2 } });

	EXPECT_EQ(w.reserve(w.one, NS_NOFID), NS_FID_BAD_NUMBER);
	EXPECT_EQ(w.reserve(w.one, 7), NS_FID_IN_USE);
	EXPECT_EQ(w.reserve(w.one, NS_NOFID - 1), NS_FID_OK);
	EXPECT_EQ(w.reserve(w.one, 0), NS_FID_TOO_MANY);
	/* One that is gone counts until it is freed. */
	fid *f = w.clunk(w.two, 7);

	EXPECT_EQ(w.reserve(w.one, 0), NS_FID_TOO_MANY);
	w.put(w.two, *f);
	EXPECT_EQ(w.reserve(w.one, 0), NS_FID_OK);
}

TEST(Fids, AClunkWaitsForNobody)
{
	with_fid w;
	fid *f = w.find(w.one, 7);
	int id = f->id;

	EXPECT_EQ(w.clunk(w.two, 7), f);
	EXPECT_EQ(w.clunk(w.two, 7), nullptr) << "twice";
	EXPECT_EQ(w.find(w.two, 7), nullptr);
	/* The number is free: another fid. */
	EXPECT_EQ(w.reserve(w.two, 7), NS_FID_OK);
	w.put(w.two, *f);
	EXPECT_EQ(w.fids.count(id), 1u) << "one still uses it";
	w.put(w.one, *f);
	EXPECT_EQ(w.fids.count(id), 0u);
}

TEST(Fids, OneClaimsIt)
{
	with_fid w;
	fid *f = w.find(w.one, 7);

	w.find(w.two, 7);
	EXPECT_EQ(w.claim(w.one, *f), NS_FID_OK);
	EXPECT_EQ(w.claim(w.two, *f), NS_FID_BUSY);
	w.become(w.one, *f, NS_FID_UNOPENED);
	EXPECT_EQ(w.claim(w.two, *f), NS_FID_OK);
	w.become(w.two, *f, NS_FID_OPEN);
	EXPECT_EQ(w.claim(w.one, *f), NS_FID_OPENED);
}

TEST(Fids, WhatIsOpenCannotBeClaimed)
{
	for (ns_fid_state state : { NS_FID_OPEN, NS_FID_XATTR_READ }) {
		with_fid w({}, state);

		EXPECT_EQ(w.claim(w.one, *w.find(w.one, 7)), NS_FID_OPENED);
	}
}

/* What is opened while it is clunked is closed with the last use; a clunk of an
 * extended attribute that was being written sees that it was. */
TEST(Fids, AClunkBesideAClaim)
{
	with_fid w;
	fid *f = w.find(w.one, 7);
	int id = f->id;

	EXPECT_EQ(w.claim(w.one, *f), NS_FID_OK);
	EXPECT_EQ(w.clunk(w.two, 7), f);
	EXPECT_EQ(f->core.state, NS_FID_CLAIMED);
	EXPECT_EQ(w.claim(w.two, *f), NS_FID_CLUNKED);
	w.put(w.two, *f);
	w.become(w.one, *f, NS_FID_XATTR_WRITE);
	EXPECT_EQ(f->core.state, NS_FID_XATTR_WRITE);
	w.put(w.one, *f);
	EXPECT_EQ(w.fids.count(id), 0u);
}

TEST(Fids, AClunkWakesThoseParkedOnIt)
{
	with_fid w;
	fid *f = w.find(w.one, 7);

	EXPECT_EQ(w.park(w.one, f), NS_NOW_PARKED);
	w.plain(3);
	int other = w.last_id;

	EXPECT_EQ(w.park(other), NS_NOW_PARKED) << "on none";
	EXPECT_EQ(w.clunk(w.two, 7), f);
	EXPECT_EQ(w.wake_on(*f), w.one);
	EXPECT_EQ(w.wake_on(*f), 0);
	EXPECT_EQ(w.wake(w.one), NS_NOTED) << "the grant is late: to be taken back by who has it";
	EXPECT_EQ(w.park(w.one, f), NS_FID_WENT);
	w.put(w.two, *f);
	w.put(w.one, *f);
	EXPECT_EQ(w.answer(w.one, true), NS_SEND);
}

/* Nobody would wake it. */
TEST(Fids, NothingParksOnOneThatIsGone)
{
	with_fid w;
	fid *f = w.find(w.one, 7);

	EXPECT_EQ(w.clunk(w.two, 7), f);
	EXPECT_EQ(w.park(w.one, f), NS_FID_WENT);
}

TEST(Fids, ParkingNeedsAUse)
{
	with_fid w;
	fid *f = w.find(w.one, 7);

	w.put(w.one, *f);
	EXPECT_EQ(ns_park(&w.core, &w.messages.at(w.one)->core, &f->core), NS_PARK_INVALID);
	w.compare();
}

TEST(Fids, AllGoInTheEnd)
{
	with_fid w({}, NS_FID_OPEN);
	fid *f = w.find(w.one, 7);

	for (uint32_t number : { 1u, 2u, 3u }) {
		EXPECT_EQ(w.reserve(w.one, number), NS_FID_OK);
		if (number != 2)
			w.publish(w.one, *w.messages.at(w.one)->reserved.back(), NS_FID_UNOPENED);
	}
	w.clunk_all();
	EXPECT_EQ(w.fids.size(), 2u) << "in use, and reserved";
	w.put(w.one, *f);
	w.abandon(w.one, *w.messages.at(w.one)->reserved.back());
	EXPECT_TRUE(w.fids.empty());
}
