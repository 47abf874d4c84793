/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the cache on disk: what names a version of a file, what its object is
 * called, and what is in the object's header.  Documentation/netfs-cache.md has the
 * format and what the shell does at each of its moments.
 *
 * rc_ is for read cache: nothing of it is ever written back.
 *
 * None of it takes a lock, allocates, does I/O or reads a clock.  Times in ms are of a
 * clock that does not go backwards; times in s are the wall clock's, which may.
 *
 * What the state of a thing forbids is a ..._INVALID or false, and changes nothing: a
 * fault of the caller, which wants a warning.  Where false is no fault it is said.
 */
#ifndef HF_NETFS_CACHE_H
#define HF_NETFS_CACHE_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ format on disk */

/* Of an object's file: two slots for its header, then its data, from here on. */
#define RC_SLOT 4096u
#define RC_SLOTS (2 * RC_SLOT)
#define RC_DATA 65536u
/* Bits in a slot. */
#define RC_GRANULES_MAX 31680u
/* log2 of a granule's bytes. */
#define RC_SHIFT_MIN 16u
#define RC_SHIFT_MAX 20u
/* Bytes of a fill at the most: a granule is no larger. */
#define RC_FILL_MAX ((uint32_t)1 << RC_SHIFT_MAX)
/* The largest file that is cached: 30.9 GiB. */
#define RC_FILE_MAX ((uint64_t)RC_GRANULES_MAX << RC_SHIFT_MAX)

/* The last sequence of a header; not more, so that there is one after any on disk. */
#define RC_SEQUENCE_MAX ((uint64_t)-2)

/* A file's name, in hex digits, without the zero behind it. */
#define RC_NAME_LEN 128u
/* Its directory's. */
#define RC_BUCKET_LEN 2u

/**
 * struct rc_key - one version of one file of one export
 * @identity: of the export, as Tidentity gives it; all zero: unknown
 * @path: qid.path
 * @generation: st_gen; 0 if the server has none
 * @version: the data version; 0: unknown
 * @size: of the file, 1 to RC_FILE_MAX
 * @mtime_sec: seconds since 1970
 * @mtime_nsec: 0 to 999,999,999
 *
 * All of them from one answer.
 */
struct rc_key {
	uint8_t identity[16];
	uint64_t path;
	uint64_t generation;
	uint64_t version;
	uint64_t size;
	int64_t mtime_sec;
	uint64_t mtime_nsec;
};

RL_SIZE(struct rc_key, 64);

/* -------------------------------------------------------------------------- names */

/* Whether such a version may be cached: each field is in its range. */
bool rc_key_valid(const struct rc_key *key);

bool rc_key_equal(const struct rc_key *a, const struct rc_key *b);

/* Of the same file: identity and path agree; another generation is another version. */
bool rc_key_same_file(const struct rc_key *a, const struct rc_key *b);

/**
 * rc_name - what an object's file is called
 * @key: the version
 * @name: filled, with a zero behind
 *
 * Return: false if @key may not be cached.
 */
bool rc_name(const struct rc_key *key, char name[RC_NAME_LEN + 1]);

/* In which of 256 directories it is: the same one for all versions of a file. */
uint8_t rc_bucket(const struct rc_key *key);

/* What that directory is called, with a zero behind. */
void rc_bucket_name(uint8_t bucket, char name[RC_BUCKET_LEN + 1]);

/**
 * rc_bucket_parse - is this one of our directories?
 * @name: any bytes
 * @len: how many
 *
 * Return: its number; -1: not ours, leave it alone.
 */
int rc_bucket_parse(const char *name, size_t len);

/**
 * rc_name_parse - is this one of our files?
 * @bucket: the directory that it is in
 * @name: any bytes
 * @len: how many
 * @key: filled for true
 *
 * Return: false: rc_name() never gives this name for that directory.  It is not ours, and
 * is left alone.
 */
bool rc_name_parse(uint8_t bucket, const char *name, size_t len, struct rc_key *key);

/* ------------------------------------------------------------------------- header */

/* log2 of the granule of a file so large, 1 to RC_FILE_MAX; 0 of any other. */
uint32_t rc_shift(uint64_t size);

/* How many granules it has. */
uint32_t rc_granules(uint64_t size);

/**
 * struct rc_header - the newest header of an object
 * @sequence: 1 to RC_SEQUENCE_MAX; it is in slot @sequence % 2
 * @last_use: s
 * @bits: into the buffer: bit n % 8 of byte n / 8 is granule n's
 */
struct rc_header {
	uint64_t sequence;
	uint64_t last_use;
	const uint8_t *bits;
};

enum rc_header_says {
	RC_HEADER_GOOD = 0,
	RC_HEADER_NONE,		/* no slot is one that rc_header_write() made for this key */
	RC_HEADER_BEHIND,	/* it vouches for what is behind the end of the object's file */
};

/**
 * rc_header_write - a slot, for the disk
 * @slot: filled; goes to @sequence % 2 * RC_SLOT of the object's file, by one write
 * @key: valid
 * @sequence: of the newest header on disk, and one more
 * @last_use: s
 * @bits: bit n % 64 of word n / 64 is granule n's; no bits behind the last granule
 *
 * All but its sum.  For rc_commit_synced(), and for tests.
 */
void rc_header_write(uint8_t slot[RC_SLOT], const struct rc_key *key, uint64_t sequence,
		     uint64_t last_use, const uint64_t *bits);

/* Its sum, without which it is not believed.  Needs no lock: the slot is the caller's. */
void rc_header_seal(uint8_t slot[RC_SLOT]);

/**
 * rc_header_read - what of an object is to be believed
 * @slots: both, as they are at the start of the object's file
 * @key: valid; the one that the file's name gives
 * @length: st_size of the object's file
 * @header: filled for RC_HEADER_GOOD
 *
 * Of two that are valid the higher sequence counts, and if that one is not to be believed
 * the other is not either: somebody else has cut the file.
 * Context: needs no lock; it sums 8 KiB, byte by byte.
 * Return: unless RC_HEADER_GOOD the object is removed; it is not repaired.
 */
enum rc_header_says rc_header_read(const uint8_t slots[RC_SLOTS], const struct rc_key *key,
				   uint64_t length, struct rc_header *header);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_CACHE_H */
