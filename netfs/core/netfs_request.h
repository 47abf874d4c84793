/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: subrequests and their request, from the first
 * event to the last.  netfs/core/collect.cc has the states.
 *
 * Context of all of it: the request's lock.
 */
#ifndef HF_NETFS_REQUEST_H
#define HF_NETFS_REQUEST_H

#include <holdfast/netfs_types.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NETFS_REQUEST_H */
