// SPDX-License-Identifier: GPL-2.0-only
/* What requests are, what replies are worth, and on which version two ends agree. */
#include <gtest/gtest.h>

#include <cstring>

#include "client_core.h"

namespace {

np_msg of(uint8_t type)
{
	np_msg msg {};

	msg.type = type;
	return msg;
}

np_msg version(const char *name, uint32_t msize)
{
	np_msg msg = of(NP_RVERSION);

	msg.rversion.msize = msize;
	msg.rversion.version = { name, static_cast<uint16_t>(std::strlen(name)) };
	return msg;
}

constexpr uint32_t least = 5000;

} // namespace

TEST(ClientMessages, Classes)
{
	np_msg lock = of(NP_TLOCK), lockx = of(NP_TLOCKX);

	for (uint8_t type : { NP_TREAD, NP_TWRITE, NP_TREADDIR })
		EXPECT_EQ(({ np_msg m = of(type); tc_class_of(&m); }), TC_DATA) << int(type);
	for (uint8_t type : { NP_TWALK, NP_TFSYNC, NP_TATTACH })
		EXPECT_EQ(({ np_msg m = of(type); tc_class_of(&m); }), TC_META) << int(type);
	for (uint8_t type : { NP_TCLUNK, NP_TREMOVE })
		EXPECT_EQ(({ np_msg m = of(type); tc_class_of(&m); }), TC_ENDING) << int(type);
	EXPECT_EQ(tc_class_of(&lock), TC_META);
	lock.tlock.flags = NP_LOCK_BLOCK;
	EXPECT_EQ(tc_class_of(&lock), TC_WAITING);
	lock.tlock.type = NP_UNLCK;
	EXPECT_EQ(tc_class_of(&lock), TC_ENDING);
	lockx.tlockx.type = NP_WRLCK;
	EXPECT_EQ(tc_class_of(&lockx), TC_META);
	lockx.tlockx.flags = NP_LOCK_BLOCK;
	EXPECT_EQ(tc_class_of(&lockx), TC_WAITING);
	lockx.tlockx.type = NP_UNLCK;
	EXPECT_EQ(tc_class_of(&lockx), TC_ENDING);
}

TEST(ClientMessages, WhatRepliesNeed)
{
	np_msg read = of(NP_TREAD), dir = of(NP_TREADDIRATTR), write = of(NP_TWRITE);

	read.tread.count = 77;
	dir.treaddirattr.count = 78;
	write.payload.count = 79;
	EXPECT_EQ(tc_asked(&read), 77u);
	EXPECT_EQ(tc_asked(&dir), 78u);
	EXPECT_EQ(tc_asked(&write), 0u);
	EXPECT_EQ(tc_room_for(NP_TREADDIR), TC_PAYLOAD);
	EXPECT_EQ(tc_room_for(NP_TWRITE), TC_NO_ROOM);
	EXPECT_EQ(tc_room_for(NP_TGETLOCKX), TC_STRINGS);
	EXPECT_EQ(tc_room_for(NP_TGETATTR), TC_NO_ROOM);
}

/* Beside a list of what only looks; Txattrcreate and the ends of fids are the Tclunk's. */
TEST(ClientMessages, WhatChanges)
{
	const uint8_t looks[] = { NP_TSTATFS, NP_TLOPEN, NP_TREADLINK, NP_TGETATTR, NP_TXATTRWALK,
				  NP_TXATTRCREATE, NP_TREADDIR, NP_TFSYNC, NP_TLOCK, NP_TGETLOCK,
				  NP_TVERSION, NP_TAUTH, NP_TATTACH, NP_TFLUSH, NP_TWALK, NP_TREAD,
				  NP_TCLUNK, NP_TCAPS, NP_TIDENTITY, NP_TREADDIRATTR, NP_TWALKATTR,
				  NP_TOPENATTR, NP_TLOCKX, NP_TGETLOCKX, NP_TSEEK };
	const uint8_t changes[] = { NP_TLCREATE, NP_TSYMLINK, NP_TMKNOD, NP_TRENAME, NP_TSETATTR,
				    NP_TLINK, NP_TMKDIR, NP_TRENAMEAT, NP_TUNLINKAT, NP_TWRITE,
				    NP_TREMOVE, NP_TCREATEATTR, NP_TFALLOCATE, NP_TCOPY, NP_TCLONE,
				    NP_TRENAMEX };

	for (uint8_t type : looks)
		EXPECT_FALSE(tc_changes(type)) << int(type);
	for (uint8_t type : changes)
		EXPECT_TRUE(tc_changes(type)) << int(type);
}

TEST(ClientMessages, MoreThanWasAskedFor)
{
	np_msg ask = of(NP_TWRITE), reply = of(NP_RWRITE);

	ask.payload.count = 10;
	reply.rwrite.count = 10;
	EXPECT_TRUE(tc_makes_sense(&ask, &reply));
	reply.rwrite.count = 11;
	EXPECT_FALSE(tc_makes_sense(&ask, &reply));
	ask = of(NP_TREAD);
	ask.tread.count = 5;
	reply = of(NP_RREAD);
	reply.payload.count = 5;
	EXPECT_TRUE(tc_makes_sense(&ask, &reply));
	reply.payload.count = 6;
	EXPECT_FALSE(tc_makes_sense(&ask, &reply));
	ask = of(NP_TWALK);
	ask.twalk.names.count = 2;
	reply = of(NP_RWALK);
	reply.rwalk.qids.count = 1;
	EXPECT_TRUE(tc_makes_sense(&ask, &reply));
	reply.rwalk.qids.count = 3;
	EXPECT_FALSE(tc_makes_sense(&ask, &reply));
	ask = of(NP_TWALKATTR);
	reply = of(NP_RWALKATTR);
	EXPECT_TRUE(tc_makes_sense(&ask, &reply));
	reply.rwalkattr.qids.count = 1;
	EXPECT_FALSE(tc_makes_sense(&ask, &reply));
	ask = of(NP_TCOPY);
	ask.tcopy.count = 1;
	reply = of(NP_RCOPY);
	reply.rcopy.count = 2;
	EXPECT_FALSE(tc_makes_sense(&ask, &reply));
	reply.rcopy.count = 1;
	EXPECT_TRUE(tc_makes_sense(&ask, &reply));
}

TEST(ClientGreeting, WhatWasAskedFor)
{
	const tc_agreed hf1 = { 9000, NP_HF1, {} }, dotl = { 9000, NP_DOTL, {} };
	np_msg reply = version("9P2000.L.hf1", 8000);
	tc_agreed agreed {};

	EXPECT_EQ(tc_greet(&hf1, true, &reply, least, &agreed), TC_AGREED);
	EXPECT_EQ(agreed.dialect, NP_HF1);
	EXPECT_EQ(agreed.msize, 8000u);
	EXPECT_EQ(tc_greet(&dotl, true, &reply, least, &agreed), TC_NO_VERSION);
	reply = version("9P2000.L", 99999);
	EXPECT_EQ(tc_greet(&dotl, false, &reply, least, &agreed), TC_AGREED);
	EXPECT_EQ(agreed.dialect, NP_DOTL);
	EXPECT_EQ(agreed.msize, 9000u);
}

TEST(ClientGreeting, FallsBack)
{
	const tc_agreed hf1 = { 9000, NP_HF1, {} }, dotl = { 9000, NP_DOTL, {} };
	np_msg plain = version("9P2000.L", 9000), error = of(NP_RLERROR);
	tc_agreed agreed {};

	EXPECT_EQ(tc_greet(&hf1, true, &plain, least, &agreed), TC_AGREED);
	EXPECT_EQ(agreed.dialect, NP_DOTL);
	EXPECT_EQ(tc_greet(&hf1, false, &plain, least, &agreed), TC_NO_VERSION);
	for (const char *name : { "unknown", "9P2000", "9P2000.u", "9P2000.L.", "9P2000.L.hf", "" }) {
		np_msg reply = version(name, 9000);

		EXPECT_EQ(tc_greet(&hf1, true, &reply, least, &agreed), TC_ASK_AGAIN) << name;
		EXPECT_EQ(tc_greet(&hf1, false, &reply, least, &agreed), TC_NO_VERSION) << name;
		EXPECT_EQ(tc_greet(&dotl, true, &reply, least, &agreed), TC_NO_VERSION) << name;
	}
	for (const np_msg *reply : { const_cast<const np_msg *>(&error), static_cast<const np_msg *>(nullptr) }) {
		EXPECT_EQ(tc_greet(&hf1, true, reply, least, &agreed), TC_ASK_AGAIN);
		EXPECT_EQ(tc_greet(&dotl, true, reply, least, &agreed), TC_NO_VERSION);
	}
}

TEST(ClientGreeting, TooSmall)
{
	const tc_agreed hf1 = { 9000, NP_HF1, {} };
	np_msg reply = version("9P2000.L.hf1", least - 1);
	tc_agreed agreed = { 1, 2, {} };

	EXPECT_EQ(tc_greet(&hf1, true, &reply, least, &agreed), TC_MSIZE_TOO_SMALL);
	EXPECT_EQ(agreed.msize, 1u);
	reply.rversion.msize = least;
	EXPECT_EQ(tc_greet(&hf1, true, &reply, least, &agreed), TC_AGREED);
	EXPECT_EQ(agreed.msize, least);
}
