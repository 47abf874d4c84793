/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: what the C shell in netfs/ may ask of the
 * C++ in netfs/core/.  Valid as C11 and as C++20.  Documentation/netfs.md has the
 * invariants and what the shell does at each of its moments.
 *
 * The core takes no lock, allocates nothing and reads no clock.  Functions of a
 * folio's word are of their arguments alone; those of struct rl_sizes want i_lock,
 * those of a request and its subrequests the request's lock, those of credits the
 * session's.  Memory is the shell's, embedded in its own.  Time is in ms of any clock
 * that does not go backwards.
 *
 * What the state of a thing forbids is an RL_..._INVALID or false, and changes
 * nothing: a fault of the caller, which wants a warning.
 */
#ifndef HF_NETFS_CORE_H
#define HF_NETFS_CORE_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------- dirty bytes of a folio */

/**
 * rl_dirty - which bytes a folio's write-back has to send
 * @folio: the folio
 *
 * Return: the span; an empty one is a folio to be ended clean without a message.  One
 * whose from is behind its to is refused, and rl_plan_add() refuses it as well: no such
 * folio; or one that is whole but not uptodate, of which nobody knows what was written
 * here.  The shell warns, and fails it like RL_FATE_BAD.
 */
struct rl_span rl_dirty(const struct rl_folio *folio);

/**
 * rl_plan_write - what a write into a folio needs
 * @folio: the folio, locked, not under write-back (I4)
 * @span: the bytes that are going to be copied; not empty
 * @flags: RL_MAY_WIDEN, RL_MAY_READ
 * @plan: filled as its fields say
 *
 * Bytes that are written here next to or over dirty ones make one span.  With a gap
 * in between, what is clean in it is sent only by whoever RL_MAY_WIDEN: to all others
 * it may be another client's.  The word is put in by cmpxchg (->dirty_folio sets
 * RL_WORD_WHOLE without the folio's lock); if it fails, ask again.
 *
 * Return: RL_WRITE_NOW, or what has to be done first.
 */
enum rl_write rl_plan_write(const struct rl_folio *folio, struct rl_span span,
			    uint32_t flags, struct rl_write_plan *plan);

/**
 * rl_write_copied - how much of a copy counts
 * @folio: the folio, as for rl_plan_write(), which said RL_WRITE_NOW or RL_WRITE_FILL (and
 *	it was filled) of the same span and the same folio
 * @span: the bytes that were to be copied
 * @copied: how many were, from @span's from on: a copy from memory that is paged out is short
 * @flags: as for rl_plan_write()
 * @plan: filled: the word and uptodate, afterwards; what rl_plan_write() gave is of all of
 *	it.  A folio that was uptodate may be no more, if bytes were copied that do not count
 *
 * Return: how many bytes count; 0: none, the word is what it was, and the copy is to be
 * done again, after rl_plan_write().
 */
uint32_t rl_write_copied(const struct rl_folio *folio, struct rl_span span,
			 uint32_t copied, uint32_t flags, struct rl_write_plan *plan);

/**
 * rl_word_clip - bytes are dropped (->invalidate_folio)
 * @folio: the folio
 * @span: what is dropped
 *
 * A hole amid the dirty bytes is no edge: they stay one span, and the hole is sent as
 * the zeroes that it is by then.
 * Return: the word afterwards: RL_WORD_HERE alone if nothing is left, 0 of what is clean.
 */
rl_word rl_word_clip(const struct rl_folio *folio, struct rl_span span);

/* ------------------------------------------------------------ sizes of an inode */

/*
 * A new inode, of which the server says @size, 0 to RL_SIZE_MAX.  False, and nothing is
 * filled, if it is negative: there is no such inode.
 */
bool rl_size_init(struct rl_sizes *sizes, int64_t size);

/* Whether the attributes want to be asked for before they are believed. */
bool rl_size_stale(const struct rl_sizes *sizes);

/* Before attributes are asked for. */
struct rl_sample rl_size_sample(const struct rl_sizes *sizes);

/**
 * rl_size_attributes - a server's attributes have come
 * @sizes: the inode's
 * @sample: rl_size_sample(), from before they were asked for
 * @server: the size in them
 * @dirty: the mapping has a folio that is dirty or under write-back
 * @change: filled for RL_SIZE_DROP and RL_SIZE_DROP_FIRST
 *
 * Rules S2 and S3.  To drop is to wait for folios that are locked, as
 * invalidate_inode_pages2_range() does: one that is being read would stay, with the bytes
 * of before.  What is not taken because it is late or busy, and is another size
 * than is known, leaves a doubt: the attributes are stale, and the next ones that are
 * taken drop the cache from the smaller end on.
 * Return: RL_SIZE_INVALID for a size that is negative.
 */
enum rl_size_says rl_size_attributes(struct rl_sizes *sizes, struct rl_sample sample,
				     int64_t server, bool dirty,
				     struct rl_size_change *change);

/**
 * rl_size_grow - the cache was dropped: now the size
 * @sizes: the inode's
 * @change: of RL_SIZE_DROP_FIRST
 * @dirty: as for rl_size_attributes()
 *
 * Return: whether i_size is now @change->size; false: something came in between, and
 * the attributes are stale.  Of a resize always true.
 */
bool rl_size_grow(struct rl_sizes *sizes, const struct rl_size_change *change, bool dirty);

/**
 * rl_size_gap - before a write behind the end
 * @sizes: the inode's
 * @pos: where the write begins
 *
 * What mmap left in the straddling folio behind the end would be seen once the file
 * has grown.  The shell zeroes the given bytes in the folio at the old end, if that is
 * uptodate, holding its lock since before it asked, and drops or zeroes uptodate folios
 * behind it, which are left of a larger file; then it copies, marks dirty, and
 * rl_size_extend()s, in this order.
 *
 * Return: the bytes; mostly none.
 */
struct rl_bytes rl_size_gap(struct rl_sizes *sizes, int64_t pos);

/* A write into the cache ends at @end, and its folio is dirty by now. */
void rl_size_extend(struct rl_sizes *sizes, int64_t end);

/* A request that writes begins: before a folio of it loses its dirty mark. */
void rl_size_write_begin(struct rl_sizes *sizes);

/**
 * rl_size_written - a request that writes has ended
 * @sizes: the inode's, after rl_size_write_begin()
 * @result: its result
 *
 * Context: RL_EXIT_SIZES.  For errors it is too late: see RL_FATE_BAD.
 * Return: false if none had begun.
 */
bool rl_size_written(struct rl_sizes *sizes, const struct rl_result *result);

/* What rl_size_...() said to drop from @from on could not be: it was dirty by then. */
void rl_size_doubt(struct rl_sizes *sizes, int64_t from);

/**
 * rl_size_read - a request that reads has ended: what it has shown of the server's size
 * @sizes: the inode's
 * @result: its result
 * @dirty: as for rl_size_attributes()
 *
 * An end that it proved, S1: bytes of ours that are not sent yet explain one before
 * i_size, none before server.  Bytes that it brought: from behind i_size, or behind
 * server while no request of ours can have put them there, they are another's, and
 * the file has grown.  Either leaves a doubt, and the attributes are stale.
 *
 * Context: RL_EXIT_SIZES.
 */
void rl_size_read(struct rl_sizes *sizes, const struct rl_result *result, bool dirty);

/**
 * rl_size_resize_begin - a resize is about to be sent
 * @sizes: the inode's; nothing is dirty or under write-back
 *
 * Return: false: wait for the requests that write.  Their folios end before their sizes
 * are in, which would make the file larger again.
 */
bool rl_size_resize_begin(struct rl_sizes *sizes);

/**
 * rl_size_resized - the server has answered a resize
 * @sizes: the inode's, after rl_size_resize_begin()
 * @size: what was asked for
 * @well: it said yes.  A failure changes no size, but leaves a doubt: it may have
 *	been a connection that died between the deed and its answer
 * @change: filled as for rl_size_attributes(); pages that are pinned may have become
 *	dirty meanwhile, and go from @change->truncate_from on: a folio that has this
 *	byte keeps what is before, rl_word_clip(), and has zeroes behind it
 *
 * Return: RL_SIZE_SAME, RL_SIZE_DROP, RL_SIZE_DROP_FIRST (rl_size_grow() ends the
 * resize) or RL_SIZE_INVALID.  For a size that is negative it has ended, as a failure.
 */
enum rl_size_says rl_size_resized(struct rl_sizes *sizes, int64_t size, bool well,
				  struct rl_size_change *change);

/* ------------------------------------------------------------------------ plans */

/**
 * rl_limits_set - what a session may ask for at a time
 * @limits: filled
 * @rsize: bytes of a read
 * @wsize: bytes of a write
 * @page: PAGE_SIZE
 * @flags: RL_SHORT_IS_EOF
 *
 * Return: false if a page does not fit in either, or for flags that are not known.
 */
bool rl_limits_set(struct rl_limits *limits, uint32_t rsize, uint32_t wsize,
		   uint32_t page, uint32_t flags);

/* A run of folios, of RL_READ or RL_WRITEPAGES. */
void rl_plan_init(struct rl_plan *plan, const struct rl_limits *limits, enum rl_kind kind);

/**
 * rl_plan_add - the next folio of a run
 * @plan: the plan
 * @pos: the folio's place, behind the one before
 * @span: what of it: all, or rl_dirty(); a byte at RL_SIZE_MAX is left out
 * @end: bytes from here on are not sent.  Of write-back i_size, read under this
 *	folio's lock: a write marks it dirty and extends, both under that
 * @piece: filled for RL_ADDED_CUT
 *
 * No folio is in two pieces (I2).
 */
enum rl_added rl_plan_add(struct rl_plan *plan, int64_t pos, struct rl_span span,
			  int64_t end, struct rl_piece *piece);

/* The last piece; false if there is none. */
bool rl_plan_end(struct rl_plan *plan, struct rl_piece *piece);

/**
 * rl_plan_bytes - the first piece of a direct read or write
 * @limits: the session's
 * @kind: RL_DIRECT_READ or RL_DIRECT_WRITE
 * @pos: where it begins
 * @len: how much is left
 *
 * Pieces that are not the last end between two pages.
 * Return: the piece; of no length if there is none, or no such range, kind or limits.
 */
struct rl_piece rl_plan_bytes(const struct rl_limits *limits, enum rl_kind kind,
			      int64_t pos, int64_t len);

/**
 * rl_plan_around - what has to be read of a folio that is dirty in part
 * @folio: the folio
 * @pos: its place
 * @pieces: filled: what is before its dirty bytes, and behind them
 *
 * Both carry bytes of one folio, the exception to I2: the issuer waits for both, and
 * ends the folio in RL_EXIT_FOLIOS: uptodate if both are good.
 * No byte is read at RL_SIZE_MAX, which is behind the largest file.
 * Return: how many there are, 0 to 2; negative: no such folio, and none is uptodate.
 */
int rl_plan_around(const struct rl_folio *folio, int64_t pos,
		   struct rl_piece pieces[2]);

/* @kept is made less than @subs, and @subs 1 at least. */
void rl_credits_init(struct rl_credits *credits, uint32_t subs, uint32_t kept,
		     uint64_t bytes);

/*
 * May one of @len be sent?  Then it is counted.  If nothing is in flight, always.  Writes
 * in a place that is kept for them go beyond the bytes, by @kept times wsize at the most.
 */
bool rl_credit_take(struct rl_credits *credits, bool write, uint32_t len);

/* Its answer has come, or its connection has died.  False if none was taken. */
bool rl_credit_give(struct rl_credits *credits, bool write, uint32_t len);

/* -------------------------------------------------------- subrequests, requests */

/*
 * A policy that is impossible is made possible.  False, and nothing is filled, for a kind
 * or limits' flags that are not known.
 */
bool rl_req_init(struct rl_req *req, enum rl_kind kind, const struct rl_retry *retry,
		 uint32_t limit_flags);

/**
 * rl_req_add - another subrequest
 * @req: the request, before rl_req_issued()
 * @sub: any memory
 * @piece: what it carries, behind the one before
 *
 * Return: false if it is not behind it, or empty, or the issuer has gone.
 */
bool rl_req_add(struct rl_req *req, struct rl_sub *sub, const struct rl_piece *piece);

/**
 * rl_sub_issue - before ops->issue()
 * @req: the request
 * @sub: new, short, or waiting
 * @now: the time
 *
 * pos + done, len - done is what is asked for.  Its answer may come before
 * ops->issue() returns; what that returns other than 0 is an answer.
 * Return: RL_ACT_ISSUE: go on; RL_ACT_END: the request was cancelled; RL_ACT_NONE:
 * somebody else has issued or ended it since the caller was told to.
 */
enum rl_act rl_sub_issue(struct rl_req *req, struct rl_sub *sub, uint64_t now);

/**
 * rl_sub_done - an answer, or the end of what was sent
 * @req: the request
 * @sub: an issued one: exactly once for each time that it was issued
 * @answer: what came
 * @now: the time
 *
 * Bytes count first, then the error.  A read of nothing is the end of the file.  More
 * than was asked for, or a positive error, is nonsense: of that nothing counts.
 * Context: who receives answers.  He does not act on RL_ACT_ISSUE himself, but queues it
 * to a work item: a try takes its credit anew, for which that may wait; the receiver, by
 * whom credits come back, may not.  An answer from within ops->issue() is queued likewise,
 * or a server that is short each time would make the stack as deep as it likes.
 * Return: RL_ACT_ISSUE, RL_ACT_WAIT, RL_ACT_END or RL_ACT_INVALID.
 */
enum rl_act rl_sub_done(struct rl_req *req, struct rl_sub *sub,
			const struct rl_answer *answer, uint64_t now);

/* Its folios have been ended; exactly once. */
enum rl_left rl_sub_put(struct rl_req *req, struct rl_sub *sub);

/**
 * rl_req_hold - keep a request while the lock is not held
 * @req: the request
 *
 * For whoever is told to act on a subrequest and is not the issuer: taken with the lock
 * still held that the act was given under, before RL_ACT_ISSUE's ops->issue() or
 * RL_ACT_CANCEL's ops->cancel(), and kept until that has returned; likewise over a walk
 * of rl_req_next_cancel() or rl_req_next_due() that drops the lock.  The answer may come,
 * be ended and be put meanwhile, and the last subrequest with it: without a hold
 * ops->end() and the free would run under whoever is inside still.
 *
 * Return: false: nobody keeps it any more, and it ends.
 */
bool rl_req_hold(struct rl_req *req);

/* The other end of rl_req_hold(), under the lock: as with rl_sub_put(), who was last ends it. */
enum rl_left rl_req_release(struct rl_req *req);

/* The issuer lets go of the request. */
enum rl_left rl_req_issued(struct rl_req *req);

/**
 * rl_req_cancel - killed, aborted, or its session has died
 * @req: the request
 * @error: negative; the first call's stays
 *
 * A kill ends what the killed task itself waits for: a read, direct I/O.  RL_WRITEPAGES is
 * cancelled only by an abort or by the end of the session: it carries the bytes of all
 * who wrote, and they are lost with it.
 *
 * From now on nothing is tried again.  Then rl_req_next_cancel() for what there is.
 * Return: false for an error that is not negative: nothing has changed.
 */
bool rl_req_cancel(struct rl_req *req, int32_t error);

/**
 * rl_req_next_cancel - what a cancelled request has under way
 * @req: the request
 * @after: the one that it returned last, or NULL
 * @act: RL_ACT_END or RL_ACT_CANCEL; RL_ACT_NONE with NULL
 *
 * The lock may be dropped in between by whoever has rl_req_hold(): its subrequests stay
 * where they are until RL_EXIT_FREE, also those that have been put.  RL_ACT_CANCEL may
 * come while ops->issue() of the same one has not returned.  So whoever called that looks
 * at @cancel of the subrequest, under the lock, afterwards: if it is issued still, and is
 * to be cancelled, he calls ops->cancel() as well, which finds nothing the second time.
 * Return: a subrequest, or NULL.
 */
struct rl_sub *rl_req_next_cancel(struct rl_req *req, struct rl_sub *after,
				  enum rl_act *act);

/* When rl_req_next_due() has to be called, or RL_NEVER. */
uint64_t rl_req_due(const struct rl_req *req);

/**
 * rl_req_next_due - what the time has come for
 * @req: the request
 * @after: the one that it returned last, or NULL
 * @now: the time
 * @act: RL_ACT_ISSUE; of what is soft and has had its time, RL_ACT_CANCEL if it is in
 *	flight, RL_ACT_END if it waits; RL_ACT_NONE with NULL
 *
 * Return: a subrequest, or NULL.
 */
struct rl_sub *rl_req_next_due(struct rl_req *req, struct rl_sub *after, uint64_t now,
			       enum rl_act *act);

/* The inode is evicted: what waits is due now. */
void rl_req_hurry(struct rl_req *req, uint64_t now);

/**
 * rl_folio_end - how to end a folio
 * @req: the request
 * @sub: the one that carries it, which has ended
 * @pos: the folio's place
 * @size: its size
 *
 * Of a folio with two, for each; it is as good as the worse.  The zeroes reach over a
 * byte at RL_SIZE_MAX, which no file has.
 *
 * RL_FATE_BAD of what was written, in this order: mapping_set_error() of its @why and
 * @error, then folio_end_writeback().  Completion drops nothing, for it takes no folio's
 * lock, and leaves the folio uptodate if it is.  A work item locks the folio, waits for
 * its write-back, and drops it if it is clean; one that has become dirty again (its pages
 * are pinned, or were stored to) has newer bytes, which are sent.
 */
struct rl_ending rl_folio_end(const struct rl_req *req, const struct rl_sub *sub,
			      int64_t pos, uint32_t size);

/* What became of it, once no subrequest keeps it. */
struct rl_result rl_req_result(const struct rl_req *req);

/*
 * The next step of its end: each of those that its kind has, once, in order.
 * RL_EXIT_FREE is the last one: after it there is no request to call this with.
 */
enum rl_exit rl_req_exit(struct rl_req *req);

/**
 * rl_req_validate - check what the head comments promise
 * @req: the request
 *
 * O(n); for tests and for the debug build.
 * Return: NULL, or a sentence that says what is wrong.
 */
const char *rl_req_validate(const struct rl_req *req);
const char *rl_size_validate(const struct rl_sizes *sizes);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_CORE_H */
