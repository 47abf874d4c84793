/* SPDX-License-Identifier: GPL-2.0-only */
/* What the server changes in a file by itself, see range.c. */
#ifndef HF9C_RANGE_H
#define HF9C_RANGE_H

#include "client.h"

/**
 * struct hf9c_change - a change that the server makes
 * @fid: of the file; what it is asked for attributes by
 * @ask: asks for it, and waits; 0 or -errno
 * @attr: how the file is then, if @seen
 * @sample: from before that was asked for
 * @seen: it was told
 */
struct hf9c_change {
	struct hf9c_fid *fid;
	int (*ask)(struct hf9c_change *change);
	struct np_attr attr;
	struct hf9c_sample sample;
	bool seen;
};

int hf9c_change(struct inode *inode, loff_t from, loff_t last, struct hf9c_change *change);

long hf9c_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
bool hf9c_can_seek(const struct inode *inode);
loff_t hf9c_seek(struct file *file, loff_t offset, int whence);
ssize_t hf9c_copy_file_range(struct file *in, loff_t pos_in, struct file *out,
			     loff_t pos_out, size_t len, unsigned int flags);
loff_t hf9c_remap_file_range(struct file *in, loff_t pos_in, struct file *out,
			     loff_t pos_out, loff_t len, unsigned int flags);

#endif /* HF9C_RANGE_H */
