// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks as the server is asked for them.
 *
 * An owner is a pointer of the VFS's.  The server knows it by a number that this mount
 * makes of it, so that nothing has to be remembered of an owner: with hf1 by number and
 * kind, else by a client_id that says the same ("node/p4f..") and a proc_id.  That is the
 * pid; of a lock that belongs to an open file the one that first locked by it, as the
 * processes that share it are one owner.
 *
 * A lock that may be waited for is held back by the server, one call in flight.  One that
 * does not hold back, or has no room, says BLOCKED: it is asked again, after 50 ms and
 * then less often, up to every second.
 */
#include <linux/filelock.h>
#include <linux/kref.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "fid.h"
#include "file.h"
#include "lock.h"
#include "remote.h"

#define FIRST_POLL	(HZ / 20)
#define SLOWEST_POLL	HZ
/* How long a process that ends waits for an unlock to be answered. */
#define PATIENCE	(10 * HZ)

/* The node, "/", the kind, 16 digits. */
#define ID_MOST		(__NEW_UTS_LEN + 19)

struct id {
	u8 kind;		/* enum np_lock_kind */
	u64 number;
	u32 pid;
	char text[ID_MOST];
};

/**
 * struct asking - a request for a lock; there until the lock manager ends it
 * @remote: I: whose
 * @fid: I: by which
 * @id: I: the owner
 * @type: I: NP_RDLCK, NP_WRLCK.  All I until it is answered
 * @start: I: the first byte
 * @length: I: how many; 0: to the end
 * @wait: I: the server is to hold the answer back
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
	struct hf9c_fid *fid;
	struct id id;
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

/* ------------------------------------------------------------------ the wire's words */

/**
 * hf9c_lock_fid - the fid by which a file's locks are made
 * @file: a file or a directory, open
 *
 * Return: to be put; or, of a directory, why there is none.
 */
struct hf9c_fid *hf9c_lock_fid(struct file *file)
{
	return S_ISDIR(file_inode(file)->i_mode) ? hf9c_dir_fid(file) :
						  hf9c_fid_get(file->private_data);
}

/* The last close gives up an open file's locks without FL_OFDLCK, as its owner. */
static u8 kind_of(const struct file_lock *fl)
{
	if (fl->c.flc_flags & FL_FLOCK)
		return NP_FLOCK;
	return fl->c.flc_flags & FL_OFDLCK || fl->c.flc_owner == fl->c.flc_file ?
	       NP_OFD : NP_POSIX;
}

static u32 pid_of(struct hf9c_fid *fid, const struct file_lock *fl)
{
	pid_t pid = fl->c.flc_pid, first;

	if (kind_of(fl) == NP_POSIX)
		return pid;
	first = cmpxchg(&fid->locker, 0, pid);
	return first ?: pid;
}

static void identify(struct id *id, struct hf9c_fid *fid, const struct file_lock *fl)
{
	const void *owner = fl->c.flc_flags & FL_FLOCK ? fl->c.flc_file : fl->c.flc_owner;

	id->kind = kind_of(fl);
	id->number = siphash_1u64((unsigned long)owner, &fid->hs->lock_key);
	id->pid = pid_of(fid, fl);
	snprintf(id->text, sizeof(id->text), "%s/%c%llx", init_utsname()->nodename,
		 "pof"[id->kind], id->number);
}

static u8 type_of(const struct file_lock *fl)
{
	u8 type = fl->c.flc_type;

	return type == F_UNLCK ? NP_UNLCK : type == F_RDLCK ? NP_RDLCK : NP_WRLCK;
}

static u64 start_of(const struct file_lock *fl)
{
	return fl->c.flc_flags & FL_FLOCK ? 0 : fl->fl_start;
}

static u64 length_of(const struct file_lock *fl)
{
	return fl->c.flc_flags & FL_FLOCK || fl->fl_end == OFFSET_MAX ?
	       0 : fl->fl_end - fl->fl_start + 1;
}

static void fill(struct hf9c_call *call, const struct hf9c_fid *fid, const struct id *id,
		 u8 type, u64 start, u64 length, bool wait)
{
	struct np_tlockx *x = &call->ask.tlockx;
	struct np_tlock *t = &call->ask.tlock;

	if (call->ask.type == NP_TLOCKX) {
		*x = (struct np_tlockx) {
			.fid = fid->number, .kind = id->kind, .type = type,
			.flags = wait ? NP_LOCK_BLOCK : 0, .start = start,
			.length = length, .owner = id->number, .proc_id = id->pid,
			.client_id = hf9c_text(id->text),
		};
		return;
	}
	*t = (struct np_tlock) {
		.fid = fid->number, .type = type, .flags = wait ? NP_LOCK_BLOCK : 0,
		.start = start, .length = length, .proc_id = id->pid,
		.client_id = hf9c_text(id->text),
	};
}

static u8 message(const struct hf9c_super *hs)
{
	return hf9c_knows(hs, NP_TLOCKX) ? NP_TLOCKX : NP_TLOCK;
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

/* --------------------------------------------------------------------- to ask for one */

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
	void *round;
	int err;

	/* Another number than the last: a cancel means one start. */
	WRITE_ONCE(asking->round, asking->round + 1);
	round = (void *)asking->round;
	hf9c_call_release(&asking->call);
	hf9c_call_init(&asking->call, message(hs));
	asking->call.done = answered;
	asking->call.priv = round;
	fill(&asking->call, asking->fid, &asking->id, asking->type, asking->start,
	     asking->length, asking->wait);
	err = hf9c_call_start(hs->session, &asking->call);
	/* A cancel before that has found nothing to be cancelled. */
	if (!err && asking->wait && is_cancelled(asking))
		hf9c_call_cancel(hs->session, &asking->call, round);
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

static struct asking *asking_new(struct hf_remote *remote, const struct file_lock *fl)
{
	struct asking *asking = kzalloc(sizeof(*asking), GFP_KERNEL);
	struct hf9c_fid *fid = remote->priv;

	if (!asking)
		return NULL;
	asking->remote = remote;
	asking->fid = fid;
	spin_lock_init(&asking->lock);
	INIT_DELAYED_WORK(&asking->poll, poll);
	identify(&asking->id, fid, fl);
	return asking;
}

static int lock(struct hf_remote *remote, const struct file_lock *fl, bool wait)
{
	struct asking *asking = remote->asked;

	if (!asking)
		asking = asking_new(remote, fl);
	if (!asking)
		return -ENOLCK;
	remote->asked = asking;
	asking->type = type_of(fl);
	asking->start = start_of(fl);
	asking->length = length_of(fl);
	/* A cancel is one of waiting: what follows has to be answered. */
	spin_lock(&asking->lock);
	asking->wait = wait;
	if (!wait)
		asking->cancelled = false;
	spin_unlock(&asking->lock);
	asking->delay = FIRST_POLL;
	return start(asking);
}

static void cancel(struct hf_remote *remote)
{
	struct asking *asking = remote->asked;
	unsigned long round;
	bool waits;

	if (!asking)
		return;
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

/* -------------------------------------------------------------------- to give one up */

struct unlocking {
	struct kref ref;		/* who waits; the call */
	struct hf9c_fid *fid;		/* I: which stays until the call is over */
	struct completion over;
	struct id id;
	struct hf9c_call call;
};

static void unlocking_free(struct kref *ref)
{
	struct unlocking *unlocking = container_of(ref, struct unlocking, ref);

	hf9c_fid_put(unlocking->fid);
	kfree(unlocking);
}

static void unlocked(struct hf9c_call *call)
{
	struct unlocking *unlocking = container_of(call, struct unlocking, call);

	complete(&unlocking->over);
	kref_put(&unlocking->ref, unlocking_free);
}

/*
 * Who ends, or is killed, does not wait for a server that hangs: the message is on its
 * way before whatever follows it.
 */
static int await(struct unlocking *unlocking)
{
	if (!(current->flags & PF_EXITING) &&
	    !wait_for_completion_killable(&unlocking->over))
		return outcome(&unlocking->call);
	if (wait_for_completion_timeout(&unlocking->over, PATIENCE))
		return outcome(&unlocking->call);
	return 0;
}

static int unlock(struct hf_remote *remote, const struct file_lock *fl)
{
	struct hf9c_fid *fid = remote->priv;
	struct unlocking *unlocking = kzalloc(sizeof(*unlocking), GFP_NOFS);
	int err;

	if (!unlocking)
		return -ENOMEM;
	kref_init(&unlocking->ref);
	unlocking->fid = hf9c_fid_get(fid);
	init_completion(&unlocking->over);
	identify(&unlocking->id, fid, fl);
	hf9c_call_init(&unlocking->call, message(fid->hs));
	unlocking->call.done = unlocked;
	fill(&unlocking->call, fid, &unlocking->id, NP_UNLCK, start_of(fl), length_of(fl),
	     false);
	kref_get(&unlocking->ref);
	err = hf9c_call_start(fid->hs->session, &unlocking->call);
	if (err)
		kref_put(&unlocking->ref, unlocking_free);
	else
		err = await(unlocking);
	kref_put(&unlocking->ref, unlocking_free);
	return err;
}

/* ------------------------------------------------------------------- begin and end */

static int begin(struct hf_remote *remote, struct file *file, bool unlocks)
{
	struct hf9c_fid *fid = hf9c_lock_fid(file);

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	remote->priv = fid;
	/* The file may be closed before what was left behind has ended. */
	remote->inode = unlocks ? NULL : igrab(file_inode(file));
	return 0;
}

static void end(struct hf_remote *remote)
{
	struct asking *asking = remote->asked;

	if (asking) {
		/* It may not have returned from the answer yet. */
		cancel_delayed_work_sync(&asking->poll);
		hf9c_call_release(&asking->call);
		kfree(asking);
	}
	hf9c_fid_put(remote->priv);
	iput(remote->inode);
}

/* What others have written before they gave the lock up is seen from here on. */
static void granted(struct hf_remote *remote)
{
	struct inode *inode = remote->inode;
	int err;

	hf9c_lock_write_back(inode, remote->priv);
	err = hf9c_refresh(inode, remote->priv);
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

/* -------------------------------------------------------------------------- to test */

/* In fcntl's words: a pid below 0 is another machine's. */
static void take_over(struct file_lock *fl, u8 kind, u8 type, u64 start, u64 length, u32 pid)
{
	if (type == NP_UNLCK) {
		fl->c.flc_type = F_UNLCK;
		return;
	}
	fl->c.flc_type = type == NP_RDLCK ? F_RDLCK : F_WRLCK;
	fl->c.flc_owner = NULL;
	fl->c.flc_pid = kind == NP_OFD ? -1 : -(pid_t)pid;
	fl->fl_start = min_t(u64, start, OFFSET_MAX);
	fl->fl_end = !length || length - 1 > OFFSET_MAX - fl->fl_start ?
		     OFFSET_MAX : fl->fl_start + length - 1;
}

static int ask_x(struct hf9c_fid *fid, const struct id *id, struct file_lock *fl)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TGETLOCKX);
	const struct np_rgetlockx *r;
	int err;

	if (call)
		call->ask.tgetlockx = (struct np_tgetlockx) {
			.fid = fid->number, .kind = id->kind, .type = type_of(fl),
			.start = start_of(fl), .length = length_of(fl),
			.owner = id->number,
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	r = &call->reply.rgetlockx;
	take_over(fl, r->kind, r->type, r->start, r->length, r->proc_id);
	hf9c_ask_free(call);
	return 0;
}

/* The id has to stay until the call is begun only: it is encoded then. */
static int ask_plain(struct hf9c_fid *fid, const struct id *id, struct file_lock *fl)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TGETLOCK);
	const struct np_rgetlock *r;
	int err;

	if (call)
		call->ask.tgetlock = (struct np_tgetlock) {
			.fid = fid->number, .type = type_of(fl), .start = start_of(fl),
			.length = length_of(fl), .proc_id = id->pid,
			.client_id = hf9c_text(id->text),
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	r = &call->reply.rgetlock;
	take_over(fl, NP_POSIX, r->type, r->start, r->length, r->proc_id);
	hf9c_ask_free(call);
	return 0;
}

/**
 * hf9c_lock_test - F_GETLK, of the server
 * @file: a file or a directory, open
 * @fl: the question, and the answer
 *
 * Return: 0 or -errno.
 */
int hf9c_lock_test(struct file *file, struct file_lock *fl)
{
	struct hf9c_fid *fid = hf9c_lock_fid(file);
	struct id id;
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	identify(&id, fid, fl);
	err = hf9c_knows(fid->hs, NP_TGETLOCKX) ? ask_x(fid, &id, fl) :
						  ask_plain(fid, &id, fl);
	hf9c_fid_put(fid);
	return err;
}

/**
 * hf9c_lock_is_free - would the server give this lock?
 * @file: a file or a directory, open
 * @fl: which
 *
 * Return: 0; -EAGAIN; or -errno.
 */
int hf9c_lock_is_free(struct file *file, const struct file_lock *fl)
{
	struct file_lock test = *fl;
	int err = hf9c_lock_test(file, &test);

	return err ?: lock_is_unlock(&test) ? 0 : -EAGAIN;
}
