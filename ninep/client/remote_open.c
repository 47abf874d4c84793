// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and replies: open files, directories and attributes' values, and what is read
 * and written of the last two.  (Files' content goes by io.c.)
 */
#include <linux/slab.h>

#include "remote.h"

static int clone(struct hf9c_fid *from, struct hf9c_fid *fid)
{
	const struct np_names none = {};
	struct np_qid qid;

	return hf9c_remote_walk(from, fid, &none, &qid);
}

static int openattr(struct hf9c_fid *from, struct hf9c_fid *fid, u32 flags,
		    struct np_attr *attr)
{
	struct hf9c_call *call = hf9c_ask_of(from, NP_TOPENATTR);
	int err;

	if (call)
		call->ask.topenattr = (struct np_topenattr) {
			.fid = from->number, .newfid = fid->number, .flags = flags,
			.request_mask = NP_ATTR_ALL,
		};
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	*attr = call->reply.ropenattr.attr;
	hf9c_ask_free(call);
	return hf9c_check_attr(attr);
}

static int lopen(struct hf9c_fid *from, struct hf9c_fid *fid, u32 flags)
{
	struct hf9c_call *call;
	int err = clone(from, fid);

	if (err)
		return err;
	call = hf9c_ask_of(fid, NP_TLOPEN);
	if (call) {
		call->ask.tlopen.fid = fid->number;
		call->ask.tlopen.flags = flags;
	}
	err = hf9c_ask(call);
	if (!err)
		hf9c_ask_free(call);
	return err;
}

/* @attr: filled, or its valid is 0 if the server does not tell. */
int hf9c_remote_open(struct hf9c_fid *from, struct hf9c_fid *fid, u32 flags,
		     struct np_attr *attr)
{
	if (hf9c_knows(from->hs, NP_TOPENATTR))
		return openattr(from, fid, flags, attr);
	attr->valid = 0;
	return lopen(from, fid, flags);
}

static int createattr(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name,
		      u32 flags, umode_t mode, u32 gid, struct np_attr *attr, bool *created)
{
	struct hf9c_call *call = hf9c_ask_of(dir, NP_TCREATEATTR);
	int err;

	if (call)
		call->ask.tcreateattr = (struct np_tcreateattr) {
			.name = hf9c_str(name), .fid = dir->number, .newfid = fid->number,
			.flags = flags, .mode = mode, .gid = gid,
			.request_mask = NP_ATTR_ALL,
		};
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	*attr = call->reply.rcreateattr.attr;
	*created = call->reply.rcreateattr.created;
	hf9c_ask_free(call);
	return hf9c_check_attr(attr);
}

static int lcreate(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name,
		   u32 flags, umode_t mode, u32 gid)
{
	struct hf9c_call *call;
	int err = clone(dir, fid);

	if (err)
		return err;
	call = hf9c_ask_of(fid, NP_TLCREATE);
	if (call)
		call->ask.tlcreate = (struct np_tlcreate) {
			.name = hf9c_str(name), .fid = fid->number, .flags = flags,
			.mode = mode, .gid = gid,
		};
	err = hf9c_ask(call);
	if (!err)
		hf9c_ask_free(call);
	return err;
}

/*
 * Makes and opens.  Without NP_O_EXCL it may have been there, which @created tells, but
 * with plain 9P2000.L, where it is taken to be new.
 */
int hf9c_remote_create(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name,
		       u32 flags, umode_t mode, u32 gid, struct np_attr *attr,
		       bool *created)
{
	int err;

	if (hf9c_knows(dir->hs, NP_TCREATEATTR))
		return createattr(dir, fid, name, flags, mode, gid, attr, created);
	err = lcreate(dir, fid, name, flags, mode, gid);
	*created = !err;
	return err ?: hf9c_remote_getattr(fid, attr);
}

int hf9c_remote_fsync(struct hf9c_fid *fid, bool datasync)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TFSYNC);
	int err;

	if (call) {
		call->ask.tfsync.fid = fid->number;
		call->ask.tfsync.datasync = datasync;
	}
	err = hf9c_ask(call);
	if (!err)
		hf9c_ask_free(call);
	return err;
}

/* ----------------------------------------------------------- what has a payload */

/*
 * @bytes: room, then what has come.  Who is killed has his buffer back at once; the fid may
 * be another file's by the time the server reads, but that changes nothing, and goes
 * nowhere.
 */
static int read_by(struct hf9c_call *call, void *buf, u32 *bytes)
{
	struct kvec vec = { .iov_base = buf, .iov_len = *bytes };
	int err;

	if (call) {
		iov_iter_kvec(&call->payload, ITER_DEST, &vec, 1, *bytes);
		call->may_discard = true;
	}
	err = hf9c_ask(call);
	if (err)
		return err;
	*bytes = call->reply.payload.count;
	hf9c_ask_free(call);
	return 0;
}

int hf9c_remote_readdir(struct hf9c_fid *fid, bool attrs, u64 offset, void *buf, u32 *bytes)
{
	struct hf9c_call *call = hf9c_ask_of(fid, attrs ? NP_TREADDIRATTR : NP_TREADDIR);

	if (call && attrs)
		call->ask.treaddirattr = (struct np_treaddirattr) {
			.fid = fid->number, .offset = offset, .count = *bytes,
			.request_mask = NP_ATTR_ALL,
		};
	else if (call)
		call->ask.treaddir = (struct np_tread) {
			.fid = fid->number, .offset = offset, .count = *bytes,
		};
	return read_by(call, buf, bytes);
}

int hf9c_remote_read(struct hf9c_fid *fid, u64 offset, void *buf, u32 *bytes)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TREAD);

	if (call)
		call->ask.tread = (struct np_tread) {
			.fid = fid->number, .offset = offset, .count = *bytes,
		};
	return read_by(call, buf, bytes);
}

/* @buf: of kvmalloc(), which goes; @bytes: of it, then how many were written. */
int hf9c_remote_write(struct hf9c_fid *fid, u64 offset, void *buf, u32 *bytes)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TWRITE);
	int err;

	if (call)
		call->ask.twrite = (struct np_twrite) {
			.fid = fid->number, .offset = offset,
		};
	hf9c_ask_to_send(call, buf, *bytes);
	err = hf9c_ask(call);
	if (err)
		return err;
	*bytes = call->reply.rwrite.count;
	hf9c_ask_free(call);
	return 0;
}

/* @name: "": the list of names. */
int hf9c_remote_xattrwalk(struct hf9c_fid *from, struct hf9c_fid *fid, const char *name,
			  u64 *size)
{
	struct hf9c_call *call = hf9c_ask_of(from, NP_TXATTRWALK);
	int err;

	if (call)
		call->ask.txattrwalk = (struct np_txattrwalk) {
			.name = hf9c_text(name), .fid = from->number,
			.newfid = fid->number,
		};
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	*size = call->reply.rxattrwalk.size;
	hf9c_ask_free(call);
	return 0;
}

/* @fid: becomes the value's, whether it was there before or is another's descendant. */
int hf9c_remote_xattrcreate(struct hf9c_fid *fid, const char *name, u64 size, u32 flags)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TXATTRCREATE);
	int err;

	if (call)
		call->ask.txattrcreate = (struct np_txattrcreate) {
			.name = hf9c_text(name), .size = size, .fid = fid->number,
			.flags = flags,
		};
	fid->value = true;
	err = hf9c_ask(call);
	if (!err)
		hf9c_ask_free(call);
	return err;
}
