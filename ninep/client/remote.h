/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the server is asked for, each a request and its reply; nothing is kept here.
 *
 * All of them wait, killably, and return 0 or -errno: the server's, or -EIO of a
 * connection that has ended, -EINTR of who was killed, -ETIMEDOUT of a soft mount.  A
 * fid that is to be made is one of hf9c_fid_new(), which is there afterwards if 0 is
 * returned, and to be put in any case.
 */
#ifndef HF9C_REMOTE_H
#define HF9C_REMOTE_H

#include "client.h"
#include "fid.h"
#include "session.h"

/* ask.c */
struct hf9c_call *hf9c_ask_new(struct hf9c_super *hs, u8 type);
struct hf9c_call *hf9c_ask_of(struct hf9c_fid *fid, u8 type);
struct hf9c_call *hf9c_ask_of_two(struct hf9c_fid *fid, struct hf9c_fid *other, u8 type);
void hf9c_ask_to_send(struct hf9c_call *call, void *payload, u32 bytes);
void hf9c_ask_free(struct hf9c_call *call);
bool hf9c_is_unknown(int error);
int hf9c_ask(struct hf9c_call *call);
int hf9c_ask_to_make(struct hf9c_call *call, struct hf9c_fid *fid);

/* remote.c */
int hf9c_remote_clunk(struct hf9c_fid *fid);
int hf9c_remote_remove(struct hf9c_fid *fid);
int hf9c_remote_caps(struct hf9c_super *hs, struct np_rcaps *caps);
int hf9c_remote_identity(struct hf9c_fid *fid, u8 *id);
int hf9c_remote_hello(struct hf9c_fid *fid, const u8 *id, u8 *answer);
int hf9c_remote_attach(struct hf9c_fid *fid);
int hf9c_remote_walk(struct hf9c_fid *from, struct hf9c_fid *fid,
		     const struct np_names *names, struct np_qid *qid);
int hf9c_remote_peek(struct hf9c_fid *from, const struct qstr *name, struct np_attr *attr);
int hf9c_remote_walkattr(struct hf9c_fid *from, struct hf9c_fid *fid,
			 const struct qstr *name, struct np_attr *attr);
int hf9c_remote_getattr(struct hf9c_fid *fid, struct np_attr *attr);
int hf9c_remote_setattr(struct hf9c_fid *fid, const struct np_tsetattr *set);
int hf9c_remote_statfs(struct hf9c_fid *fid, struct np_rstatfs *statfs);

/* remote_open.c */
int hf9c_remote_open(struct hf9c_fid *from, struct hf9c_fid *fid, u32 flags,
		     struct np_attr *attr);
int hf9c_remote_create(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name,
		       u32 flags, umode_t mode, u32 gid, struct np_attr *attr,
		       bool *created);
int hf9c_remote_fsync(struct hf9c_fid *fid, bool datasync);
int hf9c_remote_readdir(struct hf9c_fid *fid, bool attrs, u64 offset, void *buf, u32 *bytes);
int hf9c_remote_read(struct hf9c_fid *fid, u64 offset, void *buf, u32 *bytes);
int hf9c_remote_write(struct hf9c_fid *fid, u64 offset, void *buf, u32 *bytes);
int hf9c_remote_xattrwalk(struct hf9c_fid *from, struct hf9c_fid *fid, const char *name,
			  u64 *size);
int hf9c_remote_xattrcreate(struct hf9c_fid *fid, const char *name, u64 size, u32 flags);

/* remote_range.c */
int hf9c_remote_fallocate(struct hf9c_fid *fid, u32 mode, u64 offset, u64 length);
int hf9c_remote_seek(struct hf9c_fid *fid, u8 what, u64 *offset);
int hf9c_remote_copy(struct hf9c_fid *from, u64 offset, struct hf9c_fid *to, u64 dstoffset,
		     u32 *bytes);
int hf9c_remote_clone(struct hf9c_fid *from, u64 offset, struct hf9c_fid *to, u64 dstoffset,
		      u64 length);

/* remote_names.c */
int hf9c_remote_mkdir(struct hf9c_fid *dir, const struct qstr *name, umode_t mode, u32 gid);
int hf9c_remote_mknod(struct hf9c_fid *dir, const struct qstr *name, umode_t mode, dev_t dev,
		      u32 gid);
int hf9c_remote_symlink(struct hf9c_fid *dir, const struct qstr *name, const char *target,
			u32 gid);
char *hf9c_remote_readlink(struct hf9c_fid *fid);
int hf9c_remote_link(struct hf9c_fid *dir, struct hf9c_fid *fid, const struct qstr *name);
int hf9c_remote_unlinkat(struct hf9c_fid *dir, const struct qstr *name, u32 flags);
int hf9c_remote_rename_fid(struct hf9c_fid *fid, struct hf9c_fid *dir, const struct qstr *name);
int hf9c_remote_rename(struct hf9c_fid *old_dir, const struct qstr *old,
		       struct hf9c_fid *new_dir, const struct qstr *new, u32 flags);

static inline struct np_str hf9c_str(const struct qstr *name)
{
	return (struct np_str) { .at = name->name, .len = name->len };
}

static inline struct np_str hf9c_text(const char *text)
{
	return (struct np_str) { .at = text, .len = strlen(text) };
}

#endif /* HF9C_REMOTE_H */
