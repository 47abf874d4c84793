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

/* "dbqqds"; the answer has no fid. */
TEST(CodecGolden, GetLock)
{
	frame f;
	np_msg m = both_ways("26000000 36 0400 07000000 01 0500000000000000 0600000000000000 "
			     "39300000 0400 686f7374", f);

	EXPECT_EQ(m.type, NP_TGETLOCK);
	EXPECT_EQ(m.tgetlock.fid, 7u);
	EXPECT_EQ(m.tgetlock.type, NP_WRLCK);
	EXPECT_EQ(m.tgetlock.start, 5u);
	EXPECT_EQ(m.tgetlock.length, 6u);
	EXPECT_EQ(m.tgetlock.proc_id, 12345u);
	EXPECT_EQ(model::view(m.tgetlock.client_id), "host");
	m = both_ways("22000000 37 0400 02 0500000000000000 0600000000000000 39300000 0400 686f7374", f);
	EXPECT_EQ(m.type, NP_RGETLOCK);
	EXPECT_EQ(m.rgetlock.type, NP_UNLCK);
	EXPECT_EQ(m.rgetlock.start, 5u);
	EXPECT_EQ(m.rgetlock.length, 6u);
	EXPECT_EQ(m.rgetlock.proc_id, 12345u);
	EXPECT_EQ(model::view(m.rgetlock.client_id), "host");
}

/* Linux's client has them as "dsddg", "dsdddg", "dssg". */
TEST(CodecGolden, WhatMakesFiles)
{
	frame f;
	np_msg m = both_ways("1c000000 0e 0b00 03000000 0300 6e6577 42800000 a4810000 e8030000", f);

	EXPECT_EQ(m.type, NP_TLCREATE);
	EXPECT_EQ(m.tlcreate.fid, 3u);
	EXPECT_EQ(model::view(m.tlcreate.name), "new");
	EXPECT_EQ(m.tlcreate.flags, 2u | NP_O_CREAT | NP_O_LARGEFILE);
	EXPECT_EQ(m.tlcreate.mode, 0100644u);
	EXPECT_EQ(m.tlcreate.gid, 1000u);
	m = both_ways("20000000 12 0c00 03000000 0300 747479 90210000 04000000 40000000 05000000", f);
	EXPECT_EQ(m.type, NP_TMKNOD);
	EXPECT_EQ(m.tmknod.fid, 3u);
	EXPECT_EQ(model::view(m.tmknod.name), "tty");
	EXPECT_EQ(m.tmknod.mode, 0020620u);
	EXPECT_EQ(m.tmknod.major, 4u);
	EXPECT_EQ(m.tmknod.minor, 64u);
	EXPECT_EQ(m.tmknod.gid, 5u);
	m = both_ways("18000000 10 0d00 03000000 0100 6c 0400 2f657463 64000000", f);
	EXPECT_EQ(m.type, NP_TSYMLINK);
	EXPECT_EQ(m.tsymlink.fid, 3u);
	EXPECT_EQ(model::view(m.tsymlink.name), "l");
	EXPECT_EQ(model::view(m.tsymlink.target), "/etc");
	EXPECT_EQ(m.tsymlink.gid, 100u);
}

/* "dI", which is "ddugqqqqq". */
TEST(CodecGolden, Setattr)
{
	frame f;
	np_msg m = both_ways("43000000 1a 0e00 04000000 ff010000 a4010000 e8030000 e9030000 "
			     "0010000000000000 00f1536500000000 0100000000000000 "
			     "01f1536500000000 ffc99a3b00000000", f);

	EXPECT_EQ(m.type, NP_TSETATTR);
	EXPECT_EQ(m.tsetattr.fid, 4u);
	EXPECT_EQ(m.tsetattr.valid, uint32_t { NP_SET_ALL });
	EXPECT_EQ(m.tsetattr.mode, 0644u);
	EXPECT_EQ(m.tsetattr.uid, 1000u);
	EXPECT_EQ(m.tsetattr.gid, 1001u);
	EXPECT_EQ(m.tsetattr.size, 4096u);
	EXPECT_EQ(m.tsetattr.atime_sec, 1700000000u);
	EXPECT_EQ(m.tsetattr.atime_nsec, 1u);
	EXPECT_EQ(m.tsetattr.mtime_sec, 1700000001u);
	EXPECT_EQ(m.tsetattr.mtime_nsec, 999999999u);
}

namespace {

/* "qQdugqqqqqqqqqqqqqqq" */
constexpr char attr_bytes[] =
	"ff3f000000000000 80 02000000 0300000000000000 ed410000 e8030000 e9030000 "
	"0500000000000000 0600000000000000 0700000000000000 0010000000000000 0800000000000000 "
	"1100000000000000 1200000000000000 1300000000000000 1400000000000000 "
	"1500000000000000 1600000000000000 1700000000000000 1800000000000000 "
	"1900000000000000 1a00000000000000 ";

void expect_attr(const np_attr &a)
{
	EXPECT_EQ(a.valid, NP_ATTR_ALL);
	EXPECT_EQ(a.qid.type, NP_QTDIR);
	EXPECT_EQ(a.qid.version, 2u);
	EXPECT_EQ(a.qid.path, 3u);
	EXPECT_EQ(a.mode, 040755u);
	EXPECT_EQ(a.uid, 1000u);
	EXPECT_EQ(a.gid, 1001u);
	EXPECT_EQ(a.nlink, 5u);
	EXPECT_EQ(a.rdev, 6u);
	EXPECT_EQ(a.size, 7u);
	EXPECT_EQ(a.blksize, 4096u);
	EXPECT_EQ(a.blocks, 8u);
	EXPECT_EQ(a.atime_sec, 0x11u);
	EXPECT_EQ(a.atime_nsec, 0x12u);
	EXPECT_EQ(a.mtime_sec, 0x13u);
	EXPECT_EQ(a.mtime_nsec, 0x14u);
	EXPECT_EQ(a.ctime_sec, 0x15u);
	EXPECT_EQ(a.ctime_nsec, 0x16u);
	EXPECT_EQ(a.btime_sec, 0x17u);
	EXPECT_EQ(a.btime_nsec, 0x18u);
	EXPECT_EQ(a.gen, 0x19u);
	EXPECT_EQ(a.data_version, 0x1au);
}

} // namespace

TEST(CodecGolden, Getattr)
{
	frame f;
	np_msg m = both_ways(std::string("a0000000 19 0f00 ") + attr_bytes, f);

	EXPECT_EQ(m.type, NP_RGETATTR);
	expect_attr(m.rgetattr.attr);
}

/* "ddqqqqqqd" */
TEST(CodecGolden, Statfs)
{
	frame f;
	np_msg m = both_ways("43000000 09 1000 97190201 00100000 0600000000000000 0500000000000000 "
			     "0400000000000000 0300000000000000 0200000000000000 8877665544332211 "
			     "ff000000", f);

	EXPECT_EQ(m.type, NP_RSTATFS);
	EXPECT_EQ(m.rstatfs.type, 0x01021997u);
	EXPECT_EQ(m.rstatfs.bsize, 4096u);
	EXPECT_EQ(m.rstatfs.blocks, 6u);
	EXPECT_EQ(m.rstatfs.bfree, 5u);
	EXPECT_EQ(m.rstatfs.bavail, 4u);
	EXPECT_EQ(m.rstatfs.files, 3u);
	EXPECT_EQ(m.rstatfs.ffree, 2u);
	EXPECT_EQ(m.rstatfs.fsid, 0x1122334455667788u);
	EXPECT_EQ(m.rstatfs.namelen, 255u);
}

/* "dds" and "q"; "dsqd" */
TEST(CodecGolden, Xattrs)
{
	frame f;
	np_msg m = both_ways("17000000 1e 1100 01000000 02000000 0600 757365722e61", f);

	EXPECT_EQ(m.type, NP_TXATTRWALK);
	EXPECT_EQ(m.txattrwalk.fid, 1u);
	EXPECT_EQ(m.txattrwalk.newfid, 2u);
	EXPECT_EQ(model::view(m.txattrwalk.name), "user.a");
	m = both_ways("0f000000 1f 1100 0807060504030201", f);
	EXPECT_EQ(m.rxattrwalk.size, 0x0102030405060708u);
	m = both_ways("1f000000 20 1200 02000000 0600 757365722e61 0500000000000000 01000000", f);
	EXPECT_EQ(m.type, NP_TXATTRCREATE);
	EXPECT_EQ(m.txattrcreate.fid, 2u);
	EXPECT_EQ(model::view(m.txattrcreate.name), "user.a");
	EXPECT_EQ(m.txattrcreate.size, 5u);
	EXPECT_EQ(m.txattrcreate.flags, uint32_t { NP_XATTR_CREATE });
}

/* "dsds" and "dsd" */
TEST(CodecGolden, RenameAndUnlink)
{
	frame f;
	np_msg m = both_ways("16000000 4a 1300 01000000 0100 61 02000000 0200 6263", f);

	EXPECT_EQ(m.type, NP_TRENAMEAT);
	EXPECT_EQ(m.trenameat.olddirfid, 1u);
	EXPECT_EQ(model::view(m.trenameat.oldname), "a");
	EXPECT_EQ(m.trenameat.newdirfid, 2u);
	EXPECT_EQ(model::view(m.trenameat.newname), "bc");
	m = both_ways("14000000 4c 1400 01000000 0300 646972 00020000", f);
	EXPECT_EQ(m.type, NP_TUNLINKAT);
	EXPECT_EQ(m.tunlinkat.dirfid, 1u);
	EXPECT_EQ(model::view(m.tunlinkat.name), "dir");
	EXPECT_EQ(m.tunlinkat.flags, uint32_t { NP_AT_REMOVEDIR });
}

/* "Qqbs" */
TEST(CodecGolden, DirectoryEntry)
{
	frame f = bytes_of("80 04030201 0807060504030201 0900000000000000 04 0200 2e2e");
	np_entry e;
	uint32_t used;

	ASSERT_EQ(np_entry_decode(f.data(), f.size(), &e, &used), NP_OK);
	EXPECT_EQ(used, f.size());
	EXPECT_EQ(e.qid.type, NP_QTDIR);
	EXPECT_EQ(e.qid.version, 0x01020304u);
	EXPECT_EQ(e.qid.path, 0x0102030405060708u);
	EXPECT_EQ(e.offset, 9u);
	EXPECT_EQ(e.type, 4);
	EXPECT_EQ(model::view(e.name), "..");

	frame again(f.size());

	ASSERT_EQ(np_entry_encode(&e, again.data(), again.size(), &used), NP_OK);
	EXPECT_EQ(again, f);
}

TEST(CodecGolden, DirectoryEntryWithAttributes)
{
	frame f = bytes_of(std::string(attr_bytes) + "0900000000000000 08 0300 747478");
	np_entry_attr e;
	uint32_t used;

	ASSERT_EQ(f.size(), 153u + 8 + 1 + 2 + 3);
	ASSERT_EQ(np_entry_attr_decode(f.data(), f.size(), &e, &used), NP_OK);
	EXPECT_EQ(used, f.size());
	expect_attr(e.attr);
	EXPECT_EQ(e.offset, 9u);
	EXPECT_EQ(e.type, 8);
	EXPECT_EQ(model::view(e.name), "ttx");

	frame again(f.size());

	ASSERT_EQ(np_entry_attr_encode(&e, again.data(), again.size(), &used), NP_OK);
	EXPECT_EQ(again, f);
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
