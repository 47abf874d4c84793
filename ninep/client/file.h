/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files, see file.c. */
#ifndef HF9C_FILE_H
#define HF9C_FILE_H

#include "client.h"

int hf9c_file_opened(struct inode *inode, struct file *file, struct hf9c_fid *fid);
struct hf9c_fid *hf9c_file_fid(struct file *file, fmode_t mode);
struct hf9c_fid *hf9c_open_fid(struct dentry *dentry, u32 flags);
struct hf9c_fid *hf9c_open_again(struct inode *inode, struct hf9c_fid *fid, u32 flags);

/* append.c */
ssize_t hf9c_append(struct kiocb *iocb, struct iov_iter *from);

/* readdir.c */
struct hf9c_fid *hf9c_dir_fid(struct file *file);
struct hf9c_fid *hf9c_dir_fid_known(struct file *file);

#endif /* HF9C_FILE_H */
