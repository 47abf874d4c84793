/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: what lock.c, lock_words.c, lock_remote.c and lock_test.c share. */
#ifndef HF9C_LOCK_H
#define HF9C_LOCK_H

#include <holdfast/lock.h>

#include "client.h"

/* The node's first 15 letters, "/", the kind, 16 digits: a request needs no memory. */
#define HF9C_OWNER_TEXT	34

/* Whose a lock is, as the server knows him. */
struct hf9c_owner {
	u8 kind;		/* enum np_lock_kind */
	u64 number;
	u32 pid;
	char text[HF9C_OWNER_TEXT];
};

/* lock.c */
void hf9c_lock_write_back(struct inode *inode, struct hf9c_fid *fid);

/* lock_words.c */
struct hf9c_fid *hf9c_lock_fid(struct file *file);
void hf9c_owner_of(struct hf9c_owner *owner, struct hf9c_fid *fid, const struct file_lock *fl);
u8 hf9c_lock_type(const struct file_lock *fl);
u64 hf9c_lock_start(const struct file_lock *fl);
u64 hf9c_lock_length(const struct file_lock *fl);

/* lock_remote.c */
extern const struct hf_remote_ops hf9c_lock_ops;

/* lock_test.c */
int hf9c_lock_test(struct file *file, struct file_lock *fl);
int hf9c_lock_is_free(struct file *file, const struct file_lock *fl);

#endif /* HF9C_LOCK_H */
