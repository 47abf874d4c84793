// SPDX-License-Identifier: GPL-2.0-only
/* Whether a change would wait for a thaw. */
#include <linux/fs.h>
#include <linux/mount.h>

#include "server.h"

/*
 * It may be frozen right after: then a thread waits, of this export alone.  So it does
 * for the last close of a file if the filesystem frees blocks then, as of one that was
 * unlinked: nothing tells beforehand that one is the last.  (A holdfast mount tells of
 * the filesystem below by -EAGAIN.)
 */
bool hf9_is_frozen(const struct hf9_export *export)
{
	struct super_block *sb = export->root.mnt->mnt_sb;

	if (!sb_start_write_trylock(sb))
		return true;
	sb_end_write(sb);
	return false;
}
