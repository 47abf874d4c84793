/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of 9P2000.L: what 9P2000's manual (intro(5)) and diod's protocol.md
 * say, in the order of the wire.  For table.cc alone.
 */
#ifndef HF_NINEP_DOTL_HPP
#define HF_NINEP_DOTL_HPP

#include "shape.hpp"

namespace np::dotl {

constexpr np_field tversion[] = { u32(NP_AT(tversion.msize)), text(NP_AT(tversion.version)) };
constexpr np_field rlerror[] = { from1(NP_AT(rlerror.ecode), NP_ERRNO_MAX) };
constexpr np_field tauth[] = { u32(NP_AT(tauth.afid)), text(NP_AT(tauth.uname)),
			       text(NP_AT(tauth.aname)), u32(NP_AT(tauth.n_uname)) };
constexpr np_field tattach[] = { u32(NP_AT(tattach.fid)), u32(NP_AT(tattach.afid)),
				 text(NP_AT(tattach.uname)), text(NP_AT(tattach.aname)),
				 u32(NP_AT(tattach.n_uname)) };
constexpr np_field tflush[] = { u16(NP_AT(tflush.oldtag)) };
constexpr np_field twalk[] = { u32(NP_AT(twalk.fid)), u32(NP_AT(twalk.newfid)),
			       names(NP_AT(twalk.names)) };
constexpr np_field rwalk[] = { qids(NP_AT(rwalk.qids)) };
constexpr np_field tread[] = { u32(NP_AT(tread.fid)), u64(NP_AT(tread.offset)),
			       u32(NP_AT(tread.count)) };
constexpr np_field rread[] = { payload() };
constexpr np_field twrite[] = { u32(NP_AT(twrite.fid)), u64(NP_AT(twrite.offset)), payload() };
constexpr np_field rwrite[] = { u32(NP_AT(rwrite.count)) };
constexpr np_field only_fid[] = { u32(NP_AT(tclunk.fid)) };
constexpr np_field only_qid[] = { qid(NP_AT(rattach.qid)) };

constexpr np_field rstatfs[] = { u32(NP_AT(rstatfs.type)), u32(NP_AT(rstatfs.bsize)),
				 u64(NP_AT(rstatfs.blocks)), u64(NP_AT(rstatfs.bfree)),
				 u64(NP_AT(rstatfs.bavail)), u64(NP_AT(rstatfs.files)),
				 u64(NP_AT(rstatfs.ffree)), u64(NP_AT(rstatfs.fsid)),
				 u32(NP_AT(rstatfs.namelen)) };
constexpr np_field tlopen[] = { u32(NP_AT(tlopen.fid)), flags(NP_AT(tlopen.flags), NP_O_ALL) };
constexpr np_field rlopen[] = { qid(NP_AT(rlopen.qid)), u32(NP_AT(rlopen.iounit)) };
constexpr np_field tlcreate[] = { u32(NP_AT(tlcreate.fid)), name(NP_AT(tlcreate.name)),
				  flags(NP_AT(tlcreate.flags), NP_O_ALL),
				  flags(NP_AT(tlcreate.mode), NP_MODE_ALL),
				  u32(NP_AT(tlcreate.gid)) };
constexpr np_field tsymlink[] = { u32(NP_AT(tsymlink.fid)), name(NP_AT(tsymlink.name)),
				  text(NP_AT(tsymlink.target)), u32(NP_AT(tsymlink.gid)) };
constexpr np_field tmknod[] = { u32(NP_AT(tmknod.fid)), name(NP_AT(tmknod.name)),
				flags(NP_AT(tmknod.mode), NP_MODE_ALL), u32(NP_AT(tmknod.major)),
				u32(NP_AT(tmknod.minor)), u32(NP_AT(tmknod.gid)) };
constexpr np_field trename[] = { u32(NP_AT(trename.fid)), u32(NP_AT(trename.dfid)),
				 name(NP_AT(trename.name)) };
constexpr np_field rreadlink[] = { text(NP_AT(rreadlink.target)) };
constexpr np_field tgetattr[] = { u32(NP_AT(tgetattr.fid)), u64(NP_AT(tgetattr.request_mask)) };
constexpr np_field rgetattr[] = { NP_ATTR_FIELDS(np_msg, rgetattr.attr) };
constexpr np_field tsetattr[] = {
	u32(NP_AT(tsetattr.fid)), flags(NP_AT(tsetattr.valid), NP_SET_ALL),
	flags(NP_AT(tsetattr.mode), NP_MODE_ALL), u32(NP_AT(tsetattr.uid)),
	u32(NP_AT(tsetattr.gid)), u64(NP_AT(tsetattr.size)), u64(NP_AT(tsetattr.atime_sec)),
	u64(NP_AT(tsetattr.atime_nsec)), u64(NP_AT(tsetattr.mtime_sec)),
	u64(NP_AT(tsetattr.mtime_nsec))
};
constexpr np_field txattrwalk[] = { u32(NP_AT(txattrwalk.fid)), u32(NP_AT(txattrwalk.newfid)),
				    text(NP_AT(txattrwalk.name)) };
constexpr np_field rxattrwalk[] = { u64(NP_AT(rxattrwalk.size)) };
constexpr np_field txattrcreate[] = {
	u32(NP_AT(txattrcreate.fid)), text(NP_AT(txattrcreate.name)),
	u64(NP_AT(txattrcreate.size)),
	flags(NP_AT(txattrcreate.flags), NP_XATTR_CREATE | NP_XATTR_REPLACE)
};
constexpr np_field tfsync[] = { u32(NP_AT(tfsync.fid)), late32(NP_AT(tfsync.datasync)) };
constexpr np_field tlock[] = { u32(NP_AT(tlock.fid)), choice(NP_AT(tlock.type), NP_UNLCK),
			       flags(NP_AT(tlock.flags), NP_LOCK_BLOCK | NP_LOCK_RECLAIM),
			       u64(NP_AT(tlock.start)), u64(NP_AT(tlock.length)),
			       u32(NP_AT(tlock.proc_id)), text(NP_AT(tlock.client_id)) };
constexpr np_field rlock[] = { choice(NP_AT(rlock.status), NP_LOCK_GRACE) };
constexpr np_field tgetlock[] = { u32(NP_AT(tgetlock.fid)), choice(NP_AT(tgetlock.type), NP_UNLCK),
				  u64(NP_AT(tgetlock.start)), u64(NP_AT(tgetlock.length)),
				  u32(NP_AT(tgetlock.proc_id)), text(NP_AT(tgetlock.client_id)) };
constexpr np_field rgetlock[] = { choice(NP_AT(rgetlock.type), NP_UNLCK),
				  u64(NP_AT(rgetlock.start)), u64(NP_AT(rgetlock.length)),
				  u32(NP_AT(rgetlock.proc_id)), text(NP_AT(rgetlock.client_id)) };
constexpr np_field tlink[] = { u32(NP_AT(tlink.dfid)), u32(NP_AT(tlink.fid)),
			       name(NP_AT(tlink.name)) };
constexpr np_field tmkdir[] = { u32(NP_AT(tmkdir.dfid)), name(NP_AT(tmkdir.name)),
				flags(NP_AT(tmkdir.mode), NP_MODE_ALL), u32(NP_AT(tmkdir.gid)) };
constexpr np_field trenameat[] = { u32(NP_AT(trenameat.olddirfid)), name(NP_AT(trenameat.oldname)),
				   u32(NP_AT(trenameat.newdirfid)),
				   name(NP_AT(trenameat.newname)) };
constexpr np_field tunlinkat[] = { u32(NP_AT(tunlinkat.dirfid)), name(NP_AT(tunlinkat.name)),
				   flags(NP_AT(tunlinkat.flags), NP_AT_REMOVEDIR) };

constexpr np_shape shapes[] = {
	shape(NP_RLERROR, NP_DOTL, "Rlerror", rlerror),
	shape(NP_TSTATFS, NP_DOTL, "Tstatfs", only_fid),
	shape(NP_RSTATFS, NP_DOTL, "Rstatfs", rstatfs),
	shape(NP_TLOPEN, NP_DOTL, "Tlopen", tlopen),
	shape(NP_RLOPEN, NP_DOTL, "Rlopen", rlopen),
	shape(NP_TLCREATE, NP_DOTL, "Tlcreate", tlcreate),
	shape(NP_RLCREATE, NP_DOTL, "Rlcreate", rlopen),
	shape(NP_TSYMLINK, NP_DOTL, "Tsymlink", tsymlink),
	shape(NP_RSYMLINK, NP_DOTL, "Rsymlink", only_qid),
	shape(NP_TMKNOD, NP_DOTL, "Tmknod", tmknod),
	shape(NP_RMKNOD, NP_DOTL, "Rmknod", only_qid),
	shape(NP_TRENAME, NP_DOTL, "Trename", trename),
	shape(NP_RRENAME, NP_DOTL, "Rrename"),
	shape(NP_TREADLINK, NP_DOTL, "Treadlink", only_fid),
	shape(NP_RREADLINK, NP_DOTL, "Rreadlink", rreadlink),
	shape(NP_TGETATTR, NP_DOTL, "Tgetattr", tgetattr),
	shape(NP_RGETATTR, NP_DOTL, "Rgetattr", rgetattr),
	shape(NP_TSETATTR, NP_DOTL, "Tsetattr", tsetattr),
	shape(NP_RSETATTR, NP_DOTL, "Rsetattr"),
	shape(NP_TXATTRWALK, NP_DOTL, "Txattrwalk", txattrwalk),
	shape(NP_RXATTRWALK, NP_DOTL, "Rxattrwalk", rxattrwalk),
	shape(NP_TXATTRCREATE, NP_DOTL, "Txattrcreate", txattrcreate),
	shape(NP_RXATTRCREATE, NP_DOTL, "Rxattrcreate"),
	shape(NP_TREADDIR, NP_DOTL, "Treaddir", tread),
	shape(NP_RREADDIR, NP_DOTL, "Rreaddir", rread),
	shape(NP_TFSYNC, NP_DOTL, "Tfsync", tfsync),
	shape(NP_RFSYNC, NP_DOTL, "Rfsync"),
	shape(NP_TLOCK, NP_DOTL, "Tlock", tlock),
	shape(NP_RLOCK, NP_DOTL, "Rlock", rlock),
	shape(NP_TGETLOCK, NP_DOTL, "Tgetlock", tgetlock),
	shape(NP_RGETLOCK, NP_DOTL, "Rgetlock", rgetlock),
	shape(NP_TLINK, NP_DOTL, "Tlink", tlink),
	shape(NP_RLINK, NP_DOTL, "Rlink"),
	shape(NP_TMKDIR, NP_DOTL, "Tmkdir", tmkdir),
	shape(NP_RMKDIR, NP_DOTL, "Rmkdir", only_qid),
	shape(NP_TRENAMEAT, NP_DOTL, "Trenameat", trenameat),
	shape(NP_RRENAMEAT, NP_DOTL, "Rrenameat"),
	shape(NP_TUNLINKAT, NP_DOTL, "Tunlinkat", tunlinkat),
	shape(NP_RUNLINKAT, NP_DOTL, "Runlinkat"),
	shape(NP_TVERSION, NP_DOTL, "Tversion", tversion),
	shape(NP_RVERSION, NP_DOTL, "Rversion", tversion),
	shape(NP_TAUTH, NP_DOTL, "Tauth", tauth),
	shape(NP_RAUTH, NP_DOTL, "Rauth", only_qid),
	shape(NP_TATTACH, NP_DOTL, "Tattach", tattach),
	shape(NP_RATTACH, NP_DOTL, "Rattach", only_qid),
	shape(NP_TFLUSH, NP_DOTL, "Tflush", tflush),
	shape(NP_RFLUSH, NP_DOTL, "Rflush"),
	shape(NP_TWALK, NP_DOTL, "Twalk", twalk),
	shape(NP_RWALK, NP_DOTL, "Rwalk", rwalk),
	shape(NP_TREAD, NP_DOTL, "Tread", tread),
	shape(NP_RREAD, NP_DOTL, "Rread", rread),
	shape(NP_TWRITE, NP_DOTL, "Twrite", twrite),
	shape(NP_RWRITE, NP_DOTL, "Rwrite", rwrite),
	shape(NP_TCLUNK, NP_DOTL, "Tclunk", only_fid),
	shape(NP_RCLUNK, NP_DOTL, "Rclunk"),
	shape(NP_TREMOVE, NP_DOTL, "Tremove", only_fid),
	shape(NP_RREMOVE, NP_DOTL, "Rremove"),
};

} // namespace np::dotl

#endif /* HF_NINEP_DOTL_HPP */
