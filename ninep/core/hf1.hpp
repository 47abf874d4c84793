/* SPDX-License-Identifier: GPL-2.0-only */
/* The messages that 9P2000.L.hf1 adds (Documentation/9p.md).  For table.cc alone. */
#ifndef HF_NINEP_HF1_HPP
#define HF_NINEP_HF1_HPP

#include "shape.hpp"

namespace np::hf1 {

constexpr np_field rcaps[] = { raw(NP_AT(rcaps.known), NP_CAPS) };
constexpr np_field tidentity[] = { u32(NP_AT(tidentity.fid)) };
constexpr np_field ridentity[] = { raw(NP_AT(ridentity.id), NP_IDENTITY) };
constexpr np_field treaddirattr[] = { u32(NP_AT(treaddirattr.fid)),
				      u64(NP_AT(treaddirattr.offset)),
				      u32(NP_AT(treaddirattr.count)),
				      u64(NP_AT(treaddirattr.request_mask)) };
constexpr np_field rreaddirattr[] = { payload() };
constexpr np_field twalkattr[] = { u32(NP_AT(twalkattr.fid)), u32(NP_AT(twalkattr.newfid)),
				   u64(NP_AT(twalkattr.request_mask)),
				   names(NP_AT(twalkattr.names)) };
constexpr np_field rwalkattr[] = { NP_ATTR_FIELDS(np_msg, rwalkattr.attr),
				   qids(NP_AT(rwalkattr.qids)) };
constexpr np_field topenattr[] = { u32(NP_AT(topenattr.fid)), u32(NP_AT(topenattr.newfid)),
				   flags(NP_AT(topenattr.flags), NP_O_ALL),
				   u64(NP_AT(topenattr.request_mask)) };
constexpr np_field ropenattr[] = { u32(NP_AT(ropenattr.iounit)),
				   NP_ATTR_FIELDS(np_msg, ropenattr.attr) };
constexpr np_field tcreateattr[] = {
	u32(NP_AT(tcreateattr.fid)), u32(NP_AT(tcreateattr.newfid)), name(NP_AT(tcreateattr.name)),
	flags(NP_AT(tcreateattr.flags), NP_O_ALL), flags(NP_AT(tcreateattr.mode), NP_MODE_ALL),
	u32(NP_AT(tcreateattr.gid)), u64(NP_AT(tcreateattr.request_mask))
};
constexpr np_field rcreateattr[] = { choice(NP_AT(rcreateattr.created), 1),
				     u32(NP_AT(rcreateattr.iounit)),
				     NP_ATTR_FIELDS(np_msg, rcreateattr.attr) };
constexpr np_field tlockx[] = {
	u32(NP_AT(tlockx.fid)), choice(NP_AT(tlockx.kind), NP_FLOCK),
	choice(NP_AT(tlockx.type), NP_UNLCK),
	flags(NP_AT(tlockx.flags), NP_LOCK_BLOCK | NP_LOCK_RECLAIM), u64(NP_AT(tlockx.start)),
	u64(NP_AT(tlockx.length)), u64(NP_AT(tlockx.owner)), u32(NP_AT(tlockx.proc_id)),
	text(NP_AT(tlockx.client_id))
};
constexpr np_field rlockx[] = { choice(NP_AT(rlockx.status), NP_LOCK_GRACE) };
constexpr np_field tgetlockx[] = {
	u32(NP_AT(tgetlockx.fid)), choice(NP_AT(tgetlockx.kind), NP_FLOCK),
	choice(NP_AT(tgetlockx.type), NP_UNLCK), u64(NP_AT(tgetlockx.start)),
	u64(NP_AT(tgetlockx.length)), u64(NP_AT(tgetlockx.owner))
};
constexpr np_field rgetlockx[] = {
	choice(NP_AT(rgetlockx.kind), NP_FLOCK), choice(NP_AT(rgetlockx.type), NP_UNLCK),
	u64(NP_AT(rgetlockx.start)), u64(NP_AT(rgetlockx.length)), u32(NP_AT(rgetlockx.proc_id)),
	text(NP_AT(rgetlockx.client_id))
};
constexpr np_field tfallocate[] = { u32(NP_AT(tfallocate.fid)),
				    flags(NP_AT(tfallocate.mode), NP_FALLOC_ALL),
				    u64(NP_AT(tfallocate.offset)), u64(NP_AT(tfallocate.length)) };
constexpr np_field tseek[] = { u32(NP_AT(tseek.fid)), choice(NP_AT(tseek.what), NP_SEEK_HOLE),
			       u64(NP_AT(tseek.offset)) };
constexpr np_field rseek[] = { u64(NP_AT(rseek.offset)) };
constexpr np_field tcopy[] = { u32(NP_AT(tcopy.fid)), u64(NP_AT(tcopy.offset)),
			       u32(NP_AT(tcopy.dstfid)), u64(NP_AT(tcopy.dstoffset)),
			       upto(NP_AT(tcopy.count), NP_COPY_MAX) };
constexpr np_field rcopy[] = { upto(NP_AT(rcopy.count), NP_COPY_MAX) };
constexpr np_field tclone[] = { u32(NP_AT(tclone.fid)), u64(NP_AT(tclone.offset)),
				u32(NP_AT(tclone.dstfid)), u64(NP_AT(tclone.dstoffset)),
				u64(NP_AT(tclone.length)) };
constexpr np_field trenamex[] = { u32(NP_AT(trenamex.olddirfid)), name(NP_AT(trenamex.oldname)),
				  u32(NP_AT(trenamex.newdirfid)), name(NP_AT(trenamex.newname)),
				  flags(NP_AT(trenamex.flags), NP_RENAME_ALL) };
constexpr np_field tlocalhello[] = { u32(NP_AT(tlocalhello.fid)),
				     raw(NP_AT(tlocalhello.id), NP_HELLO) };
constexpr np_field rlocalhello[] = { raw(NP_AT(rlocalhello.answer), NP_HELLO) };

constexpr np_shape shapes[] = {
	shape(NP_TCAPS, NP_HF1, "Tcaps"),
	shape(NP_RCAPS, NP_HF1, "Rcaps", rcaps),
	shape(NP_TIDENTITY, NP_HF1, "Tidentity", tidentity),
	shape(NP_RIDENTITY, NP_HF1, "Ridentity", ridentity),
	shape(NP_TREADDIRATTR, NP_HF1, "Treaddirattr", treaddirattr),
	shape(NP_RREADDIRATTR, NP_HF1, "Rreaddirattr", rreaddirattr),
	shape(NP_TWALKATTR, NP_HF1, "Twalkattr", twalkattr),
	shape(NP_RWALKATTR, NP_HF1, "Rwalkattr", rwalkattr),
	shape(NP_TOPENATTR, NP_HF1, "Topenattr", topenattr),
	shape(NP_ROPENATTR, NP_HF1, "Ropenattr", ropenattr),
	shape(NP_TCREATEATTR, NP_HF1, "Tcreateattr", tcreateattr),
	shape(NP_RCREATEATTR, NP_HF1, "Rcreateattr", rcreateattr),
	shape(NP_TLOCKX, NP_HF1, "Tlockx", tlockx),
	shape(NP_RLOCKX, NP_HF1, "Rlockx", rlockx),
	shape(NP_TGETLOCKX, NP_HF1, "Tgetlockx", tgetlockx),
	shape(NP_RGETLOCKX, NP_HF1, "Rgetlockx", rgetlockx),
	shape(NP_TFALLOCATE, NP_HF1, "Tfallocate", tfallocate),
	shape(NP_RFALLOCATE, NP_HF1, "Rfallocate"),
	shape(NP_TSEEK, NP_HF1, "Tseek", tseek),
	shape(NP_RSEEK, NP_HF1, "Rseek", rseek),
	shape(NP_TCOPY, NP_HF1, "Tcopy", tcopy),
	shape(NP_RCOPY, NP_HF1, "Rcopy", rcopy),
	shape(NP_TCLONE, NP_HF1, "Tclone", tclone),
	shape(NP_RCLONE, NP_HF1, "Rclone"),
	shape(NP_TRENAMEX, NP_HF1, "Trenamex", trenamex),
	shape(NP_RRENAMEX, NP_HF1, "Rrenamex"),
	shape(NP_TLOCALHELLO, NP_HF1, "Tlocalhello", tlocalhello),
	shape(NP_RLOCALHELLO, NP_HF1, "Rlocalhello", rlocalhello),
};

} // namespace np::hf1

#endif /* HF_NINEP_HF1_HPP */
