/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: what lock.c and lock_remote.c share. */
#ifndef HF9C_LOCK_H
#define HF9C_LOCK_H

#include <holdfast/lock.h>

#include "client.h"

/* lock.c */
void hf9c_lock_write_back(struct inode *inode, struct hf9c_fid *fid);

/* lock_remote.c */
struct hf9c_fid *hf9c_lock_fid(struct file *file);
int hf9c_lock_test(struct file *file, struct file_lock *fl);
int hf9c_lock_is_free(struct file *file, const struct file_lock *fl);
extern const struct hf_remote_ops hf9c_lock_ops;

#endif /* HF9C_LOCK_H */
