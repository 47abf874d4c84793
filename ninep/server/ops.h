/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the operations' files share with one another (server.h has what the rest of
 * the server sees of them).
 *
 * Every hf9_run_...() is a row's ->run of op.c's table, see struct hf9_op.
 */
#ifndef HF9_OPS_H
#define HF9_OPS_H

#include <linux/fs.h>

#include "server.h"

/* ------------------------------------------------------------------- fid.c */

/**
 * hf9_fid_file - the open file that a fid stands for
 * @fid: the caller has a use of it
 *
 * Return: NULL if it is not open.
 */
static inline struct file *hf9_fid_file(const struct hf9_fid *fid)
{
	/* Pairs with the release in hf9_fid_set_file(). */
	return smp_load_acquire(&fid->file);
}

/**
 * hf9_fid_path - what a fid stands for
 * @fid: the caller has a use of it; not of an attribute
 *
 * Of an open one the file's: after a Tlcreate that is the one that was made.
 *
 * Return: good as long as the use is.
 */
static inline const struct path *hf9_fid_path(const struct hf9_fid *fid)
{
	const struct file *file = hf9_fid_file(fid);

	return file ? &file->f_path : &fid->path;
}

static inline struct hf9_xattr *hf9_fid_xattr(const struct hf9_fid *fid)
{
	return smp_load_acquire(&fid->xattr);
}

void hf9_fid_set_file(struct hf9_fid *fid, struct file *file);
void hf9_fid_set_xattr(struct hf9_fid *fid, struct hf9_xattr *xattr);
void hf9_fid_be(struct hf9_fid *fid, const struct hf9_fid *from, const struct path *path);
int hf9_fid_move(struct hf9_request *request, struct dentry *to);

/* ------------------------------------------------------------- walk.c, attr.c */

int hf9_walk(struct hf9_request *request, const struct np_names *names,
	     struct np_qids *qids, struct path *path);
int hf9_walked(struct hf9_request *request, struct path *path);
int hf9_check_inside(const struct hf9_request *request, struct dentry *dentry);
int hf9_check_dir(const struct hf9_request *request, const struct path *dir);

int hf9_attr(struct hf9_request *request, const struct path *path, struct np_attr *attr);

/* ---------------------------------------------------------- open.c, create.c */

int hf9_open_flags(u32 flags, int *to);
struct file *hf9_open(const struct path *path, u32 flags);
struct file *hf9_open_new(const struct path *path, u32 flags);
void hf9_close(struct file *file);
int hf9_begin_size(struct inode *inode);
struct dentry *hf9_made(const struct path *dir, struct dentry *dentry,
			const struct np_str *name);
const struct cred *hf9_begin_create(struct hf9_request *request, const struct path *dir,
				    u32 gid, umode_t *mode, const struct cred **caller);
void hf9_end_create(const struct cred *as, const struct cred *caller);

int hf9_want_write(const struct hf9_request *request, const struct path *dir);

/* The export is not one that is only read. */
static inline int hf9_may_change(const struct hf9_request *request)
{
	return request->connection->export->read_only ? -EROFS : 0;
}

/* ---------------------------------------------------------------- rows of op.c */

int hf9_run_walk(struct hf9_request *request);
int hf9_run_walkattr(struct hf9_request *request);
int hf9_run_getattr(struct hf9_request *request);
int hf9_run_setattr(struct hf9_request *request);
int hf9_run_lopen(struct hf9_request *request);
int hf9_run_openattr(struct hf9_request *request);
int hf9_run_lcreate(struct hf9_request *request);
int hf9_run_createattr(struct hf9_request *request);
int hf9_run_read(struct hf9_request *request);
int hf9_run_write(struct hf9_request *request);
int hf9_run_fsync(struct hf9_request *request);
int hf9_run_statfs(struct hf9_request *request);
int hf9_run_fallocate(struct hf9_request *request);
int hf9_run_seek(struct hf9_request *request);
int hf9_run_copy(struct hf9_request *request);
int hf9_run_clone(struct hf9_request *request);
int hf9_run_mkdir(struct hf9_request *request);
int hf9_run_mknod(struct hf9_request *request);
int hf9_run_symlink(struct hf9_request *request);
int hf9_run_readlink(struct hf9_request *request);
int hf9_run_link(struct hf9_request *request);
int hf9_run_unlinkat(struct hf9_request *request);
int hf9_run_remove(struct hf9_request *request);
int hf9_run_rename(struct hf9_request *request);
int hf9_run_renameat(struct hf9_request *request);
int hf9_run_renamex(struct hf9_request *request);
int hf9_run_readdir(struct hf9_request *request);
int hf9_run_readdirattr(struct hf9_request *request);
int hf9_run_xattrwalk(struct hf9_request *request);
int hf9_run_xattrcreate(struct hf9_request *request);
int hf9_run_lock(struct hf9_request *request);
int hf9_run_getlock(struct hf9_request *request);
int hf9_run_lockx(struct hf9_request *request);
int hf9_run_getlockx(struct hf9_request *request);
int hf9_run_caps(struct hf9_request *request);
int hf9_run_identity(struct hf9_request *request);

/* lock_mark.c, lock_owner.c, for fid.c */
void hf9_locks_leave(struct hf9_fid *fid);
void hf9_locks_put(struct hf9_locks *locks);
void hf9_locks_exit(void);

/* xattr_fid.c, for io.c: the value of an attribute's fid. */
int hf9_xattr_read(struct hf9_request *request, struct hf9_xattr *xattr);
int hf9_xattr_write(struct hf9_request *request, struct hf9_fid *fid,
		    struct hf9_xattr *xattr);
void hf9_xattr_free(struct hf9_xattr *xattr);

#endif /* HF9_OPS_H */
