// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of byte ranges (fcntl) and of whole files (flock), of files and directories.
 *
 * They are not sent.  With cache=loose nobody else uses the files, and a lock of this
 * machine's excludes all there are.  Otherwise it would exclude nobody at the server, or
 * at another client, and is not given: -ENOLCK, also to who asks whether it would be.
 * There is never one to unlock then, which therefore succeeds.
 */
#include <linux/filelock.h>

#include "client.h"

/**
 * hf9c_lock - ->lock
 * @file: a file or a directory
 * @cmd: F_GETLK, F_SETLK, F_SETLKW, F_CANCELLK
 * @fl: which
 *
 * Return: 0; -ENOLCK; or of cache=loose what posix_lock_file() does.
 */
int hf9c_lock(struct file *file, int cmd, struct file_lock *fl)
{
	bool asks = cmd == F_GETLK;

	if (cmd == F_CANCELLK)
		return 0;
	if (!hf9c_is_loose(file_inode(file)->i_sb))
		return lock_is_unlock(fl) && !asks ? 0 : -ENOLCK;
	if (!asks)
		return posix_lock_file(file, fl, NULL);
	posix_test_lock(file, fl);
	return 0;
}

/**
 * hf9c_flock - ->flock
 * @file: a file or a directory
 * @cmd: F_SETLK, F_SETLKW
 * @fl: which
 *
 * Return: 0; -ENOLCK; or of cache=loose what locks_lock_file_wait() does.
 */
int hf9c_flock(struct file *file, int cmd, struct file_lock *fl)
{
	if (hf9c_is_loose(file_inode(file)->i_sb))
		return locks_lock_file_wait(file, fl);
	return lock_is_unlock(fl) ? 0 : -ENOLCK;
}
