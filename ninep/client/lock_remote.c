// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks as the server is asked for them, and told that they are given up: one call at a
 * time for each request of the lock manager's.
 *
 * A lock that may be waited for is held back by the server, one call in flight.  One that
 * does not hold back, or has no room, says BLOCKED: it is asked again, after 50 ms and
 * then less often, up to every second.
 */
#include <linux/filelock.h>
#include <linux/slab.h>

#include "fid.h"
#include "file.h"
#include "lock.h"
#include "remote.h"

#define FIRST_POLL	(HZ / 20)
#define SLOWEST_POLL	HZ

/**
 * struct asking - a request to the server; there until the lock manager ends it
 * @remote: I: whose
 * @inode: I: which stays
 * @fid: I: by which
 * @owner: whose.  This and what follows: I until it is answered
 * @type: NP_RDLCK, NP_WRLCK, NP_UNLCK
 * @start: the first byte
 * @length: how many; 0: to the end
 * @wait: the server is to hold the answer back
 * @call: in flight, unless @sleeps
 * @round: differs from one start of @call to the next
 * @poll: asks again
 * @delay: after so many jiffies the next time
 * @lock: of what follows
 * @sleeps: @poll is to come
 * @cancelled: it is not wanted any more
 */
struct asking {
	struct hf_remote *remote;
	struct inode *inode;
	struct hf9c_fid *fid;
	struct hf9c_owner owner;
	u8 type;
	u64 start, length;
	bool wait;
	struct hf9c_call call;
	unsigned long round;
	struct delayed_work poll;
	unsigned long delay;
	spinlock_t lock;
	bool sleeps, cancelled;
};

static void fill_x(struct np_tlockx *t, const struct asking *asking)
{
	*t = (struct np_tlockx) {
		.fid = asking->fid->number, .kind = asking->owner.kind, .type = asking->type,
		.flags = asking->wait ? NP_LOCK_BLOCK : 0, .start = asking->start,
		.length = asking->length, .owner = asking->owner.number,
		.proc_id = asking->owner.pid, .client_id = hf9c_text(asking->owner.text),
	};
}

static void fill(struct np_tlock *t, const struct asking *asking)
{
	*t = (struct np_tlock) {
		.fid = asking->fid->number, .type = asking->type,
		.flags = asking->wait ? NP_LOCK_BLOCK : 0, .start = asking->start,
		.length = asking->length, .proc_id = asking->owner.pid,
		.client_id = hf9c_text(asking->owner.text),
	};
}

/* -EAGAIN: not now. */
static int outcome(const struct hf9c_call *call)
{
	u8 status = call->ask.type == NP_TLOCKX ? call->reply.rlockx.status :
						  call->reply.rlock.status;

	if (call->error == -EOPNOTSUPP || call->error == -ENOSYS)
		return -ENOLCK;
	if (call->error)
		return call->error;
	switch (status) {
	case NP_LOCK_SUCCESS:
		return 0;
	case NP_LOCK_BLOCKED:
	case NP_LOCK_GRACE:
		return -EAGAIN;
	default:
		return -ENOLCK;
	}
}

/* Return: whether it is asked again later. */
static bool sleep(struct asking *asking)
{
	bool sleeps;

	spin_lock(&asking->lock);
	sleeps = asking->wait && !asking->cancelled;
	asking->sleeps = sleeps;
	if (sleeps)
		queue_delayed_work(hf9c_wq, &asking->poll, asking->delay);
	asking->delay = min_t(unsigned long, asking->delay * 2, SLOWEST_POLL);
	spin_unlock(&asking->lock);
	return sleeps;
}

static void answered(struct hf9c_call *call)
{
	struct asking *asking = container_of(call, struct asking, call);
	int ret = outcome(call);

	if (ret == -EAGAIN && asking->wait) {
		if (sleep(asking))
			return;
		ret = -EINTR;
	}
	hf_remote_answer(asking->remote, ret);
}

static bool is_cancelled(struct asking *asking)
{
	bool cancelled;

	spin_lock(&asking->lock);
	cancelled = asking->cancelled;
	spin_unlock(&asking->lock);
	return cancelled;
}

static int start(struct asking *asking)
{
	struct hf9c_super *hs = asking->fid->hs;
	struct hf9c_call *call = &asking->call;
	void *round;
	int err;

	/* Another number than the last: a cancel means one start. */
	WRITE_ONCE(asking->round, asking->round + 1);
	round = (void *)asking->round;
	hf9c_call_release(call);
	hf9c_call_init(call, hf9c_knows(hs, NP_TLOCKX) ? NP_TLOCKX : NP_TLOCK);
	call->done = answered;
	call->priv = round;
	if (call->ask.type == NP_TLOCKX)
		fill_x(&call->ask.tlockx, asking);
	else
		fill(&call->ask.tlock, asking);
	err = hf9c_call_start(hs->session, call);
	/* A cancel before that has found nothing to be cancelled. */
	if (!err && asking->wait && is_cancelled(asking))
		hf9c_call_cancel(hs->session, call, round);
	return err;
}

static void poll(struct work_struct *work)
{
	struct asking *asking = container_of(to_delayed_work(work), struct asking, poll);
	int err = -EINTR;

	spin_lock(&asking->lock);
	asking->sleeps = false;
	spin_unlock(&asking->lock);
	if (!is_cancelled(asking))
		err = start(asking);
	if (err)
		hf_remote_answer(asking->remote, err);
}

static int ask(struct asking *asking, const struct file_lock *fl, bool wait)
{
	hf9c_owner_of(&asking->owner, asking->fid, fl);
	asking->type = hf9c_lock_type(fl);
	asking->start = hf9c_lock_start(fl);
	asking->length = hf9c_lock_length(fl);
	asking->delay = FIRST_POLL;
	/* A cancel is one of waiting: what follows has to be answered. */
	spin_lock(&asking->lock);
	asking->wait = wait;
	if (!wait)
		asking->cancelled = false;
	spin_unlock(&asking->lock);
	return start(asking);
}

static int lock(struct hf_remote *remote, const struct file_lock *fl, bool wait)
{
	return ask(remote->priv, fl, wait);
}

static int unlock(struct hf_remote *remote, const struct file_lock *fl)
{
	return ask(remote->priv, fl, false);
}

static void cancel(struct hf_remote *remote)
{
	struct asking *asking = remote->priv;
	unsigned long round;
	bool waits;

	spin_lock(&asking->lock);
	waits = asking->wait;
	round = READ_ONCE(asking->round);
	if (waits) {
		asking->cancelled = true;
		if (asking->sleeps)
			mod_delayed_work(hf9c_wq, &asking->poll, 0);
	}
	spin_unlock(&asking->lock);
	if (waits)
		hf9c_call_cancel(asking->fid->hs->session, &asking->call, (void *)round);
}

/*
 * Whoever has locked a directory has one that was open for it, if not this one, and the
 * server tells owners by what they are, not by their fids.
 */
static struct hf9c_fid *fid_to_unlock(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct hf9c_fid *fid;

	if (!S_ISDIR(inode->i_mode))
		return hf9c_fid_get(file->private_data);
	fid = hf9c_dir_fid_known(file) ?: hf9c_find_open(inode, INVALID_UID, 0);
	return fid ?: ERR_PTR(-EBADF);
}

static int begin(struct hf_remote *remote, struct file *file, bool unlocks)
{
	struct hf9c_fid *fid = unlocks ? fid_to_unlock(file) : hf9c_lock_fid(file);
	struct asking *asking;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	asking = kzalloc(sizeof(*asking), GFP_NOFS | (unlocks ? __GFP_NOFAIL : 0));
	if (!asking) {
		hf9c_fid_put(fid);
		return -ENOMEM;
	}
	asking->remote = remote;
	asking->fid = fid;
	asking->inode = igrab(file_inode(file));
	spin_lock_init(&asking->lock);
	INIT_DELAYED_WORK(&asking->poll, poll);
	remote->priv = asking;
	return 0;
}

static void end(struct hf_remote *remote)
{
	struct asking *asking = remote->priv;

	/* It may not have returned from the answer yet. */
	cancel_delayed_work_sync(&asking->poll);
	hf9c_call_release(&asking->call);
	hf9c_fid_put(asking->fid);
	iput(asking->inode);
	kfree(asking);
}

/* What others have written before they gave the lock up is seen from here on. */
static void granted(struct hf_remote *remote)
{
	struct asking *asking = remote->priv;
	struct inode *inode = asking->inode;
	int err;

	hf9c_lock_write_back(inode, asking->fid);
	err = hf9c_refresh(inode, asking->fid);
	if (S_ISREG(inode->i_mode) && (hf9c_forget_guess(inode) || err))
		hf_netfs_drop(inode, 0);
}

const struct hf_remote_ops hf9c_lock_ops = {
	.begin		= begin,
	.end		= end,
	.lock		= lock,
	.cancel		= cancel,
	.unlock		= unlock,
	.granted	= granted,
};
