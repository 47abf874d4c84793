// SPDX-License-Identifier: GPL-2.0-only
/* Frames byte by byte, written down from the public descriptions. */
#include <gtest/gtest.h>

#include "compare.hpp"

using model::frame;

namespace {

frame bytes_of(std::string_view hex)
{
	frame out;
	int digits = 0;

	for (char c : hex) {
		if (c == ' ')
			continue;
		if (digits++ % 2 == 0)
			out.push_back(0);
		out.back() = out.back() * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return out;
}

/* Decodes it, and encodes what came out. */
np_msg both_ways(std::string_view hex, frame &f)
{
	np_msg m;
	np_built built;
	frame again(8192);

	f = bytes_of(hex);
	if (np_decode(f.data(), f.size(), NP_HF1, &m) != NP_OK) {
		ADD_FAILURE() << "refused: " << hex;
		return {};
	}
	EXPECT_EQ(np_encode(&m, NP_HF1, again.data(), again.size(), &built), NP_OK) << hex;
	again.resize(built.head);
	EXPECT_EQ(again, f) << hex;
	return m;
}

} // namespace

TEST(CodecGolden, Version)
{
	frame f;
	np_msg m = both_ways("15000000 64 ffff 00200000 0800 3950323030302e4c", f);

	EXPECT_EQ(m.type, NP_TVERSION);
	EXPECT_EQ(m.tag, NP_NOTAG);
	EXPECT_EQ(m.tversion.msize, 8192u);
	EXPECT_EQ(model::view(m.tversion.version), NP_VERSION_DOTL);
}

TEST(CodecGolden, Attach)
{
	frame f;
	np_msg m = both_ways("1e000000 68 0100 00000000 ffffffff 0400 726f6f74 0300 737276 00000000", f);

	EXPECT_EQ(m.tattach.afid, NP_NOFID);
	EXPECT_EQ(model::view(m.tattach.uname), "root");
	EXPECT_EQ(model::view(m.tattach.aname), "srv");
	EXPECT_EQ(m.tattach.n_uname, 0u);
}

TEST(CodecGolden, WalkOfTwoNames)
{
	frame f;
	np_msg m = both_ways("19000000 6e 0200 01000000 02000000 0200 0300 757372 0100 78", f);

	EXPECT_EQ(m.twalk.fid, 1u);
	EXPECT_EQ(m.twalk.newfid, 2u);
	ASSERT_EQ(m.twalk.names.count, 2);
	EXPECT_EQ(model::view(m.twalk.names.name[0]), "usr");
	EXPECT_EQ(model::view(m.twalk.names.name[1]), "x");
	m = both_ways("16000000 6f 0200 0100 80 04030201 0807060504030201", f);
	ASSERT_EQ(m.rwalk.qids.count, 1);
	EXPECT_EQ(m.rwalk.qids.qid[0].type, NP_QTDIR);
	EXPECT_EQ(m.rwalk.qids.qid[0].version, 0x01020304u);
	EXPECT_EQ(m.rwalk.qids.qid[0].path, 0x0102030405060708u);
}

TEST(CodecGolden, ReadAndWrite)
{
	frame f;
	np_msg m = both_ways("17000000 74 0300 05000000 0010000000000000 00000100", f);

	EXPECT_EQ(m.tread.offset, 4096u);
	EXPECT_EQ(m.tread.count, 65536u);
	/* The head; three bytes are to come. */
	m = both_ways("1a000000 76 0300 05000000 ffffffffffffff7f 03000000", f);
	EXPECT_EQ(m.twrite.offset, 0x7fffffffffffffffu);
	EXPECT_EQ(m.payload.count, 3u);
	m = both_ways("0d000000 75 0300 02000000", f);
	EXPECT_EQ(m.payload.at, 11u);
	EXPECT_EQ(m.payload.count, 2u);
}

TEST(CodecGolden, Lock)
{
	frame f;
	np_msg m = both_ways("2a000000 34 0400 07000000 01 01000000 0500000000000000 0000000000000000 "
			     "39300000 0400 686f7374", f);

	EXPECT_EQ(m.tlock.fid, 7u);
	EXPECT_EQ(m.tlock.type, NP_WRLCK);
	EXPECT_EQ(m.tlock.flags, uint32_t { NP_LOCK_BLOCK });
	EXPECT_EQ(m.tlock.start, 5u);
	EXPECT_EQ(m.tlock.proc_id, 12345u);
	EXPECT_EQ(model::view(m.tlock.client_id), "host");
	m = both_ways("08000000 35 0400 01", f);
	EXPECT_EQ(m.rlock.status, NP_LOCK_BLOCKED);
}

/* Older descriptions of 9P2000.L have no datasync. */
TEST(CodecGolden, BothFsyncs)
{
	frame f, old = bytes_of("0b000000 32 0500 09000000");
	np_msg m = both_ways("0f000000 32 0500 09000000 01000000", f);

	EXPECT_EQ(m.tfsync.fid, 9u);
	EXPECT_EQ(m.tfsync.datasync, 1u);
	ASSERT_EQ(np_decode(old.data(), old.size(), NP_DOTL, &m), NP_OK);
	EXPECT_EQ(m.tfsync.fid, 9u);
	EXPECT_EQ(m.tfsync.datasync, 0u);
}

TEST(CodecGolden, ErrorAndFlush)
{
	frame f;
	np_msg m = both_ways("0b000000 07 0600 02000000", f);

	EXPECT_EQ(m.rlerror.ecode, 2u);
	m = both_ways("09000000 6c 0700 0600", f);
	EXPECT_EQ(m.tflush.oldtag, 6);
	both_ways("07000000 6d 0700", f);
}

TEST(CodecGolden, WhatTheServerKnows)
{
	frame f;
	np_msg m = both_ways("07000000 a0 0800", f);

	EXPECT_EQ(m.type, NP_TCAPS);
	m = both_ways("27000000 a1 0800 00000000 00000000 00000000 00000000 "
		      "00000000 55000000 00000000 00000000", f);
	EXPECT_EQ(m.rcaps.known[NP_TCAPS / 8] >> NP_TCAPS % 8 & 1, 1);
	EXPECT_EQ(m.rcaps.known[NP_TREADDIRATTR / 8] >> NP_TREADDIRATTR % 8 & 1, 1);
	EXPECT_EQ(m.rcaps.known[NP_TCOPY / 8] >> NP_TCOPY % 8 & 1, 0);
}

TEST(CodecGolden, LockOfAKind)
{
	frame f;
	np_msg m = both_ways("33000000 ac 0900 07000000 02 01 00000000 0000000000000000 "
			     "0000000000000000 8877665544332211 39300000 0400 686f7374", f);

	EXPECT_EQ(m.tlockx.kind, NP_FLOCK);
	EXPECT_EQ(m.tlockx.type, NP_WRLCK);
	EXPECT_EQ(m.tlockx.owner, 0x1122334455667788u);
	EXPECT_EQ(m.tlockx.proc_id, 12345u);
	EXPECT_EQ(model::view(m.tlockx.client_id), "host");
}

TEST(CodecGolden, CopyOfSixteenMebibytes)
{
	frame f;
	np_msg m = both_ways("23000000 b4 0a00 01000000 0010000000000000 02000000 "
			     "0000000000000000 00000001", f);

	EXPECT_EQ(m.tcopy.offset, 4096u);
	EXPECT_EQ(m.tcopy.dstfid, 2u);
	EXPECT_EQ(m.tcopy.count, NP_COPY_MAX);
	f[31]++;
	EXPECT_EQ(np_decode(f.data(), f.size(), NP_HF1, &m), NP_BAD_VALUE);
}
