// SPDX-License-Identifier: GPL-2.0-only
/* Requests and replies: ranges of open files, which the server changes by itself.  Of hf1. */
#include "remote.h"

static int done(struct hf9c_call *call)
{
	int err = hf9c_ask(call);

	if (!err)
		hf9c_ask_free(call);
	return err;
}

int hf9c_remote_fallocate(struct hf9c_fid *fid, u32 mode, u64 offset, u64 length)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TFALLOCATE);

	if (call)
		call->ask.tfallocate = (struct np_tfallocate) {
			.fid = fid->number, .mode = mode, .offset = offset,
			.length = length,
		};
	return done(call);
}

/* @what: NP_SEEK_*; @offset: from where, then where it is. */
int hf9c_remote_seek(struct hf9c_fid *fid, u8 what, u64 *offset)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TSEEK);
	int err;

	if (call)
		call->ask.tseek = (struct np_tseek) {
			.fid = fid->number, .what = what, .offset = *offset,
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	*offset = call->reply.rseek.offset;
	hf9c_ask_free(call);
	return 0;
}

/* @bytes: NP_COPY_MAX at the most; then how many were copied. */
int hf9c_remote_copy(struct hf9c_fid *from, u64 offset, struct hf9c_fid *to, u64 dstoffset,
		     u32 *bytes)
{
	struct hf9c_call *call = hf9c_ask_of_two(from, to, NP_TCOPY);
	int err;

	if (call)
		call->ask.tcopy = (struct np_tcopy) {
			.fid = from->number, .offset = offset, .dstfid = to->number,
			.dstoffset = dstoffset, .count = *bytes,
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	*bytes = call->reply.rcopy.count;
	hf9c_ask_free(call);
	return 0;
}

/* @length: 0: to the end. */
int hf9c_remote_clone(struct hf9c_fid *from, u64 offset, struct hf9c_fid *to, u64 dstoffset,
		      u64 length)
{
	struct hf9c_call *call = hf9c_ask_of_two(from, to, NP_TCLONE);

	if (call)
		call->ask.tclone = (struct np_tclone) {
			.fid = from->number, .offset = offset, .dstfid = to->number,
			.dstoffset = dstoffset, .length = length,
		};
	return done(call);
}
