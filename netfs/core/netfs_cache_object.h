/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the cache on disk: one object in memory.  cache_object.hpp has its states
 * and the invariants.
 *
 * Context: a spinlock of the object's, that interrupts do not take; the directory's is taken
 * inside of it.  None of it sleeps.  rc_kill() is called with folios locked.
 *
 * Memory: the object is embedded in the shell's, and so are its bits if they fit.
 */
#ifndef HF_NETFS_CACHE_OBJECT_H
#define HF_NETFS_CACHE_OBJECT_H

#include <holdfast/netfs_types.h>

#include "netfs_cache.h"
#include "netfs_cache_health.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What came a part of a granule at a time is collected, of so many granules. */
#define RC_PARTS 8
/* Fills in flight. */
#define RC_FILLS_MAX 16u
/* A header is due with so many bytes that it does not vouch for, or so long after, ms. */
#define RC_COMMIT_BYTES ((uint64_t)64 << 20)
#define RC_COMMIT_MS 10000u
/* After one that could not be written, ms. */
#define RC_COMMIT_AGAIN 1000u
/* A last use that is so much later than the header says makes another header due, s. */
#define RC_TOUCH 3600u
/* How long a reader may wait for an object that is on disk, ms. */
#define RC_LOOK_MS 200u
/*
 * A version may be told before the bytes of the write that made it can be read.  A server
 * for which it stands has to say while anybody may write: no time is a proof.
 * This is for two writes within a tick of its clock, and for clocks that differ.  With a
 * last change so many seconds ago there is no wait; else it is so many ms, by our clock.
 */
#define RC_SETTLED_S 86400u
#define RC_SETTLE_MS 2000u

enum rc_state {
	RC_LOOKING = 0,		/* its file is being looked for, or made */
	RC_READY,
	RC_NONE,		/* there is none: nothing is cached */
	RC_DEAD,		/* rc_kill(): nothing is believed */
	RC_GONE,		/* put away */
};

/* Why it is dead. */
enum rc_why {
	RC_ALIVE = 0,
	RC_WHY_WRITTEN,		/* here: rc_kill() before the first byte of a folio changes */
	RC_WHY_VERSION,		/* the server's is another one */
	RC_WHY_HEADER,		/* no header to be believed */
	RC_WHY_READ,		/* it could not be read */
	RC_WHY_FILL,		/* an error, not for want of room */
	RC_WHY_SYNC,		/* fsync failed: what was filled may be lost */
	RC_WHY_SLOT,		/* nobody knows which header is on disk */
	RC_NR_WHYS,
};

/* A granule of which a part has come. */
struct rc_part {
	uint32_t granule;
	uint32_t from, to;	/* bytes of it; to 0: none */
};

/* Bits: filling, here, syncing, vouched, owed; of a word for 64 granules each. */
#define RC_MAPS 5

/* Fields are the core's; the shell may read all of them. */
struct rc_object {
	struct rc_key key;
	uint64_t *bits;
	uint64_t own[RC_MAPS];	/* of a file of 64 granules or fewer */
	struct rc_part parts[RC_PARTS];
	const void *inode;	/* whose folios are owed, and collected; NULL: none are */
	/*
	 * ms: data asked for before are not cached.  Later than the attributes, by the clock:
	 * within their ms there may have been a write that had no object to kill.
	 */
	uint64_t settled;
	uint64_t look_until;	/* ms: nobody waits for RC_LOOKING any longer */
	uint64_t sequence;	/* of the newest header on disk; 0: there is none */
	uint64_t last_use;	/* s: in that header */
	uint64_t next_use;	/* s: in the one under way */
	uint64_t loose;		/* bytes that are filled, and no header vouches for */
	uint64_t loose_since;	/* ms: the first of them; RL_NEVER: none */
	uint64_t synced;	/* bytes that the header under way vouches for */
	uint64_t commit_after;	/* ms: after one that could not be written */
	uint32_t users;
	uint32_t fills;		/* in flight */
	uint32_t owed;		/* granules that have come and are to be filled later */
	uint32_t reads;		/* in flight */
	uint32_t errors;	/* of the cache's filesystem; never less */
	uint32_t next_part;
	uint8_t state;		/* enum rc_state */
	uint8_t why;		/* enum rc_why */
	uint8_t commit;		/* enum rc_commit_state */
	bool looking;		/* rc_object_opened() is to come, whatever the state */
	bool on_disk;		/* its file may be there */
	bool confirmed;		/* rc_commit_confirm() of the header under way */
	bool gave_up;		/* its last header could not be written: it is not waited for */
};

/* ------------------------------------------------------------------------ its begin */

/* How many words of bits rc_object_init() has to be given; 0: none.  At the most 2,475. */
uint32_t rc_object_words(const struct rc_key *key);

/**
 * rc_object_init - an object, RC_LOOKING, with one user
 * @object: any memory
 * @key: the version
 * @changed: the later one of mtime and ctime of the same answer, s: utimes() sets the first
 *	one back.  RL_SIZE_MAX if the answer has no ctime
 * @known: ms: when this version was told first, of what is known of the file here; @now if
 *	that is not kept
 * @bits: rc_object_words() words, of any content, until RC_GONE; or NULL for 0
 * @exists: RC_FOUND, RC_FOUND_MAYBE: it is on disk, and a reader may wait for it
 * @now: ms: when that answer had come, or later
 * @wall: the time, s
 *
 * Only of an answer that was taken: a late one would bring a version back after it is known
 * that there is another one.
 * Return: false if @key is not valid, @bits are missing, or @known is to come.
 */
bool rc_object_init(struct rc_object *object, const struct rc_key *key, int64_t changed,
		    uint64_t known, uint64_t *bits, bool exists, uint64_t now, uint64_t wall);

/* What looking for its file has come to. */
enum rc_look {
	RC_LOOK_OPEN = 0,	/* it is there, and open */
	RC_LOOK_CREATED,	/* it was made, by O_EXCL, and is open */
	RC_LOOK_ABSENT,		/* it is not there, and could not be made */
	RC_LOOK_FAILED,		/* it may be there (no memory, no time) */
	RC_LOOK_BAD,		/* it is there, and cannot be read, or is no regular file */
};

enum rc_opened {
	RC_OPENED_READY = 0,
	RC_OPENED_NONE,		/* nothing is cached */
	RC_OPENED_DEAD,		/* it was killed meanwhile, or its header is not believed */
	RC_OPENED_INVALID,
};

/**
 * rc_object_opened - the look is over
 * @object: it was being looked for
 * @look: what it came to
 * @header: RC_LOOK_OPEN: what rc_header_read() has found in the file; NULL if it was not
 *	RC_HEADER_GOOD.  Else not looked at
 *
 * That is called before, without the lock: the key never changes, and it takes the sum of
 * 8 KiB.
 * Once.  Afterwards the shell wakes those who wait as rc_look_wait() allows, and asks
 * rc_fill_owed() for what has come meanwhile.
 * Return: see there.
 */
enum rc_opened rc_object_opened(struct rc_object *object, enum rc_look look,
				const struct rc_header *header);

/**
 * rc_object_make - it is not there: it goes to the second queue, to be made
 * @object: being looked for
 *
 * Then the shell wakes who waits.
 * Return: false if it is not being looked for.
 */
bool rc_object_make(struct rc_object *object);

/**
 * rc_look_wait - may a reader wait for the look?
 * @object: any
 * @now: the time
 *
 * Only of what is on disk, and not for long: creation is waited for by nobody.
 * Context: the reader holds no lock of the kernel's, and no folio.
 * Return: ms; 0: read from the server.
 */
uint32_t rc_look_wait(const struct rc_object *object, uint64_t now);

/* Another inode of the same version.  False if it is dead or gone, which is no fault. */
bool rc_use(struct rc_object *object);

/*
 * One less.  False if there was none.  The inode keeps its pointer until the object is dead
 * or gone: it may be filled from its folios still, and a write has to find it.
 */
bool rc_unuse(struct rc_object *object);

/**
 * rc_kill - nothing of it is believed any more
 * @object: any
 * @why: not RC_ALIVE
 *
 * Before anything changes that it might be filled from: a folio is written to or mapped
 * writable, the file is truncated, attributes of another version are taken.  Fills in
 * flight set no bit; reads may end, for they are of the version that was valid.
 * Return: whether it was alive until now: then rc_index_doom(), and it is counted.
 */
bool rc_kill(struct rc_object *object, enum rc_why why);

/* ----------------------------------------------------------------------------- reads */

/**
 * struct rc_run - bytes of a read that come from one place
 * @len: how many, from the place on that was asked about; 0: none was asked for
 * @data: how many of them the file has: the rest is behind its end, and is zero
 * @cache: from the cache; else from the server
 * @vouched: from the cache, and an fsync has succeeded since they were written.  If not
 *	the shell looks whether write-back of the object's file has failed since it was
 *	opened, after the read: then this was RC_ERROR
 */
struct rc_run {
	int64_t len;
	int64_t data;
	bool cache;
	bool vouched;
};

/**
 * rc_read_plan - from where a read is served
 * @object: any
 * @pos: where it begins
 * @len: how much; no file goes further than RL_SIZE_MAX
 *
 * The longest run from @pos on that is in the cache, or that is not, cut between granules.
 * A folio is not in two of them: one that is not in a run of the cache with all of it is
 * read from the server.
 */
struct rc_run rc_read_plan(const struct rc_object *object, int64_t pos, int64_t len);

/**
 * rc_read_begin - read from the cache
 * @object: any
 * @pos: where
 * @len: how much, all of which has to be in the cache
 * @run: filled for true
 *
 * Return: true: rc_read_end() follows.  False: it is not there, or no more: no fault.
 */
bool rc_read_begin(struct rc_object *object, int64_t pos, int64_t len, struct rc_run *run);

/**
 * rc_read_stands - whether what was read may be given to the reader
 * @object: the object, before rc_read_end()
 * @run: as rc_read_begin() filled it
 *
 * Not if it was not vouched for, and the object has died of an error since: what a failed
 * fsync has lost may have been read, as zeroes.  Then the read is RC_MISSED.
 */
bool rc_read_stands(const struct rc_object *object, const struct rc_run *run);

/**
 * rc_read_end - it is read
 * @object: the object
 * @outcome: RC_DONE: all of it.  RC_ERROR: not, or write-back had failed: it is killed,
 *	and the server is asked.  RC_MISSED: not tried; the server is asked
 *
 * Return: false if none was in flight, or for another outcome.
 */
bool rc_read_end(struct rc_object *object, enum rc_outcome outcome);

/* ----------------------------------------------------------------------------- fills */

/**
 * struct rc_fill - granules that are being written
 * @from: place in the file; in the object's it is RC_DATA further on
 * @to: one past the last byte: a granule's end, or the file's
 * @collected: some of it came earlier: its folios are looked up
 */
struct rc_fill {
	int64_t from;
	int64_t to;
	bool collected;
};

/**
 * rc_fill_begin - what of that which came is worth writing
 * @object: any
 * @inode: whose folios they are: any pointer that tells it from others
 * @came: bytes that the server has sent and that are in folios, uptodate; its from moves
 *	on, until it is its to
 * @asked: when they were asked for, ms
 * @fill: filled for true
 *
 * Whole granules that are neither there nor on their way, no more than RC_FILL_MAX.  What
 * is less is remembered: when the rest of a granule comes it is filled, from folios that
 * are looked up.  What comes while the object is looked for, or RC_FILLS_MAX are in flight,
 * is owed: see rc_fill_owed().  Both of one inode at a time: in another one's page cache
 * the same bytes may be older.
 * Return: true: it is in flight, rc_fill_end() follows, and the shell asks again.  False:
 * there is no more now; no fault.
 */
bool rc_fill_begin(struct rc_object *object, const void *inode, struct rl_bytes *came,
		   uint64_t asked, struct rc_fill *fill);

/**
 * rc_fill_owed - what came before, and may be filled now
 * @object: any
 * @inode: in whose page cache it is looked up
 * @fill: filled for true, @collected
 *
 * To be asked until it is false, after rc_object_opened() and rc_fill_end(), by who may
 * look up folios of @inode.  What is no more in the page cache is RC_MISSED.
 * Return: as rc_fill_begin().
 */
bool rc_fill_owed(struct rc_object *object, const void *inode, struct rc_fill *fill);

/*
 * The folios of @inode go away, or it lets go of the object: of its folios nothing is owed,
 * nothing collected.  Before an inode is freed; after its rc_unuse() as well.
 */
void rc_fill_forget(struct rc_object *object, const void *inode);

/**
 * rc_fill_end - it is written, or not
 * @object: the object
 * @fill: in flight
 * @outcome: RC_DONE only if all of it was written, each byte from a folio that was
 *	uptodate.  RC_ERROR: it is killed
 * @now: the time
 *
 * Then rc_fill_owed(), rc_commit_due(), and without users rc_object_end().
 * Return: false if it is not in flight.
 */
bool rc_fill_end(struct rc_object *object, const struct rc_fill *fill,
		 enum rc_outcome outcome, uint64_t now);

/* --------------------------------------------------------------------------- commits */

enum rc_commit_state {
	RC_COMMIT_IDLE = 0,
	RC_COMMIT_SYNCING,
	RC_COMMIT_WRITING,
};

/* Whether a header is to be written now. */
bool rc_commit_due(const struct rc_object *object, uint64_t now, uint64_t wall);

/* When that is to be asked next, if nothing else happens; RL_NEVER. */
uint64_t rc_commit_when(const struct rc_object *object);

/**
 * rc_commit_begin - the first step of a header
 * @object: ready
 * @now: the time, ms
 * @wall: the time, s
 *
 * What is filled by now is what it will vouch for.
 * Return: true: ask the server, see rc_commit_confirm(), without a worker that waits; fsync the object's file, the same struct file as before the first fill, or
 * an error may be told to another one; then rc_commit_synced().  False: none is due, or one
 * is under way: no fault.
 */
bool rc_commit_begin(struct rc_object *object, uint64_t now, uint64_t wall);

/**
 * rc_commit_confirm - the server has this version still
 * @object: being synced
 *
 * What was read may be newer than the key: a write came before our attributes say so.  If
 * that write is lost with the server's power the version is the key's again, and its bytes
 * are not.  So a header needs an answer with the key's version, all of it, to a getattr
 * that was sent after rc_commit_begin(), on the same connection.
 * Return: false if it is not being synced.
 */
bool rc_commit_confirm(struct rc_object *object);

enum rc_commit {
	/* rc_header_seal() without the lock; @slot to @place, by one write; rc_commit_written() */
	RC_COMMIT_WRITE = 0,
	RC_COMMIT_STOP,		/* it is over */
	RC_COMMIT_INVALID,
};

/**
 * rc_commit_synced - fsync has returned
 * @object: being synced
 * @outcome: RC_DONE; RC_FROZEN, RC_MISSED: not tried, another time; all else kills
 * @now: the time
 *
 * Another time likewise if it is not confirmed, and would vouch for more than before.
 * @slot: filled for RC_COMMIT_WRITE
 * @place: likewise: where in the object's file
 */
enum rc_commit rc_commit_synced(struct rc_object *object, enum rc_outcome outcome,
				uint64_t now, uint8_t slot[RC_SLOT], uint32_t *place);

/**
 * rc_commit_written - the slot is written
 * @object: its slot is being written
 * @outcome: RC_DONE; RC_FROZEN, RC_MISSED: not a byte was written, another time; all else
 *	kills: nobody knows what is on disk
 * @now: the time
 *
 * Return: false if none is being written.
 */
bool rc_commit_written(struct rc_object *object, enum rc_outcome outcome, uint64_t now);

/* ----------------------------------------------------------------------------- its end */

enum rc_end {
	RC_END_USED = 0,	/* it has users */
	RC_END_BUSY,		/* something is in flight, or owed: ask again after that */
	RC_END_COMMIT,		/* rc_commit_begin(), then ask again */
	/* It is RC_GONE: nothing of it is looked at any more. */
	RC_END_KEEP,		/* close its file; rc_index_close() */
	RC_END_REMOVE,		/* close it; rc_index_doom(), rc_index_close() */
	RC_END_NOTHING,		/* there is no file; rc_index_drop() */
	RC_END_INVALID,		/* it was put away before */
};

/**
 * rc_object_end - may it be put away?
 * @object: any
 * @now: the time, ms
 * @wall: the time, s
 *
 * To be asked after rc_unuse(), and, without users, after whatever ends.  It waits for no
 * header that could not be written: what that would have vouched for is lost.
 * Return: see there.
 */
enum rc_end rc_object_end(struct rc_object *object, uint64_t now, uint64_t wall);

/* NULL, or what does not hold; O(n). */
const char *rc_object_validate(const struct rc_object *object);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_CACHE_OBJECT_H */
