/* SPDX-License-Identifier: GPL-2.0-only */
/* A cache on disk, see cache.c.  On a mount without one all of it does nothing. */
#ifndef HF9C_CACHE_H
#define HF9C_CACHE_H

#include "client.h"

struct hf_netfs_asked;

int hf9c_cache_begin(struct fs_context *fc, struct super_block *sb, struct hf9c_fid *root);
void hf9c_cache_take(struct hf9c_inode *hi, const struct np_attr *attr);
unsigned int hf9c_cache_see(struct inode *inode, const struct np_attr *attr);
void hf9c_cache_taken(struct inode *inode, unsigned int before);
void hf9c_cache_open(struct inode *inode);
void hf9c_cache_close(struct inode *inode);
int hf9c_cache_ask(struct inode *inode, struct hf_netfs_asked *asked);

#endif /* HF9C_CACHE_H */
