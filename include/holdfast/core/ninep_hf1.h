/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the dialect 9P2000.L.hf1 adds to 9P2000.L.  Documentation/9p.md ("hf1") says
 * what the messages mean.
 */
#ifndef HF_CORE_NINEP_HF1_H
#define HF_CORE_NINEP_HF1_H

#include "ninep_types.h"

/* From 160 to 239: free in 9P2000, .u, .L, .e, and in gVisor's and diod's servers. */
enum np_hf1_type {
	NP_TCAPS = 160,		NP_RCAPS = 161,
	NP_TIDENTITY = 162,	NP_RIDENTITY = 163,
	NP_TREADDIRATTR = 164,	NP_RREADDIRATTR = 165,
	NP_TWALKATTR = 166,	NP_RWALKATTR = 167,
	NP_TOPENATTR = 168,	NP_ROPENATTR = 169,
	NP_TCREATEATTR = 170,	NP_RCREATEATTR = 171,
	NP_TLOCKX = 172,	NP_RLOCKX = 173,
	NP_TGETLOCKX = 174,	NP_RGETLOCKX = 175,
	NP_TFALLOCATE = 176,	NP_RFALLOCATE = 177,
	NP_TSEEK = 178,		NP_RSEEK = 179,
	NP_TCOPY = 180,		NP_RCOPY = 181,
	NP_TCLONE = 182,	NP_RCLONE = 183,
	NP_TRENAMEX = 184,	NP_RRENAMEX = 185,
	NP_TLOCALHELLO = 200,	NP_RLOCALHELLO = 201,
	/* Kept for: 202 to 207 localio, 208 leases, 216 handles, 224 to 231 recovery. */
};

#define NP_IDENTITY	16		/* bytes of an export's identity */
#define NP_HELLO	16		/* of a localio id, and of its answer */
#define NP_CAPS		32		/* bytes of a set of message types */
#define NP_COPY_MAX	(16u << 20)	/* bytes of a Tcopy */

/*
 * Attributes: valid, beside those of Rgetattr: data_version is that of the content as it is,
 * and whoever changes that from now on changes the version first.
 */
#define NP_ATTR_STILL	0x00004000ULL

/* Tlockx: kind */
enum np_lock_kind { NP_POSIX = 0, NP_OFD = 1, NP_FLOCK = 2 };

/* Tseek: what */
enum np_seek { NP_SEEK_DATA = 0, NP_SEEK_HOLE = 1 };

/* Tfallocate: mode, as fallocate(2) has it */
#define NP_FALLOC_KEEP_SIZE	0x01
#define NP_FALLOC_PUNCH_HOLE	0x02
#define NP_FALLOC_COLLAPSE	0x08
#define NP_FALLOC_ZERO		0x10
#define NP_FALLOC_INSERT	0x20
#define NP_FALLOC_UNSHARE	0x40
#define NP_FALLOC_ALL		0x7b

/* Trenamex: flags, as renameat2(2) has them; there is no RENAME_WHITEOUT */
#define NP_RENAME_NOREPLACE	0x1
#define NP_RENAME_EXCHANGE	0x2
#define NP_RENAME_ALL		0x3

struct np_rcaps { uint8_t known[NP_CAPS]; };
struct np_ridentity { uint8_t id[NP_IDENTITY]; };
struct np_treaddirattr { uint64_t offset, request_mask; uint32_t fid, count; };
struct np_twalkattr {
	uint64_t request_mask;
	uint32_t fid, newfid;
	struct np_names names;
};
struct np_rwalkattr { struct np_attr attr; struct np_qids qids; };
struct np_topenattr { uint64_t request_mask; uint32_t fid, newfid, flags; };
struct np_ropenattr { struct np_attr attr; uint32_t iounit; };
struct np_tcreateattr {
	struct np_str name;
	uint64_t request_mask;
	uint32_t fid, newfid, flags, mode, gid;
};
struct np_rcreateattr { struct np_attr attr; uint32_t iounit; uint8_t created; };
struct np_tlockx {
	uint64_t start, length, owner;
	struct np_str client_id;
	uint32_t fid, flags, proc_id;
	uint8_t kind, type;
};
struct np_tgetlockx {
	uint64_t start, length, owner;
	uint32_t fid;
	uint8_t kind, type;
};
struct np_rgetlockx {
	uint64_t start, length;
	struct np_str client_id;
	uint32_t proc_id;
	uint8_t kind, type;
};
struct np_tfallocate { uint64_t offset, length; uint32_t fid, mode; };
struct np_tseek { uint64_t offset; uint32_t fid; uint8_t what; };
struct np_rseek { uint64_t offset; };
struct np_tcopy { uint64_t offset, dstoffset; uint32_t fid, dstfid, count; };
struct np_tclone { uint64_t offset, dstoffset, length; uint32_t fid, dstfid; };
struct np_trenamex {
	struct np_str oldname, newname;
	uint32_t olddirfid, newdirfid, flags;
};
struct np_tlocalhello { uint32_t fid; uint8_t id[NP_HELLO]; };
struct np_rlocalhello { uint8_t answer[NP_HELLO]; };

/* One entry of what Rreaddirattr carries. */
struct np_entry_attr {
	struct np_attr attr;		/* valid is 0 where there are none; the qid always is */
	uint64_t offset;
	struct np_str name;
	uint8_t type;
};

#endif /* HF_CORE_NINEP_HF1_H */
