/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fids: what stands for something at the server.  A number is one until the server has
 * said that it has forgotten it, or the connection is over.
 */
#ifndef HF9C_FID_H
#define HF9C_FID_H

#include <linux/err.h>
#include <linux/llist.h>
#include <linux/refcount.h>

#include "client.h"

/**
 * struct hf9c_fid - a fid
 * @hs: I: the mount
 * @number: I: as the server knows it
 * @uid: I: as whom
 * @mode: FMODE_READ, FMODE_WRITE: open so; 0: it stands for a path.  Set before others
 *	can find it
 * @again: who opens the same later may have it; likewise
 * @there: the server has it; likewise
 * @value: an attribute's value is written by it, which the server sets when it forgets
 *	the fid; of who has made it
 * @append: of an open file's: one by which the server appends; or NULL.  Set with i_rwsem
 * @local: of an open file's: the server's, if that is in this kernel; or NULL.  RCU, F
 * @too_deep: its filesystem is on others, this one perhaps: never by that
 * @locker: A: the process that first locked the open file by it
 * @ref: whoever has it
 * @of_inode: F: on its inode's list
 * @aged: F: of a path, or of a file that is closed, on the mount's list
 * @gone: on the list of those to be forgotten
 */
struct hf9c_fid {
	struct hf9c_super *hs;
	u32 number;
	kuid_t uid;
	fmode_t mode;
	bool again, there;
	bool value;
	struct hf9c_fid *append;
	struct hf_localio_file __rcu *local;
	bool too_deep;
	pid_t locker;
	refcount_t ref;
	struct list_head of_inode, aged;
	struct llist_node gone;
};

int hf9c_fids_init(void);
void hf9c_fids_exit(void);

struct hf9c_fid *hf9c_fid_new(struct hf9c_super *hs, kuid_t uid);
struct hf9c_fid *hf9c_fid_new_like(const struct hf9c_fid *fid);
void hf9c_fid_put(struct hf9c_fid *fid);
void hf9c_fid_free(struct hf9c_fid *fid);
void hf9c_fids_clunk(struct work_struct *work);

static inline struct hf9c_fid *hf9c_fid_get(struct hf9c_fid *fid)
{
	refcount_inc(&fid->ref);
	return fid;
}

/* fid_of.c */
struct hf9c_fid *hf9c_fid_root(struct hf9c_super *hs);
struct hf9c_fid *hf9c_fid_to_read(struct inode *inode);
void hf9c_fid_keep(struct inode *inode, struct hf9c_fid *fid);
void hf9c_fid_opened(struct inode *inode, struct hf9c_fid *fid);
void hf9c_fid_closed(struct inode *inode, struct hf9c_fid *fid);
struct hf9c_fid *hf9c_fid_again(struct inode *inode);
void hf9c_fids_forget(struct inode *inode);
bool hf9c_fids_spare(struct hf9c_super *hs, unsigned int spared);
void hf9c_users_free(struct hf9c_super *hs);

kuid_t hf9c_user_of(const struct hf9c_super *hs);
struct hf9c_fid *hf9c_root_for(struct hf9c_super *hs, kuid_t uid);
struct hf9c_fid *hf9c_find_path(struct inode *inode, kuid_t uid);
struct hf9c_fid *hf9c_find_open(struct inode *inode, kuid_t uid, fmode_t mode);

/* walk.c */
struct hf9c_fid *hf9c_fid_of(struct dentry *dentry);
struct hf9c_fid *hf9c_fid_of_inode(struct inode *inode);

/* writer.c */
int hf9c_writer_set(struct inode *inode, struct hf9c_fid *fid);
struct hf9c_fid *hf9c_writer_get(struct inode *inode);
void hf9c_writer_opened(struct inode *inode);
void hf9c_writer_closed(struct inode *inode);
void hf9c_writer_settle(struct inode *inode);
void hf9c_writer_drop(struct inode *inode);

#endif /* HF9C_FID_H */
