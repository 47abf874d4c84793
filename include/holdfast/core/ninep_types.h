/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of 9P2000.L: numbers, flags, and each message as a plain structure.
 * ninep_hf1.h has what the dialect 9P2000.L.hf1 adds, ninep_msg.h the message that
 * can be any of them.  Documentation/9p.md has them byte by byte.
 * Valid as C11 and as C++20.
 */
#ifndef HF_CORE_NINEP_TYPES_H
#define HF_CORE_NINEP_TYPES_H

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define NP_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
#else
#define NP_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

#define NP_NOTAG	((uint16_t)0xffff)	/* of Tversion */
#define NP_NOFID	((uint32_t)0xffffffff)	/* no afid */
#define NP_NOUID	((uint32_t)0xffffffff)	/* Tattach: go by uname */
#define NP_HEADER	7			/* size[4] type[1] tag[2] */
#define NP_TWRITE_HEAD	23			/* and the payload */
#define NP_RREAD_HEAD	11			/* Rreaddir's and Rreaddirattr's, too */
#define NP_MAX_WALK	16			/* names of a Twalk, qids of an Rwalk */
#define NP_NAME_MAX	255			/* bytes of a name */

#define NP_VERSION_DOTL	"9P2000.L"
#define NP_VERSION_HF1	"9P2000.L.hf1"

/* What Tversion has agreed on. */
enum np_dialect {
	NP_DOTL = 0,
	NP_HF1 = 1,		/* all of NP_DOTL, and more */
};

/* Message types.  A reply is its request's and one; errors are NP_RLERROR. */
enum np_type {
	NP_RLERROR = 7,
	NP_TSTATFS = 8,		NP_RSTATFS = 9,
	NP_TLOPEN = 12,		NP_RLOPEN = 13,
	NP_TLCREATE = 14,	NP_RLCREATE = 15,
	NP_TSYMLINK = 16,	NP_RSYMLINK = 17,
	NP_TMKNOD = 18,		NP_RMKNOD = 19,
	NP_TRENAME = 20,	NP_RRENAME = 21,
	NP_TREADLINK = 22,	NP_RREADLINK = 23,
	NP_TGETATTR = 24,	NP_RGETATTR = 25,
	NP_TSETATTR = 26,	NP_RSETATTR = 27,
	NP_TXATTRWALK = 30,	NP_RXATTRWALK = 31,
	NP_TXATTRCREATE = 32,	NP_RXATTRCREATE = 33,
	NP_TREADDIR = 40,	NP_RREADDIR = 41,
	NP_TFSYNC = 50,		NP_RFSYNC = 51,
	NP_TLOCK = 52,		NP_RLOCK = 53,
	NP_TGETLOCK = 54,	NP_RGETLOCK = 55,
	NP_TLINK = 70,		NP_RLINK = 71,
	NP_TMKDIR = 72,		NP_RMKDIR = 73,
	NP_TRENAMEAT = 74,	NP_RRENAMEAT = 75,
	NP_TUNLINKAT = 76,	NP_RUNLINKAT = 77,
	NP_TVERSION = 100,	NP_RVERSION = 101,
	NP_TAUTH = 102,		NP_RAUTH = 103,
	NP_TATTACH = 104,	NP_RATTACH = 105,
	NP_TFLUSH = 108,	NP_RFLUSH = 109,
	NP_TWALK = 110,		NP_RWALK = 111,
	NP_TREAD = 116,		NP_RREAD = 117,
	NP_TWRITE = 118,	NP_RWRITE = 119,
	NP_TCLUNK = 120,	NP_RCLUNK = 121,
	NP_TREMOVE = 122,	NP_RREMOVE = 123,
};

/* np_qid.type */
#define NP_QTDIR	0x80
#define NP_QTAPPEND	0x40
#define NP_QTEXCL	0x20
#define NP_QTMOUNT	0x10
#define NP_QTAUTH	0x08
#define NP_QTTMP	0x04
#define NP_QTSYMLINK	0x02
#define NP_QTLINK	0x01
#define NP_QTFILE	0x00

/* Tlopen, Tlcreate: flags.  The values are the protocol's, whatever the machine's. */
#define NP_O_ACCMODE	000000003
#define NP_O_CREAT	000000100
#define NP_O_EXCL	000000200
#define NP_O_NOCTTY	000000400
#define NP_O_TRUNC	000001000
#define NP_O_APPEND	000002000
#define NP_O_NONBLOCK	000004000
#define NP_O_DSYNC	000010000
#define NP_O_FASYNC	000020000
#define NP_O_DIRECT	000040000
#define NP_O_LARGEFILE	000100000
#define NP_O_DIRECTORY	000200000
#define NP_O_NOFOLLOW	000400000
#define NP_O_NOATIME	001000000
#define NP_O_CLOEXEC	002000000
#define NP_O_SYNC	004000000
#define NP_O_ALL	007777703

/* Tgetattr, Rgetattr: request_mask, valid.  Unknown bits pass. */
#define NP_ATTR_MODE		0x00000001ULL
#define NP_ATTR_NLINK		0x00000002ULL
#define NP_ATTR_UID		0x00000004ULL
#define NP_ATTR_GID		0x00000008ULL
#define NP_ATTR_RDEV		0x00000010ULL
#define NP_ATTR_ATIME		0x00000020ULL
#define NP_ATTR_MTIME		0x00000040ULL
#define NP_ATTR_CTIME		0x00000080ULL
#define NP_ATTR_INO		0x00000100ULL
#define NP_ATTR_SIZE		0x00000200ULL
#define NP_ATTR_BLOCKS		0x00000400ULL
#define NP_ATTR_BTIME		0x00000800ULL
#define NP_ATTR_GEN		0x00001000ULL
#define NP_ATTR_DATA_VERSION	0x00002000ULL
#define NP_ATTR_BASIC		0x000007ffULL
#define NP_ATTR_ALL		0x00003fffULL

/* Tsetattr: valid.  A time without its _SET is the server's time. */
#define NP_SET_MODE		0x001
#define NP_SET_UID		0x002
#define NP_SET_GID		0x004
#define NP_SET_SIZE		0x008
#define NP_SET_ATIME		0x010
#define NP_SET_MTIME		0x020
#define NP_SET_CTIME		0x040
#define NP_SET_ATIME_SET	0x080
#define NP_SET_MTIME_SET	0x100
#define NP_SET_ALL		0x1ff

#define NP_MODE_ALL		0177777	/* S_IFMT and permissions */
#define NP_AT_REMOVEDIR		0x200	/* Tunlinkat: flags */
#define NP_XATTR_CREATE		0x1	/* Txattrcreate: flags */
#define NP_XATTR_REPLACE	0x2
#define NP_ERRNO_MAX		511	/* Rlerror: asm-generic's; from 512 on they are a kernel's own */

enum np_lock_type { NP_RDLCK = 0, NP_WRLCK = 1, NP_UNLCK = 2 };
#define NP_LOCK_BLOCK		0x1	/* Tlock: flags */
#define NP_LOCK_RECLAIM		0x2
enum np_lock_status {
	NP_LOCK_SUCCESS = 0,
	NP_LOCK_BLOCKED = 1,
	NP_LOCK_ERROR = 2,
	NP_LOCK_GRACE = 3,
};

/* Bytes of the frame; never terminated by NUL, and never containing one. */
struct np_str {
	const char *at;
	uint16_t len;
};

struct np_qid {
	uint64_t path;
	uint32_t version;
	uint8_t type;
};

struct np_names {
	uint16_t count;
	struct np_str name[NP_MAX_WALK];
};

struct np_qids {
	uint16_t count;
	struct np_qid qid[NP_MAX_WALK];
};

/* What Rgetattr is made of. */
struct np_attr {
	uint64_t valid;
	struct np_qid qid;
	uint32_t mode, uid, gid;
	uint64_t nlink, rdev, size, blksize, blocks;
	uint64_t atime_sec, atime_nsec;
	uint64_t mtime_sec, mtime_nsec;
	uint64_t ctime_sec, ctime_nsec;
	uint64_t btime_sec, btime_nsec;
	uint64_t gen, data_version;
};

NP_SIZE(struct np_str, 2 * sizeof(void *));
NP_SIZE(struct np_qid, 16);

/* Messages; those that have nothing but a fid, a qid, a count share one. */
struct np_fid { uint32_t fid; };
struct np_rqid { struct np_qid qid; };
struct np_rcount { uint32_t count; };
struct np_ropen { struct np_qid qid; uint32_t iounit; };
struct np_version { uint32_t msize; struct np_str version; };
struct np_rlerror { uint32_t ecode; };
struct np_tauth { uint32_t afid; struct np_str uname, aname; uint32_t n_uname; };
struct np_tattach {
	uint32_t fid, afid;
	struct np_str uname, aname;
	uint32_t n_uname;
};
struct np_tflush { uint16_t oldtag; };
struct np_twalk { uint32_t fid, newfid; struct np_names names; };
struct np_rwalk { struct np_qids qids; };
struct np_tread { uint64_t offset; uint32_t fid, count; };
struct np_twrite { uint64_t offset; uint32_t fid; };	/* and the payload */
struct np_rstatfs {
	uint32_t type, bsize;
	uint64_t blocks, bfree, bavail, files, ffree, fsid;
	uint32_t namelen;
};
struct np_tlopen { uint32_t fid, flags; };
struct np_tlcreate {
	struct np_str name;
	uint32_t fid, flags, mode, gid;
};
struct np_tsymlink { struct np_str name, target; uint32_t fid, gid; };
struct np_tmknod {
	struct np_str name;
	uint32_t fid, mode, major, minor, gid;
};
struct np_trename { struct np_str name; uint32_t fid, dfid; };
struct np_rreadlink { struct np_str target; };
struct np_tgetattr { uint64_t request_mask; uint32_t fid; };
struct np_rgetattr { struct np_attr attr; };
struct np_tsetattr {
	uint32_t fid, valid, mode, uid, gid;
	uint64_t size, atime_sec, atime_nsec, mtime_sec, mtime_nsec;
};
struct np_txattrwalk { struct np_str name; uint32_t fid, newfid; };
struct np_rxattrwalk { uint64_t size; };
struct np_txattrcreate {
	struct np_str name;
	uint64_t size;
	uint32_t fid, flags;
};
struct np_tfsync { uint32_t fid, datasync; };
struct np_tlock {
	uint64_t start, length;		/* length 0: to the end of the file */
	struct np_str client_id;
	uint32_t fid, flags, proc_id;
	uint8_t type;
};
struct np_rlock { uint8_t status; };
struct np_tgetlock {
	uint64_t start, length;
	struct np_str client_id;
	uint32_t fid, proc_id;
	uint8_t type;
};
struct np_rgetlock {
	uint64_t start, length;
	struct np_str client_id;
	uint32_t proc_id;
	uint8_t type;			/* NP_UNLCK: nobody is in the way */
};
struct np_tlink { struct np_str name; uint32_t dfid, fid; };
struct np_tmkdir { struct np_str name; uint32_t dfid, mode, gid; };
struct np_trenameat { struct np_str oldname, newname; uint32_t olddirfid, newdirfid; };
struct np_tunlinkat { struct np_str name; uint32_t dirfid, flags; };

/* One entry of what Rreaddir carries. */
struct np_entry {
	struct np_qid qid;
	uint64_t offset;		/* of the next one, for Treaddir */
	struct np_str name;		/* may be "." and ".." */
	uint8_t type;			/* as d_type of readdir(3) */
};

#endif /* HF_CORE_NINEP_TYPES_H */
