// SPDX-License-Identifier: GPL-2.0-only
/*
 * All operations: what each needs, and who runs it.  Tversion and Tflush are the
 * session's.
 */
#include <linux/stddef.h>

#include "ops.h"

#define AT(member) offsetof(struct np_msg, member)
#define OP(t, n, r, ...) \
	[NP_##t] = { .type = NP_##t, .needs = (n), .run = (r), ##__VA_ARGS__ }

#define FILE_OF	(HF9_FID | HF9_PATH)
#define OPEN_OF	(HF9_FID | HF9_PATH | HF9_OPEN)
#define DIR_OF	(HF9_FID | HF9_PATH | HF9_DIR)
#define MAKES	(DIR_OF | HF9_CHANGES)
#define MOVES	(HF9_FID2 | HF9_PATH2 | HF9_DIR2 | HF9_CHANGES)

static const struct hf9_op ops[] = {
	OP(TAUTH, 0, hf9_auth),
	OP(TATTACH, HF9_NEWFID, hf9_attach,
	   .newfid_at = AT(tattach.fid)),
	OP(TCLUNK, HF9_FID | HF9_CLUNKS, hf9_clunk, .fid_at = AT(tclunk.fid)),
	OP(TWALK, FILE_OF | HF9_NEWFID, hf9_run_walk,
	   .fid_at = AT(twalk.fid), .newfid_at = AT(twalk.newfid)),
	OP(TLOPEN, FILE_OF, hf9_run_lopen, .fid_at = AT(tlopen.fid)),
	OP(TLCREATE, MAKES, hf9_run_lcreate, .fid_at = AT(tlcreate.fid)),
	OP(TREAD, HF9_FID, hf9_run_read, .fid_at = AT(tread.fid)),
	OP(TWRITE, HF9_FID | HF9_CHANGES, hf9_run_write, .fid_at = AT(twrite.fid)),
	OP(TFSYNC, OPEN_OF, hf9_run_fsync, .fid_at = AT(tfsync.fid)),
	OP(TSTATFS, FILE_OF, hf9_run_statfs, .fid_at = AT(tstatfs.fid)),
	OP(TGETATTR, FILE_OF | HF9_QUICK, hf9_run_getattr, .fid_at = AT(tgetattr.fid)),
	OP(TSETATTR, FILE_OF | HF9_CHANGES, hf9_run_setattr,
	   .fid_at = AT(tsetattr.fid)),
	OP(TREADDIR, OPEN_OF, hf9_run_readdir, .fid_at = AT(treaddir.fid)),
	OP(TREADLINK, FILE_OF, hf9_run_readlink, .fid_at = AT(treadlink.fid)),
	OP(TMKDIR, MAKES, hf9_run_mkdir, .fid_at = AT(tmkdir.dfid)),
	OP(TMKNOD, MAKES, hf9_run_mknod, .fid_at = AT(tmknod.fid)),
	OP(TSYMLINK, MAKES, hf9_run_symlink, .fid_at = AT(tsymlink.fid)),
	OP(TLINK, MAKES | HF9_FID2 | HF9_PATH2, hf9_run_link,
	   .fid_at = AT(tlink.dfid), .fid2_at = AT(tlink.fid)),
	OP(TUNLINKAT, MAKES, hf9_run_unlinkat, .fid_at = AT(tunlinkat.dirfid)),
	/* EROFS has to clunk it, too: the dispatcher's order. */
	OP(TREMOVE, FILE_OF | HF9_CLUNKS | HF9_CHANGES, hf9_run_remove,
	   .fid_at = AT(tremove.fid)),
	OP(TRENAME, FILE_OF | MOVES, hf9_run_rename,
	   .fid_at = AT(trename.fid), .fid2_at = AT(trename.dfid)),
	OP(TRENAMEAT, DIR_OF | MOVES, hf9_run_renameat,
	   .fid_at = AT(trenameat.olddirfid), .fid2_at = AT(trenameat.newdirfid)),
	OP(TXATTRWALK, FILE_OF | HF9_NEWFID, hf9_run_xattrwalk,
	   .fid_at = AT(txattrwalk.fid), .newfid_at = AT(txattrwalk.newfid)),
	OP(TXATTRCREATE, FILE_OF | HF9_CHANGES, hf9_run_xattrcreate,
	   .fid_at = AT(txattrcreate.fid)),
	OP(TLOCK, OPEN_OF, hf9_run_lock, .fid_at = AT(tlock.fid)),
	OP(TGETLOCK, OPEN_OF, hf9_run_getlock, .fid_at = AT(tgetlock.fid)),
	/* hf1 */
	OP(TCAPS, HF9_QUICK, hf9_run_caps),
	OP(TIDENTITY, HF9_FID | HF9_QUICK, hf9_run_identity,
	   .fid_at = AT(tidentity.fid)),
	OP(TREADDIRATTR, OPEN_OF, hf9_run_readdirattr, .fid_at = AT(treaddirattr.fid)),
	OP(TWALKATTR, FILE_OF | HF9_NEWFID | HF9_NOFID, hf9_run_walkattr,
	   .fid_at = AT(twalkattr.fid), .newfid_at = AT(twalkattr.newfid)),
	OP(TOPENATTR, FILE_OF | HF9_NEWFID, hf9_run_openattr,
	   .fid_at = AT(topenattr.fid), .newfid_at = AT(topenattr.newfid)),
	OP(TCREATEATTR, MAKES | HF9_NEWFID, hf9_run_createattr,
	   .fid_at = AT(tcreateattr.fid), .newfid_at = AT(tcreateattr.newfid)),
	OP(TLOCKX, OPEN_OF, hf9_run_lockx, .fid_at = AT(tlockx.fid)),
	OP(TGETLOCKX, OPEN_OF, hf9_run_getlockx, .fid_at = AT(tgetlockx.fid)),
	OP(TFALLOCATE, OPEN_OF | HF9_CHANGES, hf9_run_fallocate,
	   .fid_at = AT(tfallocate.fid)),
	OP(TSEEK, OPEN_OF, hf9_run_seek, .fid_at = AT(tseek.fid)),
	OP(TCOPY, OPEN_OF | HF9_FID2 | HF9_OPEN2 | HF9_CHANGES, hf9_run_copy,
	   .fid_at = AT(tcopy.fid), .fid2_at = AT(tcopy.dstfid)),
	OP(TCLONE, OPEN_OF | HF9_FID2 | HF9_OPEN2 | HF9_CHANGES, hf9_run_clone,
	   .fid_at = AT(tclone.fid), .fid2_at = AT(tclone.dstfid)),
	OP(TLOCALHELLO, FILE_OF, hf9_run_localhello, .fid_at = AT(tlocalhello.fid)),
	OP(TRENAMEX, DIR_OF | MOVES, hf9_run_renamex,
	   .fid_at = AT(trenamex.olddirfid), .fid2_at = AT(trenamex.newdirfid)),
};

/**
 * hf9_op_of - the operation of a request
 * @type: its type
 * @dialect: what was agreed on
 *
 * Return: NULL if there is none, and for Tversion and Tflush.
 */
const struct hf9_op *hf9_op_of(u8 type, enum np_dialect dialect)
{
	if (type >= ARRAY_SIZE(ops) || !ops[type].run)
		return NULL;
	if (type >= NP_TCAPS && dialect != NP_HF1)
		return NULL;
	return &ops[type];
}

static void know(u8 known[NP_CAPS], unsigned int type)
{
	known[type / 8] |= 1 << type % 8;
}

int hf9_run_caps(struct hf9_request *request)
{
	u8 *known = request->r.rcaps.known;
	unsigned int type;

	memset(known, 0, NP_CAPS);
	for (type = 0; type < ARRAY_SIZE(ops); type++)
		if (hf9_op_of(type, NP_HF1))
			know(known, type);
	know(known, NP_TVERSION);
	know(known, NP_TFLUSH);
	return 0;
}

int hf9_run_identity(struct hf9_request *request)
{
	memcpy(request->r.ridentity.id, request->connection->export->identity,
	       NP_IDENTITY);
	return 0;
}
