// SPDX-License-Identifier: GPL-2.0-only
/*
 * Past the network in rounds: each copies what is there of a program's memory, with page
 * faults off; before and between them, with nothing held, it is faulted in.  So what is
 * written is in one piece, up to FAULT_MOST, unless memory goes at once.
 */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "localio.h"

/*
 * What is faulted in at once (btrfs wants all that it takes at once to be there); and how
 * often in vain, until it is the wire's.
 */
#define FAULT_MOST	(2u << 20)
#define STUCK_MOST	2

/* What has become of a round. */
enum outcome {
	ROUND_OVER,		/* all is there, or the end, or an error */
	ROUND_SHORT,		/* more may come, once the buffer is faulted in */
	ROUND_WIRE,		/* it cannot go this way */
};

typedef ssize_t (*call)(const struct hf_localio_file *lf, struct kiocb *kiocb,
			struct iov_iter *iter);
typedef enum outcome (*round)(struct kiocb *iocb, struct iov_iter *iter, ssize_t *got);

static struct hf9c_super *super_of(const struct kiocb *iocb)
{
	return hf9c_super(file_inode(iocb->ki_filp)->i_sb);
}

/* What is not there of a program's memory ends it early. */
static ssize_t without_faults(call call, const struct hf_localio_file *lf,
			      struct kiocb *kiocb, struct iov_iter *iter)
{
	ssize_t ret;

	if (!user_backed_iter(iter))
		return call(lf, kiocb, iter);
	iter->nofault = true;
	pagefault_disable();
	ret = call(lf, kiocb, iter);
	pagefault_enable();
	iter->nofault = false;
	return ret;
}

static enum outcome outcome_of(const struct iov_iter *iter, ssize_t got)
{
	if (hf9c_is_for_the_wire(got))
		return ROUND_WIRE;
	if (!user_backed_iter(iter) || !iov_iter_count(iter))
		return ROUND_OVER;
	return got > 0 || got == -EFAULT ? ROUND_SHORT : ROUND_OVER;
}

/*
 * What is asynchronous waits for nothing here.
 * @eof: set to whether the server's file has no more.
 */
static ssize_t read_by(const struct hf9c_borrowed *by, struct kiocb *iocb, struct iov_iter *to,
		       bool *eof)
{
	struct kiocb kiocb;
	ssize_t got;

	*eof = false;
	hf9c_kiocb_init(&kiocb, by->file, iocb, false);
	if (!is_sync_kiocb(iocb)) {
		if (!(by->file->file->f_mode & FMODE_NOWAIT))
			return -EAGAIN;
		kiocb.ki_flags |= IOCB_NOWAIT;
	}
	got = without_faults(hf9c_call_read, by->file, &kiocb, to);
	*eof = got >= 0 && iov_iter_count(to) &&
	       kiocb.ki_pos >= i_size_read(file_inode(by->file->file));
	/* (Of an asynchronous one all is read once more if this is not all.) */
	if (got > 0 && (is_sync_kiocb(iocb) || *eof || !iov_iter_count(to)))
		hf_localio_count(by->link, false, got);
	return got;
}

static enum outcome was_read(struct kiocb *iocb, const struct iov_iter *to, ssize_t got, bool eof)
{
	struct inode *inode = file_inode(iocb->ki_filp);

	if (got < 0)
		return outcome_of(to, got);
	hf9c_went_aside(inode);
	hf_netfs_aside_was_read(inode, iocb->ki_pos, got, eof);
	iocb->ki_pos += got;
	if (eof || !iov_iter_count(to))
		return ROUND_OVER;
	/* (What must not wait may be short of the rest whatever its buffer is.) */
	return is_sync_kiocb(iocb) ? outcome_of(to, got) : ROUND_SHORT;
}

/* With i_rwsem. */
static enum outcome borrow_and_read(struct kiocb *iocb, struct iov_iter *to, ssize_t *got)
{
	struct hf9c_borrowed by;
	bool eof;

	if (!hf9c_borrow(iocb->ki_filp->private_data, &by))
		return ROUND_WIRE;
	*got = read_by(&by, iocb, to, &eof);
	hf9c_give_back(&by);
	return was_read(iocb, to, *got, eof);
}

/* (What cannot be written back is read by way of the cache that has it.) */
static enum outcome read_round(struct kiocb *iocb, struct iov_iter *to, ssize_t *got)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	enum outcome outcome = ROUND_WIRE;

	*got = 0;
	inode_lock_shared(inode);
	if (!hf_netfs_aside_read(inode, iocb->ki_pos, iov_iter_count(to)))
		outcome = borrow_and_read(iocb, to, got);
	inode_unlock_shared(inode);
	return outcome;
}

static enum outcome write_by(const struct hf9c_borrowed *by, struct kiocb *iocb,
			     struct iov_iter *from, ssize_t *got)
{
	struct kiocb kiocb;

	if (!hf9c_start_write(by->file)) {
		hf9c_by_wire(super_of(iocb), "frozen");
		return ROUND_WIRE;
	}
	hf9c_kiocb_init(&kiocb, by->file, iocb, true);
	*got = without_faults(hf9c_call_write, by->file, &kiocb, from);
	kiocb_end_write(&kiocb);
	if (*got > 0)
		hf_localio_count(by->link, true, *got);
	return outcome_of(from, *got);
}

static enum outcome borrow_and_write(struct kiocb *iocb, struct iov_iter *from, ssize_t *got)
{
	struct hf9c_borrowed by;
	enum outcome outcome;

	*got = 0;
	if (!hf9c_borrow(iocb->ki_filp->private_data, &by))
		return ROUND_WIRE;
	outcome = write_by(&by, iocb, from, got);
	hf9c_give_back(&by);
	return outcome;
}

static enum outcome write_aside(struct kiocb *iocb, struct iov_iter *from, ssize_t *got)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	size_t len = iov_iter_count(from);
	enum outcome outcome;

	hf9c_assert_write(iocb);
	*got = hf_netfs_aside_write(inode, iocb->ki_pos, len);
	if (*got == -EBUSY)
		hf9c_by_wire(super_of(iocb), "stored to");
	if (*got)
		return *got == -EBUSY ? ROUND_WIRE : ROUND_OVER;
	outcome = borrow_and_write(iocb, from, got);
	hf9c_went_aside(inode);
	hf9c_wrote(inode);
	hf_netfs_aside_written(inode, iocb->ki_pos, len, *got);
	iocb->ki_pos += max_t(ssize_t, *got, 0);
	return outcome;
}

static enum outcome write_round(struct kiocb *iocb, struct iov_iter *from, ssize_t *got)
{
	bool alone = hf9c_lock_write(iocb);
	enum outcome outcome;

	outcome = write_aside(iocb, from, got);
	hf9c_unlock_write(file_inode(iocb->ki_filp), alone);
	return outcome;
}

/* Nothing is held.  Return: whether there is any of it. */
static bool fault_in(const struct iov_iter *iter, bool write)
{
	size_t bytes = min_t(size_t, iov_iter_count(iter), FAULT_MOST);

	return (write ? fault_in_iov_iter_readable(iter, bytes) :
			fault_in_iov_iter_writeable(iter, bytes)) < bytes;
}

/* After a short round: is there to be another one?  @stuck: how many brought nothing. */
static enum outcome go_on(struct kiocb *iocb, struct iov_iter *iter, bool write, ssize_t *got,
			  unsigned int *stuck)
{
	*stuck = *got > 0 ? 0 : *stuck + 1;
	if (*stuck > STUCK_MOST) {
		hf9c_by_wire(super_of(iocb), "no progress");
		return ROUND_WIRE;
	}
	if (!fault_in(iter, write)) {
		*got = -EFAULT;
		return ROUND_OVER;
	}
	if (!fatal_signal_pending(current))
		return ROUND_SHORT;
	*got = -EINTR;
	return ROUND_OVER;
}

/**
 * hf9c_inline_cached - an asynchronous read past the network of what the server has cached
 * @iocb: of a file of the mount, not direct
 * @to: to; where it was, unless this returns 0
 * @done: bytes; set if this returns 0
 *
 * Context: may sleep, for the mount's own cache and its caller's memory; takes i_rwsem.
 * Return: 0; -EAGAIN if not all of it is there; -ENOENT: by the wire.
 */
int hf9c_inline_cached(struct kiocb *iocb, struct iov_iter *to, ssize_t *done)
{
	loff_t pos = iocb->ki_pos;
	enum outcome outcome;
	ssize_t got;

	if (user_backed_iter(to))
		fault_in(to, false);
	outcome = read_round(iocb, to, &got);
	if (outcome == ROUND_OVER && got >= 0) {
		*done = got;
		return 0;
	}
	iov_iter_revert(to, max_t(ssize_t, got, 0));
	iocb->ki_pos = pos;
	return outcome == ROUND_WIRE && !got ? -ENOENT : -EAGAIN;
}

/**
 * hf9c_inline - past the network, at once, by a buffer that is where it is
 * @iocb: of a file of the mount, not direct, and no append
 * @iter: from or to
 * @write: to the server
 * @done: bytes; or, if this returns true, what ->read_iter or ->write_iter is to return
 *
 * Context: may sleep; takes i_rwsem.
 * Return: false: the rest by the wire.
 */
bool hf9c_inline(struct kiocb *iocb, struct iov_iter *iter, bool write, ssize_t *done)
{
	round round = write ? write_round : read_round;
	unsigned int stuck = 0;
	enum outcome outcome;
	ssize_t got;

	*done = 0;
	/* Its result is the first round's. */
	if (write && user_backed_iter(iter))
		fault_in(iter, true);
	do {
		outcome = round(iocb, iter, &got);
		if (got > 0)
			*done += got;
		if (outcome == ROUND_SHORT)
			outcome = go_on(iocb, iter, write, &got, &stuck);
	} while (outcome == ROUND_SHORT);
	/* (What is asynchronous and done in part has been short: the wire might complete it.) */
	if (outcome == ROUND_WIRE)
		return *done && !is_sync_kiocb(iocb);
	*done = *done ?: got;
	return true;
}
