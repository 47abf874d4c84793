// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files without a name: O_TMPFILE.  No directory changes, so that none is locked.
 */

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "export.h"

/*
 * The unnamed file is made below, then opened again like any other, so that
 * it has the upper inode that a later linkat(2) will name.  Made by the caller,
 * whose it is; the file that comes with it is nobody's, see open.c.
 */
int hf_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
	       struct file *file, umode_t mode)
{
	struct path lower_dir = {
		.mnt = hf_super(dir->i_sb)->lower_mnt,
		.dentry = hf_lower_dir(dir),
	};
	struct file *made;
	struct inode *inode;
	int err;

	err = hf_want_write(dir->i_sb);
	if (err)
		return err;
	made = kernel_tmpfile_open(hf_lower_idmap(dir->i_sb), &lower_dir, mode,
				   file->f_flags, hf_super(dir->i_sb)->cred);
	hf_drop_write(dir->i_sb);
	if (IS_ERR(made))
		return PTR_ERR(made);

	inode = hf_iget(dir->i_sb, made->f_path.dentry);
	if (IS_ERR(inode)) {
		err = PTR_ERR(inode);
	} else {
		d_mark_tmpfile(file, inode);
		d_instantiate(file->f_path.dentry, inode);
		err = finish_open_simple(file, 0);
	}
	__fput_sync(made);
	return err;
}
