/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message of 9P2000.L or 9P2000.L.hf1, whichever it is.  What is done with it is
 * in <holdfast/ninep.h>.  Valid as C11 and as C++20.
 */
#ifndef HF_CORE_NINEP_MSG_H
#define HF_CORE_NINEP_MSG_H

#include "ninep_hf1.h"
#include "ninep_types.h"

/* Bytes that follow the head of Twrite, Rread, Rreaddir, Rreaddirattr. */
struct np_payload {
	uint32_t at;			/* from the frame's beginning */
	uint32_t count;
};

struct np_msg {
	uint32_t size;			/* of the frame, with its payload */
	uint16_t tag;
	uint8_t type;
	struct np_payload payload;	/* zeroes in messages that have none */
	union {
		struct np_version tversion, rversion;
		struct np_rlerror rlerror;
		struct np_tauth tauth;
		struct np_rqid rauth, rattach, rsymlink, rmknod, rmkdir;
		struct np_tattach tattach;
		struct np_tflush tflush;
		struct np_twalk twalk;
		struct np_rwalk rwalk;
		struct np_tread tread, treaddir;
		struct np_twrite twrite;
		struct np_rcount rwrite;
		struct np_fid tclunk, tremove, tstatfs, treadlink;
		struct np_rstatfs rstatfs;
		struct np_tlopen tlopen;
		struct np_ropen rlopen, rlcreate;
		struct np_tlcreate tlcreate;
		struct np_tsymlink tsymlink;
		struct np_tmknod tmknod;
		struct np_trename trename;
		struct np_rreadlink rreadlink;
		struct np_tgetattr tgetattr;
		struct np_rgetattr rgetattr;
		struct np_tsetattr tsetattr;
		struct np_txattrwalk txattrwalk;
		struct np_rxattrwalk rxattrwalk;
		struct np_txattrcreate txattrcreate;
		struct np_tfsync tfsync;
		struct np_tlock tlock;
		struct np_rlock rlock;
		struct np_tgetlock tgetlock;
		struct np_rgetlock rgetlock;
		struct np_tlink tlink;
		struct np_tmkdir tmkdir;
		struct np_trenameat trenameat;
		struct np_tunlinkat tunlinkat;
		/* hf1 */
		struct np_rcaps rcaps;
		struct np_fid tidentity;
		struct np_ridentity ridentity;
		struct np_treaddirattr treaddirattr;
		struct np_twalkattr twalkattr;
		struct np_rwalkattr rwalkattr;
		struct np_topenattr topenattr;
		struct np_ropenattr ropenattr;
		struct np_tcreateattr tcreateattr;
		struct np_rcreateattr rcreateattr;
		struct np_tlockx tlockx;
		struct np_rlock rlockx;
		struct np_tgetlockx tgetlockx;
		struct np_rgetlockx rgetlockx;
		struct np_tfallocate tfallocate;
		struct np_tseek tseek;
		struct np_rseek rseek;
		struct np_tcopy tcopy;
		struct np_rcount rcopy;
		struct np_tclone tclone;
		struct np_trenamex trenamex;
		struct np_tlocalhello tlocalhello;
		struct np_rlocalhello rlocalhello;
	};
};

#endif /* HF_CORE_NINEP_MSG_H */
