/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The naive model: every message written out by hand, from the public descriptions
 * (9P2000's intro(5), 9P2000.L's protocol.md) and Documentation/9p.md, not from the
 * core's table.  body() shows the fields of a message to a visitor in the order of
 * the wire; what reads, writes and invents messages are visitors (visitors.hpp).
 */
#ifndef HF_TESTS_NINEP_MODEL_HPP
#define HF_TESTS_NINEP_MODEL_HPP

#include <holdfast/ninep.h>

namespace model {

/* The types that there are; those of hf1 are not known to 9P2000.L. */
inline constexpr uint8_t dotl_types[] = {
	7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33,
	40, 41, 50, 51, 52, 53, 54, 55, 70, 71, 72, 73, 74, 75, 76, 77, 100, 101, 102, 103, 104,
	105, 108, 109, 110, 111, 116, 117, 118, 119, 120, 121, 122, 123,
};

inline bool is_dotl(uint8_t type)
{
	for (uint8_t known : dotl_types)
		if (known == type)
			return true;
	return false;
}

template <class visitor>
void attr(visitor &v, np_attr &a)
{
	v.u64(a.valid);
	v.qid(a.qid);
	v.u32(a.mode);
	v.u32(a.uid);
	v.u32(a.gid);
	v.u64(a.nlink);
	v.u64(a.rdev);
	v.u64(a.size);
	v.u64(a.blksize);
	v.u64(a.blocks);
	v.u64(a.atime_sec);
	v.u64(a.atime_nsec);
	v.u64(a.mtime_sec);
	v.u64(a.mtime_nsec);
	v.u64(a.ctime_sec);
	v.u64(a.ctime_nsec);
	v.u64(a.btime_sec);
	v.u64(a.btime_nsec);
	v.u64(a.gen);
	v.u64(a.data_version);
}

template <class visitor>
void setattr(visitor &v, np_tsetattr &s)
{
	v.u32(s.fid);
	v.flags(s.valid, 0x1ff);
	v.flags(s.mode, 0xffff);
	v.u32(s.uid);
	v.u32(s.gid);
	v.u64(s.size);
	v.u64(s.atime_sec);
	v.u64(s.atime_nsec);
	v.u64(s.mtime_sec);
	v.u64(s.mtime_nsec);
}

template <class visitor>
void statfs(visitor &v, np_rstatfs &s)
{
	v.u32(s.type);
	v.u32(s.bsize);
	v.u64(s.blocks);
	v.u64(s.bfree);
	v.u64(s.bavail);
	v.u64(s.files);
	v.u64(s.ffree);
	v.u64(s.fsid);
	v.u32(s.namelen);
}

/* The session, and what is done to whole fids. */
template <class visitor>
bool session(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 7: v.from1(m.rlerror.ecode, 511); return true;
	case 100: v.u32(m.tversion.msize); v.str(m.tversion.version); return true;
	case 101: v.u32(m.rversion.msize); v.str(m.rversion.version); return true;
	case 102:
		v.u32(m.tauth.afid);
		v.str(m.tauth.uname);
		v.str(m.tauth.aname);
		v.u32(m.tauth.n_uname);
		return true;
	case 103: v.qid(m.rauth.qid); return true;
	case 104:
		v.u32(m.tattach.fid);
		v.u32(m.tattach.afid);
		v.str(m.tattach.uname);
		v.str(m.tattach.aname);
		v.u32(m.tattach.n_uname);
		return true;
	case 105: v.qid(m.rattach.qid); return true;
	case 108: v.u16(m.tflush.oldtag); return true;
	case 110:
		v.u32(m.twalk.fid);
		v.u32(m.twalk.newfid);
		v.steps(m.twalk.names);
		return true;
	case 111: v.qids(m.rwalk.qids); return true;
	case 120: v.u32(m.tclunk.fid); return true;
	case 122: v.u32(m.tremove.fid); return true;
	case 109: case 121: case 123: return true;
	default: return false;
	}
}

/* Reading, writing, opening. */
template <class visitor>
bool data(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 12: v.u32(m.tlopen.fid); v.flags(m.tlopen.flags, 07777703); return true;
	case 13: v.qid(m.rlopen.qid); v.u32(m.rlopen.iounit); return true;
	case 14:
		v.u32(m.tlcreate.fid);
		v.name(m.tlcreate.name);
		v.flags(m.tlcreate.flags, 07777703);
		v.flags(m.tlcreate.mode, 0xffff);
		v.u32(m.tlcreate.gid);
		return true;
	case 15: v.qid(m.rlcreate.qid); v.u32(m.rlcreate.iounit); return true;
	case 40:
		v.u32(m.treaddir.fid);
		v.u64(m.treaddir.offset);
		v.u32(m.treaddir.count);
		return true;
	case 41: case 117: v.data(m.payload); return true;
	case 116: v.u32(m.tread.fid); v.u64(m.tread.offset); v.u32(m.tread.count); return true;
	case 118: v.u32(m.twrite.fid); v.u64(m.twrite.offset); v.data(m.payload); return true;
	case 119: v.u32(m.rwrite.count); return true;
	case 50: v.u32(m.tfsync.fid); v.late(m.tfsync.datasync); return true;
	case 51: return true;
	default: return false;
	}
}

/* Names and attributes. */
template <class visitor>
bool names(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 8: v.u32(m.tstatfs.fid); return true;
	case 9: statfs(v, m.rstatfs); return true;
	case 16:
		v.u32(m.tsymlink.fid);
		v.name(m.tsymlink.name);
		v.str(m.tsymlink.target);
		v.u32(m.tsymlink.gid);
		return true;
	case 17: v.qid(m.rsymlink.qid); return true;
	case 18:
		v.u32(m.tmknod.fid);
		v.name(m.tmknod.name);
		v.flags(m.tmknod.mode, 0xffff);
		v.u32(m.tmknod.major);
		v.u32(m.tmknod.minor);
		v.u32(m.tmknod.gid);
		return true;
	case 19: v.qid(m.rmknod.qid); return true;
	case 20: v.u32(m.trename.fid); v.u32(m.trename.dfid); v.name(m.trename.name); return true;
	case 22: v.u32(m.treadlink.fid); return true;
	case 23: v.str(m.rreadlink.target); return true;
	case 24: v.u32(m.tgetattr.fid); v.u64(m.tgetattr.request_mask); return true;
	case 25: attr(v, m.rgetattr.attr); return true;
	case 26: setattr(v, m.tsetattr); return true;
	case 70: v.u32(m.tlink.dfid); v.u32(m.tlink.fid); v.name(m.tlink.name); return true;
	case 72:
		v.u32(m.tmkdir.dfid);
		v.name(m.tmkdir.name);
		v.flags(m.tmkdir.mode, 0xffff);
		v.u32(m.tmkdir.gid);
		return true;
	case 73: v.qid(m.rmkdir.qid); return true;
	case 74:
		v.u32(m.trenameat.olddirfid);
		v.name(m.trenameat.oldname);
		v.u32(m.trenameat.newdirfid);
		v.name(m.trenameat.newname);
		return true;
	case 76:
		v.u32(m.tunlinkat.dirfid);
		v.name(m.tunlinkat.name);
		v.flags(m.tunlinkat.flags, 0x200);
		return true;
	case 21: case 27: case 71: case 75: case 77: return true;
	default: return false;
	}
}

template <class visitor>
bool xattrs_and_locks(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 30:
		v.u32(m.txattrwalk.fid);
		v.u32(m.txattrwalk.newfid);
		v.str(m.txattrwalk.name);
		return true;
	case 31: v.u64(m.rxattrwalk.size); return true;
	case 32:
		v.u32(m.txattrcreate.fid);
		v.str(m.txattrcreate.name);
		v.u64(m.txattrcreate.size);
		v.flags(m.txattrcreate.flags, 3);
		return true;
	case 33: return true;
	case 52:
		v.u32(m.tlock.fid);
		v.upto(m.tlock.type, 2);
		v.flags(m.tlock.flags, 3);
		v.u64(m.tlock.start);
		v.u64(m.tlock.length);
		v.u32(m.tlock.proc_id);
		v.str(m.tlock.client_id);
		return true;
	case 53: v.upto(m.rlock.status, 3); return true;
	case 54:
		v.u32(m.tgetlock.fid);
		v.upto(m.tgetlock.type, 2);
		v.u64(m.tgetlock.start);
		v.u64(m.tgetlock.length);
		v.u32(m.tgetlock.proc_id);
		v.str(m.tgetlock.client_id);
		return true;
	case 55:
		v.upto(m.rgetlock.type, 2);
		v.u64(m.rgetlock.start);
		v.u64(m.rgetlock.length);
		v.u32(m.rgetlock.proc_id);
		v.str(m.rgetlock.client_id);
		return true;
	default: return false;
	}
}

/* What hf1 adds: attributes on the way. */
template <class visitor>
bool hf1_names(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 160: return true;
	case 161: v.bytes(m.rcaps.known, 32); return true;
	case 162: v.u32(m.tidentity.fid); return true;
	case 163: v.bytes(m.ridentity.id, 16); return true;
	case 164:
		v.u32(m.treaddirattr.fid);
		v.u64(m.treaddirattr.offset);
		v.u32(m.treaddirattr.count);
		v.u64(m.treaddirattr.request_mask);
		return true;
	case 165: v.data(m.payload); return true;
	case 166:
		v.u32(m.twalkattr.fid);
		v.u32(m.twalkattr.newfid);
		v.u64(m.twalkattr.request_mask);
		v.steps(m.twalkattr.names);
		return true;
	case 167: attr(v, m.rwalkattr.attr); v.qids(m.rwalkattr.qids); return true;
	case 168:
		v.u32(m.topenattr.fid);
		v.u32(m.topenattr.newfid);
		v.flags(m.topenattr.flags, 07777703);
		v.u64(m.topenattr.request_mask);
		return true;
	case 169: v.u32(m.ropenattr.iounit); attr(v, m.ropenattr.attr); return true;
	case 170:
		v.u32(m.tcreateattr.fid);
		v.u32(m.tcreateattr.newfid);
		v.name(m.tcreateattr.name);
		v.flags(m.tcreateattr.flags, 07777703);
		v.flags(m.tcreateattr.mode, 0xffff);
		v.u32(m.tcreateattr.gid);
		v.u64(m.tcreateattr.request_mask);
		return true;
	case 171:
		v.upto(m.rcreateattr.created, 1);
		v.u32(m.rcreateattr.iounit);
		attr(v, m.rcreateattr.attr);
		return true;
	case 184:
		v.u32(m.trenamex.olddirfid);
		v.name(m.trenamex.oldname);
		v.u32(m.trenamex.newdirfid);
		v.name(m.trenamex.newname);
		v.flags(m.trenamex.flags, 3);
		return true;
	case 185: return true;
	default: return false;
	}
}

template <class visitor>
bool hf1_locks(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 172:
		v.u32(m.tlockx.fid);
		v.upto(m.tlockx.kind, 2);
		v.upto(m.tlockx.type, 2);
		v.flags(m.tlockx.flags, 3);
		v.u64(m.tlockx.start);
		v.u64(m.tlockx.length);
		v.u64(m.tlockx.owner);
		v.u32(m.tlockx.proc_id);
		v.str(m.tlockx.client_id);
		return true;
	case 173: v.upto(m.rlockx.status, 3); return true;
	case 174:
		v.u32(m.tgetlockx.fid);
		v.upto(m.tgetlockx.kind, 2);
		v.upto(m.tgetlockx.type, 2);
		v.u64(m.tgetlockx.start);
		v.u64(m.tgetlockx.length);
		v.u64(m.tgetlockx.owner);
		return true;
	case 175:
		v.upto(m.rgetlockx.kind, 2);
		v.upto(m.rgetlockx.type, 2);
		v.u64(m.rgetlockx.start);
		v.u64(m.rgetlockx.length);
		v.u32(m.rgetlockx.proc_id);
		v.str(m.rgetlockx.client_id);
		return true;
	case 200: v.u32(m.tlocalhello.fid); v.bytes(m.tlocalhello.id, 16); return true;
	case 201: v.bytes(m.rlocalhello.answer, 16); return true;
	default: return false;
	}
}

template <class visitor>
bool hf1_data(visitor &v, np_msg &m)
{
	switch (m.type) {
	case 176:
		v.u32(m.tfallocate.fid);
		v.flags(m.tfallocate.mode, 0x7b);
		v.u64(m.tfallocate.offset);
		v.u64(m.tfallocate.length);
		return true;
	case 178:
		v.u32(m.tseek.fid);
		v.upto(m.tseek.what, 1);
		v.u64(m.tseek.offset);
		return true;
	case 179: v.u64(m.rseek.offset); return true;
	case 180:
		v.u32(m.tcopy.fid);
		v.u64(m.tcopy.offset);
		v.u32(m.tcopy.dstfid);
		v.u64(m.tcopy.dstoffset);
		v.upto(m.tcopy.count, 16777216);
		return true;
	case 181: v.upto(m.rcopy.count, 16777216); return true;
	case 182:
		v.u32(m.tclone.fid);
		v.u64(m.tclone.offset);
		v.u32(m.tclone.dstfid);
		v.u64(m.tclone.dstoffset);
		v.u64(m.tclone.length);
		return true;
	case 177: case 183: return true;
	default: return false;
	}
}

/* Shows the fields of m.type; false if there is no such message. */
template <class visitor>
bool body(visitor &v, np_msg &m)
{
	return session(v, m) || data(v, m) || names(v, m) || xattrs_and_locks(v, m) ||
	       hf1_names(v, m) || hf1_locks(v, m) || hf1_data(v, m);
}

template <class visitor>
void entry(visitor &v, np_entry &e)
{
	v.qid(e.qid);
	v.u64(e.offset);
	v.u8(e.type);
	v.seen_name(e.name);
}

template <class visitor>
void entry(visitor &v, np_entry_attr &e)
{
	attr(v, e.attr);
	v.u64(e.offset);
	v.u8(e.type);
	v.seen_name(e.name);
}

} // namespace model

#endif /* HF_TESTS_NINEP_MODEL_HPP */
