/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of the request layer's border: the dirty bytes of a folio, the sizes of
 * an inode, limits, plans, subrequests and requests.  What may be done with them is
 * in netfs/core/netfs_core.h for the shell, in <holdfast/netfs.h> for filesystems.
 */
#ifndef HOLDFAST_NETFS_TYPES_H
#define HOLDFAST_NETFS_TYPES_H

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define RL_SIZE(type, bytes) static_assert(sizeof(type) == (bytes))
#else
#define RL_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* The largest size of a file: what loff_t can say. */
#define RL_SIZE_MAX ((int64_t)0x7fffffffffffffffLL)
/* No time, of a clock in ms. */
#define RL_NEVER ((uint64_t)-1)

/* ------------------------------------------------------- dirty bytes of a folio */

/*
 * folio->private: which bytes are dirty.  0 is no word: nothing of a clean folio,
 * all of a dirty one, which has to be uptodate.  Two fields, from and to, and two
 * bits: RL_WORD_HERE says that the fields count (they may be empty), RL_WORD_WHOLE
 * that they do not, for all of it is.
 */
typedef uintptr_t rl_word;

#define RL_WORD_BITS (sizeof(rl_word) == 8 ? 24 : 15)
#define RL_WORD_WHOLE_BIT (sizeof(rl_word) * 8 - 2)
#define RL_WORD_WHOLE ((rl_word)1 << RL_WORD_WHOLE_BIT)
#define RL_WORD_HERE ((rl_word)1 << (sizeof(rl_word) * 8 - 1))
/* The largest folio that a word can speak of, in bytes. */
#define RL_FOLIO_MAX ((uint32_t)1 << (RL_WORD_BITS - 1))

/* Bytes of a folio, from <= to; equal: none. */
struct rl_span {
	uint32_t from;
	uint32_t to;		/* one past the last */
};

/* What the shell sees of a locked folio. */
struct rl_folio {
	rl_word word;
	uint32_t size;		/* bytes, 1 to RL_FOLIO_MAX */
	bool dirty;
	bool uptodate;
};

/* rl_plan_write()'s flags; any other bit is refused. */
#define RL_MAY_WIDEN	0x1	/* nobody else writes this file: a lease, cache=loose */
#define RL_MAY_READ	0x2	/* there is a fid that reads */
#define RL_WRITE_FLAGS	(RL_MAY_WIDEN | RL_MAY_READ)

/* What a write into a folio needs first. */
enum rl_write {
	RL_WRITE_NOW = 0,
	RL_WRITE_FILL,		/* read @fill, under the folio's lock; then as RL_WRITE_NOW */
	RL_WRITE_BACK,		/* write the folio back, wait, then ask again */
	RL_WRITE_INVALID,
};

struct rl_write_plan {
	rl_word word;		/* afterwards, with the folio dirty */
	struct rl_span fill;	/* the clean bytes in between */
	bool uptodate;		/* afterwards: each byte of it is defined */
};

/* ------------------------------------------------------------ sizes of an inode */

/*
 * All of it under i_lock.  The shell may read i_size (it is what i_size_write() was
 * told last) and server.
 */
struct rl_sizes {
	int64_t i_size;		/* what is seen here */
	int64_t server;		/* the server's, as far as we know */
	int64_t doubt;		/* from here on both may be wrong; RL_SIZE_MAX: nowhere */
	uint64_t generation;	/* attributes asked for under another one are late */
	uint32_t writes;	/* requests that write, until their sizes are in */
	uint32_t resizes;	/* likewise */
	uint32_t doubts;	/* how often one came up */
	uint32_t resize_doubts;	/* as it was when the resize began */
	int64_t hole;		/* the lowest end behind which zeroes were put; RL_SIZE_MAX: none */
};

/* When attributes were asked for. */
struct rl_sample {
	uint64_t generation;
	uint32_t doubts;
};

enum rl_size_says {
	RL_SIZE_SAME = 0,
	RL_SIZE_DROP,		/* i_size is set; then drop the cache from @drop_from on */
	RL_SIZE_DROP_FIRST,	/* drop first, then rl_size_grow() */
	RL_SIZE_LATE,		/* not taken: asked for too early */
	RL_SIZE_BUSY,		/* not taken: it is our data that say how large it is */
	RL_SIZE_INVALID,
};

struct rl_size_change {
	int64_t drop_from;	/* what is clean goes from the folio on that has this byte */
	int64_t truncate_from;	/* what is dirty, too, but from this byte on; RL_SIZE_MAX: stays */
	int64_t size;		/* RL_SIZE_DROP_FIRST: to be i_size */
	struct rl_sample sample;
	bool resize;		/* our own */
};

/* Bytes of a file. */
struct rl_bytes {
	int64_t from;
	int64_t to;		/* one past the last; <= from: none */
};

/* --------------------------------------------------------------- limits, plans */

#define RL_SHORT_IS_EOF	0x1	/* the server is known to read as much as there is */
#define RL_LIMIT_FLAGS	RL_SHORT_IS_EOF

/* A session's. */
struct rl_limits {
	uint32_t rsize;		/* bytes of a subrequest, whole pages */
	uint32_t wsize;
	uint32_t page;		/* a power of two */
	uint32_t folio;		/* the largest folio: no more than either, a power of two */
	uint32_t flags;
};

/* What one subrequest is to carry. */
struct rl_piece {
	int64_t pos;
	uint32_t len;
};

/* A run of folios that is being cut. */
struct rl_plan {
	int64_t pos;		/* what is gathered */
	int64_t end;		/* one past it; equal: nothing */
	int64_t past;		/* where the last folio's bytes end: they come in order */
	uint32_t limit;
};

enum rl_added {
	RL_ADDED = 0,		/* gathered with those before */
	RL_ADDED_CUT,		/* @piece is complete, without this folio, which is the next's */
	RL_ADDED_NOTHING,	/* no byte of it is to be sent */
	RL_ADDED_INVALID,
};

/* In the line of those who wait for a credit; zeroes: not in it. */
struct rl_place {
	struct rl_place *next, *before;
	uint64_t number;	/* in the order in which they came */
	bool waits;
	bool write;
};

struct rl_line {
	struct rl_place *first, *last;
};

/* What a session may have in flight.  Under a lock of the session's. */
struct rl_credits {
	uint64_t bytes;		/* at the most, but for writes in places that are kept */
	uint64_t used;
	uint32_t subs;		/* at the most */
	uint32_t reads;		/* in flight */
	uint32_t writes;
	uint32_t kept;		/* of @subs, for writes: memory is freed by them */
	uint64_t came;		/* how many have waited */
	struct rl_line read_line, write_line;
};

/* -------------------------------------------------------- subrequests, requests */

/* How to try again.  ms. */
struct rl_retry {
	uint32_t first;		/* the first delay, 1 or more; each next one doubles it */
	uint32_t cap;		/* to this */
	uint32_t timeo;		/* soft: without progress for so long it fails; 0: hard */
	uint8_t stuck;		/* writes of nothing in a row, then it fails; 1 or more */
};

enum rl_kind {
	RL_READ = 0,		/* into locked folios */
	RL_WRITEPAGES,		/* from folios under write-back */
	RL_DIRECT_READ,
	RL_DIRECT_WRITE,
};

enum rl_state {
	RL_NEW = 0,
	RL_ISSUED,		/* in ops->issue(), or sent */
	RL_SHORT,		/* there was progress: to be issued at once */
	RL_WAIT,		/* until @due */
	/* Ended: */
	RL_DONE,		/* all of it; or, of a read, up to the end of the file */
	RL_FAILED,
	RL_CANCELLED,
};

/* Why something did not go well; the shell makes an errno of it. */
enum rl_why {
	RL_WELL = 0,
	RL_WHY_SERVER,		/* @error is the server's */
	RL_WHY_NONSENSE,	/* more than was asked for, or an error that is positive */
	RL_WHY_STUCK,		/* it wrote nothing, too often */
	RL_WHY_TIMEOUT,		/* soft */
	RL_WHY_CANCELLED,	/* @error is rl_req_cancel()'s */
};

/* Fields are the core's; the shell may read all of them. */
struct rl_sub {
	struct rl_sub *next;	/* by position */
	int64_t pos;
	uint64_t due;		/* RL_WAIT */
	uint64_t deadline;	/* soft: of progress; RL_NEVER: not set */
	uint32_t len;		/* 1 or more */
	uint32_t done;		/* from pos on */
	int32_t error;
	uint8_t state;		/* enum rl_state */
	uint8_t why;		/* enum rl_why */
	uint8_t cancel;		/* asked for, while issued: enum rl_why */
	uint8_t tries;		/* delays since there was progress; no more than 255 */
	uint8_t stuck;		/* answers of nothing since then */
	bool eof;		/* a read: pos + done is behind the server's last byte */
	bool put;
};

struct rl_req {
	struct rl_sub *first, *last;
	struct rl_retry retry;
	uint32_t flags;		/* the limits' */
	uint32_t pending;	/* the issuer, holds, and subrequests until they are put */
	uint32_t holds;		/* rl_req_hold() */
	int32_t cancel_error;
	uint8_t kind;		/* enum rl_kind */
	uint8_t exit;		/* steps taken */
	bool issuer;
	bool cancelled;
};

/* An answer. */
struct rl_answer {
	uint32_t bytes;
	int32_t error;		/* the server's, negative; 0: none */
	bool transient;		/* ops->transient(error) */
	bool eof;		/* the server says: no byte behind these */
	bool not_asked;		/* nobody was asked: unless it is cancelled the next try is as if it were the first */
};

/* What the shell does next about a subrequest. */
enum rl_act {
	RL_ACT_NONE = 0,
	RL_ACT_ISSUE,		/* rl_sub_issue(), then ops->issue() */
	RL_ACT_WAIT,		/* a timer for @due */
	RL_ACT_CANCEL,		/* ops->cancel(), which leads to rl_sub_done() */
	RL_ACT_END,		/* it has ended: end its folios, then rl_sub_put() */
	RL_ACT_INVALID,		/* the caller's fault: nothing has changed; warn */
};

/* Who keeps a request. */
enum rl_left {
	RL_LEFT_SUBS = 0,	/* subrequests, or somebody who holds it */
	RL_LEFT_ISSUER,		/* nobody but the issuer, who may add more: wake it, locked */
	RL_LEFT_NONE,		/* go through rl_req_exit() */
	RL_LEFT_INVALID,
};

/* The steps of a request's end, in their order. */
enum rl_exit {
	RL_EXIT_FOLIOS = 0,	/* those that no subrequest ends alone */
	RL_EXIT_SIZES,		/* rl_size_written(), rl_size_read() */
	RL_EXIT_OPS,		/* ops->end(): the last call into the filesystem's text */
	RL_EXIT_COMPLETE,	/* inode_dio_end(), ki_complete() */
	RL_EXIT_UNLIST,		/* leave the inode's list */
	RL_EXIT_COUNT,		/* io_count falls; nothing of the inode is touched after it */
	RL_EXIT_FREE,		/* own memory, by RCU: the last one */
	RL_EXIT_INVALID,	/* somebody keeps it still, or it is over */
};

/* How a folio of a subrequest that has ended is to be ended. */
enum rl_fate {
	RL_FATE_GOOD = 0,	/* read: @zero, then uptodate.  written: clean */
	/*
	 * Read: not uptodate.  Written: mapping_set_error() of @why and @error, and only
	 * then the end of write-back: an fsync that waits for the folio looks for the error
	 * as soon as it has ended.
	 */
	RL_FATE_BAD,
	RL_FATE_INVALID,
};

struct rl_ending {
	uint8_t fate;		/* enum rl_fate */
	uint8_t why;		/* of RL_FATE_BAD: enum rl_why; else RL_WELL */
	int32_t error;		/* with RL_WHY_SERVER, RL_WHY_CANCELLED */
	struct rl_span zero;	/* of the folio; proved to be behind the end of the file */
};

struct rl_result {
	/*
	 * From the start, up to the first that ended early.  Of direct I/O these are bytes
	 * in a row; of RL_WRITEPAGES a sum, for between its subrequests there may be bytes
	 * that were not to be sent.
	 */
	int64_t bytes;
	int64_t extent;		/* the server's file was at least so large; 0: nothing came */
	int64_t eof;		/* reads: the lowest end that was proved; RL_SIZE_MAX: none */
	int32_t error;		/* with RL_WHY_SERVER, RL_WHY_CANCELLED */
	uint8_t why;		/* of the first by position that ended early */
};

RL_SIZE(struct rl_span, 8);
RL_SIZE(struct rl_bytes, 16);
RL_SIZE(struct rl_limits, 20);
RL_SIZE(struct rl_answer, 12);
RL_SIZE(struct rl_retry, 16);

#endif /* HOLDFAST_NETFS_TYPES_H */
