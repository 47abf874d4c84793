// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and replies: what fids lead to, and what they say of it.
 *
 * A call is memory of its own: who is killed leaves it behind, and with it a reference
 * to the fid that it makes, which goes to the server's end if it was made.
 */
#include <linux/slab.h>

#include "remote.h"

/* Whether the server may have made the fid of @call. */
static bool may_have_made(const struct hf9c_call *call)
{
	switch (call->error) {
	case 0:
		break;
	case -EIO:		/* also of a reply that made no sense */
	case -EINTR:
	case -ETIMEDOUT:
		return true;
	default:
		return false;
	}
	if (call->ask.type == NP_TWALK)
		return call->reply.rwalk.qids.count == call->ask.twalk.names.count;
	if (call->ask.type == NP_TWALKATTR)
		return call->reply.rwalkattr.qids.count == call->ask.twalkattr.names.count;
	return true;
}

static void left_behind(struct hf9c_call *call)
{
	struct hf9c_fid *fid = call->priv;

	fid->there = may_have_made(call);
	hf9c_fid_put(fid);
	hf9c_call_free(call);
}

/**
 * hf9c_ask - send a request and wait for its reply
 * @hs: the mount
 * @call: of hf9c_call_new(), filled; or NULL
 *
 * Return: 0: @call->reply is there; or -errno, and @call is gone.
 */
int hf9c_ask(struct hf9c_super *hs, struct hf9c_call *call)
{
	int err;

	if (!call)
		return -ENOMEM;
	err = hf9c_call_wait(hs->session, call);
	if (err == HF9C_LEFT)
		return -EINTR;
	if (err)
		hf9c_call_free(call);
	return err;
}

/**
 * hf9c_ask_to_make - hf9c_ask() for a fid
 * @call: as there
 * @fid: that it makes
 *
 * Return: as there.
 */
int hf9c_ask_to_make(struct hf9c_call *call, struct hf9c_fid *fid)
{
	int err;

	if (!call)
		return -ENOMEM;
	call->priv = hf9c_fid_get(fid);
	call->left = left_behind;
	err = hf9c_call_wait(fid->hs->session, call);
	if (err == HF9C_LEFT)
		return -EINTR;
	fid->there = may_have_made(call);
	hf9c_fid_put(fid);
	if (err)
		hf9c_call_free(call);
	return err;
}

/* --------------------------------------------------------------------------- clunk */

/* Later: there is no memory, or a server that does not answer. */
static void clunk_again(struct hf9c_fid *fid)
{
	llist_add(&fid->gone, &fid->hs->clunking);
	queue_delayed_work(hf9c_wq, &fid->hs->clunk, HZ);
}

/* Whatever the server says: the fid is gone.  Unless it has said nothing. */
static void clunked(struct hf9c_call *call)
{
	struct hf9c_fid *fid = call->priv;

	if (call->error == -ETIMEDOUT || call->error == -EINTR || call->error == -ENOMEM)
		clunk_again(fid);
	else
		hf9c_fid_free(fid);
	hf9c_call_free(call);
}

/* Return: false if there is no memory. */
static bool tell(struct hf9c_super *hs, struct hf9c_fid *fid)
{
	struct hf9c_call *call = hf9c_call_new(NP_TCLUNK);
	int err;

	if (!call)
		return false;
	call->ask.tclunk.fid = fid->number;
	call->done = clunked;
	call->priv = fid;
	err = hf9c_call_start(hs->session, call);
	if (!err)
		return true;
	hf9c_call_free(call);
	if (err == -ENOMEM)
		return false;
	hf9c_fid_free(fid);
	return true;
}

/**
 * hf9c_fids_clunk - the mount's work: the server is to forget fids
 * @work: hf9c_super.clunk
 */
void hf9c_fids_clunk(struct work_struct *work)
{
	struct hf9c_super *hs = container_of(to_delayed_work(work), struct hf9c_super, clunk);
	struct llist_node *all = llist_del_all(&hs->clunking);
	struct hf9c_fid *fid, *next;

	mutex_lock(&hs->ending);
	llist_for_each_entry_safe(fid, next, all, gone) {
		if (!hs->session) {
			hf9c_fid_free(fid);
		} else if (!tell(hs, fid)) {
			clunk_again(fid);
		}
	}
	mutex_unlock(&hs->ending);
}

/* @type: NP_TCLUNK or NP_TREMOVE, either of which is the fid's end, whatever is said to it. */
static int end(struct hf9c_fid *fid, u8 type)
{
	struct hf9c_call *call = hf9c_call_new(type);
	int err;

	if (!call) {
		hf9c_fid_put(fid);
		return -ENOMEM;
	}
	call->ask.tclunk.fid = fid->number;
	call->priv = fid;
	call->left = clunked;
	err = hf9c_call_wait(fid->hs->session, call);
	if (err == HF9C_LEFT)
		return -EINTR;
	clunked(call);
	return err;
}

/**
 * hf9c_remote_clunk - have a fid forgotten, and hear what the server says to that
 * @fid: of an attribute that was written; the caller's only reference, which goes
 *
 * Return: 0 or -errno.
 */
int hf9c_remote_clunk(struct hf9c_fid *fid)
{
	return end(fid, NP_TCLUNK);
}

/**
 * hf9c_remote_remove - have what a fid was walked to removed, and the fid forgotten
 * @fid: the caller's only reference, which goes
 *
 * Return: 0 or -errno.
 */
int hf9c_remote_remove(struct hf9c_fid *fid)
{
	return end(fid, NP_TREMOVE);
}

/* ------------------------------------------------------------------- where fids lead */

int hf9c_remote_caps(struct hf9c_super *hs, struct np_rcaps *caps)
{
	struct hf9c_call *call = hf9c_call_new(NP_TCAPS);
	int err = hf9c_ask(hs, call);

	if (err)
		return err;
	*caps = call->reply.rcaps;
	hf9c_call_free(call);
	return 0;
}

int hf9c_remote_attach(struct hf9c_fid *fid)
{
	const struct hf9c_options *opts = fid->hs->opts;
	struct hf9c_call *call = hf9c_call_new(NP_TATTACH);
	int err;

	if (call) {
		struct np_tattach *t = &call->ask.tattach;

		t->fid = fid->number;
		t->afid = NP_NOFID;
		t->uname = hf9c_text(opts->uname ?: "");
		t->aname = hf9c_text(opts->aname ?: "");
		t->n_uname = from_kuid(&init_user_ns, fid->uid);
	}
	err = hf9c_ask_to_make(call, fid);
	if (!err)
		hf9c_call_free(call);
	return err;
}

/* @qid: of where it ends; not set for no names. */
int hf9c_remote_walk(struct hf9c_fid *from, struct hf9c_fid *fid,
		     const struct np_names *names, struct np_qid *qid)
{
	struct hf9c_call *call = hf9c_call_new(NP_TWALK);
	const struct np_qids *qids;
	int err;

	if (call) {
		call->ask.twalk.fid = from->number;
		call->ask.twalk.newfid = fid->number;
		call->ask.twalk.names = *names;
	}
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	qids = &call->reply.rwalk.qids;
	if (qids->count > names->count)
		err = -EIO;
	else if (qids->count < names->count)
		err = -ENOENT;
	else if (names->count)
		*qid = qids->qid[names->count - 1];
	hf9c_call_free(call);
	return err;
}

static int walkattr(struct hf9c_fid *from, struct hf9c_fid *fid, const struct np_names *names,
		    struct np_attr *attr)
{
	struct hf9c_call *call = hf9c_call_new(NP_TWALKATTR);
	int err;

	if (call) {
		call->ask.twalkattr.fid = from->number;
		call->ask.twalkattr.newfid = fid->number;
		call->ask.twalkattr.request_mask = NP_ATTR_ALL;
		call->ask.twalkattr.names = *names;
	}
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	if (call->reply.rwalkattr.qids.count != names->count)
		err = -ENOENT;
	*attr = call->reply.rwalkattr.attr;
	hf9c_call_free(call);
	return err;
}

/* @name: NULL: @from itself. */
int hf9c_remote_walkattr(struct hf9c_fid *from, struct hf9c_fid *fid,
			 const struct qstr *name, struct np_attr *attr)
{
	struct np_names names = { .count = !!name };
	struct np_qid qid;
	int err;

	if (name)
		names.name[0] = hf9c_str(name);
	if (hf9c_knows(from->hs, NP_TWALKATTR))
		return walkattr(from, fid, &names, attr);
	err = hf9c_remote_walk(from, fid, &names, &qid);
	return err ?: hf9c_remote_getattr(fid, attr);
}

/* ------------------------------------------------------------- what they say of it */

int hf9c_remote_getattr(struct hf9c_fid *fid, struct np_attr *attr)
{
	struct hf9c_call *call = hf9c_call_new(NP_TGETATTR);
	int err;

	if (call) {
		call->ask.tgetattr.fid = fid->number;
		call->ask.tgetattr.request_mask = NP_ATTR_ALL;
	}
	err = hf9c_ask(fid->hs, call);
	if (err)
		return err;
	*attr = call->reply.rgetattr.attr;
	hf9c_call_free(call);
	return hf9c_check_attr(attr);
}

int hf9c_remote_setattr(struct hf9c_fid *fid, const struct np_tsetattr *set)
{
	struct hf9c_call *call = hf9c_call_new(NP_TSETATTR);
	int err;

	if (call) {
		call->ask.tsetattr = *set;
		call->ask.tsetattr.fid = fid->number;
	}
	err = hf9c_ask(fid->hs, call);
	if (!err)
		hf9c_call_free(call);
	return err;
}

int hf9c_remote_statfs(struct hf9c_fid *fid, struct np_rstatfs *statfs)
{
	struct hf9c_call *call = hf9c_call_new(NP_TSTATFS);
	int err;

	if (call)
		call->ask.tstatfs.fid = fid->number;
	err = hf9c_ask(fid->hs, call);
	if (err)
		return err;
	*statfs = call->reply.rstatfs;
	hf9c_call_free(call);
	return 0;
}
