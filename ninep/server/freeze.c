// SPDX-License-Identifier: GPL-2.0-only
/* Whether a change would wait for a thaw. */
#include <linux/fs.h>
#include <linux/mount.h>

#include "ops.h"

/* (Somebody else may be about to freeze it: that is found out by trying.) */
static bool is_frozen(struct super_block *sb)
{
	if (!sb_start_write_trylock(sb))
		return true;
	sb_end_write(sb);
	return false;
}

/*
 * A file of a holdfast mount has the mapping of the lower one, whose filesystem a write of
 * its content waits for.  (What changes names and attributes is told -EAGAIN there.)
 */
static bool is_frozen_below(const struct hf9_fid *fid)
{
	struct file *file = fid ? hf9_fid_file(fid) : NULL;

	return file && is_frozen(file->f_mapping->host->i_sb);
}

/*
 * It may be frozen right after: then a thread waits, of this export alone.  So it does
 * for the last close of a file if the filesystem frees blocks then, as of one that was
 * unlinked: nothing tells beforehand that one is the last.
 */
bool hf9_is_frozen(const struct hf9_request *request)
{
	return is_frozen(request->connection->export->root.mnt->mnt_sb) ||
	       is_frozen_below(request->fid[0]) || is_frozen_below(request->fid[1]);
}
