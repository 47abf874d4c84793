/* SPDX-License-Identifier: GPL-2.0-only */
/* What a directory has, from one reading of it to the next (listing.c). */
#ifndef HF9C_LISTING_H
#define HF9C_LISTING_H

#include <linux/fs.h>
#include <holdfast/ninep.h>

struct hf9c_fid;
struct hf9c_listing;

struct hf9c_listing *hf9c_listing_begin(struct inode *dir, const struct hf9c_fid *fid,
					u64 number);
struct hf9c_listing *hf9c_listing_add(struct hf9c_listing *listing, const struct np_str *name,
				      u64 ino, u64 next, u8 type);
void hf9c_listing_end(struct inode *dir, struct hf9c_listing *listing);
bool hf9c_listing_is_there(struct inode *dir);
struct hf9c_listing *hf9c_listing_of(struct inode *dir);
void hf9c_listing_drop(struct inode *dir);
bool hf9c_listing_tell(const struct hf9c_listing *listing, struct dir_context *ctx, u32 *at,
		       u64 *pos);
void hf9c_listing_put(struct hf9c_listing *listing);

#endif /* HF9C_LISTING_H */
