/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the cache on disk: the objects of a directory, by name and by age.
 * cache_index.cc has the states of an entry.
 *
 * Context: a spinlock of the directory's.  Each costs O(log n), but for
 * rc_index_validate() and, in the number of versions of one file that are there,
 * rc_index_open() and rc_index_scan().
 *
 * Memory: an entry is the shell's, one for each object; it stays from RC_FOUND_NEW or
 * rc_index_scan() until rc_index_drop(), rc_index_left() or rc_index_pop() gives it back.
 */
#ifndef HF_NETFS_CACHE_INDEX_H
#define HF_NETFS_CACHE_INDEX_H

#include <holdfast/netfs_types.h>

#include "netfs_cache.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Above @cull objects are removed, until there is no more than @run.  Nothing is added
 * that would make it more than @stop.  0 < run < cull < stop, and of bytes the last two
 * are RC_FILL_MAX apart: whenever something is refused there is more than @cull.
 */
struct rc_mark {
	uint64_t run, cull, stop;
};

struct rc_limits {
	struct rc_mark bytes;	/* allocated, as the shell tells it */
	struct rc_mark objects;
};

/* How often what could not be removed is tried again, ms. */
#define RC_RETRY_MS 600000u

struct rc_node {
	struct rc_node *left, *right;
	uintptr_t up;
};

enum rc_entry_state {
	RC_ENTRY_OUT = 0,
	RC_ENTRY_USED,		/* an object in memory has it open, or comes to have */
	RC_ENTRY_IDLE,
	RC_ENTRY_LEAVING,	/* its file is being removed */
};

struct rc_entry {
	struct rc_key key;
	struct rc_node by_key;
	struct rc_node by_age;	/* RC_ENTRY_IDLE */
	uint64_t bytes;		/* allocated */
	uint64_t taken;		/* for fills in flight, beside these */
	uint64_t last_use;	/* s */
	uint64_t number;	/* of those of the same second: in the order in which they came */
	void *object;		/* RC_ENTRY_USED: the shell's */
	uint8_t state;		/* enum rc_entry_state */
	bool outdated;		/* there is another version: this one is not read again */
	bool doomed;		/* nobody may open it any more */
	bool stuck;		/* it could not be removed: not again before rc_index_retry() */
};

struct rc_index {
	struct rc_node *by_key, *by_age;
	struct rc_limits limits;
	uint64_t bytes;		/* of all, and taken */
	uint64_t objects;	/* all */
	uint64_t leaving_bytes;
	uint64_t leaving;
	uint64_t used;
	uint64_t newest;	/* s: no last use is later */
	uint64_t numbers;
	uint64_t retry;		/* stuck entries with a number up to this one are tried again */
	uint64_t stuck;
	bool culling;
	bool scanned;
};

/* False for limits that are impossible. */
bool rc_limits_valid(const struct rc_limits *limits);

/* @index: any memory.  False as rc_limits_valid(). */
bool rc_index_init(struct rc_index *index, const struct rc_limits *limits);

/* Others from now on.  False as rc_limits_valid(). */
bool rc_index_limit(struct rc_index *index, const struct rc_limits *limits);

/* ---------------------------------------------------------------- the scan at the start */

/**
 * rc_index_scan - an object was found on disk
 * @index: the index
 * @entry: any memory
 * @key: as the name gives it
 * @believed: its header is.  If not it is doomed, and a victim removes it: who unlinked it
 *	after a look into the index might unlink what was made in between
 * @bytes: allocated
 * @last_use: the header's, s
 * @wall: the time, s: what is used last in the future was used now
 *
 * Return: false if it is there already, or @key is not valid, or the scan is over: @entry
 * is the caller's, and the file is left alone.  That it is there is no fault: it was opened
 * meanwhile, perhaps made.
 */
bool rc_index_scan(struct rc_index *index, struct rc_entry *entry, const struct rc_key *key,
		   bool believed, uint64_t bytes, uint64_t last_use, uint64_t wall);

/* The scan is over: what is not in the index is not on disk. */
void rc_index_scanned(struct rc_index *index);

/* ------------------------------------------------------------------------ open, close */

enum rc_found {
	RC_FOUND = 0,		/* @entry is on disk: look it up, in the first queue */
	RC_FOUND_NEW,		/* @entry is @spare: create its file, in the second queue */
	RC_FOUND_MAYBE,		/* likewise, but it may be on disk: look first */
	RC_FOUND_SHARED,	/* @entry->object has it; a reference to that is to be taken */
	RC_FOUND_BUSY,		/* it is being removed: this version is not cached now */
	RC_FOUND_STOP,		/* too many objects: not cached */
	RC_FOUND_INVALID,
};

/**
 * rc_index_open - an inode wants the object of a version
 * @index: the index
 * @key: the version
 * @spare: any memory, for RC_FOUND_NEW and RC_FOUND_MAYBE
 * @object: what @entry->object is to be, if the entry was not in use
 * @entry: set for the first four
 *
 * The other versions of the file are outdated from now on, and are removed when nobody
 * uses them.
 * Return: see there.  @spare is the caller's still, but for NEW and MAYBE.
 */
enum rc_found rc_index_open(struct rc_index *index, const struct rc_key *key,
			    struct rc_entry *spare, void *object, struct rc_entry **entry);

/* Its object has died: nobody opens it any more.  False if it is not in use. */
bool rc_index_doom(struct rc_index *index, struct rc_entry *entry);

/**
 * rc_index_close - its object is put away
 * @index: the index
 * @entry: in use
 * @bytes: allocated, as stat says now
 * @wall: the time, s
 *
 * It is the youngest then; or, doomed, the next to go.  Nothing is taken for it any more.
 * Return: false if it is not in use.
 */
bool rc_index_close(struct rc_index *index, struct rc_entry *entry, uint64_t bytes,
		    uint64_t wall);

/* Its file was never made.  False if it is not in use; else @entry is the caller's. */
bool rc_index_drop(struct rc_index *index, struct rc_entry *entry);

/* ----------------------------------------------------------------------------- space */

/**
 * rc_index_take - room for a fill?
 * @index: the index
 * @entry: in use
 * @bytes: that are going to be written
 *
 * Return: true: they count from now on; rc_index_give() follows.  False: it would be more
 * than limits.bytes.stop, which is no fault; or it is not in use.
 */
bool rc_index_take(struct rc_index *index, struct rc_entry *entry, uint64_t bytes);

/**
 * rc_index_give - that fill is over
 * @index: the index
 * @entry: in use
 * @bytes: as many as were taken for it
 * @written: RC_DONE, or any of it may be allocated: they are @entry's until
 *	rc_index_bytes() says better.  False: they are nobody's again
 *
 * Return: false if it is not in use, or so many were not taken.
 */
bool rc_index_give(struct rc_index *index, struct rc_entry *entry, uint64_t bytes, bool written);

/* So many are allocated for it now, beside what is taken.  False if it is not in use. */
bool rc_index_bytes(struct rc_index *index, struct rc_entry *entry, uint64_t bytes);

/**
 * rc_index_victim - what is to be removed
 * @index: the index
 *
 * What is doomed or outdated, however much room there is; then, while it is culling, the
 * oldest that nobody uses.  What could not be removed comes after all others.
 * Return: it is leaving, and rc_index_left() follows; or NULL.
 */
struct rc_entry *rc_index_victim(struct rc_index *index);

/**
 * rc_index_left - a removal is over
 * @index: the index
 * @entry: of rc_index_victim()
 * @removed: its file is gone, by whomever
 *
 * If not it is stuck, and no victim before rc_index_retry(); the caller is better off to
 * stop until rc_health says that it is well.
 * Return: false if it is not leaving.  Else, if @removed, @entry is the caller's.
 */
bool rc_index_left(struct rc_index *index, struct rc_entry *entry, bool removed);

/*
 * What is stuck may be a victim again, once: when rc_health says that it is well, and each
 * RC_RETRY_MS while rc_index.stuck is not 0.  O(1).
 */
void rc_index_retry(struct rc_index *index);

/* The directory is closed: any one that is idle, out of the index; NULL: there is none. */
struct rc_entry *rc_index_pop(struct rc_index *index);

/* NULL, or what does not hold; O(n log n), for tests and the debug build. */
const char *rc_index_validate(const struct rc_index *index);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_CACHE_INDEX_H */
