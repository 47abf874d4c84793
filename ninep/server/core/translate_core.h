/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the translation core: what 9P2000.L says of files, in numbers that
 * depend on no kernel header.  Valid as C11 and as C++20.
 *
 * Functions of their arguments alone.
 */
#ifndef HF_NINEP_TRANSLATE_CORE_H
#define HF_NINEP_TRANSLATE_CORE_H

#include <holdfast/core/ninep_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ns_iounit - how many bytes a client reads or writes at once
 * @msize: what was agreed on
 *
 * Whole pages of 4 KiB if there is room for one, since it is st_blksize, too.
 * Return: bytes, behind the head of a Twrite; 0 if there is no room at all.
 */
uint32_t ns_iounit(uint32_t msize);

/**
 * ns_qid_path - the number of a file within its export
 * @ino: st_ino
 * @dev: st_dev
 * @root_dev: that of the export's root
 *
 * Files of the root's device have their inode number.  Where one superblock shows
 * several devices, each of which numbers its files from the beginning (subvolumes of
 * btrfs), those of another are moved away by a hash of it.
 *
 * Return: the qid's path.
 */
uint64_t ns_qid_path(uint64_t ino, uint64_t dev, uint64_t root_dev);

/**
 * ns_qid_version - a change counter in 32 bits
 * @change: the counter
 *
 * Return: never 0, which would tell v9fs to keep nothing of the file.
 */
uint32_t ns_qid_version(uint64_t change);

/**
 * ns_set_left - what of a Tsetattr is to be done
 * @valid: NP_SET_*
 *
 * A change of the size sets the mtime itself, and every change the ctime: so
 * neither is left by itself.
 *
 * Return: NP_SET_*, without NP_SET_CTIME.
 */
uint32_t ns_set_left(uint32_t valid);

/* Who may change the times. */
enum ns_times {
	NS_TIMES_NONE = 0,	/* they stay */
	NS_TIMES_WRITER,	/* whoever may write to the file: both, to the time it is now */
	NS_TIMES_OWNER,		/* the owner alone */
};

/**
 * ns_set_times - who may change the times (POSIX.1-2017, utimensat())
 * @left: what ns_set_left() said
 *
 * Return: see there.
 */
enum ns_times ns_set_times(uint32_t left);

/**
 * ns_lock_range - the bytes of a lock
 * @start: the first
 * @length: how many; 0: up to the end of the file, however long it becomes
 * @first: filled
 * @last: filled: at the most 2^63 - 1
 *
 * Return: false if there are no such bytes.
 */
bool ns_lock_range(uint64_t start, uint64_t length, int64_t *first, int64_t *last);

/**
 * ns_lock_length - the same the other way
 * @first: the first byte
 * @last: the last one, not below @first
 *
 * Return: how many; 0: up to the end.
 */
uint64_t ns_lock_length(int64_t first, int64_t last);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NINEP_TRANSLATE_CORE_H */
